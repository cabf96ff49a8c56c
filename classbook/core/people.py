"""People, as administrators and they themselves keep them. How they come by themselves: `core.accounts`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from classbook.app import App
from classbook.core.accounts import set_password
from classbook.core.actors import look_up, require_admin
from classbook.core.keys import digest, once
from classbook.core.pages import at_most, id_cursor, page_of
from classbook.core.trail import Deed
from classbook.errors import Exists, Hint, Invalid, NotFound, NotYours
from classbook.rules.names import clean_email, clean_name
from classbook.rules.passwords import strong
from classbook.rules.zones import known_zone
from classbook.store import people
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import PersonRecord
from classbook.values import Actor, Page, Person, RequestKey

T = TypeVar("T")

ROLES: Final = ("member", "organizer", "admin")


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
    _known_role(role)
    number = None if phone is None else clean_name(phone, what="phone number", most=40)
    zone = known_zone(timezone or app.settings.timezone)
    hashed = None if password is None else app.passwords.hash(strong(password, email=address, name=full_name))

    def act(tx: Tx) -> Person:
        if people.by_email(tx, address):
            raise Exists(f"There is a person with the address {address} already.")
        record = people.add(
            tx, email=address, name=full_name, role=role, phone=number, timezone=zone, password_hash=hashed,
            verified_at=tx.now,
        )  # fmt: skip
        return people.view(record)

    def step(tx: Tx) -> Person | dict[str, Any]:
        require_keeper(tx, actor, role)
        return once(
            tx, actor, _with(app, key, password), lambda: act(tx), deed=Deed("create", "person"), dry_run=dry_run
        )

    return _with_new_address(app, step, address)


def listing(
    app: App, actor: Actor, *, role: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Person]:
    """Everybody, or everybody of a role, by id.

    Raises NotYours for anybody but an administrator, or for the members an organizer.
    """
    with app.store.read() as tx:
        require_keeper(tx, actor, role)
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


def update(
    app: App, actor: Actor, who: str, fields: dict[str, str | None], *, key: RequestKey | None = None,
    dry_run: bool = False,
) -> Person | dict[str, Any]:  # fmt: skip
    """Change a person's ``name``, ``phone``, ``timezone`` or ``role``; what is left out stays.

    People may change their own, but for the role. Raises NotFound, also for others, Invalid, NotYours for the role.
    """
    checked = _checked(fields)

    def act(tx: Tx, person: PersonRecord) -> Person:
        people.change(tx, person.id, **checked)
        return people.view(_found(tx, str(person.id)))

    def step(tx: Tx) -> Person | dict[str, Any]:
        viewer, person = look_up(tx, actor), _found(tx, who)
        if not viewer.may_see(person.id):
            raise _nobody(who)
        if "role" in checked and not viewer.is_admin:
            raise NotYours("Only an administrator may change a role.")
        return once(tx, actor, key, lambda: act(tx, person), deed=Deed("update", "person", person.id), dry_run=dry_run)

    return app.store.write(step)


def give_password(
    app: App, actor: Actor, who: str, password: str, *, key: RequestKey | None = None, dry_run: bool = False
) -> Person | dict[str, Any]:
    """Set somebody's password, end their logins, and tell them by mail.

    Raises NotYours for anybody but an administrator, NotFound, Invalid.
    """
    with app.store.read() as tx:
        require_admin(tx, actor)
        person = _found(tx, who)
    hashed = app.passwords.hash(strong(password, email=person.email, name=person.name))

    def act(tx: Tx) -> Person:
        set_password(app, tx, actor, person, hashed)
        return people.view(person)

    def step(tx: Tx) -> Person | dict[str, Any]:
        require_admin(tx, actor)
        return once(tx, actor, _with(app, key, password), lambda: act(tx), dry_run=dry_run)

    return app.store.write(step)


def require_keeper(tx: Tx, actor: Actor, role: str | None) -> None:
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


def _with(app: App, key: RequestKey | None, password: str | None) -> RequestKey | None:
    """A key whose request is the same only with the same password, of which nothing can be read from it."""
    return key and replace(key, body_hash=digest(app, "request", key.body_hash, password or ""))


def _checked(fields: dict[str, str | None]) -> dict[str, str]:
    """What of a person is to change. Raises Invalid."""
    given = {field: value for field, value in fields.items() if value is not None}
    if not given:
        raise Invalid("Nothing is to be changed.", hint=Hint("Name what is, like {}.", "name a field"))
    return {field: CLEAN[field](value) for field, value in given.items()}


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise Invalid(f"There is no role {role!r}.", hint=f"One of: {', '.join(ROLES)}.")
    return role


CLEAN: Final[dict[str, Callable[[str], str]]] = {
    "email": clean_email,
    "name": lambda text: clean_name(text, what="name", most=200),
    "role": _known_role,
    "phone": lambda text: clean_name(text, what="phone number", most=40),
    "timezone": known_zone,
}
"""What each field of a person is as it is kept. Raises Invalid."""


def _found(tx: Tx, who: str) -> PersonRecord:
    text = who.strip()
    record = people.by_id(tx, int(text)) if text.isascii() and text.isdigit() else people.by_email(tx, text.lower())
    if record is None or record.removed:
        raise _nobody(who)
    return record


def _nobody(who: str) -> NotFound:
    return NotFound(f"There is no person {who}.", hint=Hint("{} shows who there is.", "list people"))
