"""What goes wrong, as a page: for browsers, and only where a page would have been the answer."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import HTMLResponse
from starlette.types import Scope

from classbook.errors import ClassbookError
from classbook.web.pages import words
from classbook.web.pages.browser import POLICY, root_of
from classbook.web.pages.templates import rendered
from classbook.web.problems import respond, shown

_NO_PAGES = ("/api/", "/auth/", "/resources/", "/bookings/", "/swagger/", "/healthz", "/readyz", "/metrics")
"""Where programs ask, whatever they say they can read."""


def wants_page(headers: Mapping[bytes, bytes], path: str) -> bool:
    """Whether a refusal is to be a page: a browser asks, and for none of the API's addresses."""
    return b"text/html" in headers.get(b"accept", b"") and not path.startswith(_NO_PAGES)


def page(scope: Scope, error: ClassbookError, *, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """The page that says ``error``."""
    request_id = scope["visit"].request_id
    problem = respond(error, request_id=request_id, headers=headers)
    text = rendered(
        "refusal",
        root=root_of(scope),
        person=None,
        error=shown(error, request_id=request_id),
        hint=words.for_people(error.hint),
        status=problem.status_code,
        request_id=request_id,
    )
    kept = {name: value for name, value in problem.headers.items() if name not in ("content-type", "content-length")}
    return HTMLResponse(text, problem.status_code, headers=kept | {"content-security-policy": POLICY})
