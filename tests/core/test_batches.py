"""Many asks in one transaction, dry runs, and asks that are sent twice, on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from classbook.app import App
from classbook.core import booking, catalog, people, reservations
from classbook.core.asks import Ask, ById, ByPerson, Cancel, Confirm, Resend, Reserve
from classbook.testing import FrozenClock
from classbook.values import Actor, Offering, RequestKey, Reservation, plain
from tests.makers import (
    CONSOLE,
    HOLD,
    MICROSECOND,
    NOW,
    Cast,
    a_class,
    as_person,
    ask,
    at_once,
    everything,
    hold,
    refusal,
    said,
)

pytestmark = pytest.mark.usefixtures("sound")


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
