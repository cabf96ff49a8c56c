"""The documentation: from this server alone, and as the API is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from classbook.values import Class, Person, Report, Reservation
from classbook.web.api import ROUTERS
from classbook.web.routes import PREFIX, access
from classbook.web.visit import anyone
from tests.conftest import Client
from tests.web.test_pages import Page

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
            assert "422" not in operation["responses"]
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
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
    assert list(operation["responses"]) == ["201", "default"]
