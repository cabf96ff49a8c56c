"""`export`: everything of one sort as a file that is never half there, however much it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Final, TextIO

import typer

from classbook.cli.files import whole_bytes, whole_file
from classbook.cli.groups import group
from classbook.cli.output import Column, Format, Printer, field, text_cell
from classbook.cli.session import Session, session, usage_error
from classbook.values import plain

app = group("Everything of one sort, as a file.")


class Sort(StrEnum):
    reservations = "reservations"
    transfers = "transfers"
    people = "people"
    offerings = "offerings"


class Form(StrEnum):
    csv = "csv"
    jsonl = "jsonl"
    xlsx = "xlsx"


def _columns(paths: str) -> tuple[Column, ...]:
    return tuple(Column(path) for path in paths.split())


COLUMNS: Final = {
    Sort.reservations: _columns(
        "id code state offering.id offering.kind offering.title user.id user.email user.name party seats starts_at "
        "ends_at timezone expires_at position price.amount price.currency created_at confirmed_at checked_in_at"
    ),
    Sort.transfers: _columns(
        "id kind state amount.amount amount.currency from.id from.account from.user.email to.id to.account "
        "to.user.email reservation offering.id offering.title first created_at"
    ),
    Sort.people: _columns("id email name role phone timezone"),
    Sort.offerings: _columns(
        "id kind title description type status starts_at ends_at timezone capacity reserved available price.amount "
        "price.currency creator.email venue policy version"
    ),
}
"""The columns of each sort as CSV; JSON lines hold everything."""


@app.command()
def export(
    ctx: typer.Context,
    sort: Annotated[Sort, typer.Argument(metavar="SORT", help="reservations, transfers, people or offerings.")],
    output: Annotated[
        str, typer.Option(metavar="FILE", help="Write it to a file, as a whole or not at all; - is standard output.")
    ],
    format: Annotated[
        Form | None,
        typer.Option(
            help="csv, xlsx with numbers and dates as such, or jsonl with everything there is; else as FILE is named."
        ),
    ] = None,
) -> None:
    """Write everything of one sort into a file, in constant memory.

    \b
      classbook export reservations --output reservations.csv
      classbook export transfers --output transfers.xlsx
      classbook export transfers --format jsonl --output - | gzip > transfers.jsonl.gz
    """
    from classbook.core import exports

    here = session(ctx)
    path = None if output == "-" else Path(output)
    form = _form(here, format, path)
    if sort is Sort.reservations and form is Form.csv:
        _export_table(here, path)
        return
    found = (_row(sort, plain(value), form) for value in exports.rows(here.app, here.actor, sort.value))
    if path is None:
        if form is Form.xlsx:
            _write_book(here.out.stream.buffer, found, sort)
        else:
            _write(here, here.out.stream, found, sort, form)
        return
    counted = _Counted(found)
    if form is Form.xlsx:
        with whole_bytes(path) as book:
            _write_book(book, counted, sort)
    else:
        with whole_file(path) as file:
            _write(here, file, counted, sort, form)
    _tell(here, sort, path, counted.count)


def _tell(here: Session, sort: Sort, path: Path, rows: int) -> None:
    here.note(f"{path} is written: {rows} {sort}")
    if here.as_json:
        here.show({"sort": sort.value, "file": str(path), "rows": rows}, ())


def _export_table(here: Session, path: Path | None) -> None:
    """All reservations as CSV, past everything that is made for one at a time."""
    from classbook.core import exports

    pages = exports.reservation_lines(here.app, here.actor, quoted=text_cell)
    header = ",".join(column.path for column in COLUMNS[Sort.reservations]) + "\n"
    if path is None:
        here.out.stream.write(header)
        for lines in pages:
            here.out.stream.write("".join(lines))
        return
    count = 0
    with whole_file(path) as file:
        file.write(header)
        for lines in pages:
            file.write("".join(lines))
            count += len(lines)
    _tell(here, Sort.reservations, path, count)


class _Counted:
    """Rows that pass by, and how many they were."""

    def __init__(self, rows: Iterator[dict[str, Any]]):
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _form(here: Session, asked: Form | None, path: Path | None) -> Form:
    if path is None and here.as_json:
        raise usage_error("--json and an export to standard output contradict each other: say --format jsonl.")
    if asked is None:
        asked = next((form for form in Form if path and path.suffix == f".{form}"), None)
    if asked is None:
        raise usage_error("Say --format csv, xlsx or jsonl, or name the file like people.csv.")
    if asked is Form.xlsx and path is None and here.out.is_terminal:
        raise usage_error("A spreadsheet is nothing for a terminal: say --output people.xlsx.")
    return asked


def _row(sort: Sort, row: dict[str, Any], form: Form) -> dict[str, Any]:
    """A row; a cell of a table has its seats as one text."""
    if sort is Sort.reservations and form is not Form.jsonl:
        row["seats"] = " ".join(place["seat"] for place in row["places"] if place["seat"])
    return row


def _write(here: Session, stream: TextIO, rows: Any, sort: Sort, form: Form) -> None:
    printer = Printer(stream, is_terminal=False, has_colour=False, zone=here.settings.zone)
    printer.rows({"results": rows}, COLUMNS[sort], Format(form.value))


def _write_book(file: IO[bytes], rows: Any, sort: Sort) -> None:
    from classbook.cli.workbook import book

    paths = [column.path for column in COLUMNS[sort]]
    with book(file) as made:
        made.sheet(sort.value, paths, ([_typed(path, field(row, path)) for path in paths] for row in rows))


def _typed(path: str, value: Any) -> Any:
    """What JSON has as a text though it is none: an amount, an instant (in UTC)."""
    if isinstance(value, str):
        if path.endswith("amount"):
            return Decimal(value)
        if path.endswith("_at"):
            return datetime.fromisoformat(value)
    return value
