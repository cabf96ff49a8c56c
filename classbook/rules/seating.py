"""The best adjacent seats that are left in a stand. Pure.

A choice is made as the "best available" of seats.io is described (https://docs.seats.io/docs/api/best-available, its
first two steps; the words and the code here are our own):

1. Seats of one row that are next to each other and leave no single seat behind; of all such choices in the stand the
   one closest to the focal point.
2. Only if there is none: seats of one row that are next to each other, whatever they leave behind. ``strict`` leaves
   this step out.

Its later steps, which seat a party apart, are left to the caller: who asks for seats together gets them or is refused.

The terms, where we had to choose:

- *Next to each other* are seats that follow each other in the plan's row without an aisle between. An aisle is where
  two neighbours are further apart than one and a half times the row's usual (median) distance.
- *Closest* is the smallest sum of the squared distances of all seats from the focal point. Places are rounded to
  thousandths of the plan's unit and counted in whole numbers, so equal is equal on every machine. Of equal choices the
  front row wins, then the seat that comes first in its row.
- A seat is *left behind* when it becomes a single one: free, with no free neighbour, and it was not so before. Where a
  row is blocked or ends, or an aisle runs, there is no neighbour.

A row is a whole number whose bits are its free seats (an aisle is a bit that is never set), so shifting it finds all
runs of n at once. The best choice of a row is kept until something in that row changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress, pairwise
from operator import sub
from statistics import median_low
from typing import Final

from classbook.rules.plans import Row, Stand

_FINENESS: Final = 1000
"""Places are rounded to this part of a unit of length."""
_SIZES_KEPT: Final = 16
"""For how many sizes of party a layout remembers the order of its choices."""
_AS_FLAGS: Final = bytes.maketrans(b"01", b"\0\1")


@dataclass(frozen=True, slots=True)
class Choice:
    """Seats next to each other. ``cost`` compares choices of as many seats: smaller is closer to the focal point."""

    units: tuple[int, ...]
    cost: int
    strands: bool
    """Whether it leaves a single seat behind."""


class Layout:
    """The geometry of one stand: never changes, and can be kept as long as its plan (by pool and plan version)."""

    def __init__(self, stand: Stand):
        self.rows: Final = tuple(_measured(row, stand.focus) for row in stand.rows)
        self.longest: Final = max((len(row.units) for row in self.rows), default=0)
        self.places: Final = {
            unit: (number, bit)
            for number, row in enumerate(self.rows)
            for bit, unit in enumerate(row.units)
            if unit is not None
        }
        """Where each unit is: its row, and its bit in there."""
        self._closest_first: dict[int, tuple[tuple[int, ...], ...]] = {}

    def closest_first(self, n: int) -> tuple[tuple[int, ...], ...]:
        """For each row the bits at which n seats can begin, the best one first."""
        found = self._closest_first.get(n)
        if found is None:
            found = tuple(row.closest_first(n) for row in self.rows)
            if len(self._closest_first) >= _SIZES_KEPT:
                self._closest_first.clear()
            self._closest_first[n] = found
        return found


@dataclass(frozen=True, slots=True)
class _MeasuredRow:
    units: tuple[int | None, ...]
    """By bit; None is an aisle."""
    reach: tuple[int, ...]
    """The sum of the squared distances of all seats before a bit."""
    seats: int
    """The bits of all seats."""
    categories: Mapping[str, int]
    """The bits of the seats of each category."""

    def closest_first(self, n: int) -> tuple[int, ...]:
        costs = list(map(sub, self.reach[n:], self.reach))
        return tuple(sorted(range(len(costs)), key=costs.__getitem__))

    def cost(self, start: int, n: int) -> int:
        return self.reach[start + n] - self.reach[start]


class Seating:
    """What is free in one stand of one match while a batch of asks is being decided."""

    def __init__(self, layout: Layout, taken: Iterable[int] = ()):
        self._layout = layout
        self._free = [row.seats for row in layout.rows]
        self._kept: dict[_Question, _Answer] = {}
        self.rows_searched = 0
        """How often a row had to be searched, since the beginning."""
        self.take(taken)

    def is_free(self, unit: int) -> bool:
        """Whether there is such a seat, and nobody has it."""
        if unit not in self._layout.places:
            return False
        row, bit = self._layout.places[unit]
        return bool(self._free[row] >> bit & 1)

    @property
    def longest(self) -> int:
        """How many seats can be next to each other at most."""
        return self._layout.longest

    @property
    def left(self) -> int:
        """How many seats are free."""
        return sum(free.bit_count() for free in self._free)

    def take(self, units: Iterable[int]) -> None:
        for row, bits in self._by_row(units).items():
            self._change(row, self._free[row] & ~bits)

    def give_back(self, units: Iterable[int]) -> None:
        for row, bits in self._by_row(units).items():
            self._change(row, self._free[row] | bits)

    def best(self, n: int, *, category: str | None = None, strict: bool = False) -> tuple[int, ...] | None:
        """The units of the n best seats, or None where no row has as many next to each other.

        With a ``category`` only its seats count; ``strict``: rather none than leave a single seat behind.
        """
        choice = self.choose(n, category=category, strict=strict)
        return choice.units if choice else None

    def choose(self, n: int, *, category: str | None = None, strict: bool = False) -> Choice | None:
        """As `best`, with what it takes to compare it with the choice of another stand."""
        if not 1 <= n <= self._layout.longest:
            return None
        choice = self._closest(_Question(n, category, strands=False))
        return choice if choice or strict else self._closest(_Question(n, category, strands=True))

    def strands(self, units: Iterable[int]) -> tuple[int, ...]:
        """The seats that would be left behind, each alone, if these were taken."""
        left = []
        for row, bits in self._by_row(units).items():
            free = self._free[row]
            alone = _singles(free & ~bits) & ~_singles(free)
            left += [unit for bit, unit in enumerate(self._layout.rows[row].units) if unit and alone >> bit & 1]
        return tuple(left)

    def _closest(self, question: _Question) -> Choice | None:
        answer = self._kept.get(question)
        if answer is None:
            answer = self._kept[question] = _Answer.unknown(len(self._free))
        if answer.stale:
            self._search(question, answer)
        cost = min(answer.costs)
        if cost == math.inf:
            return None
        row = answer.costs.index(cost)
        start = answer.starts[row]
        seats = self._layout.rows[row]
        units = tuple(unit for unit in seats.units[start : start + question.n] if unit is not None)
        return Choice(units, seats.cost(start, question.n), question.strands)

    def _search(self, question: _Question, answer: _Answer) -> None:
        """Find the best choice of every row that has changed since the same question was asked last."""
        orders = self._layout.closest_first(question.n)
        for row in answer.stale:
            measured = self._layout.rows[row]
            starts = _starts(self._free[row], question, measured.categories)
            start = _first(orders[row], starts)
            answer.costs[row] = math.inf if start is None else measured.cost(start, question.n)
            answer.starts[row] = start or 0
        self.rows_searched += len(answer.stale)
        answer.stale.clear()

    def _change(self, row: int, free: int) -> None:
        self._free[row] = free
        for answer in self._kept.values():
            answer.stale.add(row)

    def _by_row(self, units: Iterable[int]) -> dict[int, int]:
        """The bits of these units, by row."""
        rows: dict[int, int] = {}
        for unit in units:
            row, bit = self._layout.places[unit]
            rows[row] = rows.get(row, 0) | 1 << bit
        return rows


def best_of(
    seatings: Mapping[int, Seating], n: int, *, category: str | None = None, strict: bool = False
) -> tuple[int, tuple[int, ...]] | None:
    """The best n seats in any of several stands, as (key of the stand, units), or None.

    A choice that leaves no single seat behind comes before any that does; then the closest to the focal point of its
    own stand wins, and of equal ones the earlier stand. So a venue fills from all its focal points at once; whoever
    prefers one stand asks for that one.
    """
    choices = (
        (key, choice)
        for key, seating in seatings.items()
        if (choice := seating.choose(n, category=category, strict=strict)) is not None
    )
    best = min(choices, key=lambda found: (found[1].strands, found[1].cost), default=None)
    return (best[0], best[1].units) if best else None


@dataclass(frozen=True, slots=True)
class _Question:
    n: int
    category: str | None
    strands: bool
    """Whether choices that leave a single seat behind count."""


@dataclass(slots=True)
class _Answer:
    """The best choice of each row: what it costs (infinity: there is none) and at which bit it begins."""

    costs: list[float]
    starts: list[int]
    stale: set[int] = field(default_factory=set)
    """Rows that have changed since."""

    @classmethod
    def unknown(cls, rows: int) -> _Answer:
        return cls([math.inf] * rows, [0] * rows, set(range(rows)))


# --- bits -----------------------------------------------------------------------------------------------------------


def _starts(free: int, question: _Question, categories: Mapping[str, int]) -> int:
    """The bits at which a choice can begin."""
    n = question.n
    wanted = free if question.category is None else free & categories.get(question.category, 0)
    starts = _runs(wanted, n)
    if question.strands or not starts:
        return starts
    leaves_one_before = free << 1 & ~(free << 2)
    leaves_one_behind = free >> n & ~(free >> n + 1)
    return starts & ~(leaves_one_before | leaves_one_behind)


def _runs(free: int, n: int) -> int:
    """The bits at which n set bits in a row begin."""
    length = 1
    while length < n:
        step = min(length, n - length)
        free &= free >> step
        length += step
    return free


def _first(order: Sequence[int], bits: int) -> int | None:
    """The first in the order whose bit is set."""
    if not bits:
        return None
    flags = format(bits, f"0{len(order)}b").encode().translate(_AS_FLAGS)[::-1]  # a byte for each bit, from bit 0 on
    return next(compress(order, map(flags.__getitem__, order)))


def _singles(free: int) -> int:
    """The set bits without a set neighbour."""
    return free & ~(free << 1) & ~(free >> 1)


# --- measuring ------------------------------------------------------------------------------------------------------


def _measured(row: Row, focus: tuple[float, float]) -> _MeasuredRow:
    points = [(round(seat.x * _FINENESS), round(seat.y * _FINENESS)) for seat in row.seats]
    centre = round(focus[0] * _FINENESS), round(focus[1] * _FINENESS)
    units: list[int | None] = []
    distances: list[int] = []
    categories: dict[str, int] = {}
    for seat, point, has_aisle in zip(row.seats, points, _aisles(points), strict=True):
        if has_aisle:
            units.append(None)
            distances.append(0)
        if seat.category is not None:
            categories[seat.category] = categories.get(seat.category, 0) | 1 << len(units)
        units.append(seat.unit)
        distances.append(_squared_distance(point, centre))
    seats = sum(1 << bit for bit, unit in enumerate(units) if unit is not None)
    return _MeasuredRow(tuple(units), tuple(accumulate(distances, initial=0)), seats, categories)


def _aisles(points: list[tuple[int, int]]) -> list[bool]:
    """For each seat, whether an aisle is before it."""
    steps = [_squared_distance(one, other) for one, other in pairwise(points)]
    usual = median_low(steps) if steps else 0
    return [False, *(4 * step > 9 * usual > 0 for step in steps)]


def _squared_distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    across, along = one[0] - other[0], one[1] - other[1]
    return across * across + along * along
