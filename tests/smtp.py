"""A real SMTP server on this machine that keeps what it is sent, and fails when told to."""
# ruff: noqa: N802 (aiosmtpd finds its hooks by the names of the commands)

from __future__ import annotations

import asyncio
import atexit
import email.policy
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

Step = Literal["CONNECT", "AUTH", "NOOP", "MAIL", "RCPT", "DATA"]

HANG: Final = "(hang)"
"""An answer that never comes."""
HANG_UP: Final = "(hang up)"
"""The connection is closed instead of an answer. After DATA the server has kept the message."""


@dataclass(frozen=True)
class _Failure:
    at: Step
    answer: str
    address: str | None


class SmtpServer:
    """``with SmtpServer(security="starttls", login=("apikey", "secret")) as server:``

    ``messages`` are those it took, parsed, in order; ``envelopes`` the (sender, recipients) of each; ``logins`` the
    names that tried to log in; ``connections`` how many there were. ``ca_file`` is the authority behind its
    certificate. Host and port are known before `start`, when nothing listens there yet.
    """

    host: Final = "127.0.0.1"

    def __init__(
        self,
        *,
        security: Literal["none", "starttls", "tls"] = "none",
        login: tuple[str, str] | None = None,
        certificate_for: str = "127.0.0.1",
    ):
        self.security: Literal["none", "starttls", "tls"] = security
        self.port = _free_port()
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, tuple[str, ...]]] = []
        self.logins: list[str] = []
        self.connections = 0
        self.connected: set[_Protocol] = set()
        self._login = login
        self._certificate_for = certificate_for
        self._failures: list[_Failure] = []
        self._controller: Controller | None = None

    @property
    def ca_file(self) -> Path:
        return _authority()[1]

    def fail_with(self, answer: str, *, at: Step = "RCPT", address: str | None = None) -> None:
        """From now on answer the step ``at`` with this line, like "550 5.1.1 Nobody here", or `HANG`, or `HANG_UP`.

        With an ``address`` (only for RCPT) it happens to that recipient alone.
        """
        self._failures.append(_Failure(at, answer, address))

    def recover(self) -> None:
        """Fail no more."""
        self._failures.clear()

    def start(self) -> None:
        context = _server_context(self._certificate_for) if self.security != "none" else None
        self._controller = _Controller(
            self,
            hostname=self.host,
            port=self.port,
            ssl_context=context if self.security == "tls" else None,
            tls_context=context if self.security == "starttls" else None,
            require_starttls=self.security == "starttls",
            auth_require_tls=self.security == "starttls",
            auth_exclude_mechanism=() if self._login else ("PLAIN", "LOGIN"),
            authenticator=self._authenticate,
            server_hostname="localhost",
        )
        self._controller.start()
        self.connections = 0  # without the one that looked whether it is up

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> SmtpServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def failure(self, server: SMTP, at: Step, address: str | None = None) -> str | None:
        """The answer to give instead of the good one, if any."""
        for failure in self._failures:
            if failure.at == at and failure.address in (None, address):
                if failure.answer == HANG_UP:
                    assert server.transport is not None
                    server.transport.abort()  # type: ignore[attr-defined]
                if failure.answer in (HANG, HANG_UP):
                    await asyncio.Event().wait()
                return failure.answer
        return None

    # --- what aiosmtpd calls ---------------------------------------------------------------------------------------

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, arg: str) -> str:
        return await self.failure(server, "NOOP") or "250 OK"

    async def handle_AUTH(self, server: SMTP, session: Session, envelope: Envelope, args: list[str]) -> Any:
        return await self.failure(server, "AUTH") or MISSING

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if answer := await self.failure(server, "MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self.failure(server, "RCPT", address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not any(failure.at == "DATA" and failure.answer[0] in "45" for failure in self._failures):
            self._keep(envelope)
        return await self.failure(server, "DATA") or "250 OK"

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.envelopes.append((envelope.mail_from or "", tuple(envelope.rcpt_tos)))
        self.messages.append(message)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append(data.login.decode())
        right = (data.login.decode(), data.password.decode()) == self._login
        # `handled` must be False for a refusal: then aiosmtpd answers it; True would leave the client waiting.
        return AuthResult(success=right, handled=right)


class _Controller(Controller):
    handler: SmtpServer

    def factory(self) -> SMTP:
        return _Protocol(self.handler, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result()
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        """End what is still connected: aiosmtpd would leave its sockets to the garbage collector, which complains."""
        while self.handler.connected:
            for protocol in list(self.handler.connected):
                if protocol.transport is not None:
                    protocol.transport.abort()  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)


class _Protocol(SMTP):
    event_handler: SmtpServer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.connected.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.connected.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        self.event_handler.connections += 1
        answer = await self.event_handler.failure(self, "CONNECT")
        if answer is None:
            await super()._handle_client()
            return
        await self.push(answer)
        assert self.transport is not None
        self.transport.close()


@contextmanager
def free_port() -> Iterator[int]:
    """A port of this machine that nobody else is given while the block runs, and on which nobody listens."""
    with socket.socket() as held:
        held.bind((SmtpServer.host, 0))
        yield held.getsockname()[1]


def _free_port() -> int:
    """aiosmtpd cannot choose a port itself (aio-libs/aiosmtpd issue 276)."""
    with free_port() as port:
        return port


@cache
def _authority() -> tuple[trustme.CA, Path]:
    authority = trustme.CA(organization_name="classbook tests")
    directory = tempfile.mkdtemp(prefix="classbook-ca-")
    atexit.register(shutil.rmtree, directory)
    path = Path(directory, "ca.pem")
    authority.cert_pem.write_to_path(str(path))
    return authority, path


@cache
def _server_context(host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority()[0].issue_cert(host).configure_cert(context)
    return context
