"""/reservations/: what a person holds, by its id or by its code."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import reservations
from classbook.core.asks import ById, CheckIn, Resend
from classbook.core.asks import Cancel as CancelAsk
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.core.asks import Move as MoveAsk
from classbook.errors import (
    HoldExpired,
    NotAllowedNow,
    NotYours,
    OfferingCancelled,
    TooEarly,
    TooLate,
    TooManyGuesses,
    TooManyRequests,
)
from classbook.values import Move, Reservation, TicketCode
from classbook.web import answers
from classbook.web.bodies import Came, Cancel, Confirm, Empty, MovePlaces, State
from classbook.web.booking import booked
from classbook.web.documented import CONFIRMING, GIVING_BACK, RESERVING, SEATS, TIMES, refuses
from classbook.web.moments import moment
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person, Visit

acting = actions("reservations")
looking = looks("reservations")


@looking.get(
    "/reservations/", response_model=page(Reservation), operation_id="list_reservations", responses=refuses(NotYours)
)
def listing(
    visit: Person,
    state: State | None = None,
    offering: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    user: Annotated[int | None, Query(ge=1, lt=2**63, description="Whose; administrators only.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """One's own reservations, the newest first; everybody's for an administrator, and for who made the `offering`."""
    return answers.answer(
        reservations.listing(
            visit.web.app, visit.actor, person=user, offering_id=offering, state=state, limit=limit, cursor=cursor
        )
    )


@looking.get("/reservations/{reservation}/", response_model=shape(Reservation), operation_id="read_reservation")
def read(reservation: str, visit: Person) -> Response:
    """One reservation, by its id or its code."""
    return answers.answer(reservations.show(visit.web.app, visit.actor, _id(visit, reservation)))


@looking.get("/reservations/{reservation}/history/", response_model=page(Move), operation_id="read_reservation_history")
def history(reservation: str, visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What became of a reservation, step by step."""
    found = _id(visit, reservation)
    return answers.answer(reservations.history(visit.web.app, visit.actor, found, limit=limit, cursor=cursor))


@looking.get(
    "/reservations/{reservation}/ticket/",
    response_model=shape(TicketCode),
    operation_id="read_reservation_ticket",
    responses=refuses(NotAllowedNow),
)
def ticket(reservation: str, visit: Person) -> Response:
    """What is shown at the door, with its QR code as SVG."""
    return answers.answer(reservations.ticket(visit.web.app, visit.actor, _id(visit, reservation)))


@acting.post(
    "/reservations/{reservation}/confirm/",
    response_model=shape(Reservation),
    operation_id="confirm_reservation",
    responses=refuses(*CONFIRMING),
)
async def confirm(reservation: str, visit: Person, body: Confirm) -> Response:
    """Make the hold definite."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/confirm/", body)
    return await booked(visit, ConfirmAsk(visit.actor, which, code=body.otp, key=key))


@acting.post(
    "/reservations/{reservation}/cancel/",
    response_model=shape(Reservation),
    operation_id="cancel_reservation",
    responses=refuses(*GIVING_BACK),
)
async def cancel(reservation: str, visit: Person, body: Cancel) -> Response:
    """Give the places back."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/cancel/", body)
    return await booked(visit, CancelAsk(visit.actor, which, reason=body.reason, key=key))


@acting.delete(
    "/reservations/{reservation}/cancel/",
    status_code=204,
    operation_id="give_reservation_back",
    responses=refuses(*GIVING_BACK),
)
@acting.delete(
    "/reservations/{reservation}/", status_code=204, operation_id="delete_reservation", responses=refuses(*GIVING_BACK)
)
async def give_back(reservation: str, visit: Person) -> Response:
    """Give the places back; nothing is answered. The reservation stays on record, as `cancelled`."""
    given_back = await booked(visit, CancelAsk(visit.actor, ById(_id(visit, reservation))))
    return answers.nothing() if given_back.status_code == 200 else given_back


@acting.post(
    "/reservations/{reservation}/move/",
    response_model=shape(Reservation),
    operation_id="move_reservation",
    responses=refuses(*RESERVING, *SEATS, *TIMES, HoldExpired),
)
async def move(reservation: str, visit: Person, body: MovePlaces) -> Response:
    """Change the time or the party in one step; the old places are kept where the new ones are refused."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/move/", body)

    def there() -> str:
        return reservations.show(visit.web.app, visit.actor, which.reservation_id).timezone

    ask = MoveAsk(
        visit.actor,
        which,
        party=body.party,
        starts_at=await moment(visit, body.starts_at, zone=there) if body.starts_at is not None else None,
        ends_at=await moment(visit, body.ends_at, zone=there) if body.ends_at is not None else None,
        seats=None if body.seats is None else tuple(body.seats),
        best=body.best,
        category=body.category,
        strict=body.strict,
        key=key,
    )
    return await booked(visit, ask)


@acting.post(
    "/reservations/{reservation}/check-in/",
    response_model=shape(Reservation),
    operation_id="check_in",
    responses=refuses(NotAllowedNow, TooEarly, TooLate, HoldExpired),
)
async def check_in(reservation: str, visit: Person, body: Came) -> Response:
    """Say that somebody has come. The ticket will do in place of the id or the code."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/check-in/", body)
    return await booked(visit, CheckIn(visit.actor, which, offering_id=body.offering, key=key))


@acting.post(
    "/reservations/{reservation}/resend/",
    response_model=shape(Reservation),
    operation_id="resend_code",
    responses=refuses(HoldExpired, OfferingCancelled, NotAllowedNow, TooManyGuesses, TooManyRequests),
)
async def resend(reservation: str, visit: Person, body: Empty) -> Response:
    """Mail a new code; the ones before it are void."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/resend/", body)
    return await booked(visit, Resend(visit.actor, which, key=key))


def _id(visit: Visit, text: str) -> int:
    return reservations.find_id(visit.web.app, text)
