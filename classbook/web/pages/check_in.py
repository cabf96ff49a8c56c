"""/check-in/: who stands at the door types codes, or has them typed by a scanner, and is told who may come in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from classbook.core import reservations
from classbook.core.asks import ById, CheckIn
from classbook.errors import ClassbookError, NotFound
from classbook.values import Reservation
from classbook.web.pages.browser import Browser, OwnBrowser

acting = APIRouter(include_in_schema=False)
looking = APIRouter(include_in_schema=False)

_HEADLINES: Final = {
    "not_found": "Wrong code",
    "too_early": "Too early",
    "too_late": "Too late",
    "not_allowed_now": "Not valid",
    "hold_expired": "Not valid",
    "offering_cancelled": "Cancelled",
}
"""What is read from afar; why it is so stands below."""


@looking.get("/check-in/")
def door(browser: OwnBrowser) -> Response:
    """A field that waits for a code. Whose code will do is up to the core, for each of them."""
    return browser.page("check_in", headline=None, one=None)


@acting.post("/check-in/")
async def come_in(browser: OwnBrowser) -> Response:
    """Note that somebody came, and say it so that nobody needs a second look.

    The form's key makes a scanner that ends a line twice no second visit.
    """
    id: int | None = None
    try:
        id = reservations.find_id(browser.app, browser.field("ticket"))
        outcome = await browser.visit.web.desk.ask(CheckIn(browser.actor, ById(id), key=browser.request_key()))
        if isinstance(outcome, ClassbookError):
            raise outcome
    except ClassbookError as error:
        found = await _seen(browser, id)
        return browser.page("check_in", alert=error, headline=_headline(error, found), one=found)
    return browser.page("check_in", headline="Checked in", one=await _seen(browser, id))


def _headline(refusal: ClassbookError, found: Reservation | None) -> str | None:
    if found is not None and found.checked_in_at is not None:
        return None
    return _HEADLINES.get(refusal.code, refusal.title)


async def _seen(browser: Browser, id: int | None) -> Reservation | None:
    """The reservation as it is now, where whoever asks may see it."""
    if id is None:
        return None
    with suppress(NotFound):
        return await asyncio.get_running_loop().run_in_executor(
            None, lambda: reservations.show(browser.app, browser.actor, id)
        )
    return None
