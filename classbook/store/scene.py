"""What a batch of asks touches, what was loaded for it, and what it decided: from the locks to the writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from classbook.rules.shelves import SeatShelf, Shelf
from classbook.rules.spans import Span
from classbook.rules.vouchers import Voucher
from classbook.store.database import Row
from classbook.store.ledger import Till
from classbook.store.records import (
    CodeRecord,
    Letter,
    MoveRecord,
    OfferingRecord,
    PersonRecord,
    PoolRecord,
    ReservationRecord,
    StoredAnswer,
)

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
    """Everything a batch decides on, and everything it decided; `saving.save` writes it."""

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
    """By person; of what they have elsewhere only what they hold."""
    visits_of: dict[int, list[ReservationRecord]] = field(default_factory=dict)
    """By person: what they came to in the last day, of offerings that limit how many a day there may be."""
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
    till: Till | None = None
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
        pool_ids = self.stage.pools_of[offering_id]
        return {pool_id: shelf for pool_id in pool_ids if (shelf := self.shelf(offering_id, pool_id))}

    def shelf(self, offering_id: int, pool_id: int) -> Shelf | None:
        """What is free for an offering in one pool, where that was looked at."""
        return self.seats.get((offering_id, pool_id)) or self.shelves.get(pool_id)


def recognised(known: dict[int, ReservationRecord], rows: list[Row]) -> list[ReservationRecord]:
    """Rows as records; the same reservation read twice is the same record."""
    return [known.get(row[0]) or known.setdefault(row[0], ReservationRecord.of(row)) for row in rows]
