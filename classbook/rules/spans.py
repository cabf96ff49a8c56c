"""Spans of time and their algebra: what is open, what is busy, what is left, how many things happen at once.

A span is half-open, so that one may begin at the very moment another ends. Everything here sorts and sweeps: the cost
grows with n log n, whatever the spans are like. A span that ends before it begins is empty and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple


class Span(NamedTuple):
    """The time from ``start`` on and until before ``end``, both aware and in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """Whether the two have a moment in common."""
        return max(self.start, other.start) < min(self.end, other.end)

    def clipped(self, window: Span) -> Span:
        """The part of it in ``window``; empty where there is none."""
        return Span(max(self.start, window.start), min(self.end, window.end))

    def widened(self, *, before_seconds: int, after_seconds: int) -> Span:
        """The span with its buffers: what a booking of it claims."""
        return Span(self.start - timedelta(seconds=before_seconds), self.end + timedelta(seconds=after_seconds))


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same moments in as few spans as possible, in order: what overlaps or touches becomes one."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def subtract(spans: Iterable[Span], busy: Iterable[Span]) -> list[Span]:
    """What is left of each span without the busy moments, in order. Spans that touch stay apart; none may overlap."""
    left: list[Span] = []
    taken = merge(busy)
    next_taken = 0
    for span in sorted(spans):
        while next_taken < len(taken) and taken[next_taken].end <= span.start:
            next_taken += 1
        start, meets = span.start, next_taken
        while meets < len(taken) and taken[meets].start < span.end:
            if start < taken[meets].start:
                left.append(Span(start, taken[meets].start))
            start = taken[meets].end
            meets += 1
        if start < span.end:
            left.append(Span(start, span.end))
    return left


def crowded(spans: Iterable[Span], at_least: int) -> list[Span]:
    """When ``at_least`` (one or more) of the spans happen at once, in order and merged."""
    found: list[Span] = []
    since: datetime | None = None
    for moment, count in _counts(spans):
        if count >= at_least:
            since = since or moment
        elif since is not None:
            found.append(Span(since, moment))
            since = None
    return found


def most_at_once(spans: Iterable[Span]) -> int:
    """How many of the spans happen at once at most."""
    return max((count for _, count in _counts(spans)), default=0)


def _counts(spans: Iterable[Span]) -> list[tuple[datetime, int]]:
    """How many spans there are from each moment of change on, in order: a sweep over all starts and ends."""
    changes = [change for start, end in spans if start < end for change in ((start, 1), (end, -1))]
    counts: list[tuple[datetime, int]] = []
    count = 0
    for moment, change in sorted(changes):
        count += change
        if counts and counts[-1][0] == moment:
            counts[-1] = (moment, count)
        else:
            counts.append((moment, count))
    return counts
