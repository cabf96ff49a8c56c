"""/confirm/{token}: the page behind the link of a mail.

Looking changes nothing, because programs that scan mail open every link; the button posts. The token in the address is
the only proof, so there is no cookie, nothing is kept, and the address is told to nobody.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from classbook.core import reservations
from classbook.errors import ClassbookError
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, HELD
from classbook.values import Reservation
from classbook.web.pages import words
from classbook.web.pages.browser import POLICY, root_of
from classbook.web.pages.templates import rendered
from classbook.web.problems import STATUS, shown
from classbook.web.visit import Anyone

acting = APIRouter(include_in_schema=False)
looking = APIRouter(include_in_schema=False)

_TITLES: Final = {
    HELD: "Confirm your place",
    CONFIRMED: "Your place is confirmed",
    COMPLETED: "You were there",
    CANCELLED: "This reservation was cancelled",
}


@looking.get("/confirm/{token}/")
def show(token: str, visit: Anyone, request: Request) -> HTMLResponse:
    """What the link is for, and a button."""
    try:
        return _reservation_page(request, reservations.by_link(visit.web.app, token))
    except ClassbookError as error:
        return _refusal_page(visit, request, error)


@acting.post("/confirm/{token}/")
async def confirm(token: str, visit: Anyone, request: Request) -> HTMLResponse:
    """Make the hold definite."""
    try:
        confirmed = await visit.web.desk.run(
            lambda: reservations.confirm_link(visit.web.app, token, request_id=visit.request_id)
        )
        assert isinstance(confirmed, Reservation)
        return _reservation_page(request, confirmed)
    except ClassbookError as error:
        return _refusal_page(visit, request, error)


def _reservation_page(request: Request, found: Reservation) -> HTMLResponse:
    title = _TITLES.get(found.state, "This hold has expired")
    return _page(request, 200, title=title, reservation=found, error=None, hint=None)


def _refusal_page(visit: Anyone, request: Request, error: ClassbookError) -> HTMLResponse:
    visit.problem = error.code
    error = shown(error, request_id=visit.request_id)
    hint = words.for_people(error.hint)
    return _page(request, STATUS[error.category], title=error.title, reservation=None, error=error, hint=hint)


def _page(request: Request, status: int, **facts: object) -> HTMLResponse:
    text = rendered("confirm", root=root_of(request.scope), person=None, **facts)
    return HTMLResponse(text, status, headers={"content-security-policy": POLICY})
