"""/history/: what was changed, for administrators; and one request id from the header to the mail."""

from __future__ import annotations

from classbook.app import App
from tests.conftest import Client
from tests.makers import Cast, a_class
from tests.web.conftest import As


def test_administrators_see_what_was_changed(app: App, cast: Cast, logged_in: As) -> None:
    yoga = a_class(app)
    emma = logged_in(cast.emma)
    emma("PATCH", f"/api/v0/classes/{yoga.id}/", {"seats": 3}, headers={"X-Request-Id": "mine-1"})
    [newest, _] = emma.get(f"/api/v0/history/?subject=offering&id={yoga.id}").json()["results"]
    assert (newest["actor"], newest["request_id"]) == ("emma@example.org", "mine-1")
    assert (newest["before"], newest["after"]) == ({"places": 2}, {"places": 3})
    assert [row["request_id"] for row in emma.get(f"/api/v0/history/?by={cast.emma.id}").json()["results"]] == [
        "mine-1"
    ]
    assert emma.get("/api/v0/history/?subject=teapot").status == 422
    assert emma.get("/api/v0/history/?id=1").status == 422


def test_nobody_else_does(cast: Cast, client: Client, logged_in: As) -> None:
    assert client.get("/api/v0/history/").status == 401
    assert logged_in(cast.cleo).get("/api/v0/history/").status == 403


def test_one_request_id_goes_through_answer_history_ledger_and_mail(app: App, cast: Cast, logged_in: As) -> None:
    yoga, ana, emma = a_class(app, price="5"), logged_in(cast.ana), logged_in(cast.emma)
    wallet = ana.get("/api/v0/wallets/me/").json()["id"]
    ana.post(f"/api/v0/wallets/{wallet}/charge/", {"amount": "5"}, headers={"X-Request-Id": "money-1"})
    held = ana.post("/api/v0/classes/reserve-seat/", {"class_id": yoga.id}, headers={"X-Request-Id": "seat-1"})
    assert held.headers["X-Request-Id"] == "seat-1"
    steps = ana.get(f"/api/v0/reservations/{held.json()['id']}/history/").json()["results"]
    assert [step["request_id"] for step in steps] == ["seat-1"]
    emma("PATCH", f"/api/v0/classes/{yoga.id}/", {"title": "Late yoga"}, headers={"X-Request-Id": "class-1"})
    with app.store.read() as tx:
        assert tx.rows("SELECT kind, request_id FROM transfers ORDER BY id") == [
            ("top_up", "money-1"),
            ("payment", "seat-1"),
        ]
        mailed = tx.rows("SELECT kind, request_id FROM messages ORDER BY id")
    assert mailed == [("held", "seat-1"), ("changed", "class-1")]
