"""/users/: what is kept about a person, for themselves and for administrators; and how it is taken away."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from classbook.core import people, personal
from classbook.errors import NotAllowedNow
from classbook.values import Person as PersonValue
from classbook.web import answers
from classbook.web.bodies import Anonymise
from classbook.web.documented import refuses
from classbook.web.requests import request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import shape
from classbook.web.visit import Person

acting = actions("users")
looking = looks("users")


class PersonalData(BaseModel):
    """All that is kept about somebody. A reservation has its `history` with it."""

    person: dict[str, Any]
    reservations: list[dict[str, Any]]
    wallets: list[dict[str, Any]]
    transfers: list[dict[str, Any]]
    offerings: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    changes_by_them: list[dict[str, Any]]
    changes_of_them: list[dict[str, Any]]


@looking.get("/users/{id:id}/", response_model=shape(PersonValue), operation_id="read_user")
def read(id: int, visit: Person) -> Response:
    """One person: oneself; an administrator sees anybody."""
    return answers.answer(people.show(visit.web.app, visit.actor, str(id)))


@looking.get("/users/{id:id}/export/", response_model=PersonalData, operation_id="export_user")
def export(id: int, visit: Person) -> Response:
    """All that is kept about a person, as one JSON object: reservations, money, mails, changes."""
    pieces = personal.export(visit.web.app, visit.actor, str(id))
    return answers.Pieces(pieces, filename=f"person-{id}.json")


@acting.post(
    "/users/{id:id}/anonymise/",
    response_model=shape(PersonValue),
    operation_id="anonymise_user",
    responses=refuses(NotAllowedNow),
)
async def anonymise(id: int, visit: Person, body: Anonymise) -> Response:
    """Take away for good who a person was; reservations, money and figures stay. `email` must be the person's.

    409 while there are reservations that are not over, money in a wallet, or something that the person offers.
    """
    key = request_key(visit, f"/users/{id}/anonymise/", body)

    def step() -> object:
        return personal.anonymise(visit.web.app, visit.actor, str(id), email=body.email, key=key)

    return answers.answer(await visit.web.slow_lane.run(step))
