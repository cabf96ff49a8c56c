"""Offerings of every kind side by side, as people look through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from classbook.store.database import Tx
from classbook.store.records import OFFERING_COLUMNS, OfferingRecord
from classbook.store.tables import offerings


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for. ``starts_from`` gives the first instant that counts for each time zone in use."""

    kind: str | None = None
    starts_from: dict[str, datetime] | None = None
    type: str | None = None
    text: str | None = None


def zones(tx: Tx) -> list[str]:
    """The time zones offerings are in."""
    return [zone for (zone,) in tx.rows("SELECT DISTINCT timezone FROM offerings")]


def types(tx: Tx, *, most: int) -> list[str]:
    """The types that offerings still to come are of, by name."""
    query = (
        sa.select(offerings.c.type)
        .where(offerings.c.type.is_not(None), *_to_come(tx.now))
        .distinct()
        .order_by(offerings.c.type)
        .limit(most)
    )
    return [name for (name,) in tx.connection.execute(query)]


def page(tx: Tx, wish: Wish, *, limit: int, offset: int) -> list[OfferingRecord]:
    """What is still to come by start, then what has no time of its own, from the ``offset``-th on."""
    query = (
        sa.select(sa.text(OFFERING_COLUMNS))
        .select_from(offerings)
        .where(*_conditions(wish, tx.now))
        .order_by(offerings.c.starts_at.is_(None), offerings.c.starts_at, offerings.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [OfferingRecord.of(tuple(row)) for row in tx.connection.execute(query)]


def count(tx: Tx, wish: Wish) -> int:
    query = sa.select(sa.func.count()).select_from(offerings).where(*_conditions(wish, tx.now))
    return int(tx.connection.execute(query).scalar_one())


def _to_come(now: datetime) -> Iterable[sa.ColumnElement[bool]]:
    yield offerings.c.cancelled_at.is_(None)
    yield sa.or_(offerings.c.starts_at.is_(None), offerings.c.starts_at > now)


def _conditions(wish: Wish, now: datetime) -> Iterable[sa.ColumnElement[bool]]:
    columns = offerings.c
    yield from _to_come(now)
    if wish.kind is not None:
        yield columns.kind == wish.kind
    if wish.starts_from is not None:
        yield sa.or_(
            columns.starts_at.is_(None),
            *(
                sa.and_(columns.timezone == zone, columns.starts_at >= start)
                for zone, start in wish.starts_from.items()
            ),
        )
    if wish.type is not None:
        yield columns.type == wish.type
    if wish.text is not None:
        yield sa.or_(columns.title.icontains(wish.text, autoescape=True),
                     columns.description.icontains(wish.text, autoescape=True))  # fmt: skip
