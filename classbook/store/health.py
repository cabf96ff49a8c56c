"""How the house does: what waits and how long, in one look. And whether anything can be written at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from classbook.store.database import Tx, to_micros
from classbook.store.records import instant


@dataclass(frozen=True, slots=True)
class Backlog:
    """What should have been done by somebody: mail, and what time has something for. Since when the oldest of it."""

    mails: int
    oldest_mail: datetime | None
    oldest_due: datetime | None


def backlog(tx: Tx) -> Backlog:
    """Three looks into indexes, whatever there is."""
    [(mails, oldest)], [(due,)] = tx.pipeline(
        ("SELECT count(*), min(created_at) FROM messages WHERE state = 'waiting'", ()),
        ("SELECT min(due_at) FROM reservations WHERE due_at IS NOT NULL", ()),
    )
    return Backlog(mails, instant(oldest), instant(due))


@dataclass(frozen=True, slots=True)
class Untold:
    """What waits to be told to webhooks, and since when the oldest of it."""

    waiting: int
    oldest: datetime | None


def untold(tx: Tx) -> Untold:
    [(waiting, oldest)] = tx.rows("SELECT count(*), min(created_at) FROM deliveries WHERE state = 'waiting'")
    return Untold(waiting, instant(oldest))


def live(tx: Tx) -> tuple[int, int]:
    """How many hold something now, and how many wait in a queue."""
    now = to_micros(tx.now)
    [(held,)], [(queued,)] = tx.pipeline(
        ("SELECT count(*) FROM reservations WHERE state = 'held' AND due_at > ?", [now]),
        ("SELECT count(*) FROM reservations WHERE state = 'queued' AND due_at > ?", [now]),
    )
    return held, queued


def write_something(tx: Tx) -> str:
    """Write a row that is always there, as it is: the revision of the schema, which is the answer."""
    [(revision,)] = tx.rows("UPDATE alembic_version SET version_num = version_num RETURNING version_num")
    return str(revision)
