"""Money: priced holds, payments, refunds, and who ends up with what; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, wallet
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.values import Offering, Person
from classbook.testing import FrozenClock
from tests.makers import CONSOLE, Cast, a_class, as_person, ask, broken, hold, refusal


def rich(app: App, who: Person, amount: str = "100") -> Person:
    wallet.top_up(app, CONSOLE, amount, person=who.id)
    return who


def figures(app: App, who: Person) -> tuple[str, str, str]:
    seen = wallet.show(app, CONSOLE, person=who.id)
    return seen.balance.amount, seen.held.amount, seen.available.amount


def test_first(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, price="12.50", confirm="payment", by=as_person(cast.cleo))
    assert refusal(app, Reserve(as_person(cast.ana), offering.id)) == "insufficient_funds"
    rich(app, cast.ana, "30")
    held = hold(app, offering, cast.ana, party=2)
    assert figures(app, cast.ana) == ("30.00", "25.00", "5.00")
    ask(app, Confirm(as_person(cast.ana), ById(held.id)))
    assert figures(app, cast.ana) == ("5.00", "0.00", "5.00")
    for one in wallet.listing(app, CONSOLE).results:
        print(one)
    ask(app, Cancel(as_person(cast.ana), ById(held.id)))
    assert figures(app, cast.ana) == ("30.00", "0.00", "30.00")
    for e in wallet.statement(app, CONSOLE, person=cast.ana.id).results:
        print(e)
    print(wallet.transactions(app, CONSOLE))
    assert broken(app) == []
