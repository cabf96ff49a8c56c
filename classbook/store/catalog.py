"""Offerings and the pools they sell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from classbook.rules import packing
from classbook.rules.spans import Span, most_at_once
from classbook.store import tables
from classbook.store.claims import freeing, shifting
from classbook.store.database import Instant, Row, TryAgain, Tx, from_micros, is_id, to_micros
from classbook.store.records import OFFERING_COLUMNS, OfferingRecord, instant, micros
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
    blocked: int = 0
    """Taken by the house itself: kept from sale."""

    @property
    def reserved(self) -> int:
        return self.taken - self.overdue - self.blocked

    @property
    def free(self) -> int:
        return self.capacity - self.taken + self.overdue


def by_id(tx: Tx, kind: str, offering_id: int, *, lock: bool = False) -> OfferingRecord | None:
    """One offering; with ``lock`` nobody else changes or books it until the end of the transaction."""
    if not is_id(offering_id):
        return None
    suffix = tx.locking() if lock else ""
    rows = tx.rows(f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id = ? AND kind = ?{suffix}", offering_id, kind)
    return OfferingRecord.of(rows[0]) if rows else None


def first_from(tx: Tx, kind: str, offering_id: int) -> int | None:
    """The first offering of a kind whose id is ``offering_id`` or more."""
    [(found,)] = tx.rows("SELECT min(id) FROM offerings WHERE kind = ? AND id >= ?", kind, offering_id)
    return found  # type: ignore[no-any-return]


def any_by_id(tx: Tx, offering_id: int, *, lock: bool = False) -> OfferingRecord | None:
    """One offering of whatever kind."""
    if not is_id(offering_id):
        return None
    suffix = tx.locking() if lock else ""
    rows = tx.rows(f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id = ?{suffix}", offering_id)
    return OfferingRecord.of(rows[0]) if rows else None


def all_by_id(tx: Tx, ids: Iterable[int]) -> dict[int, OfferingRecord]:
    """Offerings of whatever kind, by id."""
    wanted = [id for id in ids if is_id(id)]
    rows = tx.rows(f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ?", wanted) if wanted else []
    return {found.id: found for found in map(OfferingRecord.of, rows)}


def at_times(tx: Tx, kind: str, starts: Iterable[datetime]) -> list[OfferingRecord]:
    """Offerings of a kind that begin then and were not cancelled."""
    rows = tx.rows(
        f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE kind = ? AND starts_at AMONG ? AND cancelled_at IS NULL",
        kind, {to_micros(start) for start in starts},
    )  # fmt: skip
    return [OfferingRecord.of(row) for row in rows]


def of_provider(tx: Tx, person_id: int) -> OfferingRecord | None:
    """What a provider is booked by."""
    rows = tx.rows(
        f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE creator_id = ? AND kind = 'appointment' "
        "AND cancelled_at IS NULL ORDER BY id LIMIT 1",
        person_id,
    )
    return OfferingRecord.of(rows[0]) if rows else None


def creator_of(tx: Tx, offering_id: int) -> int | None:
    """Who made an offering of any kind; None where the console did, and for an offering that is not there."""
    rows = tx.rows("SELECT creator_id FROM offerings WHERE id = ?", offering_id) if is_id(offering_id) else []
    return rows[0][0] if rows else None


def like(tx: Tx, offering: OfferingRecord, *, most: int) -> list[OfferingRecord]:
    """Others to come of the same title or type where nobody waits, those nearest in time first."""
    rows = tx.rows(
        f"SELECT {OFFERING_COLUMNS} FROM offerings o WHERE o.kind = ? AND o.id <> ? AND (o.title = ? OR o.type = ?) "
        "AND o.cancelled_at IS NULL AND o.starts_at > ? "
        "AND NOT EXISTS (SELECT 1 FROM reservations q WHERE q.offering_id = o.id AND q.state = 'queued') "
        "ORDER BY abs(o.starts_at - ?), o.id LIMIT ?",
        offering.kind, offering.id, offering.title, offering.type, to_micros(tx.now),
        to_micros(offering.starts_at or tx.now), most,
    )  # fmt: skip
    return [OfferingRecord.of(row) for row in rows]


def zones(tx: Tx, kind: str) -> list[str]:
    """The time zones offerings of that kind are in."""
    return [zone for (zone,) in tx.rows("SELECT DISTINCT timezone FROM offerings WHERE kind = ?", kind)]


def count(tx: Tx, wanted: Filter) -> int:
    query = sa.select(sa.func.count()).select_from(offerings).where(*_conditions(wanted, tx.now))
    return int(tx.connection.execute(query).scalar_one())


def page(
    tx: Tx, wanted: Filter, *, limit: int, offset: int = 0, after: tuple[datetime | None, int] | None = None
) -> list[OfferingRecord]:
    """Offerings by start, then id: from the ``offset``-th on, or behind the (start, id) ``after``.

    A kind has a start everywhere or nowhere.
    """
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
        same_start = sa.and_(offerings.c.starts_at.is_not_distinct_from(start), offerings.c.id > last_id)
        query = query.where(sa.or_(offerings.c.starts_at > start, same_start) if start else same_start)
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
    """How full offerings are, in three queries whatever their number.

    In pools where every claim has its own time those count that meet the offering's time, or this moment where it has
    none.
    """
    wanted, now = list(ids), to_micros(tx.now)
    pool_rows, overdue_rows, blocked_rows = tx.pipeline(
        (
            "SELECT o.id, CASE WHEN p.plan_version > 0 THEN (SELECT count(*) FROM seats s WHERE s.pool_id = p.id) "
            "ELSE p.units END, CASE WHEN p.timed AND o.cancelled_at IS NOT NULL THEN 0 "
            "WHEN p.timed THEN (SELECT count(*) FROM claims c WHERE c.pool_id = p.id "
            "AND c.live AND c.timed AND c.starts_at < coalesce(o.ends_at, ? + 1) "
            "AND c.starts_at > coalesce(o.starts_at, ?) - p.longest_micros AND c.ends_at > coalesce(o.starts_at, ?)) "
            "ELSE (SELECT count(*) FROM claims c WHERE c.pool_id = p.id AND c.live AND NOT c.timed) END "
            "FROM offerings o JOIN offering_pools op ON op.offering_id = o.id JOIN pools p ON p.id = op.pool_id "
            "WHERE o.id AMONG ?",
            [now, now, now, wanted],
        ),
        (
            "SELECT o.id, count(*) FROM offerings o JOIN reservations r ON r.offering_id = o.id AND r.due_at <= ? "
            "AND (r.state = 'held' OR (r.check_in AND r.checked_in_at IS NULL)) "
            "JOIN claims c ON c.reservation_id = r.id AND c.live AND (NOT c.timed OR o.starts_at IS NOT NULL "
            "OR (c.starts_at <= ? AND c.ends_at > ?)) WHERE o.id AMONG ? GROUP BY o.id",
            [now, now, now, wanted],
        ),
        (
            "SELECT r.offering_id, count(*) FROM reservations r JOIN claims c ON c.reservation_id = r.id "
            "JOIN offering_pools op ON op.offering_id = r.offering_id AND op.pool_id = c.pool_id "
            "WHERE r.offering_id AMONG ? AND r.person_id IS NULL AND c.live GROUP BY r.offering_id",
            [wanted],
        ),
    )
    blocked: dict[int, int] = dict(blocked_rows)
    overdue = {offering_id: int(places) for offering_id, places in overdue_rows}
    found: dict[int, Figures] = {}
    for offering_id, units, taken in pool_rows:
        before = found.get(offering_id, Figures())
        all_taken = before.taken + taken
        found[offering_id] = Figures(
            before.capacity + units,
            all_taken,
            overdue=min(all_taken, overdue.get(offering_id, 0)),
            blocked=min(all_taken, blocked.get(offering_id, 0)),
        )
    return found


GIVEN_IDS: Final = "SELECT max(subject_id) FROM changes WHERE subject = 'offering'"
"""Offerings are deleted; their trail stays, and it must stay theirs alone, as must the address of their calendar."""


def fresh(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[OfferingRecord]:
    """New offerings out of their columns, each with an id of its own; `add` or `add_in_venues` writes them."""
    ids = tx.pipeline(tx.fresh_ids(offerings, len(rows), given=GIVEN_IDS))[0]
    unset = {"type": None, "starts_at": None, "ends_at": None, "venue_id": None, "price_minor": None, "currency": None}
    born = {"created_at": tx.now, "cancelled_at": None, "cancel_reason": None, "version": 1}
    return [OfferingRecord(**(unset | row | born), id=id) for (id,), row in zip(ids, rows, strict=True)]


def add(tx: Tx, new: Sequence[OfferingRecord], *, units: Sequence[int], timed: bool) -> None:
    """New offerings, each with a pool of its own of so many units."""
    ids = [id for (id,) in tx.pipeline(tx.fresh_ids(pools, len(new)))[0]]
    tx.write_all(
        _inserting(tx, new),
        tx.inserting(
            pools,
            "id name units timed",
            [(id, one.title, count, timed) for id, one, count in zip(ids, new, units, strict=True)],
        ),
        tx.inserting(
            offering_pools, "offering_id n pool_id", [(one.id, 1, id) for id, one in zip(ids, new, strict=True)]
        ),
    )


def add_in_venues(tx: Tx, new: Sequence[OfferingRecord], *, prices: Sequence[dict[str, int]]) -> None:
    """New offerings that sell the seats of their venues' stands. ``prices`` are minor units by category, of each."""
    tx.write_all(
        _inserting(tx, new),
        _pricing(tx, {one.id: own for one, own in zip(new, prices, strict=True)}),
    )
    tx.change(
        "INSERT INTO offering_pools (offering_id, n, pool_id) "
        "SELECT o.id, row_number() OVER (PARTITION BY o.id ORDER BY p.id), p.id "
        "FROM offerings o JOIN pools p ON p.venue_id = o.venue_id WHERE o.id AMONG ?",
        [one.id for one in new],
    )


