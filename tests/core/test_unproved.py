"""Whoever has not proved an address gets nothing with it."""

from __future__ import annotations

import pytest

from classbook.app import App
from classbook.core import accounts, catalog, providers
from classbook.errors import NotAllowedNow
from tests.makers import CALLER, CONSOLE, NOW, PASSWORD, as_person, mailed_code, unproved


def prove(app: App, email: str) -> None:
    accounts.signup(app, CALLER, email=email, password=PASSWORD, name="Doc")
    accounts.verify(app, CALLER, email=email, code=mailed_code(app, email))


def test_nobody_becomes_a_provider_with_an_address_that_is_not_proved(app: App) -> None:
    doc = unproved(app, "Doc")
    with pytest.raises(NotAllowedNow):
        providers.create(app, CONSOLE, email=doc.email)
    prove(app, doc.email)
    assert providers.create(app, CONSOLE, email=doc.email)


def test_an_event_is_made_by_people_with_an_address(app: App) -> None:
    doc = unproved(app, "Doc")
    draft = {"title": "Party", "seats": 2, "starts_at": NOW.replace(hour=20), "ends_at": NOW.replace(hour=22)}
    with pytest.raises(NotAllowedNow):
        catalog.create(app, as_person(doc), "event", draft)
    prove(app, doc.email)
    assert catalog.create(app, as_person(doc), "event", draft)
