"""People buy the best seats of a stadium until it is sold out: what a pick costs, and whether it keeps its promises."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks import stage
from benchmarks.sides import Act, Cost, booked, cost, take_turns
from classbook.app import App
from classbook.core import booking, catalog, venues
from classbook.core.asks import Reserve
from classbook.rules.plan_files import from_options
from classbook.values import Actor, Offering, Outcome, Reservation, VenuePlan

SEATS: Final = 10_000
MATCHES: Final = 18
BATCH: Final = 200
LARGEST: Final = 6
"""People want one to so many seats next to each other, each as often."""
_ROWS: Final = 25
_ROW_SEATS: Final = 40
_CONSOLE: Final = Actor(request_id="benchmark")

Pick = tuple[int, Sequence[str] | None]
"""How many seats were wanted, and the labels of those that were got; None for a refusal."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What somebody saw who watched all picks, and knows nothing of how they are made."""

    picks: int
    refused: int
    """Asks for more seats next to each other than were left so in any row."""
    sold: int
    sold_twice: int
    scattered: int
    """Picks that are not next to each other in one row."""
    needless: int
    """Picks that left a single seat behind, although as many seats somewhere else would have left none."""


@dataclass(frozen=True, slots=True)
class Seats:
    """What was found while a stadium sold out."""

    promises: Promises
    in_season: Cost
    """A batch of picks where the stadium has a season of matches, over one where it has this match only."""
    over_places: Cost
    """A batch of picks, over as many plain reserves of a class."""


def measure(
    on: stage.Stage, *, seats: int = SEATS, matches: int = MATCHES, sold_before: int = 2, batch: int = BATCH
) -> Seats:
    """Sell out a match of one stadium, and of another where ``sold_before`` batches of each other match are sold."""
    alone_url, season_url = on.make("alone"), on.make("season")
    for url in (alone_url, season_url):
        stage.prepare(url, people=seats, seats=[seats])
    with stage.opened(alone_url) as alone, stage.opened(season_url) as season:
        match_id, venue = _a_match(alone, _a_venue(alone, seats), week=0), _a_venue(season, seats)
        for week in range(1, matches):
            asks = _batches(_a_match(season, venue, week=week), seed=week, people=seats, batch=batch)
            for _ in range(sold_before):
                booking.book(season, next(asks))
        stage.look_over(season_url)
        sale: list[tuple[Reserve, Outcome]] = []
        picks = _batches(match_id, seed=0, people=seats, batch=batch)
        season_picks = _batches(_a_match(season, venue, week=0), seed=0, people=seats, batch=batch)

        def pick(_: int) -> Act:
            asks = next(picks)
            return lambda: sale.extend(zip(asks, booking.book(alone, asks), strict=True))

        def pick_in_season(_: int) -> Act:
            asks = next(season_picks)
            return lambda: booking.book(season, asks)

        def reserve(turn: int) -> Act:
            people = range(1 + turn * batch, 1 + (turn + 1) * batch)
            return lambda: booked(alone, [Reserve(Actor(id, "benchmark"), 1) for id in people])

        # As long as every batch finds its seats: the last ones are mostly refusals, and refusals are cheap.
        turns = seats * 2 * 9 // (batch * (LARGEST + 1) * 10)
        picked, in_season, plain = take_turns([pick, pick_in_season, reserve], turns=max(turns, 2))
        while (promises := witnessed([_seen(*one) for one in sale], seats)).sold < seats:
            pick(0)()
    if len(stage.sold_units(alone_url, match_id)) != promises.sold:
        raise RuntimeError("the database does not have the seats that were promised")
    return Seats(promises, cost(in_season[1:], picked[1:]), cost(picked[1:], plain[1:]))


def witnessed(picks: Iterable[Pick], seats: int) -> Promises:
    """Look at every pick with the seats as they were before it."""
    rows = {row: [True] * _ROW_SEATS for row in _rows(seats)}
    fits = {row: _leave_no_single(free) for row, free in rows.items()}
    made = refused = sold_twice = scattered = needless = 0
    for wanted, labels in picks:
        if labels is None:
            refused += 1
            continue
        made += 1
        avoidable = any(wanted in sizes for sizes in fits.values())
        got = [(row, int(seat) - 1) for row, _, seat in (label.rpartition("-") for label in labels)]
        for row, seat in got:
            sold_twice += not rows[row][seat]
            rows[row][seat] = False
        (row, *others), first, last = {row for row, _ in got}, min(got)[1], max(got)[1]
        scattered += bool(others) or (len(got), last - first) != (wanted, wanted - 1)
        needless += avoidable and (_is_single(rows[row], first - 1) or _is_single(rows[row], last + 1))
        fits[row] = _leave_no_single(rows[row])
    return Promises(made, refused, seats - sum(map(sum, rows.values())), sold_twice, scattered, needless)


def _seen(ask: Reserve, outcome: Outcome) -> Pick:
    labels = [place.seat or "" for place in outcome.places] if isinstance(outcome, Reservation) else None
    return ask.best or 0, labels


def _leave_no_single(free: Sequence[bool]) -> set[int]:
    """How many seats next to each other can be taken so that no single one is left beside them."""
    runs = {len(run) for run in "".join("." if seat else " " for seat in free).split()}
    return {
        wanted
        for wanted in range(1, LARGEST + 1)
        for run in runs
        for before in range(run - wanted + 1)
        if 1 not in (before, run - wanted - before)
    }


def _is_single(free: Sequence[bool], seat: int) -> bool:
    def is_free(number: int) -> bool:
        return 0 <= number < len(free) and free[number]

    return is_free(seat) and not is_free(seat - 1) and not is_free(seat + 1)


def _rows(seats: int) -> list[str]:
    """The labels of the rows of so many seats."""
    stands = range(seats // (_ROWS * _ROW_SEATS))
    return [f"{chr(ord('A') + stand)}-{row}" for stand in stands for row in range(1, _ROWS + 1)]


def _a_venue(app: App, seats: int) -> VenuePlan:
    stands = dict.fromkeys(row.partition("-")[0] for row in _rows(seats))
    plan = from_options([f"{stand}:{_ROWS}x{_ROW_SEATS}" for stand in stands])
    made = venues.create(app, _CONSOLE, name="Arena", timezone="UTC", plan=plan)
    assert isinstance(made, VenuePlan)
    return made


def _a_match(app: App, venue: VenuePlan, *, week: int) -> int:
    starts_at = datetime.now(UTC) + timedelta(days=1, weeks=week)
    span = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)}
    made = catalog.create(app, _CONSOLE, "match", {"title": f"Match {week}", "venue_id": venue.id, **span})
    assert isinstance(made, Offering)
    return made.id


def _batches(match_id: int, *, seed: int, people: int, batch: int) -> Iterator[list[Reserve]]:
    """Everybody asks once: so many batches that they sell out any stadium of as many seats as there are people."""
    chance = random.Random(seed)
    asks = (Reserve(Actor(id, "benchmark"), match_id, best=chance.randint(1, LARGEST)) for id in range(1, people + 1))
    while several := [ask for _, ask in zip(range(batch), asks, strict=False)]:
        yield several
