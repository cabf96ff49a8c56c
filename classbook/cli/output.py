"""The one printer: everything is drawn from the plain JSON form, so that no face shows what the others lack.

On a terminal a list is a table and a value a card, both with local times. Off it a list is TSV with a header line and
a value is one ``name<TAB>value`` line per field, with the names and the UTC times of the JSON form, never cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from classbook.rules.when import format_local

Row = Mapping[str, Any]
Shown = Callable[[Row, ZoneInfo], str]
"""Draws one cell for people; the zone is for rows that have none of their own."""


class Format(StrEnum):
    """How a list is printed. The default is ``table`` on a terminal and ``tsv`` off it."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"


@dataclass(frozen=True, slots=True)
class Column:
    """A field by its dotted ``path`` in the JSON form.

    Without a ``title`` it is only printed for machines; without a ``path`` only for people.
    """

    path: str
    title: str = ""
    shown: Shown | None = None
    style: str = ""


@dataclass(frozen=True, slots=True)
class Printer:
    stream: TextIO
    is_terminal: bool
    has_colour: bool
    zone: ZoneInfo
    """For times of things that have no zone of their own."""

    def value(self, row: Row, columns: Sequence[Column], *, as_json: bool) -> None:
        """One thing."""
        if as_json:
            self._json(row)
        elif self.is_terminal:
            self._card(row, columns)
        else:
            self.stream.writelines(f"{c.path}\t{_tsv(field(row, c.path))}\n" for c in columns if c.path)

    def rows(self, page: Mapping[str, Any], columns: Sequence[Column], form: Format) -> None:
        """A page of a list: ``{"results": [...], "next": ...}``."""
        rows = page["results"]
        if form is Format.json:
            self._json(page)
        elif form is Format.jsonl:
            self.stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        elif form is Format.table:
            self._table(rows, columns)
        else:
            self._lines(rows, [c.path for c in columns if c.path], form)

    def text(self, line: str) -> None:
        """One line for people, whatever it holds."""
        self.stream.write(clean(line) + "\n")

    def mark(self, word: str, line: str, *, well: bool) -> None:
        """One line behind a word that is green or red where there are colours."""
        colour, end = (f"\x1b[{32 if well else 31}m", "\x1b[0m") if self.has_colour else ("", "")
        self.stream.write(f"{colour}{word:<4}{end}  {clean(line)}\n")

    def answer(self, word: str, *cells: str, well: bool) -> None:
        """One line of several that are read while they come: off a terminal with tabs between its parts."""
        if self.is_terminal:
            self.mark(word, "  ".join(cells), well=well)
        else:
            self.stream.write("\t".join(_tsv(cell) for cell in (word, *cells)) + "\n")
        self.stream.flush()

    def _json(self, value: Any) -> None:
        self.stream.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def _lines(self, rows: Iterable[Row], paths: Sequence[str], form: Format) -> None:
        if form is Format.tsv:
            self.stream.write("\t".join(paths) + "\n")
            self.stream.writelines("\t".join(_tsv(field(row, p)) for p in paths) + "\n" for row in rows)
            return
        self.stream.write(",".join(paths) + "\n")
        for row in rows:
            cells = (csv_cell(field(row, p), is_ours=p.endswith(".amount")) for p in paths)
            self.stream.write(",".join(cells) + "\n")

    def _card(self, row: Row, columns: Sequence[Column]) -> None:
        shown = [c for c in columns if c.title]
        width = max(len(c.title) for c in shown)
        for column in shown:
            text = self._cell(row, column)
            if text:
                self.stream.write(f"{self._dim(column.title.ljust(width))}  {text}\n")

    def _table(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        from rich import box  # only a table on a terminal pays for rich
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        shown = [c for c in columns if c.title]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in shown:
            table.add_column(Text(column.title), overflow="fold")
        for row in rows:
            table.add_row(*(Text(self._cell(row, c), style=c.style) for c in shown))
        console = Console(
            file=self.stream,
            force_terminal=self.is_terminal,
            color_system="auto" if self.has_colour else None,
            markup=False,
            highlight=False,
            emoji=False,
            width=None if self.is_terminal else 120,
        )
        console.print(table)

    def _cell(self, row: Row, column: Column) -> str:
        if column.shown:
            return clean(column.shown(row, self.zone))
        value = field(row, column.path)
        return "" if value is None else clean(_scalar(value))

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.has_colour else text


def field(row: Row, path: str) -> Any:
    """What a dotted path leads to: ``offering.title``; None where it leads nowhere."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def local(path: str) -> Shown:
    """A time, in the zone of the thing it belongs to."""

    def shown(row: Row, zone: ZoneInfo) -> str:
        text = field(row, path)
        return "" if text is None else format_local(datetime.fromisoformat(text), zone_of(row, zone))

    return shown


def period(row: Row, zone: ZoneInfo) -> str:
    """From when to when, in the zone of the thing it belongs to; a day, a month or a zone is not said twice."""
    start, end = (local(path)(row, zone).split(" ", 5) for path in ("starts_at", "ends_at"))
    if start[:4] == end[:4] and start[5:] == end[5:] and len(end) > 4:
        return " ".join([*start[:4], f"{start[4]}-{end[4]}", *start[5:]])
    return " to ".join(" ".join(words) for words in (start, end) if any(words))


def money(path: str) -> Shown:
    """An amount with its currency."""

    def shown(row: Row, _zone: ZoneInfo) -> str:
        value = field(row, path)
        return "" if value is None else amount(value)

    return shown


def amount(money: Row) -> str:
    """Money in words."""
    return f"{money['amount']} {money['currency']}"


def zone_of(row: Row, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of an offering or a reservation; ``otherwise`` for what has none, or one this machine does not know."""
    try:
        return ZoneInfo(row["timezone"])
    except (KeyError, ValueError, OSError, TypeError):
        return otherwise


_JOINERS: Final = "\u200c\u200d"
"""Not printable by themselves, but parts of names and of emoji."""


def clean(text: str) -> str:
    """Text that cannot move a cursor, change a colour or turn a line around: what is not printable is spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else repr(c)[1:-1] for c in text)


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV Injection; ASVS 5.0, 1.2.10), also full-width.

TSV is for pipes: it is not meant for spreadsheets, and its cells are as they are.
"""


def csv_cell(value: Any, *, is_ours: bool = False) -> str:
    """A cell as RFC 4180 quotes it. A text that a spreadsheet would take for a formula gets a ``'`` before it.

    Not one that is ours, like the amount -12.50.
    """
    text = _scalar(value)
    if isinstance(value, str) and text.startswith(_FORMULA) and not is_ours:
        text = f"'{text}"
    # Not by the csv module: with lines that end in a line feed alone, it leaves a carriage return unquoted.
    return '"{}"'.format(text.replace('"', '""')) if re.search(r'[,"\r\n]', text) else text


_HARMLESS: Final = re.compile(rf"[^{re.escape(''.join(_FORMULA))},\"][^,\"\r\n]*").fullmatch


def text_cell(text: str) -> str:
    """`csv_cell` of a text, for very many of them."""
    return text if _HARMLESS(text) else csv_cell(text)


_TSV_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _tsv(value: Any) -> str:
    return clean(_scalar(value).translate(_TSV_ESCAPES))


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
