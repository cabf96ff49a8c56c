"""`slots`: the times that are still free."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, Form, Limit, Offering
from classbook.cli.output import Column, Row, period
from classbook.cli.session import Session, session, usage_error

app = group("List the free times of a provider or a resource.")

_LOOK_AHEAD: Final = timedelta(days=7)


def _when(row: Row, zone: ZoneInfo) -> str:
    return period({"starts_at": row["start"], "ends_at": row["end"], "timezone": row["timezone"]}, zone)


SLOT: Final = (
    Column("start", "free", shown=_when, style="bold"),
    Column("end"),
    Column("timezone"),
)


@app.command()
def slots(
    ctx: typer.Context,
    offering: Offering,
    day: Annotated[str | None, typer.Option(metavar="DATE", help="Only those of this day.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="Only those from then on; else from now on.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="WHEN", help="Only those before; else for a week.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Time zone to read and show times in; else yours, else the offering's."),
    ] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List the times that are free and can be booked now: slots, or the longest free spans where any span will do.

    Times are shown in the zone of --timezone, else of the person of --as, else of the offering.

    \b
      classbook slots dora@example.org --day 2026-12-04
      classbook --as ana@example.org slots 3 --from tomorrow --to "+3d" --timezone America/New_York
    """
    from classbook.core import catalog, schedules

    here = session(ctx)
    if day is not None and (from_ is not None or to is not None):
        raise usage_error("--day contradicts --from and --to.")
    meant = here.offering(offering)
    found = catalog.show(here.app, meant.kind, meant.id)
    zone = here.zone(timezone or _zone_of_viewer(here) or found.timezone)
    start, end = _window(here, zone, day=day, from_=from_, to=to)
    page = schedules.free(here.app, found.id, start=start, end=end, limit=limit, cursor=cursor)
    there = tuple(replace(slot, timezone=zone.key) for slot in page.results)
    here.show_page(replace(page, results=there), SLOT, format, nothing=f"nothing is free in {found.title} then")
    if there and here.out.is_terminal:
        first = there[0].start.astimezone(zone).isoformat(timespec="minutes")
        length = "" if found.policy["slot_seconds"] else " --duration D"
        here.note(f"Next: {here.program} reserve {offering} --from {first}{length} --user EMAIL")


def _zone_of_viewer(here: Session) -> str | None:
    """The zone of the person who acts; the console has none."""
    from classbook.core import people

    if here.acting_email is None:
        return None
    return people.show(here.app, here.actor, here.acting_email).timezone


def _window(
    here: Session, zone: ZoneInfo, *, day: str | None, from_: str | None, to: str | None
) -> tuple[datetime, datetime]:
    """From when to when to look."""
    if day is not None:
        return here.day(day, "--day", zone=zone)
    start = here.when(from_, "--from", zone=zone) if from_ is not None else here.app.clock.now()
    return start, here.until(to, "--to", zone=zone) if to is not None else start + _LOOK_AHEAD
