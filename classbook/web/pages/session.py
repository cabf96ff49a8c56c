"""The cookie of a browser: a random word of its own and, once somebody has logged in with it, which login that is.

A form carries a proof of the cookie's word, so that no other site can post it in somebody's name; the cookie itself is
unreadable for scripts and is not sent along with posts from elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from classbook.world import Chance

COOKIE: Final = "classbook"
_COOKIE: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})?\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
    """``login_id`` None is somebody unknown."""

    word: str
    login_id: str | None = None


def begun(chance: Chance, *, login_id: str | None = None) -> Session:
    """A new session; a login always begins one, so that nobody can know its word from before."""
    return Session(chance.nonce(), login_id)


def sealed(key: bytes, session: Session) -> str:
    """The cookie's value."""
    return f"{session.word}.{session.login_id or ''}.{_mac(key, 'session', session)}"


def opened(key: bytes, cookie: str | None) -> Session | None:
    """The session of a cookie; None where it is none of ours."""
    found = _COOKIE.fullmatch(cookie or "")
    if found is None:
        return None
    session = Session(found[1], found[2])
    return session if hmac.compare_digest(_mac(key, "session", session), found[3]) else None


def form_proof(key: bytes, session: Session) -> str:
    """What a form of this session carries."""
    return _mac(key, "form", session)


def proves(key: bytes, session: Session, given: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(form_proof(key, session).encode(), given.encode("utf-8", "surrogatepass"))


def _mac(key: bytes, use: str, session: Session) -> str:
    text = f"page {use}:{session.word}:{session.login_id or ''}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
