"""Whose check-in is open: the desk's own rule, asked for many at once."""

from __future__ import annotations

from collections.abc import Iterable

from classbook.app import App
from classbook.rules import permits
from classbook.rules.states import CONFIRMED
from classbook.store import catalog
from classbook.values import Reservation


def open_now(app: App, found: Iterable[Reservation]) -> frozenset[int]:
    """The ids of the reservations that can be checked in now; one query, however many they are."""
    waiting = [one for one in found if one.state == CONFIRMED and one.checked_in_at is None]
    if not waiting:
        return frozenset()
    with app.store.read() as tx:
        offerings = catalog.all_by_id(tx, {one.offering.id for one in waiting})
        against = {
            one.id: permits.why_not_check_in(
                offering, app.policy(offering.kind, offering.policy), one.state, starts_at=one.starts_at, now=tx.now
            )
            for one in waiting
            if (offering := offerings.get(one.offering.id))
        }
    return frozenset(id for id, refusal in against.items() if refusal is None)
