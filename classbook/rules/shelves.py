"""What is free in a pool while a batch of asks is being decided: units of three sorts behind one face."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Protocol

from classbook.rules.spans import Span

Key = tuple[int, int]
"""A claim's: (reservation, n)."""


class Shelf(Protocol):
    """The free units of one pool."""

    def take(self, count: int, span: Span | None) -> list[int] | None:
        """``count`` units for a span, or None (and nothing taken) where there are too few."""
        ...

    def give_back(self, unit: int, span: Span | None) -> None:
        """A unit that was freed within the same batch."""
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

    def give_back(self, unit: int, span: Span | None = None) -> None:
        heappush(self._gaps, unit)

    def _next(self) -> int:
        if self._gaps:
            return heappop(self._gaps)
        self._highest += 1
        return self._highest


class TimedShelf:
    """A pool of interchangeable units where every claim has a span of its own.

    ``taken`` are the claims that meet the spans a batch looks at: their key, unit and span. Whether a party fits is
    decided by the overlap count, which is exact; only where the count says yes and no unit is free for the whole span
    are the claims packed anew (`shifted` then says which moved).
    """

    def __init__(self, *, units: int, taken: dict[Key, tuple[int, Span]]):
        self.shifted: dict[Key, int] = {}
        self._units = units
        self._taken: list[list[Span]] = [[] for _ in range(units + 1)]
        for unit, span in taken.values():
            self._taken[unit].append(span)

    def left(self, span: Span | None) -> int:
        return len(self._free(span))

    def take(self, count: int, span: Span | None) -> list[int] | None:
        units = self._free(span)[:count]
        if len(units) < count or span is None:
            return None
        for unit in units:
            self._taken[unit].append(span)
        return units

    def give_back(self, unit: int, span: Span | None) -> None:
        if span in self._taken[unit]:
            self._taken[unit].remove(span)

    def _free(self, span: Span | None) -> list[int]:
        if span is None:
            return []
        return [
            unit
            for unit in range(1, self._units + 1)
            if not any(span.overlaps(other) for other in self._taken[unit])
        ]
