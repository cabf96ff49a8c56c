"""What people try who do not belong here, over HTTP, as the server sees it."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from classbook.app import App
from classbook.core import accounts, logins, people
from classbook.rules.allowed import networks
from classbook.testing import FrozenClock
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import Client
from tests.makers import CALLER, CONSOLE, NOW, PASSWORD, Cast, everything, mailed, mailed_code, person
from tests.web.conftest import RequestLog
from tests.web.test_classes import refused

AUTH = "/api/v0/auth/"
GINA = {"email": "gina@example.org", "password": PASSWORD, "name": "Gina"}


# --- tokens --------------------------------------------------------------------------------------------------------


def claims(person_id: int, **changes: Any) -> dict[str, Any]:
    begun = int(NOW.timestamp())
    good = {
        "typ": "access",
        "iss": "classbook",
        "aud": "classbook-api",
        "sub": str(person_id),
        "iat": begun,
        "exp": begun + 900,
        "jti": "x.1",
        "sid": "x",
        "n": 1,
    }
    return good | changes


def token(app: App, payload: dict[str, Any], *, key: bytes | None = None, algorithm: str = "HS256") -> str:
    """A token as the server signs it, or with another key."""
    if algorithm == "none":
        return jwt.encode(payload, "", algorithm=algorithm)
    return jwt.encode(payload, key or hmac.new(app.key, b"jwt", hashlib.sha256).digest(), algorithm=algorithm)


FORGERIES: dict[str, Callable[[App, int], str]] = {
    "another key": lambda app, who: token(app, claims(who), key=b"x" * 32),
    "the secret itself": lambda app, who: token(app, claims(who), key=app.key),
    "no signature": lambda app, who: token(app, claims(who), algorithm="none"),
    "a longer hash": lambda app, who: token(app, claims(who), key=b"x" * 64, algorithm="HS512"),
    "expired": lambda app, who: token(app, claims(who, exp=int(NOW.timestamp()))),
    "another audience": lambda app, who: token(app, claims(who, aud="elsewhere")),
    "another issuer": lambda app, who: token(app, claims(who, iss="elsewhere")),
    "a refresh token": lambda app, who: token(app, claims(who, typ="refresh")),
    "no end": lambda app, who: token(app, {name: value for name, value in claims(who).items() if name != "exp"}),
    "nobody": lambda app, who: token(app, claims(999)),
    "an admin by word": lambda app, who: token(app, claims(who, sub="admin", role="admin")),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_opens_nothing(app: App, cast: Cast, client: Client, forge: Callable[[App, int], str]) -> None:
    assert client.bearing(token(app, claims(cast.emma.id))).get(f"{AUTH}me/").status == 200
    forged = forge(app, cast.emma.id)
    refused(client.bearing(forged).get(f"{AUTH}me/"), 401, "not_logged_in")
    refused(client.bearing(forged).post("/api/v0/resources/", {"name": "X", "max_slots": 1}), 401, "not_logged_in")


def test_an_access_token_refreshes_nothing_and_a_forged_refresh_token_ends_nothing(app: App, client: Client) -> None:
    gina = person(app, "Gina", password=PASSWORD)
    pair = client.post(f"{AUTH}login/", {"email": gina.email, "password": PASSWORD}).json()
    login_id = everything(app)["logins"][0][0]
    for bad in (
        pair["access"],
        token(app, claims(gina.id, typ="refresh", sid=login_id), key=b"x" * 32),
        token(app, claims(gina.id + 1, typ="refresh", sid=login_id)),
        token(app, claims(gina.id, typ="refresh", sid="another")),
        token(app, claims(gina.id, typ="refresh", sid=login_id, n="1")),
    ):
        refused(client.post(f"{AUTH}refresh/", {"refresh": bad}), 401, "not_logged_in")
    assert client.post(f"{AUTH}refresh/", {"refresh": pair["refresh"]}).status == 200


# --- what may be sent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"role": "admin"},
        {"is_admin": True},
        {"verified": True},
        {"verified_at": "2026-01-01T00:00:00Z"},
        {"id": 1},
        {"password_hash": "x"},
        {"removed_at": None},
        {"created_at": 0},
        {"timezone": "UTC"},
        {"__proto__": {"role": "admin"}},
    ],
)
@pytest.mark.parametrize("path", ["signup", "verify", "login", "password"])
def test_nothing_is_taken_that_was_not_asked_for(front: Client, path: str, more: dict[str, Any]) -> None:
    body = {"signup": GINA, "verify": {"email": GINA["email"], "code": "123456"}, "password": {"email": GINA["email"]}}
    sent = body.get(path, {"email": GINA["email"], "password": PASSWORD}) | more
    problem = refused(front.post(f"{AUTH}{path}/", sent), 422, "invalid")
    assert f"{next(iter(more))} is not known here" in problem["detail"]


def test_whoever_signs_up_becomes_a_member_and_no_more(app: App, client: Client) -> None:
    client.post(f"{AUTH}signup/", GINA)
    proved = client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": mailed_code(app, GINA["email"])})
    assert proved.json()["role"] == "member"
    member = client.logged_in(GINA["email"], PASSWORD)
    refused(member.post("/api/v0/resources/", {"name": "X", "max_slots": 1}), 403, "not_yours")


# --- guessing ------------------------------------------------------------------------------------------------------


def guesses_counted(app: App) -> int:
    with app.store.read() as tx:
        [(count,)] = tx.rows("SELECT max(guesses) FROM attempts")
    return int(count)


def test_of_many_guesses_over_many_connections_five_are_compared(app: App, client: Client) -> None:
    client.post(f"{AUTH}signup/", GINA)
    code = mailed_code(app, GINA["email"])
    wrong = [f"{(int(code) + 1 + n) % 1_000_000:06d}" for n in range(60)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda guess: client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": guess}), wrong)
        )
    assert {answer.status for answer in answers} == {403}
    assert guesses_counted(app) == 5
    refused(client.post(f"{AUTH}verify/", {"email": GINA["email"], "code": code}), 403, "wrong_code")


def test_of_many_passwords_over_many_connections_ten_are_compared(app: App, client: Client) -> None:
    gina = person(app, "Gina", password=PASSWORD)
    body = {"email": gina.email, "password": "not the password"}
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: client.post(f"{AUTH}login/", body).status, range(40)))
    assert sorted(statuses) == [401] * 10 + [429] * 30


@pytest.fixture
def behind_a_proxy(app: App) -> Iterator[Callable[[tuple[Any, ...]], Client]]:
    """A server that trusts these proxies and lets one address fail thrice."""
    with closing(Desk(app)) as desk:
        servers = []

        def start(trusted: tuple[Any, ...]) -> Client:
            web, throttle = app.settings.web, app.settings.throttle
            settings = replace(
                app.settings,
                web=replace(web, trusted_proxies=trusted),
                throttle=replace(throttle, address_failures=3),
            )
            servers.append(serve(replace(app, settings=settings), desk, listener=listen("127.0.0.1", 0)))
            return Client(servers[-1].address)

        yield start
        for server in servers:
            server.stop()


def tries(client: Client, headers: Callable[[int], dict[str, str]], count: int = 5) -> list[int]:
    """The statuses of wrong logins, each at another account."""
    return [
        client.post(f"{AUTH}login/", {"email": f"x{n}@example.org", "password": "wrong"}, headers=headers(n)).status
        for n in range(count)
    ]


def test_who_writes_addresses_into_a_header_is_counted_as_one(
    behind_a_proxy: Callable[[tuple[Any, ...]], Client],
) -> None:
    assert tries(behind_a_proxy(()), lambda n: {"X-Forwarded-For": f"203.0.113.{n}"}) == [401, 401, 401, 429, 429]


def test_behind_a_trusted_proxy_each_is_counted_alone_and_nobody_can_hide(
    behind_a_proxy: Callable[[tuple[Any, ...]], Client],
) -> None:
    client = behind_a_proxy(networks(["127.0.0.1"]))
    assert tries(client, lambda n: {"X-Forwarded-For": f"203.0.113.{n}"}) == [401] * 5
    spoofed = tries(client, lambda n: {"X-Forwarded-For": f"203.0.113.{100 + n}, 198.51.100.1"})
    assert spoofed == [401, 401, 401, 429, 429]
    in_one_network = tries(client, lambda n: {"X-Forwarded-For": f"2001:db8::{n}"})
    assert in_one_network == [401, 401, 401, 429, 429]


# --- secrets -------------------------------------------------------------------------------------------------------


def test_no_secret_of_an_account_is_in_a_log_an_answer_or_the_database(
    app: App, client: Client, clock: FrozenClock, request_log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    def post(path: str, body: dict[str, Any], *, by: Client = client) -> Any:
        answer = by.post(f"{AUTH}{path}/", body, headers={"Idempotency-Key": f"key-{len(said)}"})
        said.append(answer.body.decode())
        return answer.json() if answer.body else None

    second, third = "canary second password", "canary third password"
    post("signup", GINA)
    code = mailed_code(app, GINA["email"])
    post("verify", {"email": GINA["email"], "code": "canary"})
    post("verify", {"email": GINA["email"], "code": code, "password": PASSWORD})
    pair = post("login", {"email": GINA["email"], "password": PASSWORD})
    post("login", {"email": GINA["email"], "password": second})
    post("password", {"current_password": PASSWORD, "new_password": second}, by=client.bearing(pair["access"]))
    post("password", {"email": GINA["email"]})
    reset = mailed(app)[-1][1][:6]
    post("password", {"email": GINA["email"], "code": reset, "new_password": third})
    tokens = set(pair.values())
    post("refresh", {"refresh": pair["refresh"]})
    post("signup", {"email": GINA["email"], "password": 77, "name": second})
    answers = "".join(said).replace(pair["access"], "").replace(pair["refresh"], "")
    logged = request_log.text + "\n".join(record.getMessage() for record in caplog.records)
    assert '"path":"/api/v0/auth/login/"' in logged
    stored = repr(everything(app))
    for secret in (PASSWORD, second, third, code, reset, *tokens, *(one.split(".")[2] for one in tokens)):
        assert secret not in logged and secret not in stored and secret not in answers, secret


def test_a_token_says_nothing_but_who_of_which_login_and_until_when(app: App, client: Client) -> None:
    gina = person(app, "Gina", password=PASSWORD)
    pair = client.post(f"{AUTH}login/", {"email": gina.email, "password": PASSWORD}).json()
    for one in pair.values():
        told = jwt.decode(one, options={"verify_signature": False})
        assert set(told) == {"typ", "iss", "aud", "sub", "iat", "exp", "jti", "sid", "n"}
        assert told["sub"] == str(gina.id)


def test_an_access_token_is_short_lived(app: App, client: Client, clock: FrozenClock) -> None:
    gina = person(app, "Gina", password=PASSWORD)
    access = client.post(f"{AUTH}login/", {"email": gina.email, "password": PASSWORD}).json()["access"]
    clock.advance(timedelta(minutes=15, seconds=-1))
    assert client.bearing(access).get(f"{AUTH}me/").status == 200
    clock.advance(seconds=1)
    refused(client.bearing(access).get(f"{AUTH}me/"), 401, "not_logged_in")


def test_the_work_is_the_same_for_known_and_unknown_addresses(app: App, cast: Cast, client: Client) -> None:
    """One hash each, counted: what takes long happens whether or not there is such a person."""
    ana = person(app, "Anna", password=PASSWORD)
    worked: list[str] = []

    class Counting(type(app.passwords)):  # type: ignore[misc]
        def hash(self, password: str) -> str:
            worked.append("hash")
            return str(app.passwords.hash(password))

        def matches(self, stored: str | None, password: str) -> bool:
            worked.append("compare")
            return bool(app.passwords.matches(stored, password))

    counting = replace(app, passwords=Counting())
    work = []
    for email in (ana.email, "nobody@example.org", cast.ben.email):
        worked.clear()
        accounts.signup(counting, CALLER, email=email, password=PASSWORD, name="X")
        accounts.ask_reset(counting, CALLER, email=email)
        with pytest.raises(Exception, match="not right"):
            logins.login(counting, CALLER, email=email, password="wrong")
        work.append(list(worked))
    assert work == [["hash", "compare"]] * 3
    assert people.show(app, CONSOLE, ana.email) == ana
