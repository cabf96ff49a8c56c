"""Priced places: what holding, confirming, lapsing and cancelling them does with money, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking, catalog, reservations, upkeep, wallet
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Move, Reserve
from classbook.core.money import Purse
from classbook.errors import ClassbookError, Invalid
from classbook.store import ledger
from classbook.store.database import Tx
from classbook.testing import FrozenClock
from classbook.values import Money, Offering, RequestKey, Reservation, plain
from tests.conftest import SECRET
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    as_person,
    ask,
    earned,
    everything,
    hold,
    mailed_code,
    purse,
    refusal,
    rich,
    said,
    show,
)

HOLD = timedelta(seconds=300)

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def yoga(app: App, cast: Cast) -> Offering:
    """A class of Cleo's: two places at 12.50, paid from the wallet."""
    return a_class(app, price="12.50", confirm="payment", by=as_person(cast.cleo))


def rows(app: App) -> list[tuple[str, str, str]]:
    """The ledger, oldest first: kind, state, amount."""
    found = wallet.transactions(app, CONSOLE, limit=200).results
    return [(row.kind, row.state, row.amount.amount) for row in reversed(found)]


def bought(app: App, offering: Offering, who: Any, *, party: int = 1) -> Reservation:
    """Places that are held and paid."""
    return ask(app, Confirm(as_person(who), ById(hold(app, offering, who, party=party).id)))


# --- a hold --------------------------------------------------------------------------------------------------------


def test_a_hold_reserves_its_price_at_once(app: App, cast: Cast, yoga: Offering) -> None:
    rich(app, cast.ana, "30")
    held = hold(app, yoga, cast.ana, party=2)
    assert held.price == Money(2500, "EUR")
    assert purse(app, cast.ana) == ("30.00", "25.00")
    assert wallet.show(app, CONSOLE, person=cast.ana.id).available == Money(500, "EUR")
    assert rows(app) == [("top_up", "posted", "30.00"), ("payment", "pending", "25.00")]
    assert earned(app, cast.cleo) == "0.00"


@pytest.mark.parametrize("amount", [None, "12.49"])
def test_too_little_money_refuses_and_changes_nothing(app: App, cast: Cast, yoga: Offering, amount: str | None) -> None:
    ana = as_person(rich(app, cast.ana, amount) if amount else cast.ana)
    before = everything(app)
    [refused] = booking.book(app, [Reserve(ana, yoga.id)])
    assert isinstance(refused, ClassbookError)
    assert (refused.code, refused.category) == ("insufficient_funds", "unpaid")
    assert refused.detail == f"It costs 12.50 EUR, and {amount or '0.00'} EUR is available in the wallet."
    assert refused.hint == f"Top up the wallet by {'0.01' if amount else '12.50'} EUR or more."
    assert everything(app) == before


def test_exactly_enough_is_enough(app: App, cast: Cast, yoga: Offering) -> None:
    hold(app, yoga, rich(app, cast.ana, "12.50"))
    assert purse(app, cast.ana) == ("12.50", "12.50")


def test_every_other_refusal_comes_first(app: App, cast: Cast, clock: FrozenClock) -> None:
    poor = as_person(cast.ben)
    full = a_class(app, seats=1, price="5")
    hold(app, full, rich(app, cast.ana))
    assert refusal(app, Reserve(poor, full.id)) == "sold_out"
    assert refusal(app, Reserve(poor, full.id, party=11)) == "limit_reached"
    late = a_class(app, price="5", notice_seconds=3600 * 48)
    assert refusal(app, Reserve(poor, late.id)) == "below_notice"
    gone = a_class(app, price="5")
    catalog.cancel(app, CONSOLE, "class", gone.id)
    assert refusal(app, Reserve(poor, gone.id)) == "offering_cancelled"
    had = a_class(app, price="5", seats=5)
    hold(app, had, rich(app, cast.ben, "5"))
    assert refusal(app, Reserve(poor, had.id)) == "already_reserved"


