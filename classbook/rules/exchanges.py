"""Changing what one has: which places are kept, what the others were worth, and what the new ones cost.

One rule for every kind; whoever gives places back one by one gets neither more nor less than who cancels them all.

- A place that is *kept* keeps the price it was bought at, whatever it costs today. A seat is kept that one has before
  and after. Places without names are kept as many as there are before and after, and those taken last are given back
  first: who takes two more and gives two back has undone just that.
- A place that is *given back* is worth what it was bought at, and of that comes back what a cancel would bring at that
  moment (`rules.refunds`). What does not come back is forfeited, and is no part of the price any more.
- A place that is *newly taken* costs what it costs today, for them as for anybody.
- The same place at another *time* costs what it costs today. What that is more is paid, what it is less is given back:
  nobody pays for two days who comes a day later. But moving away from the day on which nothing would come back makes
  nothing refundable again: no larger share comes back later than would have come back then, unless the house moved it.
- A voucher stays with the reservation and takes its share, or its amount, off the sum: so what is given back is worth
  what the price falls by, and what is taken what it rises by.

Of a hold nothing is paid yet: it reserves what it costs by the same rule, and nothing of it can be forfeited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """Minor units of one currency, before any voucher."""

    costs: tuple[int, ...]
    """What each of the new places costs, in their order."""
    kept: int
    """How much of what the old ones cost stays in them."""


def exchange(old: Sequence[tuple[Hashable, int]], new: Sequence[tuple[Hashable, int]], *, same_time: bool) -> Exchange:
    """What places cost that somebody takes instead of others.

    ``old`` are those they have in the order in which they were taken, each with what it was bought at, ``new`` the
    others, each with what it costs today; what has the same name is the same place.
    """
    bought: dict[Hashable, deque[int]] = {}
    for name, cost in old:
        bought.setdefault(name, deque()).append(cost)
    costs: list[int] = []
    kept = 0
    for name, today in new:
        before = bought[name].popleft() if bought.get(name) else None
        cost = today if before is None or not same_time else before
        costs.append(cost)
        kept += 0 if before is None else min(before, cost)
    return Exchange(tuple(costs), kept)
