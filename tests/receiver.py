"""A server on loopback that takes webhooks, checks them as receivers do, and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from standardwebhooks import Webhook, webhooks

Answer = Callable[["_Taking"], None]


class Receiver(ThreadingHTTPServer):
    """Keeps what it was sent; ``answer`` says what becomes of a request."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Answer = status(204)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/hooks?for=us"

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """The bodies, each with a signature that the package of receivers accepts. Raises where one is false."""
        return [self._verified(secret, headers, body) for _, headers, body in self.taken]

    @staticmethod
    def _verified(secret: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

        class Then(datetime):
            """The receiver's clock shows what the sender's shows."""

            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Then:
                return cls.fromtimestamp(sent_at.timestamp(), tz)

        with patch.object(webhooks, "datetime", Then):
            return dict(Webhook(secret).verify(body, headers))

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.taken]


class _Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.taken.append((self.path, headers, body))
        self.server.answer(self)

    def log_message(self, *_: Any) -> None:
        pass


def status(code: int, **headers: str) -> Answer:
    def answer(request: _Taking) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(json.dumps("nobody reads this").encode())

    return answer


def dripping(stop: threading.Event) -> Answer:
    """A status line that never ends: each byte comes in time, all of it never."""

    def answer(request: _Taking) -> None:
        request.wfile.write(b"HTTP/1.1 200 ")
        while not stop.wait(0.01):
            request.wfile.write(b"O")
            request.wfile.flush()

    return answer


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    with Receiver(tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
