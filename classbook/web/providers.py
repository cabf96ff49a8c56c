"""/providers/: people who give appointments, their hours and their free slots; /clients/: who comes to them."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from classbook.app import App
from classbook.core import people, providers
from classbook.errors import Exists, NotYours
from classbook.values import Actor, Appointments, Offering, RequestKey
from classbook.values import Person as PersonValue
from classbook.web import answers, offerings, opening
from classbook.web.bodies import ChangedProvider, NewClient, NewProvider
from classbook.web.documented import refuses
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person

KIND: Final = providers.KIND
CLIENT: Final = "member"


def _make(
    app: App, actor: Actor, kind: str, fields: dict[str, Any], /, *, key: RequestKey | None
) -> Offering | dict[str, Any]:
    return providers.create(app, actor, **fields, key=key)


NOUN: Final = offerings.Noun(
    KIND, "provider", "providers", Appointments, NewProvider, ChangedProvider, _make, refuses=(Exists,)
)

acting = actions("providers")
looking = looks("providers")

offerings.serve(NOUN, acting=acting, looking=looking)
opening.serve(NOUN, acting=acting, looking=looking)


@looking.get("/clients/", response_model=page(PersonValue), operation_id="list_clients", responses=refuses(NotYours))
def list_clients(visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The members there are: for organizers and administrators."""
    return answers.answer(people.listing(visit.web.app, visit.actor, role=CLIENT, limit=limit, cursor=cursor))


@acting.post(
    "/clients/",
    status_code=201,
    response_model=shape(PersonValue),
    operation_id="create_client",
    responses=refuses(NotYours, Exists),
)
async def create_client(visit: Person, body: NewClient) -> Response:
    """Make a member whose address one vouches for."""
    key = request_key(visit, "/clients/", body)
    fields = body.model_dump()
    made = await visit.web.desk.run(lambda: people.create(visit.web.app, visit.actor, **fields, role=CLIENT, key=key))
    return answers.answer(made, status=201)
