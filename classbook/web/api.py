"""The web face put together: one flat table of routes behind the door."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp

from classbook import __version__
from classbook.app import App
from classbook.web import (
    appointments,
    auth,
    bookings,
    calendars,
    classes,
    docs,
    documented,
    events,
    health,
    history,
    holds,
    matches,
    problems,
    providers,
    report,
    reservations,
    resources,
    users,
    venues,
    vouchers,
    wallets,
    why,
)
from classbook.web.desk import Desk
from classbook.web.door import Door
from classbook.web.guide import GUIDE
from classbook.web.journal import Journal
from classbook.web.pages import admin, check_in, confirm, my, static
from classbook.web.pages import offerings as offering_pages
from classbook.web.readiness import Readiness
from classbook.web.routes import refuse_undeclared
from classbook.web.slow_lane import SlowLane
from classbook.web.tokens import Tokens
from classbook.web.visit import Web

if TYPE_CHECKING:
    from classbook.metrics import Metrics

ROUTERS: Final[tuple[APIRouter, ...]] = (
    classes.acting,
    classes.looking,
    events.acting,
    matches.acting,
    bookings.acting,
    appointments.acting,
    reservations.acting,
    reservations.looking,
    events.looking,
    bookings.looking,
    appointments.looking,
    matches.looking,
    venues.looking,
    venues.acting,
    providers.looking,
    providers.acting,
    resources.looking,
    resources.acting,
    auth.acting,
    auth.looking,
    wallets.acting,
    wallets.looking,
    why.looking,
    holds.acting,
    vouchers.acting,
    vouchers.looking,
    report.acting,
    report.looking,
    history.looking,
    calendars.looking,
    calendars.acting,
    users.looking,
    users.acting,
    confirm.acting,
    confirm.looking,
    offering_pages.looking,
    offering_pages.acting,
    my.looking,
    my.acting,
    check_in.looking,
    check_in.acting,
    admin.looking,
    admin.acting,
    static.looking,
    health.router,
    docs.router,
)
"""In the order in which they are tried: those of a rush first."""


def make_web(app: App, desk: Desk, *, metrics: Metrics | None = None, readiness: Readiness | None = None) -> ASGIApp:
    """The ASGI application of one process, which counts in ``metrics`` what it does, if anybody wants to know.

    Raises RuntimeError for a route that declares no access.
    """
    settings = app.settings.web
    tokens = Tokens(
        app.key,
        clock=app.clock,
        chance=app.chance,
        access=timedelta(minutes=settings.access_minutes),
    )
    door = Door(_routed(), Web(app, desk, tokens, SlowLane(), readiness or Readiness(), metrics), write=Journal().write)
    # What the start has made stays; walking over it again and again cost a fifth of the requests and pauses of 100 ms.
    gc.collect()
    gc.freeze()
    return door


def document() -> dict[str, Any]:
    """What the API is, as OpenAPI."""
    return _routed().openapi()


def _routed() -> FastAPI:
    web = _Described(
        title="classbook",
        version=__version__,
        description=GUIDE,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # Not include_router: that tries every path twice and costs 100 us a request (FastAPI 0.165).
    for router in ROUTERS:
        web.router.routes.extend(router.routes)
    refuse_undeclared(web.routes)
    problems.install(web)
    return web


class _Described(FastAPI):
    """A FastAPI whose schema speaks of our errors."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            made = get_openapi(title=self.title, version=self.version, description=self.description, routes=self.routes)
            self.openapi_schema = documented.complete(made)
        return self.openapi_schema
