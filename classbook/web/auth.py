"""/auth/: how a person becomes one, and proves it."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from classbook.core import people
from classbook.values import Actor, Person
from classbook.web import answers
from classbook.web.bodies import Login, Refresh, Signup, Verify
from classbook.web.routes import actions, looks
from classbook.web.shapes import TokenPair, shape
from classbook.web.visit import Anyone
from classbook.web.visit import Person as LoggedIn

acting = actions("auth")
looking = looks("auth")


@acting.post("/auth/signup/", status_code=201, response_model=shape(Person))
async def signup(visit: Anyone, body: Signup) -> Response:
    """Become a member. A code comes by mail that proves the address."""
    made = await visit.web.slow_lane.run(
        lambda: people.signup(visit.web.app, email=body.email, password=body.password, name=body.name)
    )
    return answers.answer(made, status=201)


@acting.post("/auth/verify/", response_model=shape(Person))
async def verify(visit: Anyone, body: Verify) -> Response:
    """Prove the address with the code of the mail."""
    proved = await visit.web.desk.run(lambda: people.verify(visit.web.app, email=body.email, code=body.code))
    return answers.answer(proved)


@acting.post("/auth/login/", response_model=TokenPair)
async def login(visit: Anyone, body: Login) -> Response:
    """Exchange address and password for tokens."""
    person = await visit.web.slow_lane.run(
        lambda: people.login(visit.web.app, email=body.email, password=body.password)
    )
    visit.person_id = person.id
    return answers.answer(visit.web.tokens.issue(person.id))


@acting.post("/auth/refresh/", response_model=TokenPair)
async def refresh(visit: Anyone, body: Refresh) -> Response:
    """Exchange a refresh token for new tokens, as long as the person is still known."""
    actor = Actor(visit.web.tokens.person_of_refresh(body.refresh), visit.request_id)
    loop = asyncio.get_running_loop()
    person = await loop.run_in_executor(None, lambda: people.me(visit.web.app, actor))
    visit.person_id = person.id
    return answers.answer(visit.web.tokens.issue(person.id))


@looking.get("/auth/me/", response_model=shape(Person))
def me(visit: LoggedIn) -> Response:
    """Who I am."""
    return answers.answer(people.me(visit.web.app, visit.actor))
