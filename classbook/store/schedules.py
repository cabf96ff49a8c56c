"""Opening hours as they are kept, and what is busy in a window."""

from __future__ import annotations

from collections.abc import Sequence

from classbook.rules.spans import Span
from classbook.store import tables
from classbook.store.database import Tx, from_micros, to_micros


def rules(tx: Tx, offering_id: int) -> list[str]:
    """The rules of an offering as JSON, in order."""
    return [rule for (rule,) in tx.rows("SELECT rule FROM schedules WHERE offering_id = ? ORDER BY n", offering_id)]


def replace(tx: Tx, offering_id: int, kept: Sequence[str]) -> None:
    """Make these the rules of an offering."""
    tx.change("DELETE FROM schedules WHERE offering_id = ?", offering_id)
    rows = [(offering_id, n, rule) for n, rule in enumerate(kept, start=1)]
    tx.write_all(tx.inserting(tables.schedules, "offering_id n rule", rows))


def busy(tx: Tx, offering_id: int, window: Span) -> tuple[int, list[Span]]:
    """How many units an offering's pool has, and the claims on them that meet the window; overdue ones are over."""
    [(pool_id, units, longest)] = tx.rows(
        "SELECT p.id, p.units, p.longest_micros FROM offering_pools o JOIN pools p ON p.id = o.pool_id "
        "WHERE o.offering_id = ?",
        offering_id,
    )
    low, high = to_micros(window.start), to_micros(window.end)
    rows = tx.rows(
        "SELECT c.starts_at, c.ends_at FROM claims c JOIN reservations r ON r.id = c.reservation_id "
        "WHERE c.pool_id = ? AND c.live AND c.timed AND c.starts_at < ? AND c.starts_at > ? AND c.ends_at > ? "
        "AND NOT (r.due_at IS NOT NULL AND r.due_at <= ? "
        "AND (r.state = 'held' OR (r.check_in AND r.checked_in_at IS NULL)))",
        pool_id, high, low - longest, low, to_micros(tx.now),
    )  # fmt: skip
    return units, [Span(from_micros(start), from_micros(end)) for start, end in rows]
