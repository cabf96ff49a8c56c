"""What hints tell people to do can be done where they read it: commands at a terminal, requests over HTTP."""

from __future__ import annotations

import ast
import re
import shlex
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute

from classbook.cli.root import command, every_command
from classbook.cli.steps import COMMANDS
from classbook.errors import Hint, in_words
from classbook.rules.kinds import KINDS
from classbook.web.api import ROUTERS
from classbook.web.steps import REQUESTS
from tests.conftest import Client, CommandLine
from tests.makers import Cast, a_class, a_court, ask, booking_of, hold, mailed_code, rich
from tests.test_docs import parse
from tests.web.conftest import tokens_of

PACKAGE: Final = Path(__file__).parent.parent / "classbook"
FACTS: Final = {"reservation": "R-7KX9-2MQP", "venue": 1, "amount": "12.50", "wallet": 1, "webhook": 1}
COMMAND: Final = re.compile(r"`classbook [a-z]|(?<![\w-])--[a-z]")
REQUEST: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) /|/api/")
COMMANDS_THERE_ARE: Final[list[Any]] = [command(), *every_command().values()]
OPTIONS: Final = {name for found in COMMANDS_THERE_ARE for param in found.params for name in param.opts}
AT_A_START: Final = ("server.py",)
"""What is refused before there is a server is told at the terminal that was to start it."""


# --- the two tables ------------------------------------------------------------------------------------------------


def hints_in(path: Path) -> Iterator[tuple[str, list[str] | None]]:
    """Of each hint with a step in a file: the step, and its facts where they are written out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Hint":
            _, step, *facts = node.args
            keys = [ast.literal_eval(key) for fact in facts if isinstance(fact, ast.Dict) for key in fact.keys if key]
            known = keys if all(isinstance(fact, ast.Dict) for fact in facts) else None
            match step:
                case ast.Constant(value=str(name)):
                    yield name, known
                case ast.JoinedStr(values=[ast.Constant(value=str(verb)), ast.FormattedValue()]):
                    yield from ((f"{verb}{kind}", known) for kind in KINDS)


def test_both_faces_have_words_for_every_step_there_is() -> None:
    used = {step for path in PACKAGE.rglob("*.py") for step, _ in hints_in(path)}
    assert COMMANDS.keys() == REQUESTS.keys() == used


def test_a_hint_has_the_facts_that_its_words_need() -> None:
    for path in PACKAGE.rglob("*.py"):
        for step, facts in hints_in(path):
            for words in (COMMANDS[step] or "", REQUESTS[step] or ""):
                needed = {name for _, name, _, _ in string.Formatter().parse(words) if name}
                assert facts is None or needed <= set(facts), (path, step)


@pytest.mark.parametrize("words", [words for words in COMMANDS.values() if words])
def test_a_command_in_a_hint_can_be_typed(words: str) -> None:
    assert not REQUEST.search(words)
    program, *args = shlex.split(words.strip("`").format_map(FACTS))
    if program == "classbook":
        parse(command(), args)
    else:
        assert words.startswith("--") and program in OPTIONS


@pytest.mark.parametrize("words", [words for words in REQUESTS.values() if words])
def test_a_request_in_a_hint_can_be_sent(words: str) -> None:
    assert not COMMAND.search(words)
    verb, _, path = words.strip("`").format_map(FACTS).partition(" ")
    if path.startswith("/"):
        routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
        path = path.replace("{id}", "1")
        assert any(route.path_regex.match(path) and verb in (route.methods or ()) for route in routes)


def test_facts_are_only_filled_in() -> None:
    hint = Hint("{} is {that}.", "confirm", {"reservation": "{reservation} {}"})
    assert in_words(hint, {"confirm": "`do {reservation}`"}) == "`do {reservation} {}` is {that}."
    assert in_words(hint, {"confirm": None}) is in_words(hint, {}) is in_words(None, COMMANDS) is None
    assert in_words("Do it.", {}) == "Do it."


# --- everything else that is said ----------------------------------------------------------------------------------


def sentences(path: Path) -> Iterator[str]:
    """All texts in a file but its documentation."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (PACKAGE / folder).rglob("*.py") if path.name not in ("steps.py", *AT_A_START))


def test_nothing_that_is_said_over_http_names_a_command() -> None:
    for path in files("core", "rules", "store", "web"):
        assert [text for text in sentences(path) if COMMAND.search(text)] == [], path


def test_nothing_that_is_said_at_a_terminal_names_a_request() -> None:
    for path in files("core", "rules", "store", "cli"):
        assert [text for text in sentences(path) if re.search(r"\b(GET|POST|PUT|PATCH|DELETE) /", text)] == [], path


