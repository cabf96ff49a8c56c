"""What is sent beside what was asked for: no body of any operation takes it, and nothing breaks over what it is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from classbook.app import App
from classbook.store.tables import metadata
from classbook.web import bodies
from classbook.web.api import document
from classbook.web.bodies import (
    ChangedAppointment,
    ChangedClass,
    ChangedEvent,
    ChangedMatch,
    ChangedProvider,
    ChangedResource,
)
from classbook.web.read_back import MOVING, writable
from tests.conftest import Client
from tests.makers import Cast, a_class, a_court, a_doctor, a_match, a_venue, everything
from tests.web.conftest import As
from tests.web.permissions import TABLE, Stage
from tests.web.test_classes import refused

DOCUMENT = document()
WITH_BODY = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
}
COLUMNS = {column.name for table in metadata.tables.values() for column in table.columns}
READ_BACK: dict[str, tuple[str, type[bodies.Body]]] = {
    "class": ("classes", ChangedClass),
    "event": ("events", ChangedEvent),
    "match": ("matches", ChangedMatch),
    "appointment": ("providers", ChangedProvider),
    "resource": ("resources", ChangedResource),
}


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    [content] = operation["requestBody"]["content"].values()
    described: dict[str, Any] = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return described


@pytest.fixture
def stage(app: App, client: Client, logged_in: As) -> Stage:
    return Stage(app, client, lambda person_id: "")


def test_no_body_is_open() -> None:
    for name, described in DOCUMENT["components"]["schemas"].items():
        model = getattr(bodies, name, None)
        if isinstance(model, type) and issubclass(model, bodies.Body):
            assert described["additionalProperties"] is False, name
    assert all(body_of(operation)["additionalProperties"] is False for _, _, operation in WITH_BODY.values())


def test_no_column_of_the_database_can_be_set_by_naming_it(app: App, cast: Cast, stage: Stage, logged_in: As) -> None:
    """Each operation gets what is right from an administrator, and beside it every column that it does not know."""
    admin = logged_in(cast.emma)
    for name, (method, path, operation) in sorted(WITH_BODY.items()):
        asked = TABLE[name].asked(stage, cast.emma)
        known = body_of(operation).get("properties", {})
        before = everything(app)
        for column in sorted(COLUMNS - known.keys()):
            answer = admin(method, path.format(**asked.path), (asked.body or {}) | {column: 1})
            problem = refused(answer, 422, "invalid")
            assert f"{column} is not known here" in problem["detail"], name
        assert everything(app) == before, name


@pytest.mark.parametrize("kind", READ_BACK)
def test_what_only_the_house_writes_comes_back_as_it_is_or_not_at_all(
    app: App, cast: Cast, logged_in: As, kind: str
) -> None:
    many, body = READ_BACK[kind]
    admin = logged_in(cast.emma)
    made = {
        "class": lambda: a_class(app),
        "event": lambda: a_class(app, kind="event"),
        "match": lambda: a_match(app, a_venue(app, "A:1x3")),
        "appointment": lambda: a_doctor(app),
        "resource": lambda: a_court(app),
    }[kind]()
    path = f"/api/v0/{many}/{made.id}/"
    shown = admin.get(path).json()
    assert admin("PATCH", path, shown).json() == shown | {"version": shown["version"] + 1}
    for name in sorted(body.model_fields.keys() - writable(body)):
        before = admin.get(path).json()
        answer = admin("PATCH", path, {name: "another"})
        if name not in MOVING:
            assert name in refused(answer, 422, "invalid")["detail"]
        now = admin.get(path).json()
        assert {**now, "version": 0} == {**before, "version": 0}, name


def test_the_state_of_an_appointment_is_not_written_by_who_has_it(cast: Cast, stage: Stage, logged_in: As) -> None:
    one = stage.appointment(cast.ana)
    path, ana = f"/api/v0/appointments/{one.id}/", logged_in(cast.ana)
    before = ana.get(path).json()
    for name in sorted(ChangedAppointment.model_fields.keys() - writable(ChangedAppointment)):
        answer = ana("PATCH", path, {name: "another"})
        assert answer.status == (200 if name in MOVING else 422), name
    assert ana.get(path).json() == before


DEEP = {
    "lists": b"[" * 30_000 + b"]" * 30_000,
    "objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "lists that never end": b"[" * 65_000,
    "a long number": b"[" + b"9" * 60_000 + b"]",
    "a lone surrogate": b'{"title": "\\ud800"}',
    "not UTF-8": b'{"title": "\xff"}',
    "a NUL": b'{"title": "a\\u0000b"}',
    "twice the same": b'{"title": "a", "title": ["b"]}',
    "NaN": b'{"title": NaN}',
    "a text": b'"text"',
    "nothing": b"null",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
def test_what_is_no_body_is_refused_by_every_operation(front: Client, body: bytes) -> None:
    """Whoever sends it: it is refused before anything else is looked at, or for who sends it."""
    for name, (method, path, _) in WITH_BODY.items():
        filled = path.replace("{match}:{seat}", "1:A-1-1").replace("{", "").replace("}", "")
        answer = front(method, filled.replace("/id/", "/1/").replace("/wallet/", "/1/"), body)
        assert answer.status in (401, 403, 404, 422), (name, answer.status)
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("field", ["stand", "policy"])
def test_what_is_nested_where_it_may_be_is_read_to_a_bound(cast: Cast, logged_in: As, field: str) -> None:
    """The two places that take any shape: a seat plan, and terms that are sent back."""
    deep: Any = 1
    for _ in range(500):
        deep = [deep] if len(json.dumps(deep)) % 2 else {"a": deep}
    admin = logged_in(cast.emma)
    if field == "stand":
        refused(admin.post("/api/v0/stadiums/", {"name": "X", "stand": [{"name": deep}]}), 422, "invalid")
    else:
        made = admin.post("/api/v0/resources/", {"name": "X", "max_slots": 1}).json()
        refused(admin("PATCH", f"/api/v0/resources/{made['id']}/", {"policy": {"confirm": deep}}), 422, "invalid")


def test_quotes_are_letters_like_others(app: App, cast: Cast, stage: Stage, logged_in: As) -> None:
    one, ana, emma = stage.held(cast.ben), logged_in(cast.ana), logged_in(cast.emma)
    before = everything(app)
    for words in ("x' OR '1'='1", "1; DROP TABLE people --", "%", "\\", 'x" OR "1"="1', "1) UNION SELECT 1 --"):
        said = quote(words, safe="")
        assert ana.get(f"/api/v0/classes/?type={said}").json()["count"] == 0
        for path in (f"reservations/{one.id}{said}", f"tickets/{one.offering.id}:{said}", f"classes/{said}"):
            assert ana.get(f"/api/v0/{path}/").status == 404, path
        for query in ("cursor", "state", "limit", "user"):
            assert emma.get(f"/api/v0/reservations/?{query}={said}").status == 422, (query, words)
        refused(ana.post("/api/v0/auth/login/", {"email": words, "password": words}), 401, "bad_credentials")
    assert {name: rows for name, rows in everything(app).items() if name != "throttles"} == {
        name: rows for name, rows in before.items() if name != "throttles"
    }


@pytest.mark.parametrize("letters", ["%0d%0aSet-Cookie:a=b", "%0aX-Evil:1", "%00", "%e2%80%a8X-Evil:1"])
def test_no_header_of_an_answer_is_written_by_who_asks(front: Client, letters: str) -> None:
    for path in (f"/api/v0/classes/?type={letters}&page_size=1", f"/api/v0/{letters}/", f"/confirm/{letters}/",
                 f"/api/docs/assets/{letters}/", f"/my/{letters}/", f"/offerings/{letters}/"):  # fmt: skip
        answer = front.get(path, headers={"X-Request-Id": f"a{letters}"})
        assert "x-evil" not in {name.lower() for name in answer.headers} and "a=b" not in str(answer.headers), path
        assert letters not in answer.headers["X-Request-Id"]
