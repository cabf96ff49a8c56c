"""/stadiums/ and /seats/: where matches are, and the seats there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import venues
from classbook.errors import NotAllowedNow, NotFound, NotYours, SeatTaken
from classbook.rules.plan_files import from_tree
from classbook.values import Venue, VenuePlan, VenueSeat
from classbook.web import answers
from classbook.web.bodies import NewSeats, NewVenue, SeatPlan
from classbook.web.documented import gives, refuses
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import PREFIX, actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Anyone, Person, Visit

acting = actions("stadiums")
looking = looks("stadiums")


@looking.get("/stadiums/", response_model=page(Venue), operation_id="list_stadiums")
def list_stadiums(visit: Anyone, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The stadiums there are."""
    return answers.answer(venues.listing(visit.web.app, limit=limit, cursor=cursor))


@acting.post(
    "/stadiums/",
    status_code=201,
    response_model=shape(VenuePlan),
    operation_id="create_stadium",
    responses=refuses(NotYours) | gives(201, "Location"),
)
async def create_stadium(visit: Person, body: NewVenue) -> Response:
    """Add a stadium, with its stands or without. For administrators."""
    key = request_key(visit, "/stadiums/", body)
    made = await visit.web.desk.run(
        lambda: venues.create(
            visit.web.app,
            visit.actor,
            name=body.name,
            timezone=body.timezone,
            plan=from_tree({"stand": body.stand}) if body.stand else None,
            key=key,
        )
    )
    return answers.answer(made, status=201, headers={"location": f"{PREFIX}/stadiums/{answers.id_of(made)}/"})


@looking.get("/stadiums/{id:id}/", response_model=shape(VenuePlan), operation_id="read_stadium")
def read_stadium(id: int, visit: Anyone) -> Response:
    """A stadium and its seat plan."""
    return answers.answer(venues.show(visit.web.app, id))


@looking.get("/stadiums/{id:id}/seats/", response_model=SeatPlan, operation_id="read_stadium_seats")
def read_plan(id: int, visit: Anyone) -> Response:
    """The seat plan of a stadium, in the shape that may be sent back."""
    return answers.answer({"stand": venues.show(visit.web.app, id).stand})


@acting.post(
    "/stadiums/{id:id}/seats/",
    status_code=201,
    response_model=shape(VenuePlan),
    operation_id="set_stadium_seats",
    responses=refuses(NotYours, NotAllowedNow, SeatTaken),
)
async def put_plan(id: int, visit: Person, body: SeatPlan) -> Response:
    """Give a stadium all its seats. A seat that somebody has must be among them. For administrators."""
    return await _planned(visit, id, body, f"/stadiums/{id}/seats/")


@looking.get("/seats/", response_model=page(VenueSeat), operation_id="list_seats", responses=refuses(NotFound))
def list_seats(
    visit: Anyone, venue: Annotated[int | None, Query(ge=1, lt=2**63)] = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """The seats of a stadium, whatever is played there; without `venue` of all, a page ends where a stadium ends."""
    return answers.answer(venues.seats(visit.web.app, venue, limit=limit, cursor=cursor))


@acting.post(
    "/seats/",
    status_code=201,
    response_model=shape(VenuePlan),
    operation_id="set_seats",
    responses=refuses(NotFound, NotYours, NotAllowedNow, SeatTaken),
)
async def add_seats(visit: Person, body: NewSeats) -> Response:
    """The same as giving a stadium its seats. For administrators."""
    return await _planned(visit, body.venue, body, "/seats/")


async def _planned(visit: Visit, venue_id: int, body: SeatPlan, path: str) -> Response:
    key = request_key(visit, path, body)
    tree = {"stand": body.stand}
    done = await visit.web.desk.run(
        lambda: venues.import_plan(visit.web.app, visit.actor, venue_id, from_tree(tree), key=key)
    )
    return answers.answer(done, status=201)
