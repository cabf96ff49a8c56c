"""`wallet show | list | statement | top-up | withdraw`, and how money looks."""

from __future__ import annotations

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit
from classbook.cli.output import Column, Row, field, local, money
from classbook.cli.session import Session, keyed, number, session, usage_error
from classbook.rules.codes import reservation_code

app = group("Show what people have, put money in and take it out.")

User = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="Whose (email address or id); else that of the person of --as.")
]
WalletId = Annotated[
    str | None,
    typer.Option(
        "--wallet", metavar="ID", help="Another wallet, like the one an organizer earns on; see: classbook wallet list."
    ),
]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="How much, like 12.50 or '12.50 EUR'.")]

_TAKES_ANY_AMOUNT: Final = {"ignore_unknown_options": True}
"""So that -5 is an amount that is refused for what it is, and not an option that nobody knows."""


def _whose(path: str) -> Any:
    def shown(row: Row, _zone: ZoneInfo) -> str:
        account, email = field(row, f"{path}account"), field(row, f"{path}user.email")
        return str(account) if email is None else str(email) if account == "person" else f"{email} ({account})"

    return shown


def _what(row: Row, _zone: ZoneInfo) -> str:
    title = field(row, "offering.title")
    return "" if title is None else f"{title} ({reservation_code(row['reservation'])})"


WALLET: Final = (
    Column("id", "id", style="bold"),
    Column("user.email"),
    Column("account"),
    Column("", "whose", shown=_whose("")),
    Column("balance.amount", "balance", shown=money("balance")),
    Column("held.amount", "held", shown=money("held")),
    Column("available.amount", "available", shown=money("available")),
    Column("balance.currency"),
)

ENTRY: Final = (
    Column("id", "#"),
    Column("created_at", "at", shown=local("created_at")),
    Column("kind", "what"),
    Column("state", "state"),
    Column("change.amount", "change", shown=money("change")),
    Column("balance.amount", "balance", shown=money("balance")),
    Column("held.amount", "held", shown=money("held")),
    Column("amount.amount"),
    Column("amount.currency"),
    Column("from.id"),
    Column("to.id"),
    Column("reservation"),
    Column("first"),
    Column("offering.title", "for", shown=_what),
)


@app.command()
def show(ctx: typer.Context, user: User = None, wallet: WalletId = None) -> None:
    """Show a wallet: what is in it, what of that is held for reservations, and what can be spent.

    \b
      classbook wallet show --user ana@example.org
      classbook --as ana@example.org wallet show
    """
    from classbook.core import wallet as core

    here = session(ctx)
    here.show(core.show(here.app, here.actor, **_which(here, user, wallet)), WALLET)


@app.command("list")
def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List wallets: everybody's and the house's, or with --as one's own.

    \b
      classbook wallet list
    """
    from classbook.core import wallet as core

    here = session(ctx)
    page = core.listing(here.app, here.actor, limit=limit, cursor=cursor)
    here.show_page(page, WALLET, format, nothing="no wallets yet")


@app.command()
def statement(
    ctx: typer.Context,
    user: User = None,
    wallet: WalletId = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List what came into a wallet and went out, newest first, with the balance after each.

    \b
      classbook wallet statement --user ana@example.org --format csv
    """
    from classbook.core import wallet as core

    here = session(ctx)
    page = core.statement(here.app, here.actor, **_which(here, user, wallet), limit=limit, cursor=cursor)
    here.show_page(page, ENTRY, format, nothing="nothing yet")


@app.command("top-up", context_settings=_TAKES_ANY_AMOUNT)
def top_up(
    ctx: typer.Context,
    amount: Amount,
    user: User = None,
    wallet: WalletId = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Put money into a wallet.

    \b
      classbook wallet top-up 50 --user ana@example.org
    """
    from classbook.core import wallet as core

    here = session(ctx)
    which, key = _which(here, user, wallet), keyed(ctx, request_key)
    here.show(core.top_up(here.app, here.actor, amount, **which, key=key, dry_run=dry_run), WALLET)
    here.said_dry(dry_run)


@app.command(context_settings=_TAKES_ANY_AMOUNT)
def withdraw(
    ctx: typer.Context,
    amount: Amount,
    user: User = None,
    wallet: WalletId = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Take money out of a wallet; what is held for reservations stays.

    \b
      classbook wallet withdraw 12.50 --user ana@example.org
    """
    from classbook.core import wallet as core

    here = session(ctx)
    which, key = _which(here, user, wallet), keyed(ctx, request_key)
    here.show(core.withdraw(here.app, here.actor, amount, **which, key=key, dry_run=dry_run), WALLET)
    here.said_dry(dry_run)


def _which(here: Session, user: str | None, wallet: str | None) -> dict[str, int | None]:
    if user is not None and wallet is not None:
        raise usage_error("--user and --wallet contradict each other.")
    if user is None and wallet is None and here.acting_email is None:
        raise usage_error("Whose? Say --user EMAIL or --wallet ID, or --as EMAIL before the command.")
    return {
        "wallet": number(wallet, "wallet") if wallet is not None else None,
        "person": here.person(user) if user is not None else None,
    }
