"""/ and /offerings/{id}/: what can be booked, and booking it with nothing but an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from classbook.core import mailed_logins, matches, reservations, schedules, seat_maps, showcase, vouchers
from classbook.core.asks import Reserve
from classbook.errors import ClassbookError, Invalid, NotFound, WrongCode
from classbook.rules.kinds import KINDS
from classbook.rules.names import clean_email, clean_name
from classbook.values import Actor, Offering, Page, Reservation, Slot, plain
from classbook.web.pages import seatmap, words
from classbook.web.pages.alternatives import Instead, instead_of
from classbook.web.pages.browser import AnyBrowser, Browser
from classbook.web.pages.wishes import Wish, ask_of, carried, count, typed

acting = APIRouter(include_in_schema=False)
looking = APIRouter(include_in_schema=False)

T = TypeVar("T")
Query = Mapping[str, str]

PAGE_SIZE: Final = 20
LONGEST_WORDS: Final = 100
DAYS_LOOKED_AT: Final = 14
MOST_SLOTS: Final = 200
SLOTS_ON_A_PAGE: Final = 80
LAST_DAY: Final = timedelta(days=10 * 366)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to."""

    text: str | None
    kind: str | None
    type: str | None
    day: str | None


@looking.get("/")
def front(browser: AnyBrowser) -> Response:
    """What can be booked: by kind, day, type and words, in pages."""
    asked = Asked(
        *(browser.query.get(name, "").strip()[:LONGEST_WORDS] or None for name in ("text", "kind", "type", "from"))
    )
    alert: ClassbookError | None = None
    page = count(browser.query.get("page") or "1", what="page")
    try:
        day = _day(asked.day)
    except Invalid as error:
        alert, day = error, None
        asked = replace(asked, day=None)
    found = showcase.listing(
        browser.app, kind=asked.kind, start_date=day, type=asked.type, text=asked.text, page=page, page_size=PAGE_SIZE
    )
    kept = {"text": asked.text, "kind": asked.kind, "type": asked.type, "from": asked.day}
    narrowed = {name: value for name, value in kept.items() if value}
    return browser.page(
        "list",
        found=found,
        asked=asked,
        types=showcase.types(browser.app),
        last_page=-(-found.count // PAGE_SIZE),
        address=lambda number: urlencode({**narrowed, "page": number}),
        narrowed=bool(narrowed),
        alert=alert,
    )


@looking.get("/offerings/{id:id}/")
def show(id: int, browser: AnyBrowser) -> Response:
    """One offering: its terms, what is left of it, and a form to book it, or to change one's booking of it."""
    offering, moving = showcase.show(browser.app, id), _moving(browser, id)
    return offering_page(browser, offering, wish=_as_it_is(moving) if moving else None, moving=moving)


def _moving(browser: Browser, offering_id: int) -> Reservation | None:
    """The booking that is to be changed. Raises NotLoggedIn, NotFound."""
    code = browser.query.get("move")
    if not code:
        return None
    found = reservations.show(browser.app, browser.actor, reservations.find_id(browser.app, code))
    if found.offering.id != offering_id:
        raise NotFound(f"{found.code} is for {found.offering.title}.")
    return found


def _as_it_is(moving: Reservation) -> Wish:
    zone = ZoneInfo(moving.timezone)
    start, end = (_local(one, zone) if one else "" for one in (moving.starts_at, moving.ends_at))
    return Wish(str(moving.party), start, end)


@acting.post("/offerings/{id:id}/reserve/")
async def reserve(id: int, browser: AnyBrowser) -> Response:
    """Book: at once for who has logged in; else a code is mailed first, and comes back here with all the rest."""
    offering = await _in_thread(lambda: showcase.show(browser.app, id))
    wish = typed(browser)
    try:
        if browser.person is not None:
            return await _booked(browser, ask_of(browser, offering, wish, browser.actor))
        ask_of(browser, offering, wish, Actor(0))  # so that nobody types a code for what cannot be read
        return await _with_code(browser, offering, wish)
    except ClassbookError as error:
        refused = error
    return await _in_thread(lambda: _refused_page(browser, offering, wish, refused))


async def _with_code(browser: Browser, offering: Offering, wish: Wish) -> Response:
    """Book for an address that a mailed code proves. Without one nothing is held: anybody can type any address."""
    email, name = clean_email(wish.email), clean_name(wish.name, what="name", most=200)
    alert: ClassbookError | None = None
    if code := browser.field("code"):
        try:
            login = await browser.visit.web.desk.run(
                lambda: mailed_logins.log_in(browser.app, browser.caller, email=email, code=code)
            )
        except WrongCode as error:
            alert = error
        else:
            browser.log_in(login)
            return await _booked(browser, ask_of(browser, offering, wish, browser.actor), just_proved=True)
    else:
        await browser.visit.web.desk.run(lambda: mailed_logins.ask(browser.app, browser.caller, email=email, name=name))
    return code_page(
        browser, email=email, target=f"offerings/{offering.id}/reserve/", for_what=offering.title,
        fields=carried(browser), alert=alert,
    )  # fmt: skip


async def _booked(browser: Browser, ask: Reserve, *, just_proved: bool = False) -> Response:
    """The way to the reservation that came of it. Raises the refusal.

    A hold that the mailed code confirms is confirmed where that person has typed a mailed code in this very step: the
    mailbox is proved, and another mail would prove nothing more.
    """
    desk = browser.visit.web.desk
    if ask.voucher is not None:
        code = ask.voucher
        await desk.run(lambda: vouchers.count_guess(browser.app, browser.actor, code))
    outcome = await desk.ask(ask)
    if isinstance(outcome, ClassbookError):
        raise outcome
    made = plain(outcome)
    if just_proved and made["state"] == "held":
        proof = await _in_thread(lambda: mailed_logins.proof_for(browser.app, ask.actor, made["id"]))
        if proof is not None:
            # Where that fails it is still held, and its page says what to do.
            await desk.ask(proof)
    return browser.go(f"my/{made['code']}/?new=1")


def code_page(
    browser: Browser,
    *,
    email: str,
    target: str,
    for_what: str | None = None,
    fields: list[tuple[str, str]],
    alert: ClassbookError | None,
) -> Response:
    """The page that asks for the mailed code and sends it to ``target`` with ``fields`` beside it."""
    return browser.page(
        "code",
        email=email,
        target=target,
        for_what=for_what,
        carried=fields,
        seconds=mailed_logins.CODE_SECONDS,
        alert=alert,
    )


def _refused_page(browser: Browser, offering: Offering, wish: Wish, refused: ClassbookError) -> Response:
    """The form again, and what could be had instead; strangers have only been refused the form itself."""
    instead: tuple[Instead, ...] = ()
    if browser.person is not None:
        with suppress(ClassbookError):
            instead = instead_of(browser.app, ask_of(browser, offering, wish, browser.actor))
    return offering_page(browser, offering, wish=wish, alert=refused, instead=instead)


def offering_page(
    browser: Browser,
    offering: Offering,
    *,
    wish: Wish | None = None,
    alert: ClassbookError | None = None,
    instead: tuple[Instead, ...] = (),
    moving: Reservation | None = None,
) -> Response:
    """The page of an offering: a form to book it, or to change the booking that is ``moving``."""
    way, wish = _way(offering), wish or Wish()
    try:
        facts = _FACTS[way](browser, offering, wish, browser.query)
    except ClassbookError as error:
        if not browser.query:
            raise
        # A proposal that cannot be made, a day that is none: the page is still worth seeing.
        alert, facts = alert or error, _FACTS[way](browser, offering, wish, {})
    return browser.page(
        "offering",
        alert=alert,
        instead=instead,
        offering=offering,
        way=way,
        wish=wish,
        moving=moving,
        target=f"my/{moving.code}/move/" if moving else f"offerings/{offering.id}/reserve/",
        kept=f"&move={moving.code}" if moving else "",
        **facts,
    )


def _way(offering: Offering) -> str:
    """How one books it: by places, by seats, by a slot, or by any span."""
    kind = KINDS[offering.kind]
    if kind.in_venue:
        return "seats"
    if not kind.picks_time:
        return "party"
    return "slots" if offering.policy["slot_seconds"] else "span"


def _facts_of_party(browser: Browser, offering: Offering, wish: Wish, query: Query) -> dict[str, Any]:
    return {}


def _facts_of_seats(browser: Browser, offering: Offering, wish: Wish, query: Query) -> dict[str, Any]:
    best, category = query.get("best"), query.get("category") or None
    stand, picked = query.get("stand"), list(wish.seats)
    if best:
        proposed = matches.propose(
            browser.app, browser.viewer, offering.id, count(best, what="number of seats"), category=category
        ).results
        stand, picked = proposed[0].stand, [seat.label for seat in proposed]
    elif picked:
        stand = picked[0].rsplit("-", 2)[0]
    found = seat_maps.show(browser.app, browser.viewer, offering.id, stand=stand)
    return {"seats": seatmap.drawn(found, picked=picked), "asked": {"best": best, "category": category}}


def _facts_of_slots(browser: Browser, offering: Offering, wish: Wish, query: Query) -> dict[str, Any]:
    """The free slots from a day on, day by day where the offering is: whole days, and not too many of them."""
    zone, first, found = _free(browser, offering, wish, query)
    by_day = groupby(found.results, key=lambda slot: slot.start.astimezone(zone).date())
    days = [(day, tuple(slots)) for day, slots in by_day]
    later = first + timedelta(days=DAYS_LOOKED_AT)
    if found.next and len(days) > 1:
        later = days.pop()[0]  # it may not be whole
    elif found.next and days:
        later = days[0][0] + timedelta(days=1)
    while len(days) > 1 and sum(len(slots) for _, slots in days) > SLOTS_ON_A_PAGE:
        later = days.pop()[0]
    return {"days": days, **_ways_to_days(browser, zone, first, later)}


def _facts_of_spans(browser: Browser, offering: Offering, wish: Wish, query: Query) -> dict[str, Any]:
    """What is free of each day from a day on, and a first time to book."""
    zone, first, found = _free(browser, offering, wish, query)
    days = []
    for number in range(DAYS_LOOKED_AT):
        day = first + timedelta(days=number)
        if parts := words.parts_of_day(found.results, day, zone):
            days.append((day, parts))
    later = first + timedelta(days=DAYS_LOOKED_AT)
    return {"days": days, **_ways_to_days(browser, zone, first, later), **_suggested(found.results[:1], zone)}


def _free(browser: Browser, offering: Offering, wish: Wish, query: Query) -> tuple[ZoneInfo, date, Page[Slot]]:
    """Where the days are days, the first that is asked for, and what is free from then on."""
    zone, now = ZoneInfo(offering.timezone), browser.app.clock.now()
    today = now.astimezone(zone).date()
    first = min(max(_day(query.get("day")) or _day_of(wish.start, zone) or today, today), today + LAST_DAY)
    start = max(_midnight(first, zone), now)
    end = _midnight(first + timedelta(days=DAYS_LOOKED_AT), zone)
    return zone, first, schedules.free(browser.app, offering.id, start=start, end=end, limit=MOST_SLOTS)


def _ways_to_days(browser: Browser, zone: ZoneInfo, first: date, later: date) -> dict[str, Any]:
    today = browser.app.clock.now().astimezone(zone).date()
    earlier = max(first - timedelta(days=7), today) if first > today else None
    return {"first_day": first, "earlier_day": earlier, "later_day": later}


def _suggested(free: tuple[Slot, ...], zone: ZoneInfo) -> dict[str, str]:
    """A first time to book, for a form that wants one."""
    if not free:
        return {"suggested_start": "", "suggested_end": ""}
    [first] = free
    whole = timedelta(hours=1)
    begins = first.start.astimezone(UTC)
    begins += (-(begins - datetime(begins.year, begins.month, begins.day, tzinfo=UTC))) % timedelta(minutes=15)
    if begins + whole > first.end:
        begins = first.start
    ends = min(begins + whole, first.end)
    return {"suggested_start": _local(begins, zone), "suggested_end": _local(ends, zone)}


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


_FACTS: Final[Mapping[str, Callable[[Browser, Offering, Wish, Query], dict[str, Any]]]] = {
    "party": _facts_of_party,
    "seats": _facts_of_seats,
    "slots": _facts_of_slots,
    "span": _facts_of_spans,
}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("The day must be a date like 2026-12-01.") from None


def _day_of(text: str, zone: ZoneInfo) -> date | None:
    """The day of a time as forms send it, where it is one."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(zone) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


async def _in_thread(step: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, step)
