"""Watermarks: how far a step of the daemon has come that goes over things once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT_BY_KEY, BigId, Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "watermarks",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("name", name="watermarks_pkey"),
        **STRICT_BY_KEY,
    )


def downgrade() -> None:
    op.drop_table("watermarks")
