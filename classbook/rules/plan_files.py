"""How a seat plan is written down: as TOML, as CSV, or in short as ``A:30x40``.

TOML has a table ``[[stand]]`` for each stand. Everything but ``name``, ``rows`` and ``seats`` can be left out:

- ``name``: the stand's name.
- ``rows``, ``seats``: how many, which then are called 1, 2, 3, ... from the front and from the left; or their names.
- ``x``, ``y``: where the first seat of the front row stands, 0 and 0 by default. The next seat stands 1 to the right,
  the next row 1 behind. A list of ``x``, one for each seat of a row, makes aisles.
- ``category``: a word for the price category, or a list with one for each seat of a row.
- ``focus``: the point ``[x, y]`` that the best seats are closest to; by default the middle of the front row.
- ``[[stand.row]]``: a row of its own, with ``name``, ``seats``, ``x``, ``y`` and ``category`` where they differ from
  the stand's. With the name of a counted row it describes that one, else it is a row more, behind the others.

CSV has a line for each seat with the columns stand, row and seat, and x, y and category where they are wanted. The
order of the lines is the order of stands, rows and seats, and gives the places where x and y are empty.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from classbook.errors import Invalid
from classbook.rules import sheets
from classbook.rules.names import clean_name
from classbook.rules.plans import Plan, Row, Seat, Stand, label, shown

MOST_SEATS: Final = 200_000
"""In one plan."""
MOST_SEATS_IN_A_ROW: Final = 2_000
FARTHEST: Final = 1_000_000
"""Places lie between minus and plus this many units of length, whatever the plan measures in."""
LONGEST_NAMES: Final = {"stand": 40, "row": 20, "seat": 20, "category": 40}

COLUMNS: Final = ("stand", "row", "seat", "x", "y", "category")
_HUGE: Final = 10**15
_NEEDED: Final = COLUMNS[:3]
_LAYOUT: Final = sheets.Layout("A seat plan", COLUMNS, tuple((column,) for column in _NEEDED))
_STAND_KEYS: Final = ("name", "rows", "seats", "x", "y", "category", "focus", "row")
_ROW_KEYS: Final = ("name", "seats", "x", "y", "category")
_SHORT: Final = re.compile(r"(?P<name>.+):(?P<rows>[0-9]{1,9})[xX×](?P<seats>[0-9]{1,9})")


def from_toml(text: str) -> Plan:
    """The plan in a TOML text. Raises `Invalid` and names the table that is wrong."""
    try:
        tree = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The seat plan is not TOML: {error}.") from None
    except (ValueError, RecursionError):
        raise Invalid("The seat plan holds a number too long or tables nested too deeply.") from None
    return from_tree(tree)


def from_tree(tree: Mapping[str, Any]) -> Plan:
    """The plan in a tree of plain values, as TOML and JSON give it. Raises `Invalid` and names the table."""
    _only_known(tree, ("stand",))
    stands: dict[str, Stand] = {}
    room = _Room()
    for n, table in enumerate(_tables(tree.get("stand", []), "stand"), 1):
        with _inside(f"Stand {n}{_called(table)}"):
            stand = _stand(table, room)
            if stand.name in stands:
                raise Invalid("There is a stand of that name already.")
            stands[stand.name] = stand
    return _whole(stands.values())


def from_options(texts: Iterable[str]) -> Plan:
    """The plan in short forms like ``A:30x40``: a stand's name, its rows and the seats in each. Raises `Invalid`."""
    tables = []
    for text in texts:
        found = _SHORT.fullmatch(text)
        if found is None:
            raise Invalid(
                f"{shown(text)} is not a stand.", hint="Write it as NAME:ROWSxSEATS, like A:30x40 for 30 rows of 40."
            )
        tables.append({"name": found["name"], "rows": int(found["rows"]), "seats": int(found["seats"])})
    return from_tree({"stand": tables})


def from_csv(text: str) -> Plan:
    """The plan in a CSV text. Raises `Invalid` and names the line that is wrong."""
    found, lines = sheets.records(text), _Lines()
    line, header = next(found, (1, []))
    with _inside(f"Line {line}"):
        columns = _columns(header)
    for line, cells in found:
        with _inside(f"Line {line}"):
            lines.add(line, columns, _readable(cells))
    return _whole(
        _numbered(name, None, [(row, [seat.place for seat in seats.values()]) for row, seats in rows.items()])
        for name, rows in lines.stands.items()
    )


# --- from places to a stand -----------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """A seat before it has its unit."""

    name: str
    x: float
    y: float
    category: str | None


def as_tree(plan: Plan) -> dict[str, Any]:
    """A plan as `from_tree` reads it: what is read from it is the same plan, but for the numbers of its units."""
    return {
        "stand": [
            {
                "name": stand.name,
                "focus": list(stand.focus),
                "row": [
                    {
                        "name": row.name,
                        "seats": [seat.name for seat in row.seats],
                        "x": [seat.x for seat in row.seats],
                        "y": [seat.y for seat in row.seats],
                    }
                    | ({"category": [seat.category or "" for seat in row.seats]} if _is_divided(row) else {})
                    for row in stand.rows
                ],
            }
            for stand in plan.stands
        ]
    }


