"""`holds release`: what somebody holds and keeps from others, given back by an administrator."""

from __future__ import annotations

from typing import Annotated

import typer

from classbook.cli.groups import group
from classbook.cli.options import DryRun, Form, Key, Yes
from classbook.cli.reservations import LISTED
from classbook.cli.session import keyed, session

app = group("Release what somebody holds.")


@app.callback()
def _holds() -> None:
    """A group, though it has one command so far."""


@app.command()
def release(
    ctx: typer.Context,
    user: Annotated[str, typer.Option(metavar="EMAIL", help="Whose holds (email address or id).")],
    offering: Annotated[
        str | None,
        typer.Option(metavar="OFFERING", help="Only those of this offering: its id, or a provider's address."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; the person reads it in the mail.")] = None,
    format: Form = None,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Cancel all that somebody holds and has not confirmed, so that others can have it.

    \b
      classbook holds release --user ana@example.org
      classbook holds release --user ana@example.org --offering 3 --reason "too many at once"
    """
    from classbook.core import holds

    here = session(ctx)
    person, offering_id = here.person(user), here.offering(offering).id if offering else None
    if here.is_interactive and not dry_run:
        here.agree(f"Release all that {user} holds?", yes=yes)
    released = holds.release(
        here.app,
        here.actor,
        person,
        offering_id=offering_id,
        reason=reason,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show_page(released, LISTED, format, nothing="nothing was held")
    here.said_dry(dry_run)
