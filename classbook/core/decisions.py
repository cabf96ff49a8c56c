"""What the desk answers to one ask, seeing the asks before it. Refusals come in the order of `rules.policy`."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from classbook.core.actors import Who, who_is
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm, Move, Resend, Reserve, Which
from classbook.core.batch import Batch, Units
from classbook.core.keys import answer_to, repeat
from classbook.errors import (
    ClassbookError,
    Invalid,
    LimitReached,
    NotAllowedNow,
    NotFound,
    NotYours,
    OfferingCancelled,
    TooManyGuesses,
    TooManyRequests,
    WrongCode,
)
from classbook.rules import codes, permits, policy, refunds
from classbook.rules.kinds import Kind, why_not_then
from classbook.rules.names import clean_text
from classbook.rules.spans import Span
from classbook.rules.states import CANCELLED, CONFIRMED, LIVE
from classbook.rules.wanted import Wanted
from classbook.rules.when import format_local
from classbook.store.records import OfferingRecord, ReservationRecord
from classbook.store.reservations import Scene
from classbook.values import Actor, Outcome, Reservation


def answer(batch: Batch, ask: Ask) -> Outcome:
    """Decide one ask; a repeated request key gets the stored answer instead."""
    try:
        if ask.key is None:
            return _decide(batch, ask)
        scope = (ask.actor.person_id or 0, ask.key.key)
        stored = batch.scene.answers.get(scope)
        if stored is None:
            outcome = _decide(batch, ask)
            stored = answer_to(scope[0], ask.key, outcome)
            batch.scene.answers[scope] = batch.scene.new_answers[scope] = stored
            return outcome
        return repeat(stored, ask.key)
    except ClassbookError as refusal:
        return refusal


def _decide(batch: Batch, ask: Ask) -> Reservation:
    match ask:
        case Reserve():
            return _reserve(batch, ask)
        case Confirm():
            return _confirm(batch, ask)
        case Cancel():
            return _cancel(batch, ask)
        case Move():
            return _move(batch, ask)
        case CheckIn():
            return _check_in(batch, ask)
        case Resend():
            return _resend(batch, ask)


def _reserve(batch: Batch, ask: Reserve) -> Reservation:
    who = _who(batch, ask.actor)
    person_id = ask.person_id or who.id
    if person_id is None:
        raise Invalid("Whose reservation is it to be?", hint="Name the person.")
    offering = _offering(batch, ask.offering_id, ask.kind)
    person = batch.scene.people.get(person_id)
    if person is None or person.removed:
        raise NotFound(f"There is no person {person_id}.")
    wanted = ask.wanted
    if wanted.places < 1:
        raise Invalid(f"A party is at least one place, not {wanted.places}.")
    _check_speaks_for(who, person_id)
    if not who.verified:
        raise NotAllowedNow("Your address is not verified yet.", hint="Enter the code that was mailed to you first.")
    span = _span(batch, offering, wanted)
    here = _live_here(batch, offering, person_id)
    replaced = _check_limits(batch, offering, wanted, span, here, person.name)
    units = _find(batch, offering, wanted, span, person_id, instead_of=replaced)
    if units is not None:
        _replace(batch, replaced, ask.actor)
        record = batch.hold(offering, person, wanted, units, span, actor=ask.actor)
        if replaced:
            batch.promote(offering)
        return batch.view(record)
    if not _may_wait(batch, ask, offering, span) or replaced:
        raise _taken(batch, offering, wanted, span)
    return batch.view(batch.enqueue(offering, person, wanted, span, actor=ask.actor))


def _may_wait(batch: Batch, ask: Reserve, offering: OfferingRecord, span: Span | None) -> bool:
    """Whether who finds nothing is put in line: not for more than there is in all, nor for what begins now."""
    wishes = batch.policy(offering).queues if ask.queue is None else ask.queue
    in_time = span is None or batch.now < span.start
    return wishes and in_time and ask.wanted.places <= batch.units_in_all(offering)


def _span(batch: Batch, offering: OfferingRecord, wanted: Wanted) -> Span | None:
    """The time an ask is for. Raises what speaks against that time."""
    kind, terms = batch.kind(offering), batch.policy(offering)
    if offering.cancelled_at is not None:
        raise OfferingCancelled(f"{offering.title} was cancelled.")
    span = kind.when(offering, terms, wanted)
    _raise(permits.why_not_book(offering, terms, span=span, now=batch.now))
    if kind.picks_time and span is not None:
        _raise(why_not_then(terms, batch.timetable(offering), span))
    return span


def _live_here(batch: Batch, offering: OfferingRecord, person_id: int) -> list[ReservationRecord]:
    """Somebody's live reservations of an offering, oldest first; what time has ended is none, noted down or not."""
    live = sorted(batch.scene.live_of.get(person_id, ()), key=lambda record: record.id)
    return [record for record in live if record.offering_id == offering.id and batch.state(record) in LIVE]


