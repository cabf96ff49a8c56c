"""The only file that names a dialect: engines, transactions, and the few places where SQLite and PostgreSQL differ.

SQLite: one writer at a time behind a fair turnstile, ``BEGIN IMMEDIATE``, WAL, ``synchronous=FULL``.
PostgreSQL: psycopg 3, READ COMMITTED, row locks, the server's clock. Nothing here breaks behind pgbouncer's
transaction pooling: no prepared statements, no LISTEN, no session state.

Statements on the booking path are text handed to the driver (`Tx.rows`, `Tx.insert`, `Tx.update`), because building
them costs more than running them; everything else is SQLAlchemy Core on `Tx.connection`. Such text is written once,
in SQLite's words plus five of ours: ``AMONG ?`` takes a list of ids, ``NAMED ?`` a list of texts as JSON,
``WINDOWS ?`` a table of (pool_id, low, high, longest) as JSON, ``EACH JOIN table t ON condition`` (at the end) looks up
the rows of ``table`` by an index for each row before it, and ``FOR NO KEY UPDATE`` is dropped where a writer is alone
anyway.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, make_url

from classbook.errors import Busy, DiskFull, Hint, Invalid, NotAllowedNow, ReadOnly, Unavailable
from classbook.store.ledger_guards import LEDGER_ON_POSTGRESQL, LEDGER_ON_SQLITE
from classbook.store.turnstile import Turnstile
from classbook.world import Clock, SystemClock

T = TypeVar("T")
Row = tuple[Any, ...]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LOCK_TIMEOUT_MS: Final = 2_000
_STATEMENT_TIMEOUT_MS: Final = 10_000
_IDLE_TIMEOUT_MS: Final = 15_000
_SERVER_CLOCK: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_RETRIED_SQLSTATES: Final = {"40001", "40P01", "55P03"}
_OTHER_SCHEMA_SQLSTATES: Final = {"42P01", "42703", "3F000", "42501"}
"""No such table, column or schema, or no right to it: the schema changed under us, or is not for this role."""
_READONLY_SQLSTATE: Final = "25006"
_BUSY_SQLITE_CODES: Final = {5, 6, 261, 517}
_READONLY_SQLITE_CODE: Final = 8
_FULL_SQLSTATE: Final = "53100"
_FULL_SQLITE_CODES: Final = {13, 778}
"""Full, and a write that the disk did not take: how a quota or a limit on the size of files shows."""
_IO_SQLITE_CODE: Final = 10
"""Some builds do not say which: a read, or a write that a quota or a limit on the size of files forbids."""
_NO_DATABASE_CODE: Final = 26
_DAMAGED_CODES: Final = {10, 11}
"""Malformed, and what the disk did not give: a file that ends too early."""
_ROOM_BYTES: Final = 4 << 20
"""With less than that left on the disk, the next batch of bookings may find none."""


def to_micros(instant: datetime) -> int:
    """An instant as the database keeps it: whole microseconds since 1970, UTC."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant behind a number in the database."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: one order, one unit, on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


BigId: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""An integer key. On SQLite it must be spelled INTEGER to be the row's own number."""
Flag: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")
"""True or false; STRICT tables of SQLite know only integers."""
Real: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
Count: Final = sa.Integer()
STRICT: Final[dict[str, Any]] = {"sqlite_strict": True}
STRICT_BY_KEY: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""Table options: types are enforced; rows of the second kind live in their primary key's tree and nowhere else."""


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over the rows that satisfy ``where``, on every database."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def guards(dialect: str) -> tuple[str, ...]:
    """The law for timed pools, as the database enforces it: taken claims on one unit never overlap.

    A second guard behind the pool's lock. SQLite looks only at the predecessor and the successor by start, which is
    enough because the rows before it satisfied the law already.
    """
    if dialect == "postgresql":
        return (
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            "ALTER TABLE claims ADD CONSTRAINT claims_overlap EXCLUDE USING gist "
            "(pool_id WITH =, unit WITH =, int8range(starts_at, ends_at) WITH &&) WHERE (live AND timed)",
        )
    return tuple(
        f"CREATE TRIGGER claims_overlap_{event} BEFORE {when} ON claims WHEN NEW.live AND NEW.timed AND ("
        "EXISTS (SELECT 1 FROM (SELECT ends_at FROM claims WHERE live AND timed AND pool_id = NEW.pool_id "
        "AND unit = NEW.unit AND starts_at < NEW.ends_at "
        "AND NOT (reservation_id = NEW.reservation_id AND n = NEW.n) "
        "ORDER BY starts_at DESC LIMIT 1) WHERE ends_at > NEW.starts_at)) "
        "BEGIN SELECT RAISE(ABORT, 'claims_overlap'); END"
        for event, when in (
            ("insert", "INSERT"),
            ("update", "UPDATE OF pool_id, unit, starts_at, ends_at, live, timed"),
        )
    )


