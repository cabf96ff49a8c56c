"""What there is to book, of every kind, as people look through it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.core import catalog
from classbook.core.pages import at_most
from classbook.errors import Invalid, NotFound
from classbook.rules.kinds import kind_named
from classbook.store import catalog as offerings
from classbook.store import showcase as store
from classbook.values import Numbered, Offering

MOST_TYPES: Final = 100
LAST_PAGE: Final = 10_000


def listing(
    app: App,
    *,
    kind: str | None = None,
    start_date: date | None = None,
    type: str | None = None,
    text: str | None = None,
    page: int = 1,
    page_size: int = 20,
) -> Numbered[Offering]:
    """What is still to come, by start, then what is open at any time; a numbered page, and how many there are in all.

    ``start_date`` is a date in each offering's own zone, ``text`` stands somewhere in title or description. Raises
    NotFound for a kind there is not, Invalid for a page there cannot be.
    """
    if not 1 <= page <= LAST_PAGE:
        raise Invalid(f"Pages are numbered from 1 to {LAST_PAGE:,}, not {page}.")
    if kind is not None:
        kind_named(kind)
    with app.store.read() as tx:
        starts = None
        if start_date is not None:
            starts = {zone: datetime.combine(start_date, time(), ZoneInfo(zone)) for zone in store.zones(tx)}
        wish = store.Wish(kind, starts, type, text)
        found = store.page(tx, wish, limit=at_most(page_size), offset=(page - 1) * page_size)
        return Numbered(tuple(catalog.views(app, tx, found)), store.count(tx, wish), page, page_size)


def types(app: App) -> list[str]:
    """The types of what is still to come, by name."""
    with app.store.read() as tx:
        return store.types(tx, most=MOST_TYPES)


def show(app: App, offering_id: int) -> Offering:
    """One offering of whatever kind. Raises NotFound."""
    with app.store.read() as tx:
        found = offerings.any_by_id(tx, offering_id)
        if found is None:
            raise NotFound("There is nothing to book at this address.", hint="The list shows what there is.")
        return catalog.view(app, tx, found)
