"""Races for money, each shown first with its guard taken away, then gone with it; a storm in which no cent is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.core import booking, catalog, reservations, upkeep, vouchers, wallet
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, GiveBack, Move, Reserve
from classbook.core.money import Purse
from classbook.errors import ClassbookError
from classbook.store import ledger, loading, locking, shelves, wallets
from classbook.store.database import ConstraintRefused, Tx
from classbook.testing import FrozenClock
from classbook.values import Actor, Offering, Person, RequestKey, plain
from tests.makers import (
    CONSOLE,
    FREELY,
    THREADS,
    Cast,
    a_class,
    a_match,
    a_venue,
    as_person,
    broken,
    earned,
    hold,
    purse,
    rich,
)

MANY = 100

ServerOnly = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Where many write at once: SQLite has one writer, so there is no lock to forget."""


def hundredfold(count: int, act: Callable[[int], object], *, threads: int = THREADS) -> Counter[str]:
    """Do ``act(number)`` that often on all threads at once; how often it went well or was refused, by code."""
    barrier = Barrier(threads)

    def run(thread: int) -> list[str]:
        barrier.wait()
        return [became(act, number) for number in range(thread, count, threads)]

    with ThreadPoolExecutor(threads) as pool:
        return Counter(word for words in pool.map(run, range(threads)) for word in words)


def became(act: Callable[[int], object], number: int) -> str:
    try:
        outcome = act(number)
    except ClassbookError as refusal:
        return refusal.code
    except ConstraintRefused:
        return "refused"
    return str(plain(outcome).get("state", "done"))


# --- one hundred at once -------------------------------------------------------------------------------------------


def test_a_hundred_who_pay_for_one_hold_pay_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    offering = a_class(app, price="10", confirm="payment", by=as_person(cast.cleo))
    one = hold(app, offering, rich(app, cast.ana))
    paying = Confirm(as_person(cast.ana), ById(one.id))
    assert hundredfold(MANY, lambda _: booking.one(app, paying)) == {"confirmed": MANY}
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("90.00", "0.00"), "10.00")
    assert (broken(app), sqlstates) == ([], {})


def test_a_hundred_who_cancel_what_was_paid_get_it_back_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    offering = a_class(app, price="10", confirm="payment", by=as_person(cast.cleo))
    one = hold(app, offering, rich(app, cast.ana))
    booking.one(app, Confirm(as_person(cast.ana), ById(one.id)))
    cancelling = Cancel(as_person(cast.ana), ById(one.id))
    assert hundredfold(MANY, lambda _: booking.one(app, cancelling)) == {"cancelled": MANY}
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("100.00", "0.00"), "0.00")
    assert (broken(app), sqlstates) == ([], {})


def test_one_balance_is_spent_once_by_a_hundred_hundredfold(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    """In a hundred classes, so that no other lock orders them but the person's and the wallet's."""
    offerings = [a_class(app, price="10", confirm="none", by=as_person(cast.cleo)) for _ in range(MANY)]
    ana = as_person(rich(app, cast.ana, "105"))
    told = hundredfold(MANY, lambda number: booking.one(app, Reserve(ana, offerings[number].id)))
    assert told == {"confirmed": 10, "insufficient_funds": 90}
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("5.00", "0.00"), "100.00")
    assert (broken(app), sqlstates) == ([], {})


def test_one_balance_is_taken_out_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    ana = as_person(rich(app, cast.ana, "105"))
    told = hundredfold(MANY, lambda _: wallet.withdraw(app, ana, "10"))
    assert told == {"done": 10, "insufficient_funds": 90}
    assert purse(app, cast.ana) == ("5.00", "0.00")
    assert (broken(app), sqlstates) == ([], {})


def test_what_an_organizer_earned_is_taken_out_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    """Its account keeps no figures: there is only its lock."""
    offering = a_class(app, price="100", confirm="none", by=as_person(cast.cleo))
    hold(app, offering, rich(app, cast.ana))
    [account] = [x.id for x in wallet.listing(app, as_person(cast.cleo)).results if x.account == "organizer"]
    told = hundredfold(MANY, lambda _: wallet.withdraw(app, as_person(cast.cleo), "10", wallet=account))
    assert told == {"done": 10, "insufficient_funds": 90}
    assert earned(app, cast.cleo) == "0.00"
    assert (broken(app), sqlstates) == ([], {})


