"""What a name, a title and a mail address may look like. They end up in mail headers, tables and pages.

A header is where it hurts: with Python before 3.11.10 an encoded word in a subject could write a header of its own
(CVE-2024-6923), and right-to-left overrides let a title pretend to be another text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from classbook.errors import Invalid

LONGEST_EMAIL: Final = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""

_NEVER: Final = "\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters (C0 but for tab and line feed, DEL, C1), separators, direction overrides, lone surrogates."""
_NOT_IN_A_LINE: Final = re.compile(rf"[\x00-\x0a{_NEVER}]")
_NOT_IN_A_TEXT: Final = re.compile(rf"[\x00-\x08{_NEVER}]")
_KINDS: Final = {
    "Cc": "control character",
    "Zl": "line separator",
    "Zp": "paragraph separator",
    "Cf": "change of the reading direction",
    "Cs": "half of a character",
}
"""What people call them, by their Unicode category."""
_ENCODED_WORD: Final = "=?"

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
"""RFC 5322, section 3.4.1, without what nobody uses: quotes, comments, address literals."""


def clean_name(text: str, *, what: str, most: int) -> str:
    """A name or a title without the blanks around it: one line of at most ``most`` characters, fit for any header.

    ``what`` names it in the refusal, like "title". Raises `Invalid`.
    """
    name = text.strip(" ")
    _refuse(_NOT_IN_A_LINE, name, what=what)
    if _ENCODED_WORD in name:
        raise Invalid(
            f"The {what} may not contain {_ENCODED_WORD}.", hint="Mail programs take it for a code of theirs."
        )
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise Invalid(f"The {what} may not be empty.")
    return _short_enough(name, what=what, most=most)


def clean_text(text: str, *, what: str, most: int) -> str:
    """A text that may have several lines, like a description, without the blanks around it; it may be empty.

    Line ends become ``\\n``. Raises `Invalid`.
    """
    clean = text.replace("\r\n", "\n").strip()
    _refuse(_NOT_IN_A_TEXT, clean, what=what)
    return _short_enough(clean, what=what, most=most)


def clean_email(text: str) -> str:
    """A mail address as it is stored and compared: without blanks around it, in small letters. Raises `Invalid`."""
    address = text.strip(" ")
    if len(address) > LONGEST_EMAIL:
        raise Invalid(f"A mail address has at most {LONGEST_EMAIL} characters, and this one has {len(address)}.")
    found = _EMAIL.fullmatch(address)
    if found is None or len(found["local"]) > 64 or _ENCODED_WORD in address:
        raise Invalid(f"{address!a} is not a mail address.", hint="Write it in ASCII letters, like ana@example.org.")
    return address.lower()


def _refuse(forbidden: re.Pattern[str], text: str, *, what: str) -> None:
    """Refuse characters that move cursors, break lines or turn the reading direction around."""
    if found := forbidden.search(text):
        kind, line_ends = _KINDS[unicodedata.category(found[0])], "\r\n"
        raise Invalid(
            f"The {what} contains a {kind} (U+{ord(found[0]):04X}) at position {found.start() + 1}.",
            hint=f"Leave that character out{', and write it on one line' if found[0] in line_ends else ''}.",
        )


def _short_enough(text: str, *, what: str, most: int) -> str:
    if len(text) > most:
        raise Invalid(f"The {what} has {len(text)} characters, and {most} are the most.")
    return text
