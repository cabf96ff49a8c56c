"""/calendars/: feeds behind secret links, and those links."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from classbook.core import calendars
from classbook.errors import NotFound, NotYours
from classbook.values import CalendarLink
from classbook.web import answers
from classbook.web.bodies import Empty
from classbook.web.documented import refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Anyone, Person

acting = actions("calendars")
looking = looks("calendars")

_ICS: Final = "text/calendar; charset=utf-8"
_FEED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "iCalendar", "content": {"text/calendar": {"schema": {"type": "string"}}}},
    304: {"description": "As `If-None-Match` knows it."},
}


@looking.get("/calendars/me/", response_model=shape(CalendarLink), operation_id="read_calendar_link")
def mine(visit: Person) -> Response:
    """The secret address of one's own calendar."""
    return answers.answer(calendars.link(visit.web.app, visit.actor))


@looking.get(
    "/calendars/offerings/{id:id}/",
    response_model=shape(CalendarLink),
    operation_id="read_offering_calendar_link",
    responses=refuses(NotYours),
)
def of_offering(id: int, visit: Person) -> Response:
    """The secret address of the calendar of an offering one has made: who comes."""
    return answers.answer(calendars.link(visit.web.app, visit.actor, offering_id=id))


@acting.post("/calendars/me/renew/", response_model=shape(CalendarLink), operation_id="renew_calendar_link")
async def renew_mine(visit: Person, body: Empty) -> Response:
    """Another address; the one before it is void."""
    key = request_key(visit, "/calendars/me/renew/", body)
    return answers.answer(
        await visit.web.desk.run(lambda: calendars.link(visit.web.app, visit.actor, renew=True, key=key))
    )


@acting.post(
    "/calendars/offerings/{id:id}/renew/",
    response_model=shape(CalendarLink),
    operation_id="renew_offering_calendar_link",
    responses=refuses(NotYours),
)
async def renew_of_offering(id: int, visit: Person, body: Empty) -> Response:
    """Another address; the one before it is void."""
    key = request_key(visit, f"/calendars/offerings/{id}/renew/", body)
    return answers.answer(
        await visit.web.desk.run(
            lambda: calendars.link(visit.web.app, visit.actor, offering_id=id, renew=True, key=key)
        )
    )


@looking.get(
    "/calendars/{token}.ics/",
    response_class=Response,
    operation_id="read_calendar",
    responses=_FEED | refuses(NotFound),
)
def feed(token: str, visit: Anyone, request: Request) -> Response:
    """A calendar to subscribe to, for whoever knows its address: what is to come, and 90 days of what was."""
    content = calendars.read(visit.web.app, token)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(
        content, media_type=_ICS, headers=headers | {"content-disposition": 'inline; filename="classbook.ics"'}
    )
