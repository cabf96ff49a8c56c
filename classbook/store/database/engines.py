"""From an address to engines: which databases there are, and how each is set so that no acknowledged commit is lost."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from classbook.errors import Invalid, Unavailable


def parsed(address: str | URL) -> URL:
    """The address with the driver it is reached by. Raises Invalid for one nobody can open."""
    try:
        url = make_url(address)
    except sa.exc.ArgumentError as error:
        raise Invalid(
            f"{address!r} is not the address of a database.",
            hint="Use sqlite:///classbook.db or postgresql://user@host/name.",
        ) from error
    except ValueError:
        raise Invalid(
            "The port in the address of the database is not a number.", hint="Use postgresql://user@host:5432/name."
        ) from None
    backend = url.get_backend_name() if url.drivername.split("+")[0] in {"sqlite", "postgresql", "postgres"} else None
    if backend is None and url.drivername != "postgres":
        raise Invalid(
            f"Databases of the kind {url.drivername!r} cannot be used.", hint="Use sqlite:///FILE or postgresql://..."
        )
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise Invalid("A database in memory would forget every booking.", hint="Name a file: sqlite:///FILE.")
        return url.set(drivername="sqlite")
    return url.set(drivername="postgresql+psycopg")


def create_private(path: Path) -> None:
    """Make the file readable by its owner only, before SQLite would make it readable by everybody.

    Raises Invalid where its directory is not there, Unavailable where it cannot be made.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        if not os.path.exists(path.parent):
            # Not made on the way: a path with a typo would quietly become an empty database.
            raise Invalid(
                f"There is no directory {path.parent} for the database {path.name}.",
                hint="Make the directory first, or name another place.",
            ) from error
        raise Unavailable(f"The database {path} cannot be opened: {error.strerror}.") from error


def check_readable(path: Path) -> None:
    """Raise Invalid where nobody may read the file, or it is not there."""
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from None


def identity(path: Path) -> tuple[int, int] | None:
    """Which file that is, whatever it is called; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def sqlite_module() -> Any:
    """A build of SQLite without the WAL-reset bug where there is one, else the standard library's."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return dbapi2


def has_safe_wal(version: tuple[int, ...]) -> bool:
    """Whether this SQLite may use WAL: releases before 3.51.3 can lose commits that several processes acknowledged.

    Source: https://sqlite.org/wal.html#walresetbug (fixed in 3.51.3, and in 3.50.7 and 3.44.6 of their series).
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _durable() -> tuple[str, ...]:
    journal = "WAL" if has_safe_wal(sqlite_module().sqlite_version_info) else "DELETE"
    return f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"


def sqlite_engine(url: URL, begin: str, pragmas: Sequence[str] | None = None) -> sa.Engine:
    engine = sa.create_engine(
        url,
        module=sqlite_module(),
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 10},
        pool_size=1 if begin != "BEGIN" else 8,
        max_overflow=0 if begin != "BEGIN" else 32,
    )

    @sa.event.listens_for(engine, "connect")
    def settle_pragmas(connection: Any, _record: object) -> None:
        for pragma in pragmas or _durable():
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin_by_hand(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def postgres_engine(url: URL) -> sa.Engine:
    return sa.create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=32,
        connect_args={"prepare_threshold": None, "connect_timeout": 5, "application_name": "classbook"},
    )
