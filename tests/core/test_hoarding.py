"""Holds that become nothing: how many somebody may have open, the pause after some lapsed, and who may release them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, holds, upkeep
from classbook.core.asks import Ask, ById, Cancel, Confirm, Move, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Actor, Offering, Page, Person, RequestKey, Reservation, plain
from tests.makers import (
    CONSOLE,
    FREELY,
    HOLD,
    MICROSECOND,
    Cast,
    a_class,
    a_court,
    a_doctor,
    as_person,
    ask,
    booking_of,
    broken,
    confirmed,
    hold,
    mailed,
    purse,
    refusal,
    rich,
    said,
    show,
)


def refused(app: App, asked: Ask) -> ClassbookError:
    [outcome] = booking.book(app, [asked])
    assert isinstance(outcome, ClassbookError), outcome
    return outcome


def lapsed(app: App, clock: FrozenClock, offering: Offering, who: Person) -> None:
    """A hold of theirs that ran out a moment ago; whether anybody noted it down is left open."""
    hold(app, offering, who)
    clock.advance(HOLD)


# --- how many at once ----------------------------------------------------------------------------------------------


def test_three_holds_are_enough_wherever_they_are(app: App, cast: Cast) -> None:
    first, *_ = [hold(app, a_class(app), cast.ana) for _ in range(3)]
    fourth = Reserve(as_person(cast.ana), a_class(app).id)
    no = refused(app, fourth)
    assert (no.code, no.detail) == ("limit_reached", "Ana has 3 holds open, and may have 3.")
    assert no.hint == (
        f"Confirm or cancel one, like {first.code}; else the first of them lapses on Tue 1 Dec 2026 09:05 UTC."
    )
    assert no.retry_after_seconds == 300
    hold(app, a_class(app), cast.ben)
    ask(app, Confirm(CONSOLE, ById(first.id)))
    assert ask(app, fourth).state == "held"


@pytest.mark.parametrize("noted", [True, False], ids=["noted down", "not noted down"])
def test_what_ran_out_is_no_open_hold(app: App, cast: Cast, clock: FrozenClock, noted: bool) -> None:
    for _ in range(3):
        hold(app, a_class(app), cast.ana)
    clock.advance(HOLD - MICROSECOND)
    assert refusal(app, Reserve(as_person(cast.ana), a_class(app).id)) == "limit_reached"
    clock.advance(MICROSECOND)
    if noted:
        assert upkeep.settle_due(app)
    hold(app, a_class(app), cast.ana)


def test_the_asks_of_one_batch_are_counted_together(app: App, cast: Cast) -> None:
    offerings = [a_class(app) for _ in range(5)]
    asks = [Reserve(as_person(cast.ana), offering.id) for offering in offerings]
    assert said(booking.book(app, asks)) == ["held"] * 3 + ["limit_reached"] * 2


def test_the_offering_says_how_many(app: App, cast: Cast) -> None:
    for _ in range(5):
        hold(app, a_class(app, open_holds=0), cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), a_class(app, open_holds=5).id)) == "limit_reached"
    hold(app, a_class(app, open_holds=6), cast.ana)


def test_what_is_confirmed_at_once_is_no_hold(app: App, cast: Cast) -> None:
    for _ in range(3):
        hold(app, a_class(app), cast.ana)
    for _ in range(4):
        assert hold(app, a_class(app, confirm="none"), cast.ana).state == "confirmed"
    assert ask(app, booking_of(a_court(app), cast.ana, "10:00-11:00")).state == "confirmed"


def test_an_administrator_is_not_bound(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, seats=9)
    for _ in range(2):
        lapsed(app, clock, offering, cast.ana)
    for actor in (CONSOLE, as_person(cast.emma), CONSOLE, CONSOLE):
        ask(app, Reserve(actor, a_class(app).id, cast.ana.id))
    ask(app, Reserve(as_person(cast.emma), offering.id, cast.ana.id))


def test_a_hold_that_moves_or_is_replaced_is_not_one_more(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, notice_seconds=0, on_second="replace")
    one = ask(app, booking_of(doctor, cast.ana, "10:00"))
    two = [hold(app, a_class(app, party_max=2), cast.ana) for _ in range(2)]
    assert ask(app, Move(as_person(cast.ana), ById(two[0].id), party=2)).party == 2
    assert ask(app, booking_of(doctor, cast.ana, "11:00")).state == "held"
    assert show(app, one).state == "cancelled"
    assert refusal(app, booking_of(doctor, cast.ana, "11:00", days=2)) == "limit_reached"


def test_it_comes_after_the_own_reservation_and_before_sold_out(app: App, cast: Cast) -> None:
    full = a_class(app, seats=1)
    confirmed(app, full, cast.ben)
    mine = [hold(app, a_class(app), cast.ana) for _ in range(3)]
    assert refusal(app, Reserve(as_person(cast.ana), mine[0].offering.id)) == "already_reserved"
    assert refusal(app, Reserve(as_person(cast.ana), full.id)) == "limit_reached"


def test_an_open_hold_of_an_offer_counts(app: App, cast: Cast) -> None:
    full = a_class(app, seats=1)
    one = confirmed(app, full, cast.ben)
    waiting = ask(app, Reserve(as_person(cast.ana), full.id, queue=True))
    for _ in range(2):
        hold(app, a_class(app), cast.ana)
    ask(app, Cancel(as_person(cast.ben), ById(one.id)))
    assert show(app, waiting).state == "held"
    assert refusal(app, Reserve(as_person(cast.ana), a_class(app).id)) == "limit_reached"


# --- the pause -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daemon", [True, False], ids=["with a daemon", "without"])
def test_who_lets_holds_lapse_waits_twice_as_long_each_time(
    app: App, cast: Cast, clock: FrozenClock, daemon: bool
) -> None:
    offering = a_class(app)
    asked = Reserve(as_person(cast.ana), offering.id)
    lapsed(app, clock, offering, cast.ana)
    for factor in (1, 2, 4, 8):
        lapsed(app, clock, offering, cast.ana)
        if daemon:
            upkeep.settle_due(app)
        no = refused(app, asked)
        assert (no.code, no.retry_after_seconds) == ("too_early", 300 * factor)
        clock.advance(HOLD * factor - MICROSECOND)
        assert (refused(app, asked).code, refused(app, asked).retry_after_seconds) == ("too_early", 1)
        clock.advance(MICROSECOND)
    assert hold(app, offering, cast.ana).state == "held"


def test_the_pause_says_until_when(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app)
    for _ in range(2):
        lapsed(app, clock, offering, cast.ana)
    no = refused(app, Reserve(as_person(cast.ana), offering.id))
    assert no.detail == "Holds of Ana for Yoga have lapsed 2 times within a day."
    assert no.hint == "It can be held again from Tue 1 Dec 2026 09:15 UTC on."


def test_the_pause_counts_from_when_it_lapsed_and_not_from_when_that_was_noted(
    app: App, cast: Cast, clock: FrozenClock
) -> None:
    offering = a_class(app)
    for _ in range(2):
        lapsed(app, clock, offering, cast.ana)
    clock.advance(HOLD)
    assert hold(app, offering, cast.ana).state == "held"


def test_it_is_of_one_person_and_of_one_offering(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering, other = a_class(app), a_class(app)
    for _ in range(2):
        lapsed(app, clock, offering, cast.ana)
    hold(app, offering, cast.ben)
    hold(app, other, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), offering.id)) == "too_early"


def test_a_day_later_it_is_forgotten(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, starts_in=timedelta(days=9))
    lapsed(app, clock, offering, cast.ana)
    clock.advance(timedelta(days=1) - 2 * HOLD)
    lapsed(app, clock, offering, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), offering.id)) == "too_early"
    clock.advance(HOLD)  # a day after the first
    lapsed(app, clock, offering, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), offering.id)) == "too_early"
    clock.advance(timedelta(days=1))
    hold(app, offering, cast.ana)


def test_what_was_cancelled_or_confirmed_did_not_lapse(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, max_per_person=9)
    for _ in range(3):
        ask(app, Cancel(as_person(cast.ana), ById(hold(app, offering, cast.ana).id)))
    confirmed(app, offering, cast.ana)
    lapsed(app, clock, offering, cast.ana)
    hold(app, offering, cast.ana)


def test_where_the_offering_says_so_there_is_no_pause(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, **FREELY)
    for _ in range(5):
        lapsed(app, clock, offering, cast.ana)


def test_a_bot_that_holds_everything_lets_the_others_in(app: App, cast: Cast, clock: FrozenClock) -> None:
    """A few people hold all places of a class again and again; within a few holds' time all others have theirs."""
    offering = a_class(app, seats=20, confirm="self")
    bots, honest = cast.crowd(20), [cast.ana, cast.ben, cast.cleo, cast.dora, cast.emma]
    for _ in range(4):
        booking.book(app, [Reserve(as_person(bot), offering.id) for bot in bots])
        for who in honest:
            outcome = booking.book(app, [Reserve(as_person(who), offering.id)])[0]
            if isinstance(outcome, Reservation):
                ask(app, Confirm(as_person(who), ById(outcome.id)))
        clock.advance(HOLD)
    assert all(refusal(app, Reserve(as_person(who), offering.id)) == "already_reserved" for who in honest)


