"""Every list of both faces, with few rows and with many: the same number of queries, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.cli.root import every_command
from classbook.core import booking, wallet
from classbook.core.asks import Ask, ById, Move, Reserve
from classbook.store.database import Tx
from classbook.values import Offering, Person, Reservation, VenuePlan
from tests.conftest import Client, CommandLine
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    clock_time,
    hold,
    opened,
    person,
    rich,
)
from tests.web.conftest import tokens_of

FEW, MANY, MOST = 2, 40, 100


class House:
    """A house in which there are as many of everything as one wants."""

    def __init__(self, app: App, cast: Cast):
        self.app, self.cast, self.size = app, cast, 0
        self.members: list[Person] = []
        self.course = a_class(app, seats=MOST, by=as_person(cast.cleo))
        self.event = a_class(app, kind="event", seats=MOST)
        self.doctor = opened(app, a_doctor(app, per_day=MOST), "mon,tue,wed,thu,fri,sat,sun 00:00-24:00")
        self.court = a_court(app)
        self.arena: VenuePlan = a_venue(app, "A:10x10")
        self.match: Offering = a_match(app, self.arena, starts_in=timedelta(hours=20), prices={"A": "1"})
        rich(app, cast.ana, "900")
        self.booked: Reservation = hold(app, self.event, cast.ana)
        self.slot: Reservation = ask(app, booking_of(self.doctor, cast.ana, "00:15", days=9))

    def grow(self, size: int) -> None:
        """Until there are so many of everything."""
        for n in range(self.size, size):
            who = rich(self.app, person(self.app, f"Guest{n}"))
            self.members.append(who)
            for kind in ("class", "event"):
                a_class(self.app, kind=kind, starts_in=timedelta(days=2 + n))
            a_court(self.app, title=f"Court {n}")
            a_doctor(self.app, name=f"Dr. Q{n}")
            a_match(self.app, self.arena, starts_in=timedelta(days=2 + n), prices={"A": "1"})
            a_venue(self.app, "A:1x2", name=f"Hall {n}")
            wallet.top_up(self.app, CONSOLE, "1", person=self.cast.ana.id)
            quarter = clock_time("12:00", days=3) + timedelta(minutes=15 * n)
            asks: list[Ask] = [
                Reserve(as_person(who), self.course.id),
                Reserve(as_person(who), self.match.id, best=1),
                booking_of(self.court, self.cast.ana, "10:00-11:00", days=2 + n),
                booking_of(self.court, who, "10:00-11:00", days=2 + n),  # waits in line
                Reserve(as_person(who), self.doctor.id, starts_at=quarter),
                Move(CONSOLE, ById(self.booked.id), party=2 - n % 2),
            ]
            outcomes = booking.book(self.app, asks)
            assert all(isinstance(outcome, Reservation) for outcome in outcomes), outcomes
        self.size = size


@pytest.fixture
def house(app: App, cast: Cast) -> House:
    return House(app, cast)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are run within the block, whichever way they take."""
    seen: list[str] = []
    pipeline = Tx.pipeline

    def hot(tx: Tx, *queries: Any) -> Any:
        seen.extend(text for text, _ in filter(None, queries))
        return pipeline(tx, *queries)

    def core(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", core)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Tx, "pipeline", hot)
            yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", core)


def test_every_list_of_the_api_takes_as_many_queries_for_many_rows_as_for_few(
    house: House, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = client.bearing(tokens_of(house.app).access(house.cast.emma.id))
    lists = dict(listing_paths(admin.get("/api/schema/").json(), house))
    assert len(lists) > 20

    def queries() -> dict[str, tuple[int, int]]:
        found = {}
        for path, query in lists.items():
            with counted(monkeypatch) as seen:
                answer = admin.get(path + query)
            assert answer.status == 200, (path, answer.body)
            found[path] = (len(seen), rows_in(answer.json()))
        return found

    check_the_same(house, queries)


def test_an_empty_cursor_is_the_first_page(house: House, client: Client) -> None:
    admin = client.bearing(tokens_of(house.app).access(house.cast.emma.id))
    lists = [one for one in listing_paths(admin.get("/api/schema/").json(), house) if "limit=" in one[1]]
    assert len(lists) > 15
    for path, query in lists:
        first, same = admin.get(path + query), admin.get(f"{path}{query}&cursor=")
        assert (same.status, same.json()) == (200, first.json()), path


def listing_paths(schema: dict[str, Any], house: House) -> Iterator[tuple[str, str]]:
    """Paths that answer with a list, and the query that asks for much of it at once."""
    ids = {
        "classes": house.course.id,
        "events": house.event.id,
        "matches": house.match.id,
        "providers": house.doctor.id,
        "resources": house.court.id,
        "stadiums": house.arena.id,
        "reservations": house.booked.id,
        "appointments": house.slot.id,
        "wallets": wallet.show(house.app, CONSOLE, person=house.cast.ana.id).id,
    }
    more: dict[str, dict[str, Any]] = {
        "/api/v0/seats/": {"venue": house.arena.id},
        "/api/v0/tickets/": {"match": house.match.id},
        "/api/v0/providers/{id}/slots/": {"from": "2026-12-03", "to": "2026-12-13"},
        "/api/v0/resources/{id}/slots/": {"from": "2026-12-03", "to": "2026-12-13"},
    }
    for path, operations in schema["paths"].items():
        takes = {one["name"] for one in operations.get("get", {}).get("parameters", ())}
        size = {"limit", "page_size"} & takes
        if not size and not path.endswith("/seats/"):
            continue
        query = more.get(path, {}) | dict.fromkeys(size, MOST)
        sort = path.removeprefix("/api/v0/").partition("/")[0]
        filled = path if "{" not in path else path.replace(path[path.index("{") : path.index("}") + 1], str(ids[sort]))
        yield filled, "?" + "&".join(f"{name}={value}" for name, value in query.items())


def test_every_list_of_the_command_line_takes_as_many_queries_for_many_rows_as_for_few(
    house: House, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: dict[tuple[str, ...], list[Any]] = {
        ("reservation", "history"): [house.booked.code],
        ("wallet", "statement"): ["--user", house.cast.ana.email],
        ("slots",): [house.doctor.id, "--from", "2026-12-03", "--to", "2026-12-13"],
        ("class", "reservations"): [house.course.id],
        ("event", "reservations"): [house.event.id],
        ("match", "reservations"): [house.match.id],
        ("resource", "reservations"): [house.court.id],
        ("provider", "reservations"): [house.doctor.id],
    }
    lists = [
        path
        for path, command in every_command().items()
        if any("--limit" in param.opts for param in getattr(command, "params", ()))
    ]
    assert len(lists) > 10

    def queries() -> dict[str, tuple[int, int]]:
        found = {}
        for path in lists:
            with counted(monkeypatch) as seen:
                answer = cli.json(*path, *named.get(path, []), "--limit", MOST)
            found[" ".join(path)] = (len(seen), rows_in(answer))
        return found

    check_the_same(house, queries)


def check_the_same(house: House, queries: Any) -> None:
    house.grow(FEW)
    queries()  # what is remembered from then on is read once
    few = queries()
    house.grow(MANY)
    many = queries()
    assert {name: count for name, (count, _) in many.items()} == {name: count for name, (count, _) in few.items()}
    grown = [name for name in many if many[name][1] >= few[name][1] + MANY - FEW]
    assert len(grown) > len(many) * 2 / 3, sorted(set(many) - set(grown))


def rows_in(answer: Any) -> int:
    return len(answer["results"]) if "results" in answer else 0
