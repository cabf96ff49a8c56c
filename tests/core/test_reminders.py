"""Reminders: once, in time, and never of what is not as it was, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog, outbox, reminders
from classbook.core.asks import ById, Cancel
from classbook.testing import FrozenClock, MemoryMailer
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    NOW,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    ask,
    at_once,
    booking_of,
    confirmed,
    mailed,
    move_of,
)

pytestmark = pytest.mark.usefixtures("sound")
DAY = timedelta(days=1)


def reminded(app: App) -> list[str]:
    """Who has been written to, once the steps have found no more to do."""
    while reminders.remind(app):
        pass
    return [to for to, subject, _ in mailed(app) if subject.startswith("Reminder:")]


def sent(app: App, mailer: MemoryMailer) -> list[str]:
    """The reminders that went out."""
    while outbox.deliver(app):
        pass
    return [one["To"].addresses[0].addr_spec for one in mailer.sent if one["Subject"].startswith("Reminder:")]


@contextmanager
def set_to(app: App, **settings: object) -> Iterator[App]:
    yield replace(app, settings=replace(app.settings, mail=replace(app.settings.mail, **settings)))  # type: ignore[arg-type]


def test_whoever_comes_is_reminded_a_day_before_and_once(app: App, clock: FrozenClock, cast: Cast) -> None:
    confirmed(app, a_class(app, starts_in=3 * DAY), cast.ana)
    clock.set(NOW + 2 * DAY - MICROSECOND)
    assert reminded(app) == []
    clock.advance(MICROSECOND)
    assert reminded(app) == [cast.ana.email]
    assert not reminders.remind(app)
    clock.advance(timedelta(hours=12))
    assert reminded(app) == [cast.ana.email]
    [(_, _, text)] = [mail for mail in mailed(app) if mail[1] == "Reminder: Yoga"]
    assert '"Yoga" begins on Fri 4 Dec 2026 09:00 UTC, and your place is confirmed.' in text
    assert re.search(r"^R-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{6}$", text, re.MULTILINE)


def test_a_time_one_picked_and_a_seat_are_reminded_of_too(app: App, clock: FrozenClock, cast: Cast) -> None:
    ask(app, booking_of(a_court(app), cast.ana, "10:00-12:00", days=3))
    ask(app, booking_of(a_court(app), cast.ana, "10:00-18:00", days=4))
    match = a_match(app, a_venue(app, "A:2x5"), starts_in=3 * DAY, prices={"A": "0"}, confirm="self")
    confirmed(app, match, cast.ben)
    clock.set(NOW + 2 * DAY + timedelta(hours=2))
    assert sorted(reminded(app)) == [cast.ana.email, cast.ben.email]
    assert any("Seats:" in text for _, subject, text in mailed(app) if subject == "Reminder: Final")


def test_who_was_told_a_moment_ago_who_only_waits_and_who_may_lapse_is_not_reminded(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    yoga = a_class(app, seats=1, starts_in=timedelta(hours=23), hold_seconds=24 * 3600)
    confirmed(app, yoga, cast.ana)
    clock.advance(timedelta(hours=1))
    assert reminded(app) == []


def test_several_daemons_remind_once(app: App, clock: FrozenClock, cast: Cast) -> None:
    yoga = a_class(app, seats=9, starts_in=3 * DAY)
    crowd = cast.crowd(5)
    for one in crowd:
        confirmed(app, yoga, one)
    clock.set(NOW + 2 * DAY)
    at_once(*[lambda: reminders.remind(app)] * 4)
    assert sorted(reminded(app)) == sorted(one.email for one in crowd)


def test_more_than_one_chunk_is_gone_over(
    app: App, clock: FrozenClock, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "CHUNK", 2)
    yoga = a_class(app, seats=9, starts_in=3 * DAY)
    for one in cast.crowd(5):
        confirmed(app, yoga, one)
    clock.set(NOW + 2 * DAY)
    assert [reminders.remind(app) for _ in range(4)] == [True, True, True, False]
    assert len(reminded(app)) == len(set(reminded(app))) == 5


@pytest.mark.parametrize("meanwhile", ["cancelled", "offering cancelled", "moved", "begun"])
def test_what_changed_after_the_reminder_was_written_is_not_reminded_of(
    app: App, clock: FrozenClock, mailer: MemoryMailer, cast: Cast, meanwhile: str
) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00", days=3))
    clock.set(NOW + 2 * DAY + timedelta(hours=2))
    assert reminded(app) == [cast.ana.email]
    if meanwhile == "cancelled":
        ask(app, Cancel(CONSOLE, ById(one.id)))
    elif meanwhile == "offering cancelled":
        catalog.cancel(app, CONSOLE, "resource", court.id)
    elif meanwhile == "moved":
        ask(app, move_of(one, cast.ana, "14:00-16:00", days=3))
    else:
        clock.set(NOW.replace(hour=10) + 3 * DAY)
    assert sent(app, mailer) == []
    assert [mail.state for mail in outbox.listing(app, CONSOLE).results if mail.subject.startswith("Rem")] == ["dead"]


def test_what_is_moved_away_is_reminded_of_again(
    app: App, clock: FrozenClock, mailer: MemoryMailer, cast: Cast
) -> None:
    one = ask(app, booking_of(a_court(app), cast.ana, "10:00-12:00", days=3))
    clock.set(NOW + 2 * DAY + timedelta(hours=2))
    assert reminded(app) == [cast.ana.email] == sent(app, mailer)
    ask(app, move_of(one, cast.ana, "10:00-12:00", days=9))
    assert len(reminded(app)) == 1
    clock.set(NOW + 8 * DAY + timedelta(hours=2))
    assert len(reminded(app)) == 2 == len(sent(app, mailer))


def test_after_a_pause_of_the_daemon_only_what_is_still_to_come_is_reminded_of(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    reminders.remind(app)
    for days in (2, 4):
        confirmed(app, a_class(app, starts_in=days * DAY), cast.ana)
    clock.set(NOW + 3 * DAY + timedelta(hours=1))
    assert len(reminded(app)) == 1


def test_how_long_before_is_a_setting_and_so_is_never(app: App, clock: FrozenClock, cast: Cast) -> None:
    confirmed(app, a_class(app, starts_in=3 * DAY), cast.ana)
    clock.set(NOW + DAY)
    with set_to(app, reminder_hours=48) as early, set_to(app, reminder_hours=0) as silent:
        assert reminded(silent) == []
        assert reminded(early) == [cast.ana.email]
        assert reminded(app) == [cast.ana.email]


def test_each_kind_may_have_a_time_of_its_own(app: App, clock: FrozenClock, cast: Cast) -> None:
    def told_of() -> list[str]:
        while reminders.remind(house):
            pass
        return [subject.removeprefix("Reminder: ") for _, subject, _ in mailed(app) if subject.startswith("Reminder:")]

    confirmed(app, a_class(app, starts_in=3 * DAY), cast.ana)
    confirmed(app, a_match(app, a_venue(app, "A:2x5"), starts_in=3 * DAY, confirm="self"), cast.ana)
    ask(app, booking_of(a_court(app), cast.ana, "09:00-10:00", days=3))
    with set_to(app, reminder_hours_of={"match": 48, "resource": 0}) as house:
        clock.set(NOW + DAY)
        assert told_of() == ["Final"]
        clock.set(NOW + 2 * DAY)
        assert told_of() == ["Final", "Yoga"]
        clock.set(NOW + 3 * DAY - MICROSECOND)
        assert told_of() == ["Final", "Yoga"]


@pytest.mark.parametrize("then", [{"reminder_hours": 0}, {"reminder_hours": 1}, {"reminder_hours": 48}])
def test_a_time_that_is_set_anew_reminds_nobody_twice(
    app: App, clock: FrozenClock, cast: Cast, then: dict[str, object]
) -> None:
    confirmed(app, a_class(app, starts_in=3 * DAY), cast.ana)
    clock.set(NOW + 2 * DAY)
    assert reminded(app) == [cast.ana.email]
    for moment in (NOW + 2 * DAY, NOW + 3 * DAY - timedelta(hours=1)):
        clock.set(moment)
        with set_to(app, **then) as other, set_to(app, reminder_hours_of={"class": 72}) as own:
            assert reminded(other) == reminded(own) == reminded(app) == [cast.ana.email]


def test_what_is_over_is_thanked_for_where_the_house_says_so(app: App, clock: FrozenClock, cast: Cast) -> None:
    from classbook.core import upkeep

    def thanked(house: App) -> list[str]:
        confirmed(house, a_class(house), cast.ana)
        clock.advance(2 * DAY)
        upkeep.settle_due(house)
        return [to for to, subject, _ in mailed(house) if subject.startswith("Thank you")]

    assert thanked(app) == []
    with set_to(app, completed=True) as polite:
        assert thanked(polite) == [cast.ana.email]
