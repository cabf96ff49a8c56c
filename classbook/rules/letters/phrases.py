"""What a letter is about, and what many of them say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from classbook.rules.blocks import Block, Code, Details, Link, Paragraph, Ticket
from classbook.rules.states import HELD
from classbook.rules.when import format_local


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter is about; whatever a kind of letter does not need stays as it is.

    ``starts_at`` and ``ends_at`` are the offering's, ``expires_at`` is the deadline of the hold or of the code, all
    aware. ``timezone`` is the IANA name in which the letter tells times. ``whole_offering`` says that not only this
    reservation was cancelled, ``refund`` what came back of what was ``paid`` for what was given back, ``charged`` what
    was paid for what is new. The ``old_`` facts are what a changed offering was before, None where that is the same.
    ``lapsed_from`` is the state in which a reservation ran out. ``ticket`` is what is shown at the door, ``page`` the
    address at which one sees, changes and cancels it.
    """

    name: str = ""
    title: str = ""
    where: str | None = None
    seats: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timezone: str = "UTC"
    party: int = 1
    expires_at: datetime | None = None
    reservation_code: str = ""
    reason: str | None = None
    whole_offering: bool = False
    paid: str | None = None
    refund: str | None = None
    charged: str | None = None
    old_title: str | None = None
    old_starts_at: datetime | None = None
    old_ends_at: datetime | None = None
    lapsed_from: str = HELD
    ticket: str | None = None
    page: str | None = None


Draft = tuple[str, list[Block]]
"""A subject and what follows."""


def greeting(facts: Facts) -> Paragraph:
    return Paragraph(f"Hello {facts.name}," if facts.name else "Hello,")


def your_places(facts: Facts) -> str:
    return "Your place" if facts.party == 1 else f"Your {facts.party} places"


def are(facts: Facts) -> str:
    return "is" if facts.party == 1 else "are"


def were(facts: Facts) -> str:
    return "was" if facts.party == 1 else "were"


def moment(instant: datetime, facts: Facts) -> str:
    return format_local(instant, ZoneInfo(facts.timezone))


def details(facts: Facts) -> Details:
    rows = what_and_when(facts)
    if facts.where:
        rows.append(("Where", facts.where))
    rows.append(("Seats", facts.seats) if facts.seats else ("Places", str(facts.party)))
    if facts.reservation_code:
        rows.append(("Reservation", facts.reservation_code))
    return Details(tuple(rows))


def ticket(facts: Facts) -> list[Block]:
    if not facts.ticket:
        return []
    return [Paragraph("This is your ticket. Show it at the door:"), Ticket(facts.ticket)]


def way_out(facts: Facts) -> list[Block]:
    return [Paragraph("To see it, to change it or to cancel:"), Link(facts.page)] if facts.page else []


def what_and_when(facts: Facts) -> list[tuple[str, str]]:
    rows = [("What", facts.title)] if facts.title else []
    if facts.starts_at:
        rows.append(("Starts", moment(facts.starts_at, facts)))
    if facts.ends_at:
        rows.append(("Ends", moment(facts.ends_at, facts)))
    return rows


def how_to_confirm(what: str, code: str | None, link: str | None) -> list[Block]:
    match code, link:
        case str(), str():
            or_open = Paragraph("Or open this page and press its button:")
            return [Paragraph(f"{what}. This code confirms:"), Code(code), or_open, Link(link)]
        case str(), None:
            return [Paragraph(f"{what}. This code confirms:"), Code(code)]
        case None, str():
            return [Paragraph(f"{what}. To confirm, open this page and press its button:"), Link(link)]
        case _:
            return [Paragraph(f"{what}. Please confirm where you reserved.")]
