"""Document 1 over HTTP: stadiums, matches, tickets and prices, by our addresses and by the document's."""

from __future__ import annotations

from typing import Any

import pytest

from classbook.app import App
from classbook.values import Offering, VenuePlan
from tests.conftest import Client
from tests.makers import PASSWORD, a_court, a_match, a_venue, broken, person, rich

STAND = [{"name": "A", "rows": 2, "seats": 5}, {"name": "B", "rows": 1, "seats": 4}]


@pytest.fixture
def admin(app: App, client: Client) -> Client:
    return _in(app, client, "Emma", "admin")


@pytest.fixture
def ana(app: App, client: Client) -> Client:
    return _in(app, client, "Ana", "member")


@pytest.fixture
def ben(app: App, client: Client) -> Client:
    return _in(app, client, "Ben", "member")


@pytest.fixture
def arena(app: App) -> VenuePlan:
    return a_venue(app, "A:2x5", "B:1x4")


@pytest.fixture
def final(app: App, arena: VenuePlan) -> Offering:
    return a_match(app, arena, prices={"A": "10.00", "B": "7.50"})


@pytest.fixture(autouse=True)
def sound(app: App) -> Any:
    yield
    assert broken(app) == []


def _in(app: App, client: Client, name: str, role: str) -> Client:
    who = rich(app, person(app, name, role=role, password=PASSWORD))
    return client.logged_in(who.email, PASSWORD)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json()["code"]


def test_an_administrator_adds_a_stadium_its_seats_and_a_match(client: Client, admin: Client, ana: Client) -> None:
    made = admin.post("/api/stadium/", {"name": "Old Stadium", "timezone": "Europe/Berlin"})
    assert made.status == 201 and made.headers["Location"] == "/api/v0/stadiums/1/"
    assert code_of(ana.post("/api/v0/stadiums/", {"name": "Mine"})) == (403, "not_yours")
    planned = admin.post("/api/v0/stadiums/1/seats/", {"stand": STAND})
    assert (planned.status, planned.json()["seats"]) == (201, 14)
    plan = client.get("/api/v0/stadiums/1/seats/").json()
    assert admin.post("/api/v0/seats/", {"venue": 1} | plan).json() == planned.json()
    assert [one["seats"] for one in client.get("/api/v0/stadiums/").json()["results"]] == [14]
    seats = client.get("/api/seat/?venue=1&limit=10").json()
    assert len(seats["results"]) == 10 and seats["results"][0]["label"] == "A-1-1"
    rest = client.get(f"/api/v0/seats/?venue=1&cursor={seats['next']}").json()
    assert [seat["label"] for seat in rest["results"]] == ["B-1-1", "B-1-2", "B-1-3", "B-1-4"]

    body = {
        "title": "Lions - Bears",
        "venue_id": 1,
        "starts_at": "2030-12-01T18:00",
        "ends_at": "2030-12-01T20:00",
        "prices": {"A": "25.00", "B": "12.50"},
    }
    match = admin.post("/api/match/", body)
    assert match.status == 201 and match.json()["venue"] == "Old Stadium"
    assert (match.json()["starts_at"], match.json()["timezone"]) == ("2030-12-01T17:00:00Z", "Europe/Berlin")
    assert code_of(admin.post("/api/v0/matches/", body)) == (409, "span_taken")
    assert code_of(ana.post("/api/v0/matches/", body)) == (403, "not_yours")
    sent_back = admin("PUT", "/api/v0/matches/1/", match.json() | {"title": "Bears - Lions"})
    assert (sent_back.status, sent_back.json()["title"]) == (200, "Bears - Lions")
    prices = client.get("/api/price/?match=1").json()["results"]
    assert prices[1] == {"match": 1, "category": "B", "price": {"amount": "12.50", "currency": "EUR"}}
    changed = admin.post("/api/v0/prices/", {"match": 1, "prices": {"A": "30", "B": "15"}})
    assert (changed.status, changed.json()["results"][0]["price"]["amount"]) == (201, "30.00")
    one = admin.post("/api/v0/prices/", {"match": 1, "prices": {"A": "32"}}).json()["results"]
    assert [price["price"]["amount"] for price in one] == ["32.00", "15.00"]


