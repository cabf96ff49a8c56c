"""People rush one class: over HTTP against a usual app and a route that does nothing, in process against bare SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Final

from benchmarks import handwritten, server, serving, stage, usual
from benchmarks.measure import Budget, Effort, Ratio
from classbook.app import App
from classbook.core import booking
from classbook.core.asks import Reserve
from classbook.errors import ClassbookError
from classbook.values import Actor
from classbook.web.tokens import Tokens

PLENTY: Final = 1_000_000
FEW: Final = 300
"""Places of a class that more people rush than it has places."""
BATCH: Final = 200
USUAL_PATH: Final = "/classes/reserve-seat/"


@dataclass(slots=True)
class Rush:
    """What one database was measured to do. Ratios by the number of connections."""

    over_usual: dict[int, Ratio] = field(default_factory=dict)
    of_noop: dict[int, Ratio] = field(default_factory=dict)
    of_handwritten: Ratio | None = None
    oversold: int = 0
    """Places sold beyond capacity, over all runs."""
    lost: int = 0
    """Acknowledged holds that the database does not have, over all runs."""

    def as_json(self) -> dict[str, float | int]:
        assert self.of_handwritten is not None
        return {
            "over_usual": round(self.over_usual[64].median, 3),
            "of_noop": round(self.of_noop[64].median, 3),
            "of_handwritten": round(self.of_handwritten.median, 3),
            "oversold": self.oversold,
            "lost": self.lost,
        }


def measure(on: stage.Stage, folder: Path, *, effort: Effort, budget: Budget, say: Callable[[str], None]) -> Rush:
    """Everything about the rush on one database."""
    found = Rush()
    with ExitStack() as stack:
        say("preparing people, classes and servers")
        sides = _Sides.started(on, folder, stack, effort)
        for connections in effort.connections:
            say(f"{connections} connections rush one class")
            _over_http(sides, found, connections, effort, budget.part(0.8))
            _sell_out(sides, found, connections)
    say(f"batches of {BATCH} against hand-written SQL")
    found.of_handwritten = _in_process(on, effort, budget)
    return found


@dataclass(slots=True)
class _Sides:
    """Both servers, each with people who are logged in and classes nobody has reserved yet."""

    ours_url: str
    ours_port: int
    ours_people: serving.People
    usual_port: int
    usual_people: serving.People
    classes: list[int]
    full_classes: list[int]

    @classmethod
    def started(cls, on: stage.Stage, folder: Path, stack: ExitStack, effort: Effort) -> _Sides:
        runs, levels = 1 + effort.rounds * len(effort.connections), len(effort.connections)
        seats = [PLENTY] * runs + [FEW] * levels
        ours_url, usual_url = on.make("ours"), on.make("usual")
        stage.prepare(ours_url, people=effort.people, seats=seats)
        engine = usual.connect(usual_url)
        usual.prepare(engine, people=effort.people, seats=seats)
        engine.dispose()
        with stage.opened(ours_url) as app:
            tokens = _tokens(app, effort.people)
        return cls(
            ours_url=ours_url,
            ours_port=stack.enter_context(
                serving.served("benchmarks.server", "--database", ours_url, log=folder / f"{on.name}-ours.log")
            ),
            ours_people=serving.People.of(tokens, folder / "ours-tokens"),
            usual_port=stack.enter_context(
                serving.served(
                    "benchmarks.usual", "--database", usual_url, "--secret", stage.SECRET,
                    log=folder / f"{on.name}-usual.log",
                )
            ),
            usual_people=serving.People.of(
                [usual.token(stage.SECRET, number) for number in range(1, effort.people + 1)], folder / "usual-tokens"
            ),
            classes=list(range(runs, 0, -1)),
            full_classes=list(range(runs + levels, runs, -1)),
        )  # fmt: skip


def _tokens(app: App, people: int) -> list[str]:
    made = Tokens(app.key, clock=app.clock, chance=app.chance, access=timedelta(hours=2))
    return [made.access(person_id) for person_id in range(1, people + 1)]


def _over_http(sides: _Sides, found: Rush, connections: int, effort: Effort, budget: Budget) -> None:
    """(a) and (b): all three servers in turn, in another order each round."""
    lead_seconds = effort.lead_seconds * connections / 64
    class_id = 0

    def ours(seconds: float) -> float:
        run = serving.rush(
            sides.ours_people, port=sides.ours_port, path=server.RESERVE_PATH, class_id=class_id,
            connections=connections, seconds=seconds, lead_seconds=lead_seconds,
        )  # fmt: skip
        _check(sides, found, class_id, seats=PLENTY, acknowledged=run.acknowledged)
        return run.rate

    def noop(seconds: float) -> float:
        return serving.rush(
            sides.ours_people, port=sides.ours_port, path=server.NOTHING_PATH, class_id=class_id,
            connections=connections, seconds=seconds, lead_seconds=lead_seconds, expected=("200",),
        ).rate  # fmt: skip

    def usually(seconds: float) -> float:
        return serving.rush(
            sides.usual_people, port=sides.usual_port, path=USUAL_PATH, class_id=class_id,
            connections=connections, seconds=seconds, lead_seconds=lead_seconds,
        ).rate  # fmt: skip

    turns = [usually, ours, noop]
    if not found.over_usual:
        class_id = sides.classes.pop()
        for turn in turns:
            turn(0.1)  # connections, caches and threads are there from now on
    rounds: list[dict[Callable[[float], float], float]] = []
    while len(rounds) < effort.rounds and budget.allows_another_round():
        class_id = sides.classes.pop()
        rounds.append({turn: turn(effort.seconds) for turn in turns})
        turns.append(turns.pop(0))
    found.over_usual[connections] = Ratio.of([(rates[ours], rates[usually]) for rates in rounds])
    found.of_noop[connections] = Ratio.of([(rates[ours], rates[noop]) for rates in rounds])


def _sell_out(sides: _Sides, found: Rush, connections: int) -> None:
    """Three times as many people as places."""
    class_id = sides.full_classes.pop()
    run = serving.rush(
        sides.ours_people, port=sides.ours_port, path=server.RESERVE_PATH, class_id=class_id,
        connections=connections, seconds=10, requests=3 * FEW, expected=("201", "409"),
    )  # fmt: skip
    _check(sides, found, class_id, seats=FEW, acknowledged=run.acknowledged)
    if len(run.acknowledged) < FEW:
        raise RuntimeError(f"{3 * FEW} people got only {len(run.acknowledged)} of {FEW} places: {run.statuses}")


def _check(sides: _Sides, found: Rush, class_id: int, *, seats: int, acknowledged: set[int]) -> None:
    sold = stage.sold(sides.ours_url, class_id)
    found.oversold += max(0, len(sold) - seats)
    found.lost += len(acknowledged - sold)


def _in_process(on: stage.Stage, effort: Effort, budget: Budget) -> Ratio:
    """(c): each side on a database of its own, a batch of new people each in turn."""
    ours_url, by_hand_url = on.make("core"), on.make("handwritten")
    warm_up = 2
    for url in (ours_url, by_hand_url):
        stage.prepare(url, people=BATCH * (warm_up + effort.rounds * effort.batches), seats=[PLENTY])
    batches = (range(at, at + BATCH) for at in count(1, BATCH))
    rounds: list[tuple[float, float]] = []
    with stage.opened(ours_url) as app, closing(handwritten.writer(by_hand_url)) as by_hand:
        sides = [partial(_book, app), partial(_write, by_hand)]
        _reserved_per_second(sides, islice(batches, warm_up))
        while len(rounds) < effort.rounds and budget.allows_another_round():
            ours, theirs = _reserved_per_second(sides, islice(batches, effort.batches))
            rounds.append((ours, theirs))
    return Ratio.of(rounds)


def _reserved_per_second(sides: Sequence[Callable[[range], None]], batches: Iterator[range]) -> list[float]:
    spent, people = [0.0 for _ in sides], 0
    for number, batch in enumerate(batches):
        people += len(batch)
        for which in sorted(range(len(sides)), reverse=number % 2 == 1):
            began = time.perf_counter()
            sides[which](batch)
            spent[which] += time.perf_counter() - began
    return [people / seconds for seconds in spent]


def _book(app: App, person_ids: range) -> None:
    outcomes = booking.book(app, [Reserve(Actor(person_id, "benchmark"), 1) for person_id in person_ids])
    for outcome in outcomes:
        if isinstance(outcome, ClassbookError):
            raise outcome


def _write(by_hand: handwritten.Writer, person_ids: range) -> None:
    if len(by_hand.reserve(1, person_ids)) != len(person_ids):
        raise RuntimeError("the hand-written side did not reserve for everybody")
