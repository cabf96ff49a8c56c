"""Offerings over HTTP: what every kind answers in the same way, written once and served under each noun."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from classbook.app import App
from classbook.core import catalog, repeats, reservations
from classbook.errors import ChangedMeanwhile, Invalid, NotAllowedNow, NotYours
from classbook.rules.kinds import KINDS
from classbook.rules.repeats import Repeat
from classbook.rules.when import parse_when
from classbook.rules.zones import known_zone
from classbook.values import Actor, Dated, Offering, Page, RequestKey, Reservation, plain
from classbook.web import answers
from classbook.web.bodies import Body, Cancel, OpenStatus, TimedStatus
from classbook.web.documented import CHANGING, MAKING, Refusals, gives, refuses
from classbook.web.read_back import refuse_other_values, writable
from classbook.web.requests import Cursor, Limit, expected_version, request_key
from classbook.web.routes import PREFIX
from classbook.web.shapes import numbered, page, shape
from classbook.web.visit import Anyone, Person, Visit

F = TypeVar("F", bound=Callable[..., Any])
Type = Annotated[str | None, Query(max_length=256, pattern=r"^[^\x00-\x1f]*$")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HOST: Final = re.compile(rb"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:.]{2,45}\](:[0-9]{1,5})?")


def _written_as_date(given: Any) -> Any:
    """What is written as a date; pydantic alone takes a number, too, for seconds since 1970."""
    if isinstance(given, str) and not _DATE.fullmatch(given):
        raise PydanticCustomError("date_parsing", "must be a date like 2026-12-01")
    return given


class Make(Protocol):
    """How one is made out of the fields of its body."""

    def __call__(
        self, app: App, actor: Actor, kind: str, fields: dict[str, Any], /, *, key: RequestKey | None
    ) -> Offering | dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of offering as addresses and bodies call it."""

    kind: str
    one: str
    many: str
    shape: type
    new: type[Body]
    changed: type[Body]
    make: Make = catalog.create
    refuses: Refusals = ()
    """Why one may not be made, beside what holds for every kind."""
    zone_of: Callable[[App, dict[str, Any]], str | None] = lambda app, fields: None
    """The zone of a new one, where something else than the settings says it."""

    @property
    def path(self) -> str:
        return f"/{self.many}/"


def taking(body: type[Body]) -> Callable[[F], F]:
    """Say which body an endpoint takes that is written for several."""

    def declare(endpoint: F) -> F:
        endpoint.__annotations__["body"] = body
        return endpoint

    return declare