def _check_limits(
    batch: Batch,
    offering: OfferingRecord,
    wanted: Wanted,
    span: Span | None,
    here: list[ReservationRecord],
    name: str,
) -> list[ReservationRecord]:
    """Raise what limits per person say; the reservations that the new one is to replace."""
    terms = batch.policy(offering)
    _raise(permits.why_not_again(offering, terms, party=wanted.places, live=here, name=name))
    if terms.per_day is None or span is None:
        return []
    that_day = [record for record in here if permits.same_day(offering, record.starts_at, span.start)]
    if len(that_day) < terms.per_day:
        return []
    if terms.on_second == "replace":
        return that_day[: len(that_day) - terms.per_day + 1]
    raise LimitReached(
        f"{name} has {'an appointment' if terms.per_day == 1 else f'{terms.per_day} bookings'} with {offering.title} "
        "on that day already.",
        hint="Cancel or move it, or choose another day.",
    )


def _replace(batch: Batch, replaced: Sequence[ReservationRecord], actor: Actor) -> None:
    """Cancel what a later booking of the same day takes the place of."""
    for record in replaced:
        why, said = "Replaced by a later one on the same day.", "You booked another time on the same day."
        batch.cancel(record, actor, reason=why, said=said)


def _find(
    batch: Batch,
    offering: OfferingRecord,
    wanted: Wanted,
    span: Span | None,
    person_id: int,
    *,
    instead_of: Sequence[ReservationRecord] = (),
) -> Units | None:
    """Places for a span, with those of ``instead_of`` free; where nothing fits, they keep them.

    Raises InsufficientFunds where the places are there and the person cannot pay for them.
    """
    given_up = [(record, record.places) for record in instead_of]
    for record, _ in given_up:
        batch.free(record)
    units: Units | None = None
    try:
        units = batch.find(offering, wanted, span)
        if units and (
            unpaid := batch.purse.why_not_pay(person_id, batch.price(offering, units), instead_of=instead_of)
        ):
            batch.put_back(offering, units, span)
            units = None
            raise unpaid
    finally:
        if units is None:
            for record, claims in given_up:
                batch.keep(record, claims)
    return units


def _taken(batch: Batch, offering: OfferingRecord, wanted: Wanted, span: Span | None) -> ClassbookError:
    """The refusal that says what is left."""
    if refusal := batch.kind(offering).missing(batch.scene.shelves_of(offering.id), wanted):
        return refusal
    left = batch.left(offering, span)
    when = "" if offering.starts_at or span is None else f" at {format_local(span.start, ZoneInfo(offering.timezone))}"
    if not left:
        detail = f"{offering.title} is {'sold out' if offering.starts_at else 'taken'}{when}."
    else:
        detail = f"{offering.title} has only {left} {'place' if left == 1 else 'places'} left{when}."
    return batch.kind(offering).refusal(detail, hint="With --queue you are told when a place is free.")


