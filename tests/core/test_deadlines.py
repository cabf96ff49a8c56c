"""When holds die, when booking and cancelling end, and what places are used again, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog, figures, reservations
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Offering, Reservation, plain
from tests.makers import (
    CONSOLE,
    HOLD,
    MICROSECOND,
    NOW,
    Cast,
    a_class,
    as_person,
    ask,
    broken,
    confirmed,
    everything,
    hold,
    mailed,
    mailed_code,
    mailed_link,
    moves,
    refusal,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


# --- deadlines -----------------------------------------------------------------------------------------------------


def test_a_hold_lives_to_the_last_microsecond(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    assert one.expires_at == NOW + HOLD
    clock.set(NOW + HOLD - MICROSECOND)
    assert show(app, one).state == "held"
    assert ask(app, Confirm(CONSOLE, ById(one.id))).confirmed_at == clock.now()


def test_a_hold_is_dead_at_its_deadline(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    clock.set(NOW + HOLD)
    assert show(app, one).state == "expired"
    assert refusal(app, Confirm(as_person(cast.ana), ById(one.id), code=code)) == "hold_expired"


def test_no_hold_outlasts_the_start(app: App, clock: FrozenClock, cast: Cast) -> None:
    soon = a_class(app, starts_in=timedelta(seconds=60))
    one = hold(app, soon, cast.ana)
    assert one.expires_at == soon.starts_at
    clock.advance(seconds=60)
    assert show(app, one).state == "expired"


def test_booking_ends_with_the_notice_and_with_the_start(app: App, clock: FrozenClock, cast: Cast) -> None:
    day = timedelta(days=1)
    noticed, plain_one = a_class(app, notice_seconds=3600), a_class(app)
    clock.set(NOW + day - timedelta(hours=1))
    assert hold(app, noticed, cast.ana).state == "held"
    clock.advance(MICROSECOND)
    assert refusal(app, Reserve(as_person(cast.ben), noticed.id)) == "below_notice"
    clock.set(NOW + day - MICROSECOND)
    one = hold(app, plain_one, cast.ana)
    assert one.expires_at == NOW + day
    clock.advance(MICROSECOND)
    assert refusal(app, Reserve(as_person(cast.ben), plain_one.id)) == "offering_closed"
    assert show(app, one).state == "expired"


def test_cancelling_ends_with_cancel_until_except_for_administrators(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, cancel_until_seconds=3600)
    mine, hers = confirmed(app, offering, cast.ana), confirmed(app, offering, cast.ben)
    clock.set(NOW + timedelta(hours=23) - MICROSECOND)
    assert ask(app, Cancel(as_person(cast.ana), ById(mine.id))).state == "cancelled"
    clock.advance(MICROSECOND)
    assert refusal(app, Cancel(as_person(cast.ben), ById(hers.id))) == "too_late"
    assert ask(app, Cancel(CONSOLE, ById(hers.id))).state == "cancelled"


def test_a_confirmed_place_completes_at_the_end(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    one = confirmed(app, yoga, cast.ana)
    assert yoga.ends_at is not None
    clock.set(yoga.ends_at - MICROSECOND)
    assert show(app, one).state == "confirmed"
    clock.advance(MICROSECOND)
    assert show(app, one).state == "completed"
    assert refusal(app, Cancel(CONSOLE, ById(one.id))) == "not_allowed_now"


def test_an_overdue_hold_reads_expired_everywhere_and_blocks_nobody(app: App, clock: FrozenClock, cast: Cast) -> None:
    """With no daemon: nothing has written the lapse down."""
    offering = a_class(app, seats=1)
    one = hold(app, offering, cast.ana)
    link = mailed_link(app, cast.ana)
    assert catalog.show(app, "class", offering.id).available == 0
    before = everything(app)
    clock.advance(HOLD)

    assert show(app, one).state == "expired"
    assert show(app, one).expires_at is None
    assert show(app, one).places == ()
    assert [found.state for found in reservations.listing(app, CONSOLE).results] == ["expired"]
    assert [found.id for found in reservations.listing(app, CONSOLE, state="expired").results] == [one.id]
    assert reservations.listing(app, CONSOLE, state="held").results == ()
    assert reservations.by_link(app, link).state == "expired"
    seen = catalog.show(app, "class", offering.id)
    assert (seen.reserved, seen.available) == (0, 1)
    assert [found.available for found in catalog.listing(app, "class").results] == [1]
    assert figures.report(app, CONSOLE).confirmed_seats[0].confirmed == 0
    assert everything(app) == before

    assert [place.unit for place in hold(app, offering, cast.ben).places] == [1]
    assert moves(app, one)[-1] == ("held", "lapse", "expired")
    assert show(app, one).state == "expired"


def test_an_overdue_hold_stays_expired_when_its_class_is_cancelled(
    app: App, clock: FrozenClock, cast: Cast, yoga: Offering
) -> None:
    one, alive = hold(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    clock.advance(HOLD)
    assert show(app, one).state == "expired"
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert show(app, one).state == "expired"
    assert show(app, alive).state == "cancelled"


# --- places --------------------------------------------------------------------------------------------------------


def units(one: Reservation) -> list[int]:
    return [place.unit for place in one.places]


def test_places_are_handed_out_and_used_again(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=4)
    first, second, third, *others = cast.crowd(6)
    assert units(hold(app, offering, first)) == [1]
    middle = hold(app, offering, second, party=2)
    assert units(middle) == [2, 3]
    assert units(hold(app, offering, third)) == [4]
    assert refusal(app, Reserve(as_person(others[0]), offering.id)) == "sold_out"
    ask(app, Cancel(CONSOLE, ById(middle.id)))
    assert refusal(app, Reserve(as_person(others[0]), offering.id, party=3)) == "sold_out"
    assert units(hold(app, offering, others[0], party=2)) == [2, 3]
    clock.advance(HOLD)
    assert units(hold(app, offering, others[1], party=4)) == [1, 2, 3, 4]


def test_capacity_shrinks_to_what_is_taken_and_grows_again(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=5)
    first, second, third, *others = cast.crowd(6)
    low = hold(app, offering, first, party=3)
    high = hold(app, offering, second, party=2)
    ask(app, Cancel(CONSOLE, ById(low.id)))
    with pytest.raises(ClassbookError) as refused:
        catalog.update(app, CONSOLE, "class", offering.id, {"seats": 1})
    assert refused.value.code == "not_allowed_now"
    catalog.update(app, CONSOLE, "class", offering.id, {"seats": 2})
    assert units(show(app, high)) == [1, 2]
    assert refusal(app, Reserve(as_person(third), offering.id)) == "sold_out"
    catalog.update(app, CONSOLE, "class", offering.id, {"seats": 4})
    assert units(hold(app, offering, others[0], party=2)) == [3, 4]
    assert refusal(app, Reserve(as_person(third), offering.id)) == "sold_out"


def test_a_class_that_moves_takes_its_places_and_deadlines_along(
    app: App, clock: FrozenClock, cast: Cast, yoga: Offering
) -> None:
    held, kept = hold(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    sooner = NOW + timedelta(seconds=90)
    catalog.update(app, CONSOLE, "class", yoga.id, {"starts_at": sooner, "ends_at": sooner + timedelta(hours=1)})
    assert show(app, held).expires_at == sooner
    assert show(app, kept).starts_at == sooner
    assert broken(app) == []
    clock.set(sooner + timedelta(hours=1))
    assert show(app, held).state == "expired"
    assert show(app, kept).state == "completed"


def test_a_cancelled_class_cancels_what_is_in_it_and_tells_everybody(app: App, cast: Cast, yoga: Offering) -> None:
    held, kept = hold(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    answer = catalog.cancel(app, CONSOLE, "class", yoga.id, reason="The roof leaks")
    assert plain(answer)["status"] == "cancelled"
    for one in (held, kept):
        assert show(app, one).state == "cancelled"
        assert moves(app, one)[-1][1:] == ("cancel", "cancelled")
        assert reservations.history(app, CONSOLE, one.id).results[-1].reason == "The roof leaks"
    told = [(to, "The roof leaks" in text) for to, subject, text in mailed(app) if subject == "Cancelled: Yoga"]
    assert sorted(told) == [("ana@example.org", True), ("ben@example.org", True)]
    assert refusal(app, Reserve(as_person(cast.ana), yoga.id)) == "offering_cancelled"
    assert refusal(app, Confirm(CONSOLE, ById(held.id))) == "offering_cancelled"
