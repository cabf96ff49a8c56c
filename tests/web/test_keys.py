"""Idempotency-Key on every POST: sent twice it happens once, and another request with the same key is refused.

What /auth/ makes of keys is in test_auth.py: whoever asks there is nobody yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from classbook.app import App
from classbook.core import wallet
from classbook.values import Offering
from classbook.web.api import _routed
from tests.makers import CONSOLE, Cast, everything
from tests.stage import Stage
from tests.web.conftest import As
from tests.web.test_classes import refused

API = "/api/v0/"
SPAN = {"starts_at": "2026-12-03T10:00Z", "ends_at": "2026-12-03T11:00Z"}
START_END = {"start_time": "2026-12-03T10:00Z", "end_time": "2026-12-03T11:00Z"}
STANDS, OTHERS = [{"name": "A", "rows": 1, "seats": 3}], [{"name": "B", "rows": 1, "seats": 3}]

Asked = tuple[str, dict[str, Any]]
Case = Callable[[Stage], tuple[Asked, Asked]]
"""A request to make, and another one."""


def _cancelled(of: Callable[[Stage], Offering], noun: str) -> Case:
    def case(s: Stage) -> tuple[Asked, Asked]:
        path = f"{noun}/{of(s).id}/cancel/"
        return (path, {}), (path, {"reason": "rain"})

    return case


def _both(path: Callable[[Stage], str], first: Callable[[Stage], dict[str, Any]], **other: Any) -> Case:
    """The same path, with other fields."""

    def case(s: Stage) -> tuple[Asked, Asked]:
        where, body = path(s), first(s)
        return (where, body), (where, body | other)

    return case


def _elsewhere(case: Callable[[Stage], tuple[str, str]]) -> Case:
    """Another path, where the body says nothing."""

    def both(s: Stage) -> tuple[Asked, Asked]:
        here, there = case(s)
        return (here, {}), (there, {})

    return both


def _wallet(s: Stage) -> int:
    wallet.top_up(s.app, CONSOLE, "20", person=s.cast.emma.id)
    return wallet.show(s.app, CONSOLE, person=s.cast.emma.id).id


def _priced(s: Stage) -> tuple[Asked, Asked]:
    paying, held = s.paid_for_by(s.cast.emma)
    return (f"wallets/{paying}/purchase/", {"reservation": held}), (f"wallets/{paying}/charge/", {"amount": "1"})


CASES: dict[str, Case] = {
    "classes/": _both(lambda s: "classes/", lambda s: {"title": "Yoga", "type": "x", "seats": 2} | SPAN, seats=3),
    "classes/reserve-seat/": _both(
        lambda s: "classes/reserve-seat/", lambda s: {"class_id": s.yoga.id, "user_id": s.cast.ana.id}, party=2
    ),
    "classes/confirm-seat/": _both(lambda s: "classes/confirm-seat/", lambda s: s.of_yoga(), otp="123456"),
    "classes/cancel-seat/": _both(lambda s: "classes/cancel-seat/", lambda s: s.of_yoga(), reason="ill"),
    "classes/{id}/cancel/": _cancelled(lambda s: s.yoga, "classes"),
    "events/": _both(lambda s: "events/", lambda s: {"title": "P", "capacity": 2} | START_END, capacity=3),
    "events/{id}/reserve/": _both(lambda s: f"events/{s.picnic.id}/reserve/", lambda s: {}, party=2),
    "events/{id}/cancel/": _cancelled(lambda s: s.picnic, "events"),
    "matches/": _both(
        lambda s: "matches/", lambda s: {"title": "F", "venue_id": s.arena.id, "prices": {"A": "5"}} | SPAN, title="G"
    ),
    "matches/{id}/reserve/": _both(
        lambda s: f"matches/{s.final.id}/reserve/", lambda s: {"seats": ["A-1-1"]}, seats=["A-1-2"]
    ),
    "matches/{id}/block/": _both(
        lambda s: f"matches/{s.final.id}/block/", lambda s: {"seats": ["A-1-1"]}, seats=["A-1-2"]
    ),
    "matches/{id}/release/": _both(
        lambda s: f"matches/{s.blocked()}/release/", lambda s: {"seats": ["A-1-1"]}, seats=["A-1-2"]
    ),
    "matches/{id}/cancel/": _cancelled(lambda s: s.final, "matches"),
    "tickets/{match}:{seat}/reserve/": _elsewhere(
        lambda s: (f"tickets/{s.final.id}:A-1-1/reserve/", f"tickets/{s.final.id}:A-1-2/reserve/")
    ),
    "tickets/{match}:{seat}/canceled/": _elsewhere(
        lambda s: (f"tickets/{s.seated()}:A-1-1/canceled/", f"tickets/{s.final.id}:A-1-2/canceled/")
    ),
    "prices/": _both(lambda s: "prices/", lambda s: {"match": s.final.id, "prices": {"A": "5"}}, prices={"A": "6"}),
    "vouchers/": _both(lambda s: "vouchers/", lambda s: {"code": "SPRING", "percent": 5}, percent=6),
    "vouchers/{code}/cancel/": _elsewhere(lambda s: (f"vouchers/{s.voucher()}/cancel/", "vouchers/SUMMER/cancel/")),
    "bookings/create/": _both(lambda s: "bookings/create/", lambda s: {"resource": s.court.id} | START_END, party=2),
    "bookings/cancel/{id}/": _both(lambda s: f"bookings/cancel/{s.booked()}/", lambda s: {}, reason="ill"),
    "appointments/": _both(
        lambda s: "appointments/",
        lambda s: {"provider_id": s.doctor.id, "start": "2026-12-03T10:00Z"},
        start="2026-12-03T11:00Z",
    ),
    "reservations/{reservation}/confirm/": _both(
        lambda s: f"reservations/{s.held()}/confirm/", lambda s: {}, otp="123456"
    ),
    "reservations/{reservation}/cancel/": _both(
        lambda s: f"reservations/{s.held()}/cancel/", lambda s: {}, reason="ill"
    ),
    "reservations/{reservation}/move/": _both(
        lambda s: f"reservations/{s.held()}/move/", lambda s: {"party": 2}, party=1
    ),
    "reservations/{reservation}/check-in/": _elsewhere(
        lambda s: (f"reservations/{s.soon()}/check-in/", "reservations/1000/check-in/")
    ),
    "reservations/{reservation}/resend/": _elsewhere(
        lambda s: (f"reservations/{s.held()}/resend/", "reservations/1000/resend/")
    ),
    "stadiums/": _both(lambda s: "stadiums/", lambda s: {"name": "Arena"}, name="Stadium"),
    "stadiums/{id}/seats/": _both(
        lambda s: f"stadiums/{s.arena.id}/seats/", lambda s: {"stand": STANDS}, stand=[*STANDS, *OTHERS]
    ),
    "seats/": _both(lambda s: "seats/", lambda s: {"venue": s.arena.id, "stand": STANDS}, venue=1000),
    "providers/": _both(lambda s: "providers/", lambda s: {"email": "x@example.org", "name": "X"}, name="Y"),
    "providers/{id}/schedule/": _both(
        lambda s: f"providers/{s.doctor.id}/schedule/", lambda s: {"closed": ["2026-12-24"]}, closed=["2026-12-25"]
    ),
    "providers/{id}/cancel/": _cancelled(lambda s: s.doctor, "providers"),
    "clients/": _both(lambda s: "clients/", lambda s: {"email": "x@example.org", "name": "X"}, name="Y"),
    "resources/": _both(lambda s: "resources/", lambda s: {"name": "Court", "max_slots": 1}, max_slots=2),
    "resources/{id}/schedule/": _both(
        lambda s: f"resources/{s.court.id}/schedule/", lambda s: {"closed": ["2026-12-24"]}, closed=["2026-12-25"]
    ),
    "resources/{id}/cancel/": _cancelled(lambda s: s.court, "resources"),
    "wallets/{wallet}/charge/": _both(lambda s: f"wallets/{_wallet(s)}/charge/", lambda s: {"amount": "5"}, amount="6"),
    "wallets/{wallet}/withdraw/": _both(
        lambda s: f"wallets/{_wallet(s)}/withdraw/", lambda s: {"amount": "5"}, amount="6"
    ),
    "wallets/{wallet}/purchase/": _priced,
    "holds/release/": _both(
        lambda s: "holds/release/", lambda s: {"user_id": s.holding().id}, reason="You hold too much."
    ),
    "users/{id}/anonymise/": _both(
        lambda s: f"users/{s.cast.ana.id}/anonymise/", lambda s: {"email": s.ana}, email="ben@example.org"
    ),
    "calendars/me/renew/": _elsewhere(lambda s: ("calendars/me/renew/", f"calendars/offerings/{s.yoga.id}/renew/")),
    "calendars/offerings/{id}/renew/": _elsewhere(
        lambda s: (f"calendars/offerings/{s.yoga.id}/renew/", f"calendars/offerings/{s.picnic.id}/renew/")
    ),
}
ASKS_NOTHING = {"report/"}
"""A POST that only looks."""


def test_every_post_is_tried_here() -> None:
    paths = {path for path, verbs in _routed().openapi()["paths"].items() if "post" in verbs}
    assert {path.removeprefix(API) for path in paths if "/auth/" not in path} == CASES.keys() | ASKS_NOTHING


@pytest.mark.parametrize("path", CASES)
def test_a_post_with_a_key_happens_once(path: str, app: App, cast: Cast, logged_in: As) -> None:
    emma, key = logged_in(cast.emma), {"Idempotency-Key": "k"}
    (where, body), (elsewhere, other) = CASES[path](Stage(app, cast))
    first = emma.post(API + where, body, headers=key)
    assert first.status in (200, 201), first.body
    before = everything(app)
    again = emma.post(API + where, body, headers=key)
    assert (again.status, again.json()) == (first.status, first.json())
    refused(emma.post(API + elsewhere, other, headers=key), 422, "key_reused")
    assert everything(app) == before
