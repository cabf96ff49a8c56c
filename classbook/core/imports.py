"""Offerings and people out of CSV files: all of a file or nothing, and everything that is wrong with it at once.

A file is read first (`offerings_in`, `people_in`), which holds no lock and writes nothing; what can be told by reading
is kept in the sheet. Then it is carried out in one transaction, which adds what only the database knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.config import TERMS_OF
from classbook.core import catalog, making, people, providers
from classbook.core.actors import Who
from classbook.core.drafts import Draft, columns
from classbook.core.house import no_venue
from classbook.core.keys import once
from classbook.core.making import Wish
from classbook.core.trail import Deed
from classbook.errors import ClassbookError, Exists, Invalid
from classbook.rules.kinds import Kind, kind_named
from classbook.rules.plans import shown
from classbook.rules.sheets import Faults, Layout, Line, read
from classbook.rules.when import parse_duration, parse_when
from classbook.rules.zones import known_zone
from classbook.store import catalog as store
from classbook.store import people as people_store
from classbook.store import venues
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import OfferingRecord
from classbook.store.venues import VenueRecord
from classbook.values import Actor, Offering, Page, Person, RequestKey

Reader = Callable[[str], Any]
"""The value of a cell. Raises a refusal, or ValueError with what would be right."""

_SYNONYMS: Final = {
    "capacity": "seats", "starts_at": "start", "start_time": "start", "ends_at": "end", "end_time": "end",
    "price.amount": "price", "price.currency": "currency", "venue_id": "venue",
}  # fmt: skip
_PRINTED: Final = frozenset(
    ("id", "kind", "status", "reserved", "reserved_slots", "available", "available_slots", "creator.email", "version")
)
PEOPLE: Final = Layout(
    "A list of people", ("email", "name", "role", "phone", "timezone"), (("email",), ("name",)),
    passed_over=frozenset({"id"}),
)  # fmt: skip


def layout_of(kind: Kind) -> Layout:
    """The columns of a list of offerings: what the command line and the API call them."""
    places = ("venue", "prices") if kind.in_venue else ("seats", "price", "currency", "room", "provider")
    common = ("start", "end", "duration", "type", "description", "timezone")
    # What a match costs is printed as the price of its cheapest seats.
    printed = _PRINTED | ({"seats", "price", "currency"} if kind.in_venue else {"venue"})
    return Layout(
        f"A list of offerings of the kind {kind.name}",
        ("title", *places, *common, *TERMS_OF[kind.name], "policy"),
        (("title",), ("venue",) if kind.in_venue else ("seats",), ("start",), ("end", "duration")),
        _SYNONYMS,
        frozenset(printed),
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says: what to make by the line, what is wrong, and what is worth saying (the line, a note)."""

    wishes: Mapping[int, Any]
    faults: Faults
    passed_over: tuple[str, ...] = ()
    notes: list[tuple[int, str]] = field(default_factory=list)


# --- offerings -----------------------------------------------------------------------------------------------------


def offerings_in(app: App, kind: str, text: str, *, zone: ZoneInfo) -> Sheet:
    """The offerings that a CSV names; dates are read in the line's zone, its venue's, or else in ``zone``.

    Raises Invalid for a header that is not understood, and for a file that is too long. Other faults are in the sheet.
    """
    row, faults, wishes = kind_named(kind), Faults(), dict[int, Wish]()
    lines, passed_over = read(text, layout_of(row), faults)
    with app.store.read() as tx:
        reading = _Reading(app, tx, row, zone, faults)
        for line in lines:
            if (wish := reading.wish(line)) is not None:
                wishes[line.number] = wish
    return Sheet(wishes, faults, passed_over, reading.notes)


