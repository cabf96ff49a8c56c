"""What Prometheus is told, where the settings ask for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from classbook.app import App
from classbook.core import health
from classbook.daemon import Job, Runner, Watch
from classbook.errors import Unavailable
from classbook.metrics import Metrics
from classbook.testing import FrozenClock
from classbook.values import Offering
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import Client
from tests.makers import NOW, Cast, a_class, hold
from tests.test_lists import counted as statements
from tests.web.conftest import tokens_of

Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(text: bytes) -> Samples:
    """What a scrape says: value by name and the values of its labels."""
    families = text_string_to_metric_families(text.decode())
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


@pytest.fixture
def counted(app: App) -> Iterator[Client]:
    """A client of a server that counts."""
    metrics = Metrics()
    with closing(Desk(app)) as desk:
        desk.on_written = metrics.batch
        server = serve(app, desk, listener=listen("127.0.0.1", 0), metrics=metrics)
        yield Client(server.address)
        server.stop()


def scraped(client: Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.body)


def test_where_nobody_asked_for_them_there_are_none(client: Client) -> None:
    assert client.get("/metrics").status == 404


def test_requests_are_counted_by_the_template_of_their_address(app: App, cast: Cast, counted: Client) -> None:
    offering = a_class(app)
    counted.get(f"/api/v0/classes/{offering.id}?who=ana@example.org")
    counted.get("/api/v0/classes/99/")
    counted.get("/nobody/has/this/ana@example.org")
    counted("PROPFIND", "/healthz")
    counted.post("/api/v0/auth/login", b"{" + b" " * 70_000)
    found = scraped(counted)
    count = {labels: value for (name, labels), value in found.items() if name == "classbook_requests_total"}
    assert count == {
        ("GET", "/api/v0/classes/{id:id}/", "200"): 1,
        ("GET", "/api/v0/classes/{id:id}/", "404"): 1,
        ("GET", "(none)", "404"): 1,
        ("other", "/healthz/", "405"): 1,
        ("POST", "(none)", "413"): 1,
    }
    assert found["classbook_request_seconds_count", ("/api/v0/classes/{id:id}/",)] == 2
    assert not any("ana@" in label for _, labels in found for label in labels)


def test_asks_are_counted_by_the_batch_they_were_written_in(app: App, cast: Cast, counted: Client) -> None:
    offering = a_class(app, seats=9)
    for who in cast.crowd(3):
        member = counted.bearing(tokens_of(app).access(who.id))
        assert member.post("/api/v0/classes/reserve-seat", {"class_id": offering.id}).status == 201
    found = scraped(counted)
    assert found["classbook_batch_asks_sum", ()] == 3
    assert found["classbook_batch_asks_count", ()] == 3
    assert found["classbook_desk_waiting", ()] == 0


def test_figures_are_those_of_the_database_at_that_moment(
    app: App, cast: Cast, counted: Client, clock: FrozenClock
) -> None:
    offering = a_class(app, seats=1, queues=True)
    hold(app, offering, cast.ana)
    hold(app, offering, cast.ben)
    clock.advance(timedelta(seconds=60))
    figures = (
        ("classbook_holds", ()),
        ("classbook_queued", ()),
        ("classbook_outbox_waiting", ("mail",)),
        ("classbook_outbox_oldest_seconds", ("mail",)),
        ("classbook_overdue_seconds", ()),
    )
    found = scraped(counted)
    assert [found[figure] for figure in figures] == [1, 1, 2, 60, 0]
    clock.advance(timedelta(seconds=300))
    found = scraped(counted)
    assert [found[figure] for figure in figures] == [0, 1, 2, 360, 60]


def test_figures_take_as_many_queries_for_many_rows_as_for_few(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with statements(monkeypatch) as asked:
            health.figures(app)
        return len(asked)

    few = queries()
    offering: Offering = a_class(app, seats=20)
    for who in cast.crowd(12):
        hold(app, offering, who)
    assert queries() == few <= 6


def test_jobs_tell_when_they_ran_and_how_often_they_failed(app: App) -> None:
    metrics = Metrics()
    outcomes = iter([None, Unavailable("The database is away."), None])

    def step(_app: App) -> bool:
        outcome = next(outcomes)
        if outcome:
            raise outcome
        return False

    runner = Runner(Job("deliver mail", step, every_seconds=1), lambda step: step(app), Watch(app, metrics))
    metrics.expect("deliver mail")
    assert samples(metrics.text({}))["classbook_job_failures_total", ("deliver mail",)] == 0
    runner()
    runner()
    runner()  # backs off
    found = samples(metrics.text({}))
    assert found["classbook_job_runs_total", ("deliver mail",)] == 2
    assert found["classbook_job_failures_total", ("deliver mail",)] == 1
    assert found["classbook_job_last_success_timestamp_seconds", ("deliver mail",)] == NOW.timestamp()
    assert found["classbook_job_lag_seconds", ("deliver mail",)] >= 0


TWO = """
import os, sys
from classbook.metrics import Metrics
metrics = Metrics()
metrics.answered("GET", "/a/", 200, 0.1)
if not os.fork():
    metrics.answered("GET", "/a/", 200, 0.1)
    os._exit(0)
os.wait()
sys.stdout.buffer.write(metrics.text({}))
"""


def test_several_processes_count_together(tmp_path: Path) -> None:
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    root = Path(__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", TWO], cwd=root, env=environ, capture_output=True, check=True)
    assert samples(run.stdout)["classbook_requests_total", ("GET", "/a/", "200")] == 2


def test_nothing_is_imported_for_it_where_nobody_asked() -> None:
    asked = "import sys, classbook.daemon, classbook.web.server; print('prometheus_client' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", asked], cwd=Path(__file__).parent.parent, capture_output=True)
    assert run.stdout == b"False\n"


def test_waiting_is_told_while_it_waits(app: App) -> None:
    metrics, begun, go_on = Metrics(), threading.Event(), threading.Event()
    with closing(Desk(app)) as desk:
        desk.on_written = metrics.batch
        desk.call(lambda: begun.set() or go_on.wait(30))  # type: ignore[func-returns-value]
        assert begun.wait(30)
        later = [desk.call(lambda: None) for _ in range(3)]
        go_on.set()
        later[-1].result(30)
    assert samples(metrics.text({}))["classbook_desk_waiting", ()] == 0
