"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may send before its request is known.

uvicorn collects a request's head however long it is and however long it takes; the door sees a request only when its
head is complete.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT_BYTES: Final = 32 * 1024
HEAD_TIMEOUT_SECONDS: Final = 20


class BoundedProtocol(HttpToolsProtocol):
    """Hangs up on a head that is too long or too slow, and on a connection that never asks for anything."""

    _overdue: TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._overdue = self.loop.call_later(HEAD_TIMEOUT_SECONDS, transport.close)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._be_patient()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_LIMIT_BYTES:
            self.send_400_response("The head of the request is too long.")
        elif self._overdue is None:
            self._overdue = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        super().connection_lost(exc)

    def _be_patient(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
