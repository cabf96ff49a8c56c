"""The only place that names a dialect: engines, transactions, and the few places where SQLite and PostgreSQL differ.

SQLite: one writer at a time behind a fair turnstile, ``BEGIN IMMEDIATE``, WAL, ``synchronous=FULL``.
PostgreSQL: psycopg 3, READ COMMITTED, row locks, the server's clock. Nothing here breaks behind pgbouncer's
transaction pooling: no prepared statements, no LISTEN, no session state.

Statements on the booking path are text handed to the driver (`Tx.rows`, `Tx.inserting`, `Tx.updating`; `hot_text` has
their words), because building them costs more than running them; everything else is SQLAlchemy Core on
`Tx.connection`.
"""

from classbook.store.database.columns import (
    MOST_ID,
    STRICT,
    STRICT_BY_KEY,
    BigId,
    Count,
    Flag,
    Instant,
    Real,
    from_micros,
    is_id,
    partial_index,
    to_micros,
)
from classbook.store.database.databases import Archive, Database
from classbook.store.database.guards import guards, ledger_guards
from classbook.store.database.meaning import ConstraintRefused, TryAgain
from classbook.store.database.transaction import Row, Tx, among

__all__ = [
    "MOST_ID",
    "STRICT",
    "STRICT_BY_KEY",
    "Archive",
    "BigId",
    "ConstraintRefused",
    "Count",
    "Database",
    "Flag",
    "Instant",
    "Real",
    "Row",
    "TryAgain",
    "Tx",
    "among",
    "from_micros",
    "guards",
    "is_id",
    "ledger_guards",
    "partial_index",
    "to_micros",
]
