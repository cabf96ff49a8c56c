"""`--repeat`: offerings that come again, and what became of each date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.offerings import noun_of
from classbook.cli.options import Every
from classbook.cli.output import Column
from classbook.cli.session import Session, keyed, session, usage_error

if TYPE_CHECKING:
    from classbook.rules.repeats import Repeat

_DATES: Final = (
    Column("date", "date", style="bold"),
    Column("status", "status"),
    Column("offering.id", "id"),
    Column("offering.starts_at"),
    Column("offering.ends_at"),
    Column("code"),
    Column("detail", "because"),
)


def repeat_of(
    here: Session, every: Every | None, *, count: int | None, until: str | None, zone: ZoneInfo
) -> Repeat | None:
    """What was said of repeating; None for nothing. Raises Invalid, and a usage error for half of it."""
    from classbook.rules.repeats import Repeat

    if every is None:
        if count is not None or until is not None:
            raise usage_error("--count and --until need --repeat: say how often it comes again.")
        return None
    if (count is None) == (until is None):
        raise usage_error("Say when --repeat ends: one of --count and --until.")
    last = here.last_date(until, "--until", zone=zone) if until else None
    return Repeat(every.value, count, last)


def create_all(
    ctx: typer.Context, fields: dict[str, Any], repeat: Repeat, *, request_key: str | None, dry_run: bool
) -> None:
    """Make them, and print what became of each date."""
    from classbook.core import repeats
    from classbook.values import plain

    here, noun = session(ctx), noun_of(ctx)
    made = plain(
        repeats.create(here.app, here.actor, noun.kind, fields, repeat, key=keyed(ctx, request_key), dry_run=dry_run)
    )
    here.show_page(made, _DATES, None, nothing="no dates")
    created = sum(one["offering"] is not None for one in made["results"])
    skipped = len(made["results"]) - created
    here.note(f"created {created} {noun.word if created == 1 else noun.plural}, skipped {skipped}")
    here.said_dry(dry_run)
