"""What the database says when it cannot work, as refusals that a person can act on."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, closing

import pytest

from classbook.app import App
from classbook.core import catalog
from classbook.errors import Busy, Invalid, Unavailable
from classbook.store import loading, request_keys, schema, tables
from classbook.store.database import Database, Row, Tx
from classbook.store.records import StoredAnswer
from classbook.world import SystemClock
from tests.conftest import Client
from tests.makers import a_class


def drop(app: App, table: str) -> None:
    """Somebody changes the schema under us."""
    app.store.write(lambda tx: tx.change(f"DROP TABLE {table}" + ("" if app.store.is_embedded else " CASCADE")))


@pytest.mark.parametrize("table", ["offerings", "pools", "offering_pools"])
def test_a_schema_that_changed_under_us_is_unavailable(app: App, table: str) -> None:
    drop(app, table)
    with pytest.raises(Unavailable, match=table) as refusal:
        a_class(app)
    assert refusal.value.detail.endswith(".") and "\n" not in refusal.value.detail


def test_a_client_of_a_changed_schema_learns_nothing_of_it(app: App, client: Client) -> None:
    drop(app, "offerings")
    answer = client.get("/api/v0/classes/")
    assert (answer.status, answer.json()["code"]) == (503, "unavailable")
    assert "offerings" not in answer.body.decode() and answer.json()["request_id"]


@pytest.mark.parametrize("target", ["", "nonsense", "0001:head", "0001+1", "head-1", "@", " 0001 ", "../..", "--sql"])
@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_what_is_no_revision_is_refused(app: App, direction: str, target: str) -> None:
    with pytest.raises(Invalid, match="is not a revision"):
        getattr(schema, direction)(app.store, target)


@pytest.mark.parametrize(("direction", "target"), [("upgrade", "+1"), ("downgrade", "-99"), ("upgrade", "9999")])
def test_a_revision_that_is_not_there_is_refused_and_nothing_changes(app: App, direction: str, target: str) -> None:
    before = schema.revision(app.store)
    with pytest.raises(Unavailable, match="cannot be migrated"):
        getattr(schema, direction)(app.store, target)
    assert schema.revision(app.store) == before


def test_a_schema_that_is_not_whole_cannot_be_migrated_and_says_so(database_url: str) -> None:
    with closing(Database(database_url, clock=SystemClock())) as database:
        before = schema.revision(database)
        database.write(lambda tx: tx.change("DROP TABLE moves"))
        with pytest.raises(Unavailable, match="moves"):
            schema.downgrade(database, "base")
        assert schema.revision(database) == before


def test_a_database_that_only_reads_is_unavailable(app: App) -> None:
    def step(tx: Tx) -> None:
        tx.change("PRAGMA query_only = 1" if app.store.is_embedded else "SET TRANSACTION READ ONLY")
        tx.change("DELETE FROM messages")

    with pytest.raises(Unavailable, match="cannot be written"):
        app.store.write(step)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_nothing_is_booked_in_a_file_that_was_moved_away(app: App, is_replaced: bool) -> None:
    file = app.store.file
    assert file
    copy = file.with_name("copy.db")
    shutil.copyfile(file, copy)
    file.rename(file.with_name("moved.db"))
    if is_replaced:
        copy.rename(file)
    with pytest.raises(Unavailable, match="moved or replaced"):
        a_class(app)
    with pytest.raises(Unavailable, match="moved or replaced"):
        catalog.show(app, "class", 1)


def test_who_finds_all_connections_in_use_may_try_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.store._reader.pool, "_timeout", 0)

    def read_in_each() -> None:
        with ExitStack() as readers:
            for _ in range(100):
                readers.enter_context(app.store.read())

    with pytest.raises(Busy):
        read_in_each()


def test_of_all_request_keys_only_those_asked_for_are_read(app: App) -> None:
    def step(tx: Tx) -> list[str]:
        for key in ("a", 'b"', "ü", "c"):
            request_keys.add(tx, StoredAnswer(7, key, "digest", "{}"), tx.now)
        return [key for _, key, *_ in tx.rows(loading._ANSWERS, [7, 8], json.dumps(["ü", 'b"', "other"]))]

    assert sorted(app.store.write(step)) == ['b"', "ü"]


_AWKWARD = 'a "b", {c} \\ NULL'


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 1, "cancel", None, "cancelled", 5, None, _AWKWARD)],
        [(1, n, "cancel", None, "cancelled", 5, None, _AWKWARD) for n in (1, 2, 3)],
        [(1, 1, "cancel", "held", "cancelled", 5, 7, None), (2, 1, "cancel", None, "cancelled", 6, None, _AWKWARD)],
        [(2, 1, "queue", None, "queued", 5, None, "NULL"), (2, 2, "lapse", "queued", "expired", 6, None, "")],
    ],
    ids=["one row", "all the same but one column", "hardly anything the same", "words that mean something"],
)
def test_rows_are_written_as_they_are_whatever_they_share_and_leave_open(app: App, rows: list[Row]) -> None:
    columns = "reservation_id n action from_state to_state at actor_id reason"

    def step(tx: Tx) -> list[Row]:
        assert tx.write_all(tx.inserting(tables.moves, columns, rows)) == [len(rows)]
        return [tuple(row) for row in tx.rows(f"SELECT {columns.replace(' ', ', ')} FROM moves ORDER BY 1, 2")]

    assert app.store.write(step) == rows
