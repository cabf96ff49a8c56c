"""All that is kept about one person: found for them, and taken away for good."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from classbook.rules.states import LIVE
from classbook.store import listings, logins, outbox
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.records import PersonRecord, instant
from classbook.values import Move, OfferingRef

NOBODY: Final = "Anonymous"
_HIDDEN: Final = "***"
_OF_A_PERSON: Final = ("email", "name", "phone", "timezone")
_LIVE: Final = ", ".join(f"'{state}'" for state in LIVE)


@dataclass(frozen=True, slots=True)
class Dates:
    created_at: datetime
    verified_at: datetime | None


def dates(tx: Tx, person_id: int) -> Dates:
    [(created_at, verified_at)] = tx.rows("SELECT created_at, verified_at FROM people WHERE id = ?", person_id)
    return Dates(from_micros(created_at), instant(verified_at))


def histories(tx: Tx, reservation_ids: list[int]) -> dict[int, list[Move]]:
    """The steps of reservations, by reservation, in one query."""
    found: dict[int, list[Move]] = {id: [] for id in reservation_ids}
    for id, move in listings.histories(tx, reservation_ids):
        found[id].append(move)
    return found


def offerings_by(tx: Tx, person_id: int, *, after_id: int, limit: int) -> list[OfferingRef]:
    """What a person has made, by id."""
    rows = tx.rows(
        "SELECT id, kind, title FROM offerings WHERE creator_id = ? AND id > ? ORDER BY id LIMIT ?",
        person_id, after_id, limit,
    )  # fmt: skip
    return [OfferingRef(*row) for row in rows]


def unsettled(tx: Tx, person_id: int) -> list[int]:
    """The offerings where time has something to do with a person's reservations."""
    rows = tx.rows(
        "SELECT DISTINCT r.offering_id FROM reservations r JOIN offerings o ON o.id = r.offering_id "
        "WHERE r.person_id = ? AND (r.due_at <= ? OR (r.due_at IS NOT NULL AND o.cancelled_at IS NOT NULL))",
        person_id, to_micros(tx.now),
    )  # fmt: skip
    return [id for (id,) in rows]


def live_reservations(tx: Tx, person_id: int) -> list[int]:
    """What a person still has, or waits for."""
    rows = tx.rows(
        f"SELECT id FROM reservations WHERE person_id = ? AND state IN ({_LIVE}) ORDER BY id LIMIT 100", person_id
    )
    return [id for (id,) in rows]


def offerings_ahead(tx: Tx, person_id: int) -> list[str]:
    """The titles of what a person offers and is not over."""
    rows = tx.rows(
        "SELECT title FROM offerings WHERE creator_id = ? AND cancelled_at IS NULL "
        "AND (ends_at IS NULL OR ends_at > ?) ORDER BY starts_at, id LIMIT 100",
        person_id, to_micros(tx.now),
    )  # fmt: skip
    return [title for (title,) in rows]


def anonymise(tx: Tx, person: PersonRecord) -> None:
    """Take away who somebody was. Their reservations, their money and all figures stay; their address is free."""
    id, address = person.id, person.email
    tx.change(
        "UPDATE people SET email = ?, name = ?, phone = NULL, timezone = 'UTC', password_hash = NULL, "
        "verified_at = NULL, removed_at = ? WHERE id = ?",
        f"anonymous-{id}@anonymous.invalid", NOBODY, to_micros(tx.now), id,
    )  # fmt: skip
    _forget_words(tx, id)
    _forget_mail(tx, id, address)
    quoted = json.dumps(address).strip('"').replace("\\", "\\\\")
    for wildcard in "%_":
        quoted = quoted.replace(wildcard, f"\\{wildcard}")
    tx.change("DELETE FROM request_keys WHERE person_id = ? OR answer LIKE ? ESCAPE '\\'", id, f'%"{quoted}"%')
    logins.end_all(tx, id)
    tx.change("DELETE FROM attempts WHERE email = ?", address)


def _forget_words(tx: Tx, id: int) -> None:
    """What people wrote about why, and the name where it is a title: a provider is offered under it."""
    tx.change(
        "UPDATE moves SET reason = NULL WHERE reason IS NOT NULL "
        "AND reservation_id IN (SELECT id FROM reservations WHERE person_id = ?)",
        id,
    )
    own = "SELECT id FROM offerings WHERE creator_id = ? AND kind = 'appointment'"
    tx.change(
        f"UPDATE pools SET name = ? WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id IN ({own}))",
        NOBODY, id,
    )  # fmt: skip
    _hide(tx, "offering", [row[0] for row in tx.rows(own, id)], ("title", "description"))
    tx.change(f"UPDATE offerings SET title = ?, description = '' WHERE id IN ({own})", NOBODY, id)
    _hide(tx, "person", [id], _OF_A_PERSON)


def _forget_mail(tx: Tx, id: int, address: str) -> None:
    """What mails to a person said, sent or not, and where they went; that there were some stays."""
    mails = [row[0] for row in tx.rows("SELECT id FROM messages WHERE person_id = ? OR address = ?", id, address)]
    _hide(tx, "message", mails, ("address",))
    outbox.forget(tx, mails)


def _hide(tx: Tx, subject: str, ids: list[int], names: tuple[str, ...]) -> None:
    """Hide what these facts were in the trail; that they changed stays."""
    rows = tx.rows("SELECT id, before, after FROM changes WHERE subject = ? AND subject_id AMONG ?", subject, ids)
    for id, before, after in rows:
        tx.change(
            "UPDATE changes SET before = ?, after = ? WHERE id = ?", *(_hidden(f, names) for f in (before, after)), id
        )


def _hidden(facts: str | None, names: tuple[str, ...]) -> str | None:
    if facts is None:
        return None
    told = json.loads(facts)
    return json.dumps({name: _HIDDEN if name in names and told[name] else told[name] for name in told})
