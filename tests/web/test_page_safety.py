"""What pages keep from whom: forms from elsewhere, words that are markup, links that act, cookies that are stolen."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urljoin

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import catalog
from classbook.testing import FrozenClock
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import SECRET, Client
from tests.makers import (
    CONSOLE,
    NOW,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    confirmed,
    everything,
    hold,
    mailed_link,
    show,
)
from tests.web.surfer import FORM, Form, Page, Surfer
from tests.web.test_booking_pages import came_in

EVIL = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7*7 }}{% raise %}"""
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def surfer(client: Client) -> Surfer:
    return Surfer(client)


@pytest.fixture
def every_path(app: App, cast: Cast) -> list[str]:
    """An address of every page, with things on it."""
    match = a_match(app, a_venue(app, "A:2x5"))
    offerings = [a_class(app), match, a_court(app), a_doctor(app)]
    one = confirmed(app, offerings[0], cast.ana)
    hold(app, a_class(app), cast.ana)
    return [
        "/",
        "/?text=a&kind=class&type=b&from=2026-12-01&page=1",
        *(f"/offerings/{offering.id}/" for offering in offerings),
        f"/offerings/{match.id}/?stand=A&best=2",
        f"/confirm/{mailed_link(app, cast.ana)}/",
        "/my/",
        f"/my/{one.code}/",
        f"/my/{one.code}/cancel/",
        f"/offerings/{offerings[0].id}/?move={one.code}",
        "/check-in/",
        "/admin/",
        "/admin/people/",
        f"/admin/reservations/{one.id}/",
        "/static/style.css/",
        "/nothing/",
    ]


# --- forms ---------------------------------------------------------------------------------------------------------


def test_every_form_that_posts_carries_a_proof(app: App, cast: Cast, surfer: Surfer, every_path: list[str]) -> None:
    came_in(app, surfer, cast.ana.email)
    posting = 0
    for path in every_path:
        for form in surfer.get(path).page.forms:
            if form.method == "post" and "/confirm/" not in path:
                posting += 1
                assert any(name == "proof" and value for name, value in form.fields), (path, form)
    assert posting > 10


@pytest.mark.parametrize("proof", ["missing", "", "0" * 64, "of somebody else", "ä", "old"])
def test_a_form_from_elsewhere_does_nothing(app: App, cast: Cast, client: Client, surfer: Surfer, proof: str) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    other = came_in(app, Surfer(client), cast.ben.email)
    foreign = other.get("/my/").page.form("Log out")
    surfer.get("/my/")
    assert surfer.seen
    before_login = surfer.seen.page.form("Mail me a code")
    came_in(app, surfer, cast.ana.email)
    form = surfer.get(f"/my/{one.code}/cancel/").page.form("Cancel the booking")
    values = dict(form.fields)
    if proof == "missing":
        values.pop("proof")
    else:
        of = {"of somebody else": foreign, "old": before_login}.get(proof)
        values["proof"] = dict(of.fields)["proof"] if of else proof
    refused = surfer.send(Form("post", form.action, list(values.items())))
    assert refused.status == 403
    assert "load the page again" in refused.text
    assert show(app, one).state == "confirmed"


@pytest.mark.parametrize(
    "path",
    [
        "/my/login/",
        "/my/logout/",
        "/my/wallet/",
        "/offerings/1/reserve/",
        "/my/1/cancel/",
        "/my/1/check-in/",
        "/my/1/move/",
        "/check-in/",
        "/admin/people/1/x/",
    ],
)
@pytest.mark.parametrize("body", [b"", b"proof=", b"email=a%40b.example", b"\xff\xfe", b"{}", b"a&" * 3000])
def test_without_a_cookie_no_form_is_taken(app: App, client: Client, path: str, body: bytes) -> None:
    a_class(app)
    before = everything(app)
    answer = client.post(path, body, headers={"Content-Type": FORM, **BROWSER})
    assert answer.status in (403, 422)
    assert everything(app) == before


