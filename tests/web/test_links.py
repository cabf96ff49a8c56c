"""The links of the API document lead somewhere: each is followed once, from a real answer to what it promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from classbook.core import catalog, people, providers
from classbook.core.asks import Reserve
from classbook.values import Person
from classbook.web.api import document
from tests.conftest import Answered
from tests.makers import CONSOLE, PASSWORD, ask, clock_time, mailed_code, rich
from tests.web.permissions import TABLE, Asked, Caller, Stage
from tests.web.test_permissions import OPERATIONS, staged

DESCRIBED = {
    operation["operationId"]: operation
    for operations in document()["paths"].values()
    for operation in operations.values()
}
LINKS = [
    (source, name)
    for source, operation in DESCRIBED.items()
    for answer in operation["responses"].values()
    for name in answer.get("links", ())
]


def link(source: str, name: str) -> dict[str, Any]:
    answers = DESCRIBED[source]["responses"].values()
    return next(answer["links"][name] for answer in answers if name in answer.get("links", ()))


def test_every_link_sets_what_its_target_takes() -> None:
    for source, name in LINKS:
        found = link(source, name)
        target = DESCRIBED[found["operationId"]]
        taken = {one["name"] for one in target.get("parameters", ())}
        assert set(found.get("parameters", ())) <= taken, (source, name)
        assert "requestBody" not in found or "requestBody" in target, (source, name)


def test_a_list_that_grows_says_how_it_goes_on() -> None:
    for name, operation in DESCRIBED.items():
        pages = "cursor" in {one["name"] for one in operation.get("parameters", ())}
        assert ((name, "next") in LINKS) == pages


# --- following them ------------------------------------------------------------------------------------------------

Step = tuple[Caller, Answered, Asked]
"""Who asked, what they got, and how they had asked."""


def told(stage: Stage, source: str) -> Step:
    """A real answer of an operation, to an administrator who asks about what is their own."""
    caller = stage.newcomer("admin")
    match source:
        case "sign_up":
            asked = Asked(body={"email": f"{stage.name('new')}@example.org", "password": PASSWORD, "name": "New"})
        case "verify_address":
            _, answer, _ = told(stage, "sign_up")
            email = answer.json()["email"]
            asked = Asked(body={"email": email, "code": mailed_code(stage.app, email)})
        case "log_in" | "refresh_login":
            made = people.create(
                stage.app,
                CONSOLE,
                email=f"{stage.name('ana')}@example.org",
                name="Ana",
                role="admin",
                password=PASSWORD,
            )
            assert isinstance(made, Person)
            asked = Asked(body={"email": made.email, "password": PASSWORD})
            if source == "refresh_login":
                asked = Asked(body={"refresh": sent(caller, "log_in", asked).json()["refresh"]})
        case "create_stadium":
            asked = Asked(body={"name": stage.name("Arena"), "stand": [{"name": "A", "rows": 1, "seats": 4}]})
        case "create_booking":
            times = {"start_time": "2026-12-05T10:00:00Z", "end_time": "2026-12-05T11:00:00Z"}
            asked = Asked(body={"resource": stage.court(caller.who).id} | times)
        case "list_resource_slots":
            asked = Asked({"id": stage.court(caller.who).id})
        case "list_wallets":
            caller = stage.newcomer("member")
            stage.purse(caller.who)
            asked = Asked()
        case _:
            asked = TABLE[source].asked(stage, caller.who)
            if source in FILLED:
                FILLED[source](stage, caller.who, asked)
    answer = sent(caller, source, asked)
    assert answer.status < 300, answer.body
    return caller, answer, asked


def with_a_guest(stage: Stage, whose: Person, asked: Asked) -> None:
    """Have somebody in what is asked about, of whatever kind it is."""
    offering = providers.resolve(stage.app, str(asked.path["id"]))
    start = clock_time("10:00", days=3) if offering.kind in ("appointment", "resource") else None
    end = start + timedelta(hours=1) if start and offering.kind == "resource" else None
    best = 1 if offering.kind == "match" else None
    guest = rich(stage.app, stage.newcomer("member").who)
    ask(stage.app, Reserve(CONSOLE, offering.id, guest.id, starts_at=start, ends_at=end, best=best))


FILLED: dict[str, Callable[[Stage, Person, Asked], object]] = {
    "read_my_wallet": lambda stage, whose, asked: stage.purse(whose),
    "list_classes": lambda stage, whose, asked: stage.offering("class", whose),
    "list_events": lambda stage, whose, asked: stage.offering("event", whose),
    "list_matches": lambda stage, whose, asked: stage.match(),
    "list_providers": lambda stage, whose, asked: stage.provider(),
    "list_resources": lambda stage, whose, asked: stage.court(),
    "list_stadiums": lambda stage, whose, asked: stage.venue(),
    "list_clients": lambda stage, whose, asked: stage.newcomer("member"),
    "list_vouchers": lambda stage, whose, asked: stage.voucher(whose),
    "list_reservations": lambda stage, whose, asked: stage.held(whose),
    "list_bookings": lambda stage, whose, asked: stage.booking(whose),
    "list_appointments": lambda stage, whose, asked: stage.appointment(whose),
    "list_prices": lambda stage, whose, asked: catalog.update(
        stage.app, CONSOLE, "match", int(asked.query.partition("=")[2]), {"prices": {"A": "5"}}
    ),
    **{f"list_{kind}_reservations": with_a_guest for kind in ("class", "event", "match", "provider", "resource")},
}
"""What has to be there where there would be nothing."""


def sent(caller: Caller, name: str, asked: Asked, headers: dict[str, str] | None = None) -> Answered:
    method, path = OPERATIONS[name]
    address = path.format(**asked.path) + (asked.query and f"?{asked.query}")
    return caller.client(method, address, asked.body, headers=headers)


def value(expression: Any, step: Step) -> Any:
    """What an expression of a link stands for (OpenAPI 3.1, "Runtime Expressions")."""
    _, answer, asked = step
    match expression:
        case dict():
            return {name: value(one, step) for name, one in expression.items()}
        case list():
            return [value(one, step) for one in expression]
        case str() if expression.startswith("$"):
            place, _, pointer = expression.partition("#")
            match place.split("."):
                case ["$response", "body"]:
                    found = answer.json()
                case ["$request", "body"]:
                    found = asked.body
                case ["$response", "header", name]:
                    return answer.headers[name]
                case ["$request", "path", name]:
                    return asked.path[name]
                case ["$request", "query", name]:
                    return dict(one.split("=") for one in asked.query.split("&"))[name]
                case _:
                    raise AssertionError(f"{expression} is none of OpenAPI's")
            for part in pointer.split("/")[1:]:
                found = found[int(part) if isinstance(found, list) else part]
            return found
        case _:
            return expression


def followed(stage: Stage, step: Step, source: str, name: str) -> Answered:
    caller = step[0]
    found = link(source, name)
    target = found["operationId"]
    where = {one["name"]: one["in"] for one in DESCRIBED[target].get("parameters", ())}
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for parameter, expression in found.get("parameters", {}).items():
        given[where[parameter]][parameter] = value(expression, step)
    body = value(found["requestBody"], step) if "requestBody" in found else None
    if more := KNOWN.get(target):
        body = (body or {}) | more(stage, caller, step[1].json())
    query = "&".join(f"{parameter}={one}" for parameter, one in given["query"].items() if one is not None)
    return sent(caller, target, Asked(given["path"], query, body), given["header"])


def elsewhere(stage: Stage, caller: Caller, reservation: Any) -> dict[str, Any]:
    """Where a reservation can be moved to: it depends on what it is of."""
    match reservation["offering"]["kind"]:
        case "match":
            return {"seats": ["A-1-2"]}
        case "appointment" | "resource":
            return {"starts_at": "2026-12-07T15:00:00Z"}
        case _:
            return {"party": 2}


KNOWN: dict[str, Any] = {
    "verify_address": lambda stage, caller, told: {"code": mailed_code(stage.app, told["email"])},
    "log_in": lambda stage, caller, told: {"password": PASSWORD},
    "move_reservation": elsewhere,
    "charge_wallet": lambda stage, caller, told: {"amount": "1"},
    "withdraw_from_wallet": lambda stage, caller, told: {"amount": "1"},
    "purchase": lambda stage, caller, told: {"reservation": stage.priced(caller.who).id},
    "create_match": lambda stage, caller, told: {
        "title": "X", "starts_at": "2026-12-05T18:00:00Z", "ends_at": "2026-12-05T19:00:00Z",
    },
    "set_prices": lambda stage, caller, told: {"prices": {"A": "5"}},
    "add_provider_schedule": lambda stage, caller, told: {"closed": ["2026-12-24"]},
    "add_resource_schedule": lambda stage, caller, told: {"closed": ["2026-12-24"]},
}  # fmt: skip
"""What nobody knows from the answer: whoever follows the link does."""

TOO_EARLY = (
    "change_appointment", "confirm_class_seat", "confirm_reservation", "create_booking", "purchase", "reserve_event",
)  # fmt: skip
REFUSED: dict[tuple[str, str], str] = {
    **{(source, "check_in"): "too_early" for source in TOO_EARLY},
    ("read_reservation", "check_in"): "not_allowed_now",
    ("read_reservation", "read_reservation_ticket"): "not_allowed_now",
}
"""What is possible later, or in another state: here nobody can be checked in days before, and a hold has no ticket."""


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(request, "sqlite", tmp_path_factory.mktemp("links")) as one:
        yield one


@contextmanager
def stage_for(request: pytest.FixtureRequest, source: str, folder: Path) -> Iterator[Stage]:
    """One house for all; one of its own for what lists whatever is there."""
    if source.startswith("list_"):
        with staged(request, "sqlite", folder) as stage:
            yield stage
    else:
        yield request.getfixturevalue("shared")


@pytest.mark.parametrize("source", sorted({source for source, _ in LINKS}))
def test_every_link_can_be_followed(request: pytest.FixtureRequest, tmp_path: Path, source: str) -> None:
    with stage_for(request, source, tmp_path) as stage:
        for name in (name for other, name in LINKS if other == source):
            answer = followed(stage, told(stage, source), source, name)
            code = None if answer.status < 300 else answer.json()["code"]
            assert code == REFUSED.get((source, name)), (name, answer.body)
