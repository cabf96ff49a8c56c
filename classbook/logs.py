"""Where logs go: standard error or a rotated file, one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from classbook.config import LogSettings
from classbook.errors import Unavailable

_ROTATED: Final = re.compile(r"\.[0-9]+")
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


def forget(settings: LogSettings, *, now: datetime, days: int) -> None:
    """Delete log files whose last line is ``days`` old; a file whose first line is that old is rotated.

    So no line is kept for more than twice as long, however quiet the house is.
    """
    if settings.file is None:
        return
    before = (now - timedelta(days=days)).timestamp()
    for path in settings.file.parent.glob(f"{settings.file.stem}*{settings.file.suffix}*"):
        with suppress(FileNotFoundError):
            if _ROTATED.fullmatch(path.suffix) and path.stat().st_mtime < before:
                path.unlink()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _PrivateFile) and _first_time(Path(handler.baseFilename)) < before:
            handler.doRollover()


def _first_time(path: Path) -> float:
    """When the first line of a log was written; in days to come where that cannot be told."""
    try:
        with path.open(encoding="utf-8") as file:
            return datetime.fromisoformat(json.loads(file.readline())["time"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        return float("inf")


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
