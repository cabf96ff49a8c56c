"""Reminders go over each kind by itself, because each may have a time of its own: from where all of them had come."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_KINDS = ("class", "event", "match", "appointment", "resource")


def upgrade() -> None:
    for kind in _KINDS:
        op.execute(
            f"INSERT INTO watermarks (name, at, id) SELECT 'reminders of {kind}', at, id "
            "FROM watermarks WHERE name = 'reminders'"
        )
    op.execute("DELETE FROM watermarks WHERE name = 'reminders'")


def downgrade() -> None:
    op.execute(
        "INSERT INTO watermarks (name, at, id) SELECT 'reminders', at, id "
        "FROM watermarks WHERE name LIKE 'reminders of %' ORDER BY at DESC, id DESC LIMIT 1"
    )
    op.execute("DELETE FROM watermarks WHERE name LIKE 'reminders of %'")
