"""What holds for every request, whatever it asks for."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from classbook.app import App
from classbook.web.api import ROUTERS
from classbook.web.desk import Desk
from classbook.web.door import BODY_LIMIT_BYTES, Door
from classbook.web.server import Server, listen
from classbook.web.slow_lane import SlowLane
from classbook.web.visit import Web
from tests.conftest import Client
from tests.makers import PASSWORD, Cast, a_class, hold, mailed_code, mailed_link, person
from tests.web.conftest import As, RequestLog, tokens_of
from tests.web.test_classes import refused

PATHS = ("/healthz", "/readyz", "/api/docs", "/api/docs/redoc", "/api/schema", "/api/v0/classes", "/api/v0/classes/1")


# --- names of requests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["a", "7f3c-22.b_x", "x" * 128, "3f5a/9+q==", "trace:1"])
def test_a_request_keeps_its_id(front: Client, given: str) -> None:
    answer = front.get("/api/v0/nowhere", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 129, 'a"b', "a b", "a\tb", "\u00e9", "{}"])
def test_a_request_without_a_good_id_gets_one(front: Client, given: str) -> None:
    answer = front.get("/api/v0/nowhere", headers={"X-Request-Id": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] != front.get("/healthz").headers["X-Request-Id"]


# --- paths and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_path_answers_with_and_without_its_last_slash(front: Client, path: str) -> None:
    bare, slashed = front.get(path), front.get(f"{path}/")
    assert bare.status == slashed.status == 200
    assert bare.body == slashed.body
    refused(front.get(f"{path}//"), 404, "not_found")


@pytest.mark.parametrize("path", [*PATHS, "/api/v0/nowhere", "/api/v0/classes/reserve-seat", "/confirm/x"])
def test_head_answers_like_get_without_a_body(front: Client, path: str) -> None:
    got, head = front.get(path), front("HEAD", path)
    assert head.status == got.status
    assert head.body == b""
    ours = ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy", "Allow")
    assert [head.headers[name] for name in ours] == [got.headers[name] for name in ours]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v0/classes", "GET, HEAD, POST"),
        ("POST", "/api/v0/classes/1/", "DELETE, GET, HEAD, PATCH, PUT"),
        ("GET", "/api/v0/classes/reserve-seat/", "POST"),
        ("HEAD", "/api/v0/auth/login/", "POST"),
        ("PUT", "/confirm/x", "GET, HEAD, POST"),
        ("OPTIONS", "/healthz", "GET, HEAD"),
        ("PROPFIND", "/healthz", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_known_is_refused_with_those_that_are(
    front: Client, method: str, path: str, allowed: str
) -> None:
    answer = front(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        refused(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/api", "/api/v0", "/nowhere", "/%00", "/..%2f..%2fetc", "/" + "a" * 2000])
def test_an_address_nobody_has_is_not_found(front: Client, path: str) -> None:
    refused(front.get(path), 404, "not_found")


# --- bodies --------------------------------------------------------------------------------------------------------


def test_a_body_up_to_the_limit_is_read(front: Client) -> None:
    refused(front.post("/api/v0/auth/login", b" " * BODY_LIMIT_BYTES), 422, "invalid")


@pytest.mark.parametrize("path", ["/api/v0/auth/login", "/api/v0/nowhere", "/healthz", "/confirm/x"])
def test_a_larger_body_is_refused_unread(front: Client, path: str) -> None:
    answer = front.post(path, b" " * (BODY_LIMIT_BYTES + 1))
    refused(answer, 413, "too_large")
    assert answer.headers["Connection"] is None


def test_after_a_body_that_is_a_little_too_large_the_connection_goes_on(front: Client) -> None:
    with closing(HTTPConnection(front.address.removeprefix("http://"), timeout=30)) as connection:
        for body, status in [(b" " * 900_000, 413), (b"{}", 422), (b" " * 70_000, 413), (b"{}", 422)]:
            connection.request("POST", "/api/v0/auth/login", body)
            answer = connection.getresponse()
            assert answer.status == status
            answer.read()


def test_who_hangs_up_after_the_answer_sees_it_also_after_a_body_that_is_too_large(front: Client) -> None:
    size = 9_000_000  # more than the buffers between the two hold
    status, problem = spoken(front, b"Content-Length: %d\r\n\r\n" % size + b" " * size)
    assert (status, problem["code"]) == (413, "too_large")


def test_a_body_in_chunks_is_counted_too(front: Client) -> None:
    piece = b"x" * 1024
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
    status, problem = spoken(front, b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 65)
    assert (status, problem["code"]) == (413, "too_large")
    status, problem = spoken(front, b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2 + b"0\r\n\r\n")
    assert (status, problem["code"]) == (422, "invalid")


def test_a_body_whose_declared_length_is_a_lie_is_refused_at_once(front: Client) -> None:
    status, problem = spoken(front, b"Content-Length: 99999999999999\r\n\r\n")
    assert (status, problem["code"]) == (413, "too_large")


def test_somebody_who_hangs_up_half_way_harms_nobody(client: Client, request_log: RequestLog) -> None:
    with connected(client) as connection:
        connection.sendall(b"POST /api/v0/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    while not (lines := request_log.lines(client)):
        pass
    assert [(line["path"], line["status"]) for line in lines] == [("/api/v0/auth/login", 499)]


def test_a_body_that_does_not_arrive_is_not_waited_for(app: App) -> None:
    with closing(Desk(app)) as desk:
        web = Web(app, desk, tokens_of(app), SlowLane())
        door = Door(fails, web, write=lambda line: None, body_timeout_seconds=0.05)
        server = Server(door, listen("127.0.0.1", 0))
        status, problem = spoken(Client(server.address), b"Content-Length: 100\r\n\r\n{")
        server.stop()
    assert (status, problem["code"]) == (422, "invalid")
    assert "did not arrive within 0.05 seconds" in problem["detail"]


@contextmanager
def connected(client: Client) -> Iterator[socket.socket]:
    parts = urlsplit(client.address)
    with closing(socket.create_connection((parts.hostname, parts.port), timeout=30)) as connection:
        yield connection


def spoken(client: Client, rest: bytes) -> tuple[int, dict[str, str]]:
    """What a login with these headers and this body is answered, written by hand."""
    with connected(client) as connection:
        connection.sendall(b"POST /api/v0/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + rest)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


# --- headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/confirm/x"])
def test_every_answer_tells_browsers_to_be_careful(front: Client, path: str) -> None:
    headers = front.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers
    assert len(headers.get_all("Content-Security-Policy") or []) == 1


# --- what goes wrong inside ----------------------------------------------------------------------------------------


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for message in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{message}.complete"})
        return
    raise ZeroDivisionError("the secret is 42")


def test_a_bug_is_told_to_the_log_and_to_nobody_else(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Desk(app)) as desk:
        web = Web(app, desk, tokens_of(app), SlowLane())
        server = Server(Door(fails, web, write=lambda line: None), listen("127.0.0.1", 0))
        answer = Client(server.address).get("/healthz", headers={"X-Request-Id": "r-500"})
        server.stop()
    assert refused(answer, 500, "internal")["request_id"] == "r-500"
    assert b"42" not in answer.body and b"Traceback" not in answer.body
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "r-500" in record.getMessage()
    assert record.exc_info is not None and record.exc_info[0] is ZeroDivisionError


# --- the log -------------------------------------------------------------------------------------------------------


def test_a_request_and_its_answer_are_one_line(
    app: App, cast: Cast, client: Client, logged_in: As, request_log: RequestLog
) -> None:
    offering = a_class(app)
    ana = logged_in(cast.ana)
    ana.post("/api/v0/classes/reserve-seat", {"class_id": offering.id}, headers={"X-Request-Id": "r-1"})
    ana.post("/api/v0/classes/reserve-seat/", {"class_id": offering.id}, headers={"X-Request-Id": "r-2"})
    client("HEAD", '/nowhere/"%0A/%E2%82%AC?page=1', headers={"X-Request-Id": "r-3"})
    lines = request_log.lines(client)
    assert all(line.pop("duration_ms") >= 0 for line in lines)
    assert all(line.pop("time") == "2026-12-01T09:00:00.000Z" for line in lines)
    reserve = {"method": "POST", "path": "/api/v0/classes/reserve-seat", "person": cast.ana.id}
    assert lines == [
        reserve | {"status": 201, "request_id": "r-1", "problem": None},
        reserve | {"path": f"{reserve['path']}/", "status": 409, "request_id": "r-2", "problem": "already_reserved"},
        {"method": "HEAD", "path": '/nowhere/"\n/€', "person": None, "status": 404, "request_id": "r-3",
         "problem": "not_found"},
    ]  # fmt: skip


def test_the_log_never_holds_a_secret(
    app: App, cast: Cast, client: Client, request_log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    offering, gina = a_class(app), person(app, "Gina", password=PASSWORD)
    login = client.post("/api/v0/auth/login", {"email": gina.email, "password": PASSWORD}).json()
    member = client.bearing(login["access"])
    member.post("/api/v0/classes/reserve-seat", {"class_id": offering.id})
    code, link = mailed_code(app, gina), mailed_link(app, gina)
    member.post("/api/v0/classes/confirm-seat", {"class_id": offering.id, "otp": f"9{code}"})
    client.post("/api/v0/auth/login", {"email": gina.email, "password": "canary-password"})
    client.post("/api/v0/auth/login", {"email": gina.email, "password": 77, "canary-field": "canary-value"})
    client.post("/api/v0/auth/verify", {"email": gina.email, "code": code})
    client.post("/api/v0/auth/refresh", {"refresh": login["refresh"]})
    for path in (
        f"/confirm/{link}",
        f"/confirm/{link}/",
        f"//confirm//{link}",
        f"/CONFIRM/{link}/x",
        f"/x/confirm/{link}",
    ):
        client.get(path)
        client.post(path)
    client.get(f"/nowhere?token={login['access']}&code={code}")
    written = request_log.text + "\n".join(record.getMessage() for record in caplog.records)
    assert "/confirm/***" in written
    secrets = (PASSWORD, "canary", code, link, *link.split(".")[2:], login["access"], login["refresh"])
    assert [secret for secret in secrets if secret in written] == []
    assert login["access"].split(".")[2] not in written


def test_no_line_is_written_where_nobody_asked_for_it(client: Client, request_log: RequestLog) -> None:
    logging.getLogger("classbook.requests").setLevel(logging.WARNING)
    assert request_log.lines(client) == []


def test_every_route_is_known_to_end_with_a_slash() -> None:
    """The door adds the slash; a route without one could never be reached."""
    paths = [route.path for router in ROUTERS for route in router.routes if hasattr(route, "path")]
    assert len(paths) > 25
    assert [path for path in paths if not path.endswith("/")] == []


def test_what_was_held_is_still_held_after_all_that(app: App, cast: Cast, client: Client) -> None:
    offering = a_class(app, seats=1)
    held = hold(app, offering, cast.ana)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        client(method, f"/confirm/{mailed_link(app, cast.ana)}")
    assert client.get(f"/api/v0/classes/{offering.id}").json()["reserved"] == 1
    assert held.state == "held"
