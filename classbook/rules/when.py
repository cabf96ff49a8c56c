"""Dates and durations as people type them, and as people read them. Pure: the present and the zone are arguments.

Accepted dates: ``2026-12-01T18:00`` (with or without offset), ``2026-12-01 18:00``, ``2026-12-01``,
``today``, ``tomorrow 18:00``, ``fri 18:00`` (always in the future), ``+3d``, ``+2h``, ``+3d 18:00``.
A clock time is also ``9:00``, ``9am`` or ``6:30pm``.
Accepted durations: ``30s``, ``90m``, ``1h30m``, ``24h``, ``2d``.

Nothing is guessed: a local time the clocks skip is refused, one they show twice is the first, and says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from classbook.errors import BadSpan, Invalid

DATE_FORMS: Final = (
    "2026-12-01T18:00 (an offset like +01:00 or Z may follow), '2026-12-01 18:00', 2026-12-01, "
    "'today 18:00', 'tomorrow 9am', 'fri 18:00', +3d, +2h"
)
DURATION_FORMS: Final = "30s, 90m, 1h30m, 24h or 2d"

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS_IN_FULL: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998
"""Instants are stored as microseconds since 1970; 9999 stands for "never"."""
_LONGEST_DAYS: Final = 3660
_LONGEST_TEXT: Final = 64

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_CLOCK: Final = (
    r"(?P<hour>\d{1,2})(?=:| ?[ap]m)"
    r"(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?)?(?: ?(?P<half>[ap]m))?"
)
_OFFSET: Final = r"(?P<offset>z|[+-]\d{2}(?::?\d{2})?)?"
_ISO: Final = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})(?:(?:t| +){_CLOCK} *{_OFFSET})?", re.ASCII
)
_WORDS: Final = re.compile(rf"(?P<word>[a-z]+)(?: +{_CLOCK})?", re.ASCII)
_AHEAD: Final = re.compile(rf"\+(?P<ahead>[0-9dhms]+)(?: +{_CLOCK})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a date was understood to be: an aware UTC ``instant``, and a ``note`` where there was a choice.

    ``until`` is where a time that ends with it ends: a day without a clock time belongs to it as a whole.
    """

    instant: datetime
    note: str | None = None
    next_day: datetime | None = None

    @property
    def until(self) -> datetime:
        return self.next_day or self.instant


def parse_when(text: str, *, now: datetime, zone: ZoneInfo) -> Reading:
    """The instant that ``text`` means to somebody in ``zone`` at ``now`` (an aware datetime).

    Raises `Invalid` for anything outside the grammar, `BadSpan` for a time that does not exist or is out of range.
    """
    asked = " ".join(text.split()).lower()
    if len(asked) <= _LONGEST_TEXT:
        if found := _ISO.fullmatch(asked):
            return _iso(found, zone=zone)
        if found := _WORDS.fullmatch(asked):
            reading = _named_day(found, now=now, zone=zone)
            if reading is not None:
                return reading
        if found := _AHEAD.fullmatch(asked):
            return _ahead(found, now=now, zone=zone)
    raise Invalid(f"{_shown(text)} is not a date classbook can read.", hint=f"Write it as {DATE_FORMS}.")


def parse_duration(text: str) -> int:
    """A length of time in whole seconds, at most ten years. Raises `Invalid`."""
    asked = text.strip().lower()
    found = _DURATION.fullmatch(asked) if len(asked) <= _LONGEST_TEXT else None
    if not asked or found is None:
        raise Invalid(f"{_shown(text)} is not a length of time.", hint=f"Write it as {DURATION_FORMS}.")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > _LONGEST_DAYS * 86400:
        raise Invalid(f"{_shown(text)} is longer than the {_LONGEST_DAYS} days that are allowed.")
    return total


def format_duration(seconds: int) -> str:
    """The shortest text that `parse_duration` reads back as ``seconds``."""
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_local(instant: datetime, zone: ZoneInfo) -> str:
    """``Tue 1 Dec 2026 18:00 CET (UTC+1)``: the same in every language setting, seconds only where there are any."""
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year} {clock} {_zone_name(local)}"


def is_skipped(wall: datetime, *, zone: ZoneInfo) -> bool:
    """Whether the clocks of ``zone`` never show ``wall`` (a naive datetime)."""
    try:
        return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
    except OverflowError:
        return False


