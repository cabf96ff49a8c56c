"""`mail preview`: a letter of each kind about something made up, as one's own templates have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from classbook.rules.letters import KINDS
from tests.conftest import CommandLine


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    monkeypatch.setenv("CLASSBOOK_MAIL_TEMPLATES", str(folder))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_looked_at(cli: CommandLine, kind: str) -> None:
    made = cli.json("mail", "preview", kind)
    assert made["kind"] == kind and made["subject"] and made["text"] and "cid:" not in made["html"]
    text = cli("mail", "preview", kind, code=0).out
    assert text == f"Subject: {made['subject']}\n\n{made['text']}"
    assert cli("mail", "preview", kind, "--html", code=0).out == made["html"]


def test_a_picture_is_inside_the_page(cli: CommandLine) -> None:
    assert 'src="data:image/png;base64,' in cli("mail", "preview", "confirmed", "--html", code=0).out


def test_a_kind_there_is_not_is_not_found(cli: CommandLine) -> None:
    refused = cli.json("mail", "preview", "love", code=4)
    assert refused["code"] == "not_found" and "held, confirmed" in refused["hint"]


def test_a_template_shows_and_doctor_is_content(cli: CommandLine, letters: Path) -> None:
    (letters / "confirmed.txt").write_text("Hallo {{ name }}!\n")
    assert cli("mail", "preview", "confirmed", code=0).out.endswith("\n\nHallo Ana Example!\n")
    checks = {check["name"]: check for check in cli.json("doctor")["results"]}
    assert checks["templates"]["ok"]


def test_doctor_names_what_is_wrong_with_the_templates(cli: CommandLine, letters: Path) -> None:
    (letters / "confirm.txt").write_text("Hallo!")
    (letters / "confirmed.txt").write_text("Hallo {{ nmae }}!")
    ran = cli("--json", "doctor", code=1)
    assert "confirm.txt is the name of no template; confirmed.txt: 'nmae' is undefined" in ran.out + ran.err


def test_doctor_does_not_speak_of_templates_that_nobody_has(cli: CommandLine) -> None:
    assert "templates" not in cli("doctor").out
