"""What a batch decided, written: a fixed number of statements in a fixed order, in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from classbook.rules.shelves import TimedShelf
from classbook.store import ledger, tables, webhooks
from classbook.store.claims import freeing, shifting
from classbook.store.database import Row, TryAgain, Tx, to_micros
from classbook.store.records import Claim, Letter, ReservationRecord, micros
from classbook.store.scene import Scene


def save(tx: Tx, scene: Scene) -> None:
    """Write what was decided, in a fixed order; every state by compare-and-swap against the state as loaded."""
    changed = [record for _, record in sorted(scene.changed.items())]
    fresh = [(record, claim) for record in (*changed, *scene.created) for claim in record.claims if claim.is_new]
    shifted = _shifted_units(scene)
    for record, claim in fresh:  # a unit that changed before it was ever written
        claim.unit = shifted.pop((record.id, claim.n), claim.unit)
    given_up = [*_freed(changed), *shifted]
    new_codes = [code for code in scene.changed_codes.values() if code.is_new]
    old_codes = [code for code in scene.changed_codes.values() if not code.is_new]
    writes = [
        tx.updating(
            tables.reservations,
            "state party starts_at ends_at due_at ask price_minor currency confirmed_at checked_in_at steps "
            "discount_minor lapsed_at forfeited_minor most_back_percent",
            "id state:was",
            [_swap_row(record) for record in changed],
        ),
        freeing(tx, given_up),
        shifting(tx, shifted),
        tx.inserting(
            tables.reservations,
            "id offering_id person_id state party starts_at ends_at due_at once check_in ask price_minor currency "
            "created_at confirmed_at checked_in_at steps voucher_id discount_minor forfeited_minor most_back_percent",
            [_reservation_row(record) for record in scene.created],
        ),
        tx.inserting(
            tables.claims,
            "reservation_id n pool_id unit starts_at ends_at live timed price_minor",
            [_claim_row(record, claim) for record, claim in fresh],
        ),
        tx.updating(tables.pools, "longest_micros", "id", _longer_rows(scene, changed)),
        tx.inserting(
            tables.moves,
            "reservation_id n action from_state to_state at actor_id reason request_id before after",
            [
                (
                    move.reservation_id, move.n, move.action, move.from_state, move.to_state, to_micros(move.at),
                    move.actor_id, move.reason, move.request_id, move.before, move.after,
                )
                for move in scene.moves
            ],
        ),
        tx.inserting(
            tables.codes,
            "purpose subject_id nonce serial guesses expires_at",
            [
                (code.purpose, code.subject_id, code.nonce, code.serial, code.guesses, to_micros(code.expires_at))
                for code in new_codes
            ],
        ),
        tx.updating(
            tables.codes,
            "nonce serial guesses expires_at",
            "purpose subject_id",
            [
                (code.nonce, code.serial, code.guesses, to_micros(code.expires_at), code.purpose, code.subject_id)
                for code in old_codes
            ],
        ),
        ledger.adding(tx, scene.till, scene.now),
        posting(tx, scene.letters, scene.now),
        webhooks.telling(tx, scene.stage.hooks, _told(scene, changed), scene.now),
        tx.inserting(
            tables.request_keys,
            "person_id key body_hash answer created_at",
            [
                (answer.person_id, answer.key, answer.body_hash, answer.answer, to_micros(scene.now))
                for _, answer in sorted(scene.new_answers.items())
            ],
        ),
    ]  # fmt: skip
    swapped, freed, *_ = tx.write_all(*writes)
    if swapped != len(changed) or freed != len(given_up):
        raise TryAgain
    if scene.till:
        scene.again = ledger.awaited(tx, scene.again, scene.till)


def _told(scene: Scene, changed: Sequence[ReservationRecord]) -> list[webhooks.Event]:
    """What webhooks are told; nothing is made where there are none."""
    if not scene.stage.hooks:
        return []
    kinds = {id: offering.kind for id, offering in scene.offerings.items()}
    return webhooks.steps(scene.moves, (*changed, *scene.created), kinds)


def _swap_row(record: ReservationRecord) -> Row:
    return (
        record.state, record.party, micros(record.starts_at), micros(record.ends_at), micros(record.due_at),
        record.ask, record.price_minor, record.currency, micros(record.confirmed_at), micros(record.checked_in_at),
        record.steps, record.discount_minor, micros(record.lapsed_at), record.forfeited_minor, record.most_back_percent,
        record.id, record.was,
    )  # fmt: skip


def _freed(records: Iterable[ReservationRecord]) -> Iterator[tuple[int, int]]:
    """The claims that records have no longer."""
    return ((record.id, claim.n) for record in records for claim in record.claims if claim.was_live and not claim.live)


def _claim_row(record: ReservationRecord, claim: Claim) -> Row:
    # Flags as numbers, here and below: those SQLite's driver takes without asking what they are.
    return (
        record.id, claim.n, claim.pool_id, claim.unit, micros(claim.starts_at), micros(claim.ends_at), int(claim.live),
        int(claim.timed), claim.price_minor,
    )  # fmt: skip


def _shifted_units(scene: Scene) -> dict[tuple[int, int], int]:
    """New units of claims that changed theirs when a pool was packed anew, by (reservation, n)."""
    return {
        key: unit
        for shelf in scene.shelves.values()
        if isinstance(shelf, TimedShelf)
        for key, unit in sorted(shelf.shifted.items())
    }


def _longer_rows(scene: Scene, changed: Sequence[ReservationRecord]) -> list[Row]:
    """Pools that have a longer claim than ever: reads of overlaps look back that far."""
    longest: dict[int, int] = {}
    for record in (*changed, *scene.created):
        for claim in record.claims:
            if claim.timed and claim.is_new and claim.starts_at and claim.ends_at:
                length = to_micros(claim.ends_at) - to_micros(claim.starts_at)
                longest[claim.pool_id] = max(length, longest.get(claim.pool_id, 0))
    return [
        (length, pool_id)
        for pool_id, length in sorted(longest.items())
        if length > scene.stage.pools[pool_id].longest_micros
    ]


def posting(tx: Tx, letters: Sequence[Letter], now: datetime) -> tuple[str, list[Row]]:
    """The write that puts letters into the outbox."""
    at = to_micros(now)
    return tx.inserting(
        tables.messages,
        "kind address person_id reservation_id offering_id facts message_id state attempts due_at created_at "
        "request_id attempt",
        [
            (
                letter.kind, letter.address, letter.person_id, letter.reservation_id, letter.offering_id,
                letter.facts, letter.message_id, "waiting", 0, at, at, letter.request_id, letter.attempt,
            )
            for letter in letters
        ],
    )  # fmt: skip


def _reservation_row(record: ReservationRecord) -> Row:
    return (
        record.id, record.offering_id, record.person_id, record.state, record.party, micros(record.starts_at),
        micros(record.ends_at), micros(record.due_at), int(record.once), int(record.check_in), record.ask,
        record.price_minor, record.currency, to_micros(record.created_at), micros(record.confirmed_at),
        micros(record.checked_in_at), record.steps, record.voucher_id, record.discount_minor, record.forfeited_minor,
        record.most_back_percent,
    )  # fmt: skip
