"""Dates and durations: one grammar, nothing guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import BadSpan, ClassbookError, Invalid
from classbook.rules.when import format_duration, format_local, parse_duration, parse_when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
"""A Friday, noon in Berlin."""

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Asia/Beirut", "Africa/Cairo"]
    + ["Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Europe/Dublin", "America/Havana", "Africa/Casablanca"]
).map(ZoneInfo)
WALLS = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2090, 1, 1))


def read(text: str, *, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> datetime:
    return parse_when(text, now=now, zone=zone).instant


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01T18:00", "2026-12-01T17:00"),
        ("2026-12-01t18:00:30", "2026-12-01T17:00:30"),
        ("2026-12-01T18:00:30.25", "2026-12-01T17:00:30.250000"),
        ("2026-12-01 18:00", "2026-12-01T17:00"),
        ("  2026-12-01   18:00 ", "2026-12-01T17:00"),
        ("2026-12-01T18:00Z", "2026-12-01T18:00"),
        ("2026-12-01T18:00+05:30", "2026-12-01T12:30"),
        ("2026-12-01 18:00 -0500", "2026-12-01T23:00"),
        ("2026-12-01T18:00+01", "2026-12-01T17:00"),
        ("2026-07-01 18:00", "2026-07-01T16:00"),
        ("2026-12-01", "2026-11-30T23:00"),
        ("today", "2026-11-19T23:00"),
        ("today 18:00", "2026-11-20T17:00"),
        ("Tomorrow 18:00", "2026-11-21T17:00"),
        ("tomorrow", "2026-11-20T23:00"),
        ("fri 18:00", "2026-11-20T17:00"),
        ("fri 12:00", "2026-11-27T11:00"),
        ("fri 09:30", "2026-11-27T08:30"),
        ("FRIDAY 09:30", "2026-11-27T08:30"),
        ("fri", "2026-11-26T23:00"),
        ("thu 18:00", "2026-11-26T17:00"),
        ("mon 00:00", "2026-11-22T23:00"),
        ("+2h", "2026-11-20T13:00"),
        ("+90m", "2026-11-20T12:30"),
        ("+1h30m", "2026-11-20T12:30"),
        ("+3d", "2026-11-23T11:00"),
        ("+3d 18:00", "2026-11-23T17:00"),
        ("+1d2h", "2026-11-21T13:00"),
        ("tomorrow 9:00", "2026-11-21T08:00"),
        ("2026-12-01 9:05", "2026-12-01T08:05"),
        ("2026-12-01T9:00+02:00", "2026-12-01T07:00"),
        ("+3d 9:00", "2026-11-23T08:00"),
        ("tomorrow 9am", "2026-11-21T08:00"),
        ("fri 6PM", "2026-11-20T17:00"),
        ("2026-12-01 6:30 pm", "2026-12-01T17:30"),
        ("2026-12-01 12am", "2026-11-30T23:00"),
        ("2026-12-01 12:15pm", "2026-12-01T11:15"),
    ],
)
def test_a_date_means_one_instant(text: str, utc: str) -> None:
    assert read(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", " ", "soon", "18:00", "03/04/2026", "1.12.2026", "2026-W49-2", "20261201", "2026-12-01T18", "2026-1-1"]
    + ["2026-12-01T18:00+1", "2026-12-01 6p", "tomorrow 9", "sat24 18:00", "saturn 18:00"]
    + ["-3d", "+3", "+d", "+2h 18:00", "1", "+"]
    + ["٢٠٢٦-١٢-٠١", "2026-12-01\x1b[2J", "2026-12-01T18:00" + "0" * 5000, "+" + "9" * 5000 + "d", "\udcff", "\0"],
)
def test_anything_else_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(text)
    assert refusal.value.detail.isprintable()
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-02-30", "no day 2026-02-30"),
        ("2026-13-01", "no day 2026-13-01"),
        ("2026-12-01T24:00", "no clock time 24:00"),
        ("2026-12-01 18:61", "no clock time 18:61"),
        ("2026-12-01 13pm", "no clock time 13pm"),
        ("2026-12-01 0:30am", "no clock time 0:30am"),
        ("2026-12-01T18:00+25:00", "not an offset"),
        ("1969-12-31", "1970 to 9998"),
        ("9999-01-01", "1970 to 9998"),
        ("0001-01-01", "1970 to 9998"),
        ("9998-12-31T23:30-05:00", "1970 to 9998"),
        ("1970-01-01T00:00+01:00", "1970 to 9998"),
    ],
)
def test_an_impossible_date_says_why(text: str, says: str) -> None:
    with pytest.raises((Invalid, BadSpan), match=says):
        read(text)


def test_days_ahead_keep_the_clock_time_and_hours_ahead_do_not() -> None:
    before_spring = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)
    assert read("+1d", now=before_spring) == before_spring + timedelta(hours=23)
    assert read("+24h", now=before_spring) == before_spring + timedelta(hours=24)


def test_a_skipped_time_is_refused_with_its_two_neighbours() -> None:
    with pytest.raises(BadSpan) as refusal:
        read("2026-03-29 02:30")
    assert refusal.value.detail == "2026-03-29 02:30 does not exist in Europe/Berlin: the clocks skip it."
    assert refusal.value.hint == (
        "The nearest times are 2026-03-29 01:59 CET (UTC+1) and 2026-03-29 03:00 CEST (UTC+2)."
    )


def test_a_repeated_time_is_the_first_and_says_so() -> None:
    reading = parse_when("2026-10-25 02:30", now=NOW, zone=BERLIN)
    assert reading.instant == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert reading.note == (
        "2026-10-25 02:30 happens twice in Europe/Berlin: taking the first, CEST (UTC+2); "
        "the second is 2026-10-25T02:30+01:00"
    )
    assert read("2026-10-25T02:30+01:00") == reading.instant + timedelta(hours=1)


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    reading = parse_when("2018-11-04", now=NOW, zone=ZoneInfo("America/Sao_Paulo"))
    assert reading.instant == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)
    assert reading.note == "the day 2018-11-04 begins at 01:00 in America/Sao_Paulo"


def test_a_skipped_whole_day_is_refused() -> None:
    with pytest.raises(BadSpan, match="does not exist in Pacific/Apia"):
        read("2011-12-30 12:00", zone=ZoneInfo("Pacific/Apia"))


@given(wall=WALLS, zone=ZONES)
def test_a_local_time_reads_back_or_is_refused_exactly_where_the_clocks_skip_it(wall: datetime, zone: ZoneInfo) -> None:
    exists = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
    try:
        reading = parse_when(wall.isoformat(), now=NOW, zone=zone)
    except BadSpan:
        assert not exists
        return
    assert exists
    assert reading.instant.astimezone(zone).replace(tzinfo=None) == wall
    earlier = reading.instant - timedelta(hours=3)
    twins = [earlier + timedelta(minutes=15 * n) for n in range(25)]
    assert min(t for t in twins if t.astimezone(zone).replace(tzinfo=None) == wall) == reading.instant
    assert (reading.note is not None) == (sum(t.astimezone(zone).replace(tzinfo=None) == wall for t in twins) > 1)


@given(instant=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2090, 1, 1)), zone=ZONES)
def test_an_offset_leaves_nothing_to_choose(instant: datetime, zone: ZoneInfo) -> None:
    aware = instant.replace(tzinfo=UTC)
    local = aware.astimezone(zone)
    if local.utcoffset() == timedelta(minutes=round(local.utcoffset().total_seconds() / 60)):  # type: ignore[union-attr]
        assert parse_when(local.isoformat(), now=NOW, zone=zone).instant == aware


@given(now=WALLS, zone=ZONES, day=st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_a_weekday_is_always_in_the_coming_week(now: datetime, zone: ZoneInfo, day: str) -> None:
    aware = now.replace(tzinfo=UTC)
    try:
        instant = read(f"{day} 12:00", now=aware, zone=zone)
    except BadSpan:
        return
    assert timedelta() < instant - aware <= timedelta(days=7, hours=24)
    assert instant.astimezone(zone).strftime("%a").lower() == day


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        read(text)
    except ClassbookError as refusal:
        assert refusal.detail.isprintable()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("90m", 5400), ("1h30m", 5400), ("24h", 86400), ("2d", 172800), ("0s", 0), (" 1H ", 3600)]
    + [("1d2h3m4s", 93784), ("3660d", 3660 * 86400)],
)
def test_a_duration_is_whole_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "-5m", "+5m", "1.5h", "5 m", "m", "30m1h", "1h1h", "5min", "3661d", "9" * 60 + "s", "٣m", "\0"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(Invalid):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=3660 * 86400))
def test_a_duration_reads_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "Tue 1 Dec 2026 18:00 CET (UTC+1)"),
        ("UTC", "Tue 1 Dec 2026 17:00 UTC"),
        ("Asia/Kathmandu", "Tue 1 Dec 2026 22:45 (UTC+5:45)"),
        ("America/Sao_Paulo", "Tue 1 Dec 2026 14:00 (UTC-3)"),
        ("America/St_Johns", "Tue 1 Dec 2026 13:30 NST (UTC-3:30)"),
    ],
)
def test_a_local_time_says_its_zone(zone: str, text: str) -> None:
    assert format_local(datetime(2026, 12, 1, 17, 0, tzinfo=UTC), ZoneInfo(zone)) == text


def test_seconds_are_shown_where_there_are_any() -> None:
    assert format_local(datetime(2026, 12, 1, 17, 0, 7, tzinfo=UTC), BERLIN) == "Tue 1 Dec 2026 18:00:07 CET (UTC+1)"
