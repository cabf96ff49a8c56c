"""The report as somebody reads it: the figures, how full things are, and what was booked, missed and earned by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.core import figures
from classbook.core.actors import look_up
from classbook.store import overview as store
from classbook.store.overview import Filled
from classbook.values import Actor, Money, Report

MOST_OFFERINGS: Final = 60
"""How many offerings are drawn; of more those nearest to now."""
MOST_BARS: Final = 92
"""With more days than that weeks are drawn, then months: bars that nobody can tell apart say nothing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Two figures of one day (or of the week or month that begins then): the good one and the other."""

    day: date
    well: int
    ill: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures by ``step`` (day, week or month), without gaps; nothing in it where nothing happened."""

    step: str
    bars: tuple[Bar, ...]

    @property
    def well(self) -> int:
        return sum(bar.well for bar in self.bars)

    @property
    def ill(self) -> int:
        return sum(bar.ill for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Takings:
    """What was paid and what was given back, in minor units of one currency."""

    currency: str
    chart: Chart

    @property
    def total(self) -> Money:
        return Money(self.chart.well - self.chart.ill, self.currency)


@dataclass(frozen=True, slots=True)
class Overview:
    """``starts_from`` and ``starts_to`` are as asked for; ``made_at`` is when it was true."""

    report: Report
    made_at: datetime
    starts_from: datetime | None
    starts_to: datetime | None
    zone: ZoneInfo
    fullness: tuple[Filled, ...]
    has_more: bool
    """Whether there are more offerings than are drawn."""
    bookings: Chart
    visits: Chart
    takings: tuple[Takings, ...]


def overview(
    app: App, actor: Actor, *, starts_from: datetime | None = None, starts_to: datetime | None = None
) -> Overview:
    """What `figures.report` counts, and what lies behind it, of every kind. Raises NotYours as that does.

    With ``starts_from`` and ``starts_to`` only what takes place within that half-open span counts.
    """
    report = figures.report(app, actor, starts_from=starts_from, starts_to=starts_to)
    zone = app.settings.zone
    with app.store.read() as tx:
        who = look_up(tx, actor)
        span = store.Span(None if who.is_admin else who.id, starts_from, starts_to)
        filled = store.fullness(tx, span, most=MOST_OFFERINGS)
        takings = store.takings(tx, span)
        return Overview(
            report=report,
            made_at=tx.now,
            starts_from=starts_from,
            starts_to=starts_to,
            zone=zone,
            fullness=tuple(sorted(filled[:MOST_OFFERINGS], key=lambda one: (one.starts_at, one.id))),
            has_more=len(filled) > MOST_OFFERINGS,
            bookings=_chart(store.bookings(tx, span), zone),
            visits=_chart(store.visits(tx, span), zone),
            takings=tuple(
                Takings(
                    currency, _chart([(hour, paid, back) for hour, one, paid, back in takings if one == currency], zone)
                )
                for currency in sorted({currency for _, currency, *_ in takings})
            ),
        )


def _chart(hours: Sequence[tuple[datetime, int, int]], zone: ZoneInfo) -> Chart:
    """Hours as days of a zone; as weeks or months where the days are too many to be told apart."""
    days = [(hour.astimezone(zone).date(), well, ill) for hour, well, ill in hours]
    if not days:
        return Chart("day", ())
    first, last = days[0][0], max(day for day, *_ in days)
    length = (last - first).days
    step = "day" if length < MOST_BARS else "week" if length < MOST_BARS * 7 else "month"
    sums: dict[date, list[int]] = {day: [0, 0] for day in _steps(first, last, step)}
    for day, well, ill in days:
        sums[_begin(day, step)][0] += well
        sums[_begin(day, step)][1] += ill
    return Chart(step, tuple(Bar(day, well, ill) for day, (well, ill) in sums.items()))


def _begin(day: date, step: str) -> date:
    """The first day of the week (Monday) or the month."""
    if step == "day":
        return day
    return day - timedelta(days=day.weekday()) if step == "week" else day.replace(day=1)


def _steps(first: date, last: date, step: str) -> Iterable[date]:
    day = _begin(first, step)
    while day <= last:
        yield day
        after = {"day": 1, "week": 7, "month": 31}[step]
        day = _begin(day + timedelta(days=after), step)
