"""Reserving places in batches by hand-written SQL: what the database allows when nothing is in the way.

As a good engineer writes it in an afternoon for this one case (a class, one place each): the same tables, keys and
indexes, the same rows (reservation, claim, move, code, message), the same locks and the same refusals for people who
have a place already and for a class that is full. It knows no other kind, no policy, no other command, nothing overdue,
and makes no answer but the new ids.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import psycopg
from pysqlite3 import dbapi2 as sqlite

_HOLD_MICROS: Final = 300_000_000
_DOMAIN: Final = "localhost"


class Writer(Protocol):
    """Reserves places by hand."""

    def reserve(self, offering_id: int, person_ids: Sequence[int], *, now_micros: int | None = None) -> list[int]:
        """One transaction: a place in a class for each person who has none, as far as places go; the new ids."""

    def close(self) -> None:
        """Give the connection back."""


def writer(url: str) -> Writer:
    """The fastest way to write to this database. ``url`` is ``sqlite:///FILE`` or ``postgresql://...``."""
    return Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else Postgres(url)


class Sqlite:
    """One connection, `executemany`, ids counted up from the highest: there is only one writer."""

    def __init__(self, file: str) -> None:
        self._db: Any = sqlite.connect(file, isolation_level=None, timeout=10)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        self._db.close()

    def reserve(self, offering_id: int, person_ids: Sequence[int], *, now_micros: int | None = None) -> list[int]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            ids = self._write(offering_id, person_ids, now_micros or time.time_ns() // 1000)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return ids

    def _write(self, offering_id: int, person_ids: Sequence[int], now: int) -> list[int]:
        db, asked = self._db, f"[{','.join(map(str, person_ids))}]"
        starts_at, ends_at, pool_id, units, unit, last_id = db.execute(
            "SELECT o.starts_at, o.ends_at, p.id, p.units, "
            "(SELECT coalesce(max(unit), 0) FROM claims WHERE pool_id = p.id AND live AND NOT timed), "
            "(SELECT coalesce(max(id), 0) FROM reservations) "
            "FROM offerings o JOIN offering_pools op ON op.offering_id = o.id JOIN pools p ON p.id = op.pool_id "
            "WHERE o.id = ?",
            (offering_id,),
        ).fetchone()
        people = db.execute(
            "SELECT id, email FROM people WHERE id IN (SELECT value FROM json_each(?)) "
            "AND NOT EXISTS (SELECT 1 FROM reservations r WHERE r.offering_id = ? AND r.person_id = people.id "
            "AND once AND state IN ('queued', 'held', 'confirmed'))",
            (asked, offering_id),
        ).fetchall()[: units - unit]
        due_at = min(now + _HOLD_MICROS, starts_at)
        ids = range(last_id + 1, last_id + 1 + len(people))
        takers = [(id, person_id, email) for id, (person_id, email) in zip(ids, people, strict=True)]
        db.executemany(
            "INSERT INTO reservations (id, offering_id, person_id, state, party, starts_at, ends_at, due_at, once, "
            "check_in, created_at, steps) VALUES (?, ?, ?, 'held', 1, ?, ?, ?, 1, 0, ?, 1)",
            [(id, offering_id, person_id, starts_at, ends_at, due_at, now) for id, person_id, _ in takers],
        )
        db.executemany(
            "INSERT INTO claims (reservation_id, n, pool_id, unit, starts_at, ends_at, live, timed) "
            "VALUES (?, 1, ?, ?, ?, ?, 1, 0)",
            [(id, pool_id, taken, starts_at, ends_at) for taken, id in enumerate(ids, unit + 1)],
        )
        db.executemany(
            "INSERT INTO moves (reservation_id, n, action, to_state, at, actor_id) "
            "VALUES (?, 1, 'reserve', 'held', ?, ?)",
            [(id, now, person_id) for id, person_id, _ in takers],
        )
        db.executemany(
            "INSERT INTO codes (purpose, subject_id, nonce, serial, guesses, expires_at) "
            "VALUES ('confirm', ?, ?, 1, 0, ?)",
            [(id, secrets.token_hex(16), due_at) for id in ids],
        )
        db.executemany(
            "INSERT INTO messages (kind, address, person_id, reservation_id, offering_id, facts, message_id, state, "
            "attempts, due_at, created_at) VALUES ('held', ?, ?, ?, ?, '{\"serial\": 1}', ?, 'waiting', 0, ?, ?)",
            [
                (email, person_id, id, offering_id, f"<{secrets.token_hex(16)}@{_DOMAIN}>", now, now)
                for id, person_id, email in takers
            ],
        )
        return list(ids)


class Postgres:
    """One connection, a round trip for locks and reads and one for all writes, prepared, arrays unnested."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True)

    def close(self) -> None:
        self._db.close()

    def reserve(self, offering_id: int, person_ids: Sequence[int], *, now_micros: int | None = None) -> list[int]:
        with self._db.transaction():
            return self._write(offering_id, list(person_ids), now_micros)

    def _write(self, offering_id: int, person_ids: list[int], now_micros: int | None) -> list[int]:
        db = self._db
        with db.pipeline():
            parents = db.execute(
                "SELECT o.starts_at, o.ends_at, p.id, p.units FROM offerings o "
                "JOIN offering_pools op ON op.offering_id = o.id JOIN pools p ON p.id = op.pool_id "
                "WHERE o.id = %s FOR NO KEY UPDATE OF o, p",
                (offering_id,),
            )
            db.execute("SELECT FROM people WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (person_ids,))
            found = db.execute(
                "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
                "(SELECT coalesce(max(unit), 0) FROM claims c WHERE c.pool_id = op.pool_id AND live AND NOT timed) "
                "FROM offering_pools op WHERE op.offering_id = %s",
                (offering_id,),
            )
            eligible = db.execute(
                # Not NOT EXISTS: that may be planned as a hash of the whole class, again for every batch.
                "SELECT id, email, nextval('reservations_id_seq') FROM people WHERE id = ANY(%s) "
                "AND (SELECT true FROM reservations r WHERE r.offering_id = %s AND r.person_id = people.id "
                "AND once AND state IN ('queued', 'held', 'confirmed') LIMIT 1) IS NULL",
                (person_ids, offering_id),
            )
        [(starts_at, ends_at, pool_id, units)], [(now, unit)] = parents.fetchall(), found.fetchall()
        now = now_micros or now
        people = eligible.fetchall()[: units - unit]
        takers = [person[0] for person in people]
        ids = [person[2] for person in people]
        due_at = min(now + _HOLD_MICROS, starts_at)
        with db.pipeline():
            db.execute(
                "INSERT INTO reservations (id, offering_id, person_id, state, party, starts_at, ends_at, due_at, once, "
                "check_in, created_at, steps) "
                "SELECT id, %s, person_id, 'held', 1, %s, %s, %s, true, false, %s, 1 "
                "FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, person_id)",
                (offering_id, starts_at, ends_at, due_at, now, ids, takers),
            )
            db.execute(
                "INSERT INTO claims (reservation_id, n, pool_id, unit, starts_at, ends_at, live, timed) "
                "SELECT id, 1, %s, %s + nr, %s, %s, true, false FROM unnest(%s::bigint[]) WITH ORDINALITY AS v(id, nr)",
                (pool_id, unit, starts_at, ends_at, ids),
            )
            db.execute(
                "INSERT INTO moves (reservation_id, n, action, to_state, at, actor_id) "
                "SELECT id, 1, 'reserve', 'held', %s, person_id FROM unnest(%s::bigint[], %s::bigint[]) "
                "AS v(id, person_id)",
                (now, ids, takers),
            )
            db.execute(
                "INSERT INTO codes (purpose, subject_id, nonce, serial, guesses, expires_at) "
                "SELECT 'confirm', id, nonce, 1, 0, %s FROM unnest(%s::bigint[], %s::text[]) AS v(id, nonce)",
                (due_at, ids, [secrets.token_hex(16) for _ in ids]),
            )
            db.execute(
                "INSERT INTO messages (kind, address, person_id, reservation_id, offering_id, facts, message_id, "
                "state, attempts, due_at, created_at) "
                "SELECT 'held', address, person_id, id, %s, '{\"serial\": 1}', message_id, 'waiting', 0, %s, %s "
                "FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) "
                "AS v(id, person_id, address, message_id)",
                (
                    offering_id, now, now, ids, takers, [person[1] for person in people],
                    [f"<{secrets.token_hex(16)}@{_DOMAIN}>" for _ in ids],
                ),
            )  # fmt: skip
        return ids
