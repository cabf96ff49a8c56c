"""Providers: people who give appointments. A provider is an offering of kind appointment and keeps its schedule."""

from __future__ import annotations

from functools import partial
from typing import Any

from classbook.app import App
from classbook.core import catalog, drafts
from classbook.core.actors import look_up
from classbook.core.keys import once
from classbook.core.trail import Deed, recorded
from classbook.errors import Exists, Invalid, NotAllowedNow, NotFound, NotYours
from classbook.rules.kinds import KINDS
from classbook.rules.names import clean_email, clean_name
from classbook.rules.zones import known_zone
from classbook.store import catalog as offerings
from classbook.store import people
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import OfferingRecord, PersonRecord
from classbook.values import Actor, Offering, OfferingRef, RequestKey

KIND = "appointment"


def create(
    app: App,
    actor: Actor,
    *,
    email: str,
    name: str | None = None,
    timezone: str | None = None,
    policy: dict[str, Any] | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Offering | dict[str, Any]:
    """Make somebody a provider; who is not known yet is made, vouched for by whoever makes them.

    Raises NotYours for anybody but an organizer or an administrator, Exists for somebody who is a provider already,
    NotAllowedNow for a sign-up that has not proved its address, Invalid where a new person has no name.
    """
    address = clean_email(email)
    zone = known_zone(timezone or app.settings.timezone)
    given = drafts.draft({"timezone": zone, "policy": policy or {}})
    values = drafts.columns(given, KINDS[KIND], currency=app.settings.currency)
    drafts.check_paid_for(values, None)

    def act(tx: Tx) -> Offering:
        # Locked, so that two who make the same person a provider come one after the other.
        person = people.by_email(tx, address, lock=True)
        if person is None:
            if name is None:
                raise Invalid(f"{address} is nobody yet.", hint="Give a name, or create the person first.")
            person = recorded(tx, actor, Deed("create", "person"), partial(_person, tx, address, name, zone))
        elif not person.verified:
            # Whoever set its password has not proved to be its owner: a role must not be theirs for the asking.
            raise NotAllowedNow(
                f"{address} has signed up and not proved the address yet.", hint="Ask them to verify it."
            )
        elif offerings.of_provider(tx, person.id) is not None:
            raise Exists(f"{person.name} is a provider already.")
        elif person.role == "member":
            recorded(
                tx, actor, Deed("update", "person", person.id), partial(people.set_role, tx, person.id, "provider")
            )
        own = {"kind": KIND, "title": person.name, "description": "", "creator_id": person.id}
        made = offerings.fresh(tx, [values | own])
        offerings.add(tx, made, units=[1], timed=KINDS[KIND].timed)
        return catalog.view(app, tx, made[0])

    def step(tx: Tx) -> Offering | dict[str, Any]:
        if look_up(tx, actor).role not in ("organizer", "admin"):
            raise NotYours("Only organizers and administrators make providers.")
        return once(tx, actor, key, lambda: act(tx), deed=Deed("create", "offering"), dry_run=dry_run)

    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "people_email":
            raise
        # Somebody made the same new person at the same moment: now they are there.
        return app.store.write(step)


def _person(tx: Tx, address: str, name: str, zone: str) -> PersonRecord:
    return people.add(
        tx, email=address, name=clean_name(name, what="name", most=200), role="provider", phone=None, timezone=zone,
        password_hash=None, verified_at=tx.now,
    )  # fmt: skip


def resolve(app: App, text: str) -> OfferingRef:
    """The offering of that number, or of the provider with that address. Raises NotFound."""
    with app.store.read() as tx:
        found = named(tx, text)
        return OfferingRef(found.id, found.kind, found.title)


def named(tx: Tx, text: str) -> OfferingRecord:
    """The same, within a transaction. Raises NotFound."""
    word = text.strip()
    if word.isascii() and word.isdigit():
        found = offerings.any_by_id(tx, int(word))
    else:
        person = people.by_email(tx, word.lower())
        found = offerings.of_provider(tx, person.id) if person else None
    if found is None:
        raise NotFound(f"There is no offering {text}.", hint="Name its number, or the address of a provider.")
    return found
