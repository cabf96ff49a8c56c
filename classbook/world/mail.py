"""How a mail leaves the house: what a mailer is, the three ways it can fail, and the one that writes to a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from email.message import EmailMessage


class MailError(Exception):
    """A mail did not go out. The text is one printable line for people."""


class MailRefused(MailError):
    """This message will never be taken, for this person or as it is; others may be."""


class MailUnavailable(MailError):
    """Not now: the server is away, busy, too slow, or asks to come back later. Nothing is known to be wrong."""


class MailMisconfigured(MailError):
    """No message will be taken until a person mends the settings: stop sending and tell."""


class Courier(Protocol):
    def send(self, message: EmailMessage) -> None:
        """Hand one message over. Raises `MailRefused`, `MailUnavailable` or `MailMisconfigured`.

        Whoever is told `MailUnavailable` cannot know whether the server kept the message: a repeat must carry the
        same Message-ID.
        """
        ...


class Mailer(Protocol):
    @property
    def kind(self) -> Literal["smtp", "maildir", "memory"]: ...

    def session(self) -> AbstractContextManager[Courier]:
        """A courier for a batch of messages. Nothing is connected before its first message."""
        ...

    def check(self) -> None:
        """Go as far as one can without sending: connect and log in. Raises like `Courier.send`."""
        ...

    def forget(self, before: datetime) -> None:
        """Delete what was sent before then, where it is kept here at all."""
        ...


@dataclass(frozen=True, slots=True)
class MaildirMailer:
    """Mail into a maildir (https://cr.yp.to/proto/maildir.html), for its owner's eyes only: it holds codes."""

    path: Path

    @property
    def kind(self) -> Literal["maildir"]:
        return "maildir"

    @contextmanager
    def session(self) -> Iterator[Courier]:
        yield _MaildirCourier(self)

    def check(self) -> None:
        try:
            for directory in (self.path, self.path / "tmp", self.path / "new", self.path / "cur"):
                directory.mkdir(mode=0o700, exist_ok=True)
                if not os.access(directory, os.W_OK | os.X_OK):
                    raise PermissionError(0, "no right to write there")
        except OSError as error:
            raise MailMisconfigured(f"mail cannot go to the directory {self.path}: {error.strerror}") from error

    def forget(self, before: datetime) -> None:
        for directory in (self.path / "new", self.path / "cur"):
            with suppress(FileNotFoundError):
                for file in directory.iterdir():
                    with suppress(FileNotFoundError):
                        if file.stat().st_mtime < before.timestamp():
                            file.unlink()


@dataclass(frozen=True, slots=True)
class _MaildirCourier:
    mailer: MaildirMailer

    def send(self, message: EmailMessage) -> None:
        from mailbox import Error, Maildir

        self.mailer.check()
        try:
            key = Maildir(self.mailer.path).add(message)
        except (OSError, Error) as error:
            raise MailUnavailable(f"mail cannot be written to {self.mailer.path}: {error}") from error
        # A mail reader may have moved it on already; then the directory's 0700 must do.
        with suppress(FileNotFoundError):
            os.chmod(self.mailer.path / "new" / key, 0o600)