def ledger_guards(dialect: str) -> tuple[str, ...]:
    """The law of the ledger: rows never change, and people's figures are what the rows say."""
    return LEDGER_ON_POSTGRESQL if dialect == "postgresql" else LEDGER_ON_SQLITE


class ConstraintRefused(Exception):
    """The database refused a row. On the booking path that is a bug that the first guard let through."""

    def __init__(self, constraint: str):
        self.constraint = constraint
        super().__init__(constraint)


class TryAgain(Exception):
    """The transaction lost against another one and may simply be run again."""


class Tx:
    """One transaction. Its clock is read once, where `read_clock` is called: after the locks, on the booking path."""

    def __init__(self, connection: sa.Connection, clock: Clock, memory: dict[Any, Any], *, locks: bool = True):
        self.connection = connection
        self.locks = locks
        """False for what only looks: then the words that would lock are left out of every statement."""
        self.memory = memory
        """What never changes once it is known, kept from one transaction to the next."""
        self.abandoned = False
        self._driver: Any = connection.connection.driver_connection
        self._postgres = connection.dialect.name == "postgresql"
        self._clock = clock
        self._asks_server = self._postgres and isinstance(clock, SystemClock)
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The instant of this transaction, aware UTC."""
        return self._now or self.read_clock()

    def read_clock(self) -> datetime:
        """Read the clock: the server's where many machines share it (never ``now()``, which is older than a lock)."""
        if self._asks_server:
            [(micros,)] = self.rows(_SERVER_CLOCK)
            self._now = from_micros(micros)
        else:
            self._now = self._clock.now()
        return self._now

    def pipeline_then_clock(self, *queries: tuple[str, Sequence[Any]]) -> list[list[Row]]:
        """`pipeline`, and the clock read behind its last statement, in the same round trip."""
        if not self._asks_server:
            found = self.pipeline(*queries)
            self.read_clock()
            return found
        *found, [(micros,)] = self.pipeline(*queries, (_SERVER_CLOCK, ()))
        self._now = from_micros(micros)
        return found

    def abandon(self) -> None:
        """Roll back at the end instead of committing: nothing was written, or nothing may be."""
        self.abandoned = True

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Run one statement of hot text; all rows."""
        return self.pipeline((statement, parameters))[0]

    def change(self, statement: str, *parameters: Any) -> int:
        """Run one writing statement; how many rows it changed."""
        values = [self._literal(value) for value in parameters]
        return int(self._driver.execute(_spoken(statement, self._postgres, self.locks), values).rowcount)

    def pipeline(self, *queries: tuple[str, Sequence[Any]]) -> list[list[Row]]:
        """Run several statements in order, in one round trip where the database is on the other end of a wire."""
        ready = [
            (_spoken(text, self._postgres, self.locks), [self._literal(value) for value in values])
            for text, values in queries
        ]
        if not self._postgres:
            return [self._driver.execute(text, values).fetchall() for text, values in ready]
        with self._driver.pipeline():
            cursors = [self._driver.execute(text, values) for text, values in ready]
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]

    def write_all(self, *writes: tuple[str, list[Row]]) -> list[int]:
        """Run several statements made by `inserting` or `updating`, each for all its rows; rows changed by each."""
        if not self._postgres:
            return [self._driver.executemany(text, rows).rowcount if rows else 0 for text, rows in writes]
        with self._driver.pipeline():
            cursors = [
                self._driver.execute(text, [_array(column) for column in zip(*rows, strict=True)]) if rows else None
                for text, rows in writes
            ]
        return [cursor.rowcount if cursor else 0 for cursor in cursors]

    def inserting(self, table: sa.Table, columns: str, rows: list[Row]) -> tuple[str, list[Row]]:
        """The write that inserts ``rows`` with ``columns`` (a blank-separated list).

        Columns that are NULL in every row are left out: binding nothing takes a driver longer than binding a number.
        """
        if not rows:
            return "", rows
        by_column = zip(columns.split(), zip(*rows, strict=True), strict=True)
        filled = {name: values for name, values in by_column if not _is_null(values)}
        return _insert_text(table, tuple(filled), self._postgres), list(zip(*filled.values(), strict=True))

    def updating(self, table: sa.Table, changed: str, keys: str, rows: list[Row]) -> tuple[str, list[Row]]:
        """The write that sets ``changed`` where all ``keys`` match; a row lists its changed values, then its keys.

        A key written ``state:was`` compares the column ``state`` while ``state`` may be among the changed ones: a
        compare-and-swap.
        """
        return _update_text(table, changed, keys, self._postgres), rows

    def fresh_ids(self, table: sa.Table, count: int) -> tuple[str, Sequence[Any]]:
        """The query for ``count`` fresh ids of a table whose rows are never deleted."""
        if self._postgres:
            return f"SELECT nextval('{table.name}_id_seq') FROM generate_series(1, ?::int)", [count]
        steps = list(range(1, count + 1))
        return f"SELECT value + (SELECT coalesce(max(id), 0) FROM {table.name}) FROM json_each(?)", [steps]

    def pages(self, statement: str, rows_at_once: int) -> Iterator[list[Row]]:
        """All rows of a statement, with no more than so many of them in memory at a time."""
        with closing(self._driver.cursor(name="pages") if self._postgres else self._driver.cursor()) as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(rows_at_once):
                yield rows

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Without triggers: what they count and refuse was counted and judged where the rows come from.

        Checks, keys and unique indexes hold all the same. On PostgreSQL only the owner of the tables may do it.
        """
        if self._postgres:
            found = self.rows(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
                "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
            )
            down = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for (table,) in found]
            up = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for (table,) in found]
        else:
            found = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            down, up = [f"DROP TRIGGER {name}" for name, _ in found], [sql for _, sql in found]
        for statement in down:
            self.rows(statement)
        yield
        for statement in up:
            self.rows(statement)

    def last_id(self, table: sa.Table) -> int | None:
        """The last id that was given to a row of a table, be the row there or not; None where it has no ids."""
        if "id" not in table.primary_key.columns or not isinstance(table.c.id.type, sa.BigInteger):
            return None
        given = f"pg_sequence_last_value('{table.name}_id_seq')" if self._postgres else "0"
        [(there, last)] = self.rows(f"SELECT max(id), {given} FROM {table.name}")
        return max(there or 0, last or 0)

    def go_on_after(self, table: str, last_id: int) -> None:
        """Give ids past that one from now on. An embedded database goes by its rows alone."""
        if self._postgres:
            self.rows(f"ALTER SEQUENCE {table}_id_seq RESTART WITH {last_id}")
            self.rows(f"SELECT nextval('{table}_id_seq')")

    def gather_statistics(self, table: str) -> None:
        """Let the planner know at once of very many new rows, where it would find out only later."""
        if self._postgres:
            self.rows(f"ANALYZE {table}")

    def limit_waiting(self) -> tuple[str, Sequence[Any]]:
        """The first statement of a writing pipeline: bounds on locks, statements and idling, for this transaction."""
        if not self._postgres:
            return "SELECT 1", ()
        return (
            f"SELECT set_config('lock_timeout', '{_LOCK_TIMEOUT_MS}', true), "
            f"set_config('statement_timeout', '{_STATEMENT_TIMEOUT_MS}', true), "
            f"set_config('idle_in_transaction_session_timeout', '{_IDLE_TIMEOUT_MS}', true)",
            (),
        )

    def locking(self) -> str:
        """The words that lock what a statement reads; waiting for it is bounded from here on."""
        self.pipeline(self.limit_waiting())
        return " FOR NO KEY UPDATE"

    def lock_migrations(self) -> None:
        """Wait until nobody else is migrating this database, and keep others waiting until the end."""
        if self._postgres:
            self.rows("SELECT pg_advisory_xact_lock(7236838190331986)")

    def _literal(self, value: Any) -> Any:
        if isinstance(value, (list, set, tuple)):
            joined = ",".join(map(str, value))
            return f"{{{joined}}}" if self._postgres else f"[{joined}]"
        return value


