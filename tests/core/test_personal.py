"""What is kept about a person: all of it for themselves, and nothing of it once they are gone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.core import catalog, people, personal, providers, trail, wallet
from classbook.core.asks import ById, Cancel, Confirm, Move, Reserve
from classbook.errors import Invalid, NotAllowedNow, NotFound, NotLoggedIn
from classbook.testing import FrozenClock
from classbook.values import Person, RequestKey
from tests.makers import (
    CONSOLE,
    PASSWORD,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    broken,
    clock_time,
    confirmed,
    everything,
    hold,
    mailed_code,
)

WORDS = ("mara", "Mara Secret-Name", "+49 555 1234", "my knee hurts")
"""What must not be found anywhere any more."""


@pytest.fixture
def mara(app: App) -> Person:
    """A member who has done a little of everything, all of which is over."""
    made = people.create(
        app, CONSOLE, email="mara@example.org", name="Mara Secret-Name", phone="+49 555 1234", password=PASSWORD,
        key=RequestKey("made", "hash"),
    )  # fmt: skip
    assert isinstance(made, Person)
    me = as_person(made)
    wallet.top_up(app, me, "30")
    match = a_match(app, a_venue(app, "A:1x4"), prices={"A": "10"})
    seat = ask(app, Reserve(me, match.id, seats=("A-1-1",)))
    ask(app, Move(me, ById(seat.id), party=1, seats=("A-1-2",)))
    ask(app, Confirm(CONSOLE, ById(seat.id)))
    ask(app, Cancel(me, ById(seat.id), reason="my knee hurts"))
    ask(app, Cancel(me, ById(hold(app, a_class(app), made).id), key=RequestKey("k", "h")))
    catalog.create(app, me, "event", _event())
    catalog.cancel(app, me, "event", 3)
    wallet.withdraw(app, me, "30")
    return made


def _event() -> dict[str, Any]:
    return {"title": "Picnic", "seats": 5, "starts_at": clock_time("10:00"), "ends_at": clock_time("12:00")}


def exported(app: App, who: Person) -> Any:
    return json.loads("".join(personal.export(app, as_person(who), str(who.id))))


# --- all of it -----------------------------------------------------------------------------------------------------


def test_an_export_holds_everything_about_a_person(app: App, mara: Person) -> None:
    found = exported(app, mara)
    assert found["person"]["phone"] == "+49 555 1234"
    assert [one["state"] for one in found["reservations"]] == ["cancelled", "cancelled"]
    assert [step["action"] for step in found["reservations"][1]["history"]] == ["reserve", "move", "confirm", "cancel"]
    assert [one["balance"]["amount"] for one in found["wallets"]] == ["0.00"]
    assert {one["kind"] for one in found["transfers"]} == {"top_up", "withdrawal", "payment", "refund"}
    assert [one["title"] for one in found["offerings"]] == ["Picnic"]
    assert {one["to"] for one in found["messages"]} == {"mara@example.org"}
    assert [one["action"] for one in found["changes_by_them"]] == ["cancel", "create"]
    assert [one["action"] for one in found["changes_of_them"]] == ["create"]


def test_an_export_tells_no_secret(app: App, cast: Cast) -> None:
    people.create(app, CONSOLE, email="x@example.org", name="X", password=PASSWORD)
    ana = cast.ana
    hold(app, a_class(app), ana)
    text = "".join(personal.export(app, CONSOLE, ana.email))
    assert mailed_code(app, ana) not in text
    assert "••••••" in text
    assert "argon2" not in "".join(personal.export(app, CONSOLE, "x@example.org"))


def test_an_export_comes_in_pieces_of_a_page(app: App, cast: Cast) -> None:
    for _ in range(250):
        wallet.top_up(app, CONSOLE, "1", person=cast.ana.id)
    pieces = list(personal.export(app, CONSOLE, cast.ana.email))
    assert len(json.loads("".join(pieces))["transfers"]) == 250
    assert max(map(len, pieces)) < 1000


def test_others_do_not_exist(app: App, cast: Cast) -> None:
    with pytest.raises(NotFound):
        personal.export(app, as_person(cast.ben), cast.ana.email)
    with pytest.raises(NotFound):
        personal.anonymise(app, as_person(cast.cleo), cast.ana.email)
    assert "".join(personal.export(app, as_person(cast.emma), cast.ana.email))


# --- none of it ----------------------------------------------------------------------------------------------------


def test_nothing_says_any_more_who_it_was(app: App, mara: Person) -> None:
    gone = personal.anonymise(app, CONSOLE, mara.email)
    assert isinstance(gone, Person)
    assert (gone.id, gone.name, gone.phone) == (mara.id, "Anonymous", None)
    kept = json.dumps(everything(app), default=str, ensure_ascii=False)
    assert [word for word in WORDS if word in kept] == []
    assert "argon2" not in kept


def test_rows_and_sums_stay(app: App, mara: Person) -> None:
    before = everything(app)
    personal.anonymise(app, CONSOLE, mara.email)
    after = everything(app)
    for table in ("reservations", "claims", "transfers", "wallets", "pools"):
        assert after[table] == before[table]
    assert len(after["moves"]) == len(before["moves"])
    assert broken(app) == []


def test_the_trail_says_that_it_was_done_and_by_whom(app: App, mara: Person, cast: Cast) -> None:
    personal.anonymise(app, as_person(cast.emma), mara.email)
    [row, *_] = trail.history(app, CONSOLE, subject="person", subject_id=mara.id).results
    assert (row.action, row.actor) == ("anonymise", "emma@example.org")


def test_their_logins_end_and_their_address_is_free(app: App, mara: Person) -> None:
    personal.anonymise(app, as_person(mara), str(mara.id))
    with pytest.raises(NotLoggedIn):
        people.me(app, as_person(mara))
    again = people.create(app, CONSOLE, email=mara.email, name="Mara")
    assert isinstance(again, Person)
    assert again.id != mara.id
    assert [one.id for one in people.listing(app, CONSOLE).results] == [again.id]


def test_who_is_gone_stays_gone(app: App, mara: Person) -> None:
    once = personal.anonymise(app, CONSOLE, mara.email)
    before = everything(app)
    assert personal.anonymise(app, CONSOLE, str(mara.id)) == once
    assert everything(app) == before
    with pytest.raises(NotFound):
        personal.anonymise(app, CONSOLE, mara.email)


def test_a_dry_run_changes_nothing(app: App, mara: Person) -> None:
    before = everything(app)
    personal.anonymise(app, CONSOLE, mara.email, dry_run=True)
    assert everything(app) == before


def test_another_address_is_another_person(app: App, mara: Person) -> None:
    with pytest.raises(Invalid, match="not the address"):
        personal.anonymise(app, CONSOLE, str(mara.id), email="ana@example.org")


def test_the_mails_of_others_stay(app: App, mara: Person, cast: Cast) -> None:
    hold(app, a_class(app), cast.ana)
    personal.anonymise(app, CONSOLE, mara.email)
    assert [one["to"] for one in exported(app, cast.ana)["messages"]] == ["ana@example.org"]


# --- not yet -------------------------------------------------------------------------------------------------------


def refused(app: App, who: Person) -> str:
    before = everything(app)
    with pytest.raises(NotAllowedNow) as refusal:
        personal.anonymise(app, CONSOLE, who.email)
    assert everything(app) == before
    assert refusal.value.hint
    return refusal.value.detail


def test_who_has_something_stays_until_it_is_over(app: App, cast: Cast, clock: FrozenClock) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    assert one.code in refused(app, cast.ana)
    clock.advance(timedelta(days=2))
    personal.anonymise(app, CONSOLE, cast.ana.email)


def test_an_overdue_hold_keeps_nobody(app: App, cast: Cast, clock: FrozenClock) -> None:
    hold(app, a_class(app), cast.ana)
    assert "not over" in refused(app, cast.ana)
    clock.advance(timedelta(minutes=5))
    personal.anonymise(app, CONSOLE, cast.ana.email)
    assert broken(app) == []


def test_who_has_money_takes_it_out_first(app: App, cast: Cast) -> None:
    wallet.top_up(app, CONSOLE, "5", person=cast.ana.id)
    assert "5.00 EUR" in refused(app, cast.ana)


def test_what_an_organizer_earned_is_money_too(app: App, cast: Cast, clock: FrozenClock) -> None:
    wallet.top_up(app, CONSOLE, "5", person=cast.ana.id)
    confirmed(app, a_class(app, by=as_person(cast.cleo), price="5"), cast.ana)
    clock.advance(timedelta(days=2))
    assert "5.00 EUR" in refused(app, cast.cleo)


def test_who_offers_something_ends_it_first(app: App, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    assert "Yoga" in refused(app, cast.cleo)
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    personal.anonymise(app, CONSOLE, cast.cleo.email)


def test_a_provider_is_not_named_by_what_they_offered(app: App) -> None:
    doctor = a_doctor(app)
    catalog.update(app, CONSOLE, "appointment", doctor.id, {"description": "Dr. Pia listens"})
    catalog.cancel(app, CONSOLE, "appointment", doctor.id)
    personal.anonymise(app, CONSOLE, "drpia@example.org")
    assert catalog.show(app, "appointment", doctor.id).title == "Anonymous"
    assert "Pia" not in json.dumps(everything(app), default=str)


def test_a_name_is_found_in_no_answer_that_was_kept_for_a_repeat(app: App) -> None:
    key = RequestKey("k", "h")
    providers.create(app, CONSOLE, email="pia@example.org", name="Pia", key=key)
    people.create(app, CONSOLE, email="zo.e_%@example.org", name="Zoë", key=RequestKey("other", "h"))
    a_court(app)
    personal.anonymise(app, CONSOLE, "zo.e_%@example.org")
    with app.store.read() as tx:
        assert tx.rows("SELECT key FROM request_keys") == [("k",)]