def test_who_cannot_pay_leaves_the_places_to_those_who_can(app: App, cast: Cast) -> None:
    """In one batch, where the places had been found already."""
    offering = a_class(app, seats=3, price="10")
    rich(app, cast.ana)
    asks: list[Ask] = [
        Reserve(as_person(cast.ben), offering.id, party=3),
        Reserve(as_person(cast.ana), offering.id, party=3),
        Reserve(as_person(cast.ben), offering.id, party=1),
    ]
    outcomes = booking.book(app, asks)
    assert said(outcomes) == ["insufficient_funds", "held", "sold_out"]
    assert [place["unit"] for place in plain(outcomes[1])["places"]] == [1, 2, 3]


def test_asks_of_one_batch_share_one_balance(app: App, cast: Cast) -> None:
    offerings = [a_class(app, price="10", confirm="none" if number % 2 else "code") for number in range(5)]
    ana = as_person(rich(app, cast.ana, "25"))
    asks: list[Ask] = [Reserve(ana, offering.id) for offering in offerings]
    assert said(booking.book(app, asks)) == ["held", "confirmed"] + ["insufficient_funds"] * 3
    assert purse(app, cast.ana) == ("15.00", "10.00")


def test_what_is_given_back_in_a_batch_can_be_spent_in_it(app: App, cast: Cast) -> None:
    here, there = (a_class(app, price="10", confirm="payment") for _ in range(2))
    ana = as_person(rich(app, cast.ana, "10"))
    first = hold(app, here, cast.ana)
    assert said(booking.book(app, [Reserve(ana, there.id), Cancel(ana, ById(first.id)), Reserve(ana, there.id)])) == [
        "insufficient_funds",
        "cancelled",
        "held",
    ]
    assert purse(app, cast.ana) == ("10.00", "10.00")


def test_reserve_confirm_cancel_and_reserve_again_fit_into_one_batch(app: App, cast: Cast, yoga: Offering) -> None:
    ana, mine = as_person(rich(app, cast.ana, "12.50")), ByPerson(yoga.id)
    asks: list[Ask] = [Reserve(ana, yoga.id), Confirm(ana, mine), Cancel(ana, mine), Reserve(ana, yoga.id)]
    assert said(booking.book(app, asks)) == ["held", "confirmed", "cancelled", "held"]
    assert [row[:2] for row in rows(app)[1:]] == [
        ("payment", "pending"),
        ("payment", "posted"),
        ("refund", "posted"),
        ("payment", "pending"),
    ]
    assert purse(app, cast.ana) == ("12.50", "12.50")


def test_a_free_class_touches_no_money(app: App, cast: Cast) -> None:
    bought(app, a_class(app, price="0", confirm="self"), cast.ana)
    assert rows(app) == []


# --- confirming pays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["code", "self", "payment", "none"])
def test_confirming_pays_whatever_confirms(app: App, cast: Cast, by: str) -> None:
    offering = a_class(app, price="12.50", confirm=by, by=as_person(cast.cleo))
    ana = as_person(rich(app, cast.ana, "20"))
    one = hold(app, offering, cast.ana)
    if by != "none":
        assert (one.state, earned(app, cast.cleo)) == ("held", "0.00")
        code = mailed_code(app, cast.ana) if by == "code" else None
        one = ask(app, Confirm(ana, ById(one.id), code=code))
    assert one.state == "confirmed"
    assert purse(app, cast.ana) == ("7.50", "0.00")
    assert earned(app, cast.cleo) == "12.50"
    assert [row[:2] for row in rows(app)] == [("top_up", "posted"), ("payment", "pending"), ("payment", "posted")]
    assert ask(app, Confirm(ana, ById(one.id))).state == "confirmed"
    assert len(rows(app)) == 3


def test_an_administrator_confirms_and_the_person_pays(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, price="5"), rich(app, cast.ana))
    ask(app, Confirm(CONSOLE, ById(one.id)))
    assert purse(app, cast.ana) == ("95.00", "0.00")


def test_a_wrong_code_pays_nothing(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, price="5"), rich(app, cast.ana))
    assert refusal(app, Confirm(as_person(cast.ana), ById(one.id), code="000000")) == "wrong_code"
    assert purse(app, cast.ana) == ("100.00", "5.00")


