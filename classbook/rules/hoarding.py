"""Holds that keep others away and become nothing: how many somebody may have open, and the pause after some lapsed.

Both are of one person (OWASP OAT-021, denial of inventory). What needs no confirmation holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from classbook.errors import ClassbookError, LimitReached, TooEarly
from classbook.rules.codes import reservation_code
from classbook.rules.permits import Bookable, Booked
from classbook.rules.policy import Policy
from classbook.rules.when import format_local

REMEMBERED: Final = timedelta(days=1)
"""How long a lapse counts; also the longest pause."""


def against_holding(
    offering: Bookable, policy: Policy, *, held: Sequence[Booked], lapses: Sequence[datetime], now: datetime, name: str
) -> Iterator[ClassbookError]:
    """What speaks against one more hold of somebody.

    ``held`` are the person's open holds, wherever they are; ``lapses`` is when holds of this offering ran out on them.
    """
    if policy.confirm == "none":
        return
    if policy.open_holds and len(held) >= policy.open_holds:
        first = min(held, key=lambda one: (one.due_at or now, one.id))
        ends_at = first.due_at or now
        yield LimitReached(
            f"{name} has {len(held)} {'hold' if len(held) == 1 else 'holds'} open, and may have {policy.open_holds}.",
            hint=f"Confirm or cancel one, like {reservation_code(first.id)}; "
            f"else the first of them lapses on {_local(offering, ends_at)}.",
            retry_after_seconds=_wait_seconds(ends_at, now),
        )
    until = paused_until(policy, lapses, now=now)
    if until is not None and now < until:
        yield TooEarly(
            f"Holds of {name} for {offering.title} have lapsed {_recent(lapses, now)} times within a day.",
            hint=f"It can be held again from {_local(offering, until)} on.",
            retry_after_seconds=_wait_seconds(until, now),
        )


def paused_until(policy: Policy, lapses: Sequence[datetime], *, now: datetime) -> datetime | None:
    """When the pause after the newest lapse ends: a hold's time, twice that after the next lapse, and so on."""
    if not policy.pause_after_lapses or not lapses:
        return None
    count = _recent(lapses, now)
    if count < policy.pause_after_lapses:
        return None
    # Doubled more often than this, any hold's time is longer than what is remembered.
    doubled = min(count - policy.pause_after_lapses, 20)
    return max(lapses) + min(timedelta(seconds=policy.hold_seconds) * (1 << doubled), REMEMBERED)


def _recent(lapses: Sequence[datetime], now: datetime) -> int:
    return sum(1 for at in lapses if now - REMEMBERED < at <= now)


def _local(offering: Bookable, instant: datetime) -> str:
    return format_local(instant, ZoneInfo(offering.timezone))


def _wait_seconds(until: datetime, now: datetime) -> int:
    return max(1, ceil((until - now).total_seconds()))
