"""The queue, one for every kind: who waits, who is served and when, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, catalog, reservations, upkeep
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Move, Reserve
from classbook.store import shelves
from classbook.testing import FrozenClock
from classbook.values import Offering, Person, Reservation
from tests.makers import (
    CONSOLE,
    HOLD,
    MICROSECOND,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    clock_time,
    confirmed,
    everything,
    hold,
    mailed,
    mailed_code,
    move_of,
    moves,
    refusal,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")

OFFER = timedelta(seconds=1800)


def wait(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    """A place in the queue of an offering that has its own time."""
    one = ask(app, Reserve(as_person(who), offering.id, party=party, queue=True))
    assert one.state == "queued", one
    return one


def states(app: App, *several: Reservation) -> list[str]:
    return [show(app, one).state for one in several]


def leave(app: App, one: Reservation) -> None:
    ask(app, Cancel(CONSOLE, ById(one.id)))


# --- entering and leaving ------------------------------------------------------------------------------------------


def test_who_finds_nothing_waits_with_a_position(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    first, second, third, fourth = cast.crowd(4)
    hold(app, offering, first)
    waiting = [wait(app, offering, who) for who in (second, third, fourth)]
    assert [one.position for one in waiting] == [1, 2, 3]
    assert [show(app, one).position for one in waiting] == [1, 2, 3]
    assert waiting[0].places == ()
    assert waiting[0].expires_at is None
    assert moves(app, waiting[0]) == [(None, "queue", "queued")]
    leave(app, waiting[1])
    assert [show(app, one).position for one in waiting] == [1, None, 2]
    assert moves(app, waiting[1])[-1] == ("queued", "cancel", "cancelled")
    assert wait(app, offering, third).position == 3


def test_nobody_waits_unasked_but_where_the_policy_says_so(app: App, cast: Cast) -> None:
    silent, queueing = a_class(app, seats=1), a_class(app, seats=1, queues=True)
    for offering in (silent, queueing):
        hold(app, offering, cast.ana)
    ben = as_person(cast.ben)
    assert refusal(app, Reserve(ben, silent.id)) == "sold_out"
    assert refusal(app, Reserve(ben, silent.id, queue=False)) == "sold_out"
    assert refusal(app, Reserve(ben, queueing.id, queue=False)) == "sold_out"
    assert ask(app, Reserve(ben, queueing.id)).state == "queued"
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    assert refusal(app, booking_of(court, cast.ben, "10:30-11:30", queue=False)) == "span_taken"
    assert ask(app, booking_of(court, cast.ben, "10:30-11:30")).state == "queued"


def test_a_party_larger_than_everything_does_not_wait_for_ever(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=2)
    hold(app, offering, cast.ana)
    assert refusal(app, Reserve(as_person(cast.ben), offering.id, party=3, queue=True)) == "sold_out"
    court = a_court(app, units=2)
    assert refusal(app, booking_of(court, cast.ben, "10:00-11:00", party=3)) == "span_taken"
    assert reservations.listing(app, CONSOLE, state="queued").results == ()


def test_limits_count_who_waits(app: App, cast: Cast) -> None:
    once, few = a_class(app, seats=1), a_class(app, seats=1, max_per_person=3)
    for offering in (once, few):
        hold(app, offering, cast.ana)
    ben = as_person(cast.ben)
    wait(app, once, cast.ben)
    assert refusal(app, Reserve(ben, once.id, queue=True)) == "already_reserved"
    assert refusal(app, Reserve(ben, few.id, party=2, queue=True)) == "sold_out"
    wait(app, few, cast.ben)
    catalog.update(app, CONSOLE, "class", few.id, {"seats": 5})
    ask(app, Reserve(ben, few.id, party=2))
    assert refusal(app, Reserve(ben, few.id, queue=True)) == "limit_reached"


def test_what_waits_can_neither_be_confirmed_moved_nor_checked_in(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    hold(app, offering, cast.ana)
    one = wait(app, offering, cast.ben)
    ben = as_person(cast.ben)
    assert refusal(app, Confirm(ben, ById(one.id))) == "not_allowed_now"
    assert refusal(app, Move(ben, ById(one.id), party=1)) == "not_allowed_now"
    assert states(app, one) == ["queued"]


def test_a_dry_run_says_the_position_and_changes_nothing(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    one = hold(app, offering, cast.ana)
    wait(app, offering, cast.ben)
    cleo = as_person(cast.cleo)
    before = everything(app)
    [outcome] = booking.book(app, [Reserve(cleo, offering.id, queue=True)], dry_run=True)
    assert isinstance(outcome, Reservation)
    assert (outcome.state, outcome.position) == ("queued", 2)
    freeing: list[Ask] = [Cancel(CONSOLE, ById(one.id)), Reserve(cleo, offering.id)]
    assert said(booking.book(app, freeing, dry_run=True)) == ["cancelled", "sold_out"]
    assert everything(app) == before


def test_each_time_of_a_court_has_a_line_of_its_own(app: App, cast: Cast) -> None:
    court = a_court(app)
    crowd = cast.crowd(6)
    ask(app, booking_of(court, crowd[0], "10:00-14:00"))
    spans = ("10:00-11:00", "11:00-12:00", "10:30-11:30", "12:00-13:00", "09:00-11:00")
    waiting = [ask(app, booking_of(court, who, span)) for who, span in zip(crowd[1:], spans, strict=True)]
    assert [one.position for one in waiting] == [1, 1, 3, 1, 3]
    assert [show(app, one).position for one in waiting] == [1, 1, 3, 1, 3]


# --- being served --------------------------------------------------------------------------------------------------


def test_a_cancelled_place_is_offered_in_the_same_transaction(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    one = confirmed(app, offering, cast.ana)
    first, second = wait(app, offering, cast.ben), wait(app, offering, cast.cleo)
    leave(app, one)
    assert states(app, first, second) == ["held", "queued"]
    assert show(app, first).expires_at == NOW + OFFER
    assert [place.unit for place in show(app, first).places] == [1]
    assert show(app, second).position == 1
    assert moves(app, first) == [(None, "queue", "queued"), ("queued", "offer", "held")]
    assert reservations.history(app, CONSOLE, first.id).results[-1].actor == "time"
    assert ask(app, Confirm(as_person(cast.ben), ById(first.id), code=mailed_code(app, cast.ben))).state == "confirmed"


def test_an_offer_has_its_own_deadline_and_lapses_to_the_next(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=1, offer_seconds=600)
    one = confirmed(app, offering, cast.ana)
    first, second = wait(app, offering, cast.ben), wait(app, offering, cast.cleo)
    leave(app, one)
    clock.advance(timedelta(seconds=600) - MICROSECOND)
    upkeep.settle_due(app)
    assert states(app, first, second) == ["held", "queued"]
    clock.advance(MICROSECOND)
    upkeep.settle_due(app)
    assert states(app, first, second) == ["expired", "held"]
    assert moves(app, first)[-1] == ("held", "lapse", "expired")
    assert show(app, second).expires_at == clock.now() + timedelta(seconds=600)
    subjects = [subject for to, subject, _ in mailed(app) if to == cast.ben.email]
    assert len(subjects) == 3, subjects


def test_no_offer_outlasts_the_start(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=1, starts_in=timedelta(hours=1))
    one = confirmed(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    clock.advance(timedelta(minutes=50))
    leave(app, one)
    assert show(app, first).expires_at == offering.starts_at


def test_where_nothing_confirms_an_offer_is_taken_at_once(app: App, cast: Cast) -> None:
    offering = a_class(app, kind="event", seats=1)
    one = hold(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    leave(app, one)
    assert moves(app, first)[1:] == [("queued", "offer", "held"), ("held", "confirm", "confirmed")]
    assert show(app, first).expires_at is None
    assert show(app, first).confirmed_at == NOW
    told = [(subject, text) for to, subject, text in mailed(app) if to == cast.ben.email]
    assert [subject for subject, _ in told] == ["In line: Yoga", "Active now: Yoga"]
    assert 'A place in "Yoga" became free, and your booking is active now.' in told[1][1]


@pytest.mark.parametrize(("confirm", "subject"), [("self", "Your turn: Yoga"), ("none", "Active now: Yoga")])
def test_who_waited_is_told_what_there_is_left_to_do(app: App, cast: Cast, confirm: str, subject: str) -> None:
    offering = a_class(app, seats=1, confirm=confirm)
    one = hold(app, offering, cast.ana)
    wait(app, offering, cast.ben)
    leave(app, one)
    assert [subject for to, subject, _ in mailed(app) if to == cast.ben.email] == ["In line: Yoga", subject]


def test_who_finds_a_place_at_once_has_waited_for_nothing(app: App, cast: Cast) -> None:
    ask(app, Reserve(as_person(cast.ana), a_class(app, confirm="none").id, queue=True))
    assert [subject for _, subject, _ in mailed(app)] == ["Confirmed: Yoga"]


def test_everyone_who_fits_is_served_in_order_and_who_does_not_blocks_nobody(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=4, confirm="none")
    crowd = cast.crowd(6)
    large = hold(app, offering, crowd[0], party=3)
    rest = hold(app, offering, crowd[1])
    parties = (4, 2, 2, 1)
    waiting = [wait(app, offering, who, party=party) for who, party in zip(crowd[2:], parties, strict=True)]
    leave(app, large)
    assert states(app, *waiting) == ["queued", "confirmed", "queued", "confirmed"]
    leave(app, rest)
    assert states(app, *waiting) == ["queued", "confirmed", "queued", "confirmed"]
    leave(app, waiting[3])
    assert states(app, *waiting) == ["queued", "confirmed", "confirmed", "cancelled"]
    leave(app, waiting[1])
    leave(app, waiting[2])
    assert states(app, *waiting) == ["confirmed", "cancelled", "cancelled", "cancelled"]


def test_many_who_do_not_fit_hide_nobody_who_does(app: App, cast: Cast) -> None:
    """Three places are free: two go to the first couple, and the one that is left to somebody far behind."""
    offering = a_class(app, seats=3, confirm="none")
    crowd = cast.crowd(8)
    one = hold(app, offering, crowd[0], party=3)
    couples = [wait(app, offering, who, party=2) for who in crowd[1:6]]
    single = wait(app, offering, crowd[6])
    newcomer = Reserve(as_person(crowd[7]), offering.id)
    assert said(booking.book(app, [Cancel(CONSOLE, ById(one.id)), newcomer])) == ["cancelled", "sold_out"]
    assert states(app, *couples, single) == ["confirmed", *["queued"] * 4, "confirmed"]


def test_while_every_seat_is_sold_nobody_is_looked_at_who_waits_for_one(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or each ask would cost as much as there are people in line."""
    match = a_match(app, a_venue(app, "A:1x2"), confirm="none")
    first = ask(app, Reserve(as_person(cast.ana), match.id, best=2))
    line = [wait(app, match, cast.ben, party=2), wait(app, match, cast.cleo)]
    with monkeypatch.context() as patch:
        patch.setattr(shelves, "_LOCK_QUEUE_BY_SPAN", "this would be refused")
        assert refusal(app, Reserve(as_person(cast.dora), match.id, queue=False)) == "sold_out"
    ask(app, Move(CONSOLE, ById(first.id), seats=("A-1-2",)))
    assert states(app, *line) == ["queued", "confirmed"]


