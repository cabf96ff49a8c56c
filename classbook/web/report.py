"""/report/: the figures."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import figures
from classbook.rules.when import Reading, parse_when
from classbook.values import Report
from classbook.web import answers
from classbook.web.bodies import Period
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person, Visit

acting = actions("report")
looking = looks("report")


@looking.get("/report/", response_model=shape(Report), operation_id="read_report")
def read(visit: Person, period: Annotated[Period, Query()]) -> Response:
    """How many classes, people and confirmed places: an organizer's own, an administrator's all."""
    return answers.answer(_report(visit, period))


@acting.post("/report/", response_model=shape(Report), operation_id="post_report")
async def post(visit: Person, body: Period) -> Response:
    """The same as GET, for programs that post."""
    return answers.answer(await asyncio.get_running_loop().run_in_executor(None, _report, visit, body))


def _report(visit: Visit, period: Period) -> Report:
    starts_from = _reading(visit, period.from_).instant if period.from_ else None
    starts_to = _reading(visit, period.to).until if period.to else None
    return figures.report(visit.web.app, visit.actor, starts_from=starts_from, starts_to=starts_to)


def _reading(visit: Visit, text: str) -> Reading:
    return parse_when(text, now=visit.web.app.clock.now(), zone=visit.web.app.settings.zone)
