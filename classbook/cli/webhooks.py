"""`webhook add | list | show | enable | remove | deliveries | replay`: programs elsewhere are told what happens."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit, Yes
from classbook.cli.output import Column, Row, local
from classbook.cli.session import keyed, number, session
from classbook.values import plain

app = group("Add, list, show, enable and remove webhooks; list what they were told, and tell it again.")

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook.")]


class State(StrEnum):
    waiting = "waiting"
    delivered = "delivered"
    dead = "dead"


def _events(row: Row, _zone: ZoneInfo) -> str:
    from classbook.rules.webhooks import EVENTS

    return "everything" if tuple(row["events"]) == EVENTS else ", ".join(row["events"])


WEBHOOK: Final = (
    Column("id", "id"),
    Column("url", "address", style="bold"),
    Column("events", "is told", shown=_events),
    Column("created_at", "since", shown=local("created_at")),
    Column("disabled_at", "disabled", shown=local("disabled_at")),
    Column("disabled_reason", "why"),
)
ADDED: Final = (*WEBHOOK, Column("secret", "secret"))
DELIVERY: Final = (
    Column("id", "id"),
    Column("webhook", "webhook"),
    Column("type", "what", style="bold"),
    Column("message_id"),
    Column("state", "state"),
    Column("attempts", "attempts"),
    Column("due_at"),
    Column("created_at", "of", shown=local("created_at")),
    Column("delivered_at", "delivered", shown=local("delivered_at")),
    Column("status", "answer"),
    Column("last_error", "note"),
    Column("request_id"),
)


@app.command()
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it is told, like https://example.org/hooks.")],
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="What it is told of; may be repeated. Default: everything."),
    ] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Tell a program what happens from now on. Its secret is shown now, and never again.

    \b
      classbook webhook add https://example.org/hooks
      classbook webhook add https://example.org/hooks --event reservation.confirmed --event reservation.cancelled
    """
    from classbook.core import webhooks

    here = session(ctx)
    row = plain(webhooks.add(here.app, here.actor, url, events=event, key=keyed(ctx, request_key), dry_run=dry_run))
    row["secret"] = None if dry_run else webhooks.secret(here.app, here.actor, row["id"])
    here.show(row, ADDED)
    if row["secret"]:
        here.note("give the secret to the receiver now: it is not shown again")
    here.said_dry(dry_run)


@app.command("list")
def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List webhooks.

    \b
      classbook webhook list
    """
    from classbook.core import webhooks

    here = session(ctx)
    page = webhooks.listing(here.app, here.actor, limit=limit, cursor=cursor)
    here.show_page(page, WEBHOOK, format, nothing="no webhooks")


@app.command()
def show(ctx: typer.Context, webhook_id: WebhookId) -> None:
    """Show a webhook.

    \b
      classbook webhook show 1
    """
    from classbook.core import webhooks

    here = session(ctx)
    here.show(webhooks.show(here.app, here.actor, number(webhook_id, "webhook")), WEBHOOK)


@app.command()
def enable(ctx: typer.Context, webhook_id: WebhookId, dry_run: DryRun = False, request_key: Key = None) -> None:
    """Tell it what happens again, after it answered 410 and was disabled. What it missed is dead: `webhook replay`.

    \b
      classbook webhook enable 1
    """
    from classbook.core import webhooks

    here = session(ctx)
    which = number(webhook_id, "webhook")
    here.show(webhooks.enable(here.app, here.actor, which, key=keyed(ctx, request_key), dry_run=dry_run), WEBHOOK)
    here.said_dry(dry_run)


@app.command()
def remove(
    ctx: typer.Context, webhook_id: WebhookId, dry_run: DryRun = False, request_key: Key = None, yes: Yes = False
) -> None:
    """Tell it nothing more, also not what waits, and forget what it was told.

    \b
      classbook webhook remove 1
    """
    from classbook.core import webhooks

    here = session(ctx)
    which = number(webhook_id, "webhook")
    if here.is_interactive and not dry_run:
        here.agree(f"Remove webhook {which}?", yes=yes)
    here.show(webhooks.remove(here.app, here.actor, which, key=keyed(ctx, request_key), dry_run=dry_run), WEBHOOK)
    here.said_dry(dry_run)


@app.command()
def deliveries(
    ctx: typer.Context,
    webhook: Annotated[str | None, typer.Option(metavar="ID", help="Only those to this webhook.")] = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state; a dead one is given up.")] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List what webhooks were told and what waits to be told, the newest first.

    \b
      classbook webhook deliveries --state dead
    """
    from classbook.core import webhooks

    here = session(ctx)
    page = webhooks.deliveries(
        here.app,
        here.actor,
        webhook_id=number(webhook, "webhook") if webhook else None,
        state=state.value if state else None,
        limit=limit,
        cursor=cursor,
    )
    here.show_page(page, DELIVERY, format, nothing="nothing was told")


@app.command()
def replay(
    ctx: typer.Context,
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="The delivery.")],
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Tell something again, under the same id, so that a receiver that has it knows it.

    \b
      classbook webhook replay 12
    """
    from classbook.core import webhooks

    here = session(ctx)
    which = number(delivery_id, "delivery")
    here.show(webhooks.replay(here.app, here.actor, which, key=keyed(ctx, request_key), dry_run=dry_run), DELIVERY)
    here.said_dry(dry_run)
