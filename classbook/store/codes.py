"""One-time codes outside the booking path (there, a batch loads and writes them: `store.reservations`)."""

from __future__ import annotations

from classbook.store.database import Tx
from classbook.store.records import CODE_COLUMNS, CodeRecord


def find(tx: Tx, purpose: str, subject_id: int) -> CodeRecord | None:
    rows = tx.rows(f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = ? AND subject_id = ?", purpose, subject_id)
    return CodeRecord.of(rows[0]) if rows else None
