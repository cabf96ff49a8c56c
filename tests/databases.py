"""Migrated databases for tests: the migrations run once a session, every test gets a copy that is as good as new.

SQLite: the file is copied. PostgreSQL: the template is cloned, and a clone that a test gives back is used again once
its rows are those of the template; one whose schema or settings were touched, or that is full of rows, is dropped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.postgres import Server

Migrate = Callable[[str], None]
"""Bring the empty database behind a URL to the newest schema."""

TEMPLATE = "template"
CHEAPLY_DELETED = 2_000
"""Past this many rows a new clone is cheaper than an old one."""


class SqliteCopies:
    """Copies of one migrated file, in folders of their own."""

    def __init__(self, folder: Path, migrate: Migrate):
        self._template = folder / "template.db"
        migrate(f"sqlite:///{self._template}")

    def copy_to(self, folder: Path) -> str:
        """The URL of a fresh copy in ``folder``."""
        target = folder / "classbook.db"
        shutil.copyfile(self._template, target)
        target.chmod(0o600)
        return f"sqlite:///{target}"


class PostgresCopies:
    """Clones of one migrated database."""

    def __init__(self, server: Server, migrate: Migrate):
        self._server = server
        self._free: list[str] = []
        self._made = 0
        migrate(server.create(TEMPLATE))
        with psycopg.connect(server.database(TEMPLATE)) as connection:
            self._shape = shape(connection)
            self._seed = {table: rows for table in _tables(connection) if (rows := _rows(connection, table))}

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a clone, until the block ends."""
        name = self._free.pop() if self._free else self._clone()
        yield self._server.database(name)
        try:
            restored = self._restored(name)
        except psycopg.errors.InsufficientPrivilege:  # somebody's own server, and a role that is no superuser
            restored = False
        if restored:
            self._free.append(name)
        else:
            self._server.drop(name)

    def drop_all(self) -> None:
        """Leave nothing behind on the server."""
        for name in (*self._free, TEMPLATE):
            self._server.drop(name)

    def _clone(self) -> str:
        self._made += 1
        name = f"copy_{self._made}"
        self._server.create(name, template=TEMPLATE)
        return name

    def _restored(self, name: str) -> bool:
        """Whether the clone is as good as new again. Ends the connections that the test left open."""
        with psycopg.connect(self._server.database(name)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if shape(connection) != self._shape:
                return False
            connection.execute("SET session_replication_role = replica")  # past triggers and foreign keys
            deleted = 0
            for table in _tables(connection):
                deleted += connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table))).rowcount
                for row in self._seed.get(table, []):
                    connection.execute(_insert(table, row), row)
            connection.execute(
                "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences "
                "WHERE last_value IS NOT NULL"
            )
            return deleted <= CHEAPLY_DELETED


def _tables(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _rows(connection: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()


def _insert(table: str, row: tuple[Any, ...]) -> sql.Composed:
    values = sql.SQL(", ").join(sql.Placeholder() * len(row))
    return sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), values)


def shape(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Everything a test could have changed besides rows: columns, constraints, indexes, triggers, code, settings."""
    return connection.execute(
        """
        SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'index', tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text, ''
          FROM pg_trigger WHERE NOT tgisinternal OR tgenabled <> 'O'
        UNION ALL SELECT 'function', proname, prosrc, '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'setting', setrole::text, setconfig::text, '', ''
          FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE d.datname = current_database()
        ORDER BY 1, 2, 3, 4, 5
        """
    ).fetchall()
