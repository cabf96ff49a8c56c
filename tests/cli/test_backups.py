"""`db backup`, `db restore` and `db copy` at a terminal: what they say, refuse and leave behind, also when killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classbook.app import App
from classbook.config import Settings
from classbook.core import wallet
from tests.conftest import SECRET, CommandLine, fresh_database
from tests.core.test_backups import rows
from tests.makers import CONSOLE, Cast, a_class, broken, everything, hold

HERE = Path("one.backup")


@pytest.fixture
def house(app: App, cast: Cast) -> App:
    wallet.top_up(app, CONSOLE, "5", person=cast.ana.id)
    hold(app, a_class(app, price="2"), cast.ana)
    return app


@pytest.fixture
def other(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of another, empty database of the same kind."""
    (tmp_path / "other").mkdir()
    with fresh_database(request, database_url.partition(":")[0], tmp_path / "other") as url:
        yield url


def left() -> list[str]:
    """Files that nobody wanted."""
    return [name for name in os.listdir() if name.endswith(".tmp")]


def stop(house: App) -> None:
    """Nobody else has the database open any more."""
    house.store.close()


def test_a_backup_is_for_its_owners_eyes_and_says_what_it_is(house: App, cli: CommandLine) -> None:
    told = cli.json("db", "backup", HERE)
    assert stat.S_IMODE(HERE.stat().st_mode) == 0o600
    assert (told["to"], told["as_of"], told["same_key"]) == (str(HERE), "2026-12-01T09:00:00Z", True)
    assert told["rows"] == sum(told["tables"].values()) and told["tables"]["people"] == 1
    assert sorted(name for name in os.listdir() if name.startswith(HERE.name)) == [HERE.name]
    assert left() == []


def test_a_file_that_is_there_is_overwritten_only_if_that_is_said(house: App, cli: CommandLine) -> None:
    HERE.write_text("precious")
    refused = cli.json("db", "backup", HERE, code=5)
    assert (refused["code"], refused["hint"]) == ("exists", "--force overwrites it.")
    assert HERE.read_text() == "precious"
    cli("--quiet", "db", "backup", "--force", HERE, code=0)
    cli("db", "restore", HERE, "--dry-run", code=0)


@pytest.mark.parametrize("place", ["link.backup", "folder.backup", "no/such.backup"])
def test_no_link_is_followed_and_nothing_but_a_file_replaced(place: str, house: App, cli: CommandLine) -> None:
    HERE.write_text("precious")
    Path("link.backup").symlink_to(HERE)
    Path("folder.backup").mkdir()
    cli("db", "backup", "--force", place, code=3)
    assert HERE.read_text() == "precious"
    assert left() == []


def test_who_may_not_take_it_leaves_no_file(house: App, cast: Cast, cli: CommandLine) -> None:
    cli("--as", cast.ana.email, "db", "backup", HERE, code=6)
    cli("--as", cast.ana.email, "db", "copy", "--to", "sqlite:///ana.db", code=6)
    assert not HERE.exists() and not Path("ana.db").exists()
    assert left() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_database_is_never_written_over_with_its_own_backup(house: App, cli: CommandLine) -> None:
    before = everything(house)
    assert "is the database itself" in cli("db", "backup", "--force", "classbook.db", code=3).err
    assert "is the database itself" in cli("db", "restore", "--yes", "classbook.db", code=3).err
    assert everything(house) == before


def test_a_house_that_is_not_empty_is_replaced_with_consent_only(house: App, cli: CommandLine) -> None:
    cli("db", "backup", HERE, code=0)
    a_class(house, title="Later")
    before = everything(house)
    asked = cli("db", "restore", HERE, code=2).err
    assert "Replace the " in asked and "those of Tue 1 Dec 2026 09:00" in asked and "--yes" in asked
    assert "dry run" in cli("db", "restore", HERE, "--dry-run", code=0).err
    assert everything(house) == before
    assert "is in use" in cli("db", "restore", HERE, "--yes", code=5).err
    stop(house)
    restored = cli("db", "restore", HERE, "--yes", code=0)
    assert "every invariant whole" in restored.err
    assert "Later" not in str(everything(house))
    assert broken(house) == []


