"""A disk that is full, as the engines themselves find it: refused in clear words, nothing half done, and well again.

SQLite: its own limit on the pages of a file, which is SQLITE_FULL, and the system's limit on the size of files.
PostgreSQL: the file of a table leads to ``/dev/full``, where the system has no room, and the server says so (53100).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from classbook.app import App
from classbook.config import Settings
from classbook.core import booking, upkeep, webhooks
from classbook.core.asks import Reserve
from classbook.daemon import JOBS, run_once
from classbook.errors import ClassbookError, DiskFull, Unavailable
from classbook.testing import FrozenClock
from classbook.values import Offering, Outcome
from tests.conftest import SECRET, Client, CommandLine
from tests.makers import CONSOLE, FREELY, Cast, a_class, as_person, broken, everything
from tests.web.conftest import tokens_of
from tests.web.test_classes import refused

MOST = 500
"""Bookings that may still find room on the pages that are there."""


@pytest.fixture
def yoga(app: App) -> Offering:
    return a_class(app, seats=10_000, max_per_person=10_000, **FREELY)


@contextmanager
def full(app: App, table: str = "claims") -> Iterator[None]:
    """No room for one page more until the block ends; on PostgreSQL, for none of a ``table`` that is empty."""
    if app.store.is_embedded:
        _limit_pages(app, 1)  # those that are there stay
        yield
        _limit_pages(app, 2**30)
    else:
        with _nowhere_to_write(app, table):
            yield


def _limit_pages(app: App, most: int) -> None:
    with closing(app.store._writer.raw_connection()) as connection:
        connection.cursor().execute(f"PRAGMA max_page_count={most}")


@contextmanager
def _nowhere_to_write(app: App, table: str) -> Iterator[None]:
    """The file of an empty table leads where there is never room. Who runs the server may do that to its files."""
    url = app.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))  # which gives it a file of its own
        [(folder, name)] = connection.execute(
            "SELECT current_setting('data_directory'), pg_relation_filepath(%s)", [table]
        )
    file = Path(folder, name)
    if not file.exists():
        pytest.skip("the server is somebody's own, and its files are elsewhere")
    assert file.stat().st_size == 0
    aside = file.with_name(f"{file.name}.aside")
    app.store.close()  # what is open stays open
    file.rename(aside)
    file.symlink_to("/dev/full")
    yield
    app.store.close()
    file.unlink()
    aside.rename(file)


def count(app: App, table: str) -> int:
    return len(everything(app)[table])


def test_over_http_it_is_said_nothing_is_half_done_and_it_goes_on(
    app: App, cast: Cast, client: Client, yoga: Offering
) -> None:
    member = client.bearing(tokens_of(app).access(cast.ana.id))

    def reserve() -> Any:
        return member.post("/api/v0/classes/reserve-seat", {"class_id": yoga.id})

    with full(app):
        answers = [answer := reserve()]
        while answer.status == 201 and len(answers) < MOST:
            answers.append(answer := reserve())
        problem = refused(answer, 503, "unavailable")
        assert problem["title"] == "The disk of the database is full"
        assert "/" not in problem["detail"]
        assert int(answer.headers["Retry-After"]) >= 1
        before = everything(app)
        refused(reserve(), 503, "unavailable")
        assert client.get(f"/api/v0/classes/{yoga.id}/").status == 200
        assert everything(app) == before
    assert count(app, "reservations") == len(answers) - 1 == len(before["claims"]) == len(before["messages"])
    assert broken(app) == []
    assert reserve().status == 201
    assert broken(app) == []


class Cramped(CommandLine):
    """The command line in a house whose every connection has no room."""

    def _open(self, settings: Settings, **options: Any) -> App:
        house = super()._open(settings, **options)
        if house.store.is_embedded:
            _limit_pages(house, 1)
        return house


def test_at_a_terminal_it_is_exit_8_with_what_to_do(app: App, cast: Cast, cli: CommandLine, yoga: Offering) -> None:
    cramped = Cramped(app, cli.monkeypatch)
    words = ("reserve", yoga.id, "--user", cast.ana.email, "--party", 10)
    with full(app):
        tries = [ran := cramped(*words)]
        while ran.code == 0 and len(tries) < MOST:
            tries.append(ran := cramped(*words))
        assert ran.code == 8
        first, second = ran.err.strip().splitlines()[-2:]
        assert first.startswith("error: The disk of the database ") and first.endswith(" is full.")
        assert second == "hint: Make room on it."
        said = cramped.json(*words, code=8)
        assert (said["code"], said["status"]) == ("unavailable", 503)
    assert count(app, "reservations") == len(tries) - 1
    assert broken(app) == []
    cli(*words, code=0)


def test_of_a_batch_all_or_nothing_is_there(app: App, cast: Cast, yoga: Offering) -> None:
    asks = [Reserve(as_person(cast.ana), yoga.id) for _ in range(50)]
    booked: list[Outcome] = []

    def book() -> None:
        while len(booked) < MOST:
            booked.extend(booking.book(app, asks))

    with full(app), pytest.raises(DiskFull):
        book()
    assert count(app, "reservations") == len(booked)
    assert broken(app) == []
    assert not any(isinstance(one, ClassbookError) for one in booking.book(app, asks))


def test_a_daemon_waits_for_room_and_then_does_all_that_was_due(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    """What lapses is told to webhooks: those rows are the first of their table."""
    webhooks.add(app, CONSOLE, "https://example.org/", events=["reservation.expired"])
    for _ in range(6):
        booking.book(app, [Reserve(as_person(cast.ana), yoga.id) for _ in range(50)])
    clock.advance(timedelta(days=2))
    settle = [job for job in JOBS if job.step is upkeep.settle_due]
    with full(app, "deliveries"):
        with pytest.raises(DiskFull):
            run_once(app, settle)
        assert broken(app) == []
        assert {row[3] for row in everything(app)["reservations"]} >= {"held"}
    run_once(app, settle)
    assert {row[3] for row in everything(app)["reservations"]} == {"expired"}
    assert count(app, "deliveries") == 300
    assert broken(app) == []


# --- the system's own limit on files -------------------------------------------------------------------------------

CRAMPED = """
import resource, sys
from classbook.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""
"""Runs a command that may write no file beyond a size."""
NO_ROOM = r"error: The disk of the database .* (is full|does not take or give what it should)\.\nhint: .*(room|full)"
"""Not every build of SQLite says why a write failed."""


