"""What people ask of the booking desk: `reserve`, `confirm`, `cancel` and `move`, one thing each."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import DryRun, Key, Offering, Yes
from classbook.cli.output import Row, amount
from classbook.cli.reservations import RESERVATION, Which
from classbook.cli.session import Session, keyed, session, usage_error
from classbook.rules.when import parse_duration
from classbook.values import OfferingRef, RequestKey, plain

if TYPE_CHECKING:
    from classbook.core.asks import Reserve

app = group("Reserve, confirm, cancel and move.")


ForWhom = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="For whom (email address or id); else for the person of --as.")
]
Party = Annotated[int, typer.Option(metavar="N", help="How many places.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="WHEN", help="When it begins, where that is yours to pick, like 'fri 10:00'."),
]
To = Annotated[str | None, typer.Option(metavar="WHEN", help="When it ends.")]
Duration = Annotated[str | None, typer.Option(metavar="D", help="How long it takes, like 90m, instead of --to.")]
Seats = Annotated[
    list[str] | None, typer.Option(metavar="S", help="A seat by its label, like A-3-12; may be repeated.")
]
Best = Annotated[int | None, typer.Option(metavar="N", help="The best N seats beside each other.")]
Category = Annotated[
    str | None, typer.Option(metavar="C", help="With --best: only seats of this price category, or of this stand.")
]
Strict = Annotated[bool, typer.Option("--strict", help="With --best: rather none than leave a single seat behind.")]
Code = Annotated[str | None, typer.Option(metavar="CODE", help="A voucher that takes something off the price.")]
InLine = Annotated[
    bool | None,
    typer.Option("--queue/--no-queue", help="Wait in line where nothing is free, or not; else as the house says."),
]
There = Annotated[
    str | None, typer.Option(metavar="ZONE", help="Time zone to read dates in; else that of the offering.")
]


@app.command()
def reserve(
    ctx: typer.Context,
    offering: Offering,
    user: ForWhom = None,
    party: Party = 1,
    from_: From = None,
    to: To = None,
    duration: Duration = None,
    timezone: There = None,
    seat: Seats = None,
    best: Best = None,
    category: Category = None,
    strict: Strict = False,
    queue: InLine = None,
    voucher: Code = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Take places in a class or an event, seats of a match, an appointment, or a resource for a time.

    They are held until they are confirmed, or confirmed at once where the house says so.

    \b
      classbook reserve 1 --user ana@example.org
      classbook --as ana@example.org reserve 1 --party 2 --queue
      classbook --as ana@example.org reserve dora@example.org --from "fri 10:00"
      classbook reserve 3 --user ana@example.org --from 2026-12-04T14:00 --duration 2h
      classbook reserve 4 --user ana@example.org --seat A-3-12 --seat A-3-13
      classbook reserve 4 --user ana@example.org --best 3 --strict
      classbook --as ana@example.org reserve 4 --seat A-3-12 --voucher SPRING-26
    """
    from classbook.core import booking

    here = session(ctx)
    ask = asked(
        here,
        offering,
        user=user,
        party=party,
        from_=from_,
        to=to,
        duration=duration,
        timezone=timezone,
        seat=seat,
        best=best,
        category=category,
        strict=strict,
        queue=queue,
        voucher=voucher,
        key=keyed(ctx, request_key),
    )
    row = here.show(booking.one(here.app, ask, dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)
    if not dry_run:
        _say_what_is_next(here, row)


def asked(
    here: Session,
    offering: str,
    *,
    user: str | None,
    party: int,
    from_: str | None,
    to: str | None,
    duration: str | None,
    timezone: str | None,
    seat: list[str] | None,
    best: int | None,
    category: str | None,
    strict: bool,
    queue: bool | None,
    voucher: str | None,
    key: RequestKey | None = None,
) -> Reserve:
    """What the options of `reserve` ask for."""
    from classbook.core.asks import Reserve

    if user is None and here.acting_email is None:
        raise usage_error("For whom? Say --user EMAIL, or --as EMAIL before the command.")
    if from_ is None and (to is not None or duration is not None):
        raise usage_error("Say when it begins, too: --from WHEN.")
    wanted = here.offering(offering)
    starts_at, ends_at = None, None
    if from_ is not None:
        starts_at, ends_at = _times(here, _zone_there(here, wanted, timezone), from_=from_, to=to, duration=duration)
    return Reserve(
        actor=here.actor,
        offering_id=wanted.id,
        person_id=here.person(user) if user else None,
        party=party,
        starts_at=starts_at,
        ends_at=ends_at,
        seats=tuple(seat or ()),
        best=best,
        category=category,
        strict=strict,
        queue=queue,
        key=key,
        voucher=voucher,
    )


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
        raise usage_error("--otp and --resend contradict each other.")
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
    """Cancel a reservation: its places are free for others at once, and what was paid comes back as the terms say.

    With --dry-run it shows what would come back; on a terminal it asks first, and names the amount.

    \b
      classbook cancel R-7KX9-2MQP --reason "ill"
    """
    from classbook.core import booking, reservations
    from classbook.core.asks import ById, Cancel

    here = session(ctx)
    which = ById(reservations.find_id(here.app, reservation))
    if here.is_interactive and not (dry_run or yes):
        would_be = plain(booking.one(here.app, Cancel(here.actor, which, reason=reason), dry_run=True))
        here.agree(f"Cancel {reservation} and give its places back?{_what_comes_back(would_be)}", yes=yes)
    ask = Cancel(here.actor, which, reason=reason, key=keyed(ctx, request_key))
    here.show(booking.one(here.app, ask, dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)


@app.command()
def move(
    ctx: typer.Context,
    reservation: Which,
    party: Annotated[int | None, typer.Option(metavar="N", help="How many places.")] = None,
    from_: From = None,
    to: To = None,
    duration: Duration = None,
    timezone: There = None,
    seat: Seats = None,
    best: Best = None,
    category: Category = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Change the time or the places of a reservation in one step; what is not named stays.

    The old place is kept where the new one is refused. A new --from alone keeps its length. Fewer places at the same
    time are given back, those taken last first. With --dry-run it shows what comes back and what is to be paid; on a
    terminal it asks first where money moves, and names the amounts.

    \b
      classbook move R-7KX9-2MQP --from "fri 11:00"
      classbook move R-7KX9-2MQP --party 3
      classbook move R-7KX9-2MQP --seat A-4-1 --seat A-4-2
    """
    from classbook.core import booking, reservations
    from classbook.core.asks import ById, Move

    here = session(ctx)
    times_said = [said for said in (from_, to, duration) if said is not None]
    if party is None and not seat and best is None and not times_said:
        raise usage_error("Nothing to change: say --from, --to, --duration, --party, --seat or --best.")
    which = ById(reservations.find_id(here.app, reservation))
    starts_at, ends_at = None, None
    if times_said:
        present = reservations.show(here.app, here.actor, which.reservation_id)
        zone = here.zone(timezone or present.timezone)
        starts_at, ends_at = _times(here, zone, from_=from_, to=to, duration=duration, begins=present.starts_at)
    ask = Move(
        here.actor,
        which,
        party=party,
        starts_at=starts_at,
        ends_at=ends_at,
        seats=tuple(seat) if seat else None,
        best=best,
        category=category,
        strict=strict,
        key=keyed(ctx, request_key),
    )
    if here.is_interactive and not (dry_run or yes):
        would_be = plain(booking.one(here.app, replace(ask, key=None), dry_run=True))
        if money := _what_moves(would_be):
            here.agree(f"Change {reservation}?{money}", yes=yes)
    here.show(booking.one(here.app, ask, dry_run=dry_run), RESERVATION)
    here.said_dry(dry_run)


def _what_moves(row: Row) -> str:
    """The money of a change, where there is any."""
    charged, refund = row["charged"], row["refund"]
    paid = "" if charged is None else f" {amount(charged)} is paid for what is new."
    return paid if refund is None else f"{paid} {amount(refund)} comes back for what is given back."


def _what_comes_back(row: Row) -> str:
    """The money in a question, where there is any."""
    refund = row["refund"]
    return "" if refund is None else f" {amount(refund)} of {amount(row['price'])} comes back."


def _zone_there(here: Session, wanted: OfferingRef, name: str | None) -> ZoneInfo:
    """The zone dates are read in: as named, else where the offering is."""
    from classbook.core import catalog

    return here.zone(name or catalog.show(here.app, wanted.kind, wanted.id).timezone)


def _times(
    here: Session,
    zone: ZoneInfo,
    *,
    from_: str | None,
    to: str | None,
    duration: str | None,
    begins: datetime | None = None,
) -> tuple[datetime | None, datetime | None]:
    """The start and the end that were named; a duration counts from the start, or from when it ``begins`` now."""
    if to is not None and duration is not None:
        raise usage_error("--to and --duration contradict each other.")
    starts_at = here.when(from_, "--from", zone=zone) if from_ is not None else None
    if to is not None:
        return starts_at, here.when(to, "--to", zone=zone)
    first = starts_at or begins
    if duration is None or first is None:
        return starts_at, None
    ends_at = first + timedelta(seconds=parse_duration(duration))
    here.echo_reading("it ends:", ends_at, zone)
    return starts_at, ends_at


def _code(here: Session, reservation_id: int, otp: str | None, *, dry_run: bool) -> str | None:
    """The code as given, from standard input, or asked for where a person needs one and can type it."""
    if otp == "-":
        return sys.stdin.readline().strip()
    if otp is not None or dry_run or here.acting_email is None:
        return otp
    from classbook.core import people, reservations

    held = reservations.show(here.app, here.actor, reservation_id)
    if held.state != "held" or _confirmed_by(here, held.offering.kind, held.offering.id) != "code":
        return None
    if not here.is_interactive:
        if people.show(here.app, here.actor, here.acting_email).role == "admin":
            return None
        raise usage_error("Say --otp CODE, the code from the mail, or --otp -: there is no terminal to ask on.")
    typed: str = typer.prompt("Code from the mail", err=True, default="", show_default=False)
    return typed.strip() or None


def _confirmed_by(here: Session, kind: str, offering_id: int) -> str:
    """What confirms a hold of this offering."""
    from classbook.core import catalog

    return str(catalog.show(here.app, kind, offering_id).policy["confirm"])


def _say_what_is_next(here: Session, row: Row) -> None:
    if row["state"] == "queued":
        here.note(f"Number {row['position']} in line: a mail to {row['user']['email']} tells when there is a place.")
        here.note(f"To leave the line: {here.program} cancel {row['code']}")
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
