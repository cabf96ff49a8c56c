"""What mails say. One letter is written once, as blocks; its plain text and its HTML are two renderings of them.

The contract: a code stands alone on its line as six digits, before any link; a link stands alone on its line.
Nothing of what people typed can stand alone on a line: names and titles are always within a sentence or behind a label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from classbook.rules.when import format_local


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter is about; whatever a kind of letter does not need stays as it is.

    ``starts_at`` and ``ends_at`` are the offering's, ``expires_at`` is the deadline of the hold or of the code, all
    aware. ``timezone`` is the IANA name in which the letter tells times. ``whole_offering`` says that not only this
    reservation was cancelled, ``refund`` what came back of what was ``paid``. The ``old_`` facts are what a changed
    offering was before, None where that is the same.
    """

    name: str = ""
    title: str = ""
    where: str | None = None
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
    old_title: str | None = None
    old_starts_at: datetime | None = None
    old_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def render(kind: str, facts: Facts, *, code: str | None = None, link: str | None = None) -> Letter:
    """The letter of this kind (one of `KINDS`). ``code`` and ``link`` are what confirms, where the kind has them."""
    subject, blocks = _WRITERS[kind](facts, code, link)
    return Letter(subject, _as_text(blocks), _as_html(subject, blocks))


# --- blocks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class _Code:
    digits: str


@dataclass(frozen=True, slots=True)
class _Link:
    url: str


@dataclass(frozen=True, slots=True)
class _Details:
    rows: tuple[tuple[str, str], ...]


_Block = _Paragraph | _Code | _Link | _Details
_Draft = tuple[str, list[_Block]]
"""A subject and what follows."""


# --- the letters ---------------------------------------------------------------------------------------------------


