"""`daemon`: starts face 3 with what the command line says."""

from __future__ import annotations

from typing import Annotated

import typer

from classbook.cli.groups import group
from classbook.cli.session import session, usage_error

app = group("Run the scheduler, the mail sender and the HTTP API.")


@app.command()
def daemon(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(metavar="H", help="Address to listen on; else web.host.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", help="Port to listen on; else web.port.")] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="HTTP processes, more than one only on PostgreSQL.")
    ] = None,
    no_http: Annotated[bool, typer.Option("--no-http", help="Only the scheduler and the mail sender.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due, send what is waiting, and end: for cron.")
    ] = False,
) -> None:
    """Run the scheduler, the mail sender and the HTTP API until SIGTERM.

    \b
      classbook daemon
      classbook daemon --host 0.0.0.0 --port 8080
      * * * * * classbook daemon --once
    """
    from classbook.daemon import run

    here = session(ctx)
    if once and (host is not None or port is not None or workers is not None):
        raise usage_error("--once serves no HTTP: --host, --port and --workers mean nothing to it.")
    for name, value in (("web.host", host), ("web.port", port), ("web.workers", workers)):
        if value is not None:
            here.overrides[name] = str(value)
    run(here.app, with_http=not (no_http or once), once=once)
