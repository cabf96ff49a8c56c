"""The documentation pages, from packaged assets: a browser asks this server and nobody else."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from classbook.errors import NotFound
from classbook.web.answers import Json
from classbook.web.visit import Anyone

router = APIRouter(include_in_schema=False)

_START: Final = """\
window.ui = SwaggerUIBundle({
  url: "/api/schema/",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Both tools write styles as they go and ReDoc searches in a worker of its own; scripts come from here only."""
_SWAGGER: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>classbook: API</title>
<link rel="icon" href="/api/docs/assets/favicon.png">
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/assets/start.js"></script>
</body>
</html>
"""
_REDOC: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>classbook: API reference</title>
<link rel="icon" href="/api/docs/assets/favicon.png">
</head>
<body>
<redoc spec-url="/api/schema/"></redoc>
<script src="/api/docs/assets/redoc.standalone.js"></script>
</body>
</html>
"""


@router.get("/api/docs/")
async def swagger(visit: Anyone) -> Response:
    return HTMLResponse(_SWAGGER, headers={"content-security-policy": _POLICY})


@router.get("/api/docs/redoc/")
async def redoc(visit: Anyone) -> Response:
    return HTMLResponse(_REDOC, headers={"content-security-policy": _POLICY})


@router.get("/api/docs/assets/{name}/")
def asset(name: str, visit: Anyone) -> Response:
    """A file of the packaged tools. Raises NotFound."""
    found = _assets().get(name)
    if found is None:
        raise NotFound("There is nothing at this address.")
    content, media_type = found
    return Response(content, media_type=media_type, headers={"cache-control": "public, max-age=86400"})


@router.get("/api/schema/")
def schema(request: Request, visit: Anyone) -> Response:
    """What the API is, as OpenAPI."""
    return Response(_schema_of(request.app), media_type="application/json")


@lru_cache(maxsize=1)
def _schema_of(app: FastAPI) -> bytes:
    """Half a megabyte that is the same for everybody who asks."""
    return bytes(Json(app.openapi()).body)


@lru_cache(maxsize=1)
def _assets() -> dict[str, tuple[bytes, str]]:
    """The files by name. They are found without importing their package, which would build another FastAPI."""
    package = importlib.util.find_spec("fastapi_offline")
    assert package is not None and package.origin is not None
    files = {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in (Path(package.origin).parent / "static").iterdir()
        if path.suffix in _TYPES
    }
    return {**files, "start.js": (_START.encode(), _TYPES[".js"])}
