"""/classes/: what is on offer, and the three requests of a rush."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import Response

from classbook.core import catalog, reservations
from classbook.core.asks import ByPerson, Reserve
from classbook.core.asks import Cancel as CancelAsk
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.errors import Invalid
from classbook.rules.when import parse_when
from classbook.rules.zones import known_zone
from classbook.values import Class, Offering, Reservation, plain
from classbook.web import answers
from classbook.web.bodies import (
    FIXED,
    WRITABLE,
    Body,
    Cancel,
    CancelSeat,
    ChangedClass,
    ClassStatus,
    ConfirmSeat,
    NewClass,
    ReserveSeat,
)
from classbook.web.booking import booked
from classbook.web.requests import Cursor, Limit, expected_version, request_key
from classbook.web.routes import PREFIX, actions, looks
from classbook.web.shapes import numbered, page, shape
from classbook.web.visit import Anyone, Person, Visit

KIND: Final = "class"
PATH: Final = f"{PREFIX}/classes/"
_HOST: Final = re.compile(rb"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:.]{2,45}\](:[0-9]{1,5})?")

acting = actions("classes")
looking = looks("classes")


# --- the rush ------------------------------------------------------------------------------------------------------


@acting.post("/classes/reserve-seat/", status_code=201, response_model=shape(Reservation))
async def reserve_seat(visit: Person, body: ReserveSeat) -> Response:
    """Hold places in a class. The code that confirms the hold comes by mail."""
    key = request_key(visit, "/classes/reserve-seat/", body)
    return await booked(visit, Reserve(visit.actor, body.class_id, body.user_id, body.party, key=key), status=201)


@acting.post("/classes/confirm-seat/", response_model=shape(Reservation))
async def confirm_seat(visit: Person, body: ConfirmSeat) -> Response:
    """Make the hold definite, with the six digits of the mail."""
    key = request_key(visit, "/classes/confirm-seat/", body)
    which = ByPerson(body.class_id, body.user_id)
    return await booked(visit, ConfirmAsk(visit.actor, which, code=body.otp, key=key))


@acting.post("/classes/cancel-seat/", response_model=shape(Reservation))
async def cancel_seat(visit: Person, body: CancelSeat) -> Response:
    """Give the places back."""
    key = request_key(visit, "/classes/cancel-seat/", body)
    which = ByPerson(body.class_id, body.user_id)
    return await booked(visit, CancelAsk(visit.actor, which, reason=body.reason, key=key))


# --- the catalog ---------------------------------------------------------------------------------------------------


@looking.get("/classes/", response_model=numbered(Class))
def listing(
    request: Request,
    visit: Anyone,
    start_date: Annotated[date | None, Query(description="Starts on this day or after, where it takes place.")] = None,
    type: Annotated[str | None, Query(max_length=256, pattern=r"^[^\x00-\x1f]*$")] = None,
    status: ClassStatus | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """The classes there are, the next ones first."""
    found = catalog.numbered(
        visit.web.app, KIND, start_date=start_date, type=type, status=status, page=page, page_size=page_size
    )

    def address(number: int) -> str:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
        return f"{_base(visit, request)}{PATH}?{urlencode([*kept, ('page', number)])}"

    more = found.page * found.page_size < found.count
    return answers.answer(
        {
            "count": found.count,
            "next": address(page + 1) if more else None,
            "previous": address(page - 1) if page > 1 else None,
            "results": found.results,
        }
    )


@acting.post("/classes/", status_code=201, response_model=shape(Class))
async def create(visit: Person, body: NewClass) -> Response:
    """Offer a class."""
    key = request_key(visit, "/classes/", body)
    fields = _understood(visit, _sent(body), zone=None)
    made = await visit.web.desk.run(lambda: catalog.create(visit.web.app, visit.actor, KIND, fields, key=key))
    return answers.offering(made, status=201)


@looking.get("/classes/{class_id:id}/", response_model=shape(Class))
def read(class_id: int, visit: Anyone) -> Response:
    """One class. Its ETag is the version that `If-Match` may ask for."""
    return answers.offering(catalog.show(visit.web.app, KIND, class_id))


@acting.put("/classes/{class_id:id}/", response_model=shape(Class), operation_id="replace_class")
async def replace(class_id: int, visit: Person, body: ChangedClass) -> Response:
    """Change a class; the same as PATCH."""
    return await _change(visit, class_id, body)


@acting.patch("/classes/{class_id:id}/", response_model=shape(Class), operation_id="change_class")
async def change(class_id: int, visit: Person, body: ChangedClass) -> Response:
    """Change some fields of a class."""
    return await _change(visit, class_id, body)


@acting.delete("/classes/{class_id:id}/", status_code=204)
async def delete(class_id: int, visit: Person) -> Response:
    """Delete a class that nobody ever reserved; otherwise cancel it."""
    version = expected_version(visit)
    await visit.web.desk.run(lambda: catalog.delete(visit.web.app, visit.actor, KIND, class_id, version=version))
    return answers.nothing()


@acting.post("/classes/{class_id:id}/cancel/", response_model=shape(Class))
async def cancel(class_id: int, visit: Person, body: Cancel) -> Response:
    """Call a class off; everybody who reserved is told."""
    key = request_key(visit, f"/classes/{class_id}/cancel/", body)
    version = expected_version(visit)
    called_off = await visit.web.slow_lane.run(
        lambda: catalog.cancel(visit.web.app, visit.actor, KIND, class_id, reason=body.reason, version=version, key=key)
    )
    return answers.offering(called_off)


@looking.get("/classes/{class_id:id}/reservations/", response_model=page(Reservation))
def of_class(
    class_id: int,
    visit: Person,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Who reserved this class: for its creator and for administrators."""
    return answers.answer(
        reservations.of_offering(visit.web.app, visit.actor, KIND, class_id, limit=limit, cursor=cursor)
    )


