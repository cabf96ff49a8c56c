"""/wallets/ and /transactions/: what people have, money in and out, and the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from classbook.core import wallet as core
from classbook.errors import InsufficientFunds, LimitReached, NotAllowedNow, NotFound, NotYours
from classbook.values import Entry, Reservation, Transfer, Wallet
from classbook.web import answers
from classbook.web.bodies import Purchase, WalletChange
from classbook.web.booking import booked
from classbook.web.documented import CONFIRMING, refuses
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.routes import actions, looks
from classbook.web.shapes import page, shape
from classbook.web.visit import Person

acting = actions("wallets")
looking = looks("wallets")


@looking.get("/wallets/", response_model=page(Wallet), operation_id="list_wallets")
def listing(visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """One's own wallets; an administrator sees everybody's."""
    return answers.answer(core.listing(visit.web.app, visit.actor, limit=limit, cursor=cursor))


@looking.get("/wallets/me/", response_model=shape(Wallet), operation_id="read_my_wallet")
def mine(visit: Person) -> Response:
    """What one can spend."""
    return answers.answer(core.show(visit.web.app, visit.actor))


@looking.get("/wallets/{wallet:id}/", response_model=shape(Wallet), operation_id="read_wallet")
def read(wallet: int, visit: Person) -> Response:
    """One wallet. `available` is what can be spent: `balance` without what is `held` for reservations."""
    return answers.answer(core.show(visit.web.app, visit.actor, wallet=wallet))


@looking.get("/wallets/{wallet:id}/statement/", response_model=page(Entry), operation_id="read_wallet_statement")
def statement(wallet: int, visit: Person, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What came in and went out, the newest first, with the balance after each."""
    return answers.answer(core.statement(visit.web.app, visit.actor, wallet=wallet, limit=limit, cursor=cursor))


@acting.post(
    "/wallets/{wallet:id}/charge/",
    response_model=shape(Wallet),
    operation_id="charge_wallet",
    responses=refuses(NotYours, LimitReached, NotAllowedNow),
)
async def charge(wallet: int, visit: Person, body: WalletChange) -> Response:
    """Put money in."""
    key = request_key(visit, f"/wallets/{wallet}/charge/", body)
    return answers.answer(
        await visit.web.desk.run(lambda: core.top_up(visit.web.app, visit.actor, body.amount, wallet=wallet, key=key))
    )


@acting.post(
    "/wallets/{wallet:id}/withdraw/",
    response_model=shape(Wallet),
    operation_id="withdraw_from_wallet",
    responses=refuses(NotYours, InsufficientFunds, NotAllowedNow),
)
async def withdraw(wallet: int, visit: Person, body: WalletChange) -> Response:
    """Take money out."""
    key = request_key(visit, f"/wallets/{wallet}/withdraw/", body)
    return answers.answer(
        await visit.web.desk.run(lambda: core.withdraw(visit.web.app, visit.actor, body.amount, wallet=wallet, key=key))
    )


@acting.post(
    "/wallets/{wallet:id}/purchase/",
    response_model=shape(Reservation),
    operation_id="purchase",
    responses=refuses(*CONFIRMING),
)
async def purchase(wallet: int, visit: Person, body: Purchase) -> Response:
    """Pay for what is held: its money is reserved in this wallet already."""
    key = request_key(visit, f"/wallets/{wallet}/purchase/", body)
    ask = await visit.web.desk.run(
        lambda: core.purchase(visit.web.app, visit.actor, wallet, str(body.reservation), code=body.otp, key=key)
    )
    return await booked(visit, ask)


@looking.get(
    "/transactions/", response_model=page(Transfer), operation_id="list_transactions", responses=refuses(NotFound)
)
def transactions(
    visit: Person,
    wallet: Annotated[int | None, Query(ge=1, lt=2**63, description="Only those of this wallet.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The ledger, the newest first: one's own rows; an administrator sees all."""
    return answers.answer(core.transactions(visit.web.app, visit.actor, wallet=wallet, limit=limit, cursor=cursor))
