"""Pools where every claim has its own time: what touches, what overlaps, what is packed anew, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classbook.app import App
from classbook.core import booking, catalog, reservations, schedules, upkeep
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Move, Reserve
from classbook.errors import ClassbookError
from classbook.rules.opening import Closed, OnDate, parse_hours
from classbook.rules.shelves import TimedShelf
from classbook.rules.spans import Span
from classbook.testing import FrozenClock
from classbook.values import Offering, Reservation, plain
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    NOW,
    Cast,
    a_court,
    as_person,
    ask,
    booking_of,
    clock_time,
    moves,
    opened,
    refusal,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def unit(app: App, one: Reservation) -> int:
    [place] = show(app, one).places
    return place.unit


def leave(app: App, one: Reservation) -> None:
    ask(app, Cancel(CONSOLE, ById(one.id)))


def free(app: App, offering: Offering, span: str, *, days: int = 1) -> list[str]:
    """The free times within a span, as ``10:00-11:00``."""
    start, end = (clock_time(text, days=days) for text in span.split("-"))
    zone = ZoneInfo(offering.timezone)
    found = schedules.free(app, offering.id, start=start, end=end).results
    return [f"{slot.start.astimezone(zone):%H:%M}-{slot.end.astimezone(zone):%H:%M}" for slot in found]


# --- spans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "state"),
    [
        ("10:00-11:00", "span_taken"),
        ("09:00-10:00", "confirmed"),
        ("11:00-12:00", "confirmed"),
        ("09:00-10:01", "span_taken"),
        ("10:59-12:00", "span_taken"),
        ("10:15-10:30", "span_taken"),
        ("09:00-12:00", "span_taken"),
    ],
)
def test_spans_may_touch_and_not_overlap(app: App, cast: Cast, span: str, state: str) -> None:
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    assert said(booking.book(app, [booking_of(court, cast.ben, span, queue=False)])) == [state]


def test_between_two_bookings_is_what_follows_the_one_and_comes_before_the_other(app: App, cast: Cast) -> None:
    court = a_court(app, before_seconds=600, after_seconds=1200)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    assert refusal(app, booking_of(court, cast.ben, "11:29-12:00", queue=False)) == "span_taken"
    assert refusal(app, booking_of(court, cast.ben, "09:00-09:31", queue=False)) == "span_taken"
    assert free(app, court, "08:00-12:00") == ["08:00-09:30", "11:30-12:00"]
    assert ask(app, booking_of(court, cast.ben, "11:30-12:00")).state == "confirmed"
    assert ask(app, booking_of(court, cast.ben, "09:00-09:30")).state == "confirmed"


def test_as_many_at_once_as_there_are_units(app: App, cast: Cast) -> None:
    projectors = a_court(app, units=3)
    assert ask(app, booking_of(projectors, cast.ana, "10:00-12:00", party=2)).party == 2
    assert ask(app, booking_of(projectors, cast.ben, "11:00-13:00")).state == "confirmed"
    assert refusal(app, booking_of(projectors, cast.cleo, "11:30-12:30", queue=False)) == "span_taken"
    assert ask(app, booking_of(projectors, cast.cleo, "12:00-13:00", party=2)).state == "confirmed"
    assert ask(app, booking_of(projectors, cast.cleo, "10:00-11:00")).state == "confirmed"
    assert free(app, projectors, "09:00-14:00") == ["09:00-10:00", "13:00-14:00"]


def test_a_long_old_booking_still_blocks(app: App, cast: Cast) -> None:
    """It began weeks before what is asked for, and thousands of short ones have begun since on another unit."""
    court = a_court(app, units=2)
    start = clock_time("10:00")
    long = Reserve(as_person(cast.ana), court.id, starts_at=start, ends_at=start + timedelta(days=30))
    assert ask(app, long).state == "confirmed"
    for day in range(1, 30, 7):
        assert ask(app, booking_of(court, cast.ben, "10:00-11:00", days=day)).state == "confirmed"
        assert refusal(app, booking_of(court, cast.cleo, "10:30-10:45", days=day, queue=False)) == "span_taken"
    assert free(app, court, "09:00-12:00", days=22) == ["09:00-10:00", "11:00-12:00"]


def test_two_resources_do_not_know_each_other(app: App, cast: Cast) -> None:
    for court in (a_court(app), a_court(app, title="Another court")):
        assert ask(app, booking_of(court, cast.ana, "10:00-11:00")).state == "confirmed"


def test_a_resource_shows_what_is_taken_at_this_moment(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, units=2, confirm="self")
    now = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, Confirm(as_person(cast.ana), ById(now.id)))
    ask(app, booking_of(court, cast.ben, "12:00-13:00"))

    def shown() -> tuple[int, int]:
        seen = catalog.show(app, "resource", court.id)
        assert seen.status == "open"
        return seen.reserved, seen.available

    assert shown() == (0, 2)
    for time, expected in (("10:00", (1, 1)), ("10:59", (1, 1)), ("11:00", (0, 2)), ("12:30", (0, 2))):
        clock.set(clock_time(time))
        assert shown() == expected, time


# --- packing anew --------------------------------------------------------------------------------------------------


def scattered(app: App, cast: Cast) -> tuple[Offering, dict[str, Reservation]]:
    """Two units with claims that leave room for one more from 10:30 to 12:30, but on neither unit the whole time."""
    court = a_court(app, units=2)
    crowd = cast.crowd(3)
    spans = ("10:00-11:00", "12:15-14:00", "12:00-13:00")
    made = {span: ask(app, booking_of(court, who, span)) for who, span in zip(crowd, spans, strict=True)}
    leave(app, made["12:15-14:00"])
    return court, made


def test_claims_are_packed_anew_where_the_count_says_that_one_more_fits(app: App, cast: Cast) -> None:
    court, made = scattered(app, cast)
    assert (unit(app, made["10:00-11:00"]), unit(app, made["12:00-13:00"])) == (1, 2)
    one = ask(app, booking_of(court, cast.ana, "10:30-12:30"))
    assert one.state == "confirmed"
    assert unit(app, made["10:00-11:00"]) == unit(app, made["12:00-13:00"]) != unit(app, one)
    assert moves(app, made["12:00-13:00"]) == [(None, "reserve", "held"), ("held", "confirm", "confirmed")]


def test_nothing_is_packed_where_the_count_says_no(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    court, _ = scattered(app, cast)
    packed: list[Span] = []
    pack = TimedShelf._pack

    def counting(shelf: TimedShelf, span: Span, party: int) -> bool:
        packed.append(span)
        return pack(shelf, span, party)

    monkeypatch.setattr(TimedShelf, "_pack", counting)
    assert refusal(app, booking_of(court, cast.ana, "10:30-12:30", party=2, queue=False)) == "span_taken"
    ask(app, booking_of(court, cast.ben, "11:00-12:00"))
    assert packed == []
    ask(app, booking_of(court, cast.ana, "10:30-12:30"))
    assert packed


def test_what_has_begun_keeps_its_unit_when_claims_are_packed_anew(app: App, clock: FrozenClock, cast: Cast) -> None:
    court, made = scattered(app, cast)
    clock.set(clock_time("10:15"))
    one = ask(app, booking_of(court, cast.ana, "10:30-12:30"))
    assert unit(app, made["10:00-11:00"]) == 1
    assert (unit(app, made["12:00-13:00"]), unit(app, one)) == (1, 2)


def test_who_waits_is_served_by_packing_anew(app: App, cast: Cast) -> None:
    court, made = scattered(app, cast)
    block = ask(app, booking_of(court, cast.ben, "11:30-11:45", party=2))
    one = ask(app, booking_of(court, cast.ana, "10:30-12:30"))
    assert one.state == "queued"
    leave(app, block)
    assert show(app, one).state == "confirmed"
    assert unit(app, made["10:00-11:00"]) == unit(app, made["12:00-13:00"])


def test_a_batch_packs_as_its_asks_would_one_by_one(app: App, cast: Cast) -> None:
    together, apart = a_court(app, units=2), a_court(app, units=2)
    crowd = cast.crowd(4)
    spans = ("10:00-11:00", "12:15-14:00", "12:00-13:00", "10:30-12:10")

    def asks(court: Offering) -> list[Ask]:
        return [booking_of(court, who, span) for who, span in zip(crowd, spans, strict=True)]

    singly = [outcome for one in asks(apart) for outcome in booking.book(app, [one])]
    assert said(singly) == ["confirmed"] * 4
    assert said(booking.book(app, asks(together))) == said(singly)


def test_who_was_packed_anew_can_go_within_the_same_batch(app: App, cast: Cast) -> None:
    court, made = scattered(app, cast)
    shifted = made["12:00-13:00"]
    asks: list[Ask] = [
        booking_of(court, cast.ana, "10:30-12:30"),
        Move(CONSOLE, ById(shifted.id), party=2),
        Cancel(CONSOLE, ById(shifted.id)),
        booking_of(court, cast.ben, "12:00-13:00"),
        booking_of(court, cast.cleo, "12:00-13:00", queue=False),
    ]
    assert said(booking.book(app, asks)) == ["confirmed", "span_taken", "cancelled", "confirmed", "span_taken"]
    assert show(app, shifted).state == "cancelled"


def test_what_a_batch_has_just_made_moves_only_where_it_is_free(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-10:30"))
    ask(app, booking_of(court, cast.ben, "13:00-14:00"))
    asks: list[Ask] = [
        booking_of(court, cast.ana, "15:00-17:00"),
        Move(as_person(cast.ana), ByPerson(court.id), starts_at=clock_time("12:00")),  # the one just made: two hours
        Move(as_person(cast.ana), ByPerson(court.id), starts_at=clock_time("11:00")),
    ]
    assert said(booking.book(app, asks)) == ["confirmed", "span_taken", "confirmed"]
    assert not sqlstates  # known before the database had to say so


def test_past_claims_hinder_no_packing(app: App, clock: FrozenClock, cast: Cast) -> None:
    """On a unit that is gone since, and out of the way."""
    court = a_court(app, units=3)
    ask(app, booking_of(court, cast.emma, "08:00-09:00", party=3))
    clock.set(clock_time("09:30"))
    catalog.update(app, CONSOLE, "resource", court.id, {"seats": 2})
    crowd = cast.crowd(3)
    made = [
        ask(app, booking_of(court, who, span))
        for who, span in zip(crowd, ("10:00-11:00", "12:15-14:00", "12:00-13:00"), strict=True)
    ]
    leave(app, made[1])
    assert ask(app, booking_of(court, cast.ana, "10:30-12:30")).state == "confirmed"


# --- capacity ------------------------------------------------------------------------------------------------------


def test_fewer_units_pack_anew_what_still_fits(app: App, cast: Cast) -> None:
    court = a_court(app, units=3)
    crowd = cast.crowd(3)
    made = [ask(app, booking_of(court, who, "10:00-11:00")) for who in crowd]
    assert [unit(app, one) for one in made] == [1, 2, 3]
    with pytest.raises(ClassbookError) as refused:
        catalog.update(app, CONSOLE, "resource", court.id, {"seats": 2})
    assert refused.value.code == "not_allowed_now"
    leave(app, made[0])
    catalog.update(app, CONSOLE, "resource", court.id, {"seats": 2})
    assert sorted(unit(app, one) for one in made[1:]) == [1, 2]
    assert refusal(app, booking_of(court, cast.ana, "10:30-11:30", queue=False)) == "span_taken"


def test_fewer_units_are_refused_while_the_last_one_is_in_use(app: App, clock: FrozenClock, cast: Cast) -> None:
    """What has begun keeps its unit, though another one is free by now."""
    court = a_court(app, units=2)
    first = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ben, "10:00-11:00"))
    leave(app, first)
    clock.set(clock_time("10:30"))
    with pytest.raises(ClassbookError) as refused:
        catalog.update(app, CONSOLE, "resource", court.id, {"seats": 1})
    assert refused.value.code == "not_allowed_now"
    clock.set(clock_time("11:00"))
    assert plain(catalog.update(app, CONSOLE, "resource", court.id, {"seats": 1}))["max_slots"] == 1


# --- when a booking may be -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "state"),
    [
        ("08:00-08:30", "confirmed"),
        ("08:00-10:00", "confirmed"),
        ("08:00-08:29", "bad_span"),
        ("08:00-10:30", "bad_span"),
        ("08:10-09:10", "bad_span"),
        ("08:00-08:45", "bad_span"),
        ("07:30-08:30", "outside_schedule"),
        ("11:30-12:30", "outside_schedule"),
        ("12:00-13:00", "outside_schedule"),
        ("13:00-14:00", "confirmed"),
        ("17:30-18:00", "confirmed"),
        ("17:30-18:30", "outside_schedule"),
        ("10:00-09:00", "bad_span"),
        ("10:00-10:00", "bad_span"),
    ],
)
def test_a_span_keeps_to_length_grid_and_hours(app: App, cast: Cast, span: str, state: str) -> None:
    court = a_court(app, min_seconds=1800, max_seconds=7200, grid_seconds=1800)
    opened(app, court, "daily 08:00-12:00,13:00-18:00")
    assert said(booking.book(app, [booking_of(court, cast.ana, span)])) == [state]


def test_single_dates_and_closed_dates_come_before_the_week(app: App, cast: Cast) -> None:
    court = opened(app, a_court(app), "daily 08:00-12:00")
    opened(app, court, OnDate(date(2026, 12, 3), parse_hours("14:00-16:00")))
    opened(app, court, Closed(date(2026, 12, 4), date(2026, 12, 5)))
    asks: list[Ask] = [booking_of(court, cast.ana, "08:00-09:00", days=days) for days in (1, 2, 3, 4, 5)]
    said_so = said(booking.book(app, asks))
    assert said_so == ["confirmed", "outside_schedule", "outside_schedule", "outside_schedule", "confirmed"]
    assert free(app, court, "00:00-24:00", days=2) == ["14:00-16:00"]
    assert free(app, court, "00:00-24:00", days=3) == []


def test_a_time_is_named_and_an_offering_with_its_own_takes_none(app: App, cast: Cast, yoga: Offering) -> None:
    court = a_court(app)
    ana = as_person(cast.ana)
    assert refusal(app, Reserve(ana, court.id)) == "invalid"
    assert refusal(app, Reserve(ana, court.id, starts_at=clock_time("10:00"))) == "invalid"
    assert refusal(app, booking_of(yoga, cast.ana, "10:00-11:00")) == "invalid"


def test_notice_and_horizon_are_to_the_microsecond(app: App, clock: FrozenClock, cast: Cast) -> None:
    day = timedelta(days=1)
    court = a_court(app, notice_seconds=3600, horizon_seconds=7 * 24 * 3600)

    def at(start: datetime) -> str:
        asked = Reserve(as_person(cast.ana), court.id, starts_at=start, ends_at=start + timedelta(minutes=1))
        return said(booking.book(app, [asked], dry_run=True))[0]

    assert at(NOW + timedelta(hours=1)) == "confirmed"
    assert at(NOW + timedelta(hours=1) - MICROSECOND) == "below_notice"
    assert at(NOW - MICROSECOND) == "too_late"
    assert at(NOW + 7 * day) == "confirmed"
    assert at(NOW + 7 * day + MICROSECOND) == "too_early"
    [slot] = schedules.free(app, court.id, start=NOW, end=NOW + 30 * day).results
    assert slot.start == NOW + timedelta(hours=1)
    assert slot.end == NOW + 7 * day


def test_what_is_free_from_now_on_begins_with_a_whole_minute(app: App, clock: FrozenClock, cast: Cast) -> None:
    """What is shown can still be booked when somebody has read it."""
    court = a_court(app)
    clock.advance(seconds=0.25)
    [slot] = schedules.free(app, court.id, start=clock.now(), end=NOW + timedelta(hours=2)).results
    assert (slot.start, slot.end) == (NOW + timedelta(minutes=1), NOW + timedelta(hours=2))
    clock.advance(seconds=30)
    ask(app, Reserve(as_person(cast.ana), court.id, starts_at=slot.start, ends_at=slot.end))


@pytest.mark.parametrize(("confirm", "state"), [("none", "confirmed"), ("self", "too_late")])
def test_a_time_that_begins_now_is_had_at_once_or_not_at_all(
    app: App, clock: FrozenClock, cast: Cast, confirm: str, state: str
) -> None:
    court = a_court(app, confirm=confirm)
    clock.set(clock_time("10:00"))
    assert said(booking.book(app, [booking_of(court, cast.ana, "10:00-11:00")])) == [state]


def test_no_date_is_too_far_for_an_answer(app: App, cast: Cast) -> None:
    court = a_court(app, before_seconds=3600, after_seconds=3600)
    ana, first, last = as_person(cast.ana), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    outcomes = booking.book(
        app,
        [
            Reserve(ana, court.id, starts_at=last - timedelta(minutes=1), ends_at=last),
            Reserve(ana, court.id, starts_at=first, ends_at=last),
            booking_of(court, cast.ana, "10:00-11:00"),
        ],
    )
    assert said(outcomes) == ["bad_span", "bad_span", "confirmed"]


def test_a_limit_counts_what_is_still_to_come(app: App, clock: FrozenClock, cast: Cast) -> None:
    """With no daemon: nobody has written down that the first one is over."""
    court = a_court(app, max_per_person=2)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ana, "12:00-13:00"))
    assert refusal(app, booking_of(court, cast.ana, "14:00-15:00")) == "limit_reached"
    clock.set(clock_time("11:00"))
    assert ask(app, booking_of(court, cast.ana, "14:00-15:00")).state == "confirmed"


# --- the clocks change ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2027, 3, 28), ["00:00", "01:00", "03:00", "04:00"]),
        (date(2027, 10, 31), ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]),
    ],
    ids=["spring", "autumn"],
)
def test_a_day_has_as_many_hours_as_the_clocks_give_it(app: App, cast: Cast, day: date, hours: list[str]) -> None:
    """Everything that search shows can be booked, once."""
    zone = ZoneInfo("Europe/Berlin")
    court = a_court(app, timezone=zone.key, grid_seconds=3600)
    opened(app, court, "daily 00:00-05:00")
    midnight = datetime.combine(day, datetime.min.time(), zone)
    [span] = schedules.free(app, court.id, start=midnight, end=midnight + timedelta(hours=5)).results
    length = span.end - span.start
    assert length == timedelta(hours=len(hours))
    starts = [span.start + timedelta(hours=n) for n in range(len(hours))]
    assert [f"{start.astimezone(zone):%H:%M}" for start in starts] == hours
    asks: list[Ask] = [
        Reserve(as_person(cast.ana), court.id, starts_at=start, ends_at=start + timedelta(hours=1), queue=False)
        for start in starts
    ]
    assert said(booking.book(app, asks)) == ["confirmed"] * len(hours)
    assert said(booking.book(app, asks)) == ["span_taken"] * len(hours)
    assert schedules.free(app, court.id, start=midnight, end=midnight + timedelta(hours=5)).results == ()


# --- with and without the daemon -----------------------------------------------------------------------------------


def test_time_does_the_same_with_the_daemon_and_without(app: App, clock: FrozenClock, cast: Cast) -> None:
    """Two courts live through the same day: one is settled, at the other somebody asks for what there is not."""
    watched, alone = (
        a_court(app, units=2, confirm="self", check_in=True, grace_seconds=900, offer_seconds=1200) for _ in range(2)
    )
    crowd = cast.crowd(6)

    def told(asks: list[Ask]) -> list[str]:
        return said(booking.book(app, asks))

    def day(court: Offering) -> list[list[str]]:
        one, two, *others = crowd
        return [
            told([booking_of(court, who, "10:00-12:00") for who in crowd]),
            told([Confirm(CONSOLE, ByPerson(court.id, who.id)) for who in (one, two)]),
            told([booking_of(court, one, "11:00-13:00", party=2)]),
        ] + [told([booking_of(court, others[0], "13:00-14:00")])]

    assert day(watched) == day(alone)
    for time in ("09:10", "10:14", "10:15", "11:30", "12:00", "13:00", "15:00"):
        clock.set(clock_time(time))
        while upkeep.settle_offering(app, watched.id):
            pass
        assert told([Cancel(CONSOLE, ByPerson(alone.id, cast.ana.id))]) == ["not_found"]
        shown = [[one.state for one in listed(app, court)] for court in (watched, alone)]
        assert shown[0] == shown[1], time


def listed(app: App, court: Offering) -> list[Reservation]:
    return list(reservations.listing(app, CONSOLE, offering_id=court.id, limit=200).results)


@pytest.mark.parametrize("how", ["queue", "packing"])
def test_what_is_over_is_not_looked_at_again_however_much_of_it_there_is(
    app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    court = a_court(app, units=2, before_seconds=600)
    for day in range(1, 6):
        ask(app, booking_of(court, cast.ben, "10:00-11:00", days=day, party=2))
    clock.set(clock_time("10:30", days=5))
    upkeep.settle_due(app)
    kept = ask(app, booking_of(court, cast.ana, "12:00-16:00", days=5))
    ask(app, booking_of(court, cast.ana, "15:00-16:00", days=5))
    if how == "packing":
        leave(app, kept)
    ask(app, booking_of(court, cast.ana, "12:00-13:00", days=5))
    looked_at: list[int] = []
    making = TimedShelf.__init__

    def counting(shelf: TimedShelf, *words: Any, taken: Iterable[Any], **named: Any) -> None:
        looked_at.append(len(found := list(taken)))
        making(shelf, *words, taken=found, **named)

    monkeypatch.setattr(TimedShelf, "__init__", counting)
    line = ask(app, booking_of(court, cast.ben, "12:00-16:00", days=5))
    assert line.state == ("queued" if how == "queue" else "confirmed")
    upkeep.settle_offering(app, court.id)
    assert max(looked_at) <= 5
