"""The examples of the documentation are true: of the shape, the fields and the words that the server answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from classbook import errors
from classbook.app import open_app
from classbook.config import load
from classbook.core import people
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.values import Person
from classbook.web import examples
from classbook.web.api import ROUTERS, document
from classbook.web.desk import Desk
from classbook.web.problems import STATUS
from classbook.web.server import listen, serve
from tests.conftest import Answered, Client
from tests.databases import SqliteCopies
from tests.makers import CONSOLE
from tests.web.conftest import tokens_of
from tests.web.permissions import OK, TABLE, Stage
from tests.web.test_permissions import OPERATIONS, asked_by_token, staged

DOCUMENT = document()
COMPONENTS = DOCUMENT["components"]
ROUTES = {
    route.operation_id: route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.include_in_schema
}
LEAVES: dict[str, Any] = {
    vars(one)["code"]: one
    for one in vars(errors).values()
    if isinstance(one, type) and "code" in vars(one) and one is not errors.ClassbookError
}


def resolved(one: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to."""
    if "$ref" not in one:
        return one
    _, _, kind, name = one["$ref"].split("/")
    found: dict[str, Any] = COMPONENTS[kind][name]
    return found


def answers_of(name: str) -> dict[str, dict[str, Any]]:
    """The answers of an operation by their status."""
    method, path = OPERATIONS[name]
    described = DOCUMENT["paths"][path][method.lower()]["responses"]
    return {status: resolved(answer) for status, answer in described.items()}


def examples_of(name: str, status: str) -> dict[str, Any]:
    """The examples of an answer by their names."""
    [content] = answers_of(name)[status]["content"].values()
    return {key: resolved(one)["value"] for key, one in content["examples"].items()}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_has_an_example_of_its_shape(name: str) -> None:
    for status, answer in answers_of(name).items():
        if not status.startswith("2") or "content" not in answer:
            continue
        shown = examples_of(name, status)
        assert shown, status
        route = ROUTES[name]
        model = route.responses.get(int(status), {}).get("model") or route.response_model or str
        for example in shown.values():
            TypeAdapter(model).validate_json(json.dumps(example), strict=True)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_refusal_has_an_example_of_each_of_its_codes(name: str) -> None:
    for status in answers_of(name):
        if status < "4":
            continue
        for code, example in examples_of(name, status).items():
            leaf = LEAVES[code]
            assert set(example) == {"type", "title", "status", "detail", "code", "hint", "request_id"}
            assert (example["code"], example["title"], example["status"]) == (code, leaf.title, int(status))
            assert STATUS[leaf.category] == int(status)
            assert "{" not in example["detail"]


def test_no_example_is_left_over() -> None:
    used = {
        name
        for operation in OPERATIONS
        for status, answer in answers_of(operation).items()
        if status.startswith("2") and "content" in answer
        for name in examples_of(operation, status)
    }
    assert set(examples.EXAMPLES) == used
    assert examples.ANSWERS.keys() <= OPERATIONS.keys()


# --- the fields of answers -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(request, "sqlite", tmp_path_factory.mktemp("examples")) as one:
        yield one


def fields(value: Any) -> Any:
    """The names in a value, all the way down; of a list those of its first element, of anything else nothing."""
    match value:
        case dict():
            return {name: fields(one) for name, one in value.items() if name not in FREE}
        case list() if value:
            return [fields(value[0])]
        case _:
            return None


FREE = {"before", "after", "changes_of_them"}
"""What has as many fields as were changed."""


