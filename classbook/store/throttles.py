"""How often something was tried: one row for each thing that is counted, over all processes.

A window begins with the first try and ends some time later, whatever happens in it.
"""

from __future__ import annotations

from datetime import datetime

from classbook.store.database import Tx, from_micros, to_micros


def count(tx: Tx, subject: str, *, most: int, ends_at: datetime) -> datetime | None:
    """Count one more try in its window, or in a new one until ``ends_at``; the end of that window.

    None where there were ``most`` already. However many do this at once, no more than that get through.
    """
    now = to_micros(tx.now)
    rows = tx.rows(
        "INSERT INTO throttles (subject, tries, ends_at) VALUES (?, 1, ?) ON CONFLICT (subject) DO UPDATE SET "
        "tries = CASE WHEN throttles.ends_at <= ? THEN 1 ELSE throttles.tries + 1 END, "
        "ends_at = CASE WHEN throttles.ends_at <= ? THEN excluded.ends_at ELSE throttles.ends_at END "
        "WHERE throttles.ends_at <= ? OR throttles.tries < ? RETURNING ends_at",
        subject, to_micros(ends_at), now, now, now, most,
    )  # fmt: skip
    return from_micros(rows[0][0]) if rows else None


def give_back(tx: Tx, subject: str, ends_at: datetime) -> None:
    """Take back one try of the window that ends then."""
    tx.change(
        "UPDATE throttles SET tries = tries - 1 WHERE subject = ? AND ends_at = ? AND tries > 0",
        subject, to_micros(ends_at),
    )  # fmt: skip


def end_of(tx: Tx, subject: str) -> datetime | None:
    """When the newest window of this subject ends, or ended."""
    rows = tx.rows("SELECT ends_at FROM throttles WHERE subject = ?", subject)
    return from_micros(rows[0][0]) if rows else None


def forget(tx: Tx, *, most: int) -> int:
    """Delete up to ``most`` windows that are over; how many there were."""
    return tx.change(
        "DELETE FROM throttles WHERE subject IN (SELECT subject FROM throttles WHERE ends_at <= ? LIMIT ?)",
        to_micros(tx.now), most,
    )  # fmt: skip
