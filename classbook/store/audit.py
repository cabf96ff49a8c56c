"""Every invariant as a query that must find nothing, and for some the statement that makes it true again.

Repaired is only what follows from something else that is on record: states and history are the truth, and nobody
writes those but who is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classbook.rules.states import ARROWS, LIVE, TAKEN
from classbook.store.database import Row, Tx, to_micros


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must be true, and the query that finds where it is not; ``:now`` is the time in it."""

    name: str
    query: str
    repair: str | None = None
    """The statement that makes it true, where something else on record says how."""
    repaired: str = ""
    """What that does to each row it changes."""


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_ARROWS: Final = " OR ".join(
    f"(m.from_state = '{before}' AND m.action = '{action}' AND m.to_state = '{after}')"
    for before, actions in ARROWS.items()
    for action, after in actions.items()
)

_TELLS_OF: Final = {
    "queued": "queue",
    "confirmed": "confirm",
    "active": "confirm",
    "expired": "lapse",
    "cancelled": "cancel",
    "moved": "move",
}
"""Kinds of mail, and the step that each tells of."""
_STEP_TOLD: Final = " ".join(f"WHEN '{kind}' THEN '{action}'" for kind, action in _TELLS_OF.items())

_RESOLVED: Final = "q.first_id = p.id AND q.kind = 'payment' AND q.state <> 'pending'"
_IS_OPEN: Final = f"NOT EXISTS (SELECT 1 FROM transfers q WHERE {_RESOLVED})"
_KEPT: Final = (
    "SELECT count(*) FROM transfers p JOIN transfers q "
    f"ON {_RESOLVED} AND q.state = 'posted' WHERE p.reservation_id = r.id AND p.state = 'pending'"
)
# What was paid for a reservation (r) and did not come back.
_PAID: Final = (
    "((SELECT coalesce(sum(q.amount_minor), 0) FROM transfers p JOIN transfers q "
    f"ON {_RESOLVED} AND q.state = 'posted' WHERE p.reservation_id = r.id AND p.state = 'pending' "
    "AND p.currency = r.currency) - (SELECT coalesce(sum(b.amount_minor), 0) FROM transfers p "
    "JOIN transfers b ON b.first_id = p.id AND b.kind = 'refund' WHERE p.reservation_id = r.id "
    "AND p.state = 'pending'))"
)
_ONCE_PAID: Final = "coalesce(r.price_minor, 0) + coalesce(r.forfeited_minor, 0)"
_HAS_MONEY: Final = (
    "(r.price_minor IS NOT NULL OR EXISTS (SELECT 1 FROM transfers p WHERE p.reservation_id = r.id "
    "AND p.state = 'pending'))"
)
_OF_ITS_PRICE: Final = "p.amount_minor = r.price_minor AND p.currency = r.currency"

