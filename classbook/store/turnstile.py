"""A fair queue of processes in front of one SQLite file.

SQLite's own busy handler polls, and starved three of four writers for seconds. Two `flock`s on side files make a
turnstile: whoever comes next holds A while waiting for B, so that at most one waits at B and everyone else queues,
in the kernel's order, at A. The database file itself is never opened here: closing any descriptor of it would drop
SQLite's own locks.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classbook.errors import Busy, Unavailable


class Turnstile:
    """One process's ticket machine for the database at ``path``; to be used by one thread at a time."""

    def __init__(self, path: Path):
        self._paths = [path.with_name(f"{path.name}-turn-{letter}") for letter in "ab"]
        self._gates: list[int] = []

    @contextmanager
    def passing(self, give_up_at: float) -> Iterator[None]:
        """Wait for the turn until the monotonic time ``give_up_at``; raises Busy after it."""
        outer, inner = self._gates or self._open()
        self._take(outer, give_up_at)
        try:
            self._take(inner, give_up_at)
        finally:
            if self._gates:  # else it was closed, which lets go of it as well
                fcntl.flock(outer, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(inner, fcntl.LOCK_UN)

    def _open(self) -> list[int]:
        try:
            self._gates = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in self._paths]
        except OSError as error:
            raise Unavailable(
                f"{self._paths[0].parent} cannot be written: {error.strerror}.",
                hint="The database needs a directory it may write to.",
            ) from error
        return self._gates

    def _take(self, gate: int, give_up_at: float) -> None:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait(gate, give_up_at)

    def _wait(self, gate: int, give_up_at: float) -> None:
        """Queue in the kernel, which is fair, but not for ever: a thread waits there, and lets go if we gave up."""
        abandoned, taken = threading.Lock(), threading.Event()

        def queue() -> None:
            fcntl.flock(gate, fcntl.LOCK_EX)
            if abandoned.acquire(blocking=False):
                taken.set()
            else:
                os.close(gate)

        threading.Thread(target=queue, daemon=True).start()
        if taken.wait(max(0.0, give_up_at - time.monotonic())) or not abandoned.acquire(blocking=False):
            taken.wait()
            return
        # The gate now belongs to the thread that still waits there; next time we come with new ones.
        self._gates.remove(gate)
        self.close()
        raise Busy("Another process has been writing for too long.", hint="Try again in a moment.")

    def close(self) -> None:
        """Let go of the side files."""
        while self._gates:
            os.close(self._gates.pop())
