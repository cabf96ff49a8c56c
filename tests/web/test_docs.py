"""The documentation: from this server alone, and as the API is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from classbook import errors
from classbook.values import Class, Person, Report, Reservation
from classbook.web import guide
from classbook.web.api import ROUTERS, document
from classbook.web.problems import STATUS
from classbook.web.routes import PREFIX, access
from classbook.web.visit import anyone
from tests.conftest import Client
from tests.web.test_classes import refused
from tests.web.test_pages import Page

ROOT = Path(__file__).parents[2]
LEAVES: dict[str, Any] = {one.code: one for one in vars(errors).values() if hasattr(one, "code")}
PAGES = ("/api/docs/", "/api/docs/redoc/")


@pytest.fixture(scope="module")
def schema(front: Client) -> dict[str, Any]:
    described: dict[str, Any] = front.get("/api/schema/").json()
    return described


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_this_server_and_nobody_else(front: Client, path: str) -> None:
    answer = front.get(path)
    text = answer.body.decode()
    assert not re.search(r"(https?:)?//", text.replace("<!doctype", ""))
    policy = answer.headers["Content-Security-Policy"]
    assert not re.search(r"https?:|\*|unsafe-eval|script-src[^;]*unsafe", policy)
    asked_for = Page(answer).asked_for
    assert len(asked_for) >= 2
    for asset in asked_for:
        found = front.get(asset)
        assert found.status == 200
        assert len(found.body) > 100
        assert found.headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css", "image/png")
        assert found.headers["Cache-Control"] == "public, max-age=86400"


def test_the_pages_read_our_schema(front: Client) -> None:
    assert 'url: "/api/schema/"' in front.get("/api/docs/assets/start.js").body.decode()
    assert 'spec-url="/api/schema/"' in front.get("/api/docs/redoc").body.decode()


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fcore.py", "__init__.py", "../core.py", "%2e%2e"])
def test_only_the_packaged_assets_are_given(front: Client, name: str) -> None:
    assert front.get(f"/api/docs/assets/{name}").status == 404


def test_every_api_route_is_described(schema: dict[str, Any]) -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    expected = {
        (route.path_format, method.lower())
        for route in routes
        if route.include_in_schema
        for method in route.methods or ()
    }
    described = {(path, method) for path, operations in schema["paths"].items() for method in operations}
    assert described == expected
    assert {path for path, _ in described if not path.startswith(PREFIX)} == {"/healthz/", "/readyz/"}


def test_every_operation_says_who_what_and_how_it_refuses(schema: dict[str, Any]) -> None:
    public = {
        (route.path_format, method.lower())
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and access(route) is anyone
        for method in route.methods or ()
    }
    names = set()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], path
            assert ("security" not in operation) == ((path, method) in public), (method, path)
            names.add(operation["operationId"])
    assert len(names) == sum(map(len, schema["paths"].values()))
    assert schema["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("value", [Class, Reservation, Person, Report])
def test_the_shapes_are_those_of_the_values(schema: dict[str, Any], value: type) -> None:
    described = schema["components"]["schemas"][value.__name__]
    assert list(described["properties"]) == list(value.__dataclass_fields__)  # type: ignore[attr-defined]
    assert described["required"] == list(described["properties"])


def test_money_and_instants_are_described_as_they_are_answered(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    assert list(schemas["Money"]["properties"]) == ["amount", "currency"]
    starts_at = schemas["Reservation"]["properties"]["starts_at"]
    assert {"type": "string", "format": "date-time"} in starts_at["anyOf"]


def test_a_body_is_described_with_its_fields(schema: dict[str, Any]) -> None:
    operation = schema["paths"][f"{PREFIX}/classes/reserve-seat/"]["post"]
    [content] = operation["requestBody"]["content"].values()
    body = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    assert body["required"] == ["class_id"]
    assert body["additionalProperties"] is False
    assert list(operation["responses"]) == ["201", "401", "402", "403", "404", "409", "413", "422", "429", "500", "503"]
    assert operation["requestBody"]["required"] is True


def test_every_schema_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    """Where two models have one name FastAPI tells them apart by where they stand, which is nobody's business."""
    assert [name for name in schema["components"]["schemas"] if "__" in name] == []


