"""/admin/: every table as it is, and the core's own verbs as buttons. Nothing here writes past the core."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from classbook.core import catalog, holds, matches, outbox, showcase, tables
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm
from classbook.core.tables import Row, Table
from classbook.errors import ClassbookError, NotFound
from classbook.rules.codes import reservation_code
from classbook.rules.states import CONFIRMED, HELD, LIVE
from classbook.web.pages.browser import Browser, OwnBrowser

acting = APIRouter(include_in_schema=False)
looking = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 50
LONG_TEXT: Final = 40
LONGEST_IN_LIST: Final = 200
T = TypeVar("T")
Act = Callable[[Browser, int, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be done with a row. ``asks`` is the label of the words that go with it."""

    name: str
    title: str
    act: Act
    fits: Callable[[Row], bool]
    asks: str = ""
    must_say: bool = False
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    link: str | None
    is_long: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    cells: tuple[Cell, ...]


@looking.get("/admin/")
def front(browser: OwnBrowser) -> Response:
    """All tables."""
    return browser.page("admin", tables=tables.every(browser.app, browser.actor))


@looking.get("/admin/{table}/")
def listing(table: str, browser: OwnBrowser) -> Response:
    """A table, searched and page by page."""
    text, cursor = browser.query.get("q", "")[:100], browser.query.get("cursor")
    about, found = tables.page(browser.app, browser.actor, table, text=text, limit=PAGE_SIZE, cursor=cursor)
    more = {"q": text, "cursor": found.next} if text else {"cursor": found.next}
    return browser.page(
        "admin_table",
        table=about,
        q=text,
        rows=[ShownRow(tuple(_cells(about, key, row))) for key, row in found.rows],
        has_cursor=cursor is not None,
        next_address=urlencode(more) if found.next else None,
    )


@looking.get("/admin/{table}/{key}/")
def one(table: str, key: str, browser: OwnBrowser) -> Response:
    """A row, and what can be done with it."""
    return _row_page(browser, table, key, news="It is done." if "done" in browser.query else None)


@acting.post("/admin/{table}/{key}/{verb}/")
async def act(table: str, key: str, verb: str, browser: OwnBrowser) -> Response:
    """Do one of the core's verbs with a row."""
    about, row = await _in_thread(lambda: tables.row(browser.app, browser.actor, table, key))
    found = next((one for one in _VERBS.get(about.name, ()) if one.name == verb and one.fits(row)), None)
    if found is None:
        raise NotFound("That cannot be done with this.", hint="Load the page again: it may have changed.")
    try:
        await found.act(browser, row["id"], browser.field("words"))
    except ClassbookError as error:
        refused = error
        return await _in_thread(lambda: _row_page(browser, table, key, alert=refused))
    return browser.go(f"admin/{about.name}/{key}/?done=1")


def _row_page(
    browser: Browser, table: str, key: str, *, news: str | None = None, alert: ClassbookError | None = None
) -> Response:
    about, row = tables.row(browser.app, browser.actor, table, key)
    named = zip(about.columns, _cells(about, None, row, whole=True), strict=True)
    cells = [*named, *((name, Cell(text, None, is_long=False)) for name, text in _besides(about, row))]
    return browser.page(
        "admin_row",
        alert=alert,
        table=about,
        key=key,
        cells=cells,
        verbs=[verb for verb in _VERBS.get(about.name, ()) if verb.fits(row)],
        news=news,
    )


def _besides(table: Table, row: Row) -> list[tuple[str, str]]:
    """What people call a row by, where no column says it."""
    return [("code", reservation_code(row["id"]))] if table.name == "reservations" else []


def _cells(table: Table, key: str | None, row: Row, *, whole: bool = False) -> list[Cell]:
    """The cells of a row; the first leads to its own page, where it has one."""
    cells = []
    for name in table.columns:
        text = _text(row[name])
        link = None
        if key is not None and name == table.columns[0]:
            link = f"admin/{table.name}/{key}/"
        elif name in table.links and row[name] is not None:
            link = f"admin/{table.links[name]}/{row[name]}/"
        cut = text if whole or len(text) <= LONGEST_IN_LIST else f"{text[:LONGEST_IN_LIST]}…"
        cells.append(Cell(cut, link, len(text) > LONG_TEXT))
    return cells


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)


def _asking(ask: Callable[[Browser, ById, str], Ask]) -> Act:
    """A verb of the booking desk."""

    async def act(browser: Browser, id: int, words: str) -> None:
        outcome = await browser.visit.web.desk.ask(ask(browser, ById(id), words))
        if isinstance(outcome, ClassbookError):
            raise outcome

    return act


async def _retry_mail(browser: Browser, id: int, words: str) -> object:
    return await browser.visit.web.desk.run(
        lambda: outbox.retry(browser.app, browser.actor, id, key=browser.request_key())
    )


async def _cancel_offering(browser: Browser, id: int, words: str) -> object:
    kind = await _in_thread(lambda: showcase.show(browser.app, id).kind)
    return await browser.visit.web.slow_lane.run(
        lambda: catalog.cancel(browser.app, browser.actor, kind, id, reason=words or None, key=browser.request_key())
    )


async def _release_holds(browser: Browser, id: int, words: str) -> object:
    return await browser.visit.web.desk.run(
        lambda: holds.release(browser.app, browser.actor, id, reason=words or None, key=browser.request_key())
    )


async def _block_seats(browser: Browser, id: int, words: str) -> object:
    return await browser.visit.web.desk.run(
        lambda: matches.block(browser.app, browser.actor, id, _labels(words), key=browser.request_key())
    )


async def _release_seats(browser: Browser, id: int, words: str) -> object:
    return await browser.visit.web.desk.run(
        lambda: matches.release(browser.app, browser.actor, id, _labels(words), key=browser.request_key())
    )


def _labels(words: str) -> list[str]:
    return words.replace(",", " ").split()


def _is_live(row: Row) -> bool:
    return row["state"] in LIVE and row["person_id"] is not None


_SEATS: Final = "Seats, like A-3-12 A-3-13, or A-3-* for a row"
_VERBS: Final[dict[str, tuple[Verb, ...]]] = {
    "reservations": (
        Verb("confirm", "Confirm", _asking(lambda browser, which, words: Confirm(
            browser.actor, which, key=browser.request_key())), lambda row: row["state"] == HELD),
        Verb("check-in", "Check in", _asking(lambda browser, which, words: CheckIn(
            browser.actor, which, key=browser.request_key())),
             lambda row: row["state"] == CONFIRMED and row["checked_in_at"] is None and row["person_id"] is not None),
        Verb("cancel", "Cancel the reservation", _asking(lambda browser, which, words: Cancel(
            browser.actor, which, reason=words or None, key=browser.request_key())),
             _is_live, asks="The reason, for the mail", is_grave=True),
    ),
    "people": (
        Verb("release-holds", "Release all holds", _release_holds, lambda row: row["removed_at"] is None,
             asks="The reason, for the mail"),
    ),
    "messages": (Verb("retry", "Send again", _retry_mail, lambda row: row["state"] != "sent"),),
    "offerings": (
        Verb("block", "Keep seats from sale", _block_seats, lambda row: row["venue_id"] is not None, _SEATS, True),
        Verb("release", "Put blocked seats on sale", _release_seats, lambda row: row["venue_id"] is not None, _SEATS,
             True),
        Verb("cancel", "Cancel the offering and every reservation of it", _cancel_offering,
             lambda row: row["cancelled_at"] is None, asks="The reason, for the mail", is_grave=True),
    ),
}  # fmt: skip
"""What can be done with the rows of which table."""


async def _in_thread(step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, step)
