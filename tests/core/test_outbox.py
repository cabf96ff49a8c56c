"""Mail that need not be sent any more, on both databases."""

from __future__ import annotations

import pytest

from classbook.app import App
from classbook.core import accounts, outbox
from classbook.core.asks import ById, Cancel, Confirm, Resend
from classbook.errors import NotAllowedNow
from classbook.testing import FrozenClock, MemoryMailer
from classbook.values import Message
from tests.makers import CALLER, CONSOLE, PASSWORD, Cast, a_class, ask, hold, mailed_code

ZOE = "zoe@example.org"


def delivered(app: App) -> Message:
    """The oldest mail, once the daemon has gone over all of them."""
    while outbox.deliver(app):
        pass
    return outbox.show(app, CONSOLE, outbox.listing(app, CONSOLE).results[-1].id)


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("confirm", "the hold was confirmed"),
        ("cancel", "the hold was cancelled"),
        ("wait", "the hold had lapsed"),
        ("resend", "a newer code took its place"),
    ],
)
def test_a_code_that_nobody_needs_is_not_mailed_and_says_why(
    app: App, clock: FrozenClock, mailer: MemoryMailer, cast: Cast, meanwhile: str, why: str
) -> None:
    held = hold(app, a_class(app), cast.ana)
    if meanwhile == "wait":
        clock.advance(seconds=300)
    else:
        asked = {"confirm": Confirm, "cancel": Cancel, "resend": Resend}[meanwhile]
        ask(app, asked(CONSOLE, ById(held.id)))
    first = delivered(app)
    assert (first.state, first.last_error) == ("dead", f"Not needed any more: {why}.")
    with pytest.raises(NotAllowedNow, match=why):
        outbox.retry(app, CONSOLE, first.id)
    codes = [one["Subject"] for one in mailer.sent if "code for" in one["Subject"]]
    assert len(codes) == (1 if meanwhile == "resend" else 0)


def test_a_code_for_an_address_that_is_proved_is_not_mailed(app: App, cast: Cast) -> None:
    accounts.signup(app, CALLER, email=ZOE, password=PASSWORD, name="Zoe")
    accounts.verify(app, CALLER, email=ZOE, code=mailed_code(app, ZOE))
    assert delivered(app).last_error == "Not needed any more: the code was used, or had run out."


def test_a_code_for_an_address_that_has_run_out_is_not_mailed(app: App, clock: FrozenClock) -> None:
    accounts.signup(app, CALLER, email=ZOE, password=PASSWORD, name="Zoe")
    clock.advance(seconds=accounts.CODE_SECONDS)
    assert delivered(app).last_error == "Not needed any more: the code was used, or had run out."
