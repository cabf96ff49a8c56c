"""Login tokens: JWT (RFC 7519) with one algorithm, and nothing in them but who, of which login, what for, until when.

What a person may do is never in a token: the core looks that up in every transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import jwt

from classbook.errors import NotLoggedIn
from classbook.values import Login

if TYPE_CHECKING:
    from classbook.world import Chance, Clock

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "classbook"
_AUDIENCE: Final = "classbook-api"
_ACCESS: Final = "access"
_REFRESH: Final = "refresh"
_LONGEST: Final = 1024
"""Characters; ours have about 300."""
_PERSON: Final = re.compile("[0-9]{1,18}")
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a token speaks for, since which login, and when that ends (in seconds since 1970)."""

    person_id: int
    login_id: str
    ends: float


class Tokens:
    """Makes and checks the tokens of one installation. Instants are the clock's, never the library's."""

    def __init__(self, key: bytes, *, clock: Clock, chance: Chance, access: timedelta):
        self._key = hmac.new(key, b"jwt", hashlib.sha256).digest()
        self._clock = clock
        self._chance = chance
        self._lifetime = access
        self._verified: dict[str, Access] = {}
        """Access tokens whose signature was found good: person and end. Whether they have ended is asked every time."""

    def pair(self, login: Login) -> dict[str, str]:
        """The tokens of a login as it is now: the same ones however often they are asked for."""
        return {
            _ACCESS: self.access(login.person_id, login_id=login.id, serial=login.serial, issued_at=login.issued_at),
            _REFRESH: self._sign(_REFRESH, login.person_id, login.id, login.serial, login.issued_at, login.ends_at),
        }

    def access(
        self, person_id: int, *, login_id: str | None = None, serial: int = 0, issued_at: datetime | None = None
    ) -> str:
        """An access token for a person."""
        begins = issued_at or self._clock.now()
        login_id = login_id or self._chance.nonce()
        return self._sign(_ACCESS, person_id, login_id, serial, begins, begins + self._lifetime)

    def access_of(self, token: str) -> Access:
        """Whom an access token speaks for. Raises NotLoggedIn."""
        known = self._verified.get(token)
        if known is None:
            known = _access(self._verify(_ACCESS, token))
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = known
        return self._unless_over(known)

    def login_of(self, token: str) -> Login:
        """The login that a refresh token continues, as it was when the token was signed. Raises NotLoggedIn."""
        claims = self._verify(_REFRESH, token)
        found = self._unless_over(_access(claims))
        issued_at, ends_at = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        return Login(found.login_id, found.person_id, claims["n"], issued_at, ends_at)

    def _unless_over(self, known: Access) -> Access:
        if known.ends <= self._clock.now().timestamp():
            raise NotLoggedIn("The login has expired.", hint="Log in again, or use the refresh token.")
        return known

    def _sign(
        self, use: str, person_id: int, login_id: str, serial: int, issued_at: datetime, ends_at: datetime
    ) -> str:
        claims = {
            "typ": use,
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(person_id),
            "iat": int(issued_at.timestamp()),
            "exp": int(ends_at.timestamp()),
            "jti": f"{login_id}.{serial}",
            "sid": login_id,
            "n": serial,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def _verify(self, use: str, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token if len(token) <= _LONGEST else "",
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={
                    "require": ["typ", "iss", "aud", "sub", "iat", "exp", "jti", "sid", "n"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise _unknown() from None
        numbers = (claims["iat"], claims["exp"], claims["n"])
        if (
            claims["typ"] != use
            or not _PERSON.fullmatch(claims["sub"])
            or not isinstance(claims["sid"], str)
            or any(type(number) is not int for number in numbers)
        ):
            raise _unknown()
        return claims


def _access(claims: dict[str, Any]) -> Access:
    return Access(int(claims["sub"]), claims["sid"], claims["exp"])


def _unknown() -> NotLoggedIn:
    return NotLoggedIn("This login is not known here.", hint="Log in again.")
