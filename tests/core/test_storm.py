"""A storm of mixed asks, in which nothing goes wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from classbook.app import App, open_app
from classbook.config import Settings
from classbook.core import booking, catalog, matches, upkeep, wallet
from classbook.core.asks import Ask, ById, ByPerson, Cancel, CheckIn, Confirm, Move, Resend, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Offering, Person, RequestKey, plain
from tests.makers import (
    CONSOLE,
    FREELY,
    THREADS,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    broken,
    on_all_threads,
    rich,
)

ROUNDS = 100
"""Batches of each thread; a batch has up to 12 asks."""


class Storm:
    """What one thread of the storm does, by its own dice."""

    def __init__(self, app: App, clock: FrozenClock, offerings: list[Offering], crowd: list[Person], *, seed: int):
        self.app, self.clock, self.offerings, self.crowd = app, clock, offerings, crowd
        self.dice = random.Random(seed)
        self.asked = 0
        self.told: Counter[str] = Counter()

    def blow(self, *, rounds: int = ROUNDS) -> None:
        for _ in range(rounds):
            asks = [self.ask() for _ in range(self.dice.randint(1, 12))]
            self.asked += len(asks)
            for outcome in booking.book(self.app, asks, dry_run=self.dice.random() < 0.03):
                self.told[outcome.code if isinstance(outcome, ClassbookError) else plain(outcome)["state"]] += 1
            self.something_else()

    def ask(self) -> Ask:
        who, offering = self.dice.choice(self.crowd), self.dice.choice(self.offerings)
        which = ByPerson(offering.id, who.id) if self.dice.random() < 0.6 else ById(self.dice.randint(1, 2_000))
        key = RequestKey(f"k{self.dice.randint(1, 300)}", "body") if self.dice.random() < 0.2 else None
        match self.dice.randint(1, 10):
            case 1 | 2 | 3 | 4 | 5:
                return Reserve(as_person(who), offering.id, party=self.dice.choice((1, 1, 1, 2, 3, 4)), key=key)
            case 6 | 7:
                return Confirm(CONSOLE, which, code=self.dice.choice((None, None, "123456")))
            case 8 | 9:
                return Cancel(CONSOLE, which, key=key)
            case _:
                return Resend(CONSOLE, which)

    def something_else(self) -> None:
        offering = self.dice.choice(self.offerings)
        match self.dice.randint(1, 20):
            case 1 | 2 | 3:
                self.clock.advance(seconds=self.dice.choice((1, 60, 200, 301)))
            case 4:
                upkeep.settle_due(self.app)
            case 5:
                self.resize(offering, seats=self.dice.randint(3, 12))
            case 6:
                seen = catalog.show(self.app, "class", offering.id)
                assert 0 <= seen.reserved <= seen.capacity, seen

    def resize(self, offering: Offering, *, seats: int) -> None:
        try:
            catalog.update(self.app, CONSOLE, offering.kind, offering.id, {"seats": seats})
            self.told["resized"] += 1
        except ClassbookError as refusal:
            self.told[f"not resized: {refusal.code}"] += 1


@pytest.fixture
def neighbour(settings: Settings, app: App) -> Iterator[App]:
    """The same house opened once more, as another process would."""
    with closing(open_app(settings, clock=app.clock, chance=app.chance, mailer=app.mailer)) as opened:
        yield opened


def test_a_storm_of_mixed_asks_breaks_nothing(
    app: App, neighbour: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str]
) -> None:
    """Thousands of asks on a few classes from all threads of two processes, while clocks jump and classes change."""
    later = timedelta(days=30)
    doomed = a_class(app, seats=12, starts_in=later, confirm="self", **FREELY)
    offerings = [
        a_class(app, seats=8, starts_in=later, **FREELY),
        a_class(app, seats=5, starts_in=later, max_per_person=4, **FREELY),
        a_class(app, seats=10, starts_in=later, confirm="none"),
        a_class(app, seats=6, starts_in=timedelta(hours=5), lasts=timedelta(hours=1), **FREELY),
        doomed,
    ]
    crowd = cast.crowd(25)
    storms = [Storm((app, neighbour)[seed % 2], clock, offerings, crowd, seed=seed) for seed in range(THREADS)]

    def blow(number: int) -> None:
        storms[number].blow()
        if number == 0:
            catalog.cancel(app, CONSOLE, "class", doomed.id)
        storms[number].blow()

    on_all_threads(blow)
    told = sum((storm.told for storm in storms), Counter[str]())
    assert sum(storm.asked for storm in storms) > 10_000
    assert min(told[word] for word in ("held", "confirmed", "cancelled", "sold_out", "already_reserved")) > 100, told
    assert not {"internal", "seat_taken", "busy", "unavailable"} & told.keys(), told
    assert sqlstates.keys() <= {"23505"}, sqlstates  # a request key that two used at once
    assert broken(app) == []

    clock.advance(timedelta(days=60))
    while upkeep.settle_due(app):
        pass
    assert broken(app) == []
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM reservations WHERE due_at IS NOT NULL") == [(0,)]


# --- every kind ----------------------------------------------------------------------------------------------------


class WideStorm(Storm):
    """The same over every kind and verb: times, queues, moves, check-ins, seats and wallets with little in them."""

    def ask(self) -> Ask:
        who, offering = self.dice.choice(self.crowd), self.dice.choice(self.offerings)
        which = ByPerson(offering.id, who.id) if self.dice.random() < 0.6 else ById(self.dice.randint(1, 2_000))
        start, length = self.when(offering)
        ends_at = None if offering.kind == "appointment" or start is None else start + length
        match self.dice.randint(1, 12):
            case 1 | 2 | 3 | 4 | 5 | 6:
                return Reserve(
                    as_person(who), offering.id, party=self.dice.choice((1, 1, 1, 2, 3)), starts_at=start,
                    ends_at=ends_at, queue=self.dice.choice((None, None, True, False)), seats=self.seats(offering),
                )  # fmt: skip
            case 7:
                return Confirm(CONSOLE, which)
            case 8 | 9:
                return Cancel(CONSOLE, which)
            case 10 | 11:
                return Move(CONSOLE, which, party=self.dice.choice((None, 1, 2)), starts_at=start)
            case _:
                return CheckIn(CONSOLE, which)

    def seats(self, offering: Offering) -> tuple[str, ...]:
        """Named seats now and then, else the best."""
        if offering.kind != "match" or self.dice.random() < 0.6:
            return ()
        row, first = self.dice.randint(1, 2), self.dice.randint(1, 4)
        return tuple(f"A-{row}-{seat}" for seat in range(first, first + self.dice.randint(1, 2)))

    def when(self, offering: Offering) -> tuple[datetime | None, timedelta]:
        if offering.starts_at is not None:
            return None, timedelta()
        quarter = timedelta(minutes=15)
        now = self.clock.now()
        last = now - timedelta(seconds=now.timestamp() % 900)
        return last + quarter * self.dice.randint(0, 12), quarter * self.dice.randint(1, 6)

    def something_else(self) -> None:
        offering = self.dice.choice(self.offerings)
        match self.dice.randint(1, 20):
            case 1 | 2:
                self.clock.advance(seconds=self.dice.choice((1, 60, 200, 301)))
            case 3 | 4:
                upkeep.settle_due(self.app)
            case 5 if offering.kind not in ("appointment", "match"):
                self.resize(offering, seats=self.dice.randint(3, 7))
            case 6:
                seen = catalog.show(self.app, offering.kind, offering.id)
                assert 0 <= seen.reserved <= seen.capacity, seen
            case 7 | 8 | 9:
                self.use_a_wallet(self.dice.choice((wallet.top_up, wallet.top_up, wallet.withdraw)))
            case 10 if offering.price is not None:
                price = f"{self.dice.randint(1, 4)}.50"
                change = {"prices": {"A": price}} if offering.kind == "match" else {"price": price}
                self.try_to(lambda: catalog.update(self.app, CONSOLE, offering.kind, offering.id, change))
            case 11 if offering.kind == "match":
                act = self.dice.choice((matches.block, matches.release))
                self.try_to(lambda: act(self.app, CONSOLE, offering.id, [f"A-2-{self.dice.randint(1, 5)}"]))

    def use_a_wallet(self, act: Callable[..., object]) -> None:
        who = self.dice.choice(self.crowd)
        self.try_to(lambda: act(self.app, as_person(who), f"{self.dice.randint(1, 3)}.00"))
        seen = wallet.show(self.app, CONSOLE, person=who.id)
        assert 0 <= seen.held.minor <= seen.balance.minor, seen

    def try_to(self, act: Callable[[], object]) -> None:
        try:
            act()
        except ClassbookError as refusal:
            self.told[f"not done: {refusal.code}"] += 1


def test_a_storm_over_every_kind_breaks_nothing(
    app: App, neighbour: App, clock: FrozenClock, cast: Cast, sqlstates: Counter[str]
) -> None:
    later = timedelta(days=2)
    offerings = [
        a_class(app, seats=4, starts_in=later, confirm="self", queues=True, **FREELY),
        a_class(app, seats=6, kind="event", starts_in=later, queues=True),
        a_court(app, units=3, confirm="self", after_seconds=300, check_in=True, grace_seconds=600, **FREELY),
        a_court(app, units=5),
        a_doctor(app, notice_seconds=0, on_second="replace", **FREELY),
        a_doctor(app, name="Dr. Kim", notice_seconds=0, per_day=None, **FREELY),
        a_match(app, a_venue(app, "A:2x5"), starts_in=later, prices={"A": "1.50"}, queues=True, **FREELY),
        a_class(app, seats=5, starts_in=later, price="2", confirm="payment", queues=True, max_per_person=4, **FREELY),
        a_court(app, units=2, price="1", confirm="self", hold_seconds=120, **FREELY),
    ]
    crowd = [rich(app, who, "4") for who in cast.crowd(25)]
    storms = [WideStorm((app, neighbour)[seed % 2], clock, offerings, crowd, seed=seed) for seed in range(THREADS)]
    on_all_threads(lambda number: storms[number].blow(rounds=40))
    told = sum((storm.told for storm in storms), Counter[str]())
    words = ("held", "confirmed", "queued", "cancelled", "span_taken", "not_allowed_now", "insufficient_funds")
    assert min(told[word] for word in words) > 10 and told["resized"] and told["seat_taken"], told
    assert not {"internal", "busy", "unavailable"} & told.keys(), told
    assert not sqlstates, sqlstates
    assert broken(app) == []

    clock.advance(timedelta(days=60))
    while upkeep.settle_due(app):
        pass
    assert broken(app) == []
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM reservations WHERE due_at IS NOT NULL") == [(0,)]
