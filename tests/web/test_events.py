"""/events/ over HTTP, with document 2 word for word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import Event
from tests.conftest import Client
from tests.makers import Cast, a_class, as_person, at_once, broken, mailed
from tests.web.conftest import As
from tests.web.test_classes import refused

EVENTS = "/api/v0/events/"
NEW: dict[str, Any] = {
    "title": "Meet-up",
    "description": "With tea.",
    "start_time": "2026-12-02T18:00:00Z",
    "end_time": "2026-12-02T20:00:00Z",
    "capacity": 2,
}


def test_a_member_makes_an_event_and_is_its_creator(cast: Cast, client: Client, logged_in: As) -> None:
    made = logged_in(cast.ana).post(EVENTS, NEW)
    assert made.status == 201, made.body
    event = made.json()
    assert made.headers["Location"] == f"{EVENTS}{event['id']}/"
    assert list(event) == list(Event.__dataclass_fields__)
    assert event.items() >= NEW.items()
    assert (event["reserved_slots"], event["available_slots"]) == (0, 2)
    assert event["creator"] == {"id": cast.ana.id, "email": cast.ana.email, "name": "Ana"}
    shown = client.get(made.headers["Location"])
    assert (shown.json(), shown.headers["ETag"]) == (event, made.headers["ETag"])
    assert client.get(EVENTS).json()["results"] == [event]


def test_a_stranger_makes_no_event(client: Client) -> None:
    refused(client.post(EVENTS, NEW), 401, "not_logged_in")


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"capacity": 0}, "invalid", "1"),
        ({"capacity": "2"}, "invalid", "capacity must be a whole number"),
        ({"start_time": "soon"}, "invalid", "soon"),
        ({"end_time": "2026-12-02T17:00:00Z"}, "bad_span", "after"),
        ({"starts_at": "2026-12-02T18:00:00Z"}, "invalid", "starts_at is not known here"),
        ({"reserved_slots": 0}, "invalid", "reserved_slots is not known here"),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_name(
    front: Client, change: dict[str, Any], code: str, named: str
) -> None:
    assert named in refused(front.post(EVENTS, NEW | change), 422, code)["detail"]


@pytest.mark.parametrize("left_out", ["title", "start_time", "end_time", "capacity"])
def test_what_an_event_needs_is_named(front: Client, left_out: str) -> None:
    body = {name: value for name, value in NEW.items() if name != left_out}
    assert f"{left_out} is missing" in refused(front.post(EVENTS, body), 422, "invalid")["detail"]


def test_a_place_is_taken_once_until_all_are_gone(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    event = a_class(app, kind="event", seats=2)
    path = f"{EVENTS}{event.id}/reserve/"
    taken = logged_in(cast.ana).post(path)
    assert (taken.status, taken.json()["state"]) == (201, "confirmed")
    assert taken.headers["Location"] == f"/api/v0/reservations/{taken.json()['id']}/"
    refused(logged_in(cast.ana).post(path), 409, "already_reserved")
    assert logged_in(cast.ben).post(path, {}).status == 201
    refused(logged_in(cast.cleo).post(path), 409, "sold_out")
    refused(client.post(path), 401, "not_logged_in")
    shown = client.get(f"{EVENTS}{event.id}/").json()
    assert (shown["reserved_slots"], shown["available_slots"]) == (2, 0)
    assert broken(app) == []


def test_what_is_no_event_is_not_found(app: App, cast: Cast, logged_in: As) -> None:
    event, other = a_class(app, kind="event"), a_class(app)
    ana, emma = logged_in(cast.ana), logged_in(cast.emma)
    for id in (999, other.id):
        refused(ana.get(f"{EVENTS}{id}/"), 404, "not_found")
        refused(ana.post(f"{EVENTS}{id}/reserve/"), 404, "not_found")
        refused(emma.get(f"{EVENTS}{id}/reservations/"), 404, "not_found")
        refused(emma("PATCH", f"{EVENTS}{id}/", {"capacity": 9}), 404, "not_found")
        refused(emma("DELETE", f"{EVENTS}{id}/"), 404, "not_found")
        refused(emma.post(f"{EVENTS}{id}/cancel/"), 404, "not_found")
    for verb in ("reserve", "confirm", "cancel"):
        refused(ana.post(f"/api/v0/classes/{verb}-seat/", {"class_id": event.id}), 404, "not_found")


def test_who_finds_nothing_free_may_wait(app: App, cast: Cast, logged_in: As) -> None:
    event = a_class(app, kind="event", seats=1)
    path = f"{EVENTS}{event.id}/reserve/"
    first = logged_in(cast.ana).post(path).json()
    waiting = logged_in(cast.ben).post(path, {"queue": True})
    assert (waiting.status, waiting.json()["state"], waiting.json()["position"]) == (201, "queued", 1)
    assert logged_in(cast.ana)("DELETE", f"/api/v0/reservations/{first['id']}/cancel/").status == 204
    served = logged_in(cast.ben).get(f"/api/v0/reservations/{waiting.json()['id']}/").json()
    assert (served["state"], served["position"]) == ("confirmed", None)
    assert [to for to, _, _ in mailed(app)][-1] == cast.ben.email
    assert broken(app) == []


def test_an_administrator_reserves_for_others(app: App, cast: Cast, logged_in: As) -> None:
    path = f"{EVENTS}{a_class(app, kind='event').id}/reserve/"
    refused(logged_in(cast.ben).post(path, {"user_id": cast.ana.id}), 403, "not_yours")
    assert logged_in(cast.emma).post(path, {"user_id": cast.ana.id}).json()["user"]["id"] == cast.ana.id


def test_many_who_reserve_at_once_take_no_place_twice(app: App, cast: Cast, logged_in: As) -> None:
    event = a_class(app, kind="event", seats=3)
    crowd = [logged_in(one) for one in cast.crowd(8)]
    statuses = at_once(*(lambda who=who: who.post(f"{EVENTS}{event.id}/reserve/").status for who in crowd))
    assert sorted(map(str, statuses)) == ["201"] * 3 + ["409"] * 5
    assert broken(app) == []


def test_only_its_creator_and_administrators_see_who_comes(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    event = a_class(app, kind="event", by=as_person(cast.ana))
    taken = logged_in(cast.ben).post(f"{EVENTS}{event.id}/reserve/").json()
    path = f"{EVENTS}{event.id}/reservations/"
    for who in (cast.ana, cast.emma):
        assert logged_in(who).get(path).json() == {"results": [taken], "next": None}
    for who in (cast.ben, cast.cleo):
        refused(logged_in(who).get(path), 403, "not_yours")
    refused(client.get(path), 401, "not_logged_in")


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_an_event_is_changed_by_its_creator_in_its_own_words(app: App, cast: Cast, logged_in: As, verb: str) -> None:
    event = a_class(app, kind="event", by=as_person(cast.ana))
    path, ana = f"{EVENTS}{event.id}/", logged_in(cast.ana)
    refused(logged_in(cast.ben)(verb, path, {"capacity": 9}), 403, "not_yours")
    changed = ana(verb, path, {"capacity": 9, "start_time": "2026-12-03T10:00"}).json()
    assert (changed["capacity"], changed["start_time"], changed["starts_at"]) == (
        9,
        "2026-12-03T10:00:00Z",
        "2026-12-03T10:00:00Z",
    )
    assert changed["end_time"] == "2026-12-03T11:00:00Z"
    back = ana(verb, path, changed | {"title": "Tea", "start_time": "2026-12-03T10:30:00Z"})
    assert (back.status, back.json()["title"], back.json()["starts_at"]) == (200, "Tea", "2026-12-03T10:30:00Z")
    detail = refused(ana(verb, path, {"starts_at": "2026-12-05T10:00:00Z"}), 422, "invalid")["detail"]
    assert detail.startswith("starts_at")


def test_an_event_nobody_reserved_is_deleted_by_its_creator(app: App, cast: Cast, logged_in: As) -> None:
    event, reserved = (a_class(app, kind="event", by=as_person(cast.ana)) for _ in range(2))
    logged_in(cast.ben).post(f"{EVENTS}{reserved.id}/reserve/")
    refused(logged_in(cast.ben)("DELETE", f"{EVENTS}{event.id}/"), 403, "not_yours")
    assert logged_in(cast.ana)("DELETE", f"{EVENTS}{event.id}/").status == 204
    refused(logged_in(cast.ana)("DELETE", f"{EVENTS}{reserved.id}/"), 409, "not_allowed_now")


def test_calling_an_event_off_cancels_what_was_reserved(app: App, cast: Cast, logged_in: As) -> None:
    event = a_class(app, kind="event", by=as_person(cast.ana))
    taken = logged_in(cast.ben).post(f"{EVENTS}{event.id}/reserve/").json()
    refused(logged_in(cast.ben).post(f"{EVENTS}{event.id}/cancel/"), 403, "not_yours")
    assert logged_in(cast.ana).post(f"{EVENTS}{event.id}/cancel/").json()["status"] == "cancelled"
    assert logged_in(cast.ben).get(f"/api/v0/reservations/{taken['id']}/").json()["state"] == "cancelled"
    refused(logged_in(cast.ben).post(f"{EVENTS}{event.id}/reserve/"), 409, "offering_cancelled")


def test_events_are_listed_by_time_and_classes_apart(app: App, cast: Cast, clock: FrozenClock, client: Client) -> None:
    made = [a_class(app, kind="event", starts_in=timedelta(days=n)) for n in (3, 1, 2)]
    a_class(app)
    found = client.get(f"{EVENTS}?page_size=2").json()
    assert (found["count"], [one["id"] for one in found["results"]]) == (3, [made[1].id, made[2].id])
    assert found["next"] == f"{client.address}{EVENTS}?page_size=2&page=2"
    clock.advance(timedelta(days=1))
    assert [one["id"] for one in client.get(f"{EVENTS}?status=ongoing").json()["results"]] == [made[1].id]
    assert client.get(f"{EVENTS}?start_date=2026-12-04").json()["count"] == 1
