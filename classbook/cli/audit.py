"""`audit`: every invariant, asked of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from classbook.cli import exits
from classbook.cli.checks import show_checks
from classbook.cli.groups import group
from classbook.cli.options import DryRun, Yes
from classbook.cli.session import session, usage_error

if TYPE_CHECKING:
    from classbook.values import Check

app = group("Check every invariant of the database.")

Repair = Annotated[
    bool, typer.Option("--repair", help="Mend what follows from states and history, and say what could not be.")
]


@app.command()
def audit(ctx: typer.Context, repair: Repair = False, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Check every invariant of the database; exit code 0 only when none is broken.

    With --repair what can be mended is mended, said, and checked again: claims of reservations that are over, what a
    pool knows of its longest claim, whoever waits beside a free place. States, history and money are never written.

    \b
      classbook audit
      classbook audit --repair --dry-run
    """
    from classbook.core import audit as core

    here = session(ctx)
    if (dry_run or yes) and not repair:
        raise usage_error("--dry-run and --yes go with --repair: an audit alone changes nothing.")
    mended: list[Check] = []
    if repair:
        here.agree("Mend what the audit finds broken? Keep a copy of the database first.", yes=yes or dry_run)
        mended = core.repair(here.app, here.actor, dry_run=dry_run)
    found = [] if dry_run else core.run(here.app, here.actor)
    show_checks(here, [*mended, *found])
    if not all(check.ok for check in (*mended, *found)):
        raise typer.Exit(exits.NOT_WELL)
