"""`report`: the same figures in every form, and a file that is there as a whole or not at all."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from classbook.cli.files import write_whole
from classbook.errors import Exists, Invalid
from tests.makers import a_class, a_court

NOTHING = {
    "total": 0,
    "total_users_enrolled": 0,
    "confirmed_seats": [],
    "active": 0,
    "upcoming": 0,
    "completed": 0,
}


@pytest.fixture
def figures(app: Any, cast: Any, cli: Any) -> dict[str, Any]:
    """Two classes, one of them with a confirmed party of two."""
    yoga, _ = a_class(app, confirm="none"), a_class(app, title="Judo")
    cli("reserve", yoga.id, "--user", cast.ana.email, "--party", 2, code=0)
    found: dict[str, Any] = cli.json("report")
    return found


def test_the_figures_are_those_of_the_document(figures: dict[str, Any]) -> None:
    assert figures == {
        "total_classes": 2,
        "total_users_enrolled": 1,
        "confirmed_seats": [{"class_id": 1, "confirmed": 2}, {"class_id": 2, "confirmed": 0}],
        "active_classes": 2,
        "upcoming_classes": 2,
        "completed_classes": 0,
        **dict.fromkeys(("events", "matches", "appointments", "resources"), NOTHING),
    }


def test_a_table_of_figures_is_lines_off_a_terminal(figures: dict[str, Any], cli: Any) -> None:
    lines = [line.split("\t") for line in cli("report", code=0).out.splitlines()]
    assert lines[0] == ["figure", "class_id", "value", "offering_id"]
    assert ["total_classes", "", "2", ""] in lines and ["confirmed_seats", "1", "2", "1"] in lines
    assert ["events.total", "", "0", ""] in lines


def test_other_kinds_have_the_same_figures(app: Any, cast: Any, cli: Any) -> None:
    talk, court = a_class(app, kind="event"), a_court(app)
    cli("reserve", talk.id, "--user", cast.ana.email, "--party", 2, code=0)
    found = cli.json("report")
    assert found["events"] == {
        "total": 1,
        "total_users_enrolled": 1,
        "confirmed_seats": [{"offering_id": talk.id, "confirmed": 2}],
        "active": 1,
        "upcoming": 1,
        "completed": 0,
    }
    assert (found["resources"]["total"], found["resources"]["active"], found["resources"]["upcoming"]) == (1, 1, 0)
    assert found["resources"]["confirmed_seats"] == [{"offering_id": court.id, "confirmed": 0}]
    assert found["total_classes"] == 0 and found["matches"] == NOTHING
    lines = [line.split("\t") for line in cli("report", code=0).out.splitlines()]
    assert ["events.confirmed_seats", "", "2", str(talk.id)] in lines


def test_a_span_of_days_counts_only_what_begins_in_it(figures: dict[str, Any], cli: Any) -> None:
    assert cli.json("report", "--from", "2026-12-02", "--to", "2026-12-02")["total_classes"] == 2
    assert "--to: before Wed 2 Dec 2026 00:00 UTC\n" in cli("report", "--to", "2026-12-01").err
    assert cli.json("report", "--to", "2026-12-01")["total_classes"] == 0
    assert cli.json("report", "--from", "2026-12-03")["total_classes"] == 0


@pytest.mark.parametrize("name", ["report.csv", "report.json", "report.tsv", "report.jsonl"])
def test_a_file_gets_the_form_its_name_says(name: str, figures: dict[str, Any], cli: Any) -> None:
    ran = cli("report", "--output", name, code=0)
    assert ran.out == "" and ran.err == f"{name} is written\n"
    assert Path(name).read_text() == cli("report", "--format", name.partition(".")[2]).out
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600


def test_csv_reads_back(figures: dict[str, Any], cli: Any) -> None:
    cli("report", "--output", "report.csv", code=0)
    with open("report.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["figure"]: row["value"] for row in rows if not row["class_id"]}["total_users_enrolled"] == "1"


def test_a_report_that_is_replaced_keeps_its_permissions(figures: dict[str, Any], cli: Any) -> None:
    Path("report.csv").write_text("old")
    Path("report.csv").chmod(0o644)
    cli("report", "--output", "report.csv", code=0)
    assert stat.S_IMODE(Path("report.csv").stat().st_mode) == 0o644


@pytest.mark.parametrize("output", ["no/such/report.csv", "link.csv", "folder.csv", "/dev/null"])
def test_what_is_no_place_for_a_file_is_refused(output: str, figures: dict[str, Any], cli: Any) -> None:
    Path("real.csv").write_text("precious")
    Path("link.csv").symlink_to("real.csv")
    Path("folder.csv").mkdir()
    before = sorted(os.listdir())
    cli("report", "--output", output, "--format", "csv", code=3)
    assert Path("real.csv").read_text() == "precious" and sorted(os.listdir()) == before


def test_a_file_without_a_form_is_wrong_usage(cli: Any) -> None:
    assert "say --format" in cli("report", "--output", "report", code=2).err


def test_a_dash_is_standard_output(figures: dict[str, Any], cli: Any) -> None:
    assert cli("report", "--output", "-", "--format", "csv").out.startswith("figure,class_id,value,offering_id\n")


def test_a_refused_report_leaves_the_old_one(cli: Any, cast: Any) -> None:
    Path("report.csv").write_text("old")
    cli("--as", cast.ana.email, "report", "--output", "report.csv", code=6)
    assert Path("report.csv").read_text() == "old"


def test_a_file_is_never_half_there(tmp_path: Path) -> None:
    path = tmp_path / "whole"
    write_whole(path, "one")
    with pytest.raises(Exists):
        write_whole(path, "two", replace=False)
    with pytest.raises(Invalid, match="File name too long"):
        write_whole(tmp_path / ("x" * 300), "three")
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["whole"]
