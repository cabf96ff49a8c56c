"""Names, titles and addresses: what is taken, what is refused, and that nothing taken can harm."""

from __future__ import annotations

import string
import unicodedata
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import Invalid
from classbook.rules.names import LONGEST_EMAIL, clean_email, clean_name, clean_text


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Zoë O'Neil-Müller",
        "李小龙",
        "Yoga (advanced) & more: 100 %",
        "12 = twelve?",
        "👩‍👩‍👧 family class",
        "שיעור",
    ],
)
def test_names_of_all_the_world_are_taken_as_they_are(name: str) -> None:
    assert clean_name(f"  {name} ", what="title", most=100) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "may not be empty"),
        ("   ", "may not be empty"),
        ("\u200b\u2060\ufeff", "may not be empty"),
        ("\u00a0", "may not be empty"),
        ("a\nBcc: evil@example.org", r"control character \(U\+000A\) at position 2"),
        ("Ana\r", "control character"),
        ("Ana\t", "control character"),
        ("Ana\x00", "control character"),
        ("Ana\x7f", "control character"),
        ("Ana\x85", r"control character \(U\+0085\)"),
        ("Ana\x9b31m", "control character"),
        ("Ana\u2028", "line separator"),
        ("Ana\u2029", "paragraph separator"),
        ("Ana\u202egpj.exe", "reading direction"),
        ("Ana\u2066x\u2069", "reading direction"),
        ("Ana\ud83d", "half of a character"),
        ("=?utf-8?q?Hi=0ABcc=3A_evil@example.org?=", r"may not contain =\?"),
        ("x" * 101, "has 101 characters, and 100 are the most"),
    ],
)
def test_a_name_that_could_harm_is_refused_with_the_reason(name: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as caught:
        clean_name(name, what="title", most=100)
    assert caught.value.detail.startswith("The title ") and caught.value.detail.isprintable()


@given(st.text())
def test_what_is_taken_is_one_safe_line(text: str) -> None:
    try:
        name = clean_name(text, what="name", most=200)
    except Invalid:
        return
    assert name and len(name) <= 200 and len(name.splitlines()) == 1 and "=?" not in name
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)
    assert clean_name(name, what="name", most=200) == name and name.encode()


def test_a_text_may_have_lines_and_may_be_empty() -> None:
    assert clean_text(" first\r\n\tsecond\n", what="description", most=100) == "first\n\tsecond"
    assert clean_text("  ", what="description", most=100) == ""


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2J", "a\u202eb", "a\udc80", "a\rb", "x" * 101])
def test_a_text_that_could_harm_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="The description"):
        clean_text(text, what="description", most=100)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ana@example.org", "ana@example.org"),
        (" Ana.Maria+Yoga@Example.ORG ", "ana.maria+yoga@example.org"),
        ("root@localhost", "root@localhost"),
        ("o'neil_{x}@a-b.example", "o'neil_{x}@a-b.example"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_an_address_is_stored_in_one_way(typed: str, stored: str) -> None:
    assert clean_email(typed) == stored == clean_email(stored)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@@example.org",
        "ana@b@example.org",
        "an a@example.org",
        "ana@exa mple.org",
        "ana@example.org\nBcc: evil@example.org",
        "ana@example.org\n",
        "ana\x00@example.org",
        "ana@example.org, evil@example.org",
        "Ana <ana@example.org>",
        '"ana"@example.org',
        "ana(comment)@example.org",
        ".ana@example.org",
        "ana.@example.org",
        "a..na@example.org",
        "ana@.example.org",
        "ana@example..org",
        "ana@example.org.",
        "ana@-example.org",
        "ana@example-.org",
        "ana@[127.0.0.1]",
        "ana@exämple.org",
        "änna@example.org",
        "ana@\u212aelvin.org",
        "=?utf-8?q?x?=@example.org",
        f"{'a' * 65}@example.org",
        f"ana@{'a' * 64}.org",
        f"ana@{'a.' * 125}org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="mail address") as caught:
        clean_email(typed)
    assert caught.value.detail.isprintable()


@given(st.text(alphabet=string.printable + "äß\u2028\u202e\ud800", max_size=300) | st.emails())
def test_every_address_that_is_taken_is_one_for_the_standard_library(typed: str) -> None:
    try:
        stored = clean_email(typed)
    except Invalid:
        return
    assert Address(addr_spec=stored).addr_spec == stored
    assert stored == stored.lower() and stored.isascii() and len(stored) <= LONGEST_EMAIL
