"""Which indexes SQLite takes: it knows no figures, so one more index may lead it astray."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking, holds, reservations, upkeep, wallet
from classbook.core.asks import ById, Cancel, Confirm, Move, Reserve
from classbook.testing import FrozenClock
from tests.conftest import SECRET
from tests.databases import SqliteCopies
from tests.makers import CONSOLE, HOLD, NOW, Cast, a_class, a_court, a_match, a_venue, as_person, booking_of, hold, rich

OF_EVERYBODY = ("reservations_by_state", "reservations_by_start")


@contextmanager
def heard() -> Iterator[set[str]]:
    """Every statement that a connection runs which is opened meanwhile."""
    said: set[str] = set()

    def listen(connection: Any, _record: object) -> None:
        connection.set_trace_callback(said.add)

    sa.event.listen(sa.Pool, "connect", listen)
    try:
        yield said
    finally:
        sa.event.remove(sa.Pool, "connect", listen)


def misled(app: App, said: set[str]) -> list[str]:
    """The statements that go through the indexes of the lists of everybody's."""
    reading = [text for text in said if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)\b.*\breservations\b", text, re.S)]
    assert len(reading) > 3
    with app.store.read() as tx:
        plans = {text: tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").fetchall() for text in reading}
    return [text for text, plan in plans.items() if any(name in row[3] for row in plan for name in OF_EVERYBODY)]


def test_the_indexes_of_lists_of_everybody_are_for_those_alone(sqlite_copies: SqliteCopies, tmp_path: Path) -> None:
    environ = {"CLASSBOOK_DATABASE_URL": sqlite_copies.copy_to(tmp_path), "CLASSBOOK_SECRET": SECRET}
    clock = FrozenClock(NOW)
    with (
        heard() as said,
        closing(open_app(load(config_path=None, environ=environ, overrides={}), clock=clock)) as app,
    ):
        said.clear()
        cast = Cast(app)
        ana, ben = rich(app, cast.ana), rich(app, cast.ben)
        match = a_match(app, a_venue(app, "A:2x5"), prices={"A": "10"})
        yoga, court = a_class(app, seats=1), a_court(app)
        one = hold(app, yoga, ana)
        for ask in (
            Reserve(CONSOLE, yoga.id, ben.id, queue=True),
            Confirm(CONSOLE, ById(one.id)),
            Cancel(CONSOLE, ById(one.id)),
            Reserve(CONSOLE, match.id, ana.id, best=2),
            Reserve(CONSOLE, match.id, ben.id, best=3),
            booking_of(court, ana, "10:00-12:00"),
        ):
            booking.book(app, [ask])
        [seats] = reservations.listing(app, as_person(ana), kind="match").results
        booking.book(app, [Move(CONSOLE, ById(seats.id), seats=("A-2-1",))])
        holds.release(app, CONSOLE, person=ben.id)
        wallet.withdraw(app, CONSOLE, "1", person=ana.id)
        clock.advance(HOLD + timedelta(hours=1))
        while upkeep.settle_due(app):
            pass
        assert misled(app, said) == []

        said.clear()
        reservations.listing(app, CONSOLE, state="held")
        reservations.listing(app, CONSOLE, state="expired")
        reservations.agenda(app, CONSOLE)
        assert len(misled(app, said)) == 3
