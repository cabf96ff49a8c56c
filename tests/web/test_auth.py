"""/auth/ over HTTP: becoming somebody, and proving it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import plain
from tests.conftest import Client
from tests.makers import PASSWORD, Cast, a_class, mailed, mailed_code
from tests.web.conftest import As, tokens_of
from tests.web.test_classes import refused

AUTH = "/api/v0/auth/"
GINA = {"email": "gina@example.org", "password": PASSWORD, "name": "Gina"}


def test_a_stranger_signs_up_proves_the_address_and_books(app: App, client: Client) -> None:
    made = client.post(f"{AUTH}signup/", GINA)
    assert made.status == 201
    assert set(made.json()) == {"id", "email", "name", "role", "phone", "timezone"}
    assert made.json()["role"] == "member"
    gina = app_person(app, made.json())
    code = mailed_code(app, gina)
    assert code not in made.body.decode()

    member = client.logged_in(GINA["email"], PASSWORD)
    offering = a_class(app)
    early = member.post("/api/v0/classes/reserve-seat/", {"class_id": offering.id})
    refused(early, 409, "not_allowed_now")

    proved = client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": code})
    assert (proved.status, proved.json()) == (200, made.json())
    assert member.post("/api/v0/classes/reserve-seat/", {"class_id": offering.id}).status == 201
    assert member.get(f"{AUTH}me/").json() == made.json()


def app_person(app: App, body: dict[str, Any]) -> Any:
    from classbook.values import Person

    return Person(**body)


def test_login_and_refresh_give_a_pair_of_tokens(client: Client, clock: FrozenClock, app: App) -> None:
    client.post(f"{AUTH}signup/", GINA)
    pair = client.post(f"{AUTH}login/", {"email": "Gina@Example.ORG", "password": PASSWORD})
    assert pair.status == 200
    assert set(pair.json()) == {"access", "refresh"}
    clock.advance(timedelta(minutes=16))
    refused(client.bearing(pair.json()["access"]).get(f"{AUTH}me/"), 401, "not_logged_in")
    fresh = client.post(f"{AUTH}refresh/", {"refresh": pair.json()["refresh"]})
    assert (fresh.status, set(fresh.json())) == (200, {"access", "refresh"})
    assert client.bearing(fresh.json()["access"]).get(f"{AUTH}me/").json()["email"] == GINA["email"]


def test_a_refresh_with_anything_else_is_refused(app: App, cast: Cast, client: Client) -> None:
    pair = tokens_of(app).issue(cast.ana.id)
    for bad in (pair["access"], "", "x", pair["refresh"] + "x"):
        refused(client.post(f"{AUTH}refresh/", {"refresh": bad}), 401, "not_logged_in")
    refused(client.post(f"{AUTH}refresh/", {"refresh": None}), 422, "invalid")
    unknown = tokens_of(app).issue(999)
    refused(client.post(f"{AUTH}refresh/", {"refresh": unknown["refresh"]}), 401, "not_logged_in")
    refused(client.bearing(unknown["access"]).get(f"{AUTH}me/"), 401, "not_logged_in")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: Client) -> None:
    client.post(f"{AUTH}signup/", GINA)
    answers = [
        refused(client.post(f"{AUTH}login/", {"email": email, "password": password}), 401, "bad_credentials")
        for email, password in [
            (GINA["email"], "not the password"),
            ("nobody@example.org", PASSWORD),
            ("no address", PASSWORD),
            (GINA["email"], ""),
        ]
    ]
    assert len({(answer["detail"], answer["hint"]) for answer in answers}) == 1


def test_an_address_belongs_to_who_proved_it(app: App, cast: Cast, client: Client) -> None:
    taken = GINA | {"email": cast.ana.email}
    refused(client.post(f"{AUTH}signup/", taken), 409, "exists")
    assert mailed(app) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"email": "no address"}, "address"),
        ({"email": "gina@example.org\nBcc: x@y.z"}, "address"),
        ({"email": None}, "email must be a text"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "=?utf-8?q?=0ABcc=3A?="}, "name"),
        ({"role": "admin"}, "role is not known here"),
        ({"verified_at": "2026-01-01"}, "verified_at is not known here"),
        ({"id": 1}, "id is not known here"),
    ],
)
def test_a_signup_that_cannot_be_is_refused(front: Client, change: dict[str, Any], named: str) -> None:
    problem = refused(front.post(f"{AUTH}signup/", GINA | change), 422, "invalid")
    assert named in problem["detail"]
    assert PASSWORD not in str(problem)


def test_a_wrong_code_proves_nothing_and_five_are_too_many(app: App, client: Client) -> None:
    made = client.post(f"{AUTH}signup/", GINA).json()
    code = mailed_code(app, app_person(app, made))
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused(client.post(f"{AUTH}verify/", {"email": "nobody@example.org", "code": code}), 403, "wrong_code")
    for _ in range(5):
        refused(client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": wrong}), 403, "wrong_code")
    refused(client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": code}), 403, "wrong_code")


def test_me_is_who_the_token_speaks_for(cast: Cast, client: Client, logged_in: As) -> None:
    assert logged_in(cast.cleo).get(f"{AUTH}me").json() == plain(cast.cleo)
    refused(client.get(f"{AUTH}me"), 401, "not_logged_in")
