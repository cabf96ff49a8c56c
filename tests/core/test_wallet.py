"""Wallets: who may see and change which, statements that add up, money in and out; on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking, upkeep, wallet
from classbook.core.asks import ById, Cancel, Confirm
from classbook.errors import (
    ClassbookError,
    InsufficientFunds,
    Invalid,
    KeyReused,
    LimitReached,
    NotAllowedNow,
    NotFound,
    NotYours,
)
from classbook.rules.money import MOST_IN_WALLET_MINOR, MOST_MINOR
from classbook.store.database import Tx
from classbook.testing import FrozenClock
from classbook.values import Money, Page, RequestKey, Wallet, plain
from tests.conftest import SECRET
from tests.makers import CONSOLE, HOLD, MICROSECOND, Cast, a_class, as_person, ask, earned, hold, purse, rich

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def closed_to_members(database_url: str, app: App) -> Iterator[App]:
    """The house where members do not top up by themselves."""
    environ = {"CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_WALLET_SELF_TOP_UP": "no"}
    with closing(open_app(load(config_path=None, environ=environ, overrides={}), clock=app.clock)) as opened:
        yield opened


def count(app: App, table: str) -> int:
    with app.store.read() as tx:
        [(found,)] = tx.rows(f"SELECT count(*) FROM {table}")
    return int(found)


# --- looking -------------------------------------------------------------------------------------------------------


def test_a_wallet_looks_as_the_contract_says(app: App, cast: Cast) -> None:
    hold(app, a_class(app, price="12.50"), rich(app, cast.ana, "30"))
    shown = plain(wallet.show(app, as_person(cast.ana)))
    assert shown == {
        "id": shown["id"],
        "user": {"id": cast.ana.id, "email": "ana@example.org", "name": "Ana"},
        "balance": {"amount": "30.00", "currency": "EUR"},
        "held": {"amount": "12.50", "currency": "EUR"},
        "available": {"amount": "17.50", "currency": "EUR"},
        "account": "person",
    }


def test_a_hold_that_is_over_holds_no_money_to_whoever_looks(app: App, cast: Cast, clock: FrozenClock) -> None:
    """With no daemon, and before anybody has written it off."""
    who = as_person(rich(app, cast.ana, "30"))
    hold(app, a_class(app, price="12.50"), cast.ana)
    hold(app, a_class(app, price="5", hold_seconds=301), cast.ana)
    clock.advance(HOLD - MICROSECOND)
    assert purse(app, cast.ana) == ("30.00", "17.50")
    clock.advance(MICROSECOND)
    assert purse(app, cast.ana) == ("30.00", "5.00")
    assert [one.available.amount for one in wallet.listing(app, who).results] == ["25.00"]
    clock.advance(HOLD)
    assert wallet.show(app, who).available == wallet.show(app, who).balance
    assert count(app, "transfers") == 3


def test_what_runs_out_while_money_is_taken_out_is_not_taken_out(
    app: App, cast: Cast, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was alive when everything that is over was written off."""
    hold(app, a_class(app, price="10"), rich(app, cast.ana, "10"))
    monkeypatch.setattr(upkeep, "settle_of", lambda *_, **__: clock.advance(HOLD))
    with pytest.raises(InsufficientFunds):
        wallet.withdraw(app, as_person(cast.ana), "10")


def test_a_wallet_is_opened_when_somebody_first_looks(app: App, cast: Cast) -> None:
    first = wallet.show(app, as_person(cast.ana))
    assert (first.balance, first.available) == (Money(0, "EUR"), Money(0, "EUR"))
    assert wallet.show(app, CONSOLE, person=cast.ana.id) == first == wallet.show(app, CONSOLE, wallet=first.id)
    assert count(app, "wallets") == 1


def test_everybody_sees_the_own_wallets_and_an_administrator_all(app: App, cast: Cast) -> None:
    offering = a_class(app, price="5", confirm="none", by=as_person(cast.cleo))
    for who in (cast.ana, cast.ben):
        hold(app, offering, rich(app, who))
    mine = wallet.listing(app, as_person(cast.cleo)).results
    assert [(one.account, one.balance.amount) for one in mine] == [("organizer", "10.00"), ("person", "0.00")]
    everybody = wallet.listing(app, CONSOLE).results
    assert sorted((one.user.name if one.user else "", one.account) for one in everybody) == [
        ("", "outside"), ("Ana", "person"), ("Ben", "person"), ("Cleo", "organizer"), ("Cleo", "person"),
    ]  # fmt: skip
    assert sum(one.balance.minor for one in everybody) == 0
    assert {one.id for one in wallet.listing(app, as_person(cast.emma)).results} > {one.id for one in everybody}


