"""People: who they are, and how they get in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from classbook.store.database import Tx
from classbook.store.records import PERSON_COLUMNS, PersonRecord
from classbook.store.tables import people
from classbook.values import Person, PersonRef


def by_id(tx: Tx, person_id: int) -> PersonRecord | None:
    return _one(tx, "id = ?", person_id) if 0 < person_id < 2**63 else None


def by_email(tx: Tx, email: str, *, lock: bool = False) -> PersonRecord | None:
    """Whoever has that address; with ``lock`` nobody else changes them until the end of the transaction."""
    return _one(tx, f"email = ?{tx.locking() if lock else ''}", email)


def page(tx: Tx, *, role: str | None, after_id: int, limit: int) -> list[PersonRecord]:
    """People by id, from ``after_id`` on; those of a role, or all."""
    of_role, roles = ("", []) if role is None else ("AND role = ? ", [role])
    rows = tx.rows(
        f"SELECT {PERSON_COLUMNS} FROM people WHERE id > ? AND removed_at IS NULL {of_role}ORDER BY id LIMIT ?",
        after_id, *roles, limit,
    )  # fmt: skip
    return [PersonRecord.of(row) for row in rows]


def password_hash(tx: Tx, person_id: int) -> str | None:
    [(found,)] = tx.rows("SELECT password_hash FROM people WHERE id = ?", person_id)
    return None if found is None else str(found)


def add(
    tx: Tx, *, email: str, name: str, role: str, phone: str | None, timezone: str, password_hash: str | None,
    verified_at: datetime | None,
) -> PersonRecord:  # fmt: skip
    values: dict[str, Any] = {
        "email": email, "name": name, "role": role, "phone": phone, "timezone": timezone,
        "password_hash": password_hash, "verified_at": verified_at, "created_at": tx.now,
    }  # fmt: skip
    person_id = tx.connection.execute(sa.insert(people).values(values).returning(people.c.id)).scalar_one()
    return PersonRecord(person_id, email, name, role, phone, timezone, verified=verified_at is not None, removed=False)


def sign_up_again(tx: Tx, person_id: int, *, name: str, password_hash: str) -> None:
    """Somebody who never verified their address signs up once more."""
    tx.connection.execute(
        sa.update(people).where(people.c.id == person_id).values(name=name, password_hash=password_hash)
    )


def verify(tx: Tx, person_id: int) -> None:
    tx.connection.execute(sa.update(people).where(people.c.id == person_id).values(verified_at=tx.now))


def set_role(tx: Tx, person_id: int, role: str) -> None:
    tx.connection.execute(sa.update(people).where(people.c.id == person_id).values(role=role))


def refs(tx: Tx, ids: set[int]) -> dict[int, PersonRef]:
    rows = tx.rows("SELECT id, email, name FROM people WHERE id AMONG ?", ids)
    return {row[0]: PersonRef(*row) for row in rows}


def view(record: PersonRecord) -> Person:
    return Person(record.id, record.email, record.name, record.role, record.phone, record.timezone)


def _one(tx: Tx, condition: str, value: object) -> PersonRecord | None:
    rows = tx.rows(f"SELECT {PERSON_COLUMNS} FROM people WHERE {condition}", value)
    return PersonRecord.of(rows[0]) if rows else None
