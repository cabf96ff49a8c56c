"""The outbox: mails written beside the changes they tell of, and how their sending goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from classbook.store.database import Row, Tx, from_micros, is_id, to_micros
from classbook.store.records import CodeRecord, Letter, instant
from classbook.store.saving import posting

_COLUMNS: Final = (
    "m.id, m.kind, m.address, m.facts, m.message_id, m.state, m.attempts, m.created_at, m.sent_at, m.last_error, "
    "m.request_id, m.lease_token, p.name, r.id, r.state, r.party, r.due_at, o.title, "
    "coalesce(r.starts_at, o.starts_at), coalesce(r.ends_at, o.ends_at), coalesce(o.timezone, p.timezone), "
    "coalesce(c.purpose, a.purpose), coalesce(c.subject_id, 0), coalesce(c.nonce, a.nonce), coalesce(c.serial, 1), "
    "coalesce(c.guesses, a.guesses), coalesce(c.expires_at, a.expires_at)"
)
_FORGOTTEN: Final = "mails that say nothing any more, up to this id"
_JOINS: Final = (
    "FROM messages m LEFT JOIN people p ON p.id = m.person_id LEFT JOIN reservations r ON r.id = m.reservation_id "
    "LEFT JOIN offerings o ON o.id = m.offering_id LEFT JOIN attempts a ON a.nonce = m.attempt "
    "LEFT JOIN codes c ON c.purpose = 'confirm' AND m.kind IN ('held', 'offered') AND c.subject_id = m.reservation_id"
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail in the outbox, with what its text needs as things are now."""

    id: int
    kind: str
    address: str
    facts: dict[str, Any]
    message_id: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None
    request_id: str | None
    lease_token: str | None
    name: str | None
    reservation_id: int | None
    reservation_state: str | None
    party: int | None
    due_at: datetime | None
    title: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str | None
    code: CodeRecord | None

    @classmethod
    def of(cls, row: Row) -> Posted:
        (id, kind, address, facts, message_id, state, attempts, created_at, sent_at, last_error, request_id,
         lease_token, name, reservation_id, reservation_state, party, due_at, title, starts_at, ends_at, timezone,
         *_) = row  # fmt: skip
        code = CodeRecord.of(row[-6:]) if row[-6] else None
        return cls(
            id, kind, address, json.loads(facts), message_id, state, attempts, from_micros(created_at),
            instant(sent_at), last_error, request_id, lease_token, name, reservation_id, reservation_state, party,
            instant(due_at), title, instant(starts_at), instant(ends_at), timezone, code,
        )  # fmt: skip


def post(tx: Tx, *letters: Letter) -> None:
    """Put letters into the outbox, in the transaction of what they tell of."""
    tx.write_all(posting(tx, letters, tx.now))


def post_to_live(
    tx: Tx, offering_id: int, kind: str, facts: dict[str, Any], *, new_message_id: Callable[[], str], request_id: str
) -> None:
    """A letter to everybody who has a live reservation of an offering."""
    rows = tx.rows(
        "SELECT r.id, p.id, p.email FROM reservations r JOIN people p ON p.id = r.person_id "
        "WHERE r.offering_id = ? AND r.due_at > ? ORDER BY r.id",
        offering_id, to_micros(tx.now),
    )  # fmt: skip
    said = json.dumps(facts)
    post(
        tx,
        *(
            Letter(kind, email, new_message_id(), person_id, reservation_id, offering_id, said, request_id or None)
            for reservation_id, person_id, email in rows
        ),
    )


def by_id(tx: Tx, message_id: int) -> Posted | None:
    if not is_id(message_id):
        return None
    rows = tx.rows(f"SELECT {_COLUMNS} {_JOINS} WHERE m.id = ?", message_id)
    return Posted.of(rows[0]) if rows else None


