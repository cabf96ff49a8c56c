"""Figures over many reservations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from classbook.store.database import Tx, to_micros


@dataclass(frozen=True, slots=True)
class Totals:
    """Offerings of one kind, by their status at one moment."""

    total: int
    active: int
    upcoming: int
    completed: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which offerings count: of one kind, of one creator where there is one, starting within a span."""

    kind: str
    creator_id: int | None
    starts_from: datetime | None
    starts_to: datetime | None

    def condition(self) -> tuple[str, list[object]]:
        parts: list[tuple[str, object]] = [("o.kind = ?", self.kind)]
        if self.creator_id is not None:
            parts.append(("o.creator_id = ?", self.creator_id))
        if self.starts_from is not None:
            parts.append(("o.starts_at >= ?", to_micros(self.starts_from)))
        if self.starts_to is not None:
            parts.append(("o.starts_at < ?", to_micros(self.starts_to)))
        return " AND ".join(text for text, _ in parts), [value for _, value in parts]


def totals(tx: Tx, scope: Scope) -> Totals:
    """How many offerings there are, and how many of them are active (upcoming or ongoing), upcoming, completed."""
    condition, values = scope.condition()
    now = to_micros(tx.now)
    alive = "o.cancelled_at IS NULL AND"
    [row] = tx.rows(
        f"SELECT count(*), count(CASE WHEN {alive} (o.ends_at IS NULL OR o.ends_at > ?) THEN 1 END), "
        f"count(CASE WHEN {alive} o.starts_at > ? THEN 1 END), count(CASE WHEN {alive} o.ends_at <= ? THEN 1 END) "
        f"FROM offerings o WHERE {condition}",
        now, now, now, *values,
    )  # fmt: skip
    return Totals(*row)


def enrolled(tx: Tx, scope: Scope) -> int:
    """Distinct people with a confirmed or completed place."""
    condition, values = scope.condition()
    [(people,)] = tx.rows(
        "SELECT count(DISTINCT r.person_id) FROM reservations r JOIN offerings o ON o.id = r.offering_id "
        f"WHERE {condition} AND r.state IN ('confirmed', 'completed') AND {_STILL_STANDS}",
        *values,
    )
    return int(people)


def confirmed_places(tx: Tx, scope: Scope) -> list[tuple[int, int]]:
    """(offering, confirmed and completed places), every offering in it."""
    condition, values = scope.condition()
    rows = tx.rows(
        "SELECT o.id, coalesce(sum(r.party), 0) FROM offerings o LEFT JOIN reservations r ON r.offering_id = o.id "
        f"AND r.person_id IS NOT NULL AND r.state IN ('confirmed', 'completed') AND {_STILL_STANDS} "
        f"WHERE {condition} GROUP BY o.id ORDER BY o.id",
        *values,
    )
    return [(offering_id, int(places)) for offering_id, places in rows]


_STILL_STANDS = "(o.cancelled_at IS NULL OR r.due_at IS NULL)"
"""A cancelled offering's reservations read as cancelled, also before anyone wrote that down."""
