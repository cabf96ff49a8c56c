"""/appointments/: a slot with a provider (document 3)."""

from __future__ import annotations

import asyncio
from typing import Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from classbook.core import catalog, people, reservations
from classbook.core.asks import ById, Reserve
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.errors import BadSpan, Invalid
from classbook.rules.zones import known_zone
from classbook.values import Appointment, plain
from classbook.web import answers
from classbook.web.bodies import ChangedAppointment, NewAppointment, State
from classbook.web.booking import booked
from classbook.web.documented import CONFIRMING, RESERVING, TIMES, gives, refuses
from classbook.web.moments import Day, From, To, Zone, moment, window
from classbook.web.providers import KIND
from classbook.web.read_back import refuse_other_values, writable
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person

acting = actions("appointments")
looking = looks("appointments")

_READ_ONLY: Final = ChangedAppointment.model_fields.keys() - writable(ChangedAppointment)


@acting.post(
    "/appointments/",
    status_code=201,
    response_model=shape(Appointment),
    operation_id="create_appointment",
    responses=refuses(*RESERVING, *TIMES) | gives(201, "Location"),
)
async def create_appointment(visit: Person, body: NewAppointment) -> Response:
    """Hold a slot, to be confirmed in time. A second one on a day is rejected, or replaces the first: by policy."""
    key = request_key(visit, "/appointments/", body)
    start = await moment(visit, body.start, zone=lambda: catalog.show(visit.web.app, KIND, body.provider_id).timezone)
    ask = Reserve(
        visit.actor,
        body.provider_id,
        body.user_id,
        starts_at=start,
        queue=body.queue,
        key=key,
        kind=KIND,
        voucher=body.voucher,
    )
    return await booked(visit, ask, status=201)


@acting.patch(
    "/appointments/{id:id}/",
    response_model=shape(Appointment),
    operation_id="change_appointment",
    responses=refuses(*CONFIRMING),
)
async def change_appointment(id: int, visit: Person, body: ChangedAppointment) -> Response:
    """Confirm it, with `{"is_confirmed": true}`."""
    loop = asyncio.get_running_loop()
    present = await loop.run_in_executor(None, lambda: reservations.entry(visit.web.app, visit.actor, KIND, id))
    shown = plain(present)
    refuse_other_values(body.model_dump(exclude_unset=True), shown, read_only=_READ_ONLY, twins={})
    if body.is_confirmed:
        return await booked(visit, ConfirmAsk(visit.actor, ById(id, KIND), code=body.otp))
    if body.is_confirmed is False and shown["is_confirmed"]:
        raise Invalid("A confirmed appointment cannot be unconfirmed.", hint="Cancel it instead.")
    return answers.answer(present)


@looking.get(
    "/appointments/", response_model=page(Appointment), operation_id="list_appointments", responses=refuses(BadSpan)
)
def list_appointments(
    visit: Person,
    day: Day = None,
    starts_from: From = None,
    starts_to: To = None,
    timezone: Zone = None,
    state: State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The appointments one has and those one gives, by time; with `day` a provider's list of that day."""
    app = visit.web.app
    zone = ZoneInfo(known_zone(timezone or people.me(app, visit.actor).timezone))
    start, end = window(visit, day=day, starts_from=starts_from, starts_to=starts_to, zone=zone)
    return answers.answer(
        reservations.agenda(
            app, visit.actor, KIND, starts_from=start, starts_to=end, state=state, limit=limit, cursor=cursor
        )
    )


@looking.get("/appointments/{id:id}/", response_model=shape(Appointment), operation_id="read_appointment")
def read_appointment(id: int, visit: Person) -> Response:
    """One appointment: for the client and for the provider."""
    return answers.answer(reservations.entry(visit.web.app, visit.actor, KIND, id))
