"""Reservations as they are read: with what they are of, whose they are, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass

from classbook.store.database import Row, Tx, from_micros, to_micros
from classbook.store.records import OFFERING_COLUMNS, RESERVATION_COLUMNS, OfferingRecord, ReservationRecord
from classbook.store.reservations import claims_of
from classbook.values import Move, PersonRef


def _of(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


_WIDTH = len(RESERVATION_COLUMNS.split(","))
# Who waits for the same time and came before; 1 is next.
_POSITION = (
    "CASE WHEN r.state = 'queued' THEN (SELECT count(*) FROM reservations q WHERE q.offering_id = r.offering_id "
    "AND q.state = 'queued' AND q.id <= r.id "
    "AND (r.starts_at IS NULL OR (q.starts_at < r.ends_at AND q.ends_at > r.starts_at))) END"
)
_SELECT = (
    f"SELECT {_of('r', RESERVATION_COLUMNS)}, p.id, p.email, p.name, {_of('o', OFFERING_COLUMNS)}, {_POSITION} "
    "FROM reservations r JOIN offerings o ON o.id = r.offering_id JOIN people p ON p.id = r.person_id"
)
# The state people see (rules/states.py, `seen`), in SQL: what a list is filtered by must be what it shows.
_SEEN = (
    "CASE WHEN r.due_at IS NULL THEN r.state WHEN o.cancelled_at IS NOT NULL THEN 'cancelled' "
    "WHEN r.due_at > ? THEN r.state WHEN r.state = 'confirmed' AND NOT (r.check_in AND r.checked_in_at IS NULL) "
    "THEN 'completed' ELSE 'expired' END"
)


@dataclass(frozen=True, slots=True)
class Listed:
    record: ReservationRecord
    user: PersonRef
    offering: OfferingRecord
    position: int | None
    """The place in the queue, 1 is next; None for what does not wait."""


def by_id(tx: Tx, reservation_id: int) -> Listed | None:
    if not 0 < reservation_id < 2**63:
        return None
    found = _listed(tx, tx.rows(f"{_SELECT} WHERE r.id = ?", reservation_id))
    return found[0] if found else None


def page(
    tx: Tx, *, person_id: int | None, offering_id: int | None, state: str | None, before_id: int, limit: int
) -> list[Listed]:
    """Reservations, newest first, older than ``before_id``, in three queries whatever their number."""
    parts: list[tuple[str, list[object]]] = [("r.id < ?", [before_id])]
    if person_id is not None:
        parts.append(("r.person_id = ?", [person_id]))
    if offering_id is not None:
        parts.append(("r.offering_id = ?", [offering_id]))
    if state is not None:
        parts.append((f"{_SEEN} = ?", [to_micros(tx.now), state]))
    where = " AND ".join(text for text, _ in parts)
    values = [value for _, found in parts for value in found]
    return _listed(tx, tx.rows(f"{_SELECT} WHERE {where} ORDER BY r.id DESC LIMIT ?", *values, limit))


def history(tx: Tx, reservation_id: int) -> list[Move]:
    """What happened to a reservation, in order."""
    rows = tx.rows(
        "SELECT m.n, m.action, m.from_state, m.to_state, m.at, p.email, m.actor_id, m.reason, m.request_id "
        "FROM moves m LEFT JOIN people p ON p.id = m.actor_id WHERE m.reservation_id = ? ORDER BY m.n",
        reservation_id,
    )
    return [
        Move(n, action, before, after, from_micros(at), _actor(action, email, actor_id), reason, request_id)
        for n, action, before, after, at, email, actor_id, reason, request_id in rows
    ]


def _actor(action: str, email: str | None, actor_id: int | None) -> str:
    """Who did it: a person, time itself, or the console."""
    if email is not None:
        return email
    if actor_id is not None:
        return f"person {actor_id}"
    return "time" if action in ("lapse", "complete", "offer") else "console"


def _listed(tx: Tx, rows: list[Row]) -> list[Listed]:
    found = [
        Listed(
            ReservationRecord.of(row[:_WIDTH]),
            PersonRef(*row[_WIDTH : _WIDTH + 3]),
            OfferingRecord.of(row[_WIDTH + 3 : -1]),
            row[-1],
        )
        for row in rows
    ]
    by_id = {one.record.id: one.record for one in found}
    for reservation_id, claim in claims_of(tx, list(by_id)):
        by_id[reservation_id].claims.append(claim)
    return found
