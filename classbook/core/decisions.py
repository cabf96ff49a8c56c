"""What the desk answers to one ask, seeing the asks before it. Refusals come in the order of `rules.policy`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from classbook.core.actors import Who, who_is
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm, GiveBack, Move, Resend, Reserve, Which
from classbook.core.batch import Batch
from classbook.core.keys import answer_to, repeat
from classbook.core.trials import Trial
from classbook.errors import (
    ClassbookError,
    Hint,
    Invalid,
    NotAllowedNow,
    NotFound,
    NotYours,
    TooManyGuesses,
    TooManyRequests,
    WrongCode,
)
from classbook.rules import codes, permits, policy, refunds
from classbook.rules.kinds import Kind
from classbook.rules.names import clean_text
from classbook.rules.states import CANCELLED, CONFIRMED
from classbook.rules.wanted import Wanted
from classbook.rules.when import format_local
from classbook.store.records import Claim, OfferingRecord, ReservationRecord
from classbook.store.scene import Scene
from classbook.values import Actor, Money, Outcome, Reservation


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
        case GiveBack():
            return _give_back(batch, ask)
        case CheckIn():
            return _check_in(batch, ask)
        case Resend():
            return _resend(batch, ask)


def _reserve(batch: Batch, ask: Reserve) -> Reservation:
    trial = trial_of(batch, ask)
    _raise(next(trial.objections(), None))
    if trial.units is None:
        record = batch.enqueue(
            trial.offering, trial.person, trial.wanted, trial.span, actor=ask.actor, voucher=trial.voucher
        )
        return batch.view(record)
    costs, _ = batch.quotes.to_pay(batch.quotes.price(trial.offering, trial.units), trial.voucher_id)
    bound = _replace(batch, trial, costs, ask.actor)
    record = batch.hold(
        trial.offering, trial.person, trial.wanted, trial.units, trial.span, actor=ask.actor, voucher=trial.voucher,
        bound=bound,
    )  # fmt: skip
    if trial.replaced:
        batch.promote(trial.offering)
    return batch.view(record)


def trial_of(batch: Batch, ask: Reserve) -> Trial:
    """Who tries to get what for whom. Raises NotFound, and Invalid where nobody is named."""
    who = _who(batch, ask.actor)
    person_id = ask.person_id or who.id
    if person_id is None:
        raise Invalid("Whose reservation is it to be?", hint="Name the person.")
    offering = _offering(batch, ask.offering_id, ask.kind)
    person = batch.scene.people.get(person_id)
    if person is None or person.removed:
        raise NotFound(f"There is no person {person_id}.")
    return Trial(batch, who, offering, person, ask.wanted, queue=ask.queue, code=ask.voucher)


def _replace(batch: Batch, trial: Trial, costs: Money | None, actor: Actor) -> int:
    """Cancel what a later booking of the same day takes the place of; how much of that comes back later at most.

    It is another time for the same thing, so what was paid goes to what the new one ``costs``, and only of the rest
    comes back what the terms say (`rules.exchanges`).
    """
    left_minor, bound = costs.minor if costs else 0, refunds.ALL_BACK
    for record in trial.replaced:
        why, said = "Replaced by a later one on the same day.", "You booked another time on the same day."
        paid, refund = batch.purse.paid(record), None
        if paid:
            stays_minor = min(paid.minor, left_minor) if costs and costs.currency == paid.currency else 0
            left_minor -= stays_minor
            rest = batch.back_now(record, Money(paid.minor - stays_minor, paid.currency))
            refund = Money(stays_minor + rest.minor, paid.currency)
            bound = min(bound, batch.percent_back(record))
        batch.cancel(record, actor, reason=why, said=said, refund=refund)
    return refunds.ALL_BACK if trial.who.is_admin else bound


def _confirm(batch: Batch, ask: Confirm) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which, "confirm")
    state = batch.state(record)
    if state == CONFIRMED:
        return batch.view(record)
    _raise(permits.why_not_confirm(offering, state))
    if record.price_minor and who.serves(record.person_id, creator_id=offering.creator_id) and not who.is_admin:
        raise NotYours("Only who pays for it can confirm it.")
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
    who, record, offering = _own(batch, ask.actor, ask.which, "cancel")
    reason = None if ask.reason is None else clean_text(ask.reason, what="reason", most=500)
    state = batch.state(record)
    if state == CANCELLED:
        return batch.view(record)
    terms = batch.policy(offering)
    # Who gives it is not bound by when the client may cancel, and gives back all of the money.
    serves = who.serves(record.person_id, creator_id=offering.creator_id) and not who.is_admin
    is_free = who.is_admin or serves
    _raise(permits.why_not_cancel(offering, terms, state, starts_at=record.starts_at, now=batch.now, is_admin=is_free))
    paid = None if serves else batch.purse.paid(record)
    back = paid and batch.back_now(record, paid)
    batch.cancel(record, ask.actor, reason=reason, said=reason, refund=back)
    batch.promote(offering)
    return batch.view(record)


def _move(batch: Batch, ask: Move) -> Reservation:
    who, record, offering = _own(batch, ask.actor, ask.which, "move")
    _raise(_why_not_move(batch, who, record, offering))
    if (kept := _only_kept(ask, record)) is not None:
        return _keep_only(batch, record, offering, kept, ask.actor)
    wanted = moved_wanted(ask, record, batch.kind(offering))
    person = batch.scene.people[record.person_id or 0]
    trial = Trial(batch, who, offering, person, wanted, queue=False, moving=record)
    _raise(next(trial.objections(), None))
    assert trial.units is not None, "what moves does not wait in line"
    change = batch.change(record, offering, trial.units, trial.span, old=record.freed)
    bound = _replace(batch, trial, change.charged, ask.actor)
    if trial.span != record.span and batch.purse.paid(record) and not who.is_admin:
        bound = min(bound, batch.percent_back(record))
    batch.relocate(record, offering, wanted, trial.units, trial.span, actor=ask.actor, change=change, bound=bound)
    batch.promote(offering)
    return batch.view(record, change)


def _give_back(batch: Batch, ask: GiveBack) -> Reservation:
    """One seat less; the last one is cancelled."""
    who, record, offering = _own(batch, ask.actor, ask.which, "move")
    reason = None if ask.reason is None else clean_text(ask.reason, what="reason", most=500)
    kept = [place for place in record.places if place.seat != ask.seat]
    if not kept and record.places:
        return _cancel(batch, Cancel(ask.actor, ask.which, reason=ask.reason))
    _raise(_why_not_move(batch, who, record, offering))
    if len(kept) == len(record.places):
        raise NotFound(f"You have no ticket for {ask.seat}.")
    return _keep_only(batch, record, offering, kept, ask.actor, reason=reason)


def _keep_only(
    batch: Batch, record: ReservationRecord, offering: OfferingRecord, kept: list[Claim], actor: Actor,
    *, reason: str | None = None,
) -> Reservation:  # fmt: skip
    """Nothing is taken, so that what may speak against taking places does not speak against this."""
    change = batch.keep_only(record, offering, kept, actor=actor, reason=reason)
    batch.promote(offering)
    return batch.view(record, change)


def _why_not_move(batch: Batch, who: Who, record: ReservationRecord, offering: OfferingRecord) -> ClassbookError | None:
    terms, state = batch.policy(offering), batch.state(record)
    return permits.why_not_move(
        offering, terms, state, starts_at=record.starts_at, now=batch.now, is_admin=who.is_admin
    )


def _only_kept(ask: Move, record: ReservationRecord) -> list[Claim] | None:
    """What is kept where an ask just gives some places back, at the same time; None where it wants others.

    Where it does not say which, those that were taken first are kept.
    """
    wants_others = ask.best is not None or ask.category is not None
    if wants_others or ask.starts_at not in (None, record.starts_at) or ask.ends_at not in (None, record.ends_at):
        return None
    places, labels = record.places, [label.strip() for label in ask.seats or ()]
    kept = [place for place in places if place.seat in labels] if labels else places[: max(ask.party or 0, 0)]
    is_all = len(kept) == len(labels or kept)
    return kept if is_all and 0 < len(kept) < len(places) else None


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
    _, record, offering = _own(batch, ask.actor, ask.which, "check_in")
    if ask.offering_id not in (None, offering.id):
        raise NotAllowedNow(f"That is for {offering.title}{_begins(record, offering)}.", hint="It is another door.")
    if record.checked_in_at is not None:
        at = format_local(record.checked_in_at, ZoneInfo(offering.timezone))
        raise NotAllowedNow(f"Checked in already, on {at}.")
    terms = batch.policy(offering)
    _raise(permits.why_not_check_in(offering, terms, batch.state(record), starts_at=record.starts_at, now=batch.now))
    record.checked_in_at = batch.now
    record.due_at = permits.over_at(terms, record.span, check_in_missing=False)
    batch.note(record, "check_in", ask.actor)
    return batch.view(record)


def _begins(record: ReservationRecord, offering: OfferingRecord) -> str:
    return f" on {format_local(record.starts_at, ZoneInfo(offering.timezone))}" if record.starts_at else ""


def _resend(batch: Batch, ask: Resend) -> Reservation:
    _, record, offering = _own(batch, ask.actor, ask.which, "resend")
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
        raise NotFound(
            f"There is no offering {offering_id}.",
            hint=Hint("{} shows what there is.", f"list {kind}") if kind else None,
        )
    return offering


def _own(batch: Batch, actor: Actor, which: Which, verb: str) -> tuple[Who, ReservationRecord, OfferingRecord]:
    """The reservation that is meant, if the actor may do that with it. Other people's do not exist for them.

    Who gives what was reserved sees it, and may do with it what the kind allows.
    """
    who = _who(batch, actor)
    if isinstance(which, ById):
        record = meant(batch.scene, actor, which)
        # What the house took is nobody's reservation.
        if record is None or record.person_id is None:
            raise _no_reservation()
        offering = batch.scene.offerings[record.offering_id]
        serves = who.serves(record.person_id, creator_id=offering.creator_id)
        if which.kind not in (None, offering.kind) or not (serves or who.may_see(record.person_id)):
            raise _no_reservation()
        if serves and not who.is_admin and verb not in batch.kind(offering).creator_may:
            raise NotYours("Only whose reservation it is may do that.")
    else:
        offering = _offering(batch, which.offering_id, which.kind)
        person_id = which.person_id or who.id
        if person_id is None:
            raise Invalid("Whose reservation is meant?", hint="Name the person.")
        if person_id not in batch.scene.people:
            raise NotFound(f"There is no person {person_id}.")
        serves = who.serves(person_id, creator_id=offering.creator_id)
        if not (serves and verb in batch.kind(offering).creator_may) and not who.speaks_for(person_id):
            raise NotYours("Only an administrator may act for somebody else.")
        record = meant(batch.scene, actor, which)
        if record is None:
            raise NotFound(f"There is no reservation for {offering.title}.", hint="Reserve first.")
    return who, record, batch.scene.offerings[record.offering_id]


def _no_reservation() -> NotFound:
    return NotFound("There is no such reservation.", hint=Hint("{} shows which there are.", "list reservations"))


def meant(scene: Scene, actor: Actor, which: Which) -> ReservationRecord | None:
    """The reservation that is meant, whoever asks for it."""
    if isinstance(which, ById):
        return scene.records.get(which.reservation_id)
    return scene.newest_of.get((which.offering_id, which.person_id or actor.person_id or 0))


def _raise(refusal: ClassbookError | None) -> None:
    if refusal is not None:
        raise refusal
