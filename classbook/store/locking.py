"""The parents of a batch, locked: offerings, pools, people and vouchers, and the clock read after that.

Locks are taken in one order everywhere (offerings, pools, people, reservations, wallets; by id), each in a statement
of its own, so that what is read after a lock is never older than the lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from classbook.store import vouchers, webhooks
from classbook.store.database import Row, TryAgain, Tx, among
from classbook.store.records import OFFERING_COLUMNS, PERSON_COLUMNS, OfferingRecord, PersonRecord, PoolRecord
from classbook.store.scene import Needs, Stage

_POOL_COLUMNS = "id, units, timed, longest_micros, plan_version"
_LOCK_OFFERINGS = f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
_LOCK_POOLS = (
    f"SELECT {_POOL_COLUMNS} FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id AMONG ?) "
    "ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
READ_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ?"
_OFFERING_POOLS = "SELECT offering_id, pool_id FROM offering_pools WHERE offering_id AMONG ? ORDER BY offering_id, n"
_SCHEDULES = "SELECT offering_id, rule FROM schedules WHERE offering_id AMONG ? ORDER BY offering_id, n"
_PRICES = "SELECT offering_id, category, price_minor FROM prices WHERE offering_id AMONG ?"
_WITH_QUEUE = (
    "SELECT offering_id, count(*) FROM reservations WHERE offering_id AMONG ? AND state = 'queued' GROUP BY offering_id"
)


def find(tx: Tx, reservation_ids: Iterable[int]) -> list[tuple[int, int, int | None]]:
    """(reservation, offering, person) of those reservations that exist; both never change."""
    rows = tx.rows("SELECT id, offering_id, person_id FROM reservations WHERE id AMONG ?", list(reservation_ids))
    return [(id, offering_id, person_id) for id, offering_id, person_id in rows]


def lock(tx: Tx, needs: Needs) -> Stage:
    """Lock the parents of a batch, and read the clock after that."""
    _, offerings, pools, bookers, others, pairs, rules, with_queue, hooks, *named = tx.pipeline_then_clock(
        tx.limit_waiting(),
        (_LOCK_OFFERINGS, [needs.offering_ids]),
        (_LOCK_POOLS, [needs.offering_ids]),
        among(_LOCK_PEOPLE, needs.booker_ids),
        among(READ_PEOPLE, needs.other_people_ids - needs.booker_ids),
        (_OFFERING_POOLS, [needs.offering_ids]),
        (_SCHEDULES, [needs.offering_ids]),
        (_WITH_QUEUE, [needs.offering_ids]),
        (webhooks.LISTENING, ()),
        *([(vouchers.LOCK, [json.dumps(sorted(needs.vouchers))])] if needs.vouchers else ()),
    )
    # An offering made while we waited for the locks is not among them: for this batch it is not there yet.
    locked = {row[0] for row in offerings}
    stage = Stage(
        offerings={row[0]: OfferingRecord.of(row) for row in offerings},
        people=people_by_id(bookers + others),
        pools={row[0]: PoolRecord.of(row) for row in pools},
        pools_of={row[0]: [] for row in offerings},
        rules_of={row[0]: [] for row in offerings},
        with_queue={offering_id: count for offering_id, count in with_queue if offering_id in locked},
        vouchers={voucher.code: voucher for rows in named for voucher in map(vouchers.of, rows)},
        hooks=hooks,
    )
    for offering_id, pool_id in pairs:
        if offering_id in locked:
            if pool_id not in stage.pools:
                raise TryAgain  # a stand built while we waited: it is sold, and not locked
            stage.pools_of[offering_id].append(pool_id)
    for offering_id, rule in rules:
        if offering_id in locked:
            stage.rules_of[offering_id].append(rule)
    if any(pool.plan_version for pool in stage.pools.values()):
        for offering_id, category, minor in tx.rows(_PRICES, list(stage.offerings)):
            stage.prices_of.setdefault(offering_id, {})[category] = minor
    return stage


def people_by_id(rows: list[Row]) -> dict[int, PersonRecord]:
    return {row[0]: PersonRecord.of(row) for row in rows}
