"""Reminders, some hours before the start. A daemon's step: bounded, and safe to run twice or at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from classbook.app import App
from classbook.rules.kinds import KINDS, Kind
from classbook.store import outbox
from classbook.store import reminders as store
from classbook.store.database import Tx
from classbook.store.records import Letter

CHUNK: Final = 500


def remind(app: App) -> bool:
    """Write up to a chunk of reminders of what begins soon, of each kind; whether there were any.

    Everything that begins is gone over once, in order of its start: how far that has come is kept, so that nobody is
    reminded twice. What changes after a reminder was written is looked at again when that is sent.
    """
    reminded = [_remind_of(app, kind) for kind in KINDS.values()]
    return any(reminded)


def _remind_of(app: App, kind: Kind) -> bool:
    hours = app.settings.mail.reminder_hours_for(kind.name)
    return hours > 0 and app.store.write(lambda tx: _remind(app, tx, kind, timedelta(hours=hours)))


def _remind(app: App, tx: Tx, kind: Kind, ahead: timedelta) -> bool:
    reached = store.reached(tx, kind.name)
    tx.read_clock()
    after, until = max(reached, store.Mark(tx.now)), tx.now + ahead
    found = store.due(tx, kind.name, after, until, ahead=ahead, picks_time=kind.picks_time, most=CHUNK)
    letters = [
        Letter(
            "reminder", guest.email, app.new_message_id(), guest.person_id, guest.reservation_id, guest.offering_id,
            json.dumps({"begins": guest.mark.starts_at.isoformat()}),
        )
        for guest in found
    ]  # fmt: skip
    outbox.post(tx, *letters)
    store.reach(tx, kind.name, found[-1].mark if len(found) == CHUNK else max(reached, store.Mark(until)))
    return bool(found)
