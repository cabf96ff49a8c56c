"""`export`: everything of one sort as a file, in constant memory, and never half there."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import tracemalloc
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classbook.app import App
from classbook.cli import workbook
from classbook.cli.export import COLUMNS, Sort
from classbook.cli.output import Format, Printer, csv_cell, text_cell
from classbook.cli.root import every_command
from classbook.core import exports, people, wallet
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.core.pages import MOST_PER_PAGE
from classbook.store import flat, tables
from classbook.testing import FrozenClock
from tests.conftest import CommandLine
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    hold,
)  # fmt: skip
from tests.sheets import sheets


@pytest.fixture
def house(app: App, cast: Cast) -> None:
    """Something of every sort."""
    match = a_match(app, a_venue(app, "A:1x4"), prices={"A": "12.50"})
    wallet.top_up(app, CONSOLE, "50", person=cast.ana.id)
    ask(app, Reserve(as_person(cast.ana), match.id, seats=("A-1-1", "A-1-2")))
    ask(app, Reserve(as_person(cast.ben), a_class(app, title="=1+1").id))
    a_court(app)


def table(name: str) -> list[dict[str, str]]:
    with open(name, newline="") as file:
        return list(csv.DictReader(file))


def test_each_sort_is_a_file_with_a_row_for_each(house: None, cli: CommandLine) -> None:
    for sort in exports.SORTS:
        cli("export", sort, "--output", f"{sort}.csv", code=0)
    assert {row["user.email"]: row["seats"] for row in table("reservations.csv")} == {
        "ana@example.org": "A-1-1 A-1-2",
        "ben@example.org": "",
    }
    assert [(row["kind"], row["amount.amount"]) for row in table("transfers.csv")] == [
        ("payment", "25.00"),
        ("top_up", "50.00"),
    ]
    assert [row["email"] for row in table("people.csv")] == ["ana@example.org", "ben@example.org"]
    assert {row["kind"] for row in table("offerings.csv")} == {"class", "match", "resource"}


def test_json_lines_hold_what_the_list_holds(house: None, cli: CommandLine) -> None:
    lines = cli("export", "reservations", "--format", "jsonl", "--output", "-", code=0).out.splitlines()
    assert [json.loads(line) for line in lines] == cli.json("reservation", "list")["results"]


def test_a_text_is_no_formula_and_a_number_stays_one(house: None, cli: CommandLine, app: App) -> None:
    people.create(app, CONSOLE, email="phone@example.org", name="Phone", phone="+49 30 1234")
    for sort in ("offerings", "people", "reservations"):
        cli("export", sort, "--output", f"{sort}.csv", code=0)
    assert "'=1+1" in {row["title"] for row in table("offerings.csv")}
    assert "'=1+1" in {row["offering.title"] for row in table("reservations.csv")}
    assert "'+49 30 1234" in {row["phone"] for row in table("people.csv")}
    assert "12.50" in {row["price.amount"] for row in table("offerings.csv")}


def test_a_file_is_for_its_owners_eyes_and_replaced_as_a_whole(house: None, cli: CommandLine) -> None:
    cli("export", "people", "--output", "people.csv", code=0)
    before = os.stat("people.csv")
    assert stat.S_IMODE(before.st_mode) == 0o600
    cli("export", "people", "--output", "people.csv", code=0)
    assert os.stat("people.csv").st_ino != before.st_ino
    assert [name for name in os.listdir() if name.startswith(".")] == []


@pytest.mark.parametrize("output", ["link.csv", "dangling.csv", "pipe.csv", "folder.csv", "/dev/null", "no/such.csv"])
def test_no_link_is_followed_and_nothing_but_a_file_replaced(output: str, house: None, cli: CommandLine) -> None:
    Path("real.csv").write_text("precious")
    Path("link.csv").symlink_to("real.csv")
    Path("dangling.csv").symlink_to("not-there.csv")
    os.mkfifo("pipe.csv")
    Path("folder.csv").mkdir()
    before = sorted(os.listdir())
    cli("export", "people", "--format", "csv", "--output", output, code=3)
    assert Path("real.csv").read_text() == "precious"
    assert sorted(os.listdir()) == before


def test_a_link_that_is_put_there_meanwhile_is_replaced_and_not_followed(
    house: None, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("real.csv").write_text("precious")
    rows = exports.rows

    def slow(*arguments: Any) -> Any:
        for row in rows(*arguments):
            if not os.path.lexists("people.csv"):
                Path("people.csv").symlink_to("real.csv")
            yield row

    monkeypatch.setattr(exports, "rows", slow)
    cli("export", "people", "--output", "people.csv", code=0)
    assert Path("real.csv").read_text() == "precious"
    assert not Path("people.csv").is_symlink()


def test_who_may_not_see_it_exports_nothing_and_the_old_file_stays(house: None, cast: Cast, cli: CommandLine) -> None:
    Path("people.csv").write_text("old")
    cli("--as", cast.ana.email, "export", "people", "--output", "people.csv", code=6)
    assert Path("people.csv").read_text() == "old"
    cli("--as", cast.ana.email, "export", "reservations", "--output", "mine.csv", code=0)
    assert [row["user.email"] for row in table("mine.csv")] == ["ana@example.org"]


def test_how_it_is_asked_for(house: None, cli: CommandLine) -> None:
    assert "--format" in cli("export", "people", "--output", "people", code=2).err
    assert "--json" in cli("--json", "export", "people", "--output", "-", code=2).err
    assert cli("export", "teapots", "--output", "-", "--format", "csv").code == 2
    assert cli.json("export", "people", "--output", "people.jsonl") == {
        "sort": "people",
        "file": "people.jsonl",
        "rows": 2,
    }


def test_its_memory_is_that_of_a_page(app: App) -> None:
    def peak_of(rows: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in exports.rows(app, CONSOLE, "people")) == rows
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    def crowd(numbers: range) -> None:
        rows = [(f"{n}@example.org", f"N{n}", "member", "UTC", 0) for n in numbers]
        app.store.write(
            lambda tx: tx.write_all(tx.inserting(tables.people, "email name role timezone created_at", rows))
        )

    two, ten = 2 * MOST_PER_PAGE, 10 * MOST_PER_PAGE
    crowd(range(two))
    peak_of(two)
    of_two = peak_of(two)
    crowd(range(two, ten))
    assert peak_of(ten) < 1.5 * of_two


def test_offerings_of_every_kind_come_through_pages(app: App) -> None:
    for number in range(MOST_PER_PAGE + 2):
        a_class(app, starts_in=timedelta(days=1, minutes=number))
    assert sum(1 for _ in exports.rows(app, CONSOLE, "offerings")) == MOST_PER_PAGE + 2


def test_the_command_knows_every_sort() -> None:
    [sort] = [param for param in every_command()["export",].params if param.name == "sort"]
    assert set(sort.type.choices) == exports.SORTS.keys()


def test_a_spreadsheet_has_numbers_instants_and_texts(house: None, cli: CommandLine, app: App) -> None:
    people.create(app, CONSOLE, email="phone@example.org", name="https://example.org", phone="+49 30 1234")
    for sort in exports.SORTS:
        cli("export", sort, "--output", f"{sort}.xlsx", code=0)
    [held] = [row for row in spreadsheet("reservations") if row["user.email"] == "ana@example.org"]
    assert (held["party"], held["seats"], held["price.amount"]) == (2, "A-1-1 A-1-2", 25)
    assert held["starts_at"] == datetime(2026, 12, 2, 9)
    assert "=1+1" in {row["offering.title"] for row in spreadsheet("reservations")}
    assert ("https://example.org", "+49 30 1234") in {(row["name"], row["phone"]) for row in spreadsheet("people")}


def spreadsheet(sort: str) -> list[dict[str, Any]]:
    """The rows of an exported spreadsheet."""
    [(title, [names, *rows])] = sheets(Path(f"{sort}.xlsx")).items()
    assert title == sort
    return [dict(zip_longest(names, row)) for row in rows]


def test_more_rows_than_a_sheet_holds_go_on_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with open(tmp_path / "many.xlsx", "wb") as file, workbook.book(file) as made:
        made.sheet("many", ("n",), ([n] for n in range(5)))
    assert sheets(tmp_path / "many.xlsx") == {
        "many": [["n"], [0], [1]],
        "many 2": [["n"], [2], [3]],
        "many 3": [["n"], [4]],
    }


def test_many_reservations_are_written_as_each_by_itself(app: App, cast: Cast, cli: CommandLine) -> None:
    """The quick way to CSV says what the way of all others says, in every state and with seats, prices and vouchers."""
    clock = app.clock
    assert isinstance(clock, FrozenClock)
    match = a_match(app, a_venue(app, "A:2x4"), prices={"A": "12.50"}, starts_in=timedelta(days=9))
    for who in (cast.ana, cast.ben):
        wallet.top_up(app, CONSOLE, "50", person=who.id)
    ask(app, Confirm(CONSOLE, ById(ask(app, Reserve(as_person(cast.ana), match.id, seats=("A-1-1", "A-1-2"))).id)))
    gone = ask(app, Reserve(as_person(cast.ben), match.id, best=2))
    ask(app, Cancel(as_person(cast.ben), ById(gone.id)))
    full = a_class(app, title='=He said, "no"', seats=1, queues=True, starts_in=timedelta(days=8))
    for who in (*cast.crowd(3), cast.ana):
        ask(app, Reserve(as_person(who), full.id))
    late = a_class(app, seats=9, check_in=True, starts_in=timedelta(minutes=1), grace_seconds=30, confirm="none")
    ask(app, Reserve(as_person(cast.ana), late.id))
    hold(app, late, cast.ben)
    ask(app, booking_of(a_court(app, confirm="none"), cast.ben, "10:00-11:00"))
    clock.advance(timedelta(seconds=90, microseconds=17))
    whole = a_class(app, title="Called off")
    hold(app, whole, cast.ana)
    app.store.write(lambda tx: tx.change("UPDATE offerings SET cancelled_at = 1 WHERE id = ?", whole.id))
    for acting in ([], ["--as", cast.ana.email]):
        quick = cli(*acting, "export", "reservations", "--format", "csv", "--output", "-", code=0).out
        rows = [
            json.loads(line)
            for line in cli(
                *acting, "export", "reservations", "--format", "jsonl", "--output", "-", code=0
            ).out.splitlines()
        ]
        for row in rows:
            row["seats"] = " ".join(place["seat"] for place in row["places"] if place["seat"])
        text = io.StringIO()
        printer = Printer(text, is_terminal=False, has_colour=False, zone=ZoneInfo("UTC"))
        printer.rows({"results": rows}, COLUMNS[Sort.reservations], Format.csv)
        assert quick == text.getvalue()
    seen = {row["state"] for row in cli.json("reservation", "list", "--limit", 200)["results"]}
    assert seen == {"held", "queued", "confirmed", "cancelled", "expired"}


def test_what_is_kept_in_memory_has_a_bound(
    app: App, cast: Cast, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in cast.crowd(5):
        hold(app, a_class(app), who)
    whole = cli("export", "reservations", "--format", "csv", "--output", "-", code=0).out
    monkeypatch.setattr(flat, "MOST_KEPT", 1)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    assert cli("export", "reservations", "--format", "csv", "--output", "-", code=0).out == whole
    assert whole.count("\n") == 6


@pytest.mark.parametrize(
    "text", ["plain", "", "=1", "+1", "-1", "@x", "\t", "\r", "a\rb", "a,b", 'a"b', "a\nb", "＝1", "\0"]
)
def test_a_cell_is_the_same_whichever_way_it_is_made(text: str) -> None:
    assert text_cell(text) == csv_cell(text)
