"""One transaction: its clock, and statements that are text for the driver, many of them in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from classbook.store.database.columns import from_micros
from classbook.store.database.hot_text import array, insert_text, is_shared, spoken, unnest_text, update_text
from classbook.world import Clock, SystemClock

T = TypeVar("T")
Row = tuple[Any, ...]
Query = tuple[str, Sequence[Any]]
"""Hot text, and the values of its question marks."""
Write = tuple[str, list[Any]]
"""A writing statement for many rows, and what it is run with: the rows, or their columns where those go as arrays."""
_LOCK_TIMEOUT_MS: Final = 2_000
_STATEMENT_TIMEOUT_MS: Final = 10_000
_IDLE_TIMEOUT_MS: Final = 15_000
_SERVER_CLOCK: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


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

    def pipeline_then_clock(self, *queries: Query | None) -> list[list[Row]]:
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
        return int(self._driver.execute(spoken(statement, self._postgres, self.locks), values).rowcount)

    def pipeline(self, *queries: Query | None) -> list[list[Row]]:
        """Run several statements in order, in one round trip where the database is on the other end of a wire.

        None is a statement that would find nothing (`among`).
        """
        if not self._postgres:
            return [self._run(query).fetchall() if query else [] for query in queries]
        with self._driver.pipeline():
            cursors = [self._run(query) if query else None for query in queries]
        # Not `description`: to make that takes longer than to read a row.
        return [cursor.fetchall() if cursor and cursor.pgresult.nfields else [] for cursor in cursors]

    def _run(self, query: Query) -> Any:
        text, values = query
        return self._driver.execute(
            spoken(text, self._postgres, self.locks), [self._literal(value) for value in values]
        )

    def write_all(self, *writes: Write) -> list[int]:
        """Run several statements made by `inserting` or `updating`, each for all its rows; rows changed by each."""
        if not self._postgres:
            return [self._driver.executemany(text, rows).rowcount if rows else 0 for text, rows in writes]
        with self._driver.pipeline():
            cursors = [self._driver.execute(text, columns) if columns else None for text, columns in writes]
        return [cursor.rowcount if cursor else 0 for cursor in cursors]

    def inserting(self, table: sa.Table, columns: str, rows: list[Row]) -> Write:
        """The write that inserts ``rows`` with ``columns`` (a blank-separated list).

        Columns that are NULL in every row are left out: binding nothing takes a driver longer than binding a number.
        Over a wire goes once what all rows share; the first column goes as an array anyway, for each row to be there.
        """
        if not rows:
            return "", []
        by_column = zip(columns.split(), zip(*rows, strict=True), strict=True)
        filled = {name: values for name, values in by_column if not (values[0] is None and is_shared(values))}
        if not self._postgres:
            return insert_text(table, tuple(filled)), list(zip(*filled.values(), strict=True))
        shared = tuple(name for name in list(filled)[1:] if is_shared(filled[name]))
        values = [str(filled[name][0]) for name in shared]
        arrays = [array(filled[name]) for name in filled if name not in shared]
        return unnest_text(table, tuple(filled), shared), values + arrays

    def updating(self, table: sa.Table, changed: str, keys: str, rows: list[Row]) -> Write:
        """The write that sets ``changed`` where all ``keys`` match; a row lists its changed values, then its keys.

        A key written ``state:was`` compares the column ``state`` while ``state`` may be among the changed ones: a
        compare-and-swap.
        """
        text = update_text(table, changed, keys, self._postgres)
        return text, [array(column) for column in zip(*rows, strict=True)] if self._postgres else rows

    def fresh_ids(self, table: sa.Table, count: int, *, given: str = "SELECT 0") -> tuple[str, Sequence[Any]]:
        """The query for ``count`` fresh ids of a table.

        An embedded database goes by the rows that are there. Where rows are deleted, ``given`` is the query for the
        highest id that one of them may have had, so that nothing gets the id of something that was.
        """
        if self._postgres:
            return f"SELECT nextval('{table.name}_id_seq') FROM generate_series(1, ?::int)", [count]
        steps = list(range(1, count + 1))
        last = f"SELECT max(coalesce(max(id), 0), coalesce(({given}), 0)) FROM {table.name}"
        return f"SELECT value + ({last}) FROM json_each(?)", [steps]

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


def among(text: str, ids: Collection[Any], *values: Any) -> Query | None:
    """A query that looks among ids, and first of all among these: None where there are none, for it finds nothing.

    On PostgreSQL each statement that is not sent saves a tenth of a millisecond on either side.
    """
    return (text, [ids, *values]) if ids else None


class Rehearsal:
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
