"""What bodies are made of: numbers, texts, amounts, and the words that describe them."""

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
TimedStatus = Literal["upcoming", "ongoing", "completed", "cancelled"]
OpenStatus = Literal["open", "cancelled"]
State = Literal["queued", "held", "confirmed", "completed", "cancelled", "expired"]

WHEN: Final = "ISO 8601; without an offset it is local time in `timezone`."
WHEN_THERE: Final = "ISO 8601; without an offset it is local time there."
VOUCHER: Final = "The code of a voucher that takes something off the price."
QUEUE: Final = "Whether to wait in line where nothing is free; left out, the policy decides."


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def like(*examples: dict[str, Any]) -> ConfigDict:
    """What such a body looks like, for the documentation."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class Empty(Body):
    model_config = like({})
