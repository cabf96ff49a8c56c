"""How reservations are shown."""

from __future__ import annotations

from classbook.rules import codes
from classbook.rules.states import CANCELLED, EXPIRED, HELD
from classbook.store.records import OfferingRecord, ReservationRecord
from classbook.values import Money, OfferingRef, PersonRef, Place, Reservation


def reservation_view(
    record: ReservationRecord, offering: OfferingRecord, user: PersonRef, state: str, position: int | None
) -> Reservation:
    """A reservation as everybody may see it who may see it; ``state`` is the one people see."""
    is_over = state in (CANCELLED, EXPIRED)
    return Reservation(
        id=record.id,
        code=codes.reservation_code(record.id),
        state=state,
        offering=OfferingRef(offering.id, offering.kind, offering.title),
        user=user,
        party=record.party,
        places=tuple(Place(None, None, claim.unit) for claim in record.places if not is_over),
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        timezone=offering.timezone,
        expires_at=record.due_at if state == HELD else None,
        position=position,
        price=None if record.price_minor is None else Money(record.price_minor, record.currency or ""),
        created_at=record.created_at,
        confirmed_at=record.confirmed_at,
        checked_in_at=record.checked_in_at,
    )
