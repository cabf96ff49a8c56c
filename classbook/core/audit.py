"""The audit: every invariant is looked at; well means that no row breaks it. What follows from the rest is repaired."""

from __future__ import annotations

from typing import Final

from classbook.app import App
from classbook.core import upkeep
from classbook.core.actors import require_admin
from classbook.errors import Hint
from classbook.store import audit as store
from classbook.store import changes
from classbook.store.database import Tx
from classbook.values import Actor, Check

_SHOWN: Final = 5


def run(app: App, actor: Actor) -> list[Check]:
    """One check an invariant, with the first rows that break it. Raises NotYours for anybody but an administrator."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        return [_check(invariant, store.breaches(tx, invariant, most=_SHOWN)) for invariant in store.INVARIANTS]


def repair(app: App, actor: Actor, *, dry_run: bool = False) -> list[Check]:
    """Make true again what follows from states and history, and serve whoever waits beside a place.

    One check for each invariant that was broken: what was done, or that nothing could be. With ``dry_run`` it is only
    said. Raises NotYours for anybody but an administrator.
    """

    def act(tx: Tx) -> list[Check]:
        require_admin(tx, actor)
        broken = [one for one in store.INVARIANTS if store.breaches(tx, one, most=1)]
        mended = {one.name: store.repair(tx, one) for one in broken if one.repair}
        changes.add(tx, actor, "repair", "database", [(0, None, {"rows": mended})] if mended else [])
        done = [_repaired(one, mended.get(one.name)) for one in broken]
        if dry_run:
            tx.abandon()
        return done

    done = app.store.write(act)
    if not dry_run:
        while upkeep.serve_waiting(app):
            pass
    return done


def _repaired(invariant: store.Invariant, rows: int | None) -> Check:
    if invariant.name == store.SERVED:
        return Check(invariant.name, ok=True, detail="they are served")
    if rows is None:
        return Check(
            invariant.name,
            ok=False,
            detail="cannot be repaired: nothing else on record says how it should be",
            hint="Keep a copy of the database and report.",
        )
    return Check(invariant.name, ok=True, detail=f"{rows} {'row' if rows == 1 else 'rows'} {invariant.repaired}")


def _check(invariant: store.Invariant, rows: list[tuple[object, ...]]) -> Check:
    if not rows:
        return Check(invariant.name, ok=True, detail="holds")
    shown = "; ".join(", ".join(map(str, row)) for row in rows)
    mends = invariant.repair is not None or invariant.name == store.SERVED
    hint = Hint("{} mends that.", "repair") if mends else "Keep a copy of the database and report."
    return Check(invariant.name, ok=False, detail=f"broken by: {shown}", hint=hint)