def test_a_hold_that_is_over_is_not_paid(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    one = hold(app, yoga, rich(app, cast.ana))
    clock.advance(HOLD)
    assert refusal(app, Confirm(as_person(cast.ana), ById(one.id))) == "hold_expired"
    assert purse(app, cast.ana) == ("100.00", "0.00")
    assert rows(app)[-1] == ("payment", "voided", "12.50")


def test_what_a_payment_confirms_needs_a_price(app: App, cast: Cast) -> None:
    with pytest.raises(Invalid, match="without a price"):
        a_class(app, confirm="payment")
    offering = a_class(app, confirm="payment", price="5")
    with pytest.raises(Invalid, match="without a price"):
        catalog.update(app, CONSOLE, "class", offering.id, {"price": "0"})
    with pytest.raises(Invalid, match="without a price"):
        catalog.update(app, CONSOLE, "class", a_class(app).id, {"policy": {"confirm": "payment"}})
    changed = catalog.update(app, CONSOLE, "class", offering.id, {"price": "0", "policy": {"confirm": "self"}})
    assert plain(changed)["price"] is None


# --- who earns -----------------------------------------------------------------------------------------------------


def test_money_goes_to_who_made_the_offering_or_to_the_house(app: App, cast: Cast, yoga: Offering) -> None:
    of_the_house = a_class(app, price="8", confirm="payment")
    for offering in (yoga, of_the_house):
        bought(app, offering, rich(app, cast.ana))
    assert (earned(app, cast.cleo), earned(app, None)) == ("12.50", "8.00")
    taken = wallet.transactions(app, CONSOLE).results[0]
    assert (taken.from_.user and taken.from_.user.email, taken.to.account) == ("ana@example.org", "house")
    assert taken.offering is not None and taken.offering.id == of_the_house.id


def test_an_organizer_pays_for_the_own_class_like_everybody(app: App, cast: Cast, yoga: Offering) -> None:
    bought(app, yoga, rich(app, cast.cleo, "20"))
    assert (purse(app, cast.cleo), earned(app, cast.cleo)) == (("7.50", "0.00"), "12.50")
    mine = wallet.transactions(app, as_person(cast.cleo)).results
    assert len(mine) == len({row.id for row in mine}) == 3


# --- holds that end otherwise --------------------------------------------------------------------------------------


def test_a_cancelled_hold_sets_its_money_free(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, rich(app, cast.ana))
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert purse(app, cast.ana) == ("100.00", "0.00")
    assert rows(app)[-1] == ("payment", "voided", "12.50")


def test_a_lapsed_hold_sets_its_money_free(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    hold(app, yoga, rich(app, cast.ana))
    clock.advance(HOLD)
    assert upkeep.settle_due(app)
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_the_next_who_asks_sets_it_free_too(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    hold(app, yoga, rich(app, cast.ana), party=2)
    clock.advance(HOLD)
    hold(app, yoga, rich(app, cast.ben), party=2)
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_money_in_dead_holds_elsewhere_can_be_spent_with_no_daemon_running(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    elsewhere = a_class(app, price="20")
    rich(app, cast.ana, "20")
    dead = hold(app, elsewhere, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), yoga.id)) == "insufficient_funds"
    clock.advance(HOLD)
    hold(app, yoga, cast.ana)
    assert purse(app, cast.ana) == ("20.00", "12.50")
    assert reservations.history(app, CONSOLE, dead.id).results[-1].action == "lapse"
    assert catalog.show(app, "class", elsewhere.id).available == 2
    hold(app, elsewhere, rich(app, cast.ben), party=2)


# --- money back ----------------------------------------------------------------------------------------------------


def test_cancelling_what_was_paid_gives_it_back(app: App, cast: Cast, yoga: Offering) -> None:
    one = bought(app, yoga, rich(app, cast.ana), party=2)
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("100.00", "0.00"), "0.00")
    back = wallet.transactions(app, CONSOLE).results[0]
    assert (back.kind, back.state, back.amount, back.reservation) == ("refund", "posted", Money(2500, "EUR"), one.id)
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert len(rows(app)) == 4


def test_money_comes_back_even_where_it_was_taken_out_already(app: App, cast: Cast, yoga: Offering) -> None:
    """Whoever earned it owes it then."""
    one = bought(app, yoga, rich(app, cast.ana))
    [account] = [x.id for x in wallet.listing(app, as_person(cast.cleo)).results if x.account == "organizer"]
    wallet.withdraw(app, as_person(cast.cleo), "12.50", wallet=account)
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("100.00", "0.00"), "-12.50")


