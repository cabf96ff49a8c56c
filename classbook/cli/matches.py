"""`match`: what is played in a venue, and the seats that are sold for it."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classbook.cli import terms
from classbook.cli.classes import Description, Duration, End, Start, Type, list_, new_span, the_end
from classbook.cli.imports import import_
from classbook.cli.offerings import (
    ENDS,
    PLACES_LEFT,
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
)
from classbook.cli.options import Count, DryRun, Form, Key, RepeatEvery, Until, Zone
from classbook.cli.output import Column, money
from classbook.cli.repeats import create_all, repeat_of
from classbook.cli.session import given, keyed, number, session, usage_error

Prices = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="STAND=M", help="What seats cost, by stand or category: A=12.50; may be repeated."),
]
SeatLabels = Annotated[
    list[str],
    typer.Option(
        "--seat", metavar="S", help="A seat by its label, like A-3-12, a row 'A-3-*' or a stand 'A-*'; may be repeated."
    ),
]
OneStand = Annotated[str | None, typer.Option(metavar="NAME", help="Draw only this stand.")]

_SEAT: Final = (
    Column("label", "seat", style="bold"),
    Column("stand"),
    Column("row"),
    Column("seat"),
    Column("state", "state"),
    Column("price.amount", "price", shown=money("price")),
    Column("price.currency"),
    Column("category", "category"),
    Column("mine"),
)
MATCH: Final = Noun(
    "match",
    "matches",
    kind="match",
    in_list=(
        Column("id", "id", style="bold"),
        Column("title", "match"),
        Column("venue", "venue"),
        Column("status", "status"),
        STARTS,
        Column("ends_at"),
        Column("timezone"),
        Column("capacity"),
        Column("reserved"),
        PLACES_LEFT,
    ),
    on_card=card(
        "match",
        Column("venue", "venue"),
        STARTS,
        ENDS,
        PLACES_LEFT,
        Column("price.amount", "from", shown=money("price")),
        Column("price.currency"),
    ),
)


def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called, or who plays.")],
    venue: Annotated[str, typer.Option(metavar="ID", help="The id of the venue; see: classbook venue list.")],
    start: Annotated[str, typer.Option(metavar="WHEN", help="When it begins, like 2026-12-01T18:00 or 'fri 18:00'.")],
    end: End = None,
    duration: Duration = None,
    price: Prices = None,
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
    repeat: RepeatEvery = None,
    count: Count = None,
    until: Until = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Create a match: all seats of its venue are for sale.

    \b
      classbook match create "Lions - Bears" --venue 1 --start "sat 18:00" --duration 2h --price A=25 --price B=12.50
      classbook match create "League day" --venue 1 --start "sat 18:00" --duration 2h --repeat weekly --until 2027-05-30
    """
    from classbook.core import catalog, venues

    here, noun = session(ctx), noun_of(ctx)
    if (end is None) == (duration is None):
        raise usage_error("Say when it ends: one of --end and --duration.")
    place = venues.show(here.app, number(venue, "venue"))
    there = here.zone(timezone or place.timezone)
    starts_at = here.when(start, "--start", zone=there)
    again = repeat_of(here, repeat, count=count, until=until, zone=there)
    fields = given(
        {
            "title": title,
            "venue_id": place.id,
            "starts_at": starts_at,
            "ends_at": the_end(here, starts_at, end=end, duration=duration, zone=there),
            "prices": _prices(price),
            "type": type,
            "description": description,
            "timezone": there.key,
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
    if not dry_run:
        here.note(f"Next: {here.program} reserve {row['id']} --best 2 --user EMAIL")


def show(ctx: typer.Context, id: Id, stand: OneStand = None) -> None:
    """Show a match and draw its seats.

    \b
      classbook match show 1
      classbook match show 1 --stand A
    """
    from classbook.cli.seatmap import draw
    from classbook.core import catalog, matches
    from classbook.values import plain

    here, noun = session(ctx), noun_of(ctx)
    match_id = noun.id_of(here, id)
    here.show(catalog.show(here.app, noun.kind, match_id), noun.on_card)
    if not here.as_json:
        here.out.text("")
        draw(here.out, plain(matches.seats(here.app, here.actor, match_id))["results"], stand=stand)


def seats(
    ctx: typer.Context,
    id: Id,
    best: Annotated[int | None, typer.Option(metavar="N", help="Only the N best ones beside each other.")] = None,
    category: Annotated[str | None, typer.Option(metavar="C", help="Of these, those of a category or stand.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Rather none than leave a single seat behind.")] = False,
    format: Form = None,
) -> None:
    """List the seats of a match, with their prices and who may have them; or the best ones that are free.

    \b
      classbook match seats 1 --format csv
      classbook match seats 1 --best 3
    """
    from classbook.core import matches

    here, noun = session(ctx), noun_of(ctx)
    match_id = noun.id_of(here, id)
    if best is None:
        found = matches.seats(here.app, here.actor, match_id)
    else:
        found = matches.propose(here.app, here.actor, match_id, best, category=category, strict=strict)
    here.show_page(found, _SEAT, format, nothing="no seats")


def block(ctx: typer.Context, id: Id, seat: SeatLabels, dry_run: DryRun = False, request_key: Key = None) -> None:
    """Keep seats of a match from sale.

    \b
      classbook match block 1 --seat A-1-1 --seat A-1-2
      classbook match block 1 --seat 'A-3-*'
    """
    from classbook.core import matches

    here, noun = session(ctx), noun_of(ctx)
    blocked = matches.block(
        here.app, here.actor, noun.id_of(here, id), seat, key=keyed(ctx, request_key), dry_run=dry_run
    )
    here.show_page(blocked, _SEAT, None, nothing="no seats")
    here.said_dry(dry_run)


def release(ctx: typer.Context, id: Id, seat: SeatLabels, dry_run: DryRun = False, request_key: Key = None) -> None:
    """Put seats on sale that were blocked; of a row or a stand those that were.

    \b
      classbook match release 1 --seat A-1-1
      classbook match release 1 --seat 'A-*'
    """
    from classbook.core import matches

    here, noun = session(ctx), noun_of(ctx)
    released = matches.release(
        here.app, here.actor, noun.id_of(here, id), seat, key=keyed(ctx, request_key), dry_run=dry_run
    )
    here.show_page(released, _SEAT, None, nothing="no seats")
    here.said_dry(dry_run)


def update(
    ctx: typer.Context,
    id: Id,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")] = None,
    start: Start = None,
    end: End = None,
    duration: Duration = None,
    price: Prices = None,
    type: Type = None,
    description: Description = None,
    version: Version = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change a match; what is not named stays, prices of other seats too. New prices count for later reservations.

    \b
      classbook match update 1 --start "sat 19:00"
      classbook match update 1 --price A=30 --price B=15
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    if end is not None and duration is not None:
        raise usage_error("--end and --duration contradict each other.")
    match_id = noun.id_of(here, id)
    changes = given({"title": title, "prices": _prices(price), "type": type, "description": description})
    if start is not None or end is not None or duration is not None:
        present = catalog.show(here.app, noun.kind, match_id)
        there = here.zone(present.timezone)
        changes |= new_span(here, present.starts_at, start=start, end=end, duration=duration, zone=there)
    change(ctx, match_id, changes, version=version, request_key=request_key, dry_run=dry_run)


def _prices(words: list[str] | None) -> dict[str, str] | None:
    """``A=12.50`` as category and amount."""
    found: dict[str, str] = {}
    for word in words or ():
        category, equals, amount = word.partition("=")
        if not (category and equals and amount):
            raise usage_error(f"--price: {word!r} is not STAND=AMOUNT, like A=12.50.")
        if category in found:
            raise usage_error(f"--price: {category} has two prices.")
        found[category] = amount
    return found or None


app: Final = group_of(
    MATCH,
    "Create, import, list, show, update, cancel matches; block and release their seats.",
    create,
    import_,
    list_,
    show,
    seats,
    update,
    block,
    release,
    cancel,
    delete,
)
