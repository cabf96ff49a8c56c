"""What may be booked, confirmed and cancelled, and when. One function each, for search and commit alike.

A function returns the refusal instead of raising it: in a batch a refusal is an outcome and not an accident. Refusals
are looked for in a fixed order: not found, invalid, not allowed, cancelled or closed or too early or too late or
below notice, already reserved, limits, sold out, insufficient funds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from classbook.errors import (
    AlreadyReserved,
    BelowNotice,
    ClassbookError,
    HoldExpired,
    Invalid,
    LimitReached,
    NotAllowedNow,
    OfferingCancelled,
    OfferingClosed,
    TooLate,
)
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, EXPIRED, FAR_FUTURE, HELD
from classbook.rules.when import format_duration, format_local

CONFIRMERS: Final = ("code", "self", "payment", "none")
MOST_SECONDS: Final = 10 * 366 * 24 * 3600
MOST_GUESSES: Final = 5
"""Wrong codes a hold survives; counted over all codes that were mailed for it."""
MOST_CODES: Final = 5
"""Codes mailed for one hold, so that nobody's mailbox can be flooded."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms of an offering. Durations are seconds."""

    confirm: str
    """What confirms a hold: the mailed code, the person's own word, a payment, or nothing (confirmed at once)."""
    hold_seconds: int
    """How long a hold lasts, never past the start."""
    notice_seconds: int = 0
    """How long before the start booking ends."""
    party_max: int | None = None
    """Places in one reservation at most."""
    once: bool = False
    """One live reservation per person and offering."""
    max_per_person: int | None = None
    """Places one person may have in one offering at most, over all reservations."""
    cancel_until_seconds: int = 0
    """How long before the start a confirmed reservation can still be cancelled by its person."""


class Bookable(Protocol):
    """What the rules need to know of an offering."""

    @property
    def title(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def cancelled_at(self) -> datetime | None: ...


class Booked(Protocol):
    """What the rules need to know of a reservation."""

    @property
    def party(self) -> int: ...
    @property
    def due_at(self) -> datetime | None: ...


def check_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What an offering or a configuration overrides, checked. Raises Invalid and names what is wrong."""
    known = {field.name for field in fields(Policy)} - {"once"}
    for name, value in overrides.items():
        if name not in known:
            raise Invalid(f"There is no policy {name!r}.", hint=f"Known are: {', '.join(sorted(known))}.")
        if name == "confirm":
            if value not in CONFIRMERS:
                raise Invalid(f"A hold cannot be confirmed by {value!r}.", hint=f"One of: {', '.join(CONFIRMERS)}.")
            continue
        if value is None and name in {"party_max", "max_per_person"}:
            continue
        least = 0 if name in {"notice_seconds", "cancel_until_seconds"} else 1
        most = MOST_SECONDS if name.endswith("_seconds") else 1_000_000
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Invalid(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return dict(overrides)


@lru_cache(maxsize=4096)
def with_overrides(policy: Policy, overrides: str) -> Policy:
    """A kind's policy with an offering's own terms (JSON) on top. A limit per person replaces ``once``."""
    own = json.loads(overrides)
    per_person = own.get("max_per_person")
    return replace(policy, **own, once=policy.once if per_person is None else per_person == 1)


def as_dict(policy: Policy) -> dict[str, Any]:
    """The policy as answers show it."""
    return asdict(policy)


def status(offering: Bookable, now: datetime) -> str:
    """upcoming, ongoing, completed or cancelled; open where there is no span."""
    if offering.cancelled_at is not None:
        return "cancelled"
    if offering.starts_at is None or offering.ends_at is None:
        return "open"
    if now < offering.starts_at:
        return "upcoming"
    return "ongoing" if now < offering.ends_at else "completed"


def why_not_book(offering: Bookable, policy: Policy, *, now: datetime) -> ClassbookError | None:
    """Why this offering cannot be booked now by anybody: what does not depend on who asks or on what is left."""
    if offering.cancelled_at is not None:
        return OfferingCancelled(f"{offering.title} was cancelled.")
    if offering.starts_at is None:
        return None
    if now >= offering.starts_at:
        return OfferingClosed(f"{offering.title} began on {_local(offering, offering.starts_at)}.")
    closes_at = offering.starts_at - timedelta(seconds=policy.notice_seconds)
    if now >= closes_at:
        return BelowNotice(
            f"{offering.title} must be booked {format_duration(policy.notice_seconds)} ahead: "
            f"until {_local(offering, closes_at)}."
        )
    return None


def why_not_again(
    offering: Bookable, policy: Policy, *, party: int, live: Sequence[Booked], name: str
) -> ClassbookError | None:
    """Why this person may not have that many places more, given their live reservations of this offering."""
    if policy.once and live:
        return AlreadyReserved(
            f"{name} has a reservation for {offering.title} already.", hint="Cancel it first, or confirm it."
        )
    if policy.party_max is not None and party > policy.party_max:
        return LimitReached(f"A reservation has at most {policy.party_max} places, not {party}.")
    if policy.max_per_person is not None and party + sum(one.party for one in live) > policy.max_per_person:
        return LimitReached(f"One person may have at most {policy.max_per_person} places in {offering.title}.")
    return None


def why_not_confirm(offering: Bookable, state: str) -> ClassbookError | None:
    """Why a reservation in that state cannot be confirmed."""
    if offering.cancelled_at is not None:
        return OfferingCancelled(f"{offering.title} was cancelled.")
    if state == EXPIRED:
        return HoldExpired(hint="Reserve again: there may still be places.")
    if state != HELD:
        return NotAllowedNow(f"The reservation is {state}; only a hold can be confirmed.")
    return None


def why_not_cancel(
    offering: Bookable, policy: Policy, state: str, *, now: datetime, is_admin: bool
) -> ClassbookError | None:
    """Why a reservation in that state cannot be cancelled now; an administrator is not bound by cancel-until."""
    if state == EXPIRED:
        return HoldExpired(hint="There is nothing to cancel: its places are free again.")
    if state in (COMPLETED, CANCELLED):
        return NotAllowedNow(f"The reservation is {state} already.")
    if state == CONFIRMED and offering.starts_at is not None and not is_admin:
        until = offering.starts_at - timedelta(seconds=policy.cancel_until_seconds)
        if now >= until:
            return TooLate(f"{offering.title} could be cancelled until {_local(offering, until)}.")
    return None


def hold_until(offering: Bookable, policy: Policy, now: datetime) -> datetime:
    """The deadline of a hold made now."""
    deadline = now + timedelta(seconds=policy.hold_seconds)
    return deadline if offering.starts_at is None else min(deadline, offering.starts_at)


def over_at(ends_at: datetime | None) -> datetime:
    """When a confirmed reservation completes."""
    return ends_at or FAR_FUTURE


def _local(offering: Bookable, instant: datetime) -> str:
    return format_local(instant, ZoneInfo(offering.timezone))
