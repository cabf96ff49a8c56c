"""The trail: who changed what, under which request, and what was different before; and the facts it compares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from classbook.rules.differences import Facts, only_changed
from classbook.store import tables
from classbook.store.database import Tx, from_micros, is_id, to_micros
from classbook.store.listings import actor_name
from classbook.values import Actor, Change, Money, plain

_HIDDEN: Final = "***"
_MOST_BINDS: Final = 500
_SECRETS: Final = ("password", "hash", "token", "nonce", "secret")
"""Words in the names of columns whose values are nobody's business."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the trail: of a ``subject`` (of one where ``subject_id`` is named), by an actor, or all."""

    subject: str | None = None
    subject_id: int | None = None
    actor_id: int | None = None


Told = tuple[int, Facts | None, Facts | None]
"""The id of a thing, and its facts before and after: None before made it, None after removed it."""


def add(tx: Tx, actor: Actor, action: str, subject: str, told: Iterable[Told]) -> None:
    """Write down what differs; nothing where nothing does."""
    at = to_micros(tx.now)
    rows = []
    for subject_id, before, after in told:
        if before != after:
            gone, came = only_changed(before or {}, after or {})
            rows.append(
                (
                    at, actor.person_id, actor.request_id or None, action, subject, subject_id,
                    None if before is None else _told(gone), None if after is None else _told(came),
                )
            )  # fmt: skip
    columns = "at actor_id request_id action subject subject_id before after"
    tx.write_all(tx.inserting(tables.changes, columns, rows))


def page(tx: Tx, wanted: Wanted, *, before_id: int, limit: int) -> list[Change]:
    """Rows of the trail, newest first, older than ``before_id``."""
    named = {"c.subject": wanted.subject, "c.subject_id": wanted.subject_id, "c.actor_id": wanted.actor_id}
    given = {column: value for column, value in named.items() if value is not None}
    conditions = "".join(f"{column} = ? AND " for column in given)
    rows = tx.rows(
        "SELECT c.id, c.at, p.email, c.actor_id, c.action, c.subject, c.subject_id, c.before, c.after, c.request_id "
        f"FROM changes c LEFT JOIN people p ON p.id = c.actor_id WHERE {conditions}c.id < ? "
        "ORDER BY c.id DESC LIMIT ?",
        *given.values(), before_id, limit,
    )  # fmt: skip
    return [
        Change(
            id, from_micros(at), actor_name(email, actor_id, request_id), action, subject, subject_id,
            before and json.loads(before), after and json.loads(after), request_id,
        )
        for id, at, email, actor_id, action, subject, subject_id, before, after, request_id in rows
    ]  # fmt: skip


def lock(tx: Tx, subject: str, subject_id: int) -> None:
    """Let nobody else change a thing until the end of the transaction: what it was before is what it is now."""
    if is_id(subject_id):
        tx.rows(f"SELECT id FROM {_TABLES[subject]} WHERE id = ?{tx.locking()}", subject_id)


def facts(tx: Tx, subject: str, ids: Iterable[int]) -> dict[int, Facts]:
    """What is known of things now, JSON-ready, secrets included (`add` hides them): a fixed number of queries."""
    return _FACTS[subject](tx, {id for id in ids if is_id(id)})


def _told(facts: Facts) -> str:
    """The facts as they may be read by whoever may read the trail."""
    return json.dumps({name: _hidden(name, value) for name, value in facts.items()}, ensure_ascii=False)


def _hidden(name: str, value: Any) -> Any:
    return _HIDDEN if value is not None and any(word in name for word in _SECRETS) else value


def _rows(tx: Tx, table: sa.Table, ids: set[int], *left_out: str) -> dict[int, Facts]:
    """The columns of rows by their names, by id."""
    columns = [column for column in table.c if column.name not in ("created_at", *left_out)]
    found: dict[int, Facts] = {}
    for some in _chunks(sorted(ids)):
        for row in tx.connection.execute(sa.select(*columns).where(table.c.id.in_(some))).mappings():
            facts = dict(plain(dict(row)))
            found[facts.pop("id")] = facts
    return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _MOST_BINDS):
        yield ids[start : start + _MOST_BINDS]


