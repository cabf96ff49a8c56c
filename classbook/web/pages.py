"""/confirm/{token}: the page behind the link of a mail.

Looking changes nothing, because programs that scan mail open every link; the button posts. The token in the address is
the only proof, so there is no cookie, nothing is kept, and the address is told to nobody.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from classbook.core import reservations
from classbook.errors import ClassbookError
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, HELD
from classbook.rules.when import format_local
from classbook.values import Reservation
from classbook.web.problems import STATUS, shown
from classbook.web.routes import Action
from classbook.web.visit import Anyone

acting = APIRouter(include_in_schema=False, route_class=Action)
looking = APIRouter(include_in_schema=False)

_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;color:#222;"
    "background:#fff}dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{color:#555}dd{margin:0}"
    "button{font:inherit;padding:.6rem 1.4rem;color:#fff;border:0;border-radius:.3rem;"
    "background:#067d3f;cursor:pointer}button:focus-visible{outline:3px solid #222}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}dt{color:#aaa}}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
_PAGE: Final = Template(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="robots" content="noindex">\n'
    "<title>$title</title>\n<style>$style</style>\n</head>\n<body>\n<main>\n<h1>$title</h1>\n$body</main>\n"
    "</body>\n</html>\n"
)
_BUTTON: Final = '<form method="post"><button type="submit">Confirm my place</button></form>\n'
_TITLES: Final = {
    HELD: "Confirm your place",
    CONFIRMED: "Your place is confirmed",
    COMPLETED: "You were there",
    CANCELLED: "This reservation was cancelled",
}


@looking.get("/confirm/{token}/")
def show(token: str, visit: Anyone) -> HTMLResponse:
    """What the link is for, and a button."""
    try:
        return _reservation_page(reservations.by_link(visit.web.app, token))
    except ClassbookError as error:
        return _refusal_page(visit, error)


@acting.post("/confirm/{token}/")
async def confirm(token: str, visit: Anyone) -> HTMLResponse:
    """Make the hold definite."""
    try:
        confirmed = await visit.web.desk.run(
            lambda: reservations.confirm_link(visit.web.app, token, request_id=visit.request_id)
        )
        assert isinstance(confirmed, Reservation)
        return _reservation_page(confirmed)
    except ClassbookError as error:
        return _refusal_page(visit, error)


def _reservation_page(found: Reservation) -> HTMLResponse:
    facts = {"What": found.offering.title, "Reservation": found.code, "Places": str(found.party)}
    zone = ZoneInfo(found.timezone)
    if found.starts_at:
        facts["When"] = format_local(found.starts_at, zone)
    if found.expires_at:
        facts["Held until"] = format_local(found.expires_at, zone)
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>\n" for name, value in facts.items())
    button = _BUTTON if found.state == HELD else ""
    return _page(_TITLES.get(found.state, "This hold has expired"), f"<dl>\n{rows}</dl>\n{button}", 200)


def _refusal_page(visit: Anyone, error: ClassbookError) -> HTMLResponse:
    visit.problem = error.code
    error = shown(error, request_id=visit.request_id)
    hint = f"<p>{escape(error.hint)}</p>\n" if error.hint else ""
    return _page(error.title, f"<p>{escape(error.detail)}</p>\n{hint}", STATUS[error.category])


def _page(title: str, body: str, status: int) -> HTMLResponse:
    text = _PAGE.substitute(title=escape(title), style=_STYLE, body=body)
    return HTMLResponse(text, status, headers=_HEADERS)