_WINDOW: Final = ("pool_id", "low", "high", "longest")


@cache
def _spoken(text: str, postgres: bool, locks: bool) -> str:
    """Hot text in the words of the driver at hand."""
    if not (postgres and locks):
        text = re.sub(r" FOR NO KEY UPDATE( OF \w+)?( SKIP LOCKED)?", "", text)
    if postgres:
        windows = ", ".join(f"(value->>{n})::bigint AS {name}" for n, name in enumerate(_WINDOW))
        text = text.replace("WINDOWS ?", f"(SELECT {windows} FROM json_array_elements(?::json))")
        text = text.replace("NAMED ?", "= ANY(ARRAY(SELECT json_array_elements_text(?::json)))")
        # Left to itself the planner compares each claim of a pool with each window: it cannot tell how narrow they are.
        laterally = r"CROSS JOIN LATERAL (SELECT * FROM \1 \2 WHERE \3 OFFSET 0) \2"
        text = re.sub(r"EACH JOIN (\w+) (\w+) ON (.+)$", laterally, text)
        return text.replace("AMONG ?", "= ANY(?::bigint[])").replace("?", "%s")
    windows = ", ".join(f"value->>{n} AS {name}" for n, name in enumerate(_WINDOW))
    text = text.replace("WINDOWS ?", f"(SELECT {windows} FROM json_each(?))")
    text = text.replace("NAMED ?", "AMONG ?").replace("AMONG ?", "IN (SELECT value FROM json_each(?))")
    return text.replace("EACH JOIN", "JOIN")


