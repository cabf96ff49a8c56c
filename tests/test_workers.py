"""Several HTTP processes of one daemon, as they really run: they count together, and end together with nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from classbook.app import App, open_app
from classbook.config import Settings
from tests.conftest import SECRET, Client
from tests.makers import FREELY, Cast, a_class, broken
from tests.test_metrics import Samples, samples
from tests.web.conftest import tokens_of
from tests.web.test_server import accepts

WITHIN_SECONDS = 120
"""Nothing here takes long; a machine that does a lot besides may."""
WORKERS = 2
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def until(deadline: float) -> Iterator[int]:
    """Tries, one after the other, for as long as it may take."""
    for number in count(1):
        yield number
        assert time.monotonic() < deadline, "it never came"


def tries() -> Iterator[int]:
    return until(time.monotonic() + WITHIN_SECONDS)


@dataclass
class Daemon:
    """A daemon with several workers; each writes down in a log of its own what it answered."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    @property
    def client(self) -> Client:
        return Client(self.address)

    def answered(self, worker: int) -> list[str]:
        """The ids of the requests that a worker has answered."""
        log = self.folder / ("classbook.log" if worker == 1 else f"classbook-{worker}.log")
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        said = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line["request_id"] for line in said if "status" in line]

    def scraped(self) -> Samples:
        return samples(self.client.get("/metrics").body)

    def family(self) -> set[int]:
        """It and all processes that it has started, and those that they have."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(stat.parent.name)] = int(fields[1])
        found = {self.process.pid} & parents.keys()
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found


def alive(pids: set[int]) -> set[int]:
    """Which of the processes are still there; one that ended and nobody has asked for is not."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.add(pid)
    return found


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[Daemon]:
    environ = os.environ | {
        "CLASSBOOK_DATABASE_URL": settings.database.url,
        "CLASSBOOK_SECRET": SECRET,
        "CLASSBOOK_TIMEZONE": "UTC",
        "CLASSBOOK_WEB_METRICS": "true",
        "CLASSBOOK_LOG_FILE": str(folder / "classbook.log"),
        "CLASSBOOK_MAIL_MAILDIR": str(folder / "mail"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    script = "import sys; from classbook.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["daemon", "--port", "0", "--workers", str(WORKERS)]
    with subprocess.Popen(
        [sys.executable, "-c", script, *words], env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        said = process.stderr.readline()
        daemon = Daemon(process, said.removeprefix("classbook is at ").partition(" ")[0], folder)
        family: set[int] = set()
        try:
            assert said.startswith("classbook is at http://"), said + process.stderr.read()
            yield daemon
            family = daemon.family()
        finally:
            for pid in alive(family | daemon.family()):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def house(settings: Settings) -> Iterator[App]:
    """The house at the time of the daemon."""
    with closing(open_app(settings)) as app:
        yield app


@pytest.fixture
def daemon(house: App, settings: Settings, tmp_path: Path) -> Iterator[Daemon]:
    with running(settings, tmp_path) as started:
        yield started


@contextmanager
def kept(daemon: Daemon) -> Iterator[list[list[HTTPConnection]]]:
    """Connections that stay open, three to each worker."""
    found: list[list[HTTPConnection]] = [[] for _ in range(WORKERS)]
    with ExitStack() as stack:
        for number in tries():
            host = daemon.address.removeprefix("http://")
            connection = stack.enter_context(closing(HTTPConnection(host, timeout=WITHIN_SECONDS)))
            assert get(connection, f"knock-{number}") == 200
            found[who_answered(daemon, f"knock-{number}") - 1].append(connection)
            if all(len(each) >= 3 for each in found):
                break
        yield [each[:3] for each in found]


def who_answered(daemon: Daemon, request_id: str) -> int:
    """The worker that wrote down that it answered a request."""
    for _ in tries():
        for worker in range(1, WORKERS + 1):
            if request_id in daemon.answered(worker):
                return worker
    raise AssertionError


def get(connection: HTTPConnection, request_id: str) -> int:
    connection.request("GET", "/healthz/", headers={"X-Request-Id": request_id})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def send(connection: HTTPConnection, offering_id: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v0/classes/reserve-seat/", json.dumps({"class_id": offering_id}), headers)


def received(connection: HTTPConnection) -> tuple[int, Any]:
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_whoever_is_asked_tells_the_sum_of_all(daemon: Daemon) -> None:
    asked = 0
    for _ in tries():
        assert daemon.client.get("/healthz/").status == 200
        asked += 1
        if all(daemon.answered(worker) for worker in range(1, WORKERS + 1)):
            break
    requests = ("classbook_requests_total", ("GET", "/healthz/", "200"))
    for _ in tries():  # who has answered counts a moment later
        if daemon.scraped()[requests] >= asked:
            break
    assert {daemon.scraped()[requests] for _ in range(20)} == {asked}
    found = daemon.scraped()
    assert found["classbook_request_seconds_count", ("/healthz/",)] == asked
    assert found["classbook_desk_waiting", ()] == 0
    assert found["classbook_job_failures_total", ("keep the workers up",)] == 0
    assert not any(label == "pid" for name, labels in found for label in labels)
    # What a worker has counted stays counted when it dies, and another one comes.
    before = daemon.family()
    [worker] = [pid for pid in before if "spawn_main" in cmdline(pid)]
    os.kill(worker, signal.SIGKILL)
    for _ in tries():
        if any("spawn_main" in cmdline(pid) for pid in daemon.family() - before):
            break
    assert daemon.scraped()[requests] == asked
    assert "worker 2 died with exit code -9; starting another" in (daemon.folder / "classbook.log").read_text()


def cmdline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("told", ["the daemon", "all"])
def test_at_the_end_what_was_begun_is_answered_and_nobody_stays_behind(
    daemon: Daemon, house: App, settings: Settings, told: str
) -> None:
    """Workers wait for a row that somebody else has until nobody comes in any more: then they go on, and answer.

    A shell tells the daemon, which tells the others when it is done itself; a service manager tells all at once.
    """
    cast = Cast(house)
    yoga = a_class(house, seats=100, max_per_person=100, **FREELY)
    token = tokens_of(house).access(cast.ana.id)
    family = daemon.family()
    assert len(family) >= WORKERS
    with ExitStack() as stack:
        *asking, probing = zip(*stack.enter_context(kept(daemon)), strict=True)
        busy = range(WORKERS) if told == "all" else range(1, WORKERS)
        begun = [connections[worker] for connections in asking for worker in busy]
        somebody = stack.enter_context(psycopg.connect(settings.database.url))
        watching = stack.enter_context(psycopg.connect(settings.database.url, autocommit=True))
        somebody.execute("SELECT id FROM offerings WHERE id = %s FOR UPDATE", [yoga.id])
        for connection in begun:
            send(connection, yoga.id, token)
        for connection in probing:
            assert get(connection, "probe") == 200  # what came before that has been read
        for _ in tries():
            [(waiting,)] = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if waiting >= len(busy):
                break
        for pid in family if told == "all" else [daemon.process.pid]:
            os.kill(pid, signal.SIGTERM)
        for _ in tries():
            if not accepts(daemon.address):
                break
        somebody.rollback()
        answers = [received(connection) for connection in begun]
    assert daemon.process.wait(WITHIN_SECONDS) == 0
    for _ in tries():
        if not alive(family):
            break
    # Who had to wait for the row for too long on a busy machine was told so.
    assert {status for status, _ in answers} <= {201, 503}
    with house.store.read() as tx:
        booked = {code for (code,) in tx.rows("SELECT id FROM reservations")}
    assert booked == {body["id"] for status, body in answers if status == 201}
    assert broken(house) == []
    with pytest.raises(ConnectionRefusedError):
        daemon.client.get("/healthz/")