def offerings(
    app: App, actor: Actor, kind: str, sheet: Sheet, *, key: RequestKey | None = None, dry_run: bool = False
) -> Page[Offering] | dict[str, Any]:
    """Make all of a sheet, in the order of its lines, or raise all that is wrong with it.

    What has the title and the time of another one, in the file or in the database, is `Exists`.
    """
    row = kind_named(kind)

    def act(tx: Tx, who: Who) -> Page[Offering]:
        faults = Faults(list(sheet.faults.found))
        there = {_same(one.title, one.starts_at, one.ends_at): one.id for one in _at_its_times(tx, kind, sheet)}
        for number, wish in sheet.wishes.items():
            if (id := there.get(_sameness(wish))) is not None:
                said = f"There is a {kind} {wish.values['title']} at that time already, with the id {id}."
                faults.add(number, Exists(said), column="title")
        lines = [number for number in sheet.wishes if number not in faults.lines]
        outcomes = making.make(app, tx, who, row, [sheet.wishes[number] for number in lines])
        for number, outcome in zip(lines, outcomes, strict=True):
            if isinstance(outcome, ClassbookError):
                faults.add(number, outcome)
        faults.refuse()
        return Page(tuple(catalog.views(app, tx, making.made_in(outcomes))), None)

    def step(tx: Tx) -> Page[Offering] | dict[str, Any]:
        who = making.maker(tx, actor, row)
        return once(tx, actor, key, lambda: act(tx, who), deed=Deed("create", "offering"), dry_run=dry_run)

    with app.store.rehearsal(dry_run):
        catalog.settle(app, sorted({id for wish in sheet.wishes.values() for id in wish.draft.sellers}))
        return catalog.guarded(app, step)


def _at_its_times(tx: Tx, kind: str, sheet: Sheet) -> list[OfferingRecord]:
    return store.at_times(tx, kind, (wish.values["starts_at"] for wish in sheet.wishes.values()))


def _sameness(wish: Wish) -> tuple[object, ...]:
    return _same(wish.values["title"], wish.values["starts_at"], wish.values["ends_at"])


def _same(title: str, starts_at: datetime | None, ends_at: datetime | None) -> tuple[object, ...]:
    return title, starts_at, ends_at


