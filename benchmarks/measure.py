"""Ratios of two sides that were measured turn by turn in the same run, and how much time that may take."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True)
class Ratio:
    """``median`` of the ratios of all rounds, the ``lowest`` and the ``highest`` of them, and both sides' medians."""

    median: float
    lowest: float
    highest: float
    ours: float
    theirs: float

    @classmethod
    def of(cls, rounds: Sequence[tuple[float, float]]) -> Ratio:
        """From (our rate, their rate) of each round; one in which they got nowhere is as good as infinite."""
        ratios = [ours / theirs if theirs else math.inf for ours, theirs in rounds]
        return cls(
            median=median(ratios),
            lowest=min(ratios),
            highest=max(ratios),
            ours=median(ours for ours, _ in rounds),
            theirs=median(theirs for _, theirs in rounds),
        )


@dataclass(frozen=True, slots=True)
class Effort:
    """How thoroughly to measure."""

    people: int
    """Who are logged in. More than a server remembers the tokens of, so that every login is checked in full."""
    rounds: int
    seconds: float
    """Of load, for each side of each round."""
    lead_seconds: float
    """Of load before counting starts, for every 64 connections."""
    connections: tuple[int, ...]
    batches: int
    """Of 200 reserves, for each side of each round."""
    overdue_rounds: int
    neighbour_seconds: float
    turns: int
    """Batches, for each side of a comparison of costs."""
    sold_before: int
    """Batches of each other match of a season that are sold before one is sold out."""
    archive: int
    """Reservations there are already, for lists and exports."""
    limit_seconds: float
    """For the rush of both databases; rounds are left out where it would be passed."""


QUICK: Final = Effort(
    people=20_000,
    rounds=3,
    seconds=0.8,
    lead_seconds=0.2,
    connections=(64,),
    batches=8,
    overdue_rounds=1,
    neighbour_seconds=3,
    turns=3,
    sold_before=1,
    archive=100_000,
    limit_seconds=40,
)
FULL: Final = Effort(
    people=20_000,
    rounds=7,
    seconds=2.0,
    lead_seconds=0.3,
    connections=(64, 256),
    batches=14,
    overdue_rounds=3,
    neighbour_seconds=20,
    turns=9,
    sold_before=12,
    archive=1_000_000,
    limit_seconds=1800,
)


class Budget:
    """The time that is left; asked before each round but the first, it says whether one more fits."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._began: float | None = None
        self._longest = 0.0

    def part(self, share: float) -> Budget:
        """A budget of a share of what is left."""
        return Budget((self._ends - time.monotonic()) * share)

    def allows_another_round(self) -> bool:
        now = time.monotonic()
        if self._began is not None:
            self._longest = max(self._longest, now - self._began)
        first, self._began = self._began is None, now
        return first or now + self._longest < self._ends
