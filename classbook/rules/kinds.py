"""The kinds of offering, a frozen row each: its default policy, who picks the time, and how an ask becomes claims.

This is the only place where a kind is told from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from classbook.errors import BadSpan, ClassbookError, Hint, Invalid, NotFound, SeatTaken, SoldOut, SpanTaken
from classbook.rules.permits import Bookable
from classbook.rules.plans import Plan, parse_label
from classbook.rules.policy import Policy
from classbook.rules.seating import Seating, best_of
from classbook.rules.shelves import SeatShelf, Shelf
from classbook.rules.spans import Span
from classbook.rules.timetable import Timetable, against_span, begins_near, free_spans, slots, why_impossible
from classbook.rules.wanted import Wanted

Shelves = Mapping[int, Shelf]
"""What an offering sells, by pool, in its order."""
When = Callable[[Bookable, Policy, Wanted], "Span | None"]
"""The time an ask is for. Raises Invalid or BadSpan where it cannot be told."""
Planner = Callable[[Shelves, Wanted, "Span | None"], "list[tuple[int, int]] | None"]
"""The (pool, unit) an ask takes for a span, or None where it does not fit."""


Missing = Callable[[Shelves, Wanted], "ClassbookError | None"]
"""Why an ask does not fit, where there is more to say than how many places are left."""


def no_more_to_say(shelves: Shelves, wanted: Wanted) -> ClassbookError | None:
    """How many places are left says it all."""
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    policy: Policy
    creators: frozenset[str]
    """Roles that may create one."""
    when: When
    plan: Planner
    words: Mapping[str, str] = field(default_factory=dict)
    """What answers call something besides its common name: own word -> common word."""
    refusal: type[ClassbookError] = SoldOut
    """What it is called when nothing fits."""
    missing: Missing = no_more_to_say
    """What there is to say besides when something is left."""
    timed: bool = False
    """Whether every claim has a span of its own."""
    in_venue: bool = False
    """Whether it takes place in a venue, has the pitch to itself and sells the seats of the stands."""
    creator_may: frozenset[str] = frozenset({"cancel", "check_in"})
    """What its creator may do with other people's reservations of it."""
    picks_time: bool = False
    """Whether the client picks the time, from the opening hours."""


def the_houses(offering: Bookable, policy: Policy, wanted: Wanted) -> Span | None:
    """The house picks the time. Raises Invalid for an ask that names one."""
    if wanted.starts_at or wanted.ends_at:
        raise Invalid(f"{offering.title} has its own time.", hint="Leave the time away.")
    if offering.starts_at is None or offering.ends_at is None:
        return None
    return Span(offering.starts_at, offering.ends_at)


def a_slot(offering: Bookable, policy: Policy, wanted: Wanted) -> Span:
    """The client picks a slot, whose length the house has set. Raises Invalid, BadSpan."""
    if wanted.starts_at is None:
        raise Invalid("When is it to be?", hint=Hint("Name the start; {} shows free ones.", "see free times"))
    if why := why_impossible(Span(wanted.starts_at, wanted.starts_at + timedelta.resolution)):
        raise why
    span = Span(wanted.starts_at, wanted.starts_at + timedelta(seconds=policy.slot_seconds))
    if wanted.ends_at not in (None, span.end):
        raise BadSpan(f"A slot of {offering.title} has its own length.", hint="Name only the start.")
    return span


def any_span(offering: Bookable, policy: Policy, wanted: Wanted) -> Span:
    """The client picks any span. Raises Invalid, BadSpan."""
    if wanted.starts_at is None or wanted.ends_at is None:
        raise Invalid("From when to when is it to be?", hint="Name the start and the end, or the start and a duration.")
    if wanted.ends_at <= wanted.starts_at:
        raise BadSpan("The end must come after the start.")
    span = Span(wanted.starts_at, wanted.ends_at)
    if why := why_impossible(span):
        raise why
    return span


def any_units(shelves: Shelves, wanted: Wanted, span: Span | None) -> list[tuple[int, int]] | None:
    """Units of the offering's own pool; which ones does not matter. Raises Invalid for an ask that names some."""
    if wanted.seats or wanted.best or wanted.category:
        raise Invalid("Its places have no names.", hint="Say how many: the party.")
    [(pool_id, shelf)] = shelves.items()
    units = shelf.take(wanted.places, span)
    return None if units is None else [(pool_id, unit) for unit in units]


