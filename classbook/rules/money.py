"""Amounts of money as people write them, and as the ledger counts them: whole minor units of one currency."""

from __future__ import annotations

import re
from typing import Final

from classbook.errors import Invalid
from classbook.values import Money, decimals

MOST_MINOR: Final = 10**12
"""The largest single amount. Far below what a BIGINT holds, so that no sum of amounts can overflow."""
MOST_IN_WALLET_MINOR: Final = 10**15
"""What a wallet may be topped up to. Refunds may go beyond it: money that is owed is never refused."""

_AMOUNT: Final = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?(?:\s*([A-Za-z]{3}))?", re.ASCII)
_LONGEST: Final = 100


def parse_amount(text: str, currency: str, *, least_minor: int = 1) -> int:
    """``12.50`` or ``12.50 EUR`` in minor units of ``currency``.

    Nothing is rounded and nothing guessed: more decimals than the currency has, another currency, signs, grouped
    digits and exponents are refused. Raises Invalid.
    """
    found = _AMOUNT.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise Invalid(f"{_shown(text)} is not an amount of money.", hint=f"Write it like {_example(currency)}.")
    sign, whole, part, named = found.groups(default="")
    places = decimals(currency)
    if named and named.upper() != currency:
        raise Invalid(f"Amounts are in {currency} here, not in {named.upper()}.", hint=f"Like {_example(currency)}.")
    if sign:
        raise Invalid(f"An amount has no sign: {_shown(text)}.", hint=f"Write it like {_example(currency)}.")
    if len(part) > places:
        most = f"at most {places} decimals" if places else "no decimals"
        raise Invalid(f"An amount in {currency} has {most}: {_shown(text)}.", hint=f"Like {_example(currency)}.")
    minor = int(whole + part.ljust(places, "0"))
    if minor > MOST_MINOR:
        raise Invalid(f"That is too much: an amount is at most {Money(MOST_MINOR, currency)}.")
    if minor < least_minor:
        raise Invalid(f"An amount is at least {Money(least_minor, currency)}, not {Money(minor, currency)}.")
    return minor


def _example(currency: str) -> str:
    return str(Money(1250 * 10 ** decimals(currency) // 100, currency))


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return repr(short)
