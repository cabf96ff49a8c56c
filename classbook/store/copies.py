"""All rows of one database into another, table by table: what backups, restores and moves to another database are.

A table is known by how many rows it has and by a checksum of them. The checksum does not depend on their order, which
is not the same everywhere, and is the same on every database for the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from classbook.store import tables
from classbook.store.catalog import GIVEN_IDS
from classbook.store.database import Row, Tx

ROWS_AT_ONCE: Final = 2000
"""What is in memory at a time."""
_BITS: Final = 128


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: so many rows, with that checksum. ``last_id`` is the last id it gave, None without ids."""

    name: str
    rows: int
    checksum: str
    last_id: int | None


Told = Callable[[Content], None]
"""Is told of each table when all of it has passed."""


def contents(tx: Tx) -> list[Content]:
    """What is in a database now. Reads all of it."""
    found = []
    for table in _in_order():
        summed = _Sum(table.name, _last_id(tx, table))
        for _ in summed.over(_pages(tx, table)):
            pass
        found.append(summed.content)
    return found


def pour(source: Tx, target: Tx, told: Told = lambda content: None) -> list[Content]:
    """Write all that one database holds into another one, which is empty; what it was.

    Rows are taken as they are, the figures of wallets too: what guards and counts them stays away meanwhile.
    """
    poured = []
    with target.unguarded():
        for table in _in_order():
            summed = _Sum(table.name, _last_id(source, table))
            for rows in summed.over(_pages(source, table)):
                target.write_all(target.inserting(table, " ".join(table.columns.keys()), rows))
            poured.append(summed.content)
            told(summed.content)
    return poured


def go_on(tx: Tx, after: Iterable[Content]) -> None:
    """Let the database go on from there: with ids that were never given, and plans for as many rows."""
    for content in after:
        if content.last_id:
            tx.go_on_after(content.name, content.last_id)
        tx.gather_statistics(content.name)


def differing(some: Iterable[Content], others: Iterable[Content]) -> list[str]:
    """The names of the tables that do not hold the same."""
    one, other = ({content.name: (content.rows, content.checksum) for content in each} for each in (some, others))
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def rows_held(tx: Tx) -> dict[str, int]:
    """How many rows there are, by the name of the table: of every table there is, ours or not, that is not empty."""
    names = set(sa.inspect(tx.connection).get_table_names()) - {"alembic_version"}
    quoted = {name: tx.connection.dialect.identifier_preparer.quote(name) for name in sorted(names)}
    counted = {name: tx.rows(f"SELECT count(*) FROM {table}")[0][0] for name, table in quoted.items()}
    return {name: rows for name, rows in counted.items() if rows}


class _Sum:
    """Adds up the rows that pass by."""

    def __init__(self, name: str, last_id: int | None):
        self._name, self._last_id = name, last_id
        self._rows, self._sum = 0, 0

    def over(self, pages: Iterable[list[Row]]) -> Iterator[list[Row]]:
        for rows in pages:
            yield rows
            self._rows += len(rows)
            self._sum += sum(map(_checksum, rows))

    @property
    def content(self) -> Content:
        checksum = self._sum % 2**_BITS
        return Content(self._name, self._rows, f"{checksum:0{_BITS // 4}x}", self._last_id)


def _last_id(tx: Tx, table: sa.Table) -> int | None:
    """The last id that a table gave, also to an offering that is gone, where an embedded database knows of it."""
    last = tx.last_id(table)
    if table is tables.offerings:
        [(told,)] = tx.rows(GIVEN_IDS)
        return max(last or 0, told or 0)
    return last


def _checksum(row: Row) -> int:
    """Of one row. Drivers give whole numbers, texts, fractions and nothing, which look alike everywhere in Python."""
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=_BITS // 8).digest(), "big")


def _pages(tx: Tx, table: sa.Table) -> Iterator[list[Row]]:
    """All rows, in the order of the key, which is the best one to insert them in."""
    columns = ", ".join(_plain(column) for column in table.columns)
    keys = ", ".join(column.name for column in table.primary_key.columns)
    return tx.pages(f"SELECT {columns} FROM {table.name} ORDER BY {keys}", ROWS_AT_ONCE)


def _plain(column: sa.Column[object]) -> str:
    """A column as every database gives it: true and false as numbers."""
    return f"CAST({column.name} AS integer)" if isinstance(column.type, sa.Boolean) else column.name


def _in_order() -> Sequence[sa.Table]:
    """The tables, those before that others point at."""
    return tables.metadata.sorted_tables
