"""The booking path: what a batch of asks needs is locked and loaded, and what it decided is written.

A fixed number of statements whatever the size of the batch, in three round trips: locks and clock, loads, writes.
Locks are taken in one order everywhere (offerings, pools, people, reservations; by id), each in a statement of its
own, so that what is read after a lock is never older than the lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from classbook.rules.states import TAKEN
from classbook.rules.units import FreeUnits
from classbook.store import ledger, tables
from classbook.store.database import Row, TryAgain, Tx, to_micros
from classbook.store.records import (
    CODE_COLUMNS,
    OFFERING_COLUMNS,
    PERSON_COLUMNS,
    RESERVATION_COLUMNS,
    Claim,
    CodeRecord,
    Letter,
    MoveRecord,
    OfferingRecord,
    PersonRecord,
    ReservationRecord,
    StoredAnswer,
    micros,
)

_LOCK_OFFERINGS = f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
_LOCK_POOLS = (
    "SELECT id, units FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id AMONG ?) "
    "ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
_READ_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ?"
_OFFERING_POOLS = "SELECT offering_id, pool_id FROM offering_pools WHERE offering_id AMONG ? ORDER BY offering_id, n"
_LOCK_ASKED = f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
# `offering_id + 0` keeps the planner off the index by offering: a person has few reservations, an offering thousands.
_LOCK_OF_PEOPLE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE person_id AMONG ? AND offering_id + 0 AMONG ? "
    "ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_OVERDUE_HOLDS = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND state = 'held' AND due_at <= ? "
    "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_LOCK_DUE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND due_at <= ? "
    "ORDER BY due_at, id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
_LOCK_LIVE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND due_at IS NOT NULL "
    "ORDER BY id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
_LIVE_OF_PEOPLE = f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE person_id AMONG ? AND due_at > 0"
_HIGHEST = (
    "SELECT id, (SELECT max(unit) FROM claims WHERE pool_id = p.id AND live AND NOT timed) FROM pools p "
    "WHERE id AMONG ?"
)
_TAKEN_UNITS = "SELECT pool_id, unit FROM claims WHERE pool_id AMONG ? AND live AND NOT timed"
_CLAIMS = "SELECT reservation_id, pool_id, unit FROM claims WHERE reservation_id AMONG ? ORDER BY reservation_id, n"
_CODES = f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = 'confirm' AND subject_id AMONG ?"
_ANSWERS = "SELECT person_id, key, body_hash, answer FROM request_keys WHERE person_id AMONG ?"


@dataclass(slots=True)
class Needs:
    """What a batch of asks touches, as far as it can be told before anything is locked."""

    offering_ids: set[int] = field(default_factory=set)
    reservation_ids: set[int] = field(default_factory=set)
    pairs: set[tuple[int, int]] = field(default_factory=set)
    """(offering, person) whose reservation is asked for by naming both."""
    booker_ids: set[int] = field(default_factory=set)
    """People who are to get a reservation: locked, because limits count over all they have."""
    other_people_ids: set[int] = field(default_factory=set)
    wanted: dict[int, int] = field(default_factory=dict)
    """Places asked for, by offering."""
    reserves: int = 0
    keys: set[tuple[int, str]] = field(default_factory=set)


@dataclass(slots=True)
class Scene:
    """Everything a batch decides on, and everything it decided; `save` writes it."""

    now: datetime
    offerings: dict[int, OfferingRecord]
    pools: dict[int, dict[int, FreeUnits]]
    """Free units by offering and pool, in the offering's order of pools."""
    people: dict[int, PersonRecord]
    records: dict[int, ReservationRecord]
    """Those that were asked for, and those made since."""
    due: list[ReservationRecord]
    live_of: dict[int, list[ReservationRecord]]
    newest_of: dict[tuple[int, int], ReservationRecord]
    """By offering and person: the live one, else the latest."""
    codes: dict[int, CodeRecord]
    answers: dict[tuple[int, str], StoredAnswer]
    fresh_ids: list[int]
    created: list[ReservationRecord] = field(default_factory=list)
    changed: dict[int, ReservationRecord] = field(default_factory=dict)
    moves: list[MoveRecord] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    changed_codes: dict[int, CodeRecord] = field(default_factory=dict)
    till: ledger.Till | None = None
    """The money, where anything has a price."""
    new_answers: dict[tuple[int, str], StoredAnswer] = field(default_factory=dict)

    @property
    def is_unchanged(self) -> bool:
        return not (self.moves or self.letters or self.changed_codes or self.new_answers)


