"""Races, each shown first with its guard taken away, then gone with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError, Event, Thread
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.core import booking, catalog, providers, reservations, upkeep
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Resend, Reserve
from classbook.core.batch import TIME, Batch, blocked_in
from classbook.errors import Busy, ClassbookError, HoldExpired, OfferingCancelled, SeatTaken, SoldOut, SpanTaken
from classbook.store import catalog as catalog_store
from classbook.store import loading, locking, saving, shelves
from classbook.store import people as people_store
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.scene import Needs, Scene
from classbook.testing import FrozenClock
from classbook.values import Offering, Outcome, Person, Reservation, plain
from tests.makers import (
    CONSOLE,
    FREELY,
    HOLD,
    THREADS,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    at_once,
    booking_of,
    broken,
    hold,
    on_all_threads,
)

ServerOnly = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Where many write at once: SQLite has one writer, so there is nothing to sort and no lock to forget."""


def without(guard: str, instead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take ``guard`` out of every statement that locks."""
    for module in (locking, loading, shelves):
        for name in [name for name in vars(module) if name.startswith("_LOCK_")]:
            monkeypatch.setattr(module, name, getattr(module, name).replace(guard, instead))


# --- locks in one order --------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(database_url: str) -> None:
    """Deadlocks are found at once and not after a second."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '10ms'")


@ServerOnly
@pytest.mark.parametrize("are_sorted", [False, True], ids=["unsorted", "sorted"])
def test_locks_taken_unsorted_deadlock(
    impatient: None,
    app: App,
    cast: Cast,
    sqlstates: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    are_sorted: bool,
) -> None:
    offerings = [a_class(app, seats=1_000, max_per_person=1_000, **FREELY) for _ in range(4)]
    crowd = cast.crowd(THREADS)
    if not are_sorted:
        without("ORDER BY id", "ORDER BY random()", monkeypatch)

    def rush(number: int) -> None:
        for _ in range(15 if are_sorted else 150):
            if not sqlstates["40P01"]:
                booking.book(app, [Reserve(as_person(crowd[number]), offering.id) for offering in offerings])

    on_all_threads(rush)
    assert (sqlstates["40P01"] == 0) == are_sorted
    assert broken(app) == []


# --- the pool's lock -----------------------------------------------------------------------------------------------


