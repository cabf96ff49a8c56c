"""`openapi`: what the HTTP API is, for programs that make clients."""

from __future__ import annotations

import json

import typer

from classbook.cli.groups import group

app = group("Print the OpenAPI document of the HTTP API.")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API: every path, body, answer and refusal.

    A daemon serves the same at /api/schema/. No database is needed.

    \b
      classbook openapi > openapi.json
    """
    from classbook.web.api import document

    typer.echo(json.dumps(document(), ensure_ascii=False, indent=1))