class _Reading:
    """Goes through the lines of a list of offerings, and remembers the rooms, coaches and venues it has looked up."""

    def __init__(self, app: App, tx: Tx, row: Kind, zone: ZoneInfo, faults: Faults):
        self._app, self._tx, self._row, self._zone, self._faults = app, tx, row, zone, faults
        self._layout = layout_of(row)
        self._sellers: dict[str, int] = {}
        self._venues: dict[str, VenueRecord] = {}
        self._seen: dict[tuple[object, ...], int] = {}
        self.notes: list[tuple[int, str]] = []

    def wish(self, line: Line) -> Wish | None:
        """What to make of a line; None where something is wrong with it."""
        before = len(self._faults.found)
        values = _values(line, self._readers(line), self._faults)
        _check_needed(line, self._layout, self._faults)
        if "end" in line.cells and "duration" in line.cells:
            self._refuse(line, Invalid("There is an end and a duration.", hint="Leave one of the two empty."), "end")
        if len(self._faults.found) > before:
            return None
        ends = "end" if "end" in line.cells else "duration"
        try:
            wish = making.wish(self._app, self._row, _fields(self._row, values))
        except ClassbookError as refusal:
            self._refuse(line, refusal, ends)
            return None
        first = self._seen.setdefault(_sameness(wish), line.number)
        if first != line.number:
            self._refuse(line, Exists(f"{wish.values['title']} at that time is on line {first} already."), "title")
            return None
        return wish

    def _refuse(self, line: Line, refusal: ClassbookError, column: str) -> None:
        self._faults.add(line.number, refusal, column=column, cell=line.cells.get(column))

    def _readers(self, line: Line) -> dict[str, Reader]:
        zone = self._zone_of(line)
        readers: dict[str, Reader] = {
            "title": self._checked("title"),
            "type": self._checked("type"),
            "description": self._checked("description"),
            "timezone": self._checked("timezone"),
            "seats": lambda cell: self._checked("seats")(_whole(cell)),
            "price": lambda cell: self._checked("price")(" ".join([cell, line.cells.get("currency", "")]).strip()),
            "prices": _prices,
            "start": lambda cell: self._when(line, cell, zone),
            "end": lambda cell: self._when(line, cell, zone),
            "duration": lambda cell: timedelta(seconds=parse_duration(cell)),
            "room": self._seller,
            "provider": self._seller,
            "venue": lambda cell: self._venue(cell).id,
            "policy": self._policy,
            "kind": self._kind,
            "status": _alive,
        }
        return readers | {name: _term(parse) for name, (_, parse) in TERMS_OF[self._row.name].items()}  # fmt: skip

    def _checked(self, name: str) -> Callable[[Any], Any]:
        """A reader that refuses what an offering would refuse of this field alone."""

        def check(value: Any) -> Any:
            columns(Draft(**{name: value}), self._row, currency=self._app.settings.currency)
            return value

        return check

    def _zone_of(self, line: Line) -> ZoneInfo:
        """Where the clocks are that its dates are read from; what is wrong with it is said of its own column."""
        try:
            if "timezone" in line.cells:
                return ZoneInfo(known_zone(line.cells["timezone"].strip()))
            if "venue" in line.cells:
                return ZoneInfo(self._venue(line.cells["venue"]).timezone)
        except ClassbookError:
            pass
        return self._zone

    def _when(self, line: Line, cell: str, zone: ZoneInfo) -> datetime:
        reading = parse_when(cell, now=self._app.clock.now(), zone=zone)
        if reading.note:
            self.notes.append((line.number, reading.note))
        return reading.instant

    def _kind(self, cell: str) -> str:
        if cell != self._row.name:
            raise Invalid(f"This is a list of offerings of the kind {self._row.name}.", hint="Leave the line out.")
        return cell

    def _policy(self, cell: str) -> dict[str, Any]:
        """Terms as answers have them: what differs from the kind's own."""
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Invalid('Terms are written as a JSON object, like {"hold_seconds": 600}.')
        usual = asdict(self._row.policy)
        terms = {term: value for term, value in found.items() if term != "once" and usual.get(term, self) != value}
        self._checked("policy")(terms)
        return terms

    def _seller(self, cell: str) -> int:
        if cell not in self._sellers:
            self._sellers[cell] = providers.named(self._tx, cell.strip()[:400]).id
        return self._sellers[cell]

    def _venue(self, cell: str) -> VenueRecord:
        """A venue by its id, or by its name where only one has it."""
        if cell not in self._venues:
            word = cell.strip()
            by_id = venues.by_id(self._tx, int(word)) if word.isascii() and word.isdigit() and len(word) < 19 else None
            found = [by_id] if by_id else venues.by_name(self._tx, word)
            if not found:
                raise no_venue(shown(word))
            if len(found) > 1:
                ids = ", ".join(str(one.id) for one in found)
                raise Invalid(f"Several venues have that name: {ids}.", hint="Write the id of the one that is meant.")
            self._venues[cell] = found[0]
        return self._venues[cell]


