"""Face 3: a table of jobs, ticked by `schedule`, and the web server beside them.

What is due is in the database; `schedule` only ticks. Every job is a step of the core that is bounded and safe to run
twice, so a second daemon on the same database is harmless. A job that raises is logged and backs off, and never stops
the others. Mail waits for other people's servers, so it has a lane (a thread and a ticker) of its own; everything
that settles reservations goes through the desk, the one writer of this process.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Final

import schedule

from classbook import logs
from classbook.app import App, open_app
from classbook.core import outbox, reminders, upkeep, webhooks
from classbook.errors import ClassbookError, Invalid, Unavailable
from classbook.world import MailError

if TYPE_CHECKING:
    from classbook.config import Settings
    from classbook.metrics import Metrics
    from classbook.web.desk import Desk
    from classbook.web.server import Server

Step = Callable[[App], bool]

LONGEST_RUN_STEPS: Final = 100
"""Steps of one job in one tick: then the others have their turn."""
DESK_BUDGET_SECONDS: Final = 3.0
"""How long a request waits for the database before it is told to come back; a command at a terminal waits longer."""
LONGEST_BACKOFF_SECONDS: Final = 300
_COUNTS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_SENDING: Final = frozenset({"mail", "webhooks"})
"""Lanes that wait for other people's servers: they write past the desk, one short transaction after the other."""
_SAYS_ENOUGH: Final = (ClassbookError, MailError)
"""What a person can act on needs no traceback in the log."""
_log = logging.getLogger("classbook.daemon")


@dataclass(frozen=True, slots=True)
class Job:
    """A step and how often to try it. ``lane`` jobs tick after one another; lanes do not wait for each other."""

    name: str
    step: Step
    every_seconds: int
    lane: str = "upkeep"


def _forget_logs(app: App) -> bool:
    """A step like those of the core; never says that there is more to do."""
    logs.forget(app.settings.log, now=app.clock.now(), days=app.settings.retention.log_days)
    return False


JOBS: Final = (
    Job("settle what is due", upkeep.settle_due, every_seconds=1),
    Job("serve who waits", upkeep.serve_waiting, every_seconds=60),
    Job("forget old request keys", upkeep.forget_keys, every_seconds=600),
    Job("forget old mail", upkeep.forget_mail, every_seconds=3600),
    Job("forget old logs", _forget_logs, every_seconds=3600),
    Job("forget old codes", upkeep.forget_codes, every_seconds=600),
    Job("forget old attempts", upkeep.forget_attempts, every_seconds=600),
    Job("remind of what begins soon", reminders.remind, every_seconds=60),
    Job("forget old logins", upkeep.forget_logins, every_seconds=600),
    Job("forget old counts of failures", upkeep.forget_throttles, every_seconds=600),
    Job("deliver mail", outbox.deliver, every_seconds=1, lane="mail"),
    Job("tell webhooks", webhooks.deliver, every_seconds=1, lane="webhooks"),
    Job("forget what webhooks were told", webhooks.forget, every_seconds=600),
)


def run(app: App, *, with_http: bool = True, once: bool = False) -> None:
    """Run the jobs, and the web server with them, until SIGTERM or Ctrl-C; then finish what was begun.

    ``once`` does what is due and returns, for cron. Raises Invalid for settings that cannot work, Unavailable where
    the port is taken, and with ``once`` what kept a job from its work.
    """
    logs.configure(app.settings.log)
    _report_abroad(app.settings)
    _live_in_utc()
    if once:
        run_once(app, JOBS)
        return
    workers = app.settings.web.workers if with_http else 1
    if workers > 1 and app.store.is_embedded:
        raise Invalid(
            f"{workers} workers cannot share an SQLite database.", hint="Use one worker, or PostgreSQL for many."
        )
    stop = _stop_on_signals()
    if with_http:
        _run_with_http(app, stop, workers)
    else:
        _say("the scheduler and the mail sender run; stop with Ctrl-C")
        with _Lanes(app, JOBS, lambda step: step(app)):
            stop.wait()


