"""A class full of holds that nobody confirmed and no daemon cleared: how long does the next person wait?"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from benchmarks import handwritten, stage
from classbook.core import booking
from classbook.core.asks import Reserve
from classbook.values import Actor

HOLDS: Final = 10_000
_BATCH: Final = 500
_HOUR_MICROS: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Overdue:
    """How long the next reserve took, of all rounds."""

    longest_seconds: float


def measure(on: stage.Stage, *, rounds: int, holds: int = HOLDS) -> Overdue:
    """Fill a class to its last place with holds of an hour ago, then reserve once: only lapsing makes room."""
    url = on.make("overdue")
    stage.prepare(url, people=holds + 1, seats=[holds] * rounds)
    long_ago = time.time_ns() // 1000 - _HOUR_MICROS
    took = []
    with stage.opened(url) as app, closing(handwritten.writer(url)) as by_hand:
        for class_id in range(1, rounds + 1):
            for first in range(1, holds + 1, _BATCH):
                batch = range(first, min(first + _BATCH, holds + 1))
                by_hand.reserve(class_id, batch, now_micros=long_ago)
            began = time.perf_counter()
            booking.one(app, Reserve(Actor(holds + 1), class_id))
            took.append(time.perf_counter() - began)
            if len(stage.sold(url, class_id)) != 1:
                raise RuntimeError("the overdue holds did not lapse")
    return Overdue(longest_seconds=max(took))
