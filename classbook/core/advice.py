"""Why a reservation is not possible now, in order of precedence, and what is: the nearest alternatives.

It is the desk's own trial (`core.trials`), heard to its end, on one snapshot of the database and with everything that
is overdue settled in memory. Nothing is locked, nobody is waited for, and nothing is written. Alternatives are tried
like the reservation itself, so what is proposed can be had until somebody else takes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from classbook.app import App
from classbook.core import booking
from classbook.core.asks import Reserve
from classbook.core.batch import Batch, blocked_span
from classbook.core.decisions import trial_of
from classbook.core.trials import Trial
from classbook.errors import NO_STEPS, ClassbookError, InsufficientFunds, NotYours, Steps, in_words
from classbook.rules import hoarding, permits
from classbook.rules.kinds import KINDS
from classbook.rules.policy import Policy
from classbook.rules.shelves import NeedsAll, SeatShelf
from classbook.rules.spans import Span
from classbook.rules.states import CONFIRMED, HELD, LIVE, QUEUED, seen
from classbook.rules.wanted import Wanted
from classbook.store import catalog, loading, wallets
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord, ReservationRecord
from classbook.store.scene import Scene, Windows
from classbook.values import (
    Alternative,
    Money,
    OfferingRef,
    OtherOffering,
    OtherSeats,
    OtherTime,
    PlaceInLine,
    Reason,
    SmallerParty,
    Why,
)

MOST: Final = 3
"""Alternatives of one sort."""
_MOST_TRIED: Final = 20
"""Offerings that are looked at for them."""
_BEFORE, _AFTER = timedelta(days=7), timedelta(days=30)
"""How far around the wanted time other times are looked for."""
_FARTHEST: Final = timedelta(days=3660)


def why(app: App, ask: Reserve, *, steps: Steps = NO_STEPS) -> Why:
    """Every reason why this reservation would be refused now, and what could be had instead.

    ``steps`` are what the face that asks calls the steps of hints. A fixed number of queries, whatever is booked.
    Raises NotFound, NotLoggedIn, NotYours for who may not ask that for somebody else, and Invalid where nobody is
    named.
    """
    pack: frozenset[int] = frozenset()
    while True:
        try:
            with app.store.look() as tx:
                return _why(app, tx, ask, pack, steps)
        except NeedsAll as error:
            pack |= {error.pool_id}


def _why(app: App, tx: Tx, ask: Reserve, pack: frozenset[int], steps: Steps) -> Why:
    def look_at(scene: Scene) -> Windows:
        windows = booking.windows_of(app, [ask], pack, scene)
        offering = scene.offerings.get(ask.offering_id)
        if offering and KINDS[offering.kind].picks_time:
            terms = app.policy(offering.kind, offering.policy)
            if around := _around(terms, ask.starts_at, scene.now):
                windows.setdefault(offering.id, []).append(blocked_span(around, terms))
        return windows

    needs = replace(booking.needs_of(tx, [ask]), reserves=0)
    batch = booking.settled(app, tx, needs, look_at, dry_run=True)
    trial = trial_of(batch, ask)
    if not trial.who.speaks_for(trial.person.id):
        raise NotYours("Only an administrator may ask that for somebody else.")
    return _Advice(tx, trial, steps).told()


def _around(terms: Policy, wanted: datetime | None, now: datetime) -> Span | None:
    """Where other times are looked for, as far as they can be booked."""
    near = min(max(wanted or now, now), now + _FARTHEST)
    return permits.bookable(Span(near - _BEFORE, near + _AFTER), terms, now)


@dataclass(slots=True)
class _Advice:
    """What a trial came to, told from its end."""

    tx: Tx
    trial: Trial
    steps: Steps
    asking: tuple[ClassbookError, ...] = ()
    time: tuple[ClassbookError, ...] = ()
    person: tuple[ClassbookError, ...] = ()
    places: tuple[ClassbookError, ...] = ()

    def told(self) -> Why:
        trial = self.trial
        self.asking = tuple(trial.against_asking())
        self.time = tuple(trial.against_time())
        self.person = tuple(trial.against_person())
        self.places = tuple(trial.against_places())
        refusals = (*self.asking, *self.time, *self.person, *self.places)
        is_free = trial.units is not None
        self._put_back(trial)
        return Why(
            possible=not refusals,
            state=None if refusals else self._state(is_free=is_free),
            reasons=tuple(Reason(one.code, one.title, one.detail, in_words(one.hint, self.steps)) for one in refusals),
            alternatives=() if self.asking or (is_free and not refusals) else tuple(self._alternatives()),
        )

    def _state(self, *, is_free: bool) -> str:
        if not is_free:
            return QUEUED
        return CONFIRMED if self.trial.terms.confirm == "none" else HELD

    def _alternatives(self) -> Iterator[Alternative]:
        kind = self.trial.kind
        if kind.in_venue:
            yield from self._other_seats()
        elif smaller := self._smaller_party():
            yield smaller
        if kind.picks_time:
            yield from self._other_times()
        else:
            yield from self._other_offerings()
        if place := self._place_in_line():
            yield place

    @property
    def _batch(self) -> Batch:
        return self.trial.batch

    @property
    def _is_unpaid(self) -> bool:
        return any(isinstance(one, InsufficientFunds) for one in self.places)

    def _other_seats(self) -> list[OtherSeats]:
        """The best ones left of as many, else of as many as can be had, in whichever stand they are."""
        most = max((stand.seating.longest for stand in self._stands.values()), default=0)
        for count in range(min(self.trial.wanted.places, most), 0, -1):
            found = {one.seats: one for wanted in self._to_try(count) if (one := self._seats(wanted))}
            if found:
                return list(found.values())[:MOST]
        return []

    def _to_try(self, count: int) -> Iterator[Wanted]:
        """Where that many are looked for: as asked, then anywhere, then in every stand and category."""
        asked, stands = self.trial.wanted, self._stands.values()
        categories = {category for stand in stands for category in stand.plan.categories.values()}
        yield Wanted(best=count, category=asked.category, strict=asked.strict)
        yield Wanted(best=count, category=asked.category)
        yield Wanted(best=count)
        for name in sorted(categories | {stand.plan.stand.name for stand in stands}):
            yield Wanted(best=count, category=name)

    def _seats(self, wanted: Wanted) -> OtherSeats | None:
        tried = self._tried(wanted)
        if tried is None:
            return None
        stands, units = self._stands, tried.units or []
        labels = tuple(stands[pool_id].plan.names[unit] for pool_id, unit in units)
        return OtherSeats("seats", labels, self._batch.quotes.price(tried.offering, units))

    @property
    def _stands(self) -> dict[int, SeatShelf]:
        """The stands by pool, where they were looked at."""
        shelves = self._batch.scene.shelves_of(self.trial.offering.id)
        return {pool_id: shelf for pool_id, shelf in shelves.items() if isinstance(shelf, SeatShelf)}

    def _smaller_party(self) -> SmallerParty | None:
        """The largest one that could be had. What a party can have a smaller one can, too: so it is halved."""
        wanted, none = self.trial.wanted, 0
        fits, too_many = none, min(wanted.places, self._batch.units_in_all(self.trial.offering) + 1)
        while fits + 1 < too_many:
            half = (fits + too_many) // 2
            if self._tried(replace(wanted, party=half)):
                fits = half
            else:
                too_many = half
        return SmallerParty("party", fits) if fits else None

    def _other_times(self) -> list[OtherTime]:
        """The free times nearest to the wanted one, for as many and as long, in order."""
        trial, batch, now = self.trial, self._batch, self._batch.now
        around = _around(trial.terms, trial.wanted.starts_at, now)
        if around is None or not (self.time or self.person or trial.is_full) or trial.why_not_pay_the_cheapest():
            return []
        length, near = self._length(), max(trial.wanted.starts_at or now, around.start)
        spans: list[Span] = []
        with suppress(ClassbookError):  # no time is right where the terms contradict each other
            spans = batch.times_near(trial.offering, around, length=length, party=trial.wanted.places, near=near)
        fitting = (span for span in spans if self._is_right(span))
        found = sorted(islice(fitting, MOST))
        return [OtherTime("slot", span.start, span.end, trial.offering.timezone) for span in found]

    def _length(self) -> timedelta:
        """How long it is to take: as asked, as far as the terms allow that, else as short as they do, or an hour."""
        terms, wanted = self.trial.terms, self.trial.wanted
        if terms.slot_seconds:
            return timedelta(seconds=terms.slot_seconds)
        asked = timedelta(hours=1)
        if wanted.starts_at and wanted.ends_at and wanted.starts_at < wanted.ends_at:
            asked = wanted.ends_at - wanted.starts_at
        longest = timedelta(seconds=terms.max_seconds) if terms.max_seconds else asked
        return max(timedelta(seconds=terms.min_seconds), min(asked, longest))

    def _is_right(self, span: Span) -> bool:
        """Whether nothing speaks against another time."""
        ends_at = None if self.trial.terms.slot_seconds else span.end
        other = self._again(replace(self.trial.wanted, starts_at=span.start, ends_at=ends_at))
        return next(other.against_time(), None) is None and next(other.against_person(), None) is None

    def _other_offerings(self) -> list[OtherOffering]:
        """The same on other dates, where this person could have as many places."""
        trial, now = self.trial, self._batch.now
        found = catalog.like(self.tx, trial.offering, most=_MOST_TRIED)
        ids = [one.id for one in found]
        figures = catalog.figures(self.tx, ids)
        live = loading.live_in(self.tx, trial.person.id, ids)
        purse = wallets.page(self.tx, person_id=trial.person.id, after_id=0, limit=_MOST_TRIED)
        available = {one.available.currency: one.available.minor for one in purse if one.account == "person"}
        right = (
            OtherOffering(
                "offering",
                OfferingRef(one.id, one.kind, one.title),
                one.starts_at,
                one.ends_at,
                one.timezone,
                figures[one.id].free,
                Money(one.price_minor, one.currency) if one.price_minor is not None and one.currency else None,
            )
            for one in found
            if figures[one.id].free >= trial.wanted.places
            and (one.price_minor or 0) * trial.wanted.places <= available.get(one.currency or "", 0)
            and self._is_open(one, [record for record in live if record.offering_id == one.id], now)
        )
        return sorted(islice(right, MOST), key=lambda one: (one.starts_at or now, one.offering.id))

    def _is_open(self, other: OfferingRecord, theirs: list[ReservationRecord], now: datetime) -> bool:
        trial, terms, span = self.trial, self._batch.policy(other), other.span
        live = [
            one
            for one in theirs
            if seen(one.state, one.due_at, now, offering_cancelled=False, check_in_missing=one.check_in_missing) in LIVE
        ]
        against = [
            *(permits.against_time(other, terms, span=span, now=now, first_free=lambda: None) if span else ()),
            *permits.against_more(other, terms, party=trial.wanted.places, live=live, name=trial.person.name),
        ]
        if not trial.who.is_admin:  # what somebody let lapse over there is not looked at
            held = self._batch.open_holds(trial.person.id)
            against += hoarding.against_holding(other, terms, held=held, lapses=(), now=now, name=trial.person.name)
        return not against

    def _place_in_line(self) -> PlaceInLine | None:
        trial = self.trial
        if self.time or self.person or self._is_unpaid or not (trial.is_full and trial.may_wait(queue=True)):
            return None
        return PlaceInLine("queue", self._batch.waiting(trial.offering, trial.span) + 1)

    # --- trying ---

    def _again(self, wanted: Wanted) -> Trial:
        trial = self.trial
        return Trial(trial.batch, trial.who, trial.offering, trial.person, wanted, queue=False)

    def _tried(self, wanted: Wanted) -> Trial | None:
        """The same with something else wanted, where nothing speaks against it; the places are free again."""
        other = self._again(wanted)
        if next(other.objections(), None) is not None:
            return None
        self._put_back(other)
        return other

    def _put_back(self, trial: Trial) -> None:
        if trial.units:
            self._batch.put_back(trial.offering, trial.units, trial.span)
