"""The daemon's lanes: they finish the step at hand when they are to stop."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from classbook.app import App
from classbook.daemon import Job, _Lanes


@pytest.mark.parametrize("lane", ["mail", "upkeep"])
def test_a_backlog_keeps_nobody_from_stopping(app: App, lane: str) -> None:
    begun, go, steps = Event(), Event(), []

    def step(_app: App) -> bool:
        steps.append(lane)
        begun.set()
        return go.wait(10)  # there is always more to do

    lanes = _Lanes(app, [Job("never done", step, every_seconds=1, lane=lane)], lambda step: step(app))
    lanes.__enter__()
    assert begun.wait(10)
    leaving = Thread(target=lanes.__exit__)
    leaving.start()
    assert lanes._stop.wait(10)
    go.set()
    leaving.join()
    assert steps == [lane]
