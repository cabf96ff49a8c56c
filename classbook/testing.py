"""Doubles of what we do not control, for tests of classbook and of what is built upon it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from typing import Literal

from classbook.world import Courier, MailError


class FrozenClock:
    """A `Clock` that stands still until it is told to move."""

    def __init__(self, now: datetime):
        self.set(now)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Show another time, an aware datetime of any zone."""
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta = timedelta(), *, seconds: float = 0) -> None:
        """Move on by this much, or back where it is negative."""
        self._now += by + timedelta(seconds=seconds)


class FixedChance:
    """A `Chance` that gives the same row of values for the same ``seed``, and none of them twice."""

    def __init__(self, seed: int = 0):
        self._seed = seed
        self._numbers = count()

    def nonce(self) -> str:
        return self._next()[:32]

    def token(self) -> str:
        return self._next()[:43]

    def _next(self) -> str:
        return hashlib.sha256(f"{self._seed}:{next(self._numbers)}".encode()).hexdigest()


class MemoryMailer:
    """A `Mailer` that keeps what it is sent in ``sent``, or raises ``failing`` as long as that is set.

    ``failing`` is one of the three errors of a courier: ``mailer.failing = MailUnavailable("the server is away")``.
    """

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.failing: MailError | None = None

    @property
    def kind(self) -> Literal["memory"]:
        return "memory"

    @contextmanager
    def session(self) -> Iterator[Courier]:
        yield self

    def send(self, message: EmailMessage) -> None:
        self.check()
        self.sent.append(message)

    def check(self) -> None:
        if self.failing is not None:
            raise self.failing

    def forget(self, before: datetime) -> None:
        """What was sent stays in ``sent``."""
