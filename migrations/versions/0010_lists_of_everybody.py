"""Lists of everybody's reservations, by state and by time, in the time of a page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_EVERYBODYS = {"reservations_by_state": ["state", "id"], "reservations_by_start": ["starts_at", "id"]}


def upgrade() -> None:
    for name, columns in _EVERYBODYS.items():
        _create(name, "reservations", columns, where="person_id > 0")
    _create("offerings_cancelled", "offerings", ["id"], where="cancelled_at IS NOT NULL")


def _create(name: str, table: str, columns: list[str], *, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_index("offerings_cancelled", "offerings")
    for name in _EVERYBODYS:
        op.drop_index(name, "reservations")
