"""What the errors of both drivers mean: try again, a row that was refused, a full disk, out of reach."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from classbook.errors import DiskFull, Hint, ReadOnly, Unavailable

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


class ConstraintRefused(Exception):
    """The database refused a row. On the booking path that is a bug that the first guard let through."""

    def __init__(self, constraint: str):
        self.constraint = constraint
        super().__init__(constraint)


class TryAgain(Exception):
    """The transaction lost against another one and may simply be run again."""


def meaning(error: Exception, *, where: str) -> Exception:
    """What a driver's error means for whoever uses the database called ``where``; a bug stays what it is.

    Sources: PostgreSQL's appendix of error codes, https://sqlite.org/rescode.html.
    """
    cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    code = getattr(cause, "sqlite_errorcode", None)
    if state in _RETRIED_SQLSTATES or code in _BUSY_SQLITE_CODES or "database is locked" in str(cause):
        return TryAgain()
    if type(cause).__name__ == "IntegrityError" or (state or "").startswith("23"):
        constraint = _constraint_name(cause)
        # Somebody used the same request key at the same moment: run again, and find their answer.
        return TryAgain() if constraint == "request_keys_pkey" else ConstraintRefused(constraint)
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
    if unusable or state in _OTHER_SCHEMA_SQLSTATES or is_lost(cause):
        reason = (str(cause).strip().splitlines() or [""])[0]
        return Unavailable(
            f"The database {where} cannot be used: {reason.rstrip('.')}.", hint=Hint("{} says more.", "examine")
        )
    return error


def is_lost(error: BaseException) -> bool:
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
