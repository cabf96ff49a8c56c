"""/providers/, /clients/ and /appointments/ over HTTP, with document 3 word for word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import Appointment, Appointments, Offering, Person
from tests.conftest import Answered, Client
from tests.makers import Cast, a_class, a_court, a_doctor, at_once, broken, mailed, mailed_code, opened
from tests.web.conftest import As
from tests.web.test_classes import refused

PROVIDERS, CLIENTS, APPOINTMENTS = "/api/v0/providers/", "/api/v0/clients/", "/api/v0/appointments/"
HOURS: dict[str, Any] = {
    "weekly": [{"days": ["mon", "thu"], "hours": ["08:00-11:00", "12:00-15:00"]}],
    "dates": [{"date": "2026-12-04", "hours": ["08:00-09:00", "10:00-11:00"]}],
    "closed": ["2026-12-24..2026-12-26"],
}
DAY = "2026-12-03"


def the_person(doctor: Offering) -> Person:
    """The provider as somebody who can log in."""
    assert isinstance(doctor, Appointments)
    who = doctor.provider
    return Person(who.id, who.email, who.name, "provider", None, doctor.timezone)


def appoint(who: Client, doctor: Offering, time: str, *, day: str = DAY, **more: Any) -> Answered:
    return who.post(APPOINTMENTS, {"provider_id": doctor.id, "start": f"{day}T{time}:00Z", **more})


# --- providers and clients -----------------------------------------------------------------------------------------


def test_an_organizer_makes_a_provider_once(cast: Cast, client: Client, logged_in: As) -> None:
    body = {"email": "pia@example.org", "name": "Dr. Pia", "timezone": "Europe/Berlin", "policy": {"slot_seconds": 600}}
    made = logged_in(cast.cleo).post(PROVIDERS, body)
    assert made.status == 201, made.body
    provider = made.json()
    assert made.headers["Location"] == f"{PROVIDERS}{provider['id']}/"
    assert list(provider) == list(Appointments.__dataclass_fields__)
    assert provider.items() >= {"kind": "appointment", "title": "Dr. Pia", "slot": "10m", "status": "open"}.items()
    assert provider["provider"].items() >= {"email": "pia@example.org", "name": "Dr. Pia"}.items()
    assert client.get(PROVIDERS).json()["results"] == [provider]
    assert client.get(f"{PROVIDERS}{provider['id']}").json() == provider
    for who in (cast.cleo, cast.emma):
        refused(logged_in(who).post(PROVIDERS, body), 409, "exists")
    refused(logged_in(cast.ana).post(PROVIDERS, body | {"email": "x@example.org"}), 403, "not_yours")
    refused(client.post(PROVIDERS, body), 401, "not_logged_in")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "Pia"}, "email is missing"),
        ({"email": "nobody", "name": "Pia"}, "nobody"),
        ({"email": "p@example.org", "name": "Pia", "timezone": "Mars/Base"}, "Mars/Base"),
        ({"email": "p@example.org", "name": "Pia", "seats": 3}, "seats is not known here"),
    ],
)
def test_a_provider_that_cannot_be_is_refused_by_name(
    cast: Cast, logged_in: As, body: dict[str, Any], named: str
) -> None:
    assert named in refused(logged_in(cast.emma).post(PROVIDERS, body), 422, "invalid")["detail"]


def test_a_provider_changes_their_own_terms(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    doctor = a_doctor(app)
    path, pia = f"{PROVIDERS}{doctor.id}/", logged_in(the_person(doctor))
    read = client.get(path).json()
    changed = pia("PATCH", path, read | {"policy": {"slot_seconds": 1800}})
    assert (changed.status, changed.json()["slot"]) == (200, "30m")
    refused(pia("PATCH", path, {"capacity": 5}), 422, "invalid")
    refused(logged_in(cast.cleo)("PATCH", path, {"title": "Dr. No"}), 403, "not_yours")
    refused(logged_in(cast.ana).get(f"{path}reservations/"), 403, "not_yours")
    assert pia.get(f"{path}reservations/").json()["results"] == []


def test_clients_are_made_once_by_organizers(cast: Cast, client: Client, logged_in: As) -> None:
    body = {"email": "finn@example.org", "name": "Finn", "timezone": "Europe/Paris"}
    made = logged_in(cast.cleo).post(CLIENTS, body)
    assert made.status == 201, made.body
    assert made.json() == {"id": made.json()["id"], **body, "role": "member", "phone": None}
    refused(logged_in(cast.cleo).post(CLIENTS, body), 409, "exists")
    refused(logged_in(cast.emma).post(CLIENTS, body | {"email": "FINN@example.org"}), 409, "exists")
    refused(logged_in(cast.cleo).post(CLIENTS, body | {"role": "admin"}), 422, "invalid")
    for who in (cast.cleo, cast.emma):
        assert made.json() in logged_in(who).get(CLIENTS).json()["results"]
        assert {one["role"] for one in logged_in(who).get(CLIENTS).json()["results"]} == {"member"}
    refused(logged_in(cast.ana).get(CLIENTS), 403, "not_yours")
    refused(logged_in(cast.ana).post(CLIENTS, body | {"email": "g@example.org"}), 403, "not_yours")
    refused(client.get(CLIENTS), 401, "not_logged_in")


def test_clients_come_in_pages(cast: Cast, logged_in: As) -> None:
    crowd, cleo = cast.crowd(3), logged_in(cast.cleo)
    first = cleo.get(f"{CLIENTS}?limit=2").json()
    rest = cleo.get(f"{CLIENTS}?limit=2&cursor={first['next']}").json()
    assert [one["id"] for one in first["results"] + rest["results"]] == [one.id for one in crowd]
    assert rest["next"] is None


# --- hours and free slots ------------------------------------------------------------------------------------------


def test_a_provider_gives_several_blocks_a_day_in_one_request(
    app: App, cast: Cast, client: Client, logged_in: As
) -> None:
    doctor = a_doctor(app)
    path, pia = f"{PROVIDERS}{doctor.id}/schedule/", logged_in(the_person(doctor))
    given = pia.post(path, HOURS)
    assert given.status == 200, given.body
    assert given.json() == {"offering_id": doctor.id, "timezone": "UTC", **HOURS}
    assert client.get(path).json() == given.json()
    assert pia.post(path, given.json()).json() == given.json()
    refused(pia.post(path, given.json() | {"timezone": "Asia/Tokyo"}), 422, "invalid")
    more = pia.post(path, {"weekly": [{"days": ["thu"], "hours": ["09:00-10:00"]}]}).json()
    assert more["weekly"] == [
        {"days": ["mon"], "hours": ["08:00-11:00", "12:00-15:00"]},
        {"days": ["thu"], "hours": ["09:00-10:00"]},
    ]
    for who in (cast.ana, cast.cleo):
        refused(logged_in(who).post(path, HOURS), 403, "not_yours")
    refused(client.post(path, HOURS), 401, "not_logged_in")
    assert logged_in(cast.emma).post(path, HOURS).status == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"weekly": [{"days": ["mon"], "hours": ["11:00-08:00"]}]},
        {"weekly": [{"days": ["mon"], "hours": ["08:00-11:00", "10:00-12:00"]}]},
        {"weekly": [{"days": ["moonday"], "hours": ["08:00-11:00"]}]},
        {"weekly": [{"days": [], "hours": ["08:00-11:00"]}]},
        {"weekly": [{"days": ["mon"]}]},
        {"weekly": {"mon": "08:00-11:00"}},
        {"dates": [{"date": "2026-02-30", "hours": ["08:00-11:00"]}]},
        {"dates": [{"date": "2026-12-04", "hours": []}]},
        {"closed": ["2026-12-26..2026-12-24"]},
        {"closed": [20261224]},
        {"open": []},
    ],
)
def test_hours_that_cannot_be_are_refused(app: App, logged_in: As, body: Any) -> None:
    doctor = a_doctor(app)
    path, pia = f"{PROVIDERS}{doctor.id}/schedule/", logged_in(the_person(doctor))
    refused(pia.post(path, body), 422, "invalid")
    assert pia.get(path).json()["weekly"] == []


def test_hours_are_of_what_the_address_says(app: App, cast: Cast, logged_in: As) -> None:
    emma = logged_in(cast.emma)
    for id in (999, a_class(app).id, a_court(app).id):
        for end in ("", "schedule/", "slots/"):
            refused(emma.get(f"{PROVIDERS}{id}/{end}"), 404, "not_found")
        refused(emma.post(f"{PROVIDERS}{id}/schedule/", HOURS), 404, "not_found")


def test_free_slots_come_by_the_day_in_pages_and_in_the_viewers_zone(app: App, cast: Cast, client: Client) -> None:
    doctor = opened(app, a_doctor(app, timezone="Europe/Berlin"), "thu 08:00-09:00,12:00-12:30")
    path = f"{PROVIDERS}{doctor.id}/slots/"

    def starts(query: str) -> list[str]:
        return [one["start"][11:16] for one in client.get(f"{path}?{query}").json()["results"]]

    assert starts(f"day={DAY}") == ["07:00", "07:15", "07:30", "07:45", "11:00", "11:15"]
    first = client.get(f"{path}?day={DAY}&limit=4").json()
    assert first["results"][0] == {
        "start": "2026-12-03T07:00:00Z",
        "end": "2026-12-03T07:15:00Z",
        "timezone": "Europe/Berlin",
    }
    assert starts(f"day={DAY}&limit=4&cursor={first['next']}") == ["11:00", "11:15"]
    assert starts(f"from={DAY}T12:00&to={DAY}T12:15") == ["11:00"]
    # In Auckland, 11:00 UTC is midnight: the day there is another one.
    assert starts(f"day={DAY}&timezone=Pacific/Auckland") == ["07:00", "07:15", "07:30", "07:45"]
    [theirs] = client.get(f"{path}?day=2026-12-04&timezone=Pacific/Auckland&limit=1").json()["results"]
    assert theirs == {"start": "2026-12-03T11:00:00Z", "end": "2026-12-03T11:15:00Z", "timezone": "Pacific/Auckland"}
    assert len(starts("")) == 6
    assert starts("day=2026-12-02") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("day=soon", "invalid"),
        ("day=2026-12-03T10:00", "invalid"),
        (f"day={DAY}&from={DAY}", "invalid"),
        ("timezone=Mars/Base", "invalid"),
        ("cursor=nonsense", "invalid"),
        ("limit=0", "invalid"),
        ("from=2026-12-03&to=2026-12-01", "bad_span"),
        ("from=2026-01-01&to=2027-12-01", "bad_span"),
        ("from=9998-12-01&to=9998-12-15", "none"),
        ("cursor=OTIyMzM3MjAzNjg1NDc3NTgwNw", "none"),
    ],
)
def test_a_window_that_cannot_be_is_refused(app: App, client: Client, query: str, code: str) -> None:
    answer = client.get(f"{PROVIDERS}{a_doctor(app, horizon_seconds=1).id}/slots/?{query}")
    if code == "none":
        assert answer.json() == {"results": [], "next": None}
    else:
        refused(answer, 422, code)


# --- appointments --------------------------------------------------------------------------------------------------


def test_an_appointment_is_held_and_confirmed_by_patch(app: App, cast: Cast, logged_in: As) -> None:
    doctor, ana = a_doctor(app), logged_in(cast.ana)
    held = appoint(ana, doctor, "10:00")
    assert held.status == 201, held.body
    assert list(held.json()) == list(Appointment.__dataclass_fields__)
    assert (
        held.json().items()
        >= {
            "state": "held",
            "is_confirmed": False,
            "is_expired": False,
            "starts_at": "2026-12-03T10:00:00Z",
            "ends_at": "2026-12-03T10:15:00Z",
            "expires_at": "2026-12-01T09:30:00Z",
        }.items()
    )
    path = f"{APPOINTMENTS}{held.json()['id']}"
    assert ana.get(path).json() == held.json()
    assert ana("PATCH", path, {"is_confirmed": False}).json() == held.json()
    confirmed = ana("PATCH", path, {"is_confirmed": True})
    assert (confirmed.status, confirmed.json()["is_confirmed"], confirmed.json()["state"]) == (200, True, "confirmed")
    assert ana("PATCH", f"{path}/", {"is_confirmed": True}).json() == confirmed.json()
    assert ana("PATCH", path, held.json() | {"is_confirmed": True}).json() == confirmed.json()
    refused(ana("PATCH", path, {"is_confirmed": False}), 422, "invalid")
    refused(ana("PATCH", path, {"starts_at": "2026-12-04T10:00:00Z"}), 422, "invalid")
    refused(ana("PATCH", path, {"is_confirmed": "yes"}), 422, "invalid")
    refused(ana("PATCH", path, {"colour": "red"}), 422, "invalid")
    assert broken(app) == []


def test_a_hold_lasts_half_an_hour_and_then_its_slot_is_free(
    app: App, cast: Cast, clock: FrozenClock, client: Client, logged_in: As
) -> None:
    doctor, ana = opened(app, a_doctor(app), "thu 10:00-10:15"), logged_in(cast.ana)
    path = f"{APPOINTMENTS}{appoint(ana, doctor, '10:00').json()['id']}/"
    slots = f"{PROVIDERS}{doctor.id}/slots/?day={DAY}"
    refused(appoint(logged_in(cast.ben), doctor, "10:00"), 409, "span_taken")
    assert client.get(slots).json()["results"] == []
    clock.advance(seconds=1800)
    shown = ana.get(path).json()
    assert (shown["state"], shown["is_expired"], shown["is_confirmed"]) == ("expired", True, False)
    refused(ana("PATCH", path, {"is_confirmed": True}), 409, "hold_expired")
    assert len(client.get(slots).json()["results"]) == 1
    assert appoint(logged_in(cast.ben), doctor, "10:00").status == 201


def test_less_than_a_days_notice_is_refused_with_the_first_time_there_is(app: App, cast: Cast, logged_in: As) -> None:
    doctor, ana = a_doctor(app), logged_in(cast.ana)
    problem = refused(appoint(ana, doctor, "08:45", day="2026-12-02"), 422, "below_notice")
    assert "2 Dec 2026 09:00" in problem["hint"]
    assert appoint(ana, doctor, "09:00", day="2026-12-02").status == 201


def test_a_second_one_on_a_day_is_rejected_or_replaces_the_first(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(cast.ana)
    strict, lenient = a_doctor(app), a_doctor(app, name="Dr. Quinn", on_second="replace")
    assert appoint(ana, strict, "10:00").status == 201
    refused(appoint(ana, strict, "11:00"), 409, "limit_reached")
    assert appoint(ana, strict, "10:00", day="2026-12-04").status == 201
    first = appoint(ana, lenient, "10:00").json()
    second = appoint(ana, lenient, "11:00")
    assert (second.status, second.json()["state"]) == (201, "held")
    assert ana.get(f"{APPOINTMENTS}{first['id']}/").json()["state"] == "cancelled"
    assert broken(app) == []


def test_each_refusal_of_an_appointment_has_its_code(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    doctor, ana = opened(app, a_doctor(app), "thu 08:00-11:00"), logged_in(cast.ana)
    refused(appoint(client, doctor, "10:00"), 401, "not_logged_in")
    refused(appoint(ana, doctor, "12:00"), 422, "outside_schedule")
    refused(appoint(ana, doctor, "10:05"), 422, "bad_span")
    refused(appoint(ana, doctor, "10:00", user_id=cast.ben.id), 403, "not_yours")
    refused(appoint(ana, doctor, "10:00", party=2), 422, "invalid")
    refused(appoint(ana, a_class(app), "10:00"), 404, "not_found")
    refused(ana.post(APPOINTMENTS, {"provider_id": 999, "start": f"{DAY}T10:00"}), 404, "not_found")
    refused(ana.post(APPOINTMENTS, {"provider_id": doctor.id, "start": "whenever"}), 422, "invalid")
    refused(ana.post(APPOINTMENTS, {"provider_id": doctor.id}), 422, "invalid")
    assert appoint(logged_in(cast.emma), doctor, "10:00", user_id=cast.ana.id).json()["user"]["id"] == cast.ana.id
    refused(appoint(logged_in(cast.ben), doctor, "10:00"), 409, "span_taken")
    waiting = appoint(logged_in(cast.ben), doctor, "10:00", queue=True).json()
    assert (waiting["state"], waiting["position"]) == ("queued", 1)


def test_a_time_without_an_offset_is_the_providers(app: App, cast: Cast, logged_in: As) -> None:
    doctor = a_doctor(app, timezone="Europe/Berlin")
    made = logged_in(cast.ana).post(APPOINTMENTS, {"provider_id": doctor.id, "start": f"{DAY}T10:00"}).json()
    assert (made["starts_at"], made["timezone"]) == ("2026-12-03T09:00:00Z", "Europe/Berlin")


def test_where_the_policy_asks_for_a_code_the_patch_brings_it(app: App, cast: Cast, logged_in: As) -> None:
    doctor, ana = a_doctor(app, confirm="code"), logged_in(cast.ana)
    path = f"{APPOINTMENTS}{appoint(ana, doctor, '10:00').json()['id']}/"
    code = mailed_code(app, cast.ana)
    refused(ana("PATCH", path, {"is_confirmed": True}), 422, "invalid")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused(ana("PATCH", path, {"is_confirmed": True, "otp": wrong}), 403, "wrong_code")
    assert ana("PATCH", path, {"is_confirmed": True, "otp": code}).json()["is_confirmed"] is True


def test_a_provider_sees_the_list_of_the_day_by_time(app: App, cast: Cast, logged_in: As) -> None:
    doctor, other = a_doctor(app), a_doctor(app, name="Dr. Quinn")
    late = appoint(logged_in(cast.ana), doctor, "14:00").json()
    early = appoint(logged_in(cast.ben), doctor, "08:00").json()
    next_day = appoint(logged_in(cast.ana), doctor, "08:00", day="2026-12-04").json()
    elsewhere = appoint(logged_in(cast.ana), other, "09:00").json()
    pia = logged_in(the_person(doctor))

    def listed(who: Client, query: str = "") -> list[int]:
        return [one["id"] for one in who.get(f"{APPOINTMENTS}?{query}").json()["results"]]

    assert listed(pia, f"day={DAY}") == [early["id"], late["id"]]
    assert listed(pia) == [early["id"], late["id"], next_day["id"]]
    assert listed(pia, f"from={DAY}T10:00&to={DAY}") == [late["id"]]
    assert listed(pia, f"day={DAY}&timezone=Pacific/Auckland") == [early["id"]]
    assert listed(pia, "state=confirmed") == []
    first = pia.get(f"{APPOINTMENTS}?limit=2").json()
    assert listed(pia, f"limit=2&cursor={first['next']}") == [next_day["id"]]
    assert listed(logged_in(cast.ana)) == [elsewhere["id"], late["id"], next_day["id"]]
    assert listed(logged_in(cast.emma), f"day={DAY}") == [early["id"], elsewhere["id"], late["id"]]
    assert listed(logged_in(cast.cleo)) == []
    for query in ("day=x", "cursor=x", "state=lost", "timezone=x"):
        refused(pia.get(f"{APPOINTMENTS}?{query}"), 422, "invalid")


def test_an_appointment_exists_for_its_client_and_its_provider_only(
    app: App, cast: Cast, client: Client, logged_in: As
) -> None:
    doctor, other = a_doctor(app), a_doctor(app, name="Dr. Quinn")
    made = appoint(logged_in(cast.ana), doctor, "10:00").json()
    path = f"{APPOINTMENTS}{made['id']}/"
    assert logged_in(the_person(doctor)).get(path).json() == made
    assert logged_in(cast.emma).get(path).json() == made
    for who in (cast.ben, cast.cleo, the_person(other)):
        refused(logged_in(who).get(path), 404, "not_found")
        refused(logged_in(who)("PATCH", path, {"is_confirmed": True}), 404, "not_found")
    refused(client.get(path), 401, "not_logged_in")
    refused(client("PATCH", path, {"is_confirmed": True}), 401, "not_logged_in")
    place = logged_in(cast.ana).post(f"/api/v0/events/{a_class(app, kind='event').id}/reserve/").json()
    for id in (999, place["id"]):
        refused(logged_in(cast.ana).get(f"{APPOINTMENTS}{id}/"), 404, "not_found")
        refused(logged_in(cast.ana)("PATCH", f"{APPOINTMENTS}{id}/", {"is_confirmed": True}), 404, "not_found")
    assert logged_in(the_person(doctor))("PATCH", path, {"is_confirmed": True}).json()["is_confirmed"] is True


def test_many_who_want_one_slot_get_it_once(app: App, cast: Cast, logged_in: As) -> None:
    doctor = a_doctor(app)
    crowd = [logged_in(one) for one in cast.crowd(6)]
    statuses = at_once(*(lambda who=who: appoint(who, doctor, "10:00").status for who in crowd))
    assert sorted(map(str, statuses)) == ["201"] + ["409"] * 5
    assert broken(app) == []


def test_a_cancelled_slot_can_be_had_again(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    doctor, ana = a_doctor(app), logged_in(cast.ana)
    made = appoint(ana, doctor, "10:00").json()
    assert ana.post(f"/api/v0/reservations/{made['id']}/cancel/").json()["is_confirmed"] is False
    assert appoint(logged_in(cast.ben), doctor, "10:00").status == 201
    clock.advance(timedelta(days=3))
    assert len(mailed(app)) >= 3
