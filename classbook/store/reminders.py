"""Who is to be reminded: what begins soon, found by the indexes that booking has anyway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from classbook.store.database import Row, Tx, from_micros, to_micros

_NAME: Final = "reminders"
_LAST: Final = 2**63 - 1
# What is confirmed within the time of the reminder was told of a moment ago. CROSS keeps SQLite from going over all
# reservations there are.
_DUE: Final = (
    "SELECT r.starts_at, r.id, r.offering_id, p.id, p.email FROM offerings o CROSS JOIN reservations r "
    "JOIN people p ON p.id = r.person_id WHERE {where} AND r.offering_id = o.id AND o.cancelled_at IS NULL "
    "AND r.state = 'confirmed' AND r.due_at > ? AND (r.starts_at > ? OR (r.starts_at = ? AND r.id > ?)) "
    "AND r.starts_at <= ? AND r.confirmed_at <= r.starts_at - ? ORDER BY r.starts_at, r.id LIMIT ?"
)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How far one has come: everything that begins before ``starts_at``, and of what begins then up to that id."""

    starts_at: datetime
    reservation_id: int = _LAST


@dataclass(frozen=True, slots=True)
class Guest:
    mark: Mark
    reservation_id: int
    offering_id: int
    person_id: int
    email: str


def reached(tx: Tx) -> Mark:
    """How far reminders have come; nobody else goes on from there until the transaction ends."""
    tx.change(
        "INSERT INTO watermarks (name, at, id) VALUES (?, ?, 0) ON CONFLICT (name) DO NOTHING",
        _NAME, to_micros(tx.now),
    )  # fmt: skip
    [(at, id)] = tx.rows("SELECT at, id FROM watermarks WHERE name = ? FOR NO KEY UPDATE", _NAME)
    return Mark(from_micros(at), id)


def reach(tx: Tx, mark: Mark) -> None:
    """Write down how far they have come now."""
    tx.change(
        "UPDATE watermarks SET at = ?, id = ? WHERE name = ?", to_micros(mark.starts_at), mark.reservation_id, _NAME
    )


def due(
    tx: Tx, after: Mark, until: datetime, *, ahead: timedelta, house: list[str], people: list[str], most: int
) -> list[Guest]:
    """Up to ``most`` confirmed reservations that begin behind ``after``, by ``until``, in that order.

    Of the kinds whose time the ``house`` picks the offerings that begin then are few; of those whose time ``people``
    pick, reservations are looked at by when they end, which is at most the longest booking later.
    """
    at, soonest = to_micros(after.starts_at), to_micros(until)
    behind = [at, at, at, after.reservation_id, soonest, ahead // timedelta(microseconds=1), most]
    fixed, timed = tx.pipeline(
        (
            _DUE.format(where=f"o.kind IN ({_words(house)}) AND o.starts_at >= ? AND o.starts_at <= ?"),
            [at, soonest, *behind],
        ),
        (
            _DUE.format(
                where=f"o.kind IN ({_words(people)}) AND r.due_at <= ? + (SELECT max(p.longest_micros) "
                "FROM offering_pools op JOIN pools p ON p.id = op.pool_id WHERE op.offering_id = o.id)"
            ),
            [soonest, *behind],
        ),
    )
    return [_guest(row) for row in sorted([*fixed, *timed])[:most]]


def _words(kinds: list[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


def _guest(row: Row) -> Guest:
    starts_at, reservation_id, offering_id, person_id, email = row
    return Guest(Mark(from_micros(starts_at), reservation_id), reservation_id, offering_id, person_id, email)
