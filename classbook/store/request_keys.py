"""The answers that request keys remember."""

from __future__ import annotations

from datetime import datetime

from classbook.store.database import Tx, to_micros
from classbook.store.records import StoredAnswer


def find(tx: Tx, person_id: int, key: str) -> StoredAnswer | None:
    rows = tx.rows(
        "SELECT person_id, key, body_hash, answer FROM request_keys WHERE person_id = ? AND key = ?", person_id, key
    )
    return StoredAnswer(*rows[0]) if rows else None


def add(tx: Tx, answer: StoredAnswer, now: datetime) -> None:
    tx.change(
        "INSERT INTO request_keys (person_id, key, body_hash, answer, created_at) VALUES (?, ?, ?, ?, ?)",
        answer.person_id, answer.key, answer.body_hash, answer.answer, to_micros(now),
    )  # fmt: skip


def forget(tx: Tx, before: datetime, *, most: int) -> int:
    """Delete up to ``most`` answers older than ``before``; how many there were."""
    return tx.change(
        "DELETE FROM request_keys WHERE (person_id, key) IN "
        "(SELECT person_id, key FROM request_keys WHERE created_at < ? LIMIT ?)",
        to_micros(before), most,
    )  # fmt: skip
