"""/my/: what somebody has booked, their place in line, their wallet; for who has logged in with a mailed code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from classbook.core import booking, calendars, check_ins, logins, mailed_logins, reservations, showcase, wallet
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm, Resend
from classbook.errors import ClassbookError, WrongCode
from classbook.rules.states import CONFIRMED, HELD, QUEUED
from classbook.values import Entry, Money, Reservation, plain
from classbook.web.pages.browser import AnyBrowser, Browser, OwnBrowser
from classbook.web.pages.offerings import code_page, offering_page
from classbook.web.pages.wishes import carried, move_of, typed

T = TypeVar("T")

acting = APIRouter(include_in_schema=False)
looking = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 20
ENTRIES_SHOWN: Final = 5
_NEWS: Final = {
    HELD: "Your place is held. Confirm it before the hold ends.",
    CONFIRMED: "It is booked. See you there!",
    QUEUED: "You are in line. We mail you when it is your turn.",
}
_DONE: Final = {
    "confirm": "It is confirmed. See you there!",
    "resend": "Another code is on its way. The ones before it are void.",
    "cancel": "It is cancelled.",
    "check-in": "You are checked in. Welcome!",
    "move": "It is changed.",
}


@dataclass(frozen=True, slots=True)
class Purse:
    """What somebody can spend, and the last changes of it."""

    available: Money
    held: Money
    entries: tuple[Entry, ...]


@looking.get("/my/")
def my(browser: AnyBrowser) -> Response:
    """One's bookings, or the way to log in."""
    return _login_page(browser) if browser.person is None else _my_page(browser)


@acting.post("/my/login/")
async def log_in(browser: AnyBrowser) -> Response:
    """Mail a code; with the code, log in."""
    email, code = browser.field("email"), browser.field("code")
    alert: ClassbookError | None = None
    try:
        if not code:
            await browser.visit.web.desk.run(lambda: mailed_logins.ask(browser.app, browser.caller, email=email))
        else:
            browser.log_in(
                await browser.visit.web.desk.run(
                    lambda: mailed_logins.log_in(browser.app, browser.caller, email=email, code=code)
                )
            )
            return browser.go("my/")
    except WrongCode as error:
        alert = error
    except ClassbookError as error:
        return _login_page(browser, email=email, alert=error)
    return code_page(browser, email=email, target="my/login/", fields=[("email", email)], alert=alert)


@acting.post("/my/logout/")
async def log_out(browser: OwnBrowser) -> Response:
    """End this login, for good."""
    person_id, login_id = browser.actor.person_id or 0, browser.login_id or ""
    await browser.visit.web.desk.run(
        lambda: logins.logout(browser.app, browser.caller, person_id=person_id, login_id=login_id)
    )
    browser.forget()
    return browser.go("")


@acting.post("/my/wallet/")
async def top_up(browser: OwnBrowser) -> Response:
    """Put money into one's wallet, where that is allowed."""
    amount = browser.field("amount").replace(",", ".")
    try:
        await browser.visit.web.desk.run(
            lambda: wallet.top_up(browser.app, browser.actor, amount, key=browser.request_key())
        )
    except ClassbookError as error:
        refused = error
        return await _in_thread(lambda: _my_page(browser, alert=refused))
    return browser.go("my/")


@acting.post("/my/calendar/")
async def renew_calendar(browser: OwnBrowser) -> Response:
    """Another secret address for one's calendar; the one before it is void."""
    await browser.visit.web.desk.run(lambda: calendars.link(browser.app, browser.actor, renew=True))
    return browser.go("my/")


@looking.get("/my/{reservation}/")
def one(reservation: str, browser: OwnBrowser) -> Response:
    """One booking, and what can be done with it."""
    found = _found(browser, reservation)
    news = _NEWS.get(found.state) if "new" in browser.query else _DONE.get(browser.query.get("done", ""))
    return _reservation_page(browser, found, news=news)


@looking.get("/my/{reservation}/cancel/")
async def before_cancelling(reservation: str, browser: OwnBrowser) -> Response:
    """What cancelling would do, and a button; nothing is changed yet."""
    found = await _in_thread(lambda: _found(browser, reservation))
    wish = Cancel(browser.actor, ById(found.id))
    [outcome] = await browser.visit.web.desk.run(lambda: booking.book(browser.app, [wish], dry_run=True))
    if isinstance(outcome, ClassbookError):
        refused = outcome
        return await _in_thread(lambda: _reservation_page(browser, found, alert=refused))
    assert isinstance(outcome, Reservation)
    refund = outcome.refund if outcome.refund and outcome.refund.minor else None
    return browser.page("cancel", one=found, refund=refund, released=found.price if found.state == HELD else None)


@acting.post("/my/{reservation}/cancel/")
async def cancel(reservation: str, browser: OwnBrowser) -> Response:
    """Give the places back."""
    return await _done(browser, reservation, "cancel", lambda which: Cancel(browser.actor, which))


