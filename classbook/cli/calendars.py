"""`calendar show | renew`: the secret address of a calendar to subscribe to."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from classbook.cli.groups import group
from classbook.cli.options import DryRun, Key, Yes
from classbook.cli.output import Column
from classbook.cli.session import Session, keyed, session, usage_error

app = group("Show and renew the secret addresses of calendars.")

User = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="Whose bookings (email address or id); else those of --as.")
]
Of = Annotated[
    str | None, typer.Option("--offering", metavar="ID", help="Instead: who comes to this offering, for its creator.")
]
LINK: Final = (Column("url", "address"),)


@app.command()
def show(ctx: typer.Context, user: User = None, offering: Of = None) -> None:
    """Show the address of a calendar to subscribe to. Whoever knows it can read that calendar.

    \b
      classbook calendar show --user ana@example.org
      classbook --as cleo@example.org calendar show --offering 1
    """
    here = session(ctx)
    _show(here, _of(here, user, offering))


@app.command()
def renew(
    ctx: typer.Context,
    user: User = None,
    offering: Of = None,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Give a calendar another address; the one before it is void, for everybody.

    \b
      classbook calendar renew --user ana@example.org
    """
    here = session(ctx)
    wanted = _of(here, user, offering)
    here.agree("Make the address void that calendars use now?", yes=yes or dry_run)
    _show(here, wanted, renew=True, key=keyed(ctx, request_key), dry_run=dry_run)
    here.said_dry(dry_run)


def _of(here: Session, user: str | None, offering: str | None) -> dict[str, Any]:
    """Which calendar is meant."""
    if user is not None and offering is not None:
        raise usage_error("--user and --offering contradict each other.")
    if offering is not None:
        return {"offering_id": here.offering(offering).id}
    if user is None and here.acting_email is None:
        raise usage_error("Whose? Say --user EMAIL, --offering ID, or --as EMAIL before the command.")
    return {"person": here.person(user) if user else None}


def _show(here: Session, wanted: dict[str, Any], **options: Any) -> None:
    from classbook.core import calendars

    link = calendars.link(here.app, here.actor, **wanted, **options)
    if here.as_json:
        here.show(link, LINK)
    else:
        here.out.text(link.url)