def test_a_bearer_token_is_no_login_for_pages_nor_a_cookie_for_the_api(
    app: App, cast: Cast, client: Client, surfer: Surfer
) -> None:
    came_in(app, surfer, cast.ana.email)
    cookie = "; ".join(f"{name}={value}" for name, value in surfer.cookies.items())
    assert client.get("/api/v0/auth/me/", headers={"Cookie": cookie}).status == 401
    assert client.get("/my/1/", headers={"Authorization": f"Bearer {surfer.cookies['classbook']}"}).status == 401


@pytest.mark.parametrize("change", ["word", "login", "seal", "other key"])
def test_a_cookie_that_was_changed_is_nobodys(
    app: App, cast: Cast, client: Client, surfer: Surfer, change: str
) -> None:
    came_in(app, surfer, cast.ana.email)
    word, login, seal = surfer.cookies["classbook"].split(".")
    other = came_in(app, Surfer(client), cast.ben.email).cookies["classbook"].split(".")
    changed = {
        "word": (other[0], login, seal),
        "login": (word, other[1], seal),
        "seal": (word, login, other[2]),
        "other key": (word, login, "0" * 64),
    }[change]
    surfer.cookies["classbook"] = ".".join(changed)
    assert "Log in with a code" in surfer.get("/my/").text


def test_logging_in_begins_another_session(app: App, cast: Cast, surfer: Surfer) -> None:
    surfer.get("/my/")
    known_before = surfer.cookies["classbook"]
    came_in(app, surfer, cast.ana.email)
    assert surfer.cookies["classbook"].split(".")[0] != known_before.split(".")[0]


@pytest.mark.parametrize(
    ("public_url", "secure", "path"),
    [
        ("http://desk.example", False, "/"),
        ("https://desk.example", True, "/"),
        ("https://x.example/book", True, "/book"),
    ],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    database_url: str, public_url: str, secure: bool, path: str
) -> None:
    environ = {
        "CLASSBOOK_DATABASE_URL": database_url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_WEB_PUBLIC_URL": public_url,
    }  # fmt: skip
    app = open_app(load(config_path=None, environ=environ, overrides={}), clock=FrozenClock(NOW))
    desk = Desk(app)
    server = serve(app, desk, listener=listen("127.0.0.1", 0))
    try:
        cookie = Client(server.address).get("/my/").headers["Set-Cookie"]
    finally:
        server.stop()
        desk.close()
        app.close()
    parts = [part.strip().lower() for part in cookie.split(";")[1:]]
    assert {"httponly", "samesite=lax", f"path={path}"} <= set(parts)
    assert ("secure" in parts) == secure


# --- words ---------------------------------------------------------------------------------------------------------


def test_what_people_wrote_is_text_wherever_it_stands(app: App, cast: Cast, surfer: Surfer) -> None:
    evil = a_class(app, title=EVIL, price="5")
    catalog.update(app, CONSOLE, "class", evil.id, {"type": EVIL[:80], "description": EVIL})
    came_in(app, surfer, cast.emma.email)
    asked = "%22'%3E%3Cscript%3Ealert(1)%3C/script%3E"
    own = [f"/offerings/{evil.id}/", f"/admin/offerings/{evil.id}/"]
    for path in ("/", "/admin/offerings/", *own, f"/?text={asked}", f"/admin/people/?q={asked}"):
        page = surfer.get(path).page
        assert set(page.tags) & {"script", "img"} == set()
        assert not any(name.startswith("on") for name, _ in page.attributes)
    assert EVIL in surfer.get(f"/offerings/{evil.id}/").text
    surfer.get(f"/offerings/{evil.id}/")
    refused = surfer.click("Reserve", party="<script>alert(1)</script>")
    assert refused.status == 422
    assert "script" not in refused.page.tags


def test_a_strangers_words_come_back_as_text(app: App, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}/")
    for email in ('"><script>x</script>', "zoe@example.org"):
        seen = surfer.click("Reserve", email=email, name='"><script>x</script>')
        assert "script" not in seen.page.tags


# --- what a browser may do -----------------------------------------------------------------------------------------


def test_every_page_says_what_it_may_do(app: App, cast: Cast, surfer: Surfer, every_path: list[str]) -> None:
    came_in(app, surfer, cast.emma.email)
    for path in every_path:
        headers = surfer.get(path).answer.headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store" or path.startswith("/static/")


