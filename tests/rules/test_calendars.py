"""What calendars read: the rules of a zone, and an invitation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st

from classbook.rules.calendars import Entry, Party, feed, invitation

START = datetime(2026, 12, 1, 17, tzinfo=UTC)


def entry(**changed: object) -> Entry:
    facts = {
        "uid": "one@classbook",
        "sequence": 3,
        "status": "CONFIRMED",
        "title": "Yoga",
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "timezone": "Europe/Berlin",
        "changed_at": START,
    }
    return Entry(**(facts | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin"],
)
def test_the_rules_of_a_zone_are_those_of_the_machine(zone: str) -> None:
    """For every hour of two years, read by a program that knows nothing but the file."""
    content = feed("x", [entry(timezone=zone)]).decode()
    rules = content[content.index("BEGIN:VTIMEZONE") : content.index("BEGIN:VEVENT")].replace("\r\n", "\n")
    read = tzical(StringIO(rules)).get(zone)
    for hours in range(2 * 366 * 24):
        instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        local = instant.astimezone(ZoneInfo(zone))
        if not local.fold:  # of an hour that comes twice a file without folds means the first
            assert local.replace(tzinfo=read).utcoffset() == local.utcoffset(), local


def test_utc_needs_no_rules() -> None:
    content = feed("x", [entry(timezone="UTC")])
    assert b"VTIMEZONE" not in content and b"DTSTART:20261201T170000Z" in content


def test_a_booking_for_ever_does_not_take_for_ever() -> None:
    assert len(feed("x", [entry(ends_at=datetime(9998, 1, 1, tzinfo=UTC))])) < 20_000


def test_an_invitation_names_both_sides_and_needs_no_answer() -> None:
    content = invitation(
        entry(), organizer=Party("desk@example.org", 'The "desk"'), attendee=Party("a@example.org", "")
    )
    calendar = icalendar.Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST" and event["ORGANIZER"] == "mailto:desk@example.org"
    assert event["ATTENDEE"] == "mailto:a@example.org" and event["ATTENDEE"].params["RSVP"] == "FALSE"
    off = invitation(entry(status="CANCELLED"), organizer=Party("d@x.org", ""), attendee=Party("a@x.org", ""))
    assert b"METHOD:CANCEL" in off and b"STATUS:CANCELLED" in off


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=80)


@given(title=_WORDS, where=_WORDS, name=_WORDS)
def test_no_words_of_people_become_another_property(title: str, where: str, name: str) -> None:
    content = invitation(
        entry(title=title, where=where, description=f"{title}\n{where}"),
        organizer=Party("d@x.org", name),
        attendee=Party("a@x.org", name),
    )
    [event] = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"]) == (title, where)
    assert event["DESCRIPTION"] == f"{title}\n{where}"
    assert event["UID"] == "one@classbook" and event["ATTENDEE"] == "mailto:a@x.org"
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "SUMMARY", "DTSTART", "DTEND", "STATUS", "TRANSP", "DESCRIPTION", "LOCATION",
        "ORGANIZER", "ATTENDEE",
    }  # fmt: skip