def find(tx: Tx, reservation_ids: Iterable[int]) -> list[tuple[int, int, int | None]]:
    """(reservation, offering, person) of those reservations that exist; both never change."""
    rows = tx.rows("SELECT id, offering_id, person_id FROM reservations WHERE id AMONG ?", list(reservation_ids))
    return [(id, offering_id, person_id) for id, offering_id, person_id in rows]


def load(tx: Tx, needs: Needs) -> Scene:
    """Lock and load what a batch needs, with everything that is overdue on its offerings."""
    stage = _lock(tx, needs)
    ids = list(stage.offerings)
    people = sorted(needs.booker_ids)
    paired_offerings, paired_people = ({pair[side] for pair in needs.pairs} for side in (0, 1))
    asked, paired, due, live, highest, answers, fresh = tx.pipeline(
        (_LOCK_ASKED, [needs.reservation_ids]),
        (_LOCK_OF_PEOPLE, [paired_people, paired_offerings]),
        (_LOCK_OVERDUE_HOLDS, [ids, to_micros(tx.now)]),
        (_LIVE_OF_PEOPLE, [people]),
        (_HIGHEST, [list(stage.units)]),
        (_ANSWERS, [{person_id for person_id, _ in needs.keys}]),
        tx.fresh_ids(tables.reservations, needs.reserves),
    )
    known: dict[int, ReservationRecord] = {}
    asked_records = _records(known, asked) + _records(known, paired)
    scene = Scene(
        now=tx.now,
        offerings=stage.offerings,
        pools={},
        people=stage.people,
        records={record.id: record for record in asked_records},
        due=_records(known, due),
        live_of={person_id: [] for person_id in people},
        newest_of={},
        codes={},
        answers={(row[0], row[1]): StoredAnswer(*row) for row in answers if (row[0], row[1]) in needs.keys},
        fresh_ids=[id for (id,) in fresh],
    )
    for record in sorted(asked_records, key=lambda record: (record.due_at is not None, record.id)):
        scene.newest_of[record.offering_id, record.person_id or 0] = record
    for record in _records(known, live):
        scene.live_of[record.person_id or 0].append(record)
    _load_till(tx, scene, bookers=needs.booker_ids)
    _load_details(tx, scene)
    scene.pools = _free_units(tx, stage, needs.wanted, dict(highest))
    return scene


def load_due(tx: Tx, offering_id: int, *, most: int) -> Scene:
    """Lock and load up to ``most`` reservations of an offering that time (or its cancellation) has something for."""
    stage = _lock(tx, Needs(offering_ids={offering_id}))
    is_cancelled = any(offering.cancelled_at for offering in stage.offerings.values())
    rows = tx.rows(_LOCK_LIVE, [offering_id], most) if is_cancelled else tx.rows(
        _LOCK_DUE, [offering_id], to_micros(tx.now), most
    )  # fmt: skip
    records: dict[int, ReservationRecord] = {}
    due = _records(records, rows)
    people = _people(tx.rows(_READ_PEOPLE, {record.person_id for record in due if record.person_id}))
    scene = Scene(tx.now, stage.offerings, {}, people, records, due, {}, {}, {}, {}, [])
    _load_till(tx, scene, bookers=())
    return scene