def alike(shown: Any, real: Any) -> bool:
    """Whether two values have the same fields, as far as both have any: one may be null or empty where another is."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(alike(shown[name], real[name]) for name in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return alike(shown[0], real[0])
    return True


NOT_HERE = {"verify_address", "log_in", "refresh_login"}
"""What nobody does here with success; `test_auth` does."""


@pytest.mark.parametrize("name", sorted(set(TABLE) - NOT_HERE))
def test_an_example_has_the_fields_of_the_answer(stage: Stage, name: str) -> None:
    row = TABLE[name]
    admin = stage.newcomer("admin")
    whose = admin.who if row.rule.own["admin"] == OK else stage.newcomer("organizer").who
    answer = asked_by_token(name)(admin, row.asked(stage, whose))
    assert answer.status < 300, answer.body
    if not answer.body or not answer.headers["Content-Type"].startswith("application/json"):
        return
    shown = examples_of(name, str(answer.status))
    assert any(alike(fields(example), fields(answer.json())) for example in shown.values()), answer.body


# --- the words of refusals -----------------------------------------------------------------------------------------


@dataclass
class House:
    """The house that the examples tell of, and who asks there."""

    client: Client
    clock: FrozenClock
    token: Callable[[int], str]
    people: dict[str, Person] = field(default_factory=dict)

    def ask(self, name: str, who: str, body: Any = None, *, query: str = "", **path: Any) -> Answered:
        """One request, by somebody or by nobody (``""``)."""
        method, address = OPERATIONS[name]
        headers = path.pop("headers", None)
        client = self.client.bearing(self.token(self.people[who].id)) if who else self.client
        return client(method, address.format(**path) + (query and f"?{query}"), body, headers=headers)

    def had(self, name: str, who: str, body: Any = None, **asked: Any) -> Any:
        """The same, which is granted."""
        answer = self.ask(name, who, body, **asked)
        assert answer.status < 300, answer.body
        return answer.json()


EVENING = {"starts_at": "2030-12-01T18:00", "ends_at": "2030-12-01T19:00"}
EVENING_OF_EVENT = {"start_time": "2030-12-01T18:00", "end_time": "2030-12-01T19:00"}
TWO_SEATS = {"seats": ["A-3-12", "A-3-13"]}


@pytest.fixture
def house(sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    environ = {"CLASSBOOK_DATABASE_URL": sqlite_copies.copy_to(tmp_path_factory.mktemp("house"))}
    settings = load(config_path=None, environ=environ | {"CLASSBOOK_TIMEZONE": "UTC"}, overrides={})
    clock = FrozenClock(examples.NOW)
    opened = open_app(settings, clock=clock, chance=FixedChance(), mailer=MemoryMailer())
    with closing(opened) as app, closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        tokens = tokens_of(app, access=timedelta(days=400))
        there = House(Client(server.address), clock, tokens.access)
        for name, called, role in (
            ("emma", "Emma", "admin"), ("cleo", "Cleo Brandt", "organizer"), ("ana", "Ana Lopes", "member"),
            ("ben", "Ben", "member"),
        ):  # fmt: skip
            made = people.create(app, CONSOLE, email=f"{name}@example.org", name=called, role=role)
            assert isinstance(made, Person)
            there.people[name] = made
        furnish(there)
        yield there
        server.stop()


def furnish(house: House) -> None:
    """What is on offer in the examples, with the same numbers."""
    stand = [{"name": "A", "rows": 30, "seats": 40}]
    house.had("create_class", "cleo", {"title": "Evening yoga", "seats": 12} | EVENING)
    house.had("create_event", "cleo", {"title": "Open day", "capacity": 50} | EVENING_OF_EVENT)
    house.had("create_stadium", "emma", {"name": "Riverside", "stand": stand})
    match = {"title": "Lions - Bears", "venue_id": 1, "starts_at": EVENING["starts_at"], "ends_at": "2030-12-01T20:00"}
    house.had("create_match", "emma", match | {"prices": {"A": "25"}})
    house.had("create_provider", "emma", {"email": "pia@example.org", "name": "Dr. Pia Sommer"})
    house.had("add_provider_schedule", "emma", {"weekly": [{"days": ["tue"], "hours": ["08:00-11:00"]}]}, id=4)
    house.had("create_resource", "emma", {"name": "Conference Room A", "max_slots": 4})


def check(house: House, code: str, name: str, who: str, body: Any = None, /, **asked: Any) -> None:
    """Ask what is refused with that code, and compare with the example."""
    answer = house.ask(name, who, body, **asked)
    real = answer.json()
    assert real["code"] == code, real
    shown = examples_of(name, str(answer.status))[code]
    assert real | {"request_id": shown["request_id"]} == shown


def test_what_is_not_there_is_said_as_shown(house: House) -> None:
    for kind in ("class", "event", "match", "provider", "resource"):
        check(house, "not_found", f"read_{kind}", "ana", id=99)
    check(house, "not_found", "reserve_class", "ana", {"class_id": 99})
    check(house, "not_found", "reserve_event", "ana", id=99)
    check(house, "not_found", "reserve_match", "ana", {"best": 1}, id=99)
    check(house, "not_found", "confirm_class_seat", "ana", {"class_id": 1, "otp": "123456"})
    check(house, "not_found", "cancel_ticket", "ana", match=3, seat="A-3-12")
    check(house, "not_found", "cancel_booking", "ana", id=99)
    check(house, "not_found", "read_appointment", "ana", id=99)
    check(house, "not_found", "read_reservation", "ana", reservation=99)
    check(house, "not_found", "read_stadium", "ana", id=99)
    check(house, "not_found", "list_seats", "ana", query="venue=99")
    check(house, "not_found", "list_prices", "ana", query="match=99")
    check(house, "not_found", "read_wallet", "ana", wallet=99)
    check(house, "not_found", "why_not", "ana", id=99)
    check(house, "not_found", "read_voucher", "cleo", code="NONE-26")
    check(house, "not_found", "create_voucher", "emma", {"code": "SPRING-26", "percent": 20, "offering": 99})
    check(house, "not_found", "read_calendar", "", token="x")
    check(house, "not_found", "read_offering_calendar_link", "ana", id=99)
    check(house, "not_found", "read_user", "ana", id=99)
    check(house, "not_found", "release_holds", "emma", {"user_id": 99})
    check(house, "not_found", "create_match", "emma", {"title": "X", "venue_id": 99} | EVENING)
    check(house, "not_found", "create_class", "cleo", {"title": "X", "seats": 1, "room": 99} | EVENING)


def test_what_one_may_not_do_is_said_as_shown(house: House) -> None:
    for kind, id in (("class", 1), ("event", 2), ("match", 3), ("provider", 4), ("resource", 5)):
        check(house, "not_yours", f"change_{kind}", "ana", {}, id=id)
        check(house, "not_yours", f"list_{kind}_reservations", "ana", id=id)
    check(house, "not_yours", "create_class", "ana", {"title": "X", "seats": 2} | EVENING)
    check(house, "not_yours", "create_event", "ana", {"title": "X", "capacity": 2, "room": 5} | EVENING_OF_EVENT)
    check(house, "not_yours", "create_match", "ana", {"title": "X", "venue_id": 1} | EVENING)
    check(house, "not_yours", "create_resource", "ana", {"name": "X", "max_slots": 1})
    check(house, "not_yours", "create_provider", "ana", {"email": "x@example.org"})
    check(house, "not_yours", "add_provider_schedule", "ana", {"closed": ["2030-12-24"]}, id=4)
    check(house, "not_yours", "create_stadium", "ana", {"name": "X"})
    check(house, "not_yours", "reserve_class", "ana", {"class_id": 1, "user_id": 1})
    check(house, "not_yours", "list_reservations", "ana", query="user=1")
    check(house, "not_yours", "list_clients", "ana")
    check(house, "not_yours", "list_vouchers", "ana")
    check(house, "not_yours", "read_report", "ana")
    check(house, "not_yours", "list_history", "ana")
    check(house, "not_yours", "release_holds", "ana", {"user_id": 1})
    check(house, "not_yours", "why_not", "ana", id=1, query="user_id=1")
    check(house, "not_yours", "set_prices", "ana", {"match": 3, "prices": {"A": "1"}})
    check(house, "not_logged_in", "read_me", "")
    check(house, "not_logged_in", "refresh_login", "", {"refresh": "x.y.z"})
    check(house, "bad_credentials", "log_in", "", {"email": "ana@example.org", "password": "no"})
    check(house, "wrong_code", "verify_address", "", {"email": "ana@example.org", "code": "123456"})


def test_what_is_not_valid_is_said_as_shown(house: House) -> None:
    check(house, "invalid", "reserve_class", "ana", {"class_id": 1, "colour": "blue"})
    check(house, "invalid", "list_classes", "ana", query="page=0")
    check(house, "invalid", "list_reservations", "ana", query="limit=999")
    check(house, "invalid", "list_match_seats", "ana", id=3, query="best=0")
    check(house, "invalid", "list_prices", "ana", query="match=0")
    check(house, "invalid", "why_not", "ana", id=1, query="party=two")
    check(house, "invalid", "read_report", "cleo", query="from=soon")
    check(house, "invalid", "delete_class", "cleo", id=1, headers={"If-Match": "x"})
    check(house, "bad_span", "change_class", "cleo", {"ends_at": "2030-12-01T17:00"}, id=1)
    check(house, "bad_span", "list_provider_slots", "ana", id=4, query="from=2030-12-02&to=2030-12-01")
    check(house, "unknown_seat", "reserve_match", "ana", {"seats": ["A-99-1"]}, id=3)
    check(house, "too_large", "reserve_class", "ana", b" " * 70_000)
    backwards = {"resource": 5, "start_time": "2030-12-02T12:00Z", "end_time": "2030-12-02T10:00Z"}
    check(house, "bad_span", "create_booking", "ana", backwards)
    key = {"headers": {"Idempotency-Key": "7f3d2a"}}
    house.had("create_event", "ana", {"title": "X", "capacity": 2} | EVENING_OF_EVENT, **key)
    check(house, "key_reused", "create_event", "ana", {"title": "Y", "capacity": 2} | EVENING_OF_EVENT, **key)


def test_why_something_cannot_be_had_is_said_as_shown(house: House) -> None:
    assert house.had("reserve_class", "ana", {"class_id": 1})["code"] == "R-1SZJ-W2FB"
    check(house, "already_reserved", "reserve_class", "ana", {"class_id": 1})
    check(house, "wrong_code", "confirm_class_seat", "ana", {"class_id": 1, "otp": "000000"})
    check(house, "limit_reached", "reserve_class", "emma", {"class_id": 1, "party": 11})
    check(house, "not_allowed_now", "check_in", "ana", reservation=2)
    check(house, "not_allowed_now", "read_reservation_ticket", "ana", reservation=2)
    check(house, "insufficient_funds", "reserve_match", "ana", {"seats": ["A-3-12"]}, id=3)
    purse = house.had("read_my_wallet", "ana")["id"]
    check(house, "not_allowed_now", "purchase", "ana", {"reservation": 2}, wallet=purse)
    check(house, "insufficient_funds", "withdraw_from_wallet", "ana", {"amount": "5"}, wallet=purse)
    house.had("charge_wallet", "ana", {"amount": "50"}, wallet=purse)
    assert house.had("reserve_match", "ana", TWO_SEATS, id=3)["code"] == "R-FKNV-25AC"
    check(house, "seat_taken", "reserve_match", "ben", TWO_SEATS, id=3)
    check(house, "seat_taken", "block_match_seats", "emma", {"seats": ["A-3-12"]}, id=3)
    check(house, "not_allowed_now", "release_match_seats", "emma", {"seats": ["A-3-14"]}, id=3)
    smaller = {"stand": [{"name": "A", "rows": 1, "seats": 4}]}
    check(house, "not_allowed_now", "set_stadium_seats", "emma", smaller, id=1)
    house.had("cancel_class_seat", "ana", {"class_id": 1})
    check(house, "not_allowed_now", "move_reservation", "ana", {"party": 2}, reservation=2)
    check(house, "not_allowed_now", "confirm_reservation", "ana", reservation=2)
    check(house, "not_allowed_now", "anonymise_user", "ana", {"email": "ana@example.org"}, id=3)
    check(house, "not_allowed_now", "delete_class", "cleo", id=1)
    check(house, "exists", "create_client", "emma", {"email": "ana@example.org", "name": "Ana"})
    check(house, "exists", "create_provider", "emma", {"email": "pia@example.org"})
    house.had("change_class", "cleo", {"title": "Evening yoga", "type": "yoga"}, id=1)
    check(house, "changed_meanwhile", "change_class", "cleo", {}, id=1, headers={"If-Match": '"1"'})
    house.had("cancel_class", "cleo", id=1)
    check(house, "offering_cancelled", "reserve_class", "ben", {"class_id": 1})


def test_why_a_time_cannot_be_had_is_said_as_shown(house: House) -> None:
    def visit(start: str) -> dict[str, Any]:
        return {"provider_id": 4, "start": start}

    house.had("create_appointment", "ana", visit("2030-12-03T08:15Z"))
    check(house, "limit_reached", "create_appointment", "ana", visit("2030-12-03T09:15Z"))
    check(house, "span_taken", "create_appointment", "ben", visit("2030-12-03T08:15Z"))
    check(house, "outside_schedule", "create_appointment", "ben", visit("2030-12-03T12:15Z"))
    check(house, "below_notice", "create_appointment", "ben", visit("2030-11-20T10:15Z"))
    check(house, "too_late", "create_appointment", "ben", visit("2030-11-19T10:15Z"))
    meeting = {"resource": 5, "start_time": "2030-12-02T10:00Z", "end_time": "2030-12-02T12:00Z"}
    house.had("create_booking", "ben", meeting | {"party": 4})
    check(house, "span_taken", "create_booking", "ana", meeting | {"queue": False})
    lesson = {"title": "X", "seats": 1, "room": 5, "starts_at": "2030-12-02T10:00", "ends_at": "2030-12-02T11:00"}
    check(house, "span_taken", "create_class", "cleo", lesson)
    twice = {"title": "X", "venue_id": 1} | EVENING
    check(house, "span_taken", "create_match", "emma", twice)
    terms = {"horizon_seconds": 3600, "cancel_until_seconds": 86400}
    far = {"title": "Open day", "capacity": 50, "policy": terms} | EVENING_OF_EVENT
    house.had("create_event", "cleo", far)
    check(house, "too_early", "reserve_event", "ana", id=6)
    house.clock.set(examples.NOW.replace(month=12, day=1, hour=17, minute=30))
    house.had("reserve_event", "ana", id=6)
    late = house.had("list_reservations", "ana")["results"][0]["id"]
    assert house.ask("cancel_reservation", "ana", reservation=late).json()["code"] == "too_late"
    house.clock.set(examples.NOW.replace(month=12, day=1, hour=18, minute=30))
    check(house, "offering_closed", "reserve_event", "ben", id=6)


def test_what_is_over_is_said_as_shown(house: House) -> None:
    house.had("reserve_class", "ana", {"class_id": 1})
    house.had("change_class", "cleo", {"seats": 1}, id=1)
    check(house, "sold_out", "reserve_class", "ben", {"class_id": 1})
    house.clock.advance(timedelta(hours=1))
    check(house, "hold_expired", "confirm_reservation", "ana", reservation=2)
    check(house, "hold_expired", "cancel_reservation", "ana", reservation=2)
