"""What tests stand on: a migrated database of each kind, a house with a clock that stands still, and its faces."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import Settings, load
from classbook.store.database import Database
from classbook.store.schema import upgrade
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.world import SystemClock
from tests import browsers, postgres
from tests.databases import PostgresCopies, SqliteCopies
from tests.makers import NOW, Cast
from tests.smtp import SmtpServer

DATABASES = ["sqlite"] if postgres.SWITCHED_OFF else ["sqlite", "postgresql"]
SECRET = "a secret for tests that is long enough"


def pytest_report_header() -> list[str]:
    """A line for everything that will not be tested here."""
    without_postgres = "PostgreSQL: left out (CLASSBOOK_TEST_POSTGRES=off)" if postgres.SWITCHED_OFF else ""
    without_browser = f"The browser tests do not run: {browsers.LEFT_OUT}." if browsers.LEFT_OUT else ""
    return [line for line in (without_postgres, without_browser) if line]


# --- databases -----------------------------------------------------------------------------------------------------


def migrate(url: str) -> None:
    with closing(Database(url, clock=SystemClock())) as database:
        upgrade(database)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server for the session. Where there can be none, the tests end with one line."""
    try:
        with postgres.running() as server:
            yield server
    except postgres.NoPostgres as reason:
        pytest.exit(str(reason), returncode=pytest.ExitCode.TESTS_FAILED)


@pytest.fixture(scope="session")
def postgres_copies(postgres_server: postgres.Server) -> Iterator[PostgresCopies]:
    copies = PostgresCopies(postgres_server, migrate)
    yield copies
    copies.drop_all()


@pytest.fixture(scope="session")
def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    return SqliteCopies(tmp_path_factory.mktemp("template"), migrate)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database; every test that uses it runs once on each kind."""
    with fresh_database(request, request.param, tmp_path) as url:
        yield url


@contextmanager
def fresh_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """A migrated, empty database until the block ends."""
    if kind == "sqlite":
        copies: SqliteCopies = request.getfixturevalue("sqlite_copies")
        yield copies.copy_to(folder)
    else:
        clones: PostgresCopies = request.getfixturevalue("postgres_copies")
        with clones.lent() as url:
            yield url


# --- the house -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def clean_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches them, and what is written lands in a folder of the test."""
    for name in ["PYTHONUNBUFFERED", *(name for name in os.environ if name.startswith("CLASSBOOK_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(database_url: str) -> Settings:
    environ = {"CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_TIMEZONE": "UTC"}
    return load(config_path=None, environ=environ, overrides={})


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def chance() -> FixedChance:
    return FixedChance()


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


@pytest.fixture
def app(settings: Settings, clock: FrozenClock, chance: FixedChance, mailer: MemoryMailer) -> Iterator[App]:
    """The house on one of the databases."""
    with closing(open_app(settings, clock=clock, chance=chance, mailer=mailer)) as opened:
        yield opened


@pytest.fixture
def cast(app: App) -> Cast:
    return Cast(app)


# --- the command line ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on standard output; of a refusal, the one on standard error."""
        return json.loads(self.err if self.code else self.out)


@dataclass
class CommandLine:
    """Runs commands in this process, in the house's database and at its time. Mail goes to a maildir."""

    app: App
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: object, stdin: str | bytes = "", code: int | None = None) -> Ran:
        """Run ``classbook WORDS``; with ``code``, that is what it must exit with."""
        from classbook.cli import main

        out, err = _stream(), _stream()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", _stream(stdin if isinstance(stdin, bytes) else stdin.encode()))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            ran = Ran(main([str(word) for word in words], opener=self._open), _written(out), _written(err))
        assert code is None or ran.code == code, f"exit {ran.code}, not {code}\n{ran.out}\n{ran.err}"
        return ran

    def json(self, *words: object, stdin: str | bytes = "", code: int = 0) -> Any:
        """Run a command with --json, which must exit with ``code``; its answer."""
        return self("--json", *words, stdin=stdin, code=code).json()

    def _open(self, settings: Settings, **options: Any) -> App:
        return open_app(settings, clock=self.app.clock, chance=self.app.chance, **options)


def _stream(content: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@pytest.fixture
def cli(app: App, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("CLASSBOOK_DATABASE_URL", database_url)
    monkeypatch.setenv("CLASSBOOK_SECRET", SECRET)
    monkeypatch.setenv("CLASSBOOK_TIMEZONE", "UTC")
    return CommandLine(app, monkeypatch)


# --- the web -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Speaks HTTP to the house over loopback, a connection for each request."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Answered:
        """One request. A ``body`` of bytes is sent as it is, anything else as JSON."""
        sent = self.headers | (headers or {})
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"Content-Type": "application/json"} | sent
        with closing(HTTPConnection(self.address.removeprefix("http://"), timeout=30)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answered(answer.status, answer.headers, answer.read())

    def get(self, path: str, **options: Any) -> Answered:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answered:
        return self("POST", path, body, **options)

    def logged_in(self, email: str, password: str) -> Client:
        """The same client with the tokens of somebody."""
        answer = self.post("/api/v0/auth/login/", {"email": email, "password": password})
        assert answer.status == 200, answer.body
        return self.bearing(answer.json()["access"])

    def bearing(self, token: str) -> Client:
        return Client(self.address, self.headers | {"Authorization": f"Bearer {token}"})


@pytest.fixture
def client(app: App) -> Iterator[Client]:
    """A client of the house's own server."""
    from classbook.web.desk import Desk
    from classbook.web.server import listen, serve

    with closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        try:
            yield Client(server.address)
        finally:
            server.stop()


# --- mail ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
