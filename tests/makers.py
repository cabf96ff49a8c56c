"""One cast for all tests, and the things they do. Everything is made through the core, as people make it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Barrier
from typing import Any, Final

import sqlalchemy as sa

from classbook.app import App
from classbook.core import audit, booking, catalog, outbox, people, providers, reservations, schedules, venues, wallet
from classbook.core.asks import Ask, ById, Confirm, Move, Reserve
from classbook.core.callers import Caller
from classbook.errors import ClassbookError
from classbook.rules.opening import Rule, parse_weekly
from classbook.rules.plan_files import from_options
from classbook.store import people as people_store
from classbook.store.database import Tx
from classbook.values import Actor, Offering, Outcome, Person, Reservation, VenuePlan, plain

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""When every test begins."""
HOLD = timedelta(seconds=300)
"""How long a hold lasts by default."""
MICROSECOND = timedelta(microseconds=1)
CONSOLE = Actor(request_id="test")
CALLER = Caller("203.0.113.7", request_id="test")
"""Somebody over HTTP of whom nothing else is known."""
PASSWORD = "correct horse battery"
FREELY: Final[dict[str, Any]] = {"open_holds": 0, "pause_after_lapses": 0}
"""Terms under which one person may hold any number, and let them lapse."""


def person(app: App, name: str, *, role: str = "member", password: str | None = None) -> Person:
    """Somebody whose address is their name at example.org."""
    made = people.create(app, CONSOLE, email=f"{name.lower()}@example.org", name=name, role=role, password=password)
    assert isinstance(made, Person)
    return made


def unproved(app: App, name: str) -> Person:
    """Somebody whose address was never proved: there were such people before a sign-up waited for its code."""

    def step(tx: Tx) -> Person:
        return people_store.view(
            people_store.add(
                tx, email=f"{name.lower()}@example.org", name=name, role="member", phone=None, timezone="UTC",
                password_hash=None, verified_at=None,
            )
        )  # fmt: skip

    return app.store.write(step)


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
    kind: str = "class",
    seats: int = 2,
    title: str = "Yoga",
    starts_in: timedelta = timedelta(days=1),
    lasts: timedelta = timedelta(hours=1),
    by: Actor = CONSOLE,
    price: str | None = None,
    room: int | None = None,
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
        "room": room,
    }
    made = catalog.create(app, by, kind, fields)
    assert isinstance(made, Offering)
    return made


def a_court(
    app: App,
    *,
    units: int = 1,
    title: str = "Court",
    timezone: str = "UTC",
    price: str | None = None,
    **policy: Any,
) -> Offering:
    """A resource that is always open; further arguments are terms of its policy."""
    fields = {"title": title, "seats": units, "timezone": timezone, "price": price, "policy": policy}
    made = catalog.create(app, CONSOLE, "resource", fields)
    assert isinstance(made, Offering)
    return made


def a_doctor(app: App, *, name: str = "Dr. Pia", timezone: str = "UTC", **policy: Any) -> Offering:
    """A provider of appointments who is always open; further arguments are terms of the policy."""
    email = f"{name.lower().replace('. ', '')}@example.org"
    made = providers.create(app, CONSOLE, email=email, name=name, timezone=timezone, policy=policy)
    assert isinstance(made, Offering)
    return made


def a_venue(app: App, *stands: str, name: str = "Arena") -> VenuePlan:
    """A venue with stands like ``A:2x5``."""
    made = venues.create(app, CONSOLE, name=name, timezone="UTC", plan=from_options(stands))
    assert isinstance(made, VenuePlan)
    return made


def a_match(
    app: App,
    venue: VenuePlan,
    *,
    title: str = "Final",
    starts_in: timedelta = timedelta(days=1),
    lasts: timedelta = timedelta(hours=2),
    prices: dict[str, str] | None = None,
    **policy: Any,
) -> Offering:
    """A match that begins ``starts_in`` from now; further arguments are terms of its policy."""
    starts_at = app.clock.now() + starts_in
    fields = {
        "title": title,
        "venue_id": venue.id,
        "starts_at": starts_at,
        "ends_at": starts_at + lasts,
        "prices": prices,
        "policy": policy,
    }
    made = catalog.create(app, CONSOLE, "match", fields)
    assert isinstance(made, Offering)
    return made


