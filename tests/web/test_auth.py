"""/auth/ over HTTP: becoming somebody, and proving it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import plain
from tests.conftest import Answered, Client
from tests.makers import PASSWORD, Cast, a_class, at_once, everything, mailed, mailed_code
from tests.web.conftest import As, tokens_of
from tests.web.test_classes import refused

AUTH = "/api/v0/auth/"
GINA = {"email": "gina@example.org", "password": PASSWORD, "name": "Gina"}


def proved(app: App, client: Client) -> dict[str, Any]:
    """Gina, with an account."""
    client.post(f"{AUTH}signup/", GINA)
    answer = client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": mailed_code(app, GINA["email"])})
    assert answer.status == 200
    return dict(answer.json())


def entered(client: Client, password: str = PASSWORD) -> dict[str, str]:
    answer = client.post(f"{AUTH}login/", {"email": GINA["email"], "password": password})
    assert answer.status == 200, answer.body
    return dict(answer.json())


def test_a_stranger_signs_up_proves_the_address_and_books(app: App, client: Client) -> None:
    made = client.post(f"{AUTH}signup/", GINA)
    assert (made.status, set(made.json())) == (201, {"email", "message"})
    code = mailed_code(app, GINA["email"])
    assert code not in made.body.decode()
    refused(client.post(f"{AUTH}login/", {"email": GINA["email"], "password": PASSWORD}), 401, "bad_credentials")

    proved = client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": code})
    assert proved.status == 200
    assert (proved.json()["email"], proved.json()["role"]) == (GINA["email"], "member")
    member = client.logged_in(GINA["email"], PASSWORD)
    assert member.post("/api/v0/classes/reserve-seat/", {"class_id": a_class(app).id}).status == 201
    assert member.get(f"{AUTH}me/").json() == proved.json()


def test_login_and_refresh_give_a_pair_of_tokens(client: Client, clock: FrozenClock, app: App) -> None:
    proved(app, client)
    pair = client.post(f"{AUTH}login/", {"email": "Gina@Example.ORG", "password": PASSWORD})
    assert pair.status == 200
    assert set(pair.json()) == {"access", "refresh"}
    clock.advance(timedelta(minutes=16))
    refused(client.bearing(pair.json()["access"]).get(f"{AUTH}me/"), 401, "not_logged_in")
    fresh = client.post(f"{AUTH}refresh/", {"refresh": pair.json()["refresh"]})
    assert (fresh.status, set(fresh.json())) == (200, {"access", "refresh"})
    assert client.bearing(fresh.json()["access"]).get(f"{AUTH}me/").json()["email"] == GINA["email"]


def test_fifty_refreshes_at_once_are_answered_with_one_pair(app: App, client: Client) -> None:
    proved(app, client)
    refresh = entered(client)["refresh"]
    answers = at_once(*[lambda: client.post(f"{AUTH}refresh/", {"refresh": refresh})] * 50)
    assert {answer.status for answer in answers if isinstance(answer, Answered)} == {200}
    assert len({answer.body for answer in answers if isinstance(answer, Answered)}) == 1


def test_a_refresh_token_used_again_after_the_grace_ends_the_login(
    app: App, client: Client, clock: FrozenClock
) -> None:
    proved(app, client)
    first = entered(client)["refresh"]
    second = client.post(f"{AUTH}refresh/", {"refresh": first}).json()["refresh"]
    clock.advance(seconds=20)
    for used in (first, second):
        refused(client.post(f"{AUTH}refresh/", {"refresh": used}), 401, "not_logged_in")


def test_a_refresh_with_anything_else_is_refused(app: App, client: Client) -> None:
    proved(app, client)
    pair = entered(client)
    for bad in (pair["access"], "", "x", pair["refresh"] + "x"):
        refused(client.post(f"{AUTH}refresh/", {"refresh": bad}), 401, "not_logged_in")
    refused(client.post(f"{AUTH}refresh/", {"refresh": None}), 422, "invalid")
    refused(client.bearing(pair["refresh"]).get(f"{AUTH}me/"), 401, "not_logged_in")
    refused(client.bearing(tokens_of(app).access(999)).get(f"{AUTH}me/"), 401, "not_logged_in")


@pytest.mark.parametrize("by", ["refresh", "access"])
def test_logging_out_ends_the_login(app: App, client: Client, by: str) -> None:
    proved(app, client)
    pair, other = entered(client), entered(client)
    for _ in range(2):
        if by == "refresh":
            answer = client.post(f"{AUTH}logout/", {"refresh": pair["refresh"]})
        else:
            answer = client.bearing(pair["access"]).post(f"{AUTH}logout/")
        assert (answer.status, answer.body) == (204, b"")
    refused(client.post(f"{AUTH}refresh/", {"refresh": pair["refresh"]}), 401, "not_logged_in")
    assert client.post(f"{AUTH}refresh/", {"refresh": other["refresh"]}).status == 200
    refused(client.post(f"{AUTH}logout/"), 401, "not_logged_in")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(app: App, client: Client) -> None:
    proved(app, client)
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


def test_a_known_address_and_an_unknown_one_are_answered_alike(app: App, cast: Cast, client: Client) -> None:
    for path, body in (("signup", GINA), ("password", {})):
        answers = [client.post(f"{AUTH}{path}/", body | {"email": email}) for email in (cast.ana.email, "new@x.org")]
        assert answers[0].status == answers[1].status
        assert answers[0].json()["message"] == answers[1].json()["message"]


def test_too_many_failures_are_told_with_the_seconds_to_wait(app: App, client: Client, clock: FrozenClock) -> None:
    proved(app, client)
    for _ in range(10):
        refused(client.post(f"{AUTH}login/", {"email": GINA["email"], "password": "wrong one"}), 401, "bad_credentials")
    clock.advance(seconds=0.5)
    answer = client.post(f"{AUTH}login/", {"email": GINA["email"], "password": PASSWORD})
    refused(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "900"
    clock.advance(seconds=899.5)
    assert entered(client)


# --- the password --------------------------------------------------------------------------------------------------


def test_a_password_is_changed_by_who_knows_it(app: App, client: Client) -> None:
    proved(app, client)
    pair, other = entered(client), entered(client)
    member = client.bearing(pair["access"])
    change = {"current_password": PASSWORD, "new_password": "another one entirely"}
    refused(client.post(f"{AUTH}password/", change), 401, "not_logged_in")
    wrong = change | {"current_password": "not the password"}
    refused(member.post(f"{AUTH}password/", wrong), 401, "bad_credentials")
    answer = member.post(f"{AUTH}password/", change)
    assert (answer.status, answer.body) == (204, b"")
    assert client.post(f"{AUTH}refresh/", {"refresh": pair["refresh"]}).status == 200
    refused(client.post(f"{AUTH}refresh/", {"refresh": other["refresh"]}), 401, "not_logged_in")
    assert entered(client, "another one entirely")


def test_a_forgotten_password_is_replaced_by_a_mailed_code(app: App, client: Client) -> None:
    proved(app, client)
    pair = entered(client)
    asked = client.post(f"{AUTH}password/", {"email": GINA["email"]})
    assert (asked.status, set(asked.json())) == (202, {"email", "message"})
    code = mailed_code(app, GINA["email"])
    assert code not in asked.body.decode()
    using = {"email": GINA["email"], "code": code, "new_password": "another one entirely"}
    refused(client.post(f"{AUTH}password/", using | {"new_password": "12345678"}), 422, "invalid")
    refused(client.post(f"{AUTH}password/", using | {"code": "x"}), 403, "wrong_code")
    assert client.post(f"{AUTH}password/", using).status == 204
    refused(client.post(f"{AUTH}password/", using), 403, "wrong_code")
    refused(client.post(f"{AUTH}refresh/", {"refresh": pair["refresh"]}), 401, "not_logged_in")
    assert entered(client, "another one entirely")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"new_password": "another one entirely"},
        {"current_password": PASSWORD},
        {"email": "gina@example.org", "new_password": "another one entirely"},
        {"email": "gina@example.org", "code": "123456"},
        {"email": "gina@example.org", "current_password": PASSWORD, "new_password": "another one entirely"},
    ],
)
def test_a_request_for_a_password_that_means_nothing_is_refused(front: Client, body: dict[str, str]) -> None:
    problem = refused(front.post(f"{AUTH}password/", body), 422, "invalid")
    assert "current_password and new_password" in problem["detail"]
    assert PASSWORD not in str(problem)


# --- what is sent --------------------------------------------------------------------------------------------------


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
    client.post(f"{AUTH}signup/", GINA)
    code = mailed_code(app, GINA["email"])
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused(client.post(f"{AUTH}verify/", {"email": "nobody@example.org", "code": code}), 403, "wrong_code")
    for _ in range(5):
        refused(client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": wrong}), 403, "wrong_code")
    refused(client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": code}), 403, "wrong_code")


def test_every_post_can_be_repeated_with_a_key(app: App, client: Client, clock: FrozenClock) -> None:
    """The same answer, to the byte, and one mail, one login, one change; another body is refused."""
    headers = iter({"Idempotency-Key": f"key-{n}"} for n in range(100))

    def twice(path: str, body: dict[str, Any], *, by: Client = client) -> Answered:
        key = next(headers)
        first = by.post(f"{AUTH}{path}/", body, headers=key)
        clock.advance(seconds=60)
        second = by.post(f"{AUTH}{path}/", body, headers=key)
        assert first.status < 300 and (first.status, first.body) == (second.status, second.body), second.body
        changed = body | {name: f"{value}x" for name, value in body.items() if name not in ("email", "refresh")}
        if changed != body:
            refused(by.post(f"{AUTH}{path}/", changed, headers=key), 422, "key_reused")
        return first

    twice("signup", GINA)
    assert len(mailed(app)) == 1
    twice("verify", {"email": GINA["email"], "code": mailed_code(app, GINA["email"])})
    pair = twice("login", {"email": GINA["email"], "password": PASSWORD}).json()
    fresh = twice("refresh", {"refresh": pair["refresh"]}).json()
    member = client.bearing(fresh["access"])
    change = {"current_password": PASSWORD, "new_password": "another one entirely"}
    twice("password", change, by=member)
    twice("password", {"email": GINA["email"]})
    code = mailed_code(app, GINA["email"])
    twice("password", {"email": GINA["email"], "code": code, "new_password": "a third one entirely"})
    twice("logout", {"refresh": entered(client, "a third one entirely")["refresh"]})
    assert len(mailed(app)) == 4
    stored = repr(everything(app)["request_keys"])
    for secret in (PASSWORD, "entirely", "eyJ", code):
        assert secret not in stored


def test_me_is_who_the_token_speaks_for(cast: Cast, client: Client, logged_in: As) -> None:
    assert logged_in(cast.cleo).get(f"{AUTH}me").json() == plain(cast.cleo)
    refused(client.get(f"{AUTH}me"), 401, "not_logged_in")
