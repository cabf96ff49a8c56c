"""Opening hours of what the client picks the time of, and the times that are still free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from classbook.app import App
from classbook.core.actors import look_up
from classbook.core.batch import timetable_of
from classbook.core.keys import once
from classbook.core.pages import at_most, numbers_in, page_of
from classbook.core.trail import Deed
from classbook.errors import BadSpan, Invalid, NotFound, NotYours
from classbook.rules import timetable
from classbook.rules.kinds import KINDS, free_times
from classbook.rules.opening import Closed, OnDate, Rule, Weekly, as_json, from_json
from classbook.rules.permits import bookable
from classbook.rules.policy import Policy
from classbook.rules.spans import Span
from classbook.store import catalog, schedules
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.records import OfferingRecord
from classbook.values import Actor, Page, RequestKey, Schedule, Slot

MOST_RULES: Final = 1000
LONGEST_LOOK: Final = timedelta(days=92)


def add(
    app: App,
    actor: Actor,
    offering_id: int,
    rules: Sequence[Rule],
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Schedule | dict[str, Any]:
    """Add opening hours, single dates or closed dates; what is booked already stays booked.

    A rule for a date replaces the one there was; weekly hours replace those of the same days. Raises NotYours for
    anybody but the provider or an administrator, Invalid for hours that overlap or where the house picks the time.
    """
    if not rules:
        raise Invalid("A schedule needs at least one rule.")

    def act(tx: Tx, offering: OfferingRecord) -> Schedule:
        kept = _replaced(_rules(tx, offering.id), rules)
        if len(kept) > MOST_RULES:
            raise Invalid(f"A schedule has at most {MOST_RULES:,} rules.")
        timetable.Timetable.of(offering.timezone, kept)  # raises where they contradict each other
        schedules.replace(tx, offering.id, [json.dumps(as_json(rule)) for rule in kept])
        return _view(offering, kept)

    def step(tx: Tx) -> Schedule | dict[str, Any]:
        who = look_up(tx, actor)
        offering = _scheduled(tx, offering_id, lock=True)
        if not who.may_see(offering.creator_id):
            raise NotYours(f"The schedule of {offering.title} is kept by somebody else.")
        return once(
            tx, actor, key, lambda: act(tx, offering), deed=Deed("schedule", "offering", offering.id), dry_run=dry_run
        )

    return app.store.write(step)


def show(app: App, offering_id: int) -> Schedule:
    """The opening hours. Raises NotFound."""
    with app.store.read() as tx:
        offering = _scheduled(tx, offering_id)
        return _view(offering, _rules(tx, offering_id))


def free(
    app: App, offering_id: int, *, start: datetime, end: datetime, limit: int = 200, cursor: str | None = None
) -> Page[Slot]:
    """The free times of an offering within [start, end), those that could be booked now, in order.

    Slots where the house cuts the time into slots, else the longest free spans. Five queries, whatever is booked.
    Raises NotFound, BadSpan for more than three months.
    """
    if not start < end <= start + LONGEST_LOOK:
        raise BadSpan(f"Free times are shown for at most {LONGEST_LOOK.days} days, and the end comes after the start.")
    if cursor:
        [seen_until] = numbers_in(cursor, 1)
        start = from_micros(min(max(to_micros(start), seen_until), to_micros(end)))
    with app.store.read() as tx:
        offering = _scheduled(tx, offering_id)
        terms = app.policy(offering.kind, offering.policy)
        window = bookable(Span(start, end), terms, tx.now)
        found = _free_in(tx, offering, terms, window) if window and offering.cancelled_at is None else []
    slots = [Slot(span.start, span.end, offering.timezone) for span in found[: at_most(limit) + 1]]
    return page_of(slots, limit, lambda slot: to_micros(slot.end))


def _free_in(tx: Tx, offering: OfferingRecord, terms: Policy, window: Span) -> list[Span]:
    wide = window.widened(before_seconds=terms.before_seconds, after_seconds=terms.after_seconds)
    units, busy = schedules.busy(tx, offering.id, wide)
    hours = timetable_of(offering.timezone, tuple(schedules.rules(tx, offering.id)))
    return free_times(terms, hours, window, busy=busy, units=units)


def _replaced(before: Sequence[Rule], added: Sequence[Rule]) -> list[Rule]:
    """The rules there were without what the new ones replace, and the new ones."""
    days = {day for rule in added if isinstance(rule, Weekly) for day in rule.days}
    dates = {rule.date for rule in added if isinstance(rule, OnDate)}
    kept: list[Rule] = []
    for rule in before:
        if isinstance(rule, Weekly):
            left = tuple(day for day in rule.days if day not in days)
            kept += [Weekly(left, rule.blocks)] if left else []
        elif isinstance(rule, Closed) or rule.date not in dates:
            kept.append(rule)
    return [*kept, *(rule for rule in added if rule not in kept)]


def _rules(tx: Tx, offering_id: int) -> list[Rule]:
    return [from_json(json.loads(rule)) for rule in schedules.rules(tx, offering_id)]


def _scheduled(tx: Tx, offering_id: int, *, lock: bool = False) -> OfferingRecord:
    offering = catalog.any_by_id(tx, offering_id, lock=lock)
    if offering is None:
        raise NotFound(f"There is no offering {offering_id}.")
    if not KINDS[offering.kind].picks_time:
        raise Invalid(f"{offering.title} has its own time and no schedule.")
    return offering


def _view(offering: OfferingRecord, rules: Sequence[Rule]) -> Schedule:
    return Schedule(
        offering_id=offering.id,
        timezone=offering.timezone,
        weekly=tuple(as_json(rule) for rule in rules if isinstance(rule, Weekly)),
        dates=tuple(as_json(rule) for rule in rules if isinstance(rule, OnDate)),
        closed=tuple(as_json(rule) for rule in rules if isinstance(rule, Closed)),
    )
