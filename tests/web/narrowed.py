"""The API document narrowed to a few operations, so that whoever goes at random along its links gets far."""

from __future__ import annotations

from typing import Any, Final

from classbook.web.api import document

NOWHERE: Final = 10**12
"""The id of nothing: what comes from no link has no other, so that the same request has the same answer each time."""

Described = dict[str, Any]


def narrowed(names: set[str]) -> Described:
    """These operations with the links among them. Nothing is sent but what must be, what a link sets, and examples."""
    whole = document()
    kept = {
        path: {method: one for method, one in operations.items() if one["operationId"] in names}
        for path, operations in whole["paths"].items()
    }
    by_name = {one["operationId"]: one for operations in kept.values() for one in operations.values()}
    bodies = {name: _body(one, whole) for name, one in by_name.items() if "requestBody" in one}
    for one in by_name.values():
        _narrow_links(one, names, bodies)
    links = [link for one in by_name.values() for link in _links(one)]
    for name, one in by_name.items():
        leading = [link for link in links if link["operationId"] == name]
        _narrow_parameters(one, leading)
        if name in bodies:
            _narrow_body(one, bodies[name], leading)
    return whole | {"paths": {path: operations for path, operations in kept.items() if operations}}


def _body(operation: Described, whole: Described) -> Described:
    """The shape of what an operation takes."""
    [content] = operation["requestBody"]["content"].values()
    found: Described = whole["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return found


def _links(operation: Described) -> list[Described]:
    return [link for answer in operation["responses"].values() for link in answer.get("links", {}).values()]


def _narrow_links(operation: Described, names: set[str], bodies: dict[str, Described]) -> None:
    """Leave the links to the others. A link that sets all that a body must have is sent without anything beside it."""
    for answer in operation["responses"].values():
        links = {}
        for name, link in answer.pop("links", {}).items():
            target = link["operationId"]
            if target in names and target != operation["operationId"]:
                whole = set(bodies.get(target, {}).get("required", ())) <= set(link.get("requestBody", ()))
                links[name] = link | {"x-schemathesis": {"merge_body": not whole}}
        if links:
            answer["links"] = links


def _narrow_parameters(operation: Described, leading: list[Described]) -> None:
    """Leave what must be sent or is set by a link, which else is about nothing."""
    by_links = {name for link in leading for name in link.get("parameters", {})}
    operation["parameters"] = [
        one | {"schema": {"enum": [_nothing(one)]}}
        for one in operation.get("parameters", ())
        if one["required"] or one["name"] in by_links
    ]


def _nothing(parameter: Described) -> int | str:
    if parameter["name"] == "If-Match":
        return "*"
    return NOWHERE if parameter["schema"].get("type") == "integer" else "nothing"


def _narrow_body(operation: Described, body: Described, leading: list[Described]) -> None:
    """Leave the examples, about nothing where a link would say what about."""
    by_links = {name for link in leading for name in link.get("requestBody", {})}
    examples = body.get("examples") or [{name: body["properties"][name]["examples"][0] for name in body["required"]}]
    about_nothing = [
        {name: NOWHERE if name in by_links and isinstance(one, int) else one for name, one in example.items()}
        for example in examples
    ]
    [media_type] = operation["requestBody"]["content"]
    operation["requestBody"] = {"required": True, "content": {media_type: {"schema": {"enum": about_nothing}}}}