def test_seats_are_reserved_all_or_nothing(final: Offering, ana: Client, ben: Client) -> None:
    proposed = ben.get("/api/v0/matches/1/seats/?best=2&category=A").json()["results"]
    held = ana.post("/api/v0/matches/1/reserve/", {"best": 2, "category": "A"})
    assert held.status == 201
    labels = [place["seat"] for place in held.json()["places"]]
    assert labels == [seat["label"] for seat in proposed]
    assert code_of(ben.post("/api/v0/matches/1/reserve/", {"seats": ["B-1-1", labels[0]]})) == (409, "seat_taken")
    assert code_of(ben.post("/api/v0/matches/1/reserve/", {"seats": ["Z-1-1"]})) == (422, "unknown_seat")
    states = {seat["label"]: seat for seat in ana.get("/api/v0/matches/1/seats/").json()["results"]}
    assert len(states) == 14 and states["B-1-1"]["state"] == "free"
    assert (states[labels[0]]["state"], states[labels[0]]["mine"]) == ("held", True)
    assert states["B-1-1"]["price"] == {"amount": "7.50", "currency": "EUR"}
    moved = ana.post(f"/api/v0/reservations/{held.json()['id']}/move/", {"seats": ["B-1-1", "B-1-2"]})
    assert moved.json()["price"]["amount"] == "15.00"


@pytest.mark.parametrize("none", [{"seats": []}, {"best": 0}, {"best": -1}])
def test_no_seats_at_all_are_nothing_to_reserve(none: dict[str, object], final: Offering, ana: Client) -> None:
    assert code_of(ana.post("/api/v0/matches/1/reserve/", none)) == (422, "invalid")
    assert code_of(ana.post("/api/v0/matches/1/reserve/", {})) == (422, "invalid")
    held = ana.post("/api/v0/matches/1/reserve/", {"seats": ["A-1-1"]}).json()
    assert code_of(ana.post(f"/api/v0/reservations/{held['id']}/move/", none)) == (422, "invalid")


def leafed_through(client: Client, path: str) -> list[dict[str, Any]]:
    """All that a list has, three at a time."""
    found: list[dict[str, Any]] = []
    page = client.get(f"{path}?limit=3").json()
    while page["next"]:
        found += page["results"]
        page = client.get(f"{path}?limit=3&cursor={page['next']}").json()
    return [*found, *page["results"]]


def test_without_a_match_or_a_stadium_the_lists_are_of_all(app: App, arena: VenuePlan, client: Client) -> None:
    assert client.get("/api/ticket/").json() == client.get("/api/price/").json() == {"results": [], "next": None}
    a_match(app, arena, prices={"A": "10.00", "B": "7.50"})
    small = a_venue(app, "C:1x3", name="Small")
    a_match(app, small, prices={"C": "5.00"})
    seats = [f"A-{row}-{seat}" for row in (1, 2) for seat in range(1, 6)] + [f"B-1-{seat}" for seat in range(1, 5)]
    small_seats = ["C-1-1", "C-1-2", "C-1-3"]
    assert [one["id"] for one in leafed_through(client, "/api/ticket/")] == [
        *(f"1:{label}" for label in seats),
        *(f"2:{label}" for label in small_seats),
    ]
    assert [one["label"] for one in leafed_through(client, "/api/seat/")] == seats + small_seats
    prices = leafed_through(client, "/api/price/")
    assert [(one["match"], one["category"]) for one in prices] == [(1, "A"), (1, "B"), (2, "C")]
    beyond = client.get("/api/v0/tickets/?match=2&limit=3").json()
    assert ([one["match"] for one in beyond["results"]], beyond["next"]) == ([2, 2, 2], None)


