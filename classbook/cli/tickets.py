"""`ticket` draws what is shown at the door, `check-in` notes who came: one, or whatever a scanner reads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from classbook.cli import exits
from classbook.cli.files import write_whole
from classbook.cli.groups import group
from classbook.cli.options import DryRun, Key
from classbook.cli.output import Column, Row
from classbook.cli.reservations import RESERVATION, Which
from classbook.cli.session import Session, keyed, session, usage_error
from classbook.errors import ClassbookError, Invalid
from classbook.rules import tickets
from classbook.values import RequestKey, plain

app = group("Tickets, and who came.")

TICKET: Final = (Column("code", "code"), Column("ticket", "ticket"), Column("svg"))
_LONGEST_BYTES: Final = 200
"""What a scanner reads is short; of anything longer the rest is not even looked at."""


@app.command()
def ticket(
    ctx: typer.Context,
    reservation: Which,
    svg: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write it as a picture instead; - is standard output.")
    ] = None,
) -> None:
    """Draw the ticket of a confirmed reservation as a QR code.

    \b
      classbook ticket R-7KX9-2MQP
      classbook ticket R-7KX9-2MQP --svg ticket.svg
    """
    from classbook.core import reservations

    here = session(ctx)
    shown = reservations.ticket(here.app, here.actor, reservations.find_id(here.app, reservation))
    if here.as_json:
        here.show(shown, TICKET)
    elif svg == "-":
        here.out.text(shown.svg.rstrip())
    elif svg is not None:
        write_whole(Path(svg), shown.svg)
        here.note(f"{svg} is written.")
    else:
        for line in tickets.as_text(shown.ticket).splitlines():
            here.out.text(line)
        here.out.text(shown.ticket)


@app.command("check-in")
def check_in(
    ctx: typer.Context,
    reservation: Annotated[
        str, typer.Argument(metavar="RESERVATION", help="Its ticket, code or id; - reads one a line, as scanners type.")
    ],
    offering: Annotated[
        str | None, typer.Option(metavar="ID", help="Which door this is: what is for another offering is refused.")
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Take tickets only: a code alone can be made up by anybody.")
    ] = False,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Note that somebody came.

    With - each line of standard input is answered by a line: ok or the refusal, what was read, and who it is or why
    not. It goes on after a refusal; the exit code is 0 only if all were well.

    \b
      classbook check-in R-7KX9-2MQP
      classbook check-in - --offering 1 --signed
    """
    here = session(ctx)
    door = here.offering(offering).id if offering is not None else None
    if reservation != "-":
        row = _check_in(here, reservation, door, signed=signed, dry_run=dry_run, key=keyed(ctx, request_key))
        here.out.value(row, RESERVATION, as_json=here.as_json)
        here.said_dry(dry_run)
        return
    if request_key is not None:
        raise usage_error("A request key is for one check-in; a ticket that is read twice is told apart anyway.")
    if not _check_in_all(here, door, signed=signed, dry_run=dry_run):
        raise typer.Exit(exits.NOT_WELL)


def _check_in(
    here: Session, text: str, door: int | None, *, signed: bool, dry_run: bool, key: RequestKey | None = None
) -> Row:
    from classbook.core import booking, reservations
    from classbook.core.asks import ById, CheckIn

    if signed and not tickets.is_ticket(text):
        raise Invalid("That is no ticket: its last six letters are missing.", hint="Scan the whole ticket.")
    which = ById(reservations.find_id(here.app, text))
    row: Row = plain(booking.one(here.app, CheckIn(here.actor, which, offering_id=door, key=key), dry_run=dry_run))
    return row


def _check_in_all(here: Session, door: int | None, *, signed: bool, dry_run: bool) -> bool:
    """Answer what is read, line by line; whether all were well. With --json there is one answer, at the end."""
    well, answers = True, list[Row]()
    for text in _lines():
        try:
            row = _check_in(here, text, door, signed=signed, dry_run=dry_run)
        except ClassbookError as refusal:
            well = False
            answer: Row = {"read": text, "code": refusal.code, "detail": refusal.detail, "reservation": None}
        else:
            answer = {"read": text, "code": "ok", "detail": _who_came(row), "reservation": row}
        if here.as_json:
            answers.append(answer)
        else:
            here.out.answer(answer["code"], text, answer["detail"], well=answer["code"] == "ok")
    if here.as_json:
        here.show({"results": answers, "next": None}, ())
    here.said_dry(dry_run)
    return well


def _lines() -> Iterator[str]:
    """What a scanner types, as soon as it has typed a line; empty lines mean nothing."""
    while line := sys.stdin.buffer.readline(_LONGEST_BYTES):
        whole = line
        while not line.endswith(b"\n") and len(line) == _LONGEST_BYTES:
            line = sys.stdin.buffer.readline(_LONGEST_BYTES)
        if text := whole.decode("utf-8", "replace").strip():
            yield text


def _who_came(row: Row) -> str:
    seats = [place["seat"] for place in row["places"] if place["seat"]]
    places = f"seats {', '.join(seats)}" if seats else f"{row['party']} place{'s' if row['party'] > 1 else ''}"
    return f"{row['user']['name']}, {places}, {row['offering']['title']}"
