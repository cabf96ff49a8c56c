"""The fields of an offering as people give them, checked: what a kind needs, what it knows, and what it means."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from classbook.errors import BadSpan, Invalid
from classbook.rules.kinds import Kind, check_terms
from classbook.rules.money import parse_amount
from classbook.rules.names import clean_name, clean_text
from classbook.rules.policy import check_overrides
from classbook.rules.when import format_local
from classbook.rules.zones import known_zone
from classbook.store.records import OfferingRecord

MOST_SEATS: Final = 1_000_000
LONGEST_TEXT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of an offering as people give them; None leaves a field as it is, or at its default."""

    title: str | None = None
    seats: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    type: str | None = None
    description: str | None = None
    timezone: str | None = None
    policy: dict[str, Any] | None = None
    venue_id: int | None = None
    """Where it is, for what sells the seats of a venue."""
    prices: dict[str, str] | None = None
    """Of a seat, by category or by stand: ``12.50`` or ``12.50 EUR``."""
    price: str | None = None
    """Of one place: ``12.50`` or ``12.50 EUR``; ``0`` is free."""
    room: int | None = None
    provider: int | None = None
    """Offerings whose units it takes for its time: a court, a coach."""

    @property
    def sellers(self) -> list[int]:
        return [id for id in (self.room, self.provider) if id is not None]


def draft(given: dict[str, Any]) -> Draft:
    """The draft of these fields. Raises Invalid for one that no offering has."""
    known = {field.name for field in fields(Draft)}
    if unknown := given.keys() - known:
        raise Invalid(f"An offering has no {sorted(unknown)[0]!r}.", hint=f"Known are: {', '.join(sorted(known))}.")
    return Draft(**given)


def check_whole(given: Draft, row: Kind) -> None:
    """Raise Invalid for a draft that lacks something its kind needs, or has something its kind does not know."""
    kind = row.name
    if row.in_venue:
        if given.title is None or given.venue_id is None:
            raise Invalid(f"A {kind} needs a title and a venue.")
        if given.seats is not None:
            raise Invalid(f"The seats of a {kind} are those of its venue.")
        if given.price is not None:
            raise Invalid("Its seats have prices by stand or category.", hint="Name a price for each of them.")
    else:
        if given.title is None or given.seats is None:
            raise Invalid(f"A {kind} needs a title and a number of seats.")
        if given.venue_id is not None or given.prices is not None:
            raise Invalid(f"A {kind} has no numbered seats, and so no venue and no price categories.")
    if not row.picks_time and (given.starts_at is None or given.ends_at is None):
        raise Invalid(f"A {kind} needs a start and an end.")
    if row.picks_time and (given.starts_at or given.ends_at):
        raise Invalid(f"A {kind} has no time of its own.", hint="Its schedule says when it is open.")
    if row.picks_time and given.sellers:
        raise Invalid(f"A {kind} has no time of its own for which it could take a room or a provider.")


def columns(given: Draft, row: Kind, before: OfferingRecord | None = None, *, currency: str) -> dict[str, Any]:
    """The checked columns of what was given, ``before`` being what it changes. Raises Invalid, BadSpan."""
    values: dict[str, Any] = {}
    if given.title is not None:
        values["title"] = clean_name(given.title, what="title", most=200)
    if given.type is not None:
        values["type"] = clean_name(given.type, what="type", most=100)
    if given.description is not None:
        values["description"] = clean_text(given.description, what="description", most=LONGEST_TEXT)
    if given.timezone is not None:
        values["timezone"] = known_zone(given.timezone)
    if given.policy is not None:
        check_terms(row, given.policy)
        own = {} if before is None else json.loads(before.policy)
        values["policy"] = json.dumps(check_overrides(own | given.policy), sort_keys=True)
    if given.price is not None:
        minor = parse_amount(given.price, currency, least_minor=0) or None
        values |= {"price_minor": minor, "currency": minor and currency}
    if given.seats is not None and not 1 <= given.seats <= MOST_SEATS:
        raise Invalid(f"Seats are a whole number from 1 to {MOST_SEATS:,}, not {given.seats}.")
    starts_at = given.starts_at or (before.starts_at if before else None)
    ends_at = given.ends_at or (before.ends_at if before else None)
    if given.starts_at is not None and given.ends_at is None and before and before.starts_at and before.ends_at:
        # Only the start was named: the length stays.
        ends_at = given.starts_at + (before.ends_at - before.starts_at)
    if starts_at is not None and ends_at is not None:
        if ends_at <= starts_at:
            zone = ZoneInfo(values.get("timezone") or (before.timezone if before else "UTC"))
            raise BadSpan(f"The end ({format_local(ends_at, zone)}) must come after the start.")
        values |= {"starts_at": starts_at, "ends_at": ends_at}
    return values


def check_paid_for(values: dict[str, Any], before: OfferingRecord | None) -> None:
    """Where a payment is to confirm a hold there must be something to pay. Raises Invalid."""
    price = values.get("price_minor", before.price_minor if before else None)
    terms = json.loads(values.get("policy") or (before.policy if before else "{}"))
    if price is None and terms.get("confirm") == "payment":
        raise Invalid("A hold without a price cannot be confirmed by a payment.", hint="Use code, self or none.")
