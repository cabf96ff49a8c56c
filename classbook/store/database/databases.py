"""A database that commands share, with the retries around a transaction; and an archive, which is one file."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL

from classbook.errors import Busy, DiskFull, Invalid, NotAllowedNow, Unavailable
from classbook.store.database.engines import (
    check_readable,
    create_private,
    identity,
    parsed,
    postgres_engine,
    sqlite_engine,
    sqlite_module,
)
from classbook.store.database.meaning import TryAgain, is_lost, meaning
from classbook.store.database.transaction import Rehearsal, Tx
from classbook.store.turnstile import Turnstile
from classbook.world import Clock

T = TypeVar("T")
_NO_DATABASE_CODE: Final = 26
_DAMAGED_CODES: Final = {10, 11}
"""Malformed, and what the disk did not give: a file that ends too early."""
_ROOM_BYTES: Final = 4 << 20
"""With less than that left on the disk, the next batch of bookings may find none."""


class Database:
    """A classbook database: one engine that writes, one that reads, and the retries around a transaction.

    Raises Invalid for an address nobody can open, Unavailable when the database is out of reach.
    """

    def __init__(self, address: str | URL, *, clock: Clock, budget_seconds: float = 10.0):
        self.url = parsed(address)
        self.budget_seconds = budget_seconds
        self._clock = clock
        self._writing = threading.Lock()
        self._tried = threading.local()
        self._memory: dict[Any, Any] = {}
        self._turnstile: Turnstile | None = None
        self._writer, self._reader = self._opened_engines()

    def _opened_engines(self) -> tuple[sa.Engine, sa.Engine]:
        if not self.is_embedded:
            engine = postgres_engine(self.url)
            return engine, engine
        path = Path(str(self.url.database))
        self._turnstile = Turnstile(path)
        create_private(path)
        self._opened = identity(path)
        return sqlite_engine(self.url, "BEGIN IMMEDIATE"), sqlite_engine(self.url, "BEGIN")

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this machine (SQLite), for one writing process group only."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The database file, where there is one."""
        return Path(str(self.url.database)) if self.is_embedded else None

    @property
    def engine_version(self) -> str:
        """Name and version of the engine, for `doctor`."""
        with self.read() as tx:
            question = "SELECT sqlite_version()" if self.is_embedded else "SHOW server_version"
            [(version,)] = tx.rows(question)
        return f"{'SQLite' if self.is_embedded else 'PostgreSQL'} {version}"

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only looks, and never waits for a writer."""
        if (trying := self._trying) is not None:
            yield trying.step()
            return
        self._check_file()
        with self._speaking(), self._reader.connect() as connection, connection.begin():
            yield Tx(connection, self._clock, self._memory)

    @contextmanager
    def look(self) -> Iterator[Tx]:
        """A transaction that looks at one moment with the statements of those that write, and keeps nobody waiting."""
        self._check_file()
        with self._speaking(), self._reader.connect() as connection:
            if not self.is_embedded:
                # One snapshot for all statements: what does not lock must not see some of them before a commit.
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin() as transaction:
                if not self.is_embedded:
                    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                yield Tx(connection, self._clock, self._memory, locks=False)
                transaction.rollback()

    def write(self, step: Callable[[Tx], T]) -> T:
        """Run ``step`` in one transaction and commit, again as a whole where another transaction got in the way.

        Raises Busy when it still does not get through after the budget, Unavailable when the database is gone,
        ConstraintRefused when the database refuses a row.
        """
        give_up_at = time.monotonic() + self.budget_seconds
        pause_seconds = 0.005
        while True:
            try:
                with self._speaking():
                    trying = self._trying
                    return self._attempt(step, give_up_at) if trying is None else trying.attempt(step)
            except TryAgain as error:
                if time.monotonic() + pause_seconds > give_up_at:
                    raise Busy(hint="Try again in a moment.", retry_after_seconds=1) from error
                time.sleep(random.uniform(0, pause_seconds))
                pause_seconds = min(pause_seconds * 2, 0.2)

    @contextmanager
    def rehearsal(self, dry_run: bool = True) -> Iterator[None]:
        """Within, all that this thread writes is seen by what it reads, and nothing of it is kept.

        For commands that take several transactions, of which later ones find what earlier ones did: with ``dry_run``
        they are steps of one that is rolled back. Without it nothing is different. Raises Busy, Unavailable.
        """
        if not dry_run:
            yield
            return
        give_up_at = time.monotonic() + self.budget_seconds
        try:
            with self._speaking(), self._alone(give_up_at), self._writer.connect() as connection:
                transaction = connection.begin()
                self._tried.now = Rehearsal(connection, self._clock, dict(self._memory))
                try:
                    yield
                finally:
                    self._tried.now = None
                    transaction.rollback()
        except TryAgain as error:
            raise Busy(hint="Try again in a moment.", retry_after_seconds=1) from error

    @property
    def _trying(self) -> Rehearsal | None:
        """The rehearsal that this thread is in."""
        return getattr(self._tried, "now", None)

    def _attempt(self, step: Callable[[Tx], T], give_up_at: float) -> T:
        with self._alone(give_up_at), self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                tx = Tx(connection, self._clock, self._memory)
                result = step(tx)
                transaction.rollback() if tx.abandoned else transaction.commit()
            except BaseException as error:
                if is_lost(error):
                    connection.invalidate()
                else:
                    transaction.rollback()
                raise
            return result

    @contextmanager
    def _alone(self, give_up_at: float) -> Iterator[None]:
        """SQLite has one writer: threads of this process wait here, other processes at the turnstile."""
        if self._turnstile is None:
            yield
            return
        if not self._writing.acquire(timeout=max(0.0, give_up_at - time.monotonic())):
            raise Busy(hint="Try again in a moment.", retry_after_seconds=1)
        try:
            with self._turnstile.passing(give_up_at):
                self._check_file()
                yield
        finally:
            self._writing.release()

    def _check_file(self) -> None:
        """Raise Unavailable where the file was moved or replaced: SQLite would go on in what nobody finds again."""
        if self.file and identity(self.file) != self._opened:
            raise Unavailable(
                "The database's file was moved or replaced while it was in use.", hint="Start classbook again."
            )

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the drivers raise into what we mean."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite_module().Error) as error:
            raise self._meaning(error) from error
        except sa.exc.TimeoutError as error:
            raise Busy("All connections to the database are in use.", retry_after_seconds=1) from error
        except Exception as error:
            # Hot text goes past SQLAlchemy's wrapping; the other driver is not imported just to be named here.
            if type(error).__module__.partition(".")[0] != "psycopg":
                raise
            raise self._meaning(error) from error

    def _meaning(self, error: Exception) -> Exception:
        return meaning(error, where=self.name)

    def check_room(self) -> None:
        """Raise DiskFull where hardly anything more fits beside an embedded database; others look after themselves."""
        if self.file and (free := shutil.disk_usage(self.file.parent).free) < _ROOM_BYTES:
            raise DiskFull(f"Only {free >> 10} KiB are left for the database.", hint="Make room on its disk.")

    def check_alone(self) -> None:
        """Raise NotAllowedNow where another process has this database open: it would go on with what it remembers."""
        self._writer.dispose()
        self._reader.dispose()
        if self._others():
            raise NotAllowedNow(
                f"The database {self.name} is in use.", hint="Stop the daemon and whatever else has it open first."
            )

    def _others(self) -> bool:
        if not self.is_embedded:
            with self.read() as tx:
                return bool(
                    tx.rows(
                        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                        "AND application_name = 'classbook' AND pid <> pg_backend_pid()"
                    )
                )
        # The journal of a database can be another one only while nobody else has it open.
        with closing(sqlite_module().connect(str(self.file), timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=DELETE")
            except sqlite_module().OperationalError:
                return True
        return False

    def forget(self) -> None:
        """Forget what was remembered from one transaction to the next: other rows have come under the same ids."""
        self._memory.clear()

    @property
    def name(self) -> str:
        """Which database it is, without a password."""
        return str(self.file or self.url.set(drivername="postgresql").render_as_string(hide_password=True))

    def close(self) -> None:
        """Give all connections back to the operating system."""
        self._writer.dispose()
        self._reader.dispose()
        if self._turnstile:
            self._turnstile.close()


class Archive(Database):
    """A database that is one file with nothing beside it: filled once, in a ``fresh`` file, and then only read.

    A fresh one is not safe from a crash before it is closed: it must get its name only then. Raises Invalid for a file
    that cannot be read, or is none of ours.
    """

    def __init__(self, path: Path, *, clock: Clock, fresh: bool = False):
        self._path, self._fresh = path, fresh
        super().__init__(URL.create("sqlite", database=str(path)), clock=clock)

    def _opened_engines(self) -> tuple[sa.Engine, sa.Engine]:
        self._opened = identity(self._path)
        if self._fresh:
            pragmas = ("journal_mode=MEMORY", "synchronous=OFF", "locking_mode=EXCLUSIVE", "foreign_keys=ON")
            engine = sqlite_engine(self.url, "BEGIN IMMEDIATE", pragmas)
        else:
            check_readable(self._path)
            # Nobody changes it: no lock is taken, and no file made beside it.
            options = {"mode": "ro", "immutable": "1", "uri": "true"}
            address = URL.create("sqlite", database=f"file:{quote(os.path.abspath(self._path))}", query=options)
            engine = sqlite_engine(address, "BEGIN", ("trusted_schema=OFF",))
        return engine, engine

    def _meaning(self, error: Exception) -> Exception:
        cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", None) or 0
        if self._fresh:
            return self._as_of_a_backup(super()._meaning(error))
        if code == _NO_DATABASE_CODE or "no such table" in str(cause):
            return Invalid(f"{self._path} is no backup of classbook.")
        if code & 0xFF in _DAMAGED_CODES:
            return Invalid(f"{self._path} is damaged, or was cut short.")
        return super()._meaning(error)

    def _as_of_a_backup(self, meant: Exception) -> Exception:
        """In words that do not name a file that nobody asked for: it has not got its name yet."""
        if not isinstance(meant, Unavailable):
            return meant
        return type(meant)(meant.detail.replace(f"database {self.name}", "backup"), hint=meant.hint)
