"""/reservations/: what a person holds, by its id or by its code."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import reservations
from classbook.core.asks import ById, Resend
from classbook.core.asks import Cancel as CancelAsk
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.values import Move, Reservation
from classbook.web import answers
from classbook.web.bodies import Cancel, Confirm, Empty, State
from classbook.web.booking import booked
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person, Visit

acting = actions("reservations")
looking = looks("reservations")


@looking.get("/reservations/", response_model=page(Reservation))
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


@looking.get("/reservations/{reservation}/", response_model=shape(Reservation))
def read(reservation: str, visit: Person) -> Response:
    """One reservation, by its id or its code."""
    return answers.answer(reservations.show(visit.web.app, visit.actor, _id(visit, reservation)))


@looking.get("/reservations/{reservation}/history/", response_model=page(Move))
def history(reservation: str, visit: Person) -> Response:
    """What became of a reservation, step by step."""
    return answers.answer(reservations.history(visit.web.app, visit.actor, _id(visit, reservation)))


@acting.post("/reservations/{reservation}/confirm/", response_model=shape(Reservation))
async def confirm(reservation: str, visit: Person, body: Confirm) -> Response:
    """Make the hold definite."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/confirm/", body)
    return await booked(visit, ConfirmAsk(visit.actor, which, code=body.otp, key=key))


@acting.post("/reservations/{reservation}/cancel/", response_model=shape(Reservation))
async def cancel(reservation: str, visit: Person, body: Cancel) -> Response:
    """Give the places back."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/cancel/", body)
    return await booked(visit, CancelAsk(visit.actor, which, reason=body.reason, key=key))


@acting.delete("/reservations/{reservation}/cancel/", status_code=204)
@acting.delete("/reservations/{reservation}/", status_code=204)
async def give_back(reservation: str, visit: Person) -> Response:
    """Give the places back; nothing is answered."""
    given_back = await booked(visit, CancelAsk(visit.actor, ById(_id(visit, reservation))))
    return answers.nothing() if given_back.status_code == 200 else given_back


@acting.post("/reservations/{reservation}/resend/", response_model=shape(Reservation))
async def resend(reservation: str, visit: Person, body: Empty) -> Response:
    """Mail a new code; the ones before it are void."""
    which = ById(_id(visit, reservation))
    key = request_key(visit, f"/reservations/{which.reservation_id}/resend/", body)
    return await booked(visit, Resend(visit.actor, which, key=key))


def _id(visit: Visit, text: str) -> int:
    return reservations.find_id(visit.web.app, text)