# --- released ------------------------------------------------------------------------------------------------------


def test_an_administrator_releases_all_that_somebody_holds(app: App, cast: Cast) -> None:
    priced = a_class(app, price="10", seats=1)
    mine = [hold(app, priced, rich(app, cast.ana)), hold(app, a_class(app), cast.ana)]
    kept, theirs = confirmed(app, a_class(app), cast.ana), hold(app, a_class(app), cast.ben)
    waiting = ask(app, Reserve(as_person(rich(app, cast.ben)), priced.id, queue=True))
    released = holds.release(app, as_person(cast.emma), cast.ana.id, reason="too many")
    assert isinstance(released, Page)
    assert [(one.id, one.state) for one in released.results] == [(one.id, "cancelled") for one in mine]
    assert [show(app, one).state for one in (*mine, kept, theirs, waiting)] == [
        "cancelled", "cancelled", "confirmed", "held", "held",
    ]  # fmt: skip
    assert purse(app, cast.ana) == ("100.00", "0.00")
    letters = [text for to, subject, text in mailed(app) if to == cast.ana.email and subject.startswith("Cancelled")]
    assert len(letters) == 2 and all("too many" in text for text in letters)
    assert broken(app) == []


def test_or_of_one_offering(app: App, cast: Cast) -> None:
    here, there = hold(app, a_class(app), cast.ana), hold(app, a_class(app), cast.ana)
    holds.release(app, CONSOLE, cast.ana.id, offering_id=here.offering.id)
    assert [show(app, one).state for one in (here, there)] == ["cancelled", "held"]


