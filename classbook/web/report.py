"""/report/: the figures."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import figures
from classbook.errors import NotYours
from classbook.rules.when import Reading, parse_when
from classbook.values import Report
from classbook.web import answers
from classbook.web.bodies import Period
from classbook.web.documented import refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person, Visit

acting = actions("report")
looking = looks("report")


@looking.get("/report/", response_model=shape(Report), operation_id="read_report", responses=refuses(NotYours))
def read(
    visit: Person,
    starts_from: Annotated[str | None, Query(alias="from", description="What starts then or later.")] = None,
    starts_to: Annotated[str | None, Query(alias="to", description="And before; a whole day is included.")] = None,
) -> Response:
    """How many classes, people and confirmed places, and the same of the other kinds: an organizer's own, or all."""
    return answers.answer(_report(visit, starts_from, starts_to))


@acting.post("/report/", response_model=shape(Report), operation_id="post_report", responses=refuses(NotYours))
async def post(visit: Person, body: Period) -> Response:
    """The same as GET, for programs that post."""
    # Nothing is changed, so that a repeat needs no memory; what is no key is refused as everywhere.
    request_key(visit, "/report/", body)
    loop = asyncio.get_running_loop()
    return answers.answer(await loop.run_in_executor(None, _report, visit, body.starts_from, body.starts_to))


def _report(visit: Visit, starts_from: str | None, starts_to: str | None) -> Report:
    return figures.report(
        visit.web.app,
        visit.actor,
        starts_from=_reading(visit, starts_from).instant if starts_from else None,
        starts_to=_reading(visit, starts_to).until if starts_to else None,
    )


def _reading(visit: Visit, text: str) -> Reading:
    return parse_when(text, now=visit.web.app.clock.now(), zone=visit.web.app.settings.zone)