def test_what_took_place_is_not_given_back(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    one = bought(app, yoga, rich(app, cast.ana))
    clock.advance(timedelta(days=2))
    upkeep.settle_due(app)
    assert refusal(app, Cancel(CONSOLE, ById(one.id))) == "not_allowed_now"
    assert earned(app, cast.cleo) == "12.50"


def test_a_cancelled_class_pays_everybody_back(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=100, price="10", confirm="payment", by=as_person(cast.cleo))
    crowd = [rich(app, who, "25") for who in cast.crowd(20)]
    for number, who in enumerate(crowd):
        (bought if number % 2 else hold)(app, offering, who, party=1 + number % 3 % 2)
    catalog.cancel(app, CONSOLE, "class", offering.id, reason="the hall is closed")
    assert {purse(app, who) for who in crowd} == {("25.00", "0.00")}
    assert earned(app, cast.cleo) == "0.00"


# --- the price of the moment ---------------------------------------------------------------------------------------


def test_what_is_charged_is_what_was_quoted(app: App, cast: Cast, yoga: Offering) -> None:
    rich(app, cast.ana), rich(app, cast.ben)
    one = hold(app, yoga, cast.ana)
    catalog.update(app, CONSOLE, "class", yoga.id, {"price": "99"})
    assert show(app, one).price == Money(1250, "EUR")
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    assert purse(app, cast.ana) == ("87.50", "0.00")
    assert hold(app, yoga, cast.ben).price == Money(9900, "EUR")


def test_a_class_that_became_free_still_settles_what_was_held(app: App, cast: Cast, clock: FrozenClock) -> None:
    offering = a_class(app, seats=9, price="10")
    paid, lapsed, given_back = (hold(app, offering, rich(app, who)) for who in cast.crowd(3))
    catalog.update(app, CONSOLE, "class", offering.id, {"price": "0"})
    ask(app, Confirm(CONSOLE, ById(paid.id)))
    ask(app, Cancel(CONSOLE, ById(given_back.id)))
    clock.advance(HOLD)
    upkeep.settle_due(app)
    assert [purse(app, who)[0] for who in (paid.user, lapsed.user, given_back.user)] == ["90.00", "100.00", "100.00"]  # type: ignore[arg-type]


def test_each_offering_keeps_the_currency_it_was_made_with(
    app: App, cast: Cast, clock: FrozenClock, database_url: str, yoga: Offering
) -> None:
    rich(app, cast.ana)
    environ = {"CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_CURRENCY": "JPY"}
    other = open_app(load(config_path=None, environ=environ, overrides={}), clock=clock, chance=app.chance)
    try:
        in_yen = a_class(other, price="1500", confirm="payment")
        assert plain(in_yen)["price"] == {"amount": "1500", "currency": "JPY"}
        assert refusal(other, Reserve(as_person(cast.ana), in_yen.id)) == "insufficient_funds"
        rich(other, cast.ana, "2000")
        bought(other, in_yen, cast.ana)
        bought(other, yoga, cast.ana)
        assert purse(other, cast.ana) == ("500", "0")
        changed = catalog.update(other, CONSOLE, "class", yoga.id, {"price": "13 EUR"})
        assert plain(changed)["price"] == {"amount": "13.00", "currency": "EUR"}
    finally:
        other.close()
    assert purse(app, cast.ana) == ("87.50", "0.00")


# --- moved ---------------------------------------------------------------------------------------------------------


def test_a_hold_that_is_moved_reserves_what_it_costs_then(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=5, price="10", confirm="payment")
    one, ana = hold(app, offering, rich(app, cast.ana, "35"), party=2), as_person(cast.ana)
    for party, held in ((3, "30.00"), (3, "30.00"), (1, "10.00")):
        moved = ask(app, Move(ana, ById(one.id), party=party))
        assert (moved.price, purse(app, cast.ana)) == (Money(1000 * party, "EUR"), ("35.00", held))
    assert refusal(app, Move(ana, ById(one.id), party=4)) == "insufficient_funds"
    assert (show(app, one).party, purse(app, cast.ana)) == (1, ("35.00", "10.00"))
    assert [row[:2] for row in rows(app)[1:]] == [
        ("payment", "pending"), ("payment", "voided"), ("payment", "pending"), ("payment", "voided"),
        ("payment", "pending"),
    ]  # fmt: skip
    ask(app, Confirm(ana, ById(one.id)))
    assert purse(app, cast.ana) == ("25.00", "0.00")


def test_what_is_paid_and_moved_costs_the_difference(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=5, price="10", confirm="payment", by=as_person(cast.cleo))
    one, ana = bought(app, offering, rich(app, cast.ana, "20")), as_person(cast.ana)
    assert refusal(app, Move(ana, ById(one.id), party=3)) == "insufficient_funds"
    ask(app, Move(ana, ById(one.id), party=2))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("0.00", "0.00"), "20.00")
    ask(app, Move(ana, ById(one.id), party=1))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("10.00", "0.00"), "10.00")
    ask(app, Cancel(ana, ById(one.id)))
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("20.00", "0.00"), "0.00")


