"""To take places, confirm, move and give them back."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from classbook.web.bodies.parts import QUEUE, VOUCHER, WHEN_THERE, Body, Flag, Short, Text, Whole, like


class ReserveSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    party: Whole = 1
    queue: Flag | None = Field(None, description=QUEUE)
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({"class_id": 1}, {"class_id": 1, "party": 2})


class ConfirmSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    otp: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])

    model_config = like({"class_id": 1, "otp": "123456"})


class CancelSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    reason: Text | None = None

    model_config = like({"class_id": 1}, {"class_id": 1, "reason": "I am ill."})


class ReservePlaces(Body):
    user_id: Whole | None = None
    party: Whole = 1
    queue: Flag | None = Field(None, description=QUEUE)
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({}, {"party": 2, "queue": True})


class ReserveSeats(Body):
    """Seats by their labels, or the best ones beside each other."""

    seats: list[Short] = Field(default_factory=list, min_length=1, max_length=1000, examples=[["A-3-12", "A-3-13"]])
    best: Whole | None = Field(None, description="How many, beside each other.")
    category: Short | None = Field(None, description="With `best`: of this price category, or of this stand.")
    strict: Flag = Field(False, description="With `best`: rather none than leave a single seat behind.")
    user_id: Whole | None = None
    queue: Flag | None = Field(None, description=QUEUE)
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({"seats": ["A-3-12", "A-3-13"]}, {"best": 3})


class ReserveTicket(Body):
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({})


class NewBooking(Body):
    resource: Whole
    user: Whole | None = None
    start_time: Text = Field(description=WHEN_THERE)
    end_time: Text = Field(description=WHEN_THERE)
    party: Whole = Field(1, description="How many units.")
    queue: Flag | None = Field(None, description=QUEUE)
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({"resource": 5, "start_time": "2030-12-02T10:00:00Z", "end_time": "2030-12-02T12:00:00Z"})


class NewAppointment(Body):
    provider_id: Whole
    start: Text = Field(description=WHEN_THERE)
    user_id: Whole | None = None
    queue: Flag | None = Field(None, description=QUEUE)
    voucher: Short | None = Field(None, description=VOUCHER)

    model_config = like({"provider_id": 4, "start": "2030-12-03T09:15:00+01:00"})


class ChangedAppointment(Body):
    """Confirm it. The other fields of an answer may be sent back with it, unchanged."""

    is_confirmed: Flag | None = None
    otp: Short | None = Field(None, description="The six digits of the mail, where the policy is `code`.")

    id: Any = None
    code: Any = None
    state: Any = None
    offering: Any = None
    user: Any = None
    party: Any = None
    places: Any = None
    starts_at: Any = None
    ends_at: Any = None
    timezone: Any = None
    expires_at: Any = None
    position: Any = None
    price: Any = None
    created_at: Any = None
    confirmed_at: Any = None
    checked_in_at: Any = None
    refund: Any = None
    voucher: Any = None
    discount: Any = None
    charged: Any = None
    forfeited: Any = None
    is_expired: Any = None

    model_config = like({"is_confirmed": True})


class MovePlaces(Body):
    """What becomes of a reservation; what is left out stays as it is."""

    starts_at: Text | None = Field(None, description=WHEN_THERE)
    ends_at: Text | None = Field(None, description="Left out, the length stays. " + WHEN_THERE)
    party: Whole | None = None
    seats: list[Short] | None = Field(
        None, min_length=1, max_length=1000, description="Other seats of the match, by their labels."
    )
    best: Whole | None = Field(None, description="The best ones instead: how many, beside each other.")
    category: Short | None = None
    strict: Flag = False

    model_config = like({"starts_at": "2030-12-01T19:00"}, {"party": 3})


class Confirm(Body):
    otp: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])

    model_config = like({"otp": "123456"}, {})


class Came(Body):
    offering: Whole | None = Field(None, description="To what: what is for another offering is refused.")

    model_config = like({}, {"offering": 1})


class Cancel(Body):
    reason: Text | None = None

    model_config = like({}, {"reason": "The hall is closed."})


class ReleaseHolds(Body):
    user_id: Whole
    offering_id: Whole | None = Field(None, description="Left out, wherever they are.")
    reason: Text | None = Field(None, description="The person reads it in the mail.")

    model_config = like({"user_id": 3})
