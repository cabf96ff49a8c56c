"""/wallets/ and /transactions/ over HTTP, with the money of document 1, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from classbook.app import App
from classbook.core import wallet
from classbook.values import plain
from tests.conftest import Client
from tests.makers import CONSOLE, Cast, a_class, as_person, broken, earned, hold, mailed_code, purse, rich
from tests.web.conftest import As
from tests.web.test_classes import CLASSES, NEW, refused

WALLETS = "/api/v0/wallets/"


def mine(client: Client) -> str:
    """The address of one's own wallet."""
    answer = client.get(f"{WALLETS}me/")
    assert answer.status == 200
    return f"{WALLETS}{answer.json()['id']}/"


def test_places_are_bought_from_the_wallet(app: App, cast: Cast, logged_in: As) -> None:
    cleo, ana = logged_in(cast.cleo), logged_in(cast.ana)
    made = cleo.post(CLASSES, NEW | {"price": "12.50", "policy": {"confirm": "payment"}})
    assert (made.status, made.json()["price"]) == (201, {"amount": "12.50", "currency": "EUR"})
    ask = {"class_id": made.json()["id"], "party": 2}
    problem = refused(ana.post(f"{CLASSES}reserve-seat/", ask), 402, "insufficient_funds")
    assert problem["hint"] == "Top up the wallet by 25.00 EUR or more."

    charged = ana.post(f"{mine(ana)}charge/", {"amount": "30"})
    assert (charged.status, charged.json()["available"]["amount"]) == (200, "30.00")
    held = ana.post(f"{CLASSES}reserve-seat/", ask).json()
    assert (held["state"], held["price"]) == ("held", {"amount": "25.00", "currency": "EUR"})
    assert ana.get(mine(ana)).json()["held"]["amount"] == "25.00"

    for _ in range(2):
        bought = ana.post(f"{mine(ana)}purchase/", {"reservation": held["id"]})
        assert (bought.status, bought.json()["state"]) == (200, "confirmed")
    assert purse(app, cast.ana) == ("5.00", "0.00")
    refused(ana.post(f"{mine(ana)}withdraw/", {"amount": "5.01"}), 402, "insufficient_funds")
    assert ana.post(f"{mine(ana)}withdraw/", {"amount": 5}).json()["balance"]["amount"] == "0.00"

    assert ana.post(f"{CLASSES}cancel-seat/", {"class_id": ask["class_id"]}).status == 200
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("25.00", "0.00"), "0.00")
    rows = ana.get("/api/v0/transactions/").json()["results"]
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("refund", "posted"), ("withdrawal", "posted"), ("payment", "posted"), ("payment", "pending"),
        ("top_up", "posted"),
    ]  # fmt: skip
    assert broken(app) == []


def test_an_answer_is_the_plain_value_and_nothing_else(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(rich(app, cast.ana))
    hold(app, a_class(app, price="5"), cast.ana)
    shown = wallet.show(app, as_person(cast.ana))
    assert ana.get(f"{WALLETS}me/").json() == ana.get(mine(ana)).json() == plain(shown)
    assert ana.get(WALLETS).json() == {"results": [plain(shown)], "next": None}
    assert ana.get("/api/v0/transactions/").json() == plain(wallet.transactions(app, as_person(cast.ana)))
    assert ana.get(f"{mine(ana)}statement").json() == plain(wallet.statement(app, as_person(cast.ana)))
    first = ana.get("/api/v0/transactions/?limit=1").json()
    rest = ana.get(f"/api/v0/transactions/?limit=1&cursor={first['next']}").json()
    assert (first["results"][0]["state"], rest["results"][0]["kind"], rest["next"]) == ("pending", "top_up", None)


@pytest.mark.parametrize("amount", ["12.50", "12.50 EUR", 12.5, {"amount": "12.50", "currency": "EUR"}])
def test_an_amount_is_taken_in_every_form_in_which_it_is_shown(
    app: App, cast: Cast, logged_in: As, amount: Any
) -> None:
    ana = logged_in(cast.ana)
    assert ana.post(f"{mine(ana)}charge/", {"amount": amount}).json()["balance"]["amount"] == "12.50"


@pytest.mark.parametrize(
    "amount",
    [
        b'"-5"', b"-5", b"0", b"-0.0", b'"0"', b"NaN", b"Infinity", b"-Infinity", b'"NaN"', b"1e30", b"1" + b"0" * 30,
        b"1" + b"0" * 5000, b"12.505", b'"5 USD"', b'"1,000"', b"null", b"true", b"[5]", b"{}", b'""', b"1e-9",
        b'{"amount": 5, "currency": "EUR"}', b'{"amount": "5", "currency": "EUR", "x": 1}', b'{"amount": "5"}',
    ],
)  # fmt: skip
def test_what_is_no_amount_moves_nothing(app: App, cast: Cast, logged_in: As, amount: bytes) -> None:
    ana = logged_in(rich(app, cast.ana))
    for verb in ("charge", "withdraw"):
        answer = ana.post(f"{mine(ana)}{verb}/", b'{"amount": ' + amount + b"}")
        problem = refused(answer, 422, "invalid")
        assert len(problem["detail"]) < 200 and "Value error" not in problem["detail"]
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_the_wallets_of_others_are_not_there(app: App, cast: Cast, logged_in: As) -> None:
    held = hold(app, a_class(app, price="5", confirm="payment"), rich(app, cast.ana))
    address, ben = mine(logged_in(cast.ana)), logged_in(cast.ben)
    for path in (address, f"{address}statement/", f"{WALLETS}999/", f"{WALLETS}0/"):
        refused(ben.get(path), 404, "not_found")
    for verb, body in (("charge", {"amount": 1}), ("withdraw", {"amount": 1}), ("purchase", {"reservation": held.id})):
        refused(ben.post(f"{address}{verb}/", body), 404, "not_found")
    refused(ben.post(f"{mine(ben)}purchase/", {"reservation": held.code}), 404, "not_found")
    refused(ben.get(f"/api/v0/transactions/?wallet={address.split('/')[-2]}"), 404, "not_found")
    assert ben.get("/api/v0/transactions/").json()["results"] == []
    assert purse(app, cast.ana) == ("100.00", "5.00")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", ""),
        ("GET", "me/"),
        ("GET", "1/"),
        ("GET", "1/statement/"),
        ("POST", "1/charge/"),
        ("POST", "1/purchase/"),
    ],
)
def test_money_needs_a_login(client: Client, verb: str, path: str) -> None:
    refused(client(verb, f"{WALLETS}{path}", {} if verb == "POST" else None), 401, "not_logged_in")


