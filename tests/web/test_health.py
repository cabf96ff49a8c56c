"""/healthz and /readyz, with the database in order, out of date and out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from classbook.app import App, open_app
from classbook.config import DatabaseSettings, Settings
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import Client
from tests.makers import NOW
from tests.web.conftest import tokens_of
from tests.web.test_classes import refused


def test_a_server_with_its_database_is_alive_and_ready(client: Client) -> None:
    assert (client.get("/healthz").status, client.get("/healthz").json()) == (200, {"status": "ok"})
    assert (client.get("/readyz").status, client.get("/readyz").json()) == (200, {"status": "ready"})


def test_a_schema_of_another_version_is_not_ready(app: App, client: Client) -> None:
    app.store.write(lambda tx: tx.rows("UPDATE alembic_version SET version_num = '9999' RETURNING version_num"))
    problem = refused(client.get("/readyz"), 503, "unavailable")
    assert "9999" in problem["detail"]
    assert problem["hint"] == "Run `classbook db upgrade`."
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
