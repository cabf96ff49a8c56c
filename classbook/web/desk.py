"""The desk: what arrives while the last commit is in flight leaves together in the next one.

Every ask of this process goes through one thread, and so does every job of the daemon: one connection that commits
batches is many times faster than many that commit one by one (docs/speed.md). There is no timer, so an ask that comes
alone leaves alone and at once.

The event loop gathers the asks of one of its turns without a lock and hands them over together; the thread hands the
outcomes back the same way. Crossing between the two costs once per turn, not once per ask.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

from classbook.core import booking
from classbook.errors import Busy, ClassbookError, Internal, Unavailable

if TYPE_CHECKING:
    from classbook.app import App
    from classbook.core.asks import Ask
    from classbook.values import Outcome

T = TypeVar("T")
Asked = tuple["Ask", "asyncio.Future[Outcome]"]

BATCH_LIMIT: Final = 500
"""Asks in one transaction; more of them gain little and make everybody wait longer."""
QUEUE_LIMIT: Final = 5000
"""Asks that may wait; a few seconds' worth."""

_log = logging.getLogger("classbook.desk")


class Desk:
    """The one writer of a process: `ask` from the event loop, `call` from anywhere, `close` when nobody comes."""

    def __init__(self, app: App, *, batch_limit: int = BATCH_LIMIT, queue_limit: int = QUEUE_LIMIT):
        self._app = app
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._gathered: list[Asked] = []
        """Asks of the present turn of the event loop; touched by that loop only."""
        self._ready = threading.Condition()
        self._asked: deque[tuple[asyncio.AbstractEventLoop, list[Asked]]] = deque()
        self._waiting = 0
        self._called: deque[Callable[[], None]] = deque()
        self._closing = False
        self.on_written: Callable[[int, int], None] = lambda asks, waiting: None
        """Told of every turn of the writer: how many asks it has written, and how many asks and steps still wait."""
        self._thread = threading.Thread(target=self._serve, name="classbook-desk", daemon=True)
        self._thread.start()

    async def ask(self, ask: Ask) -> Outcome:
        """What became of ``ask``, once it is committed: a reservation, a stored answer, or a refusal (not raised).

        Raises Busy when too many are waiting already, Unavailable once the desk is closed.
        """
        if self._waiting + len(self._gathered) >= self._queue_limit:
            raise _busy()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._gathered.append((ask, outcome))
        if len(self._gathered) == 1:
            loop.call_soon(self._hand_over, loop, 0)
        return await outcome

    def call(self, step: Callable[[], T]) -> Future[T]:
        """Run a step between two batches, in the writing thread.

        Raises Busy when too many are waiting already, Unavailable once the desk is closed.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(step())
            except BaseException as error:
                future.set_exception(error)

        with self._ready:
            if self._closing:
                raise _closed()
            if len(self._called) >= self._queue_limit:
                raise _busy()
            self._called.append(run)
            self._ready.notify()
        return future

    async def run(self, step: Callable[[], T]) -> T:
        """`call` for the event loop. Raises what the step raises."""
        return await asyncio.wrap_future(self.call(step))

    def close(self) -> None:
        """Take nothing new, finish what was taken, and return when that is done."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join()

    def _hand_over(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """Pass on what was gathered as soon as a turn of the event loop brings nothing new.

        Handing over earlier makes the two threads compete for the interpreter: a tenth more work per ask (measured).
        """
        if seen < len(self._gathered) < self._batch_limit:
            loop.call_soon(self._hand_over, loop, len(self._gathered))
            return
        gathered, self._gathered = self._gathered, []
        with self._ready:
            if not self._closing:
                self._asked.append((loop, gathered))
                self._waiting += len(gathered)
                self._ready.notify()
                return
        _answer(gathered, [_closed()] * len(gathered))

    def _serve(self) -> None:
        while True:
            with self._ready:
                while not (self._asked or self._called or self._closing):
                    self._ready.wait()
                if not (self._asked or self._called):
                    return
                batch = self._take_batch()
                step = self._called.popleft() if self._called else None
            if batch:
                self._book(batch)
            if step:
                step()
            self.on_written(sum(len(asked) for _, asked in batch), self._waiting + len(self._called))

    def _take_batch(self) -> list[tuple[asyncio.AbstractEventLoop, list[Asked]]]:
        """What waits, up to the limit. A turn's asks are taken together unless they alone exceed it."""
        batch: list[tuple[asyncio.AbstractEventLoop, list[Asked]]] = []
        room = self._batch_limit
        while self._asked and room > 0:
            loop, asked = self._asked.popleft()
            if len(asked) > room:
                self._asked.appendleft((loop, asked[room:]))
                asked = asked[:room]
            batch.append((loop, asked))
            room -= len(asked)
        self._waiting -= self._batch_limit - room
        return batch

    def _book(self, batch: list[tuple[asyncio.AbstractEventLoop, list[Asked]]]) -> None:
        asks = [ask for _, asked in batch for ask, _ in asked]
        outcomes = self._outcomes(asks)
        start = 0
        for loop, asked in batch:
            part = outcomes[start : start + len(asked)]
            start += len(asked)
            try:
                loop.call_soon_threadsafe(_answer, asked, part)
            except RuntimeError:
                _log.warning("%d outcomes came after the event loop had closed", len(asked))

    def _outcomes(self, asks: list[Ask]) -> list[Outcome]:
        try:
            return booking.book(self._app, asks)
        except ClassbookError as error:
            return [error] * len(asks)
        except Exception:
            _log.exception("a batch of %d asks failed", len(asks))
            return [Internal()] * len(asks)


def _answer(asked: list[Asked], outcomes: list[Outcome]) -> None:
    """Wake the requests of one turn; those that were given up meanwhile are passed over."""
    for (_, future), outcome in zip(asked, outcomes, strict=True):
        if not future.done():
            future.set_result(outcome)


def _closed() -> Unavailable:
    return Unavailable("The server is stopping.", hint="Try again in a moment.", retry_after_seconds=2)


def _busy() -> Busy:
    return Busy("Too many people are booking right now.", hint="Try again in a moment.", retry_after_seconds=1)
