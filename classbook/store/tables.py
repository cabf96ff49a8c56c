"""The schema, for all five kinds. Rows cannot lie about themselves: what can be a CHECK is one.

Pools have units; claims take units of pools; reservations own claims; offerings say which pools they sell. A row of
`moves` stands beside every change of a reservation, one of `changes` beside every other change. The constraint columns
of the hot tables start with the pool or the offering they guard, so that the tables can be spread over several
machines one day.

Money is `transfers` between `wallets`: rows that are never changed, from which the database itself keeps what people
have and what of it is held.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text

from classbook.rules import states
from classbook.store.database import (
    STRICT,
    STRICT_BY_KEY,
    BigId,
    Count,
    Flag,
    Instant,
    Real,
    guards,
    ledger_guards,
    partial_index,
)

HEAD: Final = "0011"
"""The revision of `migrations/` that this schema is; a test compares."""

KINDS: Final = ("class", "event", "match", "appointment", "resource")
ROLES: Final = ("member", "organizer", "provider", "admin")
ACCOUNTS: Final = ("person", "organizer", "house", "outside")


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
        "uq": "%(table_name)s_%(column_0_name)s",
        "ix": "%(table_name)s_%(column_0_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("phone", Text),
    Column("timezone", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_at", Instant, nullable=False),
    Column("verified_at", Instant),
    Column("removed_at", Instant),
    Check(_among("role", ROLES), name="role_known"),
    sa.Index("people_email", "email", unique=True),
    **STRICT,
)

venues = Table(
    "venues",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # A pool of one unit: whoever plays has all of it, so two matches cannot share an hour.
    Column("pitch_pool_id", BigId),
    Column("created_at", Instant, nullable=False),
    **STRICT,
)

pools = Table(
    "pools",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("venue_id", BigId, ForeignKey("venues.id"), index=True),
    Column("name", Text, nullable=False),
    Column("units", Count, nullable=False),
    # A claim on a timed pool takes its unit for its own span; on a fixed one all claims share the offering's span.
    Column("timed", Flag, nullable=False),
    # The longest span ever claimed, in microseconds: overlap reads look back this far. Only grows.
    Column("longest_micros", BigId, nullable=False, server_default="0"),
    # Counts the changes of the seat plan; layouts are cached by it. Focal point: where the best seats look at.
    Column("plan_version", Count, nullable=False, server_default="0"),
    Column("focus_x", Real),
    Column("focus_y", Real),
    Check("units >= 0", name="units_counted"),
    Check("longest_micros >= 0", name="longest_known"),
    **STRICT,
)

seats = Table(
    "seats",
    metadata,
    Column("pool_id", BigId, ForeignKey("pools.id"), primary_key=True),
    Column("unit", Count, primary_key=True),
    # Where it comes in the plan. A unit stays the same seat for ever, the plan around it may change.
    Column("place", Count, nullable=False),
    Column("row_name", Text, nullable=False),
    Column("seat_name", Text, nullable=False),
    Column("x", Real, nullable=False),
    Column("y", Real, nullable=False),
    Column("category", Text),
    Check("unit >= 1", name="unit_numbered"),
    sa.Index("seats_label", "pool_id", "row_name", "seat_name", unique=True),
    **STRICT_BY_KEY,
)

offerings = Table(
    "offerings",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("type", Text),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("timezone", Text, nullable=False),
    Column("creator_id", BigId, ForeignKey("people.id"), index=True),
    Column("venue_id", BigId, ForeignKey("venues.id"), index=True),
    # What this offering overrides of its kind's policy, as JSON.
    Column("policy", Text, nullable=False),
    Column("price_minor", BigId),
    Column("currency", Text),
    Column("created_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    Column("cancel_reason", Text),
    Column("version", Count, nullable=False),
    Check(_among("kind", KINDS), name="kind_known"),
    Check("(starts_at IS NULL) = (ends_at IS NULL)", name="span_whole"),
    Check("ends_at > starts_at", name="span_forward"),
    Check("(price_minor IS NULL) = (currency IS NULL)", name="price_whole"),
    Check("price_minor >= 0", name="price_counted"),
    sa.Index("offerings_by_start", "kind", "starts_at"),
    partial_index("offerings_cancelled", "id", where="cancelled_at IS NOT NULL"),
    **STRICT,
)

offering_pools = Table(
    "offering_pools",
    metadata,
    Column("offering_id", BigId, ForeignKey("offerings.id"), primary_key=True),
    Column("n", Count, primary_key=True),
    Column("pool_id", BigId, ForeignKey("pools.id"), nullable=False, index=True),
    **STRICT_BY_KEY,
)

prices = Table(
    "prices",
    metadata,
    Column("offering_id", BigId, ForeignKey("offerings.id"), primary_key=True),
    # A seat's category; seats without one are of their stand's name.
    Column("category", Text, primary_key=True),
    Column("price_minor", BigId, nullable=False),
    Check("price_minor >= 0", name="price_counted"),
    **STRICT_BY_KEY,
)

schedules = Table(
    "schedules",
    metadata,
    Column("offering_id", BigId, ForeignKey("offerings.id"), primary_key=True),
    Column("n", Count, primary_key=True),
    # One rule of the opening hours, as JSON (rules/timetable.py).
    Column("rule", Text, nullable=False),
    **STRICT_BY_KEY,
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("offering_id", BigId, ForeignKey("offerings.id"), nullable=False),
    # Nobody, for what the house takes itself.
    Column("person_id", BigId, ForeignKey("people.id")),
    Column("state", Text, nullable=False),
    Column("party", Count, nullable=False),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    # When time itself changes this row next; null only in final states.
    Column("due_at", Instant),
    # Copied from the policy: one live reservation per person and offering.
    Column("once", Flag, nullable=False),
    # Copied from the policy: lapses where nobody checks in.
    Column("check_in", Flag, nullable=False),
    # What a queued reservation waits for, as JSON.
    Column("ask", Text),
    Column("price_minor", BigId),
    Column("currency", Text),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("checked_in_at", Instant),
    # How many rows of `moves` this reservation has.
    Column("steps", Count, nullable=False),
    # When a hold of it ran out, which is before anybody wrote it down.
    Column("lapsed_at", Instant, Check("lapsed_at IS NULL OR state = 'expired'", name="lapsed_expired")),
    # The voucher it was made with, and what that takes off: the price is what is left. No foreign key, as on history.
    Column("voucher_id", BigId),
    Column(
        "discount_minor",
        BigId,
        Check(
            "discount_minor IS NULL OR (discount_minor >= 0 AND voucher_id IS NOT NULL AND price_minor IS NOT NULL)",
            name="discount_of_price",
        ),
    ),
    # What was paid for places that were given back since and did not come back; the price is that of what is left.
    Column(
        "forfeited_minor",
        BigId,
        Check(
            "forfeited_minor IS NULL OR (forfeited_minor > 0 AND price_minor IS NOT NULL AND confirmed_at IS NOT NULL)",
            name="forfeited_once_paid",
        ),
    ),
    # It was moved to another time when no more of each hundred would have come back: no more comes back later.
    Column(
        "most_back_percent",
        Count,
        Check("most_back_percent IS NULL OR most_back_percent BETWEEN 0 AND 99", name="most_back_bounded"),
    ),
    Check(_among("state", states.STATES), name="state_known"),
    Check("party >= 1", name="party_counted"),
    Check("(starts_at IS NULL) = (ends_at IS NULL)", name="span_whole"),
    Check("ends_at > starts_at", name="span_forward"),
    Check(f"(due_at IS NOT NULL) = ({_among('state', states.LIVE)})", name="due_while_live"),
    Check("state NOT IN ('confirmed', 'completed') OR confirmed_at IS NOT NULL", name="confirmed_dated"),
    Check("checked_in_at IS NULL OR confirmed_at IS NOT NULL", name="checked_in_confirmed"),
    Check("state <> 'queued' OR ask IS NOT NULL", name="queued_asks"),
    Check("person_id IS NOT NULL OR state NOT IN ('queued', 'held')", name="house_confirmed"),
    Check("(price_minor IS NULL) = (currency IS NULL)", name="price_whole"),
    Check("price_minor >= 0", name="price_counted"),
    partial_index(
        "reservations_once",
        "offering_id",
        "person_id",
        where=f"once AND {_among('state', states.LIVE)}",
        unique=True,
    ),
    sa.Index("reservations_by_offering", "offering_id", "due_at"),
    sa.Index("reservations_by_person", "person_id", "due_at"),
    partial_index("reservations_due", "due_at", where="due_at IS NOT NULL"),
    # For lists of everybody's. SQLite uses them only for who says this very condition, and bookings never do: by a
    # state it would go through all that are in it to find those of one person.
    partial_index("reservations_by_state", "state", "id", where="person_id > 0"),
    partial_index("reservations_by_start", "starts_at", "id", where="person_id > 0"),
    partial_index("reservations_queue", "offering_id", "id", where="state = 'queued'"),
    partial_index("reservations_by_voucher", "voucher_id", "person_id", where="voucher_id IS NOT NULL"),
    partial_index("reservations_lapses", "person_id", "offering_id", "lapsed_at", where="lapsed_at IS NOT NULL"),
    **STRICT,
)

claims = Table(
    "claims",
    metadata,
    Column("reservation_id", BigId, ForeignKey("reservations.id"), primary_key=True),
    Column("n", Count, primary_key=True),
    Column("pool_id", BigId, ForeignKey("pools.id"), nullable=False),
    Column("unit", Count, nullable=False),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("live", Flag, nullable=False),
    Column("timed", Flag, nullable=False),
    # What the place cost when it was taken, before any voucher; null where nothing has a price.
    Column("price_minor", BigId, Check("price_minor IS NULL OR price_minor >= 0", name="price_counted")),
    Check("unit >= 1", name="unit_numbered"),
    Check("ends_at > starts_at", name="span_forward"),
    Check("NOT timed OR (starts_at IS NOT NULL AND ends_at IS NOT NULL)", name="timed_spanned"),
    partial_index("claims_fixed", "pool_id", "unit", where="live AND NOT timed", unique=True),
    partial_index("claims_timed", "pool_id", "unit", "starts_at", where="live AND timed"),
    partial_index("claims_timed_by_start", "pool_id", "starts_at", where="live AND timed"),
    **STRICT_BY_KEY,
)

moves = Table(
    "moves",
    metadata,
    Column("reservation_id", BigId, primary_key=True),
    Column("n", Count, primary_key=True),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # Null where the console or time itself acted; `action` tells which.
    Column("actor_id", BigId),
    Column("reason", Text),
    Column("request_id", Text),
    # What a change of place or time was from and to, as JSON.
    Column("before", Text),
    Column("after", Text),
    **STRICT_BY_KEY,
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Instant, nullable=False),
    # Null where the console acted. No foreign keys: a trail outlives what it tells of.
    Column("actor_id", BigId),
    Column("request_id", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_id", BigId, nullable=False),
    # The facts that changed, as JSON; null where it was not there before, or is not there any more.
    Column("before", Text),
    Column("after", Text),
    Check("before IS NOT NULL OR after IS NOT NULL", name="something_told"),
    sa.Index("changes_by_subject", "subject", "subject_id", "id"),
    sa.Index("changes_by_actor", "actor_id", "id"),
    **STRICT,
)

codes = Table(
    "codes",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("subject_id", BigId, primary_key=True),
    # The code itself is nowhere: it is derived from the nonce and the secret key (rules/codes.py).
    Column("nonce", Text, nullable=False),
    Column("serial", Count, nullable=False),
    Column("guesses", Count, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Check("serial >= 1", name="serial_numbered"),
    Check("guesses BETWEEN 0 AND 5", name="guesses_bounded"),
    **STRICT_BY_KEY,
)

attempts = Table(
    "attempts",
    metadata,
    # Names the attempt, and its code is derived from it.
    Column("nonce", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    # Typed by somebody, and not proved to be theirs: whether there is such a person makes no difference here.
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("password_hash", Text),
    Column("guesses", Count, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Check("purpose IN ('signup', 'reset', 'login')", name="purpose_known"),
    Check("name IS NOT NULL OR purpose <> 'signup'", name="signup_named"),
    Check("(password_hash IS NOT NULL) = (purpose = 'signup')", name="password_kept"),
    Check("guesses BETWEEN 0 AND 5", name="guesses_bounded"),
    sa.Index("attempts_by_address", "email", "purpose"),
    sa.Index("attempts_by_end", "expires_at"),
    **STRICT_BY_KEY,
)

logins = Table(
    "logins",
    metadata,
    # Random, and never given again: what was ended stays ended.
    Column("id", Text, primary_key=True),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False),
    # Counts the refreshes. The tokens are signed from this row and stored nowhere.
    Column("serial", Count, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    # Where the password was typed, as a keyed digest.
    Column("source", Text, nullable=False),
    Check("serial >= 1", name="serial_numbered"),
    Check("ends_at > issued_at", name="span_forward"),
    sa.Index("logins_by_person", "person_id", "source"),
    sa.Index("logins_by_end", "ends_at"),
    **STRICT_BY_KEY,
)

throttles = Table(
    "throttles",
    metadata,
    # What is counted, as a keyed digest: of an account, of where somebody comes from.
    Column("subject", Text, primary_key=True),
    Column("tries", Count, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Check("tries >= 0", name="tries_counted"),
    sa.Index("throttles_by_end", "ends_at"),
    **STRICT_BY_KEY,
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("person_id", BigId),
    Column("reservation_id", BigId),
    Column("offering_id", BigId),
    # What the text needs beyond the rows it is about, as JSON; the text itself is written when it is sent or shown.
    Column("facts", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Count, nullable=False),
    Column("due_at", Instant),
    Column("lease_token", Text),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("last_error", Text),
    # Of what it tells of.
    Column("request_id", Text),
    # Whose code it tells (`attempts`), where the address is not proved yet.
    Column("attempt", Text),
    Check("state IN ('waiting', 'sent', 'dead')", name="state_known"),
    Check("(due_at IS NOT NULL) = (state = 'waiting')", name="due_while_waiting"),
    Check("(sent_at IS NOT NULL) = (state = 'sent')", name="sent_dated"),
    partial_index("messages_waiting", "due_at", where="state = 'waiting'"),
    **STRICT,
)

watermarks = Table(
    "watermarks",
    metadata,
    # What has come so far: a step of the daemon that goes over everything once, by an instant and then by id.
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("id", BigId, nullable=False),
    **STRICT_BY_KEY,
)

request_keys = Table(
    "request_keys",
    metadata,
    # 0 is the console.
    Column("person_id", BigId, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    sa.Index("request_keys_by_age", "created_at"),
    **STRICT_BY_KEY,
)

vouchers = Table(
    "vouchers",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("code", Text, nullable=False),
    # Null where the console made it.
    Column("creator_id", BigId),
    # The only offering it is for; null for all.
    Column("offering_id", BigId),
    # What it takes off a price: an amount, or so many of each hundred.
    Column("amount_minor", BigId),
    Column("currency", Text),
    Column("percent", Count),
    # How many reservations may be made with it, in all and by one person.
    Column("uses", Count),
    Column("per_person", Count),
    Column("valid_from", Instant),
    Column("valid_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    Check("code = upper(code)", name="code_upper"),
    Check("(amount_minor IS NULL) <> (percent IS NULL)", name="one_discount"),
    Check("(amount_minor IS NULL) = (currency IS NULL)", name="amount_whole"),
    Check("amount_minor > 0", name="amount_positive"),
    Check("percent BETWEEN 1 AND 100", name="percent_known"),
    Check("uses >= 1", name="uses_counted"),
    Check("per_person >= 1", name="person_counted"),
    Check("valid_until > valid_from", name="dates_forward"),
    sa.Index("vouchers_code", "code", unique=True),
    sa.Index("vouchers_by_creator", "creator_id", "id"),
    **STRICT,
)

wallets = Table(
    "wallets",
    metadata,
    Column("id", BigId, primary_key=True),
    # Whose it is; nobody's where the house earns, and outside, where money comes from and goes to.
    Column("person_id", BigId, ForeignKey("people.id")),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    # Kept by the database from the rows of `transfers`, for what people can spend. The other accounts have none and are
    # summed when somebody looks: every payment would wait for the one row of whoever earns.
    Column("balance_minor", BigId),
    Column("held_minor", BigId),
    # The newest row that the two figures include.
    Column("newest_id", BigId, nullable=False, server_default="0"),
    Check(_among("account", ACCOUNTS), name="account_known"),
    Check("(person_id IS NOT NULL) = (account IN ('person', 'organizer'))", name="owner_named"),
    Check("(balance_minor IS NOT NULL) = (account = 'person')", name="balance_of_people"),
    Check("(held_minor IS NULL) = (balance_minor IS NULL)", name="figures_whole"),
    Check("balance_minor >= 0", name="balance_covered"),
    Check("held_minor >= 0 AND held_minor <= balance_minor", name="held_covered"),
    sa.Index("wallets_owner", "person_id", "account", "currency", unique=True),
    partial_index("wallets_of_nobody", "account", "currency", where="person_id IS NULL", unique=True),
    **STRICT,
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The pending row that this one posts, voids or refunds.
    Column("first_id", BigId),
    # No foreign keys: they would lock the one row of whoever earns. The guards look, and wallets are never deleted.
    Column("from_id", BigId, nullable=False),
    Column("to_id", BigId, nullable=False),
    Column("amount_minor", BigId, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reservation_id", BigId),
    # Which payment of its reservation: there is another one only once the one before it is over.
    Column("n", Count),
    Column("created_at", Instant, nullable=False),
    # Null where the console or time itself acted.
    Column("actor_id", BigId),
    Column("request_id", Text),
    Check("kind IN ('payment', 'refund', 'top_up', 'withdrawal')", name="kind_known"),
    Check("state IN ('pending', 'posted', 'voided')", name="state_known"),
    Check("state = 'posted' OR kind = 'payment'", name="payment_pends"),
    Check("(first_id IS NULL) = (state = 'pending' OR kind IN ('top_up', 'withdrawal'))", name="first_named"),
    Check("(reservation_id IS NOT NULL) = (kind IN ('payment', 'refund'))", name="reservation_named"),
    Check("(n IS NULL) = (reservation_id IS NULL)", name="payment_counted"),
    Check("n >= 1", name="payment_numbered"),
    Check("amount_minor > 0", name="amount_positive"),
    Check("from_id <> to_id", name="moves_money"),
    partial_index("transfers_resolved", "first_id", where="kind = 'payment' AND state <> 'pending'", unique=True),
    partial_index("transfers_refunds", "first_id", where="kind = 'refund'"),
    partial_index("transfers_payments", "reservation_id", "n", where="state = 'pending'", unique=True),
    sa.Index("transfers_by_from", "from_id", "id"),
    sa.Index("transfers_by_to", "to_id", "id"),
    **STRICT,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("url", Text, nullable=False),
    # The events it is for, as JSON; none are all.
    Column("events", Text, nullable=False),
    # Its secret is nowhere: it is derived from this and the secret key (rules/webhooks.py).
    Column("nonce", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # When something was last sent there: receivers take turns.
    Column("tried_at", Instant, nullable=False, server_default="0"),
    # Until when it is left alone because nobody answered there.
    Column("paused_until", Instant, nullable=False, server_default="0"),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text),
    Check("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"),
    **STRICT,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigId, primary_key=True),
    # No foreign key: it would cost the booking that tells of itself.
    Column("webhook_id", BigId, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Count, nullable=False),
    Column("due_at", Instant),
    Column("lease_token", Text),
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    # What the receiver answered last.
    Column("status", Count),
    Column("last_error", Text),
    # Of what it tells of.
    Column("request_id", Text),
    Check("state IN ('waiting', 'delivered', 'dead')", name="state_known"),
    Check("(due_at IS NOT NULL) = (state = 'waiting')", name="due_while_waiting"),
    Check("(delivered_at IS NOT NULL) = (state = 'delivered')", name="delivered_dated"),
    partial_index("deliveries_waiting", "webhook_id", "due_at", where="state = 'waiting'"),
    partial_index("deliveries_due", "due_at", where="state = 'waiting'"),
    sa.Index("deliveries_by_webhook", "webhook_id", "id"),
    sa.Index("deliveries_by_age", "created_at"),
    **STRICT,
)


@sa.event.listens_for(metadata, "after_create")
def put_up_guards(_target: MetaData, connection: sa.Connection, **_: object) -> None:
    """What SQLAlchemy has no word for: the law on timed pools, and the one of the ledger."""
    for statement in (*guards(connection.dialect.name), *ledger_guards(connection.dialect.name)):
        connection.exec_driver_sql(statement)