def chosen_seats(shelves: Shelves, wanted: Wanted, span: Span | None) -> list[tuple[int, int]] | None:
    """The named seats, all or nothing, or the best adjacent ones in any stand. Raises Invalid, UnknownSeat."""
    stands = {pool_id: shelf for pool_id, shelf in shelves.items() if isinstance(shelf, SeatShelf)}
    if wanted.seats and wanted.best:
        raise Invalid("Seats are named, or the best ones are asked for, but not both.")
    if wanted.seats:
        return _these_seats(stands, wanted.seats)
    seatings, category = _where(stands, wanted.category)
    found = best_of(seatings, wanted.places, category=category, strict=wanted.strict)
    if found is None:
        return None
    pool_id, units = found
    stands[pool_id].take_these(units)
    return [(pool_id, unit) for unit in units]


def _where(stands: Mapping[int, SeatShelf], category: str | None) -> tuple[dict[int, Seating], str | None]:
    """Where seats of a category are looked for: all of the stand of that name, else seats of that category anywhere."""
    named = {pool_id: shelf.seating for pool_id, shelf in stands.items() if shelf.plan.stand.name == category}
    if named:
        return named, None
    known = frozenset[str]().union(*(shelf.plan.stand.categories for shelf in stands.values()))
    if category is not None and category not in known:
        raise Invalid(f"There is no category {category!r}.", hint=f"One of: {', '.join(sorted(known))}.")
    return {pool_id: shelf.seating for pool_id, shelf in stands.items()}, category


def left_of_seats(shelves: Shelves, wanted: Wanted) -> ClassbookError | None:
    """Why named or adjacent seats are not to be had although there are free ones."""
    stands = [shelf for shelf in shelves.values() if isinstance(shelf, SeatShelf)]
    if wanted.seats:
        free = {label for shelf in stands for unit, label in shelf.plan.names.items() if shelf.seating.is_free(unit)}
        taken = [label for label in wanted.seats if label.strip(" ") not in free]
        return SeatTaken(f"{' and '.join(taken)} {'is' if len(taken) == 1 else 'are'} taken.")
    left = sum(shelf.left(None) for shelf in stands)
    if not left:
        return None
    kept = " that leave no single seat behind" if wanted.strict else ""
    where = f" in {wanted.category}" if wanted.category else ""
    return SoldOut(
        f"{wanted.places} seats next to each other{kept} are not left{where}; "
        f"{left} {'seat is' if left == 1 else 'seats are'} free.",
        hint="Ask for fewer seats, or name single ones.",
    )


def _these_seats(stands: Mapping[int, SeatShelf], labels: Sequence[str]) -> list[tuple[int, int]] | None:
    """The (pool, unit) of named seats, now taken; None where one of them is not free. Raises UnknownSeat, Invalid."""
    plan = Plan(tuple(shelf.plan.stand for shelf in stands.values()))
    pool_of = {shelf.plan.stand.name: pool_id for pool_id, shelf in stands.items()}
    units: dict[int, list[int]] = {}
    for text in labels:
        stand, seat = parse_label(text, plan)
        named = units.setdefault(pool_of[stand.name], [])
        if seat.unit in named:
            raise Invalid(f"{text} is named twice.")
        named.append(seat.unit)
    if not all(stands[pool_id].seating.is_free(unit) for pool_id, wanted in units.items() for unit in wanted):
        return None
    for pool_id, wanted in units.items():
        stands[pool_id].take_these(wanted)
    return [(pool_id, unit) for pool_id, wanted in units.items() for unit in wanted]


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="class",
            policy=Policy(confirm="code", hold_seconds=300, party_max=10, once=True),
            creators=frozenset({"organizer", "admin"}),
            when=the_houses,
            plan=any_units,
            words={"seats": "capacity"},
        ),
        Kind(
            name="event",
            policy=Policy(confirm="none", hold_seconds=300, party_max=10, once=True),
            creators=frozenset({"member", "organizer", "provider", "admin"}),
            when=the_houses,
            plan=any_units,
            words={
                "start_time": "starts_at",
                "end_time": "ends_at",
                "reserved_slots": "reserved",
                "available_slots": "available",
            },
        ),
        Kind(
            name="match",
            policy=Policy(confirm="payment", hold_seconds=600, party_max=10, max_per_person=10),
            creators=frozenset({"admin"}),
            when=the_houses,
            plan=chosen_seats,
            missing=left_of_seats,
            words={"venue_id": "venue_id"},
            timed=True,
            in_venue=True,
        ),
        Kind(
            name="appointment",
            policy=Policy(
                confirm="self", hold_seconds=1800, notice_seconds=24 * 3600, party_max=1, per_day=1, slot_seconds=900
            ),
            creators=frozenset({"organizer", "admin"}),
            when=a_slot,
            plan=any_units,
            words={"provider": "creator", "slot": "slot"},
            creator_may=frozenset({"confirm", "cancel", "check_in"}),
            refusal=SpanTaken,
            timed=True,
            picks_time=True,
        ),
        Kind(
            name="resource",
            policy=Policy(confirm="none", hold_seconds=300, queues=True),
            creators=frozenset({"admin"}),
            when=any_span,
            plan=any_units,
            words={"name": "title", "max_slots": "capacity"},
            refusal=SpanTaken,
            timed=True,
            picks_time=True,
        ),
    )
}


