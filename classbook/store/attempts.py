"""What somebody wants to do with an address until a mailed code proves that it is theirs: sign up, or a new password.

An attempt is known by its nonce, which is never used again, so that a late mail cannot tell the code of another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from classbook.store.database import Row, Tx, from_micros, to_micros
from classbook.store.records import CodeRecord

COLUMNS: Final = "nonce, purpose, email, name, password_hash, guesses, expires_at"


@dataclass(frozen=True, slots=True)
class Attempt:
    """``name`` and ``password_hash`` are what the person will have who signs up."""

    nonce: str
    purpose: str
    email: str
    name: str | None
    password_hash: str | None
    guesses: int
    expires_at: datetime

    @classmethod
    def of(cls, row: Row) -> Attempt:
        nonce, purpose, email, name, password_hash, guesses, expires_at = row
        return cls(nonce, purpose, email, name, password_hash, guesses, from_micros(expires_at))

    @property
    def code(self) -> CodeRecord:
        """What its code is derived from."""
        return CodeRecord(self.purpose, 0, self.nonce, 1, self.guesses, self.expires_at)


def add(tx: Tx, attempt: Attempt) -> None:
    tx.change(
        f"INSERT INTO attempts ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        attempt.nonce, attempt.purpose, attempt.email, attempt.name, attempt.password_hash, attempt.guesses,
        to_micros(attempt.expires_at),
    )  # fmt: skip


def count_guess(tx: Tx, purpose: str, email: str, *, most: int) -> list[Attempt]:
    """Count a guess before it is compared; the attempts it may be compared with, which had fewer than ``most``."""
    rows = tx.rows(
        "UPDATE attempts SET guesses = guesses + 1 WHERE email = ? AND purpose = ? AND expires_at > ? AND guesses < ? "
        f"RETURNING {COLUMNS}",
        email, purpose, to_micros(tx.now), most,
    )  # fmt: skip
    return [Attempt.of(row) for row in rows]


def take(tx: Tx, attempt: Attempt) -> bool:
    """Use an attempt up, and end all others with its address and purpose; False where somebody was faster."""
    if tx.change("DELETE FROM attempts WHERE nonce = ?", attempt.nonce) != 1:
        return False
    tx.change("DELETE FROM attempts WHERE email = ? AND purpose = ?", attempt.email, attempt.purpose)
    return True


def forget(tx: Tx, *, most: int) -> int:
    """Delete up to ``most`` attempts that are over; how many there were."""
    return tx.change(
        "DELETE FROM attempts WHERE nonce IN (SELECT nonce FROM attempts WHERE expires_at <= ? LIMIT ?)",
        to_micros(tx.now), most,
    )  # fmt: skip
