"""Logins: who gets one, how they are refreshed and ended, and how often one may fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.core import logins, people, upkeep
from classbook.core.callers import Caller
from classbook.errors import BadCredentials, ClassbookError, Invalid, KeyReused, NotLoggedIn, TooManyRequests
from classbook.testing import FrozenClock
from classbook.values import Login, Person, RequestKey
from tests.makers import CALLER, CONSOLE, PASSWORD, Cast, as_person, at_once, everything, mailed, person, unproved

ELSEWHERE = Caller("198.51.100.1")
NEW = "another one entirely"
WINDOW_SECONDS = 15 * 60


@pytest.fixture
def gina(app: App) -> Person:
    return person(app, "Gina", password=PASSWORD)


def enter(app: App, who: Person, password: str = PASSWORD, *, caller: Caller = CALLER) -> Login:
    return logins.login(app, caller, email=who.email, password=password)


def refused(act: Callable[[], object]) -> ClassbookError:
    with pytest.raises(ClassbookError) as raised:
        act()
    return raised.value


def fail(app: App, email: str, times: int, *, caller: Caller = CALLER) -> None:
    for _ in range(times):
        error = refused(lambda: logins.login(app, caller, email=email, password="not the password"))
        assert error.code == "bad_credentials"


# --- who gets in ---------------------------------------------------------------------------------------------------


def test_the_address_may_be_typed_in_any_case_and_the_password_not(app: App, gina: Person) -> None:
    assert logins.login(app, CALLER, email=" GINA@Example.org", password=PASSWORD).person_id == gina.id
    assert refused(lambda: enter(app, gina, PASSWORD.upper())).code == "bad_credentials"


def test_whoever_has_no_password_is_gone_or_never_proved_the_address_stays_outside(
    app: App, cast: Cast, gina: Person
) -> None:
    removed = "UPDATE people SET removed_at = 1 WHERE id = ?"
    app.store.write(lambda tx: tx.change(removed, gina.id))
    ulla = unproved(app, "Ulla")
    hashed = app.passwords.hash(PASSWORD)
    app.store.write(lambda tx: tx.change("UPDATE people SET password_hash = ? WHERE id = ?", hashed, ulla.id))
    answers = {refused(partial(enter, app, who)).detail for who in (cast.ana, gina, ulla)}
    assert answers == {refused(lambda: logins.login(app, CALLER, email="x", password=PASSWORD)).detail}


def test_a_login_that_was_begun_with_the_old_password_does_not_outlive_it(app: App, gina: Person) -> None:
    """The password is changed while the login is compared with the old one."""
    matches = app.passwords.matches

    class Meanwhile(type(app.passwords)):  # type: ignore[misc]
        def matches(self, stored: str | None, password: str) -> bool:
            right = matches(stored, password)
            people.give_password(app, CONSOLE, gina.email, NEW)
            return right

    slow = replace(app, passwords=Meanwhile())
    assert refused(lambda: enter(slow, gina)).code == "bad_credentials"
    assert everything(app)["logins"] == []


# --- refreshing ----------------------------------------------------------------------------------------------------


def test_a_refresh_gives_a_successor_and_uses_the_old_one_up(app: App, clock: FrozenClock, gina: Person) -> None:
    first = enter(app, gina)
    clock.advance(seconds=60)
    second = logins.refresh(app, CALLER, first)
    assert (second.id, second.serial) == (first.id, first.serial + 1)
    assert second.ends_at > first.ends_at
    clock.advance(seconds=60)
    assert logins.refresh(app, CALLER, second).serial == 3


def test_a_lost_answer_is_given_again_for_twenty_seconds(app: App, clock: FrozenClock, gina: Person) -> None:
    first = enter(app, gina)
    second = logins.refresh(app, CALLER, first)
    clock.advance(seconds=19.999)
    assert logins.refresh(app, CALLER, first) == second
    assert logins.refresh(app, CALLER, second).serial == 3


def test_a_token_that_is_used_again_later_ends_the_login_for_both(app: App, clock: FrozenClock, gina: Person) -> None:
    other = enter(app, gina)
    first = enter(app, gina)
    second = logins.refresh(app, CALLER, first)
    clock.advance(seconds=20)
    for token in (first, second, first):
        assert refused(partial(logins.refresh, app, CALLER, token)).code == "not_logged_in"
    assert logins.refresh(app, CALLER, other)


def test_fifty_refreshes_at_once_give_one_successor(app: App, gina: Person) -> None:
    first = enter(app, gina)
    outcomes = at_once(*[lambda: logins.refresh(app, CALLER, first)] * 50)
    assert len(outcomes) == 50 and len(set(outcomes)) == 1
    assert isinstance(outcomes[0], Login) and outcomes[0].serial == 2


def test_a_login_that_nobody_refreshes_runs_out(app: App, clock: FrozenClock, gina: Person) -> None:
    first = enter(app, gina)
    clock.advance(seconds=30 * 24 * 3600 - 1)
    assert not upkeep.forget_logins(app)
    clock.advance(seconds=1)
    assert refused(lambda: logins.refresh(app, CALLER, first)).code == "not_logged_in"
    assert upkeep.forget_logins(app) and not upkeep.forget_logins(app)
    assert everything(app)["logins"] == []


def test_a_login_speaks_for_nobody_but_who_began_it_and_for_nobody_who_is_gone(
    app: App, cast: Cast, gina: Person
) -> None:
    first = enter(app, gina)
    assert refused(lambda: logins.refresh(app, CALLER, replace(first, person_id=cast.ana.id))).code == "not_logged_in"
    app.store.write(lambda tx: tx.change("UPDATE people SET removed_at = 1 WHERE id = ?", gina.id))
    assert refused(lambda: logins.refresh(app, CALLER, first)).code == "not_logged_in"


def test_logging_out_ends_one_login_and_may_be_repeated(app: App, gina: Person) -> None:
    first, other = enter(app, gina), enter(app, gina)
    for _ in range(2):
        logins.logout(app, CALLER, person_id=gina.id, login_id=first.id)
    assert refused(lambda: logins.refresh(app, CALLER, first)).code == "not_logged_in"
    assert logins.refresh(app, CALLER, other)


# --- changing the password -----------------------------------------------------------------------------------------


def test_a_change_needs_the_current_password_and_ends_the_other_logins(app: App, gina: Person) -> None:
    here, elsewhere = enter(app, gina), enter(app, gina)

    def change(current: str, new: str) -> None:
        logins.change_password(app, as_person(gina), CALLER, current=current, new=new, login_id=here.id)

    assert refused(lambda: change("not the password", NEW)).code == "bad_credentials"
    assert refused(lambda: change(PASSWORD, "short")).code == "invalid"
    assert refused(lambda: change(PASSWORD, "gina@example.org")).code == "invalid"
    assert logins.refresh(app, CALLER, elsewhere)
    change(PASSWORD, NEW)
    assert logins.refresh(app, CALLER, here)
    assert refused(lambda: logins.refresh(app, CALLER, replace(elsewhere, serial=2))).code == "not_logged_in"
    assert enter(app, gina, NEW) and refused(lambda: enter(app, gina)).code == "bad_credentials"
    assert [mail[:2] for mail in mailed(app)] == [(gina.email, "Your password was changed")]


def test_of_two_changes_at_once_one_is_made(app: App, gina: Person) -> None:
    words = ["first new password", "second new password"]
    acts = [
        lambda new=new: logins.change_password(app, as_person(gina), CALLER, current=PASSWORD, new=new) for new in words
    ]
    outcomes = at_once(*acts)
    assert [type(one) for one in outcomes].count(BadCredentials) == 1
    assert enter(app, gina, words[outcomes.index(None)])


def test_guessing_the_current_password_is_bounded_like_logging_in(app: App, gina: Person) -> None:
    def guess() -> None:
        logins.change_password(app, as_person(gina), CALLER, current="a guess", new=NEW)

    assert [refused(guess).code for _ in range(11)] == ["bad_credentials"] * 10 + ["too_many_requests"]


# --- how often one may fail ----------------------------------------------------------------------------------------


def test_ten_wrong_passwords_close_an_account_for_a_quarter_of_an_hour(
    app: App, clock: FrozenClock, gina: Person
) -> None:
    fail(app, gina.email, 3)
    clock.advance(seconds=100.5)
    fail(app, gina.email, 7)
    error = refused(lambda: enter(app, gina))
    assert isinstance(error, TooManyRequests)
    assert error.retry_after_seconds == WINDOW_SECONDS - 100
    clock.advance(seconds=WINDOW_SECONDS - 100.5 - 0.001)
    assert refused(lambda: enter(app, gina)).retry_after_seconds == 1
    clock.advance(seconds=0.001)
    assert enter(app, gina)


def test_what_succeeds_is_not_counted(app: App, gina: Person) -> None:
    fail(app, gina.email, 9, caller=ELSEWHERE)
    for _ in range(12):
        assert enter(app, gina, caller=ELSEWHERE)
    fail(app, gina.email, 10, caller=ELSEWHERE)


def test_nobody_elsewhere_can_keep_somebody_out_of_where_they_are_at_home(app: App, gina: Person) -> None:
    enter(app, gina)
    fail(app, gina.email, 10, caller=ELSEWHERE)
    assert refused(lambda: enter(app, gina, caller=ELSEWHERE)).code == "too_many_requests"
    assert enter(app, gina)
    fail(app, gina.email, 10)
    assert refused(lambda: enter(app, gina)).code == "too_many_requests"


def test_an_account_that_does_not_exist_is_closed_alike(app: App) -> None:
    fail(app, "nobody@example.org", 10)
    error = refused(lambda: logins.login(app, CALLER, email="NOBODY@example.org", password="x"))
    assert (error.code, error.retry_after_seconds) == ("too_many_requests", WINDOW_SECONDS)


def test_one_place_is_closed_after_a_hundred_failures_at_any_accounts(app: App, gina: Person) -> None:
    few = replace(app, settings=replace(app.settings, throttle=replace(app.settings.throttle, address_failures=12)))
    for n in range(12):
        fail(few, f"somebody{n}@example.org", 1)
    assert refused(lambda: enter(few, gina)).code == "too_many_requests"
    assert enter(few, gina, caller=ELSEWHERE)
    assert app.settings.throttle.address_failures == 100


def test_of_many_guesses_at_once_no_more_than_the_budget_are_judged(app: App, gina: Person) -> None:
    outcomes = at_once(*[lambda: enter(app, gina, "not the password")] * 16)
    assert sorted(getattr(one, "code", "") for one in outcomes) == ["bad_credentials"] * 10 + ["too_many_requests"] * 6


def test_failures_are_counted_over_all_processes(app: App, clock: FrozenClock, gina: Person) -> None:
    with closing(open_app(app.settings, clock=clock)) as another:
        fail(app, gina.email, 5)
        fail(another, gina.email, 5)
        for one in (app, another):
            assert refused(partial(enter, one, gina)).code == "too_many_requests"


def test_what_is_refused_for_being_too_often_is_counted_nowhere(app: App, gina: Person) -> None:
    fail(app, gina.email, 10)
    before = everything(app)["throttles"]
    for _ in range(5):
        assert refused(lambda: enter(app, gina)).code == "too_many_requests"
    assert everything(app)["throttles"] == before


def test_without_the_counts_nobody_gets_in(app: App, gina: Person) -> None:
    """A right password, too: where nothing can be counted, nothing is judged."""
    app.store.write(lambda tx: tx.change("ALTER TABLE throttles RENAME TO lost"))
    assert refused(lambda: enter(app, gina)).code == "unavailable"
    app.store.write(lambda tx: tx.change("ALTER TABLE lost RENAME TO throttles"))
    assert enter(app, gina)


# --- the same request again ----------------------------------------------------------------------------------------


def keyed(key: str, digest: str = "digest") -> Caller:
    return Caller("203.0.113.7", key=RequestKey(key, digest))


def test_a_repeated_login_is_the_same_login(app: App, clock: FrozenClock, gina: Person) -> None:
    first = enter(app, gina, caller=keyed("k"))
    clock.advance(seconds=3600)
    assert enter(app, gina, caller=keyed("k")) == first
    assert len(everything(app)["logins"]) == 1
    with pytest.raises(KeyReused):
        enter(app, gina, caller=keyed("k", "another digest"))
    logins.logout(app, CALLER, person_id=gina.id, login_id=first.id)
    with pytest.raises(NotLoggedIn):
        enter(app, gina, caller=keyed("k"))


def test_a_repeated_refresh_gives_the_same_successor_also_late(app: App, clock: FrozenClock, gina: Person) -> None:
    first = enter(app, gina)
    second = logins.refresh(app, keyed("k"), first)
    clock.advance(seconds=3600)
    assert logins.refresh(app, keyed("k"), first) == second
    with pytest.raises(KeyReused):
        logins.refresh(app, keyed("k", "another digest"), second)
    logins.refresh(app, CALLER, second)
    assert refused(lambda: logins.refresh(app, keyed("k"), first)).code == "not_logged_in"


def test_a_repeated_change_of_password_is_made_once(app: App, gina: Person) -> None:
    for _ in range(2):
        logins.change_password(app, as_person(gina), keyed("k"), current=PASSWORD, new=NEW)
    assert len(mailed(app)) == 1
    with pytest.raises(Invalid):
        logins.change_password(app, as_person(gina), keyed("l"), current=PASSWORD, new="short")


def test_no_token_and_no_password_is_stored_with_a_key(app: App, gina: Person) -> None:
    first = enter(app, gina, caller=keyed("k"))
    logins.refresh(app, keyed("r"), first)
    kept: list[Any] = everything(app)["request_keys"]
    assert len(kept) == 2
    assert PASSWORD not in repr(kept) and "eyJ" not in repr(kept)
