"""Who came: by a button of one's own, and at the door by whoever stands there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core.asks import ById, CheckIn
from classbook.rules import tickets
from classbook.testing import FrozenClock
from tests.conftest import Client
from tests.makers import Cast, a_class, a_doctor, as_person, ask, booking_of, broken, confirmed, hold, moves, show
from tests.web.surfer import Seen, Surfer
from tests.web.test_booking_pages import came_in

MINUTE = timedelta(minutes=1)
UNTIL_OPEN = timedelta(days=1) - 15 * MINUTE
"""A class of `makers` begins in a day, and check-in opens a quarter of an hour before."""


@pytest.fixture
def surfer(client: Client) -> Surfer:
    return Surfer(client)


def buttons(seen: Seen) -> list[str]:
    return [button for form in seen.page.forms for button in form.buttons]


# --- one's own -----------------------------------------------------------------------------------------------------


def test_the_button_is_there_while_check_in_is_open(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    came_in(app, surfer, cast.ana.email)
    paths = ("/my/", f"/my/{one.code}/")
    clock.advance(UNTIL_OPEN - MINUTE)
    assert [path for path in paths if "Check in" in buttons(surfer.get(path))] == []
    clock.advance(MINUTE)
    assert [path for path in paths if "Check in" in buttons(surfer.get(path))] == list(paths)
    clock.advance(timedelta(hours=1, minutes=15))
    assert [path for path in paths if "Check in" in buttons(surfer.get(path))] == []


def test_one_checks_in_from_the_list_and_only_once(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    confirmed(app, a_class(app, title="Later", starts_in=timedelta(days=2)), cast.ana)
    came_in(app, surfer, cast.ana.email)
    clock.advance(UNTIL_OPEN)
    assert buttons(surfer.get("/my/")).count("Check in") == 1
    done = surfer.click("Check in")
    assert "You are checked in" in done.text and "checked in" in done.text
    assert "Check in" not in buttons(done)
    assert show(app, one).checked_in_at == clock.now()
    assert broken(app) == []


def test_a_button_that_came_too_late_says_so(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    came_in(app, surfer, cast.ana.email)
    clock.advance(UNTIL_OPEN)
    surfer.get(f"/my/{one.code}/")
    ask(app, CheckIn(as_person(cast.ana), ById(one.id)))
    refused = surfer.click("Check in")
    assert (refused.status, "Checked in already" in refused.text) == (409, True)


def test_what_is_not_confirmed_has_no_button(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    one = hold(app, a_class(app, starts_in=10 * MINUTE), cast.ana)
    came_in(app, surfer, cast.ana.email)
    assert "Check in" not in buttons(surfer.get("/my/")) + buttons(surfer.get(f"/my/{one.code}/"))


# --- at the door ---------------------------------------------------------------------------------------------------


def at_the_door(surfer: Surfer, text: str) -> Seen:
    """What a scanner does: type into the field that has the focus, and press Enter."""
    assert surfer.seen is not None
    assert ("autofocus", None) in surfer.seen.page.attributes
    return surfer.click("Check in", ticket=text)


def test_the_door_says_who_came_who_had_come_already_and_what_is_wrong(
    app: App, cast: Cast, surfer: Surfer, clock: FrozenClock
) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    one, other = confirmed(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    came_in(app, surfer, cast.cleo.email)
    surfer.get("/check-in")
    early = at_the_door(surfer, one.code)
    assert (early.status, early.page.title) == (409, "Too early · classbook")
    assert "opens on Wed 2 Dec 2026 08:45" in early.text
    clock.advance(UNTIL_OPEN)
    came = at_the_door(surfer, f" {one.code.lower()} ")
    assert came.status == 200
    assert "Checked in" in came.text and "Ana, 1 place" in " ".join(came.text.split())
    clock.advance(3 * MINUTE)
    again = at_the_door(surfer, one.code)
    assert (again.status, "Already checked in at 08:45" in again.text) == (409, True)
    assert "Ben" in at_the_door(surfer, tickets.ticket(app.key, other.id)).text
    for text in ("R-0000-0000", "nonsense", tickets.ticket(b"another house", other.id), ""):
        wrong = at_the_door(surfer, text)
        assert wrong.status in (403, 404) and "Wrong code" in wrong.text, text
    assert [move[2] for move in moves(app, one)].count("confirmed") == 2
    assert broken(app) == []


def test_a_line_that_ends_twice_is_one_visit_and_another_code_another(
    app: App, cast: Cast, surfer: Surfer, clock: FrozenClock
) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    one, other = confirmed(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    came_in(app, surfer, cast.cleo.email)
    clock.advance(UNTIL_OPEN)
    form, here = surfer.get("/check-in").page.form("Check in"), surfer.seen
    for code, name in ((one.code, "Ana"), (one.code, "Ana"), (other.code, "Ben")):
        surfer.seen = here
        seen = surfer.send(form, ticket=code)
        assert seen.status == 200
        assert "Already" not in seen.text and name in seen.text


def test_the_door_is_for_what_is_ones_own(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    of_cleo = confirmed(app, a_class(app, by=as_person(cast.cleo)), cast.ana)
    came_in(app, surfer, cast.dora.email)
    clock.advance(UNTIL_OPEN)
    surfer.get("/check-in")
    wrong = at_the_door(surfer, of_cleo.code)
    assert (wrong.status, "Wrong code" in wrong.text) == (404, True)
    assert "Ana" not in wrong.text and "Yoga" not in wrong.text
    assert show(app, of_cleo).checked_in_at is None


def test_a_provider_and_an_administrator_check_in_and_the_bar_leads_there(
    app: App, cast: Cast, client: Client, clock: FrozenClock
) -> None:
    doctor = a_doctor(app, notice_seconds=0, confirm="none", check_in_from_seconds=2 * 86400)
    assert doctor.creator is not None
    mine = [ask(app, booking_of(doctor, who, time)) for who, time in ((cast.ana, "10:00"), (cast.ben, "11:00"))]
    for email, one in zip((doctor.creator.email, cast.emma.email), mine, strict=True):
        surfer = came_in(app, Surfer(client), email)
        assert any(link.endswith("check-in/") for link in surfer.get("/my/").page.links)
        surfer.get("/check-in")
        assert at_the_door(surfer, str(one.id)).status == 200
    member = came_in(app, Surfer(client), cast.ana.email)
    assert not any(link.endswith("check-in/") for link in member.get("/my/").page.links)


def test_what_is_only_held_does_not_open_the_door(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    one = hold(app, a_class(app, by=as_person(cast.cleo), starts_in=10 * MINUTE), cast.ana)
    came_in(app, surfer, cast.cleo.email)
    surfer.get("/check-in")
    refused = at_the_door(surfer, one.code)
    assert refused.status == 409
    assert "Not valid" in refused.text and "only a confirmed one" in refused.text


def test_a_stranger_is_sent_to_log_in(surfer: Surfer) -> None:
    assert surfer.get("/check-in").status == 401