def test_an_administrator_sees_and_changes_every_wallet(app: App, cast: Cast, logged_in: As) -> None:
    held = hold(app, a_class(app, price="5", confirm="payment"), rich(app, cast.ana))
    address, emma = mine(logged_in(cast.ana)), logged_in(cast.emma)
    assert emma.post(f"{address}charge/", {"amount": "1"}).json()["balance"]["amount"] == "101.00"
    assert emma.post(f"{address}purchase/", {"reservation": held.code}).json()["state"] == "confirmed"
    listed = emma.get(WALLETS).json()["results"]
    assert {one["account"] for one in listed} == {"person", "house", "outside"}
    assert len(emma.get("/api/v0/transactions/").json()["results"]) == 4
    assert purse(app, cast.ana) == ("96.00", "0.00")


def test_a_hold_that_needs_a_code_needs_it_here_too(app: App, cast: Cast, logged_in: As) -> None:
    held, ana = hold(app, a_class(app, price="5"), rich(app, cast.ana)), logged_in(cast.ana)
    refused(ana.post(f"{mine(ana)}purchase/", {"reservation": held.id}), 422, "invalid")
    refused(ana.post(f"{mine(ana)}purchase/", {"reservation": held.id, "otp": "000000"}), 403, "wrong_code")
    paid = ana.post(f"{mine(ana)}purchase/", {"reservation": held.id, "otp": mailed_code(app, cast.ana)})
    assert paid.json()["state"] == "confirmed"


@pytest.mark.parametrize("reservation", ["nonsense", -1, 0, 2**70, True, None, 1.5, []])
def test_what_is_no_reservation_cannot_be_paid(app: App, cast: Cast, logged_in: As, reservation: Any) -> None:
    ana = logged_in(cast.ana)
    answer = ana.post(f"{mine(ana)}purchase/", {"reservation": reservation})
    assert answer.status in (404, 422), answer.body


def test_a_request_that_is_sent_twice_pays_in_once(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(cast.ana)
    address, key = f"{mine(ana)}charge/", {"Idempotency-Key": "k"}
    first = ana.post(address, {"amount": "10"}, headers=key)
    assert ana.post(address, {"amount": "10"}, headers=key).json() == first.json()
    assert ana.post(address, {"amount": 10}, headers=key).json() == first.json()
    refused(ana.post(address, {"amount": "11"}, headers=key), 422, "key_reused")
    assert purse(app, cast.ana) == ("10.00", "0.00")


def test_a_hundred_purchases_at_once_pay_once(app: App, cast: Cast, logged_in: As) -> None:
    held = hold(app, a_class(app, price="5", confirm="payment", by=as_person(cast.cleo)), rich(app, cast.ana))
    ana = logged_in(cast.ana)
    address = f"{mine(ana)}purchase/"
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: ana.post(address, {"reservation": held.id}).status, range(100)))
    assert answers == [200] * 100
    assert (purse(app, cast.ana), earned(app, cast.cleo)) == (("95.00", "0.00"), "5.00")


def test_one_balance_is_charged_and_withdrawn_a_hundred_times_at_once(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(rich(app, cast.ana, "10"))
    address = mine(ana)

    def change(number: int) -> int:
        return ana.post(f"{address}{'withdraw' if number % 2 else 'charge'}/", {"amount": "3"}).status

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(change, range(100)))
    assert set(answers) <= {200, 402}
    taken = sum(1 for number, status in enumerate(answers) if number % 2 and status == 200)
    assert purse(app, cast.ana) == (f"{10 + 50 * 3 - taken * 3}.00", "0.00")
    assert broken(app) == []


def test_the_price_of_a_class_is_changed_taken_away_and_sent_back_as_it_is(app: App, cast: Cast, logged_in: As) -> None:
    cleo = logged_in(cast.cleo)
    made = cleo.post(CLASSES, NEW | {"price": 12.5}).json()
    address = f"{CLASSES}{made['id']}/"
    assert cleo("PUT", address, made).json()["price"] == {"amount": "12.50", "currency": "EUR"}
    assert cleo("PATCH", address, {"price": "7 EUR"}).json()["price"]["amount"] == "7.00"
    assert cleo("PATCH", address, {"seats": 3}).json()["price"]["amount"] == "7.00"
    free = cleo("PATCH", address, {"price": None}).json()
    assert free["price"] is None
    assert cleo("PUT", address, free).json()["price"] is None
    for bad in ("-1", "1e3", "12.505", "7 USD", True, 10**30):
        refused(cleo("PATCH", address, {"price": bad}), 422, "invalid")
    refused(cleo.post(CLASSES, NEW | {"policy": {"confirm": "payment"}}), 422, "invalid")
    assert wallet.transactions(app, CONSOLE).results == ()
