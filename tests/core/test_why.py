"""`why`: every reason in order, and alternatives that can be had; on both databases."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from classbook.app import App
from classbook.cli.steps import COMMANDS
from classbook.core import advice, booking, catalog, upkeep
from classbook.core.asks import ById, Cancel, CheckIn, Confirm, Reserve
from classbook.errors import ClassbookError, in_words
from classbook.rules.opening import Closed
from classbook.store.database import Tx
from classbook.testing import FrozenClock
from classbook.values import (
    Offering,
    OtherOffering,
    OtherSeats,
    OtherTime,
    Person,
    PlaceInLine,
    Reservation,
    SmallerParty,
    Why,
    plain,
)
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    confirmed,
    everything,
    hold,
    opened,
    rich,
    unproved,
)

pytestmark = pytest.mark.usefixtures("sound")


def codes(told: Why) -> list[str]:
    return [reason.code for reason in told.reasons]


def instead(told: Why) -> list[Any]:
    """The alternatives in short: the sort, and what it is."""
    found: list[Any] = []
    for one in told.alternatives:
        match one:
            case OtherSeats():
                found.append(("seats", list(one.seats)))
            case OtherTime():
                found.append(("slot", f"{one.start:%d %H:%M}-{one.end:%H:%M}"))
            case OtherOffering():
                found.append(("offering", one.offering.id))
            case SmallerParty():
                found.append(("party", one.party))
            case PlaceInLine():
                found.append(("queue", one.position))
    return found


def asked(offering: Offering, who: Person, **more: Any) -> Reserve:
    return Reserve(as_person(who), offering.id, **more)


# --- search and commit are one -------------------------------------------------------------------------------------


class Situations:
    """A house of every kind in which many things happen, and what people might ask there."""

    def __init__(self, app: App, cast: Cast, seed: int):
        self.app, self.chance = app, Random(seed)
        self.crowd = [rich(app, who, str(self.chance.choice([5, 30, 300]))) for who in cast.crowd(4)]
        arena = a_venue(app, "A:2x4", "B:1x3")
        soon: dict[str, Any] = {"starts_in": timedelta(hours=3)}
        self.offerings = [
            a_class(app, seats=3, confirm="self", **soon),
            a_class(app, seats=3, confirm="self", starts_in=timedelta(days=2)),
            a_class(app, seats=4, price="10", confirm="payment", max_per_person=3, **soon),
            a_class(app, kind="event", seats=2, title="Talk", notice_seconds=3600, horizon_seconds=10800, **soon),
            a_match(app, arena, prices={"A": "20", "B": "5"}, max_per_person=4, party_max=3, **soon),
            a_court(app, units=2, grid_seconds=1800, min_seconds=1800, max_seconds=7200, check_in=True),
            opened(
                app, a_court(app, units=3, title="Projectors", after_seconds=600, queues=False), "daily 08:00-18:00"
            ),
            opened(app, a_doctor(app, notice_seconds=3600), "daily 09:00-13:00"),
            a_doctor(app, name="Dr. Kim", on_second="replace", cancel_until_seconds=3600, notice_seconds=0),
        ]
        self.booked: list[int] = []

    def ask(self) -> Reserve:
        pick, offering = self.chance, self.chance.choice(self.offerings)
        who = pick.choice(self.crowd)
        begins = self.app.clock.now().replace(minute=0, second=0) + timedelta(minutes=15 * pick.randint(-4, 60))
        seats = [f"{stand}-{row}-{seat}" for stand in "AB" for row in (1, 2) for seat in (1, 2, 3, 4)]
        terms: dict[str, Any] = {
            "party": pick.choice([1, 1, 1, 2, 3, 4, 12, 0]),
            "queue": pick.choice([None, True, False]),
        }
        if offering.kind == "match":
            kind = pick.choice(["seats", "best", "category", "none"])
            terms |= {"seats": tuple(pick.sample(seats, pick.randint(1, 3)))} if kind == "seats" else {}
            terms |= {"best": pick.randint(1, 5), "strict": pick.random() < 0.3} if kind != "seats" else {}
            terms |= {"category": pick.choice("ABC")} if kind == "category" else {}
        elif offering.kind in ("resource", "appointment") and pick.random() < 0.95:
            terms |= {"starts_at": begins}
            if offering.kind == "resource" and pick.random() < 0.95:
                terms |= {"ends_at": begins + timedelta(minutes=30 * pick.randint(0, 5))}
        elif pick.random() < 0.03:
            terms |= {"starts_at": begins}
        return Reserve(as_person(who), offering.id, **terms)

    def happen(self, last: Reserve) -> None:
        """Something changes: what was asked is done, or time passes, or somebody does something else."""
        what = self.chance.random()
        if what < 0.55:
            [outcome] = booking.book(self.app, [last])
            if isinstance(outcome, Reservation):
                self.booked.append(outcome.id)
        elif what < 0.8 and self.booked:
            which = ById(self.chance.choice(self.booked))
            verb = self.chance.choice([Confirm, Confirm, Cancel, CheckIn])
            booking.book(self.app, [verb(CONSOLE, which)])
        elif what < 0.98:
            clock = self.app.clock
            assert isinstance(clock, FrozenClock)
            clock.advance(timedelta(minutes=self.chance.choice([1, 5, 20, 45])))
            if self.chance.random() < 0.3:
                upkeep.settle_due(self.app)
        else:
            gone = self.offerings[0]
            with suppress(ClassbookError):
                catalog.cancel(self.app, CONSOLE, gone.kind, gone.id)


def tried(app: App, it: Reserve) -> Any:
    """What would become of an ask: the reservation, or the refusal."""
    [outcome] = booking.book(app, [it], dry_run=True)
    return outcome


def check_alternatives(app: App, it: Reserve, told: Why) -> None:
    """Every alternative can be had."""
    for one in told.alternatives:
        match one:
            case OtherTime():
                length = next(o for o in app_offerings(app) if o["id"] == it.offering_id)["policy"]["slot_seconds"]
                other = replace(it, starts_at=one.start, ends_at=None if length else one.end, queue=False)
            case OtherSeats():
                other = replace(it, seats=one.seats, best=None, category=None, strict=False, queue=False)
            case SmallerParty():
                other = replace(it, party=one.party, queue=False)
            case PlaceInLine():
                other = replace(it, queue=True)
            case OtherOffering():
                other = replace(it, offering_id=one.offering.id, starts_at=None, ends_at=None, queue=False)
        outcome = tried(app, other)
        assert not isinstance(outcome, ClassbookError), (it, one, outcome)
        if isinstance(one, PlaceInLine):
            assert (outcome.state, outcome.position) == ("queued", one.position)
        if isinstance(one, OtherSeats):
            assert (outcome.price, {place.seat for place in outcome.places}) == (one.price, set(one.seats))


def app_offerings(app: App) -> list[dict[str, Any]]:
    kinds = ("class", "event", "match", "appointment", "resource")
    return [plain(one) for kind in kinds for one in catalog.listing(app, kind, limit=50).results]


@pytest.mark.parametrize("seed", range(3))
def test_why_says_what_reserve_would_say(app: App, cast: Cast, seed: int) -> None:
    house = Situations(app, cast, seed)
    seen: set[str] = set()
    for _ in range(120 if app.store.is_embedded else 40):
        it = house.ask()
        outcome = tried(app, it)
        told = advice.why(app, it, steps=COMMANDS)
        if isinstance(outcome, ClassbookError):
            first, hint = told.reasons[0], in_words(outcome.hint, COMMANDS)
            assert (first.code, first.detail, first.hint) == (outcome.code, outcome.detail, hint), it
            assert (told.possible, told.state) == (False, None)
        else:
            assert told.reasons == () and (told.possible, told.state) == (True, outcome.state), (it, told)
        check_alternatives(app, it, told)
        seen |= {*codes(told), *(one.kind for one in told.alternatives)}
        house.happen(it)
    assert len(seen) > 8, seen


def test_it_writes_nothing_and_waits_for_nobody(app: App, clock: FrozenClock, cast: Cast) -> None:
    """Not even what it settles on the way; and somebody else holds all the locks meanwhile."""
    yoga = a_class(app, seats=1, price="10", confirm="self")
    hold(app, yoga, rich(app, cast.ana))
    queued = ask(app, asked(yoga, rich(app, cast.ben), queue=True))
    clock.advance(timedelta(minutes=5))
    asks = asked(yoga, cast.cleo)
    before = everything(app)

    def while_locked(tx: Tx) -> Why:
        tx.rows(f"SELECT id FROM offerings WHERE id = ?{tx.locking()}", yoga.id)
        tx.rows(f"SELECT id FROM pools{tx.locking()}")
        tx.rows(f"SELECT id FROM reservations{tx.locking()}")
        return advice.why(app, asks)

    told = app.store.write(while_locked)
    assert codes(told) == ["sold_out", "insufficient_funds"]
    assert everything(app) == before
    assert queued.state == "queued"


def test_it_takes_as_many_queries_whatever_is_booked(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = a_doctor(app, slot_seconds=1800, per_day=None)
    yoga = a_class(app, seats=3, confirm="none")
    others = [a_class(app, seats=3, starts_in=timedelta(days=days)) for days in (2, 3)]
    counted: list[int] = []
    pipeline = Tx.pipeline

    def counting(tx: Tx, *queries: Any) -> Any:
        counted.append(len(queries))
        return pipeline(tx, *queries)

    def queries() -> list[tuple[int, int]]:
        found = []
        for it in (booking_of(doctor, cast.ana, "09:00"), asked(yoga, cast.ana, party=11)):
            counted.clear()
            monkeypatch.setattr(Tx, "pipeline", counting)
            advice.why(app, it)
            monkeypatch.setattr(Tx, "pipeline", pipeline)
            found.append((len(counted), sum(counted)))
        return found

    hold(app, others[0], cast.ana)
    few = queries()
    asks = [booking_of(doctor, cast.ben, f"{hour:02}:00", days=days) for days in range(2, 9) for hour in range(24)]
    booking.book(app, list(asks))
    crowd = cast.crowd(3)
    booking.book(app, [asked(one, who) for one in (yoga, *others) for who in crowd])
    for days in range(4, 12):
        a_class(app, seats=3, starts_in=timedelta(days=days))
    assert queries() == few


# --- the reasons ---------------------------------------------------------------------------------------------------


def test_all_reasons_are_told_in_their_order(app: App, clock: FrozenClock, cast: Cast) -> None:
    yoga = a_class(
        app, seats=1, price="10", confirm="self", notice_seconds=3600, party_max=2, starts_in=timedelta(hours=2)
    )
    confirmed(app, yoga, rich(app, cast.ana, "10"))
    clock.advance(timedelta(minutes=90))
    told = advice.why(app, asked(yoga, cast.ana, party=3), steps=COMMANDS)
    assert codes(told) == ["below_notice", "already_reserved", "limit_reached", "sold_out", "insufficient_funds"]
    assert told.reasons[0].title == "That is too short a notice"
    assert told.reasons[1].hint and "classbook cancel" in told.reasons[1].hint
    assert told.alternatives == ()
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert codes(advice.why(app, asked(yoga, cast.ben)))[:2] == ["offering_cancelled", "below_notice"]


def test_of_a_time_one_picks_everything_is_told_too(app: App, cast: Cast) -> None:
    court = opened(app, a_court(app, max_seconds=3600, notice_seconds=72 * 3600), "daily 08:00-12:00")
    told = advice.why(app, booking_of(court, cast.ana, "11:00-13:00"))
    assert codes(told) == ["below_notice", "bad_span", "outside_schedule"]
    assert instead(told) == [("slot", "04 09:00-10:00"), ("slot", "05 08:00-09:00"), ("slot", "06 08:00-09:00")]


def test_only_an_administrator_asks_for_somebody_else(app: App, cast: Cast) -> None:
    yoga = a_class(app)
    assert advice.why(app, Reserve(as_person(cast.emma), yoga.id, cast.ben.id)).possible
    for it, code in (
        (Reserve(as_person(cast.ana), yoga.id, cast.ben.id), "not_yours"),
        (Reserve(as_person(cast.ana), 99), "not_found"),
        (Reserve(CONSOLE, yoga.id), "invalid"),
        (Reserve(CONSOLE, yoga.id, 99), "not_found"),
    ):
        with pytest.raises(ClassbookError) as refused:
            advice.why(app, it)
        assert refused.value.code == code


def test_who_has_not_proved_the_address_is_told_that_and_offered_nothing(app: App) -> None:
    new, yoga = unproved(app, "Doc"), a_class(app, seats=1)
    assert advice.why(app, Reserve(CONSOLE, yoga.id, new.id)).possible
    told = advice.why(app, asked(yoga, new))
    assert codes(told) == ["not_allowed_now"] and told.alternatives == ()


# --- the alternatives ----------------------------------------------------------------------------------------------


def test_the_nearest_slots_of_a_provider(app: App, cast: Cast) -> None:
    doctor = opened(app, a_doctor(app), "daily 10:00-11:00")
    ask(app, booking_of(doctor, cast.ben, "10:30", days=2))
    told = advice.why(app, booking_of(doctor, cast.ana, "10:30", days=2))
    assert codes(told) == ["span_taken"]
    assert instead(told) == [
        ("slot", "03 10:00-10:15"), ("slot", "03 10:15-10:30"), ("slot", "03 10:45-11:00"), ("queue", 1),
    ]  # fmt: skip
    ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    told = advice.why(app, booking_of(doctor, cast.ana, "10:15", days=2))
    assert codes(told) == ["limit_reached"]
    assert [said[:2] for _, said in instead(told)] == ["02", "02", "04"]
    told = advice.why(app, Reserve(as_person(cast.ana), doctor.id))
    assert codes(told) == ["invalid"] and len(told.alternatives) == 3
    opened(app, doctor, Closed(NOW.date(), (NOW + timedelta(days=60)).date()))
    assert instead(advice.why(app, booking_of(doctor, cast.cleo, "10:30", days=2))) == []


def test_the_nearest_free_spans_of_a_resource(app: App, cast: Cast) -> None:
    court = opened(app, a_court(app, units=2, after_seconds=900, grid_seconds=1800), "daily 08:00-18:00")
    ask(app, booking_of(court, cast.ben, "10:00-12:00", party=2))
    told = advice.why(app, booking_of(court, cast.ana, "11:00-12:00", queue=False))
    assert codes(told) == ["span_taken"]
    assert instead(told) == [
        ("slot", "02 08:00-09:00"), ("slot", "02 08:30-09:30"), ("slot", "02 12:30-13:30"), ("queue", 1),
    ]  # fmt: skip
    waits = advice.why(app, booking_of(court, cast.ana, "11:00-12:00"))
    assert (waits.possible, waits.state, waits.reasons) == (True, "queued", ())
    assert ("queue", 1) in instead(waits) and len(waits.alternatives) == 4
    free = advice.why(app, booking_of(court, cast.ana, "13:00-14:00"))
    assert (free.possible, free.state, free.alternatives) == (True, "confirmed", ())


def test_a_smaller_party_and_the_same_class_on_another_date(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=5)
    hold(app, yoga, cast.ben, party=3)
    full = a_class(app, seats=5, starts_in=timedelta(days=2))
    hold(app, full, cast.cleo, party=4)
    mine = a_class(app, seats=5, starts_in=timedelta(days=3))
    hold(app, mine, cast.ana)
    right = [a_class(app, seats=5, starts_in=timedelta(days=days)) for days in (7, 5, 6, 4)]
    a_class(app, seats=5, title="Pilates")
    told = advice.why(app, asked(yoga, cast.ana, party=4))
    assert codes(told) == ["sold_out"]
    assert instead(told) == [
        ("party", 2), ("offering", right[3].id), ("offering", right[1].id), ("offering", right[2].id), ("queue", 1),
    ]  # fmt: skip
    assert [one.available for one in told.alternatives if isinstance(one, OtherOffering)] == [5, 5, 5]


def test_who_holds_too_much_already_is_not_led_to_another_hold(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=1, open_holds=2)
    other = a_class(app, seats=5, starts_in=timedelta(days=2), open_holds=1)
    hold(app, yoga, cast.ben)
    assert instead(advice.why(app, asked(yoga, cast.ana))) == [("offering", other.id), ("queue", 1)]
    hold(app, a_class(app, title="Judo"), cast.ana)
    assert instead(advice.why(app, asked(yoga, cast.ana))) == [("queue", 1)]


def test_no_other_time_is_proposed_to_who_can_wait_and_cannot_pay(app: App, cast: Cast) -> None:
    """Waiting costs nothing: the money is asked for when a place is offered."""
    court = a_court(app, price="10", confirm="self")
    ask(app, booking_of(court, rich(app, cast.ana), "10:00-11:00"))
    told = advice.why(app, booking_of(court, rich(app, cast.ben, "9"), "10:00-11:00"))
    assert (told.state, instead(told)) == ("queued", [("queue", 1)])
    told = advice.why(app, booking_of(court, rich(app, cast.ben, "1"), "10:00-11:00"))
    assert instead(told) == [("slot", "02 09:00-10:00"), ("slot", "02 11:00-12:00"), ("queue", 1)]


def test_what_somebody_can_pay_is_a_smaller_party_too(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=8, price="10", confirm="payment")
    told = advice.why(app, asked(yoga, rich(app, cast.ana, "35"), party=6))
    assert codes(told) == ["insufficient_funds"] and instead(told) == [("party", 3)]


def test_other_seats(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:1x4", "B:1x3"), prices={"A": "20", "B": "5"})
    ben, ana = rich(app, cast.ben, "100"), rich(app, cast.ana, "100")
    ask(app, asked(match, ben, seats=("A-1-2",)))
    named = advice.why(app, asked(match, ana, seats=("A-1-2", "A-1-3")))
    assert codes(named) == ["seat_taken"] and "A-1-2" in named.reasons[0].detail
    assert instead(named) == [("seats", ["A-1-3", "A-1-4"]), ("seats", ["B-1-1", "B-1-2"]), ("queue", 1)]
    prices = [one.price for one in named.alternatives if isinstance(one, OtherSeats)]
    assert [price.amount for price in prices if price] == ["40.00", "10.00"]
    many = advice.why(app, asked(match, ana, best=4))
    assert codes(many) == ["sold_out"]
    assert instead(many) == [("seats", ["B-1-1", "B-1-2", "B-1-3"]), ("queue", 1)]
    there = advice.why(app, asked(match, ana, best=3, category="A"))
    assert instead(there) == [("seats", ["B-1-1", "B-1-2", "B-1-3"]), ("queue", 1)]
    poor = advice.why(app, asked(match, rich(app, cast.cleo, "10"), best=2, category="A"))
    assert codes(poor) == ["insufficient_funds"] and instead(poor) == [("seats", ["B-1-1", "B-1-2"])]


def test_the_place_in_line(app: App, cast: Cast) -> None:
    yoga = a_class(app, seats=1)
    hold(app, yoga, cast.ben)
    for number, who in enumerate((cast.cleo, cast.dora), start=1):
        assert instead(advice.why(app, asked(yoga, who)))[-1] == ("queue", number)
        assert ask(app, asked(yoga, who, queue=True)).position == number
    assert instead(advice.why(app, asked(yoga, cast.ana, party=2))) == []
