"""The audit finds every lie, and mends what follows from the rest; both databases, with their own guards lifted."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.core import audit, booking, vouchers
from classbook.core.asks import ById, Cancel, Reserve
from classbook.errors import NotYours
from classbook.store import audit as store
from classbook.store.database import Tx
from classbook.values import Offering
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    booking_of,
    broken,
    confirmed,
    everything,
    hold,
    rich,
)

LIES = {
    "no unit of a pool is taken twice at a time": "UPDATE claims SET starts_at = (SELECT min(starts_at) FROM claims "
    "WHERE timed), ends_at = (SELECT max(ends_at) FROM claims WHERE timed) WHERE timed",
    "no place of an offering is taken twice": "UPDATE claims SET unit = 1 WHERE NOT timed",
    "no unit beyond a pool's size is taken": "UPDATE pools SET units = 0",
    "only reservations that take places have live claims": "UPDATE claims SET live = true WHERE NOT live",
    "a reservation that takes places has one live claim for each": "UPDATE claims SET live = false "
    "WHERE reservation_id IN (SELECT id FROM reservations WHERE state = 'held')",
    "no pool has a longer claim than it remembers": "UPDATE pools SET longest_micros = 1",
    "a claim has a time of its own where its pool sells times": "UPDATE claims SET timed = false WHERE timed",
    "what is taken is taken for the whole time of its reservation": "UPDATE claims SET ends_at = ends_at - 1 "
    "WHERE timed",
    "claims on places share their reservation's time": "UPDATE claims SET ends_at = ends_at - 1 WHERE NOT timed",
    "a seat that is taken and still to come is in the plan": "DELETE FROM seats",
    "nobody waits beside a place that would do": "UPDATE pools SET units = 2 WHERE NOT timed",
    "nobody has two live reservations where one is allowed": "UPDATE reservations SET person_id = 1 WHERE once",
    "no hold outlasts the start": "UPDATE reservations SET due_at = starts_at + 1 WHERE state = 'held'",
    "every step of a reservation is on record": "DELETE FROM moves WHERE n = 1",
    "the last step on record led to the present state": "UPDATE moves SET to_state = 'expired' "
    "WHERE action = 'confirm'",
    "every step began where the one before it ended": "UPDATE moves SET from_state = 'queued' WHERE action = 'confirm'",
    "every step follows an arrow of the state table": "UPDATE moves SET action = 'lapse' WHERE action = 'confirm'",
    "every step belongs to a reservation": "UPDATE moves SET reservation_id = reservation_id + 1000",
    "every step that people are told of was told by one mail": "DELETE FROM messages WHERE kind = 'cancelled'",
    "every mail is about something there is": "UPDATE messages SET reservation_id = reservation_id + 1000",
    "no two mails share a Message-ID": "UPDATE messages SET message_id = '<one@example.org>'",
    "every offering has something to sell": "DELETE FROM offering_pools",
    "what people have is the sum of their posted rows": "UPDATE wallets SET balance_minor = balance_minor + 1 "
    "WHERE account = 'person'",
    "what of it is held is the sum of their pending rows": "UPDATE wallets SET held_minor = held_minor + 1 "
    "WHERE account = 'person' AND held_minor < balance_minor",
    "all wallets of a currency add up to nothing": "UPDATE wallets SET balance_minor = balance_minor + 1 "
    "WHERE account = 'person'",
    "money moves between two wallets of its currency": "UPDATE transfers SET currency = 'USD'",
    "a payment is posted or voided once at most": "UPDATE transfers SET first_id = (SELECT min(first_id) "
    "FROM transfers WHERE kind = 'payment') WHERE kind = 'payment' AND first_id IS NOT NULL",
    "what is posted, voided or refunded was pending before": "UPDATE transfers SET amount_minor = amount_minor + 1 "
    "WHERE kind = 'payment' AND state = 'posted'",
    "no more is refunded than was paid": "UPDATE transfers SET amount_minor = amount_minor + 1 WHERE kind = 'refund'",
    "a reservation is paid from what its person can spend": "UPDATE reservations SET person_id = "
    "(SELECT max(id) FROM people) WHERE price_minor > 0",
    "every priced hold has one open payment, of its price": "DELETE FROM transfers WHERE state = 'pending'",
    "no payment is open for what is not held": "UPDATE reservations SET state = 'cancelled', due_at = NULL "
    "WHERE state = 'held'",
    "what is confirmed is paid, and what was forfeited was": "UPDATE reservations SET forfeited_minor = 1 "
    "WHERE state = 'confirmed' AND price_minor > 0",
    "of what was cancelled no more comes back than its price, and nothing that was forfeited": "UPDATE reservations "
    "SET forfeited_minor = 1 WHERE state = 'cancelled' AND price_minor > 0",
    "a price is what its places cost, less what a voucher takes off": "UPDATE claims SET price_minor = price_minor + 1",
    "who had paid for what was called off has all of it back": "UPDATE offerings SET cancelled_at = 1; "
    "DELETE FROM transfers WHERE kind = 'refund'",
    "no voucher is used more often than it may be": "UPDATE reservations SET voucher_id = 1",
    "nobody uses a voucher more often than one person may": "UPDATE reservations SET voucher_id = 1 "
    "WHERE id = (SELECT min(id) FROM reservations WHERE person_id = 1 AND voucher_id IS NULL AND state = 'held')",
    "what a voucher takes off is what it says, of an offering it is for": "UPDATE reservations "
    "SET discount_minor = discount_minor + 1 WHERE discount_minor IS NOT NULL",
    "what was never confirmed was never paid": "UPDATE reservations SET state = 'cancelled', due_at = NULL, "
    "confirmed_at = NULL WHERE state = 'confirmed' AND price_minor > 0",
}


@pytest.fixture
def busy(app: App, cast: Cast) -> Offering:
    """A house in which every table has something to lie about; a class of one place that Ben waits for."""
    small = a_class(app, seats=1)
    confirmed(app, small, cast.ana)
    booking.one(app, Reserve(as_person(cast.ben), small.id, queue=True))
    hold(app, a_class(app), cast.ben)
    paid = a_class(app, seats=4, price="10", confirm="payment")
    hold(app, paid, rich(app, cast.ana))
    confirmed(app, paid, rich(app, cast.ben))
    given_back = confirmed(app, paid, rich(app, cast.dora))
    booking.one(app, Cancel(CONSOLE, ById(given_back.id)))
    booking.one(app, Reserve(as_person(cast.ana), a_match(app, a_venue(app, "A:1x2"), confirm="none").id, best=1))
    vouchers.create(app, CONSOLE, "SPRING", percent=50, uses=2, per_person=1)
    priced = a_class(app, price="10", confirm="payment")
    booking.one(app, Reserve(as_person(cast.ana), priced.id, voucher="SPRING"))
    court = a_court(app)
    for span in ("10:00-11:00", "12:00-13:00"):
        booking.one(app, booking_of(court, cast.ana, span))
    assert broken(app) == []
    return small


def unguarded(app: App, tx: Tx) -> None:
    """Lift what the databases themselves have against lies, until the end of the transaction."""
    if app.store.is_embedded:
        tx.connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        guards = tx.rows("SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR sql LIKE 'CREATE UNIQUE%'")
    else:
        tx.connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        tx.connection.execute(sa.text("ALTER TABLE claims DROP CONSTRAINT claims_overlap"))
        guards = tx.rows(
            "SELECT 'index', c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indisunique AND NOT i.indisprimary AND c.relnamespace = 'public'::regnamespace"
        )
    for kind, name in guards:
        tx.connection.execute(sa.text(f"DROP {kind} {name}"))


def found_after(app: App, lie: str) -> set[str]:
    """What an audit says right after a lie, which is taken back."""

    def plant(tx: Tx) -> set[str]:
        unguarded(app, tx)
        for statement in lie.split(";"):
            tx.connection.execute(sa.text(statement))
        tx.abandon()
        return {one.name for one in store.INVARIANTS if store.breaches(tx, one, most=1)}

    return app.store.write(plant)


def test_every_lie_is_found(app: App, busy: Offering) -> None:
    missed = [name for name, lie in LIES.items() if name not in found_after(app, lie)]
    assert missed == []
    assert found_after(app, "SELECT 1") == set()
    assert broken(app) == []


def test_every_invariant_has_its_lie() -> None:
    assert [one.name for one in store.INVARIANTS if one.name not in LIES] == []
    assert len(LIES) == len(store.INVARIANTS)


# --- repair ---------------------------------------------------------------------------------------------------------


def lied(app: App, *names: str) -> None:
    """Plant lies that no guard is against."""
    for name in names:
        app.store.write(lambda tx, lie=LIES[name]: tx.connection.execute(sa.text(lie)) and None)  # type: ignore[misc]


MENDED = ("no pool has a longer claim than it remembers", "nobody waits beside a place that would do")


def test_what_follows_from_the_rest_is_mended(app: App, busy: Offering) -> None:
    lied(app, *MENDED)
    app.store.write(
        lambda tx: (
            tx.connection.execute(
                sa.text(
                    "UPDATE claims SET live = true, unit = unit + 1 WHERE NOT live"
                )  # a free place, so no guard minds
            )
            and None
        )
    )
    before = everything(app)
    told = {check.name: check.detail for check in audit.repair(app, CONSOLE, dry_run=True)}
    assert everything(app) == before
    assert told == {
        "only reservations that take places have live claims": "1 row set free",
        "no pool has a longer claim than it remembers": "3 rows reminded",
        "nobody waits beside a place that would do": "they are served",
    }
    assert {check.name: check.detail for check in audit.repair(app, CONSOLE)} == told
    assert broken(app) == []
    assert audit.repair(app, CONSOLE) == []


def test_what_nothing_else_says_is_not_mended(app: App, busy: Offering) -> None:
    lied(app, "every step that people are told of was told by one mail")
    before = everything(app)
    [check] = audit.repair(app, CONSOLE)
    assert not check.ok and check.detail.startswith("cannot be repaired")
    assert everything(app) == before


def test_mending_is_for_administrators(app: App, cast: Cast) -> None:
    with pytest.raises(NotYours):
        audit.repair(app, as_person(cast.ana))


def test_the_command_mends_and_checks_again(app: App, busy: Offering, cli: Any) -> None:
    lied(app, MENDED[0])
    assert "hint: `classbook audit --repair` mends that." in cli("audit", code=1).out
    assert "--yes" in cli("audit", "--repair", code=2).err
    assert cli("audit", "--dry-run", code=2).err
    assert [one["detail"] for one in cli.json("audit", "--repair", "--dry-run")["results"]] == ["3 rows reminded"]
    ran = cli("audit", "--repair", "--yes", code=0)
    assert "3 rows reminded" in ran.out and "FAIL" not in ran.out
    assert cli("audit", code=0).out
    lied(app, "every step that people are told of was told by one mail")
    assert "cannot be repaired" in cli("audit", "--repair", "--yes", code=1).out


def test_who_waits_is_served_by_mending(app: App, busy: Offering, cast: Cast) -> None:
    lied(app, MENDED[1])
    audit.repair(app, CONSOLE)
    assert broken(app) == []
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM reservations WHERE state = 'queued'") == [(0,)]
