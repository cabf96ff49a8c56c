"""/vouchers/ over HTTP, and vouchers on every path that reserves."""

from __future__ import annotations

from typing import Any

import pytest

from classbook.app import App
from classbook.core import catalog, vouchers
from classbook.values import Offering
from tests.conftest import Client
from tests.makers import CONSOLE, Cast, a_class, a_doctor, a_match, a_venue, as_person, rich
from tests.web.conftest import As
from tests.web.test_classes import refused

API = "/api/v0"
VOUCHERS = f"{API}/vouchers/"


def test_an_organizer_makes_lists_and_cancels_the_own(app: App, cast: Cast, logged_in: As) -> None:
    offering = a_class(app, price="10", by=as_person(cast.cleo))
    cleo, emma = logged_in(cast.cleo), logged_in(cast.emma)
    refused(cleo.post(VOUCHERS, {"code": "SPRING", "percent": 20}), 403, "not_yours")
    body = {"code": "spring", "amount": "2.50", "uses": 3, "from": "2026-12-01", "offering": offering.id}
    made = cleo.post(VOUCHERS, body, headers={"Idempotency-Key": "k"})
    assert made.status == 201
    assert made.json() == cleo.post(VOUCHERS, body, headers={"Idempotency-Key": "k"}).json()
    assert made.json() | {"id": 1, "created_at": ""} == {
        "id": 1, "code": "SPRING", "amount": {"amount": "2.50", "currency": "EUR"}, "percent": None,
        "offering": {"id": offering.id, "kind": "class", "title": "Yoga"}, "uses": 3, "per_person": None, "used": 0,
        "from": "2026-12-01T00:00:00Z", "until": None, "created_at": "", "cancelled_at": None,
    }  # fmt: skip
    refused(emma.post(VOUCHERS, {"code": "SPRING", "percent": 5}), 409, "exists")
    emma.post(VOUCHERS, {"code": "HOUSE", "percent": 5})
    assert [one["code"] for one in cleo.get(VOUCHERS).json()["results"]] == ["SPRING"]
    assert [one["code"] for one in emma.get(VOUCHERS).json()["results"]] == ["SPRING", "HOUSE"]
    refused(cleo.get(f"{VOUCHERS}HOUSE/"), 404, "not_found")
    refused(logged_in(cast.ana).get(VOUCHERS), 403, "not_yours")
    refused(logged_in(cast.ana).get(f"{VOUCHERS}SPRING/"), 403, "not_yours")
    assert cleo.post(f"{VOUCHERS}spring/cancel/").json()["cancelled_at"] is not None
    assert cleo.get(f"{VOUCHERS}spring").json()["code"] == "SPRING"


@pytest.mark.parametrize("amount", [-5, 0, "NaN", 1e30, "1,5", "1.005", "5 USD", True, [], {"amount": "5"}, "0.001"])
def test_what_is_no_amount_makes_no_voucher(app: App, cast: Cast, logged_in: As, amount: Any) -> None:
    refused(logged_in(cast.emma).post(VOUCHERS, {"code": "SPRING", "amount": amount}), 422, "invalid")
    assert vouchers.listing(app, CONSOLE).results == ()


def test_every_path_that_reserves_takes_one(app: App, cast: Cast, logged_in: As) -> None:
    vouchers.create(app, CONSOLE, "HALF", percent=50)
    free: dict[str, Any] = {"open_holds": 0}
    court = catalog.create(app, CONSOLE, "resource", {"title": "Court", "seats": 1, "price": "10", "policy": free})
    assert isinstance(court, Offering)
    doctor = a_doctor(app, notice_seconds=0, **free)
    catalog.update(app, CONSOLE, "appointment", doctor.id, {"price": "10"})
    match = a_match(app, a_venue(app, "A:1x3"), prices={"A": "10"}, **free)
    yoga, event = (a_class(app, kind=kind, price="10", **free).id for kind in ("class", "event"))
    ana = logged_in(rich(app, cast.ana, "1000"))
    for path, body in (
        ("classes/reserve-seat/", {"class_id": yoga}),
        (f"events/{event}/reserve/", {}),
        ("bookings/create/", {"resource": court.id, "start_time": "2026-12-02T10:00", "end_time": "2026-12-02T11:00"}),
        ("appointments/", {"provider_id": doctor.id, "start": "2026-12-02T10:00"}),
        (f"matches/{match.id}/reserve/", {"seats": ["A-1-1"]}),
        (f"tickets/{match.id}:A-1-2/reserve/", {}),
    ):
        answer = ana.post(f"{API}/{path}", body | {"voucher": "half"})
        assert answer.status == 201, (path, answer.body)
        shown = answer.json()
        assert (shown["voucher"], shown["price"]["amount"], shown["discount"]["amount"]) == ("HALF", "5.00", "5.00")


def test_who_names_too_many_that_are_not_there_has_to_wait(app: App, cast: Cast, logged_in: As) -> None:
    """Ten wrong ones are judged, as of passwords; a right one is not counted, and not judged either after that."""
    vouchers.create(app, CONSOLE, "RIGHT", percent=50)
    yoga = a_class(app, price="10", max_per_person=50, open_holds=0, seats=50)

    def tried(client: Client, code: str) -> int:
        return client.post(f"{API}/classes/reserve-seat/", {"class_id": yoga.id, "voucher": code}).status

    ana, ben = logged_in(rich(app, cast.ana)), logged_in(rich(app, cast.ben))
    assert [tried(ana, f"GUESS-{number}") for number in range(9)] == [404] * 9
    assert [tried(ana, "RIGHT") for _ in range(3)] == [201] * 3
    assert [tried(ana, code) for code in ("GUESS-10", "GUESS-11", "RIGHT")] == [404, 429, 429]
    answer = ana.post(f"{API}/classes/reserve-seat/", {"class_id": yoga.id, "voucher": "RIGHT"})
    assert int(answer.headers["retry-after"]) == 900
    assert ana.post(f"{API}/classes/reserve-seat/", {"class_id": yoga.id}).status == 201
    assert tried(ben, "RIGHT") == 201


def test_whoever_asks_why_is_told_of_the_voucher_and_guesses_no_more_codes_than_elsewhere(
    app: App, cast: Cast, logged_in: As
) -> None:
    vouchers.create(app, CONSOLE, "HALF", percent=50, uses=1)
    yoga = a_class(app, price="10", open_holds=0, seats=50)
    ana, ben = logged_in(rich(app, cast.ana, "5")), logged_in(rich(app, cast.ben, "5"))

    def why(client: Client, voucher: str) -> Any:
        return client.get(f"{API}/offerings/{yoga.id}/why/?voucher={voucher}")

    assert why(ana, "half").json()["possible"] is True
    assert ben.post(f"{API}/classes/reserve-seat/", {"class_id": yoga.id, "voucher": "HALF"}).status == 201
    assert [reason["code"] for reason in why(ana, "HALF").json()["reasons"]] == ["limit_reached"]
    told = [why(ana, f"GUESS-{number}") for number in range(11)]
    assert [answer.status for answer in told] == [200] * 10 + [429]
    assert {reason["code"] for reason in told[0].json()["reasons"]} >= {"not_found"}
    assert why(ana, "HALF").status == 429
