"""One-time codes outside the booking path (there, a batch loads and writes them: `store.reservations`)."""

from __future__ import annotations

from classbook.store.database import Tx, to_micros
from classbook.store.records import CODE_COLUMNS, CodeRecord


def find(tx: Tx, purpose: str, subject_id: int) -> CodeRecord | None:
    rows = tx.rows(f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = ? AND subject_id = ?", purpose, subject_id)
    return CodeRecord.of(rows[0]) if rows else None


def put(tx: Tx, code: CodeRecord) -> None:
    """Make this the newest code of its subject."""
    tx.change(
        "INSERT INTO codes (purpose, subject_id, nonce, serial, guesses, expires_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (purpose, subject_id) DO UPDATE SET nonce = excluded.nonce, serial = excluded.serial, "
        "guesses = excluded.guesses, expires_at = excluded.expires_at",
        code.purpose, code.subject_id, code.nonce, code.serial, code.guesses, to_micros(code.expires_at),
    )  # fmt: skip


def count_guess(tx: Tx, code: CodeRecord, *, most: int) -> bool:
    """Count a guess before it is compared; False where there were ``most`` already."""
    return tx.change(
        "UPDATE codes SET guesses = guesses + 1 WHERE purpose = ? AND subject_id = ? AND serial = ? AND guesses < ?",
        code.purpose, code.subject_id, code.serial, most,
    ) == 1  # fmt: skip


def remove(tx: Tx, purpose: str, subject_id: int) -> None:
    tx.change("DELETE FROM codes WHERE purpose = ? AND subject_id = ?", purpose, subject_id)
