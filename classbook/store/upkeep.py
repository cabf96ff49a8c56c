"""What there is to do, for the daemon: short looks that find work without holding anything."""

from __future__ import annotations

from datetime import datetime

from classbook.store.database import Tx, to_micros


def offerings_with_work(tx: Tx, *, most: int) -> list[int]:
    """Offerings where something is due, the longest overdue first, and cancelled ones that still have live rows."""
    due, cancelled = tx.pipeline(
        (
            "SELECT offering_id FROM (SELECT offering_id, due_at FROM reservations WHERE due_at <= ? "
            "ORDER BY due_at LIMIT 1000) d GROUP BY offering_id ORDER BY min(due_at) LIMIT ?",
            [to_micros(tx.now), most],
        ),
        (
            "SELECT id FROM offerings o WHERE cancelled_at IS NOT NULL AND EXISTS (SELECT 1 FROM reservations r "
            "WHERE r.offering_id = o.id AND r.due_at > 0) ORDER BY id LIMIT ?",
            [most],
        ),
    )
    return [offering_id for (offering_id,) in due + cancelled]


def forget_codes(tx: Tx, before: datetime, *, most: int) -> int:
    """Delete up to ``most`` codes that were over before ``before``; how many there were."""
    return tx.change(
        "DELETE FROM codes WHERE (purpose, subject_id) IN "
        "(SELECT purpose, subject_id FROM codes WHERE expires_at < ? LIMIT ?)",
        to_micros(before), most,
    )  # fmt: skip
