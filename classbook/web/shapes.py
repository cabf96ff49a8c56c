"""The shapes of answers for the documentation, read off `classbook.values` so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model

from classbook import values
from classbook.rules.policy import Policy
from classbook.web.guide import FIELDS, FIELDS_OF, TERMS, field_said


class Money(BaseModel):
    amount: str
    currency: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `hint` says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str | None
    request_id: str


class TokenPair(BaseModel):
    access: str = Field(description=FIELDS["access"])
    refresh: str = Field(description=FIELDS["refresh"])


@cache
def shape(value: type) -> type[BaseModel]:
    """What ``plain`` makes of a dataclass of `classbook.values`, as a model."""
    hints = get_type_hints(value) | ({"policy": terms()} if issubclass(value, values.Offering) else {})
    return _model(
        value.__name__,
        {name: field_said(value, name) for name in map(values.shown_name, hints)},
        **{values.shown_name(field.name): _plain(hints[field.name]) for field in fields(value)},
    )


@cache
def terms() -> type[BaseModel]:
    """The terms of an offering, all of them."""
    return _model("Terms", TERMS, **get_type_hints(Policy))


@cache
def page(value: type) -> type[BaseModel]:
    """A page of something that grows."""
    return _model(f"{value.__name__}Page", FIELDS, results=_many(shape(value)), next=str | None)


@cache
def numbered(value: type) -> type[BaseModel]:
    """A numbered page, with the addresses of its neighbours."""
    said = FIELDS | {"next": FIELDS_OF["Numbered", "next"]}
    results = _many(shape(value))
    return _model(f"{value.__name__}List", said, count=int, next=str | None, previous=str | None, results=results)


@cache
def with_message(value: type) -> type[BaseModel]:
    """The shape of ``value`` and a message for people."""
    more: dict[str, Any] = {"message": (str, ...)}
    return create_model(f"Told{value.__name__}", __base__=shape(value), **more)


def _plain(hint: Any) -> Any:
    if hint is values.Money:
        return Money
    if isinstance(hint, type) and is_dataclass(hint):
        return shape(hint)
    parts = [_plain(part) for part in get_args(hint) if part is not Ellipsis]
    origin = get_origin(hint)
    if origin is UnionType:
        return reduce(or_, parts)
    return _many(parts[0]) if origin is tuple else hint


def _many(one: Any) -> Any:
    return list[one]


def _model(title: str, said: Mapping[str, str | None], /, **types: Any) -> type[BaseModel]:
    """A model whose fields are all there, always, with what is said of them."""
    required: dict[str, Any] = {name: (hint, Field(description=said.get(name))) for name, hint in types.items()}
    return create_model(title, **required)
