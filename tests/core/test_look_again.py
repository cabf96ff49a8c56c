"""Whoever waits is served by whatever sets free a place or their money, wherever that happens, with no daemon."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog, matches, upkeep, venues, wallet
from classbook.core.asks import ById, Cancel, Confirm, Reserve
from classbook.errors import Busy
from classbook.rules.plan_files import from_options
from classbook.store import ledger
from classbook.testing import FrozenClock
from classbook.values import Offering, Person, Reservation
from tests.makers import (
    CONSOLE,
    HOLD,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    hold,
    purse,
    rich,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


def waiting(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    return ask(app, Reserve(as_person(who), offering.id, party=party, queue=True))


@pytest.fixture
def bowls(app: App) -> Offering:
    """A class with one place for 10."""
    return a_class(app, title="Bowls", seats=1, price="10", confirm="payment")


def test_a_hold_that_lapses_because_its_money_is_spent_elsewhere_goes_to_the_next(
    app: App, cast: Cast, clock: FrozenClock, bowls: Offering
) -> None:
    hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, rich(app, cast.ben))
    clock.advance(HOLD)
    hold(app, a_class(app, price="10"), cast.ana)
    assert show(app, line).state == "held"


def test_what_comes_back_pays_for_what_somebody_waits_for(app: App, cast: Cast, bowls: Offering) -> None:
    """Ben waits, and has paid for another class; when he is paid back, the place here is still free."""
    other = a_class(app, price="10", confirm="payment")
    paid = ask(app, Confirm(CONSOLE, ById(hold(app, other, rich(app, cast.ben, "10")).id)))
    first = hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, cast.ben)
    ask(app, Cancel(CONSOLE, ById(first.id)))
    assert show(app, line).state == "queued"
    ask(app, Cancel(CONSOLE, ById(paid.id)))
    assert (show(app, line).state, purse(app, cast.ben)) == ("held", ("10.00", "10.00"))


@pytest.mark.parametrize("how", ["offering cancelled", "daemon"])
def test_money_that_is_freed_without_an_ask_does_so_too(
    app: App, cast: Cast, clock: FrozenClock, bowls: Offering, how: str
) -> None:
    other = a_class(app, price="10", confirm="payment")
    hold(app, other, rich(app, cast.ben, "10"))
    first = hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, cast.ben)
    ask(app, Cancel(CONSOLE, ById(first.id)))
    if how == "daemon":
        clock.advance(HOLD)
        assert upkeep.settle_offering(app, other.id)
    else:
        catalog.cancel(app, CONSOLE, "class", other.id)
    assert show(app, line).state == "held"


def test_topping_up_is_enough(app: App, cast: Cast, bowls: Offering) -> None:
    first = hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, cast.ben)
    ask(app, Cancel(CONSOLE, ById(first.id)))
    wallet.top_up(app, as_person(cast.ben), "9.99")
    assert show(app, line).state == "queued"
    wallet.top_up(app, as_person(cast.ben), "0.01", dry_run=True)
    assert show(app, line).state == "queued"
    wallet.top_up(app, as_person(cast.ben), "0.01")
    assert show(app, line).state == "held"


def test_a_lower_price_is_enough(app: App, cast: Cast, bowls: Offering) -> None:
    first = hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, rich(app, cast.ben, "8"))
    ask(app, Cancel(CONSOLE, ById(first.id)))
    catalog.update(app, CONSOLE, "class", bowls.id, {"price": "8"})
    assert (show(app, line).state, purse(app, cast.ben)) == ("held", ("8.00", "8.00"))


def test_more_places_are_offered_at_the_price_that_comes_with_them(app: App, cast: Cast, bowls: Offering) -> None:
    hold(app, bowls, rich(app, cast.ana))
    line = waiting(app, bowls, rich(app, cast.ben, "20"))
    catalog.update(app, CONSOLE, "class", bowls.id, {"price": "20", "seats": 2})
    assert (show(app, line).state, purse(app, cast.ben)) == ("held", ("20.00", "20.00"))


def test_who_could_pay_for_one_of_two_hides_nobody(app: App, cast: Cast) -> None:
    """Ben waits twice and can pay once; what he cannot have goes to Dora in the end."""
    pool = a_class(app, seats=2, price="10", confirm="payment", max_per_person=2)
    first = hold(app, pool, rich(app, cast.ana), party=2)
    rich(app, cast.ben, "10")
    line = [waiting(app, pool, cast.ben), waiting(app, pool, cast.ben), waiting(app, pool, rich(app, cast.dora))]
    ask(app, Cancel(CONSOLE, ById(first.id)))
    assert [show(app, one).state for one in line] == ["held", "queued", "held"]


def test_more_seats_are_offered_to_who_waits(app: App, cast: Cast) -> None:
    arena = a_venue(app, "A:1x1")
    match = a_match(app, arena, confirm="none")
    ask(app, Reserve(as_person(cast.ana), match.id, best=1))
    line = waiting(app, match, cast.ben)
    venues.import_plan(app, CONSOLE, arena.id, from_options(["A:1x2"]), dry_run=True)
    assert show(app, line).state == "queued"
    venues.import_plan(app, CONSOLE, arena.id, from_options(["A:1x2"]))
    assert show(app, line).state == "confirmed"


def test_blocking_seats_lets_time_do_its_part_elsewhere_too(
    app: App, cast: Cast, clock: FrozenClock, bowls: Offering
) -> None:
    match = a_match(app, a_venue(app, "A:1x3"), prices={"A": "10"})
    ask(app, Reserve(as_person(rich(app, cast.ben, "10")), match.id, seats=("A-1-1",)))
    first = hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, cast.ben)
    ask(app, Cancel(CONSOLE, ById(first.id)))
    clock.advance(timedelta(seconds=600))
    matches.block(app, CONSOLE, match.id, ["A-1-3"])
    assert show(app, line).state == "held"


def test_a_hold_that_is_over_keeps_no_money_from_being_taken_out(
    app: App, cast: Cast, clock: FrozenClock, bowls: Offering
) -> None:
    one = hold(app, bowls, rich(app, cast.ana, "10"))
    clock.advance(HOLD)
    wallet.withdraw(app, as_person(cast.ana), "10")
    assert (purse(app, cast.ana), show(app, one).state) == (("0.00", "0.00"), "expired")


# --- what is left to the daemon -------------------------------------------------------------------------------------


def test_what_cannot_be_looked_at_again_harms_nobody_and_is_left_to_the_daemon(
    app: App, cast: Cast, clock: FrozenClock, bowls: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had died right after its commit."""
    hold(app, bowls, rich(app, cast.ana, "10"))
    line = waiting(app, bowls, rich(app, cast.ben))
    free = a_class(app, price="10")
    clock.advance(HOLD)

    def busy(*_: object, **__: object) -> None:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "settle_within", busy)
        hold(app, free, cast.ana)
    assert show(app, line).state == "queued"
    assert not upkeep.settle_due(app)
    assert upkeep.serve_waiting(app)
    assert show(app, line).state == "held"
    assert not upkeep.serve_waiting(app)


def test_nobody_is_looked_at_again_where_no_money_came_free(
    app: App, cast: Cast, bowls: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_AWAITED", "this would be refused")
    one = hold(app, bowls, rich(app, cast.ana, "10"))
    assert ask(app, Confirm(CONSOLE, ById(one.id))).state == "confirmed"


def test_who_cannot_pay_for_a_time_of_their_own_is_looked_at_once(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind them there is nobody who was not looked at with them."""
    court = a_court(app, price="10", confirm="self")
    first = ask(app, booking_of(court, rich(app, cast.ana), "10:00-11:00"))
    line = ask(app, booking_of(court, cast.ben, "10:00-11:00", queue=True))
    monkeypatch.setattr(upkeep, "settle_within", None)
    ask(app, Cancel(CONSOLE, ById(first.id)))
    assert ask(app, booking_of(court, rich(app, cast.emma), "10:00-11:00")).state == "held"
    assert show(app, line).state == "queued"