def test_nobody_jumps_the_queue(app: App, clock: FrozenClock, cast: Cast) -> None:
    """With no daemon: the hold is dead, and nobody has written that down when the newcomer asks."""
    offering = a_class(app, seats=1)
    hold(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    clock.advance(HOLD)
    assert refusal(app, Reserve(as_person(cast.cleo), offering.id)) == "sold_out"
    assert states(app, first) == ["held"]
    assert ask(app, Reserve(as_person(cast.cleo), offering.id, queue=True)).position == 1


def test_nobody_jumps_the_queue_within_a_batch(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1, confirm="none")
    hold(app, offering, cast.ana)
    ben, cleo = as_person(cast.ben), as_person(cast.cleo)
    asks: list[Ask] = [
        Reserve(ben, offering.id, queue=True),
        Cancel(CONSOLE, ByPerson(offering.id, cast.ana.id)),
        Reserve(cleo, offering.id),
        Cancel(ben, ByPerson(offering.id)),
        Reserve(cleo, offering.id),
    ]
    assert said(booking.book(app, asks)) == ["queued", "cancelled", "sold_out", "cancelled", "confirmed"]


def test_more_capacity_is_offered_in_the_transaction_that_brings_it(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1, confirm="none")
    hold(app, offering, cast.ana)
    first, second = wait(app, offering, cast.ben), wait(app, offering, cast.cleo)
    catalog.update(app, CONSOLE, "class", offering.id, {"seats": 2})
    assert states(app, first, second) == ["confirmed", "queued"]
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    third = ask(app, booking_of(court, cast.ben, "10:30-11:30"))
    catalog.update(app, CONSOLE, "resource", court.id, {"seats": 2})
    assert states(app, third) == ["confirmed"]


def test_what_a_move_leaves_is_offered_in_the_same_transaction(app: App, cast: Cast) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    first = ask(app, booking_of(court, cast.ben, "10:00-11:00"))
    second = ask(app, booking_of(court, cast.cleo, "11:30-12:30"))
    ask(app, move_of(one, cast.ana, "11:00-13:00"))
    assert states(app, first, second) == ["confirmed", "queued"]
    smaller = a_class(app, seats=3, confirm="none")
    party = hold(app, smaller, cast.ana, party=3)
    third = wait(app, smaller, cast.ben)
    ask(app, move_of(party, cast.ana, party=2))
    assert states(app, third) == ["confirmed"]


def test_what_a_replacement_leaves_is_offered_in_the_same_transaction(app: App, cast: Cast) -> None:
    doctor = a_doctor(app, on_second="replace", notice_seconds=0)
    ask(app, booking_of(doctor, cast.ana, "10:00"))
    first = ask(app, booking_of(doctor, cast.ben, "10:00", queue=True))
    ask(app, booking_of(doctor, cast.ana, "11:00"))
    assert states(app, first) == ["held"]


def test_a_lapse_is_offered_by_the_daemon_too(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=1, confirm="self")
    hold(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    clock.advance(HOLD)
    assert upkeep.settle_due(app)
    assert states(app, first) == ["held"]
    assert not upkeep.settle_due(app)


def test_buffers_count_when_a_place_is_offered(app: App, cast: Cast) -> None:
    """The first is in the way of the second by its buffers alone, and so is the third."""
    court = a_court(app, before_seconds=900, after_seconds=900)
    one = ask(app, booking_of(court, cast.ana, "10:00-10:50"))
    second = ask(app, booking_of(court, cast.ben, "11:10-12:00"))
    third = ask(app, booking_of(court, cast.cleo, "12:20-13:00"))
    assert (one.state, second.state, third.state) == ("confirmed", "queued", "confirmed")
    leave(app, one)
    assert states(app, second) == ["queued"], "the third is still too near"
    leave(app, third)
    assert states(app, second) == ["confirmed"]


def test_buffers_let_nobody_jump_the_queue(app: App, clock: FrozenClock, cast: Cast) -> None:
    """With no daemon, and by asks whose own time does not meet the time that somebody waits for."""
    court = a_court(app, before_seconds=900, after_seconds=900, confirm="self")
    ask(app, booking_of(court, cast.ana, "10:00-10:50"))
    second = ask(app, booking_of(court, cast.ben, "11:10-12:00"))
    clock.advance(HOLD)
    assert ask(app, booking_of(court, cast.cleo, "10:00-10:50")).state == "queued"
    assert states(app, second) == ["held"]


# --- time ----------------------------------------------------------------------------------------------------------


def test_who_waits_in_vain_is_told_at_the_start(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    confirmed(app, offering, cast.ana)
    one, other = wait(app, offering, cast.ben), wait(app, offering, cast.cleo)
    assert offering.starts_at is not None
    clock.set(offering.starts_at - MICROSECOND)
    assert states(app, one) == ["queued"]
    clock.advance(MICROSECOND)
    for written_down in (False, True):
        assert states(app, one, other) == ["expired", "expired"]
        assert [show(app, each).position for each in (one, other)] == [None, None]
        listed = reservations.listing(app, CONSOLE, state="expired").results
        assert {each.id for each in listed} == {one.id, other.id}
        assert reservations.listing(app, CONSOLE, state="queued").results == ()
        assert upkeep.settle_due(app) is not written_down
    assert moves(app, one)[-1] == ("queued", "lapse", "expired")
    assert refusal(app, Cancel(as_person(cast.ben), ById(one.id))) == "hold_expired"


def test_who_waited_in_vain_is_in_nobodys_way(app: App, clock: FrozenClock, cast: Cast) -> None:
    """The one at ten has waited in vain, but nobody has written it down: the one at eleven is the next."""
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-12:00"))
    ask(app, booking_of(court, cast.ben, "10:00-11:30"))
    later = ask(app, booking_of(court, cast.cleo, "11:00-12:00"))
    assert later.position == 2
    clock.set(clock_time("10:30"))
    assert show(app, later).position == 1


def test_who_waits_follows_a_class_to_its_new_time(app: App, clock: FrozenClock, cast: Cast) -> None:
    offering = a_class(app, seats=1, confirm="none", cancel_until_seconds=0)
    one = hold(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    later = NOW + timedelta(days=3)
    catalog.update(app, CONSOLE, "class", offering.id, {"starts_at": later})
    clock.set(NOW + timedelta(days=2))
    upkeep.settle_due(app)
    assert states(app, first) == ["queued"]
    leave(app, one)
    assert states(app, first) == ["confirmed"]


def test_a_cancelled_class_sends_everybody_home(app: App, cast: Cast) -> None:
    offering = a_class(app, seats=1)
    one = hold(app, offering, cast.ana)
    first = wait(app, offering, cast.ben)
    catalog.cancel(app, CONSOLE, "class", offering.id)
    assert states(app, one, first) == ["cancelled", "cancelled"]


def test_nobody_waits_for_a_time_that_begins_now(app: App, clock: FrozenClock, cast: Cast) -> None:
    court = a_court(app)
    ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    clock.set(clock_time("10:00"))
    assert refusal(app, booking_of(court, cast.ben, "10:00-11:00")) == "span_taken"
    assert ask(app, booking_of(court, cast.ben, "11:00-12:00")).state == "confirmed"
