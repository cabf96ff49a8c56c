"""What comes back of a price that was paid, by when it is given up: all of it, then a share, then nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from classbook.rules.policy import Policy
from classbook.values import Money

ALL_BACK: Final = 100


def share(paid: Money, percent: int) -> Money:
    """So much of each hundred, rounded down to whole minor units: never more than is promised."""
    return Money(paid.minor * percent // ALL_BACK, paid.currency)


def percent_back(policy: Policy, *, starts_at: datetime | None, now: datetime, most_percent: int | None = None) -> int:
    """How much of each hundred comes back now.

    The bounds are half-open, as all deadlines are. What has no start is refunded in full. ``most_percent`` is what
    this said when it was moved away from an earlier time, where that bounds what comes back later (`rules.exchanges`).
    """
    percent = 0
    if starts_at is None or now < starts_at - timedelta(seconds=full_until_seconds(policy)):
        percent = ALL_BACK
    elif now < starts_at - timedelta(seconds=policy.refund_share_seconds):
        percent = policy.refund_share_percent
    return percent if most_percent is None else min(percent, most_percent)


def full_until_seconds(policy: Policy) -> int:
    """How long before the start all of it comes back: as long as one may cancel, where nothing else is said."""
    own = policy.refund_full_seconds
    return policy.cancel_until_seconds if own is None else own
