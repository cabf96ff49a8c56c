"""Dates that come again: the same clock on the wall, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import Invalid
from classbook.rules.repeats import MOST_DATES, Occurrence, Repeat
from classbook.rules.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")


def span(start: str, end: str, zone: ZoneInfo = BERLIN) -> Span:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) for text in (start, end))
    return Span(first, last)


def dates(repeat: Repeat, first: Span, zone: ZoneInfo = BERLIN) -> list[Occurrence]:
    return list(repeat.occurrences(first, zone=zone))


def walls(found: list[Occurrence], zone: ZoneInfo = BERLIN) -> list[str]:
    return [
        " to ".join(f"{instant.astimezone(zone):%m-%d %H:%M}" for instant in one.span) if one.span else "-"
        for one in found
    ]


def test_a_week_later_the_clocks_show_the_same_though_they_were_changed() -> None:
    found = dates(Repeat("weekly", count=3), span("2027-03-21T18:00", "2027-03-21T19:30"))
    assert walls(found) == ["03-21 18:00 to 03-21 19:30", "03-28 18:00 to 03-28 19:30", "04-04 18:00 to 04-04 19:30"]
    assert [one.span.start.hour for one in found if one.span] == [17, 16, 16]
    assert [one.date for one in found] == [date(2027, 3, 21), date(2027, 3, 28), date(2027, 4, 4)]


def test_a_time_that_a_date_does_not_have_is_no_span_and_says_why() -> None:
    found = dates(Repeat("daily", count=3), span("2027-03-27T02:30", "2027-03-27T03:30"))
    assert walls(found) == ["03-27 02:30 to 03-27 03:30", "-", "03-29 02:30 to 03-29 03:30"]
    refusal = found[1].refusal
    assert refusal and refusal.code == "bad_span" and "2027-03-28 02:30 does not exist" in refusal.detail


def test_an_end_that_a_date_does_not_have_is_no_span_either() -> None:
    assert walls(dates(Repeat("daily", count=2), span("2027-03-27T01:30", "2027-03-27T02:30")))[1] == "-"


def test_a_time_that_comes_twice_is_the_first_and_says_so() -> None:
    [_, twice] = dates(Repeat("daily", count=2), span("2027-10-30T02:30", "2027-10-30T04:00"))
    assert twice.span == Span(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 3, tzinfo=UTC))
    assert twice.note and "2027-10-31 02:30 happens twice" in twice.note


def test_the_first_date_is_as_it_was_given() -> None:
    second = Span(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), datetime(2027, 10, 31, 3, tzinfo=UTC))
    assert dates(Repeat("daily", count=1), second) == [Occurrence(date(2027, 10, 31), second, None, None)]
    first = Span(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 3, tzinfo=UTC))
    assert "happens twice" in str(dates(Repeat("daily", count=1), first)[0].note)


def test_what_reaches_over_midnight_stays_so() -> None:
    found = dates(Repeat("weekly", count=2), span("2026-12-31T22:00", "2027-01-01T02:00"))
    assert walls(found) == ["12-31 22:00 to 01-01 02:00", "01-07 22:00 to 01-08 02:00"]


def test_a_span_whose_clocks_run_backwards_comes_again_nowhere() -> None:
    """From 02:50 in summer to 02:10 in winter: forty minutes once, and never again."""
    first = Span(datetime(2027, 10, 31, 0, 50, tzinfo=UTC), datetime(2027, 10, 31, 1, 10, tzinfo=UTC))
    assert walls(dates(Repeat("daily", count=2), first)) == ["10-31 02:50 to 10-31 02:10", "-"]


@pytest.mark.parametrize(
    ("until", "count"), [("2026-12-01", 1), ("2026-12-07", 1), ("2026-12-08", 2), ("2027-11-30", 53)]
)
def test_the_last_date_is_included(until: str, count: int) -> None:
    repeat = Repeat("weekly", until=date.fromisoformat(until))
    assert len(dates(repeat, span("2026-12-01T18:00", "2026-12-01T19:00"))) == count


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"every": "monthly", "count": 2}, "Nothing repeats 'monthly'."),
        ({"every": "daily"}, "A repetition has a count or a last date."),
        ({"every": "daily", "count": 2, "until": date(2027, 1, 1)}, "A repetition has a count or a last date."),
        ({"every": "daily", "count": 0}, "A repetition has 1 to 366 dates, not 0."),
        ({"every": "daily", "count": 367}, "A repetition has 1 to 366 dates, not 367."),
        ({"every": "daily", "until": date(2027, 12, 2)}, "That would be 367 dates, and 366 are the most."),
        ({"every": "daily", "until": date(2026, 11, 30)}, "The last date, 2026-11-30, comes before the first"),
    ],
)
def test_a_repetition_that_cannot_be_is_refused(terms: dict[str, object], says: str) -> None:
    with pytest.raises(Invalid) as refused:
        dates(Repeat(**terms), span("2026-12-01T18:00", "2026-12-01T19:00"))  # type: ignore[arg-type]
    assert refused.value.detail.startswith(says)


def test_the_end_of_the_calendar_is_a_refusal_and_no_accident() -> None:
    with pytest.raises(Invalid, match="beyond the calendar"):
        dates(Repeat("weekly", count=366), span("9998-12-31T10:00", "9998-12-31T11:00"))


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1)),
    st.integers(1, 36 * 60),
    st.sampled_from(["daily", "weekly"]),
)
def test_every_date_shows_the_clocks_of_the_first(key: str, start: datetime, minutes: int, every: str) -> None:
    zone, first = ZoneInfo(key), start.replace(second=0, microsecond=0, tzinfo=UTC)
    asked = Span(first, first + timedelta(minutes=minutes))
    found = dates(Repeat(every, count=MOST_DATES), asked, zone)
    clocks = [instant.astimezone(zone).time() for instant in asked]
    assert len(found) == MOST_DATES and found[0].span == asked
    for one in found:
        assert (one.span is None) == (one.refusal is not None)
        if one.span is not None:
            assert [instant.astimezone(zone).time() for instant in one.span] == clocks
            assert one.span.start.astimezone(zone).date() == one.date
