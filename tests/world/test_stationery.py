"""Templates of one's own for mails: what they can say, what they cannot reach, and that no mail is lost by them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from classbook.rules.letters import KINDS, Letter
from classbook.rules.samples import all_words, sample
from classbook.world import Stationery

ADDRESS = "https://desk.example.org"
WORDS = all_words(address=ADDRESS, timezone="UTC")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "letters"
    made.mkdir()
    return made


def dressed(folder: Path, kind: str, **changed: object) -> Letter:
    letter, words = sample(kind, address=ADDRESS, timezone="UTC")
    return Stationery(folder).dressed(kind, letter, words | changed)


def test_without_a_folder_letters_are_as_they_are() -> None:
    letter, words = sample("confirmed", address=ADDRESS, timezone="UTC")
    assert Stationery(None).dressed("confirmed", letter, words) == letter
    assert Stationery(None).faults(WORDS) == []


def test_each_part_of_each_kind_can_be_ones_own(folder: Path) -> None:
    (folder / "confirmed.subject.txt").write_text("Bis bald: {{ title }}\n")
    (folder / "confirmed.txt").write_text(
        "Hallo {{ name }},\n{% for label, value in details %}\n{{ loop.index }}. {{ label }}: {{ value }}\n"
        "{% endfor %}\n{% if where %}Ort: {{ where | upper }}{% endif %}\n"
    )
    letter = dressed(folder, "confirmed")
    assert letter.subject == "Bis bald: Yoga for beginners"
    assert letter.text.startswith(
        "Hallo Ana Example,\n1. What: Yoga for beginners\n2. Starts: Fri 5 Mar 2027 17:00 UTC\n"
    )
    assert letter.text.endswith("Ort: THE OLD MILL\n")
    assert letter.html == sample("confirmed", address=ADDRESS, timezone="UTC")[0].html
    assert dressed(folder, "held") == sample("held", address=ADDRESS, timezone="UTC")[0]
    assert Stationery(folder).faults(WORDS) == []


def test_what_people_wrote_is_escaped_in_html_and_in_html_only(folder: Path) -> None:
    (folder / "queued.html").write_text("<b>{{ title }}</b>")
    (folder / "queued.txt").write_text("{{ title }}")
    letter = dressed(folder, "queued", title="<script>")
    assert (letter.html, letter.text) == ("<b>&lt;script&gt;</b>", "<script>\n")


def test_a_template_of_no_template_is_not_obeyed(folder: Path) -> None:
    (folder / "queued.txt").write_text("{{ title }}")
    assert dressed(folder, "queued", title="{{ 7 + 7 }}").text == "{{ 7 + 7 }}\n"


@pytest.mark.parametrize(
    "source",
    [
        "{{ title.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ title.format(1) }}",
        "{{ (1).real }}",
        "{{ title | attr('upper') }}",
        "{{ details | map(attribute='__class__') | list }}",
        "{% for x in details %}{{ loop.__init__ }}{% endfor %}",
        "{{ self }}{{ self._TemplateReference__context }}",
        "{{ range(9) }}",
        "{{ lipsum() }}",
        "{{ cycler }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ title | center(1000000000) }}",
        "{% include 'confirmed.txt' %}",
        "{% import '/etc/passwd' as x %}",
        "{% extends 'confirmed.txt' %}",
        "{{ settings }}",
        "{{ key }}",
        "{% if %}",
        "{{ title[",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_reaches_nothing_but_its_words(folder: Path, source: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is passed over, the log and `doctor` say so, and the letter is as it would be without it."""
    (folder / "queued.txt").write_text(source)
    with caplog.at_level(logging.WARNING, logger="classbook.mail"):
        assert dressed(folder, "queued") == sample("queued", address=ADDRESS, timezone="UTC")[0]
    assert "queued.txt is passed over" in caplog.text
    assert [fault.partition(":")[0] for fault in Stationery(folder).faults(WORDS)] == ["queued.txt"]


@pytest.mark.parametrize("source", ["{{ title | safe }}", "{% autoescape false %}{{ title }}{% endautoescape %}"])
def test_escaping_cannot_be_turned_off(folder: Path, source: str) -> None:
    (folder / "queued.html").write_text(source)
    assert "<script>" not in dressed(folder, "queued", title="<script>").html
    assert len(Stationery(folder).faults(WORDS)) == 1


@pytest.mark.parametrize("source", ["a\nBcc: eve@example.org", "", "=?utf-8?q?a=0ABcc?=", "x" * 251, "a\x0bb"])
def test_a_subject_is_one_line_and_begins_no_other_header(folder: Path, source: str) -> None:
    (folder / "queued.subject.txt").write_text(source)
    assert dressed(folder, "queued").subject == "In line: Yoga for beginners"
    assert len(Stationery(folder).faults(WORDS)) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("held.txt", "Please confirm."),
        ("held.txt", "Your code is {{ code }}.\n{{ link }}"),
        ("held.txt", "{{ code }}\nHere: {{ link }}"),
        ("held.html", "<p>Please confirm.</p>"),
    ],
)
def test_a_letter_that_would_lose_its_code_or_its_link_is_not_written(folder: Path, name: str, source: str) -> None:
    (folder / name).write_text(source)
    assert dressed(folder, "held") == sample("held", address=ADDRESS, timezone="UTC")[0]
    assert len(Stationery(folder).faults(WORDS)) == 1


def test_only_names_that_are_known_belong_into_the_folder(folder: Path) -> None:
    for name in ("confirm.txt", "confirmed.md", "notes"):
        (folder / name).write_text("")
    assert Stationery(folder).faults(WORDS) == [
        f"{name} is the name of no template" for name in ("confirm.txt", "confirmed.md", "notes")
    ]
    assert "cannot be read" in Stationery(folder / "none").faults(WORDS)[0]


def test_a_file_that_is_too_long_or_no_text_is_passed_over(folder: Path) -> None:
    (folder / "queued.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "queued.html").write_text("x" * 300_000)
    assert dressed(folder, "queued") == sample("queued", address=ADDRESS, timezone="UTC")[0]
    assert len(Stationery(folder).faults(WORDS)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sample_and_all_words(kind: str) -> None:
    assert sample(kind, address=ADDRESS, timezone="Europe/Berlin")[0].text
    assert WORDS[kind].keys() == WORDS["held"].keys()
