"""Spans and their algebra, against a model that looks at each minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classbook.rules.spans import Span, crowded, merge, most_at_once, subtract

ZERO = datetime(2026, 12, 1, tzinfo=UTC)
MINUTES = range(-5, 35)


def span(start_minute: int, end_minute: int) -> Span:
    return Span(ZERO + timedelta(minutes=start_minute), ZERO + timedelta(minutes=end_minute))


SPANS = st.lists(st.builds(span, st.integers(0, 30), st.integers(0, 30)), max_size=8)
"""Empty and backward ones, too."""


def counts(spans: list[Span]) -> list[int]:
    """The model: how many spans hold each minute."""
    return [sum(one.start <= ZERO + timedelta(minutes=n) < one.end for one in spans) for n in MINUTES]


def test_a_span_may_begin_when_another_ends() -> None:
    assert not span(0, 10).overlaps(span(10, 20))
    assert span(0, 11).overlaps(span(10, 20)) and span(10, 20).overlaps(span(0, 11))
    assert span(0, 20).overlaps(span(5, 6)) and span(5, 6).overlaps(span(0, 20))


def test_an_empty_span_overlaps_nothing() -> None:
    assert not span(5, 5).overlaps(span(0, 10)) and not span(0, 10).overlaps(span(5, 5))


def test_buffers_widen_a_span() -> None:
    assert span(10, 20).widened(before_seconds=300, after_seconds=60) == span(5, 21)


@given(spans=SPANS)
def test_merging_keeps_the_moments_in_as_few_spans_as_possible(spans: list[Span]) -> None:
    merged = merge(spans)
    assert [count > 0 for count in counts(spans)] == [count == 1 for count in counts(merged)]
    assert all(one.end < other.start for one, other in pairwise(merged))


@given(marks=st.lists(st.integers(0, 30), unique=True), busy=SPANS)
def test_subtracting_leaves_what_is_not_busy(marks: list[int], busy: list[Span]) -> None:
    spans = [span(*ends) for n, ends in enumerate(pairwise(sorted(marks))) if n % 3]
    left = subtract(spans, busy)
    assert counts(left) == [0 if taken else count for count, taken in zip(counts(spans), counts(busy), strict=True)]
    assert left == sorted(left) and all(one.start < one.end for one in left)


def test_spans_that_touch_stay_apart_when_something_is_subtracted() -> None:
    assert subtract([span(0, 10), span(10, 20)], [span(4, 5)]) == [span(0, 4), span(5, 10), span(10, 20)]


@given(spans=SPANS, at_least=st.integers(1, 5))
def test_it_is_crowded_when_so_many_happen_at_once(spans: list[Span], at_least: int) -> None:
    found = crowded(spans, at_least)
    assert [count >= at_least for count in counts(spans)] == [count == 1 for count in counts(found)]
    assert found == merge(found)


@given(spans=SPANS)
def test_the_most_at_once_is_counted(spans: list[Span]) -> None:
    assert most_at_once(spans) == max(counts(spans))
