"""The law: pools, claims, reservations and their states, for all five kinds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from classbook.store.database import STRICT, STRICT_BY_KEY, BigId, Flag, Instant, Real

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "codes",
        sa.Column("purpose", sa.Text),
        sa.Column("subject_id", BigId),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("guesses", sa.Integer, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "subject_id", name="codes_pkey"),
        sa.CheckConstraint("guesses BETWEEN 0 AND 5", name=op.f("codes_guesses_bounded")),
        sa.CheckConstraint("serial >= 1", name=op.f("codes_serial_numbered")),
        **STRICT_BY_KEY,
    )
    op.create_table(
        "messages",
        sa.Column("id", BigId),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("person_id", BigId),
        sa.Column("reservation_id", BigId),
        sa.Column("offering_id", BigId),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("lease_token", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("sent_at", Instant),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="messages_pkey"),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state = 'waiting')", name=op.f("messages_due_while_waiting")),
        sa.CheckConstraint("(sent_at IS NOT NULL) = (state = 'sent')", name=op.f("messages_sent_dated")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dead')", name=op.f("messages_state_known")),
        **STRICT,
    )
    create_partial_index("messages_waiting", "messages", ["due_at"], where="state = 'waiting'", unique=False)
    op.create_table(
        "moves",
        sa.Column("reservation_id", BigId),
        sa.Column("n", sa.Integer),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", BigId),
        sa.Column("reason", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.PrimaryKeyConstraint("reservation_id", "n", name="moves_pkey"),
        **STRICT_BY_KEY,
    )
    op.create_table(
        "people",
        sa.Column("id", BigId),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("verified_at", Instant),
        sa.Column("removed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="people_pkey"),
        sa.CheckConstraint("role IN ('member', 'organizer', 'provider', 'admin')", name=op.f("people_role_known")),
        **STRICT,
    )
    op.create_index("people_email", "people", ["email"], unique=True)
    op.create_table(
        "request_keys",
        sa.Column("person_id", BigId, autoincrement=False),
        sa.Column("key", sa.Text),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name="request_keys_pkey"),
        **STRICT_BY_KEY,
    )
    op.create_index("request_keys_by_age", "request_keys", ["created_at"], unique=False)
    op.create_table(
        "venues",
        sa.Column("id", BigId),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="venues_pkey"),
        **STRICT,
    )
    op.create_table(
        "offerings",
        sa.Column("id", BigId),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("type", sa.Text),
        sa.Column("starts_at", Instant),
        sa.Column("ends_at", Instant),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("creator_id", BigId, sa.ForeignKey("people.id", name="offerings_creator_id_fkey")),
        sa.Column("venue_id", BigId, sa.ForeignKey("venues.id", name="offerings_venue_id_fkey")),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("price_minor", BigId),
        sa.Column("currency", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("cancelled_at", Instant),
        sa.Column("cancel_reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="offerings_pkey"),
        sa.CheckConstraint(
            "kind IN ('class', 'event', 'match', 'appointment', 'resource')", name=op.f("offerings_kind_known")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("offerings_price_counted")),
        sa.CheckConstraint("(price_minor IS NULL) = (currency IS NULL)", name=op.f("offerings_price_whole")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("offerings_span_forward")),
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name=op.f("offerings_span_whole")),
        **STRICT,
    )
    op.create_index("offerings_by_start", "offerings", ["kind", "starts_at"], unique=False)
    op.create_index("offerings_creator_id", "offerings", ["creator_id"], unique=False)
    op.create_index("offerings_venue_id", "offerings", ["venue_id"], unique=False)
    op.create_table(
        "pools",
        sa.Column("id", BigId),
        sa.Column("venue_id", BigId, sa.ForeignKey("venues.id", name="pools_venue_id_fkey")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("timed", Flag, nullable=False),
        sa.Column("longest_micros", BigId, nullable=False, server_default="0"),
        sa.Column("plan_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("focus_x", Real),
        sa.Column("focus_y", Real),
        sa.PrimaryKeyConstraint("id", name="pools_pkey"),
        sa.CheckConstraint("longest_micros >= 0", name=op.f("pools_longest_known")),
        sa.CheckConstraint("units >= 0", name=op.f("pools_units_counted")),
        **STRICT,
    )
    op.create_index("pools_venue_id", "pools", ["venue_id"], unique=False)
    op.create_table(
        "offering_pools",
        sa.Column("offering_id", BigId, sa.ForeignKey("offerings.id", name="offering_pools_offering_id_fkey")),
        sa.Column("n", sa.Integer),
        sa.Column("pool_id", BigId, sa.ForeignKey("pools.id", name="offering_pools_pool_id_fkey"), nullable=False),
        sa.PrimaryKeyConstraint("offering_id", "n", name="offering_pools_pkey"),
        **STRICT_BY_KEY,
    )
    op.create_index("offering_pools_pool_id", "offering_pools", ["pool_id"], unique=False)
    op.create_table(
        "prices",
        sa.Column("offering_id", BigId, sa.ForeignKey("offerings.id", name="prices_offering_id_fkey")),
        sa.Column("category", sa.Text),
        sa.Column("price_minor", BigId, nullable=False),
        sa.PrimaryKeyConstraint("offering_id", "category", name="prices_pkey"),
        sa.CheckConstraint("price_minor >= 0", name=op.f("prices_price_counted")),
        **STRICT_BY_KEY,
    )
    op.create_table(
        "reservations",
        sa.Column("id", BigId),
        sa.Column(
            "offering_id", BigId, sa.ForeignKey("offerings.id", name="reservations_offering_id_fkey"), nullable=False
        ),
        sa.Column("person_id", BigId, sa.ForeignKey("people.id", name="reservations_person_id_fkey")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("party", sa.Integer, nullable=False),
        sa.Column("starts_at", Instant),
        sa.Column("ends_at", Instant),
        sa.Column("due_at", Instant),
        sa.Column("once", Flag, nullable=False),
        sa.Column("check_in", Flag, nullable=False),
        sa.Column("ask", sa.Text),
        sa.Column("price_minor", BigId),
        sa.Column("currency", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant),
        sa.Column("checked_in_at", Instant),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="reservations_pkey"),
        sa.CheckConstraint(
            "checked_in_at IS NULL OR confirmed_at IS NOT NULL", name=op.f("reservations_checked_in_confirmed")
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'completed') OR confirmed_at IS NOT NULL",
            name=op.f("reservations_confirmed_dated"),
        ),
        sa.CheckConstraint(
            "(due_at IS NOT NULL) = (state IN ('queued', 'held', 'confirmed'))",
            name=op.f("reservations_due_while_live"),
        ),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR state NOT IN ('queued', 'held')", name=op.f("reservations_house_confirmed")
        ),
        sa.CheckConstraint("party >= 1", name=op.f("reservations_party_counted")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("reservations_price_counted")),
        sa.CheckConstraint("(price_minor IS NULL) = (currency IS NULL)", name=op.f("reservations_price_whole")),
        sa.CheckConstraint("state <> 'queued' OR ask IS NOT NULL", name=op.f("reservations_queued_asks")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("reservations_span_forward")),
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name=op.f("reservations_span_whole")),
        sa.CheckConstraint(
            "state IN ('queued', 'held', 'confirmed', 'completed', 'cancelled', 'expired')",
            name=op.f("reservations_state_known"),
        ),
        **STRICT,
    )
    op.create_index("reservations_by_offering", "reservations", ["offering_id", "due_at"], unique=False)
    op.create_index("reservations_by_person", "reservations", ["person_id", "due_at"], unique=False)
    create_partial_index("reservations_due", "reservations", ["due_at"], where="due_at IS NOT NULL", unique=False)
    create_partial_index(
        "reservations_once",
        "reservations",
        ["offering_id", "person_id"],
        where="once AND state IN ('queued', 'held', 'confirmed')",
        unique=True,
    )
    create_partial_index(
        "reservations_queue", "reservations", ["offering_id", "id"], where="state = 'queued'", unique=False
    )
    op.create_table(
        "schedules",
        sa.Column("offering_id", BigId, sa.ForeignKey("offerings.id", name="schedules_offering_id_fkey")),
        sa.Column("n", sa.Integer),
        sa.Column("rule", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("offering_id", "n", name="schedules_pkey"),
        **STRICT_BY_KEY,
    )
    op.create_table(
        "seats",
        sa.Column("pool_id", BigId, sa.ForeignKey("pools.id", name="seats_pool_id_fkey")),
        sa.Column("unit", sa.Integer),
        sa.Column("row_name", sa.Text, nullable=False),
        sa.Column("seat_name", sa.Text, nullable=False),
        sa.Column("x", Real, nullable=False),
        sa.Column("y", Real, nullable=False),
        sa.Column("category", sa.Text),
        sa.PrimaryKeyConstraint("pool_id", "unit", name="seats_pkey"),
        sa.CheckConstraint("unit >= 1", name=op.f("seats_unit_numbered")),
        **STRICT_BY_KEY,
    )
    op.create_index("seats_label", "seats", ["pool_id", "row_name", "seat_name"], unique=True)
    op.create_table(
        "claims",
        sa.Column("reservation_id", BigId, sa.ForeignKey("reservations.id", name="claims_reservation_id_fkey")),
        sa.Column("n", sa.Integer),
        sa.Column("pool_id", BigId, sa.ForeignKey("pools.id", name="claims_pool_id_fkey"), nullable=False),
        sa.Column("unit", sa.Integer, nullable=False),
        sa.Column("starts_at", Instant),
        sa.Column("ends_at", Instant),
        sa.Column("live", Flag, nullable=False),
        sa.Column("timed", Flag, nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", "n", name="claims_pkey"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("claims_span_forward")),
        sa.CheckConstraint(
            "NOT timed OR (starts_at IS NOT NULL AND ends_at IS NOT NULL)", name=op.f("claims_timed_spanned")
        ),
        sa.CheckConstraint("unit >= 1", name=op.f("claims_unit_numbered")),
        **STRICT_BY_KEY,
    )
    create_partial_index("claims_fixed", "claims", ["pool_id", "unit"], where="live AND NOT timed", unique=True)
    create_partial_index(
        "claims_timed", "claims", ["pool_id", "unit", "starts_at"], where="live AND timed", unique=False
    )
    create_partial_index(
        "claims_timed_by_start", "claims", ["pool_id", "starts_at"], where="live AND timed", unique=False
    )
    for statement in guards(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("claims")
    op.drop_table("seats")
    op.drop_table("schedules")
    op.drop_table("reservations")
    op.drop_table("prices")
    op.drop_table("offering_pools")
    op.drop_table("pools")
    op.drop_table("offerings")
    op.drop_table("venues")
    op.drop_table("request_keys")
    op.drop_table("people")
    op.drop_table("moves")
    op.drop_table("messages")
    op.drop_table("codes")


def create_partial_index(name: str, table: str, columns: list[str], *, where: str, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def guards(dialect: str) -> tuple[str, ...]:
    """The law for timed pools, as the database enforces it: taken claims on one unit never overlap.

    A second guard behind the pool's lock. SQLite looks only at the predecessor and the successor by start, which is
    enough because the rows before it satisfied the law already.
    """
    if dialect == "postgresql":
        return (
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            "ALTER TABLE claims ADD CONSTRAINT claims_overlap EXCLUDE USING gist "
            "(pool_id WITH =, unit WITH =, int8range(starts_at, ends_at) WITH &&) WHERE (live AND timed)",
        )
    return tuple(
        f"CREATE TRIGGER claims_overlap_{event} BEFORE {when} ON claims WHEN NEW.live AND NEW.timed AND ("
        "EXISTS (SELECT 1 FROM (SELECT ends_at FROM claims WHERE live AND timed AND pool_id = NEW.pool_id "
        "AND unit = NEW.unit AND starts_at < NEW.ends_at "
        "AND NOT (reservation_id = NEW.reservation_id AND n = NEW.n) "
        "ORDER BY starts_at DESC LIMIT 1) WHERE ends_at > NEW.starts_at)) "
        "BEGIN SELECT RAISE(ABORT, 'claims_overlap'); END"
        for event, when in (
            ("insert", "INSERT"),
            ("update", "UPDATE OF pool_id, unit, starts_at, ends_at, live, timed"),
        )
    )