def page(tx: Tx, *, state: str | None, before_id: int, limit: int) -> list[Posted]:
    """Mails, newest first, older than ``before_id``."""
    condition, values = ("m.state = ? AND ", [state]) if state else ("", [])
    rows = tx.rows(
        f"SELECT {_COLUMNS} {_JOINS} WHERE {condition}m.id < ? ORDER BY m.id DESC LIMIT ?", *values, before_id, limit
    )
    return [Posted.of(row) for row in rows]


def to_person(tx: Tx, person_id: int, address: str, *, before_id: int, limit: int) -> list[Posted]:
    """Mails to a person, newest first, older than ``before_id``; also those written before they had an account."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} {_JOINS} WHERE (m.person_id = ? OR m.address = ?) AND m.id < ? ORDER BY m.id DESC LIMIT ?",
        person_id, address, before_id, limit,
    )  # fmt: skip
    return [Posted.of(row) for row in rows]


def lease(tx: Tx, *, token: str, until: datetime) -> Posted | None:
    """Claim the mail that has waited longest; it is ours until ``until``, then anybody's again."""
    rows = tx.rows(
        "SELECT id FROM messages WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT 1 "
        "FOR NO KEY UPDATE SKIP LOCKED",
        to_micros(tx.now),
    )
    for (message_id,) in rows:
        tx.change(
            "UPDATE messages SET lease_token = ?, due_at = ?, attempts = attempts + 1 WHERE id = ?",
            token, to_micros(until), message_id,
        )  # fmt: skip
        return by_id(tx, message_id)
    return None


def mark_sent(tx: Tx, posted: Posted) -> bool:
    """Record the sending; False where the lease had passed to somebody else."""
    return _settle(tx, posted, "state = 'sent', due_at = NULL, sent_at = ?, last_error = NULL", [to_micros(tx.now)])


def mark_dead(tx: Tx, posted: Posted, error: str) -> bool:
    """Give up on a mail; `classbook mail list` shows it."""
    return _settle(tx, posted, "state = 'dead', due_at = NULL, last_error = ?", [error])


def postpone(tx: Tx, posted: Posted, error: str, *, until: datetime) -> bool:
    """Try again later."""
    return _settle(tx, posted, "due_at = ?, last_error = ?", [to_micros(until), error])


def revive(tx: Tx, message_id: int) -> bool:
    """Make a mail wait for its sending again, now; False for one that was sent."""
    changed = tx.change(
        "UPDATE messages SET state = 'waiting', due_at = ?, lease_token = NULL "
        "WHERE id = ? AND state <> 'sent' AND address <> ''",
        to_micros(tx.now), message_id,
    )  # fmt: skip
    return changed == 1


def forget(tx: Tx, ids: Sequence[int]) -> int:
    """Take away what mails said and where they went; what still waits is not sent. How many there were.

    That a step was told of is one of the invariants, so their rows stay.
    """
    return tx.change(
        "UPDATE messages SET address = '', facts = '{}', last_error = NULL, lease_token = NULL, due_at = NULL, "
        "state = CASE state WHEN 'waiting' THEN 'dead' ELSE state END WHERE id AMONG ?",
        list(ids),
    )


def forget_before(tx: Tx, before: datetime, *, most: int) -> int:
    """The same for up to ``most`` mails that were written before ``before`` and are over; how many were looked at.

    Up to which id that is done is remembered, so that each is looked at once.
    """
    rows = tx.rows(
        "SELECT id FROM messages WHERE id > ? AND created_at < ? AND state <> 'waiting' ORDER BY id LIMIT ?",
        tx.memory.get(_FORGOTTEN, 0), to_micros(before), most,
    )  # fmt: skip
    forget(tx, [id for (id,) in rows])
    if rows:
        tx.memory[_FORGOTTEN] = rows[-1][0]
    return len(rows)


def _settle(tx: Tx, posted: Posted, changes: str, values: Sequence[Any]) -> bool:
    """End a lease, if it is still ours: the token is the fence."""
    changed = tx.change(
        f"UPDATE messages SET lease_token = NULL, {changes} WHERE id = ? AND lease_token = ?",
        *values, posted.id, posted.lease_token,
    )  # fmt: skip
    return changed == 1
