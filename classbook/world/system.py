"""The system's clock and its source of chance."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, as an aware datetime in UTC."""
        ...


class Chance(Protocol):
    def nonce(self) -> str:
        """128 random bits as 32 hexadecimal digits, never given twice."""
        ...

    def token(self) -> str:
        """256 random bits as text that fits into a URL, never given twice."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemChance:
    def nonce(self) -> str:
        return secrets.token_hex(16)

    def token(self) -> str:
        return secrets.token_urlsafe(32)
