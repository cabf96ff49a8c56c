"""--dry-run on every write: it says what would be, and leaves every row as it was, whatever time has in store.

In a house where holds are over and nobody has noted it, where people wait for their places and their money.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from classbook.app import App
from classbook.cli.root import every_command
from classbook.core import catalog
from classbook.core.asks import ById, Confirm, Reserve
from classbook.testing import FrozenClock
from classbook.values import Offering
from tests.cli.test_keys import CASES
from tests.cli.test_keys import Case as CaseOfAKey
from tests.conftest import CommandLine
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_venue,
    as_person,
    ask,
    broken,
    clock_time,
    everything,
    hold,
    rich,
)
from tests.stage import Stage

HOLD: Final[dict[str, Any]] = {"hold_seconds": 60, "offer_seconds": 1800, "open_holds": 0, "pause_after_lapses": 0}


class Overdue(Stage):
    """The same, but Ben's holds are over everywhere, Cleo waits for them, and Ana's money is in one of them."""

    def __init__(self, app: App, cast: Cast, clock: FrozenClock):
        super().__init__(app, cast)
        for who in (cast.ana, cast.ben, cast.cleo):
            rich(app, who, "200")
        self.arena = a_venue(app, "A:1x6")
        self.disputed("yoga", "class", {"seats": 3, "price": "5"})
        self.disputed("picnic", "event", {"seats": 3, "price": "5"})
        self.disputed("final", "match", {"prices": {"A": "5"}}, seats=("A-1-5", "A-1-6"))
        slot: dict[str, Any] = {"starts_at": clock_time("15:00"), "ends_at": clock_time("16:00")}
        self.disputed("court", "resource", {"seats": 2, "price": "5"}, **slot)
        self.disputed("doctor", "appointment", {"price": "5"}, party=1, starts_at=clock_time("15:00", days=2))
        self.room = a_court(app, title="Studio", confirm="self", **HOLD)
        ask(app, Reserve(as_person(cast.ben), self.room.id, **slot))
        self.sunk = a_class(app, title="Sunk", price="190", confirm="payment", **HOLD)
        hold(app, self.sunk, cast.ana)
        ask(app, Reserve(as_person(rich(app, cast.dora, "500")), self.sunk.id, party=2, queue=True))
        self.wished = a_class(app, title="Wished", seats=1, price="100", confirm="payment", **HOLD)
        hold(app, self.wished, cast.dora)
        ask(app, Reserve(as_person(cast.ana), self.wished.id, queue=True))
        clock.advance(seconds=30)  # from here on a hold outlasts what comes

    def disputed(self, name: str, kind: str, changes: dict[str, Any], *, party: int = 2, **wanted: Any) -> None:
        """Ben holds places of it, and Cleo waits for as many."""
        of: Offering = getattr(self, name)
        catalog.update(self.app, CONSOLE, kind, of.id, changes | {"policy": HOLD | {"confirm": "self"}})
        ask(self.app, Reserve(as_person(self.cast.ben), of.id, party=party, **wanted))
        ask(self.app, Reserve(as_person(self.cast.cleo), of.id, party=party, queue=True, **wanted))

    def held(self) -> str:
        """Ana's hold, which is not over."""
        catalog.update(self.app, CONSOLE, "class", self.yoga.id, {"policy": {"hold_seconds": 86400}})
        return hold(self.app, self.yoga, self.cast.ana).code

    def bought(self) -> str:
        """Ana's seats, which are paid for."""
        seats = Reserve(as_person(self.cast.ana), self.final.id, seats=("A-1-1", "A-1-2"))
        return ask(self.app, Confirm(as_person(self.cast.ana), ById(ask(self.app, seats).id))).code


Case = Callable[[Overdue], tuple[object, ...]]
SPAN: Final = ("--start", "2026-12-02T15:00", "--duration", "1h")


