"""What mails say. One letter is written once, as blocks; its plain text and its HTML are two renderings of them.

The contract: a code stands alone on its line as six digits, before any link; a link stands alone on its line.
Nothing of what people typed can stand alone on a line: names and titles are always within a sentence or behind a label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from classbook.rules.blocks import Block, Code, Details, Link, Paragraph, Ticket, as_html, as_text
from classbook.rules.states import CONFIRMED, HELD, QUEUED
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


@dataclass(frozen=True, slots=True)
class Letter:
    """``html`` shows the ticket as the image `TICKET_IMAGE`, where there is one."""

    subject: str
    text: str
    html: str


def render(kind: str, facts: Facts, *, code: str | None = None, link: str | None = None) -> Letter:
    """The letter of this kind (one of `KINDS`). ``code`` and ``link`` are what confirms, where the kind has them."""
    subject, blocks = _WRITERS[kind](facts, code, link)
    return Letter(subject, as_text(blocks), as_html(subject, blocks))


_Draft = tuple[str, list[Block]]
"""A subject and what follows."""


# --- the letters ---------------------------------------------------------------------------------------------------


def _held(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = f'{_your_places(facts)} in "{facts.title}" {_are(facts)} held for you'
    subject = f"{code} is your code for {facts.title}" if code else f"Held for you: {facts.title}"
    blocks: list[Block] = [_greeting(facts), *_how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            Paragraph(f"Do it before {_moment(facts.expires_at, facts)}. From then on others can take what you held.")
        )
    return subject, [*blocks, _details(facts), Paragraph("You did not ask for this? Then do nothing, and it lapses.")]


def _how_to_confirm(what: str, code: str | None, link: str | None) -> list[Block]:
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


def _confirmed(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'{_your_places(facts)} in "{facts.title}" {_are(facts)} confirmed. See you there!'),
        _details(facts),
        *_ticket(facts),
        *_way_out(facts),
    ]
    return f"Confirmed: {facts.title}", blocks


def _active(facts: Facts, code: str | None, link: str | None) -> _Draft:
    """Who waited is told that the wait is over; everything else is what a confirmed letter says."""
    free = f'A place in "{facts.title}"' if facts.party == 1 else f'{facts.party} places in "{facts.title}"'
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f"{free} became free, and your booking is active now. You need not confirm it. See you there!"),
        _details(facts),
        *_ticket(facts),
        *_way_out(facts),
    ]
    return f"Active now: {facts.title}", blocks


def _reminder(facts: Facts, code: str | None, link: str | None) -> _Draft:
    when = f" on {_moment(facts.starts_at, facts)}" if facts.starts_at else " soon"
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'"{facts.title}" begins{when}, and {_your_places(facts).lower()} {_are(facts)} confirmed.'),
        _details(facts),
        *_ticket(facts),
        Paragraph("You cannot come? Then please cancel, so that others can."),
        *([Link(facts.page)] if facts.page else []),
    ]
    return f"Reminder: {facts.title}", blocks


def _completed(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'"{facts.title}" is over. Thank you, and until next time!'),
        _details(facts),
    ]
    return f"Thank you: {facts.title}", blocks


def _cancelled(facts: Facts, code: str | None, link: str | None) -> _Draft:
    if facts.whole_offering:
        what = f'We are sorry: "{facts.title}" does not take place. It was cancelled, and your reservation with it.'
    else:
        what = f'Your reservation for "{facts.title}" was cancelled.'
    blocks: list[Block] = [_greeting(facts), Paragraph(what)]
    if facts.reason:
        blocks.append(Paragraph(f"The reason given: {facts.reason}"))
    if facts.paid:
        blocks.append(Paragraph(_money_back(facts.paid, facts.refund)))
    return f"Cancelled: {facts.title}", [*blocks, _details(facts)]


def _money_back(paid: str, refund: str | None) -> str:
    if refund == paid:
        return f"All you paid is back in your wallet: {paid}."
    if refund is None:
        return f"It was too late to get back anything of the {paid} that you paid."
    return f"Of the {paid} that you paid, {refund} is back in your wallet."


def _money_of_change(facts: Facts) -> list[Block]:
    """What was paid for what is new, and what came back for what was given back."""
    said = []
    if facts.charged:
        said.append(f"{facts.charged} was paid from your wallet.")
    if facts.paid:
        worth = f"the {facts.paid} that you had paid for what you gave back"
        if facts.refund is None:
            said.append(f"It was too late to get back anything of {worth}.")
        elif facts.refund == facts.paid:
            said.append(f"You have {worth} in your wallet again.")
        else:
            said.append(f"Of {worth}, {facts.refund} is in your wallet again.")
    return [Paragraph(" ".join(said))] if said else []


def _expired(facts: Facts, code: str | None, link: str | None) -> _Draft:
    subject, lapsed, again = _lapse(facts)
    blocks: list[Block] = [_greeting(facts), Paragraph(lapsed), Paragraph(again)]
    if link:
        blocks.append(Link(link))
    return f"{subject}: {facts.title}", [*blocks, _details(facts)]


def _lapse(facts: Facts) -> tuple[str, str, str]:
    """What ran out, why, and what can be done: as subject and two sentences."""
    if facts.lapsed_from == QUEUED:
        lapsed = f'Until "{facts.title}" began nothing became free for you, so your wait in line has ended.'
        return "No place became free", lapsed, "We are sorry. Perhaps there is another date that suits you."
    if facts.lapsed_from == CONFIRMED:
        lapsed = f'Nobody checked in for {_your_places(facts).lower()} in "{facts.title}" in time, so others may have'
        it = "it" if facts.party == 1 else "them"
        return "Not checked in", f"{lapsed} {it} now.", "You were there? Then please tell us."
    lapsed = f'{_your_places(facts)} in "{facts.title}" {_were(facts)} not confirmed in time, so the hold has lapsed.'
    again = "You can reserve again as you did before, as long as there are places; you will get a new code then."
    return "Not confirmed in time", lapsed, again


def _changed(facts: Facts, code: str | None, link: str | None) -> _Draft:
    before = Facts(
        title=facts.old_title or "",
        starts_at=facts.old_starts_at,
        ends_at=facts.old_ends_at,
        timezone=facts.timezone,
    )
    rows = [(f"{label}, before", value) for label, value in _what_and_when(before)]
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'"{facts.title}" has changed. Your reservation stays as it is.'),
        _details(facts),
        Details(tuple(rows)),
        Paragraph("If that no longer suits you, please cancel, so that others can come."),
        *([Link(facts.page)] if facts.page else []),
    ]
    return f"Changed: {facts.title}", blocks


def _verify(facts: Facts, code: str | None, link: str | None) -> _Draft:
    """Without the name: whoever signed up chose it, and could send a text of his own to a stranger with it."""
    blocks: list[Block] = [
        Paragraph("Hello,"),
        *_how_to_confirm("Somebody signed up to classbook with this address", code, link),
    ]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {_moment(facts.expires_at, facts)}."))
    blocks.append(Paragraph("That was not you? Then do nothing: without the code there is no account."))
    return f"{code} is your code to sign up to classbook" if code else "Sign up to classbook", blocks


def _known(facts: Facts, code: str | None, link: str | None) -> _Draft:
    """Who signs up with an address that has an account is told so here, where only its owner reads it."""
    blocks: list[Block] = [
        Paragraph("Hello,"),
        Paragraph("Somebody signed up to classbook with this address. There is an account with it already."),
        Paragraph("That was you? Then log in. If you have forgotten the password, ask for a new one."),
        Paragraph("That was not you? Then do nothing: nothing has changed."),
    ]
    return "You have an account at classbook", blocks


def _reset(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = "Somebody asked for a new password for your account at classbook"
    blocks: list[Block] = [_greeting(facts)]
    blocks += [Paragraph(f"{what}. This code sets it:"), Code(code)] if code else [Paragraph(f"{what}.")]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {_moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(Paragraph("That was not you? Then do nothing: the password stays as it is."))
    return f"{code} is your code for a new password" if code else "A new password for classbook", blocks


def _login(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return _mailed_login(facts, code, "Somebody wants to log in to classbook with this address")


def _welcome(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return _mailed_login(facts, code, "Somebody wants to book at classbook with this address")


def _mailed_login(facts: Facts, code: str | None, what: str) -> _Draft:
    blocks: list[Block] = [_greeting(facts) if facts.name else Paragraph("Hello,")]
    blocks += [Paragraph(f"{what}. This code shows that it is you:"), Code(code)] if code else [Paragraph(f"{what}.")]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {_moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(Paragraph("That was not you? Then do nothing: without the code nothing happens."))
    return f"{code} is your code for classbook" if code else "Your code for classbook", blocks


def _password(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph("The password of your account at classbook was changed. Other logins have ended."),
        Paragraph("That was not you? Then set a new one at once, with a code that is mailed to you."),
    ]
    return "Your password was changed", blocks


def _test(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return "classbook can send mail", [Paragraph("This is a test. If you can read it, classbook can send mail.")]


def _offered(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = f'Your turn has come: {_your_places(facts).lower()} in "{facts.title}" {_are(facts)} free and held for you'
    subject = f"{code} is your code for {facts.title}: your turn" if code else f"Your turn: {facts.title}"
    blocks: list[Block] = [_greeting(facts), *_how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            Paragraph(f"Do it before {_moment(facts.expires_at, facts)}. Then it is offered to the next in line.")
        )
    return subject, [*blocks, _details(facts)]


def _queued(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'You are in line for "{facts.title}". As soon as there is room for you, we write to you.'),
        _details(facts),
        *_way_out(facts),
    ]
    return f"In line: {facts.title}", blocks


def _moved(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[Block] = [
        _greeting(facts),
        Paragraph(f'Your reservation for "{facts.title}" was changed. This is what holds now:'),
        *_money_of_change(facts),
        _details(facts),
        *_ticket(facts),
        *_way_out(facts),
    ]
    return f"Changed: {facts.title}", blocks


_WRITERS: Final[dict[str, Callable[[Facts, str | None, str | None], _Draft]]] = {
    "held": _held,
    "confirmed": _confirmed,
    "queued": _queued,
    "offered": _offered,
    "active": _active,
    "moved": _moved,
    "cancelled": _cancelled,
    "expired": _expired,
    "changed": _changed,
    "reminder": _reminder,
    "completed": _completed,
    "verify": _verify,
    "known": _known,
    "reset": _reset,
    "login": _login,
    "welcome": _welcome,
    "password": _password,
    "test": _test,
}
KINDS: Final = tuple(_WRITERS)


def is_letter(name: str) -> bool:
    """Whether there is a letter of that kind."""
    return name in KINDS


# --- phrases -------------------------------------------------------------------------------------------------------


def _greeting(facts: Facts) -> Paragraph:
    return Paragraph(f"Hello {facts.name}," if facts.name else "Hello,")


def _your_places(facts: Facts) -> str:
    return "Your place" if facts.party == 1 else f"Your {facts.party} places"


def _are(facts: Facts) -> str:
    return "is" if facts.party == 1 else "are"


def _were(facts: Facts) -> str:
    return "was" if facts.party == 1 else "were"


def _moment(instant: datetime, facts: Facts) -> str:
    return format_local(instant, ZoneInfo(facts.timezone))


def _details(facts: Facts) -> Details:
    rows = _what_and_when(facts)
    if facts.where:
        rows.append(("Where", facts.where))
    rows.append(("Seats", facts.seats) if facts.seats else ("Places", str(facts.party)))
    if facts.reservation_code:
        rows.append(("Reservation", facts.reservation_code))
    return Details(tuple(rows))


def _ticket(facts: Facts) -> list[Block]:
    if not facts.ticket:
        return []
    return [Paragraph("This is your ticket. Show it at the door:"), Ticket(facts.ticket)]


def _way_out(facts: Facts) -> list[Block]:
    return [Paragraph("To see it, to change it or to cancel:"), Link(facts.page)] if facts.page else []


def _what_and_when(facts: Facts) -> list[tuple[str, str]]:
    rows = [("What", facts.title)] if facts.title else []
    if facts.starts_at:
        rows.append(("Starts", _moment(facts.starts_at, facts)))
    if facts.ends_at:
        rows.append(("Ends", _moment(facts.ends_at, facts)))
    return rows


# --- what templates are given ---------------------------------------------------------------------------------------


def words(facts: Facts, letter: Letter, *, code: str | None = None, link: str | None = None) -> dict[str, object]:
    """All that a template of somebody's own may speak of, as texts; what there is not is empty.

    ``details`` are pairs of label and value. ``subject`` and ``text`` are what the letter says without a template.
    """
    moments = {
        "starts": facts.starts_at,
        "ends": facts.ends_at,
        "expires": facts.expires_at,
        "old_starts": facts.old_starts_at,
        "old_ends": facts.old_ends_at,
    }
    texts = {
        "name": facts.name,
        "title": facts.title,
        "where": facts.where,
        "seats": facts.seats,
        "places": str(facts.party),
        "reservation": facts.reservation_code,
        "reason": facts.reason,
        "paid": facts.paid,
        "refund": facts.refund,
        "charged": facts.charged,
        "old_title": facts.old_title,
        "lapsed_from": facts.lapsed_from,
        "ticket": facts.ticket,
        "page": facts.page,
        "code": code,
        "link": link,
        "subject": letter.subject,
        "text": letter.text,
    }
    told = {name: _moment(instant, facts) if instant else "" for name, instant in moments.items()}
    return {
        **{name: text or "" for name, text in texts.items()},
        **told,
        "whole_offering": facts.whole_offering,
        "details": _details(facts).rows,
    }
