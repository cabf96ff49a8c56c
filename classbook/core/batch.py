"""A batch under way: what was loaded, the steps taken so far, and the letters that tell of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import repeat

from classbook.app import App
from classbook.core.money import Purse
from classbook.core.quotes import Change, Costs, Quotes
from classbook.core.views import reservation_view
from classbook.errors import ClassbookError
from classbook.rules import refunds
from classbook.rules.differences import Facts, only_changed
from classbook.rules.kinds import KINDS, Kind, times_near
from classbook.rules.opening import from_json
from classbook.rules.permits import hold_until, over_at
from classbook.rules.policy import Policy
from classbook.rules.shelves import SeatShelf, TimedShelf
from classbook.rules.spans import Span
from classbook.rules.states import (
    CANCELLED,
    CONFIRMED,
    EXPIRED,
    FAR_FUTURE,
    HELD,
    LIVE,
    QUEUED,
    TAKEN,
    due_action,
    follow,
    seen,
)
from classbook.rules.timetable import Timetable
from classbook.rules.vouchers import Voucher
from classbook.rules.wanted import Wanted
from classbook.store.records import (
    Claim,
    CodeRecord,
    Letter,
    MoveRecord,
    OfferingRecord,
    PersonRecord,
    ReservationRecord,
)
from classbook.store.scene import Blocked, Scene
from classbook.values import Actor, Money, PersonRef, Reservation, plain

CONFIRM = "confirm"
"""The purpose of codes that confirm a hold."""
TIME = Actor()
"""Who acts when nobody does."""
Units = list[tuple[int, int]]
"""What is taken: (pool, unit)."""


class Batch:
    """Takes steps on a `Scene`: every change of a reservation goes through `step`, which also writes its history."""

    def __init__(self, app: App, scene: Scene, *, dry_run: bool = False):
        self.app = app
        self.scene = scene
        self.dry_run = dry_run
        self.purse = Purse(scene)
        self.quotes = Quotes(scene)
        self._ids = iter(scene.fresh_ids)
        self._terms: dict[int, Policy] = {}

    @property
    def now(self) -> datetime:
        return self.scene.now

    def policy(self, offering: OfferingRecord) -> Policy:
        terms = self._terms.get(offering.id)
        if terms is None:
            terms = self._terms[offering.id] = self.app.policy(offering.kind, offering.policy)
        return terms

    def kind(self, offering: OfferingRecord) -> Kind:
        return KINDS[offering.kind]

    def timetable(self, offering: OfferingRecord) -> Timetable:
        return timetable_of(offering.timezone, tuple(self.scene.stage.rules_of[offering.id]))

    def offering_of(self, record: ReservationRecord) -> OfferingRecord:
        return self.scene.offerings[record.offering_id]

    def state(self, record: ReservationRecord) -> str:
        """The state people see."""
        cancelled = self.offering_of(record).cancelled_at is not None
        return seen(
            record.state,
            record.due_at,
            self.now,
            offering_cancelled=cancelled,
            check_in_missing=record.check_in_missing,
        )

    # --- time ---

    def settle(self) -> None:
        """Let time do its part: lapse and complete what is due, cancel what is of a cancelled offering.

        Then whoever waits and fits is offered what is free, whether or not it was freed here.
        """
        for record in self.scene.due:
            offering = self.offering_of(record)
            if offering.cancelled_at is not None:
                self.cancel(record, TIME, reason=offering.cancel_reason, said=offering.cancel_reason, whole=True)
                continue
            action, was = due_action(record.state, check_in_missing=record.check_in_missing), record.state
            self.step(record, action, TIME)
            if action == "lapse":
                self.tell(record, "expired", was=None if was == HELD else was)
            elif self.app.settings.mail.completed:
                self.tell(record, "completed")
        for offering_id in list(self.scene.queue):
            self.promote(self.scene.offerings[offering_id])

    def promote(self, offering: OfferingRecord) -> None:
        """Offer what is free to those who wait: in order of entry, everyone who fits; who does not blocks nobody.

        Who cannot pay now keeps waiting, too.
        """
        if offering.cancelled_at is not None:
            return
        for record in list(self.scene.queue.get(offering.id, ())):
            if record.state != QUEUED or self.state(record) != QUEUED:
                continue
            with suppress(ClassbookError):  # a seat that somebody waits for may be gone from the plan
                units = self.find(offering, self.asked(record), record.span)
                if units is None:
                    continue
                to_pay, _ = self.quotes.to_pay(self.quotes.price(offering, units), record.voucher_id)
                if self.purse.why_not_pay(record.person_id or 0, to_pay):
                    self.put_back(offering, units, record.span)
                    if not self.kind(offering).timed:  # else everybody was looked at
                        self.scene.again.add(offering.id)  # others may be behind those who were thought to be able to
                    continue
                self._offer(offering, record, units)

    def asked(self, record: ReservationRecord) -> Wanted:
        """What a queued reservation waits for."""
        return Wanted.from_json(json.loads(record.ask or "{}"), starts_at=record.starts_at, ends_at=record.ends_at)

    def _offer(self, offering: OfferingRecord, record: ReservationRecord, units: Units) -> None:
        terms = self.policy(offering)
        costs = self.quotes.costs(offering, units)
        self._claim(record, offering, units, record.span, costs)
        self._quote(record, offering, costs)
        self.step(record, "offer", TIME)
        record.ask = None
        record.due_at = hold_until(terms.offer_seconds, record.span, self.now)
        self.announce(record, offering, TIME, kind="offered")

    # --- places ---

    def find(self, offering: OfferingRecord, wanted: Wanted, span: Span | None) -> Units | None:
        """Places for a span, taken from the shelves; None where it does not fit."""
        kind = self.kind(offering)
        blocked = blocked_span(span, self.policy(offering)) if span and kind.timed else span
        return kind.plan(self.scene.shelves_of(offering.id), wanted, blocked)

    def _quote(self, record: ReservationRecord, offering: OfferingRecord, costs: Costs | None) -> None:
        left, off = self.quotes.to_pay(self.quotes.sum(offering, costs), record.voucher_id)
        _write_price(record, left, off)

    def change(
        self, record: ReservationRecord, offering: OfferingRecord, units: Units, span: Span | None,
        *, old: Sequence[Claim],
    ) -> Change:  # fmt: skip
        """What it means for the money to have ``units`` for a span instead of the places ``old``."""
        same_time = span == record.span or not self.kind(offering).picks_time
        back = self.percent_back(record)
        return self.quotes.change(record, offering, old=old, units=units, same_time=same_time, percent_back=back)

    def percent_back(self, record: ReservationRecord) -> int:
        """How much of each hundred that was paid for a reservation comes back if it is given up now."""
        terms = self.policy(self.offering_of(record))
        return refunds.percent_back(
            terms, starts_at=record.starts_at, now=self.now, most_percent=record.most_back_percent
        )

    def back_now(self, record: ReservationRecord, paid: Money) -> Money:
        """How much of what was ``paid`` for it that is."""
        return refunds.share(paid, self.percent_back(record))

    def _claim(
        self, record: ReservationRecord, offering: OfferingRecord, units: Units, span: Span | None,
        costs: Costs | None,
    ) -> None:  # fmt: skip
        timed = self.kind(offering).timed
        start, end = (blocked_span(span, self.policy(offering)) if timed else span) if span else (None, None)
        first = len(record.claims) + 1
        for n, ((pool_id, unit), cost) in enumerate(zip(units, costs or repeat(None), strict=False), start=first):
            claim = Claim(n, pool_id, unit, start, end, timed, price_minor=cost)
            record.claims.append(claim)
            if shelf := self.scene.shelf(offering.id, pool_id):
                shelf.hand_over(unit, claim.span, (record.id, n))
                if isinstance(shelf, SeatShelf):
                    claim.stand, claim.seat = shelf.plan.stand.name, shelf.plan.names[unit]

    def put_back(self, offering: OfferingRecord, units: Units, span: Span | None) -> None:
        """Places that were found and are not taken after all."""
        timed = self.kind(offering).timed
        blocked = blocked_span(span, self.policy(offering)) if span and timed else span
        for n, (pool_id, unit) in enumerate(units, start=1):
            if shelf := self.scene.shelf(offering.id, pool_id):
                shelf.hand_over(unit, blocked, (0, n))
                shelf.give_back(unit, blocked, (0, n))

    def free(self, record: ReservationRecord, claims: list[Claim] | None = None) -> None:
        """Give the places of a reservation, or some of them, back to their shelves."""
        record.freed = record.places if claims is None else claims
        for claim in record.freed:
            claim.live = False
            if shelf := self.scene.shelf(record.offering_id, claim.pool_id):
                shelf.give_back(claim.unit, claim.span, (record.id, claim.n))

    def keep(self, record: ReservationRecord, claims: list[Claim]) -> None:
        """Undo `free`: the reservation keeps these places."""
        for claim in claims:
            claim.live = True
            if shelf := self.scene.shelf(record.offering_id, claim.pool_id):
                shelf.keep(claim.unit, claim.span, (record.id, claim.n))

    def times_near(
        self, offering: OfferingRecord, window: Span, *, length: timedelta, party: int, near: datetime
    ) -> list[Span]:
        """Times in a window that are free for a party, where one picks the time, the nearest first.

        Raises NeedsAll where the window was not looked at.
        """
        terms, hours = self.policy(offering), self.timetable(offering)
        [shelf] = self.scene.shelves_of(offering.id).values()
        assert isinstance(shelf, TimedShelf)
        busy, units = shelf.busy(blocked_span(window, terms)), shelf.units - party + 1
        return times_near(terms, hours, window, busy=busy, units=units, length=length, near=near)

    def left(self, offering: OfferingRecord, span: Span | None) -> int:
        """How many places are free for a span."""
        blocked = blocked_span(span, self.policy(offering)) if span else None
        return sum(shelf.left(blocked) for shelf in self.scene.shelves_of(offering.id).values())

    def units_in_all(self, offering: OfferingRecord) -> int:
        """How many units an offering sells."""
        stage = self.scene.stage
        return sum(stage.pools[pool_id].units for pool_id in stage.pools_of[offering.id])

    def relocate(
        self, record: ReservationRecord, offering: OfferingRecord, wanted: Wanted, units: Units, span: Span | None,
        *, actor: Actor, change: Change, bound: int = refunds.ALL_BACK,
    ) -> None:  # fmt: skip
        """Change a reservation's places, time and price; the caller has freed the old places and found ``units``.

        Of what is paid for it no larger share comes back later than ``bound``.
        """
        before = _whereabouts(record, record.freed)
        self._claim(record, offering, units, span, change.costs)
        self._settle_up(record, change, actor)
        _write_bound(record, bound)
        record.party = wanted.places
        if span != record.span:
            record.checked_in_at = None  # who came, came at another time
        record.starts_at, record.ends_at = span or (None, None)
        terms = self.policy(offering)
        if record.state == CONFIRMED:
            record.due_at = over_at(terms, span, check_in_missing=record.check_in_missing)
        elif span and record.due_at:
            record.due_at = min(record.due_at, span.start)
        self._moved(record, before, actor, change)

    def keep_only(
        self, record: ReservationRecord, offering: OfferingRecord, kept: list[Claim], *, actor: Actor,
        reason: str | None = None,
    ) -> Change:  # fmt: skip
        """Give back all places of a reservation but these, some of its own; they stay as they are."""
        old, numbers = record.places, {claim.n for claim in kept}
        before = _whereabouts(record, old)
        units = [(claim.pool_id, claim.unit) for claim in kept]
        change = self.change(record, offering, units, record.span, old=old)
        self.free(record, [claim for claim in old if claim.n not in numbers])
        self._settle_up(record, change, actor)
        record.party = len(kept)
        self._moved(record, before, actor, change, reason=reason)
        return change

    def _settle_up(self, record: ReservationRecord, change: Change, actor: Actor) -> None:
        """Move the money of a change, and write what the reservation costs from now on."""
        self.purse.exchange(record, change, actor)
        _write_price(record, change.price, change.discount)
        if record.state == CONFIRMED and change.forfeited_minor:
            record.forfeited_minor = (record.forfeited_minor or 0) + change.forfeited_minor

    def _moved(
        self, record: ReservationRecord, before: Facts, actor: Actor, change: Change, *, reason: str | None = None
    ) -> None:
        self._note(record, "move", record.state, actor, reason, changed=(before, _whereabouts(record, record.places)))
        self.tell(record, "moved", **(change.in_words() if record.state == CONFIRMED else {}))

    # --- steps ---

    def hold(
        self, offering: OfferingRecord, person: PersonRecord, wanted: Wanted, units: Units, span: Span | None,
        *, actor: Actor, voucher: Voucher | None = None, bound: int = refunds.ALL_BACK,
    ) -> ReservationRecord:  # fmt: skip
        """A new hold on ``units``, confirmed at once where the policy says so. The caller knows that it can be paid.

        Of what is paid for it no larger share comes back later than ``bound``.
        """
        due_at = hold_until(self.policy(offering).hold_seconds, span, self.now)
        record = self._new(offering, person, HELD, wanted, span, due_at=due_at, voucher=voucher)
        costs = self.quotes.costs(offering, units)
        self._claim(record, offering, units, span, costs)
        self._quote(record, offering, costs)
        _write_bound(record, bound)
        self.purse.follow(record, None, actor)
        self._note(record, "reserve", None, actor, None)
        self.announce(record, offering, actor, kind="held")
        return record

    def enqueue(
        self, offering: OfferingRecord, person: PersonRecord, wanted: Wanted, span: Span | None,
        *, actor: Actor, voucher: Voucher | None = None,
    ) -> ReservationRecord:  # fmt: skip
        """A new place in the queue, until the start."""
        due_at = span.start if span else FAR_FUTURE
        record = self._new(offering, person, QUEUED, wanted, span, due_at=due_at, voucher=voucher)
        record.ask = json.dumps(wanted.as_json())
        self.scene.queue.setdefault(offering.id, []).append(record)
        waiting = self.scene.stage.with_queue
        waiting[offering.id] = waiting.get(offering.id, 0) + 1
        self._note(record, "queue", None, actor, None)
        self.tell(record, "queued")
        return record

    def _new(
        self, offering: OfferingRecord, person: PersonRecord, state: str, wanted: Wanted, span: Span | None,
        *, due_at: datetime, voucher: Voucher | None,
    ) -> ReservationRecord:  # fmt: skip
        terms = self.policy(offering)
        starts_at, ends_at = span or (None, None)
        record = ReservationRecord(
            next(self._ids), offering.id, person.id, state, wanted.places, starts_at, ends_at, due_at, terms.once,
            terms.check_in, None, None, None, self.now, voucher_id=voucher.id if voucher else None,
        )  # fmt: skip
        self._count_use(record, 1)
        self.scene.created.append(record)
        self.scene.records[record.id] = record
        self.scene.newest_of[offering.id, person.id] = record
        self.scene.live_of[person.id].append(record)
        return record

    def announce(self, record: ReservationRecord, offering: OfferingRecord, actor: Actor, *, kind: str) -> None:
        """Tell of a new hold or offer, with its code; under policy ``none`` confirm it and tell of that.

        Who waited and is confirmed so hears that the booking is active now: they did not ask for it just then.
        """
        confirm = self.policy(offering).confirm
        if confirm == "none":
            self.step(record, "confirm", actor)
            self.tell(record, "active" if kind == "offered" else "confirmed")
        elif confirm == "code":
            self.tell(record, kind, serial=self.new_code(record).serial)
        else:
            self.tell(record, kind)

    def cancel(
        self,
        record: ReservationRecord,
        actor: Actor,
        *,
        reason: str | None,
        said: str | None,
        refund: Money | None = None,
        whole: bool | None = None,
    ) -> None:
        """Cancel for a ``reason``, and tell what is ``said`` of it. Of what was paid ``refund`` comes back, or all."""
        paid = self.purse.paid(record)
        self.step(record, "cancel", actor, reason=reason, refund=refund)
        back = self.purse.refund(record)
        money = {"paid": str(paid), "refund": str(back) if back and back.minor else None} if paid else {}
        self.tell(record, "cancelled", reason=said, whole=whole, **money)

    def step(
        self, record: ReservationRecord, action: str, actor: Actor, *, reason: str | None = None,
        refund: Money | None = None,
    ) -> None:  # fmt: skip
        """Follow an arrow of the state table, free what it frees, and write the row of history."""
        before = record.state
        after = follow(before, action)
        if after is None:
            raise AssertionError(f"no arrow {action!r} from {before!r}")
        record.state = after
        if before == QUEUED:
            self.scene.stage.with_queue[record.offering_id] -= 1
        if after == CONFIRMED:
            record.confirmed_at = self.now
            terms = self.policy(self.offering_of(record))
            record.due_at = over_at(terms, record.span, check_in_missing=record.check_in_missing)
        elif after not in LIVE:
            if before == HELD and after == EXPIRED and record.due_at is not None:
                self._lapsed(record, record.due_at)
            record.due_at = None
            self._forget(record)
        if before in TAKEN and after not in TAKEN:
            self.free(record)
        if after in (CANCELLED, EXPIRED):
            self._count_use(record, -1)
        self.purse.follow(record, before, actor, refund=refund)
        self._note(record, action, before, actor, reason)

    def note(self, record: ReservationRecord, action: str, actor: Actor) -> None:
        """Write a row of history for what changes no state."""
        self._note(record, action, record.state, actor, None)

    def _count_use(self, record: ReservationRecord, change: int) -> None:
        """A use of a voucher more, or one that is given back."""
        if record.voucher_id is not None:
            self.scene.uses[record.voucher_id] += change
            self.scene.uses_of[record.voucher_id, record.person_id or 0] += change

    def _lapsed(self, record: ReservationRecord, at: datetime) -> None:
        """A hold ran out: then, whenever that is noticed."""
        record.lapsed_at = at
        self.scene.lapses.setdefault((record.person_id or 0, record.offering_id), []).append(at)

    def open_holds(self, person_id: int) -> list[ReservationRecord]:
        """What somebody holds now, wherever it is."""
        live = self.scene.live_of.get(person_id, ())
        return [one for one in live if one.state == HELD and one.due_at and self.now < one.due_at]

    def _forget(self, record: ReservationRecord) -> None:
        live = self.scene.live_of.get(record.person_id or 0, [])
        if record in live:
            live.remove(record)

    def _note(
        self, record: ReservationRecord, action: str, before: str | None, actor: Actor, reason: str | None,
        *, changed: tuple[Facts, Facts] | None = None,
    ) -> None:  # fmt: skip
        record.steps += 1
        if record.was is not None:
            self.scene.changed[record.id] = record
        was, became = map(json.dumps, only_changed(*changed)) if changed else (None, None)
        self.scene.moves.append(
            MoveRecord(
                record.id, record.steps, action, before, record.state, self.now, actor.person_id, reason,
                actor.request_id or None, was, became,
            )
        )  # fmt: skip

    # --- what people are told ---

    def new_code(self, record: ReservationRecord) -> CodeRecord:
        """The next code for a hold; the one before it is void, its wrong guesses stay counted."""
        code = self.scene.codes.get(record.id)
        if code is None:
            code = CodeRecord(CONFIRM, record.id, "", 0, 0, record.due_at or self.now, is_new=True)
            self.scene.codes[record.id] = code
        code.serial += 1
        code.nonce = self.app.chance.nonce()
        code.expires_at = record.due_at or self.now
        self.scene.changed_codes[record.id] = code
        return code

    def tell(self, record: ReservationRecord, kind: str, **facts: str | int | None) -> None:
        """Write a letter to the reservation's person, of the step just taken; what is None goes without saying."""
        if record.person_id is None:
            return
        step = self.scene.moves[-1]
        said = {name: value for name, value in facts.items() if value is not None}
        self.scene.letters.append(
            Letter(
                kind, self.scene.people[record.person_id].email, self.app.new_message_id(), record.person_id,
                record.id, record.offering_id, _facts(**said), step.request_id,
            )
        )  # fmt: skip

    def view(self, record: ReservationRecord, change: Change | None = None) -> Reservation:
        """The reservation as everybody may see it who may see it, and what a ``change`` just did to what was paid."""
        done = change if change and record.state == CONFIRMED else None
        person = self.scene.people[record.person_id or 0]
        user = PersonRef(person.id, person.email, person.name)
        voucher = self.scene.vouchers.get(record.voucher_id or 0)
        return reservation_view(
            record, self.offering_of(record), user, self.state(record), self._position(record),
            done.given_back if done else self.purse.refund(record), voucher.code if voucher else None,
            charged=done.newly_paid if done else None,
        )  # fmt: skip

    def _position(self, record: ReservationRecord) -> int | None:
        """The place in the line a record has just entered: behind everybody who waits for the same time."""
        return self.waiting(self.offering_of(record), record.span) if record.state == QUEUED else None

    def waiting(self, offering: OfferingRecord, span: Span | None) -> int:
        """How many wait for the same time."""
        if span is None or not self.kind(offering).timed:
            return self.scene.stage.with_queue.get(offering.id, 0)
        line = self.scene.queue.get(offering.id, ())
        return sum(1 for one in line if one.state == QUEUED and one.span and one.span.overlaps(span))


