"""How often one may fail: counted for each account and for each place people come from, over all processes.

A try is counted before it is judged, and given back when it turns out right; so only failures stay counted, and of
many tries at once no more are judged than the budget has room for. What finds the budget used up is not judged at
all: otherwise whoever guesses would still be told which guess was right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from classbook.app import App
from classbook.core.keys import digest
from classbook.errors import TooManyRequests
from classbook.store import throttles as store
from classbook.store.database import Tx

CODES_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Budget:
    """How often something may be tried in so many seconds, and what is said when that was too often."""

    subject: str
    most: int
    seconds: int
    refusal: str


@dataclass(frozen=True, slots=True)
class Spent:
    """A try that was counted, in the window that ends then."""

    subject: str
    ends_at: datetime


def failures_of_source(app: App, source: str) -> Budget:
    """Wrong passwords and codes from one place, whoever they are for."""
    throttle = app.settings.throttle
    return Budget(
        digest(app, "failures from", source), throttle.address_failures, throttle.minutes * 60,
        "There were too many wrong passwords and codes from where you are.",
    )  # fmt: skip


def failures_of_account(app: App, email: str, *, familiar: str | None) -> Budget:
    """Wrong passwords for one account, whether or not there is one.

    From where the person has logged in before (``familiar``) they are counted apart: nobody elsewhere can keep them
    out.
    """
    throttle = app.settings.throttle
    return Budget(
        digest(app, "passwords for", email, familiar or ""), throttle.account_failures, throttle.minutes * 60,
        "There were too many wrong passwords for this account.",
    )  # fmt: skip


def unknown_vouchers_of(app: App, person_id: int) -> Budget:
    """Codes of vouchers that there are not, named by one person: as many as wrong passwords."""
    throttle = app.settings.throttle
    return Budget(
        digest(app, "vouchers named by", str(person_id)), throttle.account_failures, throttle.minutes * 60,
        "You have named too many vouchers that there are not.",
    )  # fmt: skip


def mails_of_source(app: App, source: str) -> Budget:
    """Mails to addresses that somebody only typed, from one place."""
    throttle = app.settings.throttle
    return Budget(
        digest(app, "mails from", source), throttle.address_mails, throttle.minutes * 60,
        "There were too many sign-ups and requests for codes from where you are.",
    )  # fmt: skip


def mails_to(app: App, purpose: str, email: str, *, most: int) -> Budget:
    """Mails of one purpose to one address a day, whoever asks for them."""
    return Budget(
        digest(app, f"mails for {purpose} to", email), most, CODES_SECONDS,
        f"{most} mails were sent to this address.",
    )  # fmt: skip


def spend(tx: Tx, *budgets: Budget) -> list[Spent]:
    """Count one try in each. Raises TooManyRequests, with when to come back, where one of them is used up."""
    return [_spend(tx, budget) for budget in budgets]


def give_back(tx: Tx, spent: Iterable[Spent]) -> None:
    """It was no failure."""
    for one in spent:
        store.give_back(tx, one.subject, one.ends_at)


def _spend(tx: Tx, budget: Budget) -> Spent:
    until = tx.now + timedelta(seconds=budget.seconds)
    ends_at = store.count(tx, budget.subject, most=budget.most, ends_at=until)
    if ends_at is not None:
        return Spent(budget.subject, ends_at)
    # The refusal rolls back what the budgets before this one have counted.
    seconds = max(1, ceil(((store.end_of(tx, budget.subject) or until) - tx.now).total_seconds()))
    raise TooManyRequests(budget.refusal, hint=f"Try again in {_spoken(seconds)}.", retry_after_seconds=seconds)


def _spoken(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    hours = ceil(minutes / 60)
    if minutes < 2:
        return "a minute"
    return f"{minutes} minutes" if minutes < 120 else f"{hours} hours"
