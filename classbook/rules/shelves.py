"""What is free in a pool while a batch of asks is being decided: units of three sorts behind one face."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Protocol

from classbook.rules.packing import Claim, Lanes, repack
from classbook.rules.spans import Span

Key = tuple[int, int]
"""A claim's: (reservation, n)."""


class Shelf(Protocol):
    """The free units of one pool."""

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """``count`` units for a span, or None (and nothing taken) where there are too few."""
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
    """Claims of this pool have to be packed anew, which needs all of them and not only those of a window."""

    def __init__(self, pool_id: int):
        self.pool_id = pool_id
        super().__init__(pool_id)


class TimedShelf:
    """A pool of interchangeable units where every claim has a span of its own.

    ``taken`` are the claims that meet the spans a batch looks at, or all of the pool where ``is_complete``. Whether a
    party fits is decided by counting, which is exact; only where the count says yes and no unit is free for the whole
    span are the claims packed anew, and `shifted` says which got another unit.
    """

    def __init__(
        self,
        pool_id: int,
        *,
        units: int,
        taken: Iterable[Claim[Key]],
        now: datetime,
        is_complete: bool = False,
    ):
        self.shifted: dict[Key, int] = {}
        self._pool_id = pool_id
        self._lanes: Lanes[Key] = Lanes(units=units, claims=taken)
        self._now = now
        self._is_complete = is_complete
        self._new = count(1)
        self._key_of: dict[tuple[int, Span], Key] = {}

    def left(self, span: Span | None) -> int:
        return 0 if span is None else max(0, self._lanes.units - self._lanes.count_overlap(span))

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """The lowest free units; raises NeedsAll where they would have to be made free by packing."""
        if span is None or not self._lanes.fits(span, count):
            return None
        units = self._add_all(count, span)
        if units is None and self._pack(span, count):
            units = self._add_all(count, span)
        return units

    def give_back(self, unit: int, span: Span | None, key: Key) -> None:
        own = self._key_of.pop((unit, span), key) if span else key
        with suppress(KeyError):  # outside of what is looked at
            self._lanes.remove(own)
            self.shifted.pop(own, None)

    def keep(self, unit: int, span: Span | None, key: Key) -> None:
        if span is not None:
            self._lanes.add(Claim(key, unit, span))

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
            self._key_of[unit, span] = key
        return [unit for unit, _ in taken]

    def _pack(self, span: Span, party: int) -> bool:
        if not self._is_complete:
            raise NeedsAll(self._pool_id)
        # What has begun keeps its unit; so does what this batch has just handed out.
        fixed = {claim.key for claim in self._lanes if claim.span.start <= self._now or claim.key[0] < 0}
        moved = repack(self._lanes, units=self._lanes.units, fixed=fixed, span=span, party=party)
        if moved is None:
            return False
        self._lanes.move(moved)
        self.shifted.update(moved)
        return True