def _write_price(record: ReservationRecord, price: Money | None, off: Money | None) -> None:
    record.price_minor, record.currency = (price.minor, price.currency) if price else (None, None)
    record.discount_minor = off.minor if off else None


def _write_bound(record: ReservationRecord, percent: int) -> None:
    """Write how much comes back later at most, where that is not all."""
    if percent < refunds.ALL_BACK:
        record.most_back_percent = percent


def _whereabouts(record: ReservationRecord, places: list[Claim]) -> Facts:
    """What a move may change of a reservation: its places, its time, its price and what is forfeited."""
    price, forfeited = (
        None if minor is None else Money(minor, record.currency or "")
        for minor in (record.price_minor, record.forfeited_minor)
    )
    found = {
        "places": [one.seat or one.unit for one in places],
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
        "party": record.party,
        "price": price,
        "forfeited": forfeited,
    }
    return dict(plain(found))


def blocked_span(span: Span, terms: Policy) -> Span:
    """The time a booking keeps others away: its own, and what the house needs before and after it."""
    return span.widened(before_seconds=terms.before_seconds, after_seconds=terms.after_seconds)


def blocked_in(app: App) -> Blocked:
    """The same by offering, for whoever does not know the terms."""
    return lambda offering, span: blocked_span(span, app.policy(offering.kind, offering.policy))


@lru_cache(maxsize=1024, typed=True)
def _facts(**said: str | int) -> str:
    """What a letter says that no row will say later (JSON). In a rush all of them say the same."""
    return json.dumps(said)


@lru_cache(maxsize=1024)
def timetable_of(zone: str, rules: tuple[str, ...]) -> Timetable:
    """The opening hours behind rules as they are kept (JSON)."""
    return Timetable.of(zone, (from_json(json.loads(rule)) for rule in rules))
