"""The booking path: what a batch of asks needs is locked and loaded, and what it decided is written.

A fixed number of statements whatever the size of the batch, in a few round trips: locks and clock, loads, writes.
Locks are taken in one order everywhere (offerings, pools, people, reservations; by id), each in a statement of its
own, so that what is read after a lock is never older than the lock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from classbook.rules import packing
from classbook.rules.hoarding import REMEMBERED
from classbook.rules.plans import label
from classbook.rules.shelves import FixedShelf, SeatShelf, Shelf, TimedShelf
from classbook.rules.spans import Span, merge
from classbook.rules.vouchers import Voucher
from classbook.store import ledger, tables, venues, vouchers, webhooks
from classbook.store.database import Row, TryAgain, Tx, from_micros, to_micros
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
    PoolRecord,
    ReservationRecord,
    StoredAnswer,
    instant,
    micros,
)

_POOL_COLUMNS = "id, units, timed, longest_micros, plan_version"
_CLAIM_COLUMNS = "c.n, c.pool_id, c.unit, c.starts_at, c.ends_at, c.timed, c.live, p.name, s.row_name, s.seat_name"
_LOCK_OFFERINGS = f"SELECT {OFFERING_COLUMNS} FROM offerings WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
_LOCK_POOLS = (
    f"SELECT {_POOL_COLUMNS} FROM pools WHERE id IN (SELECT pool_id FROM offering_pools WHERE offering_id AMONG ?) "
    "ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ? ORDER BY id FOR NO KEY UPDATE"
_READ_PEOPLE = f"SELECT {PERSON_COLUMNS} FROM people WHERE id AMONG ?"
_OFFERING_POOLS = "SELECT offering_id, pool_id FROM offering_pools WHERE offering_id AMONG ? ORDER BY offering_id, n"
_SCHEDULES = "SELECT offering_id, rule FROM schedules WHERE offering_id AMONG ? ORDER BY offering_id, n"
_PRICES = "SELECT offering_id, category, price_minor FROM prices WHERE offering_id AMONG ?"
_WITH_QUEUE = (
    "SELECT offering_id, count(*) FROM reservations WHERE offering_id AMONG ? AND state = 'queued' GROUP BY offering_id"
)
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
# Of each size of party the first ones that the places could do for: whoever is behind them gets nothing anyway, and
# large ones that do not fit hide no small one.
_LOCK_QUEUE_BY_PARTY = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE id IN (SELECT id FROM (SELECT id, party, "
    f"row_number() OVER (PARTITION BY party ORDER BY id) AS n FROM ({ledger.TO_PAY} "
    "WHERE w.offering_id = ? AND w.state = 'queued' AND w.party <= ?) r "
    f"WHERE r.to_pay IS NULL OR r.to_pay <= 0 OR {ledger.CAN_PAY}) q WHERE n * party <= ?) "
    "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_LOCK_QUEUE_BY_SPAN = (
    f"SELECT {RESERVATION_COLUMNS} FROM reservations WHERE offering_id = ? AND state = 'queued' "
    "AND starts_at < ? AND ends_at > ? AND party <= ? ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
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
_HIGHEST = (
    "SELECT id, (SELECT max(unit) FROM claims WHERE pool_id = p.id AND live AND NOT timed) FROM pools p "
    "WHERE id AMONG ? AND NOT timed"
)
_TAKEN_UNITS = "SELECT pool_id, unit FROM claims WHERE pool_id AMONG ? AND live AND NOT timed"
TAKEN_SPANS = (
    "SELECT c.reservation_id, c.n, c.pool_id, c.unit, c.starts_at, c.ends_at FROM WINDOWS ? w EACH JOIN claims c "
    "ON c.pool_id = w.pool_id AND c.live AND c.timed AND c.starts_at < w.high AND c.starts_at > w.low - w.longest "
    "AND c.ends_at > w.low"
)
_TAKEN_SEATS = (
    "SELECT c.pool_id, c.unit FROM claims c JOIN pools p ON p.id = c.pool_id WHERE c.pool_id AMONG ? "
    "AND c.live AND c.timed AND c.starts_at < ? AND c.starts_at > ? - p.longest_micros AND c.ends_at > ?"
)
_CLAIMS = (
    f"SELECT c.reservation_id, {_CLAIM_COLUMNS} FROM claims c "
    "LEFT JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit LEFT JOIN pools p ON p.id = s.pool_id "
    "WHERE c.reservation_id AMONG ? ORDER BY c.reservation_id, c.n"
)
_CODES = f"SELECT {CODE_COLUMNS} FROM codes WHERE purpose = 'confirm' AND subject_id AMONG ?"
_ANSWERS = "SELECT person_id, key, body_hash, answer FROM request_keys WHERE person_id AMONG ? AND key NAMED ?"

Windows = dict[int, list[Span]]
"""Spans to look at, by offering."""
Blocked = Callable[[OfferingRecord, Span], Span]
"""The time that a booking of an offering keeps others away: its own, and its buffers."""


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
    moved_places: int = 0
    """Places asked for by moves, in whichever offering."""
    reserves: int = 0
    keys: set[tuple[int, str]] = field(default_factory=set)
    vouchers: set[str] = field(default_factory=set)
    """The codes that asks name."""


@dataclass(slots=True)
class Stage:
    """The locked parents: what the first round trip brings."""

    offerings: dict[int, OfferingRecord]
    people: dict[int, PersonRecord]
    pools: dict[int, PoolRecord]
    pools_of: dict[int, list[int]]
    """Pools by offering, in the offering's order."""
    rules_of: dict[int, list[str]]
    """The opening hours by offering: rules as JSON; nothing where it is always open."""
    with_queue: dict[int, int]
    """How many wait, by offering; none where nobody does."""
    prices_of: dict[int, dict[str, int]] = field(default_factory=dict)
    """Prices in minor units by category, by offering, where seats have categories."""
    vouchers: dict[str, Voucher] = field(default_factory=dict)
    """Those that asks name, by their codes: locked, because their uses are counted."""
    hooks: list[Row] = field(default_factory=list)
    """The webhooks that are to be told; hardly ever any."""


