"""A letter in its envelope: the headers we wrote, all of them, and none that somebody else wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classbook.errors import Invalid
from classbook.rules.envelope import envelope
from classbook.rules.letters import Facts, Letter, render
from classbook.rules.names import clean_email, clean_name

HEADERS = sorted(
    ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"],
)
WRITTEN = datetime(2026, 11, 30, 9, 7, 41, tzinfo=UTC)


def put(letter: Letter, *, to_address: str = "ana@example.org", to_name: str = "Ana", **changes: str) -> EmailMessage:
    sender = changes.get("sender", "The desk <desk@example.org>")
    message_id = changes.get("message_id", "<7.1@desk.example.org>")
    return envelope(letter, to_address=to_address, to_name=to_name, sender=sender, message_id=message_id, date=WRITTEN)


def travelled(message: EmailMessage) -> EmailMessage:
    """The message as the other end reads it."""
    return message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_text_comes_first_and_html_second() -> None:
    letter = render("held", Facts(title="Größe <1>", party=1), code="012345", link="https://example.org/confirm/x")
    message = travelled(put(letter))
    assert message.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
    assert part(message, "plain") == letter.text and part(message, "html") == letter.html


def test_the_headers_are_ours() -> None:
    message = travelled(put(render("test", Facts())))
    assert sorted(message.keys()) == HEADERS
    assert message["To"] == "Ana <ana@example.org>" and message["From"] == "The desk <desk@example.org>"
    assert message["Message-ID"] == "<7.1@desk.example.org>" and message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == WRITTEN


def test_code_and_link_can_be_read_in_the_file_itself() -> None:
    link = "https://desk.example.org/a/rather/long/path/confirm/1f.1.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
    lines = put(render("held", Facts(title="Yoga"), code="012345", link=link)).as_bytes().decode("ascii").splitlines()
    assert "012345" in lines and link in lines


def test_long_lines_are_folded_as_mail_wants_them() -> None:
    message = put(render("held", Facts(title="Yoga " * 40, where="x" * 2000), code="012345"))
    assert all(len(line) <= 998 for line in message.as_bytes(policy=policy.SMTP).splitlines())


@pytest.mark.parametrize(
    "name", ["", "O'Neil, Zoë", 'The "Boss"', "a@b.example", "李小龙 (Bruce)", "é" * 200, "日本 " * 60]
)
def test_any_name_leaves_the_address_alone(name: str) -> None:
    to = travelled(put(render("test", Facts()), to_name=name))["To"]
    assert [address.addr_spec for address in to.addresses] == ["ana@example.org"]
    assert "".join(to.addresses[0].display_name.split()) == "".join(name.split())


@pytest.mark.parametrize(
    "text",
    [
        "Hi\r\nBcc: evil@example.org",
        "Hi\nBcc: evil@example.org",
        "Hi\r\n\r\nanother body",
        "=?utf-8?q?Hi=0ABcc=3A_evil@example.org?=",
        "=?utf-8?q?Hi=0D=0ABcc=3A_evil@example.org?=",
        "=?utf-8?b?SGkKQmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
        "x" * 70 + " =?utf-8?q?=0ABcc=3A_evil@example.org?= tail",
        "lone \ud800 surrogate",
    ],
)
def test_another_header_cannot_be_written_through_a_subject_or_a_name(text: str) -> None:
    for message in (
        _tried(Letter(text, "text\n", "<p>text</p>\n")),
        _tried(to_name=text),
        _tried(sender=f"{text} <d@e.org>"),
    ):
        if message is not None:
            assert sorted(travelled(message).keys()) == HEADERS
            assert not message["Bcc"] and b"\nBcc" not in message.as_bytes()


def _tried(letter: Letter | None = None, **changes: str) -> EmailMessage | None:
    try:
        return put(letter or render("test", Facts()), **changes)
    except Invalid:
        return None


def test_an_encoded_line_break_in_a_subject_is_refused_as_invalid() -> None:
    with pytest.raises(Invalid):
        put(Letter("=?utf-8?q?Hi=0ABcc=3A_evil@example.org?=", "text\n", "<p>text</p>\n"))


@pytest.mark.parametrize(
    "address", ["ana@example.org, evil@example.org", "ana", "a b@example.org", "ana@example.org\n"]
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        put(render("test", Facts()), to_address=address)


@settings(max_examples=300, deadline=None)
@given(title=st.text(min_size=1, max_size=200), name=st.text(max_size=200), address=st.emails())
@example(title="a, b <c@d.example>", name='"x" <evil@example.org>, y', address="ana@example.org")
@example(title="é" * 60 + " ?= =", name="é,<evil@example.org>", address="ana@example.org")
def test_whatever_the_gate_lets_through_arrives_with_our_headers(title: str, name: str, address: str) -> None:
    try:
        title = clean_name(title, what="title", most=200)
        name = clean_name(name, what="name", most=200) if name else ""
        address = clean_email(address)
    except Invalid:
        return
    message = travelled(
        put(render("held", Facts(title=title, name=name), code="012345"), to_address=address, to_name=name)
    )
    assert sorted(message.keys()) == HEADERS
    assert [each.addr_spec for each in message["To"].addresses] == [address]
    assert "".join(str(message["Subject"]).split()) == "".join(f"012345 is your code for {title}".split())


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from('ab =?utf8qB_0AD\r\n:,<>@"\\é\u2028\x00\ud800'), max_size=120))
def test_whatever_slips_past_the_gate_is_refused_or_harmless(text: str) -> None:
    for message in (_tried(Letter(text, "text\n", "<p>text</p>\n")), _tried(to_name=text)):
        if message is not None:
            arrived = travelled(message)
            assert sorted(arrived.keys()) == HEADERS
            assert [each.addr_spec for each in arrived["To"].addresses] == ["ana@example.org"]
