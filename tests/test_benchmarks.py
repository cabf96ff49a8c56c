"""The benchmarks run: very small here, so that they do not rot. What they find is not judged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import __main__ as benchmarks
from benchmarks import archive, crowds, handwritten, neighbours, overdue, seats, stage
from benchmarks import table as figures
from benchmarks.measure import Budget, Effort
from classbook.core import booking
from classbook.core.asks import Reserve
from classbook.store import tables
from classbook.store.database import Database
from classbook.values import Actor
from classbook.world import SystemClock
from tests.conftest import DATABASES
from tests.postgres import Server

TINY = Effort(
    people=1_000, rounds=1, seconds=0.2, lead_seconds=0.05, connections=(64,), batches=1, overdue_rounds=1,
    neighbour_seconds=0.3, turns=1, sold_before=1, archive=4_000, limit_seconds=10,
)  # fmt: skip
UNIQUE = {"id", "reservation_id", "offering_id", "pool_id", "subject_id", "nonce", "message_id"}
"""Columns that differ between any two reservations."""


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a database that the benchmarks can have, too."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("CLASSBOOK_BENCH_PG", server.url)
    return str(request.param)


@pytest.fixture
def on(database: str, tmp_path: Path) -> Iterator[stage.Stage]:
    with stage.stage(database, tmp_path) as made:
        yield made


def test_the_page_on_speed_explains_every_figure() -> None:
    page = (Path(__file__).parent.parent / "docs/speed.md").read_text()
    names = {re.split("[,:]", label.strip())[0] for label, _, _ in figures._lines()}
    assert len(names) >= 7
    assert [name for name in names if not re.search(rf"^\| {re.escape(name)}", page, re.MULTILINE)] == []
    assert all(f"`{name}`" in page for name in ("over_usual", "of_noop", "of_handwritten", "oversold", "lost"))


def test_the_rush_writes_the_ratios_of_the_contract(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "QUICK", TINY)
    assert benchmarks.main(["rush", "--quick", "--only", database, "--json", str(tmp_path / "found.json")]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert list(found) == [database]
    assert list(found[database]) == ["over_usual", "of_noop", "of_handwritten", "oversold", "lost"]
    assert found[database]["oversold"] == found[database]["lost"] == 0
    assert all(found[database][name] > 0 for name in ("over_usual", "of_noop", "of_handwritten"))
    assert "places sold twice" in capsys.readouterr().out


def test_hand_written_sql_writes_the_rows_that_the_desk_writes(on: stage.Stage) -> None:
    url = on.make("same_rows")
    stage.prepare(url, people=3, seats=[3, 3])
    with closing(handwritten.writer(url)) as by_hand:
        assert len(by_hand.reserve(1, [1, 2, 3])) == 3
    with stage.opened(url) as app:
        booking.book(app, [Reserve(Actor(person_id), 2) for person_id in (1, 2, 3)])
    for table in (tables.reservations, tables.claims, tables.moves, tables.codes, tables.messages):
        rows = _rows(url, table)
        assert len(rows) == 6
        for by_hand_row, row in zip(rows[:3], rows[3:], strict=True):
            assert by_hand_row == {name: _about(value) for name, value in row.items()}, table.name


def test_hand_written_sql_sells_no_place_twice_and_no_person_two(on: stage.Stage) -> None:
    url = on.make("full")
    stage.prepare(url, people=4, seats=[3])
    with closing(handwritten.writer(url)) as by_hand:
        assert len(by_hand.reserve(1, [1, 2])) == 2
        assert len(by_hand.reserve(1, [1, 2])) == 0
        assert len(by_hand.reserve(1, [2, 3, 4])) == 1
    assert len(stage.sold(url, 1)) == 3


def test_overdue_holds_make_room_for_the_next_reserve(on: stage.Stage) -> None:
    assert overdue.measure(on, rounds=1, holds=60).longest_seconds > 0


def test_neighbours_all_get_their_turn(tmp_path: Path) -> None:
    with stage.stage("sqlite", tmp_path) as on:
        assert neighbours.measure(on, seconds=TINY.neighbour_seconds).least_share > 0


def test_a_stadium_sells_out_as_was_promised(on: stage.Stage) -> None:
    found = seats.measure(on, seats=1_000, matches=2, sold_before=1, batch=40)
    assert found.promises.sold == 1_000
    assert (found.promises.sold_twice, found.promises.scattered, found.promises.needless) == (0, 0, 0)


def test_who_watches_the_picks_sees_every_broken_promise() -> None:
    def seen(*picks: list[str]) -> seats.Promises:
        return seats.witnessed([(len(labels), labels) for labels in picks], 1_000)

    assert seen(["A-1-1", "A-1-2"], ["A-1-3"]) == seats.Promises(2, 0, 3, sold_twice=0, scattered=0, needless=0)
    assert seen(["A-1-2"]).needless == 1
    assert seen(["A-1-38", "A-1-39"]).needless == 1
    assert seen(["A-1-1"], ["A-1-1"]).sold_twice == 1
    assert seen(["A-1-1", "A-2-2"]).scattered == 1
    assert seen(["A-1-1", "A-1-4"]).scattered == 1
    assert seats.witnessed([(3, None)], 1_000).refused == 1
    rows = [[f"A-{row}-{seat}" for seat in range(1, 41)] for row in range(1, 26)]
    assert seen(rows[0][:38], *rows[1:], ["A-1-39"]).needless == 0  # where only two are left, nobody can help it


def test_crowds_are_measured(on: stage.Stage) -> None:
    found = crowds.measure(on, turns=1, scale=0.02)
    assert found.packs_in_vain == 0
    assert found.slot_queries[0] == found.slot_queries[1] > 0


@pytest.mark.parametrize("command", ["lists", "export"])
def test_an_archive_is_read(
    command: str, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "QUICK", TINY)
    monkeypatch.setattr(archive, "FEW", 2_000)
    assert benchmarks.main([command, "--quick", "--only", database]) == 0
    assert {"lists": "from the middle", "export": "memory of an export"}[command] in capsys.readouterr().out


def test_a_budget_always_allows_one_round_and_none_that_would_not_fit() -> None:
    spent = Budget(0)
    assert spent.allows_another_round()
    assert not spent.allows_another_round()


def _rows(url: str, table: sa.Table) -> list[dict[str, Any]]:
    """The rows in the order in which they were written, without what is unique."""
    with closing(Database(url, clock=SystemClock())) as database, database.read() as tx:
        found = tx.connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings().all()
    return [{name: value for name, value in row.items() if name not in UNIQUE} for row in found]


def _about(value: Any) -> Any:
    """An instant within a minute of another is the same for us."""
    return pytest.approx(value, abs=timedelta(minutes=1)) if isinstance(value, datetime) else value
