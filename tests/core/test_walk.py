"""A walk that hypothesis chooses: after every step the desk and a model of it in a few lines agree, and the audit is
clean. The model knows nothing of units, locks, batches or of when time is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from classbook.app import App
from classbook.core import booking, catalog, reservations, upkeep
from classbook.core.asks import Ask, ById, Cancel, Confirm, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Person, Reservation, plain
from tests.makers import CONSOLE, Cast, a_class, as_person, broken

HOLD_SECONDS = 100


@dataclass
class Class:
    seats: int
    starts_at: datetime
    ends_at: datetime
    most_each: int | None
    """None: one reservation a person. A number: so many places a person."""
    at_once: bool
    """Nothing needs to be confirmed."""
    cancelled: bool = False


@dataclass
class Booked:
    of: Class
    person: int
    party: int
    state: str
    deadline: datetime


@dataclass
class Model:
    """What should be, told by the law alone."""

    now: datetime
    classes: list[Class] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)

    def state(self, one: Booked) -> str:
        if one.state == "held" and self.now >= one.deadline:
            return "expired"
        return "completed" if one.state == "confirmed" and self.now >= one.of.ends_at else one.state

    def taken(self, of: Class) -> int:
        return sum(
            one.party for one in self.booked if one.of is of and self.state(one) in ("held", "confirmed", "completed")
        )

    def closed(self, of: Class) -> str | None:
        if of.cancelled:
            return "offering_cancelled"
        return "offering_closed" if self.now >= of.starts_at else None

    def reserve(self, of: Class, person: int, party: int) -> str:
        if refusal := self.closed(of):
            return refusal
        mine = [one.party for one in self.booked if one.of is of and one.person == person and self.lives(one)]
        if of.most_each is None and mine:
            return "already_reserved"
        if of.most_each is not None and sum(mine) + party > of.most_each:
            return "limit_reached"
        if self.taken(of) + party > of.seats:
            return "sold_out"
        deadline = min(self.now + timedelta(seconds=HOLD_SECONDS), of.starts_at)
        self.booked.append(Booked(of, person, party, "confirmed" if of.at_once else "held", deadline))
        return self.booked[-1].state

    def lives(self, one: Booked) -> bool:
        return self.state(one) in ("held", "confirmed")

    def confirm(self, one: Booked) -> str:
        if self.state(one) == "confirmed":
            return "confirmed"
        if one.of.cancelled:
            return "offering_cancelled"
        if self.state(one) == "held":
            one.state = "confirmed"
            return "confirmed"
        return "hold_expired" if self.state(one) == "expired" else "not_allowed_now"

    def cancel(self, one: Booked) -> str:
        if self.lives(one):
            one.state = "cancelled"
        state = self.state(one)
        return {"expired": "hold_expired", "completed": "not_allowed_now"}.get(state, state)

    def resize(self, of: Class, seats: int) -> str:
        if refusal := self.closed(of):
            return refusal
        if self.taken(of) > seats:
            return "not_allowed_now"
        of.seats = seats
        return "changed"

    def call_off(self, of: Class) -> str:
        if of.cancelled:
            return "cancelled"
        if refusal := self.closed(of):
            return refusal
        for one in self.booked:
            if one.of is of and self.lives(one):
                one.state = "cancelled"
        of.cancelled = True
        return "cancelled"


Numbers = st.integers(min_value=0, max_value=999)
"""Which one: modulo how many there are."""


class Walk(RuleBasedStateMachine):
    """The desk and the model, step by step. ``app``, ``clock`` and ``crowd`` are set by the test."""

    app: App
    clock: FrozenClock
    crowd: list[Person]

    @initialize()
    def begin(self) -> None:
        self.model = Model(self.clock.now())
        self.offering_ids: list[int] = []
        self.reservation_ids: list[int] = []
        for seats, most_each, confirm in ((3, None, "code"), (5, 4, "self"), (2, None, "none")):
            offering = a_class(
                self.app,
                seats=seats,
                starts_in=timedelta(seconds=400),
                lasts=timedelta(seconds=200),
                hold_seconds=HOLD_SECONDS,
                confirm=confirm,
                max_per_person=most_each,
            )
            assert offering.starts_at is not None
            assert offering.ends_at is not None
            self.offering_ids.append(offering.id)
            self.model.classes.append(
                Class(seats, offering.starts_at, offering.ends_at, most_each, at_once=confirm == "none")
            )

    def which(self, number: int) -> int:
        return number % len(self.model.classes)

    @rule(
        asks=st.lists(st.tuples(st.sampled_from("rrrcx"), Numbers, Numbers, st.integers(1, 3)), min_size=1, max_size=8)
    )
    def book(self, asks: list[tuple[str, int, int, int]]) -> None:
        """A batch of reserves, confirms and cancellations of what was there before it."""
        known = len(self.reservation_ids)
        batch: list[Ask] = []
        expected: list[str] = []
        for verb, first, second, party in asks:
            if verb == "r":
                person = second % len(self.crowd)
                batch.append(Reserve(as_person(self.crowd[person]), self.offering_ids[self.which(first)], party=party))
                expected.append(self.model.reserve(self.model.classes[self.which(first)], person, party))
            elif known:
                which = ById(self.reservation_ids[first % known])
                one = self.model.booked[first % known]
                batch.append(Confirm(CONSOLE, which) if verb == "c" else Cancel(CONSOLE, which))
                expected.append(self.model.confirm(one) if verb == "c" else self.model.cancel(one))
        outcomes = booking.book(self.app, batch)
        told = [one.code if isinstance(one, ClassbookError) else str(plain(one)["state"]) for one in outcomes]
        assert told == expected
        for asked, outcome in zip(batch, outcomes, strict=True):
            if isinstance(asked, Reserve) and isinstance(outcome, Reservation):
                self.reservation_ids.append(outcome.id)

    @rule(seconds=st.sampled_from((1, 50, 99, 100, 101, 250)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.model.now = self.clock.now()

    @rule()
    def settle(self) -> None:
        """The daemon writes down what is due: nobody can tell the difference."""
        upkeep.settle_due(self.app)

    @rule(number=Numbers, seats=st.integers(1, 6))
    def resize(self, number: int, seats: int) -> None:
        expected = self.model.resize(self.model.classes[self.which(number)], seats)
        try:
            catalog.update(self.app, CONSOLE, "class", self.offering_ids[self.which(number)], {"seats": seats})
            assert expected == "changed"
        except ClassbookError as refusal:
            assert refusal.code == expected

    @precondition(lambda self: len(self.reservation_ids) > 4)
    @rule(number=Numbers)
    def call_off(self, number: int) -> None:
        expected = self.model.call_off(self.model.classes[self.which(number)])
        try:
            catalog.cancel(self.app, CONSOLE, "class", self.offering_ids[self.which(number)])
            assert expected == "cancelled"
        except ClassbookError as refusal:
            assert refusal.code == expected

    @invariant()
    def they_agree(self) -> None:
        if not self.offering_ids:
            return
        for of, offering_id in zip(self.model.classes, self.offering_ids, strict=True):
            shown = catalog.show(self.app, "class", offering_id)
            assert (shown.capacity, shown.reserved) == (of.seats, self.model.taken(of))
            assert shown.available == (0 if self.model.closed(of) else of.seats - self.model.taken(of))
        for one, reservation_id in zip(self.model.booked, self.reservation_ids, strict=True):
            assert reservations.show(self.app, CONSOLE, reservation_id).state == self.model.state(one)

    @invariant()
    def the_audit_is_clean(self) -> None:
        assert broken(self.app) == []


def test_the_desk_walks_with_its_model(app: App, clock: FrozenClock, cast: Cast) -> None:
    walk = type("Walk", (Walk,), {"app": app, "clock": clock, "crowd": cast.crowd(4)})
    run_state_machine_as_test(
        walk,
        settings=settings(
            max_examples=100 if app.store.is_embedded else 20,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