# --- followed ------------------------------------------------------------------------------------------------------


def hinted(problem: dict[str, Any]) -> str:
    """What a hint tells to do."""
    [found] = re.findall(r"`(.+?)`", problem["hint"])
    return str(found)


def test_a_hint_at_a_terminal_can_be_followed(app: Any, cast: Cast, cli: CommandLine) -> None:
    ana, yoga = ("--as", cast.ana.email), a_class(app, seats=1)
    again = (*ana, "reserve", yoga.id)

    def follow(*words: object) -> str:
        """Type what the hint of a refusal says, and then the same again where that helps."""
        refused = cli("--json", *words).json()
        program, *args = shlex.split(hinted(refused))
        assert program == "classbook"
        return " ".join(args)

    booked = hold(app, yoga, cast.ana)
    confirming = follow(*again)
    assert confirming == f"confirm {booked.code}"
    cli(*ana, *confirming.split(), "--otp", mailed_code(app, cast.ana), code=0)
    cancelling = follow(*again)
    assert cancelling == f"cancel {booked.code}"
    cli(*ana, *cancelling.split(), "--yes", code=0)
    for words in ("class show 99", "provider show 99", "venue show 99", "user show 99", "webhook show 99"):
        cli(*follow(*words.split()).split(), code=0)
    cli(*ana, *follow(*ana, "reservation", "show", 99).split(), code=0)
    hold(app, yoga, cast.ben)
    full = cli.json(*again, code=5)
    assert full["hint"] == "With --queue you are told when a place is free."
    assert cli.json(*again, "--queue")["state"] == "queued"


def test_a_hint_over_http_can_be_followed(app: Any, cast: Cast, client: Client) -> None:
    def ask_as(who: Any) -> Client:
        return client.bearing(tokens_of(app).access(who.id))

    ana, ben, emma = ask_as(cast.ana), ask_as(cast.ben), ask_as(cast.emma)
    yoga = a_class(app, seats=1)

    def reserve(who: Client = ana, **more: object) -> Any:
        return who.post("/api/v0/classes/reserve-seat/", {"class_id": yoga.id, **more})

    def follow(who: Client, problem: dict[str, Any], body: object = None) -> Any:
        verb, path = hinted(problem).split()
        return who(verb, path, body)

    assert reserve().status == 201
    assert follow(ana, reserve().json(), {"otp": mailed_code(app, cast.ana)}).json()["state"] == "confirmed"
    assert follow(ana, reserve().json()).json()["state"] == "cancelled"
    assert reserve(ben).status == 201
    full = reserve().json()
    assert full["hint"] == 'With `"queue": true` you are told when a place is free.'
    assert reserve(queue=True).json()["state"] == "queued"
    why = ana.get(f"/api/v0/offerings/{yoga.id}/why/").json()["reasons"][0]
    assert hinted(why).startswith("POST /api/v0/reservations/R-")
    for path in ("classes", "events", "matches", "providers", "resources", "stadiums", "reservations"):
        assert follow(ana, ana.get(f"/api/v0/{path}/99/").json()).status == 200, path
    assert emma.get("/api/v0/users/99/").json()["hint"] is None
    venue = emma.post("/api/v0/stadiums/", {"name": "Arena"}).json()
    match = {"title": "Final", "venue_id": venue["id"], "starts_at": "2026-12-06T15:00", "ends_at": "2026-12-06T17:00"}
    seatless = emma.post("/api/v0/matches/", match | {"prices": {"A": "30"}})
    assert hinted(seatless.json()) == f"POST /api/v0/stadiums/{venue['id']}/seats/"
    rich(app, cast.cleo, "12.50")
    kept = emma.post(f"/api/v0/users/{cast.cleo.id}/anonymise/", {"email": cast.cleo.email}).json()
    assert follow(emma, kept, {"amount": "12.50"}).status == 200


def test_who_moves_is_not_told_to_wait_in_line(app: Any, cast: Cast, client: Client, cli: CommandLine) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ben, "12:00-13:00"))
    times = {"starts_at": "2026-12-02T12:00:00Z", "ends_at": "2026-12-02T13:00:00Z"}
    moved = client.bearing(tokens_of(app).access(cast.ana.id)).post(f"/api/v0/reservations/{one.id}/move/", times)
    assert (moved.json()["code"], moved.json()["hint"]) == ("span_taken", None)
    typed = cli.json("move", one.id, "--from", times["starts_at"], "--to", times["ends_at"], code=5)
    assert typed["hint"] is None
