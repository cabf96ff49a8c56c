"""Where slow steps run: those that hash a password, on purpose, and those that take many transactions.

They would keep everybody waiting at the desk. Few run at once and few may wait, so that a flood of them is refused and
everything else goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from classbook.errors import Busy

T = TypeVar("T")

AT_ONCE: Final = 4
AT_MOST: Final = 100


class SlowLane:
    """A few threads and a short queue; used from one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="classbook-slow")
        self._inside = 0

    async def run(self, step: Callable[[], T]) -> T:
        """Run a step in a thread. Raises what it raises, and Busy when too many are waiting."""
        if self._inside >= AT_MOST:
            raise Busy(
                "Too many people are logging in right now.", hint="Try again in a moment.", retry_after_seconds=2
            )
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, step)
        finally:
            self._inside -= 1
