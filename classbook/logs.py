"""Where logs go: standard error or a rotated file, one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from classbook.config import LogSettings
from classbook.errors import Unavailable

REQUESTS: Final = "classbook.requests"
"""The logger whose lines are JSON already."""


def configure(settings: LogSettings, *, worker: int = 1) -> None:
    """Send everything logged where the settings say; further workers get a file of their own beside it.

    Raises Unavailable where the file cannot be written.
    """
    handler = _handler(settings, worker)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())


def _handler(settings: LogSettings, worker: int) -> logging.Handler:
    if settings.file is None:
        return logging.StreamHandler(sys.stderr)
    path = settings.file if worker == 1 else settings.file.with_stem(f"{settings.file.stem}-{worker}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _PrivateFile(path, maxBytes=settings.max_bytes, backupCount=settings.backups, encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            f"The log {path} cannot be written: {error.strerror}.", hint="Set log.file to a place this user may write."
        ) from error


class _PrivateFile(RotatingFileHandler):
    """Logs name people: only their owner reads them."""

    def _open(self):  # type: ignore[no-untyped-def]
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=_private)


def _private(path: str | Path, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name == REQUESTS:
            return record.getMessage()
        line = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
