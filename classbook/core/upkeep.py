"""The daemon's steps: each bounded, safe to run twice, at once, or not at all, and true when it found work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from classbook.app import App
from classbook.core.batch import Batch, blocked_in
from classbook.store import request_keys, reservations
from classbook.store import upkeep as store
from classbook.store.database import Tx

CHUNK: Final = 500
"""Reservations settled in one transaction, so that no booking waits long behind it."""
MOST_OFFERINGS: Final = 20
KEY_HOURS: Final = 24
CODE_HOURS: Final = 24


def settle_due(app: App) -> bool:
    """Lapse, complete and cancel what is due, one transaction an offering."""
    with app.store.read() as tx:
        found = store.offerings_with_work(tx, most=MOST_OFFERINGS)
    worked, failed = False, None
    for offering_id in found:
        try:
            worked |= settle_offering(app, offering_id)
        except Exception as error:  # one that cannot be settled does not keep the others waiting
            failed = failed or error
    if failed is not None:
        raise failed
    return worked


def settle_offering(app: App, offering_id: int) -> bool:
    """Settle up to a chunk of one offering's reservations; whether there were any."""
    return app.store.write(lambda tx: settle_within(app, tx, offering_id))


def settle_within(app: App, tx: Tx, offering_id: int, *, most: int = CHUNK) -> bool:
    """The same, within a transaction that goes on."""
    scene = reservations.load_due(tx, offering_id, most=most, blocked=blocked_in(app))
    Batch(app, scene).settle()
    if scene.is_unchanged:
        return False
    reservations.save(tx, scene)
    return True


def forget_keys(app: App) -> bool:
    """Delete request keys that are a day old."""
    return app.store.write(lambda tx: request_keys.forget(tx, tx.now - timedelta(hours=KEY_HOURS), most=CHUNK) > 0)


def forget_codes(app: App) -> bool:
    """Delete one-time codes that have been over for a day."""
    return app.store.write(lambda tx: store.forget_codes(tx, tx.now - timedelta(hours=CODE_HOURS), most=CHUNK) > 0)
