"""Holds over HTTP: how many, the pause, who has not proved an address, and their release by an administrator."""

from __future__ import annotations

from datetime import timedelta

from classbook.app import App
from classbook.testing import FrozenClock
from tests.conftest import Client
from tests.makers import HOLD, MICROSECOND, Cast, a_class, hold, show
from tests.web.conftest import As
from tests.web.test_classes import CLASSES, refused

RELEASE = "/api/v0/holds/release/"


def test_a_fourth_hold_is_refused_with_when_to_come_again(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(cast.ana)
    for _ in range(3):
        assert ana.post(f"{CLASSES}reserve-seat/", {"class_id": a_class(app).id}).status == 201
    answer = ana.post(f"{CLASSES}reserve-seat/", {"class_id": a_class(app).id})
    refused(answer, 409, "limit_reached")
    assert answer.headers["retry-after"] == "300"


def test_the_pause_is_told_in_seconds(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    ana, offering = logged_in(cast.ana), a_class(app)
    for _ in range(2):
        hold(app, offering, cast.ana)
        clock.advance(HOLD)
    clock.advance(timedelta(seconds=100) + MICROSECOND)
    answer = ana.post(f"{CLASSES}reserve-seat/", {"class_id": offering.id})
    assert "It can be held again from" in refused(answer, 409, "too_early")["hint"]
    assert answer.headers["retry-after"] == "200"


def test_who_has_not_proved_an_address_holds_nothing(app: App, client: Client) -> None:
    who = {"email": "eve@example.org", "password": "correct horse battery"}
    assert client.post("/api/v0/auth/signup/", who | {"name": "Eve"}).status in (201, 202)
    login = client.post("/api/v0/auth/login/", who)
    if login.status != 200:
        return  # then there is nobody who could ask
    eve = client.bearing(login.json()["access"])
    refused(eve.post(f"{CLASSES}reserve-seat/", {"class_id": a_class(app).id}), 409, "not_allowed_now")


def test_an_administrator_releases_and_nobody_else(app: App, cast: Cast, logged_in: As) -> None:
    one, other = hold(app, a_class(app), cast.ana), hold(app, a_class(app), cast.ana)
    body = {"user_id": cast.ana.id, "offering_id": one.offering.id, "reason": "too many"}
    refused(logged_in(cast.ana).post(RELEASE, body), 403, "not_yours")
    released = logged_in(cast.emma).post(RELEASE, body, headers={"Idempotency-Key": "k"})
    assert released.status == 200
    assert [(found["id"], found["state"]) for found in released.json()["results"]] == [(one.id, "cancelled")]
    assert show(app, other).state == "held"
    again = logged_in(cast.emma).post(RELEASE, body, headers={"Idempotency-Key": "k"})
    assert again.json() == released.json()
    refused(logged_in(cast.emma).post(RELEASE, {"user_id": 999}), 404, "not_found")
