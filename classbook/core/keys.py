"""Request keys: a write that is sent twice happens once, and answers the same.

Key, digest of the request and answer are stored in the transaction of the effect, scoped by person. What was refused
stored nothing, so its repeat is judged afresh.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, TypeVar

from classbook.app import App
from classbook.core.actors import require_admin
from classbook.core.trail import Deed, recorded
from classbook.errors import KeyReused
from classbook.store import request_keys
from classbook.store.database import Tx
from classbook.store.records import StoredAnswer
from classbook.values import Actor, RequestKey, plain

T = TypeVar("T")


def once(
    tx: Tx,
    actor: Actor,
    key: RequestKey | None,
    act: Callable[[], T],
    *,
    deed: Deed | None = None,
    dry_run: bool = False,
) -> T | dict[str, Any]:
    """Act, or give the stored answer where this key was used before. Raises KeyReused.

    ``deed`` is what the trail is to say of it; None where something else does (the ledger, for money). With ``dry_run``
    the transaction is rolled back at its end.
    """

    def done() -> T:
        return act() if deed is None else recorded(tx, actor, deed, act)

    if dry_run:
        tx.abandon()
    if key is None:
        return done()
    scope = actor.person_id or 0
    stored = request_keys.find(tx, scope, key.key)
    if stored is not None:
        return repeat(stored, key)
    result = done()
    request_keys.add(tx, answer_to(scope, key, result), tx.now)
    return result


def once_by_admin(
    app: App, actor: Actor, key: RequestKey | None, act: Callable[[Tx], T], *, deed: Deed, dry_run: bool = False
) -> T | dict[str, Any]:
    """The same in a transaction of its own, for administrators alone. Raises KeyReused, NotLoggedIn, NotYours."""

    def step(tx: Tx) -> T | dict[str, Any]:
        require_admin(tx, actor)
        return once(tx, actor, key, lambda: act(tx), deed=deed, dry_run=dry_run)

    return app.store.write(step)


def repeated(tx: Tx, actor: Actor, key: RequestKey | None) -> dict[str, Any] | None:
    """The stored answer, where this key was used before: for acts that take several transactions. Raises KeyReused."""
    stored = None if key is None else request_keys.find(tx, actor.person_id or 0, key.key)
    return None if stored is None or key is None else repeat(stored, key)


def answer_to(scope: int, key: RequestKey, result: object) -> StoredAnswer:
    """What to store of a request that was carried out."""
    return StoredAnswer(scope, key.key, key.body_hash, json.dumps(plain(result)))


def repeat(stored: StoredAnswer, key: RequestKey) -> dict[str, Any]:
    """The answer given before. Raises KeyReused where the same key came with another request."""
    if stored.body_hash != key.body_hash:
        raise KeyReused(f"The request key {key.key!r} was used for another request.", hint="Take a new key.")
    return dict(json.loads(stored.answer))


def digest(app: App, *words: str) -> str:
    """What stands in the database for words that nobody is to read there, or to find by guessing: 128 bits."""
    return hmac.new(
        app.key, "\0".join(("digest", *words)).encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()[:32]
