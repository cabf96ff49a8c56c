"""/holds/: what somebody holds and keeps from others, given back by an administrator."""

from __future__ import annotations

from starlette.responses import Response

from classbook.core import holds
from classbook.errors import NotFound, NotYours
from classbook.values import Reservation
from classbook.web import answers
from classbook.web.bodies import ReleaseHolds
from classbook.web.documented import refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions
from classbook.web.shapes import page
from classbook.web.visit import Person

acting = actions("holds")


@acting.post(
    "/holds/release/",
    response_model=page(Reservation),
    operation_id="release_holds",
    responses=refuses(NotFound, NotYours),
)
async def release(visit: Person, body: ReleaseHolds) -> Response:
    """Cancel all that somebody holds and has not confirmed. For administrators."""
    key = request_key(visit, "/holds/release/", body)
    released = await visit.web.desk.run(
        lambda: holds.release(
            visit.web.app, visit.actor, body.user_id, offering_id=body.offering_id, reason=body.reason, key=key
        )
    )
    return answers.answer(released)
