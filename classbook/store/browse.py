"""Every table as an administrator may look at it: which columns, what is searched, and what stays secret.

What is not described here is not shown; a test asks for every table and every column. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from classbook.rules import codes
from classbook.store.database import Tx
from classbook.store.tables import metadata


@dataclass(frozen=True)
class Shown:
    """A table: its name, what it is called, its columns (blank-separated), and those that nobody is shown."""

    name: str
    title: str
    about: str
    columns: str
    searched: str = ""
    secret: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns.split())

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The columns whose text is searched."""
        return tuple(self.searched.split())

    @cached_property
    def table(self) -> sa.Table:
        return metadata.tables[self.name]

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row; none where they are secret, or no more than a place in a list."""
        names = tuple(column.name for column in self.table.primary_key)
        return names if set(names) <= set(self.names) and self.table.c[names[0]].type.python_type is int else ()


SHOWN: Final = {
    one.name: one
    for one in (
        Shown(
            "people", "People", "Who there is: members, organizers, providers, administrators.",
            "id email name role phone timezone created_at verified_at removed_at", "email name role phone",
            secret="password_hash",
        ),
        Shown(
            "offerings", "Offerings", "What can be booked, of every kind.",
            "id kind title type starts_at ends_at timezone creator_id venue_id price_minor currency created_at "
            "cancelled_at cancel_reason version policy description",
            "kind title type description",
        ),
        Shown(
            "reservations", "Reservations", "Who has booked what, in every state. Search by code, too.",
            "id offering_id person_id state party starts_at ends_at due_at price_minor currency created_at "
            "confirmed_at checked_in_at lapsed_at voucher_id discount_minor forfeited_minor most_back_percent "
            "once check_in steps ask",
            "state",
        ),
        Shown(
            "moves", "History of reservations", "Every step of every reservation.",
            "reservation_id n action from_state to_state at actor_id reason request_id before after",
            "action to_state reason request_id",
        ),
        Shown(
            "changes", "Trail", "Every other change: who, when, what, and how it was before.",
            "id at actor_id request_id action subject subject_id before after", "action subject request_id",
        ),
        Shown(
            "messages", "Mail", "What waits, what was sent, what could not be.",
            "id kind address state attempts due_at created_at sent_at last_error person_id reservation_id offering_id "
            "request_id",
            "kind address state last_error request_id", secret="facts message_id lease_token attempt",
        ),
        Shown(
            "vouchers", "Vouchers", "Codes that take something off a price.",
            "id code offering_id amount_minor currency percent uses per_person valid_from valid_until creator_id "
            "created_at cancelled_at",
            "code",
        ),
        Shown(
            "wallets", "Wallets", "What people have, and what of it is held.",
            "id person_id account currency balance_minor held_minor newest_id", "account currency",
        ),
        Shown(
            "transfers", "Ledger", "Every row of money; none is ever changed.",
            "id kind state first_id from_id to_id amount_minor currency reservation_id n created_at actor_id "
            "request_id",
            "kind state request_id",
        ),
        Shown("venues", "Venues", "Where matches are.", "id name timezone pitch_pool_id created_at", "name"),
        Shown(
            "pools", "Pools", "Everything that can run out: places, stands, coaches, rooms.",
            "id name venue_id units timed longest_micros plan_version focus_x focus_y", "name",
        ),
        Shown("seats", "Seats", "The units of stands that have a name.",
              "pool_id unit place row_name seat_name x y category", "row_name seat_name category"),
        Shown(
            "claims", "Claims", "Which unit of which pool is taken, from when to when.",
            "reservation_id n pool_id unit starts_at ends_at live timed price_minor",
        ),
        Shown("offering_pools", "What offerings sell", "The pools of each offering.", "offering_id n pool_id"),
        Shown("prices", "Seat prices", "What a category costs in a match.",
              "offering_id category price_minor", "category"),
        Shown("schedules", "Opening hours", "The rules of providers and resources.", "offering_id n rule", "rule"),
        Shown(
            "codes", "Codes of holds", "That there is one, and how often somebody guessed; the code is nowhere.",
            "purpose subject_id serial guesses expires_at", "purpose", secret="nonce",
        ),
        Shown(
            "attempts", "Proofs of addresses", "Who was mailed a code to come in, and how often they guessed.",
            "purpose email name guesses expires_at", "purpose email name", secret="nonce password_hash",
        ),
        Shown("logins", "Logins", "Who is logged in, and until when.",
              "person_id serial issued_at ends_at", secret="id source"),
        Shown("throttles", "Throttles", "How often something was tried; of what is a digest.", "tries ends_at",
              secret="subject"),
        Shown(
            "webhooks", "Webhooks", "Programs elsewhere that are told what happens.",
            "id url events created_at tried_at paused_until disabled_at disabled_reason", "url", secret="nonce",
        ),
        Shown(
            "deliveries", "Deliveries", "What webhooks were told, and what waits to be told.",
            "id webhook_id type state attempts due_at created_at delivered_at status last_error message_id request_id "
            "body",
            "type state last_error message_id request_id", secret="lease_token",
        ),
        Shown("watermarks", "Watermarks", "How far a step has come that goes over everything once.", "name at id"),
        Shown(
            "request_keys", "Request keys", "What makes repeated requests act once; kept for a day.",
            "person_id key created_at", "key", secret="body_hash answer",
        ),
    )
}  # fmt: skip
"""By name, in the order in which they are listed."""


def page(
    tx: Tx, shown: Shown, *, text: str, after: Sequence[int] | None, offset: int, limit: int
) -> list[dict[str, Any]]:
    """Rows of a table, the newest first: behind the key ``after``, or from the ``offset``-th on where it has no key."""
    table = shown.table
    query = sa.select(*(table.c[name] for name in shown.names)).limit(limit)
    if text:
        query = query.where(_found_by(shown, text))
    key = [table.c[name] for name in shown.key]
    if key:
        query = query.order_by(*(column.desc() for column in key))
        if after is not None:
            query = query.where(sa.tuple_(*key) < sa.tuple_(*after))
    else:
        query = query.order_by(*(column.desc() for column in table.primary_key)).offset(offset)
    return [dict(row) for row in tx.connection.execute(query).mappings()]


def one(tx: Tx, shown: Shown, key: Sequence[int]) -> dict[str, Any] | None:
    """One row by its key."""
    table = shown.table
    query = sa.select(*(table.c[name] for name in shown.names)).where(
        *(table.c[name] == value for name, value in zip(shown.key, key, strict=True))
    )
    found = tx.connection.execute(query).mappings().first()
    return dict(found) if found else None


def _found_by(shown: Shown, text: str) -> sa.ColumnElement[bool]:
    """A number is looked for in ids, a reservation's code in those of reservations, words in what is searched."""
    columns = shown.table.c
    wanted: list[sa.ColumnElement[bool]] = [columns[name].icontains(text, autoescape=True) for name in shown.texts]
    if text.isascii() and text.isdigit() and len(text) < 19:
        wanted += [columns[name] == int(text) for name in shown.names if name == "id" or name.endswith("_id")
                   and not isinstance(columns[name].type, sa.Text)]  # fmt: skip
    elif (reservation_id := codes.reservation_id(text)) is not None:
        own = "id" if shown.name == "reservations" else "reservation_id"
        wanted += [columns[own] == reservation_id] if own in shown.names else []
    return sa.or_(sa.false(), *wanted)
