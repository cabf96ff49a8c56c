"""How the web face is served: uvicorn in a thread of its own, stopped without dropping a request in flight."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from classbook.errors import Unavailable
from classbook.web.api import make_web
from classbook.web.protocol import BoundedProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from classbook.app import App
    from classbook.metrics import Metrics
    from classbook.web.desk import Desk

BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 30
STOP_WITHIN_SECONDS: Final = 15


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Processes that fork after this share it. Raises Unavailable."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.",
            hint="Another program may use it; choose one with --port, or stop that program.",
        ) from None


def serve(app: App, desk: Desk, *, listener: socket.socket, metrics: Metrics | None = None) -> Server:
    """Serve the web face on ``listener`` until `Server.stop`. The desk stays the caller's to close, afterwards."""
    return Server(make_web(app, desk, metrics=metrics), listener)


class Server:
    """One running HTTP server."""

    def __init__(self, web: ASGIApp, listener: socket.socket):
        config = uvicorn.Config(
            web,
            loop="auto",
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
            backlog=BACKLOG,
        )
        # Even where a handler is put on it: it would write down the secret address of a confirmation link.
        logging.getLogger("uvicorn.access").disabled = True
        host, port = listener.getsockname()[:2]
        self.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        """Where it answers, like ``http://127.0.0.1:8000``."""
        self._listener = listener
        self._uvicorn = _Announcing(config)
        self._thread = threading.Thread(target=self._run, name="classbook-web", daemon=True)
        self._thread.start()
        self._uvicorn.up.wait()
        if not self._uvicorn.started:
            raise Unavailable("The web server did not start.", hint="The log says why.")

    def stop(self) -> None:
        """Accept nothing new, answer what was asked, and return when that is done."""
        self._uvicorn.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            self._uvicorn.run(sockets=[self._listener])
        except SystemExit:
            pass  # uvicorn's word for a start that failed; who waits for the start says so
        finally:
            self._uvicorn.up.set()
            self._listener.close()


class _Announcing(uvicorn.Server):
    """Says when it is up, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config):
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()