def _confirm(batch: Batch, ask: Confirm) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which)
    state = batch.state(record)
    if state == CONFIRMED:
        return batch.view(record)
    _raise(permits.why_not_confirm(offering, state))
    _check_proof(batch, ask, who, record, offering)
    batch.step(record, "confirm", ask.actor)
    batch.tell(record, "confirmed")
    return batch.view(record)


def _check_proof(batch: Batch, ask: Confirm, who: Who, record: ReservationRecord, offering: OfferingRecord) -> None:
    """What is given is checked; what is needed must be given. A code is counted before it is compared."""
    code = batch.scene.codes.get(record.id)
    if ask.link is not None:
        expected = code and codes.link_token(batch.app.key, code)
        if not expected or not codes.same_code(expected, ask.link):
            raise WrongCode("This link is not valid any more.", hint="Use the link of the newest mail.")
        return
    if ask.code is not None:
        if batch.dry_run:
            return
        if code is None:
            raise WrongCode("This reservation has no code.", hint="Confirm it without one.")
        if code.guesses >= policy.MOST_GUESSES:
            raise TooManyGuesses(hint="Cancel the hold and reserve again.")
        code.guesses += 1
        batch.scene.changed_codes[record.id] = code
        if not codes.same_code(codes.one_time_code(batch.app.key, code), ask.code.strip()):
            left = policy.MOST_GUESSES - code.guesses
            raise WrongCode(
                f"That code is not right; {left} more {'try' if left == 1 else 'tries'}.",
                hint="The code is in the newest mail for this reservation.",
            )
        return
    if batch.policy(offering).confirm == "code" and not who.is_admin:
        raise Invalid("The code from the mail is missing.", hint="Give the six digits of the newest mail.")


def _cancel(batch: Batch, ask: Cancel) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which)
    reason = None if ask.reason is None else clean_text(ask.reason, what="reason", most=500)
    state = batch.state(record)
    if state == CANCELLED:
        return batch.view(record)
    terms = batch.policy(offering)
    _raise(
        permits.why_not_cancel(offering, terms, state, starts_at=record.starts_at, now=batch.now, is_admin=who.is_admin)
    )
    paid = batch.purse.paid(record)
    back = paid and refunds.refund(paid, terms, starts_at=record.starts_at, now=batch.now)
    batch.cancel(record, ask.actor, reason=reason, said=reason, refund=back)
    batch.promote(offering)
    return batch.view(record)


def _move(batch: Batch, ask: Move) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which)
    state, terms = batch.state(record), batch.policy(offering)
    _raise(
        permits.why_not_move(offering, terms, state, starts_at=record.starts_at, now=batch.now, is_admin=who.is_admin)
    )
    wanted = moved_wanted(ask, record, batch.kind(offering))
    if wanted.places < 1:
        raise Invalid(f"A party is at least one place, not {wanted.places}.")
    span = _span(batch, offering, wanted)
    others = [one for one in _live_here(batch, offering, record.person_id or 0) if one is not record]
    person = batch.scene.people[record.person_id or 0]
    replaced = _check_limits(batch, offering, wanted, span, [one for one in others if not terms.once], person.name)
    units = _find(batch, offering, wanted, span, person.id, instead_of=[record, *replaced])
    if units is None:
        raise _taken(batch, offering, wanted, span)
    _replace(batch, replaced, ask.actor)
    batch.relocate(record, offering, wanted, units, span, actor=ask.actor)
    batch.tell(record, "moved")
    batch.promote(offering)
    return batch.view(record)


def moved_wanted(ask: Move, record: ReservationRecord, kind: Kind) -> Wanted:
    """What a reservation is to become: what the ask leaves open stays as it is, the length of time included."""
    starts_at, ends_at = ask.starts_at, ask.ends_at
    if kind.picks_time:
        length = record.ends_at - record.starts_at if record.starts_at and record.ends_at else None
        starts_at = starts_at or record.starts_at
        ends_at = ends_at or (starts_at + length if starts_at and length else None)
    party = record.party if ask.party is None else ask.party
    return Wanted(party, starts_at, ends_at, ask.seats or (), ask.best, ask.category, ask.strict)


