"""Login tokens: ours are good until they end, everything else is not known here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from classbook.app import App
from classbook.errors import NotLoggedIn
from classbook.store.database import Tx
from classbook.testing import FixedChance, FrozenClock
from classbook.values import Login
from classbook.web.tokens import Tokens
from tests.conftest import Client
from tests.makers import PASSWORD, Cast, person
from tests.web.conftest import As
from tests.web.test_classes import refused

KEY = b"k" * 32
SIGNING_KEY = hmac.new(KEY, b"jwt", hashlib.sha256).digest()
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
CLAIMS: dict[str, Any] = {
    "typ": "access",
    "iss": "classbook",
    "aud": "classbook-api",
    "sub": "7",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 900,
    "jti": "1",
    "sid": "abc",
    "n": 1,
}
BEGUN = Login("abc", 7, 1, NOW, NOW + timedelta(days=14))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def tokens(clock: FrozenClock) -> Tokens:
    return Tokens(KEY, clock=clock, chance=FixedChance(), access=timedelta(minutes=15))


def signed(claims: dict[str, Any], *, key: Any = SIGNING_KEY, algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers or None)


def test_a_token_speaks_for_its_person_until_it_ends(tokens: Tokens, clock: FrozenClock) -> None:
    access = tokens.pair(BEGUN)["access"]
    assert tokens.access_of(access).person_id == 7
    clock.advance(seconds=899)
    assert tokens.access_of(access).person_id == 7
    clock.advance(seconds=1)
    for _ in range(2):
        with pytest.raises(NotLoggedIn, match="expired"):
            tokens.access_of(access)


def test_a_refresh_token_ends_too(tokens: Tokens, clock: FrozenClock) -> None:
    refresh = tokens.pair(BEGUN)["refresh"]
    clock.advance(timedelta(days=14, seconds=-1))
    assert tokens.login_of(refresh) == BEGUN
    clock.advance(seconds=1)
    with pytest.raises(NotLoggedIn, match="expired"):
        tokens.login_of(refresh)


def test_the_two_kinds_are_never_taken_for_each_other(tokens: Tokens) -> None:
    pair = tokens.pair(BEGUN)
    with pytest.raises(NotLoggedIn):
        tokens.login_of(pair["access"])
    with pytest.raises(NotLoggedIn):
        tokens.access_of(pair["refresh"])


def test_a_login_has_one_pair_until_it_is_refreshed(tokens: Tokens, clock: FrozenClock) -> None:
    first = tokens.pair(BEGUN)
    clock.advance(seconds=10)
    assert tokens.pair(BEGUN) == first
    others = [tokens.pair(replace(BEGUN, serial=2)), tokens.pair(replace(BEGUN, id="abd"))]
    assert len({token for pair in (first, *others) for token in pair.values()}) == 6


def test_remembered_tokens_stay_few(tokens: Tokens) -> None:
    for n in range(10_050):
        tokens.access_of(signed(CLAIMS | {"jti": str(n)}))
    assert len(tokens._verified) <= 10_000


FORGED = {
    "empty": "",
    "no token": "abc",
    "two parts": "a.b",
    "dots": "...",
    "not base64": "%%%.%%%.%%%",
    "another key": signed(CLAIMS, key=b"x" * 32),
    "the key itself, not its derivation": signed(CLAIMS, key=KEY),
    "HS384": signed(CLAIMS, key=SIGNING_KEY * 2, algorithm="HS384"),
    "HS512": signed(CLAIMS, key=SIGNING_KEY * 2, algorithm="HS512"),
    "RS256": signed(CLAIMS, key=rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    "none": signed(CLAIMS, key=None, algorithm="none"),
    "crit": signed(CLAIMS, crit=["exp"]),
    "too long": signed(CLAIMS | {"more": "x" * 2000}),
    **{f"without {name}": signed({n: v for n, v in CLAIMS.items() if n != name}) for name in CLAIMS},
    **{f"{name} null": signed(CLAIMS | {name: None}) for name in CLAIMS if name != "iss"},
    "another audience": signed(CLAIMS | {"aud": "elsewhere"}),
    "our audience among others": signed(CLAIMS | {"aud": ["classbook-api", "elsewhere"]}),
    "another issuer": signed(CLAIMS | {"iss": "elsewhere"}),
    "a refresh token": signed(CLAIMS | {"typ": "refresh"}),
    "another type": signed(CLAIMS | {"typ": "ACCESS"}),
    "a type that is no text": signed(CLAIMS | {"typ": ["access"]}),
    "ended": signed(CLAIMS | {"exp": int(NOW.timestamp())}),
    "ends in words": signed(CLAIMS | {"exp": "never"}),
    "ends in a fraction": signed(CLAIMS | {"exp": NOW.timestamp() + 900.5}),
    "ends as true": signed(CLAIMS | {"exp": True}),
    "not yet": signed(CLAIMS | {"nbf": 99_999_999_999}),
    "an address for a person": signed(CLAIMS | {"sub": "ana@example.org"}),
    "a negative person": signed(CLAIMS | {"sub": "-1"}),
    "no person": signed(CLAIMS | {"sub": ""}),
    "a person in Arabic digits": signed(CLAIMS | {"sub": "٧"}),
    "a login that is no text": signed(CLAIMS | {"sid": 7}),
    "a refresh that is no number": signed(CLAIMS | {"n": "1"}),
    "a person no database could hold": signed(CLAIMS | {"sub": "9" * 30}),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_not_known_here(tokens: Tokens, token: str) -> None:
    for _ in range(2):
        with pytest.raises(NotLoggedIn):
            tokens.access_of(token)


def test_a_token_with_one_changed_letter_is_not_known_here(tokens: Tokens) -> None:
    good = signed(CLAIMS)
    assert tokens.access_of(good).person_id == 7
    for at in range(0, len(good) - 1, 7):
        changed = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        with pytest.raises(NotLoggedIn):
            tokens.access_of(changed)


def test_a_claim_put_into_a_good_token_breaks_it(tokens: Tokens) -> None:
    header, _, signature = signed(CLAIMS).split(".")
    body = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"sub": "1"}).encode()).decode().rstrip("=")
    with pytest.raises(NotLoggedIn):
        tokens.access_of(f"{header}.{body}.{signature}")


# --- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token {}", "Bearer {}x", "Bearer {} {}", "{}", "Bearer \u00e9"]
)
def test_without_a_good_token_nobody_is_logged_in(front: Client, header: str) -> None:
    token = front.headers["Authorization"].removeprefix("Bearer ")
    answer = front.get("/api/v0/auth/me", headers={"Authorization": header.replace("{}", token)})
    refused(answer, 401, "not_logged_in")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="classbook"'


def test_the_scheme_may_be_written_in_any_case(front: Client) -> None:
    token = front.headers["Authorization"].removeprefix("Bearer ")
    assert front.get("/api/v0/auth/me", headers={"Authorization": f"bearer  {token}"}).status == 200


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_opens_nothing_and_refreshes_nothing(front: Client, token: str) -> None:
    """Signed with a key that is not the server's, so that even the well-formed ones are forged."""
    if token.isascii() and "\n" not in token:
        refused(front.bearing(token).get("/api/v0/auth/me"), 401, "not_logged_in")
    refused(front.post("/api/v0/auth/refresh/", {"refresh": token}), 401, "not_logged_in")
    refused(front.post("/api/v0/auth/logout/", {"refresh": token}), 401, "not_logged_in")


