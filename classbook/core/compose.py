"""A mail as it will arrive: its letter, with the facts of now, its ticket, and what a calendar makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from classbook.app import App
from classbook.core import calendars
from classbook.rules import codes, letters, tickets
from classbook.rules.calendars import Party, invitation, method_of
from classbook.rules.envelope import Enclosures, envelope
from classbook.rules.states import HELD
from classbook.store import listings, outbox, venues
from classbook.store.database import Tx
from classbook.world import Stationery

_HIDDEN_CODE: Final = "••••••"
_HIDDEN_LINK: Final = "(hidden)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """What a letter carries: a ticket, an event to enter into a calendar, or one to take out again."""

    ticket: bool = False
    enters: bool = False
    takes_out: bool = False


_CARRIED: Final = {
    "confirmed": _Carried(ticket=True, enters=True),
    "active": _Carried(ticket=True, enters=True),
    "moved": _Carried(ticket=True, enters=True),
    "changed": _Carried(enters=True),
    "reminder": _Carried(ticket=True),
    "cancelled": _Carried(takes_out=True),
    "expired": _Carried(takes_out=True),
}
_NOTHING: Final = _Carried()


@dataclass(frozen=True, slots=True)
class About:
    """A mail, and the reservation it is about as it is now; for a list the mail alone must do."""

    posted: outbox.Posted
    listed: listings.Listed | None = None
    where: str | None = None


def about(tx: Tx, posted: outbox.Posted) -> About:
    """A mail with what it is about, in a fixed number of queries."""
    listed = listings.by_id(tx, posted.reservation_id) if posted.reservation_id else None
    venue_id = listed.offering.venue_id if listed else None
    return About(posted, listed, venues.names(tx, [venue_id]).get(venue_id) if venue_id else None)


def paper_of(app: App) -> Stationery:
    """The templates of one's own, as they are now."""
    return Stationery(app.settings.mail.templates)


def written(app: App, mail: About, paper: Stationery, *, reveal: bool) -> letters.Letter:
    """The letter; codes and links that are good for something show only where they are to be revealed."""
    posted = mail.posted
    code, link = _code_and_link(app, posted) if reveal else _hidden(posted)
    facts = _facts(app, mail)
    letter = letters.render(posted.kind, facts, code=code, link=link)
    return paper.dressed(posted.kind, letter, letters.words(facts, letter, code=code, link=link))


def packed(app: App, mail: About, paper: Stationery, now: datetime) -> EmailMessage:
    """The whole message."""
    posted = mail.posted
    return envelope(
        written(app, mail, paper, reveal=True),
        to_address=posted.address,
        # Whoever typed an address has not proved yet that it is theirs: no words of theirs go there.
        to_name=(posted.name or "") if posted.reservation_id else "",
        sender=app.settings.mail.sender,
        message_id=posted.message_id,
        date=posted.created_at,
        enclosed=_enclosed(app, mail, now),
    )


def _enclosed(app: App, mail: About, now: datetime) -> Enclosures:
    posted, listed = mail.posted, mail.listed
    if listed is None:
        return Enclosures()
    shown = _ticket(app, mail)
    ticket = tickets.as_png(shown) if shown else None
    carried = _CARRIED.get(posted.kind, _NOTHING)
    enters = carried.enters and calendars.is_on(listed, now)
    takes_out = carried.takes_out and calendars.is_over(listed, now)
    entry = calendars.reservation_entry(app, listed, now, where=mail.where, changed_at=now)
    if entry is None or not (enters or takes_out):
        return Enclosures(ticket=ticket)
    name, address = parseaddr(app.settings.mail.sender)
    guest = Party(posted.address, posted.name or "")
    return Enclosures(
        ticket=ticket,
        invitation=invitation(entry, organizer=Party(address, name), attendee=guest),
        method=method_of(entry),
    )


def _ticket(app: App, mail: About) -> str | None:
    shows = mail.listed is not None and _CARRIED.get(mail.posted.kind, _NOTHING).ticket
    return tickets.ticket(app.key, mail.posted.reservation_id or 0) if shows else None


def _code_and_link(app: App, posted: outbox.Posted) -> tuple[str | None, str | None]:
    code = posted.code
    if "serial" not in posted.facts or code is None:
        return None, None
    if code.serial != posted.facts["serial"]:
        return _hidden(posted)
    digits = codes.one_time_code(app.key, code)
    if posted.reservation_id is None:
        return digits, None
    return digits, f"{app.settings.web.address}/confirm/{codes.link_token(app.key, code)}"


def _hidden(posted: outbox.Posted) -> tuple[str | None, str | None]:
    if "serial" not in posted.facts:
        return None, None
    return _HIDDEN_CODE, _HIDDEN_LINK if posted.reservation_id else None


def _facts(app: App, mail: About) -> letters.Facts:
    posted, said = mail.posted, mail.posted.facts
    code = codes.reservation_code(posted.reservation_id) if posted.reservation_id else ""
    return letters.Facts(
        name=posted.name or "",
        title=posted.title or "",
        where=mail.where,
        seats=calendars.seats_of(mail.listed) if mail.listed else None,
        starts_at=posted.starts_at,
        ends_at=posted.ends_at,
        timezone=posted.timezone or app.settings.timezone,
        party=posted.party or 1,
        expires_at=posted.due_at if posted.reservation_id else (posted.code.expires_at if posted.code else None),
        reservation_code=code,
        reason=said.get("reason"),
        whole_offering=bool(said.get("whole")),
        paid=said.get("paid"),
        refund=said.get("refund"),
        charged=said.get("charged"),
        old_title=said.get("title"),
        old_starts_at=_instant(said.get("starts_at")),
        old_ends_at=_instant(said.get("ends_at")),
        lapsed_from=said.get("was") or HELD,
        ticket=_ticket(app, mail),
        page=f"{app.settings.web.address}/my/{code}/" if code else None,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
