"""What a batch decides on, loaded once its parents are locked: the reservations it touches and all that hangs on them.

A fixed number of statements whatever the size of the batch, in a few round trips. What may be changed is locked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from classbook.rules.hoarding import REMEMBERED
from classbook.store import ledger, shelves, tables, vouchers
from classbook.store.claims import CLAIMS, claim_of
from classbook.store.database import Tx, among, from_micros, to_micros
from classbook.store.locking import READ_PEOPLE, lock, people_by_id
from classbook.store.records import (
    CODE_COLUMNS,
    OFFERING_COLUMNS,
    RESERVATION_COLUMNS,
    CodeRecord,
    OfferingRecord,
    ReservationRecord,
    StoredAnswer,
)
from classbook.store.scene import Blocked, Needs, Scene, Stage, Windows, recognised

_LOCK_ASKED = f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
# `offering_id + 0` keeps the planner off the index by offering: a person has few reservations, an offering thousands.
_LOCK_OF_PEOPLE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE person_id AMONG ? AND offering_id + 0 AMONG ? "
    "ORDER BY id FOR NO KEY UPDATE"
)
# What is due and frees or takes places: holds, bookings that nobody checked in to, and what waits in vain. A hold that
# is over may be in the hands of somebody who pays elsewhere and lets it lapse (`ledger.load`). It is waited for, or its
# place would count as taken; they have only wallets left to wait for, and nobody has those yet who waits here.
_LOCK_OVERDUE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND due_at <= ? "
    "AND (state <> 'confirmed' OR (check_in AND checked_in_at IS NULL)) ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_DUE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND due_at <= ? "
    "ORDER BY due_at, id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
# Holds only: they are what ends by itself so soon that somebody else may wait for the use.
_LOCK_OVER_WITH_VOUCHER = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE voucher_id AMONG ? AND state = 'held' AND due_at <= ? "
    "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_OFFERINGS = f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ?"
_LOCK_LIVE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id AMONG ? AND due_at IS NOT NULL "
    "ORDER BY id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
# By their states and not by `due_at`: that would offer the planner the index of everything that is live. Only of the
# offerings at hand, for limits are per offering, and who comes to every match has many others; but what they hold,
# wherever it is.
_LIVE_OF_PEOPLE = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations "
    "WHERE person_id AMONG ? AND state IN ('queued', 'held', 'confirmed') "
    "AND (offering_id + 0 AMONG ? OR state = 'held')"
)
_LAPSES = (
    "SELECT person_id, offering_id, lapsed_at FROM reservations "
    "WHERE person_id AMONG ? AND offering_id AMONG ? AND lapsed_at > ?"
)
# What people came to lately. `due_at` is null in final states only, so the index by person leads there.
_VISITS = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE person_id AMONG ? AND offering_id + 0 AMONG ? "
    "AND due_at IS NULL AND state = 'completed' AND starts_at > ?"
)
_LATELY = timedelta(hours=26)
"""Longer than any day."""
_CODES = f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = 'confirm' AND subject_id AMONG ?"
_ANSWERS = "SELECT person_id, key, body_hash, answer FROM request_keys WHERE person_id AMONG ? AND key NAMED ?"


def load(
    tx: Tx,
    needs: Needs,
    stage: Stage,
    look_at: Callable[[Scene], Windows],
    *,
    blocked: Blocked,
    daily: Collection[int] = (),
) -> Scene:
    """Load what a batch needs, with everything that is overdue on its offerings and whoever waits there.

    ``look_at`` says, once the asked reservations are known, which spans the asks want in timed pools; ``daily`` are
    the offerings of which people may have so many a day.
    """
    people = sorted(needs.booker_ids)
    paired_offerings, paired_people = ({pair[side] for pair in needs.pairs} for side in (0, 1))
    fixed = [pool_id for pool_id, pool in stage.pools.items() if not pool.timed]
    asked, paired, due, live, lapses, highest, answers, fresh = tx.pipeline(
        among(_LOCK_ASKED, needs.reservation_ids),
        among(_LOCK_OF_PEOPLE, paired_people, paired_offerings),
        (_LOCK_OVERDUE, [list(stage.offerings), to_micros(tx.now)]),
        among(_LIVE_OF_PEOPLE, people, list(stage.offerings)),
        among(_LAPSES, people, list(stage.offerings), to_micros(tx.now - REMEMBERED)),
        among(shelves.HIGHEST, fixed),
        among(_ANSWERS, {person_id for person_id, _ in needs.keys}, json.dumps([key for _, key in needs.keys])),
        tx.fresh_ids(tables.reservations, needs.reserves) if needs.reserves else None,
    )
    known: dict[int, ReservationRecord] = {}
    asked_records = recognised(known, asked) + recognised(known, paired)
    scene = Scene(
        tx.now,
        stage,
        shelves={},
        known=known,
        due=recognised(known, due),
        queue={},
        records={record.id: record for record in asked_records},
        live_of={person_id: [] for person_id in people},
        answers={(row[0], row[1]): StoredAnswer(*row) for row in answers if (row[0], row[1]) in needs.keys},
        fresh_ids=[id for (id,) in fresh],
    )
    for record in sorted(asked_records, key=lambda record: (record.due_at is not None, record.id)):
        scene.newest_of[record.offering_id, record.person_id or 0] = record
    for record in recognised(known, live):
        scene.live_of[record.person_id or 0].append(record)
    if daily:
        for row in tx.rows(_VISITS, people, list(daily), to_micros(tx.now - _LATELY)):
            visit = ReservationRecord.of(row)
            scene.visits_of.setdefault(visit.person_id or 0, []).append(visit)
    for person_id, offering_id, lapsed_at in lapses:
        scene.lapses.setdefault((person_id, offering_id), []).append(from_micros(lapsed_at))
    touched = {record.id: record for record in (*asked_records, *scene.due)}
    # Of the offerings at hand, also what a new reservation may have to replace.
    touched |= {id: record for id, record in known.items() if record.offering_id in stage.offerings}
    shelves.load(tx, scene, needs, look_at(scene), touched.values(), dict(highest), blocked)
    touched |= {one.id: one for line in scene.queue.values() for one in line}
    _load_vouchers(tx, scene, touched, bookers=people)
    _load_till(tx, scene, touched, bookers=needs.booker_ids)
    _load_details(tx, scene, touched)
    return scene


def load_due(tx: Tx, offering_id: int, *, most: int, blocked: Blocked) -> Scene:
    """Lock and load up to ``most`` reservations of an offering that time (or its cancellation) has something for.

    Whoever waits and fits into what is free now, or into what is freed, is loaded with them.
    """
    stage = lock(tx, Needs(offering_ids={offering_id}))
    is_cancelled = any(offering.cancelled_at for offering in stage.offerings.values())
    fixed = [pool_id for pool_id, pool in stage.pools.items() if not pool.timed]
    due, highest = tx.pipeline(
        (_LOCK_LIVE, [[offering_id], most]) if is_cancelled else (_LOCK_DUE, [[offering_id], to_micros(tx.now), most]),
        (shelves.HIGHEST, [fixed]),
    )
    known: dict[int, ReservationRecord] = {}
    scene = Scene(tx.now, stage, shelves={}, known=known, due=recognised(known, due), queue={})
    # With no ask to hurry for, everybody who waits is looked at, whatever was freed and by whom.
    everywhere = {id: [shelves.from_now_on(stage.offerings[id], tx.now, blocked)] for id in stage.with_queue}
    shelves.load(tx, scene, Needs(), everywhere, scene.due, dict(highest), blocked)
    _load_vouchers(tx, scene, known, bookers=())
    _load_till(tx, scene, known, bookers=())
    _load_details(tx, scene, known)
    return scene


def _load_vouchers(tx: Tx, scene: Scene, touched: dict[int, ReservationRecord], *, bookers: Collection[int]) -> None:
    """The vouchers of what is touched, and the uses of those that asks name; nothing is read where there are none.

    What was made with one of these and is over elsewhere gives its use back: it becomes due here, too.
    """
    scene.vouchers = {voucher.id: voucher for voucher in scene.stage.vouchers.values()}
    if named := list(scene.vouchers):
        over, uses, uses_of = tx.pipeline(
            (_LOCK_OVER_WITH_VOUCHER, [named, to_micros(tx.now)]),
            (vouchers.USES, [named]),
            (vouchers.USES_OF_PEOPLE, [named, bookers]),
        )
        scene.uses.update(dict(uses))
        scene.uses_of.update({(voucher_id, person_id): count for voucher_id, person_id, count in uses_of})
        fresh = [record for record in recognised(scene.known, over) if record.id not in touched]
        missing = {record.offering_id for record in fresh} - scene.offerings.keys()
        for row in tx.rows(_OFFERINGS, missing) if missing else ():
            scene.offerings[row[0]] = OfferingRecord.of(row)
        scene.again |= {record.offering_id for record in fresh}
        scene.due += fresh
        touched |= {record.id: record for record in fresh}
    if others := {record.voucher_id for record in touched.values() if record.voucher_id} - scene.vouchers.keys():
        scene.vouchers |= {row[0]: vouchers.of(row) for row in tx.rows(vouchers.READ, others)}


def _load_till(tx: Tx, scene: Scene, touched: dict[int, ReservationRecord], *, bookers: Collection[int]) -> None:
    """The money of the batch, in one more round trip, only where something has a price.

    What people who are about to pay hold elsewhere and is over becomes due here, too, and is added to ``touched``.
    """
    priced = [offering.id for offering in scene.offerings.values() if offering.currency is not None]
    paid_for = [
        record
        for record in touched.values()
        if record.person_id and (record.price_minor or record.offering_id in priced)
    ]
    if not paid_for and not (priced and bookers):
        return
    waiting = {record.person_id for id in priced for record in scene.queue.get(id, ()) if record.person_id}
    scene.till, over = ledger.load(
        tx,
        payers=waiting.union(bookers) if priced else (),
        owners={record.person_id for record in paid_for if record.person_id},
        offerings=priced,
        reservations=[record.id for record in paid_for],
    )
    elsewhere = {one.id: one for one in over.offerings if one.id not in scene.offerings}
    scene.offerings.update(elsewhere)
    scene.again.update(elsewhere)
    for record in over.records:
        if record.id not in touched:
            scene.due.append(record)
            touched[record.id] = scene.known[record.id] = record
            live = scene.live_of.get(record.person_id or 0, [])
            live[:] = [record if one.id == record.id else one for one in live]


def _load_details(tx: Tx, scene: Scene, touched: Mapping[int, ReservationRecord]) -> None:
    """Claims of what is to be shown, freed or moved, codes of what is to be confirmed, and whose all that is."""
    if not touched:
        return
    owners = {record.person_id for record in touched.values() if record.person_id} - scene.people.keys()
    claims, codes, people = tx.pipeline(
        (CLAIMS, [list(touched)]), (_CODES, [list(touched)]), among(READ_PEOPLE, owners)
    )
    for row in claims:
        touched[row[0]].claims.append(claim_of(row))
    for row in codes:
        scene.codes[row[1]] = CodeRecord.of(row)
    scene.people.update(people_by_id(people))


def live_in(tx: Tx, person_id: int, offering_ids: Collection[int]) -> list[ReservationRecord]:
    """What somebody has in those offerings and may still have to come; what time has ended is among it."""
    return [ReservationRecord.of(row) for row in tx.rows(_LIVE_OF_PEOPLE, [person_id], list(offering_ids))]