def test_what_was_released_did_not_lapse(app: App, cast: Cast) -> None:
    offering = a_class(app)
    for _ in range(3):
        hold(app, offering, cast.ana)
        holds.release(app, CONSOLE, cast.ana.id)
    hold(app, offering, cast.ana)


def test_a_dry_run_releases_nothing_and_a_key_makes_it_safe_to_repeat(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app), cast.ana)
    dry = plain(holds.release(app, CONSOLE, cast.ana.id, dry_run=True))
    assert [found["state"] for found in dry["results"]] == ["cancelled"]
    assert show(app, one).state == "held"
    key = RequestKey("k", "body")
    first = plain(holds.release(app, CONSOLE, cast.ana.id, key=key))
    hold(app, a_class(app), cast.ana)
    assert plain(holds.release(app, CONSOLE, cast.ana.id, key=key)) == first
    assert len(plain(holds.release(app, CONSOLE, cast.ana.id))["results"]) == 1
    assert plain(holds.release(app, CONSOLE, cast.ana.id))["results"] == []


@pytest.mark.parametrize("who", ["ana", "cleo"])
def test_nobody_else_releases_anything(app: App, cast: Cast, who: str) -> None:
    one = hold(app, a_class(app, by=as_person(cast.cleo)), cast.ana)
    with pytest.raises(ClassbookError) as no:
        holds.release(app, as_person(getattr(cast, who)), cast.ana.id)
    assert (no.value.code, show(app, one).state) == ("not_yours", "held")


def test_somebody_who_is_not_there_holds_nothing(app: App) -> None:
    with pytest.raises(ClassbookError) as no:
        holds.release(app, Actor(), 999)
    assert no.value.code == "not_found"
