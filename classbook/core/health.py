"""Can this house take bookings, and what is left undone?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from classbook.app import App
from classbook.errors import Hint, Unavailable
from classbook.store import health as store
from classbook.store.schema import revision
from classbook.store.tables import HEAD

MAIL_LATE: Final = timedelta(minutes=15)
"""A mail that has waited longer is a sign: of a server that refuses, or of no daemon."""
DUE_LATE: Final = timedelta(minutes=5)


def check_readable(app: App) -> None:
    """Raise Unavailable where the database does not answer, or has another schema than this program."""
    found = revision(app.store)
    if found != HEAD:
        raise Unavailable(f"The database has schema {found}, not {HEAD}.", hint=Hint("Run {}.", "migrate"))


def check_writable(app: App) -> None:
    """Write something and commit it. Raises DiskFull, ReadOnly, Busy, Unavailable."""
    app.store.check_room()
    app.store.write(store.write_something)


def complaints(app: App) -> list[str]:
    """What is left undone though bookings are taken: sentences, none where all is well. Raises Unavailable."""
    with app.store.read() as tx:
        found, now = store.backlog(tx), tx.now
    said = []
    if found.oldest_mail and now - found.oldest_mail > MAIL_LATE:
        said.append(
            f"{_mails(found.mails)} not sent, the oldest for {_minutes(found.oldest_mail, now)}: "
            "does the mail server take any?"
        )
    if found.oldest_due and now - found.oldest_due > DUE_LATE:
        said.append(f"Nothing has settled what is due for {_minutes(found.oldest_due, now)}: is a daemon running?")
    return said


def figures(app: App) -> dict[str, tuple[str, dict[str, float]]]:
    """What the database knows of how things are now, for metrics: a fixed number of queries."""
    with app.store.read() as tx:
        held, queued = store.live(tx)
        found, told, now = store.backlog(tx), store.untold(tx), tx.now
    return {
        "classbook_holds": ("Reservations that are held now.", {"": held}),
        "classbook_queued": ("Reservations that wait in a queue.", {"": queued}),
        "classbook_outbox_waiting": ("What waits to be sent.", {"mail": found.mails, "webhook": told.waiting}),
        "classbook_outbox_oldest_seconds": (
            "For how long the oldest of it has waited.",
            {"mail": _age(found.oldest_mail, now), "webhook": _age(told.oldest, now)},
        ),
        "classbook_overdue_seconds": (
            "For how long something has waited to be settled.",
            {"": _age(found.oldest_due, now)},
        ),
    }


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _mails(count: int) -> str:
    return "One mail is" if count == 1 else f"{count} mails are"


def _minutes(since: datetime, now: datetime) -> str:
    return f"{int((now - since).total_seconds()) // 60} minutes"
