"""The ledger on the booking path: the wallets a batch needs are locked and loaded, and the rows it decided are written.

A payment has two phases, as TigerBeetle's transfers have: a *pending* row reserves the money when places are held, and
one more row that points back at it *posts* it (the money moves) or *voids* it (it is free again). A refund is a posted
row the other way that points at the same first row. The database counts (`store.ledger_guards`).

People's wallets are locked, all of a transaction in the order of their ids, before the first row is written and before
the ids of new rows are drawn: so the rows of one wallet are in the order in which they were committed. The accounts of
those who earn keep no figures and are never locked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from classbook.store import tables
from classbook.store.database import Row, TryAgain, Tx, to_micros
from classbook.store.records import OFFERING_COLUMNS, RESERVATION_COLUMNS, OfferingRecord, ReservationRecord

WALLET_COLUMNS: Final = "id, person_id, account, currency, balance_minor, held_minor"
TRANSFER_COLUMNS: Final = (
    "id kind state first_id from_id to_id amount_minor currency reservation_id n created_at actor_id request_id"
)

# Who waits (w), and what they have to pay: nothing that is known to the cent where a voucher takes a percentage off.
# Takes the price of a place twice, None where there is none.
TO_PAY: Final = (
    "SELECT w.id, w.party, w.person_id, CAST(? AS BIGINT) * w.party - coalesce((SELECT coalesce(v.amount_minor, "
    "(CAST(? AS BIGINT) * w.party / 100 + 1) * v.percent) FROM vouchers v WHERE v.id = w.voucher_id), 0) AS to_pay "
    "FROM reservations w"
)
# What of somebody's wallet (w) is held by holds that are over and not written off yet. Takes now.
HELD_IN_VAIN: Final = (
    "(SELECT CAST(coalesce(sum(h.price_minor), 0) AS BIGINT) FROM reservations h WHERE h.person_id = w.person_id "
    "AND h.state = 'held' AND h.due_at <= ? AND h.currency = w.currency)"
)
# Whether they (r) can probably pay that, so that those who cannot do not stand in the way of those who can; it is
# decided once the wallets are locked. Takes the currency and now.
CAN_PAY: Final = (
    "EXISTS (SELECT 1 FROM wallets w WHERE w.person_id = r.person_id AND w.account = 'person' AND w.currency = ? "
    f"AND w.balance_minor - w.held_minor + {HELD_IN_VAIN} >= r.to_pay)"
)

_LOCK_WALLETS = (
    f"SELECT {WALLET_COLUMNS} FROM wallets WHERE account = 'person' AND person_id AMONG ? ORDER BY id FOR NO KEY UPDATE"
)
# Whoever earns with an offering is its creator, or the house. Their wallet is opened when it is first needed; of two
# who open it at once the later one waits, and everybody opens in the same order.
_EARNER = "CASE WHEN o.creator_id IS NULL THEN 'house' ELSE 'organizer' END"
_EARNS = f"w.account = {_EARNER} AND w.person_id IS NOT DISTINCT FROM o.creator_id AND w.currency = o.currency"
_OPEN_EARNERS = (
    f"INSERT INTO wallets (person_id, account, currency) SELECT DISTINCT o.creator_id, {_EARNER}, o.currency "
    "FROM offerings o WHERE o.id AMONG ? AND o.currency IS NOT NULL "
    f"AND NOT EXISTS (SELECT 1 FROM wallets w WHERE {_EARNS}) ORDER BY 1, 3 ON CONFLICT DO NOTHING"
)
_EARNERS = f"SELECT o.id, w.id FROM offerings o JOIN wallets w ON {_EARNS} WHERE o.id AMONG ?"
# What is over elsewhere of people who are about to pay: it lapses first, so that its money can be spent again. What
# somebody else has locked is not waited for, because they may wait for us; once the wallets are locked it is seen
# whether they have let it lapse.
_IS_OVER = "person_id AMONG ? AND state = 'held' AND due_at <= ? AND price_minor > 0"
_LOCK_OVER = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE {_IS_OVER} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_STILL_OVER = f"SELECT id FROM reservations WHERE {_IS_OVER}"
_OFFERINGS = f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ?"
_AWAITED = (
    "SELECT DISTINCT offering_id FROM reservations WHERE state = 'queued' "
    "AND (offering_id AMONG ? OR person_id AMONG ?)"
)
_PAYMENTS = (
    "SELECT p.id, p.reservation_id, p.n, p.from_id, p.to_id, p.amount_minor, p.currency, "
    "(SELECT r.state FROM transfers r WHERE r.first_id = p.id AND r.kind = 'payment' AND r.state <> 'pending'), "
    "(SELECT CAST(sum(r.amount_minor) AS BIGINT) FROM transfers r WHERE r.first_id = p.id AND r.kind = 'refund') "
    "FROM transfers p WHERE p.state = 'pending' AND p.reservation_id AMONG ? ORDER BY p.reservation_id, p.n"
)


@dataclass(slots=True)
class WalletRecord:
    """A person's wallet, with the figures it had when it was locked and what was decided since."""

    id: int
    person_id: int
    account: str
    currency: str
    balance_minor: int
    held_minor: int

    @property
    def available_minor(self) -> int:
        return self.balance_minor - self.held_minor


