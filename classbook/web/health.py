"""Am I running, and can I work? For load balancers; no login, nothing secret."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from classbook.errors import ClassbookError
from classbook.web.answers import Json
from classbook.web.problems import respond
from classbook.web.visit import Anyone

router = APIRouter(tags=["health"])


@router.get("/healthz/", response_model=dict[str, str])
async def healthz(visit: Anyone) -> Json:
    """The process answers. The database is not asked."""
    return Json({"status": "ok"})


@router.get("/readyz/", response_model=dict[str, str])
async def readyz(visit: Anyone) -> Json:
    """The database answers and has the newest schema; 503 says why not."""
    try:
        await asyncio.get_running_loop().run_in_executor(None, check, visit)
    except ClassbookError as error:
        return respond(error, request_id=visit.request_id)
    return Json({"status": "ready"})


def check(visit: Anyone) -> None:
    with visit.web.app.store.read() as tx:
        tx.rows("SELECT 1")