def _types(table: sa.Table, names: Sequence[str]) -> list[str]:
    """PostgreSQL's array types for columns, by name."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [f"{table.c[name.partition(':')[0]].type.compile(dialect)}[]" for name in names]


def _is_null(values: Sequence[Any]) -> bool:
    return values[0] is None and values.count(None) == len(values)


@cache
def _insert_text(table: sa.Table, names: Sequence[str], postgres: bool) -> str:
    head = f"INSERT INTO {table.name} ({', '.join(names)})"
    if postgres:
        return f"{head} SELECT * FROM unnest({', '.join(f'%s::{kind}' for kind in _types(table, names))})"
    return f"{head} VALUES ({', '.join('?' for _ in names)})"


@cache
def _update_text(table: sa.Table, changed: str, keys: str, postgres: bool) -> str:
    names, wanted = changed.split(), [key.partition(":") for key in keys.split()]
    if postgres:
        arrays = ", ".join(f"%s::{kind}" for kind in _types(table, names + keys.split()))
        aliases = [f"new_{name}" for name in names] + [f"key_{column}" for column, _, _ in wanted]
        sets = ", ".join(f"{name} = v.new_{name}" for name in names)
        match = " AND ".join(f"t.{column} = v.key_{column}" for column, _, _ in wanted)
        return f"UPDATE {table.name} t SET {sets} FROM unnest({arrays}) AS v({', '.join(aliases)}) WHERE {match}"
    sets = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE {table.name} SET {sets} WHERE {' AND '.join(f'{column} = ?' for column, _, _ in wanted)}"


def _array(column: Sequence[Any]) -> str:
    """A column of values as one PostgreSQL array literal: psycopg would dump a list item by item."""
    if type(column[0]) is int and None not in column:
        return "{" + ",".join(map(str, column)) + "}"
    return "{" + ",".join([_element(value) for value in column]) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


class _Rehearsal:
    """A transaction in which those of several steps are savepoints. It remembers nothing that will not be."""

    def __init__(self, connection: sa.Connection, clock: Clock, memory: dict[Any, Any]):
        self._connection, self._clock, self._memory = connection, clock, memory

    def step(self) -> Tx:
        return Tx(self._connection, self._clock, self._memory)

    def attempt(self, step: Callable[[Tx], T]) -> T:
        savepoint, tx = self._connection.begin_nested(), self.step()
        try:
            result = step(tx)
        except BaseException:
            savepoint.rollback()
            raise
        savepoint.rollback() if tx.abandoned else savepoint.commit()
        return result


class Database:
    """A classbook database: one engine that writes, one that reads, and the retries around a transaction.

    Raises Invalid for an address nobody can open, Unavailable when the database is out of reach.
    """

    def __init__(self, address: str | URL, *, clock: Clock, budget_seconds: float = 10.0):
        self.url = _parsed(address)
        self.budget_seconds = budget_seconds
        self._clock = clock
        self._writing = threading.Lock()
        self._tried = threading.local()
        self._memory: dict[Any, Any] = {}
        self._turnstile: Turnstile | None = None
        self._writer, self._reader = self._opened_engines()

    def _opened_engines(self) -> tuple[sa.Engine, sa.Engine]:
        if not self.is_embedded:
            engine = _postgres_engine(self.url)
            return engine, engine
        path = Path(str(self.url.database))
        self._turnstile = Turnstile(path)
        _create_private(path)
        self._opened = _identity(path)
        return _sqlite_engine(self.url, "BEGIN IMMEDIATE"), _sqlite_engine(self.url, "BEGIN")

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
                self._tried.now = _Rehearsal(connection, self._clock, dict(self._memory))
                try:
                    yield
                finally:
                    self._tried.now = None
                    transaction.rollback()
        except TryAgain as error:
            raise Busy(hint="Try again in a moment.", retry_after_seconds=1) from error

    @property
    def _trying(self) -> _Rehearsal | None:
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
                if _is_lost(error):
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
        if self.file and _identity(self.file) != self._opened:
            raise Unavailable(
                "The database's file was moved or replaced while it was in use.", hint="Start classbook again."
            )

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the drivers raise into what we mean."""
        try:
            yield
        except (sa.exc.DBAPIError, _sqlite_module().Error) as error:
            raise self._meaning(error) from error
        except sa.exc.TimeoutError as error:
            raise Busy("All connections to the database are in use.", retry_after_seconds=1) from error
        except Exception as error:
            # Hot text goes past SQLAlchemy's wrapping; the other driver is not imported just to be named here.
            if type(error).__module__.partition(".")[0] != "psycopg":
                raise
            raise self._meaning(error) from error

    def _meaning(self, error: Exception) -> Exception:
        cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        code = getattr(cause, "sqlite_errorcode", None)
        if state in _RETRIED_SQLSTATES or code in _BUSY_SQLITE_CODES or "database is locked" in str(cause):
            return TryAgain()
        if type(cause).__name__ == "IntegrityError" or (state or "").startswith("23"):
            constraint = _constraint_name(cause)
            # Somebody used the same request key at the same moment: run again, and find their answer.
            return TryAgain() if constraint == "request_keys_pkey" else ConstraintRefused(constraint)
        where = self.name
        if code in _FULL_SQLITE_CODES or state == _FULL_SQLSTATE:
            return DiskFull(f"The disk of the database {where} is full.", hint="Make room on it.")
        if code == _READONLY_SQLITE_CODE or "readonly database" in str(cause):
            return ReadOnly(f"The database {where} cannot be written.", hint="Check the file's permissions.")
        if state == _READONLY_SQLSTATE:
            return ReadOnly(f"The database {where} cannot be written.", hint="Is it a copy that only reads?")
        if (code or 0) & 0xFF == _IO_SQLITE_CODE:
            return Unavailable(
                f"The disk of the database {where} does not take or give what it should.",
                hint="Is it full, or more than a quota allows? Else the system's log says what it has.",
            )
        # What a server runs out of (class 53) and what its disk does to it (58) are operational, by whatever name.
        names = {kind.__name__ for kind in type(cause).__mro__}
        unusable = "OperationalError" in names or type(cause).__name__ in {"DatabaseError", "InterfaceError"}
        if unusable or state in _OTHER_SCHEMA_SQLSTATES or _is_lost(cause):
            reason = (str(cause).strip().splitlines() or [""])[0]
            return Unavailable(
                f"The database {where} cannot be used: {reason.rstrip('.')}.", hint=Hint("{} says more.", "examine")
            )
        return error

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
        with closing(_sqlite_module().connect(str(self.file), timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=DELETE")
            except _sqlite_module().OperationalError:
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
        self._opened = _identity(self._path)
        if self._fresh:
            pragmas = ("journal_mode=MEMORY", "synchronous=OFF", "locking_mode=EXCLUSIVE", "foreign_keys=ON")
            engine = _sqlite_engine(self.url, "BEGIN IMMEDIATE", pragmas)
        else:
            _check_readable(self._path)
            # Nobody changes it: no lock is taken, and no file made beside it.
            options = {"mode": "ro", "immutable": "1", "uri": "true"}
            address = URL.create("sqlite", database=f"file:{quote(os.path.abspath(self._path))}", query=options)
            engine = _sqlite_engine(address, "BEGIN", ("trusted_schema=OFF",))
        return engine, engine

    def _meaning(self, error: Exception) -> Exception:
        cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", None) or 0
        if self._fresh:
            return super()._meaning(error)
        if code == _NO_DATABASE_CODE or "no such table" in str(cause):
            return Invalid(f"{self._path} is no backup of classbook.")
        if code & 0xFF in _DAMAGED_CODES:
            return Invalid(f"{self._path} is damaged, or was cut short.")
        return super()._meaning(error)


def _parsed(address: str | URL) -> URL:
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


def _create_private(path: Path) -> None:
    """Make the file readable by its owner only, before SQLite would make it readable by everybody."""
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


def _check_readable(path: Path) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file that is, whatever it is called; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sqlite_module() -> Any:
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
    journal = "WAL" if has_safe_wal(_sqlite_module().sqlite_version_info) else "DELETE"
    return f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"


def _sqlite_engine(url: URL, begin: str, pragmas: Sequence[str] | None = None) -> sa.Engine:
    engine = sa.create_engine(
        url,
        module=_sqlite_module(),
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


def _postgres_engine(url: URL) -> sa.Engine:
    return sa.create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=32,
        connect_args={"prepare_threshold": None, "connect_timeout": 5, "application_name": "classbook"},
    )


def _is_lost(error: BaseException) -> bool:
    """Whether the connection died under the transaction."""
    cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    module = type(cause).__module__.partition(".")[0]
    return module == "psycopg" and (getattr(cause, "sqlstate", None) or "08")[:2] in {"08", "57"}


def _constraint_name(cause: Any) -> str:
    """The name of the constraint that refused, on both databases."""
    diagnosis = getattr(cause, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name or "unknown")
    failed = str(cause).partition(" constraint failed: ")[2] or str(cause)
    return _unique_by_columns().get(failed, failed.removeprefix("index '").removesuffix("'"))


@lru_cache(maxsize=1)
def _unique_by_columns() -> dict[str, str]:
    """SQLite names the columns of a unique index and not the index."""
    from classbook.store.tables import metadata

    return {
        ", ".join(f"{table.name}.{column.name}" for column in index.columns): str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.unique
    } | {
        ", ".join(f"{table.name}.{column.name}" for column in table.primary_key.columns): f"{table.name}_pkey"
        for table in metadata.tables.values()
    }
