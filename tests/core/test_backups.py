"""Backups, restores and copies: all rows as of one moment, on both databases and from one into the other."""

from __future__ import annotations

import json
import os
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from classbook.app import App, open_app
from classbook.config import DatabaseSettings
from classbook.core import backups, booking, catalog, matches, trail, wallet
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.errors import Exists, Invalid, NotAllowedNow, NotYours, Unavailable
from classbook.store import copies, schema, tables
from classbook.store.database import ConstraintRefused, Tx
from classbook.testing import MemoryMailer
from classbook.values import Offering, Reservation, SeatState
from tests.conftest import DATABASES, CommandLine, fresh_database
from tests.makers import (
    CONSOLE,
    FREELY,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    broken,
    clock_time,
    everything,
    hold,
    mailed_code,
    purse,
)
from tests.postgres import Server
from tests.store.test_schema import catalogue

HERE = Path("one.backup")
Act = Callable[[], object]


@pytest.fixture(params=DATABASES)
def other(request: pytest.FixtureRequest, app: App, tmp_path: Path) -> Iterator[App]:
    """Another house, empty, on each kind of database."""
    (tmp_path / "other").mkdir()
    with fresh_database(request, request.param, tmp_path / "other") as url, opened(app, url) as house:
        yield house


@contextmanager
def opened(app: App, url: str) -> Iterator[App]:
    """A house like this one on another database."""
    settings = replace(app.settings, database=DatabaseSettings(url))
    doubles: dict[str, Any] = {"clock": app.clock, "chance": app.chance, "mailer": MemoryMailer()}
    with closing(open_app(settings, **doubles, check_schema=False)) as house:
        yield house


@pytest.fixture
def house(app: App, cast: Cast) -> App:
    """A house with something of every sort: money, seats, spans, a queue, codes, mails, fractions and odd texts."""
    match = a_match(app, a_venue(app, "A:2x3", "B:1x2"), prices={"A": "12.50", "B": "20"})
    wallet.top_up(app, CONSOLE, "100", person=cast.ana.id)
    seats = ask(app, Reserve(as_person(cast.ana), match.id, seats=("A-1-1", "A-1-2")))
    ask(app, Confirm(as_person(cast.ana), ById(seats.id)))
    ask(app, Cancel(as_person(cast.ana), ById(ask(app, Reserve(as_person(cast.ana), match.id, seats=("B-1-1",))).id)))
    ask(app, Reserve(as_person(cast.ana), match.id, seats=("A-2-1",)))
    matches.block(app, CONSOLE, match.id, ["A-2-3"])
    court = a_court(app, units=2)
    ask(app, Reserve(as_person(cast.ben), court.id, starts_at=clock_time("10:00"), ends_at=clock_time("11:00")))
    yoga = a_class(app, title="Yoga \"\\{NULL}', Zoë 🧘", seats=1, room=court.id, queues=True)
    hold(app, yoga, cast.ana)
    hold(app, yoga, cast.ben)
    return app


def file(app: App, path: Path = HERE) -> Path:
    """A backup."""
    backups.backup(app, CONSOLE, path)
    return path