def cramped(settings: Settings, most_bytes: int, *words: object) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {
        "CLASSBOOK_DATABASE_URL": settings.database.url,
        "CLASSBOOK_SECRET": SECRET,
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    script = [sys.executable, "-c", CRAMPED, str(most_bytes), *map(str, words)]
    return subprocess.run(script, env=environ, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_command_whose_file_may_not_grow_says_so_and_changes_nothing(
    app: App, cast: Cast, settings: Settings
) -> None:
    person = cast.ana
    app.store.close()  # all is in the file, and its journal is gone
    before = everything(app)
    app.store.close()
    ran = cramped(settings, 16_000, "user", "create", "ben@example.org", "--name", "Ben")
    assert ran.returncode == 8, ran.stderr
    assert re.search(NO_ROOM, ran.stderr)
    assert everything(app) == before
    assert person.email in str(before)
    assert a_class(app).id == 1
    assert broken(app) == []


def test_a_backup_that_finds_no_room_is_no_file(app: App, cast: Cast, settings: Settings) -> None:
    cast.crowd(2)
    ran = cramped(settings, 100_000, "db", "backup", "one.backup")
    assert ran.returncode == 8, ran.stderr
    assert ran.stderr.startswith("error: The disk of the backup ")
    assert [name for name in os.listdir() if "backup" in name] == []


# --- what else a server runs out of --------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("state", ["53100", "53200", "53300", "53400", "58030"])
def test_what_a_server_runs_out_of_is_said_and_not_taken_for_a_bug(app: App, cast: Cast, state: str) -> None:
    """The disk, memory, connections, a limit of its configuration, and a disk that fails: raised by the server."""
    yoga = a_class(app)
    app.store.write(
        lambda tx: tx.connection.exec_driver_sql(
            f"CREATE FUNCTION short() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '{state}'; END $$; "
            "CREATE TRIGGER short BEFORE INSERT ON claims EXECUTE FUNCTION short()"
        )
    )
    with pytest.raises(DiskFull if state == "53100" else Unavailable):
        booking.book(app, [Reserve(as_person(cast.ana), yoga.id)])
    app.store.write(lambda tx: tx.connection.exec_driver_sql("DROP FUNCTION short CASCADE"))
    assert count(app, "reservations") == 0
    booking.book(app, [Reserve(as_person(cast.ana), yoga.id)])
    assert broken(app) == []
