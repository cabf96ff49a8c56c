"""Which units of a pool are free, while a batch of asks is being decided."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush


class FreeUnits:
    """The free units of one fixed pool of ``units`` units, of which none above ``highest`` is taken.

    Handing out above the highest taken unit needs no knowledge of the gaps below it, so ``gaps`` may stay unknown
    (None) as long as the top suffices: `need_gaps` says when it does not.
    """

    def __init__(self, *, units: int, highest: int, gaps: Iterable[int] | None = None):
        self.units = units
        self._highest = highest
        self._gaps = list(gaps or ())
        heapify(self._gaps)

    @staticmethod
    def need_gaps(*, units: int, highest: int, wanted: int) -> bool:
        """Whether ``wanted`` units might not fit above the highest taken one."""
        return highest + wanted > units

    @property
    def left(self) -> int:
        """How many units can still be handed out; exact once the gaps are known."""
        return len(self._gaps) + max(0, self.units - self._highest)

    def take(self, count: int) -> list[int] | None:
        """``count`` units, gaps first and lowest first, or None (and nothing taken) where there are too few."""
        if count > self.left:
            return None
        return [self._next() for _ in range(count)]

    def give_back(self, unit: int) -> None:
        """A unit that was freed within the same batch."""
        heappush(self._gaps, unit)

    def _next(self) -> int:
        if self._gaps:
            return heappop(self._gaps)
        self._highest += 1
        return self._highest
