"""What is no amount of money is refused in the same way wherever money can be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from classbook.app import App
from tests.conftest import Client
from tests.makers import Cast, a_class, a_match, a_venue, rich
from tests.web.conftest import As
from tests.web.test_classes import NEW, refused

API = "/api/v0"
SPAN = {"starts_at": "2026-12-03T10:00Z", "ends_at": "2026-12-03T11:00Z"}
Door = Callable[[App, Client, Any], Any]


def _wallet(client: Client) -> str:
    return f"{API}/wallets/{client.get(f'{API}/wallets/me/').json()['id']}"


DOORS: dict[str, Door] = {
    "charge": lambda app, emma, money: emma.post(f"{_wallet(emma)}/charge/", {"amount": money}),
    "withdraw": lambda app, emma, money: emma.post(f"{_wallet(emma)}/withdraw/", {"amount": money}),
    "a new class": lambda app, emma, money: emma.post(f"{API}/classes/", NEW | {"price": money}),
    "a class": lambda app, emma, money: emma("PATCH", f"{API}/classes/{a_class(app).id}/", {"price": money}),
    "a new match": lambda app, emma, money: emma.post(
        f"{API}/matches/", SPAN | {"title": "F", "venue_id": a_venue(app, "A:1x1").id, "prices": {"A": money}}
    ),
    "a match": lambda app, emma, money: emma(
        "PATCH", f"{API}/matches/{a_match(app, a_venue(app, 'A:1x1')).id}/", {"prices": {"A": money}}
    ),
    "the prices": lambda app, emma, money: emma.post(
        f"{API}/prices/", {"match": a_match(app, a_venue(app, "A:1x1")).id, "prices": {"A": money}}
    ),
    "a voucher": lambda app, emma, money: emma.post(f"{API}/vouchers/", {"code": "SPRING", "amount": money}),
}


NO_AMOUNTS: tuple[Any, ...] = (
    "-5", "NaN", "inf", "1e30", "1" + "0" * 30, "1,5", "1.005", "5 USD", "five", "", -5, 1e30, True, [],
)  # fmt: skip
PAID_IN_OR_OFF = {"charge", "withdraw", "a voucher"}
"""Where it cannot be nothing, either; a price can."""


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_amount_is_refused_at_every_door(app: App, cast: Cast, logged_in: As, door: str) -> None:
    emma = logged_in(rich(app, cast.emma))
    for money in (*NO_AMOUNTS, *(("0", "0.00", "-0", 0) if door in PAID_IN_OR_OFF else ())):
        problem = refused(DOORS[door](app, emma, money), 422, "invalid")
        assert len(problem["detail"]) < 200, money
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM transfers") == [(1,)]
        assert tx.rows("SELECT count(*) FROM vouchers") == [(0,)]
        assert tx.rows("SELECT count(*) FROM offerings WHERE price_minor > 0") == [(0,)]
