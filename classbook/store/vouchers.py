"""Vouchers: their rows, and how often each was used.

A use is a reservation that was made with it and is neither cancelled nor lapsed: what waits in line counts, and what
ends otherwise gives its use back. Nothing else is counted anywhere.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from classbook.rules.states import COMPLETED, LIVE
from classbook.rules.vouchers import Voucher
from classbook.store import tables
from classbook.store.database import Row, Tx, from_micros
from classbook.store.records import instant
from classbook.values import Money

COLUMNS: Final = (
    "id, code, creator_id, offering_id, amount_minor, currency, percent, uses, per_person, valid_from, valid_until, "
    "created_at, cancelled_at"
)
USED: Final = ", ".join(f"'{state}'" for state in (*LIVE, COMPLETED))

LOCK: Final = f"SELECT {COLUMNS} FROM vouchers WHERE code NAMED ? ORDER BY id FOR NO KEY UPDATE"
READ: Final = f"SELECT {COLUMNS} FROM vouchers WHERE id AMONG ?"
USES: Final = (
    f"SELECT voucher_id, count(*) FROM reservations WHERE voucher_id AMONG ? AND state IN ({USED}) GROUP BY voucher_id"
)
USES_OF_PEOPLE: Final = (
    "SELECT voucher_id, person_id, count(*) FROM reservations WHERE voucher_id AMONG ? AND person_id AMONG ? "
    f"AND state IN ({USED}) GROUP BY voucher_id, person_id"
)


def of(row: Row) -> Voucher:
    (id, code, creator_id, offering_id, amount_minor, currency, percent, uses, per_person, valid_from, valid_until,
     created_at, cancelled_at) = row  # fmt: skip
    amount = None if amount_minor is None else Money(amount_minor, currency)
    return Voucher(
        id, code, creator_id, offering_id, amount, percent, uses, per_person, instant(valid_from),
        instant(valid_until), from_micros(created_at), instant(cancelled_at),
    )  # fmt: skip


def by_code(tx: Tx, code: str) -> Voucher | None:
    rows = tx.rows(f"SELECT {COLUMNS} FROM vouchers WHERE code = ?", code)
    return of(rows[0]) if rows else None


def page(tx: Tx, *, owner_id: int | None, after_id: int, limit: int) -> list[Voucher]:
    """Vouchers by id: those somebody made, or that are for an offering of theirs; all for nobody in particular."""
    own, values = "", []
    if owner_id is not None:
        own = "(creator_id = ? OR offering_id IN (SELECT id FROM offerings WHERE creator_id = ?)) AND "
        values = [owner_id, owner_id]
    rows = tx.rows(f"SELECT {COLUMNS} FROM vouchers WHERE {own}id > ? ORDER BY id LIMIT ?", *values, after_id, limit)
    return [of(row) for row in rows]


def uses(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """How often each was used; none where never."""
    return dict(tx.rows(USES, list(ids))) if ids else {}


def add(tx: Tx, values: dict[str, Any]) -> None:
    tx.connection.execute(sa.insert(tables.vouchers).values(values | {"created_at": tx.now}))


def cancel(tx: Tx, voucher_id: int, at: datetime) -> None:
    there = tables.vouchers
    tx.connection.execute(sa.update(there).where(there.c.id == voucher_id).values(cancelled_at=at))
