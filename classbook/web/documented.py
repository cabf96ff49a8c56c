"""How the API describes itself: what an operation may refuse, and which headers it takes and gives.

What follows from the shape of an operation (a login, an id in the path, a body) is written by `complete`; what is its
own, its route says with ``responses=refuses(...)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from classbook import errors
from classbook.errors import (
    AlreadyReserved,
    BadSpan,
    BelowNotice,
    Busy,
    ChangedMeanwhile,
    ClassbookError,
    HoldExpired,
    InsufficientFunds,
    Internal,
    Invalid,
    KeyReused,
    LimitReached,
    NotAllowedNow,
    NotFound,
    NotLoggedIn,
    NotYours,
    OfferingCancelled,
    OfferingClosed,
    OutsideSchedule,
    SeatTaken,
    SoldOut,
    SpanTaken,
    TooEarly,
    TooLarge,
    TooLate,
    TooManyGuesses,
    TooManyRequests,
    Unavailable,
    UnknownSeat,
    WrongCode,
)
from classbook.values import plain
from classbook.web.examples import EXAMPLES, IN_PATHS, of_answer
from classbook.web.guide import ANYWHERE, PARAMETERS, TAGS, TERMS
from classbook.web.links import LINKS, next_page
from classbook.web.problems import STATUS
from classbook.web.sentences import sentence
from classbook.web.shapes import Problem

Refusals = tuple[type[ClassbookError], ...]
Responses = dict[int | str, dict[str, Any]]

RESERVING: Final[Refusals] = (
    NotFound, NotYours, AlreadyReserved, SoldOut, LimitReached, OfferingClosed, OfferingCancelled, TooEarly, TooLate,
    NotAllowedNow, InsufficientFunds, BelowNotice, TooManyRequests,
)  # fmt: skip
SEATS: Final[Refusals] = (SeatTaken, UnknownSeat)
TIMES: Final[Refusals] = (SpanTaken, BadSpan, OutsideSchedule)
CONFIRMING: Final[Refusals] = (WrongCode, TooManyGuesses, HoldExpired, OfferingCancelled, NotAllowedNow)
GIVING_BACK: Final[Refusals] = (HoldExpired, NotAllowedNow, TooLate)
MAKING: Final[Refusals] = (NotYours, BadSpan, SpanTaken, NotFound, NotAllowedNow, OfferingCancelled)
CHANGING: Final[Refusals] = (NotYours, NotAllowedNow, OfferingClosed, OfferingCancelled, BadSpan, SpanTaken)

_CODES: Final = "x-codes"
_LEAVES: Final = {leaf.code: leaf for leaf in vars(errors).values() if isinstance(leaf, type) and hasattr(leaf, "code")}
_FEW: Final = 2
"""Up to so many refusals of one status have a name of their own in the document."""
_EVERYWHERE: Final[Refusals] = (Internal, Busy, Unavailable)
_HEADERS: Final = {
    "ETag": "The version of the offering, for `If-Match`.",
    "Location": "Where what was made is.",
    "Retry-After": "In how many seconds it is worth another try.",
    "WWW-Authenticate": "How to log in.",
}
_SENT_WITH: Final = {401: ("WWW-Authenticate",), 409: ("Retry-After",), 429: ("Retry-After",), 503: ("Retry-After",)}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: the same key and body get the first answer again.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
}
_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the answer that was read: refused with 412 where somebody else was faster.",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,18}")$'},
}


def refuses(*leaves: type[ClassbookError]) -> Responses:
    """What an operation may refuse by itself, for ``responses=`` of its route."""
    return {
        status: {"description": "Refused.", _CODES: [leaf.code for leaf in found]}
        for status, found in _by_status(leaves).items()
    }


def gives(status: int, *headers: str) -> Responses:
    """The headers of an answer, for ``responses=`` of its route."""
    return {status: {"headers": _header_references(headers)}}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """The document with every refusal and every header that can be, instead of FastAPI's."""
    components = schema["components"]
    components["schemas"]["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["headers"] = {
        name: {"description": said, "schema": {"type": "string"}} for name, said in _HEADERS.items()
    }
    components["responses"] = {}
    schema["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    _say_what_fields_mean(components["schemas"])
    components["examples"] = {name: {"value": plain(value)} for name, value in EXAMPLES.items()}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            leaves = _refused_by(operation, path=path, method=method)
            operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
            _say_what_is_asked(operation)
            _show_what_is_answered(operation)
            _say_what_is_refused(operation, leaves, components=components)
            if body := operation.get("requestBody"):
                body["required"] = _must_be_sent(body, components["schemas"])
            more = [_KEY] if method == "post" else []
            more += [_MATCH] if ChangedMeanwhile in leaves else []
            if more:
                operation["parameters"] = [*operation.get("parameters", ()), *more]
    return schema


def _must_be_sent(body: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether something in a body is required; else all of it may be left out."""
    [content] = body["content"].values()
    return bool(schemas[content["schema"]["$ref"].rpartition("/")[2]].get("required"))


def _refused_by(operation: dict[str, Any], *, path: str, method: str) -> list[type[ClassbookError]]:
    """What an operation may refuse: by its own word, and by its shape."""
    own = [_LEAVES[code] for one in operation["responses"].values() for code in one.get(_CODES, ())]
    implied: list[type[ClassbookError]] = []
    if "security" in operation:
        implied += [NotLoggedIn]
    if "{" in path:
        implied += [NotFound]
    if "requestBody" in operation:
        implied += [TooLarge]
    if "requestBody" in operation or ChangedMeanwhile in own or any(_in_query(operation)):
        implied += [Invalid]
    if method == "post":
        implied += [KeyReused]
    return list(dict.fromkeys([*implied, *own, *_EVERYWHERE]))


def _in_query(operation: dict[str, Any]) -> Iterator[str]:
    """The names of what is asked for behind the question mark."""
    return (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")


def _say_what_fields_mean(schemas: dict[str, Any]) -> None:
    """Of the terms of an offering, and of whatever else nothing is said of."""
    for name, shape in schemas.items():
        said = TERMS if name == "Policy" else ANYWHERE
        for field, described in shape.get("properties", {}).items():
            if "description" not in described and field in said:
                described["description"] = said[field]


def _say_what_is_asked(operation: dict[str, Any]) -> None:
    """Say of each parameter what it means, and of what stands in the path how that looks."""
    for one in operation.get("parameters", ()):
        if said := PARAMETERS.get(one["name"]):
            one.setdefault("description", said)
        if one["in"] == "path":
            one["example"] = IN_PATHS[operation["tags"][0]][one["name"]]


def _show_what_is_answered(operation: dict[str, Any]) -> None:
    """Give each answer that has a body an example, and links to where one can go from there."""
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values() if status.startswith("2") else ():
            names = of_answer(operation["operationId"], content["schema"])
            content["examples"] = {name: _example_reference(name) for name in names}
            if links := LINKS.get(operation["operationId"], {}) | next_page(operation):
                answer["links"] = links


def _say_what_is_refused(
    operation: dict[str, Any], leaves: Sequence[type[ClassbookError]], *, components: dict[str, Any]
) -> None:
    """Write the refusals over what stands there; what many operations have in common is said once."""
    responses = operation["responses"]
    for stale in [status for status in responses if status >= "4"]:
        del responses[stale]
    for status, found in sorted(_by_status(leaves).items()):
        said = dict(sentence(leaf, *_places(operation)) for leaf in found)
        components["examples"] |= {name: {"value": shown} for name, shown in said.items()}
        responses[str(status)] = _answer(status, found, names=said)
        if len(found) <= _FEW:
            name = "Or".join(leaf.__name__ for leaf in found) + _apart(said)
            components["responses"][name] = responses[str(status)]
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}


def _places(operation: dict[str, Any]) -> Iterator[str]:
    """Where a refusal is said, the closest first: the operation, what it may be asked with, its tag."""
    yield operation["operationId"]
    if "requestBody" not in operation:
        asked = set(_in_query(operation))
        yield "with_page" if "page" in asked else "with_limit" if "limit" in asked else "with_version"
    yield operation["tags"][0]


def _apart(names: Iterable[str]) -> str:
    """What tells refusals of the same kind apart that have different words, for their common name."""
    return "".join(f".{place}" for _, _, place in (name.partition(".") for name in names) if place)


def _answer(status: int, leaves: Sequence[type[ClassbookError]], *, names: Iterable[str]) -> dict[str, Any]:
    """A refusal, with an example for each of its codes; ``names`` are those of the examples."""
    answer = {
        "description": "\n".join(f"- `{leaf.code}`: {leaf.title}" for leaf in leaves),
        "content": {
            "application/problem+json": {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Problem"},
                        {"properties": {"code": {"enum": [leaf.code for leaf in leaves]}}},
                    ]
                },
                "examples": {name.partition(".")[0]: _example_reference(name) for name in names},
            }
        },
    }
    return answer | ({"headers": _header_references(_SENT_WITH[status])} if status in _SENT_WITH else {})


def _example_reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/examples/{name}"}


def _header_references(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _by_status(leaves: Iterable[type[ClassbookError]]) -> dict[int, list[type[ClassbookError]]]:
    found: dict[int, list[type[ClassbookError]]] = {}
    for leaf in leaves:
        found.setdefault(STATUS[leaf.category], []).append(leaf)
    return found