LOOKS: dict[str, Callable[..., Any]] = {
    "show": wallet.show,
    "statement": wallet.statement,
    "top up": lambda app, actor, **which: wallet.top_up(app, actor, "1", **which),
    "withdraw": lambda app, actor, **which: wallet.withdraw(app, actor, "1", **which),
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_wallets_of_others_do_not_exist(app: App, cast: Cast, look: str) -> None:
    rich(app, cast.ana)
    hold(app, a_class(app, price="5", confirm="none"), cast.ana)  # opens the house's
    ids = [one.id for one in wallet.listing(app, CONSOLE).results]
    assert len(ids) == 3
    for stranger in (cast.ben, cast.cleo):
        for wallet_id in (*ids, 0, -1, 99, 2**63, 10**30):
            with pytest.raises(NotFound, match="no such wallet"):
                LOOKS[look](app, as_person(stranger), wallet=wallet_id)
        for person_id in (cast.ana.id, 99, 10**30):
            with pytest.raises(NotFound, match="no such wallet"):
                LOOKS[look](app, as_person(stranger), person=person_id)


@pytest.mark.parametrize("look", LOOKS)
def test_the_console_has_no_wallet_of_its_own(app: App, look: str) -> None:
    with pytest.raises(Invalid, match="Whose wallet"):
        LOOKS[look](app, CONSOLE)
    for person_id in (99, 10**30):
        with pytest.raises(NotFound):
            LOOKS[look](app, CONSOLE, person=person_id)


# --- statements ----------------------------------------------------------------------------------------------------


def busy_days(app: App, cast: Cast) -> None:
    """Everything that can happen to a wallet."""
    cleo, ana = as_person(cast.cleo), as_person(rich(app, cast.ana, "100"))
    paid = hold(app, a_class(app, price="10", confirm="payment", by=cleo), cast.ana)
    ask(app, Confirm(ana, ById(paid.id)))
    gone = hold(app, a_class(app, price="20", by=cleo), cast.ana)
    ask(app, Cancel(ana, ById(gone.id)))
    ask(app, Cancel(ana, ById(paid.id)))
    wallet.withdraw(app, ana, "40")
    hold(app, a_class(app, price="0.50", confirm="none", by=cleo), cast.ana)


def test_a_statement_adds_up(app: App, cast: Cast) -> None:
    busy_days(app, cast)
    page = wallet.statement(app, as_person(cast.ana))
    assert [(row.kind, row.state, row.change.amount, row.balance.amount, row.held.amount) for row in page.results] == [
        ("payment", "posted", "-0.50", "59.50", "0.00"),
        ("payment", "pending", "0.00", "60.00", "0.50"),
        ("withdrawal", "posted", "-40.00", "60.00", "0.00"),
        ("refund", "posted", "10.00", "100.00", "0.00"),
        ("payment", "voided", "0.00", "90.00", "0.00"),
        ("payment", "pending", "0.00", "90.00", "20.00"),
        ("payment", "posted", "-10.00", "90.00", "0.00"),
        ("payment", "pending", "0.00", "100.00", "10.00"),
        ("top_up", "posted", "100.00", "100.00", "0.00"),
    ]
    assert purse(app, cast.ana) == ("59.50", "0.00")


@pytest.mark.parametrize("limit", [1, 2, 4, 9])
def test_pages_of_a_statement_are_the_statement(app: App, cast: Cast, limit: int) -> None:
    busy_days(app, cast)
    for one in wallet.listing(app, CONSOLE).results:
        whole = wallet.statement(app, CONSOLE, wallet=one.id).results
        assert whole[0].balance == one.balance
        assert whole[-1].balance == whole[-1].change
        look = partial(wallet.statement, app, CONSOLE, wallet=one.id, limit=limit)
        assert paged(lambda cursor, look=look: look(cursor=cursor)) == list(whole)  # type: ignore[misc]


def paged(look: Callable[[str | None], Page[Any]]) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = look(cursor)
        found += page.results
        cursor = page.next
        if cursor is None:
            return found


def test_lists_take_a_fixed_number_of_queries(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    pipeline = Tx.pipeline

    def counting(tx: Tx, *queries: Any) -> Any:
        asked.append(len(queries))
        return pipeline(tx, *queries)

    monkeypatch.setattr(Tx, "pipeline", counting)

    def queries() -> list[int]:
        counts = []
        for look in (wallet.statement, wallet.transactions, wallet.listing):
            asked.clear()
            look(app, as_person(cast.ana), limit=200)
            counts.append(sum(asked))
        return counts

    busy_days(app, cast)
    few = queries()
    for _ in range(3):
        busy_days(app, cast)
    assert queries() == few
    assert max(few) <= 6


def test_there_is_nothing_in_a_wallet_that_was_never_opened(app: App, cast: Cast) -> None:
    assert wallet.statement(app, as_person(cast.ana)) == Page((), None)
    assert count(app, "wallets") == 0


def test_a_transfer_looks_as_the_contract_says(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, price="12.50", by=as_person(cast.cleo)), rich(app, cast.ana, "30"))
    pending, topped_up = wallet.transactions(app, as_person(cast.ana)).results
    shown = plain(pending)
    assert list(shown) == [
        "id", "kind", "state", "amount", "from", "to", "reservation", "created_at", "first", "offering",
    ]  # fmt: skip
    assert (shown["kind"], shown["state"], shown["amount"]) == (
        "payment", "pending", {"amount": "12.50", "currency": "EUR"},
    )  # fmt: skip
    assert (shown["from"]["account"], shown["from"]["user"]["email"]) == ("person", "ana@example.org")
    assert (shown["to"]["account"], shown["to"]["user"]["email"]) == ("organizer", "cleo@example.org")
    assert (shown["reservation"], shown["created_at"], shown["first"]) == (one.id, "2026-12-01T09:00:00Z", None)
    assert shown["offering"] == {"id": one.offering.id, "kind": "class", "title": "Yoga"}
    assert (topped_up.from_.user, topped_up.reservation, topped_up.offering) == (None, None, None)


def test_everybody_sees_the_own_rows_of_the_ledger_and_an_administrator_all(app: App, cast: Cast) -> None:
    busy_days(app, cast)
    rich(app, cast.ben)
    everything = wallet.transactions(app, CONSOLE).results
    assert [row.id for row in everything] == sorted((row.id for row in everything), reverse=True)
    assert len(everything) == 10
    of_ben = wallet.transactions(app, as_person(cast.ben)).results
    assert [(row.kind, row.amount.amount) for row in of_ben] == [("top_up", "100.00")]
    assert {row.kind for row in wallet.transactions(app, as_person(cast.cleo)).results} == {"payment", "refund"}
    assert paged(lambda cursor: wallet.transactions(app, as_person(cast.ana), limit=2, cursor=cursor)) == [
        row for row in everything if row not in of_ben
    ]
    anas = wallet.show(app, CONSOLE, person=cast.ana.id).id
    assert (
        wallet.transactions(app, CONSOLE, wallet=anas).results == wallet.transactions(app, as_person(cast.ana)).results
    )
    with pytest.raises(NotFound):
        wallet.transactions(app, as_person(cast.ben), wallet=anas)


# --- money in and out ----------------------------------------------------------------------------------------------


def test_money_is_put_in_and_taken_out(app: App, cast: Cast) -> None:
    ana = as_person(cast.ana)
    assert plain(wallet.top_up(app, ana, "50"))["balance"]["amount"] == "50.00"
    assert plain(wallet.withdraw(app, ana, "12.34 EUR"))["balance"]["amount"] == "37.66"
    assert [row.to.account for row in wallet.transactions(app, ana).results] == ["outside", "person"]


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "1e400", "1" + "0" * 30, "12.505", "5 USD", "", "ten"])
@pytest.mark.parametrize("act", [wallet.top_up, wallet.withdraw])
def test_what_is_no_amount_moves_nothing(app: App, cast: Cast, act: Callable[..., Any], amount: str) -> None:
    rich(app, cast.ana)
    with pytest.raises(Invalid):
        act(app, as_person(cast.ana), amount)
    assert purse(app, cast.ana) == ("100.00", "0.00")
    assert count(app, "transfers") == 1


