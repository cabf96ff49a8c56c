"""Opening hours across every change of the clocks, free slots, and refusals that say when to come instead."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classbook.errors import BadSpan, ClassbookError, Invalid, OutsideSchedule
from classbook.rules.opening import Block, OnDate, Weekly, parse_closed, parse_hours, parse_weekly
from classbook.rules.spans import Span, most_at_once
from classbook.rules.timetable import MOST_DAYS, Timetable, against_span, free_spans, slots

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CELL = 15 * MINUTE
"""Every transition of every zone from 2024 on, and every offset since, is a multiple of it."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str) -> Span:
    return Span(utc(start), utc(end))


def timetable(
    *weekly: str, dates: dict[str, str] | None = None, closed: str = "", zone: ZoneInfo = BERLIN
) -> Timetable:
    return Timetable(
        zone=zone,
        weekly=tuple(map(parse_weekly, weekly)),
        dates=tuple(OnDate(date.fromisoformat(day), parse_hours(hours)) for day, hours in (dates or {}).items()),
        closed=tuple(map(parse_closed, closed.split())),
    )


def open_spans(table: Timetable, start: datetime, end: datetime) -> list[Span]:
    """Where a booking may lie while nothing is taken."""
    return free_spans(table, start=start, end=end, busy=[], before_seconds=0, after_seconds=0)


def why_not_in(table: Timetable, span: Span, **terms: int | None) -> ClassbookError | None:
    return next(against_span(table, span, **terms), None)


def hours_of(table: Timetable, day: str) -> list[str]:
    """What is open on that day, as its own clocks show it."""
    start = datetime.combine(date.fromisoformat(day), time(), table.zone)
    spans = open_spans(table, start.astimezone(UTC), (start + DAY).astimezone(UTC))
    return [" ".join(f"{moment.astimezone(table.zone):%H:%M%z}" for moment in span) for span in spans]


def free(table: Timetable, window: Span, *, minutes: int, busy: list[Span] | None = None) -> list[str]:
    found = slots(
        table,
        length_seconds=minutes * 60,
        start=window.start,
        end=window.end,
        busy=busy or [],
        before_seconds=0,
        after_seconds=0,
    )
    return [f"{slot.start.astimezone(table.zone):%H:%M}" for slot in found]


# --- rules ---------------------------------------------------------------------------------------------------------


def test_without_rules_it_is_always_open() -> None:
    window = between("2026-10-20", "2026-11-20")
    assert open_spans(Timetable(BERLIN), *window) == [window]


def test_closed_dates_win_over_everything() -> None:
    table = timetable("daily 08:00-11:00", dates={"2026-12-24": "09:00-10:00"}, closed="2026-12-24..2026-12-26")
    assert [hours_of(table, f"2026-12-{day}") for day in (23, 24, 25, 26)] == [["08:00+0100 11:00+0100"], [], [], []]
    assert hours_of(table, "2026-12-27") == ["08:00+0100 11:00+0100"]


def test_always_open_but_for_closed_dates() -> None:
    table = timetable(closed="2026-12-24..2026-12-26")
    assert open_spans(table, *between("2026-12-20", "2027-01-01")) == [
        between("2026-12-20", "2026-12-23T23:00"),
        between("2026-12-26T23:00", "2027-01-01"),
    ]


def test_the_hours_of_a_date_replace_the_weekly_ones() -> None:
    table = timetable("fri 08:00-11:00,12:00-15:00", dates={"2026-12-04": "10:00-10:30", "2026-12-06": "09:00-10:00"})
    assert hours_of(table, "2026-12-04") == ["10:00+0100 10:30+0100"]
    assert hours_of(table, "2026-12-06") == ["09:00+0100 10:00+0100"]
    assert hours_of(table, "2026-12-11") == ["08:00+0100 11:00+0100", "12:00+0100 15:00+0100"]


def test_with_dates_only_it_is_open_on_these_dates_only() -> None:
    table = timetable(dates={"2026-12-04": "08:00-11:00"})
    assert open_spans(table, *between("2026-11-01", "2027-01-01")) == [between("2026-12-04T07:00", "2026-12-04T10:00")]


