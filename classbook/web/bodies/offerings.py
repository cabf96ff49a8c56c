"""To offer something, with its terms, and to change it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from classbook.web.bodies.parts import WHEN, WHEN_THERE, Amount, Body, Flag, Short, Text, Whole, like


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
    starts_at: Text = Field(description=WHEN, examples=["2030-12-01T18:00"])
    ends_at: Text = Field(description=WHEN, examples=["2030-12-01T19:00"])
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
    start_time: Text = Field(description=WHEN, examples=["2030-12-01T18:00"])
    end_time: Text = Field(description=WHEN, examples=["2030-12-01T19:00"])
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
    starts_at: Text = Field(description=WHEN_THERE, examples=["2030-12-01T18:00"])
    ends_at: Text = Field(description=WHEN_THERE, examples=["2030-12-01T20:00"])
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
    starts_at: Text | None = Field(None, description=WHEN)
    ends_at: Text | None = Field(None, description=WHEN)
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
    start_time: Text | None = Field(None, description=WHEN)
    end_time: Text | None = Field(None, description=WHEN)
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
    starts_at: Text | None = Field(None, description=WHEN_THERE)
    ends_at: Text | None = Field(None, description=WHEN_THERE)
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