def run_once(app: App, jobs: Sequence[Job]) -> None:
    """Run every job until it finds no more work.

    Raises the first error, after all the others had their turn; Unavailable where mail cannot be sent.
    """
    failed: Exception | None = None
    for job in jobs:
        try:
            while job.step(app):
                pass
        except Exception as error:
            _log.error("%s: %s", job.name, error, exc_info=not isinstance(error, _SAYS_ENOUGH))
            failed = failed or error
    if isinstance(failed, MailError):
        raise Unavailable(f"Mail cannot be sent: {failed}.", hint="See [mail] in the configuration.") from failed
    if failed is not None:
        raise failed


class Runner:
    """One job under `schedule`: repeats its step while there is work, catches what it raises, and backs off."""

    def __init__(self, job: Job, call: Callable[[Step], bool], watch: Watch | None = None):
        self._job = job
        self._call = call
        self._watch = watch
        self._failures = 0
        self._not_before = 0.0
        self._due = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() < self._not_before:
            return
        if self._watch:
            self._watch.began(self._job.name, lag_seconds=max(0.0, time.monotonic() - self._due))
        self._run()
        self._due = time.monotonic() + self._job.every_seconds
        if self._watch:
            self._watch.ended(self._job.name, well=not self._failures)

    def _run(self) -> None:
        try:
            for _ in range(LONGEST_RUN_STEPS):
                if not self._call(self._job.step):
                    break
        except Exception as error:
            self._failures += 1
            pause_seconds = min(2**self._failures, LONGEST_BACKOFF_SECONDS)
            self._not_before = time.monotonic() + pause_seconds
            known = isinstance(error, _SAYS_ENOUGH)
            _log.error("%s: %s; again in %d s", self._job.name, error, pause_seconds, exc_info=not known)
        else:
            self._failures = 0


class Watch:
    """Counts what jobs do."""

    def __init__(self, app: App, metrics: Metrics):
        self._clock, self._metrics = app.clock, metrics

    def began(self, job: str, *, lag_seconds: float) -> None:
        self._metrics.began(job, lag_seconds=lag_seconds)

    def ended(self, job: str, *, well: bool) -> None:
        self._metrics.ended(job, at=self._clock.now().timestamp() if well else None)


class _Lanes:
    """The jobs at work: one thread and one ticker a lane, from entering until leaving."""

    def __init__(
        self, app: App, jobs: Sequence[Job], settling: Callable[[Step], bool], *, metrics: Metrics | None = None
    ):
        self._app = app
        self._settling = settling
        self._watch = Watch(app, metrics) if metrics else None
        if metrics:
            for job in jobs:
                metrics.expect(job.name)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._tick,
                args=([job for job in jobs if job.lane == lane], self._send if lane in _SENDING else self._settle),
                name=f"classbook-{lane}",
            )
            for lane in sorted({job.lane for job in jobs})
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    # Who is to stop finishes the step at hand, and not the backlog.

    def _send(self, step: Step) -> bool:
        return not self._stop.is_set() and step(self._app)

    def _settle(self, step: Step) -> bool:
        return not self._stop.is_set() and self._settling(step)

    def _tick(self, jobs: Sequence[Job], call: Callable[[Step], bool]) -> None:
        ticker = schedule.Scheduler()
        for job in jobs:
            ticker.every(job.every_seconds).seconds.do(Runner(job, call, self._watch))
        ticker.run_all()
        while not self._stop.wait(max(0.05, min(1.0, ticker.idle_seconds or 0))):
            ticker.run_pending()


