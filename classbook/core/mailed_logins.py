"""Logging in with a mailed code and no password: what the pages do.

It goes as with every address that somebody only types (`accounts`): answer and work are the same whether or not there
is an account, each attempt has a code of its own, and wrong codes are counted. Who comes with a name and has no account
yet gets one once the code has proved the address; nothing is held or kept for an address that is not proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from classbook.app import App
from classbook.core import accounts, throttles
from classbook.core.actors import look_up
from classbook.core.asks import ById, Confirm
from classbook.core.batch import CONFIRM
from classbook.core.callers import Caller
from classbook.core.keys import digest
from classbook.core.trail import Deed, recorded
from classbook.errors import WrongCode
from classbook.rules import codes
from classbook.rules.names import clean_email, clean_name
from classbook.store import attempts, listings, logins, people
from classbook.store import codes as code_store
from classbook.store import mailed_logins as store
from classbook.store.attempts import Attempt
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import Letter, PersonRecord
from classbook.values import Actor, Login, Person

LOGIN: Final = "login"
CODE_SECONDS: Final = accounts.CODE_SECONDS
"""How long a mailed code is good."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who has logged in, and the login that lasts from now on."""

    person: Person
    login_id: str


def ask(app: App, caller: Caller, *, email: str, name: str | None = None) -> None:
    """Mail a code that logs in: with a ``name`` to anybody, else only where there is an account.

    Raises Invalid, TooManyRequests after 5 mails to an address in a day or too many from one place.
    """
    address = clean_email(email)
    full_name = None if name is None else clean_name(name, what="name", most=200)

    def step(tx: Tx) -> None:
        accounts.count_mail(app, tx, caller, LOGIN, address)
        person = people.by_email(tx, address)
        person_id = person.id if person and not person.removed else None
        # Written for nobody, too; whoever sends the mails finds that there is none to send.
        kind = "login" if full_name is None else "welcome"
        letter = Letter(kind, address, app.new_message_id(), person_id, request_id=caller.request_id)
        accounts.open_attempt(app, tx, LOGIN, letter, name=full_name)

    app.store.write(step)


def log_in(app: App, caller: Caller, *, email: str, code: str) -> Arrival:
    """Begin a login by the mailed code; it proves the address, and makes the account where there is none yet.

    Raises Invalid, WrongCode, whatever is wrong; TooManyRequests.
    """
    address = clean_email(email)
    _, found, spent = accounts.guess(app, caller, LOGIN, address, code)
    if found is None:
        raise WrongCode()
    attempt = found

    def step(tx: Tx) -> Arrival:
        if not attempts.take(tx, attempt):
            raise WrongCode()
        person = _proved(app, tx, caller, attempt)
        ends_at = tx.now + timedelta(days=app.settings.web.refresh_days)
        login = Login(app.chance.nonce(), person.id, 1, tx.now, ends_at)
        logins.add(tx, login, source=digest(app, "source", caller.source))
        throttles.give_back(tx, spent)
        return Arrival(people.view(person), login.id)

    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "people_email":
            raise
        raise WrongCode() from refused  # somebody else has made that account at this moment


def whose(app: App, login_id: str) -> Person | None:
    """Who is logged in by that; None once it has ended, or they are gone."""
    with app.store.read() as tx:
        found = store.whose(tx, login_id)
        return people.view(found) if found else None


def proof_for(app: App, actor: Actor, reservation_id: int) -> Confirm | None:
    """The ask that confirms a hold of somebody who has proved their mailbox a moment ago; None where no code would.

    The code that is mailed for a hold shows that its person reads that mailbox, and nothing else; who has just typed a
    mailed code has shown it.
    """
    with app.store.read() as tx:
        who = look_up(tx, actor)
        held, code = listings.by_id(tx, reservation_id), code_store.find(tx, CONFIRM, reservation_id)
        if held is None or code is None or held.user.id != who.id:
            return None
        return Confirm(actor, ById(reservation_id), link=codes.link_token(app.key, code))


def _proved(app: App, tx: Tx, caller: Caller, attempt: Attempt) -> PersonRecord:
    """The person with that address, which is proved now. Raises WrongCode where there is none to be."""
    person = people.by_email(tx, attempt.email)
    if person is None:
        if attempt.name is None:
            raise WrongCode()
        person = people.add(
            tx, email=attempt.email, name=attempt.name, role="member", phone=None, timezone=app.settings.timezone,
            password_hash=None, verified_at=None,
        )  # fmt: skip
    if person.removed:
        raise WrongCode()
    if person.verified:
        return person
    # A password that was set before the address was proved is whoever's; it is not theirs.
    new, name = person, attempt.name or person.name
    recorded(
        tx, Actor(new.id, caller.request_id), Deed("verify", "person", new.id),
        lambda: people.prove(tx, new.id, name=name, password_hash=None),
    )  # fmt: skip
    proved = people.by_id(tx, new.id)
    assert proved is not None
    return proved
