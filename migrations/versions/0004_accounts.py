"""Accounts: what waits for the proof of an address, logins that can be refreshed, and how often something was tried.

Whoever has signed up and not proved the address yet signs up again: their code and their password are forgotten.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT_BY_KEY, BigId, Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("nonce", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("guesses", sa.Integer, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="attempts_pkey"),
        sa.CheckConstraint("purpose IN ('signup', 'reset', 'login')", name=op.f("attempts_purpose_known")),
        sa.CheckConstraint("name IS NOT NULL OR purpose <> 'signup'", name=op.f("attempts_signup_named")),
        sa.CheckConstraint("(password_hash IS NOT NULL) = (purpose = 'signup')", name=op.f("attempts_password_kept")),
        sa.CheckConstraint("guesses BETWEEN 0 AND 5", name=op.f("attempts_guesses_bounded")),
        **STRICT_BY_KEY,
    )
    op.create_index("attempts_by_address", "attempts", ["email", "purpose"], unique=False)
    op.create_index("attempts_by_end", "attempts", ["expires_at"], unique=False)
    op.create_table(
        "logins",
        sa.Column("id", sa.Text),
        sa.Column("person_id", BigId, sa.ForeignKey("people.id", name="logins_person_id_fkey"), nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("issued_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="logins_pkey"),
        sa.CheckConstraint("serial >= 1", name=op.f("logins_serial_numbered")),
        sa.CheckConstraint("ends_at > issued_at", name=op.f("logins_span_forward")),
        **STRICT_BY_KEY,
    )
    op.create_index("logins_by_person", "logins", ["person_id", "source"], unique=False)
    op.create_index("logins_by_end", "logins", ["ends_at"], unique=False)
    op.create_table(
        "throttles",
        sa.Column("subject", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="throttles_pkey"),
        sa.CheckConstraint("tries >= 0", name=op.f("throttles_tries_counted")),
        **STRICT_BY_KEY,
    )
    op.create_index("throttles_by_end", "throttles", ["ends_at"], unique=False)
    op.add_column("messages", sa.Column("attempt", sa.Text))
    op.execute("DELETE FROM codes WHERE purpose = 'verify'")
    op.execute("UPDATE people SET password_hash = NULL WHERE verified_at IS NULL")


def downgrade() -> None:
    op.drop_column("messages", "attempt")
    op.drop_table("throttles")
    op.drop_table("logins")
    op.drop_table("attempts")
