"""/calendars/: feeds over HTTP, and what is told of their secret addresses."""

from __future__ import annotations

import json
from typing import Any

from classbook.app import App
from classbook.core.asks import ById, Cancel
from tests.conftest import Client
from tests.makers import CONSOLE, Cast, a_class, as_person, ask, confirmed, everything
from tests.web.conftest import As


def path_of(link: Any) -> str:
    url: str = link.json()["url"]
    return url[url.index("/api/") :]


def test_a_program_subscribes_and_asks_again_only_for_what_has_changed(
    app: App, client: Client, logged_in: As, cast: Cast
) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    path = path_of(logged_in(cast.ana).get("/api/v0/calendars/me/"))
    assert path.endswith(".ics")
    first = client.get(path)
    assert (first.status, first.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert first.body.startswith(b"BEGIN:VCALENDAR\r\n")
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(path, headers=known)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client("HEAD", path).status == 200
    ask(app, Cancel(CONSOLE, ById(one.id)))
    assert client.get(path, headers=known).status == 200


def test_a_link_that_is_renewed_is_void(app: App, client: Client, logged_in: As, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    cleo = logged_in(cast.cleo)
    for of in ("me", f"offerings/{yoga.id}"):
        old = path_of(cleo.get(f"/api/v0/calendars/{of}/"))
        assert client.get(old).status == 200
        new = path_of(cleo.post(f"/api/v0/calendars/{of}/renew/"))
        assert (client.get(old).status, client.get(new).status) == (404, 200)


def test_a_link_is_told_to_its_owner_only(app: App, client: Client, logged_in: As, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    assert client.get("/api/v0/calendars/me/").status == 401
    path = f"/api/v0/calendars/offerings/{yoga.id}/"
    assert [logged_in(who).get(path).status for who in (cast.ana, cast.cleo, cast.emma)] == [403, 200, 200]
    assert logged_in(cast.cleo).get("/api/v0/calendars/offerings/99/").status == 404
    assert client.get("/api/v0/calendars/p1.1.AAAA.ics").json()["code"] == "not_found"


def test_the_log_does_not_tell_the_address(
    app: App, client: Client, logged_in: As, cast: Cast, request_log: Any
) -> None:
    path = path_of(logged_in(cast.ana).get("/api/v0/calendars/me/"))
    client.get(path)
    lines = request_log.lines(client)
    assert [line["path"] for line in lines][-1] == "/api/v0/calendars/***"
    assert path.rpartition("/")[2].removesuffix(".ics") not in json.dumps(lines)


def test_looking_at_a_calendar_changes_nothing(app: App, client: Client, logged_in: As, cast: Cast) -> None:
    confirmed(app, a_class(app), cast.ana)
    before = everything(app)
    path = path_of(logged_in(cast.ana).get("/api/v0/calendars/me/"))
    client.get(path)
    assert everything(app) == before
