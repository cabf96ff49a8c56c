"""The booking desk's law, on both databases: states, refusals and their order, deadlines, batches, keys and codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
import sqlalchemy as sa

from classbook.app import App
from classbook.core import booking, catalog, figures, people, reservations, upkeep
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Resend, Reserve
from classbook.errors import ClassbookError, KeyReused, NotFound, TooManyGuesses
from classbook.rules.states import ARROWS
from classbook.testing import FrozenClock
from classbook.values import Actor, Offering, Outcome, Person, RequestKey, Reservation, plain
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    as_person,
    ask,
    broken,
    hold,
    mailed,
    mailed_code,
    mailed_link,
    refusal,
)

MICROSECOND = timedelta(microseconds=1)
HOLD = timedelta(seconds=300)


@pytest.fixture
def yoga(app: App) -> Offering:
    """A class of two places, tomorrow at this hour."""
    return a_class(app, seats=2)


@pytest.fixture(autouse=True)
def sound(app: App) -> Iterator[None]:
    """Whatever a test did, no invariant is broken after it."""
    yield
    assert broken(app) == []


def confirmed(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    """Places that are confirmed by the console's word."""
    return ask(app, Confirm(CONSOLE, ById(hold(app, offering, who, party=party).id)))


def show(app: App, reservation: Reservation) -> Reservation:
    return reservations.show(app, CONSOLE, reservation.id)


def moves(app: App, reservation: Reservation) -> list[tuple[str | None, str, str]]:
    """The history: from, action, to."""
    found = reservations.history(app, CONSOLE, reservation.id).results
    return [(move.from_state, move.action, move.to_state) for move in found]


def said(outcomes: list[Outcome]) -> list[str]:
    """The state, or the refusal, of each outcome."""
    return [one.code if isinstance(one, ClassbookError) else plain(one)["state"] for one in outcomes]


