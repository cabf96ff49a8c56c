"""The price of each place: what is kept keeps it, and what is given back is worth it (rules/exchanges.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PRICED = "r.price_minor IS NOT NULL AND r.person_id IS NOT NULL AND r.state IN ('held', 'confirmed', 'completed')"
_GROSS = "(r.price_minor + coalesce(r.discount_minor, 0))"

# What was sold before has only a price in all. Seats have their categories' prices where those add up to it;
# everything else shares it evenly, the odd cents on the first places.
_BY_CATEGORY = f"""
UPDATE claims SET price_minor = (
  SELECT coalesce(own.price_minor, stand.price_minor) FROM reservations r
  JOIN seats s ON s.pool_id = claims.pool_id AND s.unit = claims.unit
  JOIN pools p ON p.id = s.pool_id
  LEFT JOIN prices own ON own.offering_id = r.offering_id AND own.category = s.category
  LEFT JOIN prices stand ON stand.offering_id = r.offering_id AND stand.category = p.name
  WHERE r.id = claims.reservation_id)
WHERE live AND reservation_id IN (SELECT r.id FROM reservations r WHERE {_PRICED})
"""
_EVENLY = f"""
UPDATE claims SET price_minor = (
  SELECT {_GROSS} / r.party + CASE WHEN {_GROSS} % r.party >= (
    SELECT count(*) FROM claims c WHERE c.reservation_id = r.id AND c.live AND c.n <= claims.n) THEN 1 ELSE 0 END
  FROM reservations r WHERE r.id = claims.reservation_id)
WHERE live AND reservation_id IN (SELECT r.id FROM reservations r WHERE {_PRICED} AND {_GROSS} <> (
  SELECT coalesce(sum(c.price_minor), -1) FROM claims c WHERE c.reservation_id = r.id AND c.live))
"""


def upgrade() -> None:
    # Written out: Alembic cannot add a column with its check to a table of SQLite.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite").compile(dialect=op.get_bind().dialect)
    _add("claims", "price_minor", number, "price_counted", "price_minor IS NULL OR price_minor >= 0")
    _add(
        "reservations", "forfeited_minor", number, "forfeited_once_paid",
        "forfeited_minor IS NULL OR (forfeited_minor > 0 AND price_minor IS NOT NULL AND confirmed_at IS NOT NULL)",
    )  # fmt: skip
    _add(
        "reservations", "most_back_percent", "INTEGER", "most_back_bounded",
        "most_back_percent IS NULL OR most_back_percent BETWEEN 0 AND 99",
    )  # fmt: skip
    op.execute(_BY_CATEGORY)
    op.execute(_EVENLY)


def _add(table: str, column: str, type_: str, name: str, check: str) -> None:
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {type_} CONSTRAINT {table}_{name} CHECK ({check})")


def downgrade() -> None:
    op.drop_column("reservations", "most_back_percent")
    op.drop_column("reservations", "forfeited_minor")
    op.drop_column("claims", "price_minor")
