"""The trail: who changed what, under which request; what a move was from and to; which request a mail tells of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT, BigId, Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", BigId),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", BigId),
        sa.Column("request_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.PrimaryKeyConstraint("id", name="changes_pkey"),
        sa.CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name=op.f("changes_something_told")),
        **STRICT,
    )
    op.create_index("changes_by_actor", "changes", ["actor_id", "id"], unique=False)
    op.create_index("changes_by_subject", "changes", ["subject", "subject_id", "id"], unique=False)
    op.add_column("moves", sa.Column("before", sa.Text))
    op.add_column("moves", sa.Column("after", sa.Text))
    op.add_column("messages", sa.Column("request_id", sa.Text))


def downgrade() -> None:
    op.drop_column("messages", "request_id")
    op.drop_column("moves", "after")
    op.drop_column("moves", "before")
    op.drop_table("changes")