def everything(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with app.store.read() as tx:
        names = sa.inspect(tx.connection).get_table_names()
        return {name: sorted(tx.rows(f"SELECT * FROM {name}"), key=repr) for name in names}


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at one moment, in a thread each; what each returned or refused."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except ClassbookError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


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
    stranger = as_person(people.signup(app, email="uma@example.org", password="long enough to pass", name="Uma"))
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
    uma = people.signup(app, email="uma@example.org", password="long enough to pass", name="Uma")
    assert refusal(app, Reserve(as_person(uma), yoga.id)) == "not_allowed_now"


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


# --- batches -------------------------------------------------------------------------------------------------------


def test_each_ask_of_a_batch_sees_the_ones_before(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    ana, ben = as_person(cast.ana), as_person(cast.ben)
    outcomes = booking.book(
        app,
        [
            Reserve(ana, offering.id),
            Reserve(ana, offering.id),
            Reserve(ben, offering.id),
            Cancel(ana, ByPerson(offering.id)),
            Cancel(ana, ByPerson(offering.id)),
            Reserve(ben, offering.id),
            Confirm(CONSOLE, ByPerson(offering.id, cast.ben.id)),
            Confirm(ben, ByPerson(offering.id)),
            Reserve(ana, offering.id),
        ],
    )
    assert said(outcomes) == [
        "held",
        "already_reserved",
        "sold_out",
        "cancelled",
        "cancelled",
        "held",
        "confirmed",
        "confirmed",
        "sold_out",
    ]
    assert catalog.show(app, "class", offering.id).reserved == 1


def test_a_batch_answers_the_same_as_its_asks_one_by_one(app: App, clock: FrozenClock, cast: Cast) -> None:
    crowd = cast.crowd(8)
    old_and_dead = [a_class(app, seats=5, title=title) for title in ("Together", "One by one")]
    for offering in old_and_dead:
        hold(app, offering, crowd[0], party=4)
    clock.advance(HOLD)

    def asks(offering: Offering) -> list[Ask]:
        return [
            *(Reserve(as_person(one), offering.id, party=number) for number, one in enumerate(crowd[:3], start=1)),
            Cancel(as_person(crowd[1]), ByPerson(offering.id)),
            *(Reserve(as_person(one), offering.id, party=1) for one in crowd[3:]),
            Confirm(CONSOLE, ByPerson(offering.id, crowd[0].id)),
            Confirm(as_person(crowd[3]), ByPerson(offering.id)),
        ]

    together, apart = old_and_dead
    at_once = booking.book(app, asks(together))
    singly = [outcome for one in asks(apart) for outcome in booking.book(app, [one])]
    assert said(at_once) == said(singly)
    assert [plain(one)["places"] for one in at_once if isinstance(one, Reservation)] == [
        plain(one)["places"] for one in singly if isinstance(one, Reservation)
    ]


def test_a_bad_ask_harms_nobody(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=3)
    ana, ben, cleo = map(as_person, (cast.ana, cast.ben, cast.cleo))
    outcomes = booking.book(
        app,
        [
            Reserve(ana, offering.id),
            Reserve(ana, 999),
            Reserve(CONSOLE, offering.id, -5),
            Reserve(ben, offering.id, party=10**40),
            Reserve(ben, 10**40),
            Confirm(ben, ById(10**40), code="000000"),
            Cancel(Actor(10**40), ById(1)),
            Confirm(ana, ByPerson(offering.id), code="\ud800"),
            Reserve(ben, offering.id),
            Reserve(cleo, offering.id),
        ],
    )
    codes = ["not_found", "not_found", "limit_reached", "not_found", "not_found", "not_logged_in", "wrong_code"]
    assert said(outcomes) == ["held", *codes, "held", "held"]


@pytest.mark.parametrize("reason", ['say "no", {NULL}\\\n\t,', "NULL", "", "{}", "été 🎉 %s ?", "x" * 500])
def test_any_words_are_a_reason(app: App, cast: Cast, yoga: Offering, reason: str) -> None:
    one = hold(app, yoga, cast.ana)
    ask(app, Cancel(as_person(cast.ana), ById(one.id), reason=reason))
    assert reservations.history(app, CONSOLE, one.id).results[-1].reason == reason.strip()


def test_what_is_no_text_is_no_reason_and_harms_nobody(app: App, cast: Cast, yoga: Offering) -> None:
    hold(app, yoga, cast.ana)
    bad = [Cancel(as_person(cast.ana), ByPerson(yoga.id), reason=text) for text in ("a\0b", "\ud800", "x" * 501)]
    outcomes = booking.book(app, [*bad, Reserve(as_person(cast.ben), yoga.id)])
    assert said(outcomes) == ["invalid", "invalid", "invalid", "held"]


def test_an_empty_batch_is_answered_with_nothing(app: App) -> None:
    assert booking.book(app, []) == []


def test_a_dry_run_answers_and_changes_no_row(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=3)
    held, dead = hold(app, offering, cast.ana), hold(app, a_class(app), cast.ana)
    ana, ben = as_person(cast.ana), as_person(cast.ben)
    clock.advance(HOLD - MICROSECOND)
    before = everything(app)
    outcomes = booking.book(
        app,
        [
            Confirm(ana, ById(held.id), code="000000"),
            Reserve(ben, offering.id, key=RequestKey("k", "b")),
            Resend(ana, ById(dead.id)),
            Cancel(ana, ById(dead.id)),
            Cancel(ana, ById(held.id)),
            Reserve(ana, 999),
        ],
        dry_run=True,
    )
    assert said(outcomes) == ["confirmed", "held", "held", "cancelled", "cancelled", "not_found"]
    clock.advance(MICROSECOND)
    assert said(booking.book(app, [Reserve(ana, offering.id)], dry_run=True)) == ["held"]
    after = everything(app)
    for table in before:
        assert after[table] == before[table], table


# --- request keys --------------------------------------------------------------------------------------------------


def test_a_repeated_key_gets_the_stored_answer_and_no_second_effect(app: App, cast: Cast, yoga: Offering) -> None:
    asked = Reserve(as_person(cast.ana), yoga.id, key=RequestKey("k1", "body"))
    [first] = booking.book(app, [asked])
    [again] = booking.book(app, [asked])
    ask(app, Cancel(CONSOLE, ByPerson(yoga.id, cast.ana.id)))
    [later] = booking.book(app, [asked])
    assert isinstance(first, Reservation)
    assert again == later == plain(first)
    assert len(reservations.listing(app, CONSOLE).results) == 1


def test_a_repeated_key_within_one_batch_acts_once(app: App, cast: Cast, yoga: Offering) -> None:
    asked = Reserve(as_person(cast.ana), yoga.id, key=RequestKey("k1", "body"))
    first, again = booking.book(app, [asked, asked])
    assert again == plain(first)
    assert len(reservations.listing(app, CONSOLE).results) == 1


def test_a_key_with_another_body_is_refused(app: App, cast: Cast, yoga: Offering) -> None:
    ana = as_person(cast.ana)
    booking.one(app, Reserve(ana, yoga.id, key=RequestKey("k1", "body")))
    other = RequestKey("k1", "other body")
    assert refusal(app, Cancel(ana, ByPerson(yoga.id), key=other)) == "key_reused"
    assert said(booking.book(app, [Cancel(ana, ByPerson(yoga.id))])) == ["cancelled"]


def test_a_key_belongs_to_its_person(app: App, cast: Cast, yoga: Offering) -> None:
    key = RequestKey("k1", "body")
    outcomes = booking.book(app, [Reserve(as_person(one), yoga.id, key=key) for one in (cast.ana, cast.ben)])
    assert said(outcomes) == ["held", "held"]


def test_what_was_refused_is_judged_afresh_under_its_key(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    other = hold(app, offering, cast.ben)
    asked = Reserve(as_person(cast.ana), offering.id, key=RequestKey("k1", "body"))
    assert refusal(app, asked) == "sold_out"
    ask(app, Cancel(CONSOLE, ById(other.id)))
    assert said(booking.book(app, [asked])) == ["held"]


def test_two_at_once_with_one_key_act_once(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=50)
    for number, guest in enumerate(cast.crowd(8)):
        asked = Reserve(as_person(guest), offering.id, key=RequestKey(f"k{number}", "body"))
        first, second = at_once(*[partial(booking.one, app, asked)] * 2)
        assert plain(first) == plain(second)
    assert catalog.show(app, "class", offering.id).reserved == 8


def test_two_at_once_with_one_key_for_different_things_act_once(app: App, cast: Cast) -> None:
    """Nothing but the key itself brings the two together: they lock nothing in common."""
    offerings = [a_class(app, seats=50) for _ in range(2)]
    for number, (ana, ben) in enumerate(zip(*[iter(cast.crowd(16))] * 2, strict=True)):
        asks = [
            Reserve(CONSOLE, offering.id, who.id, key=RequestKey(f"k{number}", f"body {who.id}"))
            for offering, who in zip(offerings, (ana, ben), strict=True)
        ]
        outcomes = at_once(*[partial(booking.one, app, asked) for asked in asks])
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["KeyReused", "Reservation"]
    assert sum(catalog.show(app, "class", offering.id).reserved for offering in offerings) == 8


def test_two_at_once_make_one_class_under_one_key(app: App) -> None:
    fields = {"title": "Tango", "seats": 3, "starts_at": NOW + timedelta(days=1), "ends_at": NOW + timedelta(days=2)}
    for number in range(8):
        make = partial(catalog.create, app, CONSOLE, "class", fields, key=RequestKey(f"k{number}", "body"))
        first, second = at_once(make, make)
        assert plain(first) == plain(second)
    assert catalog.numbered(app, "class").count == 8


def test_two_at_once_with_one_address_are_one_person(app: App) -> None:
    for number in range(8):
        make = partial(people.create, app, CONSOLE, email=f"p{number}@example.org", name="P")
        outcomes = at_once(make, make)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Exists", "Person"]


# --- codes and links -----------------------------------------------------------------------------------------------


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_mailed_code_confirms_and_no_other(app: App, cast: Cast, yoga: Offering) -> None:
    mine, hers = hold(app, yoga, cast.ana), hold(app, yoga, cast.ben)
    ana, code = as_person(cast.ana), mailed_code(app, cast.ana)
    assert mailed_code(app, cast.ben) != code
    assert refusal(app, Confirm(ana, ById(mine.id))) == "invalid"
    assert refusal(app, Confirm(ana, ById(mine.id), code=mailed_code(app, cast.ben))) == "wrong_code"
    assert refusal(app, Confirm(ana, ById(mine.id), code="")) == "wrong_code"
    assert ask(app, Confirm(ana, ById(mine.id), code=f" {code} ")).state == "confirmed"
    assert ask(app, Confirm(ana, ById(mine.id), code=wrong(code))).state == "confirmed"
    assert show(app, hers).state == "held"


def test_five_guesses_are_counted_and_the_sixth_is_not_looked_at(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    ana, code = as_person(cast.ana), mailed_code(app, cast.ana)
    for _ in range(5):
        assert refusal(app, Confirm(ana, ById(one.id), code=wrong(code))) == "wrong_code"
    assert refusal(app, Confirm(ana, ById(one.id), code=code)) == "too_many_guesses"
    assert refusal(app, Confirm(CONSOLE, ById(one.id), code=code)) == "too_many_guesses"
    assert refusal(app, Resend(ana, ById(one.id))) == "too_many_guesses"
    assert show(app, one).state == "held"
    assert ask(app, Confirm(CONSOLE, ById(one.id))).state == "confirmed"


def test_the_fifth_guess_may_be_right(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    guess = Confirm(as_person(cast.ana), ById(one.id), code=wrong(code))
    right = Confirm(as_person(cast.ana), ById(one.id), code=code)
    assert said(booking.book(app, [guess, guess, guess, guess, right])) == ["wrong_code"] * 4 + ["confirmed"]


def test_guesses_in_parallel_are_counted_each(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    guess = Confirm(as_person(cast.ana), ById(one.id), code=wrong(code))
    outcomes = at_once(*[partial(booking.one, app, guess)] * 12)
    named = [outcome.code for outcome in outcomes if isinstance(outcome, ClassbookError)]
    assert sorted(named) == ["too_many_guesses"] * 7 + ["wrong_code"] * 5
    with pytest.raises(TooManyGuesses):
        ask(app, Confirm(as_person(cast.ana), ById(one.id), code=code))


def test_guesses_under_a_key_are_counted_each(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    guess = Confirm(as_person(cast.ana), ById(one.id), code=wrong(code), key=RequestKey("k", "b"))
    assert said(booking.book(app, [guess] * 6)) == ["wrong_code"] * 5 + ["too_many_guesses"]


def test_a_code_that_is_given_is_checked_whoever_gives_it(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    assert refusal(app, Confirm(CONSOLE, ById(one.id), code=wrong(mailed_code(app, cast.ana)))) == "wrong_code"


def test_a_dry_run_evaluates_no_code(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    code = mailed_code(app, cast.ana)
    for guess in [code] * 4 + [wrong(code)] * 4:
        outcomes = booking.book(app, [Confirm(as_person(cast.ana), ById(one.id), code=guess)], dry_run=True)
        assert said(outcomes) == ["confirmed"]
    assert ask(app, Confirm(as_person(cast.ana), ById(one.id), code=code)).state == "confirmed"


def test_only_the_newest_code_confirms(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    ana = as_person(cast.ana)
    old_code, old_link = mailed_code(app, cast.ana), mailed_link(app, cast.ana)
    assert ask(app, Resend(ana, ById(one.id))).expires_at == one.expires_at
    new_code, new_link = mailed_code(app, cast.ana), mailed_link(app, cast.ana)
    assert new_code != old_code
    assert new_link != old_link
    assert refusal(app, Confirm(ana, ById(one.id), code=old_code)) == "wrong_code"
    with pytest.raises(NotFound):
        reservations.confirm_link(app, old_link)
    assert ask(app, Confirm(ana, ById(one.id), code=new_code)).state == "confirmed"


def test_new_codes_give_no_new_guesses_and_come_to_an_end(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    ana = as_person(cast.ana)
    for _ in range(4):
        assert refusal(app, Confirm(ana, ById(one.id), code=wrong(mailed_code(app, cast.ana)))) == "wrong_code"
        ask(app, Resend(ana, ById(one.id)))
    assert refusal(app, Resend(ana, ById(one.id))) == "too_many_requests"
    assert refusal(app, Confirm(ana, ById(one.id), code=wrong(mailed_code(app, cast.ana)))) == "wrong_code"
    assert refusal(app, Confirm(ana, ById(one.id), code=mailed_code(app, cast.ana))) == "too_many_guesses"


def test_no_code_is_mailed_again_for_what_is_over(app: App, clock: FrozenClock, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    clock.advance(HOLD)
    assert refusal(app, Resend(as_person(cast.ana), ById(one.id))) == "hold_expired"


def test_the_link_shows_without_acting_and_then_acts(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    link = mailed_link(app, cast.ana)
    before = everything(app)
    assert reservations.by_link(app, link).state == "held"
    assert everything(app) == before
    assert plain(reservations.confirm_link(app, link))["state"] == "confirmed"
    assert plain(reservations.confirm_link(app, link))["state"] == "confirmed"
    assert moves(app, one) == [(None, "reserve", "held"), ("held", "confirm", "confirmed")]


def test_a_link_that_was_bent_is_not_found(app: App, cast: Cast, yoga: Offering) -> None:
    mine, _ = hold(app, yoga, cast.ana), hold(app, yoga, cast.ben)
    link, other = mailed_link(app, cast.ana), mailed_link(app, cast.ben)
    subject, serial, digest = link.split(".")
    bent = [
        "",
        "x",
        "..",
        f"{subject}.{serial}",
        f"{subject}.2.{digest}",
        f"{other.split('.')[0]}.{serial}.{digest}",
        f"{subject}.{serial}.{digest[:-1]}{'A' if digest[-1] != 'A' else 'B'}",
        f"{subject}.{serial}.{'A' * 43}",
        link + ".x",
        "\ud800",
        f"-{link}",
        f"{'f' * 40}.1.{digest}",
    ]
    for token in bent:
        with pytest.raises(NotFound):
            reservations.confirm_link(app, token)
    assert show(app, mine).state == "held"


def test_confirming_and_cancelling_again_answers_the_same(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, cast.ana)
    ana = as_person(cast.ana)
    code = mailed_code(app, cast.ana)
    first = ask(app, Confirm(ana, ById(one.id), code=code))
    rows = everything(app)
    assert ask(app, Confirm(ana, ById(one.id), code=code)) == first
    assert ask(app, Confirm(ana, ByPerson(yoga.id))) == first
    assert everything(app) == rows
    gone = ask(app, Cancel(ana, ById(one.id)))
    rows = everything(app)
    assert ask(app, Cancel(ana, ById(one.id))) == gone
    assert everything(app) == rows


def test_a_stolen_database_holds_no_code(app: App, cast: Cast, yoga: Offering) -> None:
    hold(app, yoga, cast.ana)
    code, link = mailed_code(app, cast.ana), mailed_link(app, cast.ana)
    stored = repr(everything(app))
    assert code not in stored
    assert link.split(".")[2] not in stored


def test_key_reused_is_what_a_caller_can_catch(app: App, cast: Cast, yoga: Offering) -> None:
    booking.one(app, Reserve(as_person(cast.ana), yoga.id, key=RequestKey("k", "a")))
    with pytest.raises(KeyReused):
        booking.one(app, Reserve(as_person(cast.ana), yoga.id, key=RequestKey("k", "b")))
