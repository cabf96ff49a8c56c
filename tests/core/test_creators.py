"""What those may do with other people's reservations who made what was reserved: providers and organizers."""

from __future__ import annotations

from typing import Any

import pytest

from classbook.app import App
from classbook.core import booking, catalog, providers, reservations
from classbook.core.asks import Ask, ById, ByPerson, Cancel, CheckIn, Confirm, Move, Resend
from classbook.errors import ClassbookError, NotYours
from classbook.testing import FrozenClock
from classbook.values import Actor, Appointments, Offering
from tests.conftest import Client
from tests.makers import (
    CONSOLE,
    PASSWORD,
    Cast,
    a_class,
    a_court,
    a_doctor,
    as_person,
    ask,
    booking_of,
    clock_time,
    confirmed,
    hold,
    mailed,
    moves,
    person,
    purse,
    refusal,
    rich,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def provider_of(doctor: Offering) -> Actor:
    assert isinstance(doctor, Appointments)
    return Actor(doctor.provider.id, request_id="test")


def test_a_provider_sees_confirms_checks_in_and_cancels_their_own_appointments(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    doctor, other = a_doctor(app, cancel_until_seconds=7200), a_doctor(app, name="Dr. Kim")
    pia, kim = provider_of(doctor), provider_of(other)
    one, two = (
        ask(app, booking_of(doctor, who, time, days=2)) for who, time in ((cast.ana, "10:00"), (cast.ben, "11:00"))
    )
    verbs: list[Ask] = [
        verb(actor, ById(one.id)) for actor in (kim, as_person(cast.ben)) for verb in (Confirm, Cancel, CheckIn, Resend)
    ]
    assert said(booking.book(app, verbs)) == ["not_found"] * len(verbs)
    for actor in (kim, as_person(cast.ben)):
        with pytest.raises(ClassbookError, match="no such reservation"):
            reservations.show(app, actor, one.id)
    assert reservations.show(app, pia, one.id).user.email == cast.ana.email
    assert ask(app, Confirm(pia, ById(one.id))).state == "confirmed"
    assert ask(app, Confirm(pia, ById(two.id, "appointment"))).state == "confirmed"
    clock.set(clock_time("09:50", days=2))
    assert ask(app, CheckIn(pia, ById(one.id))).checked_in_at == clock.now()
    assert refusal(app, Cancel(as_person(cast.ben), ById(two.id))) == "too_late"
    assert ask(app, Cancel(pia, ById(two.id), reason="The doctor is ill.")).state == "cancelled"
    assert moves(app, two) == [
        (None, "reserve", "held"),
        ("held", "confirm", "confirmed"),
        ("confirmed", "cancel", "cancelled"),
    ]
    assert any("The doctor is ill." in text for to, _, text in mailed(app) if to == cast.ben.email)
    assert [move.actor for move in reservations.history(app, pia, two.id).results][1:] == ["drpia@example.org"] * 2


def test_what_is_not_theirs_to_do_they_are_told_so(app: App, cast: Cast) -> None:
    doctor = a_doctor(app)
    one = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    asks: list[Ask] = [Move(provider_of(doctor), ById(one.id), party=1), Resend(provider_of(doctor), ById(one.id))]
    assert said(booking.book(app, asks)) == ["not_yours", "not_yours"]


def test_an_organizer_checks_in_and_cancels_and_does_not_confirm(app: App, clock: FrozenClock, cast: Cast) -> None:
    cleo = as_person(cast.cleo)
    yoga = a_class(app, by=cleo, seats=4, cancel_until_seconds=3600)
    held, came, ill = hold(app, yoga, cast.ana), confirmed(app, yoga, cast.ben), confirmed(app, yoga, cast.emma)
    assert refusal(app, Confirm(cleo, ById(held.id))) == "not_yours"
    assert refusal(app, Confirm(cleo, ByPerson(yoga.id, cast.ana.id))) == "not_yours"
    assert reservations.show(app, cleo, held.id).state == "held"
    assert refusal(app, Cancel(as_person(cast.dora), ById(held.id))) == "not_found"
    assert refusal(app, Cancel(as_person(cast.dora), ByPerson(yoga.id, cast.ana.id))) == "not_yours"
    clock.set(clock_time("08:50"))
    assert ask(app, CheckIn(cleo, ById(came.id))).checked_in_at is not None
    assert ask(app, Cancel(cleo, ByPerson(yoga.id, cast.emma.id))).id == ill.id
    assert show(app, ill).state == "cancelled"


def test_the_creator_of_an_event_is_one_too_and_stays_bound_by_their_own_terms(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    party = a_class(app, kind="event", by=as_person(cast.ana), seats=4, cancel_until_seconds=3600)
    mine, theirs = hold(app, party, cast.ana), hold(app, party, cast.ben)
    clock.set(clock_time("08:30"))
    assert refusal(app, Cancel(as_person(cast.ana), ById(mine.id))) == "too_late"
    assert ask(app, Cancel(as_person(cast.ana), ById(theirs.id))).state == "cancelled"


def test_what_somebody_pays_for_nobody_else_confirms_and_what_the_house_cancels_is_refunded(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    cleo = as_person(cast.cleo)
    yoga = a_class(app, by=cleo, seats=4, price="10", confirm="self", cancel_until_seconds=3600)
    one = hold(app, yoga, rich(app, cast.ana))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    assert purse(app, cast.ana) == ("90.00", "0.00")
    clock.set(clock_time("08:30"))
    assert ask(app, Cancel(cleo, ById(one.id))).state == "cancelled"
    assert purse(app, cast.ana) == ("100.00", "0.00")
    doctor = a_doctor(app)
    catalog.update(app, CONSOLE, "appointment", doctor.id, {"price": "20"})
    held = ask(app, booking_of(doctor, cast.ana, "10:00", days=3))
    assert refusal(app, Confirm(provider_of(doctor), ById(held.id))) == "not_yours"
    assert ask(app, Cancel(provider_of(doctor), ById(held.id))).state == "cancelled"
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_a_provider_keeps_the_day_on_the_command_line(app: App, cast: Cast, cli: Any) -> None:
    doctor = a_doctor(app, timezone="Europe/Berlin", per_day=None)
    late, early = (ask(app, booking_of(doctor, cast.ana, time, days=3)) for time in ("16:00", "08:00"))
    ask(app, booking_of(doctor, cast.ben, "23:30", days=3))  # the next day in Berlin
    ask(app, booking_of(a_doctor(app, name="Dr. Kim"), cast.ana, "09:00", days=3))
    words = ("--as", "drpia@example.org", "reservation", "list", "--day", "2026-12-04")
    assert [row["id"] for row in cli.json(*words, "--offering", doctor.id)["results"]] == [early.id, late.id]
    assert len(cli.json(*words)["results"]) == 3
    assert cli.json(*words, "--offering", doctor.id, "--state", "confirmed")["results"] == []
    first = cli.json(*words, "--limit", 1)
    assert cli.json(*words, "--limit", 1, "--cursor", first["next"])["results"][0]["id"] == late.id
    cli(*words, "--user", cast.ana.email, code=2)
    assert cli.json("--as", "drpia@example.org", "confirm", early.code)["state"] == "confirmed"
    assert cli.json("--as", "drpia@example.org", "cancel", late.code, "--reason", "ill")["state"] == "cancelled"
    assert cli.json("--as", "drkim@example.org", "cancel", early.code, code=4)["code"] == "not_found"
    assert cli.json("--as", "drpia@example.org", "reservation", "show", early.code)["user"]["name"] == "Ana"


def test_a_provider_works_over_http(app: App, cast: Cast, client: Client) -> None:
    pia = person(app, "Pia", password=PASSWORD)
    doctor = providers.create(app, CONSOLE, email=pia.email)
    assert isinstance(doctor, Offering)
    web = client.logged_in(pia.email, PASSWORD)
    one, two = (ask(app, booking_of(doctor, who, "10:00", days=days)) for who, days in ((cast.ana, 2), (cast.ben, 3)))
    listed = web.get("/api/v0/appointments/?day=2026-12-03").json()["results"]
    assert [row["id"] for row in listed] == [one.id]
    changed = web("PATCH", f"/api/v0/appointments/{one.id}/", {"is_confirmed": True})
    assert (changed.status, changed.json()["state"]) == (200, "confirmed")
    assert web.post(f"/api/v0/reservations/{two.code}/confirm/").json()["state"] == "confirmed"
    assert web.get(f"/api/v0/reservations/{two.code}/").status == 200
    assert web.post(f"/api/v0/reservations/{two.code}/cancel/", {"reason": "ill"}).json()["state"] == "cancelled"
    stranger = client.logged_in(person(app, "Zed", password=PASSWORD).email, PASSWORD)
    for verb in ("confirm", "cancel", "check-in", "move"):
        assert stranger.post(f"/api/v0/reservations/{one.id}/{verb}/").status == 404
    assert stranger("PATCH", f"/api/v0/appointments/{one.id}/", {"is_confirmed": True}).status == 404
    assert show(app, one).state == "confirmed"


def test_a_member_takes_no_room_and_no_provider_for_an_event_but_their_own(app: App, cast: Cast) -> None:
    """What a room costs, how long one may have it and when: an event would come by all that."""
    court, doctor, own = a_court(app), a_doctor(app), a_doctor(app, name="Dr. Kim")
    kim = provider_of(own)
    for who, taken in ((as_person(cast.ana), court), (as_person(cast.ana), doctor), (kim, court), (kim, doctor)):
        with pytest.raises(NotYours, match="may not take"):
            a_class(app, kind="event", by=who, room=taken.id)
    for who, taken in ((kim, own), (as_person(cast.cleo), court), (as_person(cast.emma), doctor)):
        a_class(app, kind="event", by=who, room=taken.id)
