"""The ledger's own law: whatever anybody writes into the tables by hand, the database keeps the money right.

Every guard is shown to refuse, and then, taken down, to have been what refused: the audit finds what came through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from classbook.store import audit
from classbook.store.database import ConstraintRefused, Database, Tx
from classbook.store.tables import metadata
from classbook.testing import FrozenClock
from tests.makers import NOW

OUTSIDE, ANA, BEN, CLEO, FRANCS = 1, 2, 3, 4, 5
"""Wallets: where money comes from; what Ana and Ben can spend; what Cleo earns; Ana's in another currency."""
HELD, BOOKED = 1, 2
"""Reservations of Ana's."""

ServerOnly = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
FileOnly = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Ledger:
    """A database whose ledger is written by hand."""

    database: Database

    def put(self, table: str, **row: Any) -> int:
        """Insert a row; its id."""
        there = metadata.tables[table]
        insert = sa.insert(there).values(row).returning(there.c.id)
        return int(self.database.write(lambda tx: tx.connection.execute(insert).scalar_one()))

    def add(self, kind: str, state: str, from_id: int, to_id: int, amount: int, **more: Any) -> int:
        """Add a transfer; its id."""
        row = {"kind": kind, "state": state, "from_id": from_id, "to_id": to_id, "amount_minor": amount}
        return self.put("transfers", **({"currency": "EUR", "created_at": NOW} | row | more))

    def top_up(self, wallet: int, amount: int) -> int:
        return self.add("top_up", "posted", OUTSIDE, wallet, amount)

    def pend(self, amount: int, *, reservation: int = HELD, n: int = 1) -> int:
        """Reserve money of Ana's."""
        return self.add("payment", "pending", ANA, CLEO, amount, reservation_id=reservation, n=n)

    def resolve(self, first: int, state: str, amount: int, **more: Any) -> int:
        """Post or void what was reserved."""
        row = {"from_id": ANA, "to_id": CLEO, "first_id": first, "reservation_id": HELD, "n": 1} | more
        return self.add("payment", state, amount=amount, **row)

    def pay(self, amount: int) -> int:
        """Pay for what is booked; the pending row."""
        first = self.pend(amount, reservation=BOOKED)
        self.resolve(first, "posted", amount, reservation_id=BOOKED)
        return first

    def refund(self, first: int, amount: int, **more: Any) -> int:
        row = {"from_id": CLEO, "to_id": ANA, "first_id": first, "reservation_id": BOOKED, "n": 1} | more
        return self.add("refund", "posted", amount=amount, **row)

    def run(self, *statements: str) -> None:
        """Run statements in one transaction."""

        def step(tx: Tx) -> None:
            for statement in statements:
                tx.connection.exec_driver_sql(statement)

        self.database.write(step)

    def figures(self, wallet: int = ANA) -> tuple[int, int]:
        """Balance and held."""
        with self.database.read() as tx:
            [(balance, held)] = tx.rows("SELECT balance_minor, held_minor FROM wallets WHERE id = ?", wallet)
        return balance, held

    def take_down(self, *triggers: str) -> None:
        """The database as if these guards had been forgotten; those that only one database has are no loss."""
        with self.database.read() as tx:
            if self.database.is_embedded:
                there = tx.rows("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
            else:
                there = tx.rows("SELECT tgname::text, tgrelid::regclass::text FROM pg_trigger")
        for name, table in there:
            if name in triggers:
                self.run(f"DROP TRIGGER {name}" + ("" if self.database.is_embedded else f" ON {table}"))

    def broken(self) -> set[str]:
        """The invariants of the ledger that do not hold."""
        with self.database.read() as tx:
            return {one.name for one in audit.LEDGER if audit.breaches(tx, one, most=5)}


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """Ana has 100.00 and Ben 50.00."""
    with closing(Database(database_url, clock=FrozenClock(NOW))) as database:
        made = Ledger(database)
        for name in ("ana", "ben", "cleo"):
            made.put("people", email=name, name=name, role="member", timezone="UTC", created_at=NOW)
        offering = {"kind": "class", "title": "Yoga", "description": "", "timezone": "UTC", "policy": "{}"}
        made.put("offerings", **offering, created_at=NOW, version=1)
        for state, confirmed_at in (("held", None), ("confirmed", NOW)):
            made.put(
                "reservations", offering_id=1, person_id=1, state=state, party=1, due_at=NOW, once=False,
                check_in=False, steps=0, created_at=NOW, confirmed_at=confirmed_at,
            )  # fmt: skip
        nothing = {"balance_minor": 0, "held_minor": 0}
        made.put("wallets", account="outside", currency="EUR")
        made.put("wallets", person_id=1, account="person", currency="EUR", **nothing)
        made.put("wallets", person_id=2, account="person", currency="EUR", **nothing)
        made.put("wallets", person_id=3, account="organizer", currency="EUR")
        made.put("wallets", person_id=1, account="person", currency="CHF", **nothing)
        made.top_up(ANA, 10_000)
        made.top_up(BEN, 5_000)
        assert made.broken() == set()
        yield made


def refused(act: Callable[..., object], *arguments: Any, **more: Any) -> str:
    """The law that refuses."""
    with pytest.raises(ConstraintRefused) as refusal:
        act(*arguments, **more)
    return refusal.value.constraint


# --- the database counts -------------------------------------------------------------------------------------------


def test_what_people_have_follows_from_the_rows(ledger: Ledger) -> None:
    first = ledger.pend(3_000)
    assert ledger.figures() == (10_000, 3_000)
    ledger.resolve(first, "voided", 3_000)
    assert ledger.figures() == (10_000, 0)
    paid = ledger.pay(4_000)
    assert ledger.figures() == (6_000, 0)
    ledger.refund(paid, 1_000)
    assert ledger.figures() == (7_000, 0)
    ledger.add("withdrawal", "posted", ANA, OUTSIDE, 7_000)
    assert ledger.figures() == (0, 0)
    assert ledger.figures(BEN) == (5_000, 0)


def test_many_rows_of_one_statement_are_counted_together(ledger: Ledger) -> None:
    rows = ", ".join(
        f"({n + 10}, 'top_up', 'posted', {OUTSIDE}, {(ANA, BEN)[n % 2]}, {n}, 'EUR', 0)" for n in range(1, 201)
    )
    ledger.run(
        "INSERT INTO transfers (id, kind, state, from_id, to_id, amount_minor, currency, created_at) VALUES " + rows
    )
    assert ledger.figures(ANA) == (10_000 + sum(range(2, 201, 2)), 0)
    assert ledger.figures(BEN) == (5_000 + sum(range(1, 201, 2)), 0)
    assert ledger.broken() == set()


def test_a_payment_reserved_and_posted_in_one_statement_is_one_payment(ledger: Ledger) -> None:
    """As under the policy that confirms at once."""
    ledger.run(
        "INSERT INTO transfers (id, kind, state, first_id, from_id, to_id, amount_minor, currency, reservation_id, n, "
        f"created_at) VALUES (10, 'payment', 'pending', NULL, {ANA}, {CLEO}, 500, 'EUR', {BOOKED}, 1, 0), "
        f"(11, 'payment', 'posted', 10, {ANA}, {CLEO}, 500, 'EUR', {BOOKED}, 1, 0)"
    )
    assert ledger.figures() == (9_500, 0)
    assert ledger.broken() == set()


def test_who_earns_keeps_no_figures(ledger: Ledger) -> None:
    ledger.refund(ledger.pay(3_000), 500)
    with ledger.database.read() as tx:
        rows = tx.rows("SELECT balance_minor, held_minor, newest_id FROM wallets WHERE account <> 'person'")
    assert set(rows) == {(None, None, 0)}


def test_money_that_is_not_there_is_not_given(ledger: Ledger) -> None:
    assert refused(ledger.pend, 10_001) == "wallets_held_covered"
    with pytest.raises(ConstraintRefused, match=r"wallets_(balance|held)_covered"):
        ledger.add("withdrawal", "posted", ANA, OUTSIDE, 10_001)
    assert ledger.figures() == (10_000, 0)


def test_money_that_is_held_is_not_given_twice(ledger: Ledger) -> None:
    ledger.pend(7_000)
    assert refused(ledger.pend, 3_001, reservation=BOOKED) == "wallets_held_covered"
    assert refused(ledger.add, "withdrawal", "posted", ANA, OUTSIDE, 3_001) == "wallets_held_covered"
    ledger.add("withdrawal", "posted", ANA, OUTSIDE, 3_000)
    assert ledger.figures() == (7_000, 7_000)


def test_without_the_counting_the_figures_are_wrong(ledger: Ledger) -> None:
    ledger.take_down("transfers_counted")
    ledger.top_up(ANA, 500)
    ledger.pend(100)
    assert ledger.figures() == (10_000, 0)
    assert ledger.broken() == {
        "what people have is the sum of their posted rows",
        "what of it is held is the sum of their pending rows",
        "all wallets of a currency add up to nothing",
    }


# --- rows never change ---------------------------------------------------------------------------------------------

CHANGES = {
    "more": "UPDATE transfers SET amount_minor = amount_minor + 1 WHERE id = 1",
    "another": "UPDATE transfers SET to_id = 3 WHERE id = 1",
    "unseen": "UPDATE transfers SET request_id = 'mine'",
    "one less": "DELETE FROM transfers WHERE id = 1",
    "none": "DELETE FROM transfers",
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_are_never_changed_or_deleted(ledger: Ledger, change: str) -> None:
    assert refused(ledger.run, CHANGES[change]) == "transfers_unchanged"
    assert ledger.broken() == set()
    ledger.take_down("transfers_unchanged", "transfers_undeleted")
    ledger.run(CHANGES[change])
    assert bool(ledger.broken()) == (change != "unseen")


@ServerOnly
def test_the_tables_are_never_emptied(ledger: Ledger) -> None:
    assert refused(ledger.run, "TRUNCATE transfers") == "transfers_unchanged"
    assert refused(ledger.run, "TRUNCATE wallets CASCADE") == "wallets_stay"


@FileOnly
def test_nothing_is_put_in_the_place_of_a_row(ledger: Ledger) -> None:
    """REPLACE deletes without asking the trigger that refuses to delete."""
    columns = "id, kind, state, first_id, from_id, to_id, amount_minor, currency, reservation_id, n, created_at"
    replacing = f"INSERT OR REPLACE INTO transfers ({columns}) VALUES "
    first = ledger.pend(3_000)
    voided = ledger.resolve(first, "voided", 3_000)
    tries = {
        "transfers_pkey": f"(1, 'top_up', 'posted', NULL, {OUTSIDE}, {ANA}, 9, 'EUR', NULL, NULL, 0)",
        "transfers_payments": f"(90, 'payment', 'pending', NULL, {ANA}, {CLEO}, 9, 'EUR', {HELD}, 1, 0)",
        "transfers_resolved": f"(91, 'payment', 'posted', {first}, {ANA}, {CLEO}, 3000, 'EUR', {HELD}, 1, 0)",
    }
    for law, row in tries.items():
        assert refused(ledger.run, replacing + row) == law
    ledger.take_down("transfers_unreplaced")
    ledger.pend(3_000, reservation=BOOKED)  # so that enough is held for the figures' own checks
    ledger.run(replacing + tries["transfers_resolved"])
    with ledger.database.read() as tx:
        assert tx.rows("SELECT id FROM transfers WHERE first_id = ?", first) == [(91,)], f"{voided} is gone"
    assert ledger.broken()


# --- nobody else writes the figures --------------------------------------------------------------------------------

FORGERIES = {
    "balance": "UPDATE wallets SET balance_minor = balance_minor + 100 WHERE id = 2",
    "held": "UPDATE wallets SET held_minor = 1 WHERE id = 2",
    "both": "UPDATE wallets SET balance_minor = balance_minor + 100, newest_id = newest_id + 1 WHERE id = 2",
    "newest": "UPDATE wallets SET newest_id = 2 WHERE id = 2",
    "owner": "UPDATE wallets SET person_id = 3 WHERE id = 2",
    "currency": "UPDATE wallets SET currency = 'CHF' WHERE id = 3",
    "account": "UPDATE wallets SET account = 'organizer', balance_minor = NULL, held_minor = NULL WHERE id = 3",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_figures_and_owners_are_not_written_by_hand(ledger: Ledger, forgery: str) -> None:
    assert refused(ledger.run, FORGERIES[forgery]) == "wallets_kept"
    ledger.top_up(ANA, 1)  # the right way still works
    assert ledger.figures() == (10_001, 0)
    ledger.take_down("wallets_kept")
    ledger.run(FORGERIES[forgery])
    assert bool(ledger.broken()) == (forgery in ("balance", "held", "both", "currency"))


def test_wallets_stay(ledger: Ledger) -> None:
    assert refused(ledger.run, "DELETE FROM wallets WHERE id = 5") == "wallets_stay"
    ledger.take_down("wallets_stay")
    ledger.run("DELETE FROM wallets WHERE id = 3")
    assert "money moves between two wallets of its currency" in ledger.broken()


@pytest.mark.parametrize("figures", [{"balance_minor": 1, "held_minor": 0}, {"balance_minor": 1, "held_minor": 1}])
def test_a_wallet_is_born_empty(ledger: Ledger, figures: dict[str, int]) -> None:
    row = {"person_id": 3, "account": "person", "currency": "EUR"} | figures
    assert refused(ledger.put, "wallets", **row) == "wallets_empty"
    ledger.take_down("wallets_empty")
    ledger.put("wallets", **row)
    assert "what people have is the sum of their posted rows" in ledger.broken()


def test_nobody_has_two_wallets_of_a_kind(ledger: Ledger) -> None:
    nothing = {"balance_minor": 0, "held_minor": 0}
    assert refused(ledger.put, "wallets", person_id=1, account="person", currency="EUR", **nothing) == "wallets_owner"
    assert refused(ledger.put, "wallets", person_id=3, account="organizer", currency="EUR") == "wallets_owner"
    assert refused(ledger.put, "wallets", account="outside", currency="EUR") == "wallets_of_nobody"
    ledger.put("wallets", account="outside", currency="CHF")
    ledger.put("wallets", account="house", currency="EUR")


@FileOnly
def test_no_wallet_is_put_in_the_place_of_another(ledger: Ledger) -> None:
    columns = "INSERT OR REPLACE INTO wallets (id, person_id, account, currency, balance_minor, held_minor) VALUES "
    assert refused(ledger.run, columns + "(2, 3, 'person', 'EUR', 0, 0)") == "wallets_pkey"
    assert refused(ledger.run, columns + "(9, 1, 'person', 'EUR', 0, 0)") == "wallets_owner"
    assert refused(ledger.run, columns + "(9, NULL, 'outside', 'EUR', NULL, NULL)") == "wallets_of_nobody"


# --- rows that point back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["posted", "voided"])
@pytest.mark.parametrize("once", ["posted", "voided"])
def test_a_pending_payment_is_resolved_once(ledger: Ledger, once: str, again: str) -> None:
    first = ledger.pend(3_000)
    ledger.resolve(first, once, 3_000)
    before = ledger.figures()
    assert refused(ledger.resolve, first, again, 3_000) == "transfers_resolved"
    assert ledger.figures() == before
    ledger.take_down("transfers_unreplaced")
    ledger.run("DROP INDEX transfers_resolved")
    ledger.pend(3_000, reservation=BOOKED)  # so that enough is held for the figures' own checks
    ledger.resolve(first, again, 3_000)
    assert "a payment is posted or voided once at most" in ledger.broken()


def test_a_reservation_has_one_payment_of_a_number(ledger: Ledger) -> None:
    ledger.pend(3_000)
    assert refused(ledger.pend, 3_000) == "transfers_payments"
    ledger.pend(3_000, n=2)
    ledger.take_down("transfers_unreplaced")
    ledger.run("DROP INDEX transfers_payments")
    ledger.pend(1_000)


MISFITS: dict[str, dict[str, Any]] = {
    "another amount": {"amount": 2_999},
    "another giver": {"from_id": BEN},
    "another taker": {"to_id": BEN},
    "another reservation": {"reservation_id": BOOKED},
    "another number": {"n": 2},
    "no pending row": {"first": 1},
    "no row at all": {"first": 999},
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("state", ["posted", "voided"])
def test_what_resolves_a_payment_is_like_it(ledger: Ledger, state: str, misfit: str) -> None:
    first = ledger.pend(3_000)
    row: dict[str, Any] = {"first": first, "state": state, "amount": 3_000} | MISFITS[misfit]
    with pytest.raises(ConstraintRefused, match=r"transfers_matched|wallets_held_covered"):
        ledger.resolve(**row)
    assert ledger.figures() == (10_000, 3_000)
    ledger.take_down("transfers_counted")
    ledger.resolve(**row)
    assert "what is posted, voided or refunded was pending before" in ledger.broken()


def test_both_wallets_are_there_and_of_the_currency_of_the_row(ledger: Ledger) -> None:
    for from_id, to_id, currency in [
        (OUTSIDE, FRANCS, "EUR"),
        (OUTSIDE, FRANCS, "CHF"),
        (OUTSIDE, ANA, "CHF"),
        (OUTSIDE, 99, "EUR"),
        (99, ANA, "EUR"),
    ]:
        assert refused(ledger.add, "top_up", "posted", from_id, to_id, 5, currency=currency) == "transfers_wallets"
    ledger.take_down("transfers_counted")
    ledger.add("top_up", "posted", OUTSIDE, 99, 5)
    assert "money moves between two wallets of its currency" in ledger.broken()


# --- refunds -------------------------------------------------------------------------------------------------------


def test_no_more_is_refunded_than_was_paid(ledger: Ledger) -> None:
    first = ledger.pay(3_000)
    assert refused(ledger.refund, first, 3_001) == "transfers_refund_bounded"
    ledger.refund(first, 2_000)
    assert refused(ledger.refund, first, 1_001) == "transfers_refund_bounded"
    ledger.refund(first, 1_000)
    assert refused(ledger.refund, first, 1) == "transfers_refund_bounded"
    assert ledger.figures() == (10_000, 0)
    ledger.take_down("transfers_counted")
    ledger.refund(first, 1)
    assert "no more is refunded than was paid" in ledger.broken()


@pytest.mark.parametrize("state", ["pending", "voided"])
def test_what_was_not_paid_is_not_refunded(ledger: Ledger, state: str) -> None:
    first = ledger.pend(3_000)
    if state == "voided":
        ledger.resolve(first, "voided", 3_000)
    assert refused(ledger.refund, first, 1, reservation_id=HELD) == "transfers_matched"


@pytest.mark.parametrize("misfit", [{"to_id": BEN}, {"from_id": OUTSIDE}, {"reservation_id": HELD}, {"n": 2}])
def test_a_refund_goes_back_to_where_the_money_came_from(ledger: Ledger, misfit: dict[str, int]) -> None:
    assert refused(ledger.refund, ledger.pay(3_000), 1, **misfit) == "transfers_matched"


# --- at the same moment --------------------------------------------------------------------------------------------


def insert(connection: psycopg.Connection[Any], kind: str, first: int, from_id: int, to_id: int, amount: int) -> None:
    connection.execute(
        "INSERT INTO transfers (kind, state, first_id, from_id, to_id, amount_minor, currency, reservation_id, n, "
        "created_at) VALUES (%s, 'posted', %s, %s, %s, %s, 'EUR', %s, 1, 0)",
        [kind, first, from_id, to_id, amount, BOOKED],
    )


@ServerOnly
def test_two_who_refund_one_payment_at_once_wait_for_each_other(ledger: Ledger, database_url: str) -> None:
    first = ledger.pay(3_000)
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        insert(one, "refund", first, CLEO, ANA, 2_000)
        late = pool.submit(insert, other, "refund", first, CLEO, ANA, 2_000)
        wait_until_somebody_waits(database_url)
        one.commit()
        with pytest.raises(psycopg.errors.CheckViolation, match="transfers_refund_bounded"):
            late.result()
    assert ledger.figures() == (9_000, 0)


@ServerOnly
def test_two_who_post_one_payment_at_once_post_it_once(ledger: Ledger, database_url: str) -> None:
    first = ledger.pend(3_000, reservation=BOOKED)
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        insert(one, "payment", first, ANA, CLEO, 3_000)
        late = pool.submit(insert, other, "payment", first, ANA, CLEO, 3_000)
        wait_until_somebody_waits(database_url)
        one.commit()
        with pytest.raises(psycopg.errors.UniqueViolation, match="transfers_resolved"):
            late.result()
    assert ledger.figures() == (7_000, 0)


def wait_until_somebody_waits(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
            pass
