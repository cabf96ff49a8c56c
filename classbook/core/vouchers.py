"""Vouchers: made, listed and cancelled by who may, and looked for by who was given a code.

What a voucher takes off never changes once it is made. An organizer makes them for offerings of their own, an
administrator for any or for all. Those of others do not exist for them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from classbook.app import App
from classbook.core import throttles
from classbook.core.actors import Who, look_up
from classbook.core.keys import once
from classbook.core.pages import at_most, id_cursor, page_of
from classbook.core.trail import Deed
from classbook.errors import BadSpan, Exists, Invalid, NotAllowedNow, NotFound, NotYours
from classbook.rules.money import parse_amount
from classbook.rules.vouchers import MOST_USES, clean_code, known_as, unknown
from classbook.rules.vouchers import Voucher as Record
from classbook.store import catalog
from classbook.store import vouchers as store
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import OfferingRecord
from classbook.values import Actor, OfferingRef, Page, RequestKey, Voucher


def create(
    app: App,
    actor: Actor,
    code: str,
    *,
    amount: str | None = None,
    percent: int | None = None,
    uses: int | None = None,
    per_person: int | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    offering_id: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Voucher | dict[str, Any]:
    """Make a voucher for an ``amount`` (like ``12.50`` or ``12.50 EUR``) or a ``percent`` of each price.

    Raises Invalid or BadSpan for what cannot be, NotYours where one is neither an administrator nor the organizer of
    the offering, NotFound for an offering there is not, Exists for a code that is taken.
    """
    kept = clean_code(code)
    if (amount is None) == (percent is None):
        raise Invalid("A voucher takes off either an amount or a percentage.", hint="Name one of the two.")
    if percent is not None and not 1 <= percent <= 100:
        raise Invalid(f"A percentage is a whole number from 1 to 100, not {percent}.")
    for name, number in (("uses", uses), ("uses of one person", per_person)):
        if number is not None and not 1 <= number <= MOST_USES:
            raise Invalid(f"The {name} of a voucher are a whole number from 1 to {MOST_USES:,}, not {number}.")
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise BadSpan("A voucher must end after it begins.")

    def act(tx: Tx, who: Who) -> Voucher:
        currency = app.settings.currency
        if offering_id is not None:
            offering = catalog.all_by_id(tx, [offering_id]).get(offering_id)
            if offering is None:
                raise NotFound(f"There is no offering {offering_id}.")
            if not who.may_see(offering.creator_id):
                raise NotYours(f"{offering.title} belongs to somebody else.")
            currency = offering.currency or currency
        elif not who.is_admin:
            raise NotYours("Only an administrator makes vouchers for everything.", hint="Name an offering of your own.")
        if store.by_code(tx, kept):
            raise Exists(f"There is a voucher {kept} already.")
        minor = None if amount is None else parse_amount(amount, currency)
        store.add(
            tx,
            {
                "code": kept,
                "creator_id": who.id,
                "offering_id": offering_id,
                "amount_minor": minor,
                "currency": None if minor is None else currency,
                "percent": percent,
                "uses": uses,
                "per_person": per_person,
                "valid_from": valid_from,
                "valid_until": valid_until,
            },
        )
        return _view(tx, _found(tx, who, kept))

    def step(tx: Tx) -> Voucher | dict[str, Any]:
        who = _keeper(tx, actor)
        return once(tx, actor, key, lambda: act(tx, who), deed=Deed("create", "voucher"), dry_run=dry_run)

    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "vouchers_code":
            raise
        raise Exists(f"There is a voucher {kept} already.") from refused


def listing(app: App, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Voucher]:
    """Vouchers by id: an organizer's own and those for their offerings; all for an administrator. Raises NotYours."""
    with app.store.read() as tx:
        who = _keeper(tx, actor)
        owner = None if who.is_admin else who.id
        found = store.page(tx, owner_id=owner, after_id=id_cursor(cursor), limit=at_most(limit) + 1)
        return page_of(_views(tx, found), limit, lambda one: one.id)


def show(app: App, actor: Actor, code: str) -> Voucher:
    """One voucher. Raises NotFound, also for those of others, and NotYours for members."""
    with app.store.read() as tx:
        return _view(tx, _found(tx, _keeper(tx, actor), code))


def cancel(
    app: App, actor: Actor, code: str, *, key: RequestKey | None = None, dry_run: bool = False
) -> Voucher | dict[str, Any]:
    """Let nobody use it any more; what was reserved with it stays as it is. A cancelled one answers again unchanged.

    Raises NotFound, NotYours for members.
    """

    def act(tx: Tx, who: Who) -> Voucher:
        record = _found(tx, who, code)
        if record.cancelled_at is None:
            store.cancel(tx, record.id, tx.now)
        return _view(tx, _found(tx, who, record.code))

    def step(tx: Tx) -> Voucher | dict[str, Any]:
        who = _keeper(tx, actor)
        kept = known_as(code)
        record = store.by_code(tx, kept) if kept else None
        # Whether it is there is asked after whether the key was used for something else.
        deed = Deed("cancel", "voucher", record.id if record else 0)
        return once(tx, actor, key, lambda: act(tx, who), deed=deed, dry_run=dry_run)

    return app.store.write(step)


def count_guess(app: App, actor: Actor, code: str) -> None:
    """Count a code that somebody names over HTTP and that there is not, so that codes cannot be found by trying.

    Raises TooManyRequests for who has named too many.
    """

    def step(tx: Tx) -> None:
        spent = throttles.spend(tx, throttles.unknown_vouchers_of(app, actor.person_id or 0))
        kept = known_as(code)
        if kept is not None and store.by_code(tx, kept):
            throttles.give_back(tx, spent)

    app.store.write(step)


def _keeper(tx: Tx, actor: Actor) -> Who:
    """The actor, who may make vouchers at all. Raises NotYours, NotAllowedNow for an address that is not proved."""
    who = look_up(tx, actor)
    if who.role not in ("organizer", "admin"):
        raise NotYours("Vouchers are for organizers and administrators.")
    if not who.verified:
        raise NotAllowedNow("Your address is not verified yet.", hint="Enter the code that was mailed to you first.")
    return who


def _found(tx: Tx, who: Who, code: str) -> Record:
    kept = known_as(code)
    record = store.by_code(tx, kept) if kept else None
    if record is None:
        raise unknown(code)
    owner = None if record.offering_id is None else catalog.creator_of(tx, record.offering_id)
    if not (who.may_see(record.creator_id) or who.may_see(owner)):
        raise unknown(code)
    return record


def _view(tx: Tx, record: Record) -> Voucher:
    return _views(tx, [record])[0]


def _views(tx: Tx, records: list[Record]) -> list[Voucher]:
    used = store.uses(tx, [one.id for one in records])
    offerings = catalog.all_by_id(tx, {one.offering_id for one in records if one.offering_id})
    return [
        Voucher(
            id=one.id,
            code=one.code,
            amount=one.amount,
            percent=one.percent,
            offering=_ref(offerings.get(one.offering_id or 0)),
            uses=one.uses,
            per_person=one.per_person,
            used=used.get(one.id, 0),
            from_=one.valid_from,
            until=one.valid_until,
            created_at=one.created_at,
            cancelled_at=one.cancelled_at,
        )
        for one in records
    ]


def _ref(offering: OfferingRecord | None) -> OfferingRef | None:
    return None if offering is None else OfferingRef(offering.id, offering.kind, offering.title)
