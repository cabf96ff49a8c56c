"""The same offering again, every day or every week, at the same local time.

Start and end keep what the clocks on the wall show: a class from 18:00 to 19:30 is that on every date, whatever the
clocks did in between. So one that reaches over a change of the clocks lasts an hour more or less that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from classbook.errors import BadSpan, ClassbookError, Invalid
from classbook.rules.spans import Span
from classbook.rules.when import Reading, on_the_clock

EVERY: Final = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
MOST_DATES: Final = 366


class Occurrence(NamedTuple):
    """One date: its span, or the refusal that says why there is none; ``note`` where there was a choice."""

    date: date
    span: Span | None
    refusal: ClassbookError | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often, and how many times (the first included) or until which date (it included). Raises Invalid."""

    every: str
    count: int | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if self.every not in EVERY:
            raise Invalid(f"Nothing repeats {self.every!r}.", hint=f"One of: {', '.join(EVERY)}.")
        if (self.count is None) == (self.until is None):
            raise Invalid("A repetition has a count or a last date.", hint="Say one of count and until.")
        if self.count is not None and not 1 <= self.count <= MOST_DATES:
            raise Invalid(f"A repetition has 1 to {MOST_DATES} dates, not {self.count}.")

    def occurrences(self, first: Span, *, zone: ZoneInfo) -> Iterator[Occurrence]:
        """The dates in order, the first as it is given. Raises Invalid for too many, or where there is none."""
        start, end = (instant.astimezone(zone).replace(tzinfo=None) for instant in first)
        readings = [on_the_clock(wall, zone=zone) for wall in (start, end)]
        is_as_read = [reading.instant for reading in readings] == list(first)
        yield Occurrence(start.date(), first, None, _note(readings) if is_as_read else None)
        for n in range(1, self._dates_from(start.date())):
            try:
                day = start + n * EVERY[self.every], end + n * EVERY[self.every]
            except OverflowError:
                raise Invalid("The last of these dates lies beyond the calendar.", hint="Name fewer dates.") from None
            try:
                readings = [on_the_clock(wall, zone=zone) for wall in day]
                yield Occurrence(day[0].date(), _span(*readings), None, _note(readings))
            except BadSpan as refusal:
                yield Occurrence(day[0].date(), None, refusal, None)

    def _dates_from(self, first: date) -> int:
        if self.until is None:
            return self.count or 0
        if self.until < first:
            raise Invalid(f"The last date, {self.until}, comes before the first, {first}.")
        count = (self.until - first) // EVERY[self.every] + 1
        if count > MOST_DATES:
            raise Invalid(f"That would be {count:,} dates, and {MOST_DATES} are the most.", hint="Name an earlier one.")
        return count


def _span(start: Reading, end: Reading) -> Span:
    if end.instant <= start.instant:
        raise BadSpan("The end must come after the start.")
    return Span(start.instant, end.instant)


def _note(readings: list[Reading]) -> str | None:
    return "; ".join(reading.note for reading in readings if reading.note) or None
