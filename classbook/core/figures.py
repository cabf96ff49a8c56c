"""The report of document 0: how many classes, who is enrolled, how full they are."""

from __future__ import annotations

from datetime import datetime

from classbook.app import App
from classbook.core.actors import look_up
from classbook.errors import NotYours
from classbook.store import figures as store
from classbook.values import Actor, ClassSeats, Report


def report(app: App, actor: Actor, *, starts_from: datetime | None = None, starts_to: datetime | None = None) -> Report:
    """The figures of all classes for an administrator, of their own for an organizer; NotYours for others.

    With ``starts_from`` and ``starts_to`` only classes that start within that half-open span count.
    """
    with app.store.read() as tx:
        who = look_up(tx, actor)
        if who.role not in ("organizer", "admin"):
            raise NotYours("Reports are for organizers and administrators.")
        scope = store.Scope("class", None if who.is_admin else who.id, starts_from, starts_to)
        totals = store.totals(tx, scope)
        return Report(
            total_classes=totals.total,
            total_users_enrolled=store.enrolled(tx, scope),
            confirmed_seats=tuple(ClassSeats(*row) for row in store.confirmed_places(tx, scope)),
            active_classes=totals.active,
            upcoming_classes=totals.upcoming,
            completed_classes=totals.completed,
        )
