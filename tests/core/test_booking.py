"""The booking desk's law, on both databases: states, refusals and their order, limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, catalog, reservations, upkeep
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Resend, Reserve
from classbook.errors import NotFound
from classbook.rules.states import ARROWS
from classbook.testing import FrozenClock
from classbook.values import Actor, Offering, Reservation
from tests.makers import (
    CONSOLE,
    HOLD,
    NOW,
    Cast,
    a_class,
    as_person,
    ask,
    confirmed,
    hold,
    mailed_code,
    moves,
    refusal,
    said,
    show,
    unproved,
)

pytestmark = pytest.mark.usefixtures("sound")


# --- the state table -----------------------------------------------------------------------------------------------


def in_state(app: App, clock: FrozenClock, cast: Cast, state: str) -> tuple[Offering, Reservation]:
    """A reservation of Ana's in some state, written down."""
    offering = a_class(app)
    one = hold(app, offering, cast.ana)
    if state in ("confirmed", "completed"):
        ask(app, Confirm(CONSOLE, ById(one.id)))
    if state == "completed":
        clock.advance(timedelta(days=2))
    if state == "expired":
        clock.advance(HOLD)
    if state == "cancelled":
        ask(app, Cancel(CONSOLE, ById(one.id)))
    upkeep.settle_due(app)
    assert show(app, one).state == state
    return offering, one


@pytest.mark.parametrize(
    ("state", "action", "outcome"),
    [
        ("held", "confirm", "confirmed"),
        ("held", "cancel", "cancelled"),
        ("held", "time", "expired"),
        ("confirmed", "confirm", "confirmed"),
        ("confirmed", "cancel", "cancelled"),
        ("confirmed", "time", "completed"),
        ("completed", "confirm", "not_allowed_now"),
        ("completed", "cancel", "not_allowed_now"),
        ("completed", "time", "completed"),
        ("cancelled", "confirm", "not_allowed_now"),
        ("cancelled", "cancel", "cancelled"),
        ("cancelled", "time", "cancelled"),
        ("expired", "confirm", "hold_expired"),
        ("expired", "cancel", "hold_expired"),
        ("expired", "time", "expired"),
    ],
)
def test_each_row_of_the_state_table(
    app: App, clock: FrozenClock, cast: Cast, state: str, action: str, outcome: str
) -> None:
    _, one = in_state(app, clock, cast, state)
    before = moves(app, one)
    if action == "time":
        clock.advance(timedelta(days=30))
        assert show(app, one).state == outcome
        upkeep.settle_due(app)
    else:
        asked: Ask = Confirm(CONSOLE, ById(one.id)) if action == "confirm" else Cancel(CONSOLE, ById(one.id))
        assert said(booking.book(app, [asked])) == [outcome]
    after = show(app, one).state
    new = moves(app, one)[len(before) :]
    if after == state:
        assert new == []
    else:
        [(came_from, word, went_to)] = new
        assert (came_from, went_to) == (state, after)
        assert ARROWS[state][word] == after


def test_a_hold_that_needs_no_proof_is_confirmed_in_two_steps(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, confirm="none"), cast.ana)
    assert one.state == "confirmed"
    assert one.expires_at is None
    assert one.confirmed_at == NOW
    assert moves(app, one) == [(None, "reserve", "held"), ("held", "confirm", "confirmed")]


def test_ones_own_word_confirms_where_that_is_the_policy(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, confirm="self"), cast.ana)
    assert one.state == "held"
    assert ask(app, Confirm(as_person(cast.ana), ById(one.id))).state == "confirmed"


