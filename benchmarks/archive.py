"""Years of bookings, written by the database itself: thousands of them, of people who come twenty times."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

import sqlalchemy as sa

from benchmarks import stage
from classbook.store.database import Database, Tx
from classbook.world import SystemClock

FEW: Final = 10_000
"""What many are compared with."""
IN_A_CLASS: Final = 200
OF_A_PERSON: Final = 20
_HOUR: Final = 3_600_000_000
_NUMBERS: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}), "
    "k AS (SELECT i, (i / 101) % 100 AS t, 1 + (i - 1) / 2000 * 10 + (i - 1) % 10 AS class, "
    "1 + (i - 1) % 2000 / 10 AS place FROM n)"
)
"""From 1 on, ten classes at a time, place by place; ``t`` goes from 0 to 99, in each class and for each person."""
_STATE: Final = (
    "CASE WHEN t = 0 THEN 'held' WHEN t < 3 THEN 'queued' WHEN t < 10 THEN 'cancelled' "
    "WHEN t < 60 THEN 'completed' ELSE 'confirmed' END"
)


def fill(url: str, *, reservations: int) -> None:
    """An empty database with ``reservations``, by the thousands: full classes, in all states, with claims and steps."""
    classes, people = max(1, reservations // IN_A_CLASS), max(IN_A_CLASS, reservations // OF_A_PERSON)
    stage.prepare(url, people=people, seats=[IN_A_CLASS] * classes)
    with closing(Database(url, clock=SystemClock())) as database:
        for part in (_spread, _book, _claim, _note):
            database.write(lambda tx, part=part: part(tx, reservations, people))
    stage.look_over(url)


def _spread(tx: Tx, _count: int, _people: int) -> None:
    """One class begins after the other, from yesterday on."""
    now = time.time_ns() // 1000
    tx.rows(
        f"UPDATE offerings SET starts_at = {now} + (id - 24) * {_HOUR}, ends_at = {now} + (id - 23) * {_HOUR} "
        "RETURNING id"
    )


def _book(tx: Tx, count: int, people: int) -> None:
    now = time.time_ns() // 1000
    _run(
        tx,
        "INSERT INTO reservations (id, offering_id, person_id, state, party, starts_at, ends_at, due_at, once, "
        f"check_in, ask, created_at, confirmed_at, steps) {_NUMBERS.format(count=count)} "
        f"SELECT i, o.id, 1 + (i * 7) % {people}, {_STATE}, 1, o.starts_at, o.ends_at, "
        f"CASE WHEN t = 0 THEN {now} + {_HOUR} WHEN t < 3 THEN o.starts_at + 90000 * {_HOUR} "
        f"WHEN t < 60 THEN NULL ELSE o.ends_at + 90000 * {_HOUR} END, "
        f"{_no(tx)}, {_no(tx)}, CASE WHEN t IN (1, 2) THEN '{{}}' END, {now} - {count} + i, "
        f"CASE WHEN t >= 10 THEN {now} - {count} + i END, 1 "
        f"FROM k JOIN offerings o ON o.id = class",
    )


def _claim(tx: Tx, count: int, _people: int) -> None:
    _run(
        tx,
        f"INSERT INTO claims (reservation_id, n, pool_id, unit, live, timed) {_NUMBERS.format(count=count)} "
        f"SELECT i, 1, class, place, {_yes(tx)}, {_no(tx)} FROM k "
        "WHERE t = 0 OR t >= 10",
    )


def _note(tx: Tx, count: int, _people: int) -> None:
    _run(
        tx,
        f"INSERT INTO moves (reservation_id, n, action, to_state, at) {_NUMBERS.format(count=count)} "
        f"SELECT i, 1, 'reserve', 'held', {time.time_ns() // 1000} - {count} + i FROM k",
    )


def _run(tx: Tx, statement: str) -> None:
    tx.connection.execute(sa.text(statement))


def _yes(tx: Tx) -> str:
    return "true" if tx.connection.dialect.name == "postgresql" else "1"


def _no(tx: Tx) -> str:
    return "false" if tx.connection.dialect.name == "postgresql" else "0"
