"""What there is to do, for the daemon: short looks that find work without holding anything."""

from __future__ import annotations

from datetime import datetime

from classbook.store.database import Tx, to_micros


def offerings_with_work(tx: Tx, *, most: int) -> list[int]:
    """Offerings where something is due, the longest overdue first, and cancelled ones that still have live rows."""
    due, cancelled = tx.pipeline(
        (
            "SELECT offering_id FROM (SELECT offering_id, due_at FROM reservations WHERE due_at <= ? "
            "ORDER BY due_at LIMIT 1000) d GROUP BY offering_id ORDER BY min(due_at), offering_id LIMIT ?",
            [to_micros(tx.now), most],
        ),
        (
            "SELECT id FROM offerings o WHERE cancelled_at IS NOT NULL AND EXISTS (SELECT 1 FROM reservations r "
            "WHERE r.offering_id = o.id AND r.due_at > 0) ORDER BY id LIMIT ?",
            [most],
        ),
    )
    return [offering_id for (offering_id,) in due + cancelled]


def offerings_with_hope(tx: Tx, *, most: int) -> list[int]:
    """Offerings where somebody waits beside enough free places, by chance some of them.

    Where every claim has its own time only a closer look could tell, so whoever still waits there counts.
    """
    rows = tx.rows(
        "SELECT o.id FROM offerings o WHERE o.cancelled_at IS NULL AND EXISTS (SELECT 1 FROM reservations r "
        "WHERE r.offering_id = o.id AND r.state = 'queued' AND r.due_at > ? AND (r.party <= ("
        "SELECT max(CASE WHEN p.timed THEN r.party ELSE p.units - (SELECT count(*) FROM claims c "
        "WHERE c.pool_id = p.id AND c.live AND NOT c.timed) END) FROM offering_pools op "
        "JOIN pools p ON p.id = op.pool_id WHERE op.offering_id = o.id))) ORDER BY random() LIMIT ?",
        to_micros(tx.now), most,
    )  # fmt: skip
    return [offering_id for (offering_id,) in rows]


def awaited_by(tx: Tx, person_id: int) -> list[int]:
    """Where somebody waits for a place that has a price."""
    rows = tx.rows(
        "SELECT DISTINCT r.offering_id FROM reservations r JOIN offerings o ON o.id = r.offering_id "
        "WHERE r.person_id = ? AND r.state = 'queued' AND o.price_minor IS NOT NULL ORDER BY r.offering_id",
        person_id,
    )
    return [offering_id for (offering_id,) in rows]


def held_in_vain(tx: Tx, person_id: int) -> list[int]:
    """Where somebody has money in holds that are over."""
    rows = tx.rows(
        "SELECT DISTINCT offering_id FROM reservations WHERE person_id = ? AND state = 'held' AND due_at <= ? "
        "AND price_minor > 0 ORDER BY offering_id",
        person_id, to_micros(tx.now),
    )  # fmt: skip
    return [offering_id for (offering_id,) in rows]


def forget_codes(tx: Tx, before: datetime, *, most: int) -> int:
    """Delete up to ``most`` codes that were over before ``before``; how many there were."""
    return tx.change(
        "DELETE FROM codes WHERE (purpose, subject_id) IN "
        "(SELECT purpose, subject_id FROM codes WHERE expires_at < ? LIMIT ?)",
        to_micros(before), most,
    )  # fmt: skip
