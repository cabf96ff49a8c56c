"""`mail list | show | retry | test | preview`, and how a message looks."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, Delivery, DryRun, Form, Key, Limit
from classbook.cli.output import Column, clean, local
from classbook.cli.session import Session, keyed, number, session
from classbook.values import plain

app = group("List, show, retry, test and preview mail.")

MessageId = Annotated[str, typer.Argument(metavar="ID", help="The id of the message; see: classbook mail list.")]

MESSAGE: Final = (
    Column("id", "id", style="bold"),
    Column("to", "to"),
    Column("subject", "subject"),
    Column("state", "state"),
    Column("attempts", "attempts"),
    Column("created_at", "written", shown=local("created_at")),
    Column("sent_at", "sent", shown=local("sent_at")),
    Column("last_error", "note"),
)


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        Delivery | None, typer.Option(help="Only those in this state; a dead one is sent no more, its note says why.")
    ] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List messages, the newest first.

    \b
      classbook mail list --state dead
    """
    from classbook.core import outbox

    here = session(ctx)
    page = outbox.listing(here.app, here.actor, state=state.value if state else None, limit=limit, cursor=cursor)
    here.show_page(page, MESSAGE, format, nothing="no mail")


@app.command()
def show(ctx: typer.Context, message_id: MessageId) -> None:
    """Show a message as it is, or will be, sent.

    \b
      classbook mail show 1
    """
    from classbook.core import outbox

    here = session(ctx)
    wanted = number(message_id, "message")
    message = plain(outbox.show(here.app, here.actor, wanted))
    if here.as_json:
        here.show(message, MESSAGE)
    else:
        _letter(here, message)


@app.command()
def retry(ctx: typer.Context, message_id: MessageId, dry_run: DryRun = False, request_key: Key = None) -> None:
    """Try again to send a message, at once.

    \b
      classbook mail retry 7
    """
    from classbook.core import outbox

    here = session(ctx)
    message = outbox.retry(
        here.app, here.actor, number(message_id, "message"), key=keyed(ctx, request_key), dry_run=dry_run
    )
    here.show(message, MESSAGE)
    _say_who_sends(here, dry_run=dry_run)


@app.command("test")
def write_test(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send it.")],
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Write a test message, to see whether mail arrives.

    \b
      classbook mail test me@example.org
    """
    from classbook.core import outbox

    here = session(ctx)
    message = outbox.post_test(here.app, here.actor, address, key=keyed(ctx, request_key), dry_run=dry_run)
    here.show(message, MESSAGE)
    _say_who_sends(here, dry_run=dry_run)


@app.command()
def preview(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What it tells, like held, confirmed or reminder.")],
    html: Annotated[bool, typer.Option("--html", help="As HTML, whole: write it into a file and open that.")] = False,
) -> None:
    """Show a mail about something made up, as your templates have it.

    \b
      classbook mail preview confirmed
      classbook mail preview confirmed --html > confirmed.html
    """
    from classbook.core import previews

    here = session(ctx)
    letter = previews.preview(here.settings, kind)
    if here.as_json:
        here.show(letter, ())
    elif html:
        for line in letter["html"].splitlines():
            here.out.text(line)
    else:
        here.out.text(f"Subject: {clean(letter['subject'])}")
        here.out.text("")
        for line in letter["text"].splitlines():
            here.out.text(clean(line))


def _letter(here: Session, message: dict[str, Any]) -> None:
    """A message as a mail reader shows it; the same on a terminal and off it."""
    here.out.text(f"To: {message['to']}")
    here.out.text(f"Subject: {message['subject']}")
    here.out.text(f"State: {message['state']}")
    if message["last_error"]:
        here.out.text(f"Note: {message['last_error']}")
    here.out.text("")
    for line in (message["text"] or "(its text is no longer kept)").splitlines():
        here.out.text(clean(line))


def _say_who_sends(here: Session, *, dry_run: bool) -> None:
    here.said_dry(dry_run)
    if not dry_run:
        here.note(f"The daemon sends it: {here.program} daemon, or once: {here.program} daemon --once")
