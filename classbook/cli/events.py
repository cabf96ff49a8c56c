"""`event`: as `class`, and anybody may make one."""

from __future__ import annotations

from typing import Final

from classbook.cli.classes import in_sessions

app: Final = in_sessions("event", "events")
