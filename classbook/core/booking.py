"""The booking desk: a batch of asks in, an outcome for each out, one transaction.

Time is an actor: whatever is overdue on the offerings at hand is settled first, so that bookings are right with no
daemon running. Then each ask is decided in order, seeing the ones before it, and everything is written at once. A
refusal is an outcome; it never harms its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from classbook.app import App
from classbook.core import upkeep
from classbook.core.asks import Ask, ById, GiveBack, Move, Reserve
from classbook.core.batch import Batch, blocked_in, blocked_span
from classbook.core.decisions import answer, meant, moved_wanted
from classbook.core.trials import LOOK_AHEAD
from classbook.errors import AlreadyReserved, ClassbookError, InsufficientFunds, Internal, SeatTaken, SpanTaken
from classbook.rules.kinds import KINDS
from classbook.rules.permits import bookable, is_below_notice
from classbook.rules.shelves import NeedsAll
from classbook.rules.spans import Span
from classbook.rules.vouchers import known_as
from classbook.rules.wanted import Wanted
from classbook.store import loading, locking, saving
from classbook.store.database import ConstraintRefused, Tx
from classbook.store.records import OfferingRecord
from classbook.store.scene import Needs, Scene, Windows
from classbook.store.shelves import from_now_on
from classbook.values import Outcome, Reservation

_SECOND_GUARD = {
    "reservations_once": AlreadyReserved,
    "claims_fixed": SeatTaken,
    "claims_overlap": SpanTaken,
    "wallets_balance_covered": InsufficientFunds,
    "wallets_held_covered": InsufficientFunds,
}


def book(app: App, asks: Sequence[Ask], *, dry_run: bool = False) -> list[Outcome]:
    """Answer a batch of asks, in order.

    With ``dry_run`` everything is decided and nothing written, and no code is evaluated. Raises Busy or Unavailable
    when the database cannot take the batch at all; every other refusal is an outcome.
    """
    pack: frozenset[int] = frozenset()
    while True:
        try:
            outcomes, again = app.store.write(partial(_book, app, asks=asks, dry_run=dry_run, pack=pack))
            upkeep.look_again(app, again)
            return outcomes
        except NeedsAll as error:
            # Rare, and more to read: claims of a pool must be packed anew, so the whole pool is looked at.
            pack |= {error.pool_id}
        except ConstraintRefused as refused:
            return _one_by_one(app, asks, dry_run, refused)


def one(app: App, ask: Ask, *, dry_run: bool = False) -> Reservation | dict[str, object]:
    """Answer a single ask; raises its refusal."""
    [outcome] = book(app, [ask], dry_run=dry_run)
    if isinstance(outcome, ClassbookError):
        raise outcome
    return outcome


def within(app: App, tx: Tx, asks: Sequence[Ask]) -> tuple[list[Outcome], set[int]]:
    """The outcomes within a transaction that goes on, and where to look again after its commit."""
    pack: frozenset[int] = frozenset()
    while True:
        try:
            look_at = partial(windows_of, app, asks, pack)
            batch = settled(app, tx, needs_of(tx, asks), look_at, dry_run=False)
            outcomes = [answer(batch, ask) for ask in asks]
        except NeedsAll as error:
            pack |= {error.pool_id}
        else:
            saving.save(tx, batch.scene)
            return outcomes, batch.scene.again


def _book(
    app: App, tx: Tx, *, asks: Sequence[Ask], dry_run: bool, pack: frozenset[int]
) -> tuple[list[Outcome], set[int]]:
    """The outcomes, and where to look again after the commit."""
    batch = settled(app, tx, needs_of(tx, asks), partial(windows_of, app, asks, pack), dry_run=dry_run)
    outcomes = [answer(batch, ask) for ask in asks]
    if dry_run or batch.scene.is_unchanged:
        tx.abandon()
        return outcomes, set()
    saving.save(tx, batch.scene)
    return outcomes, batch.scene.again


def settled(app: App, tx: Tx, needs: Needs, look_at: Callable[[Scene], Windows], *, dry_run: bool) -> Batch:
    """The house as asks with these needs find it, once time has done its part."""
    stage = locking.lock(tx, needs)
    daily = [id for id, offering in stage.offerings.items() if app.policy(offering.kind, offering.policy).per_day]
    scene = loading.load(tx, needs, stage, look_at, blocked=blocked_in(app), daily=daily)
    batch = Batch(app, scene, dry_run=dry_run)
    batch.settle()
    return batch


def needs_of(tx: Tx, asks: Sequence[Ask]) -> Needs:
    """Which offerings, people and reservations a batch touches. What an id belongs to never changes."""
    needs, moving = Needs(), set[int]()
    for ask in asks:
        needs.other_people_ids |= _possible(ask.actor.person_id or 0)
        if ask.key:
            needs.keys.add((ask.actor.person_id or 0, ask.key.key))
        if isinstance(ask, Reserve):
            needs.reserves += 1
            needs.offering_ids |= _possible(ask.offering_id)
            if ask.voucher is not None and (code := known_as(ask.voucher)):
                needs.vouchers.add(code)
            needs.wanted[ask.offering_id] = needs.wanted.get(ask.offering_id, 0) + max(ask.places, 0)
            if person_id := ask.person_id or ask.actor.person_id:
                needs.booker_ids |= _possible(person_id)
            continue
        if isinstance(ask.which, ById):
            needs.reservation_ids |= _possible(ask.which.reservation_id)
        else:
            needs.offering_ids |= _possible(ask.which.offering_id)
            person_id = ask.which.person_id or ask.actor.person_id or 0
            whose = needs.booker_ids if isinstance(ask, Move | GiveBack) else needs.other_people_ids
            whose |= _possible(person_id)
            needs.pairs |= {pair for pair in [(ask.which.offering_id, person_id)] if all(map(_possible, pair))}
        if isinstance(ask, Move | GiveBack):
            moving |= _possible(ask.which.reservation_id) if isinstance(ask.which, ById) else set()
        if isinstance(ask, Move):
            # Which offering that is of is not known yet: room for it is looked at in each.
            needs.moved_places += max(ask.party or 0, ask.best or 0, len(ask.seats or ()))
    found = locking.find(tx, needs.reservation_ids) if needs.reservation_ids else []
    # What appears between this look and the locks is of an offering that will not be locked: it is not there yet.
    needs.reservation_ids = {reservation_id for reservation_id, _, _ in found}
    for reservation_id, offering_id, owner_id in found:
        needs.offering_ids.add(offering_id)
        if owner_id:
            (needs.booker_ids if reservation_id in moving else needs.other_people_ids).add(owner_id)
    return needs


def windows_of(app: App, asks: Sequence[Ask], pack: frozenset[int], scene: Scene) -> Windows:
    """The spans the asks are for, where claims have spans of their own."""
    stage = scene.stage
    windows: Windows = {
        offering_id: [from_now_on(stage.offerings[offering_id], scene.now, blocked_in(app))]
        for offering_id, pool_ids in stage.pools_of.items()
        if pack & set(pool_ids)
    }
    # Nearly always there is nothing of the kind, and this is on everybody's way.
    if not any(pool.timed for pool in stage.pools.values()):
        return windows
    for ask in asks:
        found = _asked_place(scene, ask)
        if found is None:
            continue
        offering, wanted = found
        terms = app.policy(offering.kind, offering.policy)
        with suppress(ClassbookError):  # what cannot be is refused when it is decided
            if span := KINDS[offering.kind].when(offering, terms, wanted):
                looked_at = windows.setdefault(offering.id, [])
                looked_at.append(blocked_span(span, terms))
                if KINDS[offering.kind].picks_time and is_below_notice(terms, span, scene.now):
                    ahead = bookable(Span(scene.now, scene.now + LOOK_AHEAD), terms, scene.now)
                    looked_at += [blocked_span(ahead, terms)] if ahead else []
    return windows


def _asked_place(scene: Scene, ask: Ask) -> tuple[OfferingRecord, Wanted] | None:
    """Where an ask wants a place with a span of its own."""
    if isinstance(ask, Reserve):
        offering, wanted = scene.offerings.get(ask.offering_id), ask.wanted
    elif isinstance(ask, Move) and (record := meant(scene, ask.actor, ask.which)):
        offering = scene.offerings[record.offering_id]
        wanted = moved_wanted(ask, record, KINDS[offering.kind])
    elif isinstance(ask, GiveBack) and (record := meant(scene, ask.actor, ask.which)):
        offering, wanted = scene.offerings[record.offering_id], Wanted()
    else:
        return None
    return (offering, wanted) if offering and KINDS[offering.kind].timed else None


def _possible(id: int) -> set[int]:
    """The id, unless no database could hold it."""
    return {id} if 0 < id < 2**63 else set()


def _one_by_one(app: App, asks: Sequence[Ask], dry_run: bool, refused: ConstraintRefused) -> list[Outcome]:
    """The database refused what we had decided: a bug of ours. Find the guilty ask and spare its neighbours."""
    if len(asks) > 1:
        return [outcome for ask in asks for outcome in book(app, [ask], dry_run=dry_run)]
    kind = _SECOND_GUARD.get(refused.constraint)
    return [kind() if kind else Internal(f"The database refused the booking ({refused.constraint}).")]
