"""Offerings and the pools they sell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from classbook.store import tables
from classbook.store.database import Instant, Tx, to_micros
from classbook.store.records import OFFERING_COLUMNS, OfferingRecord
from classbook.store.tables import claims, offering_pools, offerings, pools, reservations


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list. ``starts_from`` gives the first instant that counts for each time zone in use."""

    kind: str
    starts_from: dict[str, datetime] | None = None
    starts_to: datetime | None = None
    type: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How full an offering is: its units, those taken, and of these the ones of overdue holds."""

    capacity: int = 0
    taken: int = 0
    overdue: int = 0

    @property
    def reserved(self) -> int:
        return self.taken - self.overdue


def by_id(tx: Tx, kind: str, offering_id: int, *, lock: bool = False) -> OfferingRecord | None:
    """One offering; with ``lock`` nobody else changes or books it until the end of the transaction."""
    if not 0 < offering_id < 2**63:
        return None
    suffix = " FOR NO KEY UPDATE" if lock else ""
    rows = tx.rows(f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id = ? AND kind = ?{suffix}", offering_id, kind)
    return OfferingRecord.of(rows[0]) if rows else None


def creator_of(tx: Tx, offering_id: int) -> int | None:
    """Who made an offering of any kind; None where the console did, and for an offering that is not there."""
    rows = tx.rows("SELECT creator_id FROM offerings WHERE id = ?", offering_id) if 0 < offering_id < 2**63 else []
    return rows[0][0] if rows else None


def zones(tx: Tx, kind: str) -> list[str]:
    """The time zones offerings of that kind are in."""
    return [zone for (zone,) in tx.rows("SELECT DISTINCT timezone FROM offerings WHERE kind = ?", kind)]


def count(tx: Tx, wanted: Filter) -> int:
    query = sa.select(sa.func.count()).select_from(offerings).where(*_conditions(wanted, tx.now))
    return int(tx.connection.execute(query).scalar_one())


def page(
    tx: Tx, wanted: Filter, *, limit: int, offset: int = 0, after: tuple[datetime, int] | None = None
) -> list[OfferingRecord]:
    """Offerings by start, then id: from the ``offset``-th on, or behind the (start, id) ``after``."""
    query = (
        sa.select(sa.text(OFFERING_COLUMNS))
        .select_from(offerings)
        .where(*_conditions(wanted, tx.now))
        .order_by(offerings.c.starts_at, offerings.c.id)
        .limit(limit)
        .offset(offset)
    )
    if after is not None:
        start, last_id = after
        same_start = sa.and_(offerings.c.starts_at == start, offerings.c.id > last_id)
        query = query.where(sa.or_(offerings.c.starts_at > start, same_start))
    return [OfferingRecord.of(tuple(row)) for row in tx.connection.execute(query)]


def _conditions(wanted: Filter, now: datetime) -> Iterable[sa.ColumnElement[bool]]:
    columns = offerings.c
    yield columns.kind == wanted.kind
    if wanted.starts_from is not None:
        yield sa.or_(
            sa.false(),
            *(
                sa.and_(columns.timezone == zone, columns.starts_at >= start)
                for zone, start in wanted.starts_from.items()
            ),
        )
    if wanted.starts_to is not None:
        yield columns.starts_at < wanted.starts_to
    if wanted.type is not None:
        yield columns.type == wanted.type
    if wanted.status == "cancelled":
        yield columns.cancelled_at.is_not(None)
    elif wanted.status is not None:
        yield columns.cancelled_at.is_(None)
        yield {
            "upcoming": columns.starts_at > now,
            "ongoing": sa.and_(columns.starts_at <= now, columns.ends_at > now),
            "completed": columns.ends_at <= now,
            "open": columns.starts_at.is_(None),
        }[wanted.status]


def figures(tx: Tx, ids: Iterable[int]) -> dict[int, Figures]:
    """How full offerings with pools of their own are, in two queries whatever their number."""
    wanted = list(ids)
    pool_rows, overdue_rows = tx.pipeline(
        (
            "SELECT op.offering_id, p.units, (SELECT count(*) FROM claims c "
            "WHERE c.pool_id = p.id AND c.live AND NOT c.timed) "
            "FROM offering_pools op JOIN pools p ON p.id = op.pool_id WHERE op.offering_id AMONG ?",
            [wanted],
        ),
        (
            "SELECT offering_id, sum(party) FROM reservations "
            "WHERE offering_id AMONG ? AND state = 'held' AND due_at <= ? GROUP BY offering_id",
            [wanted, to_micros(tx.now)],
        ),
    )
    overdue = {offering_id: int(places) for offering_id, places in overdue_rows}
    found: dict[int, Figures] = {}
    for offering_id, units, taken in pool_rows:
        before = found.get(offering_id, Figures())
        found[offering_id] = Figures(before.capacity + units, before.taken + taken, overdue.get(offering_id, 0))
    return found


def add(tx: Tx, values: dict[str, Any], *, units: int, timed: bool) -> int:
    """A new offering with a pool of its own; its id."""
    values = values | {"created_at": tx.now, "version": 1}
    offering_id = tx.connection.execute(sa.insert(offerings).values(values).returning(offerings.c.id)).scalar_one()
    pool = {"name": values["title"], "units": units, "timed": timed}
    pool_id = tx.connection.execute(sa.insert(pools).values(pool).returning(pools.c.id)).scalar_one()
    tx.connection.execute(sa.insert(offering_pools).values(offering_id=offering_id, n=1, pool_id=pool_id))
    return int(offering_id)


def change(tx: Tx, offering_id: int, values: dict[str, Any]) -> None:
    """Change columns of an offering; its version counts every change."""
    tx.connection.execute(
        sa.update(offerings).where(offerings.c.id == offering_id).values(values | {"version": offerings.c.version + 1})
    )


def move_span(tx: Tx, offering_id: int, *, starts_at: datetime, ends_at: datetime) -> None:
    """Everything live in an offering follows its new time; no hold outlasts the new start."""
    live = sa.and_(reservations.c.offering_id == offering_id, reservations.c.due_at.is_not(None))
    mine = sa.select(reservations.c.id).where(live)
    tx.connection.execute(
        sa.update(claims)
        .where(claims.c.reservation_id.in_(mine), claims.c.live)
        .values(starts_at=starts_at, ends_at=ends_at)
    )
    due_at = sa.case(
        (reservations.c.state == "confirmed", sa.literal(ends_at, Instant)),
        (reservations.c.due_at > starts_at, sa.literal(starts_at, Instant)),
        else_=reservations.c.due_at,
    )
    tx.connection.execute(
        sa.update(reservations).where(live).values(starts_at=starts_at, ends_at=ends_at, due_at=due_at)
    )


def was_reserved(tx: Tx, offering_id: int) -> bool:
    return bool(tx.rows("SELECT 1 FROM reservations WHERE offering_id = ? LIMIT 1", offering_id))


def remove(tx: Tx, offering_id: int) -> None:
    """Delete an offering that nobody ever reserved, with its pool."""
    own = [pool_id for (pool_id,) in tx.rows("SELECT pool_id FROM offering_pools WHERE offering_id = ?", offering_id)]
    tx.change("DELETE FROM offering_pools WHERE offering_id = ?", offering_id)
    tx.change("DELETE FROM offerings WHERE id = ?", offering_id)
    tx.change("DELETE FROM pools WHERE id AMONG ?", own)


def resize(tx: Tx, offering_id: int, *, units: int) -> None:
    """Give an offering's own pool another size, moving claims that would be left outside into gaps below.

    The caller holds the offering's lock and has made sure that what is taken fits.
    """
    [(pool_id,)] = tx.rows(
        "SELECT id FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id = ?) FOR NO KEY UPDATE",
        offering_id,
    )
    rows = tx.rows(
        "SELECT reservation_id, n, unit FROM claims WHERE pool_id = ? AND live AND NOT timed ORDER BY unit", pool_id
    )
    gaps = iter(sorted(set(range(1, units + 1)) - {unit for _, _, unit in rows}))
    outside = [(reservation_id, n) for reservation_id, n, unit in rows if unit > units]
    # Two statements: while units change hands none of them may be taken twice.
    tx.write_all(
        tx.updating(tables.claims, "live", "reservation_id n", [(False, *key) for key in outside]),
        tx.updating(tables.claims, "live unit", "reservation_id n", [(True, next(gaps), *key) for key in outside]),
        tx.updating(tables.pools, "units", "id", [(units, pool_id)]),
    )
