"""Venues and matches, as people type them: from a stadium to a seat and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.makers import a_court, a_match, a_venue, broken

PLAN = (
    '[[stand]]\nname = "A"\nrows = 2\nseats = 5\n\n[[stand]]\nname = "B"\nrows = 1\nseats = 4\ncategory = "standing"\n'
)


@pytest.fixture(autouse=True)
def sound(app: Any) -> Any:
    yield
    assert broken(app) == []


def test_from_a_stadium_to_a_seat_and_back(cast: Any, cli: Any) -> None:
    venue = cli.json("venue", "create", "Old Stadium", "--stand", "A:2x5", "--stand", "B:1x4")
    assert (venue["name"], venue["seats"], [stand["name"] for stand in venue["stand"]]) == (
        "Old Stadium",
        14,
        ["A", "B"],
    )
    match = cli.json(
        "match", "create", "Lions - Bears", "--venue", venue["id"], "--start", "+3d", "--duration", "2h",
        "--price", "A=10", "--price", "B=7.50",
    )  # fmt: skip
    assert (match["kind"], match["venue"], match["venue_id"], match["capacity"]) == ("match", "Old Stadium", 1, 14)
    for who in (cast.ana, cast.ben):
        cli("wallet", "top-up", "100", "--user", who.email, code=0)
    held = cli.json("--as", cast.ana.email, "reserve", match["id"], "--seat", "A-1-1", "--seat", "A-1-2")
    assert [place["seat"] for place in held["places"]] == ["A-1-1", "A-1-2"]
    assert held["price"] == {"amount": "20.00", "currency": "EUR"} and held["party"] == 2
    refused = cli.json("--as", cast.ben.email, "reserve", match["id"], "--seat", "A-1-3", "--seat", "A-1-1", code=5)
    assert refused["code"] == "seat_taken" and "A-1-1" in refused["detail"]
    moved = cli.json("--as", cast.ana.email, "move", held["code"], "--seat", "B-1-1")
    assert moved["price"] == {"amount": "7.50", "currency": "EUR"}
    best = cli.json("--as", cast.ben.email, "reserve", match["id"], "--best", 2, "--category", "A", "--strict")
    assert len(best["places"]) == 2 and {place["stand"] for place in best["places"]} == {"A"}
    cli("cancel", best["code"], code=0)
    assert cli.json("match", "show", match["id"])["available"] == 13
    assert cli.json("match", "list")["results"][0]["reserved"] == 1
    assert cli.json("match", "cancel", match["id"], "--yes")["status"] == "cancelled"


def test_seats_are_blocked_and_released(app: Any, cast: Any, cli: Any) -> None:
    a_match(app, a_venue(app, "A:1x3"))
    blocked = cli.json("match", "block", 1, "--seat", "A-1-1", "--seat", "A-1-3")
    assert [(seat["label"], seat["state"]) for seat in blocked["results"]] == [
        ("A-1-1", "blocked"),
        ("A-1-3", "blocked"),
    ]
    assert cli.json("--as", cast.ana.email, "reserve", 1, "--best", 2, code=5)["code"] == "sold_out"
    cli.json("match", "release", 1, "--seat", "A-1-3")
    assert [seat["label"] for seat in cli.json("match", "seats", 1, "--best", 2)["results"]] == ["A-1-2", "A-1-3"]
    assert cli.json("match", "release", 1, "--seat", "A-1-3", code=5)["code"] == "not_allowed_now"
    assert cli.json("match", "block", 1, "--seat", "Z-1-1", code=3)["code"] == "unknown_seat"


def test_a_row_and_a_stand_are_blocked_and_released_at_once(app: Any, cast: Any, cli: Any) -> None:
    a_match(app, a_venue(app, "A:2x3", "B:1x2"))
    assert [one["label"] for one in cli.json("match", "block", 1, "--seat", "A-2-*")["results"]] == [
        "A-2-1", "A-2-2", "A-2-3",
    ]  # fmt: skip
    assert len(cli.json("match", "block", 1, "--seat", "A-*", "--seat", "B-1-1")["results"]) == 7
    assert cli.json("match", "show", 1)["available"] == 1
    released = cli.json("match", "release", 1, "--seat", "B-*")["results"]
    assert [(one["label"], one["state"]) for one in released] == [("B-1-1", "free")]
    refused = cli.json("match", "release", 1, "--seat", "B-*", code=5)
    assert (refused["code"], refused["detail"]) == ("not_allowed_now", "No seat like 'B-*' is blocked.")
    cli("--as", cast.ana.email, "reserve", 1, "--seat", "B-1-2", code=0)
    taken = cli.json("match", "block", 1, "--seat", "B-*", code=5)
    assert (taken["code"], taken["detail"]) == ("seat_taken", "B-1-2 is taken.")
    nothing = cli.json("match", "block", 1, "--seat", "A-9-*", code=3)
    assert nothing["code"] == "unknown_seat" and "A-* all of it" in nothing["hint"]


def test_a_match_and_a_venue_are_drawn(app: Any, cast: Any, cli: Any) -> None:
    a_match(app, a_venue(app, "A:2x5"), prices={"A": "10"})
    cli("wallet", "top-up", "10", "--user", cast.ana.email, code=0)
    cli("--as", cast.ana.email, "reserve", 1, "--seat", "A-1-1", code=0)
    drawn = cli("--as", cast.ana.email, "match", "show", 1, code=0).out
    assert "*AAAA" in drawn and "Stand A" in drawn and "10.00 EUR" in drawn
    assert "Stand A" in cli("venue", "show", 1, code=0).out


@pytest.mark.parametrize(("name", "text"), [("plan.toml", PLAN), ("plan.csv", "stand,row,seat\nA,1,1\nA,1,2\n")])
def test_a_plan_is_imported_from_a_file(cli: Any, tmp_path: Path, name: str, text: str) -> None:
    cli.json("venue", "create", "Arena")
    (tmp_path / name).write_text(text)
    dry = cli.json("venue", "import", tmp_path / name, "--venue", 1, "--dry-run")
    assert cli.json("venue", "show", 1)["seats"] == 0
    assert cli.json("venue", "import", tmp_path / name, "--venue", 1) == dry
    assert cli.json("venue", "list")["results"][0]["seats"] == dry["seats"] > 0


def test_a_plan_with_a_mistake_is_refused_and_a_missing_file_too(cli: Any) -> None:
    cli.json("venue", "create", "Arena")
    assert cli.json("venue", "import", "-", "--venue", 1, stdin="[[stand]]\n", code=3)["code"] == "invalid"
    assert "cannot be read" in cli.json("venue", "import", "nowhere.toml", "--venue", 1, code=3)["detail"]
    assert cli.json("venue", "import", "-", "--venue", 9, stdin=PLAN, code=4)["code"] == "not_found"


def test_a_price_is_a_stand_and_an_amount(app: Any, cli: Any) -> None:
    a_venue(app, "A:1x3")
    words = ("match", "create", "Final", "--venue", 1, "--start", "+1d", "--duration", "2h")
    cli(*words, "--price", "10", code=2)
    assert cli.json(*words, "--price", "A=ten", code=3)["code"] == "invalid"
    cli.json(*words, "--price", "A=10")
    assert cli.json("match", "update", 1, "--price", "A=12.50")["price"] == {"amount": "12.50", "currency": "EUR"}
    assert cli.json(*words, code=5)["code"] == "span_taken"


def test_a_class_takes_its_room_and_its_coach(app: Any, cast: Any, cli: Any) -> None:
    a_court(app, title="Studio")
    cli.json("provider", "create", cast.cleo.email, "--notice", "0s")
    words = ("class", "create", "Pilates", "--seats", 8, "--start", "2026-12-04T10:00", "--duration", "1h")
    cli.json(*words, "--room", 1, "--provider", cast.cleo.email)
    assert "Studio is taken" in cli.json(*words, "--room", 1, code=5)["detail"]
    busy = cli.json("--as", cast.ana.email, "reserve", cast.cleo.email, "--from", "2026-12-04T10:15", code=5)
    assert busy["code"] == "span_taken"


@pytest.mark.parametrize(
    ("prices", "code", "says"),
    [
        (["A"], 2, "'A' is not STAND=AMOUNT, like A=12.50."),
        (["A="], 2, "'A=' is not STAND=AMOUNT"),
        (["A=1", "A=2"], 2, "A has two prices."),
        (["A=1"], 3, "The seats B have no price."),
        (["A=1", "B=1", "C=1"], 3, "No seat is of the category 'C'."),
        (["A=1", "B=-1"], 3, "An amount has no sign"),
        (["A=1", "B=1.005"], 3, "at most 2 decimals"),
    ],
)
def test_a_price_that_cannot_be_is_refused(prices: list[str], code: int, says: str, app: Any, cli: Any) -> None:
    venue = a_venue(app, "A:1x2", "B:1x2")
    words = [word for price in prices for word in ("--price", price)]
    at = ("--venue", venue.id, "--start", "2026-12-04 18:00", "--duration", "2h")
    assert says in cli("match", "create", "Cup", *at, *words, code=code).err
    assert cli.json("match", "list")["results"] == []


def test_a_match_may_cost_nothing_in_some_stands_or_in_all(app: Any, cli: Any) -> None:
    venue = a_venue(app, "A:1x2", "B:1x2")
    at = ("--venue", venue.id, "--duration", "2h")
    cup = cli.json("match", "create", "Cup", *at, "--start", "2026-12-04 18:00", "--price", "A=0", "--price", "B=5")
    free = cli.json("match", "create", "Free", *at, "--start", "2026-12-05 18:00", "--price", "A=0", "--price", "B=0")
    assert (cup["price"]["amount"], free["price"]) == ("0.00", None)
    seats = cli.json("match", "seats", cup["id"])["results"]
    assert [seat["price"]["amount"] for seat in seats] == ["0.00", "0.00", "5.00", "5.00"]
