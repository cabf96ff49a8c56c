"""What the house takes with an offering: the pitch it is played on, its room, its coach.

It takes them by claims like anybody's, so a class, an appointment and a booking of the court collide by the one law.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from classbook.errors import Invalid, NotFound, OfferingCancelled, SpanTaken
from classbook.rules.kinds import KINDS
from classbook.rules.spans import Span
from classbook.store import catalog, venues
from classbook.store import house as store
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord


def venue(tx: Tx, venue_id: int) -> venues.VenueRecord:
    """A venue, whose plan nobody changes until the end of the transaction. Raises NotFound."""
    found = venues.by_id(tx, venue_id, lock=True)
    if found is None:
        raise NotFound(f"There is no venue {venue_id}.", hint="`classbook venue list` shows what there is.")
    return found


def take(tx: Tx, offering: OfferingRecord, *, sellers: Iterable[int], actor_id: int | None) -> None:
    """Take the pitch of an offering's venue and a unit of each of ``sellers`` (offerings) for its time.

    Raises SpanTaken and names what is taken, NotFound, OfferingCancelled, Invalid for what nobody can take for a time.
    """
    names: dict[int, str] = {}
    if offering.venue_id is not None:
        at = venue(tx, offering.venue_id)
        names[at.pitch_pool_id] = at.name
    for seller_id in sellers:
        seller = catalog.any_by_id(tx, seller_id)
        if seller is None:
            raise NotFound(f"There is no offering {seller_id}.", hint="Name a resource or a provider.")
        if seller.cancelled_at is not None:
            raise OfferingCancelled(f"{seller.title} was cancelled.")
        if not KINDS[seller.kind].picks_time:
            raise Invalid(f"{seller.title} is nothing that can be taken for a time.", hint="Name a resource.")
        names |= dict.fromkeys(catalog.own_pools(tx, seller_id), seller.title)
    if offering.span and names:
        busy = store.occupy(tx, offering, names, offering.span, actor_id=actor_id)
        _refuse([names[pool_id] for pool_id in busy])


def follow(tx: Tx, offering: OfferingRecord, span: Span) -> None:
    """Take the same for another time, before the offering itself moves there. Raises SpanTaken."""
    _refuse(store.follow(tx, offering.id, span))


def _refuse(taken: Sequence[str]) -> None:
    if taken:
        raise SpanTaken(
            f"{' and '.join(taken)} {'is' if len(taken) == 1 else 'are'} taken at that time.",
            hint="Choose another time or another place.",
        )