def _inserting(tx: Tx, new: Sequence[OfferingRecord]) -> tuple[str, list[Row]]:
    rows: list[Row] = [
        (
            one.id, one.kind, one.title, one.description, one.type, micros(one.starts_at), micros(one.ends_at),
            one.timezone, one.creator_id, one.venue_id, one.policy, one.price_minor, one.currency,
            micros(one.created_at), one.version,
        )
        for one in new
    ]  # fmt: skip
    names = "id kind title description type starts_at ends_at timezone creator_id venue_id policy price_minor currency"
    return tx.inserting(offerings, f"{names} created_at version", rows)


def _pricing(tx: Tx, prices: Mapping[int, dict[str, int]]) -> tuple[str, list[Row]]:
    rows: list[Row] = [(id, category, minor) for id, own in prices.items() for category, minor in sorted(own.items())]
    return tx.inserting(tables.prices, "offering_id category price_minor", rows)


def put_prices(tx: Tx, offering_id: int, prices: dict[str, int]) -> None:
    """Make these the prices of an offering, in minor units by category."""
    tx.change("DELETE FROM prices WHERE offering_id = ?", offering_id)
    tx.write_all(_pricing(tx, {offering_id: prices}))


def prices_of(tx: Tx, offering_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Prices in minor units by offering and category."""
    found: dict[int, dict[str, int]] = {}
    for offering_id, category, minor in tx.rows(
        "SELECT offering_id, category, price_minor FROM prices WHERE offering_id AMONG ? "
        "ORDER BY offering_id, category",
        list(offering_ids),
    ):
        found.setdefault(offering_id, {})[category] = minor
    return found


def own_pools(tx: Tx, offering_id: int) -> list[int]:
    """The pools that an offering sells, in its order."""
    rows = tx.rows("SELECT pool_id FROM offering_pools WHERE offering_id = ? ORDER BY n", offering_id)
    return [pool_id for (pool_id,) in rows]


def pools_of_all(tx: Tx, offering_ids: Iterable[int]) -> dict[int, list[int]]:
    """The same of several offerings."""
    found: dict[int, list[int]] = {id: [] for id in offering_ids}
    rows = tx.rows(
        "SELECT offering_id, pool_id FROM offering_pools WHERE offering_id AMONG ? ORDER BY offering_id, n", list(found)
    )
    for offering_id, pool_id in rows if found else ():
        found[offering_id].append(pool_id)
    return found


def taken_in(tx: Tx, offering_id: int) -> list[tuple[int, int, int | None, str, datetime | None]]:
    """(pool, unit, person, state, due) of every unit that an offering has taken, of its own pools and of others."""
    rows = tx.rows(
        "SELECT c.pool_id, c.unit, r.person_id, r.state, r.due_at FROM reservations r "
        "JOIN claims c ON c.reservation_id = r.id WHERE r.offering_id = ? AND c.live",
        offering_id,
    )
    return [(pool_id, unit, owner_id, state, instant(due)) for pool_id, unit, owner_id, state, due in rows]


def holder_of(tx: Tx, offering_id: int, pool_id: int, unit: int) -> tuple[int, int] | None:
    """(reservation, person) of who has a unit in an offering; None where it is free or the house's."""
    rows = tx.rows(
        "SELECT r.id, r.person_id FROM reservations r JOIN claims c ON c.reservation_id = r.id "
        "WHERE r.offering_id = ? AND r.person_id IS NOT NULL AND c.pool_id = ? AND c.unit = ? AND c.live",
        offering_id, pool_id, unit,
    )  # fmt: skip
    return (rows[0][0], rows[0][1]) if rows else None


def sellers_of_taken(tx: Tx, offering_id: int) -> list[int]:
    """Other offerings whose pools an offering has taken with it: rooms, providers."""
    rows = tx.rows(
        "SELECT DISTINCT op.offering_id FROM reservations r JOIN claims c ON c.reservation_id = r.id "
        "JOIN pools p ON p.id = c.pool_id JOIN offering_pools op ON op.pool_id = c.pool_id "
        "WHERE r.offering_id = ? AND r.person_id IS NULL AND p.plan_version = 0 AND op.offering_id <> ? "
        "ORDER BY op.offering_id",
        offering_id, offering_id,
    )  # fmt: skip
    return [seller_id for (seller_id,) in rows]


def change(tx: Tx, offering_id: int, values: dict[str, Any]) -> None:
    """Change columns of an offering; its version counts every change."""
    tx.connection.execute(
        sa.update(offerings).where(offerings.c.id == offering_id).values(values | {"version": offerings.c.version + 1})
    )


def hold_still(tx: Tx, offering_id: int) -> None:
    """Lock all pools an offering takes units of, its own and others', and whatever is live in it.

    For who is to move it: in the order in which everybody locks, and so before any wallet.
    """
    tx.pipeline(
        (
            "SELECT id FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id = ?) OR id IN ("
            "SELECT c.pool_id FROM reservations r JOIN claims c ON c.reservation_id = r.id "
            "WHERE r.offering_id = ? AND r.person_id IS NULL AND c.live) ORDER BY id FOR NO KEY UPDATE",
            [offering_id, offering_id],
        ),
        (
            "SELECT id FROM reservations WHERE offering_id = ? AND due_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
            [offering_id],
        ),
    )


def units(tx: Tx, offering_id: int) -> int:
    """How many units an offering's own pools have."""
    [(count,)] = tx.rows(
        "SELECT coalesce(sum(p.units), 0) FROM offering_pools op JOIN pools p ON p.id = op.pool_id "
        "WHERE op.offering_id = ?",
        offering_id,
    )
    return int(count)


def move_span(tx: Tx, offering_id: int, span: Span, *, missed_at: datetime) -> None:
    """Give an offering another time. Everything live in it follows; no hold outlasts the new start.

    ``missed_at`` is when a booking lapses that needs a check-in.
    """
    starts_at, ends_at = span
    tx.connection.execute(
        sa.update(offerings).where(offerings.c.id == offering_id).values(starts_at=starts_at, ends_at=ends_at)
    )
    live = sa.and_(reservations.c.offering_id == offering_id, reservations.c.due_at.is_not(None))
    mine = sa.select(reservations.c.id).where(live)
    tx.connection.execute(
        sa.update(claims)
        .where(claims.c.reservation_id.in_(mine), claims.c.live)
        .values(starts_at=starts_at, ends_at=ends_at)
    )
    length = to_micros(ends_at) - to_micros(starts_at)
    taken = sa.select(claims.c.pool_id).where(claims.c.reservation_id.in_(mine), claims.c.live, claims.c.timed)
    tx.connection.execute(
        sa.update(pools).where(pools.c.id.in_(taken), pools.c.longest_micros < length).values(longest_micros=length)
    )
    due_at = sa.case(
        (
            sa.and_(
                reservations.c.check_in, reservations.c.checked_in_at.is_(None), reservations.c.state == "confirmed"
            ),
            sa.literal(missed_at, Instant),
        ),
        (reservations.c.state == "confirmed", sa.literal(ends_at, Instant)),
        (reservations.c.state == "queued", sa.literal(starts_at, Instant)),
        (reservations.c.due_at > starts_at, sa.literal(starts_at, Instant)),
        else_=reservations.c.due_at,
    )
    tx.connection.execute(
        sa.update(reservations).where(live).values(starts_at=starts_at, ends_at=ends_at, due_at=due_at)
    )


def was_reserved(tx: Tx, offering_id: int) -> bool:
    """Whether anybody ever reserved; what the house took itself does not count."""
    return bool(
        tx.rows("SELECT 1 FROM reservations WHERE offering_id = ? AND person_id IS NOT NULL LIMIT 1", offering_id)
    )


def remove(tx: Tx, offering_id: int) -> None:
    """Delete an offering that nobody ever reserved, with what the house took for it and with its own pool."""
    own = own_pools(tx, offering_id)
    for table in ("claims", "moves"):
        tx.change(
            f"DELETE FROM {table} WHERE reservation_id IN (SELECT id FROM reservations WHERE offering_id = ?)",
            offering_id,
        )
    tx.change("DELETE FROM reservations WHERE offering_id = ?", offering_id)
    for table in ("offering_pools", "schedules", "prices"):
        tx.change(f"DELETE FROM {table} WHERE offering_id = ?", offering_id)
    tx.change("DELETE FROM offerings WHERE id = ?", offering_id)
    # Stands are their venue's.
    tx.change("DELETE FROM pools WHERE id AMONG ? AND plan_version = 0", own)


def resize(tx: Tx, offering_id: int, *, units: int) -> int | None:
    """Give an offering's own pool another size, moving claims that would be left outside into gaps.

    None when that is done; else how many units it needs at least, and nothing has changed. The caller holds the
    offering's lock. What has begun in a pool with times keeps its unit.
    """
    [(pool_id, timed, before)] = tx.rows(
        "SELECT id, timed, units FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id = ?) "
        "FOR NO KEY UPDATE",
        offering_id,
    )
    shifted: Shifted = {}
    needed = 0
    if units < before:
        shifted, needed = _packed(tx, pool_id, units) if timed else _lowered(tx, pool_id, units)
    if needed > units:
        return needed
    freed, *_ = tx.write_all(
        freeing(tx, shifted),
        shifting(tx, shifted),
        tx.updating(tables.pools, "units", "id", [(units, pool_id)]),
    )
    if freed != len(shifted):
        raise TryAgain
    return None


Shifted = dict[tuple[int, int], int]
"""New units of claims, by (reservation, n)."""


def _lowered(tx: Tx, pool_id: int, units: int) -> tuple[Shifted, int]:
    """What moves when places share one time, and how many units that needs."""
    rows = tx.rows(
        "SELECT reservation_id, n, unit FROM claims WHERE pool_id = ? AND live AND NOT timed ORDER BY unit", pool_id
    )
    gaps = sorted(set(range(1, units + 1)) - {unit for _, _, unit in rows})
    outside = [(reservation_id, n) for reservation_id, n, unit in rows if unit > units]
    return dict(zip(outside, gaps, strict=False)), len(rows)


def _packed(tx: Tx, pool_id: int, units: int) -> tuple[Shifted, int]:
    """What moves when every claim has its own time, and how many units that needs."""
    now = tx.now
    rows = tx.rows(
        "SELECT reservation_id, n, unit, starts_at, ends_at FROM claims "
        "WHERE pool_id = ? AND live AND timed AND ends_at > ?",
        pool_id, to_micros(now),
    )  # fmt: skip
    found = [packing.Claim((id, n), unit, Span(from_micros(low), from_micros(high))) for id, n, unit, low, high in rows]
    begun = {claim.key for claim in found if claim.span.start <= now}
    moved = packing.repack(found, units=units, fixed=begun)
    if moved is None:
        return {}, max(units + 1, most_at_once(claim.span for claim in found))
    return moved, units