def test_rules_of_one_day_add_up() -> None:
    assert hours_of(timetable("mon 12:00-15:00", "mon-fri 08:00-11:00"), "2026-12-07") == [
        "08:00+0100 11:00+0100",
        "12:00+0100 15:00+0100",
    ]


def test_rules_of_one_day_may_not_overlap() -> None:
    with pytest.raises(Invalid, match="The hours 08:00-11:00 and 10:00-12:00 overlap on wed"):
        timetable("mon-wed 08:00-11:00", "wed 10:00-12:00")
    morning = OnDate(date(2026, 12, 4), (Block(480, 660),))
    with pytest.raises(Invalid, match="overlap on Fri 2026-12-04"):
        Timetable(BERLIN, dates=(morning, morning))


def test_hours_go_on_over_midnight() -> None:
    table = timetable("fri 22:00-24:00", "sat 00:00-02:00")
    assert open_spans(table, *between("2026-12-01", "2026-12-08")) == [between("2026-12-04T21:00", "2026-12-05T01:00")]


def test_what_is_open_is_clipped_to_the_window() -> None:
    table = timetable("daily 08:00-11:00")
    window = between("2026-12-01T08:00", "2026-12-01T09:00")
    assert open_spans(table, *window) == [window]


# --- changes of the clocks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "day", "zone", "local"),
    [
        ("02:00-03:00", "2026-03-29", "Europe/Berlin", []),
        ("02:15-02:45", "2026-03-29", "Europe/Berlin", []),
        ("01:00-02:30", "2026-03-29", "Europe/Berlin", ["01:00+0100 03:00+0200"]),
        ("02:30-05:00", "2026-03-29", "Europe/Berlin", ["03:00+0200 05:00+0200"]),
        ("01:00-02:30,02:45-04:00", "2026-03-29", "Europe/Berlin", ["01:00+0100 04:00+0200"]),
        ("02:00-03:00", "2026-10-25", "Europe/Berlin", ["02:00+0200 03:00+0100"]),
        ("02:15-02:45", "2026-10-25", "Europe/Berlin", ["02:15+0200 02:45+0200"]),
        ("01:00-02:30", "2026-10-25", "Europe/Berlin", ["01:00+0200 02:30+0200"]),
        ("02:30-05:00", "2026-10-25", "Europe/Berlin", ["02:30+0200 05:00+0100"]),
        ("00:00-24:00", "2026-10-25", "Europe/Berlin", ["00:00+0200 00:00+0100"]),
        ("02:00-02:30", "2026-10-04", "Australia/Lord_Howe", []),
        ("01:45-02:15", "2026-10-04", "Australia/Lord_Howe", ["01:45+1030 02:30+1100"]),
        ("01:30-02:00", "2026-04-05", "Australia/Lord_Howe", ["01:30+1100 02:00+1030"]),
        ("01:00-03:00", "2026-03-29", "Antarctica/Troll", []),
        ("00:00-01:00", "2018-11-04", "America/Sao_Paulo", []),
        ("00:00-12:00", "2018-11-04", "America/Sao_Paulo", ["01:00-0200 12:00-0200"]),
        ("22:00-24:00", "2018-02-17", "America/Sao_Paulo", ["22:00-0200 00:00-0300"]),
    ],
)
def test_hours_at_a_change_of_the_clocks(hours: str, day: str, zone: str, local: list[str]) -> None:
    """What the clocks skip is no time; of what they show twice a block has the first."""
    assert hours_of(timetable(f"daily {hours}", zone=ZoneInfo(zone)), day) == local


def test_a_date_that_the_clocks_skip_has_no_hours() -> None:
    table = timetable("daily 08:00-12:00", zone=ZoneInfo("Pacific/Apia"))
    assert [
        f"{span.start.astimezone(table.zone):%d}"
        for span in open_spans(table, *between("2011-12-29", "2011-12-31T12:00"))
    ] == ["29", "31"]


@cache
def zones() -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in sorted(zoneinfo.available_timezones())]


