"""Opening rules as people write them: ``mon,wed 08:00-11:00,12:00-15:00``, hours of one date, closed dates.

A rule is local time without a zone; what it means in a zone is the work of `classbook.rules.timetable`. Everything a
rule can be is checked where it is made, so that a rule that exists is one that can be kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from classbook.errors import Invalid

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As `date.weekday` counts them."""
MINUTES_PER_DAY: Final = 24 * 60

_DAYS_IN_FULL: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_FORM: Final = "08:00-11:00,12:00-15:00"
_WEEKLY_FORM: Final = f"mon,wed {_HOURS_FORM}, mon-fri 09:00-17:00 or daily 00:00-24:00"
_CLOSED_FORM: Final = "2026-12-24 or 2026-12-24..2026-12-26"
_LONGEST_TEXT: Final = 1000
_MOST_BLOCKS: Final = 48

_BLOCK: Final = re.compile(r"(\d{1,2}):(\d{2}) *- *(\d{1,2}):(\d{2})", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_WEEKLY: Final = re.compile(r"(?P<days>[a-z ,-]+?) (?P<hours>\d.*)", re.ASCII)


class Block(NamedTuple):
    """The hours of one local day in which it is open, in minutes after midnight; 24:00 is 1440."""

    opens_minute: int
    closes_minute: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in self)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours that come again on the same days of every week. Raises Invalid."""

    days: tuple[int, ...]
    """As indexes of `DAYS`, each once, in order."""
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.days or self.days != tuple(day for day in range(7) if day in self.days):
            raise Invalid(f"{self.days} are not days of the week in order.")
        check_blocks(self.blocks)


@dataclass(frozen=True, slots=True)
class OnDate:
    """The hours of one date, in place of its weekly ones. Raises Invalid."""

    date: date
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        check_blocks(self.blocks)


@dataclass(frozen=True, slots=True)
class Closed:
    """Dates, both included, on which it is closed whatever else was said. Raises Invalid."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid(f"The closed dates end before they begin: {self.last} is before {self.first}.")


Rule = Weekly | OnDate | Closed


def check_blocks(blocks: Sequence[Block], *, where: str = "") -> None:
    """Whether hours of one day can be kept together: some, in order, none over another. Raises Invalid.

    ``where`` is said in the refusal, like " on mon".
    """
    if not blocks:
        raise Invalid("There are no opening hours in that rule.", hint="To be closed on a date is a rule of its own.")
    if len(blocks) > _MOST_BLOCKS:
        raise Invalid(f"A day has at most {_MOST_BLOCKS} blocks of opening hours, not {len(blocks)}.")
    for block in blocks:
        if not 0 <= block.opens_minute < block.closes_minute <= MINUTES_PER_DAY:
            raise Invalid(
                f"The hours {block} end before they begin.",
                hint="A day ends at 24:00; hours past midnight belong to the next day, from 00:00 on.",
            )
    for one, other in pairwise(blocks):
        if other.opens_minute < one.closes_minute:
            raise Invalid(f"The hours {one} and {other} overlap{where}.")


def parse_weekly(text: str) -> Weekly:
    """``mon,wed 08:00-11:00,12:00-15:00``; days are also ``mon-fri``, ``fri-mon`` and ``daily``. Raises Invalid."""
    found = _WEEKLY.fullmatch(_tidy(text))
    if found is None:
        raise _unreadable(text, "weekly opening hours", _WEEKLY_FORM)
    return Weekly(parse_days(found["days"]), parse_hours(found["hours"]))


def parse_days(text: str) -> tuple[int, ...]:
    """Days of the week like ``mon,wed``, ``mon-fri`` or ``daily``, as indexes of `DAYS`. Raises Invalid."""
    days: set[int] = set()
    for part in _tidy(text).split(","):
        if part.strip() == "daily":
            days.update(range(7))
            continue
        first, dash, last = part.partition("-")
        start = _day(first, text)
        days.update((start + n) % 7 for n in range((_day(last, text) - start) % 7 + 1 if dash else 1))
    return tuple(sorted(days))