# --- what the handlers share ---------------------------------------------------------------------------------------


async def _change(visit: Visit, class_id: int, body: ChangedClass) -> Response:
    version = expected_version(visit)
    changed = await visit.web.desk.run(lambda: _changed(visit, class_id, body, version))
    return answers.offering(changed)


def _changed(visit: Visit, class_id: int, body: ChangedClass, version: int | None) -> Offering | dict[str, Any]:
    app = visit.web.app
    present = catalog.show(app, KIND, class_id)
    sent = _sent(body)
    _refuse_other_values(sent, plain(present))
    if isinstance(sent.get("policy"), dict):
        # Terms that come back as they were stay the defaults they may be.
        sent["policy"] = {term: value for term, value in sent["policy"].items() if present.policy.get(term) != value}
    fields = _understood(visit, {name: sent[name] for name in sent if name in WRITABLE}, zone=present.timezone)
    return catalog.update(app, visit.actor, KIND, class_id, fields, version=version)


def _sent(body: Body) -> dict[str, Any]:
    """The fields that were sent, as they were sent."""
    return body.model_dump(exclude_unset=True)


def _refuse_other_values(sent: dict[str, Any], present: dict[str, Any]) -> None:
    """Read-only fields may come back as they are. Raises Invalid for another value."""
    for name in FIXED.intersection(sent):
        allowed = (present[name], sent.get("seats")) if name == "capacity" else (present[name],)
        if sent[name] not in allowed:
            raise Invalid(f"{name} cannot be changed", hint="Leave it out, or send it back as it is.")


def _understood(visit: Visit, fields: dict[str, Any], *, zone: str | None) -> dict[str, Any]:
    """The fields with their dates read, in the zone that is sent, else in ``zone``, else in the configured one.

    No price (null) is one of nothing.
    """
    if "price" in fields:
        fields["price"] = fields["price"] or "0"
    for name in ("starts_at", "ends_at"):
        if isinstance(fields.get(name), str):
            local = ZoneInfo(known_zone(fields.get("timezone") or zone or visit.web.app.settings.timezone))
            fields[name] = parse_when(fields[name], now=visit.web.app.clock.now(), zone=local).instant
    return fields


def _base(visit: Visit, request: Request) -> str:
    """How this server is reached, for addresses in answers: as configured, else as it was asked for."""
    settings, host = visit.web.app.settings.web, visit.headers.get(b"host", b"")
    if settings.public_url or not _HOST.fullmatch(host):
        return settings.address
    return f"{request.scope['scheme']}://{host.decode('ascii')}"