def test_who_cannot_pay_for_a_move_keeps_the_places(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=3, price="10")
    one = hold(app, offering, rich(app, cast.ana, "15"))
    asks: list[Ask] = [
        Move(as_person(cast.ana), ById(one.id), party=3),
        Reserve(as_person(rich(app, cast.ben)), offering.id, party=2),
    ]
    assert said(booking.book(app, asks)) == ["insufficient_funds", "held"]
    assert [place.unit for place in show(app, one).places] == [1]


def test_a_move_pays_for_what_is_new_at_the_price_of_the_day(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=5, price="10", confirm="payment")
    one, ana = bought(app, offering, rich(app, cast.ana)), as_person(cast.ana)
    catalog.update(app, CONSOLE, "class", offering.id, {"price": "0", "policy": {"confirm": "self"}})
    assert ask(app, Move(ana, ById(one.id), party=2)).price == Money(1000, "EUR")
    assert purse(app, cast.ana) == ("90.00", "0.00")
    catalog.update(app, CONSOLE, "class", offering.id, {"price": "30"})
    moved = ask(app, Move(ana, ById(one.id), party=3))
    assert (moved.price, moved.charged, moved.refund) == (Money(4000, "EUR"), Money(3000, "EUR"), None)
    assert purse(app, cast.ana) == ("60.00", "0.00")


# --- in line -------------------------------------------------------------------------------------------------------


def waiting(app: App, offering: Offering, who: Any, *, party: int = 1) -> Reservation:
    one = ask(app, Reserve(as_person(who), offering.id, party=party, queue=True))
    assert (one.state, one.price) == ("queued", None)
    return one


def test_waiting_costs_nothing_and_an_offer_reserves_its_price(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1, price="10", confirm="payment")
    first = hold(app, offering, rich(app, cast.ana))
    line = waiting(app, offering, rich(app, cast.ben))
    assert purse(app, cast.ben) == ("100.00", "0.00")
    catalog.update(app, CONSOLE, "class", offering.id, {"price": "12"})
    ask(app, Cancel(as_person(cast.ana), ById(first.id)))
    assert (show(app, line).state, show(app, line).price) == ("held", Money(1200, "EUR"))
    assert purse(app, cast.ben) == ("100.00", "12.00")
    ask(app, Confirm(as_person(cast.ben), ById(line.id)))
    assert purse(app, cast.ben) == ("88.00", "0.00")


def test_an_offer_that_needs_no_confirmation_is_paid_at_once(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1, price="10", confirm="none")
    first = hold(app, offering, rich(app, cast.ana))
    line = waiting(app, offering, rich(app, cast.ben))
    ask(app, Cancel(as_person(cast.ana), ById(first.id)))
    assert show(app, line).state == "confirmed"
    assert (purse(app, cast.ana), purse(app, cast.ben)) == (("100.00", "0.00"), ("90.00", "0.00"))


