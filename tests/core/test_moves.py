"""Moving a reservation: one step, and the old place is kept where the new one is refused. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, reservations
from classbook.core.asks import Ask, ById, ByPerson, Cancel, CheckIn, Confirm, Move, Reserve
from classbook.testing import FrozenClock
from classbook.values import Reservation
from tests.makers import (
    CONSOLE,
    HOLD,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    as_person,
    ask,
    booking_of,
    clock_time,
    confirmed,
    everything,
    hold,
    mailed,
    move_of,
    moves,
    opened,
    refusal,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def when(one: Reservation) -> str:
    assert one.starts_at is not None
    assert one.ends_at is not None
    return f"{one.starts_at:%H:%M}-{one.ends_at:%H:%M}"


def test_a_booking_moves_to_a_free_time_in_one_step(app: App, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    moved = ask(app, move_of(one, cast.ana, "14:00-15:30"))
    assert (moved.id, moved.state, when(moved)) == (one.id, "confirmed", "14:00-15:30")
    assert moves(app, one)[-1] == ("confirmed", "move", "confirmed")
    assert reservations.history(app, CONSOLE, one.id).results[-1].actor == cast.ana.email
    assert len([to for to, _, _ in mailed(app) if to == cast.ana.email]) == 2
    assert ask(app, booking_of(court, cast.ben, "10:00-11:00")).state == "confirmed"
    assert refusal(app, booking_of(court, cast.cleo, "15:00-16:00", queue=False)) == "span_taken"


def test_only_the_start_is_named_and_the_length_stays(app: App, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:30"))
    assert when(ask(app, move_of(one, cast.ana, "14:00"))) == "14:00-15:30"
    longer = Move(as_person(cast.ana), ById(one.id), ends_at=clock_time("16:00"))
    assert when(ask(app, longer)) == "14:00-16:00"


@pytest.mark.parametrize("span", ["10:30-11:30", "09:30-10:30", "10:00-12:00", "10:15-10:45", "10:00-11:00"])
def test_a_booking_may_move_into_its_own_time(app: App, cast: Cast, span: str) -> None:
    court = a_court(app, before_seconds=300, after_seconds=300)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    assert when(ask(app, move_of(one, cast.ana, span))) == span
    assert len(show(app, one).places) == 1


def test_the_old_place_is_kept_where_the_new_one_is_refused(app: App, cast: Cast) -> None:
    court = opened(app, a_court(app, units=2, max_seconds=7200), "daily 08:00-20:00")
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ben, "10:30-12:00"))
    ask(app, booking_of(court, cast.cleo, "12:00-13:00", party=2))
    before = everything(app)
    for span, party, code in (
        ("12:30-13:30", None, "span_taken"),
        ("11:30-12:30", None, "span_taken"),
        ("10:00-11:00", 2, "span_taken"),
        ("20:00-21:00", None, "outside_schedule"),
        ("13:00-16:00", None, "bad_span"),
        ("12:00-11:00", None, "bad_span"),
        ("10:00-11:00", 0, "invalid"),
        ("10:00-11:00", -1, "invalid"),
        ("10:00-11:00", 3, "span_taken"),
    ):
        assert refusal(app, move_of(one, cast.ana, span, party=party)) == code, (span, party)
    assert everything(app) == before


def test_a_party_grows_and_shrinks(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=5, confirm="self")
    one = hold(app, offering, cast.ana, party=2)
    hold(app, offering, cast.ben, party=1)
    assert len(ask(app, move_of(one, cast.ana, party=4)).places) == 4
    assert refusal(app, move_of(one, cast.ana, party=5)) == "sold_out"
    assert refusal(app, move_of(one, cast.ana, party=11)) == "limit_reached"
    assert [place.unit for place in ask(app, move_of(one, cast.ana, party=1)).places] != []
    assert ask(app, Reserve(as_person(cast.cleo), offering.id, party=3)).state == "held"
    assert refusal(app, move_of(one, cast.ana, "10:00-11:00")) == "invalid"


def test_limits_hold_for_what_is_moved(app: App, cast: Cast) -> None:
    court = a_court(app, units=9, max_per_person=4)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00", party=2))
    ask(app, booking_of(court, cast.ana, "12:00-13:00"))
    assert ask(app, move_of(one, cast.ana, party=3)).party == 3
    assert refusal(app, move_of(one, cast.ana, party=4)) == "limit_reached"


def test_a_hold_keeps_its_deadline_and_never_outlasts_its_new_start(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, confirm="self")
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    clock.advance(seconds=60)
    assert ask(app, move_of(one, cast.ana, "12:00-13:00")).expires_at == NOW + HOLD
    soon = clock.now() + timedelta(seconds=30)
    moved = ask(app, Move(as_person(cast.ana), ById(one.id), starts_at=soon))
    assert moved.expires_at == soon
    ask(app, move_of(one, cast.ana, "14:00-15:00"))
    clock.set(soon)
    assert refusal(app, move_of(one, cast.ana, "15:00-16:00")) == "hold_expired"


def test_who_may_move_and_until_when(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, cancel_until_seconds=3600)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    assert refusal(app, move_of(one, cast.ben, "12:00-13:00")) == "not_found"
    clock.set(clock_time("09:00"))
    assert refusal(app, move_of(one, cast.ana, "12:00-13:00")) == "too_late"
    assert when(ask(app, Move(CONSOLE, ById(one.id), starts_at=clock_time("12:00")))) == "12:00-13:00"
    assert when(ask(app, Move(as_person(cast.ana), ByPerson(court.id), starts_at=clock_time("13:00")))) == "13:00-14:00"
    clock.set(clock_time("14:00"))
    assert refusal(app, Move(CONSOLE, ById(one.id), starts_at=clock_time("16:00"))) == "not_allowed_now"
    gone = ask(app, booking_of(court, cast.ana, "18:00-19:00"))
    ask(app, Cancel(CONSOLE, ById(gone.id)))
    assert refusal(app, move_of(gone, cast.ana, "20:00-21:00")) == "not_allowed_now"


def test_a_moved_booking_completes_at_its_new_end(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, move_of(one, cast.ana, "12:00-13:00"))
    clock.set(clock_time("11:30"))
    assert show(app, one).state == "confirmed"
    clock.set(clock_time("13:00"))
    assert show(app, one).state == "completed"


def test_what_moves_after_a_check_in_is_checked_in_anew(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app, check_in=True, grace_seconds=600)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    clock.set(clock_time("09:50"))
    ask(app, CheckIn(as_person(cast.ana), ById(one.id)))
    moved = ask(app, move_of(one, cast.ana, "14:00-15:00"))
    assert moved.checked_in_at is None
    clock.set(clock_time("14:10"))
    assert show(app, one).state == "expired"


def test_a_class_place_that_is_confirmed_moves_with_its_state(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=4)
    one = confirmed(app, offering, cast.ana)
    assert ask(app, move_of(one, cast.ana, party=3)).state == "confirmed"
    assert ask(app, Confirm(CONSOLE, ById(one.id))).party == 3


def test_a_batch_moves_what_it_has_just_moved(app: App, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    other = ask(app, booking_of(court, cast.ben, "12:00-13:00"))
    asks: list[Ask] = [
        move_of(one, cast.ana, "14:00-15:00"),
        move_of(other, cast.ben, "10:00-11:00"),
        move_of(one, cast.ana, "12:00-13:00"),
        booking_of(court, cast.cleo, "14:00-15:00"),
        move_of(other, cast.ben, "12:30-13:30"),
    ]
    assert said(booking.book(app, asks)) == ["confirmed", "confirmed", "confirmed", "confirmed", "span_taken"]
    assert [when(show(app, each)) for each in (one, other)] == ["12:00-13:00", "10:00-11:00"]
    rename: list[Ask] = [
        move_of(one, cast.ana, "16:00-17:00"),
        Move(as_person(cast.ana), ById(one.id), ends_at=clock_time("18:00")),
    ]
    assert said(booking.book(app, rename)) == ["confirmed", "confirmed"]
    assert when(show(app, one)) == "16:00-18:00"


def test_a_dry_run_moves_nothing(app: App, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    asks: list[Ask] = [move_of(one, cast.ana, "14:00-15:00"), booking_of(court, cast.ben, "10:00-11:00")]
    before = everything(app)
    assert said(booking.book(app, asks, dry_run=True)) == ["confirmed", "confirmed"]
    assert everything(app) == before


def test_an_appointment_moved_to_a_day_that_has_one_replaces_it(app: App, cast: Cast) -> None:
    strict = a_doctor(app, notice_seconds=0, open_holds=0)
    kind = a_doctor(app, name="Dr. Kim", notice_seconds=0, on_second="replace", open_holds=0)
    for doctor in (strict, kind):
        first = ask(app, booking_of(doctor, cast.ana, "10:00", days=1))
        second = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
        ask(app, booking_of(doctor, cast.ben, "11:00", days=1))
        if doctor is strict:
            assert refusal(app, move_of(second, cast.ana, "12:00", days=1)) == "limit_reached"
            assert show(app, first).state == "held"
            continue
        assert refusal(app, move_of(second, cast.ana, "11:00", days=1)) == "span_taken"
        assert [show(app, one).state for one in (first, second)] == ["held", "held"]
        assert when(ask(app, move_of(second, cast.ana, "10:00", days=1))) == "10:00-10:15"
        assert [show(app, one).state for one in (first, second)] == ["cancelled", "held"]
