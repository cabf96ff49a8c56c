"""/offerings/{id}/why/: what speaks against a reservation, and what could be had instead."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.responses import Response

from classbook.core import advice, catalog, providers, vouchers
from classbook.core.asks import Reserve
from classbook.errors import BadSpan, NotYours, TooManyRequests, UnknownSeat
from classbook.rules.when import parse_when
from classbook.values import Why
from classbook.web import answers
from classbook.web.documented import refuses
from classbook.web.routes import looks
from classbook.web.shapes import shape
from classbook.web.steps import REQUESTS
from classbook.web.visit import Person, Visit

looking = looks("offerings")

Whole = Annotated[int | None, Query(ge=-(2**63), lt=2**63)]
When = Annotated[str | None, Query(max_length=64, description="ISO 8601; without an offset it is local time there.")]


@looking.get(
    "/offerings/{id:id}/why/",
    response_model=shape(Why),
    operation_id="why_not",
    responses=refuses(NotYours, BadSpan, UnknownSeat, TooManyRequests),
)
def why(
    id: int,
    visit: Person,
    user_id: Annotated[int | None, Query(ge=1, lt=2**63, description="For whom; administrators only.")] = None,
    party: Annotated[int, Query(ge=-(2**63), lt=2**63)] = 1,
    starts_at: When = None,
    ends_at: When = None,
    seats: Annotated[list[str] | None, Query(max_length=1000, description="Labels; may be repeated.")] = None,
    best: Whole = None,
    category: Annotated[str | None, Query(max_length=256)] = None,
    strict: bool = False,
    queue: bool | None = None,
    voucher: Annotated[str | None, Query(max_length=256, description="Its code.")] = None,
) -> Response:
    """Every reason why this reservation would be refused now, the weightiest first, and what could be had instead.

    Nothing is reserved, and nobody has to wait for the answer.
    """
    ask = Reserve(
        visit.actor,
        id,
        user_id,
        party,
        starts_at=_moment(visit, id, starts_at),
        ends_at=_moment(visit, id, ends_at),
        seats=tuple(seats or ()),
        best=best,
        category=category,
        strict=strict,
        queue=queue,
        voucher=voucher,
    )
    if voucher is not None:
        vouchers.count_guess(visit.web.app, visit.actor, voucher)
    return answers.answer(advice.why(visit.web.app, ask, steps=REQUESTS))


def _moment(visit: Visit, offering_id: int, text: str | None) -> datetime | None:
    """The instant a text means, in the offering's zone where it has no offset."""
    if text is None:
        return None
    app = visit.web.app
    found = providers.resolve(app, str(offering_id))
    zone = ZoneInfo(catalog.show(app, found.kind, found.id).timezone)
    return parse_when(text, now=app.clock.now(), zone=zone).instant
