"""/bookings/: spans of resources, with a queue where all is taken (document 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import catalog, reservations
from classbook.core.asks import ById, Reserve
from classbook.core.asks import Cancel as CancelAsk
from classbook.errors import NotYours
from classbook.values import Booking
from classbook.web import answers
from classbook.web.bodies import Cancel, NewBooking, State
from classbook.web.booking import booked
from classbook.web.documented import GIVING_BACK, RESERVING, TIMES, gives, refuses
from classbook.web.moments import moment
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.resources import KIND
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape, with_message
from classbook.web.visit import Person

acting = actions("bookings")
looking = looks("bookings")


@acting.post(
    "/bookings/create/",
    status_code=201,
    response_model=shape(Booking),
    operation_id="create_booking",
    responses=refuses(*RESERVING, *TIMES) | gives(201, "Location"),
)
async def create_booking(visit: Person, body: NewBooking) -> Response:
    """Book a resource. Where all of it is taken one waits in line: state `queued`, with the `position`."""
    key = request_key(visit, "/bookings/create/", body)

    def there() -> str:
        return catalog.show(visit.web.app, KIND, body.resource).timezone

    ask = Reserve(
        visit.actor,
        body.resource,
        body.user,
        body.party,
        starts_at=await moment(visit, body.start_time, zone=there),
        ends_at=await moment(visit, body.end_time, zone=there),
        queue=body.queue,
        key=key,
        kind=KIND,
        voucher=body.voucher,
    )
    return await booked(visit, ask, status=201)


@acting.post(
    "/bookings/cancel/{id:id}/",
    response_model=with_message(Booking),
    operation_id="cancel_booking",
    responses=refuses(*GIVING_BACK),
)
async def cancel_booking(id: int, visit: Person, body: Cancel) -> Response:
    """Give the span back, or leave the queue; who is next in the queue gets it."""
    key = request_key(visit, f"/bookings/cancel/{id}/", body)
    ask = CancelAsk(visit.actor, ById(id, KIND), reason=body.reason, key=key)
    return await booked(visit, ask, message="Booking cancelled; whoever is next in the queue is notified.")


@looking.get("/bookings/", response_model=page(Booking), operation_id="list_bookings", responses=refuses(NotYours))
def list_bookings(
    visit: Person,
    state: State | None = None,
    resource: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    user: Annotated[int | None, Query(ge=1, lt=2**63, description="Whose; administrators only.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """One's own bookings, the newest first; everybody's for an administrator."""
    return answers.answer(
        reservations.listing(
            visit.web.app,
            visit.actor,
            person=user,
            kind=KIND,
            offering_id=resource,
            state=state,
            limit=limit,
            cursor=cursor,
        )
    )
