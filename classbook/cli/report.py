"""`report`: the figures, on the screen or as a file that is never half there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from classbook.cli.files import write_whole
from classbook.cli.groups import group
from classbook.cli.options import Form
from classbook.cli.output import Column, Format, Printer
from classbook.cli.session import Session, session, usage_error
from classbook.values import plain

app = group("The figures: classes, people, confirmed places.")

FIGURE: Final = (Column("figure", "figure"), Column("class_id", "class"), Column("value", "value", style="bold"))


@app.command()
def report(
    ctx: typer.Context,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Only classes that begin then or later.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only classes that begin before; a whole day is included.")
    ] = None,
    format: Form = None,
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write it to a file, as a whole or not at all; - is standard output."),
    ] = None,
) -> None:
    """Count classes, enrolled people and confirmed places.

    \b
      classbook report
      classbook report --from 2026-12-01 --to 2026-12-31 --output report.csv
    """
    from classbook.core import figures

    here = session(ctx)
    path = Path(output) if output and output != "-" else None
    form = _form(here, format, path)
    found = plain(
        figures.report(
            here.app,
            here.actor,
            starts_from=here.when(from_, "--from") if from_ else None,
            starts_to=here.until(to, "--to") if to else None,
        )
    )
    if path is None:
        _print(found, here.out, form)
        return
    text = io.StringIO()
    _print(found, Printer(text, is_terminal=False, has_colour=False, zone=here.settings.zone), form)
    write_whole(path, text.getvalue())
    here.note(f"{path} is written")


def _form(here: Session, asked: Format | None, path: Path | None) -> Format:
    """What was asked for; for a file what its name says; else what suits the place."""
    if asked is None and not here.as_json and path is not None:
        asked = next((form for form in Format if path.suffix == f".{form}"), None)
        if asked is None:
            raise usage_error(f"{path.name}: say --format, or name it like report.csv or report.json.")
    return here.form(asked)


def _print(report: dict[str, Any], out: Printer, form: Format) -> None:
    if form is Format.json:
        out.value(report, (), as_json=True)
        return
    totals = [{"figure": name, "value": value} for name, value in report.items() if not isinstance(value, list)]
    places = [
        {"figure": "confirmed_seats", "class_id": row["class_id"], "value": row["confirmed"]}
        for row in report["confirmed_seats"]
    ]
    out.rows({"results": totals + places}, FIGURE, form)
