"""Login tokens: JWT (RFC 7519) with one algorithm, and nothing in them but who, what for and until when.

What a person may do is never in a token: the core looks that up in every transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import jwt

from classbook.errors import NotLoggedIn

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


class Tokens:
    """Makes and checks the tokens of one installation. Instants are the clock's, never the library's."""

    def __init__(self, key: bytes, *, clock: Clock, chance: Chance, access: timedelta, refresh: timedelta):
        self._key = hmac.new(key, b"jwt", hashlib.sha256).digest()
        self._clock = clock
        self._chance = chance
        self._lifetimes = {_ACCESS: access, _REFRESH: refresh}
        self._verified: dict[str, tuple[int, float]] = {}
        """Access tokens whose signature was found good: person and end. Whether they have ended is asked every time."""

    def issue(self, person_id: int) -> dict[str, str]:
        """A pair of tokens for a person who has just proved who they are."""
        return {use: self._sign(use, person_id) for use in (_ACCESS, _REFRESH)}

    def person_of_access(self, token: str) -> int:
        """The person an access token speaks for. Raises NotLoggedIn."""
        known = self._verified.get(token)
        if known is None:
            known = self._verify(_ACCESS, token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = known
        return self._unless_over(known)

    def person_of_refresh(self, token: str) -> int:
        """The person a refresh token speaks for. Raises NotLoggedIn."""
        return self._unless_over(self._verify(_REFRESH, token))

    def _unless_over(self, known: tuple[int, float]) -> int:
        person_id, ends = known
        if ends <= self._clock.now().timestamp():
            raise NotLoggedIn("The login has expired.", hint="Log in again, or use the refresh token.")
        return person_id

    def _sign(self, use: str, person_id: int) -> str:
        now = self._clock.now()
        claims = {
            "typ": use,
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(person_id),
            "iat": int(now.timestamp()),
            "exp": int((now + self._lifetimes[use]).timestamp()),
            "jti": self._chance.nonce(),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def _verify(self, use: str, token: str) -> tuple[int, float]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token if len(token) <= _LONGEST else "",
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={
                    "require": ["typ", "iss", "aud", "sub", "iat", "exp", "jti"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise _unknown() from None
        person_id, ends = claims["sub"], claims["exp"]
        if claims["typ"] != use or not _PERSON.fullmatch(person_id) or type(ends) is not int:
            raise _unknown()
        return int(person_id), ends


def _unknown() -> NotLoggedIn:
    return NotLoggedIn("This login is not known here.", hint="Log in again.")
