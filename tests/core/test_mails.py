"""Mails as they arrive from a real SMTP server: their parts, their tickets and their invitations, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from classbook.app import App, open_app
from classbook.config import Settings
from classbook.core import catalog, outbox, reminders, reservations, upkeep
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.testing import FixedChance, FrozenClock
from classbook.values import Offering
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    confirmed,
    hold,
    move_of,
    rich,
)
from tests.smtp import SmtpServer

DAY = timedelta(days=1)
Post = Callable[[], dict[str, EmailMessage]]


@pytest.fixture
def app(settings: Settings, clock: FrozenClock, chance: FixedChance, smtp: SmtpServer) -> Iterator[App]:
    """The house, with mail that goes to a real server."""
    mail = replace(settings.mail, host=smtp.host, port=smtp.port, security="none", sender="The desk <desk@example.org>")
    with closing(open_app(replace(settings, mail=mail), clock=clock, chance=chance)) as opened:
        yield opened


@pytest.fixture
def post(app: App, smtp: SmtpServer) -> Post:
    """Send what waits; the mails that went out with that, by their subjects."""

    def deliver() -> dict[str, EmailMessage]:
        begun = len(smtp.messages)
        while outbox.deliver(app):
            pass
        return {str(one["Subject"]): one for one in smtp.messages[begun:]}

    return deliver


def kinds(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def part(message: EmailMessage, kind: str) -> Any:
    [found] = [part for part in message.walk() if part.get_content_type() == kind]
    return found.get_content()


def invitation(message: EmailMessage) -> Any:
    """The event that a mail brings, the same as a part and as a file; vobject can read it, too."""
    [inside] = [one for one in message.walk() if one.get_content_type() == "text/calendar"]
    calendar: Any = icalendar.Calendar.from_ical(inside.get_content())
    assert icalendar.Calendar.from_ical(part(message, "application/ics")) == calendar
    assert inside.get_param("method") == calendar["METHOD"]
    assert vobject.readOne(inside.get_content()).vevent.uid.value == calendar.walk("VEVENT")[0]["UID"]
    [event] = calendar.walk("VEVENT")
    assert event["ORGANIZER"] == "mailto:desk@example.org"
    return event


def test_a_mail_with_a_code_has_a_text_and_html_and_no_more(app: App, post: Post, cast: Cast) -> None:
    hold(app, a_class(app), cast.ana)
    [(subject, mail)] = post().items()
    assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]
    code = subject.split()[0]
    assert part(mail, "text/plain").splitlines().count(code) == 1 and code in part(mail, "text/html")


def test_what_is_confirmed_brings_its_ticket_and_enters_the_calendar(app: App, post: Post, cast: Cast) -> None:
    court = a_court(app, timezone="Europe/Berlin")
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    mail = post()["Confirmed: Court"]
    assert kinds(mail) == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/calendar", "application/ics",
    ]  # fmt: skip
    ticket = reservations.ticket(app, CONSOLE, one.id).ticket
    assert ticket in part(mail, "text/plain").splitlines()
    assert 'src="cid:ticket"' in part(mail, "text/html")
    [picture] = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<ticket>" and picture.get_content()[:4] == b"\x89PNG"
    event = invitation(mail)
    assert event.start == datetime(2026, 12, 2, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    assert event["ATTENDEE"] == f"mailto:{cast.ana.email}"


def test_who_waited_gets_with_the_place_what_whoever_books_gets(app: App, post: Post, cast: Cast) -> None:
    court = a_court(app, timezone="Europe/Berlin")
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    two = ask(app, booking_of(court, cast.ben, "11:00-13:00"))
    confirmed = post()
    ask(app, Cancel(CONSOLE, ById(one.id)))
    mail = post()["Active now: Court"]
    assert mail["To"] == "Ben <ben@example.org>"
    assert kinds(mail) == kinds(confirmed["Confirmed: Court"])
    text = part(mail, "text/plain")
    assert reservations.ticket(app, CONSOLE, two.id).ticket in text.splitlines() and f"/my/{two.code}/" in text
    event, first = invitation(mail), invitation(confirmed["Confirmed: Court"])
    assert (str(event["STATUS"]), event["ATTENDEE"]) == ("CONFIRMED", f"mailto:{cast.ben.email}")
    assert event.start == datetime(2026, 12, 2, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert event["UID"] != first["UID"]
    ask(app, move_of(two, cast.ben, "14:00-16:00"))
    later = invitation(post()["Changed: Court"])
    assert later["UID"] == event["UID"] and int(later["SEQUENCE"]) > int(event["SEQUENCE"])


def test_a_calendar_follows_a_booking_to_its_end(app: App, post: Post, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    events = [invitation(post()["Confirmed: Court"])]
    ask(app, move_of(one, cast.ana, "14:00-16:00"))
    events.append(invitation(post()["Changed: Court"]))
    catalog.update(app, CONSOLE, "resource", court.id, {"title": "Centre court"})
    events.append(invitation(post()["Changed: Centre court"]))
    ask(app, Cancel(CONSOLE, ById(one.id)))
    mail = post()["Cancelled: Centre court"]
    events.append(invitation(mail))
    assert "image/png" not in kinds(mail)
    assert len({event["UID"] for event in events}) == 1
    numbers = [int(event["SEQUENCE"]) for event in events]
    assert numbers == sorted(set(numbers))
    assert [str(event["STATUS"]) for event in events] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert [event.start.hour for event in events] == [10, 14, 14, 14]


def test_a_mail_that_leaves_late_says_how_it_is_now(app: App, post: Post, cast: Cast) -> None:
    one = ask(app, booking_of(a_court(app), cast.ana, "10:00-12:00"))
    ask(app, Cancel(CONSOLE, ById(one.id)))
    mails = post()
    assert "text/calendar" not in kinds(mails["Confirmed: Court"])
    assert str(invitation(mails["Cancelled: Court"])["STATUS"]) == "CANCELLED"


def test_a_hold_that_is_given_back_leaves_calendars_alone(app: App, post: Post, cast: Cast) -> None:
    one = hold(app, a_class(app), cast.ana)
    ask(app, Cancel(CONSOLE, ById(one.id)))
    assert "text/calendar" not in kinds(post()["Cancelled: Yoga"])


def test_a_changed_class_says_what_it_was_and_what_it_is(app: App, post: Post, cast: Cast) -> None:
    yoga = a_class(app)
    confirmed(app, yoga, cast.ana)
    post()
    starts_at = NOW + 2 * DAY
    catalog.update(app, CONSOLE, "class", yoga.id, {"starts_at": starts_at, "ends_at": starts_at + DAY / 24})
    mail = post()["Changed: Yoga"]
    text = part(mail, "text/plain")
    assert "Starts:      Thu 3 Dec 2026 09:00 UTC" in text and "Starts, before: Wed 2 Dec 2026 09:00 UTC" in text
    assert invitation(mail).start == starts_at


def test_what_does_not_take_place_is_taken_out_again(app: App, post: Post, cast: Cast) -> None:
    def called_off(offering: Offering) -> EmailMessage:
        post()
        catalog.cancel(app, CONSOLE, offering.kind, offering.id, reason="Rain.")
        return post()[f"Cancelled: {offering.title}"]

    match = a_match(app, a_venue(app, "A:2x5"), prices={"A": "10"}, confirm="self")
    rich(app, cast.ana)
    confirmed(app, match, cast.ana)
    mail = called_off(match)
    assert str(invitation(mail)["STATUS"]) == "CANCELLED"
    text = part(mail, "text/plain")
    assert (
        "does not take place" in text and "Rain." in text and "All you paid is back in your wallet: 10.00 EUR." in text
    )


def test_seats_and_the_place_are_named(app: App, post: Post, cast: Cast) -> None:
    confirmed(app, a_match(app, a_venue(app, "A:2x5"), confirm="self"), cast.ana, party=2)
    mail = post()["Confirmed: Final"]
    text = part(mail, "text/plain")
    assert "Where:       Arena" in text and "Seats:       A-" in text
    assert str(invitation(mail)["LOCATION"]) == "Arena"


def test_a_reminder_brings_the_ticket_once_more(app: App, post: Post, clock: FrozenClock, cast: Cast) -> None:
    confirmed(app, a_class(app, starts_in=3 * DAY), cast.ana)
    clock.set(NOW + 2 * DAY)
    post()
    reminders.remind(app)
    mail = post()["Reminder: Yoga"]
    assert "image/png" in kinds(mail) and "text/calendar" not in kinds(mail)


@pytest.mark.parametrize(
    ("lapse", "subject", "why"),
    [
        ("held", "Not confirmed in time: Yoga", "so the hold has lapsed"),
        ("queued", "No place became free: Yoga", "your wait in line has ended"),
        ("confirmed", "Not checked in: Yoga", "Nobody checked in for your place"),
    ],
)
def test_what_lapsed_says_why(
    app: App, post: Post, clock: FrozenClock, cast: Cast, lapse: str, subject: str, why: str
) -> None:
    yoga = a_class(app, seats=1, check_in=True, grace_seconds=600)
    if lapse == "queued":
        confirmed(app, yoga, cast.ben)
        ask(app, Reserve(as_person(cast.ana), yoga.id, queue=True))
        clock.advance(DAY)
    elif lapse == "confirmed":
        confirmed(app, yoga, cast.ana)
        clock.advance(DAY + timedelta(seconds=600))
    else:
        hold(app, yoga, cast.ana)
        clock.advance(seconds=300)
    upkeep.settle_due(app)
    mail = post()[subject]
    assert why in part(mail, "text/plain")
    assert ("text/calendar" in kinds(mail)) == (lapse == "confirmed")


def test_ones_own_words_go_out_and_broken_ones_lose_no_mail(
    app: App, smtp: SmtpServer, cast: Cast, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    for kind in ("confirmed", "active"):
        (folder / f"{kind}.txt").write_text(f"{kind}: Hallo {{{{ name }}}}, {{{{ ticket }}}}\n")
    (folder / "held.subject.txt").write_text("{{ code }}\nBcc: eve@example.org")
    (folder / "held.txt").write_text("{{ nobody }}")
    app = replace(app, settings=replace(app.settings, mail=replace(app.settings.mail, templates=folder)))
    one = hold(app, a_class(app), cast.ana)
    outbox.deliver(app)
    [(subject, mail)] = [(str(mail["Subject"]), mail) for mail in smtp.messages]
    assert subject.endswith("is your code for Yoga") and mail["Bcc"] is None
    assert "held.txt is passed over" in caplog.text
    ask(app, Confirm(CONSOLE, ById(one.id)))
    outbox.deliver(app)
    assert part(smtp.messages[-1], "text/plain").startswith("confirmed: Hallo Ana, R-")
    court = a_court(app)
    first = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    ask(app, booking_of(court, cast.ben, "10:00-12:00"))
    ask(app, Cancel(CONSOLE, ById(first.id)))
    outbox.deliver(app)
    [active] = [one for one in smtp.messages if one["Subject"] == "Active now: Court"]
    assert part(active, "text/plain").startswith("active: Hallo Ben, R-")