def test_what_was_wrong_before_is_restored_and_said(house: App, cli: CommandLine) -> None:
    """A backup is what there was: who mends something broken wants a copy of it first."""
    house.store.write(lambda tx: tx.change("UPDATE claims SET live = false"))
    cli("db", "backup", HERE, code=0)
    stop(house)
    restored = cli("db", "restore", HERE, "--yes", code=1)
    assert "audit: " in restored.err
    assert len(broken(house)) == restored.err.count("audit: ") > 0


def test_another_secret_key_is_said(house: App, cli: CommandLine, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "secret key" in cli("db", "backup", HERE, code=0).err
    assert "secret key" not in cli("--database", other, "db", "restore", HERE, code=0).err
    monkeypatch.setenv("CLASSBOOK_SECRET", SECRET[::-1])
    restored = cli("--database", other, "db", "restore", HERE, "--yes", code=0)
    assert "The secret key here is not the one of then" in restored.err


def test_a_copy_says_what_comes_next_and_is_made_once(house: App, cli: CommandLine, other: str) -> None:
    assert "dry run" in cli("db", "copy", "--to", other, "--dry-run", code=0).err
    told = cli("db", "copy", "--to", other, code=0)
    assert "Both hold the same." in told.err and "tables.people\t1\n" in told.out
    assert cli.json("db", "copy", "--to", other, code=5)["code"] == "exists"
    assert "people: 1\n" in cli("--verbose", "db", "backup", HERE, code=0).err


def test_what_has_no_schema_is_no_database_to_be_kept(cli: CommandLine) -> None:
    """A misspelt name is not quietly an empty backup."""
    assert "is empty" in cli("--database", "sqlite:///typo.db", "db", "backup", HERE, code=8).err
    assert not HERE.exists() and left() == []


# --- killed --------------------------------------------------------------------------------------------------------

KILLED_AT = """
import io, os, signal, sys
from classbook.cli import main

class Deadly(io.StringIO):
    def write(self, text):
        if text.startswith("reservations:"):
            os.kill(os.getpid(), signal.SIGKILL)
        return len(text)

sys.stderr = Deadly()
sys.exit(main(["--verbose", *sys.argv[1:]]))
"""
"""Runs a command and is dead as soon as it says that all reservations have passed."""


def killed(settings: Settings, *words: object) -> None:
    environ = os.environ | {
        "CLASSBOOK_DATABASE_URL": settings.database.url,
        "CLASSBOOK_SECRET": SECRET,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    ran = subprocess.run([sys.executable, "-c", KILLED_AT, *map(str, words)], env=environ, timeout=120)
    assert ran.returncode == -signal.SIGKILL


def test_killed_in_the_midst_of_a_backup_there_is_never_half_a_file(
    house: App, cli: CommandLine, settings: Settings
) -> None:
    killed(settings, "db", "backup", HERE)
    assert not HERE.exists()
    cli("db", "backup", HERE, code=0)
    whole = HERE.read_bytes()
    killed(settings, "db", "backup", "--force", HERE)
    assert HERE.read_bytes() == whole
    assert len(left()) == 2  # what nobody takes for a backup


def test_killed_in_the_midst_of_a_restore_all_is_as_it_was(house: App, cli: CommandLine, settings: Settings) -> None:
    cli("db", "backup", HERE, code=0)
    a_class(house, title="Later")
    before = everything(house)
    stop(house)
    killed(settings, "db", "restore", "--yes", HERE)
    assert everything(house) == before
    assert broken(house) == []
    stop(house)
    cli("db", "restore", "--yes", HERE, code=0)
    assert "Later" not in str(rows(house))


def test_killed_in_the_midst_of_a_copy_nothing_is_there(
    house: App, cli: CommandLine, settings: Settings, other: str
) -> None:
    killed(settings, "db", "copy", "--to", other)
    cli("db", "copy", "--to", other, code=0)
