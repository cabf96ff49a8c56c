"""``--as``: every command that writes does for each person what the same person may do over HTTP, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from classbook.app import App
from classbook.core import personal
from tests.cli.test_keys import CASES
from tests.conftest import CommandLine
from tests.makers import CONSOLE, Cast, a_class, a_doctor, as_person, everything, person
from tests.stage import Stage

OK, NOT_YOURS, NOT_FOUND, MISSING_CODE = 0, 6, 4, 2
Answers = dict[str, int]
PEOPLE: Final = ("ana", "ben", "dora", "doctor", "emma", "gone")
"""A member whom it is about, another one, an organizer, a provider, an administrator, and somebody who is gone."""


def only(*may: str, others: int = NOT_YOURS, own: int = OK) -> Answers:
    """Who may, beside the administrator; what the others hear. Nobody acts as somebody who is gone."""
    return {one: own if one in may else {"emma": OK, "gone": NOT_FOUND}.get(one, others) for one in PEOPLE}


OWN = only("ana", others=NOT_FOUND)
"""What others have does not exist."""
ADMIN = only()
ORGANIZER = only("dora")
EVERYBODY = only("ana", "ben", "dora", "doctor")
TABLE: Final[dict[str, Answers]] = {
    "reserve": only("ana"),
    "confirm": only("ana", others=NOT_FOUND, own=MISSING_CODE),
    "cancel": OWN,
    "move": OWN,
    "check-in": OWN,
    "wallet top-up": OWN,
    "wallet withdraw": OWN,
    "class create": ORGANIZER,
    "class import": ORGANIZER,
    "event create": EVERYBODY,
    "event import": EVERYBODY,
    "provider create": ORGANIZER,
    "user create": ORGANIZER,
    "user import": ORGANIZER,
    "user update": OWN,
    "user anonymise": OWN,
    "calendar renew": only("ana"),
    "voucher cancel": ADMIN | {"dora": NOT_FOUND},
} | dict.fromkeys(
    (
        "class update", "class cancel", "class delete", "event update", "event cancel", "event delete",
        "venue create", "venue import", "match create", "match import", "match update", "match block",
        "match release", "match cancel", "match delete", "resource create", "resource update", "resource cancel",
        "resource delete", "provider update", "provider cancel", "provider delete", "schedule add", "user password",
        "holds release", "voucher create", "mail retry", "mail test", "webhook add", "webhook enable", "webhook remove",
        "webhook replay",
    ),
    ADMIN,
)  # fmt: skip


def test_every_command_that_writes_has_its_row() -> None:
    """Where this fails, say in `TABLE` who may do what is new."""
    assert TABLE.keys() == CASES.keys()


@pytest.fixture
def addresses(app: App, cast: Cast) -> dict[str, str]:
    gone = person(app, "Gone")
    personal.anonymise(app, CONSOLE, str(gone.id), email=gone.email)
    doctor = a_doctor(app, name="Dr. Max")
    assert doctor.creator is not None
    found = {name: getattr(cast, name).email for name in ("ana", "ben", "dora", "emma")}
    return found | {"doctor": doctor.creator.email, "gone": gone.email}


@pytest.mark.parametrize("words", TABLE)
def test_each_command_does_for_each_person_what_the_table_says(
    app: App, cast: Cast, cli: CommandLine, addresses: dict[str, str], words: str
) -> None:
    asked, _ = CASES[words](Stage(app, cast))
    before = everything(app)
    found = {}
    for one, email in addresses.items():
        # Who is refused really asks, and nothing changes; who may only tries, so that the next one finds it as it was.
        trying = ("--dry-run",) if TABLE[words][one] == OK else ()
        found[one] = cli("--as", email, *words.split(), *asked, *trying, stdin="something quite new\n").code
    assert found == TABLE[words]
    assert everything(app) == before


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("class update", ("--title", "Another")),
        ("class cancel", ("--yes",)),
        ("class delete", ("--yes",)),
        ("event update", ("--title", "Another")),
        ("event cancel", ("--yes",)),
        ("event delete", ("--yes",)),
        ("provider update", ("--notice", "1h")),
        ("provider cancel", ("--yes",)),
        ("provider delete", ("--yes",)),
        ("schedule add", ("--closed", "2026-12-24")),
    ],
)
def test_who_made_something_changes_it_and_nobody_like_them_does(
    app: App, cast: Cast, cli: CommandLine, words: str, more: tuple[str, ...]
) -> None:
    make: dict[str, Callable[[], tuple[int, str, str]]] = {
        "class": lambda: (a_class(app, by=as_person(cast.cleo)).id, cast.cleo.email, cast.dora.email),
        "event": lambda: (a_class(app, kind="event", by=as_person(cast.ana)).id, cast.ana.email, cast.ben.email),
    }
    one, own, other = make.get(words.split()[0], lambda: _practices(app))()
    cli("--as", other, *words.split(), one, *more, code=NOT_YOURS)
    cli("--as", own, *words.split(), one, *more, code=OK)


def _practices(app: App) -> tuple[int, str, str]:
    """What a provider offers, their address, and that of another one."""
    one, other = a_doctor(app), a_doctor(app, name="Dr. Max")
    assert one.creator is not None and other.creator is not None
    return one.id, one.creator.email, other.creator.email


READS: Final[dict[str, tuple[str, Answers]]] = {
    "user show": ("ana@example.org", OWN),
    "user export": ("ana@example.org", OWN),
    "user list": ("", ADMIN),
    "reservation show": ("1", OWN),
    "reservation history": ("1", OWN),
    "wallet show": ("--user ana@example.org", OWN),
    "wallet statement": ("--user ana@example.org", OWN),
    "history": ("", ADMIN),
    "mail list": ("", ADMIN),
    "mail show": ("1", ADMIN),
    "audit": ("", ADMIN),
    "report": ("", ORGANIZER),
}


@pytest.mark.parametrize("words", READS)
def test_what_is_kept_from_people_is_kept_from_them_here_too(
    app: App, cast: Cast, cli: CommandLine, addresses: dict[str, str], words: str
) -> None:
    Stage(app, cast).funded(), Stage(app, cast).held()
    more, expected = READS[words]
    found = {one: cli("--as", email, *words.split(), *more.split()).code for one, email in addresses.items()}
    assert found == expected
