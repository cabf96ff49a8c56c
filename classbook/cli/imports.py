"""`import`: many at once out of a CSV file, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from classbook.cli.files import read_text
from classbook.cli.offerings import noun_of
from classbook.cli.options import CsvFile, DryRun, Form, Key, Zone
from classbook.cli.session import Session, keyed, session

if TYPE_CHECKING:
    from classbook.core.imports import Sheet


def import_(
    ctx: typer.Context,
    file: CsvFile,
    timezone: Zone = None,
    format: Form = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Create all {plural} of a CSV file, or none: everything that is wrong is told by line and column.

    The first line names the columns, as the options of `create` are called: title, start, end or duration, and so on.
    What a list or an export prints as CSV is understood.

    \b
      classbook {word} import {plural}.csv --dry-run
      classbook {word} import - --timezone Europe/Berlin < {plural}.csv
    """
    from classbook.core import imports

    here, noun = session(ctx), noun_of(ctx)
    text = read_text(file)
    sheet = imports.offerings_in(here.app, noun.kind, text, zone=here.zone(timezone))
    tell(here, sheet)
    key = keyed(ctx, request_key, sent=text)
    made = imports.offerings(here.app, here.actor, noun.kind, sheet, key=key, dry_run=dry_run)
    here.show_page(made, noun.in_list, format, nothing=f"no {noun.plural}")
    count = len(sheet.wishes)
    here.note(f"created {count} {noun.word if count == 1 else noun.plural}")
    here.said_dry(dry_run)


def tell(here: Session, sheet: Sheet) -> None:
    """What is worth knowing of a file that was read."""
    if sheet.passed_over:
        here.note(f"not read, as nobody can choose it: {', '.join(sheet.passed_over)}")
    for line, note in sheet.notes:
        here.note(f"line {line}: {note}")
