"""Mailed codes and links: how often they may be guessed, which of them is good, what they do, on both databases."""

from __future__ import annotations

from functools import partial

import pytest

from classbook.app import App
from classbook.core import booking, reservations
from classbook.core.asks import ById, ByPerson, Cancel, Confirm, Resend, Reserve
from classbook.errors import ClassbookError, KeyReused, NotFound, TooManyGuesses
from classbook.testing import FrozenClock
from classbook.values import Offering, RequestKey, plain
from tests.makers import (
    CONSOLE,
    HOLD,
    Cast,
    as_person,
    ask,
    at_once,
    everything,
    hold,
    mailed_code,
    mailed_link,
    moves,
    refusal,
    said,
    show,
)

pytestmark = pytest.mark.usefixtures("sound")


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
