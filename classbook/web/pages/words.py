"""How pages say things: times, lengths of time, money, states, the terms of an offering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from classbook.errors import Hint
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, EXPIRED, HELD, QUEUED
from classbook.rules.when import format_local
from classbook.values import Offering, Slot

KIND_NAMES: Final = {
    "class": "Classes",
    "event": "Events",
    "match": "Matches",
    "appointment": "Appointments",
    "resource": "Rooms and equipment",
}
"""The kinds of offering as a list is headed by them."""

ONE_OF_KIND: Final = {
    "class": "Class",
    "event": "Event",
    "match": "Match",
    "appointment": "Appointments",
    "resource": "Room or equipment",
}

STATE_WORDS: Final = {
    QUEUED: "waiting in line",
    HELD: "held, not confirmed yet",
    CONFIRMED: "confirmed",
    COMPLETED: "completed",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
}

_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def when(instant: datetime, zone: str) -> str:
    """``Tue 1 Dec 2026 18:00 CET (UTC+1)``."""
    return format_local(instant, ZoneInfo(zone))


def from_to(start: datetime, end: datetime | None, zone: str) -> str:
    """``Tue 1 Dec 2026 18:00-19:30 CET (UTC+1)``; both in full where they are days apart, or the clocks change."""
    first = when(start, zone)
    if end is None:
        return first
    last = when(end, zone)
    here = ZoneInfo(zone)
    one, other = start.astimezone(here), end.astimezone(here)
    if one.date() != other.date() or one.utcoffset() != other.utcoffset():
        return f"{first} – {last}"
    begins = f"{one:%H:%M:%S}" if one.second else f"{one:%H:%M}"
    ends = f"{other:%H:%M:%S}" if other.second else f"{other:%H:%M}"
    return first.replace(begins, f"{begins}–{ends}", 1)


def clock(instant: datetime, zone: str) -> str:
    """``18:00``."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"


def parts_of_day(free: Iterable[Slot], day: date, zone: ZoneInfo) -> list[str]:
    """What of a day is free, like ``08:00–12:00``; the end of the day is 24:00."""
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    parts = []
    for slot in free:
        start, end = max(slot.start, begins), min(slot.end, ends)
        if start < end:
            until = "24:00" if end == ends else f"{end.astimezone(zone):%H:%M}"
            parts.append(f"{start.astimezone(zone):%H:%M}–{until}")
    return ["all day"] if parts == ["00:00–24:00"] else parts


def day(day: date) -> str:
    """``Tuesday 1 December 2026``, in English whatever the machine speaks."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def length(seconds: int) -> str:
    """``2 hours 30 minutes``."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts) or "no time"


def places(count: int) -> str:
    return "1 place" if count == 1 else f"{count:,} places"


def for_people(hint: str | Hint | None) -> str | None:
    """A hint, unless it speaks to programs: the steps that it names are the buttons and links of a page."""
    return hint if isinstance(hint, str) and "`" not in hint else None


def terms(offering: Offering) -> Iterator[str]:
    """The terms of an offering, a sentence each; what is not limited goes without saying."""
    policy = offering.policy
    yield _CONFIRM[policy["confirm"]].format(length(policy["hold_seconds"]))
    for name, sentence in _LENGTHS.items():
        if policy.get(name):
            yield sentence.format(length(policy[name]))
    yield from _limits(policy)
    if policy.get("check_in"):
        yield (
            f"Check in from {length(policy['check_in_from_seconds'])} before the start; "
            "whoever does not loses the place."
        )
    if policy.get("queues"):
        yield "When nothing is free you are put in line, and told by mail when it is your turn."
    if offering.price is not None:
        yield from _money(policy)


def _money(policy: Mapping[str, Any]) -> Iterator[str]:
    """What paying and cancelling cost (`rules.refunds`)."""
    yield "It is paid from your wallet."
    full, share = policy["refund_full_seconds"], policy["refund_share_percent"]
    full = policy["cancel_until_seconds"] if full is None else full
    yield f"What you cancel {f'{length(full)} or more before the start' if full else 'before the start'} is paid back."
    if share and full > policy["refund_share_seconds"]:
        until = policy["refund_share_seconds"]
        yield f"After that {share} % is paid back{f', until {length(until)} before the start' if until else ''}."


def _limits(policy: Mapping[str, Any]) -> Iterator[str]:
    if policy.get("party_max") == 1:
        yield "One place for each booking."
    elif policy.get("party_max"):
        yield f"At most {policy['party_max']} places in one booking."
    if policy.get("once"):
        yield "One booking for each person."
    elif policy.get("max_per_person"):
        yield f"At most {places(policy['max_per_person'])} for each person."
    if policy.get("per_day"):
        count = policy["per_day"]
        yield f"At most {'one booking' if count == 1 else f'{count} bookings'} a day for each person" + (
            "; a later one takes the place of the earlier." if policy["on_second"] == "replace" else "."
        )


_CONFIRM: Final = {
    "code": "Your place is held for {}, until you confirm it with the code that we mail you.",
    "self": "Your place is held for {}, until you confirm it.",
    "payment": "Your place is held for {}, until you pay it from your wallet.",
    "none": "It is yours at once.",
}
_LENGTHS: Final = {
    "notice_seconds": "Book at least {} ahead.",
    "horizon_seconds": "It can be booked {} ahead at most.",
    "min_seconds": "At least {}.",
    "max_seconds": "At most {}.",
    "before_seconds": "{} are kept free before each booking.",
    "after_seconds": "{} are kept free after each booking.",
    "cancel_until_seconds": "Cancel at least {} ahead.",
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
