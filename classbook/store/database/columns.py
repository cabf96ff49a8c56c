"""What columns are made of on both databases: instants, keys, flags, tables of strict types, indexes over some rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """An instant as the database keeps it: whole microseconds since 1970, UTC."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant behind a number in the database."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: one order, one unit, on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


MOST_ID: Final = 2**63 - 1
BigId: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""An integer key. On SQLite it must be spelled INTEGER to be the row's own number."""
Flag: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")
"""True or false; STRICT tables of SQLite know only integers."""
Real: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
Count: Final = sa.Integer()
STRICT: Final[dict[str, Any]] = {"sqlite_strict": True}
STRICT_BY_KEY: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""Table options: types are enforced; rows of the second kind live in their primary key's tree and nowhere else."""


def is_id(number: int) -> bool:
    """Whether a row may have that id. No other number is asked for: a driver refuses what its column cannot hold."""
    return 0 < number <= MOST_ID


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over the rows that satisfy ``where``, on every database."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
