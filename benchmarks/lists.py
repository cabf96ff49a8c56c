"""A page of a list costs the same, however much there is: out of very many reservations and out of few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benchmarks import stage
from benchmarks.archive import IN_A_CLASS
from benchmarks.sides import Act, Cost, compare
from classbook.app import App
from classbook.core import catalog, reservations
from classbook.core.pages import cursor_for
from classbook.values import Actor

PAGE: Final = 50
_PAGES: Final = 20
"""Of each sort, in one turn: one alone is too quick to be told from noise."""
_CONSOLE: Final = Actor(request_id="benchmark")


@dataclass(frozen=True, slots=True)
class Lists:
    """Each a turn of pages out of many reservations, over the same out of few."""

    newest: Cost
    deep: Cost
    """From the middle of all of them."""
    of_person: Cost
    of_class: Cost
    in_state: Cost
    """Of a state that none of them is in."""
    of_day: Cost
    """Of a day from now on, everybody's."""
    classes: Cost
    """A page of classes, with how many places are left in each."""


def measure(many: str, few: str, *, sizes: tuple[int, int], turns: int) -> Lists:
    """Compare two filled databases, of ``sizes`` reservations each."""
    with stage.opened(many) as ours, stage.opened(few) as theirs:
        apps = ((ours, sizes[0]), (theirs, sizes[1]))

        def cost(pages: Callable[[App, int, int], object]) -> Cost:
            """``pages`` reads the page of a number, of a house of that size."""
            sides = [_side(pages, app, size) for app, size in apps]
            return compare(*sides, turns=turns)

        return Lists(
            newest=cost(lambda app, size, n: _listing(app)),
            deep=cost(lambda app, size, n: _listing(app, cursor=cursor_for(size // 2 + n))),
            of_person=cost(lambda app, size, n: _listing(app, person=1 + n)),
            of_class=cost(lambda app, size, n: _listing(app, offering_id=1 + n % max(1, size // IN_A_CLASS))),
            in_state=cost(lambda app, size, n: _listing(app, state="expired")),
            of_day=cost(_of_day),
            classes=cost(lambda app, size, n: catalog.listing(app, "class", limit=PAGE)),
        )


def _listing(app: App, **wanted: object) -> object:
    return reservations.listing(app, _CONSOLE, limit=PAGE, **wanted)  # type: ignore[arg-type]


def _of_day(app: App, _size: int, n: int) -> object:
    start = app.clock.now() + timedelta(minutes=n)
    return reservations.agenda(app, _CONSOLE, starts_from=start, starts_to=start + timedelta(days=1), limit=PAGE)


def _side(pages: Callable[[App, int, int], object], app: App, size: int) -> Callable[[int], Act]:
    def turn(_number: int) -> Act:
        return lambda: [pages(app, size, n) for n in range(_PAGES)]

    return turn
