"""What people do with an address before and after it is proved: signing up, and a new password by a mailed code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classbook.app import App
from classbook.core import accounts, logins, outbox, people, trail, upkeep
from classbook.core.callers import Caller
from classbook.errors import BadCredentials, ClassbookError, Invalid, KeyReused, TooManyRequests, WrongCode
from classbook.rules import codes
from classbook.store import attempts
from classbook.testing import FrozenClock
from classbook.values import Person, RequestKey, Told
from tests.makers import CALLER, CONSOLE, PASSWORD, Cast, at_once, everything, mailed, mailed_code, mailed_codes, person

GINA = "gina@example.org"
OTHER = "another one entirely"
THIRD = "a third that nobody has"


def sign_up(app: App, password: str = PASSWORD, *, email: str = GINA, caller: Caller = CALLER) -> str:
    """Sign up; the code that was mailed."""
    accounts.signup(app, caller, email=email, password=password, name="Gina")
    return mailed_code(app, email)


def can_log_in(app: App, password: str = PASSWORD, *, email: str = GINA) -> bool:
    try:
        logins.login(app, CALLER, email=email, password=password)
    except BadCredentials:
        return False
    return True


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# --- signing up ----------------------------------------------------------------------------------------------------


def test_there_is_an_account_once_the_code_comes_back_and_not_before(app: App) -> None:
    code = sign_up(app)
    assert not can_log_in(app)
    assert people.listing(app, CONSOLE).results == ()
    gina = accounts.verify(app, CALLER, email="Gina@Example.org ", code=f" {code} ")
    assert isinstance(gina, Person)
    assert (gina.email, gina.name, gina.role) == (GINA, "Gina", "member")
    assert can_log_in(app)
    assert people.listing(app, CONSOLE).results == (gina,)


def test_a_stranger_cannot_put_a_password_under_somebodys_address(app: App) -> None:
    """Whoever comes later, or last, with the same address: the code decides whose password it is."""
    hers = sign_up(app)
    strangers = sign_up(app, OTHER)
    assert hers != strangers
    accounts.verify(app, CALLER, email=GINA, code=hers)
    assert can_log_in(app) and not can_log_in(app, OTHER)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=strangers)
    assert can_log_in(app) and not can_log_in(app, OTHER)


def test_a_password_sent_with_the_code_must_be_the_one_of_that_attempt(app: App) -> None:
    strangers, hers = sign_up(app, OTHER), sign_up(app)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=strangers, password=PASSWORD)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=wrong(hers), password=PASSWORD)
    accounts.verify(app, CALLER, email=GINA, code=hers, password=PASSWORD)
    assert can_log_in(app) and not can_log_in(app, OTHER)


def test_a_code_is_good_for_half_an_hour(app: App, clock: FrozenClock) -> None:
    code = sign_up(app)
    clock.advance(seconds=accounts.CODE_SECONDS)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=code)
    code = sign_up(app)
    clock.advance(seconds=accounts.CODE_SECONDS - 1)
    assert accounts.verify(app, CALLER, email=GINA, code=code)


def test_a_code_survives_five_guesses_and_no_more(app: App) -> None:
    code = sign_up(app)
    for _ in range(5):
        with pytest.raises(WrongCode):
            accounts.verify(app, CALLER, email=GINA, code=wrong(code))
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=code)


def test_of_many_guesses_at_once_five_are_compared(app: App) -> None:
    code = sign_up(app)
    for _ in range(4):
        with pytest.raises(WrongCode):
            accounts.verify(app, CALLER, email=GINA, code=wrong(code))
    acts = [lambda: accounts.verify(app, CALLER, email=GINA, code=wrong(code))] * 8
    assert {getattr(one, "code", None) for one in at_once(*acts)} == {"wrong_code"}
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=code)


def test_one_code_makes_one_account_however_often_it_comes(app: App) -> None:
    code = sign_up(app)
    outcomes = at_once(*[lambda: accounts.verify(app, CALLER, email=GINA, code=code)] * 5)
    assert sorted(type(one).__name__ for one in outcomes) == ["Person", *["WrongCode"] * 4]
    assert len(people.listing(app, CONSOLE).results) == 1


def test_two_codes_at_once_make_one_account(app: App) -> None:
    both = [sign_up(app), sign_up(app, OTHER)]
    outcomes = at_once(*[lambda code=code: accounts.verify(app, CALLER, email=GINA, code=code) for code in both])
    assert sorted(type(one).__name__ for one in outcomes) == ["Person", "WrongCode"]
    assert can_log_in(app) != can_log_in(app, OTHER)


def test_a_few_mails_a_day_go_to_an_address_known_or_not(app: App, cast: Cast, clock: FrozenClock) -> None:
    for email in (GINA, cast.ana.email):
        for _ in range(5):
            accounts.signup(app, CALLER, email=email, password=PASSWORD, name="Gina")
        with pytest.raises(TooManyRequests) as refused:
            accounts.signup(app, CALLER, email=email, password=PASSWORD, name="Gina")
        assert refused.value.retry_after_seconds == 24 * 3600
        assert len([to for to, _, _ in mailed(app) if to == email]) == 5
    clock.advance(seconds=24 * 3600)
    assert sign_up(app)


def test_a_known_address_is_answered_like_an_unknown_one_with_the_same_writes(app: App, cast: Cast) -> None:
    answers, written = [], []
    for email in ("first@example.org", GINA, cast.ana.email):
        before = {name: len(rows) for name, rows in everything(app).items()}
        told = accounts.signup(app, CALLER, email=email, password=PASSWORD, name="Gina")
        assert isinstance(told, Told)
        answers.append(told.message)
        written.append({name: len(rows) - before[name] for name, rows in everything(app).items()})
    assert answers[1] == answers[2] and written[1] == written[2]
    assert written[1]["attempts"] == written[1]["messages"] == 1
    [(_, subject, text)] = [mail for mail in mailed(app) if mail[0] == cast.ana.email]
    assert subject == "You have an account at classbook" and "log in" in text
    assert mailed_codes(app, cast.ana.email) == []


def test_who_is_known_keeps_name_and_password_whatever_code_comes(app: App) -> None:
    ana = person(app, "Ana", password=PASSWORD)
    accounts.signup(app, CALLER, email=ana.email, password=OTHER, name="Not Ana")
    with app.store.read() as tx:
        [row] = tx.rows(f"SELECT {attempts.COLUMNS} FROM attempts")
    code = codes.one_time_code(app.key, attempts.Attempt.of(row).code)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=ana.email, code=code)
    assert people.show(app, CONSOLE, ana.email) == ana
    assert can_log_in(app, email=ana.email) and not can_log_in(app, OTHER, email=ana.email)


def test_the_mail_says_nothing_of_what_a_stranger_typed(app: App) -> None:
    accounts.signup(app, CALLER, email=GINA, password=PASSWORD, name="Buy now at evil example")
    [(_, subject, text)] = mailed(app)
    assert "Buy now" not in subject + text and PASSWORD not in text


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("seven77", "8 to 128"),
        ("x" * 129, "8 to 128"),
        ("password1", "first that people try"),
        ("PassWord123", "first that people try"),
        ("gina@example.org", "own name or address"),
        ("Gina Maria", "own name or address"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(app: App, password: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        accounts.signup(app, CALLER, email=GINA, password=password, name="Gina Maria")
    assert mailed(app) == []


# --- a new password by mail ----------------------------------------------------------------------------------------


def asked(app: App, email: str) -> str:
    accounts.ask_reset(app, CALLER, email=email)
    return mailed_code(app, email)


def test_a_mailed_code_sets_a_new_password_and_ends_every_login(app: App) -> None:
    ana = person(app, "Ana", password=PASSWORD)
    old = logins.login(app, CALLER, email=ana.email, password=PASSWORD)
    accounts.reset(app, CALLER, email=ana.email, code=asked(app, ana.email), new_password=OTHER)
    assert can_log_in(app, OTHER, email=ana.email) and not can_log_in(app, email=ana.email)
    with pytest.raises(ClassbookError, match="has ended"):
        logins.refresh(app, CALLER, old)
    assert mailed(app)[-1][:2] == (ana.email, "Your password was changed")


def test_somebody_who_never_had_a_password_gets_one_by_mail(app: App, cast: Cast) -> None:
    accounts.reset(app, CALLER, email=cast.ana.email, code=asked(app, cast.ana.email), new_password=PASSWORD)
    assert can_log_in(app, email=cast.ana.email)


def test_a_code_sets_a_password_once_within_half_an_hour_and_five_guesses(app: App, clock: FrozenClock) -> None:
    ana = person(app, "Ana", password=PASSWORD)

    def refused(code: str) -> None:
        with pytest.raises(WrongCode):
            accounts.reset(app, CALLER, email=ana.email, code=code, new_password=THIRD)

    code = asked(app, ana.email)
    accounts.reset(app, CALLER, email=ana.email, code=code, new_password=OTHER)
    refused(code)
    code = asked(app, ana.email)
    for _ in range(5):
        refused(wrong(code))
    refused(code)
    code = asked(app, ana.email)
    clock.advance(seconds=accounts.CODE_SECONDS)
    refused(code)
    assert can_log_in(app, OTHER, email=ana.email)


def test_of_two_who_bring_one_code_at_once_one_sets_the_password(app: App) -> None:
    ana = person(app, "Ana", password=PASSWORD)
    code = asked(app, ana.email)
    acts = [
        lambda new=new: accounts.reset(app, CALLER, email=ana.email, code=code, new_password=new)
        for new in (OTHER, THIRD)
    ]
    outcomes = at_once(*acts)
    assert [type(one) for one in outcomes].count(WrongCode) == 1
    assert can_log_in(app, (OTHER, THIRD)[outcomes.index(None)], email=ana.email)


def test_a_code_that_proves_an_address_sets_no_password_and_the_reverse(app: App) -> None:
    code = sign_up(app)
    with pytest.raises(WrongCode):
        accounts.reset(app, CALLER, email=GINA, code=code, new_password=OTHER)
    accounts.verify(app, CALLER, email=GINA, code=code)
    code = asked(app, GINA)
    with pytest.raises(WrongCode):
        accounts.verify(app, CALLER, email=GINA, code=code)
    accounts.reset(app, CALLER, email=GINA, code=code, new_password=OTHER)


def test_nobodys_address_is_answered_alike_and_gets_no_mail(app: App, cast: Cast) -> None:
    written = []
    for email in (GINA, "second@example.org", cast.ana.email):
        before = {name: len(rows) for name, rows in everything(app).items()}
        assert accounts.ask_reset(app, CALLER, email=email) == Told(
            email, "If there is an account with this address, a mail with a code is on its way."
        )
        written.append({name: len(rows) - before[name] for name, rows in everything(app).items()})
    assert written[1] == written[2]
    while outbox.deliver(app):
        pass
    first = outbox.show(app, CONSOLE, outbox.listing(app, CONSOLE).results[-1].id)
    assert (first.to, first.state) == (GINA, "dead")
    assert first.last_error == "Not needed: nobody has an account with this address."
    with pytest.raises(WrongCode):
        accounts.reset(app, CALLER, email=GINA, code=mailed_code(app, GINA), new_password=OTHER)


def test_a_new_password_is_not_the_persons_name_and_the_code_is_kept_for_a_better_one(app: App) -> None:
    maria = person(app, "Marianne", password=PASSWORD)
    code = asked(app, maria.email)
    with pytest.raises(Invalid):
        accounts.reset(app, CALLER, email=maria.email, code=code, new_password="marianne")
    accounts.reset(app, CALLER, email=maria.email, code=code, new_password=OTHER)


# --- what is counted, repeated, told and forgotten -----------------------------------------------------------------


def test_wrong_codes_from_one_place_are_bounded_whoever_they_are_for(app: App) -> None:
    elsewhere = Caller("198.51.100.1")
    for n in range(100):
        with pytest.raises(WrongCode):
            accounts.verify(app, CALLER, email=f"x{n}@example.org", code="000000")
    code = sign_up(app)
    with pytest.raises(TooManyRequests):
        accounts.verify(app, CALLER, email=GINA, code=code)
    assert accounts.verify(app, elsewhere, email=GINA, code=code)


def test_right_codes_are_not_counted(app: App) -> None:
    few = replace(app, settings=replace(app.settings, throttle=replace(app.settings.throttle, address_failures=1)))
    for n in range(3):
        code = sign_up(few, email=f"g{n}@example.org")
        accounts.verify(few, CALLER, email=f"g{n}@example.org", code=code)
        accounts.reset(few, CALLER, email=f"g{n}@example.org", code=asked(few, f"g{n}@example.org"), new_password=OTHER)


def test_a_repeated_request_happens_once_and_answers_the_same(app: App) -> None:
    keyed = Caller("203.0.113.7", key=RequestKey("k", "digest"))
    first = accounts.signup(app, keyed, email=GINA, password=PASSWORD, name="Gina")
    assert accounts.signup(app, keyed, email=GINA, password=PASSWORD, name="Gina") == {
        "email": GINA, "message": first.message if isinstance(first, Told) else "",
    }  # fmt: skip
    [code] = mailed_codes(app, GINA)
    with pytest.raises(KeyReused):
        accounts.verify(app, Caller("203.0.113.7", key=RequestKey("k", "other")), email=GINA, code=code)
    verifying = Caller("203.0.113.7", key=RequestKey("v", "digest"))
    gina = accounts.verify(app, verifying, email=GINA, code=code)
    again = accounts.verify(app, verifying, email=GINA, code=code)
    assert isinstance(gina, Person) and isinstance(again, dict) and again["id"] == gina.id
    asking, setting = (Caller("203.0.113.7", key=RequestKey(name, "digest")) for name in "ar")
    for _ in range(2):
        accounts.ask_reset(app, asking, email=GINA)
    [code] = [code for to, subject, _ in mailed(app) if "new password" in subject for code in [subject[:6]]]
    for _ in range(2):
        accounts.reset(app, setting, email=GINA, code=code, new_password=OTHER)
    assert len([mail for mail in mailed(app) if mail[1] == "Your password was changed"]) == 1


def test_a_strangers_request_key_meets_nobody_elses(app: App, cast: Cast) -> None:
    """Not that of another address, and not the console's, which is in the same table."""
    key = RequestKey("k", "digest")
    made = people.create(app, CONSOLE, email="zoe@example.org", name="Zoe", key=key)
    assert isinstance(made, Person)
    for email in (GINA, "hans@example.org"):
        told = accounts.signup(app, Caller("203.0.113.7", key=key), email=email, password=PASSWORD, name="X")
        assert isinstance(told, Told) and told.email == email


