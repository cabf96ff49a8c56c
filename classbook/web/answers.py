"""Values as bytes: an answer is exactly ``plain(value)``, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from classbook.values import Offering, plain

JSON = b"application/json"
_WORTH_SENDING: Final = 16_384
_as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Json(Response):
    """A JSON answer that is ready when it is made; nothing of it is validated or encoded again."""

    def __init__(
        self, content: Any, status: int = 200, *, media_type: bytes = JSON, headers: Mapping[str, str] | None = None
    ):
        self.status_code = status
        self.body = _as_json(content).encode()
        self.background = None
        self.raw_headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(self.body))]
        if headers:
            self.raw_headers += [(name.encode(), value.encode()) for name, value in headers.items()]


class Pieces(StreamingResponse):
    """JSON that is made while it is sent.

    Nobody listens for a client that hangs up: the door has read the request to its end, and would say so for ever.
    """

    def __init__(self, pieces: Iterator[str], *, filename: str):
        headers = {"content-disposition": f'attachment; filename="{filename}"'}
        super().__init__(_larger(pieces), media_type="application/json", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


def _larger(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in pieces that are worth sending."""
    waiting, length = [], 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= _WORTH_SENDING:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Json:
    """``value`` (one of `classbook.values`, or an answer that was stored as plain) as JSON."""
    return Json(plain(value), status, headers=headers)


def offering(value: Offering | dict[str, Any], *, status: int = 200, path: str = "") -> Json:
    """An offering, with its version as ETag and, when it is new, its address below ``path``."""
    body = plain(value)
    headers = {"etag": f'"{body["version"]}"'}
    if status == 201:
        headers["location"] = f"{path}{body['id']}/"
    return Json(body, status, headers=headers)


def id_of(value: object) -> int:
    """The id of something that was made, also where its answer is a stored one."""
    return int(plain(value)["id"])


def nothing() -> Response:
    """204: done, and there is nothing to say."""
    return Response(status_code=204)
