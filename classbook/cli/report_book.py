"""The report as a spreadsheet: a sheet for each table that the page draws."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from classbook.cli.report_rows import counts, places
from classbook.cli.workbook import Book, Share
from classbook.core.overview import Chart, Overview
from classbook.values import Money, plain


def fill(book: Book, overview: Overview) -> None:
    """Write all sheets. Starts are in the zone of the offering, days in the configured one."""
    report = plain(overview.report)
    book.sheet("Figures", ("figure", "value"), counts(report))
    seats = [(row["offering_id"], row["value"]) for row in places(report)]
    book.sheet("Confirmed seats", ("offering_id", "confirmed"), seats)
    names = ("id", "kind", "title", "starts_at", "timezone", "capacity", "taken", "share")
    book.sheet("How full", names, _fullness(overview))
    book.sheet("Bookings", (overview.bookings.step, "standing", "cancelled or lapsed"), _days(overview.bookings))
    book.sheet("No-shows", (overview.visits.step, "came", "did not come"), _days(overview.visits))
    book.sheet("Revenue", ("from", "currency", "paid", "given back"), _takings(overview))


def _fullness(overview: Overview) -> Iterator[tuple[Any, ...]]:
    for one in overview.fullness:
        starts_at = one.starts_at.astimezone(ZoneInfo(one.timezone))
        share = Share(one.taken / one.capacity) if one.capacity else None
        yield one.id, one.kind, one.title, starts_at, one.timezone, one.capacity, one.taken, share


def _days(chart: Chart) -> Iterator[tuple[Any, ...]]:
    for bar in chart.bars:
        yield datetime.combine(bar.day, time()), bar.well, bar.ill


def _takings(overview: Overview) -> Iterator[tuple[Any, ...]]:
    for one in overview.takings:
        for bar in one.chart.bars:
            paid, back = (Decimal(Money(minor, one.currency).amount) for minor in (bar.well, bar.ill))
            yield datetime.combine(bar.day, time()), one.currency, paid, back
