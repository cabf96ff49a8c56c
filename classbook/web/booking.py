"""From an ask to its answer, by way of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classbook.core import vouchers
from classbook.core.asks import Reserve
from classbook.errors import ClassbookError
from classbook.values import plain
from classbook.web.answers import Json
from classbook.web.problems import respond

if TYPE_CHECKING:
    from classbook.core.asks import Ask
    from classbook.web.visit import Visit


async def booked(visit: Visit, ask: Ask, *, status: int = 200, message: str | None = None) -> Json:
    """The answer to ``ask`` once it is committed, with a ``message`` for people beside it where there is one.

    A refusal is answered as it comes: in a rush most answers are one.
    """
    if isinstance(ask, Reserve) and ask.voucher is not None:
        code = ask.voucher
        await visit.web.desk.run(lambda: vouchers.count_guess(visit.web.app, visit.actor, code))
    outcome = await visit.web.desk.ask(ask)
    if isinstance(outcome, ClassbookError):
        visit.problem = outcome.code
        return respond(outcome, request_id=visit.request_id)
    body = plain(outcome)
    if message is not None:
        body |= {"message": message}
    headers = {"location": f"/api/v0/reservations/{body['id']}/"} if status == 201 else None
    return Json(body, status, headers=headers)
