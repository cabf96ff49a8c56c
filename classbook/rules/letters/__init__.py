"""What mails say. One letter is written once, as blocks; its plain text and its HTML are two renderings of them.

The contract: a code stands alone on its line as six digits, before any link; a link stands alone on its line.
Nothing of what people typed can stand alone on a line: names and titles are always within a sentence or behind a label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from classbook.rules.blocks import Paragraph, as_html, as_text
from classbook.rules.letters import accounts, bookings
from classbook.rules.letters.phrases import Draft, Facts, details, moment

__all__ = ["KINDS", "Facts", "Letter", "is_letter", "render", "words"]


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


def _test(facts: Facts, code: str | None, link: str | None) -> Draft:
    return "classbook can send mail", [Paragraph("This is a test. If you can read it, classbook can send mail.")]


_WRITERS: Final[dict[str, Callable[[Facts, str | None, str | None], Draft]]] = {
    "held": bookings.held,
    "confirmed": bookings.confirmed,
    "queued": bookings.queued,
    "offered": bookings.offered,
    "active": bookings.active,
    "moved": bookings.moved,
    "cancelled": bookings.cancelled,
    "expired": bookings.expired,
    "changed": bookings.changed,
    "reminder": bookings.reminder,
    "completed": bookings.completed,
    "verify": accounts.verify,
    "known": accounts.known,
    "reset": accounts.reset,
    "login": accounts.login,
    "welcome": accounts.welcome,
    "password": accounts.password,
    "test": _test,
}
KINDS: Final = tuple(_WRITERS)


def is_letter(name: str) -> bool:
    """Whether there is a letter of that kind."""
    return name in KINDS


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
    told = {name: moment(instant, facts) if instant else "" for name, instant in moments.items()}
    return {
        **{name: text or "" for name, text in texts.items()},
        **told,
        "whole_offering": facts.whole_offering,
        "details": details(facts).rows,
    }
