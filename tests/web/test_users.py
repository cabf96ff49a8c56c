"""/users/: what is kept about a person, for themselves and for administrators."""

from __future__ import annotations

from classbook.app import App
from tests.makers import Cast, a_class, hold
from tests.web.conftest import As


def test_a_person_reads_and_exports_themselves_and_an_administrator_anybody(cast: Cast, logged_in: As) -> None:
    for who in (cast.ana, cast.emma):
        client = logged_in(who)
        assert client.get(f"/api/v0/users/{cast.ana.id}/").json()["email"] == "ana@example.org"
        answer = client.get(f"/api/v0/users/{cast.ana.id}/export/")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="person-{cast.ana.id}.json"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["person"]["email"] == "ana@example.org"


def test_others_are_not_there(cast: Cast, logged_in: As) -> None:
    ben = logged_in(cast.ben)
    assert ben.get(f"/api/v0/users/{cast.ana.id}/").status == 404
    assert ben.get(f"/api/v0/users/{cast.ana.id}/export/").status == 404
    assert ben.post(f"/api/v0/users/{cast.ana.id}/anonymise/", {"email": cast.ana.email}).status == 404


def test_a_person_who_goes_is_gone(app: App, cast: Cast, logged_in: As) -> None:
    ana = logged_in(cast.ana)
    path = f"/api/v0/users/{cast.ana.id}/anonymise/"
    assert ana.post(path, {"email": "ben@example.org"}).status == 422
    assert ana.post(path, {"email": "ana@example.org"}).json()["name"] == "Anonymous"
    assert ana.get("/api/v0/auth/me/").status == 401


def test_who_has_something_stays(app: App, cast: Cast, logged_in: As) -> None:
    hold(app, a_class(app), cast.ana)
    answer = logged_in(cast.emma).post(f"/api/v0/users/{cast.ana.id}/anonymise/", {"email": "ana@example.org"})
    assert (answer.status, answer.json()["code"]) == (409, "not_allowed_now")