def serve(noun: Noun, *, acting: APIRouter, looking: APIRouter) -> None:
    """Add the routes that every kind has."""
    _serve_list(noun, looking)
    _serve_one(noun, acting, looking)
    one, path = noun.one, f"{noun.path}{{id:id}}/"

    @acting.post(
        f"{path}cancel/",
        response_model=shape(noun.shape),
        operation_id=f"cancel_{one}",
        responses=gives(200, "ETag") | refuses(*CHANGING, ChangedMeanwhile),
        description="Everybody who reserved is told. For its creator and for administrators.",
    )
    async def cancel(id: int, visit: Person, body: Cancel) -> Response:
        key = request_key(visit, f"{noun.path}{id}/cancel/", body)
        version = expected_version(visit)
        called_off = await visit.web.slow_lane.run(
            lambda: catalog.cancel(
                visit.web.app, visit.actor, noun.kind, id, reason=body.reason, version=version, key=key
            )
        )
        return answers.offering(called_off)

    @looking.get(
        f"{path}reservations/",
        response_model=page(Reservation),
        operation_id=f"list_{one}_reservations",
        responses=refuses(NotYours),
        description="Who reserved, the newest first: for its creator and for administrators.",
    )
    def reserved(id: int, visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
        found = reservations.of_offering(visit.web.app, visit.actor, noun.kind, id, limit=limit, cursor=cursor)
        return answers.answer(found)


def _serve_list(noun: Noun, looking: APIRouter) -> None:
    """The list: by date, where the house picks the time."""
    described: dict[str, Any] = {
        "response_model": numbered(noun.shape),
        "operation_id": f"list_{noun.many}",
    }
    if KINDS[noun.kind].picks_time:

        @looking.get(noun.path, **described, description=f"The {noun.many} there are.")
        def open_list(
            request: Request,
            visit: Anyone,
            type: Type = None,
            status: OpenStatus | None = None,
            page: PageNumber = 1,
            page_size: PageSize = 20,
        ) -> Response:
            return _numbered(noun, request, visit, type=type, status=status, page=page, page_size=page_size)

        return

    @looking.get(noun.path, **described, description=f"The {noun.many} there are, the next ones first.")
    def timed_list(
        request: Request,
        visit: Anyone,
        start_date: Annotated[
            date | None,
            BeforeValidator(_written_as_date),
            Query(description="Starts on this day or after, where it takes place."),
        ] = None,
        type: Type = None,
        status: TimedStatus | None = None,
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> Response:
        return _numbered(
            noun, request, visit, start_date=start_date, type=type, status=status, page=page, page_size=page_size
        )


def _serve_one(noun: Noun, acting: APIRouter, looking: APIRouter) -> None:
    """One of them: made, looked at, changed and deleted."""
    one, path = noun.one, f"{noun.path}{{id:id}}/"
    described: dict[str, Any] = {"response_model": shape(noun.shape)}

    @acting.post(
        noun.path,
        response_model=shape(noun.shape) if KINDS[noun.kind].picks_time else shape(noun.shape) | page(Dated),
        status_code=201,
        operation_id=f"create_{one}",
        responses=gives(201, "ETag", "Location") | refuses(*MAKING, *noun.refuses),
        description=f"For {_whoever_may(KINDS[noun.kind].creators)}.",
    )
    @taking(noun.new)
    async def create(visit: Person, body: Body) -> Response:
        key, sent = request_key(visit, noun.path, body), _sent(body)
        repeat = sent.pop("repeat", None)
        if repeat is not None:
            return answers.answer(
                await visit.web.desk.run(lambda: _made_again(visit, noun, sent, repeat, key)), status=201
            )
        made = await visit.web.desk.run(lambda: _made(visit, noun, sent, key))
        return answers.offering(made, status=201, path=f"{PREFIX}{noun.path}")

    @looking.get(
        path,
        **described,
        operation_id=f"read_{one}",
        responses=gives(200, "ETag"),
        description="Its ETag is the version that `If-Match` may ask for.",
    )
    def read(id: int, visit: Anyone) -> Response:
        return answers.offering(catalog.show(visit.web.app, noun.kind, id))

    async def change(id: int, visit: Person, body: Body) -> Response:
        version = expected_version(visit)
        changed = await visit.web.desk.run(lambda: _changed(visit, noun, id, body, version))
        return answers.offering(changed)

    for verb, name in (("PUT", "replace"), ("PATCH", "change")):
        acting.add_api_route(
            path,
            taking(noun.changed)(change),
            methods=[verb],
            **described,
            operation_id=f"{name}_{one}",
            responses=gives(200, "ETag") | refuses(*CHANGING, ChangedMeanwhile),
            description="The fields that are sent are changed, the others are kept.",
        )

    @acting.delete(
        path,
        status_code=204,
        operation_id=f"delete_{one}",
        responses=refuses(NotYours, NotAllowedNow, ChangedMeanwhile),
        description="For what nobody ever reserved; the others are cancelled.",
    )
    async def delete(id: int, visit: Person) -> Response:
        version = expected_version(visit)
        await visit.web.desk.run(lambda: catalog.delete(visit.web.app, visit.actor, noun.kind, id, version=version))
        return answers.nothing()


def _whoever_may(roles: frozenset[str]) -> str:
    """Who has one of these roles, in words."""
    if "member" in roles:
        return "everybody who is logged in"
    return "organizers and administrators" if "organizer" in roles else "administrators"


def _numbered(noun: Noun, request: Request, visit: Visit, **wanted: Any) -> Response:
    found = catalog.numbered(visit.web.app, noun.kind, **wanted)

    def address(number: int) -> str:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
        return f"{_base(visit, request)}{PREFIX}{noun.path}?{urlencode([*kept, ('page', number)])}"

    more = found.page * found.page_size < found.count
    return answers.answer(
        {
            "count": found.count,
            "next": address(found.page + 1) if more else None,
            "previous": address(found.page - 1) if found.page > 1 else None,
            "results": found.results,
        }
    )


def _made(visit: Visit, noun: Noun, sent: dict[str, Any], key: RequestKey | None) -> Offering | dict[str, Any]:
    fields = _understood(visit, noun, sent, zone=noun.zone_of(visit.web.app, sent))
    return noun.make(visit.web.app, visit.actor, noun.kind, fields, key=key)


def _made_again(
    visit: Visit, noun: Noun, sent: dict[str, Any], repeat: dict[str, Any], key: RequestKey | None
) -> Page[Dated] | dict[str, Any]:
    zone = noun.zone_of(visit.web.app, sent)
    fields = _understood(visit, noun, sent, zone=zone)
    if repeat.get("until") is not None:
        repeat = repeat | {"until": _date(visit, repeat["until"], fields.get("timezone") or zone)}
    return repeats.create(visit.web.app, visit.actor, noun.kind, fields, Repeat(**repeat), key=key)


def _date(visit: Visit, text: str, zone: str | None) -> date:
    """A date without a clock time. Raises Invalid."""
    local = ZoneInfo(known_zone(zone or visit.web.app.settings.timezone))
    reading = parse_when(text, now=visit.web.app.clock.now(), zone=local)
    if reading.next_day is None:
        raise Invalid("The last date is a day and not a moment.", hint="Leave the clock time away.")
    return reading.instant.astimezone(local).date()


def _changed(visit: Visit, noun: Noun, id: int, body: Body, version: int | None) -> Offering | dict[str, Any]:
    app, may = visit.web.app, writable(noun.changed)
    present = catalog.show(app, noun.kind, id)
    sent = _sent(body)
    read_only = noun.changed.model_fields.keys() - may
    refuse_other_values(sent, plain(present), read_only=read_only, twins=KINDS[noun.kind].words)
    if isinstance(sent.get("policy"), dict):
        # Terms that come back as they were stay the defaults they may be.
        sent["policy"] = {term: value for term, value in sent["policy"].items() if present.policy.get(term) != value}
    fields = _understood(visit, noun, {name: sent[name] for name in sent if name in may}, zone=present.timezone)
    return catalog.update(app, visit.actor, noun.kind, id, fields, version=version)


def _sent(body: Body) -> dict[str, Any]:
    """The fields that were sent, as they were sent."""
    return body.model_dump(exclude_unset=True)


def _understood(visit: Visit, noun: Noun, sent: dict[str, Any], *, zone: str | None) -> dict[str, Any]:
    """The fields in the core's words, their dates read in the zone that is sent, else in ``zone``, else in ours.

    No price (null) is one of nothing.
    """
    fields = {_common(noun, name): value for name, value in sent.items()}
    if "price" in fields:
        fields["price"] = "0" if fields["price"] is None else fields["price"]
    for name in ("starts_at", "ends_at"):
        if isinstance(fields.get(name), str):
            local = ZoneInfo(known_zone(fields.get("timezone") or zone or visit.web.app.settings.timezone))
            fields[name] = parse_when(fields[name], now=visit.web.app.clock.now(), zone=local).instant
    return fields


def _common(noun: Noun, name: str) -> str:
    """What the core calls a field that the kind may have its own word for."""
    common = KINDS[noun.kind].words.get(name, name)
    return "seats" if common == "capacity" else common


def _base(visit: Visit, request: Request) -> str:
    """How this server is reached, for addresses in answers: as configured, else as it was asked for."""
    settings, host = visit.web.app.settings.web, visit.headers.get(b"host", b"")
    if settings.public_url or not _HOST.fullmatch(host):
        return settings.address
    return f"{request.scope['scheme']}://{host.decode('ascii')}"
