"""What the seats of a venue cost: a price for each category or stand, and none where all of them are free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from classbook.errors import Hint, Invalid
from classbook.rules.money import parse_amount
from classbook.rules.plans import Stand
from classbook.store import catalog as store
from classbook.store import venues
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord


def of_stands(
    stands: Sequence[Stand],
    venue_id: int,
    prices: dict[str, str],
    currency: str,
    *,
    present: Mapping[str, int] | None = None,
    ahead: bool = False,
) -> dict[str, int]:
    """The prices of a venue's seats in minor units, by category or stand; none at all where every seat is free.

    Where they are not for all seats, the ``present`` ones stay for the others. With ``ahead`` also of categories that
    no seat has yet. Raises Invalid for a seat that would have no price.
    """
    minor = {category: parse_amount(text, currency, least_minor=0) for category, text in prices.items()}
    if minor and present and unpriced_in(stands, minor):
        minor = {**present, **minor}
    if not stands:
        raise Invalid("The venue has no seats yet.", hint=Hint("{} adds them.", "add seats", {"venue": venue_id}))
    if minor and (unpriced := unpriced_in(stands, minor)):
        raise Invalid(f"The seats {unpriced} have no price.", hint="Name a price for every category or stand.")
    known = {name for stand in stands for name in (stand.name, *stand.categories)}
    if (unknown := sorted(set(minor) - known)) and not ahead:
        raise Invalid(f"No seat is of the category {unknown[0]!r}.", hint=f"There are: {', '.join(sorted(known))}.")
    return minor if any(minor.values()) else {}


def unpriced_in(stands: Iterable[Stand], prices: Iterable[str]) -> str | None:
    """A category (or else a stand) of seats that none of these prices is for."""
    known = set(prices)
    for stand in stands:
        for category in stand.categories - known:
            if stand.name not in known:
                return category
    return None


def columns(prices: dict[str, int], currency: str) -> dict[str, Any]:
    """An offering's own price where its seats have theirs: the lowest."""
    return {"price_minor": min(prices.values()), "currency": currency} if prices else {}


def change(tx: Tx, offering: OfferingRecord, prices: dict[str, str], currency: str) -> dict[str, Any]:
    """Other prices for what is sold from now on; the columns that change with them. Raises Invalid."""
    if offering.venue_id is None:
        raise Invalid("It has no numbered seats, and so no price categories.")
    stands = [one.stand for one in venues.stands(tx, offering.venue_id)]
    present = store.prices_of(tx, [offering.id]).get(offering.id)
    found = of_stands(stands, offering.venue_id, prices, currency, present=present, ahead=True)
    store.put_prices(tx, offering.id, found)
    return {"price_minor": None, "currency": None} | columns(found, currency)
