"""Can this process take bookings? Found out by trying: the writer writes something and commits it."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool

from classbook.core import health
from classbook.errors import Unavailable

if TYPE_CHECKING:
    from classbook.web.visit import Web

WRITER_SECONDS: Final = 3.0
"""How long the writer may be busy with others before it counts as stuck."""
FRESH_SECONDS: Final = 1.0
"""How long an answer holds: anybody may ask, and to find it out costs a commit."""


class Readiness:
    """Looks once where many ask at once; used from one event loop."""

    def __init__(self, *, writer_seconds: float = WRITER_SECONDS, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._writer_seconds = writer_seconds
        self._fresh_seconds = fresh_seconds
        self._looking: asyncio.Task[list[str]] | None = None
        self._fresh_until = 0.0

    async def complaints(self, web: Web) -> list[str]:
        """What is left undone though bookings are taken. Raises Unavailable, Busy where none can be."""
        if self._looking is None or (self._looking.done() and monotonic() >= self._fresh_until):
            self._looking = asyncio.create_task(self._look(web))
        return await asyncio.shield(self._looking)

    async def _look(self, web: Web) -> list[str]:
        try:
            await run_in_threadpool(health.check_readable, web.app)
            await self._check_writer(web)
            return await run_in_threadpool(health.complaints, web.app)
        finally:
            self._fresh_until = monotonic() + self._fresh_seconds

    async def _check_writer(self, web: Web) -> None:
        written = web.desk.run(lambda: health.check_writable(web.app))
        try:
            await asyncio.wait_for(written, self._writer_seconds)
        except TimeoutError:
            raise Unavailable(
                f"The writer has been busy for {self._writer_seconds:g} seconds.", hint="Try again in a moment."
            ) from None
