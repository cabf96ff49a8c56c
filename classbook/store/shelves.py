"""What is free in the pools of a batch, and who waits and might get something of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from classbook.rules import packing
from classbook.rules.shelves import FixedShelf, SeatShelf, TimedShelf
from classbook.rules.spans import Span, merge
from classbook.store import ledger, venues
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.records import RESERVATION_COLUMNS, OfferingRecord, PoolRecord, ReservationRecord
from classbook.store.scene import Blocked, Needs, Scene, Windows, recognised

# Of each size of party the first ones that the places could do for: whoever is behind them gets nothing anyway, and
# large ones that do not fit hide no small one.
_LOCK_QUEUE_BY_PARTY = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE id IN (SELECT id FROM (SELECT id, party, "
    f"row_number() OVER (PARTITION BY party ORDER BY id) AS n FROM ({ledger.TO_PAY} "
    "WHERE w.offering_id = ? AND w.state = 'queued' AND w.party <= ?) r "
    f"WHERE r.to_pay IS NULL OR r.to_pay <= 0 OR {ledger.CAN_PAY}) q WHERE n * party <= ?) "
    "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_LOCK_QUEUE_BY_SPAN = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id = ? AND state = 'queued' "
    "AND starts_at < ? AND ends_at > ? AND party <= ? ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
HIGHEST = (
    "SELECT id, (SELECT max(unit) FROM claims WHERE pool_id = p.id AND live AND NOT timed) FROM pools p "
    "WHERE id AMONG ? AND NOT timed"
)
_TAKEN_UNITS = "SELECT pool_id, unit FROM claims WHERE pool_id AMONG ? AND live AND NOT timed"
TAKEN_SPANS = (
    "SELECT c.reservation_id, c.n, c.pool_id, c.unit, c.starts_at, c.ends_at FROM WINDOWS ? w EACH JOIN claims c "
    "ON c.pool_id = w.pool_id AND c.live AND c.timed AND c.starts_at < w.high AND c.starts_at > w.low - w.longest "
    "AND c.ends_at > w.low"
)
_TAKEN_SEATS = (
    "SELECT c.pool_id, c.unit FROM claims c JOIN pools p ON p.id = c.pool_id WHERE c.pool_id AMONG ? "
    "AND c.live AND c.timed AND c.starts_at < ? AND c.starts_at > ? - p.longest_micros AND c.ends_at > ?"
)


def load(
    tx: Tx,
    scene: Scene,
    needs: Needs,
    windows: Windows,
    touched: Iterable[ReservationRecord],
    highest: dict[int, int | None],
    blocked: Blocked,
) -> None:
    """What is free in every pool, and who waits and might get something of it."""
    freeable = list(touched)
    for record in freeable:
        if record.span and record.offering_id in scene.stage.with_queue:
            freed = blocked(scene.offerings[record.offering_id], record.span)
            windows.setdefault(record.offering_id, []).append(freed)
    _load_fixed_shelves(tx, scene, needs, highest)
    _load_seats(tx, scene, windows)
    _load_queue(tx, scene, windows, freeable, blocked)
    for line in scene.queue.values():
        for record in line:
            if record.span:
                asked = blocked(scene.offerings[record.offering_id], record.span)
                windows.setdefault(record.offering_id, []).append(asked)
    _load_timed_shelves(tx, scene, windows)


def _load_fixed_shelves(tx: Tx, scene: Scene, needs: Needs, highest: dict[int, int | None]) -> None:
    """Free places of pools without times, knowing the gaps only where the units above the highest might not do."""
    stage = scene.stage
    demand = dict.fromkeys(highest, 0)
    for offering_id, pool_ids in stage.pools_of.items():
        for pool_id in pool_ids:
            if pool_id in demand:
                waiting = stage.pools[pool_id].units if offering_id in stage.with_queue else 0
                demand[pool_id] += needs.wanted.get(offering_id, 0) + needs.moved_places + waiting
    tight = [
        pool_id
        for pool_id, count in demand.items()
        if count
        and FixedShelf.needs_gaps(units=stage.pools[pool_id].units, highest=highest[pool_id] or 0, wanted=count)
    ]
    taken: dict[int, set[int]] = {pool_id: set() for pool_id in tight}
    for pool_id, unit in tx.rows(_TAKEN_UNITS, tight) if tight else ():
        taken[pool_id].add(unit)
    for pool_id, top in highest.items():
        gaps = set(range(1, (top or 0) + 1)) - taken[pool_id] if pool_id in taken else None
        scene.shelves[pool_id] = FixedShelf(units=stage.pools[pool_id].units, highest=top or 0, gaps=gaps)


def _load_queue(
    tx: Tx, scene: Scene, windows: Windows, freeable: Sequence[ReservationRecord], blocked: Blocked
) -> None:
    """Who waits and might fit: as many as there can be places for, or whose span meets one that is looked at."""
    queries: list[tuple[str, Sequence[object]]] = []
    for offering_id in sorted(scene.stage.with_queue):
        pools = [scene.stage.pools[pool_id] for pool_id in scene.stage.pools_of[offering_id]]
        # Where all claims have one time it is known what is free, and what may become so.
        shelves = scene.shelves_of(offering_id).values()
        most = sum(shelf.left(None) for shelf in shelves)
        most += sum(record.party for record in freeable if record.offering_id == offering_id)
        if shelves and not most:
            continue
        if not any(pool.timed for pool in pools):
            offering = scene.offerings[offering_id]
            price, purse = [offering.price_minor] * 2, [offering.currency, to_micros(scene.now)]
            queries.append((_LOCK_QUEUE_BY_PARTY, [*price, offering_id, most, *purse, most]))
        elif spans := windows.get(offering_id):
            looked_at = Span(min(span.start for span in spans), max(span.end for span in spans))
            wide = blocked(scene.offerings[offering_id], looked_at)
            # Who waits brings buffers too, which reach into the window from the other side.
            high, low = looked_at.end + (looked_at.start - wide.start), looked_at.start - (wide.end - looked_at.end)
            largest = most if shelves else sum(pool.units for pool in pools)
            queries.append((_LOCK_QUEUE_BY_SPAN, [offering_id, to_micros(high), to_micros(low), largest]))
    for rows in tx.pipeline(*queries) if queries else ():
        for record in recognised(scene.known, rows):
            scene.queue.setdefault(record.offering_id, []).append(record)


def _load_timed_shelves(tx: Tx, scene: Scene, windows: Windows) -> None:
    """What is taken in the spans that are looked at, in pools where every claim has its own time."""
    stage = scene.stage
    timed = {id: pool for id, pool in stage.pools.items() if pool.timed and not pool.plan_version}
    if not timed:
        return
    looked_at: dict[int, list[Span]] = {pool_id: [] for pool_id in timed}
    for offering_id, pool_ids in stage.pools_of.items():
        for pool_id in looked_at.keys() & pool_ids:
            looked_at[pool_id] += merge(windows.get(offering_id, []))
    asked = [
        [pool_id, to_micros(span.start), to_micros(span.end), timed[pool_id].longest_micros]
        for pool_id, spans in looked_at.items()
        for span in spans
    ]
    found: dict[int, dict[tuple[int, int], packing.Claim[tuple[int, int]]]] = {pool_id: {} for pool_id in timed}
    for reservation_id, n, pool_id, unit, low, high in tx.rows(TAKEN_SPANS, json.dumps(asked)):
        key, span = (reservation_id, n), Span(from_micros(low), from_micros(high))
        found[pool_id][key] = packing.Claim(key, unit, span)
    complete = {
        pool_id
        for id, pool_ids in stage.pools_of.items()
        if any(window.end >= _END for window in windows.get(id, ()))
        for pool_id in pool_ids
    }
    for pool_id, pool in timed.items():
        scene.shelves[pool_id] = TimedShelf(
            pool_id,
            units=pool.units,
            taken=found[pool_id].values(),
            now=scene.now,
            looked_at=looked_at[pool_id],
            is_complete=pool_id in complete,
        )


def _load_seats(tx: Tx, scene: Scene, windows: Windows) -> None:
    """The seats that are taken, for each offering whose places are looked at; the whole of its time is one look."""
    for offering_id in sorted(windows.keys() & scene.offerings.keys()):
        offering = scene.offerings[offering_id]
        pools = [scene.stage.pools[pool_id] for pool_id in scene.stage.pools_of[offering_id]]
        stands = [pool for pool in pools if pool.plan_version]
        if stands and offering.span:
            for pool_id, shelf in seat_shelves(tx, stands, offering.span).items():
                scene.seats[offering_id, pool_id] = shelf


def seat_shelves(tx: Tx, stands: Sequence[PoolRecord], span: Span) -> dict[int, SeatShelf]:
    """What is free in stands for a span, by pool."""
    taken: dict[int, list[int]] = {pool.id: [] for pool in stands}
    low, high = to_micros(span.start), to_micros(span.end)
    for pool_id, unit in tx.rows(_TAKEN_SEATS, list(taken), high, low, low):
        taken[pool_id].append(unit)
    return {pool.id: SeatShelf(venues.seat_plan(tx, pool.id, pool.plan_version), taken[pool.id]) for pool in stands}


_END = from_micros(250_000_000_000_000_000)
"""Later than any booking."""


def from_now_on(offering: OfferingRecord, now: datetime, blocked: Blocked) -> Span:
    """All the time in which something can still be taken: what is over stays taken, and there is ever more of it."""
    return blocked(offering, Span(now, _END))
