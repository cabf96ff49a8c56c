"""Vouchers: what they take off, who may use them and how often, and that their uses come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking, catalog, upkeep, vouchers
from classbook.core.asks import Ask, ById, Cancel, Confirm, Move, Reserve
from classbook.errors import ClassbookError
from classbook.store import vouchers as store
from classbook.store.database import Tx
from classbook.testing import FrozenClock
from classbook.values import Money, Offering, Person, Reservation, Voucher, plain
from tests.conftest import SECRET
from tests.core.test_money_races import hundredfold
from tests.makers import (
    CONSOLE,
    HOLD,
    NOW,
    Cast,
    a_class,
    a_match,
    a_venue,
    as_person,
    ask,
    broken,
    earned,
    hold,
    purse,
    refusal,
    rich,
    said,
    show,
)

EUR = "EUR"


def a_voucher(app: App, code: str = "SPRING", **terms: Any) -> Voucher:
    made = vouchers.create(
        app, CONSOLE, code, **({"percent": 20} if terms.keys().isdisjoint({"amount"}) else {}) | terms
    )
    assert isinstance(made, Voucher)
    return made


def with_voucher(offering: Offering, who: Person, code: str | None = "SPRING", **wanted: Any) -> Reserve:
    return Reserve(as_person(who), offering.id, voucher=code, **wanted)


def used(app: App, code: str = "SPRING") -> int:
    return vouchers.show(app, CONSOLE, code).used


@pytest.fixture
def yoga(app: App, cast: Cast) -> Offering:
    return a_class(app, seats=200, price="12.55", confirm="payment", max_per_person=200, by=as_person(cast.cleo))


# --- what it takes off ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "party", "price", "off"),
    [
        ({"percent": 20}, 1, 1004, 251),
        ({"percent": 20}, 3, 3012, 753),
        ({"percent": 100}, 1, 0, 1255),
        ({"amount": "5"}, 1, 755, 500),
        ({"amount": "5"}, 2, 2010, 500),
        ({"amount": "99"}, 1, 0, 1255),
    ],
)
def test_it_takes_something_off_the_price(
    app: App, cast: Cast, yoga: Offering, terms: dict[str, Any], party: int, price: int, off: int
) -> None:
    a_voucher(app, **terms)
    one = ask(app, with_voucher(yoga, rich(app, cast.ana), party=party))
    assert (one.price, one.discount, one.voucher) == (Money(price, EUR), Money(off, EUR), "SPRING")
    assert (show(app, one).discount, show(app, one).voucher) == (one.discount, one.voucher)
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    assert (purse(app, cast.ana)[0], earned(app, cast.cleo)) == (
        Money(10000 - price, EUR).amount, Money(price, EUR).amount,
    )  # fmt: skip
    assert ask(app, Cancel(as_person(cast.ana), ById(one.id))).refund == (Money(price, EUR) if price else None)
    assert purse(app, cast.ana) == ("100.00", "0.00")
    assert broken(app) == []


def test_large_and_small_letters_are_the_same(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, "Spring-26")
    assert ask(app, with_voucher(yoga, rich(app, cast.ana), " sPRING-26 ")).voucher == "SPRING-26"


def test_without_one_nothing_is_said_of_it(app: App, cast: Cast, yoga: Offering) -> None:
    one = hold(app, yoga, rich(app, cast.ana))
    assert (one.voucher, one.discount) == (None, None)


def test_too_little_money_is_measured_by_what_is_left(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app)
    rich(app, cast.ana, "10.03")
    assert refusal(app, with_voucher(yoga, cast.ana)) == "insufficient_funds"
    rich(app, cast.ana, "0.01")
    assert ask(app, with_voucher(yoga, cast.ana)).state == "held"


def test_all_taken_off_needs_no_wallet_and_writes_no_row(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, percent=100)
    one = ask(app, with_voucher(yoga, cast.ana))
    assert ask(app, Confirm(as_person(cast.ana), ById(one.id))).state == "confirmed"
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM transfers") == [(0,)]
    assert broken(app) == []


def test_a_move_keeps_it(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, amount="5", uses=1)
    one = ask(app, with_voucher(yoga, rich(app, cast.ana)))
    ask(app, Confirm(as_person(cast.ana), ById(one.id)))
    moved = ask(app, Move(as_person(cast.ana), ById(one.id), party=2))
    assert (moved.price, moved.discount, moved.voucher) == (Money(2010, EUR), Money(500, EUR), "SPRING")
    assert (purse(app, cast.ana), used(app)) == (("79.90", "0.00"), 1)
    assert broken(app) == []


def test_seats_of_any_price_have_it_taken_off_their_sum(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:1x4", "B:1x4"), prices={"A": "10", "B": "7.77"})
    a_voucher(app, percent=50)
    one = ask(app, with_voucher(match, rich(app, cast.ana), seats=("A-1-1", "B-1-1")))
    assert (one.price, one.discount) == (Money(889, EUR), Money(888, EUR))


# --- who waits -----------------------------------------------------------------------------------------------------


def test_who_waits_has_used_it_and_pays_less_when_the_turn_comes(app: App, cast: Cast) -> None:
    full = a_class(app, seats=1, price="10", confirm="payment")
    one = hold(app, full, rich(app, cast.ben))
    a_voucher(app, percent=40, uses=1)
    waiting = ask(app, with_voucher(full, rich(app, cast.ana, "6"), queue=True))
    assert (waiting.state, waiting.voucher, waiting.price, used(app)) == ("queued", "SPRING", None, 1)
    assert refusal(app, with_voucher(full, cast.cleo, queue=True)) == "limit_reached"
    vouchers.cancel(app, CONSOLE, "SPRING")
    ask(app, Cancel(as_person(cast.ben), ById(one.id)))
    assert (show(app, waiting).state, show(app, waiting).price) == ("held", Money(600, EUR))
    assert purse(app, cast.ana) == ("6.00", "6.00")
    assert broken(app) == []


@pytest.mark.parametrize("terms", [{"percent": 100}, {"amount": "50"}])
def test_who_waits_with_all_of_it_taken_off_needs_no_money(app: App, cast: Cast, terms: dict[str, Any]) -> None:
    full = a_class(app, seats=1, price="10", confirm="none")
    one = hold(app, full, rich(app, cast.ben))
    a_voucher(app, **terms)
    waiting = ask(app, with_voucher(full, cast.ana, queue=True))
    ask(app, Cancel(as_person(cast.ben), ById(one.id)))
    assert show(app, waiting).state == "confirmed"
    assert broken(app) == []


def test_an_amount_takes_nothing_off_a_price_that_is_in_another_currency_by_then(
    app: App, cast: Cast, clock: FrozenClock, database_url: str
) -> None:
    full = a_class(app, seats=1, price="10", confirm="payment")
    one = hold(app, full, rich(app, cast.ben))
    a_voucher(app, amount="5")
    waiting = ask(app, with_voucher(full, cast.ana, queue=True))
    environ = {"CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_CURRENCY": "JPY"}
    other = open_app(load(config_path=None, environ=environ, overrides={}), clock=clock, chance=app.chance)
    try:
        rich(other, cast.ana, "1500")
        catalog.update(other, CONSOLE, "class", full.id, {"price": "0", "policy": {"confirm": "self"}})
        catalog.update(other, CONSOLE, "class", full.id, {"price": "1500"})
        ask(app, Cancel(as_person(cast.ben), ById(one.id)))
        offered = show(app, waiting)
        assert (offered.state, offered.price, offered.discount) == ("held", Money(1500, "JPY"), None)
        assert broken(app) == []
    finally:
        other.close()


# --- why not -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["AUTUMN", "", "x", "no such thing", "A" * 500, "SPRING\n'; --", "\x00"])
def test_an_unknown_one_is_not_found(app: App, cast: Cast, yoga: Offering, code: str) -> None:
    a_voucher(app)
    assert refusal(app, with_voucher(yoga, rich(app, cast.ana), code)) == "not_found"


def test_one_of_another_offering_is_invalid(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, offering_id=yoga.id)
    other = a_class(app, price="5", confirm="payment")
    assert refusal(app, with_voucher(other, rich(app, cast.ana))) == "invalid"
    assert ask(app, with_voucher(yoga, cast.ana)).voucher == "SPRING"


def test_where_nothing_is_to_pay_there_is_nothing_to_take_off(app: App, cast: Cast) -> None:
    a_voucher(app)
    assert refusal(app, with_voucher(a_class(app), cast.ana)) == "invalid"


def test_an_amount_is_of_one_currency(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, amount="5")
    app.store.write(lambda tx: tx.change("UPDATE vouchers SET currency = 'USD'"))
    assert refusal(app, with_voucher(yoga, rich(app, cast.ana))) == "invalid"


def test_a_cancelled_one_is_not_allowed_now(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app)
    one = ask(app, with_voucher(yoga, rich(app, cast.ana)))
    first = plain(vouchers.cancel(app, CONSOLE, "spring"))
    assert first["cancelled_at"] and plain(vouchers.cancel(app, CONSOLE, "SPRING")) == first
    assert refusal(app, with_voucher(yoga, cast.ana)) == "not_allowed_now"
    assert ask(app, Confirm(as_person(cast.ana), ById(one.id))).price == Money(1004, EUR)


def test_its_dates_are_half_open(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    a_voucher(app, valid_from=NOW + timedelta(hours=1), valid_until=NOW + timedelta(hours=2))
    rich(app, cast.ana)
    told = []
    for at in (0, 3599, 3600, 7199, 7200):
        clock.set(NOW + timedelta(seconds=at))
        told += said(booking.book(app, [with_voucher(yoga, cast.ana)]))
    assert told == ["too_early", "too_early", "held", "held", "too_late"]


def test_every_use_counts_and_every_end_gives_it_back(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    a_voucher(app, uses=2)
    rich(app, cast.ana), rich(app, cast.ben)
    first, second = ask(app, with_voucher(yoga, cast.ana)), ask(app, with_voucher(yoga, cast.ana))
    assert (refusal(app, with_voucher(yoga, cast.ben)), used(app)) == ("limit_reached", 2)
    ask(app, Cancel(as_person(cast.ana), ById(first.id)))
    third = ask(app, with_voucher(yoga, cast.ben))
    assert refusal(app, with_voucher(yoga, cast.ben)) == "limit_reached"
    ask(app, Confirm(as_person(cast.ben), ById(third.id)))
    clock.advance(HOLD * 2)  # the second has lapsed, and nobody has noted it down
    assert ask(app, with_voucher(yoga, cast.ana)).state == "held"
    assert show(app, second).state == "expired"
    assert (refusal(app, with_voucher(yoga, cast.ben)), used(app)) == ("limit_reached", 2)
    assert broken(app) == []


def test_what_lapsed_elsewhere_gives_its_use_back_too(app: App, cast: Cast, clock: FrozenClock, yoga: Offering) -> None:
    elsewhere = a_class(app, seats=1, price="10", confirm="payment")
    a_voucher(app, uses=1)
    dead = ask(app, with_voucher(elsewhere, rich(app, cast.ben)))
    waiting = ask(app, Reserve(as_person(rich(app, cast.cleo)), elsewhere.id, queue=True))
    assert refusal(app, with_voucher(yoga, rich(app, cast.ana))) == "limit_reached"
    clock.advance(HOLD)
    assert ask(app, with_voucher(yoga, cast.ana)).state == "held"
    assert [show(app, one).state for one in (dead, waiting)] == ["expired", "held"]
    assert purse(app, cast.ben) == ("100.00", "0.00")
    assert broken(app) == []


def test_one_person_has_so_many(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, per_person=1)
    one = ask(app, with_voucher(yoga, rich(app, cast.ana)))
    assert refusal(app, with_voucher(yoga, cast.ana)) == "limit_reached"
    ask(app, with_voucher(yoga, rich(app, cast.ben)))
    ask(app, Cancel(as_person(cast.ana), ById(one.id)))
    ask(app, with_voucher(yoga, cast.ana))


def test_the_asks_of_one_batch_are_counted_together(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, uses=3, per_person=2)
    rich(app, cast.ana), rich(app, cast.ben)
    asks: list[Ask] = [with_voucher(yoga, who) for who in (cast.ana, cast.ana, cast.ana, cast.ben, cast.ben)]
    assert said(booking.book(app, asks)) == ["held", "held", "limit_reached", "held", "limit_reached"]
    assert broken(app) == []


def test_a_dry_run_uses_nothing(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, uses=1)
    [would_be] = booking.book(app, [with_voucher(yoga, rich(app, cast.ana))], dry_run=True)
    assert isinstance(would_be, Reservation)
    assert (would_be.price, used(app)) == (Money(1004, EUR), 0)


def test_a_hundred_at_once_use_it_as_often_as_they_may(app: App, cast: Cast, sqlstates: Counter[str]) -> None:
    """In classes of their own, so that nothing but the voucher's lock orders them."""
    a_voucher(app, uses=7)
    offerings = [a_class(app, seats=9, price="10", confirm="payment", open_holds=0) for _ in range(25)]
    crowd = [rich(app, who) for who in cast.crowd(4)]
    told = hundredfold(100, lambda n: booking.one(app, with_voucher(offerings[n // 4], crowd[n % 4])))
    assert told == {"held": 7, "limit_reached": 93}
    assert (used(app), broken(app), sqlstates) == (7, [], {})


def booked(app: App, asks: Sequence[Ask], number: int) -> object:
    return booking.one(app, asks[number])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_its_lock_it_is_used_too_often_and_the_audit_finds_that(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK", store.LOCK.replace(" FOR NO KEY UPDATE", ""))
    crowd = [rich(app, who) for who in cast.crowd(8)]
    for number in range(30):
        code = f"CODE-{number}"
        a_voucher(app, code, uses=1)
        offerings = [a_class(app, price="1", confirm="payment", open_holds=0) for _ in crowd]
        asks = [with_voucher(offering, who, code) for offering, who in zip(offerings, crowd, strict=True)]
        told = hundredfold(len(asks), partial(booked, app, asks))
        if told["held"] > 1:
            break
    assert [line.partition(":")[0] for line in broken(app)] == ["no voucher is used more often than it may be"]


def test_asks_without_one_pay_no_query_more_and_asks_with_one_the_same_in_any_number(
    app: App, cast: Cast, yoga: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    rich(app, cast.ana)
    a_voucher(app)
    heard: list[str] = []
    pipeline = Tx.pipeline

    def listening(tx: Tx, *queries: Any) -> Any:
        heard.extend(text for text, _ in filter(None, queries))
        return pipeline(tx, *queries)

    monkeypatch.setattr(Tx, "pipeline", listening)
    counts = []
    for asks in (
        [Reserve(CONSOLE, yoga.id, cast.ana.id)] * 3,
        [with_voucher(yoga, cast.ana)],
        [with_voucher(yoga, cast.ana)] * 3,
    ):
        heard.clear()
        booking.book(app, list(asks), dry_run=True)
        counts.append((len(heard), sum("voucher" in text.partition("WHERE")[2] for text in heard)))
    assert counts[0][1] == 0
    assert counts[1] == counts[2] == (counts[0][0] + 4, 3)


# --- who makes them ------------------------------------------------------------------------------------------------


def test_organizers_make_them_for_their_own(app: App, cast: Cast, yoga: Offering) -> None:
    cleo, dora = as_person(cast.cleo), as_person(cast.dora)

    def code_of(actor: Any, **terms: Any) -> str:
        with pytest.raises(ClassbookError) as no:
            vouchers.create(app, actor, "MINE", percent=10, **terms)
        return no.value.code

    assert code_of(cleo) == code_of(dora, offering_id=yoga.id) == code_of(as_person(cast.ana)) == "not_yours"
    assert code_of(cleo, offering_id=999) == "not_found"
    vouchers.create(app, cleo, "MINE", percent=10, offering_id=yoga.id)
    a_voucher(app, "HOUSE")
    a_voucher(app, "HERS", offering_id=yoga.id)
    assert [one.code for one in vouchers.listing(app, cleo).results] == ["MINE", "HERS"]
    assert [one.code for one in vouchers.listing(app, dora).results] == []
    assert [one.code for one in vouchers.listing(app, CONSOLE).results] == ["MINE", "HOUSE", "HERS"]
    for act in (vouchers.show, vouchers.cancel):
        for code in ("MINE", "HOUSE", "NOTHING"):
            with pytest.raises(ClassbookError) as no:
                act(app, dora, code)
            assert no.value.code == "not_found"
    with pytest.raises(ClassbookError) as no:
        vouchers.listing(app, as_person(cast.ana))
    assert no.value.code == "not_yours"


@pytest.mark.parametrize(
    "terms",
    [
        {}, {"amount": "5", "percent": 5}, {"percent": 0}, {"percent": 101}, {"percent": -5}, {"amount": "0"},
        {"amount": "-5"}, {"amount": "NaN"}, {"amount": "1,5"}, {"amount": "1e30"}, {"amount": "1.005"},
        {"amount": "5 USD"}, {"percent": 5, "uses": 0}, {"percent": 5, "per_person": -1}, {"percent": 5, "uses": 2**70},
        {"percent": 5, "valid_from": NOW, "valid_until": NOW},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused(app: App, terms: dict[str, Any]) -> None:
    with pytest.raises(ClassbookError) as no:
        vouchers.create(app, CONSOLE, "SPRING", **terms)
    assert no.value.category == "invalid"
    assert vouchers.listing(app, CONSOLE).results == ()


@pytest.mark.parametrize("code", ["", "AB", "-ABC", "a b c", "ä" * 5, "A" * 41, "A/B/C", "=1+1"])
def test_what_is_no_code_is_refused(app: App, code: str) -> None:
    with pytest.raises(ClassbookError) as no:
        vouchers.create(app, CONSOLE, code, percent=5)
    assert no.value.code == "invalid"


def test_a_code_is_there_once(app: App, cast: Cast) -> None:
    a_voucher(app)
    with pytest.raises(ClassbookError) as no:
        a_voucher(app, "spring")
    assert no.value.code == "exists"
    told = hundredfold(16, lambda _: vouchers.create(app, CONSOLE, "SUMMER", percent=5))
    assert told == {"done": 1, "exists": 15}


def test_called_off_gives_the_use_back_when_it_is_settled(app: App, cast: Cast, yoga: Offering) -> None:
    a_voucher(app, uses=1)
    ask(app, with_voucher(yoga, rich(app, cast.ana)))
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    while upkeep.settle_due(app):
        pass
    assert (used(app), purse(app, cast.ana)) == (0, ("100.00", "0.00"))
