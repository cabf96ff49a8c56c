"""Times in requests: ISO 8601, or local time in a zone that the request, or what it is about, is in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Query

from classbook.errors import Invalid
from classbook.rules.when import parse_when

if TYPE_CHECKING:
    from classbook.web.visit import Visit

Day = Annotated[str | None, Query(max_length=64, description="One day, like 2026-12-01.")]
From = Annotated[str | None, Query(alias="from", max_length=64, description="Then or later.")]
To = Annotated[str | None, Query(alias="to", max_length=64, description="And before; a whole day is included.")]
Zone = Annotated[str | None, Query(max_length=64, description="Where the days are days, like Europe/Berlin.")]

_HAS_OFFSET: Final = re.compile(r".*:\d\d.*(z|[+-]\d\d(:?\d\d)?)\s*", re.ASCII | re.IGNORECASE | re.DOTALL)
_UTC: Final = ZoneInfo("UTC")


async def moment(visit: Visit, text: str, *, zone: Callable[[], str]) -> datetime:
    """The instant a text means; ``zone``, which may ask the database, is asked only where there is no offset."""
    if _HAS_OFFSET.fullmatch(text):
        return parse_when(text, now=visit.web.app.clock.now(), zone=_UTC).instant
    found = await asyncio.get_running_loop().run_in_executor(None, zone)
    return parse_when(text, now=visit.web.app.clock.now(), zone=ZoneInfo(found)).instant


def window(
    visit: Visit, *, day: str | None, starts_from: str | None, starts_to: str | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """From when to when a list is asked for; None is open. Raises Invalid."""
    now = visit.web.app.clock.now()
    if day is not None:
        if starts_from is not None or starts_to is not None:
            raise Invalid("Name either a day, or from and to.")
        reading = parse_when(day, now=now, zone=zone)
        if reading.next_day is None:
            raise Invalid("The day must be a date like 2026-12-01.")
        return reading.instant, reading.next_day
    return (
        parse_when(starts_from, now=now, zone=zone).instant if starts_from is not None else None,
        parse_when(starts_to, now=now, zone=zone).until if starts_to is not None else None,
    )
