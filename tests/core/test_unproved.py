"""Whoever has not proved an address gets nothing with it, and cannot flood it."""

from __future__ import annotations

import re

import pytest

from classbook.app import App
from classbook.core import catalog, outbox, people, providers
from classbook.errors import NotAllowedNow, TooManyRequests, WrongCode
from classbook.testing import FrozenClock
from classbook.values import Actor
from tests.makers import CONSOLE, NOW

ADDRESS, PASSWORD = "doc@example.org", "correct horse battery"


def sign_up(app: App) -> Actor:
    return Actor(people.signup(app, email=ADDRESS, password=PASSWORD, name="Doc").id)


def newest_code(app: App) -> str:
    [message] = outbox.listing(app, CONSOLE, limit=1).results
    found = re.search(r"^\d{6}$", outbox.show(app, CONSOLE, message.id).text or "", re.MULTILINE)
    assert found
    return found[0]


def test_nobody_becomes_a_provider_by_signing_up_with_somebodys_address(app: App) -> None:
    sign_up(app)
    with pytest.raises(NotAllowedNow):
        providers.create(app, CONSOLE, email=ADDRESS)
    people.verify(app, email=ADDRESS, code=newest_code(app))
    assert providers.create(app, CONSOLE, email=ADDRESS)


def test_an_event_is_made_by_people_with_an_address(app: App) -> None:
    doc = sign_up(app)
    draft = {"title": "Party", "seats": 2, "starts_at": NOW.replace(hour=20), "ends_at": NOW.replace(hour=22)}
    with pytest.raises(NotAllowedNow):
        catalog.create(app, doc, "event", draft)
    people.verify(app, email=ADDRESS, code=newest_code(app))
    assert catalog.create(app, doc, "event", draft)


def test_signing_up_again_mails_a_few_codes_and_gives_no_fresh_guesses(app: App, clock: FrozenClock) -> None:
    sign_up(app)
    for _ in range(4):
        with pytest.raises(WrongCode):
            people.verify(app, email=ADDRESS, code="x")
        sign_up(app)
    with pytest.raises(TooManyRequests):
        sign_up(app)
    with pytest.raises(WrongCode):
        people.verify(app, email=ADDRESS, code="x")
    with pytest.raises(WrongCode):
        people.verify(app, email=ADDRESS, code=newest_code(app))
    clock.advance(seconds=people.VERIFY_SECONDS)
    sign_up(app)
    assert people.verify(app, email=ADDRESS, code=newest_code(app)).email == ADDRESS
