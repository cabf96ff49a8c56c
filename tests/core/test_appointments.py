"""Appointments: slots of a provider, notice, and what a second one on the same day becomes. On both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from classbook.app import App
from classbook.core import booking, catalog, providers, reservations, schedules
from classbook.core.asks import Ask, ById, Cancel, Confirm, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Reservation, plain
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    NOW,
    Cast,
    a_doctor,
    as_person,
    ask,
    booking_of,
    clock_time,
    mailed,
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
    assert "2026-12-03" in str(outcome.hint) or "3 Dec" in str(outcome.hint), outcome.hint
    assert ask(app, booking_of(doctor, cast.ana, "10:00", days=2)).state == "held"


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
    doctor = opened(app, a_doctor(app, timezone=zone.key, slot_seconds=1800, per_day=None), "daily 01:00-04:00")
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
