"""Who asks over HTTP, as long as it is not known who they are; and how their requests can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from classbook.app import App
from classbook.core import keys
from classbook.store.database import Tx
from classbook.values import Actor, RequestKey

T = TypeVar("T")

_STRANGER: Final = -1
"""Whose request keys they are: nobody's, and not the console's either."""


@dataclass(frozen=True, slots=True)
class Caller:
    """``source`` is the network address that failures are counted for; see `classbook.web.source`."""

    source: str
    request_id: str = ""
    key: RequestKey | None = None

    def once(self, app: App, tx: Tx, email: str, act: Callable[[], T]) -> T | dict[str, Any]:
        """Act for an address, or give the stored answer. Raises KeyReused."""
        return keys.once(tx, self._stranger, self._key(app, email), act)

    def repeated(self, app: App, tx: Tx, email: str) -> dict[str, Any] | None:
        """The stored answer, where this was asked before. Raises KeyReused."""
        return keys.repeated(tx, self._stranger, self._key(app, email))

    @property
    def _stranger(self) -> Actor:
        return Actor(_STRANGER, self.request_id)

    def _key(self, app: App, email: str) -> RequestKey | None:
        """The key, apart from those of others: two who type different addresses never meet."""
        return self.key and replace(self.key, key=f"{keys.digest(app, 'key of', email)}:{self.key.key}")
