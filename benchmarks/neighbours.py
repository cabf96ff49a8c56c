"""Several processes write one SQLite file at once, one reservation a commit: does anybody wait, does anybody starve?

``python -m benchmarks.neighbours --writer N`` is one of the processes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Final

from benchmarks import serving, stage
from classbook.core import booking
from classbook.core.asks import Reserve
from classbook.values import Actor

WRITERS: Final = 4
_PEOPLE_EACH: Final = 2_000
_CLASSES: Final = 40
_PLENTY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the writers of one file saw."""

    longest_wait_seconds: float
    """From asking to the answer, of any one."""
    least_share: float
    """What the unluckiest got, of its fair share (1 is exactly fair)."""
    commits_per_second: float


def measure(on: stage.Stage, *, seconds: float) -> Neighbours:
    """Let `WRITERS` processes reserve one by one, each for its own people, for so long."""
    url = on.make("neighbours")
    stage.prepare(url, people=WRITERS * _PEOPLE_EACH, seats=[_PLENTY] * _CLASSES)
    writers = [
        serving.start(__name__, "--database", url, "--writer", str(number), "--seconds", str(seconds))
        for number in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    results = [json.loads(serving.finish(writer, within_seconds=seconds + 60)) for writer in writers]
    counts = [result["commits"] for result in results]
    return Neighbours(
        longest_wait_seconds=max(result["longest_wait_seconds"] for result in results),
        least_share=min(counts) / (sum(counts) / WRITERS),
        commits_per_second=sum(counts) / seconds,
    )


def _write(url: str, *, writer: int, seconds: float) -> dict[str, float]:
    """Reserve one place after the other, going through one's own people class by class."""
    asks = (
        Reserve(Actor(writer * _PEOPLE_EACH + n), class_id)
        for class_id in range(1, _CLASSES + 1)
        for n in range(1, _PEOPLE_EACH + 1)
    )
    commits, longest = 0, 0.0
    with stage.opened(url) as app:
        print("ready", flush=True)
        sys.stdin.readline()
        ends = began = time.perf_counter()
        ends += seconds
        while began < ends:
            booking.one(app, next(asks))
            now = time.perf_counter()
            commits, longest, began = commits + 1, max(longest, now - began), now
    return {"commits": commits, "longest_wait_seconds": longest}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neighbours", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--writer", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    json.dump(_write(asked.database, writer=asked.writer, seconds=asked.seconds), sys.stdout)


if __name__ == "__main__":
    main()
