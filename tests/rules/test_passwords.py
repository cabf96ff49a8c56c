"""What a password may be."""

from __future__ import annotations

import pytest

from classbook.errors import Invalid
from classbook.rules.passwords import LENGTHS, strong


@pytest.mark.parametrize(
    "password",
    [
        "kqzvwxjy",
        "x y z x y z ",
        "nothing here but small letters",
        "Пароль по-русски",
        "🐎" * 8,
        "z" * 127 + "!",
    ],
)
def test_any_text_of_some_length_will_do(password: str) -> None:
    assert strong(password, email="ana@example.org", name="Ana") == password


@pytest.mark.parametrize("length", [0, 1, LENGTHS[0] - 1, LENGTHS[1] + 1, 200])
def test_it_has_eight_to_128_characters(length: int) -> None:
    with pytest.raises(Invalid, match="8 to 128"):
        strong("zq" * (length // 2) + "z" * (length % 2), email="ana@example.org")


@pytest.mark.parametrize("password", ["password", "12345678", "QWERTYUIOP", "Password123", "iloveyou", " baseball "])
def test_it_is_none_of_the_most_common_ones_however_they_are_written(password: str) -> None:
    with pytest.raises(Invalid, match="first that people try"):
        strong(password, email="ana@example.org")


@pytest.mark.parametrize(
    "password", ["ana.smith@example.org", "ANA.SMITH", "Ana Smithson", "anasmithson", "example.org", "ClassBook"]
)
def test_it_is_not_the_persons_own_name_or_address(password: str) -> None:
    with pytest.raises(Invalid, match="own name or address"):
        strong(password, email="ana.smith@example.org", name="Ana Smithson")