def test_only_what_is_available_is_taken_out(app: App, cast: Cast) -> None:
    hold(app, a_class(app, price="70"), rich(app, cast.ana))
    with pytest.raises(InsufficientFunds, match="30.00 EUR is available in the wallet, not 30.01 EUR"):
        wallet.withdraw(app, as_person(cast.ana), "30.01")
    wallet.withdraw(app, as_person(cast.ana), "30")
    assert purse(app, cast.ana) == ("70.00", "70.00")


def test_a_wallet_is_topped_up_only_so_far_and_refunds_may_go_beyond(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_IN_WALLET_MINOR == 1000 * MOST_MINOR
    monkeypatch.setattr(wallet, "MOST_IN_WALLET_MINOR", 10_000)
    with pytest.raises(LimitReached, match="at most 100.00 EUR"):
        wallet.top_up(app, CONSOLE, "100.01", person=cast.ana.id)
    held = hold(app, a_class(app, price="100", confirm="none"), rich(app, cast.ana, "100"))
    rich(app, cast.ana, "100")
    with pytest.raises(LimitReached):
        wallet.top_up(app, CONSOLE, "0.01", person=cast.ana.id)
    ask(app, Cancel(CONSOLE, ById(held.id)))
    assert purse(app, cast.ana) == ("200.00", "0.00")


def test_members_top_up_only_where_the_house_lets_them(closed_to_members: App, app: App, cast: Cast) -> None:
    with pytest.raises(NotYours, match="Only an administrator"):
        wallet.top_up(closed_to_members, as_person(cast.ana), "5")
    wallet.top_up(closed_to_members, CONSOLE, "5", person=cast.ana.id)
    wallet.top_up(closed_to_members, as_person(cast.emma), "5", person=cast.ana.id)
    wallet.withdraw(closed_to_members, as_person(cast.ana), "3")
    assert purse(app, cast.ana) == ("7.00", "0.00")


def test_what_is_earned_is_taken_out_but_not_topped_up(app: App, cast: Cast) -> None:
    hold(app, a_class(app, price="10", confirm="none", by=as_person(cast.cleo)), rich(app, cast.ana))
    hold(app, a_class(app, price="10", confirm="none"), cast.ana)
    accounts = {one.account: one.id for one in wallet.listing(app, CONSOLE).results}
    for account, actor in (("organizer", as_person(cast.cleo)), ("house", CONSOLE)):
        with pytest.raises(NotAllowedNow, match="cannot be topped up"):
            wallet.top_up(app, actor, "1", wallet=accounts[account])
        with pytest.raises(InsufficientFunds):
            wallet.withdraw(app, actor, "10.01", wallet=accounts[account])
        wallet.withdraw(app, actor, "4", wallet=accounts[account])
    assert (earned(app, cast.cleo), earned(app, None)) == ("6.00", "6.00")
    for act in (wallet.top_up, wallet.withdraw):
        with pytest.raises(NotAllowedNow):
            act(app, CONSOLE, "1", wallet=accounts["outside"])


@pytest.mark.parametrize("act", [wallet.top_up, wallet.withdraw])
def test_a_dry_run_keeps_nothing(app: App, cast: Cast, act: Callable[..., Any]) -> None:
    rich(app, cast.ana, "10")
    expected = "15.00" if act is wallet.top_up else "5.00"
    assert plain(act(app, as_person(cast.ana), "5", dry_run=True))["balance"]["amount"] == expected
    assert purse(app, cast.ana) == ("10.00", "0.00")
    with pytest.raises(ClassbookError):
        act(app, as_person(cast.ben), "-5", dry_run=True)
    assert count(app, "wallets") == 2


@pytest.mark.parametrize("act", [wallet.top_up, wallet.withdraw])
def test_a_request_that_is_sent_twice_happens_once(app: App, cast: Cast, act: Callable[..., Any]) -> None:
    rich(app, cast.ana, "10")
    key = RequestKey("k", "body")
    first = act(app, as_person(cast.ana), "5", key=key)
    assert isinstance(first, Wallet)
    assert act(app, as_person(cast.ana), "5", key=key) == plain(first)
    assert count(app, "transfers") == 2
    with pytest.raises(KeyReused):
        act(app, as_person(cast.ana), "6", key=RequestKey("k", "another body"))
    act(app, as_person(rich(app, cast.ben)), "5", key=key)  # the same key of somebody else is another
    assert count(app, "transfers") == 4


# --- purchase ------------------------------------------------------------------------------------------------------


def test_a_purchase_confirms_what_is_held(app: App, cast: Cast) -> None:
    held = hold(app, a_class(app, price="10", confirm="payment"), rich(app, cast.ana))
    mine = wallet.show(app, as_person(cast.ana)).id
    for which in (held.code, str(held.id)):
        paying = wallet.purchase(app, as_person(cast.ana), mine, which)
        assert plain(booking.one(app, paying))["state"] == "confirmed"
    assert purse(app, cast.ana) == ("90.00", "0.00")


def test_a_purchase_is_paid_from_the_wallet_that_holds_the_money(app: App, cast: Cast) -> None:
    held = hold(app, a_class(app, price="10", confirm="payment"), rich(app, cast.ana))
    anas = wallet.show(app, CONSOLE, person=cast.ana.id).id
    bens = wallet.show(app, CONSOLE, person=cast.ben.id).id
    with pytest.raises(Invalid, match="from another wallet"):
        wallet.purchase(app, CONSOLE, bens, held.code)
    with pytest.raises(NotFound):
        wallet.purchase(app, as_person(cast.ben), bens, held.code)
    with pytest.raises(NotFound):
        wallet.purchase(app, as_person(cast.ben), anas, held.code)
    with pytest.raises(NotFound):
        wallet.purchase(app, as_person(cast.ana), anas, "R-0000-0000")
    with pytest.raises(NotAllowedNow, match="costs nothing"):
        wallet.purchase(app, as_person(cast.ana), anas, hold(app, a_class(app), cast.ana).code)
