"""Venues: stands of named seats, and the pitch that whoever plays has to himself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from classbook.rules.plans import Plan, Stand, from_seats, keep_units
from classbook.rules.seating import Layout
from classbook.rules.shelves import SeatPlan
from classbook.store import tables
from classbook.store.database import Row, Tx, is_id, to_micros
from classbook.store.records import PoolRecord


@dataclass(frozen=True, slots=True)
class VenueRecord:
    id: int
    name: str
    timezone: str
    pitch_pool_id: int


@dataclass(frozen=True, slots=True)
class StandRecord:
    """A stand and the pool it is."""

    pool_id: int
    plan_version: int
    stand: Stand


def add(tx: Tx, *, name: str, timezone: str) -> int:
    """A venue with a pitch and no stands yet; its id."""
    pitch = {"name": "pitch", "units": 1, "timed": True}
    pitch_id = tx.connection.execute(sa.insert(tables.pools).values(pitch).returning(tables.pools.c.id)).scalar_one()
    values = {"name": name, "timezone": timezone, "pitch_pool_id": pitch_id, "created_at": tx.now}
    made = tx.connection.execute(sa.insert(tables.venues).values(values).returning(tables.venues.c.id))
    return int(made.scalar_one())


def names(tx: Tx, venue_ids: Iterable[int]) -> dict[int, str]:
    return dict(tx.rows("SELECT id, name FROM venues WHERE id AMONG ?", list(venue_ids)))


def lock_stands(tx: Tx, venue_id: int) -> list[tuple[int, str]]:
    """Keep everybody from booking or changing what is still to come in a venue: (id, title) of it, with a price.

    Offerings first, then pools, as everywhere.
    """
    offerings = tx.rows(
        "SELECT id, title FROM offerings WHERE venue_id = ? AND ends_at > ? AND cancelled_at IS NULL "
        "AND price_minor IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
        venue_id, to_micros(tx.now),
    )  # fmt: skip
    tx.rows("SELECT id FROM pools WHERE venue_id = ? ORDER BY id FOR NO KEY UPDATE", venue_id)
    return [(id, title) for id, title in offerings]


def awaited_in(tx: Tx, venue_id: int) -> list[int]:
    """What is still to come in a venue and waited for."""
    rows = tx.rows(
        "SELECT id FROM offerings o WHERE venue_id = ? AND ends_at > ? AND cancelled_at IS NULL AND EXISTS ("
        "SELECT 1 FROM reservations r WHERE r.offering_id = o.id AND r.state = 'queued') ORDER BY id",
        venue_id, to_micros(tx.now),
    )  # fmt: skip
    return [offering_id for (offering_id,) in rows]


def by_id(tx: Tx, venue_id: int, *, lock: bool = False) -> VenueRecord | None:
    if not is_id(venue_id):
        return None
    suffix = tx.locking() if lock else ""
    rows = tx.rows(f"SELECT id, name, timezone, pitch_pool_id FROM venues WHERE id = ?{suffix}", venue_id)
    return VenueRecord(*rows[0]) if rows else None


def first_from(tx: Tx, venue_id: int) -> int | None:
    """The first venue whose id is ``venue_id`` or more."""
    [(found,)] = tx.rows("SELECT min(id) FROM venues WHERE id >= ?", venue_id)
    return found  # type: ignore[no-any-return]


def by_name(tx: Tx, name: str) -> list[VenueRecord]:
    rows = tx.rows("SELECT id, name, timezone, pitch_pool_id FROM venues WHERE name = ? ORDER BY id", name)
    return [VenueRecord(*row) for row in rows]


def lock(tx: Tx, venue_ids: Iterable[int]) -> dict[int, VenueRecord]:
    """Venues by id, whose plans nobody changes until the end of the transaction."""
    wanted = [id for id in venue_ids if is_id(id)]
    if not wanted:
        return {}
    rows = tx.rows(
        f"SELECT id, name, timezone, pitch_pool_id FROM venues WHERE id AMONG ? ORDER BY id{tx.locking()}", wanted
    )
    return {row[0]: VenueRecord(*row) for row in rows}


def page(tx: Tx, *, after_id: int, limit: int) -> list[tuple[VenueRecord, int]]:
    """Venues by id and how many seats each has."""
    rows = tx.rows(
        "SELECT v.id, v.name, v.timezone, v.pitch_pool_id, (SELECT coalesce(sum(p.units), 0) FROM pools p "
        "WHERE p.venue_id = v.id) FROM venues v WHERE v.id > ? ORDER BY v.id LIMIT ?",
        after_id, limit,
    )  # fmt: skip
    return [(VenueRecord(*row[:4]), int(row[4])) for row in rows]


def stands(tx: Tx, venue_id: int) -> list[StandRecord]:
    """The stands of a venue, in two queries."""
    pools = tx.rows(
        "SELECT id, name, focus_x, focus_y, plan_version FROM pools WHERE venue_id = ? ORDER BY id", venue_id
    )
    seats = _seats(tx, [pool_id for pool_id, *_ in pools])
    return [
        StandRecord(pool_id, version, from_seats(name, (x, y), seats.get(pool_id, [])))
        for pool_id, name, x, y, version in pools
    ]


def pools_of(tx: Tx, offering_id: int) -> list[PoolRecord]:
    """The stands whose seats an offering sells, in its order."""
    rows = tx.rows(
        "SELECT p.id, p.units, p.timed, p.longest_micros, p.plan_version FROM offering_pools op "
        "JOIN pools p ON p.id = op.pool_id WHERE op.offering_id = ? ORDER BY op.n",
        offering_id,
    )
    return [PoolRecord.of(row) for row in rows]


def seat_plan(tx: Tx, pool_id: int, version: int) -> SeatPlan:
    """The names and the geometry of a stand, remembered for as long as its plan does not change.

    Not to be asked for where the plan is being changed: what is rolled back would be remembered.
    """
    found = tx.memory.get(("seat plan", pool_id, version))
    if found is None:
        # One statement, so that what is read without a lock is still one version, whichever it is by now.
        rows = tx.rows(
            "SELECT p.plan_version, p.name, p.focus_x, p.focus_y, "
            "s.unit, s.row_name, s.seat_name, s.x, s.y, s.category "
            "FROM pools p JOIN seats s ON s.pool_id = p.id WHERE p.id = ? ORDER BY s.place",
            pool_id,
        )
        read_version, name, x, y = rows[0][:4]
        stand = from_seats(name, (x, y), [row[4:] for row in rows])
        found = tx.memory["seat plan", pool_id, read_version] = SeatPlan(stand, Layout(stand))
    assert isinstance(found, SeatPlan)
    return found


def put_plan(tx: Tx, venue_id: int, plan: Plan) -> list[str]:
    """Make this the seat plan; the labels of sold seats that it would lose, and then nothing has changed.

    Stands and seats keep their pools and units by name. What is claimed from now on counts as sold.
    """
    before = {found.stand.name: found for found in stands(tx, venue_id)}
    lost = _lost(tx, before, plan)
    if lost:
        return lost
    for stand in plan.stands:
        known = before.get(stand.name)
        if known is None:
            _add_stand(tx, venue_id, stand)
        elif known.stand != stand:
            _change_stand(tx, known, stand)
    for name in sorted(before.keys() - plan.named.keys()):
        _retire(tx, before[name])
    _sell_the_stands(tx, venue_id)
    return []


def _sell_the_stands(tx: Tx, venue_id: int) -> None:
    """What has not ended yet sells the stands that there are now."""
    to_come = "SELECT id FROM offerings WHERE venue_id = ? AND ends_at > ?"
    at = to_micros(tx.now)
    tx.change(
        f"DELETE FROM offering_pools WHERE offering_id IN ({to_come}) "
        "AND pool_id IN (SELECT id FROM pools WHERE venue_id IS NULL AND plan_version > 0)",
        venue_id, at,
    )  # fmt: skip
    tx.change(
        "INSERT INTO offering_pools (offering_id, n, pool_id) "
        "SELECT o.id, (SELECT coalesce(max(n), 0) FROM offering_pools WHERE offering_id = o.id) "
        "+ row_number() OVER (PARTITION BY o.id ORDER BY p.id), p.id "
        f"FROM offerings o JOIN pools p ON p.venue_id = o.venue_id WHERE o.id IN ({to_come}) "
        "AND p.id NOT IN (SELECT pool_id FROM offering_pools WHERE offering_id = o.id)",
        venue_id, at,
    )  # fmt: skip


def _lost(tx: Tx, before: dict[str, StandRecord], plan: Plan) -> list[str]:
    sold = tx.rows(
        "SELECT p.name, s.row_name, s.seat_name FROM claims c JOIN pools p ON p.id = c.pool_id "
        "JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit "
        "WHERE c.pool_id AMONG ? AND c.live AND c.timed AND c.ends_at > ? ORDER BY p.id, s.unit",
        [known.pool_id for known in before.values()], to_micros(tx.now),
    )  # fmt: skip
    return [
        f"{stand}-{row}-{seat}"
        for stand, row, seat in sold
        if stand not in plan.named or (row, seat) not in plan.named[stand].named
    ]


def _add_stand(tx: Tx, venue_id: int, stand: Stand) -> None:
    x, y = stand.focus
    pool = {
        "venue_id": venue_id, "name": stand.name, "units": stand.capacity, "timed": True, "plan_version": 1,
        "focus_x": x, "focus_y": y,
    }  # fmt: skip
    pool_id = tx.connection.execute(sa.insert(tables.pools).values(pool).returning(tables.pools.c.id)).scalar_one()
    _write_seats(tx, pool_id, stand)


def _change_stand(tx: Tx, known: StandRecord, stand: Stand) -> None:
    [(highest,)] = tx.rows("SELECT coalesce(max(unit), 0) FROM claims WHERE pool_id = ?", known.pool_id)
    highest = max([highest, *(seat.unit for row in known.stand.rows for seat in row.seats)])
    kept = keep_units(stand, known.stand, highest=highest)
    # What was sold in the past stays within the pool.
    units = max([highest, *(seat.unit for row in kept.rows for seat in row.seats)])
    tx.change("DELETE FROM seats WHERE pool_id = ?", known.pool_id)
    _write_seats(tx, known.pool_id, kept)
    tx.change(
        "UPDATE pools SET units = ?, focus_x = ?, focus_y = ?, plan_version = plan_version + 1 WHERE id = ?",
        units, *stand.focus, known.pool_id,
    )  # fmt: skip


def _retire(tx: Tx, known: StandRecord) -> None:
    """A stand that is torn down keeps its past and sells nothing more."""
    tx.change("UPDATE pools SET venue_id = NULL WHERE id = ?", known.pool_id)


def _write_seats(tx: Tx, pool_id: int, stand: Stand) -> None:
    seats = [(row.name, seat) for row in stand.rows for seat in row.seats]
    rows: list[Row] = [
        (pool_id, seat.unit, place, row_name, seat.name, seat.x, seat.y, seat.category)
        for place, (row_name, seat) in enumerate(seats, start=1)
    ]
    tx.write_all(tx.inserting(tables.seats, "pool_id unit place row_name seat_name x y category", rows))


def _seats(tx: Tx, pool_ids: list[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for pool_id, *seat in tx.rows(
        "SELECT pool_id, unit, row_name, seat_name, x, y, category FROM seats WHERE pool_id AMONG ? "
        "ORDER BY pool_id, place",
        pool_ids,
    ):
        found.setdefault(pool_id, []).append(tuple(seat))
    return found
