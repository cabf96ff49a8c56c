"""What comes back, at every bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.rules.policy import Policy
from classbook.rules.refunds import percent_back, share
from classbook.values import Money

START = datetime(2026, 12, 1, 18, tzinfo=UTC)
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
BY_STEPS: dict[str, Any] = {
    "refund_full_seconds": 48 * 3600,
    "refund_share_percent": 50,
    "refund_share_seconds": 24 * 3600,
}


def back(minor: int, ahead: timedelta, **terms: Any) -> int:
    """What comes back of an amount to who gives up that long before the start."""
    policy = Policy(confirm="payment", hold_seconds=600, **terms)
    found = share(Money(minor, "EUR"), percent_back(policy, starts_at=START, now=START - ahead))
    assert found.currency == "EUR"
    return found.minor


@pytest.mark.parametrize(
    ("ahead", "comes_back"),
    [
        (72 * HOUR, 1000),
        (48 * HOUR + MICROSECOND, 1000),
        (48 * HOUR, 500),
        (24 * HOUR + MICROSECOND, 500),
        (24 * HOUR, 0),
        (MICROSECOND, 0),
        (-HOUR, 0),
    ],
)
def test_first_all_then_a_share_then_nothing(ahead: timedelta, comes_back: int) -> None:
    assert back(1000, ahead, **BY_STEPS) == comes_back


def test_all_comes_back_as_long_as_one_may_cancel_where_nothing_else_is_said() -> None:
    assert (back(1000, MICROSECOND), back(1000, timedelta())) == (1000, 0)
    until = {"cancel_until_seconds": 3600}
    assert (back(1000, HOUR + MICROSECOND, **until), back(1000, HOUR, **until)) == (1000, 0)
    assert back(1000, HOUR, **until, refund_share_percent=30) == 300
    assert back(1000, HOUR, **until, refund_full_seconds=0) == 1000


@pytest.mark.parametrize(("minor", "comes_back"), [(1, 0), (999, 499), (1001, 500), (3, 1)])
def test_a_share_is_rounded_down(minor: int, comes_back: int) -> None:
    assert back(minor, 30 * HOUR, **BY_STEPS) == comes_back


def test_what_has_no_start_is_given_back_in_full() -> None:
    policy = Policy(confirm="payment", hold_seconds=600, **BY_STEPS)
    assert percent_back(policy, starts_at=None, now=START) == 100


@pytest.mark.parametrize(("most", "percent"), [(None, (100, 50, 0)), (50, (50, 50, 0)), (0, (0, 0, 0))])
def test_what_was_moved_away_late_never_brings_back_more(most: int | None, percent: tuple[int, ...]) -> None:
    policy = Policy(confirm="payment", hold_seconds=600, **BY_STEPS)
    found = (percent_back(policy, starts_at=START, now=START - n * HOUR, most_percent=most) for n in (72, 30, 1))
    assert tuple(found) == percent


@given(
    minor=st.integers(1, 10**12),
    percent=st.integers(0, 100),
    full=st.none() | st.integers(0, 10**6),
    part=st.integers(0, 10**6),
    ahead=st.lists(st.integers(-(10**6), 2 * 10**6), min_size=2, max_size=2).map(sorted),
)
def test_waiting_never_pays(minor: int, percent: int, full: int | None, part: int, ahead: list[int]) -> None:
    terms = {"refund_full_seconds": full, "refund_share_percent": percent, "refund_share_seconds": part}
    late, early = (back(minor, timedelta(seconds=seconds), **terms) for seconds in ahead)
    assert 0 <= late <= early <= minor
