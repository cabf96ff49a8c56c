"""/classes/: what is on offer, and the three requests of a rush."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from classbook.core.asks import ByPerson, Reserve
from classbook.core.asks import Cancel as CancelAsk
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.errors import NotFound, NotYours
from classbook.values import Class, Reservation
from classbook.web import offerings
from classbook.web.bodies import CancelSeat, ChangedClass, ConfirmSeat, NewClass, ReserveSeat
from classbook.web.booking import booked
from classbook.web.documented import CONFIRMING, GIVING_BACK, RESERVING, gives, refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person

KIND: Final = "class"

acting = actions("classes")
looking = looks("classes")


@acting.post(
    "/classes/reserve-seat/",
    status_code=201,
    response_model=shape(Reservation),
    operation_id="reserve_class",
    responses=refuses(*RESERVING) | gives(201, "Location"),
)
async def reserve_seat(visit: Person, body: ReserveSeat) -> Response:
    """Hold places in a class. The code that confirms the hold comes by mail."""
    key = request_key(visit, "/classes/reserve-seat/", body)
    ask = Reserve(
        visit.actor, body.class_id, body.user_id, body.party, queue=body.queue, key=key, kind=KIND, voucher=body.voucher
    )
    return await booked(visit, ask, status=201)


@acting.post(
    "/classes/confirm-seat/",
    response_model=shape(Reservation),
    operation_id="confirm_class_seat",
    responses=refuses(NotFound, NotYours, *CONFIRMING),
)
async def confirm_seat(visit: Person, body: ConfirmSeat) -> Response:
    """Make the hold definite, with the six digits of the mail."""
    key = request_key(visit, "/classes/confirm-seat/", body)
    which = ByPerson(body.class_id, body.user_id, KIND)
    return await booked(visit, ConfirmAsk(visit.actor, which, code=body.otp, key=key))


@acting.post(
    "/classes/cancel-seat/",
    response_model=shape(Reservation),
    operation_id="cancel_class_seat",
    responses=refuses(NotFound, NotYours, *GIVING_BACK),
)
async def cancel_seat(visit: Person, body: CancelSeat) -> Response:
    """Give the places back."""
    key = request_key(visit, "/classes/cancel-seat/", body)
    which = ByPerson(body.class_id, body.user_id, KIND)
    return await booked(visit, CancelAsk(visit.actor, which, reason=body.reason, key=key))


offerings.serve(offerings.Noun(KIND, "class", "classes", Class, NewClass, ChangedClass), acting=acting, looking=looking)
