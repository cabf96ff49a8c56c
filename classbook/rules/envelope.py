"""A letter as a mail message, with headers that nobody else has written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from classbook.errors import Invalid
from classbook.rules.blocks import TICKET_IMAGE
from classbook.rules.letters import Letter

_LONGEST_PLAIN_LINE: Final = 900
"""A line of a mail has at most 998 bytes (RFC 5322, section 2.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosures:
    """What goes with a letter: the picture of its ticket (PNG), an invitation (iCalendar) and what that asks for."""

    ticket: bytes | None = None
    invitation: bytes | None = None
    method: str = "REQUEST"


def envelope(
    letter: Letter,
    *,
    to_address: str,
    to_name: str,
    sender: str,
    message_id: str,
    date: datetime,
    enclosed: Enclosures = Enclosures(),
) -> EmailMessage:
    """The letter as text and HTML, the text first; then what is enclosed.

    ``sender`` is an address with or without a name, ``message_id`` includes its angle brackets, ``date`` is aware.
    Raises `Invalid` where a header does not come out of the serialised message as it went in: some versions of
    Python let an encoded line break in a subject begin another header (CVE-2024-6923).
    """
    message = EmailMessage(policy=policy.default)
    try:
        message["From"] = sender
        message["To"] = Address(to_name, addr_spec=to_address)
        message["Subject"] = letter.subject
        message["Date"] = date
        message["Message-ID"] = message_id
        # RFC 3834: holiday answers and the like leave such mail alone.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, cte=_encoding(letter.text))
        message.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html))
        _enclose(message, enclosed)
        arriving = [_travelled(message, to) for to in (policy.default, policy.SMTP)]
    except (MessageError, ValueError, LookupError) as error:
        raise Invalid(f"A mail cannot have these headers: {type(error).__name__}.") from error
    for arrived in arriving:
        if _essence(arrived) != _essence(message) or _addresses(arrived, "To") != [to_address]:
            raise Invalid("A mail cannot have these headers: they would not arrive as they are.")
    return message


def _enclose(message: EmailMessage, enclosed: Enclosures) -> None:
    """The picture beside the HTML that shows it; the invitation twice: some programs read a part, some a file."""
    if enclosed.ticket is not None:
        [_, html] = message.iter_parts()
        html.add_related(enclosed.ticket, "image", "png", cid=f"<{TICKET_IMAGE}>", filename="ticket.png")
    if enclosed.invitation is not None:
        text = enclosed.invitation.decode()
        message.add_alternative(text, subtype="calendar", cte=_encoding(text), params={"method": enclosed.method})
        message.add_attachment(enclosed.invitation, maintype="application", subtype="ics", filename="invite.ics")


def _encoding(text: str) -> str:
    """Readable as it is wherever possible: who looks into a maildir should see the code."""
    plain = text.isascii() and all(len(line) <= _LONGEST_PLAIN_LINE for line in text.splitlines())
    return "7bit" if plain else "quoted-printable"


def _travelled(message: EmailMessage, to: policy.EmailPolicy[EmailMessage]) -> EmailMessage:
    """The message as the other end reads it: a file has other line ends than SMTP, and hence other traps."""
    return message_from_bytes(message.as_bytes(policy=to), policy=policy.default)


def _essence(message: EmailMessage) -> list[tuple[str, object]]:
    """What must survive a journey: each header with its addresses or its text (less blanks, which folding changes)."""
    return [
        (name, _addresses(message, name) if name in ("From", "To") else "".join(str(message[name]).split()))
        for name in message
        if name != "Content-Type"
    ]


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [address.addr_spec for address in message[name].addresses]
