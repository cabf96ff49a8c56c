"""`holds release` on the command line."""

from __future__ import annotations

from typing import Any

from tests.makers import a_class, hold, show


def test_holds_are_released_by_an_administrator(app: Any, cast: Any, cli: Any) -> None:
    one, other = (hold(app, a_class(app), cast.ana) for _ in range(2))
    words = ("holds", "release", "--user", cast.ana.email)
    assert cli.json("--as", cast.ana.email, *words, code=6)["code"] == "not_yours"
    dry = cli(*words, "--dry-run", code=0)
    assert one.code in dry.out and "nothing was changed" in dry.err and show(app, one).state == "held"
    [released] = cli.json(*words, "--offering", one.offering.id)["results"]
    assert (released["code"], released["state"]) == (one.code, "cancelled")
    assert cli(*words, "--format", "csv", code=0).out.splitlines()[1].split(",")[1] == other.code
    assert cli.json(*words) == {"results": [], "next": None}


def test_who_holds_too_much_is_told_what_to_do(app: Any, cast: Any, cli: Any) -> None:
    for _ in range(3):
        hold(app, a_class(app), cast.ana)
    more = a_class(app)
    refused = cli("--as", cast.ana.email, "reserve", more.id, code=5)
    assert "Ana has 3 holds open" in refused.err and "hint: Confirm or cancel one, like R-" in refused.err
    assert cli.json("reserve", more.id, "--user", cast.ana.email)["state"] == "held"
