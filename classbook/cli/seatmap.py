"""The seats of a match, drawn in letters: what is free at which price, held, sold, blocked, and one's own.

Every seat is one sign, so the picture can be read without colours and copied into a mail. A free seat is the letter of
its price category, a capital; everything else is a mark. Where a row is wider than the terminal, one sign stands for
several seats: a capital where all of them are free, a small letter where some are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Final

from classbook.cli.output import Printer, Row, clean
from classbook.errors import NotFound

if TYPE_CHECKING:
    from rich.text import Text

MOST_ROWS: Final = 60
"""More rows than these are not drawn at once when there are several stands: an overview is, and each stand by name."""

FREE: Final = "free"
_MINE: Final = "mine"
_MARKS: Final = {"held": "~", "sold": ".", "blocked": "#", _MINE: "*"}
_WORDS: Final = {"held": "held", "sold": "sold", "blocked": "not for sale", _MINE: "yours"}
_STYLES: Final = {"held": "yellow", "sold": "dim", "blocked": "red", _MINE: "bold reverse"}

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER_LETTER: Final = "+"
"""Price categories after the last letter."""
_COLOURS: Final = ("bold cyan", "bold green", "bold magenta", "bold blue", "bold")
"""None that a mark has, too."""
_BAR: Final = 20
_NARROWEST: Final = 10
"""Signs for a row at least, however narrow the terminal."""
_WIDEST_ON_A_RULER: Final = 20


@dataclass(frozen=True, slots=True)
class _Price:
    """A price category: its name, and what a seat costs."""

    category: str | None
    amount: str | None
    currency: str | None

    @classmethod
    def of(cls, seat: Row) -> _Price:
        price = seat["price"] or {}
        return cls(seat["category"], price.get("amount"), price.get("currency"))

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.category, self.amount, self.currency))) or "without a price"

    @property
    def rank(self) -> tuple[bool, Decimal, str, str]:
        """The dearest first."""
        return self.amount is None, -Decimal(self.amount or 0), self.category or "", self.currency or ""


@dataclass(frozen=True, slots=True)
class _Letter:
    sign: str
    style: str


def draw(printer: Printer, seats: Sequence[Row], *, stand: str | None = None) -> None:
    """Draw the seats of a match, or only those of one ``stand``.

    They are given as ``GET /matches/{id}/seats/`` answers them, in the order of the plan. Off a terminal nothing is
    scaled to a width. Raises NotFound for a stand that is not there.
    """
    from rich.console import Console  # only a drawing pays for rich

    console = Console(
        file=printer.stream,
        force_terminal=printer.is_terminal,
        color_system="auto" if printer.has_colour else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for line in lines(seats, stand=stand, width=console.width if printer.is_terminal else None):
        line.rstrip()
        console.print(line, soft_wrap=True)


def lines(seats: Sequence[Row], *, stand: str | None = None, width: int | None = None) -> list[Text]:
    """The drawing, line by line, at most ``width`` signs wide where the names of rows leave room for it."""
    stands = _by_stand(seats)
    if stand is not None and stand not in stands:
        raise NotFound(f"there is no stand '{clean(stand[:40])}'", hint=f"the stands: {clean(', '.join(stands))}")
    letters = _letters(seats)
    shown = {stand: stands[stand]} if stand is not None else stands
    if len(shown) > 1 and sum(len(rows) for rows in shown.values()) > MOST_ROWS:
        return _overview(shown, letters)
    drawn: list[Text] = []
    for name, rows in shown.items():
        drawn += [*_Drawing(name, rows, letters, width).lines(), _line()]
    return drawn + _legend([seat for rows in shown.values() for row in rows.values() for seat in row], letters)


_Rows = Mapping[str, Sequence[Row]]


def _by_stand(seats: Iterable[Row]) -> dict[str, dict[str, list[Row]]]:
    stands: dict[str, dict[str, list[Row]]] = {}
    for seat in seats:
        stands.setdefault(seat["stand"], {}).setdefault(seat["row"], []).append(seat)
    return stands


def _letters(seats: Iterable[Row]) -> dict[_Price, _Letter]:
    """A letter for each price category of the match, A for the dearest; the same in every stand."""
    prices = sorted({_Price.of(seat) for seat in seats}, key=lambda price: price.rank)
    return {
        price: _Letter(_LETTERS[n] if n < len(_LETTERS) else _OTHER_LETTER, _COLOURS[n % len(_COLOURS)])
        for n, price in enumerate(prices)
    }


# --- one stand ------------------------------------------------------------------------------------------------------


class _Drawing:
    """One stand, the front row on top; its seats below a ruler where each column has one name in all rows."""

    def __init__(self, name: str, rows: _Rows, letters: Mapping[_Price, _Letter], width: int | None):
        self._name = name
        self._rows = [(clean(row), seats) for row, seats in rows.items()]
        self._letters = letters
        self._columns = _columns(rows.values())
        self._row_width = _widest(row for row, _ in self._rows)
        self._first_width = 0 if self._columns else _widest(clean(seats[0]["seat"]) for _, seats in self._rows) + 2
        last_width = 0 if self._columns else _widest(clean(seats[-1]["seat"]) for _, seats in self._rows) + 2
        longest = max(len(seats) for _, seats in self._rows)
        self._left = self._row_width + 2 + self._first_width
        self._room = None if width is None else max(_NARROWEST, width - self._left - last_width)
        self._per_sign = -(-longest // (self._room or longest))
        self._signs = -(-longest // self._per_sign)
        self._gap = " " if self._room and 2 * self._signs <= self._room else ""

    def lines(self) -> list[Text]:
        everything = [seat for _, seats in self._rows for seat in seats]
        lines = [_line((f"Stand {clean(self._name)}", "bold"), (f"   {_counts(everything)}", ""))]
        if self._per_sign > 1:
            lines.append(_line((f"one sign for {self._per_sign} seats: a capital where all of them are free", "dim")))
        lines.append(_line(" " * self._left, ("front".center(self._signs * (1 + len(self._gap))), "dim")))
        if self._columns:
            lines.append(_line(" " * self._left, (self._ruler(self._columns), "dim")))
        return lines + [self._row(name, seats) for name, seats in self._rows]

    def _ruler(self, columns: Sequence[str]) -> str:
        """The names of some columns, each beginning above its seat."""
        cell = 1 + len(self._gap)
        step = next(step for step in (5, 10, 50) if _widest(columns) < step * cell)
        ruler = ""
        for sign in range(self._signs):
            # With one seat a sign, number 5 is above the fifth.
            if sign == 0 or (sign + (self._per_sign == 1)) % step == 0:
                longer = _left(ruler, sign * cell) + columns[sign * self._per_sign]
                ruler = longer if self._room is None or _widest([longer]) <= self._room else ruler
        return ruler

    def _row(self, name: str, seats: Sequence[Row]) -> Text:
        line = _line((_right(name, self._row_width) + "  ", "bold"))
        if not self._columns:
            line.append(_right(clean(seats[0]["seat"]), self._first_width - 2) + "  ", "dim")
        groups = [seats[n : n + self._per_sign] for n in range(0, len(seats), self._per_sign)]
        for n, (letter, same) in enumerate(groupby(map(self._sign, groups))):
            line.append(self._gap if n else "").append(self._gap.join(letter.sign for _ in same), letter.style)
        if not self._columns:
            line.append("  " + clean(seats[-1]["seat"]), "dim")
        return line

    def _sign(self, seats: Sequence[Row]) -> _Letter:
        """What one sign shows: one's own before anything else, then what is free, then the state most of them have."""
        states = Counter(map(_state, seats))
        if states[_MINE]:
            return _mark(_MINE)
        if not states[FREE]:
            return _mark(states.most_common(1)[0][0])
        prices = Counter(_Price.of(seat) for seat in seats if _state(seat) == FREE)
        letter = self._letters[prices.most_common(1)[0][0]]
        return letter if states[FREE] == len(seats) else _Letter(letter.sign.lower(), letter.style)


