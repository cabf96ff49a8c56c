"""The drawing of a stand: where each seat is on the page, its letter, and its colour.

A price category has a letter and a colour, so that the map reads without colours, too; a seat that is not free has a
sign. Distances are those of the seat plan, spread so that neighbours do not touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import urlencode

from classbook.core.seat_maps import PlacedSeat, SeatMap
from classbook.values import Money, SeatState, decimals

SPACING: Final = 30
"""Pixels from seat to seat: a seat of 26 and a gap. Large enough for a finger."""
_LEFT: Final = 40
_TOP: Final = 34
_BOTTOM: Final = 34
_COLOURS: Final = 5
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGNS: Final = {
    "mine": ("★", "mine", "yours"),
    "held": ("·", "held", "held by somebody"),
    "sold": ("×", "taken", "sold"),
    "blocked": ("–", "blocked", "not for sale"),
}
"""What is not free: its sign, its class, and what it is called."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A price category in the legend."""

    category: str
    price: Money | None
    letter: str
    colour: str


@dataclass(frozen=True, slots=True)
class Sign:
    sign: str
    colour: str
    words: str


@dataclass(frozen=True, slots=True)
class FreeSeat:
    label: str
    x: int
    y: int
    letter: str
    colour: str
    words: str
    minor: int
    is_picked: bool


@dataclass(frozen=True, slots=True)
class TakenSeat:
    label: str
    x: int
    y: int
    sign: str
    colour: str
    words: str


@dataclass(frozen=True, slots=True)
class DrawnRow:
    name: str
    y: int
    free: tuple[FreeSeat, ...]
    taken: tuple[TakenSeat, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    pitch_y: int
    rows: tuple[DrawnRow, ...]
    currency: str
    decimals: int


@dataclass(frozen=True, slots=True)
class StandLink:
    """A stand in the overview; ``address`` are the fields that show its seats."""

    name: str
    capacity: int
    free: int
    mine: int
    cheapest: Money | None
    address: str


@dataclass(frozen=True, slots=True)
class DrawnMap:
    stands: tuple[StandLink, ...]
    prices: tuple[Priced, ...]
    signs: tuple[Sign, ...]
    shown: str | None
    drawing: Drawing | None
    picked: tuple[str, ...]


def drawn(found: SeatMap, *, picked: Sequence[str]) -> DrawnMap:
    """The seat map with its legend; ``picked`` are the seats whose boxes are ticked."""
    prices = tuple(_legend(found.prices))
    stands = tuple(
        StandLink(one.name, one.capacity, one.free, one.mine, one.cheapest, urlencode({"stand": one.name}))
        for one in found.stands
    )
    drawing = _drawing(found, {one.category: one for one in prices}, set(picked)) if found.rows else None
    signs = tuple(Sign(*sign) for sign in _SIGNS.values())
    return DrawnMap(stands, prices, signs, found.shown, drawing, tuple(picked))


def _legend(prices: Sequence[tuple[str, Money | None]]) -> Iterable[Priced]:
    """The categories with a letter each: their own where these are letters, else A for the dearest."""
    names = [category for category, _ in prices]
    own = all(len(name) == 1 and name.isalnum() for name in names)
    for place, (category, price) in enumerate(prices):
        letter = category if own else _LETTERS[place] if place < len(_LETTERS) else "+"
        yield Priced(category, price, letter, f"k{place % _COLOURS + 1}")


def _drawing(found: SeatMap, prices: Mapping[str, Priced], picked: set[str]) -> Drawing:
    every = [placed for _, row in found.rows for placed in row]
    across, down = _scale(found.rows)
    left, top = min(one.x for one in every), min(one.y for one in every)

    def at(placed: PlacedSeat) -> tuple[int, int]:
        return _LEFT + round((placed.x - left) * across), _TOP + round((placed.y - top) * down)

    rows = tuple(_row(name, [(placed.seat, *at(placed)) for placed in row], prices, picked) for name, row in found.rows)
    width = max(at(one)[0] for one in every) + SPACING + 10
    height = max(at(one)[1] for one in every) + SPACING + _BOTTOM
    front = found.rows[0][1]
    is_above = front[0].y <= sum(one.y for one in every) / len(every)
    price = every[0].seat.price
    currency = price.currency if price else ""
    return Drawing(width, height, 6 if is_above else height - 24, rows, currency, decimals(currency))


def _row(
    name: str, seats: Sequence[tuple[SeatState, int, int]], prices: Mapping[str, Priced], picked: set[str]
) -> DrawnRow:
    free, taken = [], []
    for seat, x, y in seats:
        if seat.state == "free":
            priced = prices[seat.category]
            cost = f", {seat.price}" if seat.price else ""
            words = f"Row {seat.row} seat {seat.seat}, {seat.category}{cost}"
            minor = seat.price.minor if seat.price else 0
            free.append(FreeSeat(seat.label, x, y, priced.letter, priced.colour, words, minor, seat.label in picked))
        else:
            sign, colour, words = _SIGNS["mine" if seat.mine else seat.state]
            taken.append(TakenSeat(seat.label, x, y, sign, colour, words))
    return DrawnRow(name, seats[0][2] + 18, tuple(free), tuple(taken))


def _scale(rows: Sequence[tuple[str, Sequence[PlacedSeat]]]) -> tuple[float, float]:
    """Pixels for a unit of the plan, across and down, so that the closest neighbours are as far apart as they must."""
    gaps = [abs(other.x - one.x) for _, row in rows for one, other in pairwise(row) if other.x != one.x]
    heights = sorted({placed.y for _, row in rows for placed in row})
    steps = [high - low for low, high in pairwise(heights)]
    across = SPACING / min(gaps, default=1)
    return across, SPACING / min(steps, default=1)
