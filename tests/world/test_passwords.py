"""Password hashes: right, slow for everybody alike, and never too many at once."""

from __future__ import annotations

import threading

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from classbook.errors import Busy
from classbook.world import Passwords
from classbook.world.passwords import _NOBODY

PASSWORDS = Passwords()


def test_only_the_right_password_matches() -> None:
    stored = PASSWORDS.hash("correct horse")
    assert PASSWORDS.matches(stored, "correct horse")
    assert not PASSWORDS.matches(stored, "correct horse ") and not PASSWORDS.matches(stored, "")


def test_a_hash_is_salted_and_says_argon2id() -> None:
    first, second = PASSWORDS.hash("same"), PASSWORDS.hash("same")
    assert first != second and first.startswith("$argon2id$")


def test_where_there_is_no_account_nothing_matches_after_the_same_work() -> None:
    assert not PASSWORDS.matches(None, "anything")
    assert extract_parameters(_NOBODY) == extract_parameters(PASSWORDS.hash("x")) == RFC_9106_LOW_MEMORY


def test_a_password_may_be_any_text_typed_in_any_way() -> None:
    assert PASSWORDS.matches(PASSWORDS.hash("Zoë"), "Zoe\u0308")
    odd = "\ud800\x00 password"
    assert PASSWORDS.matches(PASSWORDS.hash(odd), odd)


def test_too_many_at_once_are_sent_away() -> None:
    passwords = Passwords(parallel=1, wait_seconds=0)
    stored = passwords.hash("x")
    inside, done = threading.Event(), threading.Event()

    def occupy() -> None:
        with passwords._slot():
            inside.set()
            done.wait()

    thread = threading.Thread(target=occupy)
    thread.start()
    inside.wait()
    with pytest.raises(Busy) as caught:
        passwords.matches(stored, "x")
    done.set()
    thread.join()
    assert caught.value.retry_after_seconds
    assert passwords.matches(stored, "x")