def _is_divided(row: Row) -> bool:
    return any(seat.category for seat in row.seats)


def _numbered(name: str, focus: tuple[float, float] | None, rows: Iterable[tuple[str, Sequence[_Place]]]) -> Stand:
    taken, numbered = 0, []
    for row, places in rows:
        numbered.append(Row(row, tuple(Seat(unit, *place) for unit, place in enumerate(places, taken + 1))))
        taken += len(places)
    return Stand(name, focus or _middle(numbered[0]), tuple(numbered))


def _middle(row: Row) -> tuple[float, float]:
    xs, ys = [seat.x for seat in row.seats], [seat.y for seat in row.seats]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _whole(stands: Iterable[Stand]) -> Plan:
    plan = Plan(tuple(stands))
    if not plan.stands:
        raise Invalid("The seat plan has no stand.")
    return plan


@dataclass
class _Room:
    """How many seats the plan can still have: asked before they are made."""

    seats: int = MOST_SEATS

    def take(self, count: int, *, row: int) -> None:
        """Room for so many more, in a row that then has ``row`` seats. Raises Invalid."""
        self.seats -= count
        if self.seats < 0:
            raise Invalid(f"A seat plan has at most {MOST_SEATS:,} seats, and this one has more.")
        if row > MOST_SEATS_IN_A_ROW:
            raise Invalid(f"A row has at most {MOST_SEATS_IN_A_ROW:,} seats, and this one has more.")


# --- TOML -----------------------------------------------------------------------------------------------------------


class _OwnRow(NamedTuple):
    """A row's own terms, and the table they stand in (none for a row that is only counted)."""

    where: str
    terms: Mapping[str, Any]


def _stand(table: Mapping[str, Any], room: _Room) -> Stand:
    _only_known(table, _STAND_KEYS)
    if "name" not in table:
        raise Invalid("It has no name.")
    name, front = _name(table["name"], "stand"), _number(table.get("y", 0), "y")
    seats = _names(table["seats"], "seat") if "seats" in table else ()
    rows = []
    for n, (row, own) in enumerate(_own_rows(table).items()):
        with _inside(own.where):
            names = _names(own.terms["seats"], "seat") if "seats" in own.terms else seats
            if not names:
                raise Invalid(f"Row {row} has no seats.", hint="Say seats = 40, or list their names.")
            room.take(len(names), row=len(names))
            terms = {"x": 0, "category": None, **table, "y": front + n, **own.terms}
            rows.append((row, _places(names, terms)))
    return _numbered(name, _point(table["focus"], "focus") if "focus" in table else None, rows)


def _own_rows(table: Mapping[str, Any]) -> dict[str, _OwnRow]:
    """The rows by name, the front row first."""
    rows: dict[str, _OwnRow] = {}
    if "rows" in table:
        rows = dict.fromkeys(_names(table["rows"], "row"), _OwnRow("", {}))
    for n, terms in enumerate(_tables(table.get("row", []), "row"), 1):
        where = f"[[stand.row]] {n}{_called(terms)}"
        with _inside(where):
            _only_known(terms, _ROW_KEYS)
            name = _name(terms["name"], "row") if "name" in terms else str(len(rows) + 1)
            if name in rows and rows[name].where:
                raise Invalid(f"Row {name} is described twice.")
            rows[name] = _OwnRow(where, terms)
    if not rows:
        raise Invalid("It has no rows.", hint="Say rows = 30, or describe each in a [[stand.row]].")
    return rows


def _places(names: Sequence[str], terms: Mapping[str, Any]) -> list[_Place]:
    x, y, category = terms["x"], terms["y"], terms["category"]
    listed_x, listed_y, listed_category = (
        _as_many(value, names, what) if isinstance(value, list) else None
        for value, what in ((x, "x"), (y, "y"), (category, "category"))
    )
    left = 0.0 if listed_x else _number(x, "x")
    xs = [_number(one, "x") for one in listed_x] if listed_x else [left + n for n in range(len(names))]
    ys = [_number(one, "y") for one in listed_y] if listed_y else [_number(y, "y")] * len(names)
    categories = [_category(one) for one in listed_category] if listed_category else [_category(category)] * len(names)
    return list(map(_Place, names, xs, ys, categories))