@dataclass(slots=True)
class Scene:
    """Everything a batch decides on, and everything it decided; `save` writes it."""

    now: datetime
    stage: Stage
    shelves: dict[int, Shelf]
    """What is free, by pool."""
    known: dict[int, ReservationRecord]
    """All that is loaded: a reservation read twice is one record."""
    due: list[ReservationRecord]
    queue: dict[int, list[ReservationRecord]]
    """Who waits and might fit now, by offering, in order of entry."""
    seats: dict[tuple[int, int], SeatShelf] = field(default_factory=dict)
    """The same where units are seats: by offering and pool, because the matches of a venue share its stands."""
    records: dict[int, ReservationRecord] = field(default_factory=dict)
    """Those that were asked for, and those made since."""
    live_of: dict[int, list[ReservationRecord]] = field(default_factory=dict)
    visits_of: dict[int, list[ReservationRecord]] = field(default_factory=dict)
    """By person: what they came to in the last day, of offerings that limit how many a day there may be."""
    """By person; of what they have elsewhere only what they hold."""
    lapses: dict[tuple[int, int], list[datetime]] = field(default_factory=dict)
    """When holds ran out, by person and offering, as far as that is remembered."""
    newest_of: dict[tuple[int, int], ReservationRecord] = field(default_factory=dict)
    """By offering and person: the live one, else the latest."""
    codes: dict[int, CodeRecord] = field(default_factory=dict)
    answers: dict[tuple[int, str], StoredAnswer] = field(default_factory=dict)
    fresh_ids: list[int] = field(default_factory=list)
    created: list[ReservationRecord] = field(default_factory=list)
    changed: dict[int, ReservationRecord] = field(default_factory=dict)
    moves: list[MoveRecord] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    changed_codes: dict[int, CodeRecord] = field(default_factory=dict)
    new_answers: dict[tuple[int, str], StoredAnswer] = field(default_factory=dict)
    vouchers: dict[int, Voucher] = field(default_factory=dict)
    """Those of all that is loaded, by id."""
    uses: Counter[int] = field(default_factory=Counter)
    uses_of: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How often the vouchers that asks name were used, in all and by (voucher, person)."""
    till: ledger.Till | None = None
    """The money, where anything has a price."""
    again: set[int] = field(default_factory=set)
    """Offerings to be settled in a transaction of their own, after this one: who waits there may be served now."""

    @property
    def offerings(self) -> dict[int, OfferingRecord]:
        return self.stage.offerings

    @property
    def people(self) -> dict[int, PersonRecord]:
        return self.stage.people

    @property
    def is_unchanged(self) -> bool:
        return not (self.moves or self.letters or self.changed_codes or self.new_answers)

    def shelves_of(self, offering_id: int) -> dict[int, Shelf]:
        """What an offering sells, by pool, in its order."""
        found = {pool_id: self.shelf(offering_id, pool_id) for pool_id in self.stage.pools_of[offering_id]}
        return {pool_id: shelf for pool_id, shelf in found.items() if shelf}

    def shelf(self, offering_id: int, pool_id: int) -> Shelf | None:
        """What is free for an offering in one pool, where that was looked at."""
        return self.seats.get((offering_id, pool_id)) or self.shelves.get(pool_id)


def find(tx: Tx, reservation_ids: Iterable[int]) -> list[tuple[int, int, int | None]]:
    """(reservation, offering, person) of those reservations that exist; both never change."""
    rows = tx.rows("SELECT id, offering_id, person_id FROM reservations WHERE id AMONG ?", list(reservation_ids))
    return [(id, offering_id, person_id) for id, offering_id, person_id in rows]


def lock(tx: Tx, needs: Needs) -> Stage:
    """Lock the parents of a batch, and read the clock after that."""
    _, offerings, pools, bookers, others, pairs, rules, with_queue, hooks, *named = tx.pipeline_then_clock(
        tx.limit_waiting(),
        (_LOCK_OFFERINGS, [needs.offering_ids]),
        (_LOCK_POOLS, [needs.offering_ids]),
        (_LOCK_PEOPLE, [needs.booker_ids]),
        (_READ_PEOPLE, [needs.other_people_ids - needs.booker_ids]),
        (_OFFERING_POOLS, [needs.offering_ids]),
        (_SCHEDULES, [needs.offering_ids]),
        (_WITH_QUEUE, [needs.offering_ids]),
        (webhooks.LISTENING, ()),
        *([(vouchers.LOCK, [json.dumps(sorted(needs.vouchers))])] if needs.vouchers else ()),
    )
    # An offering made while we waited for the locks is not among them: for this batch it is not there yet.
    locked = {row[0] for row in offerings}
    stage = Stage(
        offerings={row[0]: OfferingRecord.of(row) for row in offerings},
        people=_people(bookers + others),
        pools={row[0]: PoolRecord.of(row) for row in pools},
        pools_of={row[0]: [] for row in offerings},
        rules_of={row[0]: [] for row in offerings},
        with_queue={offering_id: count for offering_id, count in with_queue if offering_id in locked},
        vouchers={voucher.code: voucher for rows in named for voucher in map(vouchers.of, rows)},
        hooks=hooks,
    )
    for offering_id, pool_id in pairs:
        if offering_id in locked:
            if pool_id not in stage.pools:
                raise TryAgain  # a stand built while we waited: it is sold, and not locked
            stage.pools_of[offering_id].append(pool_id)
    for offering_id, rule in rules:
        if offering_id in locked:
            stage.rules_of[offering_id].append(rule)
    if any(pool.plan_version for pool in stage.pools.values()):
        for offering_id, category, minor in tx.rows(_PRICES, list(stage.offerings)):
            stage.prices_of.setdefault(offering_id, {})[category] = minor
    return stage


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
        (_LOCK_ASKED, [needs.reservation_ids]),
        (_LOCK_OF_PEOPLE, [paired_people, paired_offerings]),
        (_LOCK_OVERDUE, [list(stage.offerings), to_micros(tx.now)]),
        (_LIVE_OF_PEOPLE, [people, list(stage.offerings)]),
        (_LAPSES, [people, list(stage.offerings), to_micros(tx.now - REMEMBERED)]),
        (_HIGHEST, [fixed]),
        (_ANSWERS, [{person_id for person_id, _ in needs.keys}, json.dumps([key for _, key in needs.keys])]),
        tx.fresh_ids(tables.reservations, needs.reserves),
    )
    known: dict[int, ReservationRecord] = {}
    asked_records = _records(known, asked) + _records(known, paired)
    scene = Scene(
        tx.now,
        stage,
        shelves={},
        known=known,
        due=_records(known, due),
        queue={},
        records={record.id: record for record in asked_records},
        live_of={person_id: [] for person_id in people},
        answers={(row[0], row[1]): StoredAnswer(*row) for row in answers if (row[0], row[1]) in needs.keys},
        fresh_ids=[id for (id,) in fresh],
    )
    for record in sorted(asked_records, key=lambda record: (record.due_at is not None, record.id)):
        scene.newest_of[record.offering_id, record.person_id or 0] = record
    for record in _records(known, live):
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
    _load_shelves(tx, scene, needs, look_at(scene), touched.values(), dict(highest), blocked)
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
        (_HIGHEST, [fixed]),
    )
    known: dict[int, ReservationRecord] = {}
    scene = Scene(tx.now, stage, shelves={}, known=known, due=_records(known, due), queue={})
    # With no ask to hurry for, everybody who waits is looked at, whatever was freed and by whom.
    everywhere = {id: [from_now_on(stage.offerings[id], tx.now, blocked)] for id in stage.with_queue}
    _load_shelves(tx, scene, Needs(), everywhere, scene.due, dict(highest), blocked)
    _load_vouchers(tx, scene, known, bookers=())
    _load_till(tx, scene, known, bookers=())
    _load_details(tx, scene, known)
    return scene


_END = from_micros(250_000_000_000_000_000)
"""Later than any booking."""


def from_now_on(offering: OfferingRecord, now: datetime, blocked: Blocked) -> Span:
    """All the time in which something can still be taken: what is over stays taken, and there is ever more of it."""
    return blocked(offering, Span(now, _END))


def _people(rows: list[Row]) -> dict[int, PersonRecord]:
    return {row[0]: PersonRecord.of(row) for row in rows}


def _records(known: dict[int, ReservationRecord], rows: list[Row]) -> list[ReservationRecord]:
    """Rows as records; the same reservation read twice is the same record."""
    return [known.get(row[0]) or known.setdefault(row[0], ReservationRecord.of(row)) for row in rows]


def _load_shelves(
    tx: Tx,
    scene: Scene,
    needs: Needs,
    windows: Windows,
    touched: Iterable[ReservationRecord],
    highest: dict[int, int | None],
    blocked: Blocked,
) -> None:
    """What is free in every pool, and who waits and might get something of it."""
    freeable = list(touched)
    for record in freeable:
        if record.span and record.offering_id in scene.stage.with_queue:
            freed = blocked(scene.offerings[record.offering_id], record.span)
            windows.setdefault(record.offering_id, []).append(freed)
    _load_fixed_shelves(tx, scene, needs, highest)
    _load_seats(tx, scene, windows)
    _load_queue(tx, scene, windows, freeable, blocked)
    for line in scene.queue.values():
        for record in line:
            if record.span:
                asked = blocked(scene.offerings[record.offering_id], record.span)
                windows.setdefault(record.offering_id, []).append(asked)
    _load_timed_shelves(tx, scene, windows)


def _load_fixed_shelves(tx: Tx, scene: Scene, needs: Needs, highest: dict[int, int | None]) -> None:
    """Free places of pools without times, knowing the gaps only where the units above the highest might not do."""
    stage = scene.stage
    demand = dict.fromkeys(highest, 0)
    for offering_id, pool_ids in stage.pools_of.items():
        for pool_id in pool_ids:
            if pool_id in demand:
                waiting = stage.pools[pool_id].units if offering_id in stage.with_queue else 0
                demand[pool_id] += needs.wanted.get(offering_id, 0) + needs.moved_places + waiting
    tight = [
        pool_id
        for pool_id, count in demand.items()
        if count
        and FixedShelf.needs_gaps(units=stage.pools[pool_id].units, highest=highest[pool_id] or 0, wanted=count)
    ]
    taken: dict[int, set[int]] = {pool_id: set() for pool_id in tight}
    for pool_id, unit in tx.rows(_TAKEN_UNITS, tight) if tight else ():
        taken[pool_id].add(unit)
    for pool_id, top in highest.items():
        gaps = set(range(1, (top or 0) + 1)) - taken[pool_id] if pool_id in taken else None
        scene.shelves[pool_id] = FixedShelf(units=stage.pools[pool_id].units, highest=top or 0, gaps=gaps)


def _load_queue(
    tx: Tx, scene: Scene, windows: Windows, freeable: Sequence[ReservationRecord], blocked: Blocked
) -> None:
    """Who waits and might fit: as many as there can be places for, or whose span meets one that is looked at."""
    queries: list[tuple[str, Sequence[object]]] = []
    for offering_id in sorted(scene.stage.with_queue):
        pools = [scene.stage.pools[pool_id] for pool_id in scene.stage.pools_of[offering_id]]
        # Where all claims have one time it is known what is free, and what may become so.
        shelves = scene.shelves_of(offering_id).values()
        most = sum(shelf.left(None) for shelf in shelves)
        most += sum(record.party for record in freeable if record.offering_id == offering_id)
        if shelves and not most:
            continue
        if not any(pool.timed for pool in pools):
            offering = scene.offerings[offering_id]
            price, purse = [offering.price_minor] * 2, [offering.currency, to_micros(scene.now)]
            queries.append((_LOCK_QUEUE_BY_PARTY, [*price, offering_id, most, *purse, most]))
        elif spans := windows.get(offering_id):
            looked_at = Span(min(span.start for span in spans), max(span.end for span in spans))
            wide = blocked(scene.offerings[offering_id], looked_at)
            # Who waits brings buffers too, which reach into the window from the other side.
            high, low = looked_at.end + (looked_at.start - wide.start), looked_at.start - (wide.end - looked_at.end)
            largest = most if shelves else sum(pool.units for pool in pools)
            queries.append((_LOCK_QUEUE_BY_SPAN, [offering_id, to_micros(high), to_micros(low), largest]))
    for rows in tx.pipeline(*queries) if queries else ():
        for record in _records(scene.known, rows):
            scene.queue.setdefault(record.offering_id, []).append(record)


def _load_timed_shelves(tx: Tx, scene: Scene, windows: Windows) -> None:
    """What is taken in the spans that are looked at, in pools where every claim has its own time."""
    stage = scene.stage
    timed = {id: pool for id, pool in stage.pools.items() if pool.timed and not pool.plan_version}
    if not timed:
        return
    looked_at: dict[int, list[Span]] = {pool_id: [] for pool_id in timed}
    for offering_id, pool_ids in stage.pools_of.items():
        for pool_id in looked_at.keys() & pool_ids:
            looked_at[pool_id] += merge(windows.get(offering_id, []))
    asked = [
        [pool_id, to_micros(span.start), to_micros(span.end), timed[pool_id].longest_micros]
        for pool_id, spans in looked_at.items()
        for span in spans
    ]
    found: dict[int, dict[tuple[int, int], packing.Claim[tuple[int, int]]]] = {pool_id: {} for pool_id in timed}
    for reservation_id, n, pool_id, unit, low, high in tx.rows(TAKEN_SPANS, json.dumps(asked)):
        key, span = (reservation_id, n), Span(from_micros(low), from_micros(high))
        found[pool_id][key] = packing.Claim(key, unit, span)
    complete = {
        pool_id
        for id, pool_ids in stage.pools_of.items()
        if any(window.end >= _END for window in windows.get(id, ()))
        for pool_id in pool_ids
    }
    for pool_id, pool in timed.items():
        scene.shelves[pool_id] = TimedShelf(
            pool_id,
            units=pool.units,
            taken=found[pool_id].values(),
            now=scene.now,
            looked_at=looked_at[pool_id],
            is_complete=pool_id in complete,
        )


def _load_seats(tx: Tx, scene: Scene, windows: Windows) -> None:
    """The seats that are taken, for each offering whose places are looked at; the whole of its time is one look."""
    for offering_id in sorted(windows.keys() & scene.offerings.keys()):
        offering = scene.offerings[offering_id]
        pools = [scene.stage.pools[pool_id] for pool_id in scene.stage.pools_of[offering_id]]
        stands = [pool for pool in pools if pool.plan_version]
        if stands and offering.span:
            for pool_id, shelf in seat_shelves(tx, stands, offering.span).items():
                scene.seats[offering_id, pool_id] = shelf


def seat_shelves(tx: Tx, stands: Sequence[PoolRecord], span: Span) -> dict[int, SeatShelf]:
    """What is free in stands for a span, by pool."""
    taken: dict[int, list[int]] = {pool.id: [] for pool in stands}
    low, high = to_micros(span.start), to_micros(span.end)
    for pool_id, unit in tx.rows(_TAKEN_SEATS, list(taken), high, low, low):
        taken[pool_id].append(unit)
    return {pool.id: SeatShelf(venues.seat_plan(tx, pool.id, pool.plan_version), taken[pool.id]) for pool in stands}


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
        fresh = [record for record in _records(scene.known, over) if record.id not in touched]
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
    claims, codes, people = tx.pipeline((_CLAIMS, [list(touched)]), (_CODES, [list(touched)]), (_READ_PEOPLE, [owners]))
    for row in claims:
        touched[row[0]].claims.append(_claim(row))
    for row in codes:
        scene.codes[row[1]] = CodeRecord.of(row)
    scene.people.update(_people(people))


def live_in(tx: Tx, person_id: int, offering_ids: Collection[int]) -> list[ReservationRecord]:
    """What somebody has in those offerings and may still have to come; what time has ended is among it."""
    return [ReservationRecord.of(row) for row in tx.rows(_LIVE_OF_PEOPLE, [person_id], list(offering_ids))]


def claims_of(tx: Tx, reservation_ids: Sequence[int]) -> list[tuple[int, Claim]]:
    """(reservation, claim) of those reservations, in order."""
    return [(row[0], _claim(row)) for row in tx.rows(_CLAIMS, reservation_ids)]


def _claim(row: Row) -> Claim:
    _, n, pool_id, unit, starts_at, ends_at, timed, live, stand, row_name, seat_name = row
    seat = None if stand is None else label(stand, row_name, seat_name)
    return Claim(
        n, pool_id, unit, instant(starts_at), instant(ends_at), bool(timed), bool(live), bool(live), stand, seat
    )


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
            "discount_minor lapsed_at",
            "id state:was",
            [_swap_row(record) for record in changed],
        ),
        freeing(tx, given_up),
        shifting(tx, shifted),
        tx.inserting(
            tables.reservations,
            "id offering_id person_id state party starts_at ends_at due_at once check_in ask price_minor currency "
            "created_at confirmed_at checked_in_at steps voucher_id discount_minor",
            [_reservation_row(record) for record in scene.created],
        ),
        tx.inserting(
            tables.claims,
            "reservation_id n pool_id unit starts_at ends_at live timed",
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
        record.steps, record.discount_minor, micros(record.lapsed_at), record.id, record.was,
    )  # fmt: skip


def freeing(tx: Tx, keys: Iterable[tuple[int, int]]) -> tuple[str, list[Row]]:
    """The write that frees claims, by (reservation, n).

    It changes fewer rows where one was freed meanwhile: a hold may lapse for the sake of its money, and then nobody
    has locked its pool. Whoever gives such a claim another unit would bring it back.
    """
    return tx.updating(tables.claims, "live", "reservation_id n live:was", [(False, *key, True) for key in keys])


def shifting(tx: Tx, units: Mapping[tuple[int, int], int]) -> tuple[str, list[Row]]:
    """The write that takes claims again in another unit, all of them freed before: no unit may be taken twice."""
    rows = [(True, unit, *key) for key, unit in units.items()]
    return tx.updating(tables.claims, "live unit", "reservation_id n", rows)


def _freed(records: Iterable[ReservationRecord]) -> Iterator[tuple[int, int]]:
    """The claims that records have no longer."""
    return ((record.id, claim.n) for record in records for claim in record.claims if claim.was_live and not claim.live)


def _claim_row(record: ReservationRecord, claim: Claim) -> Row:
    return (
        record.id, claim.n, claim.pool_id, claim.unit, micros(claim.starts_at), micros(claim.ends_at), claim.live,
        claim.timed,
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
        micros(record.ends_at), micros(record.due_at), record.once, record.check_in, record.ask, record.price_minor,
        record.currency, to_micros(record.created_at), micros(record.confirmed_at), micros(record.checked_in_at),
        record.steps, record.voucher_id, record.discount_minor,
    )  # fmt: skip
