"""The kinds of offering, a frozen row each: its default policy, who picks the time, and how an ask becomes claims.

This is the only place where a kind is told from another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from classbook.errors import BadSpan, ClassbookError, Invalid, NotFound, SoldOut, SpanTaken
from classbook.rules.permits import Bookable
from classbook.rules.policy import Policy
from classbook.rules.shelves import Shelf
from classbook.rules.spans import Span
from classbook.rules.timetable import Timetable, why_not_in
from classbook.rules.wanted import Wanted

Shelves = Mapping[int, Shelf]
"""What an offering sells, by pool, in its order."""
When = Callable[[Bookable, Policy, Wanted], "Span | None"]
"""The time an ask is for. Raises Invalid or BadSpan where it cannot be told."""
Plan = Callable[[Shelves, Wanted, "Span | None"], "list[tuple[int, int]] | None"]
"""The (pool, unit) an ask takes for a span, or None where it does not fit."""


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    policy: Policy
    creators: frozenset[str]
    """Roles that may create one."""
    when: When
    plan: Plan
    words: Mapping[str, str] = field(default_factory=dict)
    """What answers call something besides its common name: own word -> common word."""
    refusal: type[ClassbookError] = SoldOut
    """What it is called when nothing fits."""
    timed: bool = False
    """Whether every claim has a span of its own."""
    picks_time: bool = False
    """Whether the client picks the time, from the opening hours."""


def the_houses(offering: Bookable, policy: Policy, wanted: Wanted) -> Span | None:
    """The house picks the time."""
    if wanted.starts_at or wanted.ends_at:
        raise Invalid(f"{offering.title} has its own time.", hint="Leave the time away.")
    if offering.starts_at is None or offering.ends_at is None:
        return None
    return Span(offering.starts_at, offering.ends_at)


def a_slot(offering: Bookable, policy: Policy, wanted: Wanted) -> Span:
    """The client picks a slot, whose length the house has set."""
    if wanted.starts_at is None:
        raise Invalid("When is it to be?", hint="Name the start; `classbook slots` shows free ones.")
    span = Span(wanted.starts_at, wanted.starts_at + timedelta(seconds=policy.slot_seconds))
    if wanted.ends_at not in (None, span.end):
        raise BadSpan(f"A slot of {offering.title} has its own length.", hint="Name only the start.")
    return span


def any_span(offering: Bookable, policy: Policy, wanted: Wanted) -> Span:
    """The client picks any span."""
    if wanted.starts_at is None or wanted.ends_at is None:
        raise Invalid("From when to when is it to be?", hint="Name the start and the end, or the start and a duration.")
    if wanted.ends_at <= wanted.starts_at:
        raise BadSpan("The end must come after the start.")
    return Span(wanted.starts_at, wanted.ends_at)


def any_units(shelves: Shelves, wanted: Wanted, span: Span | None) -> list[tuple[int, int]] | None:
    """Units of the offering's own pool; which ones does not matter."""
    [(pool_id, shelf)] = shelves.items()
    units = shelf.take(wanted.places, span)
    return None if units is None else [(pool_id, unit) for unit in units]


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
            name="appointment",
            policy=Policy(
                confirm="self", hold_seconds=1800, notice_seconds=24 * 3600, party_max=1, per_day=1, slot_seconds=900
            ),
            creators=frozenset({"organizer", "admin"}),
            when=a_slot,
            plan=any_units,
            words={"provider": "creator", "slot": "slot"},
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


def why_not_then(policy: Policy, timetable: Timetable, span: Span) -> ClassbookError | None:
    """Why the opening hours do not allow a span that the client picked."""
    return why_not_in(
        timetable,
        span,
        grid_seconds=policy.slot_seconds or policy.grid_seconds or None,
        min_seconds=policy.min_seconds,
        max_seconds=policy.max_seconds,
    )
