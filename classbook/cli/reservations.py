"""`reservation list | show | history`, and how a reservation looks."""

from __future__ import annotations

from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, Form, Limit, State
from classbook.cli.output import Column, Row, amount, local, money, period
from classbook.cli.session import session, usage_error

app = group("List reservations, show one, read its history.")

Which = Annotated[str, typer.Argument(metavar="RESERVATION", help="Its code, like R-7KX9-2MQP, or its id.")]
"""How every command that works on one reservation names it."""


def _seats(row: Row, _zone: ZoneInfo) -> str:
    labels = [place["seat"] for place in row["places"] if place["seat"]]
    return ", ".join(labels) or str(row["party"])


def _state(row: Row, _zone: ZoneInfo) -> str:
    if row["position"]:
        return f"{row['state']}, number {row['position']} in line"
    return f"{row['state']}, checked in" if row["checked_in_at"] else str(row["state"])


def _discount(row: Row, _zone: ZoneInfo) -> str:
    return "" if row["discount"] is None else f"{amount(row['discount'])} ({row['voucher']})"


RESERVATION: Final = (
    Column("id"),
    Column("code", "reservation", style="bold"),
    Column("state", "state", shown=_state),
    Column("offering.id"),
    Column("offering.kind"),
    Column("offering.title", "for"),
    Column("user.email", "user"),
    Column("party", "places", shown=_seats),
    Column("starts_at", "when", shown=period),
    Column("ends_at"),
    Column("timezone"),
    Column("expires_at", "held until", shown=local("expires_at")),
    Column("position"),
    Column("price.amount", "price", shown=money("price")),
    Column("price.currency"),
    Column("discount.amount", "taken off", shown=_discount),
    Column("voucher"),
    Column("created_at"),
    Column("confirmed_at"),
    Column("checked_in_at"),
    Column("refund.amount", "refunded", shown=money("refund")),
    Column("refund.currency"),
    Column("charged.amount", "paid now", shown=money("charged")),
    Column("charged.currency"),
    Column("forfeited.amount", "forfeited", shown=money("forfeited")),
    Column("forfeited.currency"),
)
LISTED: Final = tuple(
    Column(one.path) if one.path.endswith(".amount") else one
    for one in RESERVATION
    if not one.path.startswith("charged.")
)
"""The same in a list, which is wide enough without the money, and answers no move."""

MOVE: Final = (
    Column("n", "#"),
    Column("action", "action"),
    Column("from_state", "from"),
    Column("to_state", "to"),
    Column("at", "at", shown=local("at")),
    Column("actor", "by"),
    Column("reason", "reason"),
    Column("before"),
    Column("after"),
    Column("request_id"),
)


@app.command("list")
def list_(
    ctx: typer.Context,
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only those of this person (email address or id).")
    ] = None,
    offering: Annotated[
        str | None,
        typer.Option(metavar="OFFERING", help="Only those of this offering: its id, or a provider's address."),
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    day: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only those of this day, by time, with those one gives.")
    ] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List reservations: everybody's, or with --as one's own; who made a class sees all of it with --offering.

    \b
      classbook reservation list --offering 1 --state held
      classbook --as ana@example.org reservation list
      classbook --as dora@example.org reservation list --day tomorrow
    """
    from classbook.core import catalog, reservations

    here = session(ctx)
    meant = here.offering(offering) if offering else None
    offering_id = meant.id if meant else None
    if day is not None:
        if user is not None:
            raise usage_error("--day and --user contradict each other.")
        zone = here.zone(catalog.show(here.app, meant.kind, meant.id).timezone if meant else None)
        start, end = here.day(day, "--day", zone=zone)
        agenda = reservations.agenda(
            here.app,
            here.actor,
            offering_id=offering_id,
            starts_from=start,
            starts_to=end,
            state=state.value if state else None,
            limit=limit,
            cursor=cursor,
        )
        here.show_page(agenda, LISTED, format, nothing="no reservations that day")
        return
    page = reservations.listing(
        here.app,
        here.actor,
        person=here.person(user) if user else None,
        offering_id=offering_id,
        state=state.value if state else None,
        limit=limit,
        cursor=cursor,
    )
    here.show_page(page, LISTED, format, nothing="no reservations")


@app.command()
def show(ctx: typer.Context, reservation: Which) -> None:
    """Show one reservation.

    \b
      classbook reservation show R-7KX9-2MQP
    """
    from classbook.core import reservations

    here = session(ctx)
    reservation_id = reservations.find_id(here.app, reservation)
    here.show(reservations.show(here.app, here.actor, reservation_id), RESERVATION)


@app.command()
def history(
    ctx: typer.Context, reservation: Which, format: Form = None, limit: Limit = 50, cursor: Cursor = None
) -> None:
    """Show what happened to a reservation, when, and by whom.

    \b
      classbook reservation history R-7KX9-2MQP
    """
    from classbook.core import reservations

    here = session(ctx)
    reservation_id = reservations.find_id(here.app, reservation)
    page = reservations.history(here.app, here.actor, reservation_id, limit=limit, cursor=cursor)
    here.show_page(page, MOVE, format, nothing="no history")