def opened(app: App, offering: Offering, *rules: Rule | str) -> Offering:
    """The same, open only then: rules, or weekly ones as people write them."""
    schedules.add(app, CONSOLE, offering.id, [parse_weekly(rule) if isinstance(rule, str) else rule for rule in rules])
    return offering


def clock_time(text: str, *, days: int = 1) -> datetime:
    """``10:30`` on the day after the tests begin, or another day, in UTC."""
    hours, minutes = map(int, text.split(":"))
    return NOW.replace(hour=0) + timedelta(days=days, hours=hours, minutes=minutes)


def booking_of(
    offering: Offering, who: Person, span: str, *, party: int = 1, queue: bool | None = None, days: int = 1
) -> Reserve:
    """The ask for a time like ``10:00-11:00``, or ``10:00`` where the house knows how long it takes."""
    start, _, end = span.partition("-")
    return Reserve(
        as_person(who),
        offering.id,
        party=party,
        starts_at=clock_time(start, days=days),
        ends_at=clock_time(end, days=days) if end else None,
        queue=queue,
    )


def move_of(one: Reservation, who: Person, span: str = "", *, party: int | None = None, days: int = 1) -> Move:
    """The ask to move to a time like ``10:00-11:00`` or ``10:00``."""
    start, _, end = span.partition("-")
    return Move(
        as_person(who),
        ById(one.id),
        party=party,
        starts_at=clock_time(start, days=days) if start else None,
        ends_at=clock_time(end, days=days) if end else None,
    )


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


def mailed_codes(app: App, email: str) -> list[str]:
    """The one-time codes of all letters to an address, oldest first."""
    texts = [text for to, _, text in mailed(app) if to == email]
    return [code for text in texts for code in re.findall(r"^(\d{6})$", text, re.MULTILINE)]


def mailed_code(app: App, who: Person | str) -> str:
    """The one-time code of the newest letter to somebody, or to an address, that has one."""
    email = who if isinstance(who, str) else who.email
    found = mailed_codes(app, email)
    assert found, f"no code was mailed to {email}"
    return found[-1]


def mailed_link(app: App, who: Person) -> str:
    """The token of the confirmation link in the newest letter to somebody that has one."""
    texts = [text for to, _, text in mailed(app) if to == who.email]
    found = [token for text in texts for token in re.findall(r"^https?://\S+/confirm/(\S+?)/?$", text, re.MULTILINE)]
    assert found, f"no link was mailed to {who.email}"
    return str(found[-1])


def broken(app: App) -> list[str]:
    """The invariants that do not hold."""
    return [f"{check.name}: {check.detail}" for check in audit.run(app, CONSOLE) if not check.ok]


def confirmed(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    """Places that are confirmed by the console's word."""
    return ask(app, Confirm(CONSOLE, ById(hold(app, offering, who, party=party).id)))


def show(app: App, reservation: Reservation) -> Reservation:
    return reservations.show(app, CONSOLE, reservation.id)


def moves(app: App, reservation: Reservation) -> list[tuple[str | None, str, str]]:
    """The history: from, action, to."""
    found = reservations.history(app, CONSOLE, reservation.id).results
    return [(move.from_state, move.action, move.to_state) for move in found]


def said(outcomes: list[Outcome]) -> list[str]:
    """The state, or the refusal, of each outcome."""
    return [one.code if isinstance(one, ClassbookError) else plain(one)["state"] for one in outcomes]


def everything(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with app.store.read() as tx:
        names = sa.inspect(tx.connection).get_table_names()
        return {name: sorted(tx.rows(f"SELECT * FROM {name}"), key=repr) for name in names}


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at one moment, in a thread each; what each returned or refused."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except ClassbookError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


THREADS = 8


def on_all_threads(act: Callable[[int], None]) -> None:
    """Run ``act(number)`` on all threads at once; raises what one of them raised."""
    barrier = Barrier(THREADS)

    def run(number: int) -> None:
        barrier.wait()
        act(number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))
