"""What every measurement stands on: a database of its own, thousands of verified people, a few classes.

SQLite is a file in a temporary folder. PostgreSQL is the server that ``CLASSBOOK_BENCH_PG`` names (a URL whose role
may create databases), else the one the tests would use, started for the run. Both are as durable as in earnest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from classbook.app import App, open_app
from classbook.config import DatabaseSettings, Settings
from classbook.secret import Secret
from classbook.store import schema, tables
from classbook.store.database import Database, Tx
from classbook.world import SystemClock
from tests import postgres

SECRET: Final = "benchmarks only: nothing that is kept is signed by this"
DATABASES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where databases come from: ``make(name)`` gives the URL of an empty one."""

    name: str
    make: Callable[[str], str]


@contextmanager
def stage(name: str, folder: Path) -> Iterator[Stage]:
    """One of `DATABASES`, ready for making databases until the block ends."""
    if name == "sqlite":
        yield Stage(name, lambda database: f"sqlite:///{folder / database}.db")
    elif dsn := os.environ.get("CLASSBOOK_BENCH_PG"):
        server = postgres.Server(dsn, "CLASSBOOK_BENCH_PG", mark=f"classbook_bench_{os.getpid()}")
        with ExitStack() as dropping:

            def make(database: str) -> str:
                dropping.callback(server.drop, database)
                return server.create(database)

            yield Stage(name, make)
    else:
        with postgres.running() as server:
            yield Stage(name, server.create)


def settings(url: str) -> Settings:
    """Classbook's defaults, on this database."""
    return Settings(database=DatabaseSettings(url=url), secret=Secret(SECRET))


@contextmanager
def opened(url: str, *, policy: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[App]:
    """Classbook itself on a prepared database; ``policy`` as in its settings."""
    app = open_app(replace(settings(url), policy=policy or {}))
    try:
        yield app
    finally:
        app.close()


def prepare(url: str, *, people: int, seats: Sequence[int]) -> None:
    """Migrate an empty database and fill it: ``people``, verified, and a class for each of ``seats``; ids from 1."""
    database = Database(url, clock=SystemClock())
    try:
        schema.upgrade(database)
        database.write(partial(_fill, people=people, seats=seats))
    finally:
        database.close()


def _fill(tx: Tx, *, people: int, seats: Sequence[int]) -> None:
    now = datetime.now(UTC)
    tomorrow = now + timedelta(days=1)
    everyone: list[dict[str, Any]] = [
        {
            "email": f"p{number}@example.org", "name": f"Person {number}", "role": "member", "timezone": "UTC",
            "created_at": now, "verified_at": now,
        }
        for number in range(1, people + 1)
    ]  # fmt: skip
    classes: list[dict[str, Any]] = [
        {
            "kind": "class", "title": f"Yoga {number}", "description": "", "starts_at": tomorrow,
            "ends_at": tomorrow + timedelta(hours=1), "timezone": "UTC", "policy": "{}", "created_at": now,
            "version": 1,
        }
        for number in range(1, len(seats) + 1)
    ]  # fmt: skip
    pools: list[dict[str, Any]] = [
        {"name": f"Yoga {number}", "units": units, "timed": False} for number, units in enumerate(seats, 1)
    ]
    numbers = range(1, len(seats) + 1)
    for table, rows in (
        (tables.people, everyone),
        (tables.offerings, classes),
        (tables.pools, pools),
        (tables.offering_pools, [{"offering_id": number, "n": 1, "pool_id": number} for number in numbers]),
    ):
        if rows:
            tx.connection.execute(sa.insert(table), rows)
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(sa.text("ANALYZE people, offerings, pools, offering_pools"))


def look_over(url: str) -> None:
    """Let a server take stock of what was filled in, as it does by itself within a minute. SQLite never does."""
    database = Database(url, clock=SystemClock())
    try:
        if not database.is_embedded:
            database.write(lambda tx: tx.connection.execute(sa.text("ANALYZE")))
    finally:
        database.close()


def sold(url: str, class_id: int) -> set[int]:
    """The ids of the live reservations of a class, read past classbook."""
    query = sa.select(tables.reservations.c.id).where(
        tables.reservations.c.offering_id == class_id, tables.reservations.c.due_at.is_not(None)
    )
    database = Database(url, clock=SystemClock())
    try:
        with database.read() as tx:
            return set(tx.connection.scalars(query))
    finally:
        database.close()


def sold_units(url: str, offering_id: int) -> list[tuple[int, int]]:
    """The (pool, unit) that people have of an offering, read past classbook."""
    live = sa.select(tables.claims.c.pool_id, tables.claims.c.unit).join(
        tables.reservations, tables.reservations.c.id == tables.claims.c.reservation_id
    )
    query = live.where(
        tables.reservations.c.offering_id == offering_id,
        tables.reservations.c.person_id.is_not(None),
        tables.claims.c.live,
    )
    database = Database(url, clock=SystemClock())
    try:
        with database.read() as tx:
            return [(pool_id, unit) for pool_id, unit in tx.connection.execute(query)]
    finally:
        database.close()
