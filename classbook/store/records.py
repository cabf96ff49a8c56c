"""Rows of the hot tables as small objects, and the columns they are read with, in the same order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from classbook.rules.spans import Span
from classbook.rules.states import CANCELLED
from classbook.store.database import Row, from_micros, to_micros
from classbook.values import frozen

CODE_COLUMNS: Final = "purpose, subject_id, nonce, serial, guesses, expires_at"
OFFERING_COLUMNS: Final = (
    "id, kind, title, description, type, starts_at, ends_at, timezone, creator_id, venue_id, policy, price_minor, "
    "currency, created_at, cancelled_at, cancel_reason, version"
)
PERSON_COLUMNS: Final = "id, email, name, role, phone, timezone, verified_at, removed_at"
RESERVATION_COLUMNS: Final = (
    "id, offering_id, person_id, state, party, starts_at, ends_at, due_at, once, check_in, ask, price_minor, currency, "
    "created_at, confirmed_at, checked_in_at, steps, voucher_id, discount_minor, forfeited_minor, "
    "most_back_percent"
)


def instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def micros(instant: datetime | None) -> int | None:
    return None if instant is None else to_micros(instant)


@dataclass(slots=True)
class OfferingRecord:
    id: int
    kind: str
    title: str
    description: str
    type: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str
    creator_id: int | None
    venue_id: int | None
    policy: str
    price_minor: int | None
    currency: str | None
    created_at: datetime
    cancelled_at: datetime | None
    cancel_reason: str | None
    version: int

    @classmethod
    def of(cls, row: Row) -> OfferingRecord:
        (id, kind, title, description, type, starts_at, ends_at, timezone, creator_id, venue_id, policy, price_minor,
         currency, created_at, cancelled_at, cancel_reason, version) = row  # fmt: skip
        return cls(
            id, kind, title, description, type, instant(starts_at), instant(ends_at), timezone, creator_id, venue_id,
            policy, price_minor, currency, from_micros(created_at), instant(cancelled_at), cancel_reason, version,
        )  # fmt: skip

    @property
    def span(self) -> Span | None:
        return span_of(self.starts_at, self.ends_at)


@dataclass(slots=True)
class PersonRecord:
    id: int
    email: str
    name: str
    role: str
    phone: str | None
    timezone: str
    verified: bool
    removed: bool

    @classmethod
    def of(cls, row: Row) -> PersonRecord:
        id, email, name, role, phone, timezone, verified_at, removed_at = row
        return cls(id, email, name, role, phone, timezone, verified_at is not None, removed_at is not None)


@dataclass(slots=True)
class PoolRecord:
    id: int
    units: int
    timed: bool
    longest_micros: int
    plan_version: int

    @classmethod
    def of(cls, row: Row) -> PoolRecord:
        id, units, timed, longest_micros, plan_version = row
        return cls(id, units, bool(timed), longest_micros, plan_version)


@dataclass(slots=True)
class Claim:
    """One unit taken. Its key is (reservation, n) and never the unit, which may change while it is live."""

    n: int
    pool_id: int
    unit: int
    starts_at: datetime | None
    ends_at: datetime | None
    timed: bool
    live: bool = True
    was_live: bool | None = None
    """As the database has it; None for a new one."""
    stand: str | None = None
    seat: str | None = None
    """The full label, where units have names."""
    price_minor: int | None = None
    """What it cost when it was taken, before any voucher."""

    @property
    def span(self) -> Span | None:
        return span_of(self.starts_at, self.ends_at)

    @property
    def is_new(self) -> bool:
        return self.was_live is None


@dataclass(slots=True)
class ReservationRecord:
    """A reservation as loaded and as decided; ``was`` is the state the database has, None for a new one."""

    id: int
    offering_id: int
    person_id: int | None
    state: str
    party: int
    starts_at: datetime | None
    ends_at: datetime | None
    due_at: datetime | None
    once: bool
    check_in: bool
    ask: str | None
    price_minor: int | None
    currency: str | None
    created_at: datetime
    confirmed_at: datetime | None = None
    checked_in_at: datetime | None = None
    steps: int = 0
    voucher_id: int | None = None
    discount_minor: int | None = None
    """What the voucher takes off; the price is what is left."""
    forfeited_minor: int | None = None
    """What was paid for places that were given back and did not come back: no part of the price any more."""
    most_back_percent: int | None = None
    """How much of each hundred comes back at most, whatever the terms say; None where nothing else bounds it."""
    lapsed_at: datetime | None = None
    """When a hold of it ran out. Not loaded with it: who holds again is asked for all of theirs (`Scene.lapses`)."""
    was: str | None = None
    claims: list[Claim] = field(default_factory=list)
    freed: list[Claim] = field(default_factory=list)
    """The places that were given back last, in this transaction."""

    @classmethod
    def of(cls, row: Row) -> ReservationRecord:
        (id, offering_id, person_id, state, party, starts_at, ends_at, due_at, once, check_in, ask, price_minor,
         currency, created_at, confirmed_at, checked_in_at, steps, voucher_id, discount_minor, forfeited_minor,
         most_back_percent) = row  # fmt: skip
        return cls(
            id, offering_id, person_id, state, party, instant(starts_at), instant(ends_at), instant(due_at),
            bool(once), bool(check_in), ask, price_minor, currency, from_micros(created_at), instant(confirmed_at),
            instant(checked_in_at), steps, voucher_id, discount_minor, forfeited_minor, most_back_percent, was=state,
        )  # fmt: skip

    @property
    def span(self) -> Span | None:
        return span_of(self.starts_at, self.ends_at)

    @property
    def check_in_missing(self) -> bool:
        return self.check_in and self.checked_in_at is None

    @property
    def is_refunded(self) -> bool:
        """Whether it was paid and then cancelled: then something has come back, be it nothing at all."""
        return self.state == CANCELLED and self.confirmed_at is not None and bool(self.price_minor)

    @property
    def once_paid_minor(self) -> int:
        """What was paid for what there was when it was cancelled, and for what was forfeited before."""
        return (self.price_minor or 0) + (self.forfeited_minor or 0)

    @property
    def places(self) -> list[Claim]:
        """The claims that take something now."""
        return [claim for claim in self.claims if claim.live]


def span_of(starts_at: datetime | None, ends_at: datetime | None) -> Span | None:
    return None if starts_at is None or ends_at is None else Span(starts_at, ends_at)


@dataclass(slots=True)
class CodeRecord:
    """The state of a one-time code; ``is_new`` until it is in the database."""

    purpose: str
    subject_id: int
    nonce: str
    serial: int
    guesses: int
    expires_at: datetime
    is_new: bool = False

    @classmethod
    def of(cls, row: Row) -> CodeRecord:
        purpose, subject_id, nonce, serial, guesses, expires_at = row
        return cls(purpose, subject_id, nonce, serial, guesses, from_micros(expires_at))


@frozen
class MoveRecord:
    """One step of a reservation, to be written beside it."""

    reservation_id: int
    n: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    actor_id: int | None
    reason: str | None
    request_id: str | None
    before: str | None = None
    after: str | None = None
    """What a change of place or time was from and to (JSON)."""


@frozen
class Letter:
    """A mail to be written beside the change it tells of; ``facts`` is JSON for what no row will say later."""

    kind: str
    address: str
    message_id: str
    person_id: int | None = None
    reservation_id: int | None = None
    offering_id: int | None = None
    facts: str = "{}"
    request_id: str | None = None
    attempt: str | None = None
    """The attempt whose code it tells."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a request key was used for and what was answered (JSON)."""

    person_id: int
    key: str
    body_hash: str
    answer: str
