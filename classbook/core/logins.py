"""Logins: from a password to a pair of tokens, and how they are refreshed, ended, and lost.

What is returned is what the tokens are signed from (`values.Login`); the faces sign them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from classbook.app import App
from classbook.core import keys, throttles
from classbook.core.accounts import set_password
from classbook.core.actors import look_up
from classbook.core.callers import Caller
from classbook.core.throttles import Spent
from classbook.errors import BadCredentials, ClassbookError, NotLoggedIn
from classbook.rules.passwords import strong
from classbook.store import logins as store
from classbook.store import people
from classbook.store.database import Tx
from classbook.store.people import Credentials
from classbook.values import Actor, Login

GRACE_SECONDS: Final = 20
"""How long after a refresh the token that was used still gives the same successor: an answer may have been lost."""


def login(app: App, caller: Caller, *, email: str, password: str) -> Login:
    """Begin a login for who has that address and password.

    The work is the same for known and unknown addresses. Raises BadCredentials, TooManyRequests, KeyReused.
    """
    address = email.strip().lower()
    source = keys.digest(app, "source", caller.source)

    def begin(tx: Tx) -> Login | tuple[Credentials | None, list[Spent]]:
        stored = caller.repeated(app, tx, address)
        if stored is not None:
            return _as_stored(tx, stored)
        known = people.credentials(tx, address, source=source)
        familiar = source if known and known.is_familiar else None
        of_source = throttles.failures_of_source(app, caller.source)
        spent = throttles.spend(tx, of_source, throttles.failures_of_account(app, address, familiar=familiar))
        return known, spent

    begun = app.store.write(begin)
    if isinstance(begun, Login):
        return begun
    known, spent = begun
    may = known is not None and known.person.verified and not known.person.removed
    if not app.passwords.matches(known.password_hash if known and may else None, password) or known is None:
        raise BadCredentials()
    credentials = known

    def act(tx: Tx) -> dict[str, Any]:
        _check_unchanged(tx, credentials)
        login = _refreshed(app, tx, Login(app.chance.nonce(), credentials.person.id, 0, tx.now, tx.now))
        store.add(tx, login, source=source)
        throttles.give_back(tx, spent)
        return _stored(login)

    return app.store.write(lambda tx: _as_stored(tx, caller.once(app, tx, address, lambda: act(tx))))


def refresh(app: App, caller: Caller, token: Login) -> Login:
    """The successor of a login, as a refresh token tells it.

    Within 20 s a token gives the same successor again; one that is used later than that was stolen, or its successor
    was, so the login ends. Raises NotLoggedIn, KeyReused.
    """
    actor = Actor(token.person_id, caller.request_id)

    def step(tx: Tx) -> Login | ClassbookError:
        login, person = store.find(tx, token.id), people.by_id(tx, token.person_id)
        if login is None or login.person_id != token.person_id or person is None or person.removed:
            return _ended()
        if token.serial == login.serial:
            fresh = _refreshed(app, tx, login)
            store.put(tx, fresh)
            keys.once(tx, actor, caller.key, lambda: _stored(fresh))
            return fresh
        in_grace = tx.now < login.issued_at + timedelta(seconds=GRACE_SECONDS)
        if token.serial == login.serial - 1 and (in_grace or keys.repeated(tx, actor, caller.key) == _stored(login)):
            return login
        # Committed, although it is a refusal: hence returned and not raised.
        store.end(tx, login.id)
        return _ended()

    result = app.store.write(step)
    if isinstance(result, ClassbookError):
        raise result
    return result


def logout(app: App, caller: Caller, *, person_id: int, login_id: str) -> None:
    """End a login; one that has ended already stays so. Raises KeyReused."""

    def act(tx: Tx) -> dict[str, Any]:
        store.end(tx, login_id)
        return {}

    app.store.write(lambda tx: keys.once(tx, Actor(person_id, caller.request_id), caller.key, lambda: act(tx)))


def change_password(
    app: App, actor: Actor, caller: Caller, *, current: str, new: str, login_id: str | None = None
) -> None:
    """Change the actor's own password; every login but ``login_id`` ends.

    Raises NotLoggedIn, Invalid, BadCredentials where ``current`` is not the present one, TooManyRequests, KeyReused.
    """
    source = keys.digest(app, "source", caller.source)

    def begin(tx: Tx) -> tuple[Credentials, list[Spent]] | None:
        person_id = look_up(tx, actor).id
        person = people.by_id(tx, person_id) if person_id else None
        known = people.credentials(tx, person.email, source=source) if person else None
        if known is None:
            raise NotLoggedIn()
        if keys.repeated(tx, actor, caller.key) is not None:
            return None
        strong(new, email=known.person.email, name=known.person.name)
        of_source = throttles.failures_of_source(app, caller.source)
        of_account = throttles.failures_of_account(
            app, known.person.email, familiar=source if known.is_familiar else None
        )
        return known, throttles.spend(tx, of_source, of_account)

    begun = app.store.write(begin)
    if begun is None:
        return
    known, spent = begun
    if not app.passwords.matches(known.password_hash, current):
        raise BadCredentials("The current password is not right.")
    hashed = app.passwords.hash(new)

    def act(tx: Tx) -> dict[str, Any]:
        _check_unchanged(tx, known)
        set_password(app, tx, actor, known.person, hashed, staying=login_id)
        throttles.give_back(tx, spent)
        return {}

    app.store.write(lambda tx: keys.once(tx, actor, caller.key, lambda: act(tx)))


def _refreshed(app: App, tx: Tx, login: Login) -> Login:
    ends_at = tx.now + timedelta(days=app.settings.web.refresh_days)
    return replace(login, serial=login.serial + 1, issued_at=tx.now, ends_at=ends_at)


def _check_unchanged(tx: Tx, known: Credentials) -> None:
    """The password that was compared, outside of any transaction, must still be the one. Raises BadCredentials."""
    if people.password_hash(tx, known.person.id) != known.password_hash:
        raise BadCredentials()


def _stored(login: Login) -> dict[str, Any]:
    """What a request key remembers of a login: no token, but what one can be signed from again."""
    return {"login": login.id, "serial": login.serial}


def _as_stored(tx: Tx, stored: dict[str, Any]) -> Login:
    login = store.find(tx, stored["login"])
    if login is None or login.serial != stored["serial"]:
        raise _ended()
    return login


def _ended() -> NotLoggedIn:
    return NotLoggedIn("This login has ended.", hint="Log in again.")