def _held(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = f'{_your_places(facts)} in "{facts.title}" {_are(facts)} held for you'
    subject = f"{code} is your code for {facts.title}" if code else f"Held for you: {facts.title}"
    blocks: list[_Block] = [_greeting(facts), *_how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            _Paragraph(f"Do it before {_moment(facts.expires_at, facts)}. From then on others can take what you held.")
        )
    return subject, [*blocks, _details(facts), _Paragraph("You did not ask for this? Then do nothing, and it lapses.")]


def _how_to_confirm(what: str, code: str | None, link: str | None) -> list[_Block]:
    match code, link:
        case str(), str():
            or_open = _Paragraph("Or open this page and press its button:")
            return [_Paragraph(f"{what}. This code confirms:"), _Code(code), or_open, _Link(link)]
        case str(), None:
            return [_Paragraph(f"{what}. This code confirms:"), _Code(code)]
        case None, str():
            return [_Paragraph(f"{what}. To confirm, open this page and press its button:"), _Link(link)]
        case _:
            return [_Paragraph(f"{what}. Please confirm where you reserved.")]


def _confirmed(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[_Block] = [
        _greeting(facts),
        _Paragraph(f'{_your_places(facts)} in "{facts.title}" {_are(facts)} confirmed. See you there!'),
        _details(facts),
    ]
    return f"Confirmed: {facts.title}", blocks


def _cancelled(facts: Facts, code: str | None, link: str | None) -> _Draft:
    if facts.whole_offering:
        what = f'We are sorry: "{facts.title}" does not take place. It was cancelled, and your reservation with it.'
    else:
        what = f'Your reservation for "{facts.title}" was cancelled.'
    blocks: list[_Block] = [_greeting(facts), _Paragraph(what)]
    if facts.reason:
        blocks.append(_Paragraph(f"The reason given: {facts.reason}"))
    if facts.paid:
        blocks.append(_Paragraph(_money_back(facts.paid, facts.refund)))
    return f"Cancelled: {facts.title}", [*blocks, _details(facts)]


def _money_back(paid: str, refund: str | None) -> str:
    if refund == paid:
        return f"All you paid is back in your wallet: {paid}."
    if refund is None:
        return f"It was too late to get back anything of the {paid} that you paid."
    return f"Of the {paid} that you paid, {refund} is back in your wallet."


def _expired(facts: Facts, code: str | None, link: str | None) -> _Draft:
    lapsed = f'{_your_places(facts)} in "{facts.title}" {_were(facts)} not confirmed in time, so the hold has lapsed.'
    again = "You can reserve again as you did before, as long as there are places; you will get a new code then."
    blocks: list[_Block] = [_greeting(facts), _Paragraph(lapsed), _Paragraph(again)]
    if link:
        blocks.append(_Link(link))
    return f"Not confirmed in time: {facts.title}", [*blocks, _details(facts)]


def _changed(facts: Facts, code: str | None, link: str | None) -> _Draft:
    before = Facts(
        title=facts.old_title or "",
        starts_at=facts.old_starts_at,
        ends_at=facts.old_ends_at,
        timezone=facts.timezone,
    )
    rows = [(f"{label}, before", value) for label, value in _what_and_when(before)]
    blocks: list[_Block] = [
        _greeting(facts),
        _Paragraph(f'"{facts.title}" has changed. Your reservation stays as it is.'),
        _details(facts),
        _Details(tuple(rows)),
        _Paragraph("If that no longer suits you, please cancel, so that others can come."),
    ]
    return f"Changed: {facts.title}", blocks


def _verify(facts: Facts, code: str | None, link: str | None) -> _Draft:
    """Without the name: whoever signed up chose it, and could send a text of his own to a stranger with it."""
    blocks: list[_Block] = [
        _Paragraph("Hello,"),
        *_how_to_confirm("Somebody signed up to classbook with this address", code, link),
    ]
    if facts.expires_at:
        blocks.append(_Paragraph(f"It is good until {_moment(facts.expires_at, facts)}."))
    blocks.append(_Paragraph("That was not you? Then do nothing: without the code there is no account."))
    return f"{code} is your code to sign up to classbook" if code else "Sign up to classbook", blocks


def _known(facts: Facts, code: str | None, link: str | None) -> _Draft:
    """Who signs up with an address that has an account is told so here, where only its owner reads it."""
    blocks: list[_Block] = [
        _Paragraph("Hello,"),
        _Paragraph("Somebody signed up to classbook with this address. There is an account with it already."),
        _Paragraph("That was you? Then log in. If you have forgotten the password, ask for a new one."),
        _Paragraph("That was not you? Then do nothing: nothing has changed."),
    ]
    return "You have an account at classbook", blocks


def _reset(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = "Somebody asked for a new password for your account at classbook"
    blocks: list[_Block] = [_greeting(facts)]
    blocks += [_Paragraph(f"{what}. This code sets it:"), _Code(code)] if code else [_Paragraph(f"{what}.")]
    if facts.expires_at:
        blocks.append(_Paragraph(f"It is good until {_moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(_Paragraph("That was not you? Then do nothing: the password stays as it is."))
    return f"{code} is your code for a new password" if code else "A new password for classbook", blocks


def _login(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return _mailed_login(facts, code, "Somebody wants to log in to classbook with this address")


def _welcome(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return _mailed_login(facts, code, "Somebody wants to book at classbook with this address")


def _mailed_login(facts: Facts, code: str | None, what: str) -> _Draft:
    blocks: list[_Block] = [_greeting(facts) if facts.name else _Paragraph("Hello,")]
    blocks += (
        [_Paragraph(f"{what}. This code shows that it is you:"), _Code(code)] if code else [_Paragraph(f"{what}.")]
    )
    if facts.expires_at:
        blocks.append(_Paragraph(f"It is good until {_moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(_Paragraph("That was not you? Then do nothing: without the code nothing happens."))
    return f"{code} is your code for classbook" if code else "Your code for classbook", blocks


def _password(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[_Block] = [
        _greeting(facts),
        _Paragraph("The password of your account at classbook was changed. Other logins have ended."),
        _Paragraph("That was not you? Then set a new one at once, with a code that is mailed to you."),
    ]
    return "Your password was changed", blocks


def _test(facts: Facts, code: str | None, link: str | None) -> _Draft:
    return "classbook can send mail", [_Paragraph("This is a test. If you can read it, classbook can send mail.")]


def _offered(facts: Facts, code: str | None, link: str | None) -> _Draft:
    what = f'Your turn has come: {_your_places(facts).lower()} in "{facts.title}" {_are(facts)} free and held for you'
    subject = f"{code} is your code for {facts.title}: your turn" if code else f"Your turn: {facts.title}"
    blocks: list[_Block] = [_greeting(facts), *_how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            _Paragraph(f"Do it before {_moment(facts.expires_at, facts)}. Then it is offered to the next in line.")
        )
    return subject, [*blocks, _details(facts)]


def _queued(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[_Block] = [
        _greeting(facts),
        _Paragraph(f'You are in line for "{facts.title}". As soon as there is room for you, we write to you.'),
        _details(facts),
    ]
    return f"In line: {facts.title}", blocks


def _moved(facts: Facts, code: str | None, link: str | None) -> _Draft:
    blocks: list[_Block] = [
        _greeting(facts),
        _Paragraph(f'Your reservation for "{facts.title}" was changed. This is what holds now:'),
        _details(facts),
    ]
    return f"Changed: {facts.title}", blocks


_WRITERS: Final[dict[str, Callable[[Facts, str | None, str | None], _Draft]]] = {
    "held": _held,
    "confirmed": _confirmed,
    "queued": _queued,
    "offered": _offered,
    "moved": _moved,
    "cancelled": _cancelled,
    "expired": _expired,
    "changed": _changed,
    "verify": _verify,
    "known": _known,
    "reset": _reset,
    "login": _login,
    "welcome": _welcome,
    "password": _password,
    "test": _test,
}
KINDS: Final = tuple(_WRITERS)


# --- phrases -------------------------------------------------------------------------------------------------------


def _greeting(facts: Facts) -> _Paragraph:
    return _Paragraph(f"Hello {facts.name}," if facts.name else "Hello,")


def _your_places(facts: Facts) -> str:
    return "Your place" if facts.party == 1 else f"Your {facts.party} places"


def _are(facts: Facts) -> str:
    return "is" if facts.party == 1 else "are"


def _were(facts: Facts) -> str:
    return "was" if facts.party == 1 else "were"


def _moment(instant: datetime, facts: Facts) -> str:
    return format_local(instant, ZoneInfo(facts.timezone))


def _details(facts: Facts) -> _Details:
    rows = _what_and_when(facts)
    if facts.where:
        rows.append(("Where", facts.where))
    rows.append(("Places", str(facts.party)))
    if facts.reservation_code:
        rows.append(("Reservation", facts.reservation_code))
    return _Details(tuple(rows))


def _what_and_when(facts: Facts) -> list[tuple[str, str]]:
    rows = [("What", facts.title)] if facts.title else []
    if facts.starts_at:
        rows.append(("Starts", _moment(facts.starts_at, facts)))
    if facts.ends_at:
        rows.append(("Ends", _moment(facts.ends_at, facts)))
    return rows


# --- the two renderings --------------------------------------------------------------------------------------------


def _as_text(blocks: list[_Block]) -> str:
    return "\n\n".join(_block_as_text(block) for block in blocks) + "\n"


def _block_as_text(block: _Block) -> str:
    match block:
        case _Paragraph(text):
            return text
        case _Code(digits):
            return digits
        case _Link(url):
            return url
        case _Details(rows):
            width = max((len(label) for label, _ in rows), default=0) + 1
            return "\n".join(f"{label + ':':<{width}} {value}" for label, value in rows)


def _as_html(subject: str, blocks: list[_Block]) -> str:
    """One column of paragraphs: no tables, no pictures, nothing from elsewhere."""
    body = "\n".join(_block_as_html(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(subject)}</title>\n</head>\n"
        '<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5; max-width: 36em; margin: 1em auto; '
        f'padding: 0 1em">\n{body}\n</body>\n</html>\n'
    )


def _block_as_html(block: _Block) -> str:
    match block:
        case _Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case _Code(digits):
            return f'<p style="font-size: 32px; font-family: monospace; letter-spacing: 4px">{escape(digits)}</p>'
        case _Link(url):
            return f'<p><a href="{escape(url)}">{escape(url)}</a></p>'
        case _Details(rows):
            lines = "<br>\n".join(f"{escape(label)}: <strong>{escape(value)}</strong>" for label, value in rows)
            return f"<p>{lines}</p>"
