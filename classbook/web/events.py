"""/events/: what any member may offer, reserved in one step."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from classbook.core.asks import Reserve
from classbook.values import Event, Reservation
from classbook.web import offerings
from classbook.web.bodies import ChangedEvent, NewEvent, ReservePlaces
from classbook.web.booking import booked
from classbook.web.documented import RESERVING, gives, refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person

KIND: Final = "event"

acting = actions("events")
looking = looks("events")


@acting.post(
    "/events/{id:id}/reserve/",
    status_code=201,
    response_model=shape(Reservation),
    operation_id="reserve_event",
    responses=refuses(*RESERVING) | gives(201, "Location"),
)
async def reserve_event(id: int, visit: Person, body: ReservePlaces) -> Response:
    """Take a place in an event."""
    key = request_key(visit, f"/events/{id}/reserve/", body)
    ask = Reserve(visit.actor, id, body.user_id, body.party, queue=body.queue, key=key, kind=KIND, voucher=body.voucher)
    return await booked(visit, ask, status=201)


offerings.serve(offerings.Noun(KIND, "event", "events", Event, NewEvent, ChangedEvent), acting=acting, looking=looking)
