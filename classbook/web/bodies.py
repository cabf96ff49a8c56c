"""What may be sent: one model per body. Unknown fields are refused; what a value means is decided in the core."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

Whole = Annotated[
    int, Field(strict=True, ge=-(2**63), le=2**63 - 1), WithJsonSchema({"type": "integer", "format": "int64"})
]
"""A whole number that the database can hold."""
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Short = Annotated[str, Field(strict=True, max_length=256)]


def _amount_as_written(given: Any) -> str:
    """An amount as people write it, also where it came as a number or as answers show it; the core reads it."""
    match given:
        case str():
            return given
        case int() | float() if not isinstance(given, bool):
            return str(given)
        case {"amount": str(amount), "currency": str(currency), **rest} if not rest:
            return f"{amount} {currency}"
        case _:
            raise PydanticCustomError("amount_type", 'must be an amount of money, like "12.50"')


_SUM: Final = {"type": "object", "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}}}
Amount = Annotated[
    str,
    BeforeValidator(_amount_as_written),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, _SUM], "examples": ["12.50", "12.50 EUR"]}),
]
"""Money: ``"12.50"``, ``"12.50 EUR"``, a number, or the object that answers have."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def like(*examples: dict[str, Any]) -> ConfigDict:
    """What such a body looks like, for the documentation."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class Empty(Body):
    model_config = like({})


_WHEN: Final = "ISO 8601; without an offset it is local time in `timezone`."
_WHEN_THERE: Final = "ISO 8601; without an offset it is local time there."
_VOUCHER: Final = "The code of a voucher that takes something off the price."
_QUEUE: Final = "Whether to wait in line where nothing is free; left out, the policy decides."


class ReserveSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    party: Whole = 1
    queue: Flag | None = Field(None, description=_QUEUE)
    voucher: Short | None = Field(None, description=_VOUCHER)

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
    queue: Flag | None = Field(None, description=_QUEUE)
    voucher: Short | None = Field(None, description=_VOUCHER)

    model_config = like({}, {"party": 2, "queue": True})


class NewBooking(Body):
    resource: Whole
    user: Whole | None = None
    start_time: Text = Field(description=_WHEN_THERE)
    end_time: Text = Field(description=_WHEN_THERE)
    party: Whole = Field(1, description="How many units.")
    queue: Flag | None = Field(None, description=_QUEUE)
    voucher: Short | None = Field(None, description=_VOUCHER)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"resource": 5, "start_time": "2030-12-02T10:00:00Z", "end_time": "2030-12-02T12:00:00Z"}]
        }
    )


class NewAppointment(Body):
    provider_id: Whole
    start: Text = Field(description=_WHEN_THERE)
    user_id: Whole | None = None
    queue: Flag | None = Field(None, description=_QUEUE)
    voucher: Short | None = Field(None, description=_VOUCHER)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"provider_id": 4, "start": "2030-12-03T09:15:00+01:00"}]}
    )


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

    starts_at: Text | None = Field(None, description=_WHEN_THERE)
    ends_at: Text | None = Field(None, description="Left out, the length stays. " + _WHEN_THERE)
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


class Policy(Body):
    """The terms of booking; what is left out is the default of the kind. Durations are seconds."""

    confirm: Text | None = None
    hold_seconds: Whole | None = None
    offer_seconds: Whole | None = None
    notice_seconds: Whole | None = None
    horizon_seconds: Whole | None = None
    party_max: Whole | None = None
    max_per_person: Whole | None = None
    per_day: Whole | None = None
    on_second: Text | None = None
    open_holds: Whole | None = None
    pause_after_lapses: Whole | None = None
    cancel_until_seconds: Whole | None = None
    refund_full_seconds: Whole | None = None
    refund_share_percent: Whole | None = None
    refund_share_seconds: Whole | None = None
    queues: Flag | None = None
    slot_seconds: Whole | None = None
    grid_seconds: Whole | None = None
    min_seconds: Whole | None = None
    max_seconds: Whole | None = None
    before_seconds: Whole | None = None
    after_seconds: Whole | None = None
    check_in: Flag | None = None
    check_in_from_seconds: Whole | None = None
    grace_seconds: Whole | None = None


class Repeat(Body):
    """Offer it again at the same local time. Dates on which that cannot be are skipped, and the answer says why."""

    every: Text = Field(description="`daily` or `weekly`.", examples=["weekly"])
    count: Whole | None = Field(None, description="How many in all, up to 366.", examples=[10])
    until: Text | None = Field(None, description="Instead of `count`: the last date that counts.")


class NewClass(Body):
    title: Text
    seats: Whole
    starts_at: Text = Field(description=_WHEN, examples=["2030-12-01T18:00"])
    ends_at: Text = Field(description=_WHEN, examples=["2030-12-01T19:00"])
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: Policy | None = None
    price: Amount | None = None
    room: Whole | None = Field(None, description="A resource that it takes for its time.")
    provider: Whole | None = Field(None, description="A provider who is taken for its time.")
    repeat: Repeat | None = None

    model_config = like(
        {"title": "Evening yoga", "seats": 12, "starts_at": "2030-12-01T18:00", "ends_at": "2030-12-01T19:00"}
    )


class NewEvent(Body):
    title: Text
    description: Text | None = None
    start_time: Text = Field(description=_WHEN, examples=["2030-12-01T18:00"])
    end_time: Text = Field(description=_WHEN, examples=["2030-12-01T19:00"])
    capacity: Whole
    type: Text | None = None
    timezone: Text | None = None
    policy: Policy | None = None
    price: Amount | None = None
    room: Whole | None = Field(None, description="A resource that it takes for its time.")
    provider: Whole | None = Field(None, description="A provider who is taken for its time.")
    repeat: Repeat | None = None

    model_config = like(
        {"title": "Open day", "capacity": 50, "start_time": "2030-12-01T18:00", "end_time": "2030-12-01T19:00"}
    )


class NewMatch(Body):
    title: Text = Field(examples=["Lions - Bears"])
    venue_id: Whole
    starts_at: Text = Field(description=_WHEN_THERE, examples=["2030-12-01T18:00"])
    ends_at: Text = Field(description=_WHEN_THERE, examples=["2030-12-01T20:00"])
    prices: dict[str, Text] | None = Field(
        None, description="Of a seat, by stand or by price category.", examples=[{"A": "25.00", "B": "12.50"}]
    )
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = Field(None, description="Left out, that of the stadium.")
    policy: Policy | None = None
    repeat: Repeat | None = None

    model_config = like(
        {
            "title": "Lions - Bears",
            "venue_id": 1,
            "starts_at": "2030-12-01T18:00",
            "ends_at": "2030-12-01T20:00",
            "prices": {"A": "25.00"},
        }
    )


class ReserveSeats(Body):
    """Seats by their labels, or the best ones beside each other."""

    seats: list[Short] = Field(default_factory=list, min_length=1, max_length=1000, examples=[["A-3-12", "A-3-13"]])
    best: Whole | None = Field(None, description="How many, beside each other.")
    category: Short | None = Field(None, description="With `best`: of this price category, or of this stand.")
    strict: Flag = Field(False, description="With `best`: rather none than leave a single seat behind.")
    user_id: Whole | None = None
    queue: Flag | None = Field(None, description=_QUEUE)
    voucher: Short | None = Field(None, description=_VOUCHER)

    model_config = like({"seats": ["A-3-12", "A-3-13"]}, {"best": 3})


class ReserveTicket(Body):
    voucher: Short | None = Field(None, description=_VOUCHER)

    model_config = like({})


class NewVoucher(Body):
    """Takes off either an amount or a percentage."""

    code: Short = Field(description="3 to 40 letters, digits, - and _; large and small ones are the same.")
    amount: Amount | None = None
    percent: Whole | None = None
    uses: Whole | None = Field(None, description="How many reservations may be made with it; left out, any number.")
    per_person: Whole | None = Field(None, description="How many of these by one person.")
    valid_from: Text | None = Field(None, alias="from", description="ISO 8601, with an offset or in the house's zone.")
    valid_until: Text | None = Field(None, alias="until", description="The same; from then on it is no longer good.")
    offering: Whole | None = Field(None, description="The only offering it is for; an organizer names one.")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "SPRING-26", "percent": 20, "uses": 100, "per_person": 1}]}
    )


class SeatLabels(Body):
    seats: list[Short] = Field(min_length=1, max_length=1000, examples=[["A-3-12", "A-3-13"]])


class NewPrices(Body):
    match: Whole
    prices: dict[str, Text] = Field(examples=[{"A": "25.00", "B": "12.50"}])

    model_config = like({"match": 3, "prices": {"A": "25.00", "B": "12.50"}})


class SeatPlan(Body):
    """A seat plan as in TOML: stands with `name`, `rows` and `seats`, or with a `row` for each row."""

    stand: list[dict[str, Any]] = Field(examples=[[{"name": "A", "rows": 30, "seats": 40, "focus": [20, 0]}]])


class NewSeats(SeatPlan):
    venue: Whole

    model_config = like({"venue": 1, "stand": [{"name": "A", "rows": 30, "seats": 40}]})


class NewVenue(Body):
    name: Text
    timezone: Text | None = None
    stand: list[dict[str, Any]] = Field(
        default_factory=list, examples=[[{"name": "A", "rows": 30, "seats": 40, "focus": [20, 0]}]]
    )

    model_config = like(
        {"name": "Riverside", "timezone": "Europe/Lisbon", "stand": [{"name": "A", "rows": 30, "seats": 40}]}
    )


class NewResource(Body):
    name: Text = Field(examples=["Conference Room A"])
    max_slots: Whole = Field(description="How many bookings it takes at one time.", examples=[4])
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: Policy | None = None


class NewProvider(Body):
    email: Short = Field(examples=["cleo@example.org"])
    name: Short | None = Field(None, description="Needed for somebody who is not known yet.")
    timezone: Text | None = None
    policy: Policy | None = None


class NewClient(Body):
    email: Short = Field(examples=["ana@example.org"])
    name: Short
    timezone: Text | None = None
    phone: Text | None = None

    model_config = like({"email": "ana@example.org", "name": "Ana Lopes"})


class _ReadBack(Body):
    """The fields that are sent are changed, the others are kept.

    The other fields of an answer may be sent back with it, unchanged.
    """

    id: Any = None
    kind: Any = None
    price: Any = None
    creator: Any = None
    venue: Any = None
    status: Any = None
    reserved: Any = None
    available: Any = None
    version: Any = None


class ChangedClass(_ReadBack):
    title: Text | None = None
    seats: Whole | None = None
    starts_at: Text | None = Field(None, description=_WHEN)
    ends_at: Text | None = Field(None, description=_WHEN)
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None
    price: Amount | None = Field(None, description="What one place costs; null is free.")

    capacity: Any = None

    model_config = like({"title": "Yoga by candlelight"}, {"seats": 14, "price": "12.50"})


class ChangedEvent(_ReadBack):
    title: Text | None = None
    description: Text | None = None
    start_time: Text | None = Field(None, description=_WHEN)
    end_time: Text | None = Field(None, description=_WHEN)
    capacity: Whole | None = None
    type: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None
    price: Amount | None = Field(None, description="What one place costs; null is free.")

    starts_at: Any = None
    ends_at: Any = None
    reserved_slots: Any = None
    available_slots: Any = None

    model_config = like({"capacity": 60})


class ChangedMatch(_ReadBack):
    title: Text | None = None
    starts_at: Text | None = Field(None, description=_WHEN_THERE)
    ends_at: Text | None = Field(None, description=_WHEN_THERE)
    prices: dict[str, Text] | None = None
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None

    venue_id: Any = None
    capacity: Any = None

    model_config = like({"starts_at": "2030-12-01T19:00", "ends_at": "2030-12-01T21:00"})


class ChangedResource(_ReadBack):
    name: Text | None = None
    max_slots: Whole | None = None
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None

    title: Any = None
    starts_at: Any = None
    ends_at: Any = None
    capacity: Any = None

    model_config = like({"max_slots": 3})


class ChangedProvider(_ReadBack):
    title: Text | None = None
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None

    starts_at: Any = None
    ends_at: Any = None
    capacity: Any = None
    provider: Any = None
    slot: Any = None

    model_config = like({"policy": {"slot_seconds": 1800}})


class WeeklyHours(Body):
    days: list[Text] = Field(examples=[["mon", "wed"]])
    hours: list[Text] = Field(examples=[["08:00-11:00", "12:00-15:00"]])


class HoursOnDate(Body):
    date: Text = Field(examples=["2030-12-04"])
    hours: list[Text] = Field(examples=[["08:00-11:00", "12:00-15:00"]])


class OpeningHours(Body):
    """Several rules at once. Weekly hours replace those of the same days, hours of a date those of that date."""

    weekly: list[WeeklyHours] = Field(default_factory=list)
    dates: list[HoursOnDate] = Field(default_factory=list)
    closed: list[Text] = Field(default_factory=list, examples=[["2030-12-24..2030-12-26"]])

    offering_id: Any = None
    timezone: Any = None

    model_config = like(
        {
            "weekly": [{"days": ["mon", "wed"], "hours": ["08:00-11:00", "12:00-15:00"]}],
            "closed": ["2030-12-24..2030-12-26"],
        }
    )


class Period(Body):
    """Which classes count: those that start within."""

    starts_from: Text | None = Field(None, alias="from", description="They start then or later.")
    starts_to: Text | None = Field(None, alias="to", description="And before; a whole day is included.")

    model_config = like({"from": "2030-12-01", "to": "2030-12-31"}, {})


class Signup(Body):
    email: Short
    password: Short
    name: Short

    model_config = like({"email": "ana@example.org", "password": "four words of mine", "name": "Ana Lopes"})


class Verify(Body):
    email: Short
    code: Short = Field(description="The six digits of the mail.", examples=["123456"])
    password: Short | None = Field(None, description="If it is sent, it must be the one of that sign-up.")

    model_config = like({"email": "ana@example.org", "code": "123456"})


class Login(Body):
    email: Short
    password: Short

    model_config = like({"email": "ana@example.org", "password": "four words of mine"})


class Refresh(Body):
    refresh: Text

    model_config = like({"refresh": "the refresh token of the login"})


class Logout(Body):
    refresh: Text | None = Field(None, description="Left out, the login of the access token ends.")

    model_config = like({})


class Password(Body):
    """One of three: ``current_password`` and ``new_password`` with a login; ``email`` to ask for a code; ``email``,
    ``code`` and ``new_password`` to use it."""

    current_password: Short | None = None
    new_password: Short | None = None
    email: Short | None = None
    code: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"current_password": "what it was", "new_password": "four words of mine"},
                {"email": "ana@example.org"},
                {"email": "ana@example.org", "code": "123456", "new_password": "four words of mine"},
            ]
        }
    )


TimedStatus = Literal["upcoming", "ongoing", "completed", "cancelled"]
OpenStatus = Literal["open", "cancelled"]
State = Literal["queued", "held", "confirmed", "completed", "cancelled", "expired"]