def _load_till(tx: Tx, scene: Scene, *, bookers: Collection[int]) -> None:
    """The money of the batch, in one more round trip, only where something has a price.

    What people who are about to pay hold elsewhere and is over becomes due here, too.
    """
    priced = [offering.id for offering in scene.offerings.values() if offering.currency is not None]
    touched = [
        record
        for record in (*scene.records.values(), *scene.due)
        if record.person_id and (record.price_minor or record.offering_id in priced)
    ]
    if not touched and not (priced and bookers):
        return
    scene.till, over = ledger.load(
        tx,
        payers=bookers if priced else (),
        owners={record.person_id for record in touched if record.person_id},
        offerings=priced,
        reservations={record.id for record in touched},
    )
    scene.offerings |= {offering.id: offering for offering in over.offerings if offering.id not in scene.offerings}
    due = {record.id for record in scene.due}
    for record in over.records:
        if record.id not in due:
            scene.due.append(record)
            live = scene.live_of[record.person_id or 0]
            live[:] = [record if one.id == record.id else one for one in live]


@dataclass(slots=True)
class _Stage:
    """What the first round trip brings: the locked parents."""

    offerings: dict[int, OfferingRecord]
    people: dict[int, PersonRecord]
    units: dict[int, int]
    """Units by pool."""
    pools: list[tuple[int, int]]
    """(offering, pool) in the offering's order."""


def _lock(tx: Tx, needs: Needs) -> _Stage:
    _, offerings, pools, bookers, others, pairs = tx.pipeline(
        tx.limit_waiting(),
        (_LOCK_OFFERINGS, [needs.offering_ids]),
        (_LOCK_POOLS, [needs.offering_ids]),
        (_LOCK_PEOPLE, [needs.booker_ids]),
        (_READ_PEOPLE, [needs.other_people_ids - needs.booker_ids]),
        (_OFFERING_POOLS, [needs.offering_ids]),
    )
    tx.read_clock()
    return _Stage(
        offerings={row[0]: OfferingRecord.of(row) for row in offerings},
        people=_people(bookers + others),
        units=dict(pools),
        pools=[(offering_id, pool_id) for offering_id, pool_id in pairs],
    )


def _people(rows: list[Row]) -> dict[int, PersonRecord]:
    return {row[0]: PersonRecord.of(row) for row in rows}


def _records(known: dict[int, ReservationRecord], rows: list[Row]) -> list[ReservationRecord]:
    """Rows as records; the same reservation read twice is the same record."""
    return [known.get(row[0]) or known.setdefault(row[0], ReservationRecord.of(row)) for row in rows]


def _load_details(tx: Tx, scene: Scene) -> None:
    """Claims of what is to be shown or freed, codes of what is to be confirmed, and whose they are."""
    if not scene.records and not scene.due:
        return
    ids = set(scene.records)
    shown = scene.records | {record.id: record for record in scene.due}
    owners = {record.person_id for record in scene.due if record.person_id} - scene.people.keys()
    claims, codes, people = tx.pipeline((_CLAIMS, [set(shown)]), (_CODES, [ids]), (_READ_PEOPLE, [owners]))
    for reservation_id, pool_id, unit in claims:
        shown[reservation_id].claims.append(Claim(pool_id, unit))
    for row in codes:
        scene.codes[row[1]] = CodeRecord.of(row)
    scene.people |= _people(people)


def _free_units(
    tx: Tx, stage: _Stage, wanted: dict[int, int], highest: dict[int, int | None]
) -> dict[int, dict[int, FreeUnits]]:
    """What is free in each pool, knowing the gaps only where the units above the highest taken one might not do."""
    demand: dict[int, int] = {}
    for offering_id, pool_id in stage.pools:
        demand[pool_id] = demand.get(pool_id, 0) + wanted.get(offering_id, 0)
    tight = [
        pool_id
        for pool_id, units in stage.units.items()
        if demand[pool_id] and FreeUnits.need_gaps(units=units, highest=highest[pool_id] or 0, wanted=demand[pool_id])
    ]
    taken: dict[int, set[int]] = {pool_id: set() for pool_id in tight}
    for pool_id, unit in tx.rows(_TAKEN_UNITS, tight) if tight else ():
        taken[pool_id].add(unit)
    free = {
        pool_id: FreeUnits(
            units=units,
            highest=highest[pool_id] or 0,
            gaps=set(range(1, (highest[pool_id] or 0) + 1)) - taken[pool_id] if pool_id in taken else None,
        )
        for pool_id, units in stage.units.items()
    }
    pools: dict[int, dict[int, FreeUnits]] = {}
    for offering_id, pool_id in stage.pools:
        pools.setdefault(offering_id, {})[pool_id] = free[pool_id]
    return pools


