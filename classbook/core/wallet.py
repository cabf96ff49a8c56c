"""Wallets: what people have, where it came from and went, and money that comes in and goes out.

There is no payment gateway (document 1): money comes from ``outside`` when it is topped up and goes there when it is
withdrawn. What offerings earn stands on the account of their creator, or of the house.

A wallet is named by its id, or by the ``person`` whose it is: then it is what they can spend, in the currency of the
house. Named by neither, it is the actor's own. Other people's do not exist for anybody but an administrator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classbook.app import App
from classbook.core import reservations, upkeep
from classbook.core.actors import Who, look_up
from classbook.core.asks import ById, Confirm
from classbook.core.keys import once
from classbook.core.pages import at_most, before_cursor, id_cursor, page_of
from classbook.errors import InsufficientFunds, Invalid, LimitReached, NotAllowedNow, NotFound, NotYours
from classbook.rules.money import MOST_IN_WALLET_MINOR, parse_amount
from classbook.store import people
from classbook.store import wallets as store
from classbook.store.database import Tx
from classbook.values import Actor, Entry, Money, Page, RequestKey, Transfer, Wallet


def show(app: App, actor: Actor, *, wallet: int | None = None, person: int | None = None) -> Wallet:
    """One wallet; a person's own is opened when it is first asked for. Raises NotFound."""
    with app.store.read() as tx:
        found = _look(app, tx, look_up(tx, actor), wallet, person)
    return found or app.store.write(lambda tx: _opened(app, tx, look_up(tx, actor), wallet, person))


def listing(app: App, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Wallet]:
    """One's own wallets; for an administrator everybody's, and those of the house."""
    if actor.person_id is not None:
        show(app, actor)
    with app.store.read() as tx:
        who = look_up(tx, actor)
        mine = None if who.is_admin else who.id
        found = store.page(tx, person_id=mine, after_id=id_cursor(cursor), limit=at_most(limit) + 1)
        return page_of(found, limit, lambda one: one.id)


def statement(
    app: App,
    actor: Actor,
    *,
    wallet: int | None = None,
    person: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Entry]:
    """The rows of one wallet, newest first, with its figures after each. Raises NotFound."""
    with app.store.read() as tx:
        found = _look(app, tx, look_up(tx, actor), wallet, person)
        if found is None:
            return Page((), None)
        before_id = before_cursor(cursor)
        rows = store.entries(tx, found, before_id=before_id, limit=at_most(limit) + 1)
        return page_of(rows, limit, lambda row: row.id)


def transactions(
    app: App, actor: Actor, *, wallet: int | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Transfer]:
    """The ledger, newest first: the rows of one's own wallets, or of ``wallet``; for an administrator all of them.

    Raises NotFound.
    """
    with app.store.read() as tx:
        who = look_up(tx, actor)
        mine = None if who.is_admin else store.ids_of(tx, who.id or 0)
        if wallet is not None:
            mine = [_seen(tx, who, wallet).id]
        before_id = before_cursor(cursor)
        rows = store.transfers(tx, mine, before_id=before_id, limit=at_most(limit) + 1)
        return page_of(rows, limit, lambda row: row.id)


