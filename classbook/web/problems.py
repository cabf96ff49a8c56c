"""Refusals as HTTP: one table from category to status, one body (RFC 9457) from every door."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.routing import Match

from classbook.errors import ClassbookError, Internal, Invalid, MethodNotAllowed, NotFound, problem
from classbook.web.answers import Json
from classbook.web.steps import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from pydantic_core import ErrorDetails
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope

STATUS: Final[Mapping[str, int]] = {
    "invalid": 422,
    "missing": 404,
    "conflict": 409,
    "changed": 412,
    "forbidden": 403,
    "stranger": 401,
    "unpaid": 402,
    "unavailable": 503,
    "throttled": 429,
    "method": 405,
    "size": 413,
    "internal": 500,
}
"""The status of each category of `classbook.errors`."""

_log = logging.getLogger("classbook.web")
_RETRY_AFTER_SECONDS: Final = {"unavailable": 2, "throttled": 60}
_MOST_ERRORS: Final = 5

_MESSAGES: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "model_type": "must be an object, like {{}}",
    "model_attributes_type": "must be an object, like {{}}",
    "date_from_datetime_parsing": "must be a date like 2026-12-01",
    "date_parsing": "must be a date like 2026-12-01",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "may have at most {max_length} characters",
    "string_pattern_mismatch": "has characters that cannot be",
    "literal_error": "must be one of {expected}",
}
"""Readable words for what pydantic finds most often; for the rest its own."""


def respond(error: ClassbookError, *, request_id: str, headers: Mapping[str, str] | None = None) -> Json:
    """The answer that says ``error``."""
    error = shown(error, request_id=request_id)
    status = STATUS[error.category]
    extra = dict(headers or {})
    if wait_seconds := error.retry_after_seconds or _RETRY_AFTER_SECONDS.get(error.category):
        extra["retry-after"] = str(wait_seconds)
    if error.category == "stranger":
        extra["www-authenticate"] = 'Bearer realm="classbook"'
    body = problem(error, status=status, request_id=request_id, steps=REQUESTS)
    return Json(body, status, media_type=b"application/problem+json", headers=extra)


def shown(error: ClassbookError, *, request_id: str) -> ClassbookError:
    """What of ``error`` is for everybody: where a driver speaks of our inside, its words go into the log instead."""
    if error.category != "unavailable" or error.__cause__ is None:
        return error
    _log.warning("request %s: %s", request_id, error.detail)
    return type(error)(hint="Try again in a moment.", retry_after_seconds=error.retry_after_seconds)


def invalid(errors: Sequence[ErrorDetails | Mapping[str, Any]]) -> Invalid:
    """What a validation found, as one refusal that names each field and what is wrong with it."""
    found = [_sentence(error) for error in errors[:_MOST_ERRORS]]
    if len(errors) > _MOST_ERRORS:
        found.append(f"and {len(errors) - _MOST_ERRORS} more")
    return Invalid(f"{'; '.join(found)}.")


def _sentence(error: ErrorDetails | Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"The body is not valid JSON: {error.get('ctx', {}).get('error', 'it cannot be read')}"
    names = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
    if error["type"] == "missing" and error["loc"][0] == "query":
        return f"{names[0]} is missing in the address, like ?{names[0]}=1"
    known = _MESSAGES.get(error["type"])
    message = known.format(**error.get("ctx", {})) if known else f"{error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{_shown('.'.join(names)) or 'The body'} {message}"


def _shown(name: str) -> str:
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"{clean[:60]}…" if len(clean) > 60 else clean


def install(app: FastAPI) -> None:
    """Make ``app`` say everything that goes wrong in our words."""
    from fastapi.exceptions import RequestValidationError

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ClassbookError)
        return _say(request, error)

    async def not_valid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _say(request, invalid(error.errors()))

    async def not_routed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return _say(
                request, NotFound("There is nothing at this address.", hint="See /api/docs/ for what there is.")
            )
        if error.status_code == 405:
            allowed = _allowed(app, request)
            return _say(
                request,
                MethodNotAllowed(f"{request.method} is not possible here.", hint=f"Possible are {allowed}."),
                headers={"allow": allowed},
            )
        return _say(request, Invalid(f"{str(error.detail).rstrip('.')}.") if error.status_code < 500 else Internal())

    async def unexpected(request: Request, error: Exception) -> Response:
        """Starlette raises the error again after this answer; the door writes it down."""
        return _say(request, Internal())

    app.add_exception_handler(ClassbookError, refused)
    app.add_exception_handler(RequestValidationError, not_valid)
    app.add_exception_handler(HTTPException, not_routed)
    app.add_exception_handler(Exception, unexpected)


def _say(request: Request, error: ClassbookError, headers: Mapping[str, str] | None = None) -> Response:
    request.scope["visit"].problem = error.code
    return answer_to(request.scope, error, headers=headers)


def answer_to(scope: Scope, error: ClassbookError, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says ``error``: to a browser that has asked for a page, a page."""
    from classbook.web.pages import refusals

    visit = scope["visit"]
    if refusals.wants_page(visit.headers, scope["path"]):
        return refusals.page(scope, error, headers=headers)
    return respond(error, request_id=visit.request_id, headers=headers)


def _allowed(app: FastAPI, request: Request) -> str:
    """The methods that this path knows, over all routes; HEAD wherever GET is."""
    methods: set[str] = set()
    for route in app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
