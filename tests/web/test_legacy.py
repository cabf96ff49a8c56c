"""The addresses of the five documents answer as ours do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from classbook.app import App
from classbook.web.legacy import REWRITTEN, rewritten
from tests.conftest import Client
from tests.makers import PASSWORD, Cast, a_class, a_court, a_doctor, broken, mailed, person
from tests.test_docs import tables, words
from tests.web.conftest import As
from tests.web.test_classes import refused

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text()


def test_the_page_lists_every_rewriting() -> None:
    assert {words(old)[0]: words(new)[0] for old, new in tables(PAGE, "written", "answered by")} == REWRITTEN


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("/api/ticket/7/reserve/", "/api/v0/tickets/7/reserve/"),
        ("/api/ticket/7/canceled/", "/api/v0/tickets/7/canceled/"),
        ("/api/wallet/7/charge/", "/api/v0/wallets/7/charge/"),
        ("/api/wallet/7/purchase/", "/api/v0/wallets/7/purchase/"),
        ("/api/stadium/", "/api/v0/stadiums/"),
        ("/api/seat/", "/api/v0/seats/"),
        ("/api/match/", "/api/v0/matches/"),
        ("/api/price/", "/api/v0/prices/"),
        ("/api/transaction/", "/api/v0/transactions/"),
        ("/api/events/3/reservations/", "/api/v0/events/3/reservations/"),
        ("/api/v1/appointments/3/", "/api/v0/appointments/3/"),
        ("/bookings/cancel/3/", "/api/v0/bookings/cancel/3/"),
        ("/api/v0/classes/3/", "/api/v0/classes/3/"),
        ("/api/v1/classes/", "/api/v1/classes/"),
        ("/api/eventsx/", "/api/eventsx/"),
        ("/x/resources/", "/x/resources/"),
        ("/confirm/x/", "/confirm/x/"),
        ("//resources/", "//resources/"),
    ],
)
def test_an_address_is_rewritten_where_a_document_has_it(written: str, ours: str) -> None:
    assert rewritten(written) == ours


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/api/events", "/resources", "/api/v1/providers", "/swagger"])
def test_a_list_answers_with_and_without_its_slash(front: Client, path: str, slash: str) -> None:
    ours = front.get(rewritten(f"{path}/"))
    for method in ("GET", "HEAD"):
        answer = front(method, path + slash)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == ours.headers["Content-Type"]
    assert front.get(path + slash).body == ours.body


def test_document_1_can_be_walked_by_its_own_addresses(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    body = {"email": "hal@example.org", "password": PASSWORD, "name": "Hal"}
    assert client.post("/auth/signup", body).status == 201
    code = re.findall(r"^\d{6}$", mailed(app)[-1][2], re.MULTILINE)[0]
    assert client.post("/auth/verify", {"email": "hal@example.org", "code": code}).status == 200
    hal, emma = client.logged_in("hal@example.org", PASSWORD), logged_in(cast.emma)

    refused(hal.post("/api/stadium/", {"name": "Arena"}), 403, "not_yours")
    stadium = emma.post("/api/stadium/", {"name": "Arena"}).json()["id"]
    seats = {"venue": stadium, "stand": [{"name": "A", "rows": 2, "seats": 5}]}
    refused(hal.post("/api/seat/", seats), 403, "not_yours")
    assert emma.post("/api/seat/", seats).status == 201
    assert len(client.get(f"/api/seat/?venue={stadium}").json()["results"]) == 10
    match = {"title": "Final", "venue_id": stadium, "starts_at": "2026-12-05T18:00Z", "ends_at": "2026-12-05T20:00Z"}
    refused(hal.post("/api/match/", match), 403, "not_yours")
    match_id = emma.post("/api/match/", match | {"prices": {"A": "10"}}).json()["id"]
    assert [one["id"] for one in client.get("/api/match/").json()["results"]] == [match_id]
    assert emma.post("/api/price/", {"match": match_id, "prices": {"A": "12.50"}}).status == 201
    [price] = client.get(f"/api/price/?match={match_id}").json()["results"]
    assert price["price"] == {"amount": "12.50", "currency": "EUR"}

    ticket = f"/api/ticket/{match_id}:A-1-3"
    assert client.get(f"/api/ticket/?match={match_id}&limit=3").json()["results"][2] == client.get(ticket).json()
    refused(hal.post(f"{ticket}/reserve"), 402, "insufficient_funds")
    wallet = f"/api/wallet/{hal.get('/api/wallet/me').json()['id']}"
    assert hal.post(f"{wallet}/charge", {"amount": "20"}).json()["available"]["amount"] == "20.00"
    held = hal.post(f"{ticket}/reserve")
    assert (held.status, held.json()["state"], client.get(ticket).json()["state"]) == (201, "held", "held")
    refused(logged_in(cast.ana).post(f"{ticket}/reserve"), 409, "seat_taken")
    bought = hal.post(f"{wallet}/purchase", {"reservation": held.json()["id"]})
    assert (bought.json()["state"], client.get(ticket).json()["state"]) == ("confirmed", "sold")
    refused(logged_in(cast.ana).post(f"{ticket}/canceled"), 404, "not_found")
    assert hal.post(f"{ticket}/canceled").json()["state"] == "cancelled"
    assert hal.post(f"{wallet}/withdraw", {"amount": "5"}).json()["balance"]["amount"] == "15.00"
    kinds = [(one["kind"], one["state"]) for one in hal.get("/api/transaction/").json()["results"]]
    assert kinds == [
        ("withdrawal", "posted"), ("refund", "posted"), ("payment", "posted"), ("payment", "pending"),
        ("top_up", "posted"),
    ]  # fmt: skip
    assert client.get(ticket).json()["state"] == "free"
    assert broken(app) == []


def test_document_2_can_be_walked_by_its_own_addresses(app: App, cast: Cast, client: Client) -> None:
    for name in ("Hal", "Ida"):
        person(app, name, password=PASSWORD)
    tokens = client.post("/api/auth/login/", {"email": "hal@example.org", "password": PASSWORD}).json()
    assert client.post("/auth/login", {"email": "ida@example.org", "password": PASSWORD}).status == 200
    assert client.post("/api/auth/refresh/", {"refresh": tokens["refresh"]}).status == 200
    hal, ida = (client.logged_in(f"{name}@example.org", PASSWORD) for name in ("hal", "ida"))
    body = {"title": "Tea", "start_time": "2026-12-02T18:00Z", "end_time": "2026-12-02T19:00Z", "capacity": 1}
    event = hal.post("/api/events/", body).json()
    assert hal("PATCH", f"/api/events/{event['id']}/", {"capacity": 2}).json()["capacity"] == 2
    refused(ida("PATCH", f"/api/events/{event['id']}/", {"capacity": 3}), 403, "not_yours")
    taken = ida.post(f"/api/events/{event['id']}/reserve/")
    assert taken.status == 201
    refused(ida.post(f"/api/events/{event['id']}/reserve"), 409, "already_reserved")
    assert hal.get(f"/api/events/{event['id']}/reservations/").json()["results"] == [taken.json()]
    assert ida.get("/api/reservations/").json()["results"] == [taken.json()]
    assert ida("DELETE", f"/api/reservations/{taken.json()['id']}/cancel/").status == 204
    refused(hal("DELETE", f"/api/events/{event['id']}/"), 409, "not_allowed_now")


def test_documents_3_and_4_can_be_walked_by_their_own_addresses(app: App, cast: Cast, logged_in: As) -> None:
    doctor, court, ana = a_doctor(app), a_court(app), logged_in(cast.ana)
    held = ana.post("/api/v1/appointments", {"provider_id": doctor.id, "start": "2026-12-03T10:00Z"}).json()
    path = f"/api/v1/appointments/{held['id']}"
    assert ana("PATCH", path, {"is_confirmed": True}).json()["is_confirmed"] is True
    assert ana.get(f"/api/v1/providers/{doctor.id}/slots/?day=2026-12-03&limit=1").status == 200
    assert logged_in(cast.cleo).get("/api/v1/clients/").status == 200

    assert [one["name"] for one in ana.get("/resources/").json()["results"]] == ["Court"]
    body = {"resource": court.id, "start_time": "2026-12-02T10:00:00Z", "end_time": "2026-12-02T12:00:00Z"}
    made = ana.post("/bookings/create/", body | {"user": cast.ana.id})
    assert (made.status, made.json()["status"]) == (201, "active")
    assert len(ana.get("/bookings/").json()["results"]) == 1
    assert "message" in ana.post(f"/bookings/cancel/{made.json()['id']}/").json()


def test_the_old_addresses_are_not_in_the_schema(front: Client) -> None:
    paths = front.get("/api/schema/").json()["paths"]
    assert not any(path.startswith(tuple(REWRITTEN)) for path in paths)


def test_the_log_says_what_was_asked_for(app: App, client: Client, request_log: object) -> None:
    a_class(app)
    client.get("/api/events/")
    assert [line["path"] for line in request_log.lines(client)] == ["/api/events/"]  # type: ignore[attr-defined]
