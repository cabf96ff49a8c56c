"""`report`: the figures, on the screen or as a file that is never half there."""

from __future__ import annotations

import io
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from classbook.cli.files import whole_bytes, write_whole
from classbook.cli.groups import group
from classbook.cli.output import Column, Format, Printer
from classbook.cli.report_rows import counts, places
from classbook.cli.session import Session, session, usage_error
from classbook.values import plain

if TYPE_CHECKING:
    from classbook.core.overview import Overview

app = group("The figures: classes, people, confirmed places.")

FIGURE: Final = (
    Column("figure", "figure"),
    Column("class_id", "class"),
    Column("value", "value", style="bold"),
    Column("offering_id", "offering"),
)


class Form(StrEnum):
    """What a report can be."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"
    xlsx = "xlsx"
    html = "html"


@app.command()
def report(
    ctx: typer.Context,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Only what begins then or later.")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what begins before; a whole day is included.")
    ] = None,
    format: Annotated[
        Form | None,
        typer.Option(help="How it is written; else as FILE is named. html and xlsx also say what lies behind it."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write it to a file, as a whole or not at all; - is standard output."),
    ] = None,
) -> None:
    """Count classes, enrolled people and confirmed places, and the same of the other kinds.

    As a page (html) or a spreadsheet (xlsx) also how full everything is, and bookings, no-shows and revenue by day.

    \b
      classbook report
      classbook report --from 2026-12-01 --to 2026-12-31 --output report.csv
      classbook report --output report.html
    """
    here = session(ctx)
    path = Path(output) if output and output != "-" else None
    form = _form(here, format, path)
    span = {
        "starts_from": here.when(from_, "--from") if from_ else None,
        "starts_to": here.until(to, "--to") if to else None,
    }
    if form is Form.xlsx:
        _write_book(here, path, span)
    else:
        _write_text(here, path, _text(here, form, span, at_once=path is None))
    if path is not None:
        here.note(f"{path} is written")


def _text(here: Session, form: Form, span: dict[str, datetime | None], *, at_once: bool) -> str:
    """The report as text; a terminal's table is printed ``at_once``, where its width is known."""
    if form is Form.html:
        from classbook.cli.report_page import page

        return page(_overview(here, span))
    from classbook.core import figures

    found = plain(figures.report(here.app, here.actor, **span))
    if at_once:
        _print(found, here.out, Format(form.value))
        return ""
    text = io.StringIO()
    _print(found, Printer(text, is_terminal=False, has_colour=False, zone=here.settings.zone), Format(form.value))
    return text.getvalue()


def _write_text(here: Session, path: Path | None, text: str) -> None:
    if path is None:
        here.out.stream.write(text)
    else:
        write_whole(path, text)


def _write_book(here: Session, path: Path | None, span: dict[str, datetime | None]) -> None:
    overview = _overview(here, span)
    if path is None:
        _fill(here.out.stream.buffer, overview)
        return
    with whole_bytes(path) as file:
        _fill(file, overview)


def _fill(file: IO[bytes], overview: Overview) -> None:
    from classbook.cli.report_book import fill
    from classbook.cli.workbook import book

    with book(file) as made:
        fill(made, overview)


def _overview(here: Session, span: dict[str, datetime | None]) -> Overview:
    from classbook.core.overview import overview

    return overview(here.app, here.actor, **span)


def _form(here: Session, asked: Form | None, path: Path | None) -> Form:
    """What was asked for; for a file what its name says; else what suits the place."""
    if asked is None and not here.as_json and path is not None:
        asked = next((form for form in Form if path.suffix == f".{form}"), None)
        if asked is None:
            raise usage_error(f"{path.name}: say --format, or name it like report.csv or report.json.")
    if asked in (Form.xlsx, Form.html):
        if here.as_json:
            raise usage_error("--json and --format contradict each other.")
        if asked is Form.xlsx and path is None and here.out.is_terminal:
            raise usage_error("A spreadsheet is nothing for a terminal: say --output report.xlsx.")
        return asked
    return Form(here.form(Format(asked.value) if asked else None).value)


def _print(report: dict[str, Any], out: Printer, form: Format) -> None:
    if form is Format.json:
        out.value(report, (), as_json=True)
        return
    totals = [{"figure": name, "value": value} for name, value in counts(report)]
    out.rows({"results": [*totals, *places(report)]}, FIGURE, form)
