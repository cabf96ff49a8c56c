"""What a write needs to find, made through the core when it is first named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from classbook.app import App
from classbook.core import matches, outbox, vouchers, wallet, webhooks
from classbook.core.asks import Reserve
from classbook.values import Offering, Person, VenuePlan, Webhook
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    clock_time,
    confirmed,
    hold,
)


@dataclass
class Stage:
    """A house with something of every sort, as far as it is asked for."""

    app: App
    cast: Cast

    @cached_property
    def yoga(self) -> Offering:
        return a_class(self.app)

    @cached_property
    def picnic(self) -> Offering:
        return a_class(self.app, kind="event")

    @cached_property
    def arena(self) -> VenuePlan:
        return a_venue(self.app, "A:1x2")

    @cached_property
    def final(self) -> Offering:
        return a_match(self.app, self.arena)

    @cached_property
    def court(self) -> Offering:
        return a_court(self.app)

    @cached_property
    def doctor(self) -> Offering:
        return a_doctor(self.app)

    @property
    def ana(self) -> str:
        return self.cast.ana.email

    def held(self) -> str:
        return hold(self.app, self.yoga, self.cast.ana).code

    def soon(self) -> str:
        """Confirmed, and it begins in ten minutes."""
        return confirmed(self.app, a_class(self.app, starts_in=timedelta(minutes=10)), self.cast.ana).code

    def funded(self) -> str:
        wallet.top_up(self.app, CONSOLE, "20", person=self.cast.ana.id)
        return self.ana

    def blocked(self) -> int:
        matches.block(self.app, CONSOLE, self.final.id, ["A-1-1"])
        return self.final.id

    def dead_mail(self) -> int:
        outbox.post_test(self.app, CONSOLE, "a@example.org")
        self.app.store.write(lambda tx: tx.change("UPDATE messages SET state = 'dead', due_at = NULL"))
        return 1

    def webhook(self) -> int:
        made = webhooks.add(self.app, CONSOLE, "https://example.org/")
        assert isinstance(made, Webhook)
        return made.id

    def told(self) -> int:
        """A delivery that nobody took."""
        self.webhook()
        self.held()
        self.app.store.write(lambda tx: tx.change("UPDATE deliveries SET state = 'dead', due_at = NULL"))
        return webhooks.deliveries(self.app, CONSOLE).results[0].id

    def voucher(self) -> str:
        vouchers.create(self.app, CONSOLE, "SPRING", percent=5)
        return "SPRING"

    def holding(self) -> Person:
        self.held()
        return self.cast.ana

    def of_yoga(self) -> dict[str, int]:
        """Ana's hold of a place, as the class and the person."""
        self.held()
        return {"class_id": self.yoga.id, "user_id": self.cast.ana.id}

    def seated(self) -> int:
        """A match of which Emma has a seat."""
        ask(self.app, Reserve(as_person(self.cast.emma), self.final.id, seats=("A-1-1",)))
        return self.final.id

    def booked(self) -> int:
        """Emma's booking of the court."""
        start, end = clock_time("10:00"), clock_time("11:00")
        return ask(self.app, Reserve(as_person(self.cast.emma), self.court.id, starts_at=start, ends_at=end)).id

    def paid_for_by(self, who: Person) -> tuple[int, int]:
        """The wallet that pays for a priced hold of somebody, and the hold."""
        match = a_match(self.app, self.arena, prices={"A": "5"})
        wallet.top_up(self.app, CONSOLE, "20", person=who.id)
        held = ask(self.app, Reserve(as_person(who), match.id, seats=("A-1-1",)))
        return wallet.show(self.app, CONSOLE, person=who.id).id, held.id
