"""The log of requests: lines of one turn of the event loop leave together, so that a rush costs few writes."""

from __future__ import annotations

import asyncio
import logging

from classbook.logs import REQUESTS

_requests = logging.getLogger(REQUESTS)


class Journal:
    """Collects finished lines and gives them to the logger of requests at the end of the turn."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        if not _requests.isEnabledFor(logging.INFO):
            return
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        _requests.info("\n".join(lines))