def parse_hours(text: str) -> tuple[Block, ...]:
    """Blocks of one day like ``08:00-11:00,12:00-15:00``, put in order. Raises Invalid."""
    blocks = _hours(_tidy(text).split(","))
    check_blocks(blocks)
    return blocks


def parse_closed(text: str) -> Closed:
    """``2026-12-24`` or ``2026-12-24..2026-12-26``, both included. Raises Invalid."""
    first, dots, last = _tidy(text).partition("..")
    return Closed(*(_date(day, text, _CLOSED_FORM) for day in (first, last if dots else first)))


def parse_date(text: str) -> date:
    """A date like ``2026-12-04``. Raises Invalid."""
    return _date(_tidy(text), text, "2026-12-04")


def as_json(rule: Rule) -> dict[str, Any] | str:
    """The rule in the shape of the HTTP body: what `from_json` reads back."""
    if isinstance(rule, Closed):
        return f"{rule.first}" if rule.first == rule.last else f"{rule.first}..{rule.last}"
    hours = [str(block) for block in rule.blocks]
    if isinstance(rule, OnDate):
        return {"date": str(rule.date), "hours": hours}
    return {"days": [DAYS[day] for day in rule.days], "hours": hours}


def from_json(value: object) -> Rule:
    """The rule that is written like that: ``{"days": ["mon"], "hours": ["08:00-11:00"]}``, ``{"date": "2026-12-04",
    "hours": [...]}``, or closed dates like ``"2026-12-24..2026-12-26"``. Raises Invalid.
    """
    if isinstance(value, str):
        return parse_closed(value)
    if isinstance(value, Mapping):
        if value.keys() == {"days", "hours"}:
            return Weekly(parse_days(",".join(_texts(value["days"], "days"))), _hours(_texts(value["hours"], "hours")))
        if value.keys() == {"date", "hours"} and isinstance(value["date"], str):
            return OnDate(parse_date(value["date"]), _hours(_texts(value["hours"], "hours")))
    raise Invalid(
        "That is no opening rule.",
        hint='A rule is {"days": ["mon"], "hours": ["08:00-11:00"]}, {"date": "2026-12-04", "hours": [...]} '
        'or closed dates like "2026-12-24..2026-12-26".',
    )


def _hours(parts: Iterable[str]) -> tuple[Block, ...]:
    return tuple(sorted(map(_block, parts)))


def _block(text: str) -> Block:
    found = _BLOCK.fullmatch(_tidy(text))
    if found is None:
        raise _unreadable(text, "opening hours", _HOURS_FORM)
    return Block(_minute(found[1], found[2]), _minute(found[3], found[4]))


def _minute(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > MINUTES_PER_DAY:
        raise Invalid(f"There is no clock time {hour}:{minute}.", hint="A day has the times 00:00 to 24:00.")
    return total


def _day(text: str, whole: str) -> int:
    name = text.strip()
    for index, names in enumerate(zip(DAYS, _DAYS_IN_FULL, strict=True)):
        if name in names:
            return index
    raise _unreadable(whole, "days of the week", "mon,wed or mon-fri or daily")


def _date(text: str, whole: str, form: str) -> date:
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise _unreadable(whole, "a date", form)
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        raise Invalid(f"There is no day {found[0]} in the calendar.") from None


def _texts(value: object, name: str) -> list[str]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise Invalid(f"{name} must be a list of texts.")


def _tidy(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise Invalid(f"An opening rule has at most {_LONGEST_TEXT} characters, not {len(text)}.")
    return " ".join(text.split()).lower()


def _unreadable(text: str, what: str, form: str) -> Invalid:
    return Invalid(f"{text[:40]!a} does not say {what}.", hint=f"Write it like {form}.")
