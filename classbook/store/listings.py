"""Reservations as they are read: with what they are of, whose they are, and what happened to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from classbook.rules import states
from classbook.store import ledger
from classbook.store.claims import claims_of
from classbook.store.database import Row, Tx, from_micros, is_id, to_micros
from classbook.store.records import OFFERING_COLUMNS, RESERVATION_COLUMNS, OfferingRecord, ReservationRecord
from classbook.values import Money, Move, PersonRef


def _of(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


_WIDTH = len(RESERVATION_COLUMNS.split(","))
# Who still waits for the same time and came before; 1 is next.
POSITION = (
    "CASE WHEN r.state = 'queued' THEN (SELECT count(*) FROM reservations q WHERE q.offering_id = r.offering_id "
    "AND q.state = 'queued' AND q.due_at > ? AND q.id <= r.id "
    "AND (r.starts_at IS NULL OR (q.starts_at < r.ends_at AND q.ends_at > r.starts_at))) END"
)
_SELECT = (
    f"SELECT {_of('r', RESERVATION_COLUMNS)}, p.id, p.email, p.name, {_of('o', OFFERING_COLUMNS)}, {POSITION}, v.code "
    "FROM reservations r JOIN offerings o ON o.id = r.offering_id JOIN people p ON p.id = r.person_id "
    "LEFT JOIN vouchers v ON v.id = r.voucher_id"
)
# The state people see (rules/states.py, `seen`), in SQL: what a list is filtered by must be what it shows.
SEEN = (
    "CASE WHEN r.due_at IS NULL THEN r.state WHEN o.cancelled_at IS NOT NULL THEN 'cancelled' "
    "WHEN r.due_at > ? THEN r.state WHEN r.state = 'confirmed' AND NOT (r.check_in AND r.checked_in_at IS NULL) "
    "THEN 'completed' ELSE 'expired' END"
)
# True of whatever is listed; saying it opens the indexes that are there for lists of everybody's (`tables`).
_OF_PEOPLE = "r.person_id > 0"
# What is over and does not say so yet; settling writes it down.
_UNWRITTEN = (
    "SELECT id FROM reservations WHERE due_at <= ? UNION ALL SELECT id FROM reservations "
    "WHERE due_at > 0 AND offering_id IN (SELECT id FROM offerings WHERE cancelled_at IS NOT NULL)"
)
_MOVES = (
    "SELECT m.n, m.action, m.from_state, m.to_state, m.at, p.email, m.actor_id, m.reason, m.request_id, m.before, "
    "m.after, m.reservation_id FROM moves m LEFT JOIN people p ON p.id = m.actor_id"
)


Condition = tuple[str, list[object]]
"""A condition in SQL, with its values."""


@dataclass(slots=True)
class Listed:
    record: ReservationRecord
    user: PersonRef
    offering: OfferingRecord
    position: int | None
    """The place in the queue, 1 is next; None for what does not wait."""
    refund: Money | None = None
    """What came back of what was paid, where it is cancelled."""
    voucher: str | None = None
    """The code of the voucher it was made with."""


def by_id(tx: Tx, reservation_id: int) -> Listed | None:
    if not is_id(reservation_id):
        return None
    found = _listed(tx, tx.rows(f"{_SELECT} WHERE r.id = ?", to_micros(tx.now), reservation_id))
    return found[0] if found else None


def page(
    tx: Tx,
    *,
    person_id: int | None,
    kind: str | None,
    offering_id: int | None,
    state: str | None,
    before_id: int,
    limit: int,
) -> list[Listed]:
    """Reservations, newest first, older than ``before_id``, in a few queries whatever their number."""
    parts: list[Condition] = [("r.id < ?", [before_id])]
    if person_id is not None:
        parts.append(("r.person_id = ?", [person_id]))
    if kind is not None:
        parts.append(("o.kind = ?", [kind]))
    if offering_id is not None:
        parts.append(("r.offering_id = ?", [offering_id]))
    if state is not None and person_id is None and offering_id is None:
        return _in_state(tx, parts, state, limit)
    if state is not None:
        parts.append((f"{SEEN} = ?", [to_micros(tx.now), state]))
    return _found(tx, parts, "r.id DESC", limit)


def _in_state(tx: Tx, parts: list[Condition], state: str, limit: int) -> list[Listed]:
    """Everybody's reservations in a state: those that have it written, and those that only time has brought there.

    Looked for apart, because each then has an index; of what nobody has written down yet there is little.
    """
    now = to_micros(tx.now)
    of_people: Condition = (_OF_PEOPLE, [])
    if state in states.LIVE:
        alive: Condition = ("r.state = ? AND r.due_at > ? AND o.cancelled_at IS NULL", [state, now])
        return _found(tx, [*parts, of_people, alive], "r.id DESC", limit)
    found = _found(tx, [*parts, of_people, ("r.state = ?", [state])], "r.id DESC", limit)
    if unwritten := [id for (id,) in tx.rows(_UNWRITTEN, now)]:
        over: Condition = (f"r.id AMONG ? AND {SEEN} = ?", [unwritten, now, state])
        found += _found(tx, [*parts, over], "r.id DESC", limit)
    return sorted(found, key=lambda one: one.record.id, reverse=True)[:limit]


def agenda(
    tx: Tx,
    kind: str | None,
    *,
    offering_id: int | None,
    party_id: int | None,
    starts_from: datetime | None,
    starts_to: datetime | None,
    state: str | None,
    after: tuple[int, ...],
    limit: int,
) -> list[Listed]:
    """Reservations by time, of a kind or an offering, behind the (start, id) ``after``.

    Those that ``party_id`` has or gives; everybody's where that is None.
    """
    start, last_id = after
    parts: list[Condition] = [("(r.starts_at > ? OR (r.starts_at = ? AND r.id > ?))", [start, start, last_id])]
    if offering_id is None and party_id is None:
        parts.append((_OF_PEOPLE, []))
    if kind is not None:
        parts.append(("o.kind = ?", [kind]))
    if offering_id is not None:
        parts.append(("r.offering_id = ?", [offering_id]))
    if party_id is not None:
        # The ids first: both halves of the condition then have an index.
        made = tx.rows("SELECT id, kind FROM offerings WHERE creator_id = ?", party_id)
        gives = [id for id, its_kind in made if kind in (None, its_kind)]
        parts.append(("(r.person_id = ? OR r.offering_id AMONG ?)", [party_id, gives]))
    if starts_from is not None:
        parts.append(("r.starts_at >= ?", [to_micros(starts_from)]))
    if starts_to is not None:
        parts.append(("r.starts_at < ?", [to_micros(starts_to)]))
    if state is not None:
        parts.append((f"{SEEN} = ?", [to_micros(tx.now), state]))
    return _found(tx, parts, "r.starts_at, r.id", limit)


def since(
    tx: Tx, start: datetime, *, person_id: int | None = None, offering_id: int | None = None, limit: int
) -> list[Listed]:
    """What begins at ``start`` or later, by time; of more than ``limit`` the last ones."""
    parts: list[Condition] = [("r.starts_at >= ?", [to_micros(start)])]
    if person_id is not None:
        parts.append(("r.person_id = ?", [person_id]))
    if offering_id is not None:
        parts.append(("r.offering_id = ?", [offering_id]))
    return _found(tx, parts, "r.starts_at DESC, r.id DESC", limit)[::-1]


def held_ids(tx: Tx, person_id: int, offering_id: int | None) -> list[int]:
    """What somebody holds now, everywhere or in one offering."""
    parts: list[Condition] = [("person_id = ? AND state = 'held' AND due_at > ?", [person_id, to_micros(tx.now)])]
    if offering_id is not None:
        parts.append(("offering_id = ?", [offering_id]))
    where, values = " AND ".join(text for text, _ in parts), [value for _, found in parts for value in found]
    return [id for (id,) in tx.rows(f"SELECT id FROM reservations WHERE {where} ORDER BY id", *values)]


def history(tx: Tx, reservation_id: int, *, after_n: int, limit: int) -> list[Move]:
    """What happened to a reservation, in order, from its step ``after_n`` on."""
    rows = tx.rows(
        f"{_MOVES} WHERE m.reservation_id = ? AND m.n > ? ORDER BY m.n LIMIT ?", reservation_id, after_n, limit
    )
    return [_move(row) for row in rows]


def histories(tx: Tx, reservation_ids: list[int]) -> list[tuple[int, Move]]:
    """(reservation, step) of all that happened to reservations, in order."""
    rows = tx.rows(f"{_MOVES} WHERE m.reservation_id AMONG ? ORDER BY m.reservation_id, m.n", reservation_ids)
    return [(row[-1], _move(row)) for row in rows]


def _move(row: Row) -> Move:
    n, action, from_state, to_state, at, email, actor_id, reason, request_id, before, after, _ = row
    return Move(
        n, action, from_state, to_state, from_micros(at), actor_name(email, actor_id, request_id), reason,
        request_id, before and json.loads(before), after and json.loads(after),
    )  # fmt: skip


def actor_name(email: str | None, actor_id: int | None, request_id: str | None) -> str:
    """Who did it: a person, the console, or, where nobody asked for anything, time itself."""
    if email is not None:
        return email
    if actor_id is not None:
        return f"person {actor_id}"
    return "console" if request_id else "time"


def _found(tx: Tx, parts: list[Condition], order: str, limit: int) -> list[Listed]:
    where = " AND ".join(text for text, _ in parts)
    values = [value for _, found in parts for value in found]
    return _listed(tx, tx.rows(f"{_SELECT} WHERE {where} ORDER BY {order} LIMIT ?", to_micros(tx.now), *values, limit))


def _listed(tx: Tx, rows: list[Row]) -> list[Listed]:
    found = [
        Listed(
            ReservationRecord.of(row[:_WIDTH]),
            PersonRef(*row[_WIDTH : _WIDTH + 3]),
            OfferingRecord.of(row[_WIDTH + 3 : -2]),
            row[-2],
            voucher=row[-1],
        )
        for row in rows
    ]
    by_id = {one.record.id: one.record for one in found}
    for reservation_id, claim in claims_of(tx, list(by_id)):
        by_id[reservation_id].claims.append(claim)
    cancelled = {one.record.id: one for one in found if one.record.is_refunded}
    for reservation_id, minor in ledger.kept(tx, list(cancelled)) if cancelled else ():
        one = cancelled[reservation_id]
        one.refund = Money(one.record.once_paid_minor - minor, one.record.currency or "")
    return found
