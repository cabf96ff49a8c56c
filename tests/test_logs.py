"""What the log says, and in which time."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classbook import logs
from classbook.config import LogSettings


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours ahead, and its log put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("in_tokyo")
def test_times_are_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    logs.configure(LogSettings(file=tmp_path / "desk.log"))
    logging.getLogger("classbook.daemon").warning("mail waits")
    line = json.loads((tmp_path / "desk.log").read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert before <= datetime.fromisoformat(line["time"]) <= datetime.now(UTC)
