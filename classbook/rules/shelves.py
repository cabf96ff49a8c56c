"""What is free in a pool while a batch of asks is being decided: units of three sorts behind one face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Protocol

from classbook.rules.packing import Claim, Lanes, repack
from classbook.rules.plans import Stand, label
from classbook.rules.seating import Layout, Seating
from classbook.rules.spans import Span

Key = tuple[int, int]
"""A claim's: (reservation, n)."""


class Shelf(Protocol):
    """The free units of one pool."""

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """``count`` units for a span, or None (and nothing taken) where there are too few."""
        ...

    def hand_over(self, unit: int, span: Span | None, key: Key) -> None:
        """Whose a unit is that was taken: the key of its claim."""
        ...

    def give_back(self, unit: int, span: Span | None, key: Key) -> None:
        """A unit that was freed within the same batch, and the key of its claim."""
        ...

    def keep(self, unit: int, span: Span | None, key: Key) -> None:
        """Undo `give_back`: nothing was found that is better."""
        ...

    def left(self, span: Span | None) -> int:
        """How many units are free for a span."""
        ...


class FixedShelf:
    """A pool whose claims all share the offering's span: ``units`` units, none above ``highest`` taken.

    Handing out above the highest taken unit needs no knowledge of the gaps below it, so ``gaps`` may stay unknown
    (None) as long as the top suffices: `needs_gaps` says when it does not.
    """

    def __init__(self, *, units: int, highest: int, gaps: Iterable[int] | None = None):
        self._units = units
        self._highest = highest
        self._gaps = list(gaps or ())
        heapify(self._gaps)

    @staticmethod
    def needs_gaps(*, units: int, highest: int, wanted: int) -> bool:
        """Whether ``wanted`` units might not fit above the highest taken one."""
        return highest + wanted > units

    def left(self, span: Span | None = None) -> int:
        """Exact once the gaps are known."""
        return len(self._gaps) + max(0, self._units - self._highest)

    def take(self, count: int, span: Span | None = None) -> list[int] | None:
        """Gaps first, lowest first."""
        if count > self.left():
            return None
        return [self._next() for _ in range(count)]

    def hand_over(self, unit: int, span: Span | None, key: Key) -> None:
        """Units of such a pool never change hands within a batch."""

    def give_back(self, unit: int, span: Span | None, key: Key) -> None:
        heappush(self._gaps, unit)

    def keep(self, unit: int, span: Span | None, key: Key) -> None:
        self._gaps.remove(unit)
        heapify(self._gaps)

    def _next(self) -> int:
        if self._gaps:
            return heappop(self._gaps)
        self._highest += 1
        return self._highest


class NeedsAll(Exception):
    """All claims of this pool are needed, and not only those of a window: to pack them anew, or for another span."""

    def __init__(self, pool_id: int):
        self.pool_id = pool_id
        super().__init__(pool_id)


