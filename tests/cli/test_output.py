"""The one printer: the same facts for people and for programs, and nothing in a text can do harm."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.cli.output import Column, Format, Printer, clean, csv_cell, local, period

COLUMNS = (
    Column("id", "id"),
    Column("title", "class"),
    Column("starts_at", "starts", shown=local("starts_at")),
    Column("timezone"),
    Column("policy.confirm"),
)
ROW: dict[str, Any] = {
    "id": 1,
    "title": "Yoga",
    "starts_at": "2026-12-01T17:00:00Z",
    "timezone": "Europe/Berlin",
    "policy": {"confirm": "code"},
}


def printed(page: dict[str, Any], form: Format, *, is_terminal: bool = False, has_colour: bool = False) -> str:
    stream = io.StringIO()
    printer = Printer(stream, is_terminal=is_terminal, has_colour=has_colour, zone=ZoneInfo("UTC"))
    printer.rows(page, COLUMNS, form)
    return stream.getvalue()


def card(row: dict[str, Any], *, is_terminal: bool, as_json: bool = False, has_colour: bool = False) -> str:
    stream = io.StringIO()
    Printer(stream, is_terminal=is_terminal, has_colour=has_colour, zone=ZoneInfo("UTC")).value(
        row, COLUMNS, as_json=as_json
    )
    return stream.getvalue()


def a_page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"results": list(rows), "next": None}


def test_json_is_the_page_itself() -> None:
    assert json.loads(printed(a_page(ROW), Format.json)) == a_page(ROW)


def test_jsonl_is_one_thing_a_line() -> None:
    assert [json.loads(line) for line in printed(a_page(ROW, ROW), Format.jsonl).splitlines()] == [ROW, ROW]


def test_tsv_has_the_names_and_times_of_the_json_form() -> None:
    assert printed(a_page(ROW), Format.tsv) == (
        "id\ttitle\tstarts_at\ttimezone\tpolicy.confirm\n1\tYoga\t2026-12-01T17:00:00Z\tEurope/Berlin\tcode\n"
    )


def test_an_empty_list_is_its_header() -> None:
    assert printed(a_page(), Format.csv) == "id,title,starts_at,timezone,policy.confirm\n"


def test_a_tsv_line_stays_a_line_and_a_cell_a_cell() -> None:
    text = printed(a_page(ROW | {"title": "a\tb\nc\\d\x1b[2J"}), Format.tsv)
    assert text.splitlines()[1].split("\t")[1] == r"a\tb\nc\\d\x1b[2J"


def test_nothing_is_cut_off_a_terminal() -> None:
    title = "x" * 5000
    for form in (Format.tsv, Format.csv, Format.jsonl, Format.json):
        assert title in printed(a_page(ROW | {"title": title}), form)


@pytest.mark.parametrize(
    "start", ["=1+1", "+49 30 1234", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1", "＋1", "－1", "＠A1"]
)
def test_a_spreadsheet_takes_no_text_for_a_formula(start: str) -> None:
    [_, row] = csv.reader(io.StringIO(printed(a_page(ROW | {"title": start}), Format.csv), newline=""))
    assert row[1] == "'" + start


def test_a_negative_number_stays_a_number() -> None:
    assert csv_cell(-5) == "-5"


@given(st.text(max_size=30), st.text(max_size=30))
def test_csv_reads_back(title: str, zone: str) -> None:
    text = printed(a_page(ROW | {"title": title, "timezone": zone}), Format.csv)
    [_, row] = csv.reader(io.StringIO(text, newline=""))
    assert row[1].removeprefix("'") == title.removeprefix("'") and row[3].removeprefix("'") == zone.removeprefix("'")


def test_a_table_shows_local_times_and_only_what_people_read() -> None:
    table = printed(a_page(ROW), Format.table, is_terminal=True)
    assert "Tue 1 Dec 2026 18:00 CET (UTC+1)" in table
    assert "policy.confirm" not in table and "Europe/Berlin" not in table


@pytest.mark.parametrize("title", ["[/A12]", "[red]x[/red]", ":smile:", "[link=http://x]y[/link]", "\\[x]"])
def test_a_title_is_never_markup(title: str) -> None:
    assert title in printed(a_page(ROW | {"title": title}), Format.table, is_terminal=True)
    assert title in card(ROW | {"title": title}, is_terminal=True)


@given(st.text())
def test_no_text_reaches_a_terminal_raw(title: str) -> None:
    for text in (
        printed(a_page(ROW | {"title": title}), Format.table, is_terminal=True),
        card(ROW | {"title": title}, is_terminal=True),
        clean(title),
    ):
        assert all(c.isprintable() or c in "\n\u200c\u200d" for c in text)


def test_colours_are_only_where_they_are_wanted() -> None:
    assert "\x1b[" not in printed(a_page(ROW), Format.table, is_terminal=True, has_colour=False)
    assert "\x1b[" not in card(ROW, is_terminal=True, has_colour=False)
    assert "\x1b[" in card(ROW, is_terminal=True, has_colour=True)


def test_a_value_is_a_card_on_a_terminal_and_lines_off_it() -> None:
    assert card(ROW, is_terminal=True) == "id      1\nclass   Yoga\nstarts  Tue 1 Dec 2026 18:00 CET (UTC+1)\n"
    assert card(ROW, is_terminal=False) == (
        "id\t1\ntitle\tYoga\nstarts_at\t2026-12-01T17:00:00Z\ntimezone\tEurope/Berlin\npolicy.confirm\tcode\n"
    )
    assert json.loads(card(ROW, is_terminal=True, as_json=True)) == ROW


def test_a_zone_nobody_knows_is_no_accident() -> None:
    assert "17:00 UTC" in card(ROW | {"timezone": "Mars/Olympus"}, is_terminal=True)


def test_a_field_that_is_not_there_is_empty() -> None:
    assert "policy.confirm\t\n" in card(ROW | {"policy": None}, is_terminal=False)


@pytest.mark.parametrize(
    ("start", "end", "zone", "shown"),
    [
        ("2026-12-04T09:00:00Z", "2026-12-04T10:30:00Z", "Europe/Berlin", "Fri 4 Dec 2026 10:00-11:30 CET (UTC+1)"),
        ("2026-12-04T09:00:00Z", "2026-12-04T10:30:00Z", "America/Sao_Paulo", "Fri 4 Dec 2026 06:00-07:30 (UTC-3)"),
        (
            "2026-12-04T22:30:00Z",
            "2026-12-04T23:30:00Z",
            "Europe/Berlin",
            "Fri 4 Dec 2026 23:30 CET (UTC+1) to Sat 5 Dec 2026 00:30 CET (UTC+1)",
        ),
        (
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "Europe/Berlin",
            "Sun 25 Oct 2026 02:30 CEST (UTC+2) to Sun 25 Oct 2026 02:30 CET (UTC+1)",
        ),
        ("2026-12-04T09:00:00Z", None, "UTC", "Fri 4 Dec 2026 09:00 UTC"),
        (None, None, "UTC", ""),
    ],
)
def test_a_period_says_nothing_twice_and_leaves_nothing_out(
    start: str | None, end: str | None, zone: str, shown: str
) -> None:
    assert period({"starts_at": start, "ends_at": end, "timezone": zone}, ZoneInfo("UTC")) == shown