def save(tx: Tx, scene: Scene) -> None:
    """Write what was decided, in a fixed order; every state by compare-and-swap against the state as loaded."""
    freed = [
        (False, record.id) for record in scene.changed.values() if record.was in TAKEN and record.state not in TAKEN
    ]
    swaps = [
        (
            record.state, record.party, micros(record.due_at), micros(record.confirmed_at),
            micros(record.checked_in_at), record.steps, record.id, record.was,
        )
        for _, record in sorted(scene.changed.items())
    ]  # fmt: skip
    new_codes = [code for code in scene.changed_codes.values() if code.is_new]
    old_codes = [code for code in scene.changed_codes.values() if not code.is_new]
    writes = [
        tx.updating(
            tables.reservations, "state party due_at confirmed_at checked_in_at steps", "id state:was", swaps
        ),
        tx.updating(tables.claims, "live", "reservation_id", freed),
        tx.inserting(
            tables.reservations,
            "id offering_id person_id state party starts_at ends_at due_at once price_minor currency created_at "
            "confirmed_at checked_in_at steps",
            [_reservation_row(record) for record in scene.created],
        ),
        tx.inserting(
            tables.claims, "reservation_id n pool_id unit starts_at ends_at live timed", _claim_rows(scene.created)
        ),
        tx.inserting(
            tables.moves,
            "reservation_id n action from_state to_state at actor_id reason request_id",
            [
                (
                    move.reservation_id, move.n, move.action, move.from_state, move.to_state, to_micros(move.at),
                    move.actor_id, move.reason, move.request_id,
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
            "nonce serial guesses",
            "purpose subject_id",
            [(code.nonce, code.serial, code.guesses, code.purpose, code.subject_id) for code in old_codes],
        ),
        ledger.adding(tx, scene.till, scene.now),
        posting(tx, scene.letters, scene.now),
        tx.inserting(
            tables.request_keys,
            "person_id key body_hash answer created_at",
            [
                (answer.person_id, answer.key, answer.body_hash, answer.answer, to_micros(scene.now))
                for _, answer in sorted(scene.new_answers.items())
            ],
        ),
    ]  # fmt: skip
    changed, *_ = tx.write_all(*writes)
    if changed != len(swaps):
        raise TryAgain


def posting(tx: Tx, letters: Sequence[Letter], now: datetime) -> tuple[str, list[Row]]:
    """The write that puts letters into the outbox."""
    at = to_micros(now)
    return tx.inserting(
        tables.messages,
        "kind address person_id reservation_id offering_id facts message_id state attempts due_at created_at",
        [
            (
                letter.kind, letter.address, letter.person_id, letter.reservation_id, letter.offering_id,
                letter.facts, letter.message_id, "waiting", 0, at, at,
            )
            for letter in letters
        ],
    )  # fmt: skip


def _reservation_row(record: ReservationRecord) -> Row:
    return (
        record.id, record.offering_id, record.person_id, record.state, record.party, micros(record.starts_at),
        micros(record.ends_at), micros(record.due_at), record.once, record.price_minor, record.currency,
        to_micros(record.created_at), micros(record.confirmed_at), micros(record.checked_in_at), record.steps,
    )  # fmt: skip


def _claim_rows(records: Sequence[ReservationRecord]) -> list[Row]:
    return [
        (record.id, n, claim.pool_id, claim.unit, micros(record.starts_at), micros(record.ends_at),
         record.state in TAKEN, False)
        for record in records
        for n, claim in enumerate(record.claims, start=1)
    ]  # fmt: skip