def top_up(
    app: App,
    actor: Actor,
    amount: str,
    *,
    wallet: int | None = None,
    person: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Wallet | dict[str, Any]:
    """Put money into what somebody can spend; the wallet as it is then.

    Raises NotFound, Invalid, NotYours for members where ``wallet.self_top_up`` is off, LimitReached, NotAllowedNow.
    """

    def act(tx: Tx, who: Who, found: Wallet) -> None:
        money = _money(amount, found)
        if not (who.is_admin or app.settings.wallet.self_top_up):
            raise NotYours("Only an administrator may top up a wallet here.")
        if found.account != "person":
            raise NotAllowedNow("What offerings earn cannot be topped up.", hint="Top up what a person can spend.")
        if found.balance.minor + money.minor > MOST_IN_WALLET_MINOR:
            raise LimitReached(f"A wallet holds at most {Money(MOST_IN_WALLET_MINOR, money.currency)}.")
        outside = store.open_for(tx, None, "outside", money.currency)
        store.move(tx, "top_up", from_id=outside, to_id=found.id, amount=money, actor=actor)

    seen = _change(app, actor, act, wallet, person, key=key, dry_run=dry_run)
    if isinstance(seen, Wallet) and seen.user and not dry_run:
        upkeep.settle_of(app, seen.user.id, richer=True)  # what they could not pay and wait for may be free
    return seen


def withdraw(
    app: App,
    actor: Actor,
    amount: str,
    *,
    wallet: int | None = None,
    person: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Wallet | dict[str, Any]:
    """Take out money that is available; the wallet as it is then. Holds that are over keep nothing back.

    Raises NotFound, Invalid, NotAllowedNow, InsufficientFunds.
    """

    def act(tx: Tx, who: Who, found: Wallet) -> None:
        money = _money(amount, found)
        outside = store.open_for(tx, None, "outside", money.currency)
        if found.id == outside:
            raise NotAllowedNow("This is where money goes to when it is withdrawn.")
        if found.available.minor < money.minor:
            raise InsufficientFunds(f"{found.available} is available in the wallet, not {money}.")
        store.move(tx, "withdrawal", from_id=found.id, to_id=outside, amount=money, actor=actor)

    with app.store.read() as tx:
        found = _look(app, tx, look_up(tx, actor), wallet, person)
    with app.store.rehearsal(dry_run):
        if found and found.user:
            upkeep.settle_of(app, found.user.id, richer=False)
        return _change(app, actor, act, wallet, person, key=key, dry_run=dry_run)


def purchase(
    app: App, actor: Actor, wallet: int, reservation: str, *, code: str | None = None, key: RequestKey | None = None
) -> Confirm:
    """What to ask of the booking desk so that a priced hold is paid for from a wallet.

    Raises NotFound, Invalid where another wallet holds the money, NotAllowedNow for what costs nothing.
    """
    with app.store.read() as tx:
        paying = _seen(tx, look_up(tx, actor), wallet)
    held = reservations.show(app, actor, reservations.find_id(app, reservation))
    if held.price is None:
        raise NotAllowedNow("This reservation costs nothing.", hint="Confirm it instead.")
    if (paying.account, paying.user, paying.balance.currency) != ("person", held.user, held.price.currency):
        raise Invalid(f"{held.code} is paid from another wallet: what {held.user.name} can spend.")
    return Confirm(actor, ById(held.id), code=code, key=key)


def _change(
    app: App,
    actor: Actor,
    act: Callable[[Tx, Who, Wallet], None],
    wallet: int | None,
    person: int | None,
    *,
    key: RequestKey | None,
    dry_run: bool,
) -> Wallet | dict[str, Any]:
    """One change of one wallet, which nobody else takes money out of meanwhile."""

    def changed(tx: Tx, who: Who, found: Wallet) -> Wallet:
        act(tx, who, found)
        return _seen(tx, who, found.id)

    def step(tx: Tx) -> Wallet | dict[str, Any]:
        who = look_up(tx, actor)
        found = store.lock(tx, _opened(app, tx, who, wallet, person).id)
        return once(tx, actor, key, lambda: changed(tx, who, found), dry_run=dry_run)

    return app.store.write(step)


def _look(app: App, tx: Tx, who: Who, wallet: int | None, person: int | None) -> Wallet | None:
    """The wallet that is meant, None where a person's own is not opened yet. Raises NotFound, Invalid."""
    if wallet is not None:
        return _seen(tx, who, wallet)
    return store.of_person(tx, _owner(tx, who, person), app.settings.currency)


def _opened(app: App, tx: Tx, who: Who, wallet: int | None, person: int | None) -> Wallet:
    found = _look(app, tx, who, wallet, person)
    return found or _seen(tx, who, store.open_for(tx, _owner(tx, who, person), "person", app.settings.currency))


def _owner(tx: Tx, who: Who, person: int | None) -> int:
    owner_id = person or who.id
    if owner_id is None:
        raise Invalid("Whose wallet is meant?", hint="Name the person.")
    if not who.may_see(owner_id) or people.by_id(tx, owner_id) is None:
        raise NotFound("There is no such wallet.")
    return owner_id


def _seen(tx: Tx, who: Who, wallet_id: int) -> Wallet:
    found = store.by_id(tx, wallet_id)
    if found is None or not who.may_see(found.user.id if found.user else None):
        raise NotFound("There is no such wallet.")
    return found


def _money(amount: str, wallet: Wallet) -> Money:
    currency = wallet.balance.currency
    return Money(parse_amount(amount, currency), currency)
