"""The fair queue of processes in front of one SQLite file: who waits too long gives up, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from classbook.errors import Busy
from classbook.store.turnstile import Turnstile


@contextmanager
def held(database: Path, letter: str) -> Iterator[None]:
    """Another process is at this gate, and stays there."""
    with open(f"{database}-turn-{letter}", "w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


@pytest.mark.parametrize("letter", ["a", "b"])
def test_giving_up_leaves_no_descriptor_open(tmp_path: Path, letter: str) -> None:
    database, before, threads = tmp_path / "classbook.db", descriptors(), set(threading.enumerate())
    with closing(Turnstile(database)) as turnstile:
        with held(database, letter):
            for _ in range(5):
                with pytest.raises(Busy), turnstile.passing(time.monotonic()):
                    pass
        for thread in set(threading.enumerate()) - threads:
            thread.join()
        assert descriptors() == before
        with turnstile.passing(time.monotonic() + 10):
            pass