def _check_in(batch: Batch, ask: CheckIn) -> Reservation:
    _, record, offering = _own(batch, ask.actor, ask.which)
    if record.checked_in_at is not None:
        at = format_local(record.checked_in_at, ZoneInfo(offering.timezone))
        raise NotAllowedNow(f"Checked in already, on {at}.")
    terms = batch.policy(offering)
    _raise(permits.why_not_check_in(offering, terms, batch.state(record), starts_at=record.starts_at, now=batch.now))
    record.checked_in_at = batch.now
    record.due_at = permits.over_at(terms, record.span, check_in_missing=False)
    batch.note(record, "check_in", ask.actor)
    return batch.view(record)


def _resend(batch: Batch, ask: Resend) -> Reservation:
    _, record, offering = _own(batch, ask.actor, ask.which)
    _raise(permits.why_not_confirm(offering, batch.state(record)))
    code = batch.scene.codes.get(record.id)
    if code is None:
        raise NotAllowedNow("This hold needs no code.", hint="Confirm it without one.")
    if code.guesses >= policy.MOST_GUESSES:
        raise TooManyGuesses(hint="Cancel the hold and reserve again.")
    if code.serial >= policy.MOST_CODES:
        raise TooManyRequests(
            f"{policy.MOST_CODES} codes were mailed for this hold.", hint="Cancel the hold and reserve again."
        )
    batch.note(record, "resend", ask.actor)
    batch.tell(record, "held", serial=batch.new_code(record).serial)
    return batch.view(record)


def _who(batch: Batch, actor: Actor) -> Who:
    return who_is(actor, batch.scene.people.get(actor.person_id or 0))


def _offering(batch: Batch, offering_id: int, kind: str | None) -> OfferingRecord:
    offering = batch.scene.offerings.get(offering_id)
    if offering is None or kind not in (None, offering.kind):
        raise NotFound(f"There is no offering {offering_id}.", hint="`classbook class list` shows what there is.")
    return offering


def _own(batch: Batch, actor: Actor, which: Which) -> tuple[Who, ReservationRecord, OfferingRecord]:
    """The reservation that is meant, if the actor may touch it. Other people's do not exist for them."""
    who = _who(batch, actor)
    if isinstance(which, ById):
        record = meant(batch.scene, actor, which)
        # What the house took is nobody's reservation.
        if record is None or record.person_id is None or not who.may_see(record.person_id):
            raise NotFound("There is no such reservation.")
        if which.kind not in (None, batch.scene.offerings[record.offering_id].kind):
            raise NotFound("There is no such reservation.")
    else:
        offering = _offering(batch, which.offering_id, which.kind)
        person_id = which.person_id or who.id
        if person_id is None:
            raise Invalid("Whose reservation is meant?", hint="Name the person.")
        if person_id not in batch.scene.people:
            raise NotFound(f"There is no person {person_id}.")
        _check_speaks_for(who, person_id)
        record = meant(batch.scene, actor, which)
        if record is None:
            raise NotFound(f"There is no reservation for {offering.title}.", hint="Reserve first.")
    return who, record, batch.scene.offerings[record.offering_id]


def meant(scene: Scene, actor: Actor, which: Which) -> ReservationRecord | None:
    """The reservation that is meant, whoever asks for it."""
    if isinstance(which, ById):
        return scene.records.get(which.reservation_id)
    return scene.newest_of.get((which.offering_id, which.person_id or actor.person_id or 0))


def _check_speaks_for(who: Who, person_id: int) -> None:
    if not who.is_admin and who.id != person_id:
        raise NotYours("Only an administrator may act for somebody else.")


def _raise(refusal: ClassbookError | None) -> None:
    if refusal is not None:
        raise refusal
