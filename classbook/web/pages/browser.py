"""One request of a browser: who it is, what its form says, and the page or the way on that answers it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from classbook.app import App
from classbook.core import mailed_logins
from classbook.core.callers import Caller
from classbook.errors import ClassbookError, Invalid, NotLoggedIn, NotYours
from classbook.values import Actor, Person, RequestKey
from classbook.web.pages import session as sessions
from classbook.web.pages import words
from classbook.web.pages.session import COOKIE, Session
from classbook.web.pages.templates import rendered
from classbook.web.problems import respond, shown
from classbook.web.visit import Visit

MOST_FIELDS: Final = 1200
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""What a page may do: take styles and scripts from here, and post forms to here. Nothing else, from nowhere else."""


class Browser:
    """What a handler of a page works with."""

    def __init__(self, visit: Visit, request: Request):
        self.visit = visit
        self.app: App = visit.web.app
        self.root = root_of(request.scope)
        """The relative way from this page to the front page; it ends with a slash."""
        self.query = request.query_params
        self.person: Person | None = None
        """Who has logged in with this browser."""
        self._form: list[tuple[str, str]] | None = None
        self._new_cookie: str | None = None
        self._session = sessions.opened(self.app.key, request.cookies.get(COOKIE))
        if self._session and self._session.login_id:
            self.person = mailed_logins.whose(self.app, self._session.login_id)
            visit.person_id = self.person.id if self.person else None

    # --- who ---

    @property
    def actor(self) -> Actor:
        """Who acts. Raises NotLoggedIn."""
        if self.person is None:
            raise NotLoggedIn("Please log in first.")
        return self.visit.actor

    @property
    def viewer(self) -> Actor | None:
        """Who looks, None for somebody unknown."""
        return None if self.person is None else self.visit.actor

    @property
    def login_id(self) -> str | None:
        return self._session.login_id if self._session else None

    @property
    def caller(self) -> Caller:
        """Whoever asks, as long as nobody knows who it is."""
        return self.visit.caller()

    def log_in(self, arrival: mailed_logins.Arrival) -> None:
        """From now on this browser is somebody's."""
        self.person, self.visit.person_id = arrival.person, arrival.person.id
        self._begin(arrival.login_id)

    def forget(self) -> None:
        """This browser is nobody's any more."""
        self.person = self.visit.person_id = None
        self._begin(None)

    # --- what it sent ---

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of the form that was posted, in order. Raises Invalid for a body that is no form."""
        if self._form is None:
            try:
                text = self.visit.body.decode("ascii")
                self._form = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
            except ValueError:
                raise Invalid("That is no form of ours.", hint="Go back and send it once more.") from None
        return self._form

    def field(self, name: str) -> str:
        """A field of the form without blanks around it; empty where it is not there."""
        return next((value.strip() for known, value in self.form if known == name), "")

    def fields(self, name: str) -> list[str]:
        """All fields of that name."""
        return [value for known, value in self.form if known == name]

    def check_form(self) -> None:
        """Refuse a form that was not made for this browser. Raises NotYours."""
        if self._session is None or not sessions.proves(self.app.key, self._session, self.field("proof")):
            raise NotYours(
                "This form is too old, or it was not sent from this page.",
                hint="Go back, load the page again, and send it once more. Cookies must be allowed.",
            )

    def request_key(self) -> RequestKey | None:
        """What makes a form that is sent twice act once; what is changed in between is another request."""
        word = self.field("once")
        if not word:
            return None
        asked = urlencode([(name, value) for name, value in self.form if name not in _NOT_ASKED])
        digest = hashlib.sha256(asked.encode()).hexdigest()
        return RequestKey(f"{word[:64]}:{digest[:32]}", digest)

    # --- what it gets ---

    @property
    def proof(self) -> str:
        """What every form carries: that it was made for this browser."""
        return sessions.form_proof(self.app.key, self._session or self._begin(None))

    @property
    def once(self) -> str:
        """What every form carries: a word, so that it acts once however often it is sent."""
        return self.app.chance.nonce()

    def page(self, template: str, *, alert: ClassbookError | None = None, **facts: Any) -> Response:
        """The page made of a template; a refusal stands above it and gives it its status."""
        status, headers = 200, {"content-security-policy": POLICY}
        if alert is not None:
            self.visit.problem = alert.code
            alert = shown(alert, request_id=self.visit.request_id)
            problem = respond(alert, request_id=self.visit.request_id)
            status = problem.status_code
            headers |= {name: value for name, value in problem.headers.items() if name == "retry-after"}
        hint = words.for_people(alert.hint) if alert else None
        text = rendered(
            template, browser=self, root=self.root, person=self.person, alert=alert, alert_hint=hint, **facts
        )
        return self._answered(HTMLResponse(text, status, headers=headers))

    def go(self, where: str) -> Response:
        """The way on after something was done: ``where`` counts from the front page."""
        return self._answered(Response(status_code=303, headers={"location": f"{self.root}{where}"}))

    def _answered(self, response: Response) -> Response:
        if self._new_cookie is not None:
            settings = self.app.settings.web
            path = urlsplit(settings.public_url or "").path
            response.set_cookie(
                COOKIE,
                self._new_cookie,
                max_age=settings.refresh_days * 86400 if self.person else None,
                path=path or "/",
                secure=settings.address.startswith("https:"),
                httponly=True,
                samesite="lax",
            )
        return response

    def _begin(self, login_id: str | None) -> Session:
        self._session = sessions.begun(self.app.chance, login_id=login_id)
        self._new_cookie = sessions.sealed(self.app.key, self._session)
        return self._session


_NOT_ASKED: Final = frozenset(("proof", "once", "code", "email", "name"))
"""Fields of a form that say who asks, not what for."""


def root_of(scope: Scope) -> str:
    """The relative way from the address that was asked for to the front page."""
    path = (scope.get("raw_path") or b"/").partition(b"?")[0]
    return "../" * (path.count(b"/") - 1) or "./"


def visitor(request: Request) -> Browser:
    """A page for everybody. Raises NotYours for a form from elsewhere."""
    browser = Browser(request.scope["visit"], request)
    if request.method == "POST":
        browser.check_form()
    return browser


def resident(request: Request) -> Browser:
    """A page for who has logged in. Raises NotLoggedIn."""
    browser = visitor(request)
    if browser.person is None:
        raise NotLoggedIn("Please log in first.")
    return browser


AnyBrowser = Annotated[Browser, Depends(visitor)]
OwnBrowser = Annotated[Browser, Depends(resident)]
