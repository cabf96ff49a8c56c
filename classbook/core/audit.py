"""The audit: every invariant is looked at; well means that no row breaks it."""

from __future__ import annotations

from typing import Final

from classbook.app import App
from classbook.core.actors import require_admin
from classbook.store import audit as store
from classbook.values import Actor, Check

_SHOWN: Final = 5


def run(app: App, actor: Actor) -> list[Check]:
    """One check an invariant, with the first rows that break it. Raises NotYours for anybody but an administrator."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        return [_check(invariant, store.breaches(tx, invariant, most=_SHOWN)) for invariant in store.INVARIANTS]


def _check(invariant: store.Invariant, rows: list[tuple[object, ...]]) -> Check:
    if not rows:
        return Check(invariant.name, ok=True, detail="holds")
    shown = "; ".join(", ".join(map(str, row)) for row in rows)
    return Check(invariant.name, ok=False, detail=f"broken by: {shown}", hint="Keep a copy of the database and report.")
