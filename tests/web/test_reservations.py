"""/reservations/ over HTTP: by id and by code, one's own and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import plain
from tests.conftest import Client
from tests.makers import Cast, a_class, a_court, ask, booking_of, broken, hold, mailed, mailed_code
from tests.web.conftest import As
from tests.web.test_classes import refused

MINE = "/api/v0/reservations/"


def test_a_reservation_is_found_by_its_id_and_by_its_code(app: App, cast: Cast, logged_in: As) -> None:
    held = hold(app, a_class(app), cast.ana)
    ana = logged_in(cast.ana)
    for name in (held.id, held.code, held.code.lower(), held.code.replace("-", "")):
        assert ana.get(f"{MINE}{name}").json() == plain(held)
    for name in ("999", "R-0000-0000", "0", "9" * 18, "9" * 40, "nonsense", "%20"):
        refused(ana.get(f"{MINE}{name}"), 404, "not_found")


def test_a_list_holds_ones_own_newest_first_in_pages(app: App, cast: Cast, logged_in: As) -> None:
    held = [hold(app, a_class(app, open_holds=0), cast.ana) for _ in range(5)]
    theirs = hold(app, a_class(app), cast.ben)
    ana = logged_in(cast.ana)
    seen: list[int] = []
    cursor = ""
    while True:
        page = ana.get(f"{MINE}?limit=2{cursor}").json()
        assert set(page) == {"results", "next"}
        seen += [one["id"] for one in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [one.id for one in reversed(held)]
    everybodys = logged_in(cast.emma).get(MINE).json()["results"]
    assert [one["id"] for one in everybodys] == [theirs.id, *seen]
    assert len(logged_in(cast.emma).get(f"{MINE}?user={cast.ana.id}").json()["results"]) == 5
    assert len(ana.get(f"{MINE}?offering={held[0].offering.id}").json()["results"]) == 1
    refused(ana.get(f"{MINE}?user={cast.ben.id}"), 403, "not_yours")


def test_a_list_is_filtered_by_the_state_people_see(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    hold(app, a_class(app, starts_in=timedelta(days=9)), cast.ana)
    ana = logged_in(cast.ana)

    def states(state: str) -> list[str]:
        return [one["state"] for one in ana.get(f"{MINE}?state={state}").json()["results"]]

    assert states("held") == ["held"]
    clock.advance(seconds=300)
    assert states("held") == []
    assert states("expired") == ["expired"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "state=lost", "cursor=x", "offering=x", "user=-1"]
)
def test_a_list_that_cannot_be_is_refused(front: Client, query: str) -> None:
    refused(front.get(f"{MINE}?{query}"), 422, "invalid")


@pytest.mark.parametrize("by", ["id", "code"])
def test_a_hold_is_confirmed_and_given_back(app: App, cast: Cast, logged_in: As, by: str) -> None:
    held = hold(app, a_class(app), cast.ana)
    path, ana = f"{MINE}{getattr(held, by)}/", logged_in(cast.ana)
    refused(ana.post(f"{path}confirm/"), 422, "invalid")
    refused(ana.post(f"{path}confirm/", {"otp": 123456}), 422, "invalid")
    confirmed = ana.post(f"{path}confirm", {"otp": mailed_code(app, cast.ana)})
    assert (confirmed.status, confirmed.json()["state"]) == (200, "confirmed")
    cancelled = ana.post(f"{path}cancel/", {"reason": "ill"})
    assert (cancelled.status, cancelled.json()["state"]) == (200, "cancelled")
    history = ana.get(f"{path}history/").json()["results"]
    assert [(move["action"], move["reason"]) for move in history] == [
        ("reserve", None),
        ("confirm", None),
        ("cancel", "ill"),
    ]
    assert broken(app) == []


@pytest.mark.parametrize("end", ["", "cancel/"])
def test_delete_gives_the_places_back_without_a_word(app: App, cast: Cast, logged_in: As, end: str) -> None:
    held, ana = hold(app, a_class(app), cast.ana), logged_in(cast.ana)
    for _ in range(2):
        gone = ana("DELETE", f"{MINE}{held.code}/{end}")
        assert (gone.status, gone.body) == (204, b"")
    assert ana.get(f"{MINE}{held.id}/").json()["state"] == "cancelled"


def test_what_has_expired_cannot_be_given_back(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    held, ana = hold(app, a_class(app), cast.ana), logged_in(cast.ana)
    clock.advance(seconds=300)
    refused(ana("DELETE", f"{MINE}{held.id}/cancel/"), 409, "hold_expired")
    refused(ana.post(f"{MINE}{held.id}/cancel/"), 409, "hold_expired")
    refused(ana.post(f"{MINE}{held.id}/confirm/", {"otp": mailed_code(app, cast.ana)}), 409, "hold_expired")


def test_a_new_code_voids_the_one_before(app: App, cast: Cast, logged_in: As) -> None:
    held, ana = hold(app, a_class(app), cast.ana), logged_in(cast.ana)
    path = f"{MINE}{held.id}/"
    first = mailed_code(app, cast.ana)
    again = ana.post(f"{path}resend/")
    assert (again.status, again.json()["state"]) == (200, "held")
    assert len(mailed(app)) == 2
    refused(ana.post(f"{path}confirm/", {"otp": first}), 403, "wrong_code")
    assert ana.post(f"{path}confirm/", {"otp": mailed_code(app, cast.ana)}).status == 200


def test_other_peoples_reservations_do_not_exist(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    held = hold(app, a_class(app, seats=9), cast.ana)
    asks: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", "history/", None),
        ("POST", "confirm/", {"otp": mailed_code(app, cast.ana)}),
        ("POST", "cancel/", None),
        ("POST", "resend/", None),
        ("DELETE", "", None),
        ("DELETE", "cancel/", None),
    ]
    for method, end, body in asks:
        for name in (held.id, held.code):
            path = f"{MINE}{name}/{end}"
            refused(client(method, path, body), 401, "not_logged_in")
            for somebody in (cast.ben, cast.cleo):
                refused(logged_in(somebody)(method, path, body), 404, "not_found")
    assert logged_in(cast.ana).get(f"{MINE}{held.id}").json() == plain(held)
    assert len(mailed(app)) == 1


def test_a_repeated_key_answers_the_same_by_id_and_by_code(app: App, cast: Cast, logged_in: As) -> None:
    held, ana = hold(app, a_class(app), cast.ana), logged_in(cast.ana)
    headers = {"Idempotency-Key": "k"}
    first = ana.post(f"{MINE}{held.id}/resend/", headers=headers)
    again = ana.post(f"{MINE}{held.code}/resend", {}, headers=headers)
    assert (again.status, again.body) == (200, first.body)
    assert len(mailed(app)) == 2
    refused(ana.post(f"{MINE}{held.id}/cancel/", headers=headers), 422, "key_reused")


# --- moved, and come -----------------------------------------------------------------------------------------------


def test_a_booking_is_moved_or_keeps_its_place(app: App, cast: Cast, logged_in: As) -> None:
    court = a_court(app, timezone="America/New_York")
    mine = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ben, "12:00-13:00"))
    path, ana = f"{MINE}{mine.code}/", logged_in(cast.ana)
    refused(ana.post(f"{path}move/", {"starts_at": "2026-12-02T12:30:00Z"}), 409, "span_taken")
    assert ana.get(path).json() == plain(mine)
    moved = ana.post(f"{path}move/", {"starts_at": "2026-12-02T06:00"})
    assert (moved.status, moved.json()["starts_at"]) == (200, "2026-12-02T11:00:00Z")
    assert moved.json()["ends_at"] == "2026-12-02T12:00:00Z"
    longer = ana.post(f"{path}move", {"starts_at": "2026-12-02T13:00Z", "ends_at": "2026-12-02T15:00Z"})
    assert longer.json()["end_time"] == "2026-12-02T15:00:00Z"
    refused(ana.post(f"{path}move/", {"seat": "A-1"}), 422, "invalid")
    refused(ana.post(f"{path}move/", {"starts_at": "soon"}), 422, "invalid")
    refused(logged_in(cast.ben).post(f"{path}move/", {"starts_at": "2026-12-03T10:00"}), 404, "not_found")
    assert broken(app) == []


def test_a_party_is_changed_in_one_step(app: App, cast: Cast, logged_in: As) -> None:
    held, ana = hold(app, a_class(app, seats=3), cast.ana), logged_in(cast.ana)
    assert ana.post(f"{MINE}{held.id}/move/", {"party": 3}).json()["party"] == 3
    refused(ana.post(f"{MINE}{held.id}/move/", {"party": 4}), 409, "sold_out")
    refused(ana.post(f"{MINE}{held.id}/move/", {"starts_at": "2026-12-05T10:00"}), 422, "invalid")
    refused(ana.post(f"{MINE}{held.id}/move/", {"party": -1}), 422, "invalid")
    assert ana.get(f"{MINE}{held.id}/").json()["party"] == 3


def test_who_comes_checks_in_once_and_in_time(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    court = a_court(app, check_in=True)
    mine = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    path, ana = f"{MINE}{mine.id}/check-in/", logged_in(cast.ana)
    refused(ana.post(path), 409, "too_early")
    clock.advance(timedelta(days=1, minutes=45))
    refused(logged_in(cast.ben).post(path), 404, "not_found")
    come = ana.post(path)
    assert (come.status, come.json()["checked_in_at"]) == (200, "2026-12-02T09:45:00Z")
    refused(ana.post(path), 409, "not_allowed_now")
