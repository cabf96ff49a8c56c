"""`--repeat` on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.makers import a_venue

CREATE = ("class", "create", "Yoga", "--seats", 3, "--start", "2027-03-21 02:30", "--duration", "1h")
BERLIN = ("--timezone", "Europe/Berlin")


def test_every_date_has_its_line(cli: Any) -> None:
    ran = cli(*CREATE, *BERLIN, "--repeat", "weekly", "--count", 3, code=0)
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert lines[0][:3] == ["date", "status", "offering.id"]
    assert [line[:3] for line in lines[1:]] == [
        ["2027-03-21", "created", "1"],
        ["2027-03-28", "skipped", ""],
        ["2027-04-04", "created", "2"],
    ]
    assert "does not exist in Europe/Berlin" in lines[2][-1]
    assert "created 2 classes, skipped 1\n" in ran.err
    assert len(cli.json("class", "list")["results"]) == 2


def test_the_shape_is_that_of_a_list(cli: Any) -> None:
    made = cli.json(*CREATE, *BERLIN, "--repeat", "daily", "--until", "2027-03-22")
    assert list(made["results"][0]) == ["date", "status", "offering", "code", "detail"]
    assert made["results"][1]["offering"] == cli.json("class", "show", 2)


def test_a_dry_run_keeps_nothing_and_a_key_makes_the_set_once(cli: Any) -> None:
    words = (*CREATE, "--repeat", "daily", "--count", 2)
    assert "dry run: nothing was changed" in cli(*words, "--dry-run", code=0).err
    assert cli.json("class", "list")["results"] == []
    first = cli.json(*words, "--request-key", "k")
    assert cli.json(*words, "--request-key", "k") == first
    assert cli.json(*CREATE, "--repeat", "daily", "--count", 3, "--request-key", "k", code=3)["code"] == "key_reused"
    assert len(cli.json("class", "list")["results"]) == 2


def test_events_and_matches_come_again_too(cli: Any, app: Any) -> None:
    assert len(cli.json("event", *CREATE[1:], "--repeat", "daily", "--count", 2)["results"]) == 2
    venue = a_venue(app, "A:1x2")
    made = cli.json(
        "match", "create", "Cup", "--venue", venue.id, "--start", "2027-05-01 18:00", "--duration", "2h",
        "--price", "A=10", "--repeat", "weekly", "--count", 2,
    )  # fmt: skip
    assert [one["offering"]["price"]["amount"] for one in made["results"]] == ["10.00", "10.00"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--count", "3"], "--count and --until need --repeat"),
        (["--until", "2027-04-01"], "--count and --until need --repeat"),
        (["--repeat", "weekly"], "one of --count and --until"),
        (["--repeat", "weekly", "--count", "2", "--until", "2027-04-01"], "one of --count and --until"),
        (["--repeat", "monthly", "--count", "2"], "monthly"),
    ],
)
def test_half_a_repetition_is_a_usage_error(words: list[str], says: str, cli: Any) -> None:
    assert says in cli(*CREATE, *words, code=2).err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--count", "367"], "1 to 366 dates, not 367"),
        (["--count", "0"], "1 to 366 dates, not 0"),
        (["--until", "2027-03-20"], "comes before the first"),
        (["--until", "2027-04-01 18:00"], "is a moment and not a day"),
        (["--until", "soon"], "is not a date"),
    ],
)
def test_a_repetition_that_cannot_be_is_refused(words: list[str], says: str, cli: Any) -> None:
    assert says in cli(*CREATE, "--repeat", "weekly", *words, code=3).err
    assert cli.json("class", "list")["results"] == []
