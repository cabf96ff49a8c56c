"""What tests of the core share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from classbook.app import App
from classbook.store.database import Database
from classbook.values import Offering
from tests.makers import a_class, broken


@pytest.fixture
def yoga(app: App) -> Offering:
    """A class of two places, tomorrow at this hour."""
    return a_class(app, seats=2)


@pytest.fixture
def sound(app: App) -> Iterator[None]:
    """Whatever a test did, no invariant is broken after it."""
    yield
    assert broken(app) == []


@pytest.fixture
def sqlstates(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what the database refused, by SQLSTATE, also where the transaction was then simply run again."""
    counted: Counter[str] = Counter()
    meaning = Database._meaning

    def counting(database: Database, error: Exception) -> Exception:
        cause = getattr(error, "orig", None) or error
        counted[str(getattr(cause, "sqlstate", None) or type(cause).__name__)] += 1
        return meaning(database, error)

    monkeypatch.setattr(Database, "_meaning", counting)
    return counted
