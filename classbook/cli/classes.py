"""`class create | list | show | update | cancel | delete`, and how a class looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Confirm, Cursor, DryRun, Form, Key, Limit, Status, Yes, Zone
from classbook.cli.output import Column, Row, local, money
from classbook.cli.session import Session, given, keyed, number, session, usage_error
from classbook.rules.when import format_duration, parse_duration

KIND: Final = "class"

app = group("Create, list, show, update, cancel and delete classes.")

ClassId = Annotated[str, typer.Argument(metavar="ID", help="The id of the class.")]
Seats = Annotated[int | None, typer.Option(metavar="N", help="How many places it has.")]
Start = Annotated[
    str | None, typer.Option(metavar="WHEN", help="When it begins, like 2026-12-01T18:00 or 'fri 18:00'.")
]
End = Annotated[str | None, typer.Option(metavar="WHEN", help="When it ends.")]
Duration = Annotated[str | None, typer.Option(metavar="D", help="How long it lasts, like 90m, instead of --end.")]
Type = Annotated[str | None, typer.Option(metavar="T", help="A word to sort classes by, like yoga.")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="A text about it.")]
Hold = Annotated[str | None, typer.Option(metavar="D", help="How long places are held for confirmation, like 5m.")]
Notice = Annotated[str | None, typer.Option(metavar="D", help="How long before the start booking ends, like 1h.")]
ConfirmBy = Annotated[
    Confirm | None,
    typer.Option(help="What confirms: a mailed code, the person's own word, a payment, or nothing at all."),
]
Price = Annotated[
    str | None, typer.Option(metavar="M", help="What one place costs, like 12.50 or '12.50 EUR'; 0 is free.")
]
MaxPerPerson = Annotated[
    int | None, typer.Option(metavar="N", help="Places one person may have, over all reservations.")
]
PartyMax = Annotated[int | None, typer.Option(metavar="N", help="Places in one reservation at most.")]
CancelUntil = Annotated[
    str | None, typer.Option(metavar="D", help="How long before the start one may still cancel, like 24h.")
]

_BAR: Final = 8


def _bar(row: Row, _zone: ZoneInfo) -> str:
    """How much is left, as a picture and in figures."""
    left, all_of_it = max(row["available"], 0), max(row["capacity"], 1)
    full = -(-left * _BAR // all_of_it)
    return f"{'█' * full}{'░' * (_BAR - full)} {left} of {row['capacity']}"


def _terms(row: Row, _zone: ZoneInfo) -> str:
    policy = row["policy"]
    terms = [f"confirmed by {policy['confirm']}", f"held for {format_duration(policy['hold_seconds'])}"]
    if policy.get("notice_seconds"):
        terms.append(f"booked {format_duration(policy['notice_seconds'])} ahead")
    if policy.get("party_max"):
        terms.append(f"party of {policy['party_max']} at most")
    if policy.get("max_per_person"):
        terms.append(f"{policy['max_per_person']} places a person at most")
    if policy.get("cancel_until_seconds"):
        terms.append(f"cancelled {format_duration(policy['cancel_until_seconds'])} ahead")
    return ", ".join(terms)


_LISTED: Final = (
    Column("id", "id", style="bold"),
    Column("title", "class"),
    Column("type", "type"),
    Column("status", "status"),
    Column("starts_at", "starts", shown=local("starts_at")),
    Column("ends_at"),
    Column("timezone"),
    Column("capacity"),
    Column("reserved"),
    Column("available", "places left", shown=_bar),
    Column("price.amount", "price", shown=money("price")),
    Column("price.currency"),
)

OFFERING: Final = (
    Column("id", "id"),
    Column("kind"),
    Column("title", "class"),
    Column("description", "about"),
    Column("type", "type"),
    Column("status", "status"),
    Column("starts_at", "starts", shown=local("starts_at")),
    Column("ends_at", "ends", shown=local("ends_at")),
    Column("timezone", "zone"),
    Column("capacity"),
    Column("reserved"),
    Column("available", "places left", shown=_bar),
    Column("price.amount", "price", shown=money("price")),
    Column("price.currency"),
    Column("creator.email", "made by"),
    Column("policy", "terms", shown=_terms),
    Column("version"),
)


@app.command()
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called.")],
    seats: Annotated[int, typer.Option(metavar="N", help="How many places it has.")],
    start: Annotated[str, typer.Option(metavar="WHEN", help="When it begins, like 2026-12-01T18:00 or 'fri 18:00'.")],
    end: End = None,
    duration: Duration = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="T", envvar="CLASSBOOK_CLASS_CREATE_TYPE", help="A word to sort classes by, like yoga."
        ),
    ] = None,
    description: Description = None,
    timezone: Zone = None,
    hold: Hold = None,
    notice: Notice = None,
    confirm: ConfirmBy = None,
    max_per_person: MaxPerPerson = None,
    party_max: PartyMax = None,
    cancel_until: CancelUntil = None,
    price: Price = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Create a class.

    \b
      classbook class create "Morning yoga" --seats 12 --start "tomorrow 18:00" --duration 1h
      classbook class create Judo --seats 20 --start 2026-12-01T18:00 --end 2026-12-01T19:30 --timezone Europe/Berlin
    """
    from classbook.core import catalog

    here = session(ctx)
    if (end is None) == (duration is None):
        raise usage_error("Say when it ends: one of --end and --duration")
    there = here.zone(timezone)
    starts_at = here.when(start, "--start", zone=there)
    ends_at = _end(here, starts_at, end=end, duration=duration, zone=there)
    fields = given(
        {
            "title": title,
            "seats": seats,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "type": type_,
            "description": description,
            "timezone": there.key,
            "price": price,
            "policy": _policy(hold, notice, confirm, max_per_person, party_max, cancel_until),
        }
    )
    made = catalog.create(here.app, here.actor, KIND, fields, key=keyed(ctx, request_key), dry_run=dry_run)
    row = here.show(made, OFFERING)
    here.said_dry(dry_run)
    if not dry_run:
        here.note(f"Next: {here.program} reserve {row['id']} --user EMAIL")


