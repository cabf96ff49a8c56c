"""What stands beside a booking must not make it dear: other bookings, a long queue, a full calendar, a price."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

from benchmarks import stage
from benchmarks.sides import Act, Cost, booked, compare
from classbook.app import App
from classbook.core import booking, catalog, providers, schedules, wallet
from classbook.core.asks import Ask, Reserve
from classbook.rules import packing, shelves
from classbook.rules.opening import parse_weekly
from classbook.store.database import Tx
from classbook.values import Actor, Offering

BATCH: Final = 200
CLAIMS: Final = 10_000
FEW_CLAIMS: Final = 100
QUEUED: Final = 5_000
APPOINTMENTS: Final = 1_000
PACKED: Final = 2_000
"""Asks for random times on a pool of few units, which is ever more in pieces."""
_UNITS: Final = 4
_PEOPLE: Final = 8_000
_HOUR: Final = timedelta(hours=1)
_CONSOLE: Final = Actor(request_id="benchmark")


@dataclass(frozen=True, slots=True)
class Crowds:
    """What was found."""

    beside_claims: Cost
    """A batch on a pool with `CLAIMS` bookings at other times, over the same beside `FEW_CLAIMS`."""
    joining_queue: Cost
    """A batch that joins the queue of a full class behind `QUEUED` others, over one that finds no queue."""
    refused_queue: Cost
    """The same where everybody is refused."""
    packs: int
    """How often the bookings of a pool were laid out anew."""
    packs_in_vain: int
    """How often that was tried and did not help."""
    slots: Cost
    """Free slots of 30 days where `APPOINTMENTS` are booked, over an empty calendar."""
    slot_queries: tuple[int, int]
    """How many queries either took."""
    priced: Cost
    """A batch of reserves of a class that has a price, over one that has none."""


def measure(on: stage.Stage, *, turns: int, scale: float = 1.0) -> Crowds:
    """Everything, in turns of a batch each. ``scale`` below 1 is for trying whether it runs at all."""
    size = _Size(scale)
    joining, refused = _queue(on, size, turns)
    packs, packs_in_vain = _packs(on, size)
    slots, slot_queries = _slots(on, size, turns)
    return Crowds(
        beside_claims=_beside_claims(on, size, turns),
        joining_queue=joining,
        refused_queue=refused,
        packs=packs,
        packs_in_vain=packs_in_vain,
        slots=slots,
        slot_queries=slot_queries,
        priced=_priced(on, size, turns),
    )


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of everything."""

    scale: float

    def of(self, count: int) -> int:
        return max(1, round(count * self.scale))

    @property
    def batch(self) -> int:
        return self.of(BATCH)


# --- other bookings -------------------------------------------------------------------------------------------------


