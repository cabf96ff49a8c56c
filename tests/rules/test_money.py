"""Amounts: what may be written, what is refused, and that nothing is ever rounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import Invalid
from classbook.rules.money import MOST_MINOR, parse_amount
from classbook.values import Money, decimals, plain

CURRENCIES = ("EUR", "JPY", "KWD", "CHF", "KRW", "BHD")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("0.01", "EUR", 1),
        ("007.00", "EUR", 700),
        ("12.50 EUR", "EUR", 1250),
        ("12.50EUR", "EUR", 1250),
        ("12.50 eur", "EUR", 1250),
        ("  12.50 EUR ", "EUR", 1250),
        ("10000000000.00", "EUR", MOST_MINOR),
        ("1250", "JPY", 1250),
        ("1250 JPY", "JPY", 1250),
        ("12.5", "KWD", 12_500),
        ("12.505", "KWD", 12_505),
    ],
)
def test_an_amount_is_read(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "says"),
    [
        ("", "EUR", "'' is not an amount of money"),
        ("ten", "EUR", "'ten' is not an amount of money"),
        ("NaN", "EUR", "is not an amount of money"),
        ("nan", "EUR", "is not an amount of money"),
        ("inf", "EUR", "is not an amount of money"),
        ("-Infinity", "EUR", "is not an amount of money"),
        ("1e3", "EUR", "is not an amount of money"),
        ("0x10", "EUR", "is not an amount of money"),
        ("1_000", "EUR", "is not an amount of money"),
        ("1,000.00", "EUR", "is not an amount of money"),
        ("12,50", "EUR", "is not an amount of money"),
        ("1 000", "EUR", "is not an amount of money"),
        ("12.", "EUR", "is not an amount of money"),
        (".5", "EUR", "is not an amount of money"),
        ("1.2.3", "EUR", "is not an amount of money"),
        ("12.50 EURO", "EUR", "is not an amount of money"),
        ("EUR 12.50", "EUR", "is not an amount of money"),
        ("€12.50", "EUR", "is not an amount of money"),
        ("١٢", "EUR", "is not an amount of money"),
        ("１２", "EUR", "is not an amount of money"),
        ("5\x00", "EUR", "is not an amount of money"),
        ("9" * 5_000, "EUR", "is not an amount of money"),
        ("-1", "EUR", "An amount has no sign"),
        ("-0", "EUR", "An amount has no sign"),
        ("+1", "EUR", "An amount has no sign"),
        ("0", "EUR", "at least 0.01 EUR, not 0.00 EUR"),
        ("0.00", "EUR", "at least 0.01 EUR"),
        ("0", "JPY", "at least 1 JPY, not 0 JPY"),
        ("1" + "0" * 30, "EUR", "at most 10000000000.00 EUR"),
        ("10000000000.01", "EUR", "at most 10000000000.00 EUR"),
        ("12.505", "EUR", "has at most 2 decimals"),
        ("12.500", "EUR", "has at most 2 decimals"),
        ("0.001", "EUR", "has at most 2 decimals"),
        ("12.0", "JPY", "has no decimals"),
        ("12.5050", "KWD", "has at most 3 decimals"),
        ("12.50 USD", "EUR", "Amounts are in EUR here, not in USD"),
    ],
)
def test_what_is_no_amount_is_refused_and_says_why(text: str, currency: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_amount(text, currency)
    assert says in refused.value.detail
    assert len(refused.value.detail) < 120


def test_the_hint_is_an_amount_of_the_currency() -> None:
    for currency, hint in (("EUR", "12.50 EUR"), ("JPY", "12 JPY"), ("KWD", "12.500 KWD")):
        with pytest.raises(Invalid) as refused:
            parse_amount("x", currency)
        assert refused.value.hint == f"Write it like {hint}."
        assert parse_amount(hint, currency) > 0


def test_nothing_may_be_an_amount_where_it_means_something() -> None:
    assert parse_amount("0", "EUR", least_minor=0) == 0
    assert parse_amount("0.00 EUR", "EUR", least_minor=0) == 0


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (1250, "EUR", "12.50"),
        (5, "EUR", "0.05"),
        (0, "EUR", "0.00"),
        (-5, "EUR", "-0.05"),
        (-1250, "EUR", "-12.50"),
        (1250, "JPY", "1250"),
        (-3, "JPY", "-3"),
        (1250, "KWD", "1.250"),
        (9_007_199_254_740_993, "EUR", "90071992547409.93"),
        (2**63 - 1, "EUR", "92233720368547758.07"),
    ],
)
def test_an_amount_is_shown_exactly(minor: int, currency: str, amount: str) -> None:
    assert plain(Money(minor, currency)) == {"amount": amount, "currency": currency}
    assert str(Money(minor, currency)) == f"{amount} {currency}"


@given(minor=st.integers(1, MOST_MINOR), currency=st.sampled_from(CURRENCIES))
def test_what_is_shown_is_read_as_what_it_was(minor: int, currency: str) -> None:
    assert parse_amount(str(Money(minor, currency)), currency) == minor
    assert parse_amount(Money(minor, currency).amount, currency) == minor


@given(text=st.text(max_size=40), currency=st.sampled_from(CURRENCIES))
def test_any_text_is_an_amount_or_refused(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency, least_minor=0)
    except Invalid:
        return
    assert 0 <= minor <= MOST_MINOR
    assert parse_amount(str(Money(minor, currency)), currency, least_minor=0) == minor


def test_currencies_know_their_decimals() -> None:
    assert [decimals(currency) for currency in CURRENCIES] == [2, 0, 3, 2, 0, 3]