LEDGER: Final = (
    Invariant(
        "what people have is the sum of their posted rows",
        "SELECT w.id, w.balance_minor, e.sum FROM wallets w LEFT JOIN (SELECT id, sum(minor) AS sum FROM ("
        "SELECT from_id AS id, - amount_minor AS minor FROM transfers WHERE state = 'posted' "
        "UNION ALL SELECT to_id, amount_minor FROM transfers WHERE state = 'posted') s GROUP BY id) e ON e.id = w.id "
        "WHERE w.account = 'person' AND w.balance_minor <> coalesce(e.sum, 0)",
    ),
    Invariant(
        "what of it is held is the sum of their pending rows",
        "SELECT w.id, w.held_minor, e.sum FROM wallets w LEFT JOIN (SELECT p.from_id, sum(p.amount_minor) AS sum "
        f"FROM transfers p WHERE p.state = 'pending' AND {_IS_OPEN} GROUP BY p.from_id) e ON e.from_id = w.id "
        "WHERE w.account = 'person' AND w.held_minor <> coalesce(e.sum, 0)",
    ),
    Invariant(
        "all wallets of a currency add up to nothing",
        "SELECT currency, sum(minor) FROM (SELECT currency, balance_minor AS minor FROM wallets "
        "WHERE account = 'person' UNION ALL SELECT w.currency, - t.amount_minor FROM transfers t "
        "JOIN wallets w ON w.id = t.from_id WHERE t.state = 'posted' AND w.account <> 'person' "
        "UNION ALL SELECT w.currency, t.amount_minor FROM transfers t JOIN wallets w ON w.id = t.to_id "
        "WHERE t.state = 'posted' AND w.account <> 'person') s GROUP BY currency HAVING sum(minor) <> 0",
    ),
    Invariant(
        "money moves between two wallets of its currency",
        "SELECT t.id FROM transfers t LEFT JOIN wallets f ON f.id = t.from_id AND f.currency = t.currency "
        "LEFT JOIN wallets w ON w.id = t.to_id AND w.currency = t.currency WHERE f.id IS NULL OR w.id IS NULL",
    ),
    Invariant(
        "a payment is posted or voided once at most",
        "SELECT q.first_id, count(*) FROM transfers q WHERE q.kind = 'payment' AND q.state <> 'pending' "
        "GROUP BY q.first_id HAVING count(*) > 1",
    ),
    Invariant(
        "what is posted, voided or refunded was pending before",
        "SELECT t.id FROM transfers t LEFT JOIN transfers p ON p.id = t.first_id AND p.state = 'pending' "
        "AND p.reservation_id = t.reservation_id AND p.n = t.n AND p.currency = t.currency AND (("
        "t.kind = 'payment' AND p.from_id = t.from_id AND p.to_id = t.to_id AND p.amount_minor = t.amount_minor) "
        "OR (t.kind = 'refund' AND p.from_id = t.to_id AND p.to_id = t.from_id)) "
        "WHERE t.first_id IS NOT NULL AND p.id IS NULL",
    ),
    Invariant(
        "no more is refunded than was paid",
        "SELECT t.first_id, sum(t.amount_minor) FROM transfers t WHERE t.kind = 'refund' GROUP BY t.first_id "
        "HAVING sum(t.amount_minor) > coalesce((SELECT q.amount_minor FROM transfers q WHERE q.first_id = t.first_id "
        "AND q.kind = 'payment' AND q.state <> 'pending' AND q.state = 'posted'), 0)",
    ),
    Invariant(
        "a reservation is paid from what its person can spend",
        "SELECT p.id FROM transfers p LEFT JOIN reservations r ON r.id = p.reservation_id "
        "LEFT JOIN wallets w ON w.id = p.from_id AND w.account = 'person' AND w.person_id = r.person_id "
        "WHERE p.state = 'pending' AND w.id IS NULL",
    ),
    Invariant(
        "every priced hold has one open payment, of its price",
        "SELECT r.id, r.price_minor FROM reservations r WHERE r.state = 'held' AND r.price_minor > 0 "
        f"AND 1 <> (SELECT count(*) FROM transfers p WHERE p.reservation_id = r.id AND p.state = 'pending' "
        f"AND {_OF_ITS_PRICE} AND {_IS_OPEN})",
    ),
    Invariant(
        "no payment is open for what is not held",
        "SELECT p.id, r.id, r.state FROM transfers p JOIN reservations r ON r.id = p.reservation_id "
        f"WHERE p.state = 'pending' AND r.state <> 'held' AND {_IS_OPEN}",
    ),
    Invariant(
        "what is confirmed is paid, and what was forfeited was",
        f"SELECT r.id, r.price_minor FROM reservations r WHERE r.person_id IS NOT NULL AND {_HAS_MONEY} "
        "AND (r.state IN ('confirmed', 'completed') OR (r.state = 'expired' AND r.confirmed_at IS NOT NULL)) "
        f"AND {_PAID} <> {_ONCE_PAID}",
    ),
    Invariant(
        "of what was cancelled no more comes back than its price, and nothing that was forfeited",
        f"SELECT r.id, r.price_minor FROM reservations r WHERE r.state = 'cancelled' AND r.confirmed_at IS NOT NULL "
        f"AND {_HAS_MONEY} AND NOT {_PAID} BETWEEN coalesce(r.forfeited_minor, 0) AND {_ONCE_PAID}",
    ),
    Invariant(
        "who had paid for what was called off has all of it back",
        "SELECT r.id, r.price_minor FROM reservations r JOIN offerings o ON o.id = r.offering_id "
        "JOIN moves m ON m.reservation_id = r.id AND m.n = r.steps AND m.at > o.cancelled_at "
        "WHERE r.state = 'cancelled' AND r.confirmed_at IS NOT NULL AND r.price_minor > 0 "
        f"AND {_PAID} > coalesce(r.forfeited_minor, 0)",
    ),
    Invariant(
        "a price is what its places cost, less what a voucher takes off",
        f"SELECT r.id, r.price_minor FROM reservations r WHERE r.state IN ({_words(TAKEN)}) "
        "AND r.person_id IS NOT NULL AND coalesce(r.price_minor + coalesce(r.discount_minor, 0), 0) <> ("
        "SELECT coalesce(sum(c.price_minor), 0) FROM claims c WHERE c.reservation_id = r.id AND c.live)",
    ),
    Invariant(
        "what was never confirmed was never paid",
        f"SELECT r.id, r.state FROM reservations r WHERE r.confirmed_at IS NULL AND 0 <> ({_KEPT})",
    ),
)

