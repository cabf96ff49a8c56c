"""/vouchers/: codes that take something off a price, for organizers and administrators."""

from __future__ import annotations

from starlette.responses import Response

from classbook.core import vouchers
from classbook.errors import BadSpan, Exists, NotAllowedNow, NotFound, NotYours
from classbook.values import Voucher
from classbook.web import answers
from classbook.web.bodies import Empty, NewVoucher
from classbook.web.documented import refuses
from classbook.web.moments import moment
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person

acting = actions("vouchers")
looking = looks("vouchers")


@looking.get(
    "/vouchers/", response_model=page(Voucher), operation_id="list_vouchers", responses=refuses(NotYours, NotAllowedNow)
)
def list_vouchers(visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """One's own, with how often each was used; an administrator sees all."""
    return answers.answer(vouchers.listing(visit.web.app, visit.actor, limit=limit, cursor=cursor))


@acting.post(
    "/vouchers/",
    status_code=201,
    response_model=shape(Voucher),
    operation_id="create_voucher",
    responses=refuses(BadSpan, NotFound, NotYours, Exists, NotAllowedNow),
)
async def create_voucher(visit: Person, body: NewVoucher) -> Response:
    """Make one, for an amount or a percentage. What it takes off never changes."""
    key = request_key(visit, "/vouchers/", body)

    def there() -> str:
        return visit.web.app.settings.timezone

    valid_from = await moment(visit, body.valid_from, zone=there) if body.valid_from is not None else None
    valid_until = await moment(visit, body.valid_until, zone=there) if body.valid_until is not None else None
    made = await visit.web.desk.run(
        lambda: vouchers.create(
            visit.web.app,
            visit.actor,
            body.code,
            amount=body.amount,
            percent=body.percent,
            uses=body.uses,
            per_person=body.per_person,
            valid_from=valid_from,
            valid_until=valid_until,
            offering_id=body.offering,
            key=key,
        )
    )
    return answers.answer(made, status=201)


@looking.get(
    "/vouchers/{code}/",
    response_model=shape(Voucher),
    operation_id="read_voucher",
    responses=refuses(NotYours, NotAllowedNow),
)
def read_voucher(code: str, visit: Person) -> Response:
    """One voucher."""
    return answers.answer(vouchers.show(visit.web.app, visit.actor, code))


@acting.post(
    "/vouchers/{code}/cancel/",
    response_model=shape(Voucher),
    operation_id="cancel_voucher",
    responses=refuses(NotYours, NotAllowedNow),
)
async def cancel_voucher(code: str, visit: Person, body: Empty) -> Response:
    """Let nobody use it any more; what was reserved with it stays as it is."""
    key = request_key(visit, f"/vouchers/{code}/cancel/", body)
    return answers.answer(await visit.web.desk.run(lambda: vouchers.cancel(visit.web.app, visit.actor, code, key=key)))
