"""Calendars: feeds and their secret links, on both databases; two other programs read every one of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from classbook.app import App
from classbook.core import calendars, catalog, personal
from classbook.core.asks import ById, Cancel
from classbook.errors import NotFound, NotYours
from classbook.testing import FrozenClock
from classbook.values import Person
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    confirmed,
    hold,
    move_of,
)

pytestmark = pytest.mark.usefixtures("sound")
DAY = timedelta(days=1)
Event = Any
"""An event as icalendar reads it."""


def token(app: App, who: Person | None = None, **of: Any) -> str:
    url = calendars.link(app, as_person(who) if who else CONSOLE, **of).url
    assert url.startswith("http://127.0.0.1:8000/api/v0/calendars/")
    return url.rpartition("/")[2].removesuffix(".ics")


def events(content: bytes) -> dict[str, Event]:
    """The events of a feed by title, as icalendar reads them, once vobject has read the same."""
    calendar: Any
    [calendar] = icalendar.Calendar.from_ical(content, multiple=True)
    assert calendar.errors == [] and calendar["METHOD"] == "PUBLISH"
    assert calendar.get_missing_tzids() == set()
    read = {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}
    other = vobject.readOne(content.decode())
    assert {one.summary.value: one.dtstart.value.timestamp() for one in other.contents.get("vevent", [])} == {
        title: event.start.timestamp() for title, event in read.items()
    }
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return read


def of(app: App, who: Person) -> dict[str, Event]:
    return events(calendars.read(app, token(app, who)))


def test_a_feed_has_what_one_has_booked_and_nothing_else(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:2x5"), starts_in=2 * DAY, confirm="self")
    confirmed(app, a_class(app), cast.ana, party=2)
    hold(app, a_class(app, title="Boxing; hard, \\ fast"), cast.ana)
    confirmed(app, match, cast.ana, party=2)
    ask(app, booking_of(a_court(app), cast.ana, "10:00-12:00"))
    confirmed(app, a_class(app, title="Not hers"), cast.ben)
    found = of(app, cast.ana)
    assert {title: str(event["STATUS"]) for title, event in found.items()} == {
        "Yoga": "CONFIRMED",
        "Boxing; hard, \\ fast": "TENTATIVE",
        "Final": "CONFIRMED",
        "Court": "CONFIRMED",
    }
    assert str(found["Final"]["LOCATION"]) == "Arena"
    assert str(found["Final"]["DESCRIPTION"]).startswith("Seats A-")
    assert str(found["Yoga"]["DESCRIPTION"]).startswith("2 places\nReservation R-")
    assert len({str(event["UID"]) for event in found.values()}) == 4


def test_times_stand_in_the_zone_of_the_offering_with_its_rules(app: App, cast: Cast) -> None:
    court = a_court(app, timezone="Europe/Berlin")
    ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    [event] = of(app, cast.ana).values()
    assert event.start == datetime(2026, 12, 2, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    content = calendars.read(app, token(app, cast.ana)).decode()
    assert "DTSTART;TZID=Europe/Berlin:20261202T110000" in content
    assert content.index("BEGIN:VTIMEZONE") < content.index("BEGIN:VEVENT")


def test_a_uid_stays_and_the_sequence_grows_with_each_change(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    seen = [of(app, cast.ana)["Court"]]
    ask(app, move_of(one, cast.ana, "14:00-16:00"))
    seen += of(app, cast.ana).values()
    catalog.update(app, CONSOLE, "resource", court.id, {"title": "Centre court"})
    seen += of(app, cast.ana).values()
    clock.advance(seconds=60)
    ask(app, Cancel(CONSOLE, ById(one.id)))
    seen += of(app, cast.ana).values()
    assert len({str(event["UID"]) for event in seen}) == 1
    numbers = [int(event["SEQUENCE"]) for event in seen]
    assert numbers == sorted(set(numbers))
    assert [str(event["STATUS"]) for event in seen] == ["CONFIRMED"] * 3 + ["CANCELLED"]


def test_an_offering_that_is_called_off_is_cancelled_in_every_calendar(app: App, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    confirmed(app, yoga, cast.ana)
    of_class = token(app, cast.cleo, offering_id=yoga.id)
    before = events(calendars.read(app, of_class))["Yoga"]
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert str(of(app, cast.ana)["Yoga"]["STATUS"]) == "CANCELLED"
    after = events(calendars.read(app, of_class))["Yoga"]
    assert str(after["STATUS"]) == "CANCELLED" and after["SEQUENCE"] > before["SEQUENCE"]


def test_what_was_never_confirmed_leaves_nothing(app: App, clock: FrozenClock, cast: Cast) -> None:
    yoga = a_class(app, seats=1)
    hold(app, yoga, cast.ana)
    clock.advance(seconds=300)
    assert of(app, cast.ana) == {}


def test_a_feed_has_the_last_ninety_days_and_all_that_is_to_come(app: App, clock: FrozenClock, cast: Cast) -> None:
    for days in (1, 2, 400):
        confirmed(app, a_class(app, title=f"In {days}", starts_in=days * DAY), cast.ana)
    clock.set(NOW + 91 * DAY + timedelta(hours=1))
    assert list(of(app, cast.ana)) == ["In 2", "In 400"]
    assert str(of(app, cast.ana)["In 2"]["STATUS"]) == "CONFIRMED"


def test_a_feed_is_the_same_as_long_as_nothing_changes(app: App, clock: FrozenClock, cast: Cast) -> None:
    confirmed(app, a_class(app), cast.ana)
    first = calendars.read(app, token(app, cast.ana))
    clock.advance(seconds=3600)
    assert calendars.read(app, token(app, cast.ana)) == first


def test_whoever_made_a_class_sees_who_comes(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=9, by=as_person(cast.cleo))
    confirmed(app, yoga, cast.ana, party=2)
    hold(app, yoga, cast.ben)
    [event] = events(calendars.read(app, token(app, cast.cleo, offering_id=yoga.id))).values()
    assert str(event["DESCRIPTION"]) == "3 places taken\nAna: 2 places\nBen: 1 place"


def test_a_provider_sees_each_appointment(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, notice_seconds=0)
    for who, at in ((cast.ana, "10:00"), (cast.ben, "11:00")):
        ask(app, booking_of(doctor, who, at))
    found = events(calendars.read(app, token(app, offering_id=doctor.id)))
    assert list(found) == [f"Ana: {doctor.title}", f"Ben: {doctor.title}"]


def test_a_link_is_ones_own(app: App, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    wanted: dict[str, Any]
    for wanted in ({"person": cast.ben.id}, {"offering_id": yoga.id}):
        with pytest.raises(NotYours):
            token(app, cast.ana, **wanted)
    for wanted in ({"person": 99}, {"offering_id": 99}, {}):
        with pytest.raises(NotFound):
            token(app, None, **wanted)
    assert token(app, cast.emma, person=cast.ana.id) == token(app, cast.ana)


def test_a_renewed_link_is_another_and_the_old_one_is_void(app: App, cast: Cast) -> None:
    links = [token(app, cast.ana)]
    assert token(app, cast.ana) == links[0]
    for _ in range(3):
        links.append(token(app, cast.ana, renew=True))
        assert token(app, cast.ana) == links[-1]
    assert len(set(links)) == 4
    for void in links[:-1]:
        with pytest.raises(NotFound):
            calendars.read(app, void)
    calendars.read(app, links[-1])
    calendars.read(app, token(app, cast.ben))


def test_what_is_no_link_is_not_found(app: App, cast: Cast) -> None:
    good = token(app, cast.ana)
    a_class(app)
    for bad in ("", "p", "x" + good[1:], "o" + good[1:], good[:-1], good + "a", f"p{9:x}{good[2:]}", "p1.1.", "é" * 50):
        with pytest.raises(NotFound):
            calendars.read(app, bad)


def test_who_is_gone_has_no_calendar(app: App, cast: Cast) -> None:
    link = token(app, cast.ana)
    personal.anonymise(app, CONSOLE, cast.ana.email)
    with pytest.raises(NotFound):
        calendars.read(app, link)
