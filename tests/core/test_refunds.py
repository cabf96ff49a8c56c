"""Money back by the terms: on cancelling, in a dry run, in later reads, in the mail, and when a class is called off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import booking, catalog, reservations, wallet
from classbook.core.asks import ById, Cancel, Confirm, Move
from classbook.testing import FrozenClock
from classbook.values import Money, Offering, Person, Reservation
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    as_person,
    ask,
    booking_of,
    broken,
    earned,
    hold,
    mailed,
    purse,
    refusal,
    rich,
    show,
)

HOURS = 3600


@pytest.fixture
def yoga(app: App, cast: Cast) -> Offering:
    """In 72 hours; all comes back until 48 before, half until 24 before."""
    return a_class(
        app, seats=10, price="12.55", confirm="payment", by=as_person(cast.cleo), starts_in=timedelta(hours=72),
        refund_full_seconds=48 * HOURS, refund_share_percent=50, refund_share_seconds=24 * HOURS,
    )  # fmt: skip


def bought(app: App, offering: Offering, who: Person, *, party: int = 1) -> Reservation:
    one = hold(app, offering, rich(app, who), party=party)
    return ask(app, Confirm(as_person(who), ById(one.id)))


def cancelled(app: App, one: Reservation, who: Person) -> str | None:
    """What comes back, as the answer, the dry run before it and every later read say."""
    asked = Cancel(as_person(who), ById(one.id))
    would_be = booking.one(app, asked, dry_run=True)
    answers = [would_be, ask(app, asked), ask(app, asked), show(app, one)]
    answers += reservations.listing(app, as_person(who)).results
    amounts = {str(found.refund) if found.refund else None for found in answers if isinstance(found, Reservation)}
    assert len(answers) == 5 and len(amounts) == 1
    return amounts.pop()


@pytest.mark.parametrize(
    ("hours", "back", "left"),
    [(0, "12.55 EUR", "100.00"), (24, "6.27 EUR", "93.72"), (47, "6.27 EUR", "93.72"), (48, "0.00 EUR", "87.45")],
)
def test_what_comes_back_depends_on_when(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering, hours: int, back: str, left: str
) -> None:
    one = bought(app, yoga, cast.ana)
    assert one.refund is None
    clock.advance(timedelta(hours=hours))
    assert cancelled(app, one, cast.ana) == back
    assert purse(app, cast.ana) == (left, "0.00")
    assert float(left) + float(earned(app, cast.cleo)) == 100
    assert broken(app) == []


def test_nothing_moves_where_nothing_comes_back(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    one = bought(app, yoga, cast.ana)
    clock.advance(timedelta(hours=48))
    before = wallet.transactions(app, CONSOLE).results
    assert cancelled(app, one, cast.ana) == "0.00 EUR"
    assert wallet.transactions(app, CONSOLE).results == before
    assert catalog.show(app, "class", yoga.id).available == 10


def test_a_share_is_of_what_was_paid_in_all(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    one = bought(app, yoga, cast.ana, party=3)
    clock.advance(timedelta(hours=30))
    assert cancelled(app, one, cast.ana) == "18.82 EUR"


def test_a_hold_is_set_free_and_nothing_comes_back(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    clock.advance(timedelta(hours=60))
    one = hold(app, yoga, rich(app, cast.ana))
    assert cancelled(app, one, cast.ana) is None
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_what_was_free_has_no_refund(app: App, cast: Cast) -> None:
    one = hold(app, a_class(app, confirm="none"), cast.ana)
    assert cancelled(app, one, cast.ana) is None


def test_the_terms_hold_for_administrators_too(app: App, cast: Cast, clock: FrozenClock) -> None:
    """They may cancel when it is too late for others; what comes back is a question of when, not of who."""
    offering = a_class(app, price="10", confirm="payment", cancel_until_seconds=HOURS)
    one = bought(app, offering, cast.ana)
    clock.advance(timedelta(hours=23))
    assert refusal(app, Cancel(as_person(cast.ana), ById(one.id))) == "too_late"
    assert ask(app, Cancel(CONSOLE, ById(one.id))).refund == Money(0, "EUR")
    assert purse(app, cast.ana) == ("90.00", "0.00")


def test_what_is_called_off_gives_everybody_everything_back(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    late, early = bought(app, yoga, cast.ana, party=2), bought(app, yoga, cast.ben)
    clock.advance(timedelta(hours=71))
    ask(app, Cancel(as_person(cast.ben), ById(early.id)))
    clock.advance(seconds=1)
    catalog.cancel(app, CONSOLE, "class", yoga.id, reason="the hall is closed")
    assert show(app, late).refund == Money(2510, "EUR")
    assert (purse(app, cast.ana), purse(app, cast.ben)) == (("100.00", "0.00"), ("87.45", "0.00"))
    [letter] = [text for to, subject, text in mailed(app) if to == cast.ana.email and "Cancelled" in subject]
    assert "All you paid is back in your wallet: 25.10 EUR." in letter
    assert broken(app) == []


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "All you paid is back in your wallet: 12.55 EUR."),
        (24, "Of the 12.55 EUR that you paid, 6.27 EUR is back in your wallet."),
        (48, "It was too late to get back anything of the 12.55 EUR that you paid."),
    ],
)
def test_the_mail_names_the_amount(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering, hours: int, said: str
) -> None:
    one = bought(app, yoga, cast.ana)
    clock.advance(timedelta(hours=hours))
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    assert said in mailed(app)[-1][2]


def test_the_mail_says_nothing_of_money_where_none_was_paid(app: App, cast: Cast, yoga: Offering) -> None:
    ask(app, Cancel(as_person(cast.ana), ById(hold(app, yoga, rich(app, cast.ana)).id)))
    assert "EUR" not in mailed(app)[-1][2]


def test_giving_back_one_by_one_follows_the_terms_and_rounds_each_share_down(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    one = bought(app, yoga, cast.ana, party=2)
    clock.advance(timedelta(hours=30))
    moved = ask(app, Move(as_person(cast.ana), ById(one.id), party=1))
    assert (moved.refund, moved.forfeited, moved.price) == (Money(627, "EUR"), Money(628, "EUR"), Money(1255, "EUR"))
    assert purse(app, cast.ana) == ("81.17", "0.00")
    assert cancelled(app, moved, cast.ana) == "6.27 EUR"
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("87.44", "0.00"), "12.56")
    assert broken(app) == []


def test_the_terms_are_those_of_the_moment_of_cancelling(app: App, cast: Cast, yoga: Offering) -> None:
    one = bought(app, yoga, cast.ana)
    catalog.update(app, CONSOLE, "class", yoga.id, {"policy": {"refund_full_seconds": 100 * HOURS}})
    assert cancelled(app, one, cast.ana) == "6.27 EUR"


def test_time_counts_from_the_start_of_the_reservation(app: App, cast: Cast, clock: FrozenClock) -> None:
    court = catalog.create(
        app, CONSOLE, "resource",
        {"title": "Court", "seats": 1, "price": "20", "policy": {"refund_full_seconds": 2 * HOURS}},
    )  # fmt: skip
    assert isinstance(court, Offering)
    rich(app, cast.ana)
    soon = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    later = ask(app, booking_of(court, cast.ana, "20:00-21:00"))
    clock.advance(timedelta(hours=24))
    backs = [ask(app, Cancel(as_person(cast.ana), ById(one.id))).refund for one in (soon, later)]
    assert backs == [Money(0, "EUR"), Money(2000, "EUR")]


def test_the_audit_finds_who_was_called_off_and_did_not_get_everything(
    app: App, cast: Cast, clock: FrozenClock, yoga: Offering
) -> None:
    one = bought(app, yoga, cast.ana)
    clock.advance(timedelta(hours=30))
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    app.store.write(lambda tx: tx.change("UPDATE offerings SET cancelled_at = 1 WHERE id = ?", yoga.id))
    assert [line.partition(":")[0] for line in broken(app)] == [
        "who had paid for what was called off has all of it back"
    ]
