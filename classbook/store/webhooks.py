"""Webhooks: who is told of what, and what waits to be told. An event is written in the transaction it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from classbook.rules import webhooks as rules
from classbook.rules.codes import reservation_code
from classbook.store import tables
from classbook.store.database import Row, Tx, from_micros, is_id, to_micros
from classbook.store.records import MoveRecord, ReservationRecord, instant
from classbook.values import iso

LISTENING: Final = "SELECT id, events FROM webhooks WHERE disabled_at IS NULL ORDER BY id"
"""Who is to be told: a short table that is read beside others."""
_COLUMNS: Final = "id, url, events, nonce, created_at, disabled_at, disabled_reason"
_DELIVERY: Final = (
    "d.id, d.webhook_id, d.type, d.body, d.message_id, d.state, d.attempts, d.due_at, d.created_at, d.delivered_at, "
    "d.status, d.last_error, d.request_id, d.lease_token"
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be told: ``message_id`` names it to receivers, whichever webhook it goes to."""

    type: str
    message_id: str
    body: str
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Hook:
    id: int
    url: str
    events: tuple[str, ...]
    """The events it is for; none: all of them."""
    nonce: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None

    @classmethod
    def of(cls, row: Row) -> Hook:
        id, url, events, nonce, created_at, disabled_at, reason = row
        return cls(
            id, url, tuple(json.loads(events)), nonce, from_micros(created_at), instant(disabled_at), reason
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    webhook_id: int
    type: str
    body: str
    message_id: str
    state: str
    attempts: int
    due_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    status: int | None
    last_error: str | None
    request_id: str | None
    lease_token: str | None

    @classmethod
    def of(cls, row: Row) -> Delivery:
        (id, webhook_id, type, body, message_id, state, attempts, due_at, created_at, delivered_at, status, last_error,
         request_id, lease_token) = row  # fmt: skip
        return cls(
            id, webhook_id, type, body, message_id, state, attempts, instant(due_at), from_micros(created_at),
            instant(delivered_at), status, last_error, request_id, lease_token,
        )  # fmt: skip


# --- what is told ---------------------------------------------------------------------------------------------------


def steps(moves: Iterable[MoveRecord], records: Iterable[ReservationRecord], kinds: dict[int, str]) -> list[Event]:
    """The events of steps of reservations; what the house takes itself is nobody's business."""
    of = {record.id: record for record in records}
    return [
        _step(move, of[move.reservation_id], kinds[of[move.reservation_id].offering_id])
        for move in moves
        if move.action in rules.OF_MOVES and of[move.reservation_id].person_id is not None
    ]


def _step(move: MoveRecord, record: ReservationRecord, kind: str) -> Event:
    data = {
        "id": record.id,
        "code": reservation_code(record.id),
        "state": move.to_state,
        "step": move.n,
        "offering": {"id": record.offering_id, "kind": kind},
        "user": {"id": record.person_id},
        "party": record.party,
        "starts_at": record.starts_at and iso(record.starts_at),
        "ends_at": record.ends_at and iso(record.ends_at),
    }
    told = rules.OF_MOVES[move.action]
    # With the moment: after a restored backup the same step of the same reservation may be another one.
    message_id = f"msg_r{record.id}_{move.n}_{to_micros(move.at):x}"
    return Event(told, message_id, rules.payload(told, move.at, data), move.request_id)


def tell_of_offerings(tx: Tx, action: str, ids: Sequence[int], *, request_id: str | None) -> None:
    """Write down that something was done to offerings, for whoever listens."""
    hooks = tx.rows(LISTENING) if ids else []
    if not hooks:
        return
    told = rules.OF_OFFERINGS.get(action, rules.CHANGED)
    found = {
        row[0]: row
        for row in tx.rows("SELECT id, kind, starts_at, ends_at, version FROM offerings WHERE id AMONG ?", ids)
    }
    events = []
    for offering_id in ids:
        _, kind, starts_at, ends_at, version = found.get(offering_id, (offering_id, None, None, None, None))
        data = {
            "id": offering_id,
            "kind": kind,
            "starts_at": starts_at and iso(from_micros(starts_at)),
            "ends_at": ends_at and iso(from_micros(ends_at)),
            "version": version,
        }
        message_id = f"msg_o{offering_id}_{to_micros(tx.now):x}"
        events.append(Event(told, message_id, rules.payload(told, tx.now, data), request_id))
    tx.write_all(telling(tx, hooks, events, tx.now))


def telling(tx: Tx, hooks: Sequence[Row], events: Sequence[Event], now: datetime) -> tuple[str, list[Row]]:
    """The write that puts events into the outbox, once for each webhook that is for them."""
    at = to_micros(now)
    wanted = [(id, json.loads(names)) for id, names in hooks]
    return tx.inserting(
        tables.deliveries,
        "webhook_id type body message_id state attempts due_at created_at request_id",
        [
            (id, event.type, event.body, event.message_id, "waiting", 0, at, at, event.request_id)
            for event in events
            for id, names in wanted
            if not names or event.type in names
        ],
    )


# --- webhooks -------------------------------------------------------------------------------------------------------


def add(tx: Tx, *, url: str, events: Sequence[str], nonce: str) -> Hook:
    values = {"url": url, "events": json.dumps(list(events)), "nonce": nonce, "created_at": tx.now}
    made = tx.connection.execute(sa.insert(tables.webhooks).values(values).returning(tables.webhooks.c.id))
    return found(tx, int(made.scalar_one()))  # type: ignore[return-value]


def found(tx: Tx, webhook_id: int) -> Hook | None:
    rows = tx.rows(f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?", webhook_id) if is_id(webhook_id) else []
    return Hook.of(rows[0]) if rows else None


def page(tx: Tx, *, after_id: int, limit: int) -> list[Hook]:
    rows = tx.rows(f"SELECT {_COLUMNS} FROM webhooks WHERE id > ? ORDER BY id LIMIT ?", after_id, limit)
    return [Hook.of(row) for row in rows]


def disable(tx: Tx, webhook_id: int, reason: str) -> None:
    """Tell it nothing more, also not what waits."""
    tx.change(
        "UPDATE webhooks SET disabled_at = ?, disabled_reason = ? WHERE id = ? AND disabled_at IS NULL",
        to_micros(tx.now), reason, webhook_id,
    )  # fmt: skip
    tx.change(
        "UPDATE deliveries SET state = 'dead', due_at = NULL, lease_token = NULL, last_error = ? "
        "WHERE webhook_id = ? AND state = 'waiting'",
        reason, webhook_id,
    )  # fmt: skip


def enable(tx: Tx, webhook_id: int) -> None:
    """Tell it what happens from now on."""
    tx.change(
        "UPDATE webhooks SET disabled_at = NULL, disabled_reason = NULL, paused_until = 0 WHERE id = ?", webhook_id
    )


def remove(tx: Tx, webhook_id: int) -> None:
    """Forget a webhook, with everything that was told or is still to be told to it."""
    tx.change("DELETE FROM deliveries WHERE webhook_id = ?", webhook_id)
    tx.change("DELETE FROM webhooks WHERE id = ?", webhook_id)


# --- deliveries -----------------------------------------------------------------------------------------------------


def delivery(tx: Tx, delivery_id: int) -> Delivery | None:
    known = is_id(delivery_id)
    rows = tx.rows(f"SELECT {_DELIVERY} FROM deliveries d WHERE d.id = ?", delivery_id) if known else []
    return Delivery.of(rows[0]) if rows else None


def deliveries(tx: Tx, *, webhook_id: int | None, state: str | None, before_id: int, limit: int) -> list[Delivery]:
    """Deliveries, newest first, older than ``before_id``."""
    given = {"d.webhook_id": webhook_id, "d.state": state}
    named: dict[str, Any] = {column: value for column, value in given.items() if value is not None}
    conditions = "".join(f"{column} = ? AND " for column in named)
    rows = tx.rows(
        f"SELECT {_DELIVERY} FROM deliveries d WHERE {conditions}d.id < ? ORDER BY d.id DESC LIMIT ?",
        *named.values(), before_id, limit,
    )  # fmt: skip
    return [Delivery.of(row) for row in rows]


def is_due(tx: Tx) -> bool:
    """Whether there may be something to deliver: a look that holds nothing up."""
    return bool(tx.rows("SELECT 1 FROM deliveries WHERE state = 'waiting' AND due_at <= ? LIMIT 1", to_micros(tx.now)))


def lease(tx: Tx, *, token: str, until: datetime) -> tuple[Delivery, Hook] | None:
    """Claim what has waited longest at the webhook that was tried least recently; ours until ``until``."""
    now = to_micros(tx.now)
    rows = tx.rows(
        "SELECT w.id FROM webhooks w WHERE w.disabled_at IS NULL AND w.paused_until <= ? AND EXISTS (SELECT 1 "
        "FROM deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.due_at <= ?) "
        "ORDER BY w.tried_at, w.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        now, now,
    )  # fmt: skip
    for (webhook_id,) in rows:
        found_due = tx.rows(
            "SELECT id FROM deliveries WHERE webhook_id = ? AND state = 'waiting' AND due_at <= ? "
            "ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
            webhook_id, now,
        )  # fmt: skip
        for (delivery_id,) in found_due:
            tx.change("UPDATE webhooks SET tried_at = ? WHERE id = ?", now, webhook_id)
            tx.change(
                "UPDATE deliveries SET lease_token = ?, due_at = ?, attempts = attempts + 1 WHERE id = ?",
                token, to_micros(until), delivery_id,
            )  # fmt: skip
            leased, hook = delivery(tx, delivery_id), found(tx, webhook_id)
            return (leased, hook) if leased and hook else None
    return None


def pause(tx: Tx, webhook_id: int, until: datetime) -> None:
    """Leave a receiver alone that did not answer: whatever else waits for it waits, too."""
    tx.change("UPDATE webhooks SET paused_until = ? WHERE id = ?", to_micros(until), webhook_id)


def mark_delivered(tx: Tx, one: Delivery, status: int) -> None:
    at = to_micros(tx.now)
    _settle(
        tx, one, "state = 'delivered', due_at = NULL, delivered_at = ?, status = ?, last_error = NULL", [at, status]
    )


def mark_dead(tx: Tx, one: Delivery, error: str, status: int | None) -> None:
    _settle(tx, one, "state = 'dead', due_at = NULL, status = ?, last_error = ?", [status, error])


def postpone(tx: Tx, one: Delivery, error: str, status: int | None, *, until: datetime) -> None:
    _settle(tx, one, "due_at = ?, status = ?, last_error = ?", [to_micros(until), status, error])


def replay(tx: Tx, delivery_id: int) -> None:
    """Make a delivery wait again, from now on, whatever became of it."""
    tx.change(
        "UPDATE deliveries SET state = 'waiting', due_at = ?, attempts = 0, lease_token = NULL, delivered_at = NULL "
        "WHERE id = ?",
        to_micros(tx.now), delivery_id,
    )  # fmt: skip


def forget(tx: Tx, before: datetime, *, most: int) -> int:
    """Delete up to ``most`` deliveries that were over before ``before``; how many there were."""
    return tx.change(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < ? AND state <> 'waiting' "
        "ORDER BY created_at LIMIT ?)",
        to_micros(before), most,
    )  # fmt: skip


def _settle(tx: Tx, one: Delivery, changes: str, values: Sequence[Any]) -> None:
    """End a lease, if it is still ours: the token is the fence."""
    tx.change(
        f"UPDATE deliveries SET lease_token = NULL, {changes} WHERE id = ? AND lease_token = ?",
        *values, one.id, one.lease_token,
    )  # fmt: skip
