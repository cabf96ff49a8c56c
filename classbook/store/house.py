"""House reservations: what the house takes itself, of nobody, confirmed from birth.

A match has its pitch, a class its room and its coach; a seat is kept from sale. They are claims like any other, so
all of that collides by the one law, and they appear in no list, limit or figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from classbook.rules import packing
from classbook.rules.spans import Span
from classbook.rules.states import CONFIRMED
from classbook.store import shelves, tables
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.records import Claim, MoveRecord, OfferingRecord, PoolRecord, ReservationRecord
from classbook.store.saving import save
from classbook.store.scene import Scene, Stage

OCCUPY = "occupy"


def lanes(
    tx: Tx, pools: Mapping[int, PoolRecord], wanted: Iterable[tuple[int, Span]]
) -> dict[int, packing.Lanes[tuple[int, int]]]:
    """What is taken of each pool at the wanted (pool, span), in one query."""
    windows = [
        [pool_id, to_micros(span.start), to_micros(span.end), pools[pool_id].longest_micros]
        for pool_id, span in dict.fromkeys(wanted)
    ]
    rows = tx.rows(shelves.TAKEN_SPANS, json.dumps(windows)) if windows else []
    claims: dict[int, dict[tuple[int, int], packing.Claim[tuple[int, int]]]] = {pool_id: {} for pool_id in pools}
    for id, n, pool_id, unit, start, end in rows:
        # What lasts long meets several windows.
        claims[pool_id][id, n] = packing.Claim((id, n), unit, Span(from_micros(start), from_micros(end)))
    return {
        pool_id: packing.Lanes(units=pool.units, claims=claims[pool_id].values()) for pool_id, pool in pools.items()
    }


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
        f"SELECT id, units, timed, longest_micros, plan_version FROM pools WHERE id AMONG ? ORDER BY id{tx.locking()}",
        set(pool_ids),
    )
    return {row[0]: PoolRecord.of(row) for row in rows}


def take(
    tx: Tx,
    pools: dict[int, PoolRecord],
    units: Sequence[tuple[OfferingRecord, int, int]],
    *,
    actor_id: int | None,
) -> None:
    """Take each (offering, pool, unit) for the offering's time, by a reservation of its own: each can be released."""
    if not units:
        return
    ids = [id for (id,) in tx.pipeline(tx.fresh_ids(tables.reservations, len(units)))[0]]
    stage = Stage({offering.id: offering for offering, _, _ in units}, {}, pools, {}, {}, {})
    scene = Scene(tx.now, stage, shelves={}, known={}, due=[], queue={})
    for id, (offering, pool_id, unit) in zip(ids, units, strict=True):
        start, end = offering.starts_at, offering.ends_at
        claim = Claim(1, pool_id, unit, start, end, timed=True)
        scene.created.append(
            ReservationRecord(
                id, offering.id, None, CONFIRMED, 1, start, end, end, False, False, None, None, None,
                tx.now, confirmed_at=tx.now, steps=1, claims=[claim],
            )
        )  # fmt: skip
        scene.moves.append(MoveRecord(id, 1, OCCUPY, None, CONFIRMED, tx.now, actor_id, None, None))
    save(tx, scene)


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
