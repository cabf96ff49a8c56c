"""One-time codes outside the booking path (there, a batch loads and writes them: `store.loading`, `store.saving`)."""

from __future__ import annotations

from datetime import datetime

from classbook.store.database import Tx, to_micros
from classbook.store.records import CODE_COLUMNS, CodeRecord


def find(tx: Tx, purpose: str, subject_id: int) -> CodeRecord | None:
    rows = tx.rows(f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = ? AND subject_id = ?", purpose, subject_id)
    return CodeRecord.of(rows[0]) if rows else None


def renew(tx: Tx, purpose: str, subject_id: int, *, nonce: str, until: datetime) -> None:
    """Make what was derived before void. Where there is no row, what has the serial number 1 was never written down."""
    tx.change(
        f"INSERT INTO codes ({CODE_COLUMNS}) VALUES (?, ?, ?, 2, 0, ?) ON CONFLICT (purpose, subject_id) "
        "DO UPDATE SET serial = codes.serial + 1, nonce = excluded.nonce",
        purpose, subject_id, nonce, to_micros(until),
    )  # fmt: skip
