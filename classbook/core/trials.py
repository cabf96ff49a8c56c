"""Somebody tries to get places: what speaks against it, in order of precedence, and the places that were found.

Who books stops at the first objection, who asks why hears them all (`core.advice`). There is no second list of rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from classbook.core.actors import Who
from classbook.core.batch import Batch, Units
from classbook.errors import (
    ClassbookError,
    Hint,
    InsufficientFunds,
    Invalid,
    LimitReached,
    NotAllowedNow,
    NotYours,
    OfferingCancelled,
)
from classbook.rules import hoarding, permits, vouchers
from classbook.rules.kinds import Kind, against_opening
from classbook.rules.policy import Policy
from classbook.rules.spans import Span
from classbook.rules.states import COMPLETED, LIVE
from classbook.rules.vouchers import Voucher
from classbook.rules.wanted import Wanted
from classbook.rules.when import format_local
from classbook.store.records import OfferingRecord, PersonRecord, ReservationRecord
from classbook.values import Money

LOOK_AHEAD: Final = timedelta(days=14)
"""How far the first time is looked for that could be booked instead."""

_QUEUE: Final = Hint("With {} you are told when a place is free.", "wait in line")


@dataclass(slots=True)
class Trial:
    """Places are wanted by ``who`` for ``person``, or other ones in place of those of ``moving``.

    Once `objections` has come to its end, either ``units`` were found and are taken from the shelves, those of
    ``replaced`` (and ``moving``) being free; or there are none, and the person ``may_wait``.
    """

    batch: Batch
    who: Who
    offering: OfferingRecord
    person: PersonRecord
    wanted: Wanted
    queue: bool | None = None
    code: str | None = None
    """Of a voucher."""
    moving: ReservationRecord | None = None
    has_time: bool = False
    span: Span | None = None
    replaced: list[ReservationRecord] = field(default_factory=list)
    units: Units | None = None
    is_full: bool = False
    """Whether there are no such places, though what is wanted makes sense."""
    kind: Kind = field(init=False)
    terms: Policy = field(init=False)

    def __post_init__(self) -> None:
        self.kind, self.terms = self.batch.kind(self.offering), self.batch.policy(self.offering)

    def objections(self) -> Iterator[ClassbookError]:
        """Everything that speaks against it, the weightiest first."""
        yield from self.against_asking()
        yield from self.against_time()
        yield from self.against_person()
        yield from self.against_places()

    def against_asking(self) -> Iterator[ClassbookError]:
        """What is wrong with the question itself, and with who asks it."""
        if self.code is not None:
            yield from self._against_voucher(self.code)
        if self.wanted.places < 1:
            yield Invalid(f"A party is at least one place, not {self.wanted.places}.")
        if self.moving is None and not self.who.speaks_for(self.person.id):
            yield NotYours("Only an administrator may act for somebody else.")
        if self.moving is None and not self.who.verified:
            yield NotAllowedNow(
                "Your address is not verified yet.", hint="Enter the code that was mailed to you first."
            )

    def against_time(self) -> Iterator[ClassbookError]:
        """What speaks against that time, whoever asks."""
        batch, offering, kind, terms = self.batch, self.offering, self.kind, self.terms
        if self.voucher:
            yield from vouchers.against_date(self.voucher, now=batch.now, timezone=offering.timezone)
        if offering.cancelled_at is not None:
            yield OfferingCancelled(f"{offering.title} was cancelled.")
        try:
            self.span = kind.when(offering, terms, self.wanted)
        except ClassbookError as refusal:
            yield refusal
            return
        self.has_time = True
        if self.span is None:
            return
        yield from permits.against_time(offering, terms, span=self.span, now=batch.now, first_free=self._first_free)
        if kind.picks_time:
            yield from against_opening(terms, batch.timetable(offering), self.span)

    def against_person(self) -> Iterator[ClassbookError]:
        """What limits per person say; fills ``replaced``."""
        live = [one for one in self._live_here() if one is not self.moving]
        # Who moves the only one there may be has no other.
        counted = live if self.moving is None or not self.terms.once else []
        yield from permits.against_more(
            self.offering, self.terms, party=self.wanted.places, live=counted, name=self.person.name
        )
        yield from self._against_day(live)
        yield from self._against_hoarding()
        if voucher := self.voucher:
            scene = self.batch.scene
            used, used_by_person = scene.uses[voucher.id], scene.uses_of[voucher.id, self.person.id]
            yield from vouchers.against_use(voucher, used=used, used_by_person=used_by_person, name=self.person.name)

    def against_places(self) -> Iterator[ClassbookError]:
        """Whether the places are there and can be paid; fills ``units``."""
        if not self.has_time or self.wanted.places < 1:
            return
        try:
            self.units = self._find()
        except ClassbookError as refusal:
            yield refusal
            return
        self.is_full = self.units is None
        if self.is_full and not self.may_wait():
            yield self._taken()
            if unpaid := self.why_not_pay_the_cheapest():
                yield unpaid

    @property
    def voucher(self) -> Voucher | None:
        """The voucher that is to be used now."""
        code = None if self.code is None else vouchers.known_as(self.code)
        return None if code is None else self.batch.scene.stage.vouchers.get(code)

    @property
    def voucher_id(self) -> int | None:
        """The voucher that takes something off."""
        return self.voucher.id if self.voucher else None

    def may_wait(self, *, queue: bool | None = None) -> bool:
        """Whether who finds nothing is put in line: not for more than there is in all, nor for what begins now.

        ``queue`` is whether they want that, where it is not as they said.
        """
        if self.moving or self.replaced:
            return False
        said = self.queue if queue is None else queue
        wishes = self.terms.queues if said is None else said
        in_time = self.span is None or self.batch.now < self.span.start
        return wishes and in_time and self.wanted.places <= self.batch.units_in_all(self.offering)

    def _against_voucher(self, code: str) -> Iterator[ClassbookError]:
        """Why that is no voucher, or none for this."""
        if self.voucher is None:
            yield vouchers.unknown(code)
            return
        yield from vouchers.against_voucher(
            self.voucher, self.offering, offering_id=self.offering.id, currency=self.offering.currency
        )

    # --- time ---

    def _first_free(self) -> datetime | None:
        """The first free time of that length that can be booked now; None where there is none to be seen."""
        if self.span is None or not self.kind.picks_time:
            return None
        window = permits.bookable(Span(self.batch.now, self.batch.now + LOOK_AHEAD), self.terms, self.batch.now)
        found: list[Span] = []
        if window:
            with suppress(ClassbookError):  # no time is right where the terms contradict each other
                found = self.batch.times_near(
                    self.offering, window, length=self.span.length, party=self.wanted.places, near=window.start
                )
        return found[0].start if found else None

    # --- the person ---

    def _live_here(self) -> list[ReservationRecord]:
        """Their live reservations of this offering, oldest first; what time has ended is none, noted down or not."""
        live = sorted(self.batch.scene.live_of.get(self.person.id, ()), key=lambda record: record.id)
        return [one for one in live if self._is_here(one) and self.batch.state(one) in LIVE]

    def _against_day(self, live: list[ReservationRecord]) -> Iterator[ClassbookError]:
        """How many a day there may be: what took place counts, and nothing takes the place of it."""
        terms, span = self.terms, self.span
        if terms.per_day is None or span is None:
            return
        same_day = [one for one in live if permits.same_day(self.offering, one.starts_at, span.start)]
        over = len(same_day) + self._visits(span) - terms.per_day + 1
        if over <= 0:
            return
        has = (
            f"{self.person.name} has {'an appointment' if terms.per_day == 1 else f'{terms.per_day} bookings'} with "
            f"{self.offering.title} on that day already"
        )
        hint = "Cancel or move it, or choose another day."
        earlier = [one for one in same_day if one.checked_in_at is None]
        if terms.on_second != "replace":
            yield LimitReached(f"{has}.", hint=hint)
        elif len(earlier) < over:
            yield LimitReached(f"{has}, and what took place is not replaced.", hint="Choose another day.")
        elif why := self._why_not_replace(earlier[:over]):
            said = f"{has}, and it cannot be replaced: {why.detail}"
            yield LimitReached(said, hint="Choose another day.")
        else:
            self.replaced = earlier[:over]

    def _against_hoarding(self) -> Iterator[ClassbookError]:
        """How much they keep from others without wanting it: not asked of who moves, or acts for somebody else."""
        if self.moving or self.who.is_admin:
            return
        batch, scene = self.batch, self.batch.scene
        held = [one for one in batch.open_holds(self.person.id) if one not in self.replaced]
        lapses = scene.lapses.get((self.person.id, self.offering.id), ())
        yield from hoarding.against_holding(
            self.offering, self.terms, held=held, lapses=lapses, now=batch.now, name=self.person.name
        )

    def _visits(self, span: Span) -> int:
        """How many of theirs took place on that day, noted down or not."""
        scene, id = self.batch.scene, self.person.id
        here = [one for one in (*scene.live_of.get(id, ()), *scene.visits_of.get(id, ())) if self._is_here(one)]
        visits = [one for one in here if self.batch.state(one) == COMPLETED]
        return sum(permits.same_day(self.offering, one.starts_at, span.start) for one in visits)

    def _is_here(self, record: ReservationRecord) -> bool:
        return record.offering_id == self.offering.id

    def _why_not_replace(self, earlier: Sequence[ReservationRecord]) -> ClassbookError | None:
        found = (
            permits.why_not_cancel(
                self.offering,
                self.terms,
                self.batch.state(one),
                starts_at=one.starts_at,
                now=self.batch.now,
                is_admin=self.who.is_admin,
            )
            for one in earlier
        )
        return next(filter(None, found), None)

    # --- places ---

    def _find(self) -> Units | None:
        """Places for the span, with those given up free; where nothing fits, these are kept.

        Raises InsufficientFunds where the places are there and the person cannot pay for them, and NotAllowedNow where
        they are sold in another currency than what is moved.
        """
        batch, offering = self.batch, self.offering
        given_up = [(record, record.places) for record in self._given_up]
        for record, _ in given_up:
            batch.free(record)
        units: Units | None = None
        try:
            units = batch.find(offering, self.wanted, self.span)
            if units and (unpaid := self._why_not_pay(units)):
                batch.put_back(offering, units, self.span)
                units = None
                raise unpaid
        finally:
            if units is None:
                for record, claims in given_up:
                    batch.keep(record, claims)
        return units

    def _why_not_pay(self, units: Units) -> ClassbookError | None:
        """Who moves pays what is new, with what comes back of what is given up for it."""
        batch, moving = self.batch, self.moving
        if moving:
            try:
                change = batch.change(moving, self.offering, units, self.span, old=moving.freed)
            except ClassbookError as refusal:
                return refusal
            return batch.purse.why_not_pay(self.person.id, change.charged, instead_of=self.replaced, back=change.refund)
        to_pay, _ = batch.quotes.to_pay(batch.quotes.price(self.offering, units), self.voucher_id)
        return batch.purse.why_not_pay(self.person.id, to_pay, instead_of=self.replaced)

    def why_not_pay_the_cheapest(self) -> InsufficientFunds | None:
        """Why the person could not pay for any places, were they there; what moves pays only for what is new."""
        offering = self.offering
        if self.moving or offering.price_minor is None or offering.currency is None:
            return None
        least = Money(offering.price_minor * self.wanted.places, offering.currency)
        to_pay, _ = self.batch.quotes.to_pay(least, self.voucher_id)
        return self.batch.purse.why_not_pay(self.person.id, to_pay, instead_of=self.replaced)

    @property
    def _given_up(self) -> list[ReservationRecord]:
        """What the new places are taken in place of."""
        return [*([self.moving] if self.moving else ()), *self.replaced]

    def _taken(self) -> ClassbookError:
        """The refusal that says what is left."""
        batch, offering, span = self.batch, self.offering, self.span
        if refusal := self.kind.missing(batch.scene.shelves_of(offering.id), self.wanted):
            return refusal
        left = batch.left(offering, span)
        zone = ZoneInfo(offering.timezone)
        when = "" if offering.starts_at or span is None else f" at {format_local(span.start, zone)}"
        if not left:
            detail = f"{offering.title} is {'sold out' if offering.starts_at else 'taken'}{when}."
        else:
            detail = f"{offering.title} has only {left} {'place' if left == 1 else 'places'} left{when}."
        return self.kind.refusal(detail, hint=_QUEUE if self.may_wait(queue=True) else None)