def end_of_skip(wall: datetime, *, zone: ZoneInfo) -> datetime:
    """The first instant after the jump that swallows ``wall`` (PEP 495: the two folds lie on its two sides)."""
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    low, high = int(early.timestamp()), int(late.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def on_the_clock(wall: datetime, *, zone: ZoneInfo) -> Reading:
    """The instant at which the clocks of ``zone`` show ``wall`` (a naive datetime); the first where they do so twice.

    Raises `BadSpan` for a time that does not exist or is out of range.
    """
    _check_year(wall.year)
    if is_skipped(wall, zone=zone):
        after = end_of_skip(wall, zone=zone)
        before = (after - timedelta(minutes=1)).astimezone(zone)
        first = after.astimezone(zone)
        raise BadSpan(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks skip it.",
            hint=f"The nearest times are {before:%Y-%m-%d %H:%M} {_zone_name(before)} "
            f"and {first:%Y-%m-%d %H:%M} {_zone_name(first)}.",
        )
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return Reading(_in_range(first))
    return Reading(
        _in_range(first),
        f"{wall:%Y-%m-%d %H:%M} happens twice in {zone.key}: taking the first, {_zone_name(first)}; "
        f"the second is {second.isoformat(timespec='minutes')}",
    )


def _iso(found: re.Match[str], *, zone: ZoneInfo) -> Reading:
    day = _date(int(found["year"]), int(found["month"]), int(found["day"]))
    if found["hour"] is None:
        return _day_start(day, zone=zone)
    wall = datetime.combine(day, _clock(found))
    if found["offset"] is None:
        return on_the_clock(wall, zone=zone)
    return Reading(_in_range(wall.replace(tzinfo=_offset(found["offset"]))))


def _named_day(found: re.Match[str], *, now: datetime, zone: ZoneInfo) -> Reading | None:
    word, today = found["word"], now.astimezone(zone).date()
    if word == "today" or word == "tomorrow":
        return _on(today + timedelta(days=1 if word == "tomorrow" else 0), found, zone=zone)
    weekday = next((n for n, name in enumerate(_DAYS_IN_FULL) if word == name or word == name[:3]), None)
    if weekday is None:
        return None
    day = today + timedelta(days=(weekday - today.weekday()) % 7)
    if day == today and datetime.combine(day, _clock(found)) <= now.astimezone(zone).replace(tzinfo=None):
        day += timedelta(days=7)
    return _on(day, found, zone=zone)


def _ahead(found: re.Match[str], *, now: datetime, zone: ZoneInfo) -> Reading:
    """Days are calendar days (the same clock time, whatever the clocks do meanwhile); hours are hours."""
    days, rest = divmod(parse_duration(found["ahead"]), 86400)
    now = now.replace(microsecond=0)
    here = now.astimezone(zone)
    if found["hour"] is not None:
        if rest:
            raise Invalid("Only whole days can be followed by a clock time.", hint="Write it like '+3d 18:00'.")
        return _on(here.date() + timedelta(days=days), found, zone=zone)
    if not days or not found["ahead"].partition("d")[1]:
        return Reading(_in_range(now + timedelta(days=days, seconds=rest)))
    reading = on_the_clock(here.replace(tzinfo=None) + timedelta(days=days), zone=zone)
    return Reading(_in_range(reading.instant + timedelta(seconds=rest)), reading.note)


def _on(day: date, found: re.Match[str], *, zone: ZoneInfo) -> Reading:
    if found["hour"] is None:
        return _day_start(day, zone=zone)
    return on_the_clock(datetime.combine(day, _clock(found)), zone=zone)


def _day_start(day: date, *, zone: ZoneInfo) -> Reading:
    first = _first_moment(day, zone=zone)
    return replace(first, next_day=_first_moment(day + timedelta(days=1), zone=zone).instant)


def _first_moment(day: date, *, zone: ZoneInfo) -> Reading:
    """The first moment of a day, which is not midnight where the clocks skip it."""
    wall = datetime.combine(day, time())
    if not is_skipped(wall, zone=zone):
        return on_the_clock(wall, zone=zone)
    first = end_of_skip(wall, zone=zone)
    return Reading(_in_range(first), f"the day {day} begins at {first.astimezone(zone):%H:%M} in {zone.key}")


def _date(year: int, month: int, day: int) -> date:
    _check_year(year)
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid(f"There is no day {year:04d}-{month:02d}-{day:02d} in the calendar.") from None


def _clock(found: re.Match[str]) -> time:
    if found["hour"] is None:
        return time()
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = found["half"]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif half:
        hour = 24  # 0pm and 13am are on no clock
    try:
        return time(hour, minute, second, int((found["fraction"] or "0").ljust(6, "0")))
    except ValueError:
        said = f"{found['hour']}{':' + found['minute'] if found['minute'] else ''}{half or ''}"
        raise Invalid(f"There is no clock time {said}.", hint="A day has the times 00:00 to 23:59.") from None


def _offset(text: str) -> timezone:
    if text == "z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise Invalid(f"{text} is not an offset from UTC.", hint="Write it like +01:00 or Z.")
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _in_range(instant: datetime) -> datetime:
    try:
        instant = instant.astimezone(UTC)
    except OverflowError:
        _check_year(0)
    _check_year(instant.year)
    return instant


def _check_year(year: int) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise BadSpan(f"That date is outside the years {_FIRST_YEAR} to {_LAST_YEAR}.")


def _zone_name(local: datetime) -> str:
    """``CET (UTC+1)``, ``UTC``, or only ``(UTC-3)`` where the zone has no letters of its own."""
    name, offset = local.tzname() or "", local.utcoffset() or timedelta()
    if name == "UTC":
        return name
    minutes, sign = abs(int(offset.total_seconds())) // 60, "-" if offset < timedelta() else "+"
    short = f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
    return f"{name} ({short})" if name.isalpha() else f"({short})"


def _shown(text: str) -> str:
    """What was typed, short and without anything that could move a cursor."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{clean[:40]}…'" if len(clean) > 40 else f"'{clean}'"
