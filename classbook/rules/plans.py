"""Seat plans: which stands, rows and seats a venue has, what they are called and where they stand.

A stand is a pool, and its seats are that pool's units, numbered from 1 in the order of the plan: row by row from the
front, and in a row in the order in which the seats are listed. How a plan is written down: `plan_files`.

A seat's label is ``STAND-ROW-SEAT``. Only a stand's own name may contain a ``-``, so the last two divide a label and no
two seats of a venue can ever have the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from classbook.errors import UnknownSeat

_NAMES_IN_A_HINT: Final = 8
_EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class Seat:
    unit: int
    name: str
    x: float
    y: float
    category: str | None


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    seats: tuple[Seat, ...]
    """In the order in which they stand beside each other."""


@dataclass(frozen=True)
class Stand:
    name: str
    focus: tuple[float, float]
    """The point that the best seats are closest to."""
    rows: tuple[Row, ...]
    """The front row first."""

    @cached_property
    def capacity(self) -> int:
        return sum(len(row.seats) for row in self.rows)

    @cached_property
    def categories(self) -> frozenset[str]:
        """The price categories of its seats: their own, else the stand's name."""
        return frozenset(seat.category or self.name for row in self.rows for seat in row.seats)

    @cached_property
    def named(self) -> Mapping[tuple[str, str], Seat]:
        """Its seats by the names of row and seat."""
        return {(row.name, seat.name): seat for row in self.rows for seat in row.seats}


@dataclass(frozen=True)
class Plan:
    stands: tuple[Stand, ...]

    @cached_property
    def capacity(self) -> int:
        return sum(stand.capacity for stand in self.stands)

    @cached_property
    def named(self) -> Mapping[str, Stand]:
        """Its stands by name."""
        return {stand.name: stand for stand in self.stands}


def label(stand: str, row: str, seat: str) -> str:
    """``A-3-12``."""
    return f"{stand}-{row}-{seat}"


def split_label(text: str) -> tuple[str, str, str]:
    """The names of stand, row and seat in a label. Raises `UnknownSeat` for what cannot be one."""
    stand, *rest = text.strip(" ").rsplit("-", 2)
    if len(rest) != 2 or not (stand and all(rest)):
        raise UnknownSeat(f"{shown(text)} is not a seat.", hint="A seat is named STAND-ROW-SEAT, like A-3-12.")
    row, seat = rest
    return stand, row, seat


def parse_label(text: str, plan: Plan) -> tuple[Stand, Seat]:
    """The seat of that label. Raises `UnknownSeat`, and says which part of the label is wrong."""
    stand_name, row_name, seat_name = split_label(text)
    stand = plan.named.get(stand_name)
    if stand is None:
        raise _unknown("stand", stand_name, "the venue", list(plan.named))
    seat = stand.named.get((row_name, seat_name))
    if seat is None:
        row = next((row for row in stand.rows if row.name == row_name), None)
        if row is None:
            raise _unknown("row", row_name, f"stand {stand.name}", [row.name for row in stand.rows])
        raise _unknown("seat", seat_name, f"row {row.name} of stand {stand.name}", [seat.name for seat in row.seats])
    return stand, seat


def is_pattern(text: str) -> bool:
    """Whether a label means several seats."""
    return _EVERY in text


def seats_like(pattern: str, plan: Plan) -> list[tuple[Stand, Seat]]:
    """The seats of a label where ``*`` stands for every row or every seat: ``A-3-*`` is a row, ``A-*`` a stand.

    Where a row and a stand could be meant alike, it is the row. Raises `UnknownSeat` where it is nothing.
    """
    for stand in sorted(plan.stands, key=lambda stand: len(stand.name)):
        row_name, divided, seat_name = pattern.strip(" ").removeprefix(f"{stand.name}-").partition("-")
        if not pattern.strip(" ").startswith(f"{stand.name}-") or not (divided or row_name == _EVERY):
            continue
        rows = [row for row in stand.rows if row_name in (_EVERY, row.name)]
        if found := [
            (stand, seat) for row in rows for seat in row.seats if (seat_name or _EVERY) in (_EVERY, seat.name)
        ]:
            return found
    raise UnknownSeat(
        f"No seat is like {shown(pattern)}.",
        hint=f"A-3-* is row 3 of stand A, and A-* all of it. The stands: {', '.join(plan.named)}.",
    )


def from_seats(
    name: str, focus: tuple[float, float], seats: Iterable[tuple[int, str, str, float, float, str | None]]
) -> Stand:
    """A stand as it is stored: (unit, row, seat, x, y, category) in the order of the plan."""
    rows: dict[str, list[Seat]] = {}
    for unit, row, seat, x, y, category in seats:
        rows.setdefault(row, []).append(Seat(unit, seat, x, y, category))
    return Stand(name, focus, tuple(Row(row, tuple(seats)) for row, seats in rows.items()))


def keep_units(stand: Stand, before: Stand, *, highest: int) -> Stand:
    """The stand of a new plan with the units that its seats had ``before``: a claim goes on meaning the same seat.

    A seat that was not there gets a unit above ``highest``, the highest that the pool ever had.
    """
    new = iter(range(highest + 1, highest + stand.capacity + 1))

    def unit(row: Row, seat: Seat) -> int:
        known = before.named.get((row.name, seat.name))
        return known.unit if known else next(new)

    rows = (replace(row, seats=tuple(replace(seat, unit=unit(row, seat)) for seat in row.seats)) for row in stand.rows)
    return replace(stand, rows=tuple(rows))


def shown(text: str) -> str:
    """What was written, short and without anything that could move a cursor."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[:41])
    return f"'{clean[:40]}…'" if len(clean) > 40 else f"'{clean}'"


def _unknown(what: str, name: str, where: str, there: Sequence[str]) -> UnknownSeat:
    few = len(there) <= _NAMES_IN_A_HINT
    known = ", ".join(there if few else [*there[:3], "...", there[-1]])
    return UnknownSeat(f"There is no {what} {shown(name)} in {where}.", hint=f"Its {what}s: {known}.")