def _columns(rows: Collection[Sequence[Row]]) -> Sequence[str]:
    """The names of the columns, or none where rows disagree about them."""
    columns = [clean(seat["seat"]) for seat in max(rows, key=len)]
    agree = all(clean(seat["seat"]) == name for seats in rows for seat, name in zip(seats, columns, strict=False))
    return columns if agree and _widest(columns) < _WIDEST_ON_A_RULER else ()


def _state(seat: Row) -> str:
    return _MINE if seat["mine"] else seat["state"]


def _mark(state: str) -> _Letter:
    return _Letter(_MARKS[state], _STYLES[state])


def _counts(seats: Sequence[Row]) -> str:
    """``12 of 20 free, 3 held, 5 sold``."""
    states = Counter(seat["state"] for seat in seats)
    told = [f"{states[FREE]:,} of {len(seats):,} free"]
    told += [f"{states[state]:,} {_WORDS[state]}" for state in _MARKS if states[state]]
    mine = sum(_state(seat) == _MINE for seat in seats)
    return ", ".join([*told, f"{mine:,} yours"] if mine else told)


def _legend(seats: Sequence[Row], letters: Mapping[_Price, _Letter]) -> list[Text]:
    """What the signs mean; only those that are there."""
    states = Counter(map(_state, seats))
    marks = [part for state in _MARKS if states[state] for part in ((_MARKS[state], _STYLES[state]), _meaning(state))]
    return [*_prices(seats, letters), *([_line(*marks)] if marks else [])]


def _meaning(state: str) -> str:
    return f" = {_WORDS[state]}   "


def _prices(seats: Sequence[Row], letters: Mapping[_Price, _Letter]) -> list[Text]:
    all_of_it = Counter(map(_Price.of, seats))
    free = Counter(_Price.of(seat) for seat in seats if seat["state"] == FREE)
    return [
        _line((letter.sign, letter.style), f" = {clean(price.text)}   {free[price]:,} of {count:,} free")
        for price, letter in letters.items()
        if (count := all_of_it[price])
    ]


# --- all stands -----------------------------------------------------------------------------------------------------


def _overview(stands: Mapping[str, _Rows], letters: Mapping[_Price, _Letter]) -> list[Text]:
    """A line for each stand: how much of it is free, in which price categories."""
    width = _widest(map(clean, stands))
    seats = {name: [seat for row in rows.values() for seat in row] for name, rows in stands.items()}
    lines = []
    for name, here in seats.items():
        free = sum(seat["state"] == FREE for seat in here)
        full = -(-free * _BAR // len(here))
        line = _line((f"Stand {_left(clean(name), width)}  ", "bold"), "█" * full + "░" * (_BAR - full), "  ")
        prices = set(map(_Price.of, here))
        for price, letter in letters.items():
            line.append(letter.sign if price in prices else " ", letter.style)
        lines.append(line.append(f"  {_counts(here)}"))
    everything = [seat for here in seats.values() for seat in here]
    return [*lines, _line(), *_prices(everything, letters), _line(("--stand NAME draws one of them", "dim"))]


# --- text -----------------------------------------------------------------------------------------------------------


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts)


def _widest(texts: Iterable[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts))


def _right(text: str, width: int) -> str:
    return " " * (width - _widest([text])) + text


def _left(text: str, width: int) -> str:
    return text + " " * (width - _widest([text]))
