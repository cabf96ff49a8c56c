"""People: made by an administrator, or signing up and proving their address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from classbook.app import App
from classbook.core.actors import look_up, require_admin
from classbook.core.keys import once
from classbook.core.pages import at_most, id_cursor, page_of
from classbook.core.trail import Deed
from classbook.errors import BadCredentials, ClassbookError, Exists, Invalid, NotFound, TooManyRequests, WrongCode
from classbook.rules import codes
from classbook.rules.names import clean_email, clean_name
from classbook.rules.policy import MOST_CODES, MOST_GUESSES
from classbook.rules.zones import known_zone
from classbook.store import codes as code_store
from classbook.store import outbox, people
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import CodeRecord, Letter, PersonRecord
from classbook.values import Actor, Page, Person, RequestKey

T = TypeVar("T")

VERIFY: Final = "verify"
"""The purpose of codes that prove an address."""
VERIFY_SECONDS: Final = 24 * 3600
ROLES: Final = ("member", "organizer", "admin")
PASSWORD_LENGTHS: Final = (10, 128)
"""Characters at least and at most, with no rules of composition (OWASP ASVS 5.0, 6.2)."""


def create(
    app: App,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: str = "member",
    phone: str | None = None,
    timezone: str | None = None,
    password: str | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Person | dict[str, Any]:
    """Make a person whose address is vouched for by who makes them: an administrator, or for members an organizer.

    Raises Invalid, NotYours for anybody else, Exists where the address is known.
    """
    address, full_name = clean_email(email), clean_name(name, what="name", most=200)
    if role not in ROLES:
        raise Invalid(f"There is no role {role!r}.", hint=f"One of: {', '.join(ROLES)}.")
    number = None if phone is None else clean_name(phone, what="phone number", most=40)
    zone = known_zone(timezone or app.settings.timezone)
    hashed = None if password is None else app.passwords.hash(_strong(password))

    def act(tx: Tx) -> Person:
        if people.by_email(tx, address):
            raise Exists(f"There is a person with the address {address} already.")
        record = people.add(
            tx, email=address, name=full_name, role=role, phone=number, timezone=zone, password_hash=hashed,
            verified_at=tx.now,
        )  # fmt: skip
        return people.view(record)

    def step(tx: Tx) -> Person | dict[str, Any]:
        _require_keeper(tx, actor, role)
        result = once(tx, actor, key, lambda: act(tx), deed=Deed("create", "person"))
        if dry_run:
            tx.abandon()
        return result

    return _with_new_address(app, step, address)


def listing(
    app: App, actor: Actor, *, role: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Person]:
    """Everybody, or everybody of a role, by id.

    Raises NotYours for anybody but an administrator, or for the members an organizer.
    """
    with app.store.read() as tx:
        _require_keeper(tx, actor, role)
        records = people.page(tx, role=role, after_id=id_cursor(cursor), limit=at_most(limit) + 1)
        return page_of([people.view(record) for record in records], limit, lambda person: person.id)


def show(app: App, actor: Actor, who: str) -> Person:
    """One person by address or id. Others do not exist for anybody but an administrator. Raises NotFound."""
    with app.store.read() as tx:
        viewer = look_up(tx, actor)
        record = _found(tx, who)
        if not viewer.may_see(record.id):
            raise _nobody(who)
        return people.view(record)


def resolve(app: App, who: str) -> int:
    """The id of a person by address or id. Raises NotFound."""
    with app.store.read() as tx:
        return _found(tx, who).id


def me(app: App, actor: Actor) -> Person:
    """The actor. Raises NotLoggedIn."""
    with app.store.read() as tx:
        who = look_up(tx, actor)
        return people.view(_found(tx, str(who.id)))


def signup(app: App, *, email: str, password: str, name: str) -> Person:
    """Somebody comes by themselves; a code to prove the address goes out by mail.

    Raises Invalid, and Exists where the address belongs to somebody who has proved it.
    """
    address, full_name = clean_email(email), clean_name(name, what="name", most=200)
    hashed = app.passwords.hash(_strong(password))

    def step(tx: Tx) -> Person:
        record = people.by_email(tx, address)
        if record is None:
            record = people.add(
                tx, email=address, name=full_name, role="member", phone=None, timezone=app.settings.timezone,
                password_hash=hashed, verified_at=None,
            )  # fmt: skip
        elif record.verified or record.removed:
            raise Exists(f"There is an account for {address} already.", hint="Log in instead.")
        else:
            people.sign_up_again(tx, record.id, name=full_name, password_hash=hashed)
            record.name = full_name
        _send_code(app, tx, record)
        return people.view(record)

    return _with_new_address(app, step, address)


def verify(app: App, *, email: str, code: str) -> Person:
    """Prove an address by the mailed code. Raises WrongCode, also for an unknown address."""

    def step(tx: Tx) -> Person | ClassbookError:
        record = people.by_email(tx, clean_email(email))
        sent = code_store.find(tx, VERIFY, record.id) if record else None
        if record is None or sent is None or tx.now >= sent.expires_at:
            return WrongCode()
        # A wrong guess is counted, and its count is committed: hence returned and not raised.
        if not code_store.count_guess(tx, sent, most=MOST_GUESSES):
            return WrongCode()
        if not codes.same_code(codes.one_time_code(app.key, sent), code.strip()):
            return WrongCode()
        code_store.remove(tx, VERIFY, record.id)
        people.verify(tx, record.id)
        return people.view(record)

    result = app.store.write(step)
    if isinstance(result, ClassbookError):
        raise result
    return result


def login(app: App, *, email: str, password: str) -> Person:
    """Who has that address and password. Raises BadCredentials, after the same work for known and unknown ones."""
    try:
        address = clean_email(email)
    except Invalid:
        address = ""
    with app.store.read() as tx:
        record = people.by_email(tx, address)
        stored = people.password_hash(tx, record.id) if record else None
    if not app.passwords.matches(stored, password) or record is None or record.removed:
        raise BadCredentials()
    return people.view(record)


def _require_keeper(tx: Tx, actor: Actor, role: str | None) -> None:
    """People are kept by administrators, members by organizers, too. Raises NotLoggedIn, NotYours."""
    if not (role == "member" and look_up(tx, actor).role == "organizer"):
        require_admin(tx, actor)


def _with_new_address(app: App, step: Callable[[Tx], T], address: str) -> T:
    """Write; two who bring the same address at the same moment are told apart by the database."""
    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "people_email":
            raise
        raise Exists(f"There is a person with the address {address} already.") from refused


def _send_code(app: App, tx: Tx, record: PersonRecord) -> None:
    """Mail a new code; while the first one would live, its guesses stay counted and the codes are counted with it."""
    sent = code_store.find(tx, VERIFY, record.id)
    if sent is None or tx.now >= sent.expires_at:
        expires_at = tx.now + timedelta(seconds=VERIFY_SECONDS)
        code = CodeRecord(VERIFY, record.id, app.chance.nonce(), serial=1, guesses=0, expires_at=expires_at)
    elif sent.serial >= MOST_CODES:
        raise TooManyRequests(
            f"{MOST_CODES} codes were mailed to this address.", hint="Use the newest one, or try again tomorrow."
        )
    else:
        code = replace(sent, nonce=app.chance.nonce(), serial=sent.serial + 1)
    code_store.put(tx, code)
    outbox.post(
        tx,
        Letter("verify", record.email, app.new_message_id(), record.id, facts=f'{{"serial": {code.serial}}}'),
    )


def _found(tx: Tx, who: str) -> PersonRecord:
    text = who.strip()
    record = people.by_id(tx, int(text)) if text.isascii() and text.isdigit() else people.by_email(tx, text.lower())
    if record is None or record.removed:
        raise _nobody(who)
    return record


def _nobody(who: str) -> NotFound:
    return NotFound(f"There is no person {who}.", hint="`classbook user list` shows who there is.")


def _strong(password: str) -> str:
    least, most = PASSWORD_LENGTHS
    if not least <= len(password) <= most:
        raise Invalid(f"A password has {least} to {most} characters.")
    return password
