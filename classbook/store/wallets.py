"""Wallets and the ledger as people look at them; money that comes in and goes out."""

from __future__ import annotations

from collections.abc import Collection

from classbook.store import tables
from classbook.store.database import Row, Tx, from_micros, is_id, to_micros
from classbook.store.ledger import HELD_IN_VAIN, TRANSFER_COLUMNS
from classbook.values import Actor, Entry, Money, OfferingRef, PersonRef, Transfer, Wallet, WalletRef

# What is held by holds that are over is free again, written off or not. Takes now.
_WALLET = (
    f"SELECT w.id, w.account, w.currency, w.balance_minor, w.held_minor - {HELD_IN_VAIN}, p.id, p.email, p.name "
    "FROM wallets w LEFT JOIN people p ON p.id = w.person_id"
)
_TRANSFER = (
    "SELECT t.id, t.kind, t.state, t.amount_minor, t.currency, t.reservation_id, t.created_at, t.first_id, "
    "f.id, f.account, fp.id, fp.email, fp.name, w.id, w.account, wp.id, wp.email, wp.name, o.id, o.kind, o.title "
    "FROM transfers t JOIN wallets f ON f.id = t.from_id LEFT JOIN people fp ON fp.id = f.person_id "
    "JOIN wallets w ON w.id = t.to_id LEFT JOIN people wp ON wp.id = w.person_id "
    "LEFT JOIN reservations r ON r.id = t.reservation_id LEFT JOIN offerings o ON o.id = r.offering_id"
)
# What a row means for the wallets on its two sides.
_GIVEN = "CASE state WHEN 'posted' THEN - amount_minor ELSE 0 END"
_TAKEN = "CASE state WHEN 'posted' THEN amount_minor ELSE 0 END"
_HELD = "CASE WHEN state = 'pending' THEN amount_minor WHEN kind = 'payment' THEN - amount_minor ELSE 0 END"


def by_id(tx: Tx, wallet_id: int) -> Wallet | None:
    if not is_id(wallet_id):
        return None
    found = _wallets(tx, tx.rows(f"{_WALLET} WHERE w.id = ?", to_micros(tx.now), wallet_id))
    return found[0] if found else None


def of_person(tx: Tx, person_id: int, currency: str) -> Wallet | None:
    """What somebody can spend in that currency."""
    found_id = _id_of(tx, person_id, "person", currency)
    return None if found_id is None else by_id(tx, found_id)


def open_for(tx: Tx, person_id: int | None, account: str, currency: str) -> int:
    """The id of a wallet that is opened where there is none. Two who do it at once get the same."""
    found = _id_of(tx, person_id, account, currency)
    if found is None:
        figure = 0 if account == "person" else None
        tx.change(
            "INSERT INTO wallets (person_id, account, currency, balance_minor, held_minor) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            person_id, account, currency, figure, figure,
        )  # fmt: skip
        found = _id_of(tx, person_id, account, currency)
    assert found is not None
    return found


def lock(tx: Tx, wallet_id: int) -> Wallet:
    """A wallet that nobody else gives out of until the end of the transaction.

    Nothing of it is free that is not written off: that is what the database counts.
    """
    tx.rows(f"SELECT id FROM wallets WHERE id = ?{tx.locking()}", wallet_id)
    tx.read_clock()
    [kept] = _wallets(tx, tx.rows(f"{_WALLET} WHERE w.id = ?", 0, wallet_id))
    return kept


def page(tx: Tx, *, person_id: int | None, after_id: int, limit: int) -> list[Wallet]:
    """Wallets by id, of one person or of everybody."""
    mine, values = ("w.person_id = ? AND ", [person_id]) if person_id is not None else ("", [])
    rows = tx.rows(f"{_WALLET} WHERE {mine}w.id > ? ORDER BY w.id LIMIT ?", to_micros(tx.now), *values, after_id, limit)
    return _wallets(tx, rows)


def ids_of(tx: Tx, person_id: int) -> list[int]:
    return [id for (id,) in tx.rows("SELECT id FROM wallets WHERE person_id = ?", person_id)]


def transfers(tx: Tx, wallet_ids: Collection[int] | None, *, before_id: int, limit: int) -> list[Transfer]:
    """Rows of the ledger, newest first, older than ``before_id``: those of some wallets, or all."""
    if wallet_ids is None:
        rows = tx.rows(f"{_TRANSFER} WHERE t.id < ? ORDER BY t.id DESC LIMIT ?", before_id, limit)
    else:
        side = "SELECT id FROM (SELECT id FROM transfers WHERE {} AMONG ? AND id < ? ORDER BY id DESC LIMIT ?) {}"
        rows = tx.rows(
            f"{_TRANSFER} WHERE t.id IN ({side.format('from_id', 'a')} UNION {side.format('to_id', 'b')}) "
            "ORDER BY t.id DESC LIMIT ?",
            wallet_ids, before_id, limit, wallet_ids, before_id, limit, limit,
        )  # fmt: skip
    return [_transfer(row) for row in rows]