def meanwhile(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch, *, locks: bool) -> Thread:
    """Somebody else acts between the look and the writing of the next booking; with the locks they wait for its end."""
    if not locks:
        without(" FOR NO KEY UPDATE", "", monkeypatch)
        without(" SKIP LOCKED", "", monkeypatch)
    acting, save = Thread(target=act), saving.save

    def save_meanwhile(tx: Tx, scene: Scene) -> None:
        if acting.ident is None:
            acting.start()
            acting.join(timeout=0.5 if locks else None)
            assert acting.is_alive() == locks
        save(tx, scene)

    monkeypatch.setattr(saving, "save", save_meanwhile)
    return acting


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without locks", "with locks"])
def test_without_the_locks_only_the_constraint_stops_an_oversell(
    app: App, cast: Cast, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    offering, theirs = a_class(app, seats=1, **FREELY), list[Outcome]()
    other = Reserve(as_person(cast.ben), offering.id)
    acting = meanwhile(lambda: theirs.extend(booking.book(app, [other])), monkeypatch, locks=locks)
    ours = booking.book(app, [Reserve(as_person(cast.ana), offering.id)])
    acting.join()
    assert [isinstance(one, Reservation) for one in (*ours, *theirs)] == ([True, False] if locks else [False, True])
    [refused] = [one.code for one in (*ours, *theirs) if isinstance(one, ClassbookError)]
    assert refused == ("sold_out" if locks else "seat_taken")
    assert sqlstates["23505"] == (0 if locks else 1)
    assert broken(app) == []


@ServerOnly
def test_whoever_rushes_a_class_gets_every_place_of_it_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    crowd, seats, tries = cast.crowd(THREADS), THREADS * 3, 4
    for _ in range(5):
        offering = a_class(app, seats=seats, max_per_person=tries, **FREELY)
        outcomes: list[Outcome] = []

        def rush(number: int, outcomes: list[Outcome] = outcomes, offering: Offering = offering) -> None:
            for _ in range(tries):
                outcomes.extend(booking.book(app, [Reserve(as_person(crowd[number]), offering.id)]))

        on_all_threads(rush)
        refused = Counter(outcome.code for outcome in outcomes if isinstance(outcome, ClassbookError))
        assert refused == {"sold_out": THREADS * tries - seats}
        assert catalog.show(app, "class", offering.id).reserved == seats
    assert sqlstates["23505"] == 0
    assert broken(app) == []


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without locks", "with locks"])
def test_without_the_locks_places_are_held_in_what_was_cancelled(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    """Somebody cancels a class between the look and the writing of a reserve: in the end nothing of it is alive."""
    offering = a_class(app, confirm="none")
    cancelling = meanwhile(partial(catalog.cancel, app, CONSOLE, "class", offering.id), monkeypatch, locks=locks)
    booking.book(app, [Reserve(as_person(cast.ana), offering.id)])
    cancelling.join()
    with app.store.read() as tx:
        [(alive,)] = tx.rows("SELECT count(*) FROM reservations WHERE due_at IS NOT NULL")
    assert (alive == 0) == locks


@pytest.mark.parametrize("guards", ["both", "constraint", "none"])
def test_a_desk_that_forgets_what_is_taken_is_stopped_by_the_constraint_and_found_by_the_audit(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    offering = a_class(app, seats=3)
    ana, ben, cleo = (as_person(one) for one in (cast.ana, cast.ben, cast.cleo))
    booking.one(app, Reserve(ana, offering.id))
    if guards != "both":
        monkeypatch.setattr(shelves, "HIGHEST", "SELECT id, 0 FROM pools WHERE id AMONG ?")
    if guards == "none":
        app.store.write(lambda tx: tx.connection.execute(sa.text("DROP INDEX claims_fixed")))

    outcomes = booking.book(app, [Reserve(ben, offering.id), Reserve(cleo, offering.id)])
    taken = [plain(outcome)["places"][0]["unit"] for outcome in outcomes if isinstance(outcome, Reservation)]
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, ClassbookError)]
    if guards == "both":
        assert (taken, refused, broken(app)) == ([2, 3], [], [])
    elif guards == "constraint":
        assert (taken, refused, broken(app)) == ([], ["seat_taken", "seat_taken"], [])
    else:
        assert (taken, refused) == ([1, 2], [])
        [breach] = broken(app)
        assert breach.startswith("no place of an offering is taken twice")


@ServerOnly
@pytest.mark.parametrize("kind", ["unit", "slot", "named seat", "best seat"])
@pytest.mark.parametrize("locks", [False, True], ids=["without locks", "with locks"])
def test_the_last_unit_slot_or_seat_has_one_winner(
    app: App, cast: Cast, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch, kind: str, locks: bool
) -> None:
    """Two ask for the one that is left, the second between the look and the writing of the first.

    Without the locks only the constraint is in the way.
    """
    court = a_court(app, units=2) if kind == "unit" else a_doctor(app, notice_seconds=0, open_holds=0)
    match, seats = a_match(app, a_venue(app, "A:1x1"), confirm="none"), ("A-1-1",) if kind == "named seat" else ()
    ana, ben, cleo = cast.ana, cast.ben, cast.cleo

    def asked(who: Person) -> Reserve:
        if "seat" in kind:
            return Reserve(as_person(who), match.id, seats=seats, queue=False)
        return booking_of(court, who, "10:00-11:00" if kind == "unit" else "10:00", queue=False)

    if kind == "unit":
        booking.one(app, asked(cleo))
    theirs: list[Outcome] = []
    acting = meanwhile(lambda: theirs.extend(booking.book(app, [asked(ben)])), monkeypatch, locks=locks)
    ours = booking.book(app, [asked(ana)])
    acting.join()
    [loser], [winner] = (theirs, ours) if locks else (ours, theirs)
    assert isinstance(winner, Reservation)
    assert isinstance(loser, (SpanTaken, SeatTaken, SoldOut))
    assert sqlstates["23P01"] == (0 if locks else 1)
    assert broken(app) == []


@pytest.mark.parametrize("guards", ["both", "constraint", "none"])
def test_a_desk_that_forgets_what_time_is_taken_is_stopped_by_the_constraint_and_found_by_the_audit(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    court = a_court(app)
    booking.one(app, booking_of(court, cast.ana, "10:00-11:00"))
    if guards != "both":
        monkeypatch.setattr(shelves, "TAKEN_SPANS", f"{shelves.TAKEN_SPANS} AND c.unit < 0")
    if guards == "none":
        app.store.write(lambda tx: [tx.connection.execute(sa.text(drop)) for drop in _dropping_overlap(app)] and None)

    [outcome] = booking.book(app, [booking_of(court, cast.ben, "10:30-11:30", queue=False)])
    if guards == "none":
        assert isinstance(outcome, Reservation)
        [breach] = broken(app)
        assert breach.startswith("no unit of a pool is taken twice at a time")
    else:
        assert isinstance(outcome, SpanTaken)
        assert broken(app) == []


def _dropping_overlap(app: App) -> list[str]:
    if app.store.is_embedded:
        return [f"DROP TRIGGER claims_overlap_{event}" for event in ("insert", "update")]
    return ["ALTER TABLE claims DROP CONSTRAINT claims_overlap"]


def test_an_ask_that_the_database_refuses_harms_no_neighbour(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, free = a_class(app, seats=3), a_class(app, seats=3)
    hold(app, full, cast.ana)
    monkeypatch.setattr(shelves, "HIGHEST", "SELECT id, 0 FROM pools WHERE id AMONG ?")
    ben = as_person(cast.ben)
    outcomes = booking.book(
        app, [Reserve(ben, free.id), Reserve(ben, full.id), Confirm(CONSOLE, ByPerson(full.id, cast.ana.id))]
    )
    assert [plain(outcomes[0])["state"], plain(outcomes[2])["state"]] == ["held", "confirmed"]
    assert isinstance(outcomes[1], ClassbookError)
    assert outcomes[1].code == "seat_taken"
    assert broken(app) == []


def test_what_appears_between_the_first_look_and_the_locks_is_not_there_yet(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its offering was not locked, so nothing may be done with it; the others in the batch go on."""
    here, there = a_class(app), a_class(app)
    ana = as_person(cast.ana)
    one = hold(app, here, cast.ana)
    monkeypatch.setattr(locking, "find", lambda tx, ids: [])
    asks: list[Ask] = [Resend(ana, ById(one.id)), Cancel(ana, ById(one.id)), Reserve(ana, there.id)]
    outcomes = booking.book(app, [*asks, Reserve(ana, here.id), Cancel(ana, ById(one.id))])
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, ClassbookError)]
    assert codes == ["not_found", "not_found", "already_reserved", "not_found"]
    assert reservations.show(app, CONSOLE, one.id).state == "held"


# --- what is read after a lock is not older than the lock ------------------------------------------------------------


@contextmanager
def somebody_before_us(app: App, offering: Offering, change: str = "SELECT 1") -> Iterator[None]:
    """While the block runs, another transaction has the offering locked and changed; it commits when the block ends."""
    is_there, may_go = Event(), Event()

    def step(tx: Tx) -> None:
        locking.lock(tx, Needs(offering_ids={offering.id}))
        tx.connection.execute(sa.text(change))
        is_there.set()
        assert may_go.wait(30)

    with ThreadPoolExecutor(1) as pool:
        before_us = pool.submit(app.store.write, step)
        try:
            assert is_there.wait(30)
            yield
        finally:
            may_go.set()
        before_us.result()


def until_it_waits(app: App) -> None:
    """Return when a transaction waits for a lock; SQLite does not tell."""
    with app.store.read() as tx:
        while not app.store.is_embedded and tx.rows("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
            pass


def test_a_confirm_that_waited_past_the_deadline_comes_too_late(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app)
    one = hold(app, offering, cast.ana)
    with ThreadPoolExecutor(1) as pool:
        with somebody_before_us(app, offering):
            waiting = pool.submit(booking.book, app, [Confirm(CONSOLE, ById(one.id))])
            until_it_waits(app)
            clock.advance(HOLD)
        [outcome] = waiting.result()
    assert isinstance(outcome, HoldExpired)


def test_a_reserve_that_waited_while_the_class_was_cancelled_is_refused(app: App, cast: Cast) -> None:
    offering, who = a_class(app), cast.ana
    cancelling = f"UPDATE offerings SET cancelled_at = created_at WHERE id = {offering.id}"
    with ThreadPoolExecutor(1) as pool:
        with somebody_before_us(app, offering, cancelling):
            waiting = pool.submit(booking.book, app, [Reserve(as_person(who), offering.id)])
            until_it_waits(app)
        [outcome] = waiting.result()
    assert isinstance(outcome, OfferingCancelled)


# --- compare and swap ----------------------------------------------------------------------------------------------


def confirm_after_time_won(app: App, clock: FrozenClock, one: Reservation, *, steps_ahead: int = 0) -> None:
    """Look at a hold, let it lapse meanwhile, and confirm what was seen: as if nothing had been locked."""
    needs = Needs(offering_ids={one.offering.id}, reservation_ids={one.id}, other_people_ids={one.user.id})

    def look(tx: Tx) -> Scene:
        tx.abandon()
        return loading.load(tx, needs, locking.lock(tx, needs), lambda scene: {}, blocked=blocked_in(app))

    scene = app.store.write(look)
    clock.advance(HOLD)
    assert upkeep.settle_due(app)
    seen = scene.records[one.id]
    seen.steps += steps_ahead
    Batch(app, scene).step(seen, "confirm", TIME)
    app.store.write(lambda tx: saving.save(tx, scene))


@pytest.fixture
def no_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is written over whatever it has become."""
    updating = Tx.updating

    def blindly(tx: Tx, table: sa.Table, changed: str, keys: str, rows: list[Any]) -> Any:
        if keys == "id state:was":
            return updating(tx, table, changed, "id", [row[:-1] for row in rows])
        return updating(tx, table, changed, keys, rows)

    monkeypatch.setattr(Tx, "updating", blindly)


def test_without_compare_and_swap_the_dead_are_confirmed(
    app: App, clock: FrozenClock, cast: Cast, no_compare: None
) -> None:
    """Over the history's key, too: it would refuse a second step of the same number."""
    one = hold(app, a_class(app), cast.ana)
    confirm_after_time_won(app, clock, one, steps_ahead=1)
    assert reservations.show(app, CONSOLE, one.id).state == "confirmed"
    assert {breach.partition(":")[0] for breach in broken(app)} >= {
        "a reservation that takes places has one live claim for each",
        "every step began where the one before it ended",
    }


def test_without_compare_and_swap_the_history_still_refuses(
    app: App, clock: FrozenClock, cast: Cast, no_compare: None
) -> None:
    one = hold(app, a_class(app), cast.ana)
    with pytest.raises(ConstraintRefused, match="moves_pkey"):
        confirm_after_time_won(app, clock, one)
    assert reservations.show(app, CONSOLE, one.id).state == "expired"
    assert broken(app) == []


def test_with_compare_and_swap_the_dead_stay_dead(app: App, clock: FrozenClock, cast: Cast) -> None:
    one = hold(app, a_class(app), cast.ana)
    app.store.budget_seconds = 0.05
    with pytest.raises(Busy):
        confirm_after_time_won(app, clock, one, steps_ahead=1)
    assert reservations.show(app, CONSOLE, one.id).state == "expired"
    assert broken(app) == []


def test_confirm_and_lapse_at_one_moment_have_one_winner(app: App, clock: FrozenClock, cast: Cast) -> None:
    """The clock passes the deadline while half of the threads confirm and the others settle."""
    offering = a_class(app, seats=100)
    holds = [hold(app, offering, who) for who in cast.crowd(40)]
    clock.advance(HOLD - timedelta(microseconds=20))
    outcomes: dict[int, Outcome] = {}

    def race(number: int) -> None:
        for one in holds[number // 2 :: THREADS // 2]:
            clock.advance(timedelta(microseconds=1))
            if number % 2:
                upkeep.settle_offering(app, offering.id)
            else:
                [outcomes[one.id]] = booking.book(app, [Confirm(CONSOLE, ById(one.id))])

    on_all_threads(race)
    upkeep.settle_due(app)
    for one in holds:
        now = reservations.show(app, CONSOLE, one.id).state
        told = outcomes[one.id]
        assert now == ("expired" if isinstance(told, ClassbookError) else "confirmed")
    assert broken(app) == []


# --- one provider, one calendar ------------------------------------------------------------------------------------


def _made_at_once(app: App, monkeypatch: pytest.MonkeyPatch, *, email: str, after: tuple[Any, str]) -> list[str]:
    """Two make the same person a provider; both come to see what ``after`` finds, where nothing keeps them from it."""
    both_looked, look = Barrier(2), getattr(*after)

    def look_together(*args: Any, **options: Any) -> Any:
        found = look(*args, **options)
        with suppress(BrokenBarrierError):
            both_looked.wait(0.5)
        return found

    monkeypatch.setattr(*after, look_together)
    make = partial(providers.create, app, CONSOLE, email=email, name="Cleo")
    outcomes = at_once(make, make)
    return sorted(one.code if isinstance(one, ClassbookError) else type(one).__name__ for one in outcomes)


AS_PROVIDER = (catalog_store, "of_provider")


def test_a_person_becomes_a_provider_once(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = _made_at_once(app, monkeypatch, email=cast.cleo.email, after=AS_PROVIDER)
    assert outcomes == ["Appointments", "exists"]
    assert len(catalog.listing(app, "appointment").results) == 1


@ServerOnly
def test_without_the_lock_a_person_becomes_a_provider_twice(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tx, "locking", lambda tx: "")
    outcomes = _made_at_once(app, monkeypatch, email=cast.cleo.email, after=AS_PROVIDER)
    assert outcomes == ["Appointments", "Appointments"]


def test_somebody_new_becomes_a_provider_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = _made_at_once(app, monkeypatch, email="new@example.org", after=(people_store, "by_email"))
    assert outcomes == ["Appointments", "exists"]
    assert len(catalog.listing(app, "appointment").results) == 1
