"""`why`: what speaks against a reservation, and what could be had instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.booking import (
    Best,
    Category,
    Code,
    Duration,
    ForWhom,
    From,
    InLine,
    Party,
    Seats,
    Strict,
    There,
    To,
    asked,
)
from classbook.cli.groups import group
from classbook.cli.options import Offering
from classbook.cli.output import Column, Format, Row, money, period
from classbook.cli.session import session
from classbook.cli.steps import COMMANDS
from classbook.values import plain

app = group("Say why something cannot be reserved, and what can.")

_UTC: Final = ZoneInfo("UTC")
_LINE: Final = (Column("is"), Column("code"), Column("text"), Column("hint"))
_VERDICTS: Final = {
    None: "It cannot be reserved now.",
    "held": "It can be reserved now: it would be held until it is confirmed.",
    "confirmed": "It can be reserved now, and would be confirmed at once.",
    "queued": "Nothing is free then: it would wait in line.",
}


@app.command()
def why(
    ctx: typer.Context,
    offering: Offering,
    user: ForWhom = None,
    party: Party = 1,
    from_: From = None,
    to: To = None,
    duration: Duration = None,
    timezone: There = None,
    seat: Seats = None,
    best: Best = None,
    category: Category = None,
    strict: Strict = False,
    queue: InLine = None,
    voucher: Code = None,
) -> None:
    """Say every reason why `reserve` with these options would be refused now, the weightiest first, and what there is
    instead: other seats or times, other dates, a smaller party, the queue. It changes nothing.

    \b
      classbook why 1 --user ana@example.org --party 3
      classbook --as ana@example.org why dora@example.org --from "fri 10:00"
      classbook why 3 --user ana@example.org --from 2026-12-04T14:00 --duration 2h --no-queue
      classbook why 4 --user ana@example.org --seat A-3-12 --seat A-3-13
    """
    from classbook.core import advice

    here = session(ctx)
    ask = asked(
        here,
        offering,
        user=user,
        party=party,
        from_=from_,
        to=to,
        duration=duration,
        timezone=timezone,
        seat=seat,
        best=best,
        category=category,
        strict=strict,
        queue=queue,
        voucher=voucher,
    )
    told: dict[str, Any] = plain(advice.why(here.app, ask, steps=COMMANDS))
    if here.as_json:
        here.out.value(told, (), as_json=True)
    elif here.out.is_terminal:
        for line in _read_aloud(told):
            here.out.text(line)
    else:
        here.out.rows({"results": list(_rows(told))}, _LINE, Format.tsv)


def _read_aloud(told: Row) -> Iterator[str]:
    """Line by line, for people."""
    yield _VERDICTS[told["state"]]
    for number, reason in enumerate(told["reasons"], start=1):
        yield f"{number}. {reason['detail']} ({reason['code']})"
        if reason["hint"]:
            yield f"   {reason['hint']}"
    if told["alternatives"]:
        yield "Instead:"
    for alternative in told["alternatives"]:
        yield f"- {_in_words(alternative)}"


def _rows(told: Row) -> Iterator[dict[str, Any]]:
    """The same for programs that read lines."""
    verdict = told["state"] or "impossible"
    yield {"is": "verdict", "code": verdict, "text": _VERDICTS[told["state"]], "hint": None}
    for reason in told["reasons"]:
        yield {"is": "reason", "code": reason["code"], "text": reason["detail"], "hint": reason["hint"]}
    for alternative in told["alternatives"]:
        yield {"is": "instead", "code": alternative["kind"], "text": _in_words(alternative), "hint": None}


def _in_words(row: Row) -> str:
    price = money("price")(row, _UTC)
    costs = f", {price}" if price else ""
    match row["kind"]:
        case "seats":
            return f"{'seat' if len(row['seats']) == 1 else 'seats'} {', '.join(row['seats'])}{costs}"
        case "slot":
            return _when(row["start"], row["end"], row["timezone"])
        case "offering":
            when = _when(row["starts_at"], row["ends_at"], row["timezone"])
            offering, left = row["offering"], row["available"]
            places = f"{left} {'place' if left == 1 else 'places'} left"
            return f"{offering['kind']} {offering['id']}, {offering['title']}: {when}, {places}{costs}"
        case "party":
            return f"a party of {row['party']}"
    return f"wait in line, as number {row['position']}: --queue"


def _when(start: str, end: str, zone: str) -> str:
    return period({"starts_at": start, "ends_at": end, "timezone": zone}, ZoneInfo(zone))
