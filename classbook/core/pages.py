"""Cursors: an opaque word that says where the next page begins."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from classbook.errors import Invalid
from classbook.store.database import MOST_ID
from classbook.values import Page

T = TypeVar("T")

MOST_PER_PAGE: Final = 200


def at_most(limit: int) -> int:
    """A page's size, within bounds. Raises Invalid."""
    if not 1 <= limit <= MOST_PER_PAGE:
        raise Invalid(f"A page has 1 to {MOST_PER_PAGE} entries, not {limit}.")
    return limit


def page_of(found: Sequence[T], limit: int, key: Callable[[T], object]) -> Page[T]:
    """A page of ``limit`` out of what was found, where one more than ``limit`` was looked for."""
    results = tuple(found[:limit])
    return Page(results, cursor_for(key(results[-1])) if len(found) > limit else None)


def page_through(
    contents: Callable[[int], Sequence[T]],
    *,
    of: int | None,
    following: Callable[[int], int | None],
    limit: int,
    cursor: str | None,
) -> Page[T]:
    """A page of what one thing contains, or all of them do, one after the other by their ids.

    ``following`` finds the first id from one on. A page ends where a thing ends, and so needs no more queries than one
    thing does. Raises Invalid for a cursor that is not ours, and whatever ``contents`` raises.
    """
    begins_with, begin = numbers_in(cursor, 2) if cursor else (of or 0, 0)
    here = following(begins_with) if of is None else of
    if here is None:
        return Page((), None)
    found, start = contents(here), max(0, begin) if here == begins_with else 0
    end = start + at_most(limit)
    after: tuple[int, int] | None = (here, end) if end < len(found) else None
    if after is None and of is None and (later := following(here + 1)) is not None:
        after = (later, 0)
    return Page(tuple(found[start:end]), cursor_for("{},{}".format(*after)) if after else None)


def cursor_for(key: object) -> str:
    return urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def numbers_in(cursor: str, count: int) -> list[int]:
    """The ``count`` whole numbers a cursor was made of. Raises Invalid for a cursor that is not ours."""
    try:
        numbers = [int(part) for part in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or any(abs(number) > MOST_ID for number in numbers):
        raise Invalid(f"{cursor!r} is not a cursor.", hint="Take it from `next` of the page before, unchanged.")
    return numbers


def before_cursor(cursor: str | None) -> int:
    """The id before which the page of a list begins whose newest rows come first. Raises Invalid."""
    return numbers_in(cursor, 1)[0] if cursor else MOST_ID


def id_cursor(cursor: str | None) -> int:
    """The id after which the page begins; 0 without a cursor. Raises Invalid."""
    return numbers_in(cursor, 1)[0] if cursor else 0