def entries(tx: Tx, wallet: Wallet, *, before_id: int, limit: int) -> list[Entry]:
    """Rows of one wallet, newest first, each with the wallet's figures after it."""
    rows = transfers(tx, [wallet.id], before_id=before_id, limit=limit)
    if not rows:
        return []
    [(balance, held)] = tx.rows(
        f"SELECT CAST(sum(balance) AS BIGINT), CAST(sum(held) AS BIGINT) FROM ("
        f"SELECT {_GIVEN} AS balance, {_HELD} AS held FROM transfers WHERE from_id = ? AND id <= ? "
        f"UNION ALL SELECT {_TAKEN}, 0 FROM transfers WHERE to_id = ? AND id <= ?) e",
        wallet.id, rows[0].id, wallet.id, rows[0].id,
    )  # fmt: skip
    found = []
    for row in rows:
        gives = row.from_.id == wallet.id
        change = row.amount.minor * (-1 if gives else 1) if row.state == "posted" else 0
        found.append(_entry(row, change, balance, held))
        balance -= change
        if gives and row.kind == "payment":
            held -= row.amount.minor * (1 if row.state == "pending" else -1)
    return found


def move(tx: Tx, kind: str, *, from_id: int, to_id: int, amount: Money, actor: Actor) -> None:
    """Add a posted row that is no payment. The caller has locked the wallet of a person, or of whoever gives."""
    [[(id,)]] = tx.pipeline(tx.fresh_ids(tables.transfers, 1))
    row: Row = (
        id, kind, "posted", None, from_id, to_id, amount.minor, amount.currency, None, None, to_micros(tx.now),
        actor.person_id, actor.request_id or None,
    )  # fmt: skip
    tx.write_all(tx.inserting(tables.transfers, TRANSFER_COLUMNS, [row]))


def _id_of(tx: Tx, person_id: int | None, account: str, currency: str) -> int | None:
    owner, values = ("person_id IS NULL", []) if person_id is None else ("person_id = ?", [person_id])
    rows = tx.rows(f"SELECT id FROM wallets WHERE {owner} AND account = ? AND currency = ?", *values, account, currency)
    return rows[0][0] if rows else None


def _wallets(tx: Tx, rows: list[Row]) -> list[Wallet]:
    """Wallets with their figures: people's as they are kept, the others summed now, for all of them at once."""
    kept = {row[0]: (row[3], row[4]) for row in rows}
    summed = [id for id, (balance, _) in kept.items() if balance is None]
    if summed:
        kept |= dict.fromkeys(summed, (0, 0))
        sums = tx.rows(
            f"SELECT id, CAST(sum(balance) AS BIGINT) FROM (SELECT from_id AS id, {_GIVEN} AS balance FROM transfers "
            f"WHERE from_id AMONG ? UNION ALL SELECT to_id, {_TAKEN} FROM transfers WHERE to_id AMONG ?) e GROUP BY id",
            summed, summed,
        )  # fmt: skip
        kept |= {id: (balance, 0) for id, balance in sums}
    return [
        Wallet(
            id,
            _person(row[5:8]),
            Money(kept[id][0], currency),
            Money(kept[id][1], currency),
            Money(kept[id][0] - kept[id][1], currency),
            account,
        )
        for row in rows
        for id, account, currency in [row[:3]]
    ]


def _transfer(row: Row) -> Transfer:
    id, kind, state, amount, currency, reservation_id, created_at, first_id = row[:8]
    return Transfer(
        id,
        kind,
        state,
        Money(amount, currency),
        WalletRef(row[8], row[9], _person(row[10:13])),
        WalletRef(row[13], row[14], _person(row[15:18])),
        reservation_id,
        from_micros(created_at),
        first_id,
        None if row[18] is None else OfferingRef(*row[18:21]),
    )


def _entry(row: Transfer, change: int, balance: int, held: int) -> Entry:
    currency = row.amount.currency
    return Entry(
        row.id, row.kind, row.state, row.amount, row.from_, row.to, row.reservation, row.created_at, row.first,
        row.offering, Money(change, currency), Money(balance, currency), Money(held, currency),
    )  # fmt: skip


def _person(columns: Row) -> PersonRef | None:
    return None if columns[0] is None else PersonRef(*columns)