def test_history_says_who_and_why(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    clock.advance(seconds=1)
    ask(app, Cancel(Actor(cast.emma.id, "req-7"), ById(one.id), reason="the flu"))
    first, last = reservations.history(app, CONSOLE, one.id).results
    assert (first.n, first.actor, first.at, first.reason) == (1, "ana@example.org", NOW, None)
    assert (last.n, last.actor, last.at, last.reason) == (2, "emma@example.org", clock.now(), "the flu")
    assert last.request_id == "req-7"


# --- refusals and their order --------------------------------------------------------------------------------------


def test_refusals_come_in_their_order(app: App, clock: FrozenClock, cast: Cast) -> None:
    """One ask to which every refusal applies; then the first reason is taken away, again and again."""
    gone, full = (a_class(app, seats=1, notice_seconds=3600) for _ in range(2))
    for offering in (gone, full):
        confirmed(app, offering, cast.ana)
    catalog.cancel(app, CONSOLE, "class", gone.id)
    stranger = as_person(unproved(app, "Uma"))
    ana, ben = as_person(cast.ana), as_person(cast.ben)
    start = NOW + timedelta(days=1)

    clock.set(start + timedelta(minutes=30))
    assert refusal(app, Reserve(stranger, 999, cast.ana.id, party=0)) == "not_found"
    assert refusal(app, Reserve(stranger, gone.id, cast.ana.id, party=0)) == "invalid"
    assert refusal(app, Reserve(stranger, gone.id, cast.ana.id, party=99)) == "not_yours"
    assert refusal(app, Reserve(stranger, gone.id, party=99)) == "not_allowed_now"
    assert refusal(app, Reserve(ana, gone.id, party=99)) == "offering_cancelled"
    assert refusal(app, Reserve(ana, full.id, party=99)) == "offering_closed"
    clock.set(start - timedelta(minutes=30))
    assert refusal(app, Reserve(ana, full.id, party=99)) == "below_notice"
    clock.set(start - timedelta(hours=2))
    assert refusal(app, Reserve(ana, full.id, party=99)) == "already_reserved"
    assert refusal(app, Reserve(ben, full.id, party=99)) == "limit_reached"
    assert refusal(app, Reserve(ben, full.id)) == "sold_out"


@pytest.mark.parametrize("party", [0, -1, -(10**30)])
def test_a_party_is_at_least_one(app: App, cast: Cast, yoga: Offering, party: int) -> None:
    assert refusal(app, Reserve(as_person(cast.ana), yoga.id, party=party)) == "invalid"


def test_a_party_is_bounded_by_the_policy_then_by_what_is_left(app: App, cast: Cast) -> None:
    small = a_class(app, seats=20)
    assert refusal(app, Reserve(as_person(cast.ana), small.id, party=11)) == "limit_reached"
    assert refusal(app, Reserve(as_person(cast.ana), small.id, party=10**30)) == "limit_reached"
    assert hold(app, small, cast.ana, party=10).party == 10
    boundless = a_class(app, seats=20, party_max=None)
    assert refusal(app, Reserve(as_person(cast.ana), boundless.id, party=21)) == "sold_out"
    assert refusal(app, Reserve(as_person(cast.ana), boundless.id, party=10**30)) == "sold_out"
    assert len(hold(app, boundless, cast.ana, party=20).places) == 20


@pytest.mark.parametrize("number", [0, -1, 999, 2**63 - 1, 2**63, 10**30])
def test_what_does_not_exist_is_not_found(app: App, cast: Cast, yoga: Offering, number: int) -> None:
    ana = as_person(cast.ana)
    assert refusal(app, Reserve(ana, number)) == "not_found"
    assert refusal(app, Confirm(ana, ById(number))) == "not_found"
    assert refusal(app, Cancel(ana, ById(number))) == "not_found"
    assert refusal(app, Resend(ana, ByPerson(number))) == "not_found"
    if number:
        assert refusal(app, Reserve(CONSOLE, yoga.id, number)) == "not_found"
        assert refusal(app, Cancel(CONSOLE, ByPerson(yoga.id, number))) == "not_found"


def test_the_console_must_say_for_whom(app: App, yoga: Offering) -> None:
    assert refusal(app, Reserve(CONSOLE, yoga.id)) == "invalid"
    assert refusal(app, Cancel(CONSOLE, ByPerson(yoga.id))) == "invalid"


def test_other_peoples_reservations_do_not_exist(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    for stranger in (cast.ben, cast.cleo, cast.dora):
        actor = as_person(stranger)
        assert refusal(app, Confirm(actor, ById(one.id), code=code)) == "not_found"
        assert refusal(app, Cancel(actor, ById(one.id))) == "not_found"
        assert refusal(app, Resend(actor, ById(one.id))) == "not_found"
        assert refusal(app, Confirm(actor, ByPerson(yoga.id, cast.ana.id), code=code)) == "not_yours"
        assert refusal(app, Reserve(actor, yoga.id, cast.ana.id)) == "not_yours"
        with pytest.raises(NotFound):
            reservations.show(app, actor, one.id)
        assert reservations.listing(app, actor).results == ()


def test_an_administrator_books_for_others(app: App, cast: Cast, yoga: Offering) -> None:
    one = ask(app, Reserve(as_person(cast.emma), yoga.id, cast.ana.id))
    assert one.user.email == "ana@example.org"
    assert ask(app, Confirm(as_person(cast.emma), ById(one.id))).state == "confirmed"
    assert ask(app, Cancel(as_person(cast.emma), ByPerson(yoga.id, cast.ana.id))).state == "cancelled"


def test_an_account_that_is_not_verified_books_nothing(app: App, yoga: Offering) -> None:
    assert refusal(app, Reserve(as_person(unproved(app, "Uma")), yoga.id)) == "not_allowed_now"


def test_whoever_is_gone_must_log_in(app: App, yoga: Offering) -> None:
    assert refusal(app, Reserve(Actor(999), yoga.id)) == "not_logged_in"


# --- limits --------------------------------------------------------------------------------------------------------


def test_once_means_once_while_it_lives(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    first = hold(app, yoga, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), yoga.id)) == "already_reserved"
    ask(app, Confirm(CONSOLE, ById(first.id)))
    assert refusal(app, Reserve(as_person(cast.ana), yoga.id)) == "already_reserved"
    ask(app, Cancel(CONSOLE, ById(first.id)))
    hold(app, yoga, cast.ana)
    clock.advance(HOLD)
    assert hold(app, yoga, cast.ana).state == "held"


def test_a_limit_per_person_counts_places_over_all_reservations(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=10, max_per_person=3)
    first = hold(app, offering, cast.ana, party=2)
    assert refusal(app, Reserve(as_person(cast.ana), offering.id, party=2)) == "limit_reached"
    second = hold(app, offering, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ana), offering.id)) == "limit_reached"
    ask(app, Cancel(CONSOLE, ById(first.id)))
    assert hold(app, offering, cast.ana, party=2).state == "held"
    assert show(app, second).state == "held"


def test_naming_the_person_means_the_live_reservation_before_a_later_dead_one(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=10, max_per_person=3)
    first, second = hold(app, offering, cast.ana), hold(app, offering, cast.ana)
    ask(app, Cancel(CONSOLE, ById(second.id)))
    assert ask(app, Confirm(CONSOLE, ByPerson(offering.id, cast.ana.id))).id == first.id
    ask(app, Cancel(CONSOLE, ById(first.id)))
    assert ask(app, Cancel(CONSOLE, ByPerson(offering.id, cast.ana.id))).id == second.id
