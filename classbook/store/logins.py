"""Logins that can be refreshed: one row for each, from the password until it is ended or runs out.

A row counts its refreshes. No token is stored: each is signed from what the row says.
"""

from __future__ import annotations

from typing import Final

from classbook.store.database import Row, Tx, from_micros, to_micros
from classbook.values import Login

_COLUMNS: Final = "id, person_id, serial, issued_at, ends_at"


def add(tx: Tx, login: Login, *, source: str) -> None:
    tx.change(
        f"INSERT INTO logins ({_COLUMNS}, source) VALUES (?, ?, ?, ?, ?, ?)",
        login.id, login.person_id, login.serial, to_micros(login.issued_at), to_micros(login.ends_at), source,
    )  # fmt: skip


def find(tx: Tx, login_id: str) -> Login | None:
    """A login that has not ended; it stays as it is until the end of the transaction."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM logins WHERE id = ?{tx.locking()}", login_id)
    login = _login(rows[0]) if rows else None
    return login if login and tx.now < login.ends_at else None


def put(tx: Tx, login: Login) -> None:
    """Write a refresh down."""
    tx.change(
        "UPDATE logins SET serial = ?, issued_at = ?, ends_at = ? WHERE id = ?",
        login.serial, to_micros(login.issued_at), to_micros(login.ends_at), login.id,
    )  # fmt: skip


def end(tx: Tx, login_id: str) -> None:
    tx.change("DELETE FROM logins WHERE id = ?", login_id)


def end_all(tx: Tx, person_id: int, *, but: str | None = None) -> None:
    """End every login of a person, but for one."""
    tx.change("DELETE FROM logins WHERE person_id = ? AND id <> ?", person_id, but or "")


def forget(tx: Tx, *, most: int) -> int:
    """Delete up to ``most`` logins that have run out; how many there were."""
    return tx.change(
        "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE ends_at <= ? LIMIT ?)", to_micros(tx.now), most
    )


def _login(row: Row) -> Login:
    id, person_id, serial, issued_at, ends_at = row
    return Login(id, person_id, serial, from_micros(issued_at), from_micros(ends_at))
