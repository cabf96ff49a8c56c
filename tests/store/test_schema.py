"""The schema: what migrations make is what the tables say, and the database itself refuses what must never be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from classbook.cli.steps import COMMANDS
from classbook.errors import Unavailable, in_words
from classbook.store import schema, tables
from classbook.store.database import ConstraintRefused, Database
from classbook.store.tables import metadata
from classbook.testing import FrozenClock
from tests.databases import shape
from tests.makers import NOW
from tests.postgres import Server


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url, clock=FrozenClock(NOW))) as opened:
        yield opened


# --- migrations ----------------------------------------------------------------------------------------------------


@pytest.fixture
def empty(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the same kind with nothing in it."""
    with _empty_url(database, tmp_path, request) as url, closing(Database(url, clock=FrozenClock(NOW))) as opened:
        yield opened


@contextmanager
def _empty_url(database: Database, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if database.is_embedded:
        yield f"sqlite:///{folder / 'empty.db'}"
    else:
        server: Server = request.getfixturevalue("postgres_server")
        yield server.create("empty")
        server.drop("empty")


def catalogue(database: Database) -> list[tuple[Any, ...]]:
    """Everything the database knows of our tables, besides rows and the revision."""
    if database.is_embedded:
        with database.read() as tx:
            made = tx.rows("SELECT type, tbl_name, name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'")
        # A column that came later stands on the line of the one before it.
        parts = {(*row[:3], part.strip(" \t,")) for row in made for part in re.split(r", |\n", row[3] or "")}
        return sorted(parts)
    with psycopg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        return [row for row in shape(connection) if not any("alembic_version" in str(cell) for cell in row)]


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(
            tx.connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_leave_nothing_out_that_alembic_cannot_see(database: Database, empty: Database) -> None:
    """Checks, partial indexes, exclusion constraints, triggers, STRICT: all of it, compared with `metadata`."""
    empty.write(lambda tx: metadata.create_all(tx.connection))
    assert catalogue(database) == catalogue(empty)


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    assert ScriptDirectory.from_config(schema._config()).get_heads() == [tables.HEAD]


def test_what_may_be_missing_is_null_where_it_is_left_out() -> None:
    """So a write leaves out the columns that no row fills (`Tx.inserting`)."""
    columns = [column for table in metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if column.nullable and column.server_default is not None] == []


def test_down_leaves_nothing_and_up_again_makes_the_same(database: Database) -> None:
    before = catalogue(database)
    assert schema.downgrade(database, "base") is None
    with database.read() as tx:
        assert set(sa.inspect(tx.connection).get_table_names()) == {"alembic_version"}
    assert schema.upgrade(database) == tables.HEAD
    assert catalogue(database) == before


def test_a_password_whose_owner_never_proved_the_address_is_forgotten(database: Database) -> None:
    put(database, "people", email="proved@example.org", password_hash="x", verified_at=NOW)
    schema.downgrade(database, "0003")
    put(database, "people", password_hash="x", verified_at=None)
    schema.upgrade(database)
    with database.read() as tx:
        kept = tx.rows("SELECT email, password_hash FROM people ORDER BY id")
    assert kept == [("proved@example.org", "x"), ("ana@example.org", None)]


def test_places_that_were_sold_before_they_had_prices_get_theirs(database: Database) -> None:
    """Seats those of their categories where these add up; everything else shares the price evenly."""
    for table in ("people", "venues", "pools", "offerings", "wallets", "prices"):
        put(database, table)
    put(database, "pools", name="A", plan_version=1, timed=True)
    for unit in (1, 2):
        put(database, "seats", pool_id=2, unit=unit, seat_name=str(unit), category="best" if unit == 2 else None)
    put(database, "prices", category="best", price_minor=2500)
    schema.downgrade(database, "0008")
    paid = {"state": "confirmed", "confirmed_at": NOW, "currency": "EUR", "person_id": 1}
    sold: list[tuple[dict[str, Any], int, int]] = [
        ({"price_minor": 3500, "party": 2}, 2, 1),
        ({"price_minor": 2001, "party": 2}, 2, 11),
        ({"price_minor": 900, "discount_minor": 100, "voucher_id": 1, "party": 3}, 1, 1),
        ({"price_minor": 0, "party": 1}, 1, 11),
        ({"price_minor": None, "currency": None, "party": 1}, 1, 21),
    ]
    for id, (row, pool, first) in enumerate(sold, start=1):
        put_raw(database, "reservations", **paid | row)
        for n in range(row["party"]):
            timed = {"timed": True, "starts_at": NOW, "ends_at": NOW.replace(hour=12)} if pool == 2 else {}
            put_raw(database, "claims", reservation_id=id, n=n + 1, unit=first + n, pool_id=pool, **timed)
    schema.upgrade(database)
    with database.read() as tx:
        found = tx.rows("SELECT reservation_id, price_minor FROM claims ORDER BY reservation_id, n")
    assert found == [(1, 1000), (1, 2500), (2, 1001), (2, 1000), (3, 334), (3, 333), (3, 333), (4, 0), (5, None)]


def test_each_kind_is_reminded_of_from_where_all_of_them_had_come(database: Database) -> None:
    def marks() -> list[tuple[object, ...]]:
        with database.read() as tx:
            return tx.rows("SELECT name, at, id FROM watermarks ORDER BY name")

    schema.downgrade(database, "0010")
    far = (1_764_000_000_000_000, 7)
    database.write(lambda tx: tx.change("INSERT INTO watermarks (name, at, id) VALUES ('reminders', ?, ?)", *far))
    schema.upgrade(database)
    assert marks() == [(f"reminders of {kind}", *far) for kind in sorted(tables.KINDS)]
    database.write(lambda tx: tx.change("UPDATE watermarks SET id = 8 WHERE name = 'reminders of match'"))
    schema.downgrade(database, "0010")
    assert marks() == [("reminders", far[0], 8)]


def test_up_again_changes_nothing(database: Database) -> None:
    before = catalogue(database)
    assert schema.upgrade(database) == tables.HEAD
    assert catalogue(database) == before


def test_a_file_is_made_at_first_use_and_a_server_is_not_touched_unasked(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    if empty.is_embedded:
        schema.check_or_create(empty)
        assert schema.revision(empty) == tables.HEAD
        assert f"Creating {empty.file}" in capsys.readouterr().err
    else:
        with pytest.raises(Unavailable, match="The database is empty") as refused:
            schema.check_or_create(empty)
        assert "classbook db upgrade" in str(in_words(refused.value.hint, COMMANDS))
        assert schema.revision(empty) is None


def test_a_newer_database_is_left_to_newer_code(database: Database) -> None:
    database.write(lambda tx: tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer than this classbook"):
        schema.check_or_create(database)


# --- what the database refuses -------------------------------------------------------------------------------------

HOUR = 3_600_000_000

PERSON: dict[str, Any] = {"email": "ana@example.org", "name": "Ana", "role": "member", "timezone": "UTC"}
OFFERING: dict[str, Any] = {
    "kind": "class",
    "title": "Yoga",
    "description": "",
    "timezone": "UTC",
    "policy": "{}",
    "version": 1,
    "starts_at": NOW,
    "ends_at": NOW.replace(hour=12),
}
POOL: dict[str, Any] = {"name": "places", "units": 2, "timed": False}
RESERVATION: dict[str, Any] = {
    "offering_id": 1,
    "person_id": 1,
    "state": "held",
    "party": 1,
    "due_at": NOW,
    "once": False,
    "check_in": False,
    "steps": 1,
}
CLAIM: dict[str, Any] = {"reservation_id": 1, "n": 1, "pool_id": 1, "unit": 1, "live": True, "timed": False}
TRANSFER: dict[str, Any] = {
    "kind": "top_up",
    "state": "posted",
    "from_id": 1,
    "to_id": 2,
    "amount_minor": 100,
    "currency": "EUR",
}
PAYMENT: dict[str, Any] = {"kind": "payment", "state": "pending", "reservation_id": 1, "n": 1}
GOOD: dict[str, dict[str, Any]] = {
    "people": PERSON | {"created_at": NOW},
    "venues": {"name": "Hall", "timezone": "UTC", "created_at": NOW},
    "pools": POOL,
    "seats": {"pool_id": 1, "unit": 1, "place": 1, "row_name": "A", "seat_name": "1", "x": 0.5, "y": 1.0},
    "offerings": OFFERING | {"created_at": NOW},
    "offering_pools": {"offering_id": 1, "n": 1, "pool_id": 1},
    "prices": {"offering_id": 1, "category": "A", "price_minor": 1000},
    "reservations": RESERVATION | {"created_at": NOW},
    "claims": CLAIM,
    "changes": {"at": NOW, "action": "update", "subject": "offering", "subject_id": 1, "after": "{}"},
    "codes": {"purpose": "confirm", "subject_id": 1, "nonce": "x", "serial": 1, "guesses": 0, "expires_at": NOW},
    "messages": {
        "kind": "held",
        "address": "ana@example.org",
        "facts": "{}",
        "message_id": "<1@example.org>",
        "state": "waiting",
        "attempts": 0,
        "due_at": NOW,
        "created_at": NOW,
    },
    "attempts": {
        "nonce": "x",
        "purpose": "signup",
        "email": "ana@example.org",
        "name": "Ana",
        "password_hash": "x",
        "guesses": 0,
        "expires_at": NOW,
    },
    "logins": {
        "id": "x",
        "person_id": 1,
        "serial": 1,
        "issued_at": NOW,
        "ends_at": NOW.replace(hour=12),
        "source": "x",
    },
    "throttles": {"subject": "x", "tries": 1, "ends_at": NOW},
    "vouchers": {"code": "SPRING", "percent": 10, "created_at": NOW},
    "webhooks": {"url": "https://example.org/", "events": "[]", "nonce": "x", "created_at": NOW},
    "deliveries": {
        "webhook_id": 1,
        "type": "reservation.held",
        "body": "{}",
        "message_id": "msg_r1_1_0",
        "state": "waiting",
        "attempts": 0,
        "due_at": NOW,
        "created_at": NOW,
    },
    "wallets": {"account": "outside", "currency": "EUR"},
    "transfers": TRANSFER | {"created_at": NOW},
}
"""A row of each table that is as it should be; later ones point at earlier ones."""


def put(database: Database, table: str, **changes: Any) -> None:
    """Insert the good row of a table with changes."""
    row = GOOD[table] | changes
    database.write(lambda tx: tx.connection.execute(sa.insert(metadata.tables[table]).values(row)))


def put_raw(database: Database, table: str, **changes: Any) -> None:
    """The same in a schema that may be an older one."""
    row = GOOD[table] | changes
    known = metadata.tables[table]
    older = sa.Table(table, sa.MetaData(), *(sa.Column(name, known.c[name].type) for name in row))
    database.write(lambda tx: tx.connection.execute(sa.insert(older).values(row)))


def refused(database: Database, table: str, **changes: Any) -> str:
    """The constraint that refuses the good row of a table with changes."""
    with pytest.raises(ConstraintRefused) as refusal:
        put(database, table, **changes)
    return refusal.value.constraint


@pytest.fixture
def furnished(database: Database) -> Database:
    """A database with one row wherever another may point."""
    for table in ("people", "venues", "pools", "offerings", "reservations", "wallets"):
        put(database, table)
    put(database, "wallets", account="house")
    return database


LIES: list[tuple[str, dict[str, Any]]] = [
    ("people_role_known", {"role": "king"}),
    ("pools_units_counted", {"units": -1}),
    ("pools_longest_known", {"longest_micros": -1}),
    ("seats_unit_numbered", {"unit": 0}),
    ("changes_something_told", {"after": None}),
    ("offerings_kind_known", {"kind": "party"}),
    ("offerings_span_whole", {"ends_at": None}),
    ("offerings_span_forward", {"ends_at": NOW}),
    ("offerings_price_whole", {"price_minor": 100}),
    ("offerings_price_counted", {"price_minor": -1, "currency": "EUR"}),
    ("prices_price_counted", {"price_minor": -1}),
    ("reservations_state_known", {"state": "dreamt", "due_at": None}),
    ("reservations_party_counted", {"party": 0}),
    ("reservations_span_whole", {"starts_at": NOW}),
    ("reservations_span_forward", {"starts_at": NOW, "ends_at": NOW}),
    ("reservations_due_while_live", {"due_at": None}),
    ("reservations_due_while_live", {"state": "cancelled"}),
    ("reservations_due_while_live", {"state": "expired"}),
    ("reservations_due_while_live", {"state": "completed", "confirmed_at": NOW}),
    ("reservations_confirmed_dated", {"state": "confirmed"}),
    ("reservations_confirmed_dated", {"state": "completed", "due_at": None}),
    ("reservations_checked_in_confirmed", {"checked_in_at": NOW}),
    ("reservations_queued_asks", {"state": "queued"}),
    ("reservations_house_confirmed", {"person_id": None}),
    ("reservations_house_confirmed", {"person_id": None, "state": "queued", "ask": "{}"}),
    ("reservations_price_whole", {"currency": "EUR"}),
    ("reservations_price_counted", {"price_minor": -1, "currency": "EUR"}),
    ("webhooks_disabled_for_a_reason", {"disabled_at": NOW}),
    ("deliveries_state_known", {"state": "lost", "due_at": None}),
    ("deliveries_due_while_waiting", {"due_at": None}),
    ("deliveries_delivered_dated", {"state": "delivered", "due_at": None}),
    ("vouchers_code_upper", {"code": "spring"}),
    ("vouchers_one_discount", {"percent": None}),
    ("vouchers_one_discount", {"amount_minor": 100, "currency": "EUR"}),
    ("vouchers_amount_whole", {"currency": "EUR"}),
    ("vouchers_amount_positive", {"percent": None, "amount_minor": 0, "currency": "EUR"}),
    ("vouchers_percent_known", {"percent": 0}),
    ("vouchers_percent_known", {"percent": 101}),
    ("vouchers_uses_counted", {"uses": 0}),
    ("vouchers_person_counted", {"per_person": 0}),
    ("vouchers_dates_forward", {"valid_from": NOW, "valid_until": NOW}),
    ("reservations_discount_of_price", {"discount_minor": 1, "voucher_id": 1}),
    ("reservations_discount_of_price", {"discount_minor": 1, "price_minor": 1, "currency": "EUR"}),
    ("reservations_discount_of_price", {"discount_minor": -1, "voucher_id": 1, "price_minor": 1, "currency": "EUR"}),
    ("reservations_forfeited_once_paid", {"forfeited_minor": 1, "price_minor": 1, "currency": "EUR"}),
    ("reservations_forfeited_once_paid", {"forfeited_minor": 1, "confirmed_at": NOW}),
    (
        "reservations_forfeited_once_paid",
        {"forfeited_minor": 0, "confirmed_at": NOW, "price_minor": 1, "currency": "EUR"},
    ),
    ("reservations_most_back_bounded", {"most_back_percent": 100}),
    ("reservations_most_back_bounded", {"most_back_percent": -1}),
    ("claims_price_counted", {"price_minor": -1}),
    ("reservations_lapsed_expired", {"lapsed_at": NOW}),
    ("reservations_lapsed_expired", {"lapsed_at": NOW, "state": "cancelled", "due_at": None}),
    ("claims_unit_numbered", {"unit": 0}),
    ("claims_span_forward", {"starts_at": NOW, "ends_at": NOW}),
    ("claims_timed_spanned", {"timed": True}),
    ("codes_serial_numbered", {"serial": 0}),
    ("codes_guesses_bounded", {"guesses": 6}),
    ("codes_guesses_bounded", {"guesses": -1}),
    ("messages_state_known", {"state": "lost", "due_at": None}),
    ("messages_due_while_waiting", {"due_at": None}),
    ("messages_due_while_waiting", {"state": "dead"}),
    ("messages_sent_dated", {"state": "sent", "due_at": None}),
    ("messages_sent_dated", {"sent_at": NOW}),
    ("attempts_purpose_known", {"purpose": "party", "name": None, "password_hash": None}),
    ("attempts_signup_named", {"name": None}),
    ("attempts_password_kept", {"password_hash": None}),
    ("attempts_password_kept", {"purpose": "reset", "name": None}),
    ("attempts_guesses_bounded", {"guesses": 6}),
    ("attempts_guesses_bounded", {"guesses": -1}),
    ("logins_serial_numbered", {"serial": 0}),
    ("logins_span_forward", {"ends_at": NOW}),
    ("throttles_tries_counted", {"tries": -1}),
    ("wallets_account_known", {"account": "bank"}),
    ("wallets_owner_named", {"account": "house", "person_id": 1}),
    ("wallets_owner_named", {"account": "organizer"}),
    ("wallets_balance_of_people", {"account": "organizer", "person_id": 1, "balance_minor": 0, "held_minor": 0}),
    ("wallets_balance_of_people", {"account": "person", "person_id": 1}),
    ("wallets_figures_whole", {"account": "person", "person_id": 1, "balance_minor": 0}),
    ("transfers_kind_known", {"kind": "gift", "first_id": 1}),
    ("transfers_state_known", PAYMENT | {"state": "lost", "first_id": 1}),
    ("transfers_payment_pends", {"state": "voided"}),
    ("transfers_first_named", {"first_id": 1}),
    ("transfers_first_named", PAYMENT | {"state": "posted"}),
    ("transfers_first_named", PAYMENT | {"first_id": 1}),
    ("transfers_reservation_named", {"reservation_id": 1, "n": 1}),
    ("transfers_reservation_named", PAYMENT | {"reservation_id": None, "n": None}),
    ("transfers_payment_counted", PAYMENT | {"n": None}),
    ("transfers_payment_numbered", PAYMENT | {"n": 0}),
    ("transfers_amount_positive", {"amount_minor": 0}),
    ("transfers_amount_positive", {"amount_minor": -1}),
    ("transfers_moves_money", {"to_id": 1}),
]
"""For each CHECK a row that lies. The table is the longest name that the constraint's name begins with."""
SHOWN_WITH_THE_LEDGER = {"wallets_balance_covered", "wallets_held_covered"}
"""Checks of figures that no row is born with: test_ledger.py."""


def _table_of(constraint: str) -> str:
    return max((name for name in metadata.tables if constraint.startswith(f"{name}_")), key=len)


def test_rows_that_say_the_truth_are_taken(furnished: Database) -> None:
    for table in GOOD:
        others: dict[str, dict[str, Any]] = {
            "people": {"email": "ben@example.org"},
            "wallets": {"account": "organizer", "person_id": 1},
        }
        put(furnished, table, **others.get(table, {}))


def test_rows_that_lie_are_refused_by_name(furnished: Database) -> None:
    for constraint, lie in LIES:
        assert refused(furnished, _table_of(constraint), **lie) == constraint


def test_no_check_is_left_without_its_lie() -> None:
    checks = {
        str(constraint.name)
        for table in metadata.tables.values()
        for part in (table, *table.columns)
        for constraint in part.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert checks == {constraint for constraint, _ in LIES} | SHOWN_WITH_THE_LEDGER


def test_a_place_is_taken_once(furnished: Database) -> None:
    put(furnished, "reservations")
    put(furnished, "claims")
    assert refused(furnished, "claims", reservation_id=2) == "claims_fixed"


def test_a_place_that_was_given_back_is_free(furnished: Database) -> None:
    put(furnished, "reservations")
    put(furnished, "claims", live=False)
    put(furnished, "claims", reservation_id=2)
    put(furnished, "claims", reservation_id=2, n=2, unit=2)


@pytest.mark.parametrize("state", ["queued", "held", "confirmed"])
def test_once_means_one_live_reservation(furnished: Database, state: str) -> None:
    put(furnished, "reservations", once=True)
    again = {"once": True, "state": state, "ask": "{}", "confirmed_at": NOW}
    assert refused(furnished, "reservations", **again) == "reservations_once"


def test_once_forgets_what_is_over_and_what_is_elsewhere(furnished: Database) -> None:
    put(furnished, "offerings")
    put(furnished, "reservations", once=True, state="cancelled", due_at=None)
    put(furnished, "reservations", once=True, state="expired", due_at=None)
    put(furnished, "reservations", once=True, state="completed", due_at=None, confirmed_at=NOW)
    put(furnished, "reservations", once=True)
    put(furnished, "reservations", once=True, offering_id=2)
    put(furnished, "reservations")


def test_one_address_is_one_person(furnished: Database) -> None:
    assert refused(furnished, "people") == "people_email"


def test_rows_point_at_something(furnished: Database) -> None:
    for table, column in (
        ("reservations", "offering_id"),
        ("reservations", "person_id"),
        ("claims", "pool_id"),
        ("claims", "reservation_id"),
        ("offering_pools", "offering_id"),
        ("offering_pools", "pool_id"),
        ("seats", "pool_id"),
        ("offerings", "creator_id"),
        ("offerings", "venue_id"),
        ("pools", "venue_id"),
        ("wallets", "person_id"),
        ("logins", "person_id"),
    ):
        assert refused(furnished, table, **{column: 99})


@pytest.mark.parametrize(
    ("table", "column"), [("pools", "units"), ("reservations", "party"), ("claims", "unit"), ("offerings", "version")]
)
def test_a_number_is_a_number(furnished: Database, table: str, column: str) -> None:
    """SQLite would keep any text in an INTEGER column, were its tables not STRICT."""
    with pytest.raises(Exception, match=r"(?i)integer"):
        put(furnished, table, **{column: sa.literal_column("'many'")})


# --- the law on timed pools ----------------------------------------------------------------------------------------


def span(first: float, last: float) -> dict[str, Any]:
    """A timed claim, in hours from now."""
    return {"timed": True, "starts_at": NOW + timedelta(hours=first), "ends_at": NOW + timedelta(hours=last)}


@pytest.fixture
def booked(furnished: Database) -> Database:
    """A unit that is taken twice."""
    put(furnished, "claims", n=1, **span(2, 3))
    put(furnished, "claims", n=2, **span(5, 8))
    return furnished


def test_claims_that_overlap_are_refused(booked: Database) -> None:
    overlapping = [(2, 3), (1, 2.5), (2.5, 4), (2.2, 2.8), (1, 4), (5, 6), (7, 8), (6, 7), (4, 9), (0, 20), (3, 5.001)]
    for n, (first, last) in enumerate(overlapping, start=10):
        assert refused(booked, "claims", n=n, **span(first, last)) == "claims_overlap"
        put(booked, "claims", n=n, **span(first, last) | {"live": False})
        put(booked, "claims", n=100 + n, unit=n, **span(first, last))


def test_claims_that_touch_or_stay_apart_are_taken(booked: Database) -> None:
    for n, (first, last) in enumerate([(1, 2), (3, 3.5), (3.75, 4), (4, 5), (8, 9), (-1, 1), (20, 30)], start=10):
        put(booked, "claims", n=n, **span(first, last))


def test_a_claim_cannot_become_one_that_overlaps(booked: Database) -> None:
    put(booked, "claims", n=3, **span(2.5, 4) | {"live": False})
    put(booked, "claims", n=4, unit=2, **span(2.5, 4))
    put(booked, "claims", n=5, **span(3, 4))
    for n, change in [
        (3, "live = true"),
        (4, "unit = 1"),
        (5, "starts_at = starts_at - 1"),
        (5, f"ends_at = ends_at + {HOUR + 1}"),
    ]:
        with pytest.raises(ConstraintRefused, match="claims_overlap"):
            run(booked, f"UPDATE claims SET {change} WHERE n = {n}")


def test_a_claim_may_change_within_its_own_span(booked: Database) -> None:
    run(booked, "UPDATE claims SET live = true, unit = unit WHERE n = 1")
    run(booked, f"UPDATE claims SET ends_at = ends_at - {HOUR // 2}, starts_at = starts_at + 1 WHERE n = 1")


def run(database: Database, statement: str) -> None:
    database.write(lambda tx: tx.connection.exec_driver_sql(statement))
