"""What may be sent: one model per body. Unknown fields are refused; what a value means is decided in the core."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

Whole = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
"""A whole number that the database can hold."""
Text = Annotated[str, Field(strict=True)]
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


class Empty(Body):
    pass


class ReserveSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    party: Whole = 1

    model_config = ConfigDict(json_schema_extra={"examples": [{"class_id": 1}, {"class_id": 1, "party": 2}]})


class ConfirmSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    otp: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])


class CancelSeat(Body):
    class_id: Whole
    user_id: Whole | None = None
    reason: Text | None = None


class Confirm(Body):
    otp: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])


class Cancel(Body):
    reason: Text | None = None


class Policy(Body):
    """How a class may be booked; what is left out is the default."""

    hold_seconds: Whole | None = None
    notice_seconds: Whole | None = None
    confirm: Text | None = None
    max_per_person: Whole | None = None
    party_max: Whole | None = None
    cancel_until_seconds: Whole | None = None


_WHEN: Final = "ISO 8601; without an offset it is local time in `timezone`."


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


class ChangedClass(Body):
    """The fields that are sent are changed, the others are kept.

    The other fields of an answer may be sent back with it, unchanged.
    """

    title: Text | None = None
    seats: Whole | None = None
    starts_at: Text | None = Field(None, description=_WHEN)
    ends_at: Text | None = Field(None, description=_WHEN)
    type: Text | None = None
    description: Text | None = None
    timezone: Text | None = None
    policy: dict[str, Any] | None = None
    price: Amount | None = Field(None, description="What one place costs; null is free.")

    id: Any = None
    kind: Any = None
    capacity: Any = None
    creator: Any = None
    venue: Any = None
    status: Any = None
    reserved: Any = None
    available: Any = None
    version: Any = None


WRITABLE: Final = frozenset(NewClass.model_fields)
FIXED: Final = frozenset(("id", "kind", "capacity", "creator", "venue"))
"""Read-only fields that stay what they are, so that a different value is a mistake. The other read-only ones move by
themselves (places are taken, time passes): what a client read a moment ago is no mistake."""


class Period(Body):
    """Which classes count: those that start within."""

    starts_from: Text | None = Field(None, alias="from", description="They start then or later.")
    starts_to: Text | None = Field(None, alias="to", description="And before; a whole day is included.")


class Signup(Body):
    email: Short
    password: Short
    name: Short


class Verify(Body):
    email: Short
    code: Short


class Login(Body):
    email: Short
    password: Short


class Refresh(Body):
    refresh: Text


ClassStatus = Literal["upcoming", "ongoing", "completed", "cancelled"]
State = Literal["queued", "held", "confirmed", "completed", "cancelled", "expired"]
