"""`resource`: what people book for a time they pick, like a court, a room or a projector."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classbook.cli import terms
from classbook.cli.offerings import (
    FREE_NOW,
    Id,
    Noun,
    Version,
    cancel,
    card,
    change,
    delete,
    group_of,
    list_,
    noun_of,
    show,
)
from classbook.cli.options import DryRun, Key, Zone
from classbook.cli.output import Column
from classbook.cli.session import given, keyed, session

Description = Annotated[str | None, typer.Option(metavar="TEXT", help="A text about it.")]

RESOURCE: Final = Noun(
    "resource",
    "resources",
    kind="resource",
    in_list=(
        Column("id", "id", style="bold"),
        Column("name", "resource"),
        Column("max_slots", "slots"),
        FREE_NOW,
        Column("status", "status"),
        Column("timezone", "zone"),
    ),
    on_card=card("resource", Column("max_slots", "slots"), FREE_NOW),
)


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    slots: Annotated[int, typer.Option(metavar="N", help="How many bookings there may be at one time.")],
    description: Description = None,
    timezone: Zone = None,
    buffer: terms.Buffer = None,
    check_in: terms.CheckIn = None,
    grace: terms.Grace = None,
    min: terms.Shortest = None,
    max: terms.Longest = None,
    grid: terms.Grid = None,
    notice: terms.Notice = None,
    confirm: terms.ConfirmBy = None,
    max_per_person: terms.MaxPerPerson = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Make a new resource. It is always open until it has a schedule.

    \b
      classbook resource create "Tennis court" --slots 2 --grid 30m --min 1h --max 3h
      classbook resource create Projector --slots 3 --buffer 15m --check-in --grace 15m
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    fields = given(
        {
            "title": name,
            "seats": slots,
            "description": description,
            "timezone": here.zone(timezone).key,
            "policy": terms.policy(
                buffer=buffer,
                check_in=check_in,
                grace=grace,
                min=min,
                max=max,
                grid=grid,
                notice=notice,
                confirm=confirm,
                max_per_person=max_per_person,
                cancel_until=cancel_until,
                refund_full=refund_full,
                refund_share=refund_share,
                share_until=share_until,
            ),
        }
    )
    made = catalog.create(here.app, here.actor, noun.kind, fields, key=keyed(ctx, request_key), dry_run=dry_run)
    row = here.show(made, noun.on_card)
    here.said_dry(dry_run)
    if not dry_run:
        here.note(f"Next: {here.program} reserve {row['id']} --user EMAIL --from WHEN --duration D")
        here.note(
            f"It is open day and night until: {here.program} schedule add {row['id']} --weekly 'mon-fri 08:00-18:00'"
        )


def update(
    ctx: typer.Context,
    id: Id,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")] = None,
    slots: Annotated[int | None, typer.Option(metavar="N", help="How many bookings there may be at one time.")] = None,
    description: Description = None,
    timezone: Zone = None,
    buffer: terms.Buffer = None,
    check_in: terms.CheckIn = None,
    grace: terms.Grace = None,
    min: terms.Shortest = None,
    max: terms.Longest = None,
    grid: terms.Grid = None,
    notice: terms.Notice = None,
    confirm: terms.ConfirmBy = None,
    max_per_person: terms.MaxPerPerson = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    version: Version = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change a resource; what is not named stays, and what is booked stays booked.

    \b
      classbook resource update 1 --slots 3
    """
    here, noun = session(ctx), noun_of(ctx)
    offering_id = noun.id_of(here, id)
    changes = given(
        {
            "title": name,
            "seats": slots,
            "description": description,
            "timezone": timezone,
            "policy": terms.policy(
                buffer=buffer,
                check_in=check_in,
                grace=grace,
                min=min,
                max=max,
                grid=grid,
                notice=notice,
                confirm=confirm,
                max_per_person=max_per_person,
                cancel_until=cancel_until,
                refund_full=refund_full,
                refund_share=refund_share,
                share_until=share_until,
            ),
        }
    )
    change(ctx, offering_id, changes, version=version, request_key=request_key, dry_run=dry_run)


app: Final = group_of(
    RESOURCE, "Create, list, show, update, cancel, delete resources.", create, list_, show, update, cancel, delete
)