@dataclass(slots=True)
class Payment:
    """One payment of a reservation, and what became of it. ``first_id`` is None until it is written."""

    first_id: int | None
    reservation_id: int
    n: int
    from_id: int
    to_id: int
    amount_minor: int
    currency: str
    state: str
    refunded_minor: int

    @property
    def kept_minor(self) -> int:
        """What was paid and has not come back."""
        return self.amount_minor - self.refunded_minor if self.state == "posted" else 0

    @classmethod
    def of(cls, row: Row) -> Payment:
        first_id, reservation_id, n, from_id, to_id, amount_minor, currency, state, refunded_minor = row
        return cls(
            first_id, reservation_id, n, from_id, to_id, amount_minor, currency, state or "pending",
            refunded_minor or 0,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """A row to be written: a step of a payment, or its refund."""

    kind: str
    state: str
    payment: Payment
    amount_minor: int
    actor_id: int | None
    request_id: str | None


@dataclass(slots=True)
class Till:
    """The money of a batch: wallets, the payments of its reservations, and the rows decided so far."""

    wallet_of: dict[tuple[int, str], WalletRecord]
    """What people can spend, by person and currency."""
    earner_of: dict[int, int]
    """The wallet of whoever earns, by offering."""
    payments: dict[int, list[Payment]]
    """By reservation, in their order; only the last one may be open."""
    new: list[NewTransfer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Over:
    """Priced holds elsewhere that are over, locked, with what they are of."""

    records: list[ReservationRecord]
    offerings: list[OfferingRecord]


def load(
    tx: Tx, *, payers: Collection[int], owners: Iterable[int], offerings: Iterable[int], reservations: Iterable[int]
) -> tuple[Till, Over]:
    """Lock the wallets of everybody who may pay or get money back, and load the rest: one round trip, seldom more.

    ``payers`` take something new, ``owners`` have something that may change; ``offerings`` may be sold. The caller has
    locked the ``reservations``, and with them their payments.
    """
    sold, what_is_over = list(offerings), [list(payers), to_micros(tx.now)]
    over_rows, wallet_rows, still_over, earner_rows, payment_rows = tx.pipeline(
        (_LOCK_OVER, what_is_over),
        (_LOCK_WALLETS, [{*payers, *owners}]),
        (_STILL_OVER, what_is_over),
        (_EARNERS, [sold]),
        (_PAYMENTS, [list(reservations)]),
    )
    if len(over_rows) < len(still_over):
        raise TryAgain  # it is with somebody who waits for these wallets to let it lapse
    if len(earner_rows) < len(sold) and tx.locks:
        _, earner_rows = tx.pipeline((_OPEN_EARNERS, [sold]), (_EARNERS, [sold]))
    over = Over([ReservationRecord.of(row) for row in over_rows], [])
    if over.records:
        offering_rows, more_rows = tx.pipeline(
            (_OFFERINGS, [{record.offering_id for record in over.records}]),
            (_PAYMENTS, [[record.id for record in over.records]]),
        )
        over.offerings.extend(OfferingRecord.of(row) for row in offering_rows)
        payment_rows += more_rows
    till = Till(
        wallet_of={(row[1], row[3]): WalletRecord(*row) for row in wallet_rows},
        earner_of=dict.fromkeys(sold, 0) | dict(earner_rows),
        payments=_by_reservation(payment_rows),
    )
    return till, over


def _by_reservation(rows: Iterable[Row]) -> dict[int, list[Payment]]:
    found: dict[int, list[Payment]] = {}
    for payment in map(Payment.of, rows):
        found.setdefault(payment.reservation_id, []).append(payment)
    return found


def kept(tx: Tx, reservation_ids: Collection[int]) -> list[tuple[int, int]]:
    """(reservation, minor units) that were paid for each of those reservations and did not come back."""
    payments = _by_reservation(tx.rows(_PAYMENTS, list(reservation_ids)))
    return [(id, sum(payment.kept_minor for payment in found)) for id, found in payments.items()]


def awaited(tx: Tx, offerings: Collection[int], till: Till) -> set[int]:
    """Those of ``offerings`` where somebody waits, and where people wait who have more to spend than before."""
    richer_ids = {row.payment.from_id for row in till.new if row.kind == "refund" or row.state == "voided"}
    if not offerings and not richer_ids:
        return set()
    richer = [wallet.person_id for wallet in till.wallet_of.values() if wallet.id in richer_ids]
    return {offering_id for (offering_id,) in tx.rows(_AWAITED, list(offerings), richer)}


def adding(tx: Tx, till: Till | None, now: datetime) -> tuple[str, list[Row]]:
    """The write that adds what was decided. Ids are drawn here, where all wallets are locked."""
    new = till.new if till else []
    [ids] = tx.pipeline(tx.fresh_ids(tables.transfers, len(new))) if new else [[]]
    rows = []
    for (id,), transfer in zip(ids, new, strict=True):
        payment = transfer.payment
        first_id = payment.first_id
        if transfer.state == "pending":
            payment.first_id = id
        gives, takes = payment.from_id, payment.to_id
        if transfer.kind == "refund":
            gives, takes = takes, gives
        rows.append(
            (
                id, transfer.kind, transfer.state, first_id, gives, takes, transfer.amount_minor, payment.currency,
                payment.reservation_id, payment.n, to_micros(now), transfer.actor_id, transfer.request_id,
            )
        )  # fmt: skip
    return tx.inserting(tables.transfers, TRANSFER_COLUMNS, rows)
