"""Whose login it is, for every page that somebody opens with it."""

from __future__ import annotations

from classbook.store.database import Tx, to_micros
from classbook.store.records import PERSON_COLUMNS, PersonRecord

_PERSON_COLUMNS = ", ".join(f"p.{column.strip()}" for column in PERSON_COLUMNS.split(","))


def whose(tx: Tx, login_id: str) -> PersonRecord | None:
    """The person of a login that has not ended; None where there is none, or they are gone."""
    rows = tx.rows(
        f"SELECT {_PERSON_COLUMNS} FROM logins l JOIN people p ON p.id = l.person_id "
        "WHERE l.id = ? AND l.ends_at > ? AND p.removed_at IS NULL",
        login_id, to_micros(tx.now),
    )  # fmt: skip
    return PersonRecord.of(rows[0]) if rows else None
