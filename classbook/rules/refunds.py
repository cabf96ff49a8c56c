"""What comes back of a price that was paid, by when it is given up: all of it, then a share, then nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from classbook.rules.policy import Policy
from classbook.values import Money


def refund(paid: Money, policy: Policy, *, starts_at: datetime | None, now: datetime) -> Money:
    """What comes back to somebody who gives up now what they paid for.

    A share is rounded down to whole minor units: it is never more than the policy promises. The bounds are half-open,
    as all deadlines are. What has no start is refunded in full.
    """
    if starts_at is None or now < starts_at - timedelta(seconds=full_until_seconds(policy)):
        return paid
    if now < starts_at - timedelta(seconds=policy.refund_share_seconds):
        return Money(paid.minor * policy.refund_share_percent // 100, paid.currency)
    return Money(0, paid.currency)


def full_until_seconds(policy: Policy) -> int:
    """How long before the start all of it comes back: as long as one may cancel, where nothing else is said."""
    own = policy.refund_full_seconds
    return policy.cancel_until_seconds if own is None else own
