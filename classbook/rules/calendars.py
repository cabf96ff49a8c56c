"""Calendars (iCalendar, RFC 5545): what goes into them, as invitations in mail (RFC 5546) and as feeds.

An entry is told apart by its UID for ever, and of two versions the one with the higher SEQUENCE holds. Times stand in
the zone of the offering, with that zone's rules beside them, so that they stay right whatever a calendar knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
Status = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]

PRODUCT: Final = "-//classbook//classbook//EN"
_REFRESH: Final = timedelta(hours=1)
"""How often a calendar may ask for a feed again."""
_MOST_YEARS: Final = 30
"""For how many years a calendar tells when clocks are changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event. Instants are aware; ``changed_at`` is when it became what it says, ``url`` where to see more."""

    uid: str
    sequence: int
    status: Status
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    changed_at: datetime
    description: str = ""
    where: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody of an invitation: an address and what they are called."""

    address: str
    name: str


def invitation(entry: Entry, *, organizer: Party, attendee: Party) -> bytes:
    """What a mail carries: a request to enter it, or, where it is cancelled, to take it out again."""
    from icalendar import vCalAddress

    event = _event(entry)
    for role, who in (("organizer", organizer), ("attendee", attendee)):
        address = vCalAddress(f"mailto:{who.address}")
        if who.name:
            address.params["CN"] = who.name.replace('"', "'")
        if role == "attendee":
            address.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
        event.add(role, address)
    return bytes(_calendar(method_of(entry), [event], [entry]).to_ical())


def method_of(entry: Entry) -> Method:
    """What an invitation asks for."""
    return "CANCEL" if entry.status == "CANCELLED" else "REQUEST"


def feed(name: str, entries: Sequence[Entry]) -> bytes:
    """What a calendar subscribes to: the same bytes as long as nothing changes."""
    calendar = _calendar("PUBLISH", [_event(entry) for entry in entries], entries)
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return bytes(calendar.to_ical())


def _calendar(method: Method, events: Sequence[Event], entries: Sequence[Entry]) -> Calendar:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    for zone in sorted({entry.timezone for entry in entries if not _is_utc(entry.timezone)}):
        years = [moment.year for one in entries if one.timezone == zone for moment in (one.starts_at, one.ends_at)]
        calendar.add_component(_zone_rules(zone, min(years) - 1, min(max(years) + 1, min(years) + _MOST_YEARS)))
    for event in events:
        calendar.add_component(event)
    return calendar


@lru_cache(maxsize=128)
def _zone_rules(zone: str, first_year: int, last_year: int) -> Timezone:
    """The offsets of a zone in these years, as the machine knows them.

    Not icalendar's own `Timezone.from_tzinfo`: that dates the begin of summer by the clock as it is then, while RFC
    5545, section 3.6.5, asks for the clock as it was before (icalendar 7.3).
    """
    from icalendar import Timezone

    here = ZoneInfo(zone)
    first = datetime(first_year, 1, 1, tzinfo=UTC)
    made = Timezone()
    made.add("tzid", zone)
    made.add_component(_observance(here, first, first))
    for before, after in _changes(here, first, datetime(last_year + 1, 1, 1, tzinfo=UTC)):
        made.add_component(_observance(here, before, after))
    return made


def _changes(here: ZoneInfo, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The seconds before and at which clocks were changed."""
    while first < last:
        after = first + timedelta(days=1)
        if _clock(here, first) != _clock(here, after):
            before = first
            while after - before > timedelta(seconds=1):
                middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
                before, after = (before, middle) if _clock(here, before) != _clock(here, middle) else (middle, after)
            yield before, after
        first += timedelta(days=1)


def _clock(here: ZoneInfo, instant: datetime) -> tuple[timedelta | None, str | None]:
    local = instant.astimezone(here)
    return local.utcoffset(), local.tzname()


def _observance(here: ZoneInfo, before: datetime, at: datetime) -> TimezoneStandard | TimezoneDaylight:
    """How clocks go from an instant on."""
    from icalendar import TimezoneDaylight, TimezoneStandard

    was, now = before.astimezone(here), at.astimezone(here)
    observance = TimezoneDaylight() if now.dst() else TimezoneStandard()
    observance.add("dtstart", (at + (was.utcoffset() or timedelta())).replace(tzinfo=None))
    observance.add("tzoffsetfrom", was.utcoffset())
    observance.add("tzoffsetto", now.utcoffset())
    observance.add("tzname", now.tzname())
    return observance


def _event(entry: Entry) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("summary", entry.title)
    event.add("dtstart", _local(entry.starts_at, entry.timezone))
    event.add("dtend", _local(entry.ends_at, entry.timezone))
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    texts: dict[str, Any] = {"description": entry.description, "location": entry.where, "url": entry.url}
    for name, text in texts.items():
        if text:
            event.add(name, text)
    return event


def _local(instant: datetime, zone: str) -> datetime:
    """Whole seconds where it happens; calendars know no smaller ones."""
    return instant.replace(microsecond=0).astimezone(UTC if _is_utc(zone) else ZoneInfo(zone))


def _is_utc(zone: str) -> bool:
    return zone in ("UTC", "Etc/UTC")
