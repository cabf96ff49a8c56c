"""What a password may be: long enough, and nothing that guessers try first. No rules of composition.

Source: NIST SP 800-63B, section 5.1.1.2 (length, comparison with common values and with what is known of the person).
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from classbook.errors import Invalid

LENGTHS: Final = (8, 128)
"""Characters at least and at most."""
_SERVICE: Final = "classbook"


def strong(password: str, *, email: str, name: str = "") -> str:
    """The password, where the person with this address and name may have it. Raises Invalid."""
    least, most = LENGTHS
    if not least <= len(password) <= most:
        raise Invalid(f"A password has {least} to {most} characters.")
    typed = _folded(password)
    if typed in {_folded(word) for word in (email, *email.split("@"), name, name.replace(" ", ""), _SERVICE)}:
        raise Invalid("A password may not be the person's own name or address.", hint="Take several words.")
    if typed in _common():
        raise Invalid("That password is one of the first that people try.", hint="Take several words.")
    return password


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


@cache
def _common() -> frozenset[str]:
    """The 30,000 most common ones, in small letters, from lists of leaked passwords: those that zxcvbn comes with."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
