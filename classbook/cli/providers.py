"""`provider`: people who give appointments. Each is an offering, named by its id or by the person's address."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classbook.cli import terms
from classbook.cli.offerings import Id, Noun, Version, cancel, card, change, delete, group_of, list_, noun_of, show
from classbook.cli.options import DryRun, Key, Zone
from classbook.cli.output import Column
from classbook.cli.session import given, keyed, session

PROVIDER: Final = Noun(
    "provider",
    "providers",
    kind="appointment",
    in_list=(
        Column("id", "id", style="bold"),
        Column("title", "provider"),
        Column("provider.email", "email"),
        Column("slot", "slot"),
        Column("status", "status"),
        Column("timezone", "zone"),
    ),
    on_card=card("provider", Column("provider.email", "email"), Column("slot", "slot")),
    example="dora@example.org",
    has_address=True,
)


def create(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address; it also names the provider.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The name, of somebody who is new here.")] = None,
    slot: terms.SlotLength = None,
    timezone: Zone = None,
    notice: terms.Notice = None,
    hold: terms.Hold = None,
    per_day: terms.PerDay = None,
    on_second: terms.Second = None,
    buffer: terms.Buffer = None,
    confirm: terms.ConfirmBy = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Make somebody a provider of appointments; who is not known yet is made, too.

    \b
      classbook provider create dora@example.org --name "Dr. Dora Meyer" --slot 30m --timezone Europe/Berlin
      classbook provider create ben@example.org --per-day 1 --on-second replace
    """
    from classbook.core import providers

    here, noun = session(ctx), noun_of(ctx)
    made = providers.create(
        here.app,
        here.actor,
        email=email,
        name=name,
        timezone=here.zone(timezone).key,
        policy=terms.policy(
            slot=slot,
            notice=notice,
            hold=hold,
            per_day=per_day,
            on_second=on_second,
            buffer=buffer,
            confirm=confirm,
            cancel_until=cancel_until,
            refund_full=refund_full,
            refund_share=refund_share,
            share_until=share_until,
        ),
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    row = here.show(made, noun.on_card)
    here.said_dry(dry_run)
    if not dry_run:
        who = row["provider"]["email"]
        here.note(f"Next: {here.program} schedule add {who} --weekly 'mon-fri 09:00-12:00,13:00-17:00'")
        here.note("Until there is a schedule, every hour of the day can be booked.")


def update(
    ctx: typer.Context,
    id: Id,
    slot: terms.SlotLength = None,
    timezone: Zone = None,
    notice: terms.Notice = None,
    hold: terms.Hold = None,
    per_day: terms.PerDay = None,
    on_second: terms.Second = None,
    buffer: terms.Buffer = None,
    confirm: terms.ConfirmBy = None,
    cancel_until: terms.CancelUntil = None,
    refund_full: terms.RefundFull = None,
    refund_share: terms.RefundShare = None,
    share_until: terms.ShareUntil = None,
    version: Version = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change a provider's terms; what is not named stays, and what is booked stays booked.

    \b
      classbook provider update dora@example.org --notice 2h
    """
    here, noun = session(ctx), noun_of(ctx)
    offering_id = noun.id_of(here, id)
    said = terms.policy(
        slot=slot,
        notice=notice,
        hold=hold,
        per_day=per_day,
        on_second=on_second,
        buffer=buffer,
        confirm=confirm,
        cancel_until=cancel_until,
        refund_full=refund_full,
        refund_share=refund_share,
        share_until=share_until,
    )
    changes = given({"timezone": timezone, "policy": said})
    change(ctx, offering_id, changes, version=version, request_key=request_key, dry_run=dry_run)


app: Final = group_of(
    PROVIDER, "Create, list, show, update, cancel, delete providers.", create, list_, show, update, cancel, delete
)
