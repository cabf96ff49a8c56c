"""`user update` and `user password`: what an administrator does at a terminal."""

from __future__ import annotations

import pytest

from classbook.app import App
from classbook.core import logins
from tests.conftest import CommandLine
from tests.makers import CALLER, PASSWORD, Cast, mailed, person

NEW = "another one entirely"


def test_a_person_is_changed_and_what_is_not_named_stays(cli: CommandLine, cast: Cast) -> None:
    words = ("--name", "Ana B", "--role", "organizer", "--phone", "+49 30 1", "--timezone", "Asia/Tokyo")
    changed = cli.json("user", "update", cast.ana.email, *words)
    assert changed == {
        "id": cast.ana.id,
        "email": "ana@example.org",
        "name": "Ana B",
        "role": "organizer",
        "phone": "+49 30 1",
        "timezone": "Asia/Tokyo",
    }
    assert cli.json("user", "update", cast.ana.id, "--name", "Ana") == changed | {"name": "Ana"}
    assert cli.json("user", "show", cast.ana.email) == changed | {"name": "Ana"}


def test_a_dry_run_changes_nobody_and_a_repeat_changes_once(cli: CommandLine, cast: Cast) -> None:
    assert cli.json("user", "update", cast.ana.email, "--name", "Anna", "--dry-run")["name"] == "Anna"
    assert cli.json("user", "show", cast.ana.email)["name"] == "Ana"
    cli.json("user", "update", cast.ana.email, "--name", "Anna", "--request-key", "k")
    cli.json("user", "update", cast.ana.email, "--name", "Annette")
    assert cli.json("user", "update", cast.ana.email, "--name", "Anna", "--request-key", "k")["name"] == "Anna"
    assert cli.json("user", "show", cast.ana.email)["name"] == "Annette"


@pytest.mark.parametrize(
    ("words", "code", "refusal"),
    [
        ((), 3, "invalid"),
        (("--name", ""), 3, "invalid"),
        (("--name", "a\u0000b"), 3, "invalid"),
        (("--timezone", "Mars/Olympus"), 3, "invalid"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    cli: CommandLine, cast: Cast, words: tuple[str, ...], code: int, refusal: str
) -> None:
    assert cli.json("user", "update", cast.ana.email, *words, code=code)["code"] == refusal
    assert cli.json("user", "update", "nobody@example.org", "--name", "X", code=4)["code"] == "not_found"


def test_people_change_themselves_but_for_their_role(cli: CommandLine, cast: Cast) -> None:
    as_ana = ("--as", cast.ana.email, "--json", "user", "update")
    assert cli(*as_ana, cast.ana.email, "--name", "Anna", code=0).json()["name"] == "Anna"
    assert cli(*as_ana, cast.ana.email, "--role", "admin", code=6).json()["code"] == "not_yours"
    assert cli(*as_ana, cast.ben.email, "--name", "Bob", code=4).json()["code"] == "not_found"


def test_a_password_is_read_from_standard_input_and_ends_every_login(app: App, cli: CommandLine) -> None:
    ana = person(app, "Ana", password=PASSWORD)
    old = logins.login(app, CALLER, email=ana.email, password=PASSWORD)
    ran = cli("user", "password", ana.email, "--password-stdin", stdin=f"{NEW}\n", code=0)
    assert NEW not in ran.out + ran.err
    assert logins.login(app, CALLER, email=ana.email, password=NEW)
    with pytest.raises(Exception, match="has ended"):
        logins.refresh(app, CALLER, old)
    assert [mail[:2] for mail in mailed(app)] == [(ana.email, "Your password was changed")]


def test_without_a_terminal_the_option_is_named_and_a_bad_password_is_refused(cli: CommandLine, cast: Cast) -> None:
    assert "--password-stdin" in cli("user", "password", cast.ana.email, stdin=NEW, code=2).err
    assert "nothing on standard input" in cli("user", "password", cast.ana.email, "--password-stdin", code=2).err
    for bad in ("short", "password1", cast.ana.email):
        problem = cli.json("user", "password", cast.ana.email, "--password-stdin", stdin=bad, code=3)
        assert problem["code"] == "invalid"


def test_only_an_administrator_gives_passwords(cli: CommandLine, cast: Cast) -> None:
    words = ("--as", cast.ana.email, "--json", "user", "password", cast.ana.email, "--password-stdin")
    assert cli(*words, stdin=NEW, code=6).json()["code"] == "not_yours"


def test_the_same_key_with_another_password_is_refused(app: App, cli: CommandLine, cast: Cast) -> None:
    words = ("user", "password", cast.ana.email, "--password-stdin", "--request-key", "k")
    for _ in range(2):
        cli.json(*words, stdin=NEW)
    assert len(mailed(app)) == 1
    assert cli.json(*words, stdin=PASSWORD, code=3)["code"] == "key_reused"
    assert logins.login(app, CALLER, email=cast.ana.email, password=NEW)
