"""Every invariant as a query that must find nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classbook.rules.states import ARROWS, LIVE, TAKEN
from classbook.store.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must be true, and the query that finds where it is not."""

    name: str
    query: str


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_ARROWS: Final = " OR ".join(
    f"(m.from_state = '{before}' AND m.action = '{action}' AND m.to_state = '{after}')"
    for before, actions in ARROWS.items()
    for action, after in actions.items()
)

INVARIANTS: Final = (
    Invariant(
        "no unit of a pool is taken twice at a time",
        "SELECT a.pool_id, a.unit, a.reservation_id, b.reservation_id FROM claims a JOIN claims b "
        "ON b.pool_id = a.pool_id AND b.unit = a.unit AND a.live AND b.live AND a.timed AND b.timed "
        "AND (a.reservation_id < b.reservation_id OR (a.reservation_id = b.reservation_id AND a.n < b.n)) "
        "AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at",
    ),
    Invariant(
        "no place of an offering is taken twice",
        "SELECT pool_id, unit, count(*) FROM claims WHERE live AND NOT timed GROUP BY pool_id, unit "
        "HAVING count(*) > 1",
    ),
    Invariant(
        "no unit beyond a pool's size is taken",
        # What is completed stays on the unit it had, though that may be gone since.
        "SELECT c.pool_id, c.unit FROM claims c JOIN pools p ON p.id = c.pool_id "
        "JOIN reservations r ON r.id = c.reservation_id "
        f"WHERE c.live AND c.unit > p.units AND r.state IN ({_words(LIVE)})",
    ),
    Invariant(
        "only reservations that take places have live claims",
        "SELECT r.id, r.state FROM reservations r JOIN claims c ON c.reservation_id = r.id "
        f"WHERE c.live AND r.state NOT IN ({_words(TAKEN)})",
    ),
    Invariant(
        "a reservation that takes places has one live claim for each",
        "SELECT r.id, r.party FROM reservations r "
        f"WHERE r.person_id IS NOT NULL AND r.state IN ({_words(TAKEN)}) "
        "AND r.party <> (SELECT count(*) FROM claims c WHERE c.reservation_id = r.id AND c.live)",
    ),
    Invariant(
        "no pool has a longer claim than it remembers",
        "SELECT p.id FROM pools p JOIN claims c ON c.pool_id = p.id "
        "WHERE c.timed AND c.ends_at - c.starts_at > p.longest_micros",
    ),
    Invariant(
        "claims on places share their reservation's time",
        "SELECT r.id FROM reservations r JOIN claims c ON c.reservation_id = r.id WHERE c.live AND NOT c.timed "
        "AND (c.starts_at <> r.starts_at OR c.ends_at <> r.ends_at)",
    ),
    Invariant(
        "nobody has two live reservations where one is allowed",
        "SELECT offering_id, person_id, count(*) FROM reservations "
        f"WHERE once AND state IN ({_words(LIVE)}) GROUP BY offering_id, person_id HAVING count(*) > 1",
    ),
    Invariant(
        "no hold outlasts the start",
        "SELECT id FROM reservations WHERE state = 'held' AND due_at > starts_at",
    ),
    Invariant(
        "every step of a reservation is on record",
        "SELECT r.id, r.steps FROM reservations r WHERE r.steps <> "
        "(SELECT count(*) FROM moves m WHERE m.reservation_id = r.id AND m.n BETWEEN 1 AND r.steps)",
    ),
    Invariant(
        "the last step on record led to the present state",
        "SELECT r.id, r.state, m.to_state FROM reservations r JOIN moves m ON m.reservation_id = r.id "
        "AND m.n = r.steps WHERE m.to_state <> r.state",
    ),
    Invariant(
        "every step began where the one before it ended",
        "SELECT m.reservation_id, m.n FROM moves m JOIN moves b ON b.reservation_id = m.reservation_id "
        "AND b.n = m.n - 1 WHERE m.from_state <> b.to_state",
    ),
    Invariant(
        "every step follows an arrow of the state table",
        f"SELECT m.reservation_id, m.n FROM moves m WHERE m.from_state IS NOT NULL "
        f"AND NOT (m.action IN ('move', 'check_in') AND m.from_state = m.to_state) AND NOT ({_ARROWS})",
    ),
    Invariant(
        "every step belongs to a reservation",
        "SELECT m.reservation_id FROM moves m LEFT JOIN reservations r ON r.id = m.reservation_id "
        "WHERE r.id IS NULL OR m.n > r.steps",
    ),
    Invariant(
        "every hold and every confirmation was told by one mail",
        "SELECT m.reservation_id, m.action FROM moves m JOIN reservations r ON r.id = m.reservation_id "
        "WHERE r.person_id IS NOT NULL AND m.action IN ('confirm', 'lapse') AND 1 <> (SELECT count(*) FROM messages g "
        "WHERE g.reservation_id = m.reservation_id "
        "AND g.kind = CASE m.action WHEN 'confirm' THEN 'confirmed' ELSE 'expired' END)",
    ),
    Invariant(
        "every mail is about something there is",
        "SELECT g.id FROM messages g LEFT JOIN reservations r ON r.id = g.reservation_id "
        "WHERE g.reservation_id IS NOT NULL AND r.id IS NULL",
    ),
    Invariant(
        "no two mails share a Message-ID",
        "SELECT message_id, count(*) FROM messages GROUP BY message_id HAVING count(*) > 1",
    ),
    Invariant(
        "every offering has something to sell",
        "SELECT o.id FROM offerings o LEFT JOIN offering_pools p ON p.offering_id = o.id WHERE p.pool_id IS NULL",
    ),
)


def breaches(tx: Tx, invariant: Invariant, *, most: int) -> list[Row]:
    """Up to ``most`` rows where the invariant does not hold."""
    return tx.rows(f"{invariant.query} LIMIT {most}")
