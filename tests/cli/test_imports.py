"""`class import`, `event import`, `match import` and `user import`: files as people have them, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.makers import a_venue

GOOD = "title,seats,start,duration\nYoga,3,2026-12-04 18:00,1h\nJudo,5,2026-12-05 18:00,90m\n"
BAD = GOOD + "\n,many,2026-12-04 18:00,1h\n"


def file(text: str | bytes, name: str = "classes.csv") -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_becomes_classes(cli: Any) -> None:
    ran = cli("class", "import", file(GOOD), "--timezone", "Europe/Berlin", code=0)
    assert [line.split("\t")[:2] for line in ran.out.splitlines()] == [["id", "title"], ["1", "Yoga"], ["2", "Judo"]]
    assert "created 2 classes\n" in ran.err
    found = cli.json("class", "list")["results"]
    assert [one["starts_at"] for one in found] == ["2026-12-04T17:00:00Z", "2026-12-05T17:00:00Z"]


def test_the_answer_is_a_list_of_what_was_made(cli: Any) -> None:
    made = cli.json("event", "import", "-", stdin=GOOD)
    assert made == cli.json("event", "list") and made["next"] is None


def test_everything_that_is_wrong_has_its_line(cli: Any) -> None:
    ran = cli("class", "import", file(BAD), code=3)
    assert ran.err.splitlines() == [
        "error: 1 line cannot be imported, so nothing was.",
        "  line 5, seats 'many': It must be a whole number, like 12.",
        "  line 5, title: The cell is empty. Every line needs: title.",
        "hint: Mend what is listed and import the whole file again; --dry-run only looks.",
    ]
    told = cli.json("class", "import", file(BAD), code=3)
    assert (told["code"], len(told["errors"])) == ("invalid", 2)
    assert told["errors"][0] == {
        "line": 5, "column": "seats", "found": "'many'", "code": "invalid",
        "detail": "It must be a whole number, like 12.", "hint": None,
    }  # fmt: skip
    assert cli.json("class", "list")["results"] == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"title,seats,start,duration\nZ\xfcrich,3,2026-12-04 18:00,1h\n", "line 2 is not UTF-8 text (byte 0xFC)"),
        (GOOD.encode("utf-16"), "the file is UTF-16 text"),
    ],
)
def test_another_encoding_is_refused(data: bytes, says: str, cli: Any) -> None:
    assert f"classes.csv: {says}" in cli("class", "import", file(data), code=3).err


def test_a_file_that_is_not_there_is_refused(cli: Any) -> None:
    assert "gone.csv cannot be read" in cli("class", "import", "gone.csv", code=3).err


def test_a_dry_run_keeps_nothing_and_a_key_imports_once(cli: Any) -> None:
    path = file("\ufeff" + GOOD)
    assert "dry run: nothing was changed" in cli("class", "import", path, "--dry-run", code=0).err
    assert cli.json("class", "list")["results"] == []
    first = cli.json("class", "import", path, "--request-key", "k")
    assert cli.json("class", "import", path, "--request-key", "k") == first
    file(GOOD.replace("Yoga", "Chess"))
    assert cli.json("class", "import", path, "--request-key", "k", code=3)["code"] == "key_reused"
    assert cli.json("class", "import", file(GOOD), code=5)["code"] == "exists"


def test_what_a_list_prints_can_be_imported_elsewhere(cli: Any) -> None:
    cli(
        "class",
        "import",
        file("title,seats,start,duration,price,type\n=1+1,3,2026-12-04 18:00,1h,12.50,yoga\n"),
        code=0,
    )
    printed = cli("class", "list", "--format", "csv", code=0).out
    assert "'=1+1" in printed
    ran = cli("event", "import", "-", "--format", "json", stdin=printed, code=0)
    assert "not read, as nobody can choose it: id, status, reserved, available\n" in ran.err
    [event] = cli.json("event", "list")["results"]
    assert (event["title"], event["price"]["amount"], event["type"]) == ("=1+1", "12.50", "yoga")


def test_what_an_export_writes_can_be_imported(cli: Any) -> None:
    cli(
        "class", "create", "Yoga", "--seats", 3, "--start", "2026-12-04 18:00", "--duration", "1h", "--hold", "10m",
        "--timezone", "Asia/Tokyo", code=0,
    )  # fmt: skip
    exported = cli("export", "offerings", "--format", "csv", "--output", "-", code=0).out
    cli("class", "delete", 1, "--yes", code=0)
    [yoga] = cli.json("class", "import", "-", stdin=exported)["results"]
    assert yoga["policy"]["hold_seconds"] == 600 and yoga["timezone"] == "Asia/Tokyo"
    assert yoga["starts_at"] == "2026-12-04T09:00:00Z"


def test_matches_and_people_are_imported_too(cli: Any, app: Any) -> None:
    venue = a_venue(app, "A:1x2")
    text = f"title,venue,start,duration,prices\nCup,{venue.id},2026-12-04 18:00,2h,A=10\n"
    [cup] = cli.json("match", "import", "-", stdin=text)["results"]
    assert (cup["capacity"], cup["price"]["amount"]) == (2, "10.00")
    people = "email,name,role\nana@example.org,Ana,\ncleo@example.org,Cleo,organizer\n"
    ran = cli("user", "import", "-", stdin=people, code=0)
    assert "created 2 people\n" in ran.err and "cleo@example.org\tCleo\torganizer" in ran.out
    printed = cli("user", "list", "--format", "csv", code=0).out
    refused = cli.json("user", "import", "-", stdin=printed, code=5)
    assert [fault["line"] for fault in refused["errors"]] == [2, 3]
