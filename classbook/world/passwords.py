"""Password hashes, slow on purpose and bounded on purpose."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from classbook.errors import Busy

if TYPE_CHECKING:
    from argon2 import PasswordHasher


_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5IGF0IGFsbCEhIQ$h4hzK60Y/0ev0uWgQEQYgaVRdOpa950kICH4IANdcc4"
"""A hash of the same cost, compared with where there is no account, so that the time of an answer tells nothing."""


class Passwords:
    """Password hashes by argon2id, with the second set of parameters of RFC 9106, section 4 (64 MiB each).

    At most ``parallel`` hashes are worked on at once; who waits longer than ``wait_seconds`` is refused with `Busy`,
    so a flood of logins can take neither all the memory nor all the threads.
    """

    def __init__(self, *, parallel: int = 4, wait_seconds: float = 5):
        self._slots = threading.BoundedSemaphore(parallel)
        self._wait_seconds = wait_seconds

    def hash(self, password: str) -> str:
        """The hash to store. Raises `Busy`."""
        with self._slot():
            return _hasher().hash(_bytes(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``; False, after the same work, where that is None.

        Raises `Busy`.
        """
        from argon2.exceptions import VerifyMismatchError

        with self._slot():
            try:
                _hasher().verify(stored or _NOBODY, _bytes(password))
            except VerifyMismatchError:
                return False
            return stored is not None

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise Busy("Too many people are logging in just now.", retry_after_seconds=2)
        try:
            yield
        finally:
            self._slots.release()


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def _bytes(password: str) -> bytes:
    """One password, one text, whatever the keyboard composes an accent of (NFC, as RFC 8265, section 4.2.2 asks)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