def test_what_is_held_is_not_taken_out_meanwhile(app: App, cast: Cast) -> None:
    offerings = [a_class(app, price="10", by=as_person(cast.cleo), **FREELY) for _ in range(MANY)]
    ana = as_person(rich(app, cast.ana, "200"))

    def act(number: int) -> object:
        if number % 2:
            return wallet.withdraw(app, ana, "10")
        return booking.one(app, Reserve(ana, offerings[number].id))

    told = hundredfold(MANY, act)
    assert told["done"] + told["held"] == 20
    assert purse(app, cast.ana) == (f"{told['held']}0.00", f"{told['held']}0.00")
    assert broken(app) == []


def test_a_key_that_is_used_a_hundred_times_at_once_pays_in_once(app: App, cast: Cast) -> None:
    who, key = cast.ana.id, RequestKey("k", "body")
    assert hundredfold(MANY, lambda _: wallet.top_up(app, CONSOLE, "10", person=who, key=key)) == {"done": MANY}
    assert purse(app, cast.ana) == ("10.00", "0.00")


def test_wallets_that_are_opened_by_all_at_once_are_opened_once(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    """Those of people by topping up, those of who earns by the first who pay."""
    who = cast.dora
    assert hundredfold(MANY, lambda _: wallet.top_up(app, CONSOLE, "1", person=who.id)) == {"done": MANY}
    offerings = [a_class(app, price="1", by=as_person(who)) for _ in range(THREADS)]
    crowd = [rich(app, one) for one in cast.crowd(THREADS)]
    told = hundredfold(
        THREADS, lambda number: booking.one(app, Reserve(as_person(crowd[number]), offerings[number].id))
    )
    assert told == {"held": THREADS}
    found = [(one.user.id, one.account) for one in wallet.listing(app, CONSOLE).results if one.user]
    assert len(found) == len(set(found)) == 2 + THREADS
    assert (broken(app), sqlstates) == ([], {})


def test_a_payment_a_cancellation_and_the_deadline_at_one_moment_have_one_winner(
    app: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str]
) -> None:
    """Everybody's money is with the organizer where it was paid, and back in the wallet where it was not."""
    terms = {"max_per_person": 40} | FREELY
    offering = a_class(app, seats=40, price="10", confirm="payment", by=as_person(cast.cleo), **terms)
    ids = held(app, offering, [rich(app, who, "10") for who in cast.crowd(40)])
    clock.advance(timedelta(seconds=300, microseconds=-len(ids) // 2))
    told: list[tuple[int, str]] = []

    def act(number: int) -> object:
        which = ById(ids[number // 3])
        if number % 3 == 2:
            clock.advance(timedelta(microseconds=1))
            upkeep.settle_offering(app, offering.id)
        else:
            asked = Cancel(CONSOLE, which) if number % 3 else Confirm(CONSOLE, which)
            told.append((which.reservation_id, became(lambda _: booking.one(app, asked), 0)))
        return {}

    hundredfold(3 * len(ids), act)
    upkeep.settle_offering(app, offering.id)
    now = {one.id: one.state for one in reservations.listing(app, CONSOLE, limit=200).results}
    lost = {("cancelled", "confirmed"), ("cancelled", "not_allowed_now"), ("expired", "hold_expired")}
    assert [(now[id], said) for id, said in told if now[id] != said and (now[id], said) not in lost] == []
    assert len(Counter(now.values())) > 1
    assert earned(app, cast.cleo) == f"{10 * Counter(now.values())['confirmed']}.00"
    assert (broken(app), sqlstates) == ([], {})


@ServerOnly
@pytest.mark.parametrize("guarded", [False, True], ids=["without locks and compare-and-swap", "with them"])
def test_without_guards_a_hold_is_paid_cancelled_and_lapsed_at_once(
    app: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Then only the history and the ledger refuse a second end."""
    crowd = [rich(app, who, "1000") for who in cast.crowd(4)]
    if not guarded:
        without_locks(monkeypatch)
        blindly(monkeypatch)
    for _ in range(3 if guarded else 60):
        offering = a_class(app, seats=40, price="1", confirm="payment", by=as_person(cast.cleo), **FREELY)
        ids = held(app, offering, crowd)
        clock.advance(timedelta(seconds=300, microseconds=-1))

        def act(number: int, ids: list[int] = ids, offering: Offering = offering) -> object:
            if number % 3 == 2:
                clock.advance(timedelta(microseconds=1))
                with suppress(ConstraintRefused):
                    upkeep.settle_offering(app, offering.id)
                return {}
            which = ById(ids[number // 3])
            return booking.one(app, Cancel(CONSOLE, which) if number % 3 else Confirm(CONSOLE, which))

        hundredfold(3 * len(ids), act, threads=3 * len(ids))
        if sqlstates["23505"]:
            break
    assert (sqlstates["23505"] == 0) == guarded
    assert broken(app) == []


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody on the booking path."""
    for module in (locking, loading, shelves, ledger):
        for name in [name for name in vars(module) if name.startswith("_LOCK_")]:
            unlocked = getattr(module, name).replace(" FOR NO KEY UPDATE", "").replace(" SKIP LOCKED", "")
            monkeypatch.setattr(module, name, unlocked)


def blindly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is written over whatever it has become."""
    updating = Tx.updating

    def no_compare(tx: Tx, table: sa.Table, changed: str, keys: str, rows: list[Any]) -> Any:
        if keys == "id state:was":
            return updating(tx, table, changed, "id", [row[:-1] for row in rows])
        return updating(tx, table, changed, keys, rows)

    monkeypatch.setattr(Tx, "updating", no_compare)


# --- the wallet's lock ---------------------------------------------------------------------------------------------


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without the lock", "with the lock"])
def test_without_the_lock_only_the_database_stops_spending_twice(
    app: App, cast: Cast, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    """One person's wallet is used by a booking and by withdrawals, which do not lock the person."""
    ana = as_person(cast.ana)
    if not locks:
        monkeypatch.setattr(ledger, "_LOCK_WALLETS", ledger._LOCK_WALLETS.replace(" FOR NO KEY UPDATE", ""))
    for _ in range(3 if locks else 60):
        rich(app, cast.ana, "10")
        offerings = [a_class(app, price="10", confirm="none") for _ in range(4)]

        def act(number: int, offerings: list[Offering] = offerings) -> object:
            if number % 2:
                return wallet.withdraw(app, ana, "10")
            return booking.one(app, Reserve(ana, offerings[number // 2].id))

        told = hundredfold(THREADS, act)
        assert told.keys() <= {"done", "confirmed", "insufficient_funds"}
        assert told["done"] + told["confirmed"] == 1
        assert (broken(app), purse(app, cast.ana)) == ([], ("0.00", "0.00"))
        if sqlstates["23514"]:
            break
    assert (sqlstates["23514"] == 0) == locks


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without the lock", "with the lock"])
def test_without_the_lock_only_the_database_keeps_what_is_held_from_being_taken_out(
    app: App, cast: Cast, sqlstates: Counter[str], monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    ana = as_person(cast.ana)
    if not locks:
        monkeypatch.setattr(wallets, "lock", wallets.by_id)
    for _ in range(3 if locks else 60):
        rich(app, cast.ana, "10")
        offering = a_class(app, price="10", confirm="payment", **FREELY)

        def act(number: int, offering: Offering = offering) -> object:
            return booking.one(app, Reserve(ana, offering.id)) if number else wallet.withdraw(app, ana, "10")

        told = hundredfold(2, act, threads=2)
        assert told.total() == 2
        assert told.keys() <= {"done", "held", "insufficient_funds"} | (set() if locks else {"refused"}), told
        if told["held"]:
            booking.one(app, Cancel(ana, ByPerson(offering.id, cast.ana.id)))
            wallet.withdraw(app, ana, "10")
        assert (broken(app), purse(app, cast.ana)) == ([], ("0.00", "0.00"))
        if sqlstates["23514"]:
            break
    assert (sqlstates["23514"] == 0) == locks


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without the lock", "with the lock"])
def test_without_the_lock_a_wallet_is_filled_beyond_its_limit_while_places_are_held(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    monkeypatch.setattr("classbook.core.wallet.MOST_IN_WALLET_MINOR", 10_000)
    if not locks:
        monkeypatch.setattr(wallets, "lock", wallets.by_id)
    over = False
    for who in cast.crowd(3 if locks else 60):
        ana = as_person(rich(app, who, "90"))
        offerings = [a_class(app, price="1", **FREELY) for _ in range(2)]

        def act(number: int, ana: Actor = ana, offerings: list[Offering] = offerings) -> object:
            if number < len(offerings):
                return booking.one(app, Reserve(ana, offerings[number].id))
            return wallet.top_up(app, ana, "10")

        told = hundredfold(THREADS, act)
        assert (told["held"], purse(app, who)[1], broken(app)) == (2, "2.00", [])
        over = wallet.show(app, ana).balance.minor > 10_000
        assert over == (told["done"] > 1)
        if over:
            break
    assert over != locks


@ServerOnly
@pytest.mark.parametrize("locks", [False, True], ids=["without the lock", "with the lock"])
def test_without_the_lock_more_is_taken_out_than_was_earned(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    """No figure of an account that earns is kept, so no CHECK could refuse."""
    offering = a_class(app, seats=999, price="10", confirm="none", by=as_person(cast.cleo), max_per_person=999)
    rich(app, cast.ana, "9000")
    if not locks:
        monkeypatch.setattr(wallets, "lock", wallets.by_id)
    for _ in range(3 if locks else 60):
        hold(app, offering, cast.ana)
        [account] = [x.id for x in wallet.listing(app, as_person(cast.cleo)).results if x.account == "organizer"]
        hundredfold(THREADS, lambda _, account=account: wallet.withdraw(app, CONSOLE, "10", wallet=account))  # type: ignore[misc]
        if earned(app, cast.cleo).startswith("-"):
            break
    assert earned(app, cast.cleo).startswith("-") != locks


@pytest.fixture
def impatient(database_url: str) -> None:
    """Deadlocks are found at once and not after a second."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET deadlock_timeout = '10ms'")


@ServerOnly
@pytest.mark.parametrize("are_sorted", [False, True], ids=["unsorted", "sorted"])
def test_wallets_locked_unsorted_deadlock(
    impatient: None,
    app: App,
    cast: Cast,
    sqlstates: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    are_sorted: bool,
) -> None:
    """All threads pay for the same people, each in a class of its own: nothing but the wallets is shared."""
    crowd = [rich(app, who, "10000") for who in cast.crowd(6)]
    terms = {"max_per_person": 1000, "party_max": 1000} | FREELY
    offerings = [a_class(app, seats=1000, price="1", **terms) for _ in range(THREADS)]
    rounds = 6 if are_sorted else 60
    holds = {offering.id: held(app, offering, crowd * rounds) for offering in offerings}
    if not are_sorted:
        monkeypatch.setattr(ledger, "_LOCK_WALLETS", ledger._LOCK_WALLETS.replace("ORDER BY id", "ORDER BY random()"))

    def pay(number: int) -> object:
        mine = holds[offerings[number].id]
        for start in range(0, len(mine), len(crowd)):
            if not sqlstates["40P01"]:
                booking.book(app, [Confirm(CONSOLE, ById(id)) for id in mine[start : start + len(crowd)]])
        return {}

    hundredfold(THREADS, pay)
    assert (sqlstates["40P01"] == 0) == are_sorted
    assert broken(app) == []


def held(app: App, offering: Offering, people: list[Person]) -> list[int]:
    """Ids of holds, one for each, made in one batch."""
    asks = [Reserve(as_person(who), offering.id) for who in people]
    return [plain(outcome)["id"] for outcome in booking.book(app, asks)]


# --- the steps of a batch ------------------------------------------------------------------------------------------

FORGOTTEN = {
    "hold": {"every priced hold has one open payment, of its price"},
    "confirm": {"what is confirmed is paid, and what was forfeited was", "no payment is open for what is not held"},
    "cancel": {"no payment is open for what is not held"},
    "lapse": {"no payment is open for what is not held"},
}


@pytest.mark.parametrize("step", FORGOTTEN)
def test_a_step_that_forgets_the_money_is_found_by_the_audit(
    app: App, clock: FrozenClock, cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    offering, ana = a_class(app, price="5", confirm="payment"), rich(app, cast.ana)
    follow = Purse.follow
    monkeypatch.setattr(Purse, "follow", lambda *step, **how: None)
    if step == "hold":
        hold(app, offering, ana)
    else:
        with monkeypatch.context() as remembering:
            remembering.setattr(Purse, "follow", follow)
            one = ById(hold(app, offering, ana).id)
        if step == "lapse":
            clock.advance(seconds=300)
            upkeep.settle_due(app)
        else:
            booking.one(app, (Confirm if step == "confirm" else Cancel)(CONSOLE, one))
    assert {breach.partition(":")[0] for breach in broken(app)} == FORGOTTEN[step]


# --- places given back one by one ----------------------------------------------------------------------------------


def test_seats_given_back_all_at_once_come_back_once_each(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    """Each is asked for several times; the last one that is left cancels the whole."""
    match = a_match(app, a_venue(app, "A:1x10"), prices={"A": "3.33"}, max_per_person=20)
    ana, seats = as_person(rich(app, cast.ana)), tuple(f"A-1-{number}" for number in range(1, 11))
    one = booking.one(app, Reserve(ana, match.id, seats=seats))
    which = ById(plain(one)["id"])
    booking.one(app, Confirm(ana, which))
    catalog.update(app, CONSOLE, "match", match.id, {"prices": {"A": "50"}})
    told = hundredfold(40, lambda number: booking.one(app, GiveBack(ana, which, seats[number % 10])))
    assert told["confirmed"] == 9 and told["cancelled"] >= 1
    assert (purse(app, cast.ana), earned(app, None)) == (("100.00", "0.00"), "0.00")
    assert (broken(app), sqlstates) == ([], {})


def test_a_party_that_shrinks_grows_and_is_cancelled_at_once_costs_what_is_left(
    app: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str]
) -> None:
    terms: dict[str, Any] = {"refund_full_seconds": 48 * 3600, "refund_share_percent": 33}
    for turn in range(5):
        offering = a_class(app, seats=20, price="10.01", confirm="none", by=as_person(cast.cleo), **terms)
        one = ById(hold(app, offering, rich(app, cast.ana), party=3).id)
        asks: list[Ask] = [
            *(Move(as_person(cast.ana), one, party=party) for party in (1, 4, 2, 3)), Cancel(CONSOLE, one),
        ]  # fmt: skip
        catalog.update(app, CONSOLE, "class", offering.id, {"price": f"{turn + 7}.77"})
        hundredfold(10, lambda number, asks=asks: booking.one(app, asks[number % 5]))  # type: ignore[misc]
        assert reservations.show(app, CONSOLE, one.reservation_id).state == "cancelled"
        assert broken(app) == []
    total = sum(round(float(text) * 100) for text in (purse(app, cast.ana)[0], earned(app, cast.cleo)))
    assert total == 5 * 10000
    assert sqlstates == {}


# --- the storm -----------------------------------------------------------------------------------------------------


class Storm:
    """What one thread of the storm does with money, by its own dice."""

    def __init__(self, app: App, clock: FrozenClock, offerings: list[Offering], crowd: list[Person], *, seed: int):
        self.app, self.clock, self.offerings, self.crowd = app, clock, offerings, crowd
        self.dice = random.Random(seed)
        self.told: Counter[str] = Counter()

    def blow(self, rounds: int) -> None:
        for _ in range(rounds):
            asks = [self.ask() for _ in range(self.dice.randint(1, 10))]
            for outcome in booking.book(self.app, asks, dry_run=self.dice.random() < 0.03):
                self.told[outcome.code if isinstance(outcome, ClassbookError) else plain(outcome)["state"]] += 1
            self.something_else()

    def ask(self) -> Ask:
        who, offering = self.dice.choice(self.crowd), self.dice.choice(self.offerings)
        which = ByPerson(offering.id, who.id) if self.dice.random() < 0.6 else ById(self.dice.randint(1, 2_000))
        match self.dice.randint(1, 12):
            case 1 | 2 | 3 | 4 | 5:
                voucher = self.dice.choice((None, None, None, "THIRD", "TWO"))
                return Reserve(as_person(who), offering.id, party=self.dice.choice((1, 1, 2, 3)), voucher=voucher)
            case 6 | 7 | 8:
                return Confirm(CONSOLE, which)
            case 9 | 10:
                return Move(CONSOLE, which, party=self.dice.randint(1, 4))
            case _:
                return Cancel(CONSOLE, which)

    def something_else(self) -> None:
        who, offering = self.dice.choice(self.crowd), self.dice.choice(self.offerings)
        amount = f"{self.dice.randint(0, 6)}.{self.dice.randint(10, 99)}"
        match self.dice.randint(1, 12):
            case 1 | 2 | 3:
                self.clock.advance(seconds=self.dice.choice((1, 60, 200, 301)))
            case 4:
                upkeep.settle_due(self.app)
            case 5 | 6 | 7:
                self.try_to(lambda: wallet.top_up(self.app, as_person(who), amount))
            case 8:
                self.try_to(lambda: wallet.withdraw(self.app, as_person(who), amount))
            case 9:
                new = f"{self.dice.randint(0, 12)}.50"
                self.try_to(lambda: catalog.update(self.app, CONSOLE, "class", offering.id, {"price": new}))
            case 10:
                seen = wallet.show(self.app, CONSOLE, person=who.id)
                assert 0 <= seen.held.minor <= seen.balance.minor, seen

    def try_to(self, act: Callable[[], Any]) -> None:
        try:
            act()
            self.told["done"] += 1
        except ClassbookError as refusal:
            self.told[f"not done: {refusal.code}"] += 1


def stormy(app: App, cast: Cast) -> tuple[list[Offering], list[Person], Offering]:
    later, cleo = timedelta(days=30), as_person(cast.cleo)
    doomed = a_class(app, seats=12, starts_in=later, price="3.25", confirm="self", by=cleo, **FREELY)
    offerings = [
        a_class(app, seats=30, starts_in=later, price="12.50", confirm="payment", by=cleo, **FREELY),
        a_class(app, seats=40, starts_in=later, price="0.99", max_per_person=4, **FREELY),
        a_class(app, seats=30, starts_in=later, price="7", confirm="none", by=as_person(cast.dora)),
        a_class(
            app,
            seats=20,
            starts_in=timedelta(hours=5),
            price="2.50",
            by=cleo,
            refund_full_seconds=4 * 3600,
            refund_share_percent=33,
            refund_share_seconds=2 * 3600,
            **FREELY,
        ),
        a_class(app, seats=5, starts_in=later, **FREELY),
        doomed,
    ]
    vouchers.create(app, CONSOLE, "THIRD", percent=33)
    vouchers.create(app, CONSOLE, "TWO", amount="2")
    return offerings, [rich(app, who, "20") for who in cast.crowd(15)], doomed


def test_a_storm_loses_no_cent(app: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str]) -> None:
    offerings, crowd, doomed = stormy(app, cast)
    storms = [Storm(app, clock, offerings, crowd, seed=seed) for seed in range(THREADS)]

    def blow(number: int) -> object:
        storms[number].blow(40)
        if number == 0:
            catalog.cancel(app, CONSOLE, "class", doomed.id)
        storms[number].blow(20)
        return {}

    hundredfold(THREADS, blow)
    told = sum((storm.told for storm in storms), Counter[str]())
    assert min(told[word] for word in ("held", "confirmed", "cancelled", "insufficient_funds", "done")) > 50, told
    assert not {"internal", "seat_taken", "busy", "unavailable"} & told.keys(), told
    assert sqlstates == {}
    assert broken(app) == []

    clock.advance(timedelta(days=60))
    while upkeep.settle_due(app):
        pass
    assert broken(app) == []
    assert {purse(app, who)[1] for who in crowd} == {"0.00"}


@pytest.mark.parametrize("seed", range(4))
def test_after_every_step_of_a_random_walk_the_ledger_is_right(
    app: App, clock: FrozenClock, cast: Cast, seed: int
) -> None:
    offerings, crowd, doomed = stormy(app, cast)
    storm = Storm(app, clock, offerings, crowd[:6], seed=1000 + seed)
    for turn in range(40):
        storm.blow(1)
        if turn == 30:
            catalog.cancel(app, CONSOLE, "class", doomed.id)
        assert broken(app) == []
