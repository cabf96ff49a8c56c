"""`audit`: every invariant, asked of the database."""

from __future__ import annotations

import typer

from classbook.cli import exits
from classbook.cli.checks import show_checks
from classbook.cli.groups import group
from classbook.cli.session import session

app = group("Check every invariant of the database.")


@app.command()
def audit(ctx: typer.Context) -> None:
    """Check every invariant of the database; exit code 0 only when none is broken.

    \b
      classbook audit
    """
    from classbook.core import audit as core

    here = session(ctx)
    if not show_checks(here, core.run(here.app, here.actor)):
        raise typer.Exit(exits.NOT_WELL)