class TimedShelf:
    """A pool of interchangeable units where every claim has a span of its own.

    ``taken`` are the claims that meet the spans a batch has ``looked_at``, or all of the pool that are not over where
    it ``is_complete``.
    Whether a party fits is decided by counting, which is exact; only where the count says yes and no unit is free for
    the whole span are the claims packed anew, and `shifted` says which got another unit.
    """

    def __init__(
        self,
        pool_id: int,
        *,
        units: int,
        taken: Iterable[Claim[Key]],
        now: datetime,
        looked_at: Sequence[Span] = (),
        is_complete: bool = False,
    ):
        self.shifted: dict[Key, int] = {}
        self._pool_id = pool_id
        self._lanes: Lanes[Key] = Lanes(units=units, claims=taken)
        self._now = now
        self._looked_at = looked_at
        self._is_complete = is_complete
        self._new = count(1)
        self._nobodys: dict[tuple[int, Span], Key] = {}
        """Stand-ins for the keys of what was taken and not handed over yet."""
        self._given_back: dict[Key, Claim[Key]] = {}

    def left(self, span: Span | None) -> int:
        return 0 if span is None else max(0, self._lanes.units - self._lanes.count_overlap(span))

    @property
    def units(self) -> int:
        return self._lanes.units

    def busy(self, window: Span) -> list[Span]:
        """The claims there are around a window, and perhaps others; raises NeedsAll where nobody has looked at it."""
        if not self._knows(window):
            raise NeedsAll(self._pool_id)
        return [claim.span for claim in self._lanes]

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """The lowest free units; raises NeedsAll where they would have to be made free by packing.

        So it does for a span that nobody has looked at: an ask may be for what one before it in the batch has made.
        """
        if span is not None and not self._knows(span):
            raise NeedsAll(self._pool_id)
        if span is None or not self._lanes.fits(span, count):
            return None
        units = self._add_all(count, span)
        if units is None and self._pack(span, count):
            units = self._add_all(count, span)
        return units

    def hand_over(self, unit: int, span: Span | None, key: Key) -> None:
        if span is not None:
            self._lanes.remove(self._nobodys.pop((unit, span)))
            self._lanes.add(Claim(key, unit, span))

    def give_back(self, unit: int, span: Span | None, key: Key) -> None:
        """The unit is the one the claim had before anything was packed anew."""
        with suppress(KeyError):  # outside of what is looked at
            if span is not None:
                self._given_back[key] = Claim(key, self.shifted.get(key, unit), span)
            self._lanes.remove(key)
            self.shifted.pop(key, None)

    def keep(self, unit: int, span: Span | None, key: Key) -> None:
        if span is not None:
            claim = self._given_back.pop(key, None) or Claim(key, unit, span)
            self._lanes.add(claim)
            if claim.unit != unit:
                self.shifted[key] = claim.unit

    def _knows(self, span: Span) -> bool:
        return self._is_complete or any(one.start <= span.start and span.end <= one.end for one in self._looked_at)

    def _add_all(self, count: int, span: Span) -> list[int] | None:
        """``count`` units, or None and nothing taken."""
        taken: list[tuple[int, Key]] = []
        for _ in range(count):
            unit = self._lanes.free_unit(span)
            if unit is None:
                for _, key in taken:
                    self._lanes.remove(key)
                return None
            taken.append((unit, (-next(self._new), 0)))
            self._lanes.add(Claim(taken[-1][1], unit, span))
        for unit, key in taken:
            self._nobodys[unit, span] = key
        return [unit for unit, _ in taken]

    def _pack(self, span: Span, party: int) -> bool:
        if not self._is_complete:
            raise NeedsAll(self._pool_id)
        ahead = [claim for claim in self._lanes if claim.span.end > self._now]
        # What has begun keeps its unit.
        fixed = {claim.key for claim in ahead if claim.span.start <= self._now}
        moved = repack(ahead, units=self._lanes.units, fixed=fixed, span=span, party=party)
        if moved is None:
            return False
        self._lanes.move(moved)
        self.shifted.update(moved)
        return True


@dataclass(frozen=True)
class SeatPlan:
    """One stand as it never changes: its names and its geometry. Kept by pool and plan version."""

    stand: Stand
    layout: Layout

    @cached_property
    def names(self) -> dict[int, str]:
        """The full labels of its seats, by unit."""
        return {seat.unit: label(self.stand.name, row.name, seat.name) for row in self.stand.rows for seat in row.seats}

    @cached_property
    def places(self) -> dict[int, tuple[str, str]]:
        """The names of row and seat, by unit."""
        return {seat.unit: (row.name, seat.name) for row in self.stand.rows for seat in row.seats}

    @cached_property
    def categories(self) -> dict[int, str]:
        """The price categories of its seats, by unit: their own, else their stand's name."""
        return {seat.unit: seat.category or self.stand.name for row in self.stand.rows for seat in row.seats}

    def price(self, unit: int, prices: Mapping[str, int]) -> int:
        """What a seat costs, in minor units: the price of its category, else that of its stand."""
        category = self.categories[unit]
        return prices[category] if category in prices else prices[self.stand.name]


class SeatShelf:
    """The seats of a stand for one match: named units, all claims for the match's time."""

    def __init__(self, plan: SeatPlan, taken: Iterable[int]):
        self.plan = plan
        self.seating = Seating(plan.layout, taken)

    def left(self, span: Span | None) -> int:
        return self.seating.left

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """The best adjacent seats."""
        units = self.seating.best(count)
        if units is None:
            return None
        self.seating.take(units)
        return list(units)

    def take_these(self, units: Sequence[int]) -> bool:
        """Exactly these seats, or none of them."""
        if not all(self.seating.is_free(unit) for unit in units):
            return False
        self.seating.take(units)
        return True

    def hand_over(self, unit: int, span: Span | None, key: Key) -> None:
        """A seat never becomes another one."""

    def give_back(self, unit: int, span: Span | None, key: Key) -> None:
        self.seating.give_back([unit])

    def keep(self, unit: int, span: Span | None, key: Key) -> None:
        self.seating.take([unit])
