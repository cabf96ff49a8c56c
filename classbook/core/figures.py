"""The report of document 0: how many classes, who is enrolled, how full they are; and the same of the other kinds."""

from __future__ import annotations

from datetime import datetime

from classbook.app import App
from classbook.core.actors import look_up
from classbook.errors import NotYours
from classbook.store import figures as store
from classbook.store.database import Tx
from classbook.values import Actor, ClassSeats, KindFigures, OfferingSeats, Report


def report(app: App, actor: Actor, *, starts_from: datetime | None = None, starts_to: datetime | None = None) -> Report:
    """The figures of everything for an administrator, of what they offer for an organizer; NotYours for others.

    With ``starts_from`` and ``starts_to`` only what starts within that half-open span counts.
    """
    with app.store.read() as tx:
        who = look_up(tx, actor)
        if who.role not in ("organizer", "admin"):
            raise NotYours("Reports are for organizers and administrators.")
        creator_id = None if who.is_admin else who.id

        def of(kind: str) -> KindFigures:
            return _of_kind(tx, store.Scope(kind, creator_id, starts_from, starts_to))

        classes = of("class")
        return Report(
            total_classes=classes.total,
            total_users_enrolled=classes.total_users_enrolled,
            confirmed_seats=tuple(ClassSeats(row.offering_id, row.confirmed) for row in classes.confirmed_seats),
            active_classes=classes.active,
            upcoming_classes=classes.upcoming,
            completed_classes=classes.completed,
            events=of("event"),
            matches=of("match"),
            appointments=of("appointment"),
            resources=of("resource"),
        )


def _of_kind(tx: Tx, scope: store.Scope) -> KindFigures:
    totals = store.totals(tx, scope)
    return KindFigures(
        total=totals.total,
        total_users_enrolled=store.enrolled(tx, scope),
        confirmed_seats=tuple(OfferingSeats(*row) for row in store.confirmed_places(tx, scope)),
        active=totals.active,
        upcoming=totals.upcoming,
        completed=totals.completed,
    )
