"""Codes people read and type: reservation codes, mailed one-time codes, confirmation links.

None of them is stored. A one-time code is derived from a random nonce kept in the database and the secret key
kept outside of it, so a stolen database yields no code and a mail can be rendered late or again.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Protocol

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that a code survives a telephone."""
MISREAD: Final = str.maketrans("ILO", "110")
_PAIRS: Final = tuple(one + other for one in ALPHABET for other in ALPHABET)
"""Two letters for ten bits: half the work, and a list of reservations has many codes."""
_MODULUS: Final = 1 << 40
_FACTORS: Final = (0x5DEECE66D1, 0x9E3779B97B)
"""Odd, hence invertible modulo a power of two."""
_INVERSES: Final = tuple(pow(factor, -1, _MODULUS) for factor in _FACTORS)


def reservation_code(reservation_id: int) -> str:
    """The name people use for a reservation, like ``R-7KX9-2MQP``: a permutation of 40 bits, so never twice.

    It is a name and not a secret: whoever asks must also be allowed to see the reservation.
    """
    number = reservation_id
    for factor in _FACTORS:
        number = number * factor % _MODULUS
        number ^= number >> 20
    pairs = _PAIRS
    return f"R-{pairs[number >> 30]}{pairs[number >> 20 & 1023]}-{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"


def reservation_id(text: str) -> int | None:
    """The id behind a reservation's code or behind a plain number; None where it can be neither."""
    text = text.strip().upper()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 19 else None
    letters = text.removeprefix("R").replace("-", "").translate(MISREAD)
    if len(letters) != 8 or any(letter not in ALPHABET for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    for inverse in reversed(_INVERSES):
        number ^= number >> 20
        number = number * inverse % _MODULUS
    return number


class Nonce(Protocol):
    """What a code is derived from: what it is for, and a random nonce of 128 bits."""

    @property
    def purpose(self) -> str: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def serial(self) -> int: ...
    @property
    def nonce(self) -> str: ...


def one_time_code(key: bytes, of: Nonce) -> str:
    """Six digits for one purpose, subject and serial number.

    HMAC-SHA-256 over a 128-bit random nonce, reduced as in RFC 4226, section 5.3 (63 bits instead of 31, so that the
    reduction to 10^6 has no measurable bias).
    """
    digest = _mac(key, "otp", of)
    return f"{(int.from_bytes(digest[:8], 'big') >> 1) % 1_000_000:06d}"


def same_code(expected: str, given: str) -> bool:
    """Compare in constant time, whatever was typed."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def link_token(key: bytes, of: Nonce) -> str:
    """A token of 256 bits for a link, good for one purpose, subject and serial number."""
    digest = _mac(key, "link", of)
    return f"{of.subject_id:x}.{of.serial:x}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


def link_subject(token: str) -> tuple[int, int] | None:
    """The subject id and the serial a link token claims to be for; None where it is no token at all."""
    parts = token.split(".")
    try:
        subject_id, serial = int(parts[0], 16), int(parts[1], 16)
        digest = urlsafe_b64decode(parts[2] + "=")
    except (ValueError, IndexError):
        return None
    well_formed = len(parts) == 3 and len(digest) == 32 and 0 < subject_id < 2**63 and 0 < serial < 2**15
    return (subject_id, serial) if well_formed else None


def _mac(key: bytes, form: str, of: Nonce) -> bytes:
    text = f"{form}:{of.purpose}:{of.subject_id}:{of.serial}:{of.nonce}"
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
