"""Everything of one sort, to be written into a file: row after row, with never more than a page of them in memory.

Each page is read in a short transaction of its own, so that an export of any length holds nobody up; every row is as it
was when its page was read. What somebody may not see in a list is not in their export either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from classbook.app import App
from classbook.core import catalog, people, reservations, wallet
from classbook.core.actors import look_up
from classbook.core.pages import MOST_PER_PAGE
from classbook.errors import Invalid
from classbook.rules.kinds import KINDS
from classbook.store import flat
from classbook.values import Actor, Offering, Page, Person, Reservation, Transfer

T = TypeVar("T")

ROWS_AT_ONCE: Final = 2000
"""Of a table: a transaction of some hundredths of a second."""


def rows(app: App, actor: Actor, sort: str) -> Iterator[Any]:
    """The values of a sort, one after the other. Raises Invalid for a sort there is not, NotYours on the first row."""
    if sort not in SORTS:
        raise Invalid(f"There are no {sort!r} to export.", hint=f"One of: {', '.join(SORTS)}.")
    return SORTS[sort](app, actor)


def reservation_lines(app: App, actor: Actor, *, quoted: Callable[[str], str]) -> Iterator[list[str]]:
    """The reservations that `rows` gives, as lines of CSV without the names of the columns, a page at a time.

    ``quoted`` makes a cell of what people wrote.
    """

    lines = flat.Lines(quoted)
    before_id: int | None = 2**63 - 1
    while before_id is not None:
        with app.store.read() as tx:
            who = look_up(tx, actor)
            mine = None if who.is_admin else who.id
            found, before_id = lines.page(tx, person_id=mine, before_id=before_id, limit=ROWS_AT_ONCE)
        yield found


def paged(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """All rows of a list, page after page."""
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.results
        cursor = found.next
        if cursor is None:
            return


def _reservations(app: App, actor: Actor) -> Iterator[Reservation]:
    return paged(lambda cursor: reservations.listing(app, actor, limit=MOST_PER_PAGE, cursor=cursor))


def _transfers(app: App, actor: Actor) -> Iterator[Transfer]:
    return paged(lambda cursor: wallet.transactions(app, actor, limit=MOST_PER_PAGE, cursor=cursor))


def _people(app: App, actor: Actor) -> Iterator[Person]:
    return paged(lambda cursor: people.listing(app, actor, limit=MOST_PER_PAGE, cursor=cursor))


def _offerings(app: App, actor: Actor) -> Iterator[Offering]:
    for kind in KINDS:
        yield from _of_kind(app, kind)


def _of_kind(app: App, kind: str) -> Iterator[Offering]:
    return paged(lambda cursor: catalog.listing(app, kind, limit=MOST_PER_PAGE, cursor=cursor))


SORTS: Final[Mapping[str, Callable[[App, Actor], Iterator[Any]]]] = {
    "reservations": _reservations,
    "transfers": _transfers,
    "people": _people,
    "offerings": _offerings,
}
"""What can be exported."""