def _offerings(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    """Offerings with their terms, places, prices, hours, and what the house keeps for itself of them."""
    found = _rows(tx, tables.offerings, ids, "version")
    units, prices, rules, kept = tx.pipeline(
        (
            "SELECT op.offering_id, sum(p.units) FROM offering_pools op JOIN pools p ON p.id = op.pool_id "
            "WHERE op.offering_id AMONG ? AND p.plan_version = 0 GROUP BY op.offering_id",
            [ids],
        ),
        ("SELECT offering_id, category, price_minor FROM prices WHERE offering_id AMONG ? ORDER BY 1, 2", [ids]),
        ("SELECT offering_id, rule FROM schedules WHERE offering_id AMONG ? ORDER BY offering_id, n", [ids]),
        (
            "SELECT r.offering_id, coalesce(v.name, p.name), s.row_name, s.seat_name FROM reservations r "
            "JOIN claims c ON c.reservation_id = r.id JOIN pools p ON p.id = c.pool_id "
            "LEFT JOIN venues v ON v.pitch_pool_id = p.id "
            "LEFT JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit AND p.plan_version > 0 "
            "WHERE r.offering_id AMONG ? AND r.person_id IS NULL AND c.live ORDER BY r.offering_id, c.pool_id, c.unit",
            [ids],
        ),
    )
    for one in found.values():
        one["policy"] = json.loads(one["policy"])
        one["price"] = _money(one.pop("price_minor"), one["currency"])
        one |= {"places": None, "prices": {}, "schedule": [], "kept": []}
    for id, many in units:
        found[id]["places"] = int(many)
    for id, category, minor in prices:
        found[id]["prices"][category] = _money(minor, found[id]["currency"])
    for id, rule in rules:
        found[id]["schedule"].append(json.loads(rule))
    for id, *parts in kept:
        found[id]["kept"].append("-".join(part for part in parts if part is not None))
    for one in found.values():
        del one["currency"]
    return found


def _venues(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    """Venues, and of each stand how many seats it has in which version of its plan."""
    found = _rows(tx, tables.venues, ids, "pitch_pool_id")
    for one in found.values():
        one["stands"] = {}
    for id, name, version, seats in tx.rows(
        "SELECT venue_id, name, plan_version, (SELECT count(*) FROM seats s WHERE s.pool_id = p.id) FROM pools p "
        "WHERE venue_id AMONG ? ORDER BY id",
        ids,
    ):
        found[id]["stands"][name] = {"seats": seats, "plan": version}
    return found


def _people(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    return _rows(tx, tables.people, ids)


def _messages(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    """Mails without their texts."""
    return _rows(tx, tables.messages, ids, "facts", "message_id", "lease_token", "due_at", "request_id")


def _vouchers(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    found = _rows(tx, tables.vouchers, ids)
    for one in found.values():
        one["amount"] = _money(one.pop("amount_minor"), one.pop("currency"))
    return found


def _webhooks(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    """Webhooks by where they are and what for; that they are tried is told by their deliveries."""
    return _rows(tx, tables.webhooks, ids, "nonce", "tried_at", "paused_until")


def _deliveries(tx: Tx, ids: set[int]) -> dict[int, Facts]:
    """What became of deliveries."""
    return _rows(tx, tables.deliveries, ids, "body", "message_id", "lease_token", "request_id")


def _money(minor: int | None, currency: str | None) -> Any:
    return None if minor is None else plain(Money(minor, currency or ""))


_FACTS: Final[dict[str, Callable[[Tx, set[int]], dict[int, Facts]]]] = {
    "offering": _offerings,
    "venue": _venues,
    "person": _people,
    "message": _messages,
    "voucher": _vouchers,
    "webhook": _webhooks,
    "delivery": _deliveries,
}
_TABLES: Final = {
    "offering": "offerings",
    "venue": "venues",
    "person": "people",
    "message": "messages",
    "voucher": "vouchers",
    "webhook": "webhooks",
    "delivery": "deliveries",
}
SUBJECTS: Final = (*_FACTS, "database")
"""What the trail tells of; the database is what an audit repairs.

Reservations have their own history, and money its ledger.
"""