def test_nothing_on_a_page_is_what_its_policy_forbids(
    app: App, cast: Cast, surfer: Surfer, every_path: list[str]
) -> None:
    came_in(app, surfer, cast.emma.email)
    for path in every_path[:-2]:
        seen = surfer.get(path)
        text = seen.answer.body.decode()
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text), path
        for address in (*seen.page.links, *seen.page.asked_for, *(form.action for form in seen.page.forms)):
            assert re.match(r"(\./|(\.\./)+|#|data:|$)", address), (path, address)


def test_below_any_address_every_link_leads_to_a_page(
    app: App, cast: Cast, surfer: Surfer, every_path: list[str]
) -> None:
    """A link that is right with and without the last slash is right below a prefix, too."""
    came_in(app, surfer, cast.emma.email)
    for path in every_path[:-2]:
        address, _, query = path.partition("?")
        for asked in {address, address.rstrip("/") or "/"}:
            seen = surfer.get(f"{asked}?{query}" if query else asked)
            for link in seen.page.links[:12]:
                there = urljoin(f"http://x.example/book{asked}", link)
                assert there.startswith("http://x.example/book/"), (asked, link)
                assert surfer.get(there.removeprefix("http://x.example/book")).status in (200, 404, 409), (asked, link)


def test_links_followed_by_get_and_head_change_no_row(
    app: App, cast: Cast, client: Client, surfer: Surfer, every_path: list[str]
) -> None:
    came_in(app, surfer, cast.ana.email)
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in surfer.cookies.items()), **BROWSER}
    before = everything(app)
    seen: set[str] = set()
    waiting = list(every_path)
    while waiting and len(seen) < 60:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        client("HEAD", path, headers=cookie)
        answer = client.get(path, headers=cookie)
        if answer.headers["Content-Type"].startswith("text/html"):
            base = path.partition("?")[0]
            waiting += [urljoin(base, link).partition("#")[0] for link in Page(answer).links]
    assert len(seen) > 20
    assert everything(app) == before


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/offerings/9", 404), ("POST", "/", 405), ("GET", "/my/1", 401),
     ("GET", "/confirm/x", 404), ("POST", "/my/login", 403), ("GET", "/" + "a" * 2000, 404)],
)  # fmt: skip
def test_a_browser_is_told_on_a_page_and_a_program_in_json(client: Client, method: str, path: str, status: int) -> None:
    page = client(method, path, headers=BROWSER)
    assert (page.status, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert Page(page).title
    if not path.startswith("/confirm"):
        told = client(method, path)
        assert (told.status, told.headers["Content-Type"]) == (status, "application/problem+json")
        assert told.json()["status"] == status


@pytest.mark.parametrize(
    "path", ["/api/v0/nothing/", "/api/v0/classes/9/", "/api/v0/auth/me/", "/auth/me", "/resources/9"]
)
def test_the_api_speaks_json_to_browsers_too(client: Client, path: str) -> None:
    assert client.get(path, headers=BROWSER).headers["Content-Type"] == "application/problem+json"


def test_what_breaks_inside_is_a_page_without_the_inside(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_listing(*_: object, **__: object) -> object:
        raise RuntimeError("secret words of a driver")

    monkeypatch.setattr("classbook.core.showcase.listing", broken_listing)
    answer = client.get("/", headers=BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "secret words" not in answer.body.decode()
    assert answer.headers["X-Request-Id"] in Page(answer).text


def test_a_form_that_is_too_large_is_told_on_a_page(client: Client) -> None:
    answer = client.post("/my/login/", b"a" * 70_000, headers={"Content-Type": FORM, **BROWSER})
    assert (answer.status, answer.headers["Content-Type"]) == (413, "text/html; charset=utf-8")


def test_the_link_of_a_hold_that_ran_out_says_so(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    hold(app, a_class(app), cast.ana)
    link = mailed_link(app, cast.ana)
    clock.advance(timedelta(minutes=5))
    seen = surfer.get(f"/confirm/{link}")
    assert "This hold has expired" in seen.page.title