def _run_with_http(app: App, stop: threading.Event, workers: int) -> None:
    from classbook.web.server import listen

    listener = listen(app.settings.web.host, app.settings.web.port)
    app = _at_its_port(app, listener)
    if app.settings.web.metrics and workers > 1:
        _count_together()
    team = _Team(app.settings, listener, workers - 1)
    metrics = _metrics(app.settings)
    server, desk = _open_doors(app, listener, metrics)
    try:
        _say(f"classbook is at {server.address} (API: {server.address}/api/docs/); stop with Ctrl-C")
        jobs = (*JOBS, Job("keep the workers up", team.keep_up, every_seconds=1, lane="workers"))

        def settling(step: Step) -> bool:
            return desk.call(lambda: step(app)).result()

        with _Lanes(app, jobs if workers > 1 else JOBS, settling, metrics=metrics):
            stop.wait()
    finally:
        server.stop()
        desk.close()
        team.stop()


def _open_doors(app: App, listener: socket.socket, metrics: Metrics | None) -> tuple[Server, Desk]:
    from classbook.web.desk import Desk
    from classbook.web.server import serve

    app.store.budget_seconds = DESK_BUDGET_SECONDS
    desk = Desk(app)
    if metrics:
        desk.on_written = metrics.batch
    try:
        return serve(app, desk, listener=listener, metrics=metrics), desk
    except BaseException:
        desk.close()
        raise


def _at_its_port(app: App, listener: socket.socket) -> App:
    """Port 0 took a free one: links in mails must name it."""
    web = replace(app.settings.web, port=listener.getsockname()[1])
    return replace(app, settings=replace(app.settings, web=web))


class _Team:
    """Further HTTP processes on the same socket, each with its own desk; the database keeps them honest."""

    def __init__(self, settings: Settings, listener: socket.socket, size: int):
        self._arguments = (settings, listener)
        self._spawn = multiprocessing.get_context("spawn")
        self._processes = [self._start(number) for number in range(2, size + 2)]

    def keep_up(self, _app: App) -> bool:
        """Replace whoever died; never says that there is more to do."""
        for n, process in enumerate(self._processes):
            if not process.is_alive():
                _forget(process.pid)
                _log.error("worker %d died with exit code %s; starting another", n + 2, process.exitcode)
                self._processes[n] = self._start(n + 2)
        return False

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()

    def _start(self, number: int) -> multiprocessing.context.SpawnProcess:
        process = self._spawn.Process(target=_work, args=(*self._arguments, number))
        process.start()
        return process


def _work(settings: Settings, listener: socket.socket, number: int) -> None:
    """A further HTTP process: serves until it is told to stop, or until its parent is gone."""
    logs.configure(settings.log, worker=number)
    _report_abroad(settings)
    _live_in_utc()
    stop = _stop_on_signals()
    parent = multiprocessing.parent_process()
    app = open_app(settings)
    server, desk = _open_doors(app, listener, _metrics(settings))
    try:
        while not stop.wait(1.0) and parent is not None and parent.is_alive():
            pass
    finally:
        server.stop()
        desk.close()
        app.close()


def _metrics(settings: Settings) -> Metrics | None:
    """Where this process counts what it does; nothing is imported for it where nobody wants to know."""
    if not settings.web.metrics:
        return None
    from classbook.metrics import Metrics

    return Metrics()


def _count_together() -> None:
    """Make several processes share their counts, before any of them imports what counts."""
    folder = tempfile.mkdtemp(prefix="classbook-metrics-")
    os.environ[_COUNTS_FOLDER] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _forget(pid: int | None) -> None:
    if pid is not None and _COUNTS_FOLDER in os.environ:
        from classbook.metrics import forget_process

        forget_process(pid)


def _report_abroad(settings: Settings) -> None:
    """Report accidents to Sentry, where the settings name one."""
    if settings.log.sentry_dsn:
        from classbook.world import sentry

        sentry.start(settings.log.sentry_dsn)


def _live_in_utc() -> None:
    """`schedule` reads the wall clock, which stands still for an hour in autumn, except in UTC."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
