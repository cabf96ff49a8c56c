"""The tables as they are, for administrators: searched, page by page, and never written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from classbook.app import App
from classbook.core.actors import require_admin
from classbook.core.pages import at_most, cursor_for, numbers_in
from classbook.errors import NotFound
from classbook.store import browse as store
from classbook.values import Actor

Row = dict[str, Any]

_LINKS: Final = {
    "person_id": "people",
    "actor_id": "people",
    "creator_id": "people",
    "offering_id": "offerings",
    "reservation_id": "reservations",
    "pool_id": "pools",
    "pitch_pool_id": "pools",
    "venue_id": "venues",
    "voucher_id": "vouchers",
    "from_id": "wallets",
    "to_id": "wallets",
    "first_id": "transfers",
}
"""Which table's row a column names."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a list of them tells it. ``searched`` are the columns whose text is searched."""

    name: str
    title: str
    about: str
    columns: tuple[str, ...]
    searched: tuple[str, ...]
    key: tuple[str, ...]
    links: dict[str, str]


@dataclass(frozen=True, slots=True)
class TablePage:
    """Rows by column, each with the key that names it (None where rows have none)."""

    rows: tuple[tuple[str | None, Row], ...]
    next: str | None


def every(app: App, actor: Actor) -> list[Table]:
    """All tables. Raises NotYours."""
    with app.store.read() as tx:
        require_admin(tx, actor)
    return [_view(shown) for shown in store.SHOWN.values()]


def page(
    app: App, actor: Actor, name: str, *, text: str = "", limit: int = 50, cursor: str | None = None
) -> tuple[Table, TablePage]:
    """A page of a table, the newest rows first. Raises NotYours, NotFound, Invalid."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        shown = _known(name)
        numbers = numbers_in(cursor, len(shown.key) or 1) if cursor else None
        offset = 0 if shown.key or numbers is None else max(0, numbers[0])
        found = store.page(
            tx, shown, text=text.strip(), after=numbers if shown.key else None, offset=offset, limit=at_most(limit) + 1
        )
    rows = tuple((_key(shown, row), row) for row in found[:limit])
    last = None
    if len(found) > limit:
        last = cursor_for(",".join(str(found[limit - 1][name]) for name in shown.key) if shown.key else offset + limit)
    return _view(shown), TablePage(rows, last)


def row(app: App, actor: Actor, name: str, key: str) -> tuple[Table, Row]:
    """One row of a table. Raises NotYours, NotFound."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        shown = _known(name)
        numbers = [int(part) for part in key.split(".") if part.isascii() and part.isdigit() and len(part) < 19]
        found = store.one(tx, shown, numbers) if shown.key and len(numbers) == len(shown.key) else None
        if found is None:
            raise NotFound(f"There is no row {key} in {shown.title}.")
        return _view(shown), found


def _known(name: str) -> store.Shown:
    shown = store.SHOWN.get(name)
    if shown is None:
        raise NotFound(f"There is no table {name}.")
    return shown


def _key(shown: store.Shown, row: Row) -> str | None:
    return ".".join(str(row[name]) for name in shown.key) or None


def _view(shown: store.Shown) -> Table:
    links = {name: table for name, table in _LINKS.items() if name in shown.names}
    return Table(shown.name, shown.title, shown.about, shown.names, shown.texts, shown.key, links)
