"""The daemon's steps: each bounded, safe to run twice, at once, or not at all, and true when it found work."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from classbook.app import App
from classbook.core.batch import Batch, blocked_in
from classbook.errors import ClassbookError
from classbook.store import attempts, loading, logins, outbox, request_keys, saving, throttles
from classbook.store import upkeep as store
from classbook.store.database import ConstraintRefused, Tx

CHUNK: Final = 500
"""Reservations settled in one transaction, so that no booking waits long behind it."""
MOST_OFFERINGS: Final = 20
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
    again = app.store.write(lambda tx: settle_within(app, tx, offering_id))
    look_again(app, again or ())
    return again is not None


def settle_within(app: App, tx: Tx, offering_id: int, *, most: int = CHUNK) -> set[int] | None:
    """The same, within a transaction that goes on: where to `look_again` after it, None where nothing was due."""
    scene = loading.load_due(tx, offering_id, most=most, blocked=blocked_in(app))
    Batch(app, scene).settle()
    if scene.is_unchanged:
        return None
    saving.save(tx, scene)
    return scene.again


def look_again(app: App, offering_ids: Iterable[int]) -> None:
    """Serve those who wait for what a transaction has set free elsewhere: a place, or their own money.

    What led here is done, so whatever fails now is left to the daemon.
    """
    waiting = set(offering_ids)
    while waiting:
        waiting.remove(offering_id := min(waiting))
        with suppress(ClassbookError, ConstraintRefused):
            again = app.store.write(partial(settle_within, app, offering_id=offering_id))
            waiting |= again or set()


def serve_waiting(app: App) -> bool:
    """Settle offerings where somebody waits beside a place that may do: whoever was to look there may have died."""
    with app.store.read() as tx:
        found = store.offerings_with_hope(tx, most=MOST_OFFERINGS)
    worked = False
    for offering_id in found:
        worked |= settle_offering(app, offering_id)
    return worked


def settle_of(app: App, person_id: int, *, richer: bool) -> None:
    """Settle where somebody's money makes a difference: where they wait and are ``richer``, else where it is held."""
    with app.store.read() as tx:
        found = store.awaited_by(tx, person_id) if richer else store.held_in_vain(tx, person_id)
    look_again(app, found)


def forget_keys(app: App) -> bool:
    """Delete request keys that are as old as the settings say."""
    kept = timedelta(days=app.settings.retention.key_days)
    return app.store.write(lambda tx: request_keys.forget(tx, tx.now - kept, most=CHUNK) > 0)


def forget_mail(app: App) -> bool:
    """Take away what mails said that are as old as the settings say, and where they went; in the maildir, too."""
    kept = timedelta(days=app.settings.retention.mail_days)
    app.mailer.forget(app.clock.now() - kept)
    return app.store.write(lambda tx: outbox.forget_before(tx, tx.now - kept, most=CHUNK) > 0)


def forget_codes(app: App) -> bool:
    """Delete one-time codes that have been over for a day."""
    return app.store.write(lambda tx: store.forget_codes(tx, tx.now - timedelta(hours=CODE_HOURS), most=CHUNK) > 0)


def forget_attempts(app: App) -> bool:
    """Delete sign-ups and requests for a new password whose code has run out."""
    return app.store.write(lambda tx: attempts.forget(tx, most=CHUNK) > 0)


def forget_logins(app: App) -> bool:
    """Delete logins that can no longer be refreshed."""
    return app.store.write(lambda tx: logins.forget(tx, most=CHUNK) > 0)


def forget_throttles(app: App) -> bool:
    """Delete counts of failures whose time is over."""
    return app.store.write(lambda tx: throttles.forget(tx, most=CHUNK) > 0)