def test_a_ticket_is_taken_and_given_back(client: Client, final: Offering, ana: Client, ben: Client) -> None:
    taken = ana.post("/api/ticket/1:A-1-1/reserve")
    assert (taken.status, taken.json()["state"]) == (201, "held")
    ticket = client.get("/api/v0/tickets/1:A-1-1/").json()
    assert (ticket["id"], ticket["match"], ticket["state"], ticket["mine"]) == ("1:A-1-1", 1, "held", False)
    assert code_of(ben.post("/api/v0/tickets/1:A-1-1/reserve/")) == (409, "seat_taken")
    assert code_of(ben.post("/api/v0/tickets/1:A-1-1/canceled/")) == (404, "not_found")
    key = {"Idempotency-Key": "once"}
    given_back = ana.post("/api/ticket/1:A-1-1/canceled", headers=key)
    assert (given_back.status, given_back.json()["state"]) == (200, "cancelled")
    assert ana.post("/api/ticket/1:A-1-1/canceled", headers=key).json() == given_back.json()
    listed = client.get("/api/v0/tickets/?match=1&limit=3").json()
    assert [one["state"] for one in listed["results"]] == ["free"] * 3 and listed["next"]


def test_one_of_several_tickets_is_given_back(final: Offering, ana: Client) -> None:
    ana.post("/api/v0/matches/1/reserve/", {"seats": ["A-1-1", "A-1-2"]})
    left = ana.post("/api/v0/tickets/1:A-1-1/canceled/")
    assert left.status == 200 and [place["seat"] for place in left.json()["places"]] == ["A-1-2"]
    assert left.json()["price"]["amount"] == "10.00" and left.json()["party"] == 1


def test_a_ticket_given_back_is_worth_what_was_paid_for_it(
    app: App, final: Offering, ana: Client, admin: Client
) -> None:
    one = ana.post("/api/v0/matches/1/reserve/", {"seats": ["A-1-1", "A-1-2"]}).json()
    assert ana.post(f"/api/v0/reservations/{one['id']}/confirm/").json()["state"] == "confirmed"
    assert admin.post("/api/v0/prices/", {"match": 1, "prices": {"A": "99", "B": "99"}}).status == 201
    left = ana.post("/api/v0/tickets/1:A-1-1/canceled/").json()
    assert [left[name] for name in ("price", "refund", "charged", "forfeited")] == [
        {"amount": "10.00", "currency": "EUR"}, {"amount": "10.00", "currency": "EUR"}, None, None,
    ]  # fmt: skip
    more = ana.post(f"/api/v0/reservations/{one['id']}/move/", {"seats": ["A-1-2", "B-1-1"]})
    assert (more.status, more.json()["code"]) == (402, "insufficient_funds")
    assert ana.post("/api/v0/wallets/1/charge/", {"amount": "99"}).status in (200, 201)
    more = ana.post(f"/api/v0/reservations/{one['id']}/move/", {"seats": ["A-1-2", "B-1-1"]}).json()
    assert (more["price"]["amount"], more["charged"]["amount"], more["refund"]) == ("109.00", "99.00", None)
    assert ana.get(f"/api/v0/reservations/{one['id']}/").json()["charged"] is None
    assert broken(app) == []


def test_seats_are_blocked_and_released_by_who_may(final: Offering, ana: Client, admin: Client) -> None:
    body = {"seats": ["A-1-1"]}
    assert code_of(ana.post("/api/v0/matches/1/block/", body)) == (403, "not_yours")
    assert admin.post("/api/v0/matches/1/block/", body).json()["results"][0]["state"] == "blocked"
    assert code_of(ana.post("/api/v0/tickets/1:A-1-1/reserve/")) == (409, "seat_taken")
    assert admin.post("/api/v0/matches/1/release/", body).json()["results"][0]["state"] == "free"


def test_a_class_takes_a_room(app: App, admin: Client) -> None:
    a_court(app, title="Studio")
    body = {"title": "Yoga", "seats": 5, "starts_at": "2030-12-01T18:00", "ends_at": "2030-12-01T19:00", "room": 1}
    assert admin.post("/api/v0/classes/", body).status == 201
    assert code_of(admin.post("/api/v0/classes/", body)) == (409, "span_taken")
