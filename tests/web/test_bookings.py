"""/resources/ and /bookings/ over HTTP, with document 4 word for word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import Booking, Offering, Resource
from tests.conftest import Answered, Client
from tests.makers import Cast, a_class, a_court, at_once, broken, mailed
from tests.web.conftest import As
from tests.web.test_classes import refused

RESOURCES, BOOKINGS = "/api/v0/resources/", "/api/v0/bookings/"


def book(who: Client, resource: int, span: str, **more: Any) -> Answered:
    """A booking for a time of the day after the tests begin, like ``10:00-12:00``."""
    start, end = (f"2026-12-02T{time}:00Z" for time in span.split("-"))
    return who.post(f"{BOOKINGS}create/", {"resource": resource, "start_time": start, "end_time": end, **more})


# --- resources -----------------------------------------------------------------------------------------------------


def test_an_administrator_makes_a_resource(cast: Cast, client: Client, logged_in: As) -> None:
    body = {"name": "Conference Room A", "max_slots": 4, "timezone": "Europe/Berlin", "policy": {"after_seconds": 600}}
    made = logged_in(cast.emma).post(RESOURCES, body)
    assert made.status == 201, made.body
    room = made.json()
    assert made.headers["Location"] == f"{RESOURCES}{room['id']}/"
    assert list(room) == list(Resource.__dataclass_fields__)
    assert (room["name"], room["max_slots"], room["status"]) == ("Conference Room A", 4, "open")
    assert room["policy"]["after_seconds"] == 600
    assert client.get(RESOURCES).json() == {"count": 1, "next": None, "previous": None, "results": [room]}
    assert client.get(f"{RESOURCES}{room['id']}").json() == room
    for who in (cast.ana, cast.cleo):
        refused(logged_in(who).post(RESOURCES, body), 403, "not_yours")
    refused(client.post(RESOURCES, body), 401, "not_logged_in")


def test_a_resource_is_changed_in_its_own_words(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    path, emma = f"{RESOURCES}{a_court(app).id}/", logged_in(cast.emma)
    read = client.get(path).json()
    changed = emma("PUT", path, read | {"max_slots": 3, "name": "Court 1"})
    assert changed.status == 200, changed.body
    assert changed.json().items() >= {"max_slots": 3, "capacity": 3, "name": "Court 1", "title": "Court 1"}.items()
    refused(emma("PATCH", path, {"title": "Court 2"}), 422, "invalid")
    refused(logged_in(cast.ana)("PATCH", path, {"max_slots": 9}), 403, "not_yours")
    refused(emma("PATCH", path, {"starts_at": "2026-12-03T10:00Z"}), 422, "invalid")
    assert emma.post(f"{path}cancel/").json()["status"] == "cancelled"
    assert client.get(f"{RESOURCES}?status=open").json()["count"] == 0


def test_a_resource_in_use_keeps_its_slots_and_its_place(app: App, cast: Cast, logged_in: As) -> None:
    court, emma = a_court(app, units=2), logged_in(cast.emma)
    for who in (cast.ana, cast.ben):
        assert book(logged_in(who), court.id, "10:00-12:00").status == 201
    refused(emma("PATCH", f"{RESOURCES}{court.id}/", {"max_slots": 1}), 409, "not_allowed_now")
    refused(emma("DELETE", f"{RESOURCES}{court.id}/"), 409, "not_allowed_now")
    assert len(emma.get(f"{RESOURCES}{court.id}/reservations/").json()["results"]) == 2
    refused(logged_in(cast.ana).get(f"{RESOURCES}{court.id}/reservations/"), 403, "not_yours")


@pytest.mark.parametrize("query", ["status=upcoming", "page=0", "type=%00"])
def test_a_list_that_cannot_be_is_refused(front: Client, query: str) -> None:
    refused(front.get(f"{RESOURCES}?{query}"), 422, "invalid")


def test_free_times_are_what_opening_hours_and_bookings_leave(
    app: App, cast: Cast, client: Client, logged_in: As
) -> None:
    court = a_court(app)
    path = f"{RESOURCES}{court.id}/"
    hours = {"weekly": [{"days": ["wed"], "hours": ["08:00-12:00", "14:00-18:00"]}]}
    refused(logged_in(cast.ana).post(f"{path}schedule/", hours), 403, "not_yours")
    assert logged_in(cast.emma).post(f"{path}schedule/", hours).json()["weekly"] == hours["weekly"]
    assert book(logged_in(cast.ana), court.id, "09:00-10:00").status == 201
    refused(book(logged_in(cast.ana), court.id, "12:00-13:00"), 422, "outside_schedule")

    def free(query: str) -> tuple[list[str], str | None]:
        found = client.get(f"{path}slots/?{query}").json()
        return [f"{one['start'][11:16]}-{one['end'][11:16]}" for one in found["results"]], found["next"]

    assert free("day=2026-12-02")[0] == ["08:00-09:00", "10:00-12:00", "14:00-18:00"]
    assert free("from=2026-12-02T11:00Z&to=2026-12-02T15:00Z")[0] == ["11:00-12:00", "14:00-15:00"]
    seen: list[str] = []
    page, cursor = free("day=2026-12-02&limit=1")
    while page:
        seen += page
        page, cursor = free(f"day=2026-12-02&limit=1&cursor={cursor}") if cursor else ([], None)
    assert seen == ["08:00-09:00", "10:00-12:00", "14:00-18:00"]


# --- bookings ------------------------------------------------------------------------------------------------------


def test_a_booking_speaks_the_words_of_its_document(app: App, cast: Cast, logged_in: As) -> None:
    court, ana = a_court(app), logged_in(cast.ana)
    made = book(ana, court.id, "10:00-12:00", user=cast.ana.id)
    assert made.status == 201, made.body
    booking = made.json()
    assert list(booking) == list(Booking.__dataclass_fields__)
    assert (
        booking.items()
        >= {
            "resource": court.id,
            "resource_name": "Court",
            "start_time": "2026-12-02T10:00:00Z",
            "end_time": "2026-12-02T12:00:00Z",
            "status": "active",
            "state": "confirmed",
            "position": None,
        }.items()
    )
    assert booking["user"]["id"] == cast.ana.id
    assert ana.get(BOOKINGS).json() == {"results": [booking], "next": None}
    assert ana.get(made.headers["Location"]).json() == booking


def test_who_comes_too_late_waits_and_is_served_when_a_span_is_given_back(app: App, cast: Cast, logged_in: As) -> None:
    court, ana, ben = a_court(app), logged_in(cast.ana), logged_in(cast.ben)
    first = book(ana, court.id, "10:00-12:00").json()
    second = book(ben, court.id, "11:00-14:00")
    assert (second.status, second.json()["state"], second.json()["status"]) == (201, "queued", "queue")
    assert (second.json()["position"], second.json()["places"]) == (1, [])
    third = book(logged_in(cast.cleo), court.id, "11:30-13:00").json()
    assert third["position"] == 2
    cancelled = ana.post(f"{BOOKINGS}cancel/{first['id']}/")
    assert (cancelled.status, cancelled.json()["status"]) == (200, "cancelled")
    assert "cancelled" in cancelled.json()["message"]
    assert [(one["status"], one["position"]) for one in ben.get(BOOKINGS).json()["results"]] == [("active", None)]
    assert logged_in(cast.cleo).get(BOOKINGS).json()["results"][0]["position"] == 1
    assert [subject for to, subject, _ in mailed(app) if to == cast.ben.email] == [
        "In line: Court",
        "Active now: Court",
    ]
    assert broken(app) == []


def test_who_does_not_want_to_wait_is_refused(app: App, cast: Cast, logged_in: As) -> None:
    court = a_court(app)
    book(logged_in(cast.ana), court.id, "10:00-12:00")
    refused(book(logged_in(cast.ben), court.id, "11:00-13:00", queue=False), 409, "span_taken")
    assert book(logged_in(cast.ben), court.id, "12:00-13:00").json()["status"] == "active"


def test_a_booking_becomes_completed_and_one_in_line_expires(
    app: App, cast: Cast, clock: FrozenClock, logged_in: As
) -> None:
    court, ana, ben = a_court(app), logged_in(cast.ana), logged_in(cast.ben)
    book(ana, court.id, "10:00-12:00")
    book(ben, court.id, "11:00-13:00")
    clock.advance(timedelta(days=1, hours=2))
    assert [one["status"] for one in ben.get(BOOKINGS).json()["results"]] == ["expired"]
    assert [one["status"] for one in ana.get(BOOKINGS).json()["results"]] == ["active"]
    clock.advance(timedelta(hours=1))
    assert [one["status"] for one in ana.get(f"{BOOKINGS}?state=completed").json()["results"]] == ["completed"]


def test_each_refusal_of_a_booking_has_its_code(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    court, ana = a_court(app, min_seconds=1800, max_seconds=7200, grid_seconds=900), logged_in(cast.ana)
    refused(book(client, court.id, "10:00-11:00"), 401, "not_logged_in")
    refused(book(ana, 999, "10:00-11:00"), 404, "not_found")
    refused(book(ana, a_class(app).id, "10:00-11:00"), 404, "not_found")
    refused(book(ana, court.id, "10:00-11:00", user=cast.ben.id), 403, "not_yours")
    refused(book(logged_in(cast.emma), court.id, "10:00-11:00", user=999), 404, "not_found")
    refused(book(ana, court.id, "11:00-10:00"), 422, "bad_span")
    refused(book(ana, court.id, "10:00-10:15"), 422, "bad_span")
    refused(book(ana, court.id, "10:00-13:00"), 422, "bad_span")
    refused(book(ana, court.id, "10:05-11:05"), 422, "bad_span")
    past = {"resource": court.id, "start_time": "2026-12-01T08:00Z", "end_time": "2026-12-01T08:45Z"}
    refused(ana.post(f"{BOOKINGS}create/", past), 409, "too_late")
    refused(ana.post(f"{BOOKINGS}create/", past | {"start_time": "soon"}), 422, "invalid")
    refused(ana.post(f"{BOOKINGS}create/", past | {"start_time": 5}), 422, "invalid")
    refused(ana.post(f"{BOOKINGS}create/", {"resource": court.id}), 422, "invalid")
    for unknown in (999, 0, -1, 2**63 - 1):
        body = past | {"resource": unknown, "start_time": "tomorrow 10:00", "end_time": "tomorrow 11:00"}
        refused(ana.post(f"{BOOKINGS}create/", body), 404, "not_found")
    assert book(logged_in(cast.emma), court.id, "10:00-11:00", user=cast.ana.id).json()["user"]["id"] == cast.ana.id


def test_a_time_without_an_offset_is_local_time_there(app: App, cast: Cast, logged_in: As) -> None:
    court: Offering = a_court(app, timezone="America/New_York")
    body = {"resource": court.id, "start_time": "2026-12-02T10:00", "end_time": "2026-12-02 11:00"}
    made = logged_in(cast.ana).post(f"{BOOKINGS}create/", body).json()
    assert (made["start_time"], made["end_time"]) == ("2026-12-02T15:00:00Z", "2026-12-02T16:00:00Z")
    assert made["timezone"] == "America/New_York"


def test_other_peoples_bookings_do_not_exist(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    court = a_court(app, units=2)
    mine, theirs = (book(logged_in(who), court.id, "10:00-11:00").json() for who in (cast.ana, cast.ben))
    place = logged_in(cast.ana).post(f"/api/v0/events/{a_class(app, kind='event').id}/reserve/").json()
    refused(logged_in(cast.ana).post(f"{BOOKINGS}cancel/{theirs['id']}/"), 404, "not_found")
    refused(logged_in(cast.ana).post(f"{BOOKINGS}cancel/999/"), 404, "not_found")
    refused(logged_in(cast.ana).post(f"{BOOKINGS}cancel/{place['id']}/"), 404, "not_found")
    refused(client.post(f"{BOOKINGS}cancel/{mine['id']}/"), 401, "not_logged_in")
    refused(client.get(BOOKINGS), 401, "not_logged_in")
    refused(logged_in(cast.ana).get(f"{BOOKINGS}?user={cast.ben.id}"), 403, "not_yours")
    assert logged_in(cast.ana).get(BOOKINGS).json()["results"] == [mine]
    assert logged_in(cast.emma).get(BOOKINGS).json()["results"] == [theirs, mine]
    assert logged_in(cast.emma).get(f"{BOOKINGS}?user={cast.ana.id}").json()["results"] == [mine]
    assert logged_in(cast.ana).get("/api/v0/reservations/").json()["results"] == [place, mine]


def test_a_repeated_request_key_books_once(app: App, cast: Cast, logged_in: As) -> None:
    court, ana = a_court(app), logged_in(cast.ana)
    body = {"resource": court.id, "start_time": "tomorrow 10:00", "end_time": "tomorrow 11:00"}
    first, again = (ana.post(f"{BOOKINGS}create/", body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    path = f"{BOOKINGS}cancel/{first.json()['id']}/"
    gone, told = (ana.post(path, headers={"Idempotency-Key": "c"}) for _ in range(2))
    assert (gone.status, told.body) == (200, gone.body)


def test_many_who_book_at_once_share_no_unit(app: App, cast: Cast, logged_in: As) -> None:
    court = a_court(app, units=2)
    crowd = [logged_in(one) for one in cast.crowd(6)]
    answers = at_once(*(lambda who=who: book(who, court.id, "10:00-11:00").json()["status"] for who in crowd))
    assert sorted(map(str, answers)) == ["active"] * 2 + ["queue"] * 4
    assert broken(app) == []