def test_who_cannot_pay_keeps_waiting_and_blocks_nobody(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1, price="10", confirm="payment")
    first = hold(app, offering, rich(app, cast.ana))
    poor, rich_one = waiting(app, offering, cast.ben), waiting(app, offering, rich(app, cast.dora))
    ask(app, Cancel(as_person(cast.ana), ById(first.id)))
    assert [show(app, one).state for one in (poor, rich_one)] == ["queued", "held"]
    rich(app, cast.ben)
    ask(app, Cancel(as_person(cast.dora), ById(rich_one.id)))
    assert show(app, poor).state == "held"


def test_an_offer_that_lapses_sets_its_money_free_and_goes_to_the_next(
    app: App, cast: Cast, clock: FrozenClock
) -> None:
    offering = a_class(app, seats=1, price="10", confirm="payment", starts_in=timedelta(days=9))
    hold(app, offering, rich(app, cast.ana))
    line = [waiting(app, offering, rich(app, who)) for who in (cast.ben, cast.dora)]
    for turn, held in enumerate((("100.00", "10.00"), ("100.00", "0.00"))):
        clock.advance(timedelta(minutes=31))
        upkeep.settle_due(app)
        assert purse(app, cast.ben) == held
        assert show(app, line[turn]).state == "held"
    assert purse(app, cast.dora) == ("100.00", "10.00")


def test_money_that_one_batch_sets_free_reaches_the_line_in_it(app: App, cast: Cast, clock: FrozenClock) -> None:
    """Ben waits for a place here; the price of it is tied up in a dead hold of his elsewhere."""
    here, elsewhere = (a_class(app, seats=1, price="10", confirm="payment") for _ in range(2))
    first = hold(app, here, rich(app, cast.ana))
    line = waiting(app, here, cast.ben)
    hold(app, elsewhere, rich(app, cast.ben, "10"))
    ask(app, Confirm(as_person(cast.ana), ById(first.id)))
    clock.advance(HOLD)
    ask(app, Cancel(as_person(cast.ana), ById(first.id)))
    assert show(app, line).state == "held"
    assert purse(app, cast.ben) == ("10.00", "10.00")


# --- the other kinds -----------------------------------------------------------------------------------------------


def test_a_unit_of_a_resource_has_its_price_whatever_the_time(app: App, cast: Cast) -> None:
    fields = {"title": "Court", "seats": 3, "price": "8"}
    court = catalog.create(app, CONSOLE, "resource", fields)
    assert isinstance(court, Offering)
    start = app.clock.now() + timedelta(hours=1)
    rich(app, cast.ana, "20")

    def reserve(hours: int, party: int) -> Reserve:
        ends_at = start + timedelta(hours=hours)
        return Reserve(as_person(cast.ana), court.id, party=party, starts_at=start, ends_at=ends_at, queue=False)

    assert refusal(app, reserve(1, 4)) == "span_taken"
    assert refusal(app, reserve(1, 3)) == "insufficient_funds"
    one = ask(app, reserve(5, 2))
    assert (one.state, one.price, purse(app, cast.ana)) == ("confirmed", Money(1600, "EUR"), ("4.00", "0.00"))
    later = ask(app, Move(as_person(cast.ana), ById(one.id), starts_at=start + timedelta(hours=2)))
    assert (later.price, len(rows(app))) == (Money(1600, "EUR"), 3)
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert purse(app, cast.ana) == ("20.00", "0.00")


def test_what_is_replaced_pays_for_what_replaces_it(app: App, cast: Cast) -> None:
    """The second appointment of a day costs no more than there is once the first is given up."""
    policy = {"on_second": "replace", "confirm": "payment"}
    fields = {"title": "Dr. Cleo", "seats": 1, "price": "30", "policy": policy}
    cleo = catalog.create(app, CONSOLE, "appointment", fields)
    assert isinstance(cleo, Offering)
    day = NOW.replace(hour=8) + timedelta(days=3)
    ana = as_person(rich(app, cast.ana, "40"))
    first = ask(app, Reserve(ana, cleo.id, starts_at=day))
    ask(app, Confirm(ana, ById(first.id)))
    second = ask(app, Reserve(ana, cleo.id, starts_at=day + timedelta(hours=1)))
    assert (show(app, first).state, second.state) == ("cancelled", "held")
    assert purse(app, cast.ana) == ("40.00", "30.00")
    catalog.update(app, CONSOLE, "appointment", cleo.id, {"price": "41"})
    assert refusal(app, Reserve(ana, cleo.id, starts_at=day + timedelta(hours=2))) == "insufficient_funds"
    assert (show(app, second).state, purse(app, cast.ana)) == ("held", ("40.00", "30.00"))


