"""`demo`: a world in a fresh database, and one booking that can be followed line by line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from classbook.cli import main


def test_the_demo_needs_nothing_and_tells_a_whole_booking(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    commands = re.findall(r"^  \$ (.*)$", out, re.MULTILINE)
    assert [" ".join(word for word in shlex.split(line) if not word.startswith("-")) for line in commands]
    told = [
        "class create",
        "user create",
        "reserve",
        "mail show",
        "confirm",
        "reserve",
        "class show",
    ]
    assert all(step in line for step, line in zip(told, commands, strict=True))
    assert "already_reserved" in out and "2 places confirmed" in out and "10 of 12 places left" in out
    [code] = re.findall(r"^    \| (\d{6})$", out, re.MULTILINE)
    assert f"--otp {code}" in out
    assert "What to type next" in out
    last = out.splitlines()[-2:]
    assert "http://127.0.0.1:8000/api/docs/" in last[0] and "http://127.0.0.1:8000/api/v0/classes/" in last[1]


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
    assert "name another one: classbook --database" in capsys.readouterr().err


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
    assert told["reservation"]["state"] == "confirmed"
    assert [step["command"].split()[0] for step in told["steps"]] == ["classbook"] * len(told["steps"])


def test_the_world_of_the_demo_keeps_every_invariant(cli: Any) -> None:
    cli("demo", code=0)
    cli("audit", code=0)
    assert cli.json("report")["total_classes"] == 10


def test_the_demo_calls_classbook_as_it_was_called_where_the_shell_would_not_find_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", [".venv/bin/classbook", "demo"])
    assert main() == 0
    assert "  .venv/bin/classbook class list " in capsys.readouterr().out