SERVED: Final = "nobody waits beside a place that would do"
"""What the daemon's own step makes true."""
# Enough money without what is held in vain, so that who is named here can pay whatever time does next.
_CAN_PAY: Final = (
    "(o.price_minor IS NULL OR EXISTS (SELECT 1 FROM wallets w WHERE w.person_id = r.person_id "
    "AND w.account = 'person' AND w.currency = o.currency "
    "AND w.balance_minor - w.held_minor >= o.price_minor * r.party))"
)
# Where every claim has its own time, those near it count as if all of them met it: near is as far as a claim was ever
# long, which no buffer exceeds. Seats next to each other are no number, so nothing is said of stands.
_FREE: Final = (
    "p.units - (SELECT count(*) FROM claims c WHERE c.pool_id = p.id AND c.live AND (NOT c.timed OR "
    "(c.starts_at < r.ends_at + p.longest_micros AND c.ends_at > r.starts_at - p.longest_micros)))"
)

VOUCHERS: Final = (
    Invariant(
        "no voucher is used more often than it may be",
        "SELECT v.id, v.uses, u.used FROM vouchers v JOIN (SELECT voucher_id, count(*) AS used FROM reservations "
        f"WHERE voucher_id IS NOT NULL AND state IN ({_words(LIVE)}, 'completed') GROUP BY voucher_id) u "
        "ON u.voucher_id = v.id WHERE u.used > v.uses",
    ),
    Invariant(
        "nobody uses a voucher more often than one person may",
        "SELECT v.id, u.person_id, u.used FROM vouchers v JOIN (SELECT voucher_id, person_id, count(*) AS used "
        f"FROM reservations WHERE voucher_id IS NOT NULL AND state IN ({_words(LIVE)}, 'completed') "
        "GROUP BY voucher_id, person_id) u ON u.voucher_id = v.id WHERE u.used > v.per_person",
    ),
    Invariant(
        "what a voucher takes off is what it says, of an offering it is for",
        "SELECT r.id, r.discount_minor FROM reservations r LEFT JOIN vouchers v ON v.id = r.voucher_id "
        "WHERE r.voucher_id IS NOT NULL AND (v.id IS NULL OR v.offering_id <> r.offering_id "
        "OR (v.amount_minor IS NOT NULL AND r.discount_minor IS NOT NULL AND (v.currency <> r.currency "
        "OR r.discount_minor > v.amount_minor OR (r.discount_minor < v.amount_minor AND r.price_minor > 0))) "
        "OR (v.percent IS NOT NULL AND r.discount_minor <> (r.price_minor + r.discount_minor) * v.percent / 100))",
    ),
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
        repair="UPDATE claims SET live = false WHERE live AND reservation_id IN "
        f"(SELECT id FROM reservations WHERE state NOT IN ({_words(TAKEN)}))",
        repaired="set free",
    ),
    Invariant(
        "a reservation that takes places has one live claim for each",
        "SELECT r.id, r.party FROM reservations r "
        f"WHERE r.state IN ({_words(TAKEN)}) "
        "AND r.party <> (SELECT count(*) FROM claims c WHERE c.reservation_id = r.id AND c.live)",
    ),
    Invariant(
        "no pool has a longer claim than it remembers",
        "SELECT p.id FROM pools p JOIN claims c ON c.pool_id = p.id "
        "WHERE c.timed AND c.ends_at - c.starts_at > p.longest_micros",
        repair="UPDATE pools SET longest_micros = (SELECT max(c.ends_at - c.starts_at) FROM claims c "
        "WHERE c.pool_id = pools.id AND c.timed) WHERE longest_micros < (SELECT max(c.ends_at - c.starts_at) "
        "FROM claims c WHERE c.pool_id = pools.id AND c.timed)",
        repaired="reminded",
    ),
    Invariant(
        "a claim has a time of its own where its pool sells times",
        "SELECT c.reservation_id, c.n FROM claims c JOIN pools p ON p.id = c.pool_id WHERE c.timed <> p.timed",
    ),
    Invariant(
        "what is taken is taken for the whole time of its reservation",
        "SELECT r.id FROM reservations r JOIN claims c ON c.reservation_id = r.id WHERE c.live AND c.timed "
        "AND (c.starts_at > r.starts_at OR c.ends_at < r.ends_at)",
    ),
    Invariant(
        "a seat that is taken and still to come is in the plan",
        "SELECT c.pool_id, c.unit FROM claims c JOIN pools p ON p.id = c.pool_id AND p.plan_version > 0 "
        "LEFT JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit "
        "WHERE c.live AND c.ends_at > :now AND s.unit IS NULL",
    ),
    Invariant(
        SERVED,
        "SELECT r.id, r.offering_id FROM reservations r JOIN offerings o ON o.id = r.offering_id "
        "JOIN offering_pools op ON op.offering_id = o.id JOIN pools p ON p.id = op.pool_id "
        "WHERE r.state = 'queued' AND r.due_at > :now AND o.cancelled_at IS NULL AND p.plan_version = 0 "
        f"AND r.party <= {_FREE} AND {_CAN_PAY} "
        "AND NOT EXISTS (SELECT 1 FROM reservations d WHERE d.offering_id = o.id AND d.due_at <= :now)",
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
        f"AND NOT (m.action IN ('move', 'check_in', 'resend') AND m.from_state = m.to_state) AND NOT ({_ARROWS})",
    ),
    Invariant(
        "every step belongs to a reservation",
        "SELECT m.reservation_id FROM moves m LEFT JOIN reservations r ON r.id = m.reservation_id "
        "WHERE r.id IS NULL OR m.n > r.steps",
    ),
    Invariant(
        "every step that people are told of was told by one mail",
        "SELECT s.reservation_id, s.action FROM (SELECT reservation_id, action, count(*) AS times FROM moves "
        f"WHERE action IN ({_words(tuple(_TELLS_OF.values()))}) GROUP BY reservation_id, action) s "
        "JOIN reservations r ON r.id = s.reservation_id WHERE r.person_id IS NOT NULL AND s.times <> "
        "(SELECT count(*) FROM messages g WHERE g.reservation_id = s.reservation_id "
        f"AND CASE g.kind {_STEP_TOLD} END = s.action)",
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
    *LEDGER,
    *VOUCHERS,
)


def breaches(tx: Tx, invariant: Invariant, *, most: int) -> list[Row]:
    """Up to ``most`` rows where the invariant does not hold."""
    return tx.rows(f"{invariant.query.replace(':now', str(to_micros(tx.now)))} LIMIT {most}")


def repair(tx: Tx, invariant: Invariant) -> int:
    """Make an invariant true again; how many rows that changed."""
    assert invariant.repair is not None
    return tx.change(invariant.repair)
