"""What mails say, and what nobody can make them say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.rules.blocks import TICKET_IMAGE
from classbook.rules.letters import KINDS, Facts, render

CODE = "012345"
LINK = "https://desk.example.org/confirm/1.1.c2VjcmV0"
PAGE = "https://desk.example.org/my/R-7KX9-2MQP/"
FACTS = Facts(
    name="Ana",
    title="Yoga for beginners",
    where="Room 1",
    starts_at=datetime(2026, 12, 1, 17, tzinfo=UTC),
    ends_at=datetime(2026, 12, 1, 18, 30, tzinfo=UTC),
    timezone="Europe/Berlin",
    party=2,
    expires_at=datetime(2026, 11, 30, 9, 12, 41, tzinfo=UTC),
    reservation_code="R-7KX9-2MQP",
    ticket="R-7KX9-2MQP-4F7KQ2",
    page=PAGE,
)


def test_a_held_letter_says_all_one_needs() -> None:
    letter = render("held", FACTS, code=CODE, link=LINK)
    assert letter.subject == "012345 is your code for Yoga for beginners"
    assert letter.text == (
        "Hello Ana,\n\n"
        'Your 2 places in "Yoga for beginners" are held for you. This code confirms:\n\n'
        "012345\n\n"
        "Or open this page and press its button:\n\n"
        f"{LINK}\n\n"
        "Do it before Mon 30 Nov 2026 10:12:41 CET (UTC+1). From then on others can take what you held.\n\n"
        "What:        Yoga for beginners\n"
        "Starts:      Tue 1 Dec 2026 18:00 CET (UTC+1)\n"
        "Ends:        Tue 1 Dec 2026 19:30 CET (UTC+1)\n"
        "Where:       Room 1\n"
        "Places:      2\n"
        "Reservation: R-7KX9-2MQP\n\n"
        "You did not ask for this? Then do nothing, and it lapses.\n"
    )


@pytest.mark.parametrize("kind", ["held", "verify"])
def test_the_code_stands_alone_before_the_link_which_stands_alone(kind: str) -> None:
    lines = render(kind, FACTS, code=CODE, link=LINK).text.splitlines()
    assert lines.count(CODE) == 1 and lines.count(LINK) == 1
    assert [line for line in lines if re.fullmatch(r"\s*\d{6}\s*", line)] == [CODE]
    assert lines.index(CODE) < lines.index(LINK) == next(n for n, line in enumerate(lines) if "://" in line)


def test_where_no_code_confirms_none_is_spoken_of() -> None:
    letter = render("held", FACTS)
    assert letter.subject == "Held for you: Yoga for beginners"
    assert "code" not in letter.text and "Please confirm where you reserved." in letter.text
    assert "Mon 30 Nov 2026 10:12:41 CET (UTC+1)" in letter.text
    with_link = render("held", FACTS, link=LINK).text
    assert LINK in with_link.splitlines() and "code" not in with_link.replace(LINK, "")


def test_a_confirmed_letter_names_the_reservation() -> None:
    letter = render("confirmed", replace(FACTS, party=1))
    assert letter.subject == "Confirmed: Yoga for beginners"
    assert 'Your place in "Yoga for beginners" is confirmed.' in letter.text and "R-7KX9-2MQP" in letter.text


def test_a_cancelled_letter_tells_one_reservation_from_the_whole_offering() -> None:
    own = render("cancelled", FACTS).text
    whole = render("cancelled", replace(FACTS, whole_offering=True, reason="The coach is ill.")).text
    assert 'Your reservation for "Yoga for beginners" was cancelled.' in own and "reason" not in own
    assert "does not take place" in whole and "The reason given: The coach is ill." in whole


def test_an_expired_letter_says_how_to_book_again() -> None:
    text = render("expired", FACTS).text
    assert "not confirmed in time" in text and "You can reserve again" in text


def test_a_changed_letter_shows_what_was_before() -> None:
    text = render("changed", replace(FACTS, old_starts_at=datetime(2026, 12, 1, 16, tzinfo=UTC))).text
    assert "Starts:      Tue 1 Dec 2026 18:00 CET (UTC+1)" in text
    assert "Starts, before: Tue 1 Dec 2026 17:00 CET (UTC+1)" in text and "What, before" not in text
    assert "What, before: Yoga" in render("changed", replace(FACTS, old_title="Yoga")).text


def test_a_verify_letter_does_not_say_what_a_stranger_chose_to_be_called() -> None:
    letter = render("verify", replace(FACTS, name="You won! https://evil.example"), code=CODE)
    assert "evil" not in letter.text + letter.html + letter.subject
    assert letter.subject == "012345 is your code to sign up to classbook"


def test_times_are_told_in_the_zone_of_the_offering() -> None:
    summer = replace(FACTS, starts_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), ends_at=None)
    assert "Starts:      Thu 2 Jul 2026 00:30 CEST (UTC+2)" in render("confirmed", summer).text
    assert "04:00 (UTC+5:30)" in render("confirmed", replace(summer, timezone="Asia/Kolkata")).text.replace(" IST", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_can_be_written_from_almost_nothing(kind: str) -> None:
    letter = render(kind, Facts())
    assert letter.subject and letter.text.endswith("\n") and "None" not in letter.text + letter.html


@pytest.mark.parametrize("kind", KINDS)
def test_plain_letters_are_ascii_so_that_a_maildir_can_be_read_as_it_is(kind: str) -> None:
    letter = render(kind, FACTS, code=CODE, link=LINK)
    assert letter.text.isascii() and letter.html.isascii()


@pytest.mark.parametrize("kind", KINDS)
def test_html_asks_nothing_of_the_network(kind: str) -> None:
    html = render(kind, FACTS, code=CODE, link=LINK).html
    assert not re.search(r"<script|<link|<table|url\(|@import", html)
    assert set(re.findall(r'src="([^"]*)"', html)) <= {f"cid:{TICKET_IMAGE}"}
    assert set(re.findall(r'https?://[^"<]+', html)) <= {LINK, PAGE}


_TAGS = {"html", "head", "meta", "title", "style", "body", "div", "p", "a", "span", "br", "strong", "img"}
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=60)


@given(kind=st.sampled_from(KINDS), name=_WORDS, title=_WORDS, where=_WORDS, reason=_WORDS)
def test_no_words_of_people_become_markup_or_a_code(kind: str, name: str, title: str, where: str, reason: str) -> None:
    facts = replace(FACTS, name=name, title=title, where=where, reason=reason, old_title=title)
    letter = render(kind, facts, code=CODE, link=LINK)
    assert _tags(letter.html) <= _TAGS
    codes = [line for line in letter.text.splitlines() if re.fullmatch(r"\s*\d{6}\s*", line)]
    assert codes == ([CODE] if kind in ("held", "offered", "verify", "reset", "login", "welcome") else [])


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "654321"])
def test_markup_in_a_title_is_shown_and_not_obeyed(text: str) -> None:
    html = render("held", replace(FACTS, title=text, name=text), code=CODE, link=LINK).html
    assert "<script" not in html and "<img" not in html
    assert text in _words(html)


def _tags(html: str) -> set[str]:
    return {tag for tag, _ in _Reader(html).found if tag}


def _words(html: str) -> str:
    return "".join(text for tag, text in _Reader(html).found if not tag)


class _Reader(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, ""))

    def handle_data(self, data: str) -> None:
        self.found.append(("", data))
