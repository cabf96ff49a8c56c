"""What the house takes with an offering: the pitch it is played on, its room, its coach.

It takes them by claims like anybody's, so a class, an appointment and a booking of the court collide by the one law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from classbook.errors import Hint, NotFound, SpanTaken
from classbook.rules.packing import Claim
from classbook.rules.spans import Span
from classbook.store import house as store
from classbook.store import venues
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord, PoolRecord


def venue(tx: Tx, venue_id: int) -> venues.VenueRecord:
    """A venue, whose plan nobody changes until the end of the transaction. Raises NotFound."""
    found = venues.by_id(tx, venue_id, lock=True)
    if found is None:
        raise no_venue(venue_id)
    return found


def no_venue(venue_id: int | str) -> NotFound:
    return NotFound(f"There is no venue {venue_id}.", hint=Hint("{} shows what there is.", "list venues"))


def choose(
    tx: Tx, pools: Mapping[int, PoolRecord], wants: Sequence[tuple[Mapping[int, str], Span]]
) -> list[list[tuple[int, int]] | SpanTaken]:
    """The (pool, unit) that each offering can take for its time, of the pools it names, each seeing the ones before it.

    ``pools`` are locked. Where one of its pools has nothing free an offering gets nothing at all, and the refusal names
    what is taken.
    """
    chosen: list[list[tuple[int, int]] | SpanTaken] = []
    lanes = store.lanes(tx, pools, [(pool_id, span) for names, span in wants for pool_id in names])
    for n, (names, span) in enumerate(wants):
        units = {pool_id: lanes[pool_id].free_unit(span) for pool_id in names}
        if busy := [names[pool_id] for pool_id, unit in units.items() if unit is None]:
            chosen.append(_taken(busy))
            continue
        found = [(pool_id, unit) for pool_id, unit in units.items() if unit is not None]
        for pool_id, unit in found:
            lanes[pool_id].add(Claim((-1, n), unit, span))
        chosen.append(found)
    return chosen


def follow(tx: Tx, offering: OfferingRecord, span: Span) -> None:
    """Take the same for another time, before the offering itself moves there. Raises SpanTaken."""
    if busy := store.follow(tx, offering.id, span):
        raise _taken(busy)


def _taken(names: Sequence[str]) -> SpanTaken:
    return SpanTaken(
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} taken at that time.",
        hint="Choose another time or another place.",
    )
