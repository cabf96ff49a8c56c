"""`demo`: a world in a fresh database, and one booking that can be followed line by line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from classbook.cli import main
from classbook.rules.kinds import KINDS


def test_the_demo_needs_nothing_and_tells_a_whole_booking(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    commands = re.findall(r"^  \$ (.*)$", out, re.MULTILINE)
    told = ["class create", "user create", "reserve", "mail show", "confirm", "reserve", "class show"]
    assert all(step in line for step, line in zip(told, commands, strict=False))
    assert "already_reserved" in out and "2 places confirmed" in out and "10 of 12 places left" in out
    [code] = re.findall(r"^    \| (\d{6})$", out, re.MULTILINE)
    assert f"--otp {code}" in out
    assert "What to type next" in out
    last = out.splitlines()[-2:]
    assert "http://127.0.0.1:8000/api/docs/" in last[0] and "http://127.0.0.1:8000/api/v0/classes/" in last[1]


def test_the_demo_walks_a_booking_of_each_kind_to_its_end(cli: Any) -> None:
    told = cli.json("demo")
    assert list(told["walked"]) == list(KINDS)
    assert {kind: (one["offering"]["kind"], one["state"]) for kind, one in told["walked"].items()} == {
        kind: (kind, "confirmed") for kind in KINDS
    }
    assert told["walked"]["match"]["price"] == {"amount": "97.50", "currency": "EUR"}
    results = [step["result"] for step in told["steps"]]
    assert "balance 100.00 EUR, held 97.50 EUR, available 2.50 EUR" in results
    assert "balance 2.50 EUR, held 0.00 EUR, available 2.50 EUR" in results
    assert any("queued, number 1 in line" in result for result in results)
    assert results[-1].endswith("confirmed, for ben@example.org")


def test_every_command_the_demo_shows_is_typed_as_it_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "demo"]) == 0
    for step in json.loads(capsys.readouterr().out)["steps"]:
        words = shlex.split(step["command"])[1:]
        changes = not {"show", "slots"} & set(words)
        assert main([*words, *(["--dry-run"] if changes else [])]) != 2, step["command"]


def test_what_the_demo_says_to_type_next_works(capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo"])
    told = capsys.readouterr().out.partition("What to type next\n")[2].partition("\n\n")[0]
    commands = [line.split("  ")[1] for line in told.splitlines()]
    assert len(commands) >= 4
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "classbook"
        if words != ["daemon"]:
            assert main(words) == 0, command


def test_the_demo_names_another_database_in_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", "sqlite:///other.db", "demo"]) == 0
    assert "classbook --database sqlite:///other.db class list" in capsys.readouterr().out
    assert Path("other.db").exists() and not Path("classbook.db").exists()


def test_the_demo_refuses_a_database_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    main(["user", "create", "ana@example.org", "--name", "Ana"])
    capsys.readouterr()
    assert main(["demo"]) == 5
    assert "Name another one: `classbook --database" in capsys.readouterr().err


def test_the_demo_invents_nobody_where_mail_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLASSBOOK_MAIL_HOST", "127.0.0.1")
    assert main(["demo"]) == 5
    assert "the people of the demo are invented" in capsys.readouterr().err


def test_a_large_world_is_larger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "demo", "--size", "large"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["people"] > 400 and told["classes"] > 50 and told["reservations"] > 300
    assert (told["seats"], told["matches"]) == (10_000, 18)
    assert all(told[name] for name in ("events", "providers", "resources", "waiting"))
    assert told["reservation"]["state"] == "confirmed"
    assert [step["command"].split()[0] for step in told["steps"]] == ["classbook"] * len(told["steps"])


@pytest.mark.parametrize("size", ["small", "large"])
def test_the_world_of_the_demo_keeps_every_invariant(cli: Any, size: str) -> None:
    cli("demo", "--size", size, code=0)
    cli("audit", code=0)


def test_the_world_of_the_demo_is_the_same_each_time(cli: Any, tmp_path: Path) -> None:
    def world(name: str) -> list[Any]:
        database = f"sqlite:///{tmp_path / name}"
        assert main(["--database", database, "--quiet", "demo"]) == 0
        found = [cli.json("--database", database, *words) for words in (["user", "list"], ["class", "list"])]
        found.append(cli.json("--database", database, "reservation", "list", "--limit", "200"))
        zones = {one["timezone"] for one in found[1]["results"]}
        assert len(zones) >= 3
        return [[{**row, "created_at": None} for row in page["results"]] for page in found]

    once, again = world("once.db"), world("again.db")
    names = ("title", "name", "places", "offering", "user", "capacity")
    assert [[[row.get(name) for name in names] for row in rows] for rows in once] == [
        [[row.get(name) for name in names] for row in rows] for rows in again
    ]


@pytest.mark.parametrize(
    "typed",
    [
        ["resource", "create", "Court", "--slots", "1"],
        ["provider", "create", "pia@example.org", "--name", "Pia"],
        ["event", "create", "Picnic", "--capacity", "9", "--start", "+3d", "--duration", "1h"],
    ],
)
def test_the_demo_refuses_a_database_with_any_offering(cli: Any, typed: list[str]) -> None:
    cli(*typed, code=0)
    cli("demo", code=5)


def test_the_demo_calls_classbook_as_it_was_called_where_the_shell_would_not_find_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", [".venv/bin/classbook", "demo"])
    assert main() == 0
    assert "  .venv/bin/classbook class list " in capsys.readouterr().out