def _fields(row: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a draft that the cells of a line make."""
    terms = values.get("policy", {}) | {
        policy: values[name] for name, (policy, _) in TERMS_OF[row.name].items() if name in values
    }
    starts_at = values["start"]
    ends_at = values["end"] if "end" in values else starts_at + values["duration"]
    known = ("title", "seats", "type", "description", "timezone", "price", "prices", "room", "provider")
    given = {name: values[name] for name in known if name in values}
    if "venue" in values:
        given["venue_id"] = values["venue"]
    return given | {"starts_at": starts_at, "ends_at": ends_at} | ({"policy": terms} if terms else {})


# --- people --------------------------------------------------------------------------------------------------------


def people_in(app: App, text: str) -> Sheet:
    """The people that a CSV names. Raises Invalid as `offerings_in` does."""
    faults, wishes, seen = Faults(), dict[int, dict[str, Any]](), dict[str, int]()
    lines, passed_over = read(text, PEOPLE, faults)
    for line in lines:
        before = len(faults.found)
        values = _values(line, people.CLEAN, faults)
        _check_needed(line, PEOPLE, faults)
        if len(faults.found) > before:
            continue
        first = seen.setdefault(values["email"], line.number)
        if first != line.number:
            faults.add(line.number, Exists(f"{values['email']} is on line {first} already."), column="email")
            continue
        wishes[line.number] = {"role": "member", "phone": None, "timezone": app.settings.timezone} | values
    return Sheet(wishes, faults, passed_over)


def everybody(
    app: App, actor: Actor, sheet: Sheet, *, key: RequestKey | None = None, dry_run: bool = False
) -> Page[Person] | dict[str, Any]:
    """Make all people of a sheet, vouched for like those of `people.create`, or raise all that is wrong with it."""

    def act(tx: Tx) -> Page[Person]:
        faults = Faults(list(sheet.faults.found))
        known = people_store.known(tx, (wish["email"] for wish in sheet.wishes.values()))
        for number, wish in sheet.wishes.items():
            if wish["email"] in known:
                said = f"There is a person with the address {wish['email']} already."
                faults.add(number, Exists(said), column="email")
        faults.refuse()
        return Page(tuple(map(people_store.view, people_store.add_all(tx, list(sheet.wishes.values())))), None)

    def step(tx: Tx) -> Page[Person] | dict[str, Any]:
        for role in sorted({wish["role"] for wish in sheet.wishes.values()}) or [None]:
            people.require_keeper(tx, actor, role)
        return once(tx, actor, key, lambda: act(tx), deed=Deed("create", "person"), dry_run=dry_run)

    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "people_email":
            raise
        # Somebody brought one of these addresses at the same moment: now it is there, and its line is named.
        return app.store.write(step)


# --- cells ---------------------------------------------------------------------------------------------------------


def _values(line: Line, readers: Mapping[str, Reader], faults: Faults) -> dict[str, Any]:
    """The values of a line's cells; what is wrong with any of them goes to ``faults``."""
    values = {}
    for column, cell in line.cells.items():
        if column not in readers:
            continue
        try:
            values[column] = readers[column](cell.strip(" "))
        except ClassbookError as refusal:
            faults.add(line.number, refusal, column=column, cell=cell)
    return values


def _check_needed(line: Line, layout: Layout, faults: Faults) -> None:
    for group in layout.needed:
        if not any(column in line.cells for column in group):
            named = " or ".join(group)
            faults.add(line.number, Invalid("The cell is empty.", hint=f"Every line needs: {named}."), column=named)


def _whole(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) < 19):
        raise Invalid("It must be a whole number, like 12.")
    return int(cell)


def _alive(cell: str) -> str:
    if cell == "cancelled":
        raise Invalid("It was cancelled, and would be there again.", hint="Leave the line out.")
    return cell


def _prices(cell: str) -> dict[str, str]:
    """``A=12.50; B=10``: the prices of a match by stand or category."""
    found: dict[str, str] = {}
    for part in filter(str.strip, cell.split(";")):
        category, equals, amount = (word.strip() for word in part.partition("="))
        if not (category and equals and amount):
            raise Invalid("Prices are written as STAND=AMOUNT, like A=12.50; B=10.")
        if category in found:
            raise Invalid(f"{category} has two prices.")
        found[category] = amount
    return found


def _term(parse: Reader) -> Reader:
    """A term as the settings would read it."""

    def term(cell: str) -> Any:
        try:
            return parse(cell)
        except ValueError as right:
            raise Invalid(f"It must be {str(right).replace(' in quotes', '')}.") from None

    return term
