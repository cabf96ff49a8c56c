"""Everybody gets in where they belong, and nowhere else: the tables of `permissions`, asked of a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.routing import APIRoute

from classbook.app import open_app
from classbook.config import load
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.api import ROUTERS, document
from classbook.web.desk import Desk
from classbook.web.pages.session import COOKIE, begun, form_proof, sealed
from classbook.web.server import listen, serve
from tests.conftest import DATABASES, SECRET, Answered, Client, fresh_database
from tests.makers import NOW, everything
from tests.web.conftest import tokens_of
from tests.web.permissions import OK, PAGES, ROLES, TABLE, Asked, Caller, Row, Stage
from tests.web.surfer import FORM

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
}
ON_POSTGRESQL = (
    "change_class", "check_in", "confirm_reservation", "create_resource", "list_transactions", "read_reservation",
    "read_user", "reserve_class", "withdraw_from_wallet",
)  # fmt: skip
"""The rules are the core's and know no database; these show that they get the same answers there."""


def test_every_operation_has_its_row() -> None:
    """Where this fails, say in `permissions.TABLE` who may do what is new."""
    assert TABLE.keys() == OPERATIONS.keys()


def test_every_page_has_its_row() -> None:
    """Where this fails, say in `permissions.PAGES` who may do what is new."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    pages = {
        f"{method} {route.path_format}"
        for route in routes
        if not route.include_in_schema
        for method in route.methods or ()
    }
    assert PAGES.keys() == pages


@contextmanager
def staged(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[Stage]:
    with fresh_database(request, kind, folder) as url:
        environ = {"CLASSBOOK_DATABASE_URL": url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_TIMEZONE": "UTC"}
        settings = load(config_path=None, environ=environ, overrides={})
        opened = open_app(settings, clock=FrozenClock(NOW), chance=FixedChance(), mailer=MemoryMailer())
        with closing(opened) as app, closing(Desk(app)) as desk:
            server = serve(app, desk, listener=listen("127.0.0.1", 0))
            yield Stage(app, Client(server.address), lambda person_id: tokens_of(app).access(person_id))
            server.stop()


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One house for all rows: what is done in it is done by newcomers to new things."""
    with staged(request, "sqlite", tmp_path_factory.mktemp("permissions")) as one:
        yield one


@pytest.fixture(scope="module", params=[kind for kind in DATABASES if kind != "sqlite"])
def other_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(request, request.param, tmp_path_factory.mktemp("permissions")) as one:
        yield one


# --- the API -------------------------------------------------------------------------------------------------------


def asked_by_token(name: str) -> Callable[[Caller, Asked], Answered]:
    method, path = OPERATIONS[name]

    def ask(caller: Caller, asked: Asked) -> Answered:
        return caller.client(method, path.format(**asked.path) + (asked.query and f"?{asked.query}"), asked.body)

    return ask


def check_operation(stage: Stage, name: str) -> None:
    method, path = OPERATIONS[name]
    check(stage, TABLE[name], asked_by_token(name), reads=method == "GET", counts_failures="/auth/" in path)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_role_may_do_what_the_table_says(stage: Stage, name: str) -> None:
    check_operation(stage, name)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_another_database_gives_the_same_answers(other_stage: Stage, name: str) -> None:
    check_operation(other_stage, name)


def check(
    stage: Stage, row: Row, ask: Callable[[Caller, Asked], Answered], *, reads: bool, counts_failures: bool = False
) -> None:
    """Ask as everybody, and compare. Who is refused comes first, all about one thing, which is as it was afterwards."""
    wrong: list[Any] = []

    def compare(caller: Caller, whose: str, asked: Asked, expected: int) -> Answered:
        answer = ask(caller, asked)
        if (OK if answer.status < 400 else answer.status) != expected:
            wrong.append((caller.role, whose, f"{answer.status}, not {expected}", answer.body[:300]))
        return answer

    other = stage.newcomer("organizer").who
    about_other = row.asked(stage, other)
    refused = [role for role in ROLES if row.rule.foreign[role] not in (None, OK)]
    callers = {role: stage.regular(role) for role in ROLES}
    before = everything(stage.app)
    for role in refused:
        answer = compare(callers[role], "somebody else's", about_other, row.rule.foreign[role] or 0)
        assert other.email.encode() not in answer.body, f"{role} learns whose it is"
    if not counts_failures:
        assert everything(stage.app) == before
    for role in ROLES:
        if row.rule.foreign[role] == OK and reads:
            compare(callers[role], "somebody else's", about_other, OK)
        elif row.rule.foreign[role] == OK:
            about_another = row.asked(stage, stage.newcomer("organizer").who)
            compare(stage.newcomer(role), "somebody else's", about_another, OK)
        if (expected := row.rule.own[role]) is not None:
            caller = stage.newcomer(role)
            compare(caller, "their own", row.asked(stage, caller.who), expected)
    assert wrong == []


def test_lists_hold_ones_own_and_an_administrators_all(stage: Stage) -> None:
    """What is asked for without saying whose."""
    other = stage.newcomer("organizer").who
    stage.priced(other)
    stage.booking(other)
    stage.appointment(other)
    for path in ("reservations", "bookings", "appointments", "wallets", "transactions", "history"):
        for role in ROLES:
            answer = stage.regular(role).client.get(f"/api/v0/{path}/?limit=200")
            seen = other.email.encode() in answer.body or f'"id":{other.id},'.encode() in answer.body
            assert seen == (role == "admin"), (path, role)


# --- pages ---------------------------------------------------------------------------------------------------------


def asked_by_cookie(stage: Stage, name: str) -> Callable[[Caller, Asked], Answered]:
    """With every form that its own page would have: nothing but who it is decides."""
    key, (method, path) = stage.app.key, name.split()

    def ask(caller: Caller, asked: Asked) -> Answered:
        session = caller.session or begun(FixedChance())
        headers = {"Accept": "text/html", "Cookie": f"{COOKIE}={sealed(key, session)}", "Content-Type": FORM}
        form = urlencode({"proof": form_proof(key, session), **(asked.body or {})}).encode()
        return Client(caller.client.address)(
            method, path.format(**asked.path), form if method == "POST" else None, headers=headers
        )

    return ask


@pytest.mark.parametrize("name", PAGES)
def test_each_role_gets_the_pages_that_the_table_says(stage: Stage, name: str) -> None:
    check(
        stage, PAGES[name], asked_by_cookie(stage, name), reads=name.startswith("GET"), counts_failures="login" in name
    )
