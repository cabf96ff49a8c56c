"""Webhooks: who is told of what happens, and what waits to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT, BigId, Count, Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", BigId),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("tried_at", Instant, nullable=False, server_default="0"),
        sa.Column("paused_until", Instant, nullable=False, server_default="0"),
        sa.Column("disabled_at", Instant),
        sa.Column("disabled_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="webhooks_pkey"),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name=op.f("webhooks_disabled_for_a_reason")
        ),
        **STRICT,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", BigId),
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", Count, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("lease_token", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("delivered_at", Instant),
        sa.Column("status", Count),
        sa.Column("last_error", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="deliveries_pkey"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("deliveries_state_known")),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state = 'waiting')", name=op.f("deliveries_due_while_waiting")),
        sa.CheckConstraint(
            "(delivered_at IS NOT NULL) = (state = 'delivered')", name=op.f("deliveries_delivered_dated")
        ),
        **STRICT,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "deliveries_waiting", "deliveries", ["webhook_id", "due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("deliveries_due", "deliveries", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("deliveries_by_webhook", "deliveries", ["webhook_id", "id"])
    op.create_index("deliveries_by_age", "deliveries", ["created_at"])


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("webhooks")
