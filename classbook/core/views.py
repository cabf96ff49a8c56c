"""How reservations are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from classbook.rules import codes
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, EXPIRED, HELD, QUEUED
from classbook.store.records import OfferingRecord, ReservationRecord
from classbook.values import Appointment, Booking, Money, OfferingRef, PersonRef, Place, Reservation

Words = Callable[[ReservationRecord, OfferingRecord, str], dict[str, Any]]
"""What reservations of a kind say besides what all say, given the state people see."""

_STATUS: Final = {QUEUED: "queue", HELD: "active", CONFIRMED: "active"}
"""The states of a booking in the words of its own world; the others are called what they are."""


def reservation_view(
    record: ReservationRecord,
    offering: OfferingRecord,
    user: PersonRef,
    state: str,
    position: int | None,
    refund: Money | None,
    voucher: str | None,
    *,
    charged: Money | None = None,
) -> Reservation:
    """A reservation as everybody may see it who may see it; ``state`` is the one people see."""
    is_over = state in (CANCELLED, EXPIRED)
    shape, words = _SHAPES.get(offering.kind, _COMMON)
    return shape(
        id=record.id,
        code=codes.reservation_code(record.id),
        state=state,
        offering=OfferingRef(offering.id, offering.kind, offering.title),
        user=user,
        party=record.party,
        places=tuple(Place(claim.stand, claim.seat, claim.unit) for claim in record.places if not is_over),
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        timezone=offering.timezone,
        expires_at=record.due_at if state == HELD else None,
        position=position if state == QUEUED else None,
        price=None if record.price_minor is None else Money(record.price_minor, record.currency or ""),
        created_at=record.created_at,
        confirmed_at=record.confirmed_at,
        checked_in_at=record.checked_in_at,
        refund=refund,
        voucher=voucher,
        discount=None if record.discount_minor is None else Money(record.discount_minor, record.currency or ""),
        charged=charged,
        forfeited=None if record.forfeited_minor is None else Money(record.forfeited_minor, record.currency or ""),
        **words(record, offering, state),
    )


def _nothing_more(record: ReservationRecord, offering: OfferingRecord, state: str) -> dict[str, Any]:
    return {}


def _of_appointment(record: ReservationRecord, offering: OfferingRecord, state: str) -> dict[str, Any]:
    return {"is_confirmed": state in (CONFIRMED, COMPLETED), "is_expired": state == EXPIRED}


def _of_booking(record: ReservationRecord, offering: OfferingRecord, state: str) -> dict[str, Any]:
    return {
        "resource": offering.id,
        "resource_name": offering.title,
        "start_time": record.starts_at,
        "end_time": record.ends_at,
        "status": _STATUS.get(state, state),
    }


_COMMON: Final[tuple[type[Reservation], Words]] = (Reservation, _nothing_more)
_SHAPES: Final[dict[str, tuple[type[Reservation], Words]]] = {
    "appointment": (Appointment, _of_appointment),
    "resource": (Booking, _of_booking),
}
