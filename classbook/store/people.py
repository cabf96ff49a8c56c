"""People: who they are, and how they get in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from classbook.store.database import Tx, is_id, to_micros
from classbook.store.records import PERSON_COLUMNS, PersonRecord
from classbook.store.tables import people
from classbook.values import Person, PersonRef


@dataclass(frozen=True, slots=True)
class Credentials:
    """``is_familiar``: that person has a login from where this one comes from."""

    person: PersonRecord
    password_hash: str | None
    is_familiar: bool


def by_id(tx: Tx, person_id: int) -> PersonRecord | None:
    return _one(tx, "id = ?", person_id) if is_id(person_id) else None


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


def credentials(tx: Tx, email: str, *, source: str) -> Credentials | None:
    """What a login with this address is compared with."""
    rows = tx.rows(
        f"SELECT {PERSON_COLUMNS}, password_hash, EXISTS (SELECT 1 FROM logins l WHERE l.person_id = people.id "
        "AND l.source = ?) FROM people WHERE email = ?",
        source, email,
    )  # fmt: skip
    return Credentials(PersonRecord.of(rows[0][:-2]), rows[0][-2], bool(rows[0][-1])) if rows else None


def password_hash(tx: Tx, person_id: int) -> str | None:
    """The hash of somebody's password, which stays as it is until the end of the transaction."""
    [(found,)] = tx.rows(f"SELECT password_hash FROM people WHERE id = ?{tx.locking()}", person_id)
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


def prove(tx: Tx, person_id: int, *, name: str, password_hash: str | None) -> None:
    """The address is theirs, and so are the name and the password that they typed with it."""
    _set(tx, person_id, verified_at=tx.now, name=name, password_hash=password_hash)


def set_password(tx: Tx, person_id: int, password_hash: str) -> None:
    """Set a password, for somebody whose address is thereby proved or vouched for."""
    proved = sa.func.coalesce(people.c.verified_at, sa.literal(tx.now, people.c.verified_at.type))
    _set(tx, person_id, password_hash=password_hash, verified_at=proved)


def change(tx: Tx, person_id: int, **values: str | None) -> None:
    """Set columns of a person."""
    _set(tx, person_id, **values)


def set_role(tx: Tx, person_id: int, role: str) -> None:
    _set(tx, person_id, role=role)


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[PersonRecord]:
    """People by their columns, without passwords, whose addresses are vouched for."""
    ids = [id for (id,) in tx.pipeline(tx.fresh_ids(people, len(rows)))[0]]
    at = to_micros(tx.now)
    columns = ("email", "name", "role", "phone", "timezone")
    tx.write_all(
        tx.inserting(
            people,
            f"id {' '.join(columns)} created_at verified_at",
            [(id, *(row[column] for column in columns), at, at) for id, row in zip(ids, rows, strict=True)],
        )
    )
    return [PersonRecord(id, **row, verified=True, removed=False) for id, row in zip(ids, rows, strict=True)]


def known(tx: Tx, emails: Iterable[str]) -> set[str]:
    """Those addresses that somebody has."""
    return {email for (email,) in tx.rows("SELECT email FROM people WHERE email NAMED ?", json.dumps(list(emails)))}


def refs(tx: Tx, ids: set[int]) -> dict[int, PersonRef]:
    rows = tx.rows("SELECT id, email, name FROM people WHERE id AMONG ?", ids)
    return {row[0]: PersonRef(*row) for row in rows}


def view(record: PersonRecord) -> Person:
    return Person(record.id, record.email, record.name, record.role, record.phone, record.timezone)


def _one(tx: Tx, condition: str, value: object) -> PersonRecord | None:
    rows = tx.rows(f"SELECT {PERSON_COLUMNS} FROM people WHERE {condition}", value)
    return PersonRecord.of(rows[0]) if rows else None


def _set(tx: Tx, person_id: int, **values: Any) -> None:
    tx.connection.execute(sa.update(people).where(people.c.id == person_id).values(values))