@cache
def changes() -> list[tuple[ZoneInfo, datetime]]:
    """Every zone with every moment of 2024 to 2035 at which its offset changes."""
    return [(zone, moment) for zone in zones() for moment in _changes_of(zone)]


@pytest.fixture(scope="module", autouse=True)
def _all_changes_are_known() -> None:
    """Found once, before an example is drawn that would wait for them."""
    changes()


def _changes_of(zone: ZoneInfo) -> Iterator[datetime]:
    week = timedelta(days=7)
    moment = utc("2024-01-01")
    while moment < utc("2036-01-01"):
        if moment.astimezone(zone).utcoffset() != (moment + week).astimezone(zone).utcoffset():
            low, high = moment, moment + week
            while high - low > CELL:
                middle = low + (high - low) // CELL // 2 * CELL
                same = middle.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        moment += week


def test_whatever_the_clocks_do_a_day_follows_a_day() -> None:
    """In every zone and at every change to 2035, what is open all day is open without a break."""
    hourly = timetable("daily 00:00-24:00")
    for zone, change in changes():
        window = Span(change - DAY, change + DAY)
        table = Timetable(zone, weekly=hourly.weekly)
        assert open_spans(table, *window) == [window], zone


def test_whatever_the_clocks_do_hours_far_from_it_are_as_long_as_they_say() -> None:
    for zone, change in changes():
        day = change.astimezone(zone).date()
        table = Timetable(zone, dates=(OnDate(day, (Block(600, 720), Block(840, 1080))),))
        found = open_spans(table, change - DAY, change + 2 * DAY)
        assert [span.length for span in found] == [2 * HOUR, 4 * HOUR], zone
        assert [span.start.astimezone(zone).hour for span in found] == [10, 14], zone


