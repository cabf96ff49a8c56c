"""Sides that run in this process, turn by turn: what each turn costs by the wall, and by this process's own processor.

The processor's time leaves out what others do on the machine, and on PostgreSQL what its server does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Ratio
from classbook.app import App
from classbook.core import booking
from classbook.core.asks import Ask
from classbook.values import Outcome, Reservation

Act = Callable[[], object]
Side = Callable[[int], Act]
"""Makes ready for the turn of that number, and returns what is to be timed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How much more one side costs than another: both ratios of milliseconds a turn."""

    wall: Ratio
    processor: Ratio


def take_turns(sides: Sequence[Side], *, turns: int) -> list[list[tuple[float, float]]]:
    """For each side its (wall, processor) milliseconds, turn by turn; who goes first changes each time."""
    spent: list[list[tuple[float, float]]] = [[] for _ in sides]
    for turn in range(turns):
        acts = [side(turn) for side in sides]
        for which in sorted(range(len(sides)), reverse=turn % 2 == 1):
            wall, processor = time.perf_counter(), time.process_time()
            acts[which]()
            spent[which].append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)))
    return spent


def cost(ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]) -> Cost:
    """From what both sides spent, turn by turn."""
    pairs = list(zip(ours, theirs, strict=True))
    wall, processor = (Ratio.of([(our[which], their[which]) for our, their in pairs]) for which in (0, 1))
    return Cost(wall, processor)


def compare(ours: Side, theirs: Side, *, turns: int) -> Cost:
    """What a turn of ours costs, of what one of theirs does. One turn more is taken first and not counted."""
    (_, *our_turns), (_, *their_turns) = take_turns([ours, theirs], turns=turns + 1)
    return cost(our_turns, their_turns)


def booked(app: App, asks: Sequence[Ask]) -> list[Reservation]:
    """Book a batch of which nothing may be refused."""
    return [_reservation(outcome) for outcome in booking.book(app, asks)]


def _reservation(outcome: Outcome) -> Reservation:
    if not isinstance(outcome, Reservation):
        raise RuntimeError(f"a batch was not booked: {outcome}")
    return outcome
