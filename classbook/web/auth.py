"""/auth/: how a person becomes one, and proves it.

Whatever hashes a password runs in the slow lane; the rest, which only writes, at the desk.
"""

from __future__ import annotations

from starlette.responses import Response

from classbook.core import accounts, logins, people
from classbook.errors import BadCredentials, Invalid, NotLoggedIn, TooManyRequests, WrongCode
from classbook.values import Person, Told
from classbook.web import answers
from classbook.web.bodies import Login, Logout, Password, Refresh, Signup, Verify
from classbook.web.documented import refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import TokenPair, shape
from classbook.web.visit import Anyone
from classbook.web.visit import Person as LoggedIn

acting = actions("auth")
looking = looks("auth")


@acting.post(
    "/auth/signup/",
    status_code=201,
    response_model=shape(Told),
    operation_id="sign_up",
    responses=refuses(TooManyRequests),
)
async def signup(visit: Anyone, body: Signup) -> Response:
    """Become a member. A code comes by mail that proves the address; before that there is no account."""
    caller = visit.caller(request_key(visit, "/auth/signup/", body))
    told = await visit.web.slow_lane.run(
        lambda: accounts.signup(visit.web.app, caller, email=body.email, password=body.password, name=body.name)
    )
    return answers.answer(told, status=201)


@acting.post(
    "/auth/verify/",
    response_model=shape(Person),
    operation_id="verify_address",
    responses=refuses(WrongCode, TooManyRequests),
)
async def verify(visit: Anyone, body: Verify) -> Response:
    """Prove the address with the code of the mail."""
    caller = visit.caller(request_key(visit, "/auth/verify/", body))
    proved = await visit.web.slow_lane.run(
        lambda: accounts.verify(visit.web.app, caller, email=body.email, code=body.code, password=body.password)
    )
    return answers.answer(proved)


@acting.post(
    "/auth/login/", response_model=TokenPair, operation_id="log_in", responses=refuses(BadCredentials, TooManyRequests)
)
async def login(visit: Anyone, body: Login) -> Response:
    """Exchange address and password for tokens."""
    caller = visit.caller(request_key(visit, "/auth/login/", body))
    begun = await visit.web.slow_lane.run(
        lambda: logins.login(visit.web.app, caller, email=body.email, password=body.password)
    )
    visit.person_id = begun.person_id
    return answers.answer(visit.web.tokens.pair(begun))


@acting.post(
    "/auth/refresh/",
    response_model=TokenPair,
    operation_id="refresh_login",
    responses=refuses(NotLoggedIn, TooManyRequests),
)
async def refresh(visit: Anyone, body: Refresh) -> Response:
    """Exchange a refresh token for new tokens; the old one is used up, and using it again later ends the login."""
    caller = visit.caller(request_key(visit, "/auth/refresh/", body))
    token = visit.web.tokens.login_of(body.refresh)
    fresh = await visit.web.desk.run(lambda: logins.refresh(visit.web.app, caller, token))
    visit.person_id = fresh.person_id
    return answers.answer(visit.web.tokens.pair(fresh))


@acting.post("/auth/logout/", status_code=204, operation_id="log_out", responses=refuses(NotLoggedIn))
async def logout(visit: Anyone, body: Logout) -> Response:
    """End the login of a refresh token, or of the access token. An access token in use still lasts some minutes."""
    caller = visit.caller(request_key(visit, "/auth/logout/", body))
    if body.refresh is None:
        visit.log_in()
        person_id, login_id = visit.person_id, visit.login_id
    else:
        token = visit.web.tokens.login_of(body.refresh)
        person_id, login_id = token.person_id, token.id
    await visit.web.desk.run(
        lambda: logins.logout(visit.web.app, caller, person_id=person_id or 0, login_id=login_id or "")
    )
    return answers.nothing()


@acting.post(
    "/auth/password/",
    status_code=204,
    operation_id="set_password",
    responses=refuses(NotLoggedIn, BadCredentials, WrongCode, TooManyRequests) | {202: {"model": shape(Told)}},
)
async def password(visit: Anyone, body: Password) -> Response:
    """Change the own password (with a login), ask for a code that sets a new one, or use that code.

    204 when it is set; every other login has ended then. 202 when a code was asked for.
    """
    caller = visit.caller(request_key(visit, "/auth/password/", body))
    app, lane = visit.web.app, visit.web.slow_lane
    match body:
        case Password(current_password=str(current), new_password=str(new), email=None, code=None):
            visit.log_in()
            actor, login_id = visit.actor, visit.login_id
            await lane.run(
                lambda: logins.change_password(app, actor, caller, current=current, new=new, login_id=login_id)
            )
        case Password(email=str(email), code=str(code), new_password=str(new), current_password=None):
            await lane.run(lambda: accounts.reset(app, caller, email=email, code=code, new_password=new))
        case Password(email=str(email), code=None, new_password=None, current_password=None):
            told = await visit.web.desk.run(lambda: accounts.ask_reset(app, caller, email=email))
            return answers.answer(told, status=202)
        case _:
            raise Invalid(
                "Send current_password and new_password, or email, or email, code and new_password.",
                hint="The first changes a password, the second asks for a code by mail, the third uses it.",
            )
    return answers.nothing()


@looking.get("/auth/me/", response_model=shape(Person), operation_id="read_me")
def me(visit: LoggedIn) -> Response:
    """Who I am."""
    return answers.answer(people.me(visit.web.app, visit.actor))