def _beside_claims(on: stage.Stage, size: _Size, turns: int) -> Cost:
    """The calendar is taken every other hour, in full; the asks are for the hours between, and meet nobody."""
    with _two(on, "many", "few") as apps:
        sides = []
        for app, claims in zip(apps, (size.of(CLAIMS), size.of(FEW_CLAIMS)), strict=True):
            court = _court(app, units=_UNITS)
            hours = [hour for hour in range(2, 2 + 2 * claims // _UNITS, 2) for _ in range(_UNITS)]
            for first in range(0, len(hours), BATCH):
                others = enumerate(hours[first : first + BATCH], start=BATCH + 1 + first % (_PEOPLE - 2 * BATCH))
                booked(app, [_at(court, person_id, hour) for person_id, hour in others])

            stage.look_over(app.settings.database.url)

            def side(turn: int, app: App = app, court: int = court) -> Act:
                hours = range(3 + 2 * turn * size.batch, 3 + 2 * (turn + 1) * size.batch, 2)
                asks = [_at(court, n, hour) for n, hour in enumerate(hours, start=1)]
                return lambda: booked(app, asks)

            sides.append(side)
        return compare(*sides, turns=turns)


def _at(court: int, person_id: int, hour: int) -> Reserve:
    starts_at = _hour(hour)
    return Reserve(Actor(person_id, "benchmark"), court, starts_at=starts_at, ends_at=starts_at + _HOUR)


def _hour(number: int) -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=2, hours=number)


# --- a queue --------------------------------------------------------------------------------------------------------


def _queue(on: stage.Stage, size: _Size, turns: int) -> tuple[Cost, Cost]:
    """Full classes, a fresh one for each turn where nobody is to be in line yet."""
    places = size.of(BATCH)
    with _one(on, "queue", seats=[places] * (2 * turns + 4)) as app:
        for class_id in range(1, 2 * turns + 5):
            booked(app, _reserves(class_id, range(1, places + 1)))
        lined, plain = iter((1, 2)), iter(range(3, 2 * turns + 5))
        costs = []
        for queue in (True, False):
            crowded, others = next(lined), [next(plain) for _ in range(turns + 1)]
            waiting = range(places + 1, places + 1 + size.of(QUEUED))
            for at in range(0, len(waiting), BATCH):
                booked(app, _reserves(crowded, waiting[at : at + BATCH], queue=True))

            def behind(turn: int, crowded: int = crowded, last: int = waiting[-1], queue: bool = queue) -> Act:
                people = range(last + 1 + turn * size.batch, last + 1 + (turn + 1) * size.batch)
                asks = _reserves(crowded, people, queue=queue)
                return lambda: booking.book(app, asks)

            def first(turn: int, others: Sequence[int] = others, queue: bool = queue) -> Act:
                asks = _reserves(others[turn], range(places + 1, places + 1 + size.batch), queue=queue)
                return lambda: booking.book(app, asks)

            costs.append(compare(behind, first, turns=turns))
        return costs[0], costs[1]


def _reserves(class_id: int, people: Sequence[int], *, queue: bool | None = None) -> list[Ask]:
    return [Reserve(Actor(id, "benchmark"), class_id, queue=queue) for id in people]


# --- packing --------------------------------------------------------------------------------------------------------


def _packs(on: stage.Stage, size: _Size) -> tuple[int, int]:
    """Random times on a few units until hardly anything fits: how often they were laid out anew, and how often in vain.

    One ask at a time, so that nothing but the ask decides what is looked at.
    """
    chance, tried = random.Random(3), list[bool]()
    with _one(on, "packing") as app, _watching(tried):
        court = _court(app, units=_UNITS)
        for n in range(size.of(PACKED)):
            quarter = timedelta(minutes=15)
            starts_at = _hour(0) + chance.randrange(14 * 96) * quarter
            ends_at = starts_at + chance.randint(2, 24) * quarter
            booking.book(app, [Reserve(Actor(1 + n % 500), court, starts_at=starts_at, ends_at=ends_at, queue=False)])
    return len(tried), tried.count(False)


@contextmanager
def _watching(tried: list[bool]) -> Iterator[None]:
    """Notes of every packing whether it helped."""
    real = packing.repack

    def repack(*claims: Any, **wanted: Any) -> Any:
        found = real(*claims, **wanted)
        tried.append(found is not None)
        return found

    with patch.object(shelves, "repack", repack):
        yield


# --- a full calendar ------------------------------------------------------------------------------------------------


def _slots(on: stage.Stage, size: _Size, turns: int) -> tuple[Cost, tuple[int, int]]:
    """Slots of a quarter of an hour, eight hours of each day."""
    with _one(on, "slots") as app:
        full, empty = (_doctor(app, name) for name in ("full", "empty"))
        found = schedules.free(app, full, start=_hour(0), end=_hour(30 * 24), limit=200)
        taken = 0
        while taken < size.of(APPOINTMENTS) and found.results:
            asks = [
                Reserve(Actor(taken + n, "benchmark"), full, starts_at=slot.start)
                for n, slot in enumerate(found.results[: size.of(APPOINTMENTS) - taken], start=1)
            ]
            taken += len(booked(app, asks))
            found = schedules.free(app, full, start=_hour(0), end=_hour(30 * 24), limit=200)

        def look(offering_id: int) -> Act:
            return lambda: schedules.free(app, offering_id, start=_hour(0), end=_hour(30 * 24), limit=200)

        queries = tuple(_queries(look(offering_id)) for offering_id in (full, empty))
        return compare(lambda _: look(full), lambda _: look(empty), turns=3 * turns), (queries[0], queries[1])


def _queries(act: Act) -> int:
    """How many queries something takes."""
    real, count = Tx.pipeline, 0

    def pipeline(tx: Tx, *queries: Any) -> Any:
        nonlocal count
        count += len(queries)
        return real(tx, *queries)

    with patch.object(Tx, "pipeline", pipeline):
        act()
    return count


# --- a price --------------------------------------------------------------------------------------------------------


def _priced(on: stage.Stage, size: _Size, turns: int) -> Cost:
    """Everybody has a wallet, and enough in it."""
    places = size.batch * (turns + 1)
    with _two(on, "priced", "free") as apps:
        sides = []
        for app, price in zip(apps, ("12.50", None), strict=True):
            class_id = _class(app, seats=places, price=price)
            for person_id in range(1, places + 1 if price else 1):
                wallet.top_up(app, _CONSOLE, "20", person=person_id)

            def side(turn: int, app: App = app, class_id: int = class_id) -> Act:
                people = range(1 + turn * size.batch, 1 + (turn + 1) * size.batch)
                return lambda: booked(app, _reserves(class_id, people))

            sides.append(side)
        return compare(*sides, turns=turns)


# --- where it happens -----------------------------------------------------------------------------------------------


@contextmanager
def _one(on: stage.Stage, name: str, *, seats: Sequence[int] = ()) -> Iterator[App]:
    url = on.make(name)
    stage.prepare(url, people=_PEOPLE, seats=seats)
    # The same people fill one class after the other, and hold more than one person may.
    with stage.opened(url, policy={"class": {"open_holds": 0}}) as app:
        yield app


@contextmanager
def _two(on: stage.Stage, ours: str, theirs: str) -> Iterator[tuple[App, App]]:
    """Each side has a database of its own."""
    with _one(on, ours) as one, _one(on, theirs) as other:
        yield one, other


def _court(app: App, *, units: int) -> int:
    return _made(app, "resource", {"title": "Court", "seats": units, "timezone": "UTC"})


def _class(app: App, *, seats: int, price: str | None) -> int:
    starts_at = _hour(24)
    span = {"starts_at": starts_at, "ends_at": starts_at + _HOUR}
    return _made(app, "class", {"title": "Yoga", "seats": seats, "price": price, **span})


def _made(app: App, kind: str, fields: dict[str, Any]) -> int:
    made = catalog.create(app, _CONSOLE, kind, fields)
    assert isinstance(made, Offering)
    return made.id


def _doctor(app: App, name: str) -> int:
    made = providers.create(app, _CONSOLE, email=f"{name}@example.org", name=name, timezone="UTC")
    assert isinstance(made, Offering)
    schedules.add(app, _CONSOLE, made.id, [parse_weekly("mon,tue,wed,thu,fri,sat,sun 08:00-12:00,13:00-17:00")])
    return made.id
