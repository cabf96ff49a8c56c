"""`reserve`, `confirm`, `cancel`: each asks the booking desk one thing and says what to type next."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from classbook.cli.groups import group
from classbook.cli.options import DryRun, Key, Yes
from classbook.cli.output import Row
from classbook.cli.reservations import RESERVATION, Which
from classbook.cli.session import Session, keyed, number, session, usage_error

app = group("Reserve, confirm and cancel places.")


@app.command()
def reserve(
    ctx: typer.Context,
    offering: Annotated[str, typer.Argument(metavar="OFFERING", help="The id of a class; see: classbook class list.")],
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="For whom (email address or id); else for the person of --as.")
    ] = None,
    party: Annotated[int, typer.Option(metavar="N", help="How many places.")] = 1,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Hold places in a class until they are confirmed.

    \b
      classbook reserve 1 --user ana@example.org
      classbook --as ana@example.org reserve 1 --party 2
    """
    from classbook.core import booking
    from classbook.core.asks import Reserve

    here = session(ctx)
    offering_id = number(offering, "class")
    if user is None and here.acting_email is None:
        raise usage_error("For whom? Say --user EMAIL, or --as EMAIL before the command")
    ask = Reserve(
        actor=here.actor,
        offering_id=offering_id,
        person_id=here.person(user) if user else None,
        party=party,
        key=keyed(ctx, request_key),
    )
    row = here.show(booking.one(here.app, ask, dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)
    if not dry_run:
        _say_what_is_next(here, row)


@app.command()
def confirm(
    ctx: typer.Context,
    reservation: Which,
    otp: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="The six digits from the mail; - reads them from standard input."),
    ] = None,
    resend: Annotated[bool, typer.Option("--resend", help="Mail a new code instead; earlier ones are void.")] = False,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Confirm a hold with the code from the mail.

    An administrator may leave the code out; a code that is given is always checked.

    \b
      classbook confirm R-7KX9-2MQP --otp 123456
      classbook confirm R-7KX9-2MQP --resend
    """
    from classbook.core import booking, reservations
    from classbook.core.asks import ById, Confirm, Resend

    here = session(ctx)
    if otp is not None and resend:
        raise usage_error("--otp and --resend contradict each other")
    which = ById(reservations.find_id(here.app, reservation))
    asked_by = keyed(ctx, request_key)
    if resend:
        row = here.show(booking.one(here.app, Resend(here.actor, which, key=asked_by), dry_run=dry_run), RESERVATION)
        here.said_dry(dry_run)
        if not dry_run:
            _say_what_is_next(here, row)
        return
    code = _code(here, which.reservation_id, otp, dry_run=dry_run)
    here.show(booking.one(here.app, Confirm(here.actor, which, code=code, key=asked_by), dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)


@app.command()
def cancel(
    ctx: typer.Context,
    reservation: Which,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is kept in the history.")] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Cancel a reservation: its places are free for others at once.

    \b
      classbook cancel R-7KX9-2MQP --reason "ill"
    """
    from classbook.core import booking, reservations
    from classbook.core.asks import ById, Cancel

    here = session(ctx)
    which = ById(reservations.find_id(here.app, reservation))
    if here.is_interactive and not dry_run:
        here.agree(f"Cancel {reservation} and give its places back?", yes=yes)
    ask = Cancel(here.actor, which, reason=reason, key=keyed(ctx, request_key))
    here.show(booking.one(here.app, ask, dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)


def _code(here: Session, reservation_id: int, otp: str | None, *, dry_run: bool) -> str | None:
    """The code as given, from standard input, or asked for where a person needs one and can type it."""
    if otp == "-":
        return sys.stdin.readline().strip()
    if otp is not None or dry_run or here.acting_email is None or not here.is_interactive:
        return otp
    from classbook.core import reservations

    held = reservations.show(here.app, here.actor, reservation_id)
    if held.state != "held" or _confirmed_by(here, held.offering.kind, held.offering.id) != "code":
        return None
    typed: str = typer.prompt("Code from the mail", err=True, default="", show_default=False)
    return typed.strip() or None


def _confirmed_by(here: Session, kind: str, offering_id: int) -> str:
    """What confirms a hold of this offering."""
    from classbook.core import catalog

    return str(catalog.show(here.app, kind, offering_id).policy["confirm"])


def _say_what_is_next(here: Session, row: Row) -> None:
    if row["state"] != "held":
        return
    code, offering = row["code"], row["offering"]
    if _confirmed_by(here, offering["kind"], offering["id"]) == "code":
        here.note(f"A code is on its way to {row['user']['email']}. Next, before the hold ends:")
        here.note(f"  {here.program} confirm {code} --otp CODE")
        if here.settings.mail.host is None:
            here.note(f"No mail server is set, so the mail stays here: {here.program} mail list, then mail show ID")
    else:
        here.note("Next, before the hold ends:")
        here.note(f"  {here.program} confirm {code}")
