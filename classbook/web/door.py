"""The door of the web: what holds for every request, whatever it asks for.

A request id in and out, a path with and without its last slash, HEAD wherever GET is, a bound on bodies, headers that
keep browsers safe, and one line in the log. It is one plain ASGI callable because everything passes it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classbook.errors import ClassbookError, Internal, Invalid, NotFound, TooLarge
from classbook.web.legacy import rewritten
from classbook.web.problems import answer_to
from classbook.web.visit import Visit, Web

BODY_LIMIT_BYTES: Final = 64 * 1024
BODY_TIMEOUT_SECONDS: Final = 20
_PATH_LIMIT: Final = 1024
_GONE: Final = 499
"""What the log says where nobody waited for the answer (nginx's word)."""

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:+/=-]{1,128}")
_SECRET_PATH: Final = re.compile(r"(/confirm/+|/calendars/+).+", re.IGNORECASE | re.DOTALL)
_NAMED_BY_HANDLERS: Final = frozenset((b"cache-control", b"content-security-policy"))
_SAFE: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_STRICT: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What holds unless a handler says otherwise: an answer is data for one person, and nothing in it is to be run."""

_errors = logging.getLogger("classbook.web")


class Door:
    """The outermost ASGI callable. ``write`` takes the finished log line of each request."""

    def __init__(
        self,
        inner: ASGIApp,
        web: Web,
        *,
        write: Callable[[str], None],
        body_timeout_seconds: float = BODY_TIMEOUT_SECONDS,
    ):
        self._inner = inner
        self._web = web
        self._write = write
        self._body_timeout_seconds = body_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        visit = scope["visit"] = Visit(self._web, self._request_id(headers), headers, scope)
        method, path = scope["method"], scope["path"]
        status = _GONE
        inside = scope

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _complete(message["headers"], visit.request_id)
            await send(message)

        try:
            visit.body = await _body(headers, receive, self._body_timeout_seconds)
            inside = _seen_inside(scope)
            await self._inner(inside, _nothing_more, answer)
        except ClassbookError as error:
            visit.problem = error.code
            farewell = None if _is_short(headers) else {"connection": "close"}
            await answer_to(scope, error, headers=farewell)(scope, receive, answer)
        except _Gone:
            pass
        except Exception:
            _errors.exception(
                "request %s failed: %s %s",
                visit.request_id,
                method,
                _shown(path),
                extra={"request_id": visit.request_id},
            )
            visit.problem = Internal.code
            if status == _GONE:
                await answer_to(scope, Internal())(scope, receive, answer)
        finally:
            seconds = perf_counter() - started
            if self._web.metrics:
                self._web.metrics.answered(method, _template(inside), status, seconds)
            self._write(
                _line(
                    at=self._web.app.clock.now(),
                    method=method,
                    path=path,
                    status=status,
                    duration_ms=seconds * 1000,
                    visit=visit,
                )
            )

    def _request_id(self, headers: Mapping[bytes, bytes]) -> str:
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given.decode("ascii")
        return self._web.app.chance.nonce()


class _Gone(Exception):
    """The client hung up before its request was complete."""


async def _body(headers: Mapping[bytes, bytes], receive: Receive, timeout_seconds: float) -> bytes:
    """The whole body. Raises TooLarge, Invalid when it does not arrive in time, _Gone."""
    declared = headers.get(b"content-length", b"0")
    if len(declared) > 18 or not declared.isdigit() or int(declared) > BODY_LIMIT_BYTES:
        if headers.get(b"connection", b"").lower() == b"close" and b"expect" not in headers and _is_short(headers):
            await _read_past(receive, timeout_seconds)
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return _within_limit(message.get("body", b""))
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _rest(message, receive)
    except TimeoutError:
        raise Invalid(f"The body did not arrive within {timeout_seconds:g} seconds.") from None


async def _rest(message: Message, receive: Receive) -> bytes:
    body = b""
    while True:
        if message["type"] != "http.request":
            raise _Gone
        body = _within_limit(body + message.get("body", b""))
        if not message.get("more_body"):
            return body
        message = await receive()


async def _read_past(receive: Receive, timeout_seconds: float) -> None:
    """Read a body and forget it: where the connection ends with the answer, a sender who is cut off never sees it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while (await receive()).get("more_body"):
                pass


def _is_short(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the rest of a refused body is better read past than cut off: then its sender surely sees the answer."""
    declared = headers.get(b"content-length", b"0")
    return b"transfer-encoding" not in headers and len(declared) < 8


def _within_limit(body: bytes) -> bytes:
    if len(body) > BODY_LIMIT_BYTES:
        raise _too_large()
    return body


def _too_large() -> TooLarge:
    return TooLarge(f"A request may have at most {BODY_LIMIT_BYTES // 1024} KiB.")


async def _nothing_more() -> Message:
    """What the inside would receive: the door has read the body already, it is in the visit."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _seen_inside(scope: Scope) -> Scope:
    """The request as the routes know it: our address with a slash at the end, and GET for HEAD (without a body)."""
    path = scope["path"]
    if len(path) > _PATH_LIMIT:
        raise NotFound("There is nothing at this address.")
    head = scope["method"] == "HEAD"
    inside = rewritten(path if path[-1:] == "/" else path + "/")
    if head or inside != path:
        scope = dict(scope)
        scope["path"] = inside
        if head:
            scope["method"] = "GET"
    return scope


def _complete(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    named = _NAMED_BY_HANDLERS.intersection([name for name, _ in headers])
    strict = _STRICT if not named else [header for header in _STRICT if header[0] not in named]
    return [*headers, *_SAFE, *strict, (b"x-request-id", request_id.encode())]


def _line(*, at: datetime, method: str, path: str, status: int, duration_ms: float, visit: Visit) -> str:
    """One request and its answer, as JSON."""
    return (
        f'{{"time":"{at.isoformat(timespec="milliseconds")[:-6]}Z","method":{json.dumps(method)},'
        f'"path":{json.dumps(_shown(path))},"status":{status},"duration_ms":{duration_ms:.2f},'
        f'"person":{"null" if visit.person_id is None else visit.person_id},"request_id":"{visit.request_id}",'
        f'"problem":{json.dumps(visit.problem)}}}'
    )


def _template(scope: Scope) -> str:
    """The address of a request as its route has it, with the names of what stands there."""
    return str(getattr(scope.get("route"), "path", "(none)"))


def _shown(path: str) -> str:
    return _SECRET_PATH.sub(r"\1***", path[:_PATH_LIMIT])
