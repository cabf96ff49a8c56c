"""The terms of an offering: a kind's defaults, what the configuration says, and what the offering overrides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final

from classbook.errors import Invalid

CONFIRMERS: Final = ("code", "self", "payment", "none")
ON_SECOND: Final = ("reject", "replace")
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
    open_holds: int = 3
    """Holds one person may have open, wherever they are, when this is to be one more; 0 for no limit."""
    pause_after_lapses: int = 2
    """How many holds of one person that lapsed here within a day bring a pause, which doubles; 0 for none ever."""
    refund_full_seconds: int | None = None
    """How long before the start all that was paid comes back on cancelling; None as long as one may cancel."""
    refund_share_percent: int = 0
    """What comes back after that, of each hundred."""
    refund_share_seconds: int = 0
    """How long before the start that share comes back; after that, nothing."""
    horizon_seconds: int | None = None
    """How far ahead can be booked at most."""
    offer_seconds: int = 1800
    """How long a place is offered to the next in the queue, never past the start."""
    queues: bool = False
    """Whether who finds nothing free is put in line without asking for it."""
    per_day: int | None = None
    """Reservations one person may have in this offering on one day, in its time zone."""
    on_second: str = "reject"
    """What becomes of one more on such a day: it is rejected, or it replaces the earlier one."""
    slot_seconds: int = 0
    """The length of a slot, where the house cuts the time into slots; 0 where any span may be asked for."""
    grid_seconds: int = 0
    """Spans begin on this grid, counted from the opening; 0 for none."""
    min_seconds: int = 0
    """The shortest span."""
    max_seconds: int | None = None
    """The longest span."""
    before_seconds: int = 0
    """Kept free before each booking."""
    after_seconds: int = 0
    """Kept free after each booking."""
    check_in: bool = False
    """Whether a booking lapses where nobody checks in."""
    check_in_from_seconds: int = 900
    """How long before the start one may check in."""
    grace_seconds: int | None = None
    """How long after the start a missing check-in is waited for; None waits until the end."""


def check_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What an offering or a configuration overrides, checked. Raises Invalid and names what is wrong."""
    known = {field.name for field in fields(Policy)} - {"once"}
    for name, value in overrides.items():
        if name not in known:
            raise Invalid(f"There is no policy {name!r}.", hint=f"Known are: {', '.join(sorted(known))}.")
        if name in _WORDS:
            if value not in _WORDS[name]:
                raise Invalid(f"{name} cannot be {value!r}.", hint=f"One of: {', '.join(_WORDS[name])}.")
        elif name in _SWITCHES:
            if not isinstance(value, bool):
                raise Invalid(f"{name} is true or false, not {value!r}.")
        elif not (value is None and name in _OPTIONAL):
            _check_number(name, value)
    return dict(overrides)


_WORDS: Final = {"confirm": CONFIRMERS, "on_second": ON_SECOND}
_SWITCHES: Final = {"queues", "check_in"}
_OPTIONAL: Final = {
    "party_max", "max_per_person", "horizon_seconds", "per_day", "max_seconds", "grace_seconds", "refund_full_seconds",
}  # fmt: skip
_FROM_ONE: Final = {"hold_seconds", "offer_seconds", "party_max", "max_per_person", "per_day"}


def _check_number(name: str, value: object) -> None:
    least = 1 if name in _FROM_ONE else 0
    most = MOST_SECONDS if name.endswith("_seconds") else 100 if name.endswith("_percent") else 1_000_000
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"{name} must be a whole number from {least} to {most}, not {value!r}.")


@lru_cache(maxsize=4096)
def with_overrides(policy: Policy, overrides: str) -> Policy:
    """A kind's policy with an offering's own terms (JSON) on top. A limit per person replaces ``once``."""
    own = json.loads(overrides)
    per_person = own.get("max_per_person")
    return replace(policy, **own, once=policy.once if per_person is None else per_person == 1)


def as_dict(policy: Policy) -> dict[str, Any]:
    """The policy as answers show it."""
    return asdict(policy)
