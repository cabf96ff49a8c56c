"""/classes/ over HTTP, with document 0 word for word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.testing import FrozenClock
from classbook.values import Offering
from tests.conftest import Answered, Client
from tests.makers import Cast, a_class, as_person, broken, hold, mailed, mailed_code
from tests.web.conftest import As

CLASSES = "/api/v0/classes/"
NEW: dict[str, Any] = {
    "title": "Yoga",
    "seats": 2,
    "starts_at": "2026-12-02T18:00",
    "ends_at": "2026-12-02T19:00",
    "timezone": "Europe/Berlin",
}


def refused(answer: Answered, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer that must be one."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status, problem["code"]) == (status, code), problem
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "code", "hint", "request_id"}
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    return problem


# --- reserve, confirm, cancel --------------------------------------------------------------------------------------


def test_a_place_is_reserved_confirmed_and_given_back(app: App, cast: Cast, logged_in: As) -> None:
    offering, ana = a_class(app), logged_in(cast.ana)

    held = ana.post(f"{CLASSES}reserve-seat/", {"class_id": offering.id, "user_id": cast.ana.id})
    assert held.status == 201
    assert held.headers["Location"] == f"/api/v0/reservations/{held.json()['id']}/"
    assert held.json()["state"] == "held"
    assert held.json()["expires_at"] == "2026-12-01T09:05:00Z"
    code = mailed_code(app, cast.ana)
    assert code not in held.body.decode()

    payload = {"class_id": offering.id, "user_id": cast.ana.id, "otp": code}
    confirmed = ana.post(f"{CLASSES}confirm-seat/", payload)
    assert (confirmed.status, confirmed.json()["state"]) == (200, "confirmed")
    assert ana.post(f"{CLASSES}confirm-seat/", payload).json() == confirmed.json()

    cancelled = ana.post(f"{CLASSES}cancel-seat/", {"class_id": offering.id, "user_id": cast.ana.id})
    assert (cancelled.status, cancelled.json()["state"]) == (200, "cancelled")
    assert broken(app) == []


def test_an_answer_is_the_plain_value_and_nothing_else(app: App, cast: Cast, logged_in: As) -> None:
    offering, ana = a_class(app), logged_in(cast.ana)
    held = ana.post(f"{CLASSES}reserve-seat/", {"class_id": offering.id}).json()
    assert ana.get(f"/api/v0/reservations/{held['id']}").json() == held
    assert list(held) == [
        "id", "code", "state", "offering", "user", "party", "places", "starts_at", "ends_at", "timezone",
        "expires_at", "position", "price", "created_at", "confirmed_at", "checked_in_at", "refund",
        "voucher", "discount", "charged", "forfeited",
    ]  # fmt: skip


def test_an_administrator_books_for_others_and_needs_no_code(app: App, cast: Cast, logged_in: As) -> None:
    offering, emma = a_class(app), logged_in(cast.emma)
    payload = {"class_id": offering.id, "user_id": cast.ana.id}
    assert emma.post(f"{CLASSES}reserve-seat/", payload).json()["user"]["id"] == cast.ana.id
    assert emma.post(f"{CLASSES}confirm-seat/", payload).json()["state"] == "confirmed"
    assert emma.post(f"{CLASSES}cancel-seat/", payload).json()["state"] == "cancelled"


def test_nobody_else_may_name_another_person(app: App, cast: Cast, logged_in: As) -> None:
    offering = a_class(app)
    held = hold(app, offering, cast.ana)
    payload = {"class_id": offering.id, "user_id": cast.ana.id}
    for somebody in (cast.ben, cast.cleo):
        for verb in ("reserve-seat", "confirm-seat", "cancel-seat"):
            refused(logged_in(somebody).post(f"{CLASSES}{verb}/", payload), 403, "not_yours")
    assert logged_in(cast.ana).get(f"/api/v0/reservations/{held.id}/").json()["state"] == "held"


def test_each_refusal_of_a_reserve_has_its_code(
    app: App, cast: Cast, clock: FrozenClock, logged_in: As, client: Client
) -> None:
    ana, ben = logged_in(cast.ana), logged_in(cast.ben)

    def reserve(who: Client, offering: Offering, **more: Any) -> Answered:
        return who.post(f"{CLASSES}reserve-seat/", {"class_id": offering.id, **more})

    full = a_class(app, seats=1)
    assert reserve(ana, full).status == 201
    refused(reserve(ana, full), 409, "already_reserved")
    refused(reserve(ben, full), 409, "sold_out")
    refused(reserve(client, full), 401, "not_logged_in")
    refused(reserve(ben, full, user_id=999), 404, "not_found")
    refused(reserve(logged_in(cast.emma), full, user_id=999), 404, "not_found")
    refused(reserve(ben, full, party=0), 422, "invalid")
    refused(reserve(ben, full, party=-3), 422, "invalid")
    refused(reserve(ben, a_class(app, seats=50), party=11), 409, "limit_reached")
    for unknown in (999, -1, 0, 2**63 - 1):
        refused(ben.post(f"{CLASSES}reserve-seat/", {"class_id": unknown}), 404, "not_found")
    soon = a_class(app, starts_in=timedelta(hours=1), notice_seconds=7200)
    refused(reserve(ben, soon), 422, "below_notice")
    clock.advance(timedelta(hours=1))
    refused(reserve(ben, soon), 409, "offering_closed")
    assert broken(app) == []


def test_each_refusal_of_a_code_has_its_code(app: App, cast: Cast, clock: FrozenClock, logged_in: As) -> None:
    offering, ana = a_class(app), logged_in(cast.ana)

    def confirm(otp: str | None) -> Answered:
        return ana.post(f"{CLASSES}confirm-seat/", {"class_id": offering.id, "otp": otp})

    refused(confirm("123456"), 404, "not_found")
    hold(app, offering, cast.ana)
    code = mailed_code(app, cast.ana)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused(confirm(None), 422, "invalid")
    for _ in range(5):
        refused(confirm(wrong), 403, "wrong_code")
    refused(confirm(code), 403, "too_many_guesses")
    clock.advance(seconds=301)
    refused(confirm(code), 409, "hold_expired")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "class_id is missing"),
        (b"{}", "class_id is missing"),
        (b'{"class_id": "1"}', "class_id must be a whole number"),
        (b'{"class_id": 1.5}', "class_id must be a whole number"),
        (b'{"class_id": true}', "class_id must be a whole number"),
        (b'{"class_id": NaN}', "class_id"),
        (b'{"class_id": Infinity}', "class_id"),
        (b'{"class_id": 1, "state": "confirmed"}', "state is not known here"),
        (b'{"class_id": 1, "party": 99999999999999999999}', "party must be at most"),
        (b'{"class_id": ' + b"9" * 5000 + b"}", "number out of range"),
        (b'{"class_id": 1', "The body is not valid JSON"),
        (b"class_id=1", "The body is not valid JSON"),
        (b'{"class_id": \xff}', "The body is not valid JSON"),
        (b'"\xc3\x28"', "The body"),
        (b"[" * 60_000, "The body is not valid JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "The body is not valid JSON"),
        (b"[]", "The body must be an object"),
        (b"null", "The body must be an object"),
        (b'{"class_id": 1, "\xf0\x9f\x98\x80\\u0007": 1}', "is not known here"),
    ],
)
def test_a_body_that_cannot_be_is_refused_by_name(front: Client, body: bytes, named: str) -> None:
    answer = front.post(f"{CLASSES}reserve-seat/", body)
    detail = refused(answer, 422, "invalid")["detail"]
    assert named in detail
    assert detail.isprintable()


def test_a_repeated_request_key_books_once_and_answers_the_same(app: App, cast: Cast, logged_in: As) -> None:
    offering, other, ana = a_class(app), a_class(app), logged_in(cast.ana)
    headers = {"Idempotency-Key": "k-1"}
    first = ana.post(f"{CLASSES}reserve-seat/", {"class_id": offering.id, "party": 1}, headers=headers)
    again = ana.post(f"{CLASSES}reserve-seat", b'{"party":1,  "class_id":%d}' % offering.id, headers=headers)
    assert (again.status, again.body) == (201, first.body)
    refused(ana.post(f"{CLASSES}reserve-seat/", {"class_id": other.id}, headers=headers), 422, "key_reused")
    refused(ana.post(f"{CLASSES}cancel-seat/", {"class_id": offering.id}, headers=headers), 422, "key_reused")
    theirs = logged_in(cast.ben).post(f"{CLASSES}reserve-seat/", {"class_id": offering.id}, headers=headers)
    assert theirs.status == 201
    assert theirs.json()["id"] != first.json()["id"]
    for bad in ("", "k" * 129, "k k", "ключ".encode().decode("latin-1")):
        answer = ana.post(f"{CLASSES}reserve-seat/", {"class_id": other.id}, headers={"Idempotency-Key": bad})
        refused(answer, 422, "invalid")


# --- the catalog ---------------------------------------------------------------------------------------------------


def test_an_organizer_makes_a_class(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    made = logged_in(cast.cleo).post(CLASSES, {**NEW, "type": "yoga", "policy": {"hold_seconds": 60}})
    assert made.status == 201, made.body
    offering = made.json()
    assert made.headers["Location"] == f"{CLASSES}{offering['id']}/"
    assert made.headers["ETag"] == f'"{offering["version"]}"'
    assert offering["starts_at"] == "2026-12-02T17:00:00Z"
    assert offering["creator"]["email"] == cast.cleo.email
    assert offering["policy"]["hold_seconds"] == 60
    shown = client.get(made.headers["Location"])
    assert (shown.json(), shown.headers["ETag"]) == (offering, made.headers["ETag"])


@pytest.mark.parametrize("role", ["ana", "nobody"])
def test_a_member_or_a_stranger_makes_no_class(app: App, cast: Cast, client: Client, logged_in: As, role: str) -> None:
    if role == "nobody":
        refused(client.post(CLASSES, NEW), 401, "not_logged_in")
    else:
        refused(logged_in(cast.ana).post(CLASSES, NEW), 403, "not_yours")
    assert client.get(CLASSES).json()["count"] == 0


IMPOSSIBLE: list[tuple[dict[str, Any], str, str]] = [
    ({"title": None}, "invalid", "title"),
    ({"title": "a\nb"}, "invalid", "title"),
    ({"title": "=?utf-8?q?x?="}, "invalid", "title"),
    ({"seats": 0}, "invalid", "1"),
    ({"seats": -5}, "invalid", "1"),
    ({"seats": 10**12}, "invalid", "1"),
    ({"seats": "12"}, "invalid", "seats must be a whole number"),
    ({"starts_at": "soon"}, "invalid", "soon"),
    ({"starts_at": "2026-13-45T18:00"}, "invalid", "2026-13-45"),
    ({"starts_at": 1796234400}, "invalid", "starts_at must be a text"),
    ({"starts_at": "2027-03-28T02:30"}, "bad_span", "does not exist"),
    ({"ends_at": "2026-12-02T17:00"}, "bad_span", "after"),
    ({"timezone": "Europe/Atlantis"}, "invalid", "Atlantis"),
    ({"timezone": "../../etc/passwd"}, "invalid", "time zone"),
    ({"policy": {"hold_seconds": -1}}, "invalid", "hold_seconds"),
    ({"policy": {"confirm": "prayer"}}, "invalid", "prayer"),
    ({"policy": {"free_beer": 1}}, "invalid", "policy.free_beer is not known here"),
    ({"creator": 1}, "invalid", "creator is not known here"),
    ({"id": 7}, "invalid", "id is not known here"),
]


def test_a_class_that_cannot_be_is_refused_by_name(cast: Cast, client: Client, logged_in: As) -> None:
    cleo = logged_in(cast.cleo)
    for change, code, named in IMPOSSIBLE:
        assert named in refused(cleo.post(CLASSES, NEW | change), 422, code)["detail"], change
    assert client.get(CLASSES).json()["count"] == 0


def test_the_list_is_filtered_and_paged(app: App, cast: Cast, clock: FrozenClock, client: Client) -> None:
    made = [a_class(app, title=f"Class {n}", starts_in=timedelta(days=n)) for n in range(1, 6)]
    first = client.get(f"{CLASSES}?page_size=2").json()
    assert [one["id"] for one in first["results"]] == [made[0].id, made[1].id]
    assert (first["count"], first["previous"]) == (5, None)
    assert first["next"] == f"{client.address}{CLASSES}?page_size=2&page=2"
    second = client.get(first["next"].removeprefix(client.address)).json()
    assert [one["id"] for one in second["results"]] == [made[2].id, made[3].id]
    assert second["previous"] == f"{client.address}{CLASSES}?page_size=2&page=1"
    assert client.get(f"{CLASSES}?page=3&page_size=2").json()["next"] is None
    assert client.get(f"{CLASSES}?page=9").json()["results"] == []

    def found(query: str) -> list[int]:
        return [one["id"] for one in client.get(f"{CLASSES}?{query}").json()["results"]]

    assert found("start_date=2026-12-05") == [made[3].id, made[4].id]
    assert found("type=yoga") == []
    clock.advance(timedelta(days=1, minutes=30))
    assert found("status=ongoing") == [made[0].id]
    assert found("status=upcoming") == [one.id for one in made[1:]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("page=0", "page must be at least 1"),
        ("page=-1", "page must be at least 1"),
        ("page=x", "page must be a whole number"),
        ("page=99999999999999999999", "page must be at most"),
        ("page_size=201", "page_size must be at most 200"),
        ("start_date=tomorrow", "start_date must be a date"),
        ("start_date=2026-02-30", "start_date must be a date"),
        ("status=lost", "status must be one of"),
        ("type=a%00b", "type has characters that cannot be"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(front: Client, query: str, named: str) -> None:
    assert named in refused(front.get(f"{CLASSES}?{query}"), 422, "invalid")["detail"]


def test_a_host_that_cannot_be_names_no_address(app: App, client: Client) -> None:
    for _ in range(2):
        a_class(app)
    for host in ("[", "[::1", "a b", "x/y?z=", "a,b", "x" * 300, ""):
        found = client.get(f"{CLASSES}?page_size=1", headers={"Host": host})
        assert found.json()["next"] == f"http://127.0.0.1:8000{CLASSES}?page_size=1&page=2"


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_a_class_is_changed_by_its_creator_or_an_administrator(app: App, cast: Cast, logged_in: As, verb: str) -> None:
    offering = a_class(app, by=as_person(cast.cleo))
    path = f"{CLASSES}{offering.id}/"
    refused(logged_in(cast.dora)(verb, path, {"seats": 9}), 403, "not_yours")
    refused(logged_in(cast.ana)(verb, path, {"seats": 9}), 403, "not_yours")
    changed = logged_in(cast.cleo)(verb, path, {"seats": 9})
    assert (changed.status, changed.json()["seats"], changed.json()["title"]) == (200, 9, "Yoga")
    assert logged_in(cast.emma)(verb, path, {"title": "Pilates"}).json()["title"] == "Pilates"
    refused(logged_in(cast.emma)(verb, f"{CLASSES}999/", {"seats": 9}), 404, "not_found")


def test_an_answer_may_be_sent_back_as_it_is(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    offering = a_class(app, by=as_person(cast.cleo))
    path = f"{CLASSES}{offering.id}"
    read = client.get(path).json()
    hold(app, offering, cast.ana)
    back = logged_in(cast.cleo)("PUT", path, read | {"title": "Pilates"})
    assert back.status == 200, back.body
    assert back.json() == client.get(path).json()
    assert (back.json()["title"], back.json()["reserved"]) == ("Pilates", 1)
    for name, other in [("id", 99), ("kind", "event"), ("creator", None), ("capacity", 50), ("venue", "Hall")]:
        detail = refused(logged_in(cast.cleo)("PUT", path, read | {name: other}), 422, "invalid")["detail"]
        assert detail.startswith(name)
    refused(logged_in(cast.cleo)("PATCH", path, {"colour": "red"}), 422, "invalid")
    assert "status" in refused(logged_in(cast.cleo)("PATCH", path, {"status": "cancelled"}), 422, "invalid")["detail"]
    assert client.get(path).json() == back.json()


def test_if_match_refuses_a_change_that_came_too_late(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    offering, cleo = a_class(app, by=as_person(cast.cleo)), logged_in(cast.cleo)
    path = f"{CLASSES}{offering.id}/"
    seen = client.get(path).headers["ETag"]
    first = cleo("PATCH", path, {"seats": 5}, headers={"If-Match": seen})
    assert first.status == 200
    refused(cleo("PATCH", path, {"seats": 6}, headers={"If-Match": seen}), 412, "changed_meanwhile")
    refused(cleo("DELETE", path, headers={"If-Match": seen}), 412, "changed_meanwhile")
    refused(cleo.post(f"{path}cancel/", headers={"If-Match": seen}), 412, "changed_meanwhile")
    refused(cleo("PATCH", path, {"seats": 6}, headers={"If-Match": "3"}), 422, "invalid")
    assert cleo("PATCH", path, {"seats": 6}, headers={"If-Match": first.headers["ETag"]}).status == 200
    assert cleo("PATCH", path, {"seats": 7}, headers={"If-Match": "*"}).json()["seats"] == 7


def test_what_is_taken_begun_or_called_off_is_not_changed(
    app: App, cast: Cast, clock: FrozenClock, logged_in: As
) -> None:
    emma, offering = logged_in(cast.emma), a_class(app)
    path = f"{CLASSES}{offering.id}/"
    hold(app, offering, cast.ana, party=2)
    refused(emma("PUT", path, {"seats": 1}), 409, "not_allowed_now")
    refused(emma("DELETE", path), 409, "not_allowed_now")
    off = a_class(app)
    assert emma.post(f"{CLASSES}{off.id}/cancel", {"reason": "ill"}).json()["status"] == "cancelled"
    refused(emma("PATCH", f"{CLASSES}{off.id}", {"seats": 3}), 409, "offering_cancelled")
    refused(logged_in(cast.ana).post(f"{CLASSES}reserve-seat", {"class_id": off.id}), 409, "offering_cancelled")
    clock.advance(timedelta(days=1))
    refused(emma("PATCH", path, {"seats": 3}), 409, "offering_closed")


def test_a_class_nobody_reserved_is_deleted(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    offering = a_class(app, by=as_person(cast.cleo))
    refused(logged_in(cast.dora)("DELETE", f"{CLASSES}{offering.id}/"), 403, "not_yours")
    gone = logged_in(cast.cleo)("DELETE", f"{CLASSES}{offering.id}/")
    assert (gone.status, gone.body) == (204, b"")
    refused(client.get(f"{CLASSES}{offering.id}/"), 404, "not_found")
    refused(logged_in(cast.cleo)("DELETE", f"{CLASSES}{offering.id}/"), 404, "not_found")


def test_calling_a_class_off_tells_everybody(app: App, cast: Cast, logged_in: As) -> None:
    offering = a_class(app, by=as_person(cast.cleo))
    held = hold(app, offering, cast.ana)
    refused(logged_in(cast.dora).post(f"{CLASSES}{offering.id}/cancel/"), 403, "not_yours")
    off = logged_in(cast.cleo).post(f"{CLASSES}{offering.id}/cancel/")
    assert (off.status, off.json()["status"]) == (200, "cancelled")
    assert logged_in(cast.ana).get(f"/api/v0/reservations/{held.id}/").json()["state"] == "cancelled"
    assert "Yoga" in [text for to, _, text in mailed(app) if to == cast.ana.email][-1]
    assert broken(app) == []


def test_only_its_creator_and_administrators_see_who_comes(app: App, cast: Cast, client: Client, logged_in: As) -> None:
    offering = a_class(app, seats=5, by=as_person(cast.cleo))
    first, second = hold(app, offering, cast.ana), hold(app, offering, cast.ben)
    path = f"{CLASSES}{offering.id}/reservations/"
    for who in (cast.cleo, cast.emma):
        page = logged_in(who).get(f"{path}?limit=1").json()
        assert [one["id"] for one in page["results"]] == [second.id]
        rest = logged_in(who).get(f"{path}?limit=1&cursor={page['next']}").json()
        assert [one["id"] for one in rest["results"]] == [first.id]
        assert rest["next"] is None
    for other in (cast.dora, cast.ana):
        refused(logged_in(other).get(path), 403, "not_yours")
    refused(client.get(path), 401, "not_logged_in")
    refused(logged_in(cast.emma).get(f"{CLASSES}999/reservations/"), 404, "not_found")
    refused(logged_in(cast.cleo).get(f"{path}?cursor=nonsense"), 422, "invalid")


@pytest.mark.parametrize("number", ["0", "999", "9" * 18, "9" * 19, "9" * 500, "-1", "x", "1.5", "%00", "%2e%2e"])
def test_an_id_nobody_has_is_not_found(front: Client, number: str) -> None:
    refused(front.get(f"{CLASSES}{number}/"), 404, "not_found")


@pytest.mark.parametrize("term", ["before_seconds", "after_seconds", "slot_seconds", "grid_seconds", "min_seconds"])
def test_buffers_and_slots_are_refused_where_the_house_picks_the_time(term: str, cast: Cast, logged_in: As) -> None:
    cleo = logged_in(cast.cleo)
    problem = refused(cleo.post(CLASSES, NEW | {"policy": {term: 600}}), 422, "invalid")
    assert problem["detail"] == f"The time of a class is set by the house, so there is no {term} for it."
    made = cleo.post(CLASSES, NEW | {"policy": {term: 0}}).json()
    path = f"{CLASSES}{made['id']}/"
    refused(cleo("PATCH", path, {"policy": {term: 600}}), 422, "invalid")
    assert cleo("PUT", path, made).json()["policy"] == made["policy"]


@pytest.mark.parametrize("price", [0, "0", "0.00", None, {"amount": "0.00", "currency": "EUR"}])
def test_a_price_of_nothing_is_no_price(price: object, cast: Cast, logged_in: As) -> None:
    cleo = logged_in(cast.cleo)
    made = cleo.post(CLASSES, NEW | {"price": price})
    assert (made.status, made.json()["price"]) == (201, None)
    path = f"{CLASSES}{made.json()['id']}/"
    assert cleo("PATCH", path, {"price": "12.50"}).json()["price"]["amount"] == "12.50"
    assert cleo("PATCH", path, {"price": price}).json()["price"] is None
