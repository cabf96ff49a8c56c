"""Which unit of a timed pool a claim gets, and how claims move together when no single unit is free long enough.

The units of such a pool are interchangeable, so that whether something fits is a matter of counting: it does when
nowhere in its span the claims at once and its party are more than the units. That is exact, because intervals can be
laid out on as many units as happen at once at most, by giving each in the order of their starts any unit that is free
then (interval partitioning: Kleinberg and Tardos, Algorithm Design, section 4.1). Claims handed out one by one on the
lowest free unit do not always lie like that; then, and only then, `repack` lays them out again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Set
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Final, Generic, NamedTuple, TypeVar

from classbook.rules.spans import Span, most_at_once

Key = TypeVar("Key", bound=Hashable)

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_ANY: Final = 0
"""Stands where a unit would: units are numbered from 1."""


class Claim(NamedTuple, Generic[Key]):
    """One unit for one span, buffers included. ``key`` tells claims apart: (reservation id, n)."""

    key: Key
    unit: int
    span: Span


class Lanes(Generic[Key]):
    """The claims of a window of time on a timed pool with ``units`` units, while a batch of asks is being decided.

    What it says is right for spans of which it knows every claim that overlaps them. Claims above ``units`` (the pool
    shrank, and they wait to be moved) count as claims and are no units to hand out.
    """

    def __init__(self, *, units: int, claims: Iterable[Claim[Key]] = ()):
        self.units = units
        self._by_key: dict[Key, Claim[Key]] = {}
        self._by_unit: defaultdict[int, list[Span]] = defaultdict(list)
        for claim in claims:
            self.add(claim)

    def free_unit(self, span: Span) -> int | None:
        """The lowest unit that is free for the whole span. It is still free afterwards: `add` takes it."""
        return next((unit for unit in range(1, self.units + 1) if self._is_free(unit, span)), None)

    def count_overlap(self, span: Span) -> int:
        """How many units are claimed at once at most, anywhere in the span."""
        return most_at_once(claimed.clipped(span) for lane in self._by_unit.values() for claimed in _met(lane, span))

    def fits(self, span: Span, party: int = 1) -> bool:
        """Whether ``party`` more can have a unit each, if need be after a `repack`. Exact, but for what is fixed."""
        return self.count_overlap(span) + party <= self.units

    def add(self, claim: Claim[Key]) -> None:
        """A claim that was decided. ValueError, and nothing added, where its unit or its key is taken: a bug."""
        if claim.key in self._by_key or not self._is_free(claim.unit, claim.span):
            raise ValueError(f"{claim} meets another claim")
        self._by_key[claim.key] = claim
        insort(self._by_unit[claim.unit], claim.span)

    def remove(self, key: Key) -> None:
        """A claim that was freed. KeyError where there is none."""
        claim = self._by_key.pop(key)
        lane = self._by_unit[claim.unit]
        del lane[bisect_left(lane, claim.span)]

    def move(self, units: dict[Key, int]) -> None:
        """What `repack` decided: all of these claims leave their units before the first takes its new one."""
        moved = [self._by_key[key]._replace(unit=unit) for key, unit in units.items()]
        for claim in moved:
            self.remove(claim.key)
        for claim in moved:
            self.add(claim)

    def __iter__(self) -> Iterator[Claim[Key]]:
        return iter(self._by_key.values())

    def _is_free(self, unit: int, span: Span) -> bool:
        """As the claims of a unit never overlap, only the last that starts before the end of the span can meet it."""
        lane = self._by_unit.get(unit)
        if not lane:
            return True
        before = bisect_left(lane, (span.end,))
        return not before or lane[before - 1].end <= span.start


def _met(lane: list[Span], span: Span) -> list[Span]:
    """The claims of a unit that overlap the span; as they never overlap, their starts and ends are in order."""
    first = bisect_right(lane, span.start, key=lambda claimed: claimed.end)
    return lane[first : bisect_left(lane, (span.end,), lo=first)]


def repack(
    claims: Iterable[Claim[Key]],
    *,
    units: int,
    fixed: Set[Key] = frozenset(),
    span: Span | None = None,
    party: int = 0,
) -> dict[Key, int] | None:
    """The new units of the claims that must move so that ``party`` of ``units`` units are free for the whole ``span``.

    ``claims`` are all of the pool that end after now, and not only those of a window: one that moves may meet any of
    them. Claims whose key is in ``fixed`` (they have begun) keep their unit; others keep theirs where the way of
    going through them allows it. Without a party it makes claims fit a pool that shrinks. None where it does not fit.

    What is guaranteed: an answer is always right. While no fixed claim starts after one that may move or after
    ``span`` there is an answer exactly if at no time more units are needed than there are (and none of the fixed ones
    lies above ``units``), as these are laid out first then and any free unit does for the others. That is so where
    what is fixed has begun, what is asked for has not, and the buffers of the pool are the same for all. Otherwise
    None may come where a cleverer search would find an answer: to extend a given layout is NP-complete even for spans
    of one length (Marx, "Precoloring extension on unit interval graphs", 2004). Takes n log n for n claims.
    """
    claims = list(claims)
    lanes = _FreeLanes(units, [claim for claim in claims if claim.key in fixed])
    waiting: list[tuple[Span, bool, Claim[Key] | None]] = [
        (claim.span, claim.key not in fixed, claim) for claim in claims
    ]
    if span is not None:
        waiting += [(span, True, None)] * party
    moved: dict[Key, int] = {}
    for wanted, movable, claim in sorted(waiting, key=lambda one: (one[0].start, one[1])):
        lanes.release(wanted.start)
        unit = lanes.take(wanted, claim.unit if claim else _ANY, movable=movable)
        if unit is None:
            return None
        if claim is not None and unit != claim.unit:
            moved[claim.key] = unit
    return moved


class _FreeLanes:
    """The units that are free at one moment, which only goes on, by when a fixed claim needs them next."""

    def __init__(self, units: int, fixed: list[Claim[Key]]):
        self._needed: defaultdict[int, list[datetime]] = defaultdict(list)
        """By unit, when its fixed claims start, the next one last."""
        for claim in sorted(fixed, key=lambda claim: claim.span.start, reverse=True):
            self._needed[claim.unit].append(claim.span.start)
        self._until = {unit: self._next_need(unit) for unit in range(1, units + 1)}
        self._free = sorted((until, unit) for unit, until in self._until.items())
        self._taken: list[tuple[datetime, int]] = []

    def release(self, moment: datetime) -> None:
        """Time goes on until ``moment``: claims that ended give their units back."""
        while self._taken and self._taken[0][0] <= moment:
            _, unit = heappop(self._taken)
            self._until[unit] = self._next_need(unit)
            insort(self._free, (self._until[unit], unit))

    def take(self, span: Span, own: int, *, movable: bool) -> int | None:
        """A unit that stays free until the end of the span: its own, else the one that is needed again the soonest."""
        if not movable:
            if own not in self._until:
                return None
            self._needed[own].pop()
        elif self._until.get(own, span.start) < span.end:
            place = bisect_left(self._free, (span.end, _ANY))
            if place == len(self._free):
                return None
            own = self._free[place][1]
        del self._free[bisect_left(self._free, (self._until.pop(own), own))]
        heappush(self._taken, (span.end, own))
        return own

    def _next_need(self, unit: int) -> datetime:
        needed = self._needed.get(unit)
        return needed[-1] if needed else _NEVER
