"""The stylesheet and the few lines of script of the pages: kept by browsers until they change."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from classbook.errors import NotFound
from classbook.web.visit import Anyone

looking = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {"style.css": "text/css; charset=utf-8", "seats.js": "text/javascript; charset=utf-8"}


@looking.get("/static/{name}/")
def static(name: str, visit: Anyone) -> Response:
    """One of our files. Raises NotFound."""
    if name not in _TYPES:
        raise NotFound("There is nothing at this address.")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_content(name), media_type=_TYPES[name], headers=headers)


def address(name: str) -> str:
    """Where a file is, from the root: another address whenever its content is another."""
    return f"static/{name}?{hashlib.sha256(_content(name)).hexdigest()[:12]}"


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()
