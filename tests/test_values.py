"""What crosses the floors, as programs get it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from classbook.values import Money, Place, plain


def test_the_two_half_past_twos_of_an_autumn_night_are_told_apart() -> None:
    """To Python they are equal, whatever remembers one of them must not answer with it for the other."""
    twice = [datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin")) for fold in (0, 1)]
    assert twice[0] == twice[1]
    assert plain(twice) == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]


def test_what_is_nested_is_plain_too() -> None:
    assert plain({"places": (Place("A", "A-1-1", 1),), "price": Money(1250, "EUR"), "left": None, "is_open": True}) == {
        "places": [{"stand": "A", "seat": "A-1-1", "unit": 1}],
        "price": {"amount": "12.50", "currency": "EUR"},
        "left": None,
        "is_open": True,
    }
