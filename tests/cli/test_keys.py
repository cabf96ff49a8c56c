"""--request-key on every write: said twice it happens once, and another command with the same key is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classbook.app import App
from classbook.cli.root import every_command
from classbook.values import Offering
from tests.conftest import CommandLine
from tests.makers import Cast, everything
from tests.stage import Stage

PLAN = '[[stand]]\nname = "A"\nrows = 1\nseats = 3\n'
OFFERINGS = "title,seats,start,duration"
ROWS = ("Yoga,2,2026-12-03 10:00,1h", "Judo,2,2026-12-03 10:00,1h")
SPAN = ("--start", "2026-12-03 10:00", "--duration", "1h")


def files(header: str, *rows: str) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Two files with the same header and another row each."""
    for name, row in zip(("one", "other"), rows, strict=True):
        Path(name).write_text(f"{header}\n{row}\n")
    return ("one",), ("other",)


def plan() -> str:
    Path("plan.toml").write_text(PLAN)
    return "plan.toml"


Case = Callable[[Stage], tuple[tuple[object, ...], tuple[object, ...]]]


def _cancelled(of: Callable[[Stage], Offering]) -> Case:
    return lambda stage: ((of(stage).id, "--yes"), (of(stage).id, "--yes", "--reason", "rain"))


def _deleted(of: Callable[[Stage], Offering]) -> Case:
    return lambda stage: ((of(stage).id, "--yes"), (of(stage).id + 1000, "--yes"))


def _changed(of: Callable[[Stage], Offering], *first: object) -> Case:
    return lambda stage: ((of(stage).id, *first), (of(stage).id, *first[:-1], "2d"))


CASES: dict[str, Case] = {
    "reserve": lambda s: ((s.yoga.id, "--user", s.ana), (s.yoga.id, "--user", s.ana, "--party", 2)),
    "confirm": lambda s: ((code := s.held(),), (code, "--otp", "123456")),
    "cancel": lambda s: ((code := s.held(),), (code, "--reason", "ill")),
    "move": lambda s: ((code := s.held(), "--party", 2), (code, "--party", 1)),
    "check-in": lambda s: ((s.soon(),), ("R-7KX9-2MQP",)),
    "wallet top-up": lambda s: ((5, "--user", s.ana), (6, "--user", s.ana)),
    "wallet withdraw": lambda s: ((5, "--user", s.funded()), (6, "--user", s.ana)),
    "class create": lambda s: (("Yoga", "--seats", 2, *SPAN), ("Yoga", "--seats", 3, *SPAN)),
    "class import": lambda s: files(OFFERINGS, *ROWS),
    "class update": _changed(lambda s: s.yoga, "--hold", "10m"),
    "class cancel": _cancelled(lambda s: s.yoga),
    "class delete": _deleted(lambda s: s.yoga),
    "event create": lambda s: (("Picnic", "--seats", 2, *SPAN), ("Picnic", "--seats", 3, *SPAN)),
    "event import": lambda s: files(OFFERINGS, *ROWS),
    "event update": _changed(lambda s: s.picnic, "--cancel-until", "1h"),
    "event cancel": _cancelled(lambda s: s.picnic),
    "event delete": _deleted(lambda s: s.picnic),
    "venue create": lambda s: (("Arena",), ("Stadium",)),
    "venue import": lambda s: (
        (plan(), "--venue", s.arena.id),
        (plan(), "--venue", s.arena.id + 1000),
    ),
    "match create": lambda s: (
        ("Final", "--venue", s.arena.id, *SPAN, "--price", "A=5"),
        ("Final", "--venue", s.arena.id, *SPAN, "--price", "A=6"),
    ),
    "match import": lambda s: files(
        "title,venue,start,duration", *(f"Final,{s.arena.id},2026-12-03 {hour}:00,1h" for hour in (10, 12))
    ),
    "match update": _changed(lambda s: s.final, "--title", "Cup"),
    "match block": lambda s: ((s.final.id, "--seat", "A-1-1"), (s.final.id, "--seat", "A-1-2")),
    "match release": lambda s: ((s.blocked(), "--seat", "A-1-1"), (s.final.id, "--seat", "A-1-2")),
    "match cancel": _cancelled(lambda s: s.final),
    "match delete": _deleted(lambda s: s.final),
    "resource create": lambda s: (("Court", "--slots", 1), ("Court", "--slots", 2)),
    "resource update": _changed(lambda s: s.court, "--buffer", "10m"),
    "resource cancel": _cancelled(lambda s: s.court),
    "resource delete": _deleted(lambda s: s.court),
    "provider create": lambda s: (("x@example.org", "--name", "X"), ("x@example.org", "--name", "Y")),
    "provider update": _changed(lambda s: s.doctor, "--notice", "1h"),
    "provider cancel": _cancelled(lambda s: s.doctor),
    "provider delete": _deleted(lambda s: s.doctor),
    "schedule add": lambda s: (
        (s.court.id, "--weekly", "mon 08:00-11:00"),
        (s.court.id, "--weekly", "tue 08:00-11:00"),
    ),
    "user create": lambda s: (("x@example.org", "--name", "X"), ("x@example.org", "--name", "Y")),
    "user update": lambda s: ((s.ana, "--name", "Anna"), (s.ana, "--name", "Anne")),
    "user password": lambda s: ((s.ana, "--password-stdin"), (s.cast.ben.email, "--password-stdin")),
    "user import": lambda s: files("email,name", "x@example.org,X", "y@example.org,Y"),
    "user anonymise": lambda s: ((s.cast.ana.id, "--yes"), (s.cast.ben.id, "--yes")),
    "holds release": lambda s: (("--user", _holding(s)), ("--user", s.cast.ben.email)),
    "webhook add": lambda s: (("https://example.org/",), ("https://example.org/other",)),
    "webhook enable": lambda s: ((hook := s.webhook(),), (hook + 1000,)),
    "webhook remove": lambda s: ((hook := s.webhook(),), (hook + 1000,)),
    "webhook replay": lambda s: ((told := s.told(),), (told + 1000,)),
    "calendar renew": lambda s: (("--user", s.ana, "--yes"), ("--user", s.cast.ben.email, "--yes")),
    "voucher create": lambda s: (("SPRING", "--percent", 5), ("SPRING", "--percent", 6)),
    "voucher cancel": lambda s: ((s.voucher(),), ("SUMMER",)),
    "mail retry": lambda s: ((s.dead_mail(),), (2,)),
    "mail test": lambda s: (("a@example.org",), ("b@example.org",)),
}
"""What each write is asked for, and something else that it is not."""


def _holding(stage: Stage) -> str:
    stage.held()
    return stage.ana


def test_every_command_that_writes_is_tried_here() -> None:
    writes = {
        " ".join(words)
        for words, found in every_command().items()
        if any("--request-key" in param.opts for param in found.params)
    }
    assert writes == CASES.keys()


@pytest.mark.parametrize("words", CASES)
def test_a_command_with_a_key_happens_once(words: str, app: App, cast: Cast, cli: CommandLine) -> None:
    asked, other = CASES[words](Stage(app, cast))

    def run(*more: object, code: int = 0) -> Any:
        options = (*words.split(), *more, "--request-key", "k")
        return cli.json(*options, stdin="something quite new\n", code=code)

    first = run(*asked)
    before = everything(app)
    assert run(*asked) == first
    assert run(*other, code=3)["code"] == "key_reused"
    assert everything(app) == before
