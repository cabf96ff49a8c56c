"""/history/: who changed what, and how it was before."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from classbook.core import trail
from classbook.errors import NotYours
from classbook.values import Change
from classbook.web import answers
from classbook.web.documented import refuses
from classbook.web.requests import Cursor, Limit
from classbook.web.routes import looks
from classbook.web.shapes import page
from classbook.web.visit import Person

looking = looks("history")

Subject = Literal["offering", "venue", "person", "message", "voucher", "database"]


@looking.get("/history/", response_model=page(Change), operation_id="list_history", responses=refuses(NotYours))
def listing(
    visit: Person,
    subject: Annotated[Subject | None, Query(description="Of what kind of thing.")] = None,
    id: Annotated[int | None, Query(ge=1, lt=2**63, description="Of which one; with `subject`.")] = None,
    by: Annotated[int | None, Query(ge=1, lt=2**63, description="Only what this person did.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What was changed, the newest first. For administrators."""
    found = trail.history(visit.web.app, visit.actor, subject=subject, subject_id=id, by=by, limit=limit, cursor=cursor)
    return answers.answer(found)
