"""Tickets: a reservation's code with a signature behind it, and its picture.

The code alone is a name that anybody can make up. The signature is what only this house can write, so that a ticket
that was made up is noticed where it is shown. Whether it lets somebody in, the reservation itself says.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from typing import TYPE_CHECKING, Final

from classbook.rules.codes import ALPHABET, MISREAD, reservation_code, reservation_id

if TYPE_CHECKING:
    import segno

_CODE_LETTERS: Final = 8
_SIGNATURE_LETTERS: Final = 6
"""30 bits: who tries tickets at the door needs a thousand million of them."""


def ticket(key: bytes, reservation_id: int) -> str:
    """What is shown at the door, like ``R-7KX9-2MQP-4F7KQ2``: letters that scanners of every keyboard type alike."""
    return f"{reservation_code(reservation_id)}-{_signature(key, reservation_id)}"


def is_ticket(text: str) -> bool:
    """Whether that has the form of a ticket: more than a code, and no number."""
    return not text.strip().isdigit() and len(_letters(text)) == _CODE_LETTERS + _SIGNATURE_LETTERS


def ticket_id(key: bytes, text: str) -> int | None:
    """The reservation a ticket is for; None for one that was not made with this key."""
    letters = _letters(text)
    found = reservation_id(f"R-{letters[:_CODE_LETTERS]}")
    if found is None or not is_ticket(text):
        return None
    given, expected = letters[_CODE_LETTERS:], _signature(key, found)
    return found if hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass")) else None


def _letters(text: str) -> str:
    return text.strip().upper().removeprefix("R").replace("-", "").translate(MISREAD)


def _signature(key: bytes, reservation_id: int) -> str:
    digest = hmac.new(key, f"ticket:{reservation_id}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(_SIGNATURE_LETTERS))


# --- the picture ---------------------------------------------------------------------------------------------------


def as_svg(text: str) -> str:
    """A QR code for pages and printers."""
    drawn = io.BytesIO()
    _drawn(text).save(drawn, kind="svg", scale=8, border=4, light="#ffffff", xmldecl=False, title=text)
    return drawn.getvalue().decode()


def as_png(text: str) -> bytes:
    """A QR code for mails, most of which show no SVG."""
    drawn = io.BytesIO()
    _drawn(text).save(drawn, kind="png", scale=8, border=4)
    return drawn.getvalue()


def as_text(text: str) -> str:
    """A QR code for a terminal."""
    drawn = io.StringIO()
    _drawn(text).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()


def _drawn(text: str) -> segno.QRCode:
    import segno

    # Error correction for a quarter: it is read from a scratched telephone, or from paper that was folded.
    return segno.make_qr(text, error="q", boost_error=False)
