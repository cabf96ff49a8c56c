"""Matches: named seats, all or nothing; the best ones; the pitch, rooms and coaches that are taken with an offering."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, catalog, matches, upkeep, venues
from classbook.core.asks import ById, Cancel, Confirm, Move, Reserve
from classbook.errors import (
    ClassbookError,
    Invalid,
    NotAllowedNow,
    NotYours,
    SeatTaken,
    SpanTaken,
)
from classbook.rules.plan_files import from_options, from_tree
from classbook.store import shelves
from classbook.testing import FrozenClock
from classbook.values import Money, Offering, Person, Reservation, SeatState, VenuePlan
from tests.makers import (
    CONSOLE,
    MICROSECOND,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    at_once,
    booking_of,
    clock_time,
    mailed,
    refusal,
    rich,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def arena(app: App) -> VenuePlan:
    """Stand A with two rows of five seats, stand B with one row of four."""
    return a_venue(app, "A:2x5", "B:1x4")


@pytest.fixture
def final(app: App, arena: VenuePlan, cast: Cast) -> Offering:
    """A match tomorrow at this hour, with prices that everybody can pay."""
    for who in (cast.ana, cast.ben, cast.cleo):
        rich(app, who)
    return a_match(app, arena, prices={"A": "10.00", "B": "7.50"})


def seats_of(one: Reservation) -> list[str | None]:
    return [place.seat for place in one.places]


def state_of(app: App, match: Offering, label: str) -> str:
    return matches.ticket(app, None, match.id, label).state


def take(app: App, match: Offering, who: Person, *labels: str) -> Reservation:
    return ask(app, Reserve(as_person(who), match.id, seats=labels))


# --- seats ---------------------------------------------------------------------------------------------------------


def test_seats_are_taken_by_their_names_and_cost_what_their_categories_cost(
    app: App, cast: Cast, final: Offering
) -> None:
    held = take(app, final, cast.ana, "A-2-3", "B-1-1")
    assert seats_of(held) == ["A-2-3", "B-1-1"] and [place.stand for place in held.places] == ["A", "B"]
    assert held.party == 2 and held.price == Money(1750, "EUR")
    assert show(app, held) == held
    assert state_of(app, final, "A-2-3") == "held" and state_of(app, final, "A-2-2") == "free"
    ask(app, Confirm(CONSOLE, ById(held.id)))
    assert state_of(app, final, "A-2-3") == "sold"
    seen = catalog.show(app, "match", final.id)
    assert (seen.capacity, seen.reserved, seen.available, seen.price) == (14, 2, 12, Money(750, "EUR"))
    assert seen.venue == "Arena"


def test_one_taken_seat_refuses_them_all_and_is_named(app: App, cast: Cast, final: Offering) -> None:
    take(app, final, cast.ana, "A-1-1")
    [refused] = booking.book(app, [Reserve(as_person(cast.ben), final.id, seats=("A-1-2", "A-1-1"))])
    assert isinstance(refused, SeatTaken) and "A-1-1 is taken" in refused.detail
    assert state_of(app, final, "A-1-2") == "free"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"seats": ("A-9-1",)}, "unknown_seat"),
        ({"seats": ("nowhere",)}, "unknown_seat"),
        ({"seats": ("A-1-1", " A-1-1")}, "invalid"),
        ({"seats": ("A-1-1",), "best": 2}, "invalid"),
        ({"best": 2, "category": "C"}, "invalid"),
        ({"best": 6}, "sold_out"),
        ({"best": 11}, "limit_reached"),
        ({"best": 0, "party": 0}, "invalid"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    app: App, cast: Cast, final: Offering, asked: dict[str, object], code: str
) -> None:
    assert refusal(app, Reserve(as_person(cast.ana), final.id, **asked)) == code  # type: ignore[arg-type]


def test_a_class_has_no_named_places(app: App, cast: Cast) -> None:
    assert refusal(app, Reserve(as_person(cast.ana), a_class(app).id, seats=("A-1-1",))) == "invalid"


def test_the_best_seats_are_beside_each_other_in_the_middle_and_strand_nobody(
    app: App, cast: Cast, final: Offering
) -> None:
    proposed = matches.propose(app, None, final.id, 3, category="A")
    held = ask(app, Reserve(as_person(cast.ana), final.id, best=3, category="A"))
    assert seats_of(held) == [seat.label for seat in proposed.results]
    # The three in the middle would leave 1 and 5 behind, each alone.
    assert seats_of(held) == ["A-1-1", "A-1-2", "A-1-3"]
    strict = Reserve(as_person(cast.ben), final.id, best=1, category="A", strict=True)
    assert seats_of(ask(app, strict)) == ["A-2-3"] or seats_of(ask(app, strict))[0] != "A-1-4"


def test_when_no_seats_are_beside_each_other_it_says_so_and_how_many_are_free(
    app: App, cast: Cast, final: Offering
) -> None:
    take(app, final, cast.ana, "B-1-2", "B-1-3")
    [refused] = booking.book(app, [Reserve(as_person(cast.ben), final.id, best=2, category="B")])
    assert isinstance(refused, ClassbookError) and refused.code == "sold_out"
    assert "2 seats next to each other are not left in B" in refused.detail


def test_a_match_that_is_sold_out_says_that(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:1x2"))
    take(app, match, cast.ana, "A-1-1", "A-1-2")
    [refused] = booking.book(app, [Reserve(as_person(cast.ben), match.id, best=1)])
    assert isinstance(refused, ClassbookError) and refused.detail == "Final is sold out."


def test_a_batch_sees_the_seats_of_the_asks_before(app: App, cast: Cast, final: Offering) -> None:
    asks = [Reserve(as_person(who), final.id, seats=("A-1-1",)) for who in (cast.ana, cast.ben)]
    assert said(booking.book(app, asks)) == ["held", "seat_taken"]


def test_two_matches_of_one_venue_sell_the_same_seats_in_one_batch(app: App, cast: Cast, arena: VenuePlan) -> None:
    first, second = a_match(app, arena), a_match(app, arena, starts_in=timedelta(days=2))
    asks = [Reserve(as_person(cast.ana), match.id, seats=("A-1-1",)) for match in (first, second, first)]
    assert said(booking.book(app, asks)) == ["held", "held", "seat_taken"]


def test_an_overdue_hold_gives_its_seats_back(app: App, cast: Cast, clock: FrozenClock, final: Offering) -> None:
    take(app, final, cast.ana, "A-1-1")
    clock.advance(seconds=600)
    assert state_of(app, final, "A-1-1") == "free"
    assert take(app, final, cast.ben, "A-1-1").state == "held"


def test_a_move_takes_other_seats_at_their_price_or_keeps_the_old(app: App, cast: Cast, final: Offering) -> None:
    held = take(app, final, cast.ana, "A-1-1")
    take(app, final, cast.ben, "B-1-1")
    assert refusal(app, Move(as_person(cast.ana), ById(held.id), seats=("B-1-1",))) == "seat_taken"
    assert seats_of(show(app, held)) == ["A-1-1"]
    moved = ask(app, Move(as_person(cast.ana), ById(held.id), seats=("A-1-1", "B-1-2")))
    assert seats_of(moved) == ["A-1-1", "B-1-2"] and moved.price == Money(1750, "EUR")


def test_who_waits_for_a_seat_gets_it_when_it_is_given_back(app: App, cast: Cast, final: Offering) -> None:
    held = take(app, final, cast.ana, "A-1-1")
    waits = ask(app, Reserve(as_person(cast.ben), final.id, seats=("A-1-1",), queue=True))
    assert (waits.state, waits.position, waits.price) == ("queued", 1, None)
    ask(app, Cancel(as_person(cast.ana), ById(held.id)))
    offered = show(app, waits)
    assert (offered.state, seats_of(offered), offered.price) == ("held", ["A-1-1"], Money(1000, "EUR"))


@pytest.mark.parametrize("guard", ["off", "on"])
def test_the_last_seat_is_had_by_one_of_two(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    """With the first guard off, only the law in the database stops the second."""
    match = a_match(app, a_venue(app, "A:1x1"))
    asks = [Reserve(as_person(who), match.id, seats=("A-1-1",)) for who in (cast.ana, cast.ben)]
    if guard == "off":
        monkeypatch.setattr(shelves, "_TAKEN_SEATS", f"{shelves._TAKEN_SEATS} AND 1 = 0")
    outcomes = at_once(*(lambda one=one: booking.book(app, [one])[0] for one in asks))
    told = Counter(one.code if isinstance(one, ClassbookError) else "held" for one in outcomes)
    assert told == {"held": 1, "seat_taken" if guard == "on" else "span_taken": 1}


# --- seats that are not for sale -----------------------------------------------------------------------------------


def test_blocked_seats_are_not_sold_until_they_are_released(app: App, cast: Cast, final: Offering) -> None:
    blocked = matches.block(app, CONSOLE, final.id, ["A-1-1", "A-1-2"])
    assert not isinstance(blocked, dict) and [seat.state for seat in blocked.results] == ["blocked", "blocked"]
    matches.block(app, CONSOLE, final.id, ["A-1-1"])
    assert refusal(app, Reserve(as_person(cast.ana), final.id, seats=("A-1-1",))) == "seat_taken"
    seen = catalog.show(app, "match", final.id)
    assert (seen.capacity, seen.reserved, seen.available) == (14, 0, 12)
    matches.release(app, CONSOLE, final.id, ["A-1-1"])
    assert take(app, final, cast.ana, "A-1-1").state == "held"
    with pytest.raises(NotAllowedNow, match="A-1-1 is not blocked"):
        matches.release(app, CONSOLE, final.id, ["A-1-2", "A-1-1"])
    with pytest.raises(SeatTaken, match="A-1-1 is taken"):
        matches.block(app, CONSOLE, final.id, ["A-1-3", "A-1-1"])
    assert state_of(app, final, "A-1-3") == "free"


def test_only_who_made_it_or_an_administrator_blocks_seats(app: App, cast: Cast, final: Offering) -> None:
    with pytest.raises(NotYours):
        matches.block(app, as_person(cast.ana), final.id, ["A-1-1"])


def test_everybody_sees_what_is_free_and_oneself_what_is_ones_own(app: App, cast: Cast, final: Offering) -> None:
    take(app, final, cast.ana, "A-1-1")
    seats = matches.seats(app, as_person(cast.ana), final.id).results
    assert len(seats) == 14
    assert seats[0] == SeatState("A", "1", "1", "A-1-1", "held", Money(1000, "EUR"), "A", True)
    assert not matches.seats(app, as_person(cast.ben), final.id).results[0].mine


# --- the seat plan -------------------------------------------------------------------------------------------------


def test_a_plan_in_use_loses_no_seat_that_somebody_has(app: App, cast: Cast, arena: VenuePlan, final: Offering) -> None:
    held = take(app, final, cast.ana, "A-2-5")
    with pytest.raises(NotAllowedNow, match="no seat A-2-5"):
        venues.import_plan(app, CONSOLE, arena.id, from_options(["A:2x4", "B:1x4"]))
    assert catalog.show(app, "match", final.id).capacity == 14
    venues.import_plan(app, CONSOLE, arena.id, from_options(["A:2x6"]))
    assert catalog.show(app, "match", final.id).capacity == 12
    assert seats_of(show(app, held)) == ["A-2-5"]
    assert seats_of(take(app, final, cast.ben, "A-1-6")) == ["A-1-6"]
    assert refusal(app, Reserve(as_person(cast.ben), final.id, seats=("B-1-1",))) == "unknown_seat"


def test_a_new_stand_is_sold_once_it_has_a_price(app: App, cast: Cast, arena: VenuePlan, final: Offering) -> None:
    plan = from_options(["A:2x5", "B:1x4", "C:1x2"])
    with pytest.raises(NotAllowedNow, match="Final has no price for the seats C"):
        venues.import_plan(app, CONSOLE, arena.id, plan)
    catalog.update(app, CONSOLE, "match", final.id, {"prices": {"A": "12", "B": "7.50", "C": "5"}})
    venues.import_plan(app, CONSOLE, arena.id, plan)
    assert take(app, final, cast.ana, "C-1-1", "A-1-1").price == Money(1700, "EUR")


def test_a_plan_is_shown_in_the_shape_it_is_read_in(app: App, arena: VenuePlan) -> None:
    shown = venues.show(app, arena.id)
    assert shown.seats == 14
    again = venues.import_plan(app, CONSOLE, arena.id, from_tree({"stand": list(shown.stand)}))
    assert again == shown


def test_only_administrators_change_venues(app: App, cast: Cast, arena: VenuePlan) -> None:
    with pytest.raises(NotYours):
        venues.create(app, as_person(cast.cleo), name="Mine")
    with pytest.raises(NotYours):
        venues.import_plan(app, as_person(cast.cleo), arena.id, from_options(["A:1x1"]))


def test_every_seat_needs_a_price_where_one_has(app: App, arena: VenuePlan) -> None:
    with pytest.raises(Invalid, match="The seats B have no price"):
        a_match(app, arena, prices={"A": "10"})
    with pytest.raises(Invalid, match="category 'C'"):
        a_match(app, arena, prices={"A": "10", "B": "5", "C": "1"})
    with pytest.raises(Invalid, match="decimals"):
        a_match(app, arena, prices={"A": "10.001", "B": "5"})
    assert a_match(app, arena).price is None


# --- what is taken with an offering --------------------------------------------------------------------------------


def test_two_matches_cannot_share_a_venues_hour_and_may_touch(app: App, arena: VenuePlan) -> None:
    first = a_match(app, arena, lasts=timedelta(hours=2))
    with pytest.raises(SpanTaken, match="Arena is taken"):
        a_match(app, arena, starts_in=timedelta(days=1, hours=2) - MICROSECOND)
    second = a_match(app, arena, starts_in=timedelta(days=1, hours=2))
    with pytest.raises(SpanTaken, match="Arena is taken"):
        catalog.update(app, CONSOLE, "match", second.id, {"starts_at": first.starts_at})
    catalog.cancel(app, CONSOLE, "match", first.id)
    catalog.update(app, CONSOLE, "match", second.id, {"starts_at": first.starts_at})
    assert a_match(app, a_venue(app, "A:1x1", name="Elsewhere")).status == "upcoming"


def test_a_match_moves_with_its_seats_by_less_than_its_length(app: App, cast: Cast, final: Offering) -> None:
    held = take(app, final, cast.ana, "A-1-1")
    assert final.starts_at is not None
    catalog.update(app, CONSOLE, "match", final.id, {"starts_at": final.starts_at + timedelta(minutes=30)})
    assert seats_of(show(app, held)) == ["A-1-1"] and state_of(app, final, "A-1-1") == "held"


def test_a_class_with_a_room_and_a_coach_collides_with_bookings_of_both(app: App, cast: Cast) -> None:
    room, coach = a_court(app, title="Studio"), a_doctor(app, name="Cleo", notice_seconds=0)
    ask(app, booking_of(room, cast.ana, "10:00-11:00"))
    with pytest.raises(SpanTaken, match="Studio is taken"):
        a_lesson(app, room, coach, "10:30")
    a_lesson(app, room, coach, "11:00")
    queued = ask(app, booking_of(room, cast.ben, "11:30-12:30"))
    assert queued.state == "queued"
    assert refusal(app, booking_of(coach, cast.ana, "11:15")) == "span_taken"
    assert ask(app, booking_of(coach, cast.ana, "12:00")).state == "held"
    with pytest.raises(SpanTaken, match="Studio and Cleo are taken"):
        a_lesson(app, room, coach, "11:30")


def test_cancelling_a_class_frees_its_room_for_who_waits(app: App, cast: Cast) -> None:
    room, coach = a_court(app, title="Studio"), a_doctor(app, notice_seconds=0)
    lesson = a_lesson(app, room, coach, "11:00")
    queued = ask(app, booking_of(room, cast.ben, "11:30-12:30"))
    catalog.cancel(app, CONSOLE, "class", lesson.id)
    assert show(app, queued).state == "confirmed"
    assert [subject for to, subject, _ in mailed(app) if to == cast.ben.email]


def test_a_class_nobody_reserved_is_deleted_with_what_it_had_taken(app: App, cast: Cast) -> None:
    room, coach = a_court(app, title="Studio"), a_doctor(app, notice_seconds=0)
    lesson = a_lesson(app, room, coach, "11:00")
    queued = ask(app, booking_of(room, cast.ben, "11:30-12:30"))
    catalog.delete(app, CONSOLE, "class", lesson.id)
    assert show(app, queued).state == "confirmed"


def test_an_overdue_hold_keeps_no_class_from_a_coach(app: App, cast: Cast, clock: FrozenClock) -> None:
    room, coach = a_court(app), a_doctor(app, notice_seconds=0)
    ask(app, booking_of(coach, cast.ana, "11:00"))
    with pytest.raises(SpanTaken):
        a_lesson(app, room, coach, "11:00")
    clock.advance(timedelta(minutes=30))
    assert a_lesson(app, room, coach, "11:00").status == "upcoming"


def test_a_class_moves_with_its_room_into_whichever_unit_is_free(app: App, cast: Cast) -> None:
    room, coach = a_court(app, units=2, title="Studio"), a_doctor(app, notice_seconds=0)
    lesson = a_lesson(app, room, coach, "11:00")
    ask(app, booking_of(room, cast.ana, "13:00-14:00"))
    catalog.update(app, CONSOLE, "class", lesson.id, {"starts_at": clock_time("13:00"), "ends_at": clock_time("14:00")})
    assert ask(app, booking_of(room, cast.ben, "11:00-12:00", party=2)).state == "confirmed"
    with pytest.raises(SpanTaken, match="Studio is taken"):
        catalog.update(app, CONSOLE, "class", lesson.id, {"starts_at": clock_time("11:30")})
    assert catalog.show(app, "class", lesson.id).starts_at == clock_time("13:00")


def test_what_the_house_took_ends_with_the_offering(app: App, cast: Cast, clock: FrozenClock, final: Offering) -> None:
    matches.block(app, CONSOLE, final.id, ["A-1-1"])
    clock.advance(timedelta(days=2))
    while upkeep.settle_due(app):
        pass
    with app.store.read() as tx:
        assert tx.rows("SELECT DISTINCT state FROM reservations") == [("completed",)]


@pytest.mark.parametrize("what", ["room", "provider"])
def test_only_what_is_had_by_time_is_taken_with_a_class(app: App, what: str) -> None:
    fields = {"title": "Yoga", "seats": 1, "starts_at": clock_time("11:00"), "ends_at": clock_time("12:00")}
    with pytest.raises(Invalid):
        catalog.create(app, CONSOLE, "class", fields | {what: a_class(app).id})
    with pytest.raises(ClassbookError) as refused:
        catalog.create(app, CONSOLE, "class", fields | {what: 999})
    assert refused.value.code == "not_found"


def a_lesson(app: App, room: Offering, coach: Offering, start: str) -> Offering:
    """A class of an hour, tomorrow, that takes a room and a coach."""
    begin = clock_time(start)
    fields = {"title": "Yoga", "seats": 5, "starts_at": begin, "ends_at": begin + timedelta(hours=1)}
    made = catalog.create(app, CONSOLE, "class", fields | {"room": room.id, "provider": coach.id})
    assert isinstance(made, Offering)
    return made
