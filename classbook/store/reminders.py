"""Who is to be reminded: what begins soon, found by the indexes that booking has anyway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from classbook.store.database import MOST_ID, Row, Tx, from_micros, to_micros

# What is confirmed within the time of the reminder was told of a moment ago. CROSS keeps SQLite from going over all
# reservations there are.
_DUE: Final = (
    "SELECT r.starts_at, r.id, r.offering_id, p.id, p.email FROM offerings o CROSS JOIN reservations r "
    "JOIN people p ON p.id = r.person_id WHERE o.kind = ? AND {when} AND r.offering_id = o.id "
    "AND o.cancelled_at IS NULL AND r.state = 'confirmed' AND r.due_at > ? "
    "AND (r.starts_at > ? OR (r.starts_at = ? AND r.id > ?)) "
    "AND r.starts_at <= ? AND r.confirmed_at <= r.starts_at - ? ORDER BY r.starts_at, r.id LIMIT ?"
)
_DUE_BY_THE_HOUSE: Final = _DUE.format(when="o.starts_at >= ? AND o.starts_at <= ?")
_DUE_BY_PEOPLE: Final = _DUE.format(
    when="r.due_at <= ? + (SELECT max(p.longest_micros) "
    "FROM offering_pools op JOIN pools p ON p.id = op.pool_id WHERE op.offering_id = o.id)"
)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How far one has come: everything that begins before ``starts_at``, and of what begins then up to that id."""

    starts_at: datetime
    reservation_id: int = MOST_ID


@dataclass(frozen=True, slots=True)
class Guest:
    mark: Mark
    reservation_id: int
    offering_id: int
    person_id: int
    email: str


def reached(tx: Tx, kind: str) -> Mark:
    """How far reminders of a kind have come; nobody else goes on from there until the transaction ends."""
    name = _name(kind)
    tx.change(
        "INSERT INTO watermarks (name, at, id) VALUES (?, ?, 0) ON CONFLICT (name) DO NOTHING", name, to_micros(tx.now)
    )
    [(at, id)] = tx.rows("SELECT at, id FROM watermarks WHERE name = ? FOR NO KEY UPDATE", name)
    return Mark(from_micros(at), id)


def reach(tx: Tx, kind: str, mark: Mark) -> None:
    """Write down how far they have come now."""
    at, id = to_micros(mark.starts_at), mark.reservation_id
    tx.change("UPDATE watermarks SET at = ?, id = ? WHERE name = ?", at, id, _name(kind))


def _name(kind: str) -> str:
    return f"reminders of {kind}"


def due(
    tx: Tx, kind: str, after: Mark, until: datetime, *, ahead: timedelta, picks_time: bool, most: int
) -> list[Guest]:
    """Up to ``most`` confirmed reservations of a kind that begin behind ``after``, by ``until``, in that order.

    Where the house picks the time the offerings that begin then are few; where people pick it, reservations are looked
    at by when they end, which is at most the longest booking later.
    """
    at, soonest = to_micros(after.starts_at), to_micros(until)
    behind = [at, at, at, after.reservation_id, soonest, ahead // timedelta(microseconds=1), most]
    if picks_time:
        rows = tx.rows(_DUE_BY_PEOPLE, kind, soonest, *behind)
    else:
        rows = tx.rows(_DUE_BY_THE_HOUSE, kind, at, soonest, *behind)
    return [_guest(row) for row in rows]


def _guest(row: Row) -> Guest:
    starts_at, reservation_id, offering_id, person_id, email = row
    return Guest(Mark(from_micros(starts_at), reservation_id), reservation_id, offering_id, person_id, email)
