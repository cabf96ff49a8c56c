"""Units that change hands when a pool is packed anew, while one of their claims ends elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.core import catalog
from classbook.core.asks import ById, Cancel
from classbook.store.database import Tx
from classbook.testing import FrozenClock
from classbook.values import Offering
from tests.makers import CONSOLE, FREELY, Cast, a_class, a_court, ask, booking_of, broken, hold, rich, show

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Where many write at once, and not all of them have locked the pool."""


@pytest.fixture
def court(app: App, cast: Cast) -> Offering:
    return a_court(app, units=2, price="10", confirm="self", hold_seconds=300, **FREELY)


def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim gets its new unit whatever has become of it."""
    updating = Tx.updating

    def blindly(tx: Tx, table: sa.Table, changed: str, keys: str, rows: list[Any]) -> Any:
        if keys == "reservation_id n live:was":
            return updating(tx, table, changed, "reservation_id n", [row[:-1] for row in rows])
        return updating(tx, table, changed, keys, rows)

    monkeypatch.setattr(Tx, "updating", blindly)


def lapsing_at_the_last_moment(app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between what the next transaction decides and what it writes Ana's holds run out, and she pays elsewhere."""
    other, writing = a_class(app, price="10"), Tx.write_all

    def late(tx: Tx, *writes: Any) -> Any:
        monkeypatch.setattr(Tx, "write_all", writing)
        clock.advance(seconds=1)
        hold(app, other, cast.ana)
        return writing(tx, *writes)

    monkeypatch.setattr(Tx, "write_all", late)


@pytest.mark.parametrize("guard", [False, True], ids=["without compare-and-swap", "with it"])
@pytest.mark.parametrize("how", ["ask", "smaller pool", "smaller class"])
def test_what_lapses_while_its_pool_is_packed_stays_lapsed(
    app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, court: Offering, how: str, guard: bool
) -> None:
    yoga = a_class(app, seats=3, price="10", **FREELY)
    ben, ana = rich(app, cast.ben), rich(app, cast.ana, "40")
    first = ask(app, booking_of(court, ben, "09:00-12:00")), hold(app, yoga, ben)
    theirs = [ask(app, booking_of(court, ana, "11:00-12:00")), hold(app, yoga, ana)]
    for one in first:
        ask(app, Cancel(CONSOLE, ById(one.id)))
    if how == "ask":
        theirs.append(ask(app, booking_of(court, ana, "09:00-10:00")))
    clock.advance(seconds=299)
    if not guard:
        unguarded(monkeypatch)
    lapsing_at_the_last_moment(app, cast, clock, monkeypatch)
    if how == "ask":
        ask(app, booking_of(court, ben, "09:00-12:00"))
    else:
        kind, offering = ("resource", court) if how == "smaller pool" else ("class", yoga)
        catalog.update(app, CONSOLE, kind, offering.id, {"seats": 1})
    assert {show(app, one).state for one in theirs} == {"expired"}
    found = [breach.partition(":")[0] for breach in broken(app)]
    assert (found == []) == guard, found