def test_every_body_has_an_example_that_its_operation_takes(schema: dict[str, Any]) -> None:
    """Of the whole body, or of each field that must be there."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    for route in routes:
        if route.body_field is None or not route.include_in_schema:
            continue
        model = route.body_field.field_info.annotation
        assert model is not None
        described = schema["components"]["schemas"][model.__name__]
        fields = {name: described["properties"][name].get("examples") for name in described.get("required", ())}
        examples = described.get("examples") or [{name: found[0] for name, found in fields.items() if found}]
        for example in examples:
            TypeAdapter(model).validate_python(example)
        assert described.get("examples") or fields, f"{model.__name__} has no example"


def test_a_body_in_which_nothing_is_required_may_be_left_out(front: Client, schema: dict[str, Any]) -> None:
    path = f"{PREFIX}/reservations/{{reservation}}/cancel/"
    assert schema["paths"][path]["post"]["requestBody"]["required"] is False
    refused(front.post(path.format(reservation=9)), 404, "not_found")


def test_every_operation_has_a_name_that_was_given_to_it() -> None:
    """Clients are made from these names, so that none may follow from where a function stands."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert [route.path for route in routes if route.include_in_schema and not route.operation_id] == []


def test_every_parameter_and_every_tag_says_what_it_means(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description"), (path, parameter["name"])
                assert parameter["in"] != "path" or "example" in parameter, (path, parameter["name"])
    used = {tag for operations in schema["paths"].values() for one in operations.values() for tag in one["tags"]}
    assert [tag["name"] for tag in schema["tags"]] == list(guide.TAGS)
    assert guide.TAGS.keys() == used


def test_the_terms_of_an_offering_are_all_explained(schema: dict[str, Any]) -> None:
    terms = schema["components"]["schemas"]["Terms"]["properties"]
    assert {name: one.get("description") for name, one in terms.items()} == guide.TERMS
    assert schema["components"]["schemas"]["Policy"]["properties"].keys() == terms.keys() - {"once"}


def test_the_guide_names_requests_that_there_are(schema: dict[str, Any]) -> None:
    named = re.findall(r"`(GET|POST) (/api/v0/[^`]*)`", schema["info"]["description"])
    assert len(named) >= 10
    for method, path in named:
        assert method.lower() in schema["paths"][path], (method, path)


def test_every_refusal_is_described_with_its_codes(schema: dict[str, Any]) -> None:
    shared = schema["components"]["responses"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert {"500", "503"} <= operation["responses"].keys() and "default" not in operation["responses"]
            for status, answer in operation["responses"].items():
                if status < "4":
                    continue
                described = shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
                [(media_type, content)] = described["content"].items()
                assert media_type == "application/problem+json"
                problem, limited = content["schema"]["allOf"]
                assert problem == {"$ref": "#/components/schemas/Problem"}
                codes = limited["properties"]["code"]["enum"]
                assert {str(STATUS[LEAVES[code].category]) for code in codes} == {status}, (method, path)
                assert all(f"`{code}`" in described["description"] for code in codes)


def test_every_status_that_is_answered_is_one_of_the_document(schema: dict[str, Any]) -> None:
    """Every status that a category has, but those of the door: 405 is no operation's, 413 is every body's."""
    described = {
        status for operations in schema["paths"].values() for one in operations.values() for status in one["responses"]
    }
    assert {status for status in described if status >= "4"} == {str(status) for status in STATUS.values()} - {"405"}


def test_offerings_say_their_version_and_take_it_back(schema: dict[str, Any]) -> None:
    for noun in ("classes", "events", "matches", "providers", "resources"):
        one = schema["paths"][f"{PREFIX}/{noun}/{{id}}/"]
        assert all("ETag" in one[verb]["responses"]["200"]["headers"] for verb in ("get", "put", "patch"))
        for operation in (
            one["put"],
            one["patch"],
            one["delete"],
            schema["paths"][f"{PREFIX}/{noun}/{{id}}/cancel/"]["post"],
        ):
            assert "If-Match" in [parameter["name"] for parameter in operation["parameters"]]
            assert "412" in operation["responses"]
        made = schema["paths"][f"{PREFIX}/{noun}/"]["post"]
        assert set(made["responses"]["201"]["headers"]) == {"ETag", "Location"}


def test_every_post_takes_a_key(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            named = [parameter["name"] for parameter in operation.get("parameters", ())]
            assert ("Idempotency-Key" in named) == (method == "post"), path


def test_the_document_is_the_one_that_was_agreed(front: Client) -> None:
    """What clients are made from changes on purpose only. Where this fails and the change is meant, run:
    classbook openapi > docs/openapi.json"""
    agreed = json.loads((ROOT / "docs/openapi.json").read_text())
    assert document() == agreed, "run: classbook openapi > docs/openapi.json"
    assert front.get("/api/schema/").json() == agreed


def test_the_command_prints_the_document_without_a_database(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; from classbook.cli import main; sys.exit(main(['openapi']))"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert json.loads(ran.stdout) == document()
    assert list(tmp_path.iterdir()) == []
