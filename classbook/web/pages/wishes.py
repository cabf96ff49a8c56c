"""What somebody asks for on the page of an offering: the fields of its form, and the ask they become."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from classbook.core.asks import ById, Move, Reserve
from classbook.errors import Invalid
from classbook.rules.when import parse_when
from classbook.values import Actor, Offering, Reservation
from classbook.web.pages.browser import Browser

_COUNT: Final = re.compile("[0-9]{1,6}", re.ASCII)
_CARRIED: Final = ("party", "start", "end", "queue", "seat", "voucher", "email", "name")
"""The fields that wait on the page that asks for the code."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The fields as they were typed."""

    party: str = "1"
    start: str = ""
    end: str = ""
    queue: bool = False
    seats: tuple[str, ...] = field(default=())
    voucher: str = ""
    email: str = ""
    name: str = ""


def typed(browser: Browser) -> Wish:
    """What the form says."""
    return Wish(
        browser.field("party") or "1",
        browser.field("start"),
        browser.field("end"),
        browser.field("queue") == "yes",
        tuple(browser.fields("seat")),
        browser.field("voucher"),
        browser.field("email"),
        browser.field("name"),
    )


def carried(browser: Browser) -> list[tuple[str, str]]:
    """The same, as the fields of the next form."""
    return [(name, value) for name, value in browser.form if name in _CARRIED]


def ask_of(browser: Browser, offering: Offering, wish: Wish, actor: Actor) -> Reserve:
    """The ask for it. Raises Invalid, BadSpan for times that cannot be read."""
    return Reserve(
        actor,
        offering.id,
        party=count(wish.party, what="number of places"),
        starts_at=_moment(browser, wish.start, offering.timezone),
        ends_at=_moment(browser, wish.end, offering.timezone),
        seats=wish.seats,
        # Not said is not forbidden: where the terms put people in line, that stays so.
        queue=True if wish.queue else None,
        voucher=wish.voucher or None,
        key=browser.request_key(),
    )


def move_of(browser: Browser, moving: Reservation, wish: Wish) -> Move:
    """The ask to change a reservation to it. Raises Invalid, BadSpan for times that cannot be read."""
    return Move(
        browser.actor,
        ById(moving.id),
        party=count(wish.party, what="number of places"),
        starts_at=_moment(browser, wish.start, moving.timezone),
        ends_at=_moment(browser, wish.end, moving.timezone),
        seats=wish.seats or None,
        key=browser.request_key(),
    )


def count(text: str, *, what: str) -> int:
    """A whole number from 1 on. Raises Invalid."""
    if not _COUNT.fullmatch(text) or not int(text):
        raise Invalid(f"The {what} must be a whole number, and at least 1.")
    return int(text)


def _moment(browser: Browser, text: str, zone: str) -> datetime | None:
    return parse_when(text, now=browser.app.clock.now(), zone=ZoneInfo(zone)).instant if text else None