def _with_room(stage: Overdue) -> tuple[object, ...]:
    made = a_class(stage.app, title="Judo", room=stage.room.id, starts_in=timedelta(days=3))
    return (made.id, *SPAN)


def _rooms(stage: Overdue) -> tuple[object, ...]:
    Path("rooms.csv").write_text(f"title,seats,start,duration,room\nYoga,2,2026-12-02 15:00,1h,{stage.room.id}\n")
    return ("rooms.csv",)


def _nothing_left(stage: Overdue) -> tuple[object, ...]:
    """Somebody who has nothing but a hold that is over."""
    hold(stage.app, a_class(stage.app, **HOLD), stage.cast.emma)
    return (stage.cast.emma.id, "--yes")


MORE: Final[dict[str, Case]] = {
    "class create": lambda s: ("Judo", "--seats", 2, *SPAN, "--room", s.room.id),
    "class create, again and again": lambda s: (
        "Judo", "--seats", 2, *SPAN, "--room", s.room.id, "--repeat", "weekly", "--count", 3,
    ),
    "class import": _rooms,
    "class update": _with_room,
    "class update, larger": lambda s: (s.yoga.id, "--seats", 9),
    "class update, dearer": lambda s: (s.yoga.id, "--price", 7),
    "class cancel": lambda s: (_with_room(s)[0], "--yes"),
    "class cancel, paid for": lambda s: (s.sunk.id, "--yes"),
    "class delete": lambda s: (_with_room(s)[0], "--yes"),
    "resource update": lambda s: (s.court.id, "--slots", 5),
    "wallet top-up": lambda s: (190, "--user", s.ana),
    "wallet withdraw": lambda s: (200, "--user", s.ana),
    "reserve": lambda s: (s.sunk.id, "--user", s.ana, "--party", 1),
    "reserve, in line": lambda s: (s.wished.id, "--user", s.cast.ben.email, "--queue"),
    "move": lambda s: (s.bought(), "--seat", "A-1-2"),
    "cancel": lambda s: (s.bought(),),
    "match release": lambda s: (s.blocked(), "--seat", "A-1-1"),
    "user anonymise": _nothing_left,
    "audit": lambda s: ("--repair", "--yes"),
}  # fmt: skip
"""Where one command finds more that is over than its case for a key does; what follows a comma is for the reader."""


def _first(case: CaseOfAKey) -> Case:
    return lambda stage: case(stage)[0]


ALL: Final = {f"{words}, plainly": _first(case) for words, case in CASES.items()} | MORE
ELSEWHERE: Final = {"db copy", "db restore"}
"""What writes another database: `tests/core/test_backups.py`."""


def test_every_command_that_can_be_tried_is_tried_here() -> None:
    """Where this fails, give `CASES` of the request keys or `MORE` a case."""
    tried = {
        " ".join(words)
        for words, found in every_command().items()
        if any("--dry-run" in param.opts for param in found.params)
    }
    assert tried - ELSEWHERE == {words.partition(",")[0] for words in ALL}


@pytest.mark.parametrize("words", ALL)
def test_a_dry_run_changes_no_row_and_tells_what_would_be(
    app: App, cast: Cast, clock: FrozenClock, cli: CommandLine, words: str
) -> None:
    stage = Overdue(app, cast, clock)
    asked = ALL[words](stage)
    clock.advance(seconds=45)
    before = everything(app)

    def run(*more: object) -> Any:
        line = (*words.partition(",")[0].split(), *asked, *more)
        return cli("--json", *line, stdin="something quite new\n")

    tried = run("--dry-run")
    assert everything(app) == before
    done = run()
    assert (tried.code, _refused(tried.err)) == (done.code, _refused(done.err))
    assert broken(app) == []


def _refused(err: str) -> list[tuple[str, str]]:
    """What is refused, and why."""
    found = (json.loads(line) for line in err.splitlines() if line.startswith("{"))
    return [(one["code"], one["detail"]) for one in found]
