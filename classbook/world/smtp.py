"""Mail by SMTP. yagmail connects; the message is ours, and smtplib carries it over that connection.

Nothing of yagmail beyond that is used: its `send` attaches a file when the text happens to name one, gives all codes
one Message-ID, puts text into HTML unescaped and may return False for a failure.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, Literal

from classbook.secret import Secret
from classbook.world.mail import Courier, MailError, MailMisconfigured, MailRefused, MailUnavailable

_WAITS_IN_ALL: Final = 3
"""How many time-outs opening a connection, or handing over one message, may take in all."""
_LOGIN_WANTED: Final = frozenset({530, 535, 538})
"""RFC 4954, section 6: answers, to whatever command, that only other settings can change."""
_ABOUT_ONE_MESSAGE: Final = frozenset({552, 555})
"""Refusals of our sender's address that are about one message all the same: its size, or a parameter it needs."""
_LONGEST_ANSWER: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """Mail to one SMTP server.

    ``security`` "tls" speaks TLS from the first byte (port 465), "starttls" insists on changing to it (587), "none"
    never does (25). Certificates are checked against ``ca_file``, or against the system's authorities without one.
    With a ``username`` it logs in. ``timeout_seconds`` bounds each wait for the server; opening the connection and
    handing over a message take at most three of them each.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str | None = None
    password: Secret | None = None
    timeout_seconds: float = 10
    ca_file: Path | None = None

    @property
    def kind(self) -> Literal["smtp"]:
        return "smtp"

    @contextmanager
    def session(self) -> Iterator[Courier]:
        courier = _SmtpCourier(self)
        try:
            yield courier
        finally:
            courier.close()

    def check(self) -> None:
        courier = _SmtpCourier(self)
        courier.open()
        courier.close()

    def forget(self, before: datetime) -> None:
        """Nothing is kept here."""


class _SmtpCourier:
    """Keeps one connection for a batch, and opens a new one when it was lost."""

    def __init__(self, mailer: SmtpMailer):
        self._mailer = mailer
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        connection = self._connection
        if connection is None or not _answers(connection):
            connection = self.open()
        with self._explained(opening=False), self._bounded(lambda: connection):
            connection.send_message(message)

    def open(self) -> smtplib.SMTP:
        """Connect, encrypt and log in as the settings ask. Raises `MailError`."""
        import yagmail

        self.close()
        # A name given to yagmail would become apikey@gmail.com, and a missing password a question on the terminal.
        client = yagmail.SMTP(
            host=self._mailer.host,
            port=self._mailer.port,
            smtp_skip_login=True,
            soft_email_validation=False,
            timeout=self._mailer.timeout_seconds,
            **self._encryption(),
        )
        try:
            with self._explained(opening=True), self._bounded(lambda: client.smtp):
                client.login()
                self._log_in(client.smtp)
        except MailError:
            if client.smtp is not None:
                client.smtp.close()
            raise
        finally:
            client.is_closed = True  # the connection is ours now; yagmail would close it when it is forgotten
        connection: smtplib.SMTP = client.smtp
        self._connection = connection
        return connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError), self._bounded(lambda: connection):
                connection.quit()
            connection.close()

    def _encryption(self) -> dict[str, Any]:
        """yagmail's arguments for the three ways to connect. Certificates are checked only if a context says so."""
        if self._mailer.security == "none":
            return {"smtp_ssl": False, "smtp_starttls": False}
        try:
            context = ssl.create_default_context(cafile=self._mailer.ca_file)
        except OSError as error:
            raise MailMisconfigured(f"mail.ca_file {self._mailer.ca_file} cannot be used: {error}") from error
        if self._mailer.security == "tls":
            return {"smtp_ssl": True, "context": context}
        return {"smtp_ssl": False, "smtp_starttls": {"context": context}}

    def _log_in(self, connection: smtplib.SMTP) -> None:
        if self._mailer.username is None:
            return
        if self._mailer.password is None:
            raise MailMisconfigured(f"there is no password for the login {self._mailer.username}")
        try:
            connection.login(self._mailer.username, self._mailer.password.reveal())
        except UnicodeError:  # `from None`, because the error carries the password
            raise MailMisconfigured("login and password of a mail server can only have ASCII characters") from None

    @contextmanager
    def _bounded(self, connection: Callable[[], smtplib.SMTP | None]) -> Iterator[None]:
        """Cut the connection when it takes too long in all: a time-out alone starts anew with every byte that drips."""
        timer = threading.Timer(_WAITS_IN_ALL * self._mailer.timeout_seconds, lambda: _cut(connection()))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def _explained(self, *, opening: bool) -> Iterator[None]:
        """Whatever goes wrong inside, as one of the three errors of a courier."""
        try:
            yield
        except (OSError, ValueError) as error:
            failure, why = _meaning(error, opening=opening)
            raise failure(f"{self._mailer.host}:{self._mailer.port}: {why}") from error


def _answers(connection: smtplib.SMTP) -> bool:
    """Whether a kept connection still lives: servers hang up after a while, and after some number of messages."""
    try:
        return connection.noop()[0] == 250
    except OSError:
        return False


def _cut(connection: smtplib.SMTP | None) -> None:
    if connection is not None and connection.sock is not None:
        with suppress(OSError):
            # Not SSLSocket's own shutdown, which takes the TLS state away from under the thread that is reading.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _meaning(error: OSError | ValueError, *, opening: bool) -> tuple[type[MailError], str]:
    """Which of the three errors it is, and why, in one printable line."""
    by_nature = MailMisconfigured if opening else MailRefused
    match error:
        case smtplib.SMTPServerDisconnected():
            return MailUnavailable, f"the server hung up or was too slow ({_line(str(error))})"
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return _by_code(code, else_=MailRefused), f"the address was refused: {_answer(code, text)}"
        case smtplib.SMTPSenderRefused():
            failure = MailRefused if error.smtp_code in _ABOUT_ONE_MESSAGE else MailMisconfigured
            answer = _answer(error.smtp_code, error.smtp_error)
            return _by_code(error.smtp_code, else_=failure), f"the sender {error.sender} was refused: {answer}"
        case smtplib.SMTPAuthenticationError():
            answer = _answer(error.smtp_code, error.smtp_error)
            return _by_code(error.smtp_code, else_=MailMisconfigured), f"the login was refused: {answer}"
        case smtplib.SMTPResponseException():
            return _by_code(error.smtp_code, else_=by_nature), _answer(error.smtp_code, error.smtp_error)
        case ssl.SSLCertVerificationError():
            return MailMisconfigured, f"its certificate is not valid: {_line(error.verify_message)}"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return MailUnavailable, "the server hung up"
        case ssl.SSLError() if opening:
            return MailMisconfigured, f"no TLS with this port and mail.security: {_line(str(error))}"
        case smtplib.SMTPException() | ValueError():
            return by_nature, _line(str(error))
        case TimeoutError():
            return MailUnavailable, "no answer in time"
        case _:
            return MailUnavailable, _line(error.strerror or str(error))


def _by_code(code: int, *, else_: type[MailError]) -> type[MailError]:
    """RFC 5321, section 4.2.1: 4yz may be tried again, 5yz not. smtplib gives -1 for an answer it cannot read."""
    if code in _LOGIN_WANTED:
        return MailMisconfigured
    return else_ if 500 <= code < 600 else MailUnavailable


def _answer(code: int, text: bytes | str) -> str:
    return _line(f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")


def _line(text: str) -> str:
    """One printable line, whatever a server wrote."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line[:_LONGEST_ANSWER]
