"""A walk that hypothesis chooses: after every step the desk and a model of it agree, and the audit is clean.

All kinds, all verbs, money and a jumping clock. The model counts places and cents, and knows nothing of units, locks,
batches, windows or packing. It knows when time is written down only because whoever waits is served then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from classbook.app import App
from classbook.core import booking, catalog, matches, reservations, upkeep, wallet
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm, Move, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Money, Person, Reservation
from tests.makers import (
    CONSOLE,
    FREELY,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    broken,
    said,
)

HOLD_TIME, OFFER_TIME, WINDOW = timedelta(seconds=100), timedelta(seconds=60), timedelta(seconds=900)
START_CENTS = 1200
_numbers = count(1)


@dataclass(eq=False)
class Sold:
    """What is sold, whatever kind: places, and the terms that matter here."""

    id: int
    kind: str
    units: int
    confirm: str = "self"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    after: timedelta = timedelta()
    once: bool = False
    most_each: int | None = None
    longest: int | None = None
    """The largest party."""
    replaces: bool = False
    """One a day, and a later one replaces it."""
    check_in: bool = False
    grace: timedelta | None = None
    price: int = 0
    half_back: timedelta | None = None
    """From so long before the start on, half of the price comes back."""
    rows: tuple[tuple[str, ...], ...] = ()
    """The seats, where they have names."""
    blocked: set[str] = field(default_factory=set)
    cancelled: bool = False

    @property
    def refusal(self) -> str:
        return "sold_out" if self.starts_at else "span_taken"

    def seats_by(self, number: int, how_many: int) -> tuple[str, ...]:
        labels = [label for row in self.rows for label in row]
        return tuple(labels[(number + n) % len(labels)] for n in range(how_many))


@dataclass(eq=False)
class Entry:
    of: Sold
    person: int
    party: int
    start: datetime
    end: datetime
    state: str
    due: datetime | None
    checked: bool = False
    cents: int = 0
    asked: tuple[str, ...] = ()
    """The seats it must be."""
    seats: tuple[str, ...] = ()
    """The seats it is, once it is known."""
    costs: tuple[int, ...] = ()
    """What each place was bought at, in the order of the seats, else in the order in which they were taken."""
    lost: int = 0
    """What did not come back of what was given back."""
    most: int = 100
    """How much of each hundred comes back at most."""

    def blocks(self, moment: datetime) -> bool:
        return self.start <= moment < self.end + self.of.after


TAKEN, LIVE = ("held", "confirmed", "completed"), ("queued", "held", "confirmed")


@dataclass
class House:
    """What should be, told by the law alone."""

    now: datetime
    sold: list[Sold]
    cents: dict[int, int]
    """What people have, by person."""
    where: Callable[[Entry], tuple[str, ...]]
    """Which seats somebody has got: any that may be had are right."""
    entries: list[Entry] = field(default_factory=list)
    richer: set[int] = field(default_factory=set)
    """Who has more to spend since somebody last looked who waits."""

    def seen(self, one: Entry) -> str:
        if one.due is None or self.now < one.due:
            return one.state
        missing = one.of.check_in and not one.checked
        return "completed" if one.state == "confirmed" and not missing else "expired"

    def within(self, of: Sold, *states: str) -> list[Entry]:
        return [one for one in self.entries if one.of is of and self.seen(one) in states]

    def of_person(self, of: Sold, person: int) -> list[Entry]:
        return [one for one in self.within(of, *LIVE) if one.person == person]

    # --- places ---

    def taken_at(self, of: Sold, moment: datetime) -> int:
        return sum(one.party for one in self.within(of, *TAKEN) if one.blocks(moment))

    def taken(self, of: Sold, start: datetime, end: datetime, but: Iterable[Entry] = ()) -> int:
        """The most that is taken at once in a span and the buffer after it."""
        there = [one for one in self.within(of, *TAKEN) if one not in but]
        moments = {start} | {one.start for one in there if start <= one.start < end + of.after}
        return max(sum(one.party for one in there if one.blocks(moment)) for moment in moments)

    def free_seats(self, of: Sold, but: Iterable[Entry] = ()) -> list[list[str]]:
        gone = of.blocked.union(*(one.seats for one in self.within(of, *TAKEN) if one not in but))
        return [[label for label in row if label not in gone] for row in of.rows]

    def fits(self, one: Entry, but: Iterable[Entry] = ()) -> bool:
        of = one.of
        if not of.rows:
            return self.taken(of, one.start, one.end, but) + one.party <= of.units
        free = {label for row in self.free_seats(of, but) for label in row}
        if one.asked:
            return free.issuperset(one.asked)
        runs = [row[n : n + one.party] for row in of.rows for n in range(len(row) - one.party + 1)]
        return any(free.issuperset(run) for run in runs)

    # --- money ---

    def available(self, person: int) -> int:
        return self.cents[person] - sum(
            one.cents for one in self.entries if one.person == person and one.state == "held"
        )

    def returns(self, one: Entry) -> int:
        return one.cents if one.state in ("held", "confirmed") else 0

    def can_pay(self, person: int, cents: int, instead_of: Iterable[Entry] = ()) -> bool:
        return not cents or self.available(person) + sum(map(self.returns, instead_of)) >= cents

    def end(self, one: Entry, state: str, *, back: int | None = None) -> None:
        """A reservation is over, and its money comes back as far as it does."""
        if one.state == "held" and one.cents:
            self.richer.add(one.person)
        elif one.state == "confirmed" and state == "cancelled":
            back = one.cents if back is None else back
            self.cents[one.person] += back
            self.richer |= {one.person} if back else set()
        one.state, one.due = state, None

    def refund(self, one: Entry, cents: int) -> int:
        """What comes back of so much of what was paid."""
        return cents * self.percent(one) // 100

    def percent(self, one: Entry) -> int:
        before = one.start - self.now
        late = one.of.half_back is not None and before <= one.of.half_back
        return min(one.most, 0 if before <= timedelta() else 50 if late else 100)

    def exchanged(
        self, one: Entry, party: int, start: datetime, seats: tuple[str, ...]
    ) -> tuple[tuple[int, ...], int, int, int]:
        """What each place costs after a change, what comes back, what is to be paid, and what is lost."""
        had: dict[str | int, int] = dict(zip(one.seats or range(one.party), one.costs, strict=True))
        costs, kept = [], 0
        for name in seats or range(party):
            before, today = had.get(name), one.of.price
            cost = today if before is None or start != one.start else before
            costs.append(cost)
            kept += 0 if before is None else min(before, cost)
        worth = one.cents - kept
        back = self.refund(one, worth) if one.state == "confirmed" else worth
        return tuple(costs), back, sum(costs) - kept, worth - back

    def exchange(self, one: Entry, party: int, start: datetime, asked: tuple[str, ...]) -> None:
        costs, back, charged, lost = self.exchanged(one, party, start, asked)
        if one.state == "confirmed":
            self.cents[one.person] += back - charged
            self.richer |= {one.person} if back else set()
        elif one.cents and sum(costs) != one.cents:
            self.richer.add(one.person)
        one.lost += lost
        one.party, one.costs, one.cents = party, costs, sum(costs)
        one.asked, one.seats = asked, self.where(one)

    # --- time ---

    def over(self, one: Entry) -> datetime:
        if one.of.check_in and not one.checked and one.of.grace is not None:
            return min(one.end, one.start + one.of.grace)
        return one.end

    def settle(self, *offerings: Sold, payers: Iterable[int] = ()) -> set[int]:
        """Let time do its part with offerings, and with the dead holds of who pays; where those were besides."""
        paying, besides = set(payers), set()
        for one in self.entries:
            if one.due is None or one.due > self.now:
                continue
            elsewhere = one.of not in offerings
            if not elsewhere or (one.person in paying and one.state == "held" and one.cents):
                self.end(one, self.seen(one))
                besides |= {one.of.id} if elsewhere else set()
        for of in sorted(offerings, key=lambda of: of.id):
            self.promote(of)
        return besides

    def promote(self, of: Sold) -> None:
        for one in [] if of.cancelled else self.within(of, "queued"):
            if self.fits(one) and self.can_pay(one.person, of.price * one.party):
                self.place(one, OFFER_TIME)

    def place(self, one: Entry, patience: timedelta) -> None:
        one.state, one.due, one.cents = "held", min(self.now + patience, one.start), one.of.price * one.party
        one.seats, one.costs = self.where(one), (one.of.price,) * one.party
        if one.of.confirm == "none":
            self.confirmed(one)

    def confirmed(self, one: Entry) -> None:
        one.state, one.due = "confirmed", self.over(one)
        self.cents[one.person] -= one.cents

    def look_again(self, besides: Iterable[int] = ()) -> None:
        """Whoever waits is served where something came free besides, or where they wait for money and have it now."""
        again = set(besides)
        while True:
            waiting = [one for one in self.entries if one.state == "queued"]
            again = {one.of.id for one in waiting if one.of.id in again or one.person in self.richer}
            self.richer.clear()
            if not again:
                return
            again.remove(first := min(again))
            self.settle(next(of for of in self.sold if of.id == first))

    def daemon(self) -> None:
        while works := self.due():
            for of in works:
                self.settle(of)
                self.look_again()

    def due(self) -> list[Sold]:
        first: dict[Sold, datetime] = {}
        for one in self.entries:
            if one.due is not None and one.due <= self.now:
                first[one.of] = min(one.due, first.get(one.of, one.due))
        return sorted(first, key=lambda of: (first[of], of.id))

    # --- what is asked ---

    def why_not_then(self, of: Sold, start: datetime) -> str | None:
        if of.cancelled:
            return "offering_cancelled"
        if of.starts_at:
            return "offering_closed" if self.now >= start else None
        return "too_late" if self.now > start or (self.now == start and of.confirm != "none") else None

    def instead_of(
        self, of: Sold, person: int, start: datetime, *, by_admin: bool, moving: Entry | None = None
    ) -> list[Entry] | None:
        """What a later one of that day replaces; None where one of them took place or cannot be cancelled any more."""
        if not of.replaces:
            return []
        there = [one for one in self.within(of, *LIVE, "completed") if one.person == person and one is not moving]
        day = [one for one in there if one.start.date() == start.date()]
        begun = [one for one in day if self.seen(one) == "confirmed" and one.start <= self.now and not by_admin]
        took_place = [one for one in day if one.checked or self.seen(one) == "completed"]
        return None if begun or took_place else day

    def over_limits(self, of: Sold, party: int, mine: list[Entry]) -> str | None:
        if of.longest and party > of.longest:
            return "limit_reached"
        if of.most_each and party + sum(one.party for one in mine) > of.most_each:
            return "limit_reached"
        return None

    def reserve(self, one: Entry, queue: bool) -> str:
        of = one.of
        if why := self.why_not_then(of, one.start):
            return why
        mine = self.of_person(of, one.person)
        if of.once and mine:
            return "already_reserved"
        if why := self.over_limits(of, one.party, mine):
            return why
        replaced = self.instead_of(of, one.person, one.start, by_admin=False)
        if replaced is None:
            return "limit_reached"
        if self.fits(one, replaced):
            if not self.can_pay(one.person, of.price * one.party, replaced):
                return "insufficient_funds"
            for other in replaced:
                self.end(other, "cancelled")
            self.entries.append(one)
            self.place(one, HOLD_TIME)
            self.promote(of)
        elif queue and one.party <= of.units and self.now < one.start and not replaced:
            self.entries.append(one)
        else:
            return "seat_taken" if one.asked else of.refusal
        return one.state

    def confirm(self, one: Entry) -> str:
        state = self.seen(one)
        if state == "confirmed":
            return state
        if one.of.cancelled:
            return "offering_cancelled"
        if state == "held":
            self.confirmed(one)
            return "confirmed"
        return "hold_expired" if state == "expired" else "not_allowed_now"

    def cancel(self, one: Entry) -> str:
        if self.seen(one) in LIVE:
            self.end(one, "cancelled", back=self.refund(one, one.cents))
            self.promote(one.of)
        state = self.seen(one)
        return {"expired": "hold_expired", "completed": "not_allowed_now"}.get(state, state)

    def move(self, one: Entry, party: int, start: datetime, asked: tuple[str, ...], *, by_admin: bool) -> str:
        state, of, length = self.seen(one), one.of, one.end - one.start
        if state not in ("held", "confirmed"):
            return "hold_expired" if state == "expired" else "not_allowed_now"
        if not by_admin and state == "confirmed" and self.now >= one.start:
            return "too_late"
        others = [other for other in self.of_person(of, one.person) if other is not one]
        if start == one.start and (set(asked) < set(one.seats) if asked else party < one.party):
            self.exchange(one, party, start, asked)
            self.promote(of)
            return state
        if why := self.why_not_then(of, start):
            return why
        if why := self.over_limits(of, party, others):
            return why
        replaced = self.instead_of(of, one.person, start, by_admin=by_admin, moving=one)
        if replaced is None:
            return "limit_reached"
        moved = Entry(of, one.person, party, start, start + length, state, None, asked=asked)
        if not self.fits(moved, [one, *replaced]):
            return "seat_taken" if asked else of.refusal
        _, back, charged, _ = self.exchanged(one, party, start, asked)
        if charged and self.available(one.person) + back + sum(map(self.returns, replaced)) < charged:
            return "insufficient_funds"
        for other in replaced:
            self.end(other, "cancelled")
        paid, percent = state == "confirmed" and one.cents, self.percent(one)
        self.exchange(one, party, start, asked)
        if paid and start != one.start and not by_admin:
            one.most = percent
        one.checked = one.checked and start == one.start
        one.start, one.end = start, start + length
        one.due = self.over(one) if state == "confirmed" else min(one.due or start, start)
        self.promote(of)
        return self.seen(one)

    def check_in(self, one: Entry) -> str:
        if not one.checked and self.seen(one) == "completed":
            return "too_late"
        if one.checked or self.seen(one) != "confirmed":
            return "not_allowed_now"
        if self.now < one.start - WINDOW:
            return "too_early"
        one.checked, one.due = True, one.end
        return "confirmed"

    # --- what the house does ---

    def why_not_change(self, of: Sold) -> str | None:
        if of.cancelled:
            return "offering_cancelled"
        return "offering_closed" if of.starts_at and self.now >= of.starts_at else None

    def resize(self, of: Sold, units: int) -> str:
        if why := self.why_not_change(of):
            return why
        before = of.units
        of.units = max(units, before)
        self.settle(of)
        of.units = units
        there = [one for one in self.within(of, *TAKEN) if one.end + of.after > self.now]
        return "changed" if all(self.taken(of, one.start, one.end) <= units for one in there) else "not_allowed_now"

    def reprice(self, of: Sold, cents: int) -> str:
        if why := self.why_not_change(of):
            return why
        of.price = cents
        self.settle(of)
        return "changed"

    def shift(self, of: Sold, by: timedelta) -> str:
        if why := self.why_not_change(of):
            return why
        assert of.starts_at and of.ends_at
        self.settle(of)
        start, end = of.starts_at + by, of.ends_at + by
        if start <= self.now:
            return "bad_span"
        for one in self.within(of, *LIVE):
            one.start, one.end = start, end
            one.due = {"queued": start, "confirmed": self.over(one)}.get(one.state) or min(one.due or start, start)
        of.starts_at, of.ends_at = start, end
        return "changed"

    def call_off(self, of: Sold) -> str:
        if of.cancelled:
            return "changed"
        if why := self.why_not_change(of):
            return why
        self.settle(of)
        self.look_again()
        of.cancelled = True
        for one in self.within(of, *LIVE):
            self.end(one, "cancelled")
        return "changed"

    def block(self, of: Sold, seats: tuple[str, ...]) -> str:
        if why := self.why_not_change(of):
            return why
        self.settle(of)
        if any(set(seats) & set(one.seats) for one in self.within(of, *TAKEN)):
            return "seat_taken"
        of.blocked |= set(seats)
        return "changed"

    def release(self, of: Sold, seats: tuple[str, ...]) -> str:
        if why := self.why_not_change(of):
            return why
        if not of.blocked.issuperset(seats):
            return "not_allowed_now"
        of.blocked -= set(seats)
        self.settle(of)
        return "changed"


def remembered(house: House) -> Callable[[], None]:
    """How to put the model back to what it is now: what was refused changed nothing."""
    entries = [(one, dict(vars(one))) for one in house.entries]
    sold = [(of, dict(vars(of)) | {"blocked": set(of.blocked)}) for of in house.sold]
    cents, richer = dict(house.cents), set(house.richer)

    def restore() -> None:
        for thing, values in (*entries, *sold):
            vars(thing).update(values)
        house.cents, house.richer = cents, richer

    return restore


Numbers = st.integers(min_value=0, max_value=999)
"""Which one: modulo how many there are."""
VERBS = "rrrrrccxmmi"


class EveryKind(RuleBasedStateMachine):
    """The desk and the model, step by step. ``app``, ``clock`` and ``crowd`` are set by the test."""

    app: App
    clock: FrozenClock
    crowd: list[Person]
    with_daemon: bool
    """With it nothing is ever overdue, and people wait for what has a price, too; asks come one by one. Without it
    nobody does anything but who asks."""

    @initialize()
    def begin(self) -> None:
        # On a whole minute, so that slots of two minutes are where they are expected; and everything before is over.
        self.clock.set(NOW + timedelta(days=(self.clock.now() - NOW).days + 1))
        while upkeep.settle_due(self.app):
            pass
        self.ids: list[int] = []
        self.house = House(self.clock.now(), self.on_sale(), {}, self.where)
        self.look()
        for number, who in enumerate(self.crowd):
            if (missing := START_CENTS - self.cents(number)) > 0:
                wallet.top_up(self.app, CONSOLE, f"{Money(missing, 'EUR').amount}", person=who.id)
            self.house.cents[number] = self.cents(number)

    def on_sale(self) -> list[Sold]:
        times: dict[str, Any] = {"starts_in": timedelta(seconds=600), "lasts": timedelta(seconds=300)}
        terms: dict[str, Any] = {"hold_seconds": 100, "offer_seconds": 60} | FREELY
        number, minute = next(_numbers), timedelta(seconds=60)
        arena = a_venue(self.app, "A:2x3", name=f"Arena {number}")
        made = (
            a_class(self.app, seats=3, confirm="self", check_in=True, grace_seconds=60, **times, **terms),
            a_class(self.app, seats=4, kind="event", max_per_person=4, **times, **terms),
            a_court(self.app, units=2, confirm="self", after_seconds=60, check_in=True, grace_seconds=120, **terms),
            a_court(self.app, units=3, **terms),
            a_doctor(self.app, name=f"Doc{number}", notice_seconds=0, slot_seconds=120, on_second="replace", **terms),
            a_class(
                self.app, seats=2, price="3", confirm="payment", refund_full_seconds=200, refund_share_percent=50,
                **times, **terms,
            ),
            a_court(
                self.app, units=1, price="2.51", refund_full_seconds=200, refund_share_percent=50, **terms,
            ),
            a_match(self.app, arena, prices={"A": "2"}, confirm="self", max_per_person=4, **times, **terms),
        )  # fmt: skip
        at: list[dict[str, Any]] = [{"starts_at": one.starts_at, "ends_at": one.ends_at} for one in made]
        ids = iter([one.id for one in made])
        seats = tuple(tuple(f"A-{row}-{seat}" for seat in (1, 2, 3)) for row in (1, 2))
        return [
            Sold(next(ids), "class", 3, check_in=True, grace=minute, once=True, longest=10, **at[0]),
            Sold(next(ids), "event", 4, "none", most_each=4, longest=10, **at[1]),
            Sold(next(ids), "resource", 2, after=minute, check_in=True, grace=2 * minute),
            Sold(next(ids), "resource", 3, "none"),
            Sold(next(ids), "appointment", 1, replaces=True, longest=1),
            Sold(next(ids), "class", 2, once=True, longest=10, price=300, half_back=timedelta(seconds=200), **at[5]),
            Sold(next(ids), "resource", 1, "none", price=251, half_back=timedelta(seconds=200)),
            Sold(next(ids), "match", 6, most_each=4, longest=10, price=200, rows=seats, **at[7]),
        ]

    def cents(self, number: int) -> int:
        return wallet.show(self.app, CONSOLE, person=self.crowd[number].id).balance.minor

    def may_wait(self, of: Sold) -> bool:
        return self.with_daemon or not of.price

    @rule(
        asks=st.lists(
            st.tuples(st.sampled_from(VERBS), Numbers, Numbers, st.integers(1, 3), st.integers(-1, 10)),
            min_size=1,
            max_size=6,
        )
    )
    def book(self, asks: list[tuple[str, int, int, int, int]]) -> None:
        """A batch of everything, about what was there before it."""
        known = len(self.ids)
        self.house.now = now = self.clock.now()
        batch = [self.asked(*one, now=now) for one in asks if known or one[0] == "r"]
        first = next((one for one in batch if one[0].rows), None)
        # Which seats somebody has got is known after the batch: one ask for seats in each.
        batch = batch[:1] if self.with_daemon else [one for one in batch if not one[0].rows or one is first]
        outcomes = booking.book(self.app, [asked for _, _, asked, _ in batch])
        for (_, _, asked, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(asked, Reserve) and isinstance(outcome, Reservation):
                self.ids.append(outcome.id)
        self.look()
        sold = {id(of): of for of, *_ in batch}.values()
        payers = [person for _, person, _, _ in batch if person is not None] if any(of.price for of in sold) else []
        besides = self.house.settle(*sold, payers=payers)
        expected = [meant() for *_, meant in batch]
        self.house.look_again(besides)
        assert said(outcomes) == expected

    def asked(
        self, verb: str, first: int, second: int, party: int, minutes: int, *, now: datetime
    ) -> tuple[Sold, int | None, Ask, Callable[[], str]]:
        """What it is about, who may have to pay, the ask, and how the model does it."""
        # Two minutes apart, from the last slot that has begun on.
        then = now - timedelta(seconds=(now - NOW).total_seconds() % 120) + timedelta(seconds=120 * minutes)
        if verb == "r":
            of, person = self.house.sold[first % len(self.house.sold)], second % len(self.crowd)
            start, end = then, then + timedelta(seconds=120 if of.replaces else 60 * (1 + second % 7))
            picked: dict[str, Any] = {"starts_at": start, "ends_at": end}
            if of.starts_at and of.ends_at:
                start, end, picked = of.starts_at, of.ends_at, {}
            seats = of.seats_by(minutes + 1, party) if of.rows and second % 2 else ()
            queue = second % 4 < 2 and self.may_wait(of)
            asked: Ask = Reserve(as_person(self.crowd[person]), of.id, party=party, seats=seats, queue=queue, **picked)
            entry = Entry(of, person, party, start, end, "queued", start, asked=seats)
            return of, person, asked, partial(self.house.reserve, entry, queue)
        one, which = self.house.entries[first % len(self.ids)], ById(self.ids[first % len(self.ids)])
        if verb == "m":
            begins = None if one.of.starts_at or second % 3 == 0 else then
            # Which seats are the best is not the model's to say, and what they cost depends on which are kept.
            seats = one.of.seats_by(minutes + 1, party) if one.of.rows else ()
            by_admin = second % 5 < 2
            actor = CONSOLE if by_admin else as_person(self.crowd[one.person])
            moving = Move(actor, which, party=party, starts_at=begins, seats=seats or None)

            def moved() -> str:
                return self.house.move(one, party, begins or one.start, seats, by_admin=by_admin)

            return one.of, one.person, moving, moved
        asks: dict[str, tuple[Ask, Callable[[Entry], str]]] = {
            "c": (Confirm(CONSOLE, which), self.house.confirm),
            "x": (Cancel(CONSOLE, which), self.house.cancel),
            "i": (CheckIn(CONSOLE, which), self.house.check_in),
        }
        asked, act = asks[verb]
        return one.of, None, asked, partial(act, one)

    @rule(seconds=st.sampled_from((1, 59, 60, 100, 120, 300, 900)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        if self.with_daemon:
            self.settle()

    @rule()
    def settle(self) -> None:
        """The daemon writes down what is due: but for who waits for money, nobody can tell the difference."""
        self.house.now = self.clock.now()
        while upkeep.settle_due(self.app):
            pass
        self.look()
        self.house.daemon()

    @rule()
    def nobody_is_left(self) -> None:
        """Whoever waits has been served already, wherever nothing is due."""
        if self.with_daemon:
            assert not upkeep.serve_waiting(self.app)

    @rule(number=Numbers, amount=st.integers(1, 900), takes_out=st.booleans())
    def use_the_wallet(self, number: int, amount: int, takes_out: bool) -> None:
        person = number % len(self.crowd)
        who, text = as_person(self.crowd[person]), Money(amount, "EUR").amount
        self.house.now = self.clock.now()
        move = wallet.withdraw if takes_out else wallet.top_up
        told = self.tell(lambda: move(self.app, who, text))
        if not takes_out:
            self.house.cents[person] += amount
            self.house.look_again({one.of.id for one in self.house.entries if one.person == person and one.of.price})
            return
        dead = [one.of for one in self.house.entries if one.person == person and one.state == "held" and one.cents]
        for of in sorted(set(dead), key=lambda of: of.id):
            if any(one.of is of and one.due and one.due <= self.house.now for one in self.house.entries):
                self.house.settle(of)
                self.house.look_again()
        expected = "changed" if self.house.available(person) >= amount else "insufficient_funds"
        assert told == expected
        self.house.cents[person] -= amount if expected == "changed" else 0

    # --- what the house does ---

    @rule(number=Numbers, units=st.integers(1, 5))
    def resize(self, number: int, units: int) -> None:
        of = [of for of in self.house.sold if not of.rows and not of.replaces][number % 6]
        # Which units have begun, the model does not know: where that may be why not, what the desk says is right.
        begun = not of.starts_at and units < of.units and self.has_begun(of)
        changes = {"seats": units}
        self.change(of, partial(self.house.resize, of, units), changes, or_else="not_allowed_now" if begun else None)

    def has_begun(self, of: Sold) -> bool:
        now = self.clock.now()
        return any(one.start <= now < one.end + of.after for one in self.house.within(of, *TAKEN))

    @rule(number=Numbers, cents=st.sampled_from((100, 250, 400)))
    def reprice(self, number: int, cents: int) -> None:
        of = [of for of in self.house.sold if of.price][number % 3]
        text = Money(cents, "EUR").amount
        self.change(of, partial(self.house.reprice, of, cents), {"prices": {"A": text}} if of.rows else {"price": text})

    @rule(number=Numbers, seconds=st.sampled_from((-300, -60, 60, 300)))
    def shift(self, number: int, seconds: int) -> None:
        of = [of for of in self.house.sold if of.starts_at][number % 4]
        assert of.starts_at and of.ends_at
        by = timedelta(seconds=seconds)
        times = {"starts_at": of.starts_at + by, "ends_at": of.ends_at + by}
        self.change(of, partial(self.house.shift, of, by), times)

    def change(self, of: Sold, meant: Callable[[], str], values: dict[str, Any], *, or_else: str | None = None) -> None:
        self.do(of, meant, lambda: catalog.update(self.app, CONSOLE, of.kind, of.id, values), or_else=or_else)

    @rule(number=Numbers, sure=st.integers(0, 3))
    def call_off(self, number: int, sure: int) -> None:
        of = self.house.sold[number % len(self.house.sold)]
        if sure == 0 and of.starts_at:
            meant = partial(self.house.call_off, of)
            self.do(of, meant, lambda: catalog.cancel(self.app, CONSOLE, of.kind, of.id))

    @rule(number=Numbers, how_many=st.integers(1, 2), blocks=st.booleans())
    def keep_from_sale(self, number: int, how_many: int, blocks: bool) -> None:
        of = self.house.sold[-1]
        seats = of.seats_by(number, how_many)
        meant = partial(self.house.block if blocks else self.house.release, of, seats)
        act = matches.block if blocks else matches.release
        self.do(of, meant, lambda: act(self.app, CONSOLE, of.id, seats))

    def do(self, of: Sold, meant: Callable[[], str], act: Callable[[], object], *, or_else: str | None = None) -> None:
        """What the model expects is what becomes of it; what is refused changes nothing."""
        self.house.now = self.clock.now()
        restore, told = remembered(self.house), self.tell(act)
        assert told in (meant(), or_else)
        if told == "changed":
            self.house.look_again()
        else:
            restore()

    def tell(self, act: Callable[[], object]) -> str:
        try:
            act()
            told = "changed"
        except ClassbookError as refusal:
            told = refusal.code
        self.look()
        return told

    # --- what there is ---

    def look(self) -> None:
        self.shown = {one.id: one for one in reservations.listing(self.app, CONSOLE, limit=200).results}

    def where(self, one: Entry) -> tuple[str, ...]:
        known = self.shown[self.ids[self.house.entries.index(one)]]
        return tuple(str(place.seat) for place in known.places) if one.of.rows else ()

    # --- what must be true ---

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "house"):
            return
        house = self.house
        house.now = self.clock.now()
        self.look()
        for one, id in list(zip(house.entries, self.ids, strict=True))[-200:]:
            seen, price = self.shown[id], self.shown[id].price
            assert (seen.state, seen.party) == (house.seen(one), one.party)
            if house.seen(one) in TAKEN:
                assert (price.minor if price else 0) == one.cents
                forfeited = self.shown[id].forfeited
                assert (forfeited.minor if forfeited else 0) == one.lost
                assert self.where(one) == one.seats
        for of in house.sold:
            figures = catalog.show(self.app, of.kind, of.id)
            taken = house.taken_at(of, of.starts_at or house.now)
            assert (figures.capacity, figures.reserved) == (of.units, taken)
            if of.starts_at:
                closed = house.why_not_change(of) is not None
                assert figures.available == (0 if closed else of.units - taken - len(of.blocked))
        assert [self.cents(number) for number in house.cents] == list(house.cents.values())
        for of in house.sold:
            seats = [seat for one in house.within(of, *TAKEN) for seat in one.seats]
            assert len(seats) == len(set(seats)) and not of.blocked & set(seats)

    @invariant()
    def the_audit_is_clean(self) -> None:
        assert broken(self.app) == []


@pytest.mark.timeout(600)  # so that what fails is made small
@pytest.mark.parametrize("with_daemon", [False, True], ids=["without a daemon", "with a daemon"])
def test_every_kind_walks_with_one_model(app: App, clock: FrozenClock, cast: Cast, with_daemon: bool) -> None:
    known = {"app": app, "clock": clock, "crowd": cast.crowd(5), "with_daemon": with_daemon}
    run_state_machine_as_test(
        type("EveryKind", (EveryKind,), known),
        settings=settings(
            max_examples=20 if app.store.is_embedded else 5,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