@acting.post("/my/{reservation}/confirm/")
async def confirm(reservation: str, browser: OwnBrowser) -> Response:
    """Make a hold definite, with the mailed code where the terms ask for it."""
    code = browser.field("code") or None
    return await _done(browser, reservation, "confirm", lambda which: Confirm(browser.actor, which, code=code))


@acting.post("/my/{reservation}/resend/")
async def resend(reservation: str, browser: OwnBrowser) -> Response:
    """Mail another code."""
    return await _done(browser, reservation, "resend", lambda which: Resend(browser.actor, which))


@acting.post("/my/{reservation}/check-in/")
async def check_in(reservation: str, browser: OwnBrowser) -> Response:
    """Say that one has come."""
    return await _done(browser, reservation, "check-in", lambda which: CheckIn(browser.actor, which))


@acting.post("/my/{reservation}/move/")
async def move(reservation: str, browser: OwnBrowser) -> Response:
    """Another time, other seats or another number of places; what is refused leaves the booking as it was.

    Where money is paid or comes back, that is shown first, and done once somebody has agreed to just that.
    """
    found = await _in_thread(lambda: _found(browser, reservation))
    wish = typed(browser)
    try:
        asked = move_of(browser, found, wish)
        [would_be] = await browser.visit.web.desk.run(lambda: booking.book(browser.app, [asked], dry_run=True))
        if isinstance(would_be, Reservation) and (money := _money_of(would_be)) != browser.field("agreed"):
            return browser.page("change", one=found, then=would_be, agreed=money, carried=carried(browser))
        outcome = await browser.visit.web.desk.ask(asked)
        if isinstance(outcome, ClassbookError):
            raise outcome
    except ClassbookError as error:
        refused = error
        offering = await _in_thread(lambda: showcase.show(browser.app, found.offering.id))
        return await _in_thread(lambda: offering_page(browser, offering, wish=wish, alert=refused, moving=found))
    return browser.go(f"my/{found.code}/?done=move")


def _money_of(change: Reservation) -> str:
    """What a change costs and brings back, as a form carries it; nothing where it does neither."""
    amounts = (("charged", change.charged), ("refund", change.refund))
    return ", ".join(f"{name} {amount}" for name, amount in amounts if amount)


async def _done(browser: Browser, reservation: str, verb: str, ask: Callable[[ById], Ask]) -> Response:
    """Ask the desk, and show the booking as it is then."""
    found = await _in_thread(lambda: _found(browser, reservation))
    outcome = await browser.visit.web.desk.ask(ask(ById(found.id)))
    if isinstance(outcome, ClassbookError):
        refused = outcome
        now = await _in_thread(lambda: _found(browser, reservation))
        return await _in_thread(lambda: _reservation_page(browser, now, alert=refused))
    return browser.go(f"my/{plain(outcome)['code']}/?done={verb}")


def _found(browser: Browser, reservation: str) -> Reservation:
    """One's own; other people's are not there, but for administrators. Raises NotFound."""
    return reservations.show(browser.app, browser.actor, reservations.find_id(browser.app, reservation))


def _login_page(browser: Browser, *, email: str = "", alert: ClassbookError | None = None) -> Response:
    return browser.page("login", alert=alert, email=email)


def _my_page(browser: Browser, *, alert: ClassbookError | None = None) -> Response:
    app, actor = browser.app, browser.actor
    cursor = browser.query.get("cursor")
    found = reservations.listing(app, actor, person=actor.person_id, limit=PAGE_SIZE, cursor=cursor)
    return browser.page(
        "my",
        alert=alert,
        found=found,
        check_in_open=check_ins.open_now(app, found.results),
        asked_cursor=cursor,
        wallet=_purse(browser),
        may_top_up=app.settings.wallet.self_top_up,
        calendar=calendars.link(app, actor).url,
    )


def _reservation_page(
    browser: Browser, found: Reservation, *, news: str | None = None, alert: ClassbookError | None = None
) -> Response:
    terms = showcase.show(browser.app, found.offering.id).policy
    return browser.page(
        "reservation",
        alert=alert,
        one=found,
        news=news,
        ways={found.id: terms["confirm"]},
        check_in_open=check_ins.open_now(browser.app, [found]),
        ticket=reservations.ticket_of(browser.app, found),
    )


def _purse(browser: Browser) -> Purse:
    """The wallet as it stands behind its last entry; nothing is opened by looking."""
    entries = wallet.statement(browser.app, browser.actor, limit=ENTRIES_SHOWN).results
    if not entries:
        nothing = Money(0, browser.app.settings.currency)
        return Purse(nothing, nothing, ())
    balance, held = entries[0].balance, entries[0].held
    return Purse(Money(balance.minor - held.minor, balance.currency), held, entries)


async def _in_thread(step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, step)
