"""`class` and `event`, whose time the house picks: create, list, show, update, cancel, delete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli import terms
from classbook.cli.imports import import_
from classbook.cli.offerings import (
    ENDS,
    PLACES_LEFT,
    PRICE,
    STARTS,
    Id,
    Noun,
    Version,
    cancel,
    card,
    change,
    delete,
    group_of,
    noun_of,
    show,
)
from classbook.cli.options import Count, Cursor, DryRun, Form, Key, Limit, RepeatEvery, Status, Until, Zone
from classbook.cli.output import Column
from classbook.cli.repeats import create_all, repeat_of
from classbook.cli.session import Session, given, keyed, session, usage_error
from classbook.rules.when import parse_duration

Start = Annotated[
    str | None, typer.Option(metavar="WHEN", help="When it begins, like 2026-12-01T18:00 or 'fri 18:00'.")
]
End = Annotated[str | None, typer.Option(metavar="WHEN", help="When it ends.")]
Duration = Annotated[str | None, typer.Option(metavar="D", help="How long it lasts, like 90m, instead of --end.")]
Type = Annotated[str | None, typer.Option(metavar="T", help="A word to sort them by, like yoga.")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="A text about it.")]


def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called.")],
    seats: Annotated[int, typer.Option("--seats", "--capacity", metavar="N", help="How many places it has.")],
    start: Annotated[str, typer.Option(metavar="WHEN", help="When it begins, like 2026-12-01T18:00 or 'fri 18:00'.")],
    end: End = None,
    duration: Duration = None,
    type: Type = None,
    description: Description = None,
    timezone: Zone = None,
    hold: terms.Hold = None,
    notice: terms.Notice = None,
    confirm: terms.ConfirmBy = None,
    max_per_person: terms.MaxPerPerson = None,
    party_max: terms.PartyMax = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    price: terms.Price = None,
    room: Annotated[
        str | None, typer.Option(metavar="RESOURCE", help="The id of a resource that it takes for its time.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="A provider (address or id) who gives it and is taken by it.")
    ] = None,
    repeat: RepeatEvery = None,
    count: Count = None,
    until: Until = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Make a new {word}.

    \b
      classbook {word} create "Morning yoga" --seats 12 --start "tomorrow 18:00" --duration 1h
      classbook {word} create Judo --seats 20 --start 2026-12-01T18:00 --end 2026-12-01T19:30 --timezone Europe/Berlin
      classbook {word} create Pilates --seats 8 --start "fri 10:00" --duration 1h --room 3 --provider cleo@example.org
      classbook {word} create Judo --seats 20 --start "mon 18:00" --duration 90m --repeat weekly --count 10
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    if (end is None) == (duration is None):
        raise usage_error("Say when it ends: one of --end and --duration.")
    there = here.zone(timezone)
    starts_at = here.when(start, "--start", zone=there)
    again = repeat_of(here, repeat, count=count, until=until, zone=there)
    fields = given(
        {
            "title": title,
            "seats": seats,
            "starts_at": starts_at,
            "ends_at": the_end(here, starts_at, end=end, duration=duration, zone=there),
            "type": type,
            "description": description,
            "timezone": there.key,
            "room": here.offering(room).id if room else None,
            "provider": here.offering(provider).id if provider else None,
            "price": price,
            "policy": terms.policy(
                hold=hold,
                notice=notice,
                confirm=confirm,
                max_per_person=max_per_person,
                party_max=party_max,
                cancel_until=cancel_until,
                refund_full=refund_full,
                refund_share=refund_share,
                share_until=share_until,
            ),
        }
    )
    if again is not None:
        create_all(ctx, fields, again, request_key=request_key, dry_run=dry_run)
        return
    made = catalog.create(here.app, here.actor, noun.kind, fields, key=keyed(ctx, request_key), dry_run=dry_run)
    row = here.show(made, noun.on_card)
    here.said_dry(dry_run)
    if row["status"] != "upcoming":
        here.note(f"That {noun.word} is {row['status']}: nobody can reserve it any more.")
    elif not dry_run:
        here.note(f"Next: {here.program} reserve {row['id']} --user EMAIL")


def list_(
    ctx: typer.Context,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Only those that begin then or later.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only those that begin before; a whole day is included.")
    ] = None,
    type: Annotated[str | None, typer.Option(metavar="T", help="Only those of this type.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only those in this status.")] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List {plural} with the places that are left.

    \b
      classbook {word} list --status upcoming
      classbook {word} list --from today --to "+7d" --type yoga --format csv
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    page = catalog.listing(
        here.app,
        noun.kind,
        starts_from=here.when(from_, "--from") if from_ else None,
        starts_to=here.until(to, "--to") if to else None,
        type=type,
        status=status.value if status else None,
        limit=limit,
        cursor=cursor,
    )
    here.show_page(page, noun.in_list, format, nothing=f"no {noun.plural}")


def update(
    ctx: typer.Context,
    id: Id,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")] = None,
    seats: Annotated[
        int | None, typer.Option("--seats", "--capacity", metavar="N", help="How many places it has.")
    ] = None,
    start: Start = None,
    end: End = None,
    duration: Duration = None,
    type: Type = None,
    description: Description = None,
    timezone: Zone = None,
    hold: terms.Hold = None,
    notice: terms.Notice = None,
    confirm: terms.ConfirmBy = None,
    max_per_person: terms.MaxPerPerson = None,
    party_max: terms.PartyMax = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    price: terms.Price = None,
    version: Version = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change {a_word}; what is not named stays. A new --start alone keeps its length.

    \b
      classbook {word} update 1 --seats 20
      classbook {word} update 1 --start "fri 19:00"
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    if end is not None and duration is not None:
        raise usage_error("--end and --duration contradict each other.")
    offering_id = noun.id_of(here, id)
    changes = given(
        {
            "title": title,
            "seats": seats,
            "type": type,
            "description": description,
            "timezone": timezone,
            "price": price,
            "policy": terms.policy(
                hold=hold,
                notice=notice,
                confirm=confirm,
                max_per_person=max_per_person,
                party_max=party_max,
                cancel_until=cancel_until,
                refund_full=refund_full,
                refund_share=refund_share,
                share_until=share_until,
            ),
        }
    )
    if start is not None or end is not None or duration is not None:
        present = catalog.show(here.app, noun.kind, offering_id)
        there = here.zone(timezone or present.timezone)
        changes |= new_span(here, present.starts_at, start=start, end=end, duration=duration, zone=there)
    change(ctx, offering_id, changes, version=version, request_key=request_key, dry_run=dry_run)


def the_end(here: Session, starts_at: datetime, *, end: str | None, duration: str | None, zone: ZoneInfo) -> datetime:
    if end is not None:
        return here.when(end, "--end", zone=zone)
    ends_at = starts_at + timedelta(seconds=parse_duration(duration or ""))
    here.echo_reading("it ends:", ends_at, zone)
    return ends_at


def new_span(
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
        changes["ends_at"] = the_end(here, starts_at, end=end, duration=duration, zone=zone)
    return changes


def in_sessions(word: str, plural: str) -> typer.Typer:
    """The commands of what takes place once, at a time of the house."""
    in_list = (
        Column("id", "id", style="bold"),
        Column("title", word),
        Column("type", "type"),
        Column("status", "status"),
        STARTS,
        Column("ends_at"),
        Column("timezone"),
        Column("capacity"),
        Column("reserved"),
        PLACES_LEFT,
        *PRICE,
    )
    noun = Noun(word, plural, kind=word, in_list=in_list, on_card=card(word, STARTS, ENDS, PLACES_LEFT, *PRICE))
    help = f"Create, import, list, show, update, cancel and delete {plural}."
    return group_of(noun, help, create, import_, list_, show, update, cancel, delete)


app: Final = in_sessions("class", "classes")