def test_nothing_that_is_stored_tells_a_password_a_code_or_where_somebody_is(app: App) -> None:
    keyed = Caller("203.0.113.7", key=RequestKey("k", "digest"))
    accounts.signup(app, keyed, email=GINA, password=PASSWORD, name="Gina")
    code = mailed_code(app, GINA)
    stored = repr(everything(app))
    assert PASSWORD not in stored and code not in stored and "203.0.113.7" not in stored


def test_the_trail_tells_of_a_proof_and_of_a_new_password_without_them(app: App) -> None:
    accounts.verify(app, CALLER, email=GINA, code=sign_up(app))
    accounts.reset(app, CALLER, email=GINA, code=asked(app, GINA), new_password=OTHER)
    told = trail.history(app, CONSOLE, subject="person").results
    assert [(one.action, one.actor, one.request_id) for one in told] == [
        ("password", GINA, "test"), ("verify", GINA, "test"),
    ]  # fmt: skip
    assert "argon2" not in repr(told)


def test_what_has_run_out_is_forgotten_in_steps(app: App, clock: FrozenClock) -> None:
    sign_up(app)
    asked(app, GINA)
    assert not upkeep.forget_attempts(app) and not upkeep.forget_throttles(app)
    clock.advance(seconds=accounts.CODE_SECONDS)
    assert upkeep.forget_attempts(app) and not upkeep.forget_attempts(app)
    assert everything(app)["attempts"] == []
    clock.advance(seconds=24 * 3600)
    assert upkeep.forget_throttles(app) and not upkeep.forget_throttles(app)
    assert everything(app)["throttles"] == []
