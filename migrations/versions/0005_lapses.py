"""Lapses: when a hold ran out, so that who lets one after the other run out has to wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Written out: Alembic cannot add a column with its check to a table of SQLite.
    instant = Instant().compile(dialect=op.get_bind().dialect)
    check = "CONSTRAINT reservations_lapsed_expired CHECK (lapsed_at IS NULL OR state = 'expired')"
    op.execute(f"ALTER TABLE reservations ADD COLUMN lapsed_at {instant} {check}")
    lapsed = sa.text("lapsed_at IS NOT NULL")
    op.create_index(
        "reservations_lapses", "reservations", ["person_id", "offering_id", "lapsed_at"],
        sqlite_where=lapsed, postgresql_where=lapsed,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("reservations_lapses", "reservations")
    op.drop_column("reservations", "lapsed_at")
