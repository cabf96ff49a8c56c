"""How routes are made: which access they declare, how those that change something are run, which ids they take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from classbook.web.pages.browser import resident, visitor
from classbook.web.problems import invalid
from classbook.web.visit import Visit, anyone, person

PREFIX: Final = "/api/v0"


class _Id(Convertor[int]):
    """``{name:id}`` in a path: a number that the database can hold. Anything else is an address nobody has."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", _Id())


class Action(APIRoute):
    """A route that changes something: its endpoint takes ``visit``, the ids of its path and at most one ``body``.

    FastAPI reads the signature for the documentation. The request itself takes a shorter way than FastAPI's, which
    costs a rush more than the booking does: the body is validated from its bytes in one step, which also makes
    everything that is not JSON in UTF-8 the same refusal.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        endpoint = self.endpoint
        needs_login = access(self) is person
        read_body = _reader(self.body_field.field_info.annotation) if self.body_field else None

        async def handle(request: Request) -> Response:
            visit: Visit = request.scope["visit"]
            if needs_login:
                visit.log_in()
            arguments = dict(request.scope["path_params"])
            if read_body:
                arguments["body"] = read_body(visit.body)
            answer: Response = await endpoint(visit=visit, **arguments)
            return answer

        return handle


def actions(tag: str) -> APIRouter:
    """The routes about one noun that change something."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=Action)


def looks(tag: str) -> APIRouter:
    """The routes about one noun that only look."""
    return APIRouter(prefix=PREFIX, tags=[tag])


def access(route: APIRoute) -> Callable[..., Any] | None:
    """What a route declares, be it a page or not: `anyone`, `person`, or None where somebody forgot."""
    declared = {dependant.call for dependant in route.dependant.dependencies}
    if declared & {person, resident}:
        return person
    return anyone if declared & {anyone, visitor} else None


def refuse_undeclared(routes: Iterable[BaseRoute]) -> None:
    """Keep a server from starting with a route that does not say who may use it. Raises RuntimeError."""
    for route in routes:
        if not isinstance(route, APIRoute) or access(route) is None:
            raise RuntimeError(f"the route {getattr(route, 'path', route)} declares no access: Anyone or Person")


def _reader(model: Any) -> Callable[[bytes], Any]:
    adapter = TypeAdapter(model)

    def read(body: bytes) -> Any:
        try:
            return adapter.validate_json(body or b"{}")
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False)) from None

    return read
