"""What comes into being while a batch waits for its locks: it is not there yet, and harms nobody in the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest

from classbook.app import App
from classbook.core import booking, venues
from classbook.core.asks import Ask, Reserve
from classbook.errors import ClassbookError
from classbook.rules.plan_files import from_options
from classbook.rules.plans import Plan
from classbook.store import locking
from classbook.store.database import Tx
from classbook.store.venues import put_plan
from classbook.values import Outcome, plain
from tests.makers import CONSOLE, Cast, a_class, a_match, a_venue, as_person, broken

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Where what is read after a wait may be newer than what the wait was for."""


def said(outcomes: list[Outcome]) -> list[str]:
    return [one.code if isinstance(one, ClassbookError) else str(plain(one)["state"]) for one in outcomes]


@contextmanager
def in_the_way(app: App, step: Callable[[Tx], object]) -> Iterator[None]:
    """``step`` is done and not committed until the block ends."""
    done, go = Event(), Event()

    def act(tx: Tx) -> None:
        step(tx)
        done.set()
        assert go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        blocker = pool.submit(app.store.write, act)
        assert done.wait(10)
        try:
            yield
        finally:
            go.set()
        blocker.result()


def until_somebody_waits(app: App, asked: Future[list[Outcome]]) -> None:
    """Return when a transaction of this database waits for a lock."""
    with psycopg.connect(app.store.url.set(drivername="postgresql").render_as_string(), autocommit=True) as looking:
        query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not asked.done() and looking.execute(query).fetchone() is None:
            pass


def asked_meanwhile(app: App, asks: list[Ask], pool: ThreadPoolExecutor) -> Future[list[Outcome]]:
    found = pool.submit(booking.book, app, asks)
    until_somebody_waits(app, found)
    return found


def test_an_offering_made_meanwhile_is_not_there_yet(app: App, cast: Cast) -> None:
    old, (ana, ben) = a_class(app), (as_person(cast.ana), as_person(cast.ben))
    lock = f"SELECT id FROM offerings WHERE id = {old.id} FOR UPDATE"
    with ThreadPoolExecutor(1) as pool:
        with in_the_way(app, lambda tx: tx.rows(lock)):
            asked = asked_meanwhile(app, [Reserve(ana, old.id), Reserve(ben, old.id + 1)], pool)
            assert a_class(app).id == old.id + 1
        assert said(asked.result()) == ["held", "not_found"]
    assert broken(app) == []


@pytest.mark.parametrize("locks", [False, True], ids=["without the lock", "with the lock"])
def test_a_seat_torn_down_meanwhile_is_not_sold(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    arena = a_venue(app, "A:1x2")
    match, ana = a_match(app, arena, confirm="none"), as_person(cast.ana)
    built, go = Event(), Event()

    def slowly(tx: Tx, venue_id: int, plan: Plan) -> list[str]:
        lost = put_plan(tx, venue_id, plan)
        built.set()
        assert go.wait(10)
        return lost

    monkeypatch.setattr("classbook.store.venues.put_plan", slowly)
    if not locks:
        unlocked = locking._LOCK_POOLS.replace(" FOR NO KEY UPDATE", "")
        monkeypatch.setattr(locking, "_LOCK_POOLS", unlocked)
    with ThreadPoolExecutor(2) as pool:
        changed = pool.submit(venues.import_plan, app, CONSOLE, arena.id, from_options(["A:1x1"]))
        assert built.wait(10)
        asked = asked_meanwhile(app, [Reserve(ana, match.id, seats=("A-1-2",))], pool)
        go.set()
        changed.result()
        assert said(asked.result()) == (["unknown_seat"] if locks else ["confirmed"])
    found = [breach.partition(":")[0] for breach in broken(app)]
    assert found == ([] if locks else ["a seat that is taken and still to come is in the plan"])


def test_a_stand_built_meanwhile_is_sold_at_once(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = a_venue(app, "A:1x2")
    match, ana = a_match(app, arena, confirm="none"), as_person(cast.ana)
    building, go = Event(), Event()

    def slowly(tx: Tx, venue_id: int, plan: Plan) -> list[str]:
        building.set()
        assert go.wait(10)
        return put_plan(tx, venue_id, plan)

    monkeypatch.setattr("classbook.store.venues.put_plan", slowly)
    with ThreadPoolExecutor(2) as pool:
        built = pool.submit(venues.import_plan, app, CONSOLE, arena.id, from_options(["A:1x2", "B:1x2"]))
        assert building.wait(10)
        asked = asked_meanwhile(app, [Reserve(ana, match.id, seats=("B-1-1",))], pool)
        go.set()
        built.result()
        assert said(asked.result()) == ["confirmed"]
    assert broken(app) == []