def kind_named(name: str) -> Kind:
    """The kind with that name. Raises NotFound."""
    try:
        return KINDS[name]
    except KeyError:
        raise NotFound(f"There is no kind of offering called {name!r}.") from None


_OF_OPENING_HOURS: Final = (
    "before_seconds", "after_seconds", "slot_seconds", "grid_seconds", "min_seconds", "max_seconds",
)  # fmt: skip
"""Terms that say how opening hours become times to book."""


def check_terms(kind: Kind, terms: Mapping[str, Any]) -> None:
    """Raise Invalid for terms that would mean nothing: buffers and slots, where the house picks the time."""
    for name in _OF_OPENING_HOURS:
        if terms.get(name) and not kind.picks_time:
            raise Invalid(
                f"The time of a {kind.name} is set by the house, so there is no {name} for it.",
                hint="Leave it out: only resources and providers have slots and buffers.",
            )


def against_opening(policy: Policy, timetable: Timetable, span: Span) -> Iterator[ClassbookError]:
    """What speaks, in the opening hours, against a span that the client picked."""
    return against_span(
        timetable,
        span,
        grid_seconds=_grid(policy),
        min_seconds=policy.min_seconds,
        max_seconds=policy.max_seconds,
    )


def free_times(policy: Policy, timetable: Timetable, window: Span, *, busy: Iterable[Span], units: int) -> list[Span]:
    """What is free within a window: slots where the house cuts the time into slots, else the longest free spans.

    ``busy`` are the claims that meet the window and its buffers.
    """
    buffers = {"before_seconds": policy.before_seconds, "after_seconds": policy.after_seconds}
    if policy.slot_seconds:
        return slots(
            timetable,
            length_seconds=policy.slot_seconds,
            start=window.start,
            end=window.end,
            busy=busy,
            units=units,
            **buffers,
        )
    return free_spans(timetable, start=window.start, end=window.end, busy=busy, units=units, **buffers)


def times_near(
    policy: Policy,
    timetable: Timetable,
    window: Span,
    *,
    busy: Iterable[Span],
    units: int,
    length: timedelta,
    near: datetime,
) -> list[Span]:
    """Free times of a length that nothing in the opening hours speaks against, the nearest first."""
    free = free_times(policy, timetable, window, busy=busy, units=units)
    if not policy.slot_seconds:
        begins = (
            moment
            for stretch in free
            for moment in begins_near(timetable, stretch, length=length, near=near, grid_seconds=_grid(policy))
        )
        tried = (Span(moment, moment + length) for moment in begins)
        free = [span for span in tried if not any(against_opening(policy, timetable, span))]
    return sorted(free, key=lambda span: (abs(span.start - near), span.start))


def _grid(policy: Policy) -> int | None:
    return policy.slot_seconds or policy.grid_seconds or None
