"""One cast for all tests, and the things they do. Everything is made through the core, as people make it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from classbook.app import App
from classbook.core import audit, booking, catalog, outbox, people, wallet
from classbook.core.asks import Ask, Reserve
from classbook.errors import ClassbookError
from classbook.values import Actor, Offering, Person, Reservation

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""When every test begins."""
CONSOLE = Actor(request_id="test")
PASSWORD = "correct horse battery"


def person(app: App, name: str, *, role: str = "member", password: str | None = None) -> Person:
    """Somebody whose address is their name at example.org."""
    made = people.create(app, CONSOLE, email=f"{name.lower()}@example.org", name=name, role=role, password=password)
    assert isinstance(made, Person)
    return made


@dataclass
class Cast:
    """The people of the tests, made when they first enter."""

    app: App

    @cached_property
    def ana(self) -> Person:
        """A member."""
        return person(self.app, "Ana")

    @cached_property
    def ben(self) -> Person:
        """Another member."""
        return person(self.app, "Ben")

    @cached_property
    def cleo(self) -> Person:
        """The coach, who organizes classes."""
        return person(self.app, "Cleo", role="organizer")

    @cached_property
    def dora(self) -> Person:
        """Another organizer."""
        return person(self.app, "Dora", role="organizer")

    @cached_property
    def emma(self) -> Person:
        """An administrator with an account."""
        return person(self.app, "Emma", role="admin")

    def crowd(self, count: int) -> list[Person]:
        """Members who are nobody in particular."""
        return [person(self.app, f"Guest{number}") for number in range(1, count + 1)]


def as_person(who: Person) -> Actor:
    return Actor(who.id, request_id="test")


def a_class(
    app: App,
    *,
    seats: int = 2,
    title: str = "Yoga",
    starts_in: timedelta = timedelta(days=1),
    lasts: timedelta = timedelta(hours=1),
    by: Actor = CONSOLE,
    price: str | None = None,
    **policy: Any,
) -> Offering:
    """A class that begins ``starts_in`` from now; further arguments are terms of its policy."""
    starts_at = app.clock.now() + starts_in
    fields = {
        "title": title,
        "seats": seats,
        "starts_at": starts_at,
        "ends_at": starts_at + lasts,
        "policy": policy,
        "price": price,
    }
    made = catalog.create(app, by, "class", fields)
    assert isinstance(made, Offering)
    return made


def rich(app: App, who: Person, amount: str = "100") -> Person:
    """The same person, with that much more to spend."""
    wallet.top_up(app, CONSOLE, amount, person=who.id)
    return who


def purse(app: App, who: Person) -> tuple[str, str]:
    """What somebody has, and what of it is held."""
    seen = wallet.show(app, CONSOLE, person=who.id)
    return seen.balance.amount, seen.held.amount


def earned(app: App, who: Person | None) -> str:
    """What stands on the account of an organizer, or of the house."""
    owner, account = (who.id, "organizer") if who else (None, "house")
    found = [
        one.balance.amount
        for one in wallet.listing(app, CONSOLE, limit=200).results
        if (one.user and one.user.id, one.account) == (owner, account)
    ]
    return found[0] if found else "0.00"


def ask(app: App, asked: Ask) -> Reservation:
    """Ask one thing and get it; raises the refusal."""
    outcome = booking.one(app, asked)
    assert isinstance(outcome, Reservation)
    return outcome


def hold(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    """Places held by ``who`` for ``who``."""
    return ask(app, Reserve(as_person(who), offering.id, party=party))


def refusal(app: App, asked: Ask) -> str:
    """The code with which one ask is refused."""
    [outcome] = booking.book(app, [asked])
    assert isinstance(outcome, ClassbookError), outcome
    return outcome.code


def mailed(app: App) -> list[tuple[str, str, str]]:
    """All letters so far, oldest first: to whom, subject, text."""
    listed = outbox.listing(app, CONSOLE, limit=200).results
    return [(mail.to, mail.subject, outbox.show(app, CONSOLE, mail.id).text or "") for mail in reversed(listed)]


def mailed_code(app: App, who: Person) -> str:
    """The one-time code of the newest letter to somebody that has one."""
    texts = [text for to, _, text in mailed(app) if to == who.email]
    found = [code for text in texts for code in re.findall(r"^(\d{6})$", text, re.MULTILINE)]
    assert found, f"no code was mailed to {who.email}"
    return str(found[-1])


def mailed_link(app: App, who: Person) -> str:
    """The token of the confirmation link in the newest letter to somebody that has one."""
    texts = [text for to, _, text in mailed(app) if to == who.email]
    found = [token for text in texts for token in re.findall(r"^https?://\S+/confirm/(\S+?)/?$", text, re.MULTILINE)]
    assert found, f"no link was mailed to {who.email}"
    return str(found[-1])


def broken(app: App) -> list[str]:
    """The invariants that do not hold."""
    return [f"{check.name}: {check.detail}" for check in audit.run(app, CONSOLE) if not check.ok]
