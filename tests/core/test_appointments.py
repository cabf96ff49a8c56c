"""Appointments: slots of a provider, notice, and what a second one on the same day becomes. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from classbook.app import App
from classbook.core import booking, catalog, providers, reservations, schedules, upkeep
from classbook.core.asks import Ask, ById, Cancel, CheckIn, Confirm, Reserve
from classbook.errors import ClassbookError
from classbook.rules.opening import Closed
from classbook.testing import FrozenClock
from classbook.values import Reservation, plain
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    NOW,
    Cast,
    a_court,
    a_doctor,
    as_person,
    ask,
    booking_of,
    clock_time,
    mailed,
    move_of,
    moves,
    opened,
    refusal,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def test_somebody_is_a_provider_once(app: App, cast: Cast) -> None:
    made = providers.create(app, CONSOLE, email=cast.ana.email)
    assert plain(made)["title"] == "Ana"
    for email, name in ((cast.ana.email, None), ("ANA@Example.org", "Ana"), ("nobody@example.org", None)):
        with pytest.raises(ClassbookError) as refused:
            providers.create(app, CONSOLE, email=email, name=name)
        assert refused.value.code == ("exists" if email != "nobody@example.org" else "invalid")
    with pytest.raises(ClassbookError) as forbidden:
        providers.create(app, as_person(cast.ben), email="doc@example.org", name="Doc")
    assert forbidden.value.code == "not_yours"


def test_slots_are_what_can_be_booked(app: App, cast: Cast) -> None:
    """Every slot that search shows is had, and every other quarter of an hour is refused."""
    doctor = opened(app, a_doctor(app, after_seconds=300), "daily 08:00-10:00,10:30-11:10")
    ask(app, booking_of(doctor, cast.ben, "08:30", days=2))

    def free() -> list[datetime]:
        start, end = clock_time("00:00", days=2), clock_time("24:00", days=2)
        return [slot.start for slot in schedules.free(app, doctor.id, start=start, end=end).results]

    shown = free()
    assert [f"{start:%H:%M}" for start in shown] == ["08:00", "09:00", "09:15", "09:30", "09:45", "10:30", "10:45"]
    for minute in range(0, 24 * 60, 5):
        start = clock_time("00:00", days=2) + timedelta(minutes=minute)
        [outcome] = booking.book(app, [Reserve(as_person(cast.ana), doctor.id, starts_at=start)], dry_run=True)
        assert isinstance(outcome, Reservation) == (start in shown), start
        if isinstance(outcome, Reservation):
            assert (outcome.state, outcome.ends_at) == ("held", start + timedelta(minutes=15))


def test_an_appointment_is_held_half_an_hour_and_confirmed_by_ones_word(
    app: App, clock: FrozenClock, cast: Cast
) -> None:
    doctor = a_doctor(app)
    one = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    assert one.expires_at == NOW + timedelta(minutes=30)
    clock.advance(timedelta(minutes=30) - MICROSECOND)
    assert ask(app, Confirm(as_person(cast.ana), ById(one.id))).state == "confirmed"
    other = ask(app, booking_of(doctor, cast.ben, "11:00", days=2))
    clock.advance(timedelta(minutes=30))
    assert refusal(app, Confirm(as_person(cast.ben), ById(other.id))) == "hold_expired"
    assert ask(app, booking_of(doctor, cast.cleo, "11:00", days=2)).state == "held"


def test_a_day_ahead_at_least(app: App, clock: FrozenClock, cast: Cast) -> None:
    doctor = a_doctor(app)
    clock.set(clock_time("10:00", days=1))
    assert refusal(app, booking_of(doctor, cast.ana, "09:45", days=2)) == "below_notice"
    [outcome] = booking.book(app, [booking_of(doctor, cast.ana, "09:45", days=2)])
    assert isinstance(outcome, ClassbookError)
    assert outcome.hint == "The first time that can be booked now is Thu 3 Dec 2026 10:00 UTC."
    assert ask(app, booking_of(doctor, cast.ana, "10:00", days=2)).state == "held"


def first_named(app: App, asked: Ask) -> str:
    """The first time that could be booked, as a refusal names it."""
    [outcome] = booking.book(app, [asked])
    assert isinstance(outcome, ClassbookError) and outcome.code == "below_notice", outcome
    return str(outcome.hint).removeprefix("The first time that can be booked now is ").removesuffix(" UTC.")


def test_the_first_time_that_can_be_booked_is_open_and_free(app: App, clock: FrozenClock, cast: Cast) -> None:
    """It is the first that search shows, and it is had."""
    doctor = opened(app, a_doctor(app, slot_seconds=1800, per_day=None), "daily 08:00-10:00")
    too_soon = booking_of(doctor, cast.ana, "08:00")
    assert first_named(app, too_soon) == "Wed 2 Dec 2026 09:00"
    ask(app, booking_of(doctor, cast.ben, "09:00"))
    assert first_named(app, too_soon) == "Wed 2 Dec 2026 09:30"
    ask(app, booking_of(doctor, cast.ben, "09:30"))
    assert first_named(app, too_soon) == "Thu 3 Dec 2026 08:00"
    shown = schedules.free(app, doctor.id, start=NOW, end=clock_time("00:00", days=4)).results[0]
    assert f"{shown.start:%a} {shown.start.day} {shown.start:%b %Y %H:%M}" == "Thu 3 Dec 2026 08:00"
    opened(app, doctor, Closed(date(2026, 12, 1), date(2026, 12, 31)))
    assert first_named(app, too_soon) == "Wed 2 Dec 2026 09:00"  # none to be seen: as far as notice alone goes


def test_the_first_time_of_a_resource_is_long_and_wide_enough(app: App, cast: Cast) -> None:
    court = a_court(app, units=2, notice_seconds=24 * 3600, grid_seconds=1800, after_seconds=600)
    opened(app, court, "daily 08:15-12:15")
    ask(app, booking_of(court, cast.ben, "10:45-11:45"))
    assert first_named(app, booking_of(court, cast.ana, "08:15-09:15")) == "Wed 2 Dec 2026 09:15"
    assert first_named(app, booking_of(court, cast.ana, "08:15-09:15", party=2)) == "Wed 2 Dec 2026 09:15"
    assert first_named(app, booking_of(court, cast.ana, "08:15-09:45", party=2)) == "Thu 3 Dec 2026 08:15"
    assert first_named(app, booking_of(court, cast.ana, "08:15-09:45")) == "Wed 2 Dec 2026 09:15"
    held = ask(app, booking_of(court, cast.ana, "08:15-09:15", days=5))
    assert first_named(app, move_of(held, cast.ana, "08:15-09:45", party=2)) == "Thu 3 Dec 2026 08:15"


def test_a_slot_has_its_own_length_and_takes_one(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, slot_seconds=1800)
    assert refusal(app, booking_of(doctor, cast.ana, "10:00-10:15", days=2)) == "bad_span"
    assert refusal(app, booking_of(doctor, cast.ana, "10:15", days=2)) == "bad_span"
    assert refusal(app, booking_of(doctor, cast.ana, "10:00", days=2, party=2)) == "limit_reached"
    assert refusal(app, Reserve(as_person(cast.ana), doctor.id)) == "invalid"
    assert ask(app, booking_of(doctor, cast.ana, "10:00-10:30", days=2)).state == "held"
    assert refusal(app, booking_of(doctor, cast.ben, "10:00", days=2)) == "span_taken"


# --- one a day -----------------------------------------------------------------------------------------------------


def test_a_second_one_on_a_day_is_rejected(app: App, cast: Cast) -> None:
    doctor, other = a_doctor(app), a_doctor(app, name="Dr. Kim")
    one = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    assert refusal(app, booking_of(doctor, cast.ana, "16:00", days=2)) == "limit_reached"
    assert ask(app, booking_of(doctor, cast.ana, "10:00", days=3)).state == "held"
    assert ask(app, booking_of(other, cast.ana, "10:00", days=2)).state == "held"
    ask(app, Cancel(CONSOLE, ById(one.id)))
    assert ask(app, booking_of(doctor, cast.ana, "16:00", days=2)).state == "held"


def test_a_day_is_a_day_where_the_provider_is(app: App, cast: Cast) -> None:
    """11:00 and 15:00 UTC are two days in Auckland, and 09:00 is the first of them."""
    doctor = a_doctor(app, timezone="Pacific/Auckland")
    ask(app, booking_of(doctor, cast.ana, "10:45", days=2))
    assert refusal(app, booking_of(doctor, cast.ana, "09:00", days=2)) == "limit_reached"
    assert ask(app, booking_of(doctor, cast.ana, "11:00", days=2)).state == "held"
    assert refusal(app, booking_of(doctor, cast.ana, "10:00", days=3)) == "limit_reached"


def test_a_second_one_on_a_day_replaces_the_first_in_the_same_transaction(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, on_second="replace")
    one = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    two = ask(app, booking_of(doctor, cast.ana, "16:00", days=2))
    assert [show(app, each).state for each in (one, two)] == ["cancelled", "held"]
    assert moves(app, one)[-1] == ("confirmed", "cancel", "cancelled")
    assert "Replaced" in str(reservations.history(app, CONSOLE, one.id).results[-1].reason)
    assert any("Cancelled" in subject for to, subject, _ in mailed(app) if to == cast.ana.email)
    again = ask(app, booking_of(doctor, cast.ana, "16:00", days=2))
    assert [show(app, each).state for each in (two, again)] == ["cancelled", "held"]


def test_the_first_one_stays_where_the_second_is_refused(app: App, cast: Cast) -> None:
    doctor = opened(app, a_doctor(app, on_second="replace"), "daily 08:00-18:00")
    one = ask(app, booking_of(doctor, cast.ana, "10:00", days=2))
    ask(app, booking_of(doctor, cast.ben, "16:00", days=2))
    before = [show(app, one)]
    asks: list[Ask] = [
        booking_of(doctor, cast.ana, "16:00", days=2),
        booking_of(doctor, cast.ana, "16:00", days=2, queue=True),
        booking_of(doctor, cast.ana, "18:00", days=2),
        booking_of(doctor, cast.ana, "12:05", days=2),
        booking_of(doctor, cast.ana, "12:00", days=2, party=2),
    ]
    refused = ["span_taken", "span_taken", "outside_schedule", "bad_span", "limit_reached"]
    assert said(booking.book(app, asks)) == refused
    assert [show(app, one)] == before


def test_a_limit_of_two_a_day_replaces_the_earliest(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, per_day=2, on_second="replace")
    made = [ask(app, booking_of(doctor, cast.ana, time, days=2)) for time in ("10:00", "11:00", "12:00")]
    assert [show(app, one).state for one in made] == ["cancelled", "held", "held"]


def test_what_cannot_be_cancelled_any_more_is_not_replaced(app: App, clock: FrozenClock, cast: Cast) -> None:
    doctor = a_doctor(app, on_second="replace", cancel_until_seconds=3600, notice_seconds=0)
    one = ask(app, booking_of(doctor, cast.ana, "10:00"))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    clock.set(clock_time("09:00"))
    refused = booking.book(app, [booking_of(doctor, cast.ana, "16:00")])[0]
    assert isinstance(refused, ClassbookError) and refused.code == "limit_reached"
    assert "it cannot be replaced: Dr. Pia could be cancelled until Wed 2 Dec 2026 09:00 UTC." in refused.detail
    assert show(app, one).state == "confirmed"
    by_admin = replace(booking_of(doctor, cast.ana, "16:00"), actor=CONSOLE, person_id=cast.ana.id)
    assert ask(app, by_admin).state == "held"
    assert show(app, one).state == "cancelled"


@pytest.mark.parametrize("on_second", ["reject", "replace"])
@pytest.mark.parametrize("written_down", [False, True])
def test_a_visit_of_the_morning_counts_in_the_afternoon(
    app: App, clock: FrozenClock, cast: Cast, on_second: str, written_down: bool
) -> None:
    doctor = a_doctor(app, on_second=on_second, notice_seconds=0)
    one = ask(app, booking_of(doctor, cast.ana, "10:00"))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    clock.set(clock_time("11:00"))
    while written_down and upkeep.settle_due(app):
        pass
    assert show(app, one).state == "completed"
    for by in (as_person(cast.ana), CONSOLE):
        assert refusal(app, replace(booking_of(doctor, cast.ana, "16:00"), actor=by, person_id=cast.ana.id)) == (
            "limit_reached"
        )
    assert show(app, one).state == "completed"
    tomorrow = ask(app, booking_of(doctor, cast.ana, "09:00", days=2))
    assert refusal(app, move_of(tomorrow, cast.ana, "16:00")) == "limit_reached"
    assert ask(app, booking_of(doctor, cast.ben, "16:00")).state == "held"


def test_who_came_is_not_replaced(app: App, clock: FrozenClock, cast: Cast) -> None:
    doctor = a_doctor(app, on_second="replace", notice_seconds=0, slot_seconds=3600)
    one = ask(app, booking_of(doctor, cast.ana, "10:00"))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    clock.set(clock_time("09:50"))
    ask(app, CheckIn(as_person(cast.ana), ById(one.id)))
    refused = booking.book(app, [replace(booking_of(doctor, cast.ana, "16:00"), actor=CONSOLE, person_id=cast.ana.id)])[
        0
    ]
    assert isinstance(refused, ClassbookError) and refused.code == "limit_reached"
    assert "what took place is not replaced" in refused.detail
    assert show(app, one).state == "confirmed"


# --- the clocks change ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "times"),
    [
        (date(2027, 3, 28), ["01:00", "01:30", "03:00", "03:30"]),
        (date(2027, 10, 31), ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]),
    ],
    ids=["spring", "autumn"],
)
def test_slots_on_the_day_the_clocks_change(app: App, cast: Cast, day: date, times: list[str]) -> None:
    zone = ZoneInfo("Europe/Berlin")
    made = a_doctor(app, timezone=zone.key, slot_seconds=1800, per_day=None, open_holds=0)
    doctor = opened(app, made, "daily 01:00-04:00")
    midnight = datetime.combine(day, datetime.min.time(), zone)
    evening = midnight + timedelta(hours=20)
    found = schedules.free(app, doctor.id, start=midnight, end=evening).results
    assert [f"{slot.start.astimezone(zone):%H:%M}" for slot in found] == times
    asks: list[Ask] = [Reserve(as_person(cast.ana), doctor.id, starts_at=slot.start) for slot in found]
    assert said(booking.book(app, asks)) == ["held"] * len(times)
    assert schedules.free(app, doctor.id, start=midnight, end=evening).results == ()


def test_what_has_no_time_of_its_own_is_listed_page_by_page(app: App) -> None:
    made = [a_doctor(app, name=f"Dr. {name}").id for name in ("Ada", "Bea", "Cyd")]
    first = catalog.listing(app, "appointment", limit=2)
    assert [one.id for one in first.results] == made[:2]
    assert [one.id for one in catalog.listing(app, "appointment", limit=2, cursor=first.next).results] == made[2:]