def rows(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, alike on every database; of the trail, not who brought the rest here."""
    found = everything(app)
    brought = ("restore", "copy")
    found["changes"] = [row for row in found["changes"] if row[4] not in brought]
    return {name: [tuple(map(_alike, row)) for row in held] for name, held in found.items()}


def _alike(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def assert_same(one: App, other: App) -> None:
    some, others = rows(one), rows(other)
    assert some.keys() == others.keys()
    for name, held in some.items():
        assert sorted(held, key=repr) == sorted(others[name], key=repr), name


# --- there and back ------------------------------------------------------------------------------------------------


def test_what_is_restored_is_what_was_backed_up_row_by_row(house: App, other: App) -> None:
    told = backups.backup(house, CONSOLE, HERE)
    back = backups.restore(other, CONSOLE, HERE)
    assert_same(house, other)
    assert told.tables == back.tables == {name: len(held) for name, held in rows(house).items() if name in told.tables}
    assert told.rows == sum(told.tables.values()) > 60
    assert set(told.tables) == set(tables.metadata.tables)
    assert broken(other) == []
    assert back.same_key


def test_what_is_copied_is_the_same_row_by_row(house: App, other: App) -> None:
    told = backups.copy(house, CONSOLE, url_of(other))
    assert_same(house, other)
    assert broken(other) == []
    assert told.rows == sum(told.tables.values())


def url_of(app: App) -> str:
    return app.store.url.render_as_string(hide_password=False)


def test_what_guards_the_rows_is_there_again(house: App, other: App) -> None:
    before = catalogue(other.store)
    backups.restore(other, CONSOLE, file(house))
    assert catalogue(other.store) == before
    with pytest.raises(ConstraintRefused, match="transfers_unchanged"):
        other.store.write(lambda tx: tx.change("DELETE FROM transfers"))
    with pytest.raises(ConstraintRefused, match="claims_overlap"):
        other.store.write(lambda tx: tx.change("UPDATE claims SET unit = 1 WHERE timed"))


def test_the_house_goes_on_where_it_was(house: App, other: App, cast: Cast) -> None:
    backups.restore(other, CONSOLE, file(house))
    for app in (house, other):
        wallet.top_up(app, CONSOLE, "1", person=cast.ben.id)
        hold(app, a_class(app), cast.ben)
    assert purse(other, cast.ana) == purse(house, cast.ana) == ("75.00", "12.50")
    assert purse(other, cast.ben) == purse(house, cast.ben) == ("1.00", "0.00")
    assert {name: ids_of(other, name) for name in tables.metadata.tables if name != "changes"} == {
        name: ids_of(house, name) for name in tables.metadata.tables if name != "changes"
    }
    assert broken(other) == []


def ids_of(app: App, table: str) -> list[object]:
    return sorted((row[0] for row in everything(app)[table]), key=repr)


def test_an_id_that_was_given_is_not_given_again(house: App, other: App) -> None:
    """The newest offering may be gone while the trail still tells of it."""
    gone = a_class(house)
    catalog.delete(house, CONSOLE, "class", gone.id)
    backups.restore(other, CONSOLE, file(house))
    assert a_class(other).id == gone.id + 1


def test_a_demo_goes_into_the_other_database_and_back(
    app: App, cli: CommandLine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    cli("demo", "--size", "small", code=0)
    other = next((kind for kind in DATABASES if not app.store.url.drivername.startswith(kind)), DATABASES[0])
    (tmp_path / "other").mkdir()
    (tmp_path / "back").mkdir()
    with (
        fresh_database(request, other, tmp_path / "other") as there_url,
        fresh_database(request, "postgresql" if other == "sqlite" else "sqlite", tmp_path / "back") as back_url,
        opened(app, there_url) as there,
        opened(app, back_url) as back,
    ):
        backups.restore(there, CONSOLE, file(app))
        backups.copy(there, CONSOLE, back_url)
        for house in (there, back):
            assert_same(app, house)
            assert broken(house) == []
    assert sum(map(len, rows(app).values())) > 1000


def test_an_empty_house_can_be_backed_up_too(app: App, other: App) -> None:
    assert backups.backup(app, CONSOLE, HERE).rows == 0
    backups.restore(other, CONSOLE, HERE)
    assert a_class(other).id == 1


# --- while others write --------------------------------------------------------------------------------------------


def test_what_is_written_meanwhile_is_not_in_it(house: App, other: App, cast: Cast) -> None:
    """Before each table passes, somebody books, pays and is mailed: of none of it anything is in the file."""
    yoga = a_class(house, seats=99, price="0.50", max_per_person=99, **FREELY)
    before = rows(house)

    def book(_table: str, _rows: int) -> None:
        ask(house, Confirm(CONSOLE, ById(hold(house, yoga, cast.ana).id)))

    backups.backup(house, CONSOLE, HERE, told=book)
    assert len(rows(house)["reservations"]) == len(before["reservations"]) + len(tables.metadata.tables)
    backups.restore(other, CONSOLE, HERE)
    assert rows(other) == before
    assert broken(other) == []


def test_writers_go_on_and_every_backup_is_whole(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=3, price="1", max_per_person=99, **FREELY)
    wallet.top_up(app, CONSOLE, "9", person=cast.ana.id)
    begun, enough = Event(), Event()

    def write() -> None:
        while not enough.is_set():
            for one in booking.book(app, [Reserve(as_person(cast.ana), yoga.id)] * 2):
                assert isinstance(one, Reservation)
                ask(app, Cancel(CONSOLE, ById(one.id)))
            begun.set()

    writer = Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        for number in range(3):
            file(app, Path(f"{number}.backup"))
    finally:
        enough.set()
        writer.join()
    assert broken(app) == []
    for number in range(3):
        with opened(app, f"sqlite:///{number}.db") as other:
            backups.restore(other, CONSOLE, Path(f"{number}.backup"))
            assert broken(other) == []


# --- what is there already -----------------------------------------------------------------------------------------


def test_a_house_that_is_not_empty_is_replaced_only_if_that_is_meant(house: App, other: App) -> None:
    path = file(house)
    theirs = a_class(other, title="Theirs")
    before = everything(other)
    with pytest.raises(Exists, match="is not empty"):
        backups.restore(other, CONSOLE, path)
    with pytest.raises(Exists, match="is not empty"):
        backups.copy(house, CONSOLE, url_of(other))
    assert everything(other) == before
    assert backups.rows_held(other) == sum(map(len, before.values())) - 1  # the revision is none of it
    backups.restore(other, CONSOLE, path, replace=True)
    assert_same(house, other)
    assert theirs.title not in str(everything(other))


def test_nothing_is_remembered_of_what_was_replaced(app: App, other: App, cast: Cast) -> None:
    """A seat plan is known by its version, and the replaced one has the same."""
    match = a_match(app, a_venue(app, "A:1x5"))
    path = file(app)
    old = a_match(other, a_venue(other, "A:1x2"))
    assert (old.id, len(seats_of(other, old))) == (match.id, 2)
    backups.restore(other, CONSOLE, path, replace=True)
    assert len(seats_of(other, match)) == 5


def seats_of(app: App, match: Offering) -> list[SeatState]:
    return list(matches.seats(app, CONSOLE, match.id).results)


def test_a_house_in_use_is_not_replaced(house: App, other: App) -> None:
    path = file(house)
    with opened(other, url_of(other)) as daemon, daemon.store.read() as tx:
        tx.rows("SELECT id FROM people")
        with pytest.raises(NotAllowedNow, match="is in use"):
            backups.restore(other, CONSOLE, path)
    backups.restore(other, CONSOLE, path)


def test_a_database_of_something_else_is_left_alone(house: App, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = file(house)
    with foreign_database(house, request, tmp_path) as url, opened(house, url) as other:
        other.store.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE theirs (id integer)"))
        other.store.write(lambda tx: tx.connection.exec_driver_sql("INSERT INTO theirs VALUES (1)"))
        acts: tuple[Act, ...] = (
            lambda: backups.restore(other, CONSOLE, path, replace=True),
            lambda: backups.copy(house, CONSOLE, url),
        )
        for act in acts:
            with pytest.raises(NotAllowedNow, match=r"something else than classbook's: theirs\."):
                act()
        assert everything(other) == {"theirs": [(1,)]}


@contextmanager
def foreign_database(app: App, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A database of the same kind, without a schema."""
    if app.store.is_embedded:
        yield f"sqlite:///{folder / 'empty.db'}"
    else:
        server: Server = request.getfixturevalue("postgres_server")
        yield server.create("empty")
        server.drop("empty")


@pytest.mark.parametrize("revision", [None, "0001"])
def test_a_database_without_the_newest_schema_gets_it(
    house: App, request: pytest.FixtureRequest, tmp_path: Path, revision: str | None
) -> None:
    path = file(house)
    with foreign_database(house, request, tmp_path) as url, opened(house, url) as other:
        if revision:
            schema.upgrade(other.store, revision)
        backups.restore(other, CONSOLE, path)
        assert_same(house, other)
        assert catalogue(other.store) == catalogue(house.store)


def test_a_schema_that_is_newer_than_this_classbook_is_not_taken_down(house: App, other: App) -> None:
    path = file(house)
    a_class(other)
    other.store.write(lambda tx: tx.change("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="cannot be migrated"):
        backups.restore(other, CONSOLE, path, replace=True)
    assert len(everything(other)["offerings"]) == 1
    with pytest.raises(Unavailable, match="at revision 9999, not"):
        backups.backup(other, CONSOLE, Path("newer.backup"))


# --- all or nothing ------------------------------------------------------------------------------------------------


class PulledPlug(Exception):
    """What comes between."""


def pull(table: str, _rows: int) -> None:
    if table == "reservations":
        raise PulledPlug


def test_what_fails_in_the_midst_of_a_restore_changes_nothing(house: App, other: App) -> None:
    path = file(house)
    a_class(other)
    before, shape = everything(other), catalogue(other.store)
    with pytest.raises(PulledPlug):
        backups.restore(other, CONSOLE, path, replace=True, told=pull)
    assert everything(other) == before
    assert catalogue(other.store) == shape
    assert a_class(other).id == 2


def test_what_fails_in_the_midst_of_a_copy_leaves_nothing(house: App, other: App) -> None:
    shape = catalogue(other.store)
    with pytest.raises(PulledPlug):
        backups.copy(house, CONSOLE, url_of(other), told=pull)
    assert backups.rows_held(other) == 0
    assert catalogue(other.store) == shape
    assert a_class(other).id == 1


@pytest.mark.parametrize("other", ["postgresql"], indirect=True)
def test_what_a_database_does_not_keep_is_noticed(house: App, other: App) -> None:
    """Something of the database's own changes what is written: of all that is there only rules are not triggers."""
    rule = "CREATE RULE meddle AS ON INSERT TO venues DO ALSO UPDATE people SET name = 'X'"
    other.store.write(lambda tx: tx.connection.exec_driver_sql(rule))
    with pytest.raises(Unavailable, match="does not keep what is written: people differ"):
        backups.restore(other, CONSOLE, file(house))
    other.store.write(lambda tx: tx.connection.exec_driver_sql("DROP RULE meddle ON venues"))
    assert backups.rows_held(other) == 0


# --- wrong files ---------------------------------------------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("id,email\n" * 1000)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def a_database_of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE backup (manifest TEXT)")


def with_another_manifest(**said: Any) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            [(text,)] = connection.execute("SELECT manifest FROM backup")
            connection.execute("UPDATE backup SET manifest = ?", [json.dumps(json.loads(text) | said)])

    return edit


def cut(path: Path, *, keep: float = 0.5) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])


def cut_by_little(path: Path) -> None:
    cut(path, keep=0.97)


def scratched(path: Path) -> None:
    """One letter of an address."""
    whole = bytearray(path.read_bytes())
    at = whole.index(b"ana@example.org")
    whole[at] = ord("x")
    path.write_bytes(whole)


def worked_on(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE people SET role = 'admin'")


def gone(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (text, "is no backup"),
        (nothing, "is no backup"),
        (a_database_of_another_program, "is no backup"),
        (with_another_manifest(contents=None), "is no backup"),
        (with_another_manifest(format=2), "of another form"),
        (with_another_manifest(revision="0001"), "has schema 0001, older than"),
        (with_another_manifest(revision="9999"), "has schema 9999, newer than"),
        (cut, "cut short"),
        (cut_by_little, "cut short|not what was written"),
        (scratched, "not what was written: messages differ"),
        (worked_on, "not what was written: people differ"),
        (gone, "No such file"),
        (a_folder, "Is a directory"),
    ],
    ids=lambda harm: getattr(harm, "__name__", None),
)
def test_a_file_that_is_not_what_was_written_is_refused_and_changes_nothing(
    house: App, other: App, harm: Callable[[Path], None], says: str
) -> None:
    path = file(house)
    harm(path)
    a_class(other)
    before = everything(other)
    acts: tuple[Act, ...] = (
        lambda: backups.look_into(other, path),
        lambda: backups.restore(other, CONSOLE, path, replace=True),
    )
    for act in acts:
        with pytest.raises(Invalid, match=says):
            act()
    assert everything(other) == before


# --- who, and what is told -----------------------------------------------------------------------------------------


def test_an_administrator_may_take_a_backup_and_only_the_console_restores(house: App, cast: Cast) -> None:
    backups.backup(house, as_person(cast.emma), HERE)
    acts: tuple[Act, ...] = (
        lambda: backups.backup(house, as_person(cast.ana), Path("ana.backup")),
        lambda: backups.copy(house, as_person(cast.ana), "sqlite:///ana.db"),
        lambda: backups.restore(house, as_person(cast.emma), HERE, replace=True),
    )
    for refused in acts:
        with pytest.raises(NotYours):
            refused()
    assert not Path("ana.db").exists()


def test_the_trail_says_who_brought_it_here(house: App, other: App) -> None:
    backups.backup(house, CONSOLE, HERE)
    told = backups.restore(other, CONSOLE, HERE)
    newest = trail.history(other, CONSOLE, subject="database").results[0]
    assert (newest.action, newest.actor, newest.request_id) == ("restore", "console", CONSOLE.request_id)
    assert newest.after is not None
    assert newest.after["rows"] == told.rows
    assert str(newest.after["from"]).startswith(("SQLite", "PostgreSQL"))


def test_another_secret_key_is_noticed(house: App, other: App) -> None:
    backups.backup(house, CONSOLE, HERE)
    moved = replace(other, key=b"another key, as it is made on another machine")
    assert not backups.restore(moved, CONSOLE, HERE).same_key


def test_what_a_code_was_mailed_for_is_confirmed_with_it_after_a_restore(house: App, other: App, cast: Cast) -> None:
    held = hold(house, a_class(house), cast.ana)
    code = mailed_code(house, cast.ana)
    backups.restore(other, CONSOLE, file(house))
    assert ask(other, Confirm(as_person(cast.ana), ById(held.id), code)).state == "confirmed"


def test_a_try_counts_and_writes_nothing(house: App, other: App) -> None:
    before = everything(other)
    told = backups.copy(house, CONSOLE, url_of(other), dry_run=True)
    assert told.rows == sum(len(held) for name, held in rows(house).items() if name in told.tables)
    assert everything(other) == before


# --- many rows -----------------------------------------------------------------------------------------------------


def test_its_memory_is_that_of_a_page(app: App) -> None:
    def peak() -> int:
        tracemalloc.start()
        Path("big.backup").unlink(missing_ok=True)
        file(app, Path("big.backup"))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def crowd(numbers: range) -> None:
        made = [(f"{n}@example.org", "N" * 200, "member", "UTC", 0) for n in numbers]
        app.store.write(
            lambda tx: tx.write_all(tx.inserting(tables.people, "email name role timezone created_at", made))
        )

    two, six = 2 * copies.ROWS_AT_ONCE, 6 * copies.ROWS_AT_ONCE
    crowd(range(two))
    peak()
    of_two = peak()
    crowd(range(two, six))
    assert peak() < 1.5 * of_two


def test_two_tables_with_the_same_rows_in_another_order_are_the_same(app: App, cast: Cast) -> None:
    cast.crowd(3)
    with app.store.look() as tx:
        found = {content.name: content for content in copies.contents(tx)}
    page = copies._Sum("people", None)
    with app.store.look() as tx:
        held = list(reversed(tx.rows("SELECT * FROM people")))
    assert [*page.over([held])] == [held]
    assert copies.differing([found["people"]], [page.content]) == []
    assert copies.differing([found["people"]], [replace(page.content, rows=2)]) == ["people"]


# --- the roles of a server -----------------------------------------------------------------------------------------


@contextmanager
def two_roles(app: App) -> Iterator[tuple[str, str]]:
    """Two databases' worth of rights, as the page for operators gives them: who owns the schema, and who books."""
    root = app.store.url.set(drivername="postgresql")
    owner, booker = f"owner_{root.database}", f"booker_{root.database}"
    with psycopg.connect(root.render_as_string(hide_password=False), autocommit=True) as connection:
        try:
            for statement in (
                "CREATE ROLE {owner} LOGIN",
                "CREATE ROLE {booker} LOGIN",
                "CREATE DATABASE {owner} OWNER {owner}",
            ):
                connection.execute(_named(statement, owner, booker))
            yield (
                root.set(username=owner, database=owner).render_as_string(),
                root.set(username=booker, database=owner).render_as_string(),
            )
        finally:
            connection.execute(_named("DROP DATABASE IF EXISTS {owner} WITH (FORCE)", owner, booker))
            connection.execute(_named("DROP ROLE IF EXISTS {owner}, {booker}", owner, booker))


def _named(statement: str, owner: str, booker: str) -> sql.Composed:
    return sql.SQL(statement).format(owner=sql.Identifier(owner), booker=sql.Identifier(booker))


def _grant(tx: Tx, role: str, what: str) -> None:
    """On all that this role will make."""
    tx.connection.exec_driver_sql(f'ALTER DEFAULT PRIVILEGES GRANT {what} TO "{role}"')


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_owns_the_schema_restores_and_who_books_takes_backups(house: App) -> None:
    """Neither is a superuser; and the owner notices that somebody else has the database open."""
    if "CLASSBOOK_TEST_PG" in os.environ:
        pytest.skip("a server of somebody's own lets in whom they say")
    path = file(house)
    with two_roles(house) as (owner_url, booker_url), opened(house, owner_url) as owner:
        booker_name = str(make_url(booker_url).username)
        owner.store.write(lambda tx: _grant(tx, booker_name, "SELECT, INSERT, UPDATE, DELETE ON TABLES"))
        owner.store.write(lambda tx: _grant(tx, booker_name, "USAGE ON SEQUENCES"))
        backups.restore(owner, CONSOLE, path)
        a_class(owner, title="Later")
        backups.restore(owner, CONSOLE, path, replace=True)
        assert_same(house, owner)
        with opened(house, booker_url) as booker:
            a_class(booker, title="Later still")
            file(booker, Path("booker.backup"))
            with pytest.raises(NotAllowedNow, match="is in use"):
                backups.restore(owner, CONSOLE, path, replace=True)
            owner.store.close()
            with pytest.raises(Unavailable, match="must be owner"):
                backups.restore(booker, CONSOLE, path, replace=True)
        backups.restore(owner, CONSOLE, Path("booker.backup"), replace=True)
        assert "Later still" in str(rows(owner))
        assert broken(owner) == []
