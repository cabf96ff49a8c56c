"""Vouchers, and the reservations that were made with one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT, BigId, Instant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "vouchers",
        sa.Column("id", BigId),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("creator_id", BigId),
        sa.Column("offering_id", BigId),
        sa.Column("amount_minor", BigId),
        sa.Column("currency", sa.Text),
        sa.Column("percent", sa.Integer),
        sa.Column("uses", sa.Integer),
        sa.Column("per_person", sa.Integer),
        sa.Column("valid_from", Instant),
        sa.Column("valid_until", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("cancelled_at", Instant),
        sa.PrimaryKeyConstraint("id", name="vouchers_pkey"),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name=op.f("vouchers_amount_whole")),
        sa.CheckConstraint("(amount_minor IS NULL) <> (percent IS NULL)", name=op.f("vouchers_one_discount")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("vouchers_amount_positive")),
        sa.CheckConstraint("code = upper(code)", name=op.f("vouchers_code_upper")),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("vouchers_percent_known")),
        sa.CheckConstraint("per_person >= 1", name=op.f("vouchers_person_counted")),
        sa.CheckConstraint("uses >= 1", name=op.f("vouchers_uses_counted")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("vouchers_dates_forward")),
        **STRICT,
    )
    op.create_index("vouchers_code", "vouchers", ["code"], unique=True)
    op.create_index("vouchers_by_creator", "vouchers", ["creator_id", "id"], unique=False)
    # Written out: Alembic cannot add a column with its check to a table of SQLite.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite").compile(dialect=op.get_bind().dialect)
    op.execute(f"ALTER TABLE reservations ADD COLUMN voucher_id {number}")
    check = "discount_minor IS NULL OR (discount_minor >= 0 AND voucher_id IS NOT NULL AND price_minor IS NOT NULL)"
    named = f"CONSTRAINT reservations_discount_of_price CHECK ({check})"
    op.execute(f"ALTER TABLE reservations ADD COLUMN discount_minor {number} {named}")
    used = sa.text("voucher_id IS NOT NULL")
    op.create_index(
        "reservations_by_voucher", "reservations", ["voucher_id", "person_id"],
        sqlite_where=used, postgresql_where=used,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("reservations_by_voucher", "reservations")
    op.drop_column("reservations", "discount_minor")
    op.drop_column("reservations", "voucher_id")
    op.drop_table("vouchers")
