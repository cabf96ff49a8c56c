"""/report/ over HTTP, as document 0 lists it."""

from __future__ import annotations

from datetime import timedelta

from classbook.app import App
from classbook.core import booking
from classbook.core.asks import ById, Confirm
from tests.conftest import Client
from tests.makers import CONSOLE, Cast, a_class, as_person, hold
from tests.web.conftest import As
from tests.web.test_classes import refused

REPORT = "/api/v0/report/"
NOTHING = {
    "total": 0,
    "total_users_enrolled": 0,
    "confirmed_seats": [],
    "active": 0,
    "upcoming": 0,
    "completed": 0,
}


def test_the_figures_are_an_organizers_own_and_an_administrators_all(
    app: App, cast: Cast, client: Client, logged_in: As
) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    chess = a_class(app, by=as_person(cast.dora), starts_in=timedelta(days=30))
    for offering, who in [(yoga, cast.ana), (yoga, cast.ben), (chess, cast.ana)]:
        booking.one(app, Confirm(CONSOLE, ById(hold(app, offering, who).id)))

    everything = logged_in(cast.emma).post(REPORT)
    assert everything.status == 200
    assert everything.json() == {
        "total_classes": 2,
        "total_users_enrolled": 2,
        "confirmed_seats": [{"class_id": yoga.id, "confirmed": 2}, {"class_id": chess.id, "confirmed": 1}],
        "active_classes": 2,
        "upcoming_classes": 2,
        "completed_classes": 0,
        **dict.fromkeys(("events", "matches", "appointments", "resources"), NOTHING),
    }
    assert logged_in(cast.emma).get(REPORT).json() == everything.json()
    assert logged_in(cast.emma).post(REPORT, {}).json() == everything.json()
    assert logged_in(cast.dora).get(REPORT).json()["confirmed_seats"] == [{"class_id": chess.id, "confirmed": 1}]
    refused(logged_in(cast.ana).post(REPORT), 403, "not_yours")
    refused(client.get(REPORT), 401, "not_logged_in")


def test_a_period_counts_what_starts_within(app: App, cast: Cast, logged_in: As) -> None:
    a_class(app, starts_in=timedelta(days=1))
    a_class(app, starts_in=timedelta(days=30))
    emma = logged_in(cast.emma)
    assert emma.get(f"{REPORT}?from=2026-12-02&to=2026-12-02").json()["total_classes"] == 1
    assert emma.post(REPORT, {"from": "2026-12-03"}).json()["total_classes"] == 1
    assert emma.post(REPORT, {"to": "2026-12-01"}).json()["total_classes"] == 0
    refused(emma.get(f"{REPORT}?from=whenever"), 422, "invalid")
    refused(emma.post(REPORT, {"since": "2026-12-02"}), 422, "invalid")
