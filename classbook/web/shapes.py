"""The shapes of answers for the documentation, read off `classbook.values` so that the two cannot differ."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, create_model

from classbook import values


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
    access: str
    refresh: str


@cache
def shape(value: type) -> type[BaseModel]:
    """What ``plain`` makes of a dataclass of `classbook.values`, as a model."""
    hints = get_type_hints(value)
    return _model(
        value.__name__, **{values.shown_name(field.name): _plain(hints[field.name]) for field in fields(value)}
    )


@cache
def page(value: type) -> type[BaseModel]:
    """A page of something that grows."""
    return _model(f"{value.__name__}Page", results=_many(shape(value)), next=str | None)


@cache
def numbered(value: type) -> type[BaseModel]:
    """A numbered page, with the addresses of its neighbours."""
    return _model(f"{value.__name__}List", count=int, next=str | None, previous=str | None, results=_many(shape(value)))


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


def _model(title: str, /, **types: Any) -> type[BaseModel]:
    """A model whose fields are all there, always."""
    required: dict[str, Any] = {field: (hint, ...) for field, hint in types.items()}
    return create_model(title, **required)
