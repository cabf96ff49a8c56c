"""What the desk answers to one ask, seeing the asks before it. Refusals come in the order of `rules.policy`."""

from __future__ import annotations

from classbook.core.actors import Who, who_is
from classbook.core.asks import Ask, ById, Cancel, Confirm, Resend, Reserve, Which
from classbook.core.batch import Batch
from classbook.core.keys import answer_to, repeat
from classbook.core.money import price
from classbook.errors import (
    ClassbookError,
    Invalid,
    NotAllowedNow,
    NotFound,
    NotYours,
    SoldOut,
    TooManyGuesses,
    TooManyRequests,
    WrongCode,
)
from classbook.rules import codes, policy
from classbook.rules.kinds import KINDS
from classbook.rules.names import clean_text
from classbook.rules.states import CANCELLED, CONFIRMED
from classbook.store.records import OfferingRecord, PersonRecord, ReservationRecord
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
        case Resend():
            return _resend(batch, ask)


def _reserve(batch: Batch, ask: Reserve) -> Reservation:
    who = _who(batch, ask.actor)
    person_id = ask.person_id or who.id
    if person_id is None:
        raise Invalid("Whose reservation is it to be?", hint="Name the person.")
    offering = _offering(batch, ask.offering_id)
    person = batch.scene.people.get(person_id)
    if person is None or person.removed:
        raise NotFound(f"There is no person {person_id}.")
    terms = batch.policy(offering)
    if ask.party < 1:
        raise Invalid(f"A party is at least one place, not {ask.party}.")
    _check_speaks_for(who, person_id)
    if not who.verified:
        raise NotAllowedNow("Your address is not verified yet.", hint="Enter the code that was mailed to you first.")
    here = [record for record in batch.scene.live_of[person_id] if record.offering_id == offering.id]
    _raise(policy.why_not_book(offering, terms, now=batch.now))
    _raise(policy.why_not_again(offering, terms, party=ask.party, live=here, name=person.name))
    claims = KINDS[offering.kind].plan(ask.party, batch.scene.pools[offering.id])
    if claims is None:
        raise SoldOut(_what_is_left(batch, offering))
    if unpaid := batch.purse.why_not_pay(person_id, price(offering, ask.party)):
        batch.give_back(offering, claims)
        raise unpaid
    return _take(batch, ask, offering, person, claims)


def _take(
    batch: Batch, ask: Reserve, offering: OfferingRecord, person: PersonRecord, claims: list[tuple[int, int]]
) -> Reservation:
    terms = batch.policy(offering)
    due_at = policy.hold_until(offering, terms, batch.now)
    record = batch.open(offering, person, ask.party, claims, actor=ask.actor, due_at=due_at, once=terms.once)
    if terms.confirm == "none":
        batch.step(record, "confirm", ask.actor)
        batch.tell(record, "confirmed")
    elif terms.confirm == "code":
        batch.tell(record, "held", serial=batch.new_code(record).serial)
    else:
        batch.tell(record, "held")
    return batch.view(record)


def _confirm(batch: Batch, ask: Confirm) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which)
    state = batch.state(record)
    if state == CONFIRMED:
        return batch.view(record)
    _raise(policy.why_not_confirm(offering, state))
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
    _raise(policy.why_not_cancel(offering, batch.policy(offering), state, now=batch.now, is_admin=who.is_admin))
    batch.step(record, "cancel", ask.actor, reason=reason)
    batch.tell(record, "cancelled", reason=reason)
    return batch.view(record)


def _resend(batch: Batch, ask: Resend) -> Reservation:
    _, record, offering = _own(batch, ask.actor, ask.which)
    _raise(policy.why_not_confirm(offering, batch.state(record)))
    code = batch.scene.codes.get(record.id)
    if code is None:
        raise NotAllowedNow("This hold needs no code.", hint="Confirm it without one.")
    if code.guesses >= policy.MOST_GUESSES:
        raise TooManyGuesses(hint="Cancel the hold and reserve again.")
    if code.serial >= policy.MOST_CODES:
        raise TooManyRequests(
            f"{policy.MOST_CODES} codes were mailed for this hold.", hint="Cancel the hold and reserve again."
        )
    batch.tell(record, "held", serial=batch.new_code(record).serial)
    return batch.view(record)


def _who(batch: Batch, actor: Actor) -> Who:
    return who_is(actor, batch.scene.people.get(actor.person_id or 0))


def _offering(batch: Batch, offering_id: int) -> OfferingRecord:
    offering = batch.scene.offerings.get(offering_id)
    if offering is None:
        raise NotFound(f"There is no offering {offering_id}.", hint="`classbook class list` shows what there is.")
    return offering


def _own(batch: Batch, actor: Actor, which: Which) -> tuple[Who, ReservationRecord, OfferingRecord]:
    """The reservation that is meant, if the actor may touch it. Other people's do not exist for them."""
    who = _who(batch, actor)
    if isinstance(which, ById):
        record = batch.scene.records.get(which.reservation_id)
        if record is None or not who.may_see(record.person_id):
            raise NotFound("There is no such reservation.")
    else:
        offering = _offering(batch, which.offering_id)
        person_id = which.person_id or who.id
        if person_id is None:
            raise Invalid("Whose reservation is meant?", hint="Name the person.")
        if person_id not in batch.scene.people:
            raise NotFound(f"There is no person {person_id}.")
        _check_speaks_for(who, person_id)
        record = batch.scene.newest_of.get((which.offering_id, person_id))
        if record is None:
            raise NotFound(f"There is no reservation for {offering.title}.", hint="Reserve first.")
    return who, record, batch.scene.offerings[record.offering_id]


def _check_speaks_for(who: Who, person_id: int) -> None:
    if not who.is_admin and who.id != person_id:
        raise NotYours("Only an administrator may act for somebody else.")


def _what_is_left(batch: Batch, offering: OfferingRecord) -> str:
    left = sum(free.left for free in batch.scene.pools[offering.id].values())
    if not left:
        return f"{offering.title} is sold out."
    return f"{offering.title} has only {left} {'place' if left == 1 else 'places'} left."


def _raise(refusal: ClassbookError | None) -> None:
    if refusal is not None:
        raise refusal
