"""Am I running, and can I work? For load balancers; no login, nothing secret. And figures for Prometheus."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from classbook.core import health
from classbook.errors import NotFound
from classbook.web.answers import Json
from classbook.web.visit import Anyone

router = APIRouter(tags=["health"])


class Ready(BaseModel):
    """``degraded`` is ready, too: bookings are taken. ``problems`` says what is left undone."""

    status: Literal["ready", "degraded"]
    problems: list[str] = []


@router.get("/healthz/", response_model=dict[str, str], operation_id="read_health")
async def healthz(visit: Anyone) -> Response:
    """The process answers. The database is not asked."""
    return Json({"status": "ok"})


@router.get("/readyz/", response_model=Ready, operation_id="read_readiness")
async def readyz(visit: Anyone) -> Response:
    """Bookings can be taken: the database answers, has the schema of this program, and takes what is written.

    503 says why not. `degraded` is ready, too: mail or what is due has been waiting for long.
    """
    problems = await visit.web.readiness.complaints(visit.web)
    return Json({"status": "degraded", "problems": problems} if problems else {"status": "ready"})


@router.get("/metrics/", response_class=Response, operation_id="read_metrics", include_in_schema=False)
def metrics(visit: Anyone) -> Response:
    """Counts and figures in the text format of Prometheus, where the settings say `web.metrics`."""
    counted = visit.web.metrics
    if counted is None:
        raise NotFound("There is nothing at this address.", hint="Set `metrics` in [web] for figures.")
    from classbook.metrics import CONTENT_TYPE

    return Response(counted.text(health.figures(visit.web.app)), media_type=CONTENT_TYPE)
