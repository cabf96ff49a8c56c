"""`voucher create | list | show | cancel`: codes that take something off a price."""

from __future__ import annotations

from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit, Yes, Zone
from classbook.cli.output import Column, Row, amount, local
from classbook.cli.session import keyed, session, usage_error

app = group("Make, list, show and cancel vouchers.")

Code = Annotated[str, typer.Argument(metavar="CODE", help="What people type, like SPRING-26.")]


def _takes_off(row: Row, _zone: ZoneInfo) -> str:
    return f"{row['percent']} %" if row["amount"] is None else amount(row["amount"])


def _used(row: Row, _zone: ZoneInfo) -> str:
    of_all = "" if row["uses"] is None else f" of {row['uses']}"
    each = "" if row["per_person"] is None else f", {row['per_person']} for each person"
    return f"{row['used']}{of_all}{each}"


def _for(row: Row, _zone: ZoneInfo) -> str:
    return "everything" if row["offering"] is None else f"{row['offering']['title']} ({row['offering']['id']})"


VOUCHER: Final = (
    Column("id"),
    Column("code", "voucher", style="bold"),
    Column("", "takes off", shown=_takes_off),
    Column("amount.amount"),
    Column("amount.currency"),
    Column("percent"),
    Column("offering.id"),
    Column("offering.title", "for", shown=_for),
    Column("used", "used", shown=_used),
    Column("uses"),
    Column("per_person"),
    Column("from", "from", shown=local("from")),
    Column("until", "until", shown=local("until")),
    Column("created_at"),
    Column("cancelled_at", "cancelled", shown=local("cancelled_at")),
)


@app.command()
def create(
    ctx: typer.Context,
    code: Code,
    amount: Annotated[
        str | None, typer.Option(metavar="M", help="What it takes off, like 12.50 or '12.50 EUR'.")
    ] = None,
    percent: Annotated[int | None, typer.Option(metavar="P", help="Or how much of each hundred, like 20.")] = None,
    uses: Annotated[int | None, typer.Option(metavar="N", help="How many reservations may be made with it.")] = None,
    per_person: Annotated[int | None, typer.Option(metavar="N", help="How many of these by one person.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="WHEN", help="From when on it is good.")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Until when it is good.")] = None,
    offering: Annotated[
        str | None,
        typer.Option(metavar="OFFERING", help="The only offering it is for: its id, or a provider's address."),
    ] = None,
    timezone: Zone = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Make a voucher; what it takes off never changes. Organizers make them for offerings of their own.

    \b
      classbook voucher create SPRING-26 --percent 20 --uses 100 --per-person 1
      classbook voucher create WELCOME --amount 5 --until "2026-12-31" --offering 1
    """
    from classbook.core import vouchers

    here = session(ctx)
    if (amount is None) == (percent is None):
        raise usage_error("Say what it takes off: one of --amount and --percent.")
    zone = here.zone(timezone)
    made = vouchers.create(
        here.app,
        here.actor,
        code,
        amount=amount,
        percent=percent,
        uses=uses,
        per_person=per_person,
        valid_from=here.when(from_, "--from", zone=zone) if from_ is not None else None,
        valid_until=here.until(until, "--until", zone=zone) if until is not None else None,
        offering_id=here.offering(offering).id if offering is not None else None,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show(made, VOUCHER)
    here.said_dry(dry_run)


@app.command("list")
def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List vouchers: all, or with --as one's own.

    \b
      classbook voucher list
    """
    from classbook.core import vouchers

    here = session(ctx)
    page = vouchers.listing(here.app, here.actor, limit=limit, cursor=cursor)
    here.show_page(page, VOUCHER, format, nothing="no vouchers")


@app.command()
def show(ctx: typer.Context, code: Code) -> None:
    """Show a voucher, and how often it was used.

    \b
      classbook voucher show SPRING-26
    """
    from classbook.core import vouchers

    here = session(ctx)
    here.show(vouchers.show(here.app, here.actor, code), VOUCHER)


@app.command()
def cancel(ctx: typer.Context, code: Code, dry_run: DryRun = False, request_key: Key = None, yes: Yes = False) -> None:
    """Let nobody use a voucher any more; what was reserved with it stays as it is.

    \b
      classbook voucher cancel SPRING-26
    """
    from classbook.core import vouchers

    here = session(ctx)
    if here.is_interactive and not dry_run:
        here.agree(f"Cancel the voucher {code}?", yes=yes)
    here.show(vouchers.cancel(here.app, here.actor, code, key=keyed(ctx, request_key), dry_run=dry_run), VOUCHER)
    here.said_dry(dry_run)
