"""Am I running, and can I work? For load balancers; no login, nothing secret."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from classbook.errors import Unavailable
from classbook.store.schema import revision
from classbook.store.tables import HEAD
from classbook.web.answers import Json
from classbook.web.visit import Anyone

router = APIRouter(tags=["health"])


@router.get("/healthz/", response_model=dict[str, str], operation_id="read_health")
async def healthz(visit: Anyone) -> Response:
    """The process answers. The database is not asked."""
    return Json({"status": "ok"})


@router.get("/readyz/", response_model=dict[str, str], operation_id="read_readiness")
def readyz(visit: Anyone) -> Response:
    """The database answers and has the schema of this program; 503 says why not."""
    found = revision(visit.web.app.store)
    if found != HEAD:
        raise Unavailable(f"The database has schema {found}, not {HEAD}.", hint="Run `classbook db upgrade`.")
    return Json({"status": "ready"})
