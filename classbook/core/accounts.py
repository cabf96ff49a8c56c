"""What people do with an address that a mailed code proves to be theirs: sign up, and get a new password.

Nothing here tells whether there is an account with an address: answer and work are the same. What differs is the
mail, which only its owner reads. Until the code comes back nothing of what was typed becomes anybody's: every attempt
keeps a name, a password and a code of its own, and a code makes only those of its own attempt true.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from classbook.app import App
from classbook.core import throttles
from classbook.core.callers import Caller
from classbook.core.throttles import Spent
from classbook.core.trail import Deed, recorded
from classbook.errors import WrongCode
from classbook.rules import codes
from classbook.rules.names import clean_email, clean_name
from classbook.rules.passwords import strong
from classbook.rules.policy import MOST_CODES, MOST_GUESSES
from classbook.store import attempts, logins, outbox, people
from classbook.store.attempts import Attempt
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import Letter, PersonRecord
from classbook.values import Actor, Person, Told

SIGNUP: Final = "signup"
RESET: Final = "reset"
CODE_SECONDS: Final = 1800
"""How long a mailed code is good."""


def signup(app: App, caller: Caller, *, email: str, password: str, name: str) -> Told | dict[str, Any]:
    """Somebody comes by themselves; a code to prove the address goes out by mail.

    To an address that has an account goes a mail that says so. Raises Invalid, TooManyRequests after 5 mails to an
    address in a day or too many from one place, KeyReused.
    """
    address, full_name = clean_email(email), clean_name(name, what="name", most=200)
    strong(password, email=address, name=full_name)

    def begin(tx: Tx) -> dict[str, Any] | None:
        stored = caller.repeated(app, tx, address)
        if stored is None:
            count_mail(app, tx, caller, SIGNUP, address)
        return stored

    stored = app.store.write(begin)
    if stored is not None:
        return stored
    hashed = app.passwords.hash(password)

    def act(tx: Tx) -> Told:
        person = people.by_email(tx, address)
        is_free = person is None or not (person.verified or person.removed)
        letter = Letter("verify" if is_free else "known", address, app.new_message_id(), request_id=caller.request_id)
        open_attempt(app, tx, SIGNUP, letter, name=full_name, password_hash=hashed)
        return Told(address, "A mail with a code is on its way to this address.")

    return app.store.write(lambda tx: caller.once(app, tx, address, lambda: act(tx)))


def verify(app: App, caller: Caller, *, email: str, code: str, password: str | None = None) -> Person | dict[str, Any]:
    """Prove an address by the mailed code: from now on there is an account, as the attempt with that code asked for it.

    A ``password`` that is sent must be that attempt's. Raises WrongCode, whatever is wrong; TooManyRequests, KeyReused.
    """
    address = clean_email(email)
    stored, found, spent = guess(app, caller, SIGNUP, address, code)
    if stored is not None:
        return stored
    matches = password is None or app.passwords.matches(found.password_hash if found else None, password)
    if found is None or not matches:
        raise _wrong()
    attempt, name = found, found.name or ""

    def act(tx: Tx) -> Person:
        if not attempts.take(tx, attempt):
            raise _wrong()
        person = people.by_email(tx, address) or people.add(
            tx, email=address, name=name, role="member", phone=None, timezone=app.settings.timezone,
            password_hash=None, verified_at=None,
        )  # fmt: skip
        if person.verified or person.removed:
            raise _wrong()
        recorded(
            tx, Actor(person.id, caller.request_id), Deed("verify", "person", person.id),
            lambda: people.prove(tx, person.id, name=name, password_hash=attempt.password_hash),
        )  # fmt: skip
        throttles.give_back(tx, spent)
        return people.view(replace(person, name=name))

    try:
        return app.store.write(lambda tx: caller.once(app, tx, address, lambda: act(tx)))
    except ConstraintRefused as refused:
        if refused.constraint != "people_email":
            raise
        raise _wrong() from refused  # somebody else has made that account at this moment


def ask_reset(app: App, caller: Caller, *, email: str) -> Told | dict[str, Any]:
    """Mail a code that sets a new password, if there is an account with this address.

    Raises Invalid, TooManyRequests after 5 mails to an address in a day or too many from one place, KeyReused.
    """
    address = clean_email(email)

    def act(tx: Tx) -> Told:
        count_mail(app, tx, caller, RESET, address)
        person = people.by_email(tx, address)
        person_id = person.id if person and not person.removed else None
        # Written for nobody, too; whoever sends the mails finds that there is none to send.
        letter = Letter("reset", address, app.new_message_id(), person_id, request_id=caller.request_id)
        open_attempt(app, tx, RESET, letter)
        return Told(address, "If there is an account with this address, a mail with a code is on its way.")

    return app.store.write(lambda tx: caller.once(app, tx, address, lambda: act(tx)))


def reset(app: App, caller: Caller, *, email: str, code: str, new_password: str) -> None:
    """Set a new password by the mailed code, and end every login. It proves the address, too.

    Raises Invalid, WrongCode, TooManyRequests, KeyReused.
    """
    address = clean_email(email)
    strong(new_password, email=address)
    stored, found, spent = guess(app, caller, RESET, address, code)
    if stored is not None:
        return
    if found is None:
        raise _wrong()
    attempt, hashed = found, app.passwords.hash(new_password)

    def act(tx: Tx) -> dict[str, Any]:
        person = people.by_email(tx, address)
        if person is None or person.removed or not attempts.take(tx, attempt):
            raise _wrong()
        strong(new_password, email=address, name=person.name)
        actor = Actor(person.id, caller.request_id)
        set_password(app, tx, actor, person, hashed)
        throttles.give_back(tx, spent)
        return {}

    app.store.write(lambda tx: caller.once(app, tx, address, lambda: act(tx)))


def set_password(
    app: App, tx: Tx, actor: Actor, person: PersonRecord, hashed: str, *, staying: str | None = None
) -> None:
    """Give a person a new password, end their logins (but for the one that is ``staying``), and tell them by mail."""
    recorded(
        tx, actor, Deed("password", "person", person.id),
        lambda: people.set_password(tx, person.id, hashed),
    )  # fmt: skip
    logins.end_all(tx, person.id, but=staying)
    letter = Letter("password", person.email, app.new_message_id(), person.id, request_id=actor.request_id or None)
    outbox.post(tx, letter)


def _wrong() -> WrongCode:
    """The same, whatever is wrong: who guesses learns nothing."""
    return WrongCode(hint="The code is in the newest mail; ask once more for another one.")


def count_mail(app: App, tx: Tx, caller: Caller, purpose: str, address: str) -> None:
    """Raises TooManyRequests."""
    of_source = throttles.mails_of_source(app, caller.source)
    throttles.spend(tx, of_source, throttles.mails_to(app, purpose, address, most=MOST_CODES))


def open_attempt(
    app: App, tx: Tx, purpose: str, letter: Letter, *, name: str | None = None, password_hash: str | None = None
) -> None:
    """Begin an attempt, and post the letter with its code."""
    expires_at = tx.now + timedelta(seconds=CODE_SECONDS)
    nonce = app.chance.nonce()
    attempts.add(tx, Attempt(nonce, purpose, letter.address, name, password_hash, 0, expires_at))
    outbox.post(tx, replace(letter, attempt=nonce, facts='{"serial": 1}'))


def guess(
    app: App, caller: Caller, purpose: str, address: str, code: str
) -> tuple[dict[str, Any] | None, Attempt | None, list[Spent]]:
    """The stored answer to this request; or else the open attempt whose code this is, and what the guess has cost."""

    def step(tx: Tx) -> tuple[dict[str, Any] | None, Attempt | None, list[Spent]]:
        stored = caller.repeated(app, tx, address)
        if stored is not None:
            return stored, None, []
        spent = throttles.spend(tx, throttles.failures_of_source(app, caller.source))
        # The count of a wrong guess is committed: hence nothing is raised here.
        tried = attempts.count_guess(tx, purpose, address, most=MOST_GUESSES)
        right = [one for one in tried if codes.same_code(codes.one_time_code(app.key, one.code), code.strip())]
        return None, right[0] if right else None, spent

    return app.store.write(step)
