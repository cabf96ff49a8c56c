"""/matches/, /tickets/ and /prices/: what is played, its seats one by one, and what they cost (document 1)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from starlette.responses import Response

from classbook.core import catalog, matches
from classbook.core.asks import Reserve
from classbook.errors import Invalid, NotFound, SoldOut, UnknownSeat
from classbook.values import Actor, CategoryPrice, Match, Reservation, SeatState, Ticket
from classbook.web import answers, offerings
from classbook.web.bodies import Cancel, ChangedMatch, NewMatch, NewPrices, ReserveSeats, ReserveTicket, SeatLabels
from classbook.web.booking import booked
from classbook.web.documented import CHANGING, GIVING_BACK, RESERVING, SEATS, gives, refuses
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Anyone, Person, Visit

KIND: Final = "match"
MatchId = Annotated[int | None, Query(ge=1, lt=2**63)]

acting = actions("matches")
looking = looks("matches")


@acting.post(
    "/matches/{id:id}/reserve/",
    status_code=201,
    response_model=shape(Reservation),
    operation_id="reserve_match",
    responses=refuses(*RESERVING, *SEATS) | gives(201, "Location"),
)
async def reserve_seats(id: int, visit: Person, body: ReserveSeats) -> Response:
    """Take seats: those that are named, or the best ones beside each other. All or nothing."""
    if not body.seats and body.best is None:
        raise Invalid("Which seats?", hint="Name them as `seats`, or say how many of the `best` ones.")
    ask = Reserve(
        visit.actor,
        id,
        body.user_id,
        seats=tuple(body.seats),
        best=body.best,
        category=body.category,
        strict=body.strict,
        queue=body.queue,
        key=request_key(visit, f"/matches/{id}/reserve/", body),
        kind=KIND,
        voucher=body.voucher,
    )
    return await booked(visit, ask, status=201)


@acting.post(
    "/tickets/{match:id}:{seat}/reserve/",
    status_code=201,
    response_model=shape(Reservation),
    operation_id="reserve_ticket",
    responses=refuses(*RESERVING, *SEATS) | gives(201, "Location"),
)
async def reserve_ticket(match: int, seat: str, visit: Person, body: ReserveTicket) -> Response:
    """Take one seat of a match."""
    key = request_key(visit, f"/tickets/{match}:{seat}/reserve/", body)
    ask = Reserve(visit.actor, match, seats=(seat,), key=key, kind=KIND, voucher=body.voucher)
    return await booked(visit, ask, status=201)


@acting.post(
    "/tickets/{match:id}:{seat}/canceled/",
    response_model=shape(Reservation),
    operation_id="cancel_ticket",
    responses=refuses(UnknownSeat, *GIVING_BACK),
)
async def give_ticket_back(match: int, seat: str, visit: Person, body: Cancel) -> Response:
    """Give one seat of a match back; other seats of the same reservation are kept."""
    key = request_key(visit, f"/tickets/{match}:{seat}/canceled/", body)
    ask = await visit.web.desk.run(
        lambda: matches.giving_back(visit.web.app, visit.actor, match, seat, reason=body.reason, key=key)
    )
    return await booked(visit, ask)


@looking.get(
    "/matches/{id:id}/seats/",
    response_model=page(SeatState),
    operation_id="list_match_seats",
    responses=refuses(SoldOut),
)
def list_seats_of_match(
    id: int,
    visit: Anyone,
    best: Annotated[int | None, Query(ge=1, le=1000, description="Only the best ones that are free.")] = None,
    category: Annotated[str | None, Query(max_length=256, description="Of these, a category's or a stand's.")] = None,
    strict: Annotated[bool, Query(description="Rather none than leave a single seat behind.")] = False,
) -> Response:
    """Every seat with its price and its state: free, held, sold or blocked. With a login one sees one's own."""
    app, actor = visit.web.app, _whoever(visit)
    if best is None:
        return answers.answer(matches.seats(app, actor, id))
    return answers.answer(matches.propose(app, actor, id, best, category=category, strict=strict))


@acting.post(
    "/matches/{id:id}/block/",
    response_model=page(SeatState),
    operation_id="block_match_seats",
    responses=refuses(*CHANGING, *SEATS),
)
async def block_seats(id: int, visit: Person, body: SeatLabels) -> Response:
    """Keep seats from sale. For the match's creator and for administrators."""
    key = request_key(visit, f"/matches/{id}/block/", body)
    return answers.answer(
        await visit.web.desk.run(lambda: matches.block(visit.web.app, visit.actor, id, body.seats, key=key))
    )


@acting.post(
    "/matches/{id:id}/release/",
    response_model=page(SeatState),
    operation_id="release_match_seats",
    responses=refuses(*CHANGING, *SEATS),
)
async def release_seats(id: int, visit: Person, body: SeatLabels) -> Response:
    """Put blocked seats on sale. For the match's creator and for administrators."""
    key = request_key(visit, f"/matches/{id}/release/", body)
    return answers.answer(
        await visit.web.desk.run(lambda: matches.release(visit.web.app, visit.actor, id, body.seats, key=key))
    )


@looking.get("/tickets/", response_model=page(Ticket), operation_id="list_tickets", responses=refuses(NotFound))
def list_tickets(visit: Anyone, match: MatchId = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The seats of a match as tickets, by the plan; without `match` of all, and a page ends where a match ends."""
    found = matches.tickets(visit.web.app, _whoever(visit), match, limit=limit, cursor=cursor)
    return answers.answer(found)


@looking.get(
    "/tickets/{match:id}:{seat}/",
    response_model=shape(Ticket),
    operation_id="read_ticket",
    responses=refuses(UnknownSeat),
)
def read_ticket(match: int, seat: str, visit: Anyone) -> Response:
    """One seat of one match: its price and its state."""
    return answers.answer(matches.ticket(visit.web.app, _whoever(visit), match, seat))


@looking.get("/prices/", response_model=page(CategoryPrice), operation_id="list_prices", responses=refuses(NotFound))
def list_prices(visit: Anyone, match: MatchId = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What the seats of a match cost, by category; without `match` of all, and a page ends where a match ends."""
    return answers.answer(matches.prices(visit.web.app, match, limit=limit, cursor=cursor))


@acting.post(
    "/prices/",
    status_code=201,
    response_model=page(CategoryPrice),
    operation_id="set_prices",
    responses=refuses(NotFound, *CHANGING),
)
async def put_prices(visit: Person, body: NewPrices) -> Response:
    """Give the seats of a match other prices, from now on. For its creator and for administrators."""
    key = request_key(visit, "/prices/", body)

    def change() -> object:
        catalog.update(visit.web.app, visit.actor, KIND, body.match, {"prices": body.prices}, key=key)
        return matches.prices(visit.web.app, body.match)

    return answers.answer(await visit.web.desk.run(change), status=201)


offerings.serve(
    offerings.Noun(KIND, "match", "matches", Match, NewMatch, ChangedMatch, zone_of=matches.zone_of_venue),
    acting=acting,
    looking=looking,
)


def _whoever(visit: Visit) -> Actor | None:
    """Who asks, where they say so. Raises NotLoggedIn for a token that is not good."""
    if b"authorization" not in visit.headers:
        return None
    visit.log_in()
    return visit.actor