@app.command("list")
def list_(
    ctx: typer.Context,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", envvar="CLASSBOOK_CLASS_LIST_FROM", help="Only those that begin then or later."
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only those that begin before; a whole day is included.")
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="T", envvar="CLASSBOOK_CLASS_LIST_TYPE", help="Only those of this type."),
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Only those in this status.")] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List classes with the places that are left.

    \b
      classbook class list --status upcoming
      classbook class list --from today --to "+7d" --type yoga --format csv
    """
    from classbook.core import catalog

    here = session(ctx)
    page = catalog.listing(
        here.app,
        KIND,
        starts_from=here.when(from_, "--from") if from_ else None,
        starts_to=here.until(to, "--to") if to else None,
        type=type_,
        status=status.value if status else None,
        limit=limit,
        cursor=cursor,
    )
    here.show_page(page, _LISTED, format, nothing="no classes")


@app.command()
def show(ctx: typer.Context, class_id: ClassId) -> None:
    """Show one class.

    \b
      classbook class show 1
    """
    from classbook.core import catalog

    here = session(ctx)
    offering_id = number(class_id, KIND)
    here.show(catalog.show(here.app, KIND, offering_id), OFFERING)


@app.command()
def update(
    ctx: typer.Context,
    class_id: ClassId,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")] = None,
    seats: Seats = None,
    start: Start = None,
    end: End = None,
    duration: Duration = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="T", envvar="CLASSBOOK_CLASS_UPDATE_TYPE", help="A word to sort classes by, like yoga."
        ),
    ] = None,
    description: Description = None,
    timezone: Zone = None,
    hold: Hold = None,
    notice: Notice = None,
    confirm: ConfirmBy = None,
    max_per_person: MaxPerPerson = None,
    party_max: PartyMax = None,
    cancel_until: CancelUntil = None,
    price: Price = None,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="Refuse if the class is no longer at this version.")
    ] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change a class; what is not named stays. A new --start alone keeps its length.

    \b
      classbook class update 1 --seats 20
      classbook class update 1 --start "fri 19:00"
    """
    from classbook.core import catalog

    here = session(ctx)
    if end is not None and duration is not None:
        raise usage_error("--end and --duration contradict each other")
    offering_id = number(class_id, KIND)
    changes = given(
        {
            "title": title,
            "seats": seats,
            "type": type_,
            "description": description,
            "timezone": timezone,
            "price": price,
            "policy": _policy(hold, notice, confirm, max_per_person, party_max, cancel_until),
        }
    )
    if start is not None or end is not None or duration is not None:
        present = catalog.show(here.app, KIND, offering_id)
        there = here.zone(timezone or present.timezone)
        changes |= _new_span(here, present.starts_at, start=start, end=end, duration=duration, zone=there)
    if not changes:
        raise usage_error("Nothing to change: say what, for example --seats 20")
    changed = catalog.update(
        here.app,
        here.actor,
        KIND,
        offering_id,
        changes,
        version=version,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show(changed, OFFERING)
    here.said_dry(dry_run)


@app.command()
def cancel(
    ctx: typer.Context,
    class_id: ClassId,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; people read it in their mail.")] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Cancel a class: its reservations are cancelled and people are told by mail.

    \b
      classbook class cancel 1 --reason "the hall is closed" --yes
    """
    from classbook.core import catalog

    here = session(ctx)
    offering_id = number(class_id, KIND)
    here.agree(f"Cancel class {offering_id} and all its reservations?", yes=yes or dry_run)
    done = catalog.cancel(
        here.app, here.actor, KIND, offering_id, reason=reason, key=keyed(ctx, request_key), dry_run=dry_run
    )
    here.show(done, OFFERING)
    here.said_dry(dry_run)


@app.command()
def delete(
    ctx: typer.Context,
    class_id: ClassId,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a class that nobody ever reserved; else cancel it.

    \b
      classbook class delete 1 --yes
    """
    from classbook.core import catalog

    here = session(ctx)
    offering_id = number(class_id, KIND)
    here.agree(f"Delete class {offering_id}?", yes=yes or dry_run)
    catalog.delete(here.app, here.actor, KIND, offering_id, dry_run=dry_run)
    if here.as_json:
        here.show({"id": offering_id, "deleted": not dry_run}, ())
    else:
        here.note(f"class {offering_id} {'would be' if dry_run else 'is'} deleted")
    here.said_dry(dry_run)


def _end(here: Session, starts_at: datetime, *, end: str | None, duration: str | None, zone: ZoneInfo) -> datetime:
    if end is not None:
        return here.when(end, "--end", zone=zone)
    ends_at = starts_at + timedelta(seconds=parse_duration(duration or ""))
    here.echo_reading("it ends:", ends_at, zone)
    return ends_at


def _new_span(
    here: Session,
    old_start: datetime | None,
    *,
    start: str | None,
    end: str | None,
    duration: str | None,
    zone: ZoneInfo,
) -> dict[str, datetime]:
    """The times that were named; the core keeps the length where only the start was."""
    changes: dict[str, datetime] = {}
    if start is not None:
        changes["starts_at"] = here.when(start, "--start", zone=zone)
    starts_at = changes.get("starts_at", old_start)
    if starts_at is not None and (end is not None or duration is not None):
        changes["ends_at"] = _end(here, starts_at, end=end, duration=duration, zone=zone)
    return changes


def _policy(
    hold: str | None,
    notice: str | None,
    confirm: Confirm | None,
    max_per_person: int | None,
    party_max: int | None,
    cancel_until: str | None,
) -> dict[str, Any] | None:
    """The terms that were named; None for none."""
    terms = given(
        {
            "hold_seconds": parse_duration(hold) if hold else None,
            "notice_seconds": parse_duration(notice) if notice else None,
            "confirm": confirm.value if confirm else None,
            "max_per_person": max_per_person,
            "party_max": party_max,
            "cancel_until_seconds": parse_duration(cancel_until) if cancel_until else None,
        }
    )
    return terms or None
