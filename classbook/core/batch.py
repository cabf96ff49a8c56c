"""A batch under way: what was loaded, the steps taken so far, and the letters that tell of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from classbook.app import App
from classbook.core.money import Purse, price
from classbook.rules import codes
from classbook.rules.policy import Policy, over_at
from classbook.rules.states import CANCELLED, CONFIRMED, EXPIRED, HELD, TAKEN, due_action, follow, seen
from classbook.store.records import (
    Claim,
    CodeRecord,
    Letter,
    MoveRecord,
    OfferingRecord,
    PersonRecord,
    ReservationRecord,
)
from classbook.store.reservations import Scene
from classbook.values import Actor, Money, OfferingRef, PersonRef, Place, Reservation

CONFIRM = "confirm"
"""The purpose of codes that confirm a hold."""
TIME = Actor()
"""Who acts when nobody does."""


class Batch:
    """Takes steps on a `Scene`: every change of a reservation goes through `step`, which also writes its history."""

    def __init__(self, app: App, scene: Scene, *, dry_run: bool = False):
        self.app = app
        self.scene = scene
        self.dry_run = dry_run
        self.purse = Purse(scene)
        self._ids = iter(scene.fresh_ids)

    @property
    def now(self) -> datetime:
        return self.scene.now

    def policy(self, offering: OfferingRecord) -> Policy:
        return self.app.policy(offering.kind, offering.policy)

    def state(self, record: ReservationRecord) -> str:
        """The state people see."""
        cancelled = self.scene.offerings[record.offering_id].cancelled_at is not None
        return seen(record.state, record.due_at, self.now, offering_cancelled=cancelled)

    def settle(self) -> None:
        """Let time do its part: lapse and complete what is due, cancel what is of a cancelled offering."""
        for record in self.scene.due:
            offering = self.scene.offerings[record.offering_id]
            if offering.cancelled_at is not None:
                self.step(record, "cancel", TIME, reason=offering.cancel_reason)
                self.tell(record, "cancelled", reason=offering.cancel_reason, whole=True)
                continue
            action = due_action(record.state)
            self.step(record, action, TIME)
            if action == "lapse":
                self.tell(record, "expired")

    def open(
        self, offering: OfferingRecord, person: PersonRecord, party: int, claims: list[tuple[int, int]],
        *, actor: Actor, due_at: datetime, once: bool,
    ) -> ReservationRecord:  # fmt: skip
        """A new hold on ``claims`` (pool, unit). The caller has made sure that it can be paid."""
        cost = price(offering, party)
        record = ReservationRecord(
            next(self._ids), offering.id, person.id, HELD, party, offering.starts_at, offering.ends_at, due_at, once,
            cost.minor if cost else None, cost.currency if cost else None, self.now, None, None, steps=0,
            claims=[Claim(pool_id, unit) for pool_id, unit in claims],
        )  # fmt: skip
        self.scene.created.append(record)
        self.scene.records[record.id] = record
        self.scene.newest_of[offering.id, person.id] = record
        self.scene.live_of[person.id].append(record)
        self.purse.follow(record, None, actor)
        self._note(record, "reserve", None, actor, None)
        return record

    def step(self, record: ReservationRecord, action: str, actor: Actor, *, reason: str | None = None) -> None:
        """Follow an arrow of the state table, free what it frees, and write the row of history."""
        before = record.state
        after = follow(before, action)
        if after is None:
            raise AssertionError(f"no arrow {action!r} from {before!r}")
        record.state = after
        record.due_at = None
        if after == CONFIRMED:
            record.confirmed_at = self.now
            record.due_at = over_at(record.ends_at)
        if before in TAKEN and after not in TAKEN:
            self._free(record)
        if record.was is not None:
            self.scene.changed[record.id] = record
        self.purse.follow(record, before, actor)
        self._note(record, action, before, actor, reason)

    def give_back(self, offering: OfferingRecord, claims: list[tuple[int, int]]) -> None:
        """Units that were found and are not taken after all."""
        for pool_id, unit in claims:
            self.scene.pools[offering.id][pool_id].give_back(unit)

    def _free(self, record: ReservationRecord) -> None:
        for claim in record.claims:
            if pools := self.scene.pools.get(record.offering_id):
                pools[claim.pool_id].give_back(claim.unit)
        live = self.scene.live_of.get(record.person_id or 0, [])
        if record in live:
            live.remove(record)

    def _note(
        self, record: ReservationRecord, action: str, before: str | None, actor: Actor, reason: str | None
    ) -> None:
        record.steps += 1
        self.scene.moves.append(
            MoveRecord(
                record.id, record.steps, action, before, record.state, self.now, actor.person_id, reason,
                actor.request_id or None,
            )
        )  # fmt: skip

    def new_code(self, record: ReservationRecord) -> CodeRecord:
        """The next code for a hold; the one before it is void, its wrong guesses stay counted."""
        code = self.scene.codes.get(record.id)
        if code is None:
            code = CodeRecord(CONFIRM, record.id, "", 0, 0, record.due_at or self.now, is_new=True)
            self.scene.codes[record.id] = code
        code.serial += 1
        code.nonce = self.app.chance.nonce()
        self.scene.changed_codes[record.id] = code
        return code

    def tell(self, record: ReservationRecord, kind: str, **facts: Any) -> None:
        """Write a letter to the reservation's person; what is None goes without saying."""
        if record.person_id is None:
            return
        said = {name: value for name, value in facts.items() if value is not None}
        self.scene.letters.append(
            Letter(
                kind, self.scene.people[record.person_id].email, self.app.new_message_id(), record.person_id,
                record.id, record.offering_id, json.dumps(said) if said else "{}",
            )
        )  # fmt: skip

    def view(self, record: ReservationRecord) -> Reservation:
        """The reservation as everybody may see it who may see it."""
        offering = self.scene.offerings[record.offering_id]
        person = self.scene.people[record.person_id or 0]
        return reservation_view(record, offering, PersonRef(person.id, person.email, person.name), self.state(record))


def reservation_view(
    record: ReservationRecord, offering: OfferingRecord | Any, user: PersonRef, state: str
) -> Reservation:
    """The answer that shows a reservation."""
    shows_places = state not in (CANCELLED, EXPIRED)
    return Reservation(
        id=record.id,
        code=codes.reservation_code(record.id),
        state=state,
        offering=OfferingRef(offering.id, offering.kind, offering.title),
        user=user,
        party=record.party,
        places=tuple(Place(None, None, claim.unit) for claim in record.claims) if shows_places else (),
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        timezone=offering.timezone,
        expires_at=record.due_at if state == HELD else None,
        position=None,
        price=None if record.price_minor is None else Money(record.price_minor, record.currency or ""),
        created_at=record.created_at,
        confirmed_at=record.confirmed_at,
        checked_in_at=record.checked_in_at,
    )
