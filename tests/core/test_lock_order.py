"""Locks are taken in one order wherever money is in play; what is dead is in nobody's way while it is written off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import psycopg
import pytest

from classbook.app import App
from classbook.core import booking, catalog, wallet
from classbook.core.asks import Reserve
from classbook.errors import Busy
from classbook.store import catalog as catalog_store
from classbook.store import ledger, loading
from classbook.store.database import Tx, transaction
from classbook.testing import FrozenClock
from tests.makers import (
    CONSOLE,
    HOLD,
    Cast,
    a_class,
    a_court,
    as_person,
    booking_of,
    broken,
    clock_time,
    hold,
    rich,
    said,
)

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Where many write at once: SQLite has one writer."""


@contextmanager
def in_the_way(app: App, statement: str) -> Iterator[Event]:
    """What the statement locks is locked until the block ends, or until the event is set."""
    there, go = Event(), Event()

    def step(tx: Tx) -> None:
        tx.rows(statement)
        there.set()
        assert go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        blocker = pool.submit(app.store.write, step)
        assert there.wait(10)
        try:
            yield go
        finally:
            go.set()
        blocker.result()


def until_wait(app: App, asked: Future[Any], count: int = 1) -> None:
    """Return when that many transactions wait for locks, or when ``asked`` is answered."""
    with psycopg.connect(app.store.url.set(drivername="postgresql").render_as_string(), autocommit=True) as looking:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not asked.done() and looking.execute(query).fetchone() != (count,):
            pass


@pytest.mark.parametrize("waits", [False, True], ids=["skipped", "waited for"])
def test_a_dead_hold_that_somebody_is_writing_off_takes_no_place(
    app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """Its person pays elsewhere at this moment: its row is locked, and its offering is not."""
    offering = a_class(app, seats=1)
    one = hold(app, offering, cast.ana)
    ben = as_person(cast.ben)
    clock.advance(HOLD)
    if not waits:
        monkeypatch.setattr(loading, "_LOCK_OVERDUE", f"{loading._LOCK_OVERDUE} SKIP LOCKED")
    with ThreadPoolExecutor(1) as pool:
        with in_the_way(app, f"SELECT id FROM reservations WHERE id = {one.id} FOR NO KEY UPDATE"):
            asked = pool.submit(booking.book, app, [Reserve(ben, offering.id)])
            until_wait(app, asked)
        assert said(asked.result()) == ["held" if waits else "sold_out"]
    assert broken(app) == []


@pytest.mark.parametrize("looks", [False, True], ids=["not looked at", "looked at"])
def test_money_in_a_dead_hold_that_somebody_is_writing_off_can_be_spent(
    app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, looks: bool
) -> None:
    """The daemon settles that class at this moment, and has not come to the wallet yet."""
    ana = as_person(rich(app, cast.ana, "10"))
    one, free = hold(app, a_class(app, price="10"), cast.ana), a_class(app, price="10")
    clock.advance(HOLD)
    tries: list[int] = []
    if not looks:
        monkeypatch.setattr(ledger, "_STILL_OVER", f"{ledger._STILL_OVER} AND id < 0")
    with (
        ThreadPoolExecutor(1) as pool,
        in_the_way(app, f"SELECT id FROM reservations WHERE id = {one.id} FOR NO KEY UPDATE") as go,
    ):
        load = ledger.load

        def counting(*words: Any, **named: Any) -> Any:
            tries.append(1)
            if len(tries) == 3:
                go.set()
            return load(*words, **named)

        monkeypatch.setattr(ledger, "load", counting)
        told = said(pool.submit(booking.book, app, [Reserve(ana, free.id)]).result())
    assert told == ["held" if looks else "insufficient_funds"]
    assert broken(app) == []


@pytest.fixture
def impatient(database_url: str) -> None:
    """Deadlocks are found at once and not after a second."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET deadlock_timeout = '10ms'")


Together = Callable[[Callable[[], Any], Callable[[], Any]], None]


@pytest.fixture
def wallets_first(impatient: None, app: App) -> Together:
    """Do two things, the first of which has come to its wallets when the second begins."""

    def together(first: Callable[[], Any], second: Callable[[], Any]) -> None:
        with ThreadPoolExecutor(2) as pool:
            with in_the_way(app, "SELECT id FROM wallets FOR NO KEY UPDATE"):
                one = pool.submit(first)
                until_wait(app, one)
                two = pool.submit(second)
                until_wait(app, two, 2)
            one.result()
            two.result()

    return together


@pytest.mark.parametrize("still", [False, True], ids=["wallets before pools", "pools before wallets"])
def test_a_class_that_moves_locks_its_room_before_any_wallet(
    app: App, cast: Cast, clock: FrozenClock, sqlstates: Counter[str], wallets_first: Together,
    monkeypatch: pytest.MonkeyPatch, still: bool,
) -> None:  # fmt: skip
    """Ana's hold in the class is over, so her wallet is needed there; and she books the room for another time."""
    court = a_court(app, price="1")
    offering = a_class(app, price="10", room=court.id)
    hold(app, offering, rich(app, cast.ana))
    clock.advance(HOLD)
    if not still:
        monkeypatch.setattr(catalog_store, "hold_still", lambda tx, offering_id: None)
    times = {"starts_at": clock_time("10:00", days=3), "ends_at": clock_time("11:00", days=3)}
    wallets_first(
        lambda: catalog.update(app, CONSOLE, "class", offering.id, times),
        lambda: booking.one(app, booking_of(court, cast.ana, "10:00-11:00", days=5)),
    )
    assert (sqlstates["40P01"] == 0) == still
    assert broken(app) == []


def test_a_class_that_grows_locks_all_its_wallets_at_once(
    app: App, cast: Cast, clock: FrozenClock, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of who held, and those of who waits for what there is more."""
    offering = a_class(app, seats=1, price="10")
    hold(app, offering, rich(app, cast.ana))
    booking.one(app, Reserve(as_person(rich(app, cast.ben)), offering.id, queue=True))
    booking.one(app, Reserve(as_person(rich(app, cast.dora)), offering.id, queue=True))
    clock.advance(HOLD)
    locked: list[int] = []
    load = ledger.load

    def counting(*words: Any, **named: Any) -> Any:
        till, over = load(*words, **named)
        locked.append(len(till.wallet_of))
        return till, over

    monkeypatch.setattr(ledger, "load", counting)
    catalog.update(app, CONSOLE, "class", offering.id, {"seats": 2})
    assert locked == [3]
    assert broken(app) == []


# --- nobody waits for ever -------------------------------------------------------------------------------------------


def test_whoever_waits_for_money_gives_up_in_the_end(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = as_person(rich(app, cast.ana))
    gives_up_early(app, monkeypatch)
    with in_the_way(app, "SELECT id FROM wallets FOR NO KEY UPDATE"), pytest.raises(Busy):
        wallet.withdraw(app, ana, "10")


def test_whoever_waits_for_a_room_gives_up_in_the_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nobody had it when it was settled."""
    court = a_court(app)
    monkeypatch.setattr(catalog, "settle", lambda *_: None)
    gives_up_early(app, monkeypatch)
    with in_the_way(app, "SELECT id FROM pools FOR NO KEY UPDATE"), pytest.raises(Busy):
        a_class(app, room=court.id)


def gives_up_early(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "_LOCK_TIMEOUT_MS", 20)
    app.store.budget_seconds = 0.01
