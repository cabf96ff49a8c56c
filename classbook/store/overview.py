"""Figures over time: how full offerings are, and what was booked, missed and earned in each hour.

By the hour, because that is the same in every time zone (almost: those that are half an hour off are counted with the
hour before); the core makes local days of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from classbook.store.database import Row, Tx, from_micros, to_micros

_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Which offerings count: of one creator where there is one, and what takes place within a half-open time."""

    creator_id: int | None = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None

    def condition(self, starts_at: str) -> tuple[str, list[object]]:
        parts: list[tuple[str, object]] = []
        if self.creator_id is not None:
            parts.append(("o.creator_id = ?", self.creator_id))
        if self.starts_from is not None:
            parts.append((f"{starts_at} >= ?", to_micros(self.starts_from)))
        if self.starts_to is not None:
            parts.append((f"{starts_at} < ?", to_micros(self.starts_to)))
        return "".join(f" AND {text}" for text, _ in parts), [value for _, value in parts]


@dataclass(frozen=True, slots=True)
class Filled:
    """How full an offering with a time of its own is: places that are confirmed or were, of how many."""

    id: int
    kind: str
    title: str
    starts_at: datetime
    timezone: str
    capacity: int
    taken: int


def fullness(tx: Tx, span: Span, *, most: int) -> list[Filled]:
    """The ``most`` offerings with a time of their own that are nearest to now, and one more where there are more."""
    condition, values = span.condition("o.starts_at")
    rows = tx.rows(
        "SELECT o.id, o.kind, o.title, o.starts_at, o.timezone, "
        "(SELECT coalesce(sum(p.units), 0) FROM offering_pools op JOIN pools p ON p.id = op.pool_id "
        "WHERE op.offering_id = o.id), "
        "(SELECT coalesce(sum(r.party), 0) FROM reservations r WHERE r.offering_id = o.id "
        "AND r.person_id IS NOT NULL AND r.state IN ('confirmed', 'completed')) "
        f"FROM offerings o WHERE o.starts_at IS NOT NULL AND o.cancelled_at IS NULL{condition} "
        "ORDER BY abs(o.starts_at - ?), o.id LIMIT ?",
        *values, to_micros(tx.now), most + 1,
    )  # fmt: skip
    return [_filled(row) for row in rows]


def _filled(row: Row) -> Filled:
    id, kind, title, starts_at, timezone, capacity, taken = row
    return Filled(id, kind, title, from_micros(starts_at), timezone, int(capacity), int(taken))


def bookings(tx: Tx, span: Span) -> list[tuple[datetime, int, int]]:
    """(hour, reservations made in it that stand or are still open, those that were cancelled or lapsed)."""
    condition, values = span.condition("coalesce(r.starts_at, o.starts_at)")
    rows = tx.rows(
        f"SELECT r.created_at / {_HOUR}, "
        "sum(CASE WHEN r.state IN ('cancelled', 'expired') THEN 0 ELSE 1 END), "
        "sum(CASE WHEN r.state IN ('cancelled', 'expired') THEN 1 ELSE 0 END) "
        f"FROM reservations r JOIN offerings o ON o.id = r.offering_id WHERE r.person_id IS NOT NULL{condition} "
        "GROUP BY 1 ORDER BY 1",
        *values,
    )
    return [(_hour(hour), int(kept), int(lost)) for hour, kept, lost in rows]


def visits(tx: Tx, span: Span) -> list[tuple[datetime, int, int]]:
    """(hour of the start, who came, who did not), in reservations that had to be checked in."""
    condition, values = span.condition("coalesce(r.starts_at, o.starts_at)")
    rows = tx.rows(
        f"SELECT coalesce(r.starts_at, o.starts_at) / {_HOUR}, "
        "sum(CASE WHEN r.checked_in_at IS NULL THEN 0 ELSE 1 END), "
        "sum(CASE WHEN r.checked_in_at IS NULL THEN 1 ELSE 0 END) "
        "FROM reservations r JOIN offerings o ON o.id = r.offering_id WHERE r.person_id IS NOT NULL AND r.check_in "
        "AND (r.checked_in_at IS NOT NULL OR (r.state = 'expired' AND r.confirmed_at IS NOT NULL))"
        f"{condition} GROUP BY 1 ORDER BY 1",
        *values,
    )
    return [(_hour(hour), int(came), int(missed)) for hour, came, missed in rows if hour is not None]


def takings(tx: Tx, span: Span) -> list[tuple[datetime, str, int, int]]:
    """(hour, currency, minor units paid in it, minor units given back in it)."""
    condition, values = span.condition("coalesce(r.starts_at, o.starts_at)")
    rows = tx.rows(
        f"SELECT t.created_at / {_HOUR}, t.currency, "
        "sum(CASE WHEN t.kind = 'payment' THEN t.amount_minor ELSE 0 END), "
        "sum(CASE WHEN t.kind = 'refund' THEN t.amount_minor ELSE 0 END) "
        "FROM transfers t JOIN reservations r ON r.id = t.reservation_id JOIN offerings o ON o.id = r.offering_id "
        f"WHERE t.state = 'posted' AND t.kind IN ('payment', 'refund'){condition} GROUP BY 1, 2 ORDER BY 1, 2",
        *values,
    )
    return [(_hour(hour), currency, int(paid), int(refunded)) for hour, currency, paid, refunded in rows]


def _hour(number: int) -> datetime:
    return from_micros(int(number) * _HOUR)
