"""Reservations as people look at them, and the link in their mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from classbook.app import App
from classbook.core import booking
from classbook.core.actors import Who, look_up
from classbook.core.asks import ById, Confirm
from classbook.core.batch import CONFIRM
from classbook.core.pages import at_most, before_cursor, id_cursor, numbers_in, page_of
from classbook.core.views import reservation_view
from classbook.errors import Hint, Invalid, NotAllowedNow, NotFound, NotYours
from classbook.rules import codes, tickets
from classbook.rules.states import COMPLETED, CONFIRMED, STATES, seen
from classbook.store import catalog, listings
from classbook.store import codes as code_store
from classbook.store.database import Tx, to_micros
from classbook.values import Actor, Move, Page, Reservation, TicketCode


def find_id(app: App, text: str) -> int:
    """The id of a reservation by its code, number or ticket.

    Raises NotFound for what can be none of them, and for a ticket that was not made here.
    """
    if tickets.is_ticket(text):
        signed = tickets.ticket_id(app.key, text)
        if signed is None:
            raise NotFound("This is no ticket of ours: its last letters do not fit.", hint="Scan it once more.")
        return signed
    found = codes.reservation_id(text)
    if found is None:
        raise NotFound(f"{text!r} is neither a reservation's code nor its number.", hint="A code is like R-7KX9-2MQP.")
    return found


def listing(
    app: App,
    actor: Actor,
    *,
    person: int | None = None,
    kind: str | None = None,
    offering_id: int | None = None,
    state: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Reservation]:
    """Reservations, newest first: one's own; all for an administrator; those of an offering for its creator.

    Raises NotYours for somebody else's, Invalid for a state there is not.
    """
    _check_state(state)
    with app.store.read() as tx:
        person_id = _whose(tx, look_up(tx, actor), person, offering_id)
        found = listings.page(
            tx,
            person_id=person_id,
            kind=kind,
            offering_id=offering_id,
            state=state,
            before_id=before_cursor(cursor),
            limit=at_most(limit) + 1,
        )
        return page_of([_view(one, tx.now) for one in found], limit, lambda one: one.id)


def of_offering(
    app: App, actor: Actor, kind: str, offering_id: int, *, limit: int = 50, cursor: str | None = None
) -> Page[Reservation]:
    """The reservations of one offering, for its creator or an administrator. Raises NotFound, NotYours."""
    with app.store.read() as tx:
        who = look_up(tx, actor)
        offering = catalog.by_id(tx, kind, offering_id)
        if offering is None:
            raise NotFound(f"There is no {kind} {offering_id}.", hint=Hint("{} shows what there is.", f"list {kind}"))
        if not who.may_see(offering.creator_id):
            raise NotYours(f"{offering.title} belongs to somebody else.")
        found = listings.page(
            tx,
            person_id=None,
            kind=kind,
            offering_id=offering_id,
            state=None,
            before_id=before_cursor(cursor),
            limit=at_most(limit) + 1,
        )
        return page_of([_view(one, tx.now) for one in found], limit, lambda one: one.id)


def agenda(
    app: App,
    actor: Actor,
    kind: str | None = None,
    *,
    offering_id: int | None = None,
    starts_from: datetime | None = None,
    starts_to: datetime | None = None,
    state: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Reservation]:
    """What one has reserved and what others have reserved with one, by time; everybody's for an administrator.

    Raises Invalid for a state there is not.
    """
    _check_state(state)
    after = tuple(numbers_in(cursor, 2)) if cursor else (-1, 0)
    with app.store.read() as tx:
        who = look_up(tx, actor)
        found = listings.agenda(
            tx,
            kind,
            offering_id=offering_id,
            party_id=None if who.is_admin else who.id,
            starts_from=starts_from,
            starts_to=starts_to,
            state=state,
            after=after,
            limit=at_most(limit) + 1,
        )
        return page_of(
            [_view(one, tx.now) for one in found],
            limit,
            lambda one: f"{to_micros(one.starts_at) if one.starts_at else 0},{one.id}",
        )


def entry(app: App, actor: Actor, kind: str, reservation_id: int) -> Reservation:
    """One reservation of an `agenda`. Raises NotFound."""
    with app.store.read() as tx:
        who = look_up(tx, actor)
        found = listings.by_id(tx, reservation_id)
        if found is None or found.offering.kind != kind:
            raise NotFound(f"There is no {kind} {reservation_id}.")
        if not who.may_see(found.user.id) and not who.may_see(found.offering.creator_id):
            raise NotFound(f"There is no {kind} {reservation_id}.")
        return _view(found, tx.now)


def show(app: App, actor: Actor, reservation_id: int) -> Reservation:
    """One reservation. Other people's do not exist for anybody but an administrator and who made what they reserved.

    Raises NotFound.
    """
    with app.store.read() as tx:
        return _view(_own(tx, look_up(tx, actor), reservation_id), tx.now)


def ticket(app: App, actor: Actor, reservation_id: int) -> TicketCode:
    """What is shown at the door. Raises NotFound, and NotAllowedNow for what is not confirmed."""
    found = show(app, actor, reservation_id)
    shown = ticket_of(app, found)
    if shown is None:
        raise NotAllowedNow(f"The reservation is {found.state}; only a confirmed one has a ticket.")
    return shown


def ticket_of(app: App, found: Reservation) -> TicketCode | None:
    """The ticket of a reservation that was shown to somebody; None for one that is not confirmed."""
    if found.state not in (CONFIRMED, COMPLETED):
        return None
    text = tickets.ticket(app.key, found.id)
    return TicketCode(found.code, text, tickets.as_svg(text))


def history(app: App, actor: Actor, reservation_id: int, *, limit: int = 50, cursor: str | None = None) -> Page[Move]:
    """What happened to a reservation, oldest first. Raises NotFound."""
    with app.store.read() as tx:
        _own(tx, look_up(tx, actor), reservation_id)
        found = listings.history(tx, reservation_id, after_n=id_cursor(cursor), limit=at_most(limit) + 1)
        return page_of(found, limit, lambda move: move.n)


def by_link(app: App, token: str) -> Reservation:
    """What the link in a mail is for; changes nothing. Raises NotFound for a link that is not, or no longer, good."""
    with app.store.read() as tx:
        claimed = codes.link_subject(token)
        code = claimed and code_store.find(tx, CONFIRM, claimed[0])
        if not claimed or not code or not codes.same_code(codes.link_token(app.key, code), token):
            raise NotFound("This link is not valid.", hint="Use the link of the newest mail.")
        found = listings.by_id(tx, claimed[0])
        if found is None:
            raise NotFound("This link is not valid.")
        return _view(found, tx.now)


def confirm_link(app: App, token: str, *, request_id: str = "") -> Reservation | dict[str, Any]:
    """Confirm what the link in a mail is for, as the person it was mailed to. Raises the refusal."""
    reservation = by_link(app, token)
    actor = Actor(reservation.user.id, request_id)
    return booking.one(app, Confirm(actor, ById(reservation.id), link=token))


def _check_state(state: str | None) -> None:
    if state is not None and state not in STATES:
        raise Invalid(f"There is no state {state!r}.", hint=f"One of: {', '.join(STATES)}.")


def _whose(tx: Tx, who: Who, person: int | None, offering_id: int | None) -> int | None:
    """The person whose reservations are listed; None lists everybody's."""
    if who.is_admin or (offering_id is not None and who.may_see(catalog.creator_of(tx, offering_id))):
        return person
    if person is not None and person != who.id:
        raise NotYours("Only an administrator may see other people's reservations.")
    return who.id


def _own(tx: Tx, who: Who, reservation_id: int) -> listings.Listed:
    found = listings.by_id(tx, reservation_id)
    if found is None or not (who.may_see(found.user.id) or who.may_see(found.offering.creator_id)):
        raise NotFound("There is no such reservation.", hint=Hint("{} shows which there are.", "list reservations"))
    return found


def _view(one: listings.Listed, now: datetime) -> Reservation:
    record, offering = one.record, one.offering
    state = seen(
        record.state,
        record.due_at,
        now,
        offering_cancelled=offering.cancelled_at is not None,
        check_in_missing=record.check_in_missing,
    )
    return reservation_view(record, offering, one.user, state, one.position, one.refund, one.voucher)
