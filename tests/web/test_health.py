"""/healthz and /readyz, with the database in order, out of date, full and out of reach."""

from __future__ import annotations

import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from classbook.app import App, open_app
from classbook.config import DatabaseSettings, Settings
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.api import make_web
from classbook.web.desk import Desk
from classbook.web.readiness import Readiness
from classbook.web.server import Server, listen, serve
from tests.conftest import Client
from tests.makers import NOW, Cast, a_class, hold
from tests.web.conftest import tokens_of
from tests.web.test_classes import refused


def test_a_server_with_its_database_is_alive_and_ready(client: Client) -> None:
    assert (client.get("/healthz").status, client.get("/healthz").json()) == (200, {"status": "ok"})
    assert (client.get("/readyz").status, client.get("/readyz").json()) == (200, {"status": "ready"})


def test_a_schema_of_another_version_is_not_ready(app: App, client: Client) -> None:
    app.store.write(lambda tx: tx.rows("UPDATE alembic_version SET version_num = '9999' RETURNING version_num"))
    problem = refused(client.get("/readyz"), 503, "unavailable")
    assert "9999" in problem["detail"]
    assert problem["hint"] == "Run the migrations on the server."
    assert client.get("/healthz").status == 200


@pytest.fixture
def stranded() -> Iterator[Client]:
    """A client, logged in, of a server whose PostgreSQL is not there."""
    nowhere = Settings(database=DatabaseSettings("postgresql://nobody:canary@127.0.0.1:1/nothing"))
    doubles = {"clock": FrozenClock(NOW), "chance": FixedChance(), "mailer": MemoryMailer()}
    with closing(open_app(nowhere, check_schema=False, **doubles)) as app, closing(Desk(app)) as desk:  # type: ignore[arg-type]
        server = serve(replace(app), desk, listener=listen("127.0.0.1", 0))
        yield Client(server.address).bearing(tokens_of(app).access(1))
        server.stop()


def test_without_a_database_every_door_says_so(stranded: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert stranded.get("/healthz").status == 200
    for answer in (
        stranded.get("/readyz"),
        stranded.get("/api/v0/classes"),
        stranded.get("/api/v0/auth/me"),
        stranded.post("/api/v0/classes/reserve-seat", {"class_id": 1}),
        stranded("DELETE", "/api/v0/classes/1"),
        stranded.post("/api/v0/auth/login", {"email": "a@example.org", "password": "long enough"}),
    ):
        problem = refused(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert not any(word in str(problem) for word in ("canary", "nobody", "127.0.0.1", "postgres"))
    assert "127.0.0.1" in caplog.text
    assert "canary" not in caplog.text
    page = stranded.get("/confirm/1.1." + "A" * 43)
    assert (page.status, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")


# --- what is written -----------------------------------------------------------------------------------------------


def ready(client: Client) -> list[str]:
    """What is left undone by a server that is ready."""
    answer = client.get("/readyz")
    assert answer.status == 200, answer.body
    found = answer.json()
    assert found["status"] == ("degraded" if "problems" in found else "ready")
    return list(found.get("problems", []))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_disk_without_room_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of databases looks after its own disk."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1 << 40, (1 << 40) - 100_000, 100_000))
    problem = refused(client.get("/readyz"), 503, "unavailable")
    assert problem["title"] == "The disk of the database is full"
    assert problem["detail"] == "Only 97 KiB are left for the database."


@contextmanager
def writing_broken(app: App) -> Iterator[None]:
    """The database reads and does not take what is written, as after a failover or a remount."""
    statement = "PRAGMA query_only = {}" if app.store.is_embedded else "SET default_transaction_read_only = {}"

    def tell(word: str) -> None:
        with closing(app.store._writer.raw_connection()) as connection:
            connection.cursor().execute(statement.format(word))
            connection.commit()

    tell("on")
    yield
    tell("off")


def test_a_database_that_only_reads_is_not_ready(app: App, client: Client) -> None:
    with writing_broken(app):
        problem = refused(client.get("/readyz"), 503, "unavailable")
    assert problem["detail"] == "The database cannot be written now."


def test_a_stuck_writer_is_not_ready(app: App) -> None:
    stuck, go_on = threading.Event(), threading.Event()
    with closing(Desk(app)) as desk:
        impatient = Readiness(writer_seconds=0.01, fresh_seconds=0)
        server = Server(make_web(app, desk, readiness=impatient), listen("127.0.0.1", 0))
        desk.call(lambda: stuck.set() or go_on.wait(30))  # type: ignore[func-returns-value]
        assert stuck.wait(30)
        problem = refused(Client(server.address).get("/readyz"), 503, "unavailable")
        assert problem["detail"] == "The writer has been busy for 0.01 seconds."
        go_on.set()
        server.stop()


def test_an_answer_holds_for_a_moment_so_that_asking_costs_nothing(app: App, client: Client) -> None:
    writes: list[int] = []
    with closing(Desk(app)) as desk:
        desk.on_written = lambda asks, waiting: writes.append(waiting)
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        asking = [threading.Thread(target=Client(server.address).get, args=("/readyz",)) for _ in range(8)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        server.stop()
    assert len(writes) < 8


# --- what is left undone -------------------------------------------------------------------------------------------


def test_mail_that_nobody_sends_is_told_and_bookings_go_on(
    app: App, cast: Cast, client: Client, clock: FrozenClock
) -> None:
    hold(app, a_class(app, hold_seconds=86_000), cast.ana)
    assert ready(client) == []
    clock.advance(timedelta(minutes=16))
    slow = Readiness(fresh_seconds=0)
    with closing(Desk(app)) as desk:
        server = Server(make_web(app, desk, readiness=slow), listen("127.0.0.1", 0))
        [told] = ready(Client(server.address))
        server.stop()
    assert told == "One mail is not sent, the oldest for 16 minutes: does the mail server take any?"


def test_what_nobody_settles_is_told(app: App, cast: Cast, client: Client, clock: FrozenClock) -> None:
    hold(app, a_class(app), cast.ana)
    clock.advance(timedelta(minutes=12))
    assert ready(client) == ["Nothing has settled what is due for 7 minutes: is a daemon running?"]
