"""Serving: what was asked is answered before the end, and a port that is taken is said clearly."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse, Response

from classbook.app import App
from classbook.errors import Unavailable
from classbook.web.api import make_web
from classbook.web.desk import Desk
from classbook.web.routes import actions, refuse_undeclared
from classbook.web.server import Server, listen, serve
from classbook.web.visit import Anyone, Person
from tests.conftest import Client
from tests.makers import Cast, a_class, broken
from tests.web.conftest import tokens_of
from tests.web.test_door import connected


def test_port_0_takes_a_free_one_of_this_machine_alone(app: App) -> None:
    with closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        assert urlsplit(server.address).hostname == "127.0.0.1"
        assert Client(server.address).get("/healthz").status == 200
        server.stop()
    with pytest.raises(ConnectionRefusedError):
        Client(server.address).get("/healthz")


def test_a_port_that_is_taken_is_said_clearly() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Cannot listen on 127.0.0.1 port {port}: Address already in use"):
            listen("127.0.0.1", port)
    with closing(listen("127.0.0.1", port)):
        pass


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("203.0.113.1", 0)])
def test_an_address_that_cannot_be_is_said_clearly(host: str, port: int) -> None:
    with pytest.raises(Unavailable, match="Cannot listen on"):
        listen(host, port)


def test_a_request_in_flight_is_answered_before_the_end(app: App, cast: Cast) -> None:
    offering = a_class(app)
    opened, inside = threading.Event(), threading.Event()
    with closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        member = Client(server.address).bearing(tokens_of(app).access(cast.ana.id))
        desk.call(lambda: inside.set() or opened.wait(30))  # type: ignore[func-returns-value]
        inside.wait(30)
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(member.post("/api/v0/classes/reserve-seat", {"class_id": offering.id}))
        )
        asking.start()
        while not desk._asked:
            pass
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        while accepts(server.address):
            pass
        opened.set()
        stopping.join()
        asking.join()
    assert answers[0].status == 201
    assert broken(app) == []


def accepts(address: str) -> bool:
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_connection_is_kept_for_the_next_request(client: Client) -> None:
    with closing(HTTPConnection(client.address.removeprefix("http://"), timeout=30)) as connection:
        for _ in range(3):
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
            assert connection.sock is not None


def test_two_servers_may_share_a_socket(app: App) -> None:
    listener = listen("127.0.0.1", 0)
    with closing(Desk(app)) as first, closing(Desk(app)) as second:
        servers = [serve(app, first, listener=listener), serve(app, second, listener=listener.dup())]
        assert Client(servers[0].address).get("/healthz").status == 200
        for server in servers:
            server.stop()


def test_a_face_that_cannot_start_is_not_waited_for(app: App) -> None:
    async def broken_web(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(Unavailable, match="did not start"):
        Server(broken_web, listen("127.0.0.1", 0))


def test_a_rush_over_http_never_gives_a_place_twice(app: App, cast: Cast, client: Client) -> None:
    offering, crowd = a_class(app, seats=15), cast.crowd(40)
    tokens = tokens_of(app)
    answers: list[int] = []

    def reserve(token: str) -> None:
        answers.append(client.bearing(token).post("/api/v0/classes/reserve-seat", {"class_id": offering.id}).status)

    threads = [threading.Thread(target=reserve, args=(tokens.access(who.id),)) for who in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] * 15 + [409] * 25
    assert broken(app) == []


# --- routes --------------------------------------------------------------------------------------------------------


def test_a_route_that_declares_no_access_keeps_the_server_from_starting(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = APIRouter()

    @forgotten.get("/forgotten/")
    def forget() -> Response:
        return PlainTextResponse("to whom?")

    monkeypatch.setattr("classbook.web.api.ROUTERS", (forgotten,))
    with closing(Desk(app)) as desk, pytest.raises(RuntimeError, match="/forgotten/ declares no access"):
        make_web(app, desk)


def test_a_mount_or_a_route_that_acts_needs_a_declaration_too() -> None:
    web, acting = FastAPI(openapi_url=None), actions("test")
    web.mount("/files", FastAPI())
    with pytest.raises(RuntimeError, match="/files declares no access"):
        refuse_undeclared(web.routes)

    async def act(visit: Any) -> Response:
        return PlainTextResponse("to whom?")

    acting.post("/act/")(act)
    with pytest.raises(RuntimeError, match="/act/ declares no access"):
        refuse_undeclared(acting.routes)

    async def look(visit: Anyone) -> Response:
        return PlainTextResponse("to everybody")

    async def look_closer(visit: Person) -> Response:
        return PlainTextResponse("to you")

    good = APIRouter()
    good.get("/look/")(look)
    good.get("/look-closer/")(look_closer)
    refuse_undeclared(good.routes)


# --- what comes before a request -----------------------------------------------------------------------------------


def test_a_head_without_end_is_cut_off(front: Client) -> None:
    with connected(front) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert is_cut_off(connection, sending=b"X-More: " + b"x" * 1000 + b"\r\n")
    with connected(front) as connection:
        connection.sendall(b"GET /")
        assert is_cut_off(connection, sending=b"a" * 1000)


def test_who_takes_too_long_to_ask_is_hung_up_on(front: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classbook.web.protocol.HEAD_TIMEOUT_SECONDS", 0.05)
    with connected(front) as connection:
        assert connection.recv(1) == b""
    with connected(front) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert connection.recv(1) == b""
    assert front.get("/healthz").status == 200


def test_the_head_may_come_in_pieces(front: Client) -> None:
    with connected(front) as connection:
        for piece in (b"GET /heal", b"thz HTTP/1.1\r\nHo", b"st: x\r\n", b"\r\n"):
            connection.sendall(piece)
        assert connection.recv(9) == b"HTTP/1.1 "


def is_cut_off(connection: socket.socket, *, sending: bytes) -> bool:
    """Whether the server ends a connection on which more and more is sent."""
    connection.setblocking(False)
    for _ in range(1_000_000):
        try:
            with suppress(BlockingIOError):
                connection.send(sending)
            return connection.recv(1000).startswith(b"HTTP/1.1 400 ")
        except BlockingIOError:
            pass
        except ConnectionError:
            return True
    return False
