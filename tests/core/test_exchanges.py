"""Money of a move: what is kept keeps its price, what is given back follows the terms, what is new costs what it does.

The rule itself is in `classbook.rules.exchanges`; here it is seen in wallets, answers, mails and the ledger.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking, catalog, matches, reservations, vouchers, wallet
from classbook.core.asks import Ask, ById, Cancel, Confirm, GiveBack, Move, Reserve
from classbook.errors import ClassbookError
from classbook.testing import FrozenClock
from classbook.values import Money, Offering, Person, Reservation, plain
from tests.conftest import SECRET
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    at_once,
    booking_of,
    broken,
    clock_time,
    earned,
    everything,
    hold,
    mailed,
    move_of,
    purse,
    refusal,
    rich,
    show,
)

HOURS = 3600
STEPS: dict[str, Any] = {
    "refund_full_seconds": 48 * HOURS,
    "refund_share_percent": 50,
    "refund_share_seconds": 24 * HOURS,
}
"""All comes back until 48 hours before, half until 24 before, then nothing."""

pytestmark = pytest.mark.usefixtures("sound")


def euros(text: str) -> Money:
    return Money(int(text.replace(".", "")), "EUR")


@pytest.fixture
def derby(app: App) -> Offering:
    """In 72 hours: row 1 and 2 of stand A at 10 each, stand B at 7.77."""
    venue = a_venue(app, "A:2x5", "B:1x4")
    return a_match(app, venue, starts_in=timedelta(hours=72), prices={"A": "10", "B": "7.77"}, **STEPS)


@pytest.fixture
def yoga(app: App, cast: Cast) -> Offering:
    """In 72 hours, at 10, of Cleo."""
    return a_class(
        app, seats=10, price="10", confirm="payment", starts_in=timedelta(hours=72), by=as_person(cast.cleo), **STEPS
    )


def bought(app: App, offering: Offering, who: Person, *seats: str, party: int = 1, voucher: str | None = None) -> Any:
    """Places that are paid."""
    wanted = Reserve(as_person(rich(app, who)), offering.id, party=party, seats=seats, voucher=voucher)
    return ask(app, Confirm(as_person(who), ById(ask(app, wanted).id)))


def given_back(app: App, match: Offering, who: Person, seat: str, **more: Any) -> Reservation:
    """One seat is given back as over HTTP; what the dry run says is what happens."""
    asked = matches.giving_back(app, as_person(who), match.id, seat, **more)
    return really(app, asked)


def really(app: App, asked: Ask) -> Reservation:
    """The answer, which is the one of the dry run before it; that has changed nothing."""
    before = everything(app)
    would_be = booking.one(app, asked, dry_run=True)
    assert everything(app) == before
    done = ask(app, asked)
    assert plain(would_be) == plain(done)
    return done


def reprice(app: App, match: Offering, **prices: str) -> None:
    catalog.update(app, CONSOLE, "match", match.id, {"prices": prices})


def rows(app: App, one: Reservation) -> list[tuple[str, str, str]]:
    """What the ledger has of a reservation, oldest first."""
    found = wallet.transactions(app, CONSOLE, limit=200).results
    return [(row.kind, row.state, row.amount.amount) for row in reversed(found) if row.reservation == one.id]


# --- seats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "back", "forfeited", "left"),
    [(0, "10.00", None, "90.00"), (24, "5.00", "5.00", "85.00"), (48, "0.00", "10.00", "80.00")],
)
def test_one_of_two_seats_comes_back_by_the_terms_whatever_seats_cost_now(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering, hours: int, back: str, forfeited: str | None, left: str
) -> None:
    bought(app, derby, cast.ana, "A-1-1", "A-1-2")
    reprice(app, derby, A="99", B="99")
    clock.advance(timedelta(hours=hours))
    one = given_back(app, derby, cast.ana, "A-1-1")
    assert (one.party, [place.seat for place in one.places]) == (1, ["A-1-2"])
    assert (one.price, one.refund, one.charged) == (euros("10.00"), euros(back), None)
    assert one.forfeited == (euros(forfeited) if forfeited else None)
    assert (show(app, one).refund, show(app, one).forfeited) == (None, one.forfeited)
    assert purse(app, cast.ana) == (left, "0.00")
    paid = [("payment", "pending", "20.00"), ("payment", "posted", "20.00")]
    assert rows(app, one) == paid + ([("refund", "posted", back)] if back != "0.00" else [])
    last = given_back(app, derby, cast.ana, "A-1-2")
    assert (last.state, last.refund, last.forfeited) == ("cancelled", euros(back), one.forfeited)
    assert show(app, last).refund == last.refund
    assert 100 - float(earned(app, None)) == float(purse(app, cast.ana)[0])


def test_of_seats_at_different_prices_each_is_worth_its_own(app: App, cast: Cast, derby: Offering) -> None:
    bought(app, derby, cast.ana, "A-1-1", "B-1-1", "A-2-1")
    reprice(app, derby, A="1", B="1")
    assert given_back(app, derby, cast.ana, "B-1-1").refund == euros("7.77")
    assert given_back(app, derby, cast.ana, "A-1-1").refund == euros("10.00")
    assert purse(app, cast.ana) == ("90.00", "0.00")


def test_a_seat_that_is_kept_keeps_its_price_and_the_new_one_costs_what_it_does_today(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering
) -> None:
    one = bought(app, derby, cast.ana, "A-1-1", "A-1-2")
    reprice(app, derby, A="12", B="9")
    clock.advance(timedelta(hours=30))
    swapped = really(app, Move(as_person(cast.ana), ById(one.id), seats=("A-1-3", "A-1-2")))
    assert (swapped.price, swapped.charged) == (euros("22.00"), euros("12.00"))
    assert (swapped.refund, swapped.forfeited) == (euros("5.00"), euros("5.00"))
    assert purse(app, cast.ana) == ("73.00", "0.00")
    assert rows(app, one)[2:] == [
        ("refund", "posted", "5.00"), ("payment", "pending", "12.00"), ("payment", "posted", "12.00"),
    ]  # fmt: skip
    again = really(app, Move(as_person(cast.ana), ById(one.id), seats=("A-1-2", "A-1-3")))
    assert (again.price, again.charged, again.refund) == (euros("22.00"), None, None)
    # Of several payments the last one is given back first.
    reprice(app, derby, A="30", B="9")
    assert ask(app, Cancel(as_person(cast.ana), ById(one.id))).refund == euros("11.00")
    assert rows(app, one)[-1] == ("refund", "posted", "11.00")


def test_what_comes_back_pays_for_what_is_new(app: App, cast: Cast, clock: FrozenClock, derby: Offering) -> None:
    one = ask(app, Reserve(as_person(rich(app, cast.ana, "10")), derby.id, seats=("A-1-1",)))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    to_b = Move(as_person(cast.ana), ById(one.id), seats=("B-1-1",))
    clock.advance(timedelta(hours=30))
    before = everything(app)
    [refused] = booking.book(app, [to_b])
    assert isinstance(refused, ClassbookError)
    assert refused.detail == "It costs 7.77 EUR, and 5.00 EUR is available in the wallet."
    assert everything(app) == before
    rich(app, cast.ana, "2.77")
    assert really(app, to_b).forfeited == euros("5.00")
    assert purse(app, cast.ana) == ("0.00", "0.00")


def test_two_seats_given_back_at_once_are_both_given_back(app: App, cast: Cast, derby: Offering) -> None:
    """What is kept is what is there under the lock, not what somebody saw before."""
    bought(app, derby, cast.ana, "A-1-1", "A-1-2", "A-1-3")
    asks = [matches.giving_back(app, as_person(cast.ana), derby.id, f"A-1-{n}") for n in (1, 2)]
    first, second = at_once(*(lambda asked=asked: ask(app, asked) for asked in asks))
    assert isinstance(first, Reservation) and isinstance(second, Reservation)
    assert {first.party, second.party} == {1, 2}
    [left] = reservations.listing(app, as_person(cast.ana)).results
    assert [place.seat for place in left.places] == ["A-1-3"]
    assert purse(app, cast.ana) == ("90.00", "0.00")
    assert refusal(app, asks[0]) == "not_found"


def test_giving_back_takes_nothing_so_nothing_that_limits_taking_stands_in_its_way(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering
) -> None:
    one = bought(app, derby, cast.ana, "A-1-1", "A-1-2", "A-1-3")
    catalog.update(app, CONSOLE, "match", derby.id, {"policy": {"notice_seconds": 96 * HOURS, "party_max": 1}})
    kept = given_back(app, derby, cast.ana, "A-1-2", reason="a friend is ill")
    assert [place.seat for place in kept.places] == ["A-1-1", "A-1-3"]
    step = reservations.history(app, CONSOLE, one.id).results[-1]
    assert (step.action, step.reason) == ("move", "a friend is ill")
    clock.advance(timedelta(hours=72))
    assert refusal(app, GiveBack(as_person(cast.ana), ById(one.id), "A-1-1")) == "too_late"


def test_fewer_places_at_the_same_time_are_given_back_as_late_as_all_of_them_may_be(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering, yoga: Offering
) -> None:
    """No notice, no limit and no horizon stands in the way of who takes nothing; those taken first are kept."""
    seats, places = bought(app, derby, cast.ana, "A-1-2", "B-1-1", "A-1-1"), bought(app, yoga, cast.ana, party=3)
    reprice(app, derby, A="99", B="99")
    for one, kind in ((derby, "match"), (yoga, "class")):
        catalog.update(app, CONSOLE, kind, one.id, {"policy": {"notice_seconds": 96 * HOURS, "party_max": 1}})
    ana = as_person(cast.ana)
    fewer = really(app, Move(ana, ById(seats.id), party=2))
    assert ([place.seat for place in fewer.places], fewer.refund) == (["A-1-2", "A-1-1"], euros("7.77"))
    fewer = really(app, Move(ana, ById(seats.id), seats=("A-1-1",), starts_at=derby.starts_at))
    assert ([place.seat for place in fewer.places], fewer.charged) == (["A-1-1"], None)
    units = [place.unit for place in show(app, places).places]
    fewer = really(app, Move(ana, ById(places.id), party=2))
    assert ([place.unit for place in fewer.places], fewer.price) == (units[:2], euros("20.00"))
    fewer = really(app, Move(ana, ById(places.id), party=1, starts_at=yoga.starts_at, ends_at=yoga.ends_at))
    assert (fewer.price, fewer.refund) == (euros("10.00"), euros("10.00"))
    assert refusal(app, Move(ana, ById(places.id), party=3)) == "below_notice"
    assert refusal(app, Move(ana, ById(places.id), party=0)) == "invalid"
    clock.advance(timedelta(hours=72))
    assert refusal(app, Move(ana, ById(places.id), party=2)) == "too_late"


def test_a_seat_that_is_given_back_is_offered_to_who_waits_at_the_price_of_the_day(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:1x2"), prices={"A": "10"})
    bought(app, match, cast.ana, "A-1-1", "A-1-2")
    waiting = ask(app, Reserve(as_person(rich(app, cast.ben)), match.id, best=1, queue=True))
    reprice(app, match, A="25")
    given_back(app, match, cast.ana, "A-1-2")
    assert (show(app, waiting).state, show(app, waiting).price) == ("held", euros("25.00"))


# --- places without names ------------------------------------------------------------------------------------------


def test_who_takes_two_more_and_gives_two_back_has_undone_just_that(app: App, cast: Cast, yoga: Offering) -> None:
    one, ana = bought(app, yoga, cast.ana), as_person(cast.ana)
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "15"})
    more = really(app, Move(ana, ById(one.id), party=3))
    assert (more.price, more.charged, purse(app, cast.ana)) == (euros("40.00"), euros("30.00"), ("60.00", "0.00"))
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "99"})
    fewer = really(app, Move(ana, ById(one.id), party=1))
    assert (fewer.price, fewer.refund, purse(app, cast.ana)) == (euros("10.00"), euros("30.00"), ("90.00", "0.00"))
    assert ask(app, Cancel(ana, ById(one.id))).refund == euros("10.00")
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("100.00", "0.00"), "0.00")


def test_a_hold_reserves_by_the_same_rule_and_forfeits_nothing(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    clock.advance(timedelta(hours=60))
    one, ana = hold(app, yoga, rich(app, cast.ana), party=2), as_person(cast.ana)
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "15"})
    for party, price in ((3, "35.00"), (1, "10.00"), (2, "25.00")):
        moved = really(app, Move(ana, ById(one.id), party=party))
        assert (moved.price, moved.refund, moved.charged, moved.forfeited) == (euros(price), None, None, None)
        assert purse(app, cast.ana) == ("100.00", price)
    assert ask(app, Confirm(ana, ById(one.id))).price == euros("25.00")
    assert purse(app, cast.ana) == ("75.00", "0.00")


def test_a_hold_of_what_became_free_shrinks_too(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, rich(app, cast.ana), party=2)
    free = {"price": "0", "policy": {"confirm": "self"}}
    catalog.update(app, CONSOLE, "class", yoga.id, free)
    assert really(app, Move(as_person(cast.ana), ById(one.id), party=1)).price == euros("10.00")
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("90.00", "0.00"), "10.00")


def test_what_was_free_when_it_was_taken_stays_free(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=9, confirm="self")
    one = ask(app, Confirm(as_person(cast.ana), ById(hold(app, offering, cast.ana, party=2).id)))
    catalog.update(app, CONSOLE, "class", offering.id, {"price": "5"})
    assert purse(app, cast.ana) == ("0.00", "0.00")
    assert really(app, Move(as_person(cast.ana), ById(one.id), party=1)).charged is None
    rich(app, cast.ana, "5")
    assert really(app, Move(as_person(cast.ana), ById(one.id), party=2)).charged == euros("5.00")


def test_what_is_called_off_gives_back_what_was_kept_and_not_what_was_forfeited(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    one = bought(app, yoga, cast.ana, party=3)
    clock.advance(timedelta(hours=60))
    assert really(app, Move(as_person(cast.ana), ById(one.id), party=2)).forfeited == euros("10.00")
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert (show(app, one).refund, show(app, one).forfeited) == (euros("20.00"), euros("10.00"))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("90.00", "0.00"), "10.00")


def test_places_sold_in_another_currency_are_no_part_of_it(
    app: App, cast: Cast, clock: FrozenClock, database_url: str, yoga: Offering
) -> None:
    one, ana = bought(app, yoga, cast.ana, party=2), as_person(cast.ana)
    environ = {"CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_CURRENCY": "JPY"}
    other = open_app(load(config_path=None, environ=environ, overrides={}), clock=clock, chance=app.chance)
    try:
        catalog.update(other, CONSOLE, "class", yoga.id, {"price": "0", "policy": {"confirm": "self"}})
        catalog.update(other, CONSOLE, "class", yoga.id, {"price": "1500"})
        before = everything(app)
        assert refusal(app, Move(ana, ById(one.id), party=3)) == "not_allowed_now"
        assert everything(app) == before
        assert really(app, Move(ana, ById(one.id), party=1)).refund == euros("10.00")
        assert ask(app, Cancel(ana, ById(one.id))).refund == euros("10.00")
        assert purse(app, cast.ana) == ("100.00", "0.00")
    finally:
        other.close()


# --- another time --------------------------------------------------------------------------------------------------


@pytest.fixture
def court(app: App) -> Offering:
    return a_court(app, units=3, price="20", **STEPS)


@pytest.mark.parametrize(
    ("hours", "price", "charged", "back", "left"),
    [
        (0, "20", None, None, "60.00"),
        (30, "20", None, None, "60.00"),
        (30, "25", "10.00", None, "50.00"),
        (0, "12", None, "16.00", "76.00"),
        (30, "12", None, "8.00", "68.00"),
        (50, "12", None, "0.00", "60.00"),
    ],
)
def test_another_time_pays_the_difference_up_and_gets_the_difference_down_by_the_terms(
    app: App, cast: Cast, clock: FrozenClock, court: Offering, hours: int, price: str, charged: str | None,
    back: str | None, left: str,
) -> None:  # fmt: skip
    one = ask(app, booking_of(court, rich(app, cast.ana), "09:00-10:00", party=2, days=3))
    catalog.update(app, CONSOLE, "resource", court.id, {"price": price})
    clock.advance(timedelta(hours=hours))
    moved = really(app, move_of(one, cast.ana, "18:00-19:00", days=9))
    assert moved.charged == (euros(charged) if charged else None)
    assert moved.refund == (euros(back) if back else None)
    assert moved.price == Money(2 * int(price) * 100, "EUR")
    assert purse(app, cast.ana) == (left, "0.00")


def test_moving_away_late_makes_nothing_refundable_again(
    app: App, cast: Cast, clock: FrozenClock, court: Offering
) -> None:
    early, late = (ask(app, booking_of(court, rich(app, who), "09:00-10:00", days=3)) for who in (cast.ana, cast.ben))
    ask(app, move_of(early, cast.ana, "09:00-10:00", days=9))
    clock.advance(timedelta(hours=30))
    assert really(app, move_of(late, cast.ben, "09:00-10:00", days=9)).refund is None
    ask(app, move_of(late, cast.ben, "12:00-13:00", days=9))
    assert ask(app, Cancel(as_person(cast.ana), ById(early.id))).refund == euros("20.00")
    assert ask(app, Cancel(as_person(cast.ben), ById(late.id))).refund == euros("10.00")


def test_what_the_house_moves_is_refundable_as_before(
    app: App, cast: Cast, clock: FrozenClock, court: Offering
) -> None:
    one = ask(app, booking_of(court, rich(app, cast.ana), "09:00-10:00", days=3))
    clock.advance(timedelta(hours=60))
    ask(app, Move(CONSOLE, ById(one.id), starts_at=clock_time("09:00", days=9)))
    assert ask(app, Cancel(as_person(cast.ana), ById(one.id))).refund == euros("20.00")


def test_fewer_at_another_time_give_back_by_the_terms_of_the_old_time(
    app: App, cast: Cast, clock: FrozenClock, court: Offering
) -> None:
    one = ask(app, booking_of(court, rich(app, cast.ana), "09:00-10:00", party=2, days=3))
    clock.advance(timedelta(hours=30))
    moved = really(app, move_of(one, cast.ana, "18:00-19:00", party=1, days=9))
    assert (moved.price, moved.refund, moved.forfeited) == (euros("20.00"), euros("10.00"), euros("10.00"))


@pytest.mark.parametrize(
    ("hours", "price", "left", "later"),
    [(0, "30", "70.00", "100.00"), (0, "12", "88.00", "100.00"), (30, "30", "70.00", "85.00"),
     (30, "12", "79.00", "85.00")],
)  # fmt: skip
def test_what_is_replaced_on_its_day_is_moved_to_another_time(
    app: App, cast: Cast, clock: FrozenClock, hours: int, price: str, left: str, later: str
) -> None:
    """30 was paid for it; what the new one costs less comes back by the terms, and so does the new one."""
    policy = {"on_second": "replace", "confirm": "none"} | STEPS
    doctor = catalog.create(
        app, CONSOLE, "appointment", {"title": "Dr. Cleo", "seats": 1, "price": "30", "policy": policy}
    )
    assert isinstance(doctor, Offering)
    first = ask(app, booking_of(doctor, rich(app, cast.ana), "09:00", days=3))
    catalog.update(app, CONSOLE, "appointment", doctor.id, {"price": price})
    clock.advance(timedelta(hours=hours))
    second = ask(app, booking_of(doctor, cast.ana, "18:00", days=3))
    assert (show(app, first).state, purse(app, cast.ana)[0]) == ("cancelled", left)
    ask(app, Cancel(as_person(cast.ana), ById(second.id)))
    assert purse(app, cast.ana)[0] == later


# --- vouchers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "price", "back", "rest"),
    [
        # Of 20.00 less 30 percent half is given back; of 20.00 less 5.00 what the price falls by.
        ({"percent": 30}, "7.00", "7.00", "7.00"),
        ({"amount": "5"}, "5.00", "10.00", "5.00"),
        ({"amount": "15"}, "0.00", "5.00", None),
    ],
)
def test_a_voucher_stays_with_what_is_kept(
    app: App, cast: Cast, yoga: Offering, terms: dict[str, Any], price: str, back: str, rest: str | None
) -> None:
    vouchers.create(app, CONSOLE, "SPRING", uses=1, **terms)
    one = bought(app, yoga, cast.ana, party=2, voucher="SPRING")
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "50"})
    fewer = really(app, Move(as_person(cast.ana), ById(one.id), party=1))
    assert (fewer.price, fewer.refund, fewer.charged) == (euros(price), euros(back), None)
    assert broken(app) == []
    gone = ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert gone.refund == (euros(rest) if rest else None)
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_half_of_what_was_paid_comes_back_and_not_of_what_a_voucher_took_off(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    vouchers.create(app, CONSOLE, "SPRING", percent=33)
    one = bought(app, yoga, cast.ana, party=3, voucher="SPRING")
    assert one.price == euros("20.10")
    clock.advance(timedelta(hours=30))
    fewer = really(app, Move(as_person(cast.ana), ById(one.id), party=2))
    assert (fewer.price, fewer.refund, fewer.forfeited) == (euros("13.40"), euros("3.35"), euros("3.35"))


def test_what_is_called_off_settles_with_everybody_whatever_they_have(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    """Confirmed with a voucher and partly given back, held, over and not noted down, and in line."""
    vouchers.create(app, CONSOLE, "SPRING", percent=33, uses=3)
    catalog.update(app, CONSOLE, "class", yoga.id, {"seats": 5, "policy": {"hold_seconds": 3600}})
    one = bought(app, yoga, cast.ana, party=3, voucher="SPRING")
    clock.advance(timedelta(hours=30))
    over = hold(app, yoga, rich(app, cast.emma))
    clock.advance(timedelta(hours=1))
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "12.34", "seats": 4})
    assert really(app, Move(as_person(cast.ana), ById(one.id), party=2)).forfeited == euros("3.35")
    held = ask(app, Reserve(as_person(rich(app, cast.ben)), yoga.id, party=2, voucher="SPRING"))
    waiting = ask(app, Reserve(as_person(rich(app, cast.dora)), yoga.id, voucher="SPRING", queue=True))
    assert [one.state for one in (held, waiting)] == ["held", "queued"]
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert [show(app, each).state for each in (one, over, held, waiting)] == [
        "cancelled", "expired", "cancelled", "cancelled",
    ]  # fmt: skip
    assert [show(app, each).refund for each in (one, held, waiting)] == [euros("13.40"), None, None]
    assert purse(app, cast.ana) == ("96.65", "0.00")
    assert {purse(app, who) for who in (cast.ben, cast.dora, cast.emma)} == {("100.00", "0.00")}
    assert (earned(app, cast.cleo), vouchers.show(app, CONSOLE, "SPRING").used) == ("3.35", 0)


# --- what is said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "You have the 10.00 EUR that you had paid for what you gave back in your wallet again."),
        (30, "Of the 10.00 EUR that you had paid for what you gave back, 5.00 EUR is in your wallet again."),
        (60, "It was too late to get back anything of the 10.00 EUR that you had paid for what you gave back."),
    ],
)
def test_the_mail_names_the_amounts(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering, hours: int, said: str
) -> None:
    one = bought(app, derby, cast.ana, "A-1-1", "A-1-2")
    clock.advance(timedelta(hours=hours))
    ask(app, Move(as_person(cast.ana), ById(one.id), seats=("A-1-1",)))
    assert said in mailed(app)[-1][2]
    ask(app, Move(as_person(cast.ana), ById(one.id), seats=("A-1-1", "B-1-1")))
    assert "7.77 EUR was paid from your wallet." in mailed(app)[-1][2]
    assert "gave back" not in mailed(app)[-1][2]
    ask(app, Move(as_person(cast.ana), ById(one.id), seats=("B-1-1", "A-1-1")))
    assert "EUR" not in mailed(app)[-1][2]


def test_the_history_tells_what_became_of_the_money(app: App, cast: Cast, clock: FrozenClock, derby: Offering) -> None:
    one = bought(app, derby, cast.ana, "A-1-1", "A-1-2")
    clock.advance(timedelta(hours=30))
    given_back(app, derby, cast.ana, "A-1-2")
    step = reservations.history(app, CONSOLE, one.id).results[-1]
    assert step.before == {"places": ["A-1-2"], "party": 2, "price": plain(euros("20.00")), "forfeited": None}
    assert step.after == {
        "places": [], "party": 1, "price": plain(euros("10.00")), "forfeited": plain(euros("5.00")),
    }  # fmt: skip


# --- the audit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        ("forfeited_minor = forfeited_minor + 1", "what is confirmed is paid, and what was forfeited was"),
        ("forfeited_minor = NULL", "what is confirmed is paid, and what was forfeited was"),
        ("price_minor = price_minor - 1", "a price is what its places cost, less what a voucher takes off"),
    ],
)
def test_the_audit_finds_what_was_forfeited_and_never_paid(
    app: App, cast: Cast, clock: FrozenClock, derby: Offering, lie: str, found: str
) -> None:
    bought(app, derby, cast.ana, "A-1-1", "A-1-2")
    clock.advance(timedelta(hours=30))
    given_back(app, derby, cast.ana, "A-1-2")
    truth = "SELECT price_minor, forfeited_minor FROM reservations WHERE person_id IS NOT NULL"
    [(price, forfeited)] = app.store.write(lambda tx: tx.rows(truth))
    app.store.write(lambda tx: tx.change(f"UPDATE reservations SET {lie} WHERE person_id IS NOT NULL"))
    assert any(line.startswith(found) for line in broken(app))
    back = "UPDATE reservations SET price_minor = ?, forfeited_minor = ? WHERE person_id IS NOT NULL"
    app.store.write(lambda tx: tx.change(back, price, forfeited))
    assert broken(app) == []
