"""Tickets over HTTP: what is shown at the door, and who stands there."""

from __future__ import annotations

from classbook.app import App
from classbook.testing import FrozenClock
from tests.conftest import Client
from tests.makers import NOW, Cast, a_class, as_person, confirmed, hold
from tests.web.conftest import As

R = "/api/v0/reservations"


def test_a_ticket_is_shown_to_whom_it_is_of(app: App, client: Client, logged_in: As, cast: Cast) -> None:
    one, held = confirmed(app, a_class(app), cast.ana), hold(app, a_class(app), cast.ana)
    ana = logged_in(cast.ana)
    shown = ana.get(f"{R}/{one.code}/ticket/").json()
    assert shown["code"] == one.code and shown["ticket"].startswith(f"{one.code}-")
    assert shown["svg"].startswith("<svg ") and "<script" not in shown["svg"]
    assert logged_in(cast.ben).get(f"{R}/{one.code}/ticket/").status == 404
    assert ana.get(f"{R}/{held.id}/ticket/").json()["code"] == "not_allowed_now"


def test_a_ticket_lets_in_once_and_at_its_own_door(
    app: App, client: Client, logged_in: As, clock: FrozenClock, cast: Cast
) -> None:
    yoga, other = (a_class(app, by=as_person(cast.cleo), title=title) for title in ("Yoga", "Boxing"))
    ticket = logged_in(cast.ana).get(f"{R}/{confirmed(app, yoga, cast.ana).id}/ticket/").json()["ticket"]
    door = logged_in(cast.cleo)
    clock.set(NOW.replace(day=2, hour=8, minute=50))
    wrong = door.post(f"{R}/{ticket}/check-in/", {"offering": other.id})
    assert (wrong.status, wrong.json()["code"]) == (409, "not_allowed_now")
    assert "Yoga" in wrong.json()["detail"]
    assert door.post(f"{R}/{ticket}/check-in/", {"offering": yoga.id}).json()["checked_in_at"] == "2026-12-02T08:50:00Z"
    again = door.post(f"{R}/{ticket}/check-in/", {"offering": yoga.id})
    assert (again.status, again.json()["detail"]) == (409, "Checked in already, on Wed 2 Dec 2026 08:50 UTC.")
    made_up = ticket[:-1] + ("0" if ticket[-1] != "0" else "1")
    assert door.post(f"{R}/{made_up}/check-in/").status == 404
