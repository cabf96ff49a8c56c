"""`schedule add | show`: when a provider or a resource is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import DryRun, Key, Offering
from classbook.cli.output import Column, Row
from classbook.cli.session import keyed, session, usage_error
from classbook.rules.opening import OnDate, Rule, parse_closed, parse_date, parse_hours, parse_weekly

app = group("Opening hours of providers and resources.")


def _weekly(row: Row, _zone: ZoneInfo) -> str:
    """As it can be typed again."""
    if not row["weekly"] and not row["dates"]:
        return "always open"
    return "; ".join(f"{','.join(rule['days'])} {','.join(rule['hours'])}" for rule in row["weekly"])


SCHEDULE: Final = (
    Column("offering_id", "id"),
    Column("timezone", "zone"),
    Column("weekly", "weekly", shown=_weekly),
    Column(
        "dates",
        "dates",
        shown=lambda row, _: "; ".join(f"{rule['date']} {','.join(rule['hours'])}" for rule in row["dates"]),
    ),
    Column("closed", "closed", shown=lambda row, _: ", ".join(row["closed"])),
)


@app.command()
def add(
    ctx: typer.Context,
    offering: Offering,
    weekly: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Hours of days of the week, like 'mon,wed 08:00-11:00,12:00-15:00'."),
    ] = None,
    date: Annotated[
        list[str] | None, typer.Option(metavar="DATE", help="A date that has its own --hours, like 2026-12-04.")
    ] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option(metavar="HOURS", help="The hours of a --date, like 08:00-11:00,12:00-15:00; once for all dates."),
    ] = None,
    closed: Annotated[
        list[str] | None,
        typer.Option(metavar="DATES", help="A date that is closed, or several like 2026-12-24..2026-12-26."),
    ] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Add opening hours; what is booked already stays booked.

    Each option may be given several times. New weekly hours replace those of the same days, new hours of a date those
    of that date; closed dates are closed whatever else is said.

    \b
      classbook schedule add dora@example.org --weekly "mon,wed 08:00-11:00,12:00-15:00" --weekly "fri 08:00-12:00"
      classbook schedule add 3 --date 2026-12-04 --hours 08:00-11:00,12:00-15:00
      classbook schedule add 3 --closed 2026-12-24..2026-12-26
    """
    from classbook.core import schedules

    here = session(ctx)
    rules = [
        *(parse_weekly(text) for text in weekly or ()),
        *_on_dates(date or (), hours or ()),
        *(parse_closed(text) for text in closed or ()),
    ]
    if not rules:
        raise usage_error("Nothing to add: say --weekly, --date with --hours, or --closed.")
    offering_id = here.offering(offering).id
    done = schedules.add(here.app, here.actor, offering_id, rules, key=keyed(ctx, request_key), dry_run=dry_run)
    here.show(done, SCHEDULE)
    here.said_dry(dry_run)
    if not dry_run:
        here.note(f"Next: {here.program} slots {offering}")


@app.command()
def show(ctx: typer.Context, offering: Offering) -> None:
    """Show the opening hours, as they can be typed.

    \b
      classbook schedule show dora@example.org
    """
    from classbook.core import schedules

    here = session(ctx)
    here.show(schedules.show(here.app, here.offering(offering).id), SCHEDULE)


def _on_dates(dates: Sequence[str], hours: Sequence[str]) -> Iterator[Rule]:
    """Each date with its hours, in order; hours that are said once are those of all dates."""
    if bool(dates) != bool(hours):
        raise usage_error("--date and --hours belong together.")
    if len(hours) == 1:
        hours = [hours[0]] * len(dates)
    if len(dates) != len(hours):
        raise usage_error(f"There are {len(dates)} dates and {len(hours)} hours: say --hours once, or once for each.")
    return (OnDate(parse_date(day), parse_hours(text)) for day, text in zip(dates, hours, strict=True))
