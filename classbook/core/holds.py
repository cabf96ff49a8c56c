"""What somebody holds and does not confirm, given back by an administrator."""

from __future__ import annotations

from typing import Any

from classbook.app import App
from classbook.core import booking, upkeep
from classbook.core.actors import require_admin
from classbook.core.asks import ById, Cancel
from classbook.core.keys import once
from classbook.errors import ClassbookError, NotFound
from classbook.store import listings, people
from classbook.store.database import Tx
from classbook.values import Actor, Page, RequestKey, Reservation


def release(
    app: App,
    actor: Actor,
    person: int,
    *,
    offering_id: int | None = None,
    reason: str | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Page[Reservation] | dict[str, Any]:
    """Cancel all that somebody holds, everywhere or in one offering; what was cancelled. Others get the places at once.

    Raises NotYours for anybody but an administrator, NotFound for a person there is not, Invalid for such a reason.
    """

    again: set[int] = set()

    def act(tx: Tx) -> Page[Reservation]:
        found = people.by_id(tx, person)
        if found is None or found.removed:
            raise NotFound(f"There is no person {person}.")
        held = listings.held_ids(tx, person, offering_id)
        asks = [Cancel(actor, ById(id), reason=reason or "Released by an administrator.") for id in held]
        outcomes, freed = booking.within(app, tx, asks)
        again.update(freed)
        for refusal in outcomes:
            # One that was confirmed or ran out a moment ago is no hold any more.
            if isinstance(refusal, ClassbookError) and refusal.category != "conflict":
                raise refusal
        return Page(tuple(one for one in outcomes if isinstance(one, Reservation)), None)

    def step(tx: Tx) -> Page[Reservation] | dict[str, Any]:
        require_admin(tx, actor)
        return once(tx, actor, key, lambda: act(tx), dry_run=dry_run)

    released = app.store.write(step)
    if not dry_run:
        upkeep.look_again(app, again)
    return released
