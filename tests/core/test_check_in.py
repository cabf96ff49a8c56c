"""Check-in: its window, what lapses without it and when, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog, reservations, upkeep
from classbook.core.asks import ById, ByPerson, Cancel, CheckIn, Confirm, Reserve
from classbook.rules.states import STATES
from classbook.testing import FrozenClock
from classbook.values import Offering, Reservation
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    NOW,
    Cast,
    a_class,
    a_court,
    as_person,
    ask,
    booking_of,
    clock_time,
    confirmed,
    hold,
    mailed,
    moves,
    refusal,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def come(app: App, one: Reservation) -> Reservation:
    return ask(app, CheckIn(CONSOLE, ById(one.id)))


def test_check_in_opens_before_the_start_and_closes_with_the_grace(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, units=2, check_in=True, check_in_from_seconds=600, grace_seconds=900)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    late = ask(app, booking_of(court, cast.ben, "10:00-12:00"))
    ana, ben = as_person(cast.ana), as_person(cast.ben)
    clock.set(clock_time("09:50") - MICROSECOND)
    assert refusal(app, CheckIn(ana, ById(one.id))) == "too_early"
    clock.advance(MICROSECOND)
    assert refusal(app, CheckIn(ben, ById(one.id))) == "not_found"
    came = ask(app, CheckIn(ana, ByPerson(court.id)))
    assert (came.state, came.checked_in_at) == ("confirmed", clock.now())
    assert moves(app, one)[-1] == ("confirmed", "check_in", "confirmed")
    assert refusal(app, CheckIn(ana, ById(one.id))) == "not_allowed_now"
    clock.set(clock_time("10:15"))
    assert refusal(app, CheckIn(ben, ById(late.id))) == "not_allowed_now"
    assert show(app, late).state == "expired"
    clock.set(clock_time("12:00"))
    assert show(app, one).state == "completed"


def test_a_missing_check_in_frees_the_rest_of_the_time(app: App, clock: FrozenClock, cast: Cast) -> None:
    """With no daemon: it is free for who asks, who waits and who looks."""
    court = a_court(app, check_in=True, grace_seconds=900)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    clock.set(clock_time("10:15") - MICROSECOND)
    assert show(app, one).state == "confirmed"
    assert refusal(app, booking_of(court, cast.ben, "10:30-11:00", queue=False)) == "span_taken"
    assert catalog.show(app, "resource", court.id).available == 0
    clock.advance(MICROSECOND)
    assert show(app, one).state == "expired"
    assert show(app, one).places == ()
    assert catalog.show(app, "resource", court.id).available == 1
    assert ask(app, booking_of(court, cast.ben, "10:30-11:00")).state == "confirmed"
    assert moves(app, one)[-1] == ("confirmed", "lapse", "expired")
    assert [to for to, subject, _ in mailed(app) if to == cast.ana.email][-1] == cast.ana.email


def test_who_waits_gets_the_rest_of_the_time(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, check_in=True, grace_seconds=900)
    ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    early = ask(app, booking_of(court, cast.ben, "10:00-11:00"))
    late = ask(app, booking_of(court, cast.cleo, "11:00-12:00"))
    clock.set(clock_time("10:15"))
    assert upkeep.settle_due(app)
    assert [show(app, one).state for one in (early, late)] == ["expired", "confirmed"]


def test_without_a_grace_who_never_came_lapses_at_the_end(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, units=2, check_in=True)
    came, never = (ask(app, booking_of(court, who, "10:00-11:00")) for who in (cast.ana, cast.ben))
    clock.set(clock_time("10:59"))
    come(app, came)
    assert refusal(app, booking_of(court, cast.cleo, "10:59-11:30", queue=False)) == "span_taken"
    clock.set(clock_time("11:00"))
    for _ in range(2):
        assert [show(app, one).state for one in (came, never)] == ["completed", "expired"]
        upkeep.settle_due(app)
    assert moves(app, came)[-1] == ("confirmed", "complete", "completed")
    assert moves(app, never)[-1] == ("confirmed", "lapse", "expired")


def test_a_grace_that_is_longer_than_the_booking_ends_with_it(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, check_in=True, grace_seconds=7200)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    clock.set(clock_time("11:00") - MICROSECOND)
    assert show(app, one).state == "confirmed"
    clock.advance(MICROSECOND)
    assert show(app, one).state == "expired"


def test_only_what_is_confirmed_can_be_checked_in(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, confirm="self", check_in=True)
    clock.set(clock_time("09:55"))
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    waiting = ask(app, booking_of(court, cast.ben, "10:00-11:00"))
    for each in (one, waiting):
        assert refusal(app, CheckIn(CONSOLE, ById(each.id))) == "not_allowed_now"
    assert refusal(app, CheckIn(CONSOLE, ById(999))) == "not_found"


def test_where_none_is_needed_who_never_came_completes_all_the_same(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    clock.set(clock_time("11:00"))
    upkeep.settle_due(app)
    assert show(app, one).state == "completed"


def test_a_class_can_ask_for_check_in_too(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=2, check_in=True, grace_seconds=600, starts_in=timedelta(hours=1))
    came, never = confirmed(app, offering, cast.ana), confirmed(app, offering, cast.ben)
    catalog.update(app, CONSOLE, "class", offering.id, {"starts_at": NOW + timedelta(hours=2)})
    clock.set(NOW + timedelta(hours=2))
    come(app, came)
    clock.advance(seconds=600)
    assert [show(app, one).state for one in (came, never)] == ["confirmed", "expired"]
    assert catalog.show(app, "class", offering.id).reserved == 1
    clock.set(NOW + timedelta(hours=3))
    for _ in range(2):
        assert [show(app, one).state for one in (came, never)] == ["completed", "expired"]
        assert catalog.show(app, "class", offering.id).reserved == 1
        upkeep.settle_due(app)


def test_a_dead_hold_is_no_place_taken_after_the_class_either(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=2)
    confirmed(app, offering, cast.ana)
    hold(app, offering, cast.ben)
    clock.set(NOW + timedelta(days=2))
    assert catalog.show(app, "class", offering.id).reserved == 1


def test_a_dead_hold_for_another_time_is_not_a_place_free_now(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, units=2, confirm="self")
    now = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    confirm_all(app, now)
    clock.set(clock_time("11:00"))
    ask(app, booking_of(court, cast.ben, "18:00-19:00"))
    clock.advance(seconds=300)
    assert catalog.show(app, "resource", court.id).reserved == 1


def confirm_all(app: App, *several: Reservation) -> None:
    for one in several:
        ask(app, Confirm(CONSOLE, ById(one.id)))


def by_twos(app: App, state: str) -> Iterator[Reservation]:
    """All that are in a state, in pages of two."""
    page = reservations.listing(app, CONSOLE, state=state, limit=2)
    yield from page.results
    while page.next:
        page = reservations.listing(app, CONSOLE, state=state, limit=2, cursor=page.next)
        yield from page.results


def test_lists_are_filtered_by_the_state_they_show(app: App, clock: FrozenClock, cast: Cast) -> None:
    """At every moment of a day on which everything happens that time can do, and before anyone writes it down."""
    crowd = cast.crowd(6)
    offerings: list[Offering] = [
        a_court(app, check_in=True, grace_seconds=900),
        a_court(app, confirm="self", check_in=True),
        a_court(app),
    ]
    for court in offerings:
        for who in crowd[:3]:
            ask(app, booking_of(court, who, "10:00-12:00"))
        ask(app, booking_of(court, crowd[4], "14:00-15:00"))
    gone = a_class(app, seats=1)
    hold(app, gone, crowd[0])
    ask(app, Reserve(as_person(crowd[1]), gone.id, queue=True))
    ask(app, Cancel(CONSOLE, ById(ask(app, booking_of(offerings[0], crowd[5], "18:00-19:00")).id)))
    called_off = a_class(app)
    confirm_all(app, hold(app, called_off, crowd[2]))
    hold(app, called_off, crowd[3])
    catalog.cancel(app, CONSOLE, "class", called_off.id)
    seen: set[str] = set()
    for written_down in (False, True):
        for time in ("00:00", "09:00", "10:00", "10:15", "11:59", "12:00", "14:20", "15:00", "23:00"):
            clock.set(clock_time(time))
            if written_down:
                upkeep.settle_due(app)
            everyone = reservations.listing(app, CONSOLE, limit=200).results
            for state in STATES:
                found = reservations.listing(app, CONSOLE, state=state, limit=200).results
                assert [one.id for one in found] == [one.id for one in everyone if one.state == state], (time, state)
                assert {one.state for one in found} <= {state}
                assert tuple(by_twos(app, state)) == found
                seen |= {one.state for one in found}
            assert [show(app, one).state for one in everyone] == [one.state for one in everyone]
            assert [show(app, one).position for one in everyone] == [one.position for one in everyone]
    assert seen == set(STATES)


def test_a_reservation_keeps_the_check_in_it_was_made_with(app: App, clock: FrozenClock, cast: Cast) -> None:
    """Terms that change later, and even a move of the class, neither add a check-in nor take one away."""
    asked = a_class(app, check_in=True, grace_seconds=600, starts_in=timedelta(hours=1))
    unasked = a_class(app, check_in=False, grace_seconds=600, starts_in=timedelta(hours=1))
    with_it, without = hold(app, asked, cast.ana), hold(app, unasked, cast.ana)
    for offering, check_in in ((asked, False), (unasked, True)):
        catalog.update(app, CONSOLE, "class", offering.id, {"policy": {"check_in": check_in}})
    for one in (with_it, without):
        ask(app, Confirm(CONSOLE, ById(one.id)))
    early = confirmed(app, asked, cast.ben)
    for offering in (asked, unasked):
        catalog.update(app, CONSOLE, "class", offering.id, {"starts_at": NOW + timedelta(hours=2)})
    clock.set(NOW + timedelta(hours=2, seconds=600))
    for _ in range(2):
        assert [show(app, one).state for one in (with_it, without, early)] == ["expired", "confirmed", "confirmed"]
        while upkeep.settle_due(app):
            pass