# --- what stands behind --------------------------------------------------------------------------------------------


def test_a_desk_that_forgets_to_look_into_the_wallet_is_stopped_by_the_database(
    app: App, cast: Cast, yoga: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the one who cannot pay harms no neighbour."""
    rich(app, cast.ana, "12.49"), rich(app, cast.ben)
    monkeypatch.setattr(Purse, "why_not_pay", lambda *_, **__: None)
    asks: list[Ask] = [Reserve(as_person(cast.ana), yoga.id), Reserve(as_person(cast.ben), yoga.id)]
    assert said(booking.book(app, asks)) == ["insufficient_funds", "held"]
    assert (purse(app, cast.ana), purse(app, cast.ben)) == (("12.49", "0.00"), ("100.00", "12.50"))


# --- batches -------------------------------------------------------------------------------------------------------


def test_a_dry_run_moves_no_money(app: App, cast: Cast, yoga: Offering) -> None:
    rich(app, cast.ana)
    before = everything(app)
    [outcome] = booking.book(app, [Reserve(as_person(cast.ana), yoga.id)], dry_run=True)
    assert plain(outcome)["price"] == {"amount": "12.50", "currency": "EUR"}
    assert everything(app) == before
    assert said(booking.book(app, [Reserve(as_person(cast.ben), yoga.id)], dry_run=True)) == ["insufficient_funds"]
    assert everything(app)["transfers"] == before["transfers"]


def test_a_request_that_is_sent_twice_pays_once(app: App, cast: Cast, yoga: Offering) -> None:
    key = RequestKey("k", "body")
    asked = Reserve(as_person(rich(app, cast.ana)), yoga.id, key=key)
    first, again = booking.book(app, [asked, asked])
    assert plain(first) == again == booking.book(app, [asked])[0]
    assert purse(app, cast.ana) == ("100.00", "12.50")


class Counted:
    """Counts what is sent to the database, however much it carries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.trips = self.statements = 0
        pipeline, write_all = Tx.pipeline, Tx.write_all

        def counted_pipeline(tx: Tx, *queries: Any) -> Any:
            self.trips += 1
            self.statements += len(queries)
            return pipeline(tx, *queries)

        def counted_writes(tx: Tx, *writes: Any) -> Any:
            self.trips += 1
            self.statements += sum(1 for _, rows in writes if rows)
            return write_all(tx, *writes)

        monkeypatch.setattr(Tx, "pipeline", counted_pipeline)
        monkeypatch.setattr(Tx, "write_all", counted_writes)

    def during(self, app: App, asks: list[Ask]) -> tuple[int, int]:
        self.trips = self.statements = 0
        outcomes = booking.book(app, asks)
        assert set(said(outcomes)) == {"held"}
        return self.trips, self.statements


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, priced = a_class(app, seats=99), a_class(app, seats=99, price="1", by=as_person(cast.cleo))
    first, last, few, *many = [rich(app, who) for who in cast.crowd(32)]
    hold(app, priced, first)  # opens the account of whoever earns, once and for all
    counted = Counted(monkeypatch)
    one_free = counted.during(app, [Reserve(as_person(who), free.id) for who in [few]])
    many_free = counted.during(app, [Reserve(as_person(who), free.id) for who in many])
    one_priced = counted.during(app, [Reserve(as_person(who), priced.id) for who in [few]])
    many_priced = counted.during(app, [Reserve(as_person(who), priced.id) for who in many])
    assert one_free == many_free
    assert one_priced == many_priced
    # One round trip to load and lock, one for the ids of the new rows.
    assert many_priced[0] == many_free[0] + 2
    monkeypatch.setattr(ledger, "load", None)
    assert counted.during(app, [Reserve(as_person(last), free.id)]) == one_free