def _names(value: Any, what: str) -> tuple[str, ...]:
    """Names from a count (1, 2, 3, ...) or a list."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MOST_SEATS:
            raise Invalid(f"{what}s must be from 1 to {MOST_SEATS:,}, not {_written(value)}.")
        return tuple(map(str, range(1, value + 1)))
    if not isinstance(value, list) or not value:
        raise Invalid(f"{what}s must be how many there are, or a list of their names, not {_written(value)}.")
    names: dict[str, None] = {}
    for one in value:
        name = _name(one, what)
        if name in names:
            raise Invalid(f"{what} {name} is listed twice.")
        names[name] = None
    return tuple(names)


def _as_many(values: list[Any], names: Sequence[str], what: str) -> list[Any]:
    if len(values) != len(names):
        raise Invalid(f"{what} lists {len(values)} values, and there are {len(names)} seats in the row.")
    return values


def _point(value: Any, what: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Invalid(f"{what} must be a point [x, y], not {_written(value)}.")
    return _number(value[0], what), _number(value[1], what)


def _tables(value: Any, name: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, Mapping) for table in value):
        raise Invalid(f"{name} must be a list of tables.", hint="Write [[stand]] for a stand, [[stand.row]] for a row.")
    return value


def _only_known(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise Invalid(f"Nobody knows the key {shown(key)} here.", hint=f"Known are: {', '.join(known)}.")


def _called(table: Mapping[str, Any]) -> str:
    name = table.get("name")
    return f" ({shown(name)})" if isinstance(name, str) else ""


@contextmanager
def _inside(where: str) -> Iterator[None]:
    """A refusal says in which table it was met."""
    try:
        yield
    except Invalid as refusal:
        raise refusal.met_in(where) if where else refusal from None


# --- CSV ------------------------------------------------------------------------------------------------------------


class _Listed(NamedTuple):
    line: int
    place: _Place


class _Cleaned(dict[str, str]):
    """Names by how they were written: a file says the same few again and again."""

    def __init__(self, what: str):
        self._what = what

    def __missing__(self, text: str) -> str:
        return self.setdefault(text, _name(text, self._what))


@dataclass
class _Lines:
    """Puts the seats of a file, line by line, into the rows of their stands."""

    stands: dict[str, dict[str, dict[str, _Listed]]] = field(default_factory=dict)
    _room: _Room = field(default_factory=_Room)
    _names: Mapping[str, _Cleaned] = field(
        default_factory=lambda: {what: _Cleaned(what) for what in (*_NEEDED, "category")}
    )

    def add(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        if len(cells) != len(columns):
            raise sheets.not_as_many(cells, columns)
        cell = dict(zip(columns, cells, strict=True))
        stand, row, name = (self._names[what][cell[what]] for what in _NEEDED)
        rows = self.stands.setdefault(stand, {})
        seats = rows.setdefault(row, {})
        if name in seats:
            raise Invalid(f"Seat {label(stand, row, name)} is on line {seats[name].line} already.")
        self._room.take(1, row=len(seats) + 1)
        first = next(iter(seats.values()), None)
        x = _coordinate(cell.get("x", ""), "x", otherwise=len(seats))
        y = _coordinate(cell.get("y", ""), "y", otherwise=first.place.y if first else len(rows) - 1)
        category = self._names["category"][cell["category"]] if cell.get("category", "").strip() else None
        seats[name] = _Listed(line, _Place(name, x, y, category))


def _columns(header: list[str] | Invalid) -> tuple[str, ...]:
    columns, wrong = sheets.columns_of(_readable(header), _LAYOUT)
    for _, refusal in wrong:
        raise refusal
    return columns


def _readable(cells: list[str] | Invalid) -> list[str]:
    if isinstance(cells, Invalid):
        raise cells
    return cells


def _coordinate(text: str, what: str, *, otherwise: float) -> float:
    """A number as it is written; one that is left out follows from the order."""
    if not text.strip():
        return float(otherwise)
    try:
        number = float(text)
    except ValueError:
        raise Invalid(f"{what} must be a number, not {shown(text)}.") from None
    return _number(number, what)


# --- single values --------------------------------------------------------------------------------------------------


def _name(value: Any, what: str) -> str:
    """A name as it is stored; a whole number will do, too."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _HUGE:
        value = str(value)
    if not isinstance(value, str):
        raise Invalid(f"The {what}'s name must be a text, not {_written(value)}.")
    name = clean_name(value, what=f"{what}'s name", most=LONGEST_NAMES[what])
    if "-" in name and what in ("row", "seat"):
        raise Invalid(
            f"The {what}'s name {shown(name)} contains a -.", hint="In STAND-ROW-SEAT it would divide the name."
        )
    return name


def _category(value: Any) -> str | None:
    return None if value is None or value == "" else _name(value, "category")


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{what} must be a number, not {_written(value)}.")
    if not -FARTHEST <= value <= FARTHEST:  # true of what is not a number, too
        raise Invalid(f"{what} must be from -{FARTHEST:,} to {FARTHEST:,}, not {_written(value)}.")
    return float(value)


def _written(value: Any) -> str:
    """What was written, in a few words."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _HUGE):
        return str(value)
    return {int: "a huge number", list: "a list", dict: "a table"}.get(type(value), "a date or a time")
