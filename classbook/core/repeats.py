"""Offerings that come again: one for each date, in one transaction, and what became of each date."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.core import catalog, making
from classbook.core.actors import Who
from classbook.core.keys import once
from classbook.core.making import made_in
from classbook.core.trail import Deed, recorded
from classbook.errors import ClassbookError, Invalid
from classbook.rules.kinds import kind_named
from classbook.rules.repeats import Occurrence, Repeat
from classbook.rules.spans import Span
from classbook.store import venues
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord
from classbook.values import Actor, Dated, Offering, Page, RequestKey


def create(
    app: App,
    actor: Actor,
    kind: str,
    fields: dict[str, Any],
    repeat: Repeat,
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Page[Dated] | dict[str, Any]:
    """Make an offering as `catalog.create` does, and the same again at the same local time on the dates that follow.

    A date is skipped, and says why, where its time does not exist there or its room, its provider or its venue is
    taken. Raises what `catalog.create` raises, Invalid for what cannot be repeated, and the reason of the first date
    where not a single one could be had.
    """
    row = kind_named(kind)
    if row.picks_time:
        raise Invalid(f"A {kind} has no time of its own that could repeat.", hint="Its schedule says when it is open.")
    wish = making.wish(app, row, fields)
    first = Span(wish.values["starts_at"], wish.values["ends_at"])

    def act(tx: Tx, who: Who) -> Page[Dated]:
        dates = list(repeat.occurrences(first, zone=ZoneInfo(_zone(app, tx, wish))))
        spans = [one.span for one in dates if one.span]
        outcomes = making.make(app, tx, who, row, [wish.at(span) for span in spans])
        recorded(tx, actor, Deed("create", "offering"), lambda: made_in(outcomes))
        made = iter(outcomes)
        return _answered(app, tx, dates, [next(made) if one.span else one.refusal for one in dates])

    def step(tx: Tx) -> Page[Dated] | dict[str, Any]:
        who = making.maker(tx, actor, row)
        return once(tx, actor, key, lambda: act(tx, who), dry_run=dry_run)

    with app.store.rehearsal(dry_run):
        catalog.settle(app, wish.draft.sellers)
        return catalog.guarded(app, step)


def _zone(app: App, tx: Tx, wish: making.Wish) -> str:
    """The zone whose clocks count: the offering's own, else that of its venue, else the configured one."""
    venue = None if wish.draft.venue_id is None else venues.by_id(tx, wish.draft.venue_id)
    return str(wish.values.get("timezone") or (venue.timezone if venue else app.settings.timezone))


def _answered(
    app: App, tx: Tx, dates: list[Occurrence], made: list[OfferingRecord | ClassbookError | None]
) -> Page[Dated]:
    offerings = {one.id: one for one in catalog.views(app, tx, made_in(made))}
    if not offerings:
        refusals = [one for one in made if isinstance(one, ClassbookError)]
        raise refusals[0] if len(dates) == 1 else refusals[0].met_in(f"None of the {len(dates)} dates can be had")
    return Page(tuple(_dated(date, one, offerings) for date, one in zip(dates, made, strict=True)), None)


def _dated(date: Occurrence, made: OfferingRecord | ClassbookError | None, offerings: dict[int, Offering]) -> Dated:
    if isinstance(made, OfferingRecord):
        return Dated(date.date.isoformat(), "created", offerings[made.id], None, date.note)
    assert made is not None
    return Dated(date.date.isoformat(), "skipped", None, made.code, made.detail)