@st.composite
def moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a moment on the cell: mostly close to a change of its clocks."""
    if draw(st.booleans()):
        zone, change = draw(st.sampled_from(changes()))
        return zone, change + draw(st.integers(-100, 100)) * CELL
    zone = draw(st.sampled_from(zones()))
    return zone, utc("2024-01-01") + draw(st.integers(0, 12 * 365 * 96)) * CELL


@st.composite
def some_blocks(draw: st.DrawFn) -> tuple[Block, ...]:
    marks = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    starts = [one for n, one in enumerate(marks[:-1]) if n == 0 or draw(st.booleans())]
    return tuple(Block(15 * one, 15 * marks[marks.index(one) + 1]) for one in starts)


@st.composite
def timetables(draw: st.DrawFn, zone: ZoneInfo, near: datetime) -> Timetable:
    days = [near.astimezone(zone).date() + n * DAY for n in range(-1, 3)]
    weekly = draw(st.lists(st.tuples(st.sets(st.integers(0, 6), min_size=1), some_blocks()), max_size=1))
    dates = draw(st.dictionaries(st.sampled_from(days), some_blocks(), max_size=2))
    closed = draw(st.lists(st.sampled_from(days), max_size=1))
    return Timetable(
        zone,
        weekly=tuple(Weekly(tuple(sorted(on)), blocks) for on, blocks in weekly),
        dates=tuple(OnDate(day, blocks) for day, blocks in dates.items()),
        closed=tuple(parse_closed(str(day)) for day in closed),
    )


@st.composite
def openings(draw: st.DrawFn) -> tuple[Timetable, Span]:
    """A timetable and a window of up to a day and a half, mostly about a change of the clocks."""
    zone, start = draw(moments())
    return draw(timetables(zone, start)), Span(start, start + draw(st.integers(1, 6 * 24)) * CELL)


def cells(window: Span) -> list[datetime]:
    return [window.start + n * CELL for n in range(-(-window.length // CELL))]


def model(table: Timetable, window: Span) -> dict[datetime, bool]:
    """Whether each cell is open: a block begins and ends with the first cell whose clock shows that time or a later."""
    clocks = [
        (moment, moment.astimezone(table.zone).replace(tzinfo=None))
        for moment in cells(Span(window.start - 3 * DAY, window.end + 3 * DAY))
    ]
    blocks = [
        [next(moment for moment, clock in clocks if clock >= datetime.combine(day, time()) + m * MINUTE) for m in block]
        for day in sorted({clock.date() for _, clock in clocks})[1:-2]
        for block in table.blocks_on(day)
    ]
    return {moment: any(opens <= moment < closes for opens, closes in blocks) for moment in cells(window)}


@settings(max_examples=80, deadline=None)
@given(opening=openings())
def test_open_spans_are_what_the_clocks_say_cell_by_cell(opening: tuple[Timetable, Span]) -> None:
    table, window = opening
    spans = open_spans(table, *window)
    assert {moment: any(span.start <= moment < span.end for span in spans) for moment in cells(window)} == model(
        *opening
    )
    assert all(window.start <= span.start < span.end <= window.end for span in spans)


@settings(max_examples=80, deadline=None)
@given(opening=openings())
def test_a_clock_time_that_comes_once_is_open_exactly_if_it_lies_in_the_hours(opening: tuple[Timetable, Span]) -> None:
    table, window = opening
    spans = open_spans(table, *window)
    around = cells(Span(window.start - DAY, window.end + DAY))
    clocks = [moment.astimezone(table.zone).replace(tzinfo=None) for moment in around]
    for moment, clock in zip(around, clocks, strict=True):
        if window.start <= moment < window.end and clocks.count(clock) == 1:
            minute = clock.hour * 60 + clock.minute
            expected = any(
                block.opens_minute <= minute < block.closes_minute for block in table.blocks_on(clock.date())
            )
            assert any(span.start <= moment < span.end for span in spans) == expected


# --- slots ---------------------------------------------------------------------------------------------------------


def test_the_grid_begins_with_each_block() -> None:
    table = timetable("mon 08:10-09:00,12:00-13:00")
    window = between("2026-12-07", "2026-12-08")
    assert free(table, window, minutes=20) == ["08:10", "08:30", "12:00", "12:20", "12:40"]
    assert free(table, window, minutes=60) == ["12:00"]


def test_blocks_that_touch_keep_their_own_grids() -> None:
    table = timetable("mon 08:00-09:30,09:30-10:30")
    assert free(table, between("2026-12-07", "2026-12-08"), minutes=60) == ["08:00", "09:30"]


def test_a_slot_lies_in_the_window() -> None:
    table = timetable("mon 08:00-10:00")
    assert free(table, between("2026-12-07T07:10", "2026-12-07T08:29"), minutes=15) == [
        "08:15",
        "08:30",
        "08:45",
        "09:00",
    ]


def test_a_busy_span_takes_the_slots_it_meets_and_their_buffers() -> None:
    table, day = timetable("mon 08:00-10:00"), between("2026-12-07", "2026-12-08")
    busy = [between("2026-12-07T08:00", "2026-12-07T08:15")]
    assert free(table, day, minutes=15, busy=busy) == ["08:00", "08:15", "08:30", "08:45", "09:15", "09:30", "09:45"]
    buffered = slots(
        table, length_seconds=900, start=day.start, end=day.end, busy=busy, before_seconds=60, after_seconds=600
    )
    assert [f"{slot.start.astimezone(BERLIN):%H:%M}" for slot in buffered] == [
        "08:00",
        "08:15",
        "08:30",
        "09:30",
        "09:45",
    ]


def test_the_day_that_the_clocks_make_longer_has_more_slots() -> None:
    table = timetable("daily 00:00-04:00")
    window = Span(utc("2026-10-24T22:00"), utc("2026-10-25T23:00"))
    assert free(table, window, minutes=60) == ["00:00", "01:00", "02:00", "02:00", "03:00"]
    assert free(table, between("2026-03-28T23:00", "2026-03-29T22:00"), minutes=60) == ["00:00", "01:00", "03:00"]


def test_no_units_are_no_slots() -> None:
    window = between("2026-12-07", "2026-12-08")
    none = {"start": window.start, "end": window.end, "busy": [], "before_seconds": 0, "after_seconds": 0, "units": 0}
    assert slots(Timetable(BERLIN), length_seconds=900, **none) == []  # type: ignore[arg-type]
    assert free_spans(Timetable(BERLIN), **none) == []  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(opening=openings(), length=st.sampled_from([15, 30, 45, 60, 105, 420]))
def test_slots_are_what_nothing_refuses(opening: tuple[Timetable, Span], length: int) -> None:
    """Search and commit agree: every start of every minute that counts is tried against both."""
    table, window = opening
    listed = slots(
        table,
        length_seconds=length * 60,
        start=window.start,
        end=window.end,
        busy=[],
        before_seconds=0,
        after_seconds=0,
    )
    tried = [Span(moment, moment + length * MINUTE) for moment in cells(window)]
    exact = {"grid_seconds": length * 60, "min_seconds": length * 60, "max_seconds": length * 60}
    accepted = [one for one in tried if one.end <= window.end and why_not_in(table, one, **exact) is None]
    assert listed == accepted


BUSY = st.lists(st.tuples(st.integers(-20, 160), st.integers(1, 30)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    opening=openings(),
    busy=BUSY,
    length=st.sampled_from([15, 45, 60]),
    buffers=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    units=st.integers(1, 3),
)
def test_a_slot_is_free_while_fewer_than_the_units_are_busy(
    opening: tuple[Timetable, Span],
    busy: list[tuple[int, int]],
    length: int,
    buffers: tuple[int, int],
    units: int,
) -> None:
    table, window = opening
    taken = [Span(window.start + start * CELL, window.start + (start + size) * CELL) for start, size in busy]
    before, after = (n * 900 for n in buffers)

    def is_free(one: Span) -> bool:
        wide = one.widened(before_seconds=before, after_seconds=after)
        return most_at_once(span.clipped(wide) for span in taken) < units

    search = partial(slots, table, length_seconds=length * 60, start=window.start, end=window.end)
    every = search(busy=[], before_seconds=0, after_seconds=0)
    found = search(busy=taken, before_seconds=before, after_seconds=after, units=units)
    assert found == [slot for slot in every if is_free(slot)]
    spans = free_spans(
        table, start=window.start, end=window.end, busy=taken, before_seconds=before, after_seconds=after, units=units
    )
    for moment, size in product(cells(window), (1, 5)):
        one = Span(moment, moment + size * CELL)
        is_open = (
            one.end <= window.end
            and why_not_in(table, one, grid_seconds=None, min_seconds=None, max_seconds=None) is None
        )
        assert any(span.start <= one.start and one.end <= span.end for span in spans) == (is_open and is_free(one))


# --- refusals ------------------------------------------------------------------------------------------------------

OFFICE = timetable("mon-fri 08:00-11:00,12:00-15:00", closed="2026-12-24..2026-12-26")


def why(
    start: str, end: str, *, table: Timetable = OFFICE, grid: int | None = 15, least: int = 15, most: int = 240
) -> ClassbookError | None:
    """Local times of the timetable; lengths in minutes."""
    span = Span(*(datetime.fromisoformat(text).replace(tzinfo=table.zone).astimezone(UTC) for text in (start, end)))
    return why_not_in(
        table, span, grid_seconds=None if grid is None else grid * 60, min_seconds=least * 60, max_seconds=most * 60
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-12-07T08:00", "2026-12-07T08:15"),
        ("2026-12-07T10:00", "2026-12-07T11:00"),
        ("2026-12-07T12:15", "2026-12-07T15:00"),
    ],
)
def test_what_is_in_the_hours_and_on_the_grid_is_not_refused(start: str, end: str) -> None:
    assert why(start, end) is None


@pytest.mark.parametrize(
    ("start", "end", "detail"),
    [
        (
            "2026-12-07T07:00",
            "2026-12-07T07:30",
            "Mon 7 Dec 2026 07:00 CET (UTC+1) to Mon 7 Dec 2026 07:30 CET (UTC+1) is outside the opening hours. "
            "On Mon 2026-12-07 it is open 08:00-11:00, 12:00-15:00. "
            "The next open time for 30m is Mon 7 Dec 2026 08:00 CET (UTC+1).",
        ),
        (
            "2026-12-07T10:30",
            "2026-12-07T11:30",
            "Mon 7 Dec 2026 10:30 CET (UTC+1) to Mon 7 Dec 2026 11:30 CET (UTC+1) is outside the opening hours. "
            "On Mon 2026-12-07 it is open 08:00-11:00, 12:00-15:00. "
            "The next open time for 1h is Mon 7 Dec 2026 12:00 CET (UTC+1).",
        ),
        (
            "2026-12-24T09:00",
            "2026-12-24T09:15",
            "Thu 24 Dec 2026 09:00 CET (UTC+1) to Thu 24 Dec 2026 09:15 CET (UTC+1) is outside the opening hours. "
            "On Thu 2026-12-24 it is closed. The next open time for 15m is Mon 28 Dec 2026 08:00 CET (UTC+1).",
        ),
        (
            "2026-12-07T08:00",
            "2026-12-07T12:00",
            "Mon 7 Dec 2026 08:00 CET (UTC+1) to Mon 7 Dec 2026 12:00 CET (UTC+1) is outside the opening hours. "
            "On Mon 2026-12-07 it is open 08:00-11:00, 12:00-15:00. "
            "There is no open time for 4h in the 60 days after.",
        ),
    ],
)
def test_outside_the_hours_the_refusal_says_when_it_is_open(start: str, end: str, detail: str) -> None:
    refusal = why(start, end)
    assert isinstance(refusal, OutsideSchedule) and refusal.detail == detail


@pytest.mark.parametrize(
    ("start", "end", "detail"),
    [
        ("2026-12-07T08:30", "2026-12-07T08:30", "That does not end after it begins."),
        ("2026-12-07T08:30", "2026-12-07T08:00", "That does not end after it begins."),
        ("2026-12-07T08:00", "2026-12-07T08:10", "A booking here lasts at least 15m, not 10m."),
        ("2026-12-07T08:00", "2026-12-07T12:15", "A booking here lasts at most 4h, not 4h15m."),
        ("2026-12-07T08:00", "2028-12-07T12:15", "That is longer than 400 days."),
        (
            "2026-12-07T08:10",
            "2026-12-07T08:30",
            "Bookings here begin every 15m from 08:00 on: the nearest times are "
            "Mon 7 Dec 2026 08:00 CET (UTC+1) and Mon 7 Dec 2026 08:15 CET (UTC+1).",
        ),
        (
            "2026-12-07T08:15",
            "2026-12-07T08:40",
            "Bookings here end every 15m from 08:00 on: the nearest times are "
            "Mon 7 Dec 2026 08:30 CET (UTC+1) and Mon 7 Dec 2026 08:45 CET (UTC+1).",
        ),
    ],
)
def test_an_impossible_span_says_why(start: str, end: str, detail: str) -> None:
    refusal = why(start, end)
    assert isinstance(refusal, BadSpan) and refusal.detail == detail


def test_a_length_that_is_the_only_one_is_said_so() -> None:
    refusal = why("2026-12-07T08:00", "2026-12-07T08:30", least=15, most=15)
    assert refusal is not None and refusal.detail == "A booking here lasts exactly 15m, not 30m."


def test_the_last_booking_may_end_with_the_hours() -> None:
    table = timetable("mon 08:00-09:10")
    assert why("2026-12-07T09:00", "2026-12-07T09:10", table=table, least=1) is None
    refusal = why("2026-12-07T09:05", "2026-12-07T09:10", table=table, grid=60, least=1)
    assert refusal is not None and refusal.detail == (
        "Bookings here begin every 1h from 08:00 on: the nearest time is Mon 7 Dec 2026 09:00 CET (UTC+1)."
    )


def test_a_booking_that_goes_on_ends_on_the_grid_of_the_next_block() -> None:
    table = timetable("mon 08:00-08:15,08:15-08:30,08:30-10:00")
    assert why("2026-12-07T08:00", "2026-12-07T09:00", table=table, grid=30) is None
    refusal = why("2026-12-07T08:00", "2026-12-07T09:10", table=table, grid=30)
    assert refusal is not None and refusal.detail == (
        "Bookings here end every 30m from 08:30 on: the nearest times are "
        "Mon 7 Dec 2026 09:00 CET (UTC+1) and Mon 7 Dec 2026 09:30 CET (UTC+1)."
    )
    assert isinstance(why("2026-12-07T08:00", "2026-12-07T08:30", table=table, grid=30), BadSpan)


def test_a_booking_may_go_on_over_midnight_where_it_stays_open() -> None:
    always = Timetable(BERLIN)
    assert why("2026-12-07T23:00", "2026-12-08T01:00", table=always) is None
    assert isinstance(
        why("2026-12-07T23:00", "2026-12-08T01:00", table=timetable("daily 00:00-23:59")), OutsideSchedule
    )
    assert why("2026-12-07T23:07", "2026-12-08T01:11", table=always, grid=None) is None


@pytest.mark.parametrize(
    "span",
    [
        Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        Span(datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)),
        Span(datetime.max.replace(tzinfo=UTC) - MINUTE, datetime.max.replace(tzinfo=UTC)),
        Span(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC) + MINUTE),
        between("1969-12-31T23:00", "1970-01-01T01:00"),
        between("9998-12-31T23:00", "9999-01-01T00:01"),
    ],
)
def test_a_span_at_the_end_of_the_world_is_refused(span: Span) -> None:
    refusal = why_not_in(OFFICE, span, grid_seconds=900, min_seconds=None, max_seconds=None)
    assert isinstance(refusal, BadSpan) and refusal.detail == "That is not in the years 1970 to 9998."


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"])
@pytest.mark.parametrize("hours", ["sun 00:00-00:01", "daily 00:00-24:00"])
def test_at_the_edges_of_the_world_nothing_overflows(zone: str, hours: str) -> None:
    table = timetable(hours, zone=ZoneInfo(zone))
    for start in (utc("1970-01-01"), utc("9998-12-31T23:00")):
        why_not_in(table, Span(start, start + HOUR), grid_seconds=900, min_seconds=None, max_seconds=None)
        open_spans(table, start, start + HOUR)


def test_a_window_is_bounded() -> None:
    start = utc("2026-01-01")
    assert open_spans(Timetable(BERLIN), start, start + MOST_DAYS * DAY) == [Span(start, start + MOST_DAYS * DAY)]
    with pytest.raises(BadSpan, match="longer than 400 days"):
        open_spans(Timetable(BERLIN), start, start + MOST_DAYS * DAY + MINUTE)
    with pytest.raises(BadSpan, match="does not end after it begins"):
        open_spans(Timetable(BERLIN), start, start - MINUTE)


def test_a_slot_is_never_so_short_that_a_window_has_no_end_of_them() -> None:
    with pytest.raises(BadSpan, match="at least 1m"):
        slots(
            Timetable(BERLIN),
            length_seconds=0,
            start=utc("2026-01-01"),
            end=utc("2026-01-02"),
            busy=[],
            before_seconds=0,
            after_seconds=0,
        )


@settings(max_examples=60, deadline=None)
@given(opening=openings(), length=st.integers(1, 12))
def test_the_next_open_time_is_one_and_the_first(opening: tuple[Timetable, Span], length: int) -> None:
    """Every rule is read in UTC here, so that the moment can be read out of the refusal."""
    table = Timetable(ZoneInfo("UTC"), opening[0].weekly, opening[0].dates, opening[0].closed)
    asked = Span(opening[1].start, opening[1].start + length * CELL)
    terms = {"grid_seconds": 900, "min_seconds": None, "max_seconds": None}
    refusal = why_not_in(table, asked, **terms)
    if refusal is None:
        return
    found = re.search(r"The next open time for \w+ is \w+ (.+) UTC\.$", refusal.detail)
    until = asked.start + 60 * DAY
    if found:
        until = datetime.strptime(found[1], "%d %b %Y %H:%M").replace(tzinfo=UTC)
        assert why_not_in(table, Span(until, until + asked.length), **terms) is None
    spans = open_spans(table, asked.start, until + asked.length - MINUTE)
    assert all(span.length < asked.length for span in spans)
