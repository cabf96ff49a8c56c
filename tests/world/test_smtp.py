"""Mail by SMTP against a real server: every way to connect, every way to be refused."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

import pytest

from classbook.secret import Secret
from classbook.world import MailMisconfigured, MailRefused, MailUnavailable
from classbook.world.smtp import SmtpMailer
from tests.smtp import HANG, HANG_UP, SmtpServer, Step, free_port

Security = Literal["none", "starttls", "tls"]
ALL_WAYS: tuple[Security, ...] = ("none", "starttls", "tls")


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as started:
        yield started


def mailer_for(server: SmtpServer, **changes: Any) -> SmtpMailer:
    settings: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "ca_file": server.ca_file,
        "timeout_seconds": 10,
    }
    return SmtpMailer(**(settings | changes))


def a_message(*, to: str = "ana@example.org", text: str = "Hello\n", number: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Your code"
    message["From"] = "Desk <desk@example.org>"
    message["To"] = to
    message["Message-ID"] = f"<{number}@example.org>"
    message.set_content(text)
    return message


def send(mailer: SmtpMailer, *messages: EmailMessage) -> None:
    with mailer.session() as courier:
        for message in messages or (a_message(),):
            courier.send(message)


@pytest.mark.parametrize("login", [None, ("ana@example.org", "secret")])
@pytest.mark.parametrize("security", ALL_WAYS)
def test_mail_arrives_whole_by_every_way_to_connect(security: Security, login: tuple[str, str] | None) -> None:
    with SmtpServer(security=security, login=login) as server:
        name, password = login or (None, None)
        mailer = mailer_for(server, username=name, password=Secret(password) if password else None)
        send(mailer, a_message(text="Grüße\n\n123456\n"))
    assert [message["Message-ID"] for message in server.messages] == ["<1@example.org>"]
    assert server.messages[0].get_content() == "Grüße\n\n123456\n"
    assert server.envelopes == [("desk@example.org", ("ana@example.org",))]
    assert server.logins == ([name] if name else [])


def test_a_login_without_an_at_sign_stays_as_it_is() -> None:
    with SmtpServer(login=("apikey", "secret")) as server:
        send(mailer_for(server, username="apikey", password=Secret("secret")))
    assert server.logins == ["apikey"]


def test_a_wrong_password_is_a_matter_of_settings() -> None:
    with (
        SmtpServer(security="starttls", login=("apikey", "secret")) as server,
        pytest.raises(MailMisconfigured, match="login was refused: 535"),
    ):
        send(mailer_for(server, username="apikey", password=Secret("wrong")))
    assert server.messages == []


def test_a_password_is_never_in_the_error() -> None:
    with (
        SmtpServer(login=("apikey", "secret")) as server,
        pytest.raises(MailMisconfigured, match="ASCII") as caught,
    ):
        send(mailer_for(server, username="apikey", password=Secret("passwört")))
    assert "passwört" not in repr(caught.value) and caught.value.__suppress_context__


def test_a_login_without_a_password_asks_nobody(server: SmtpServer) -> None:
    with pytest.raises(MailMisconfigured, match="no password for the login apikey"):
        send(mailer_for(server, username="apikey"))


def test_a_server_that_wants_a_login_is_a_matter_of_settings() -> None:
    with SmtpServer(login=("apikey", "secret")) as server, pytest.raises(MailMisconfigured, match="530"):
        send(mailer_for(server))


def test_a_server_that_knows_no_login_is_a_matter_of_settings(server: SmtpServer) -> None:
    with pytest.raises(MailMisconfigured):
        send(mailer_for(server, username="apikey", password=Secret("secret")))


def test_a_login_that_is_put_off_is_tried_again() -> None:
    with SmtpServer(login=("apikey", "secret")) as server:
        server.fail_with("454 4.7.0 Temporary authentication failure", at="AUTH")
        with pytest.raises(MailUnavailable, match="454"):
            send(mailer_for(server, username="apikey", password=Secret("secret")))


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("why", ["unknown authority", "another name"])
def test_a_certificate_that_is_not_valid_is_refused(security: Security, why: str) -> None:
    with SmtpServer(security=security, certificate_for="127.0.0.1" if why[0] == "u" else "mail.example.org") as server:
        mailer = mailer_for(server, **({"ca_file": None} if why == "unknown authority" else {}))
        with pytest.raises(MailMisconfigured, match="certificate is not valid"):
            send(mailer)
    assert server.messages == []


@pytest.mark.parametrize(("security", "spoken"), [("starttls", "none"), ("tls", "none"), ("tls", "starttls")])
def test_mail_is_never_sent_in_the_clear_instead(security: Security, spoken: Security) -> None:
    with SmtpServer(security=spoken) as server, pytest.raises(MailMisconfigured):
        send(mailer_for(server, security=security))
    assert server.messages == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_named(server: SmtpServer, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MailMisconfigured, match="mail.ca_file .*ca.pem cannot be used"):
        send(mailer_for(server, security="tls", ca_file=path))


@pytest.mark.parametrize(
    ("at", "answer", "error"),
    [
        ("CONNECT", "421 4.3.2 Closing for tonight", MailUnavailable),
        ("CONNECT", "554 5.7.1 Your address is on a list", MailMisconfigured),
        ("MAIL", "421 4.7.0 Enough for now", MailUnavailable),
        ("MAIL", "451 4.3.0 Try later", MailUnavailable),
        ("MAIL", "552 5.3.4 Too big", MailRefused),
        ("MAIL", "553 5.7.1 This sender is not yours", MailMisconfigured),
        ("RCPT", "421 4.7.0 Enough for now", MailUnavailable),
        ("RCPT", "450 4.2.0 Greylisted", MailUnavailable),
        ("RCPT", "550 5.1.1 Nobody here", MailRefused),
        ("RCPT", "530 5.7.0 Must issue a STARTTLS command first", MailMisconfigured),
        ("DATA", "451 4.3.0 Try later", MailUnavailable),
        ("DATA", "452 4.3.1 Disk full", MailUnavailable),
        ("DATA", "554 5.6.0 This looks like spam", MailRefused),
    ],
)
def test_a_refusal_says_whose_it_is(server: SmtpServer, at: Step, answer: str, error: type[Exception]) -> None:
    server.fail_with(answer, at=at)
    with pytest.raises(error, match=answer) as caught:
        send(mailer_for(server))
    assert type(caught.value) is error and server.messages == []


@pytest.mark.parametrize(
    "answer", ["550 5.1.1 Nobody here", "451 4.3.0 Try later", "421 4.7.0 Enough for now", HANG_UP]
)
@pytest.mark.parametrize("security", ALL_WAYS)
def test_after_one_failure_the_next_message_goes_out(security: Security, answer: str) -> None:
    with SmtpServer(security=security) as server:
        server.fail_with(answer, address="nobody@example.org")
        with mailer_for(server).session() as courier:
            courier.send(a_message(number=1))
            with pytest.raises((MailRefused, MailUnavailable)):
                courier.send(a_message(to="nobody@example.org", number=2))
            courier.send(a_message(number=3))
    assert [message["Message-ID"] for message in server.messages] == ["<1@example.org>", "<3@example.org>"]


def test_a_batch_shares_one_connection(server: SmtpServer) -> None:
    send(mailer_for(server), *(a_message(number=number) for number in range(20)))
    assert len(server.messages) == 20 and server.connections == 1


def test_an_empty_batch_connects_to_nobody() -> None:
    with free_port() as port, SmtpMailer(host="127.0.0.1", port=port, security="none").session():
        pass


def test_a_connection_that_died_between_two_messages_is_opened_again(server: SmtpServer) -> None:
    with mailer_for(server).session() as courier:
        courier.send(a_message(number=1))
        server.fail_with(HANG_UP, at="NOOP")
        courier.send(a_message(number=2))
    assert len(server.messages) == 2 and server.connections == 2


def test_a_server_that_hangs_up_after_the_data_may_have_the_message(server: SmtpServer) -> None:
    server.fail_with(HANG_UP, at="DATA")
    with pytest.raises(MailUnavailable, match="hung up"):
        send(mailer_for(server))
    assert [message["Message-ID"] for message in server.messages] == ["<1@example.org>"]


@pytest.mark.parametrize("at", ["CONNECT", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("security", ALL_WAYS)
def test_a_server_that_hangs_is_given_up(security: Security, at: Step) -> None:
    with SmtpServer(security=security) as server:
        server.fail_with(HANG, at=at)
        with pytest.raises(MailUnavailable, match="too slow|in time"):
            send(mailer_for(server, timeout_seconds=0.2))


def test_a_server_that_drips_is_given_up_too() -> None:
    with dripping_server() as port:
        mailer = SmtpMailer(host="127.0.0.1", port=port, security="none", timeout_seconds=0.2)
        with pytest.raises(MailUnavailable):
            send(mailer)


def test_nobody_listening_is_tried_again() -> None:
    with free_port() as port, pytest.raises(MailUnavailable, match="refused"):
        send(SmtpMailer(host="127.0.0.1", port=port, security="none"))


def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    with pytest.raises(MailUnavailable, match=r"nowhere\.invalid:25"):
        send(SmtpMailer(host="nowhere.invalid", port=25, security="none", timeout_seconds=2))


@pytest.mark.parametrize("security", ALL_WAYS)
def test_check_connects_and_logs_in_and_sends_nothing(security: Security) -> None:
    with SmtpServer(security=security, login=("apikey", "secret")) as server:
        mailer_for(server, username="apikey", password=Secret("secret")).check()
    assert server.logins == ["apikey"] and server.messages == []


def test_what_a_server_answers_is_shown_in_one_printable_line(server: SmtpServer) -> None:
    server.fail_with("550 \x1b[31mred\x07 \u202ebidi" + "x" * 400)
    with pytest.raises(MailRefused) as caught:
        send(mailer_for(server))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


def test_the_settings_do_not_show_the_password() -> None:
    mailer = SmtpMailer(host="127.0.0.1", port=25, security="none", username="apikey", password=Secret("hidden"))
    assert "hidden" not in repr(mailer)


@contextmanager
def dripping_server() -> Iterator[int]:
    """Greets well, then answers EHLO with one byte at a time, for as long as anybody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopped = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"220 localhost\r\n250-")
                try:
                    while not stopped.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        yield listening.getsockname()[1]
        stopped.set()
        thread.join()