def test_a_person_who_is_gone_is_logged_out_at_once(app: App, logged_in: As, client: Client) -> None:
    gone = person(app, "Ana", password=PASSWORD)
    ana = logged_in(gone)
    refresh = client.post("/api/v0/auth/login/", {"email": gone.email, "password": PASSWORD}).json()["refresh"]
    assert ana.get("/api/v0/auth/me").status == 200

    def remove(tx: Tx) -> None:
        tx.rows("UPDATE people SET removed_at = 1 WHERE id = ? RETURNING id", gone.id)

    app.store.write(remove)
    refused(ana.get("/api/v0/auth/me"), 401, "not_logged_in")
    refused(ana.get("/api/v0/reservations/"), 401, "not_logged_in")
    refused(ana.post("/api/v0/classes/reserve-seat/", {"class_id": 1}), 401, "not_logged_in")
    refused(ana.post("/api/v0/auth/refresh/", {"refresh": refresh}), 401, "not_logged_in")


def test_a_role_taken_away_is_gone_at_once(app: App, cast: Cast, logged_in: As) -> None:
    emma = logged_in(cast.emma)
    assert emma.get("/api/v0/report/").status == 200
    app.store.write(lambda tx: tx.rows("UPDATE people SET role = 'member' WHERE id = ? RETURNING id", cast.emma.id))
    refused(emma.get("/api/v0/report/"), 403, "not_yours")
