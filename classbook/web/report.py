"""/report/: the figures."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from classbook.core import figures
from classbook.values import Report
from classbook.web import answers
from classbook.web.bodies import Empty
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person

acting = actions("report")
looking = looks("report")


@looking.get("/report/", response_model=shape(Report), operation_id="read_report")
def read(visit: Person) -> Response:
    """How many classes, people and confirmed seats: an organizer's own, an administrator's all."""
    return answers.answer(figures.report(visit.web.app, visit.actor))


@acting.post("/report/", response_model=shape(Report), operation_id="post_report")
async def post(visit: Person, body: Empty) -> Response:
    """The same as GET, for programs that post."""
    loop = asyncio.get_running_loop()
    return answers.answer(await loop.run_in_executor(None, figures.report, visit.web.app, visit.actor))
