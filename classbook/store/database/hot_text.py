"""Statements of the booking path as text for the driver at hand.

Such text is written once, in SQLite's words plus five of ours: ``AMONG ?`` takes a list of ids, ``NAMED ?`` a list of
texts as JSON, ``WINDOWS ?`` a table of (pool_id, low, high, longest) as JSON, ``EACH JOIN table t ON condition`` (at
the end) looks up the rows of ``table`` by an index for each row before it, and ``FOR NO KEY UPDATE`` is dropped where
a writer is alone anyway.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

_WINDOW: Final = ("pool_id", "low", "high", "longest")


@cache
def spoken(text: str, postgres: bool, locks: bool) -> str:
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


@lru_cache(maxsize=1024)
def insert_text(table: sa.Table, names: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"


@lru_cache(maxsize=1024)
def unnest_text(table: sa.Table, names: Sequence[str], shared: Sequence[str]) -> str:
    """The same for arrays, behind the values that all rows share."""
    types = dict(zip(names, _types(table, names), strict=True))
    arrays = {name: kind for name, kind in types.items() if name not in shared}
    ordered = [*shared, *arrays]
    values = [f"%s::{types[name].removesuffix('[]')}" for name in shared] + [f"v.{name}" for name in arrays]
    unnest = f"unnest({', '.join(f'%s::{kind}' for kind in arrays.values())}) AS v({', '.join(arrays)})"
    return f"INSERT INTO {table.name} ({', '.join(ordered)}) SELECT {', '.join(values)} FROM {unnest}"


@cache
def update_text(table: sa.Table, changed: str, keys: str, postgres: bool) -> str:
    names, wanted = changed.split(), [key.partition(":") for key in keys.split()]
    if postgres:
        arrays = ", ".join(f"%s::{kind}" for kind in _types(table, names + keys.split()))
        aliases = [f"new_{name}" for name in names] + [f"key_{column}" for column, _, _ in wanted]
        sets = ", ".join(f"{name} = v.new_{name}" for name in names)
        match = " AND ".join(f"t.{column} = v.key_{column}" for column, _, _ in wanted)
        return f"UPDATE {table.name} t SET {sets} FROM unnest({arrays}) AS v({', '.join(aliases)}) WHERE {match}"
    sets = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE {table.name} SET {sets} WHERE {' AND '.join(f'{column} = ?' for column, _, _ in wanted)}"


def _types(table: sa.Table, names: Sequence[str]) -> list[str]:
    """PostgreSQL's array types for columns, by name."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [f"{table.c[name.partition(':')[0]].type.compile(dialect)}[]" for name in names]


def is_shared(values: Sequence[Any]) -> bool:
    return values[0] == values[-1] and values.count(values[0]) == len(values)


def array(column: Sequence[Any]) -> str:
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
