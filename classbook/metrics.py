"""What is counted for Prometheus, where the settings ask for it.

Every process counts for itself. Several HTTP processes on one socket share their counts through files in the folder
that PROMETHEUS_MULTIPROC_DIR names (the daemon sets it before this module is imported), so that it does not matter
which of them is asked. What is in the database is not counted here but looked up when somebody asks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ASKS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Figures = Mapping[str, tuple[str, Mapping[str, float]]]
"""What was looked up: name -> (what it is, value by kind; the kind "" where there are no kinds)."""


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        if FOLDER not in os.environ:
            ProcessCollector(registry=self._registry)
            PlatformCollector(registry=self._registry)
        self._requests = Counter(
            "classbook_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "classbook_request_seconds",
            "How long answers took.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._asks = Histogram(
            "classbook_batch_asks", "Asks written by one transaction.", buckets=_ASKS, registry=self._registry
        )
        self._waiting = Gauge(
            "classbook_desk_waiting",
            "Asks and steps that wait for the writer.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._runs = Counter("classbook_job_runs", "Runs of the daemon's jobs.", ("job",), registry=self._registry)
        self._failures = Counter(
            "classbook_job_failures", "Runs of the daemon's jobs that failed.", ("job",), registry=self._registry
        )
        self._lag = Gauge(
            "classbook_job_lag_seconds",
            "How much later than it should a job's last run began.",
            ("job",),
            registry=self._registry,
            multiprocess_mode="max",
        )
        self._done = Gauge(
            "classbook_job_last_success_timestamp_seconds",
            "When a job last ended well.",
            ("job",),
            registry=self._registry,
            multiprocess_mode="max",
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; ``route`` is the template of its address, not the address."""
        self._requests.labels(method if method in _METHODS else "other", route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, asks: int, waiting: int) -> None:
        """A transaction has written ``asks`` asks (0: a step), and so many wait behind it."""
        if asks:
            self._asks.observe(asks)
        self._waiting.set(waiting)

    def expect(self, job: str) -> None:
        """A job that will run: it is there from the start, also while nothing has failed."""
        self._runs.labels(job)
        self._failures.labels(job)

    def began(self, job: str, *, lag_seconds: float) -> None:
        """A job has begun, so much later than it should."""
        self._runs.labels(job).inc()
        self._lag.labels(job).set(lag_seconds)

    def ended(self, job: str, *, at: float | None) -> None:
        """A job has ended: well ``at`` so many seconds since 1970, or None where it failed."""
        if at is None:
            self._failures.labels(job).inc()
        else:
            self._done.labels(job).set(at)

    def text(self, figures: Figures) -> bytes:
        """Everything, with what was looked up, in the text format of Prometheus."""
        looked_up = CollectorRegistry()
        looked_up.register(_LookedUp(figures))
        counted = self._registry
        if FOLDER in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(looked_up)


def forget_process(pid: int) -> None:
    """Leave out what a process that has died said of itself; what it counted stays counted."""
    if FOLDER in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


class _LookedUp:
    """Figures as a collector that has them already."""

    def __init__(self, figures: Figures):
        self._figures = figures

    def collect(self) -> list[GaugeMetricFamily]:
        return [_family(name, about, values) for name, (about, values) in self._figures.items()]


def _family(name: str, about: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=None if "" in values else ("kind",))
    for kind, value in values.items():
        family.add_metric([kind] if kind else [], value)
    return family
