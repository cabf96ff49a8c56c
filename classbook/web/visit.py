"""One request as the handlers see it, and the two ways a route can be open: to anyone, or to a person who logged in.

The rest of authorisation (whose reservation, which role) is the core's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from classbook.app import App
from classbook.core.callers import Caller
from classbook.errors import NotLoggedIn
from classbook.values import Actor, RequestKey
from classbook.web.desk import Desk
from classbook.web.readiness import Readiness
from classbook.web.slow_lane import SlowLane
from classbook.web.source import source_of
from classbook.web.tokens import Tokens

if TYPE_CHECKING:
    from classbook.metrics import Metrics

_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The `access` token that login gives.")


@dataclass(frozen=True, slots=True)
class Web:
    """What every handler can reach."""

    app: App
    desk: Desk
    tokens: Tokens
    slow_lane: SlowLane
    readiness: Readiness = field(default_factory=Readiness)
    metrics: Metrics | None = None


@dataclass(slots=True)
class Visit:
    """One request: who it is, what it sent, and what of it goes into the log."""

    web: Web
    request_id: str
    headers: dict[bytes, bytes]
    scope: Scope = field(repr=False)
    body: bytes = b""
    person_id: int | None = None
    login_id: str | None = None
    problem: str | None = None

    def log_in(self) -> None:
        """Find out who asks. Raises NotLoggedIn."""
        scheme, _, token = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotLoggedIn("This needs a login.", hint="Send the header `Authorization: Bearer ACCESS_TOKEN`.")
        access = self.web.tokens.access_of(token.strip())
        self.person_id, self.login_id = access.person_id, access.login_id

    @property
    def actor(self) -> Actor:
        """Who acts: never the console, whatever a handler forgot. Raises NotLoggedIn."""
        if self.person_id is None:
            raise NotLoggedIn()
        return Actor(self.person_id, self.request_id)

    def caller(self, key: RequestKey | None = None) -> Caller:
        """Who asks without having said who they are, and where from."""
        return Caller(source_of(self.scope, self.web.app.settings.web.trusted_proxies), self.request_id, key)


async def anyone(request: Request) -> Visit:
    """A route that needs no login."""
    visit: Visit = request.scope["visit"]
    return visit


async def person(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None
) -> Visit:
    """A route that needs a login. Raises NotLoggedIn."""
    visit: Visit = request.scope["visit"]
    visit.log_in()
    return visit


Anyone = Annotated[Visit, Depends(anyone)]
Person = Annotated[Visit, Depends(person)]
