"""House reservations: what the house takes itself, of nobody, confirmed from birth.

A match has its pitch, a class its room and its coach; a seat is kept from sale. They are claims like any other, so
all of that collides by the one law, and they appear in no list, limit or figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from classbook.rules import packing
from classbook.rules.spans import Span
from classbook.rules.states import CONFIRMED
from classbook.store import reservations, tables
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.records import Claim, MoveRecord, OfferingRecord, PoolRecord, ReservationRecord

OCCUPY = "occupy"


def occupy(tx: Tx, offering: OfferingRecord, pool_ids: Iterable[int], span: Span, *, actor_id: int | None) -> list[int]:
    """Take one unit of each pool for an offering's span; the pools that have none free, and then nothing is taken."""
    pools = lock(tx, pool_ids)
    units = {pool.id: _free_unit(tx, pool, span) for pool in pools.values()}
    busy = [pool_id for pool_id, unit in units.items() if unit is None]
    if not busy:
        found = [(pool_id, unit) for pool_id, unit in units.items() if unit is not None]
        take(tx, offering, pools, found, span, actor_id=actor_id)
    return busy


def follow(tx: Tx, offering_id: int, span: Span) -> list[str]:
    """Take the same pools for another span, in whichever unit is free then; the names of those that have none.

    The seats an offering sells go with it by themselves.
    """
    rows = tx.rows(
        "SELECT c.reservation_id, c.n, c.pool_id, coalesce(v.name, p.name) "
        "FROM reservations r JOIN claims c ON c.reservation_id = r.id JOIN pools p ON p.id = c.pool_id "
        "LEFT JOIN venues v ON v.pitch_pool_id = p.id "
        "WHERE r.offering_id = ? AND r.person_id IS NULL AND c.live AND p.plan_version = 0 ORDER BY c.pool_id",
        offering_id,
    )
    pools = lock(tx, [pool_id for _, _, pool_id, _ in rows])
    low, high = to_micros(span.start), to_micros(span.end)
    busy, moved = [], []
    for reservation_id, n, pool_id, name in rows:
        unit = _free_unit(tx, pools[pool_id], span, but=reservation_id)
        if unit is None:
            busy.append(name)
        else:
            moved.append((unit, low, high, reservation_id, n))
    if not busy:
        tx.write_all(tx.updating(tables.claims, "unit starts_at ends_at", "reservation_id n", moved))
    return busy


def lock(tx: Tx, pool_ids: Iterable[int]) -> dict[int, PoolRecord]:
    """Pools by id, that nobody else takes from until the end of the transaction."""
    rows = tx.rows(
        "SELECT id, units, timed, longest_micros, plan_version FROM pools WHERE id AMONG ? "
        "ORDER BY id FOR NO KEY UPDATE",
        set(pool_ids),
    )
    return {row[0]: PoolRecord.of(row) for row in rows}


def take(
    tx: Tx,
    offering: OfferingRecord,
    pools: dict[int, PoolRecord],
    units: Sequence[tuple[int, int]],
    span: Span,
    *,
    actor_id: int | None,
) -> None:
    """One house reservation for each (pool, unit), so that each can be released by itself."""
    ids = [id for (id,) in tx.pipeline(tx.fresh_ids(tables.reservations, len(units)))[0]]
    stage = reservations.Stage({offering.id: offering}, {}, pools, {}, {}, {})
    scene = reservations.Scene(tx.now, stage, shelves={}, known={}, due=[], queue={})
    for id, (pool_id, unit) in zip(ids, units, strict=True):
        claim = Claim(1, pool_id, unit, span.start, span.end, timed=True)
        scene.created.append(
            ReservationRecord(
                id, offering.id, None, CONFIRMED, 1, span.start, span.end, span.end, False, False, None, None, None,
                tx.now, confirmed_at=tx.now, steps=1, claims=[claim],
            )
        )  # fmt: skip
        scene.moves.append(MoveRecord(id, 1, OCCUPY, None, CONFIRMED, tx.now, actor_id, None, None))
    reservations.save(tx, scene)


def release(tx: Tx, offering_id: int, units: Sequence[tuple[int, int]], *, actor_id: int | None) -> int:
    """Give units back that the house took for an offering; how many it had."""
    wanted = set(units)
    rows = tx.rows(
        "SELECT r.id, r.steps, c.pool_id, c.unit FROM reservations r JOIN claims c ON c.reservation_id = r.id "
        "WHERE r.offering_id = ? AND r.person_id IS NULL AND r.state = 'confirmed' AND c.live",
        offering_id,
    )
    found = [(id, steps) for id, steps, pool_id, unit in rows if (pool_id, unit) in wanted]
    at = to_micros(tx.now)
    tx.write_all(
        tx.updating(
            tables.reservations,
            "state due_at steps",
            "id state:was",
            [("cancelled", None, steps + 1, id, CONFIRMED) for id, steps in found],
        ),
        tx.updating(tables.claims, "live", "reservation_id", [(False, id) for id, _ in found]),
        tx.inserting(
            tables.moves,
            "reservation_id n action from_state to_state at actor_id",
            [(id, steps + 1, "cancel", CONFIRMED, "cancelled", at, actor_id) for id, steps in found],
        ),
    )
    return len(found)


def _free_unit(tx: Tx, pool: PoolRecord, span: Span, *, but: int = 0) -> int | None:
    """A unit that is free for a span; what the reservation ``but`` has counts as free."""
    low, high = to_micros(span.start), to_micros(span.end)
    rows = tx.rows(
        "SELECT reservation_id, n, unit, starts_at, ends_at FROM claims WHERE pool_id = ? AND live AND timed "
        "AND starts_at < ? AND starts_at > ? AND ends_at > ? AND reservation_id <> ?",
        pool.id, high, low - pool.longest_micros, low, but,
    )  # fmt: skip
    claims = [
        packing.Claim((id, n), unit, Span(from_micros(start), from_micros(end))) for id, n, unit, start, end in rows
    ]
    return packing.Lanes(units=pool.units, claims=claims).free_unit(span)
