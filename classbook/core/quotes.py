"""What places cost: those that are wanted, and others in exchange for those somebody has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from classbook.errors import NotAllowedNow
from classbook.rules.exchanges import exchange
from classbook.rules.refunds import share
from classbook.rules.shelves import SeatShelf
from classbook.rules.states import CONFIRMED
from classbook.rules.vouchers import discount
from classbook.store.records import Claim, OfferingRecord, ReservationRecord
from classbook.store.scene import Scene
from classbook.values import Money

Units = Sequence[tuple[int, int]]
"""What is taken: (pool, unit)."""
Costs = Sequence[int]
"""What each place costs, in minor units and before any voucher."""


@dataclass(frozen=True, slots=True)
class Change:
    """What other places mean for the money of a reservation; nothing at all where there is no price."""

    costs: Costs | None = None
    price: Money | None = None
    """What all of it costs then, less the ``discount`` of its voucher."""
    discount: Money | None = None
    charged: Money | None = None
    """What is to be paid for what is new."""
    worth: Money | None = None
    """What was paid for what is given back."""
    refund: Money | None = None
    """How much of that comes back."""

    @property
    def forfeited_minor(self) -> int:
        return self.worth.minor - self.refund.minor if self.worth and self.refund else 0

    @property
    def newly_paid(self) -> Money | None:
        """What is to be paid, None where that is nothing."""
        return self.charged if self.charged and self.charged.minor else None

    @property
    def given_back(self) -> Money | None:
        """What comes back, be it nothing; None where nothing that was paid for is given back."""
        return self.refund if self.worth and self.worth.minor else None

    def in_words(self) -> dict[str, str]:
        """The amounts as letters name them."""
        found = {"charged": self.newly_paid}
        if self.given_back:
            found |= {"paid": self.worth, "refund": self.refund}
        return {name: str(amount) for name, amount in found.items() if amount and amount.minor}


class Quotes:
    """The prices of a batch. They are those of the moment; what is quoted is copied and then charged."""

    def __init__(self, scene: Scene):
        self._scene = scene

    def costs(self, offering: OfferingRecord, units: Units) -> Costs | None:
        """What places cost now: each the offering's price, or that of its seat's category. None where they are free."""
        if offering.price_minor is None or offering.currency is None:
            return None
        prices = self._scene.stage.prices_of.get(offering.id)
        if prices is None:
            return [offering.price_minor] * len(units)
        shelves = self._scene.shelves_of(offering.id)
        stands = {pool_id: shelf.plan for pool_id, shelf in shelves.items() if isinstance(shelf, SeatShelf)}
        return [stands[pool_id].price(unit, prices) for pool_id, unit in units]

    def price(self, offering: OfferingRecord, units: Units) -> Money | None:
        """What they cost together."""
        return self.sum(offering, self.costs(offering, units))

    def sum(self, offering: OfferingRecord, costs: Costs | None) -> Money | None:
        return None if costs is None or offering.currency is None else Money(sum(costs), offering.currency)

    def to_pay(self, price: Money | None, voucher_id: int | None) -> tuple[Money | None, Money | None]:
        """What is left of a price with a voucher, and what that takes off."""
        return (None, None) if price is None else self._less(price, voucher_id)

    def change(
        self, record: ReservationRecord, offering: OfferingRecord, *, old: Sequence[Claim], units: Units,
        same_time: bool, percent_back: int,
    ) -> Change:  # fmt: skip
        """What it means to have ``units`` instead of the places ``old``, by the rule of `rules.exchanges`.

        ``percent_back`` is how much of each hundred comes back of what is paid and given back now.

        Raises NotAllowedNow where what is new is sold in another currency than the old was.
        """
        currency = record.currency or offering.currency
        if currency is None:
            return Change()
        had, wanted = [self._name(one.pool_id, one.unit) for one in old], [self._name(*unit) for unit in units]
        takes_nothing = same_time and Counter(wanted) <= Counter(had)
        if offering.currency not in (None, currency) and not takes_nothing:
            raise NotAllowedNow(
                f"It was reserved in {currency}, and {offering.title} is sold in {offering.currency} now.",
                hint="Cancel it, and reserve again.",
            )
        today = (None if takes_nothing else self.costs(offering, units)) or [0] * len(units)
        bought = [(name, one.price_minor or 0) for name, one in zip(had, old, strict=True)]
        found = exchange(bought, list(zip(wanted, today, strict=True)), same_time=same_time)
        price, off = self._less(Money(sum(found.costs), currency), record.voucher_id)
        kept, _ = self._less(Money(found.kept, currency), record.voucher_id)
        worth = back = Money((record.price_minor or 0) - kept.minor, currency)
        if record.state == CONFIRMED:
            back = share(worth, percent_back)
        return Change(found.costs, price, off, Money(price.minor - kept.minor, currency), worth, back)

    def _name(self, pool_id: int, unit: int) -> Hashable:
        """What makes a place the same one: where units have no names, any of the pool is."""
        pool = self._scene.stage.pools.get(pool_id)
        return pool_id if pool and not pool.plan_version else (pool_id, unit)

    def _less(self, price: Money, voucher_id: int | None) -> tuple[Money, Money | None]:
        voucher = self._scene.vouchers[voucher_id] if voucher_id else None
        # Who waited may find another currency than they came with.
        if voucher is None or (voucher.amount and voucher.amount.currency != price.currency):
            return price, None
        off = discount(voucher, price)
        return Money(price.minor - off.minor, price.currency), off
