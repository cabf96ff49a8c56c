"""/confirm/{token}: looking changes nothing, the button confirms, and every end has a clear page."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from classbook.app import App
from classbook.core import booking
from classbook.core.asks import ById, Cancel, Resend
from classbook.store.database import Tx
from classbook.store.tables import metadata
from classbook.testing import FrozenClock
from tests.conftest import Answered, Client
from tests.makers import CONSOLE, Cast, a_class, as_person, broken, hold, mailed_link


class Page(HTMLParser):
    """What a page says and what it would make a browser do."""

    def __init__(self, answer: Answered) -> None:
        super().__init__()
        self.text, self.tags, self.asked_for = "", [], []  # type: tuple[str, list[str], list[str]]
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked_for += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "style")]

    def handle_data(self, data: str) -> None:
        self.text += data


def rows(app: App) -> dict[str, list[Any]]:
    """Everything the database holds."""
    with app.store.read() as tx:
        return {table.name: sorted(map(tuple, tx.rows(f"SELECT * FROM {table.name}")), key=repr)
                for table in metadata.sorted_tables}  # fmt: skip


@pytest.fixture
def link(app: App, cast: Cast) -> str:
    """The path of a link that was mailed to Ana."""
    hold(app, a_class(app), cast.ana)
    return f"/confirm/{mailed_link(app, cast.ana)}"


def test_looking_changes_no_row(app: App, client: Client, link: str) -> None:
    before = rows(app)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH") * 2:
        client(method, link, headers={"Purpose": "prefetch"})
        assert rows(app) == before


def test_the_page_says_what_it_is_for_and_has_one_button(client: Client, link: str) -> None:
    answer = client.get(link)
    page = Page(answer)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Yoga" in page.text
    assert "Held until" in page.text
    assert page.tags.count("form") == page.tags.count("button") == 1
    assert all(address.startswith(("../", "data:", "#")) for address in page.asked_for)


def test_the_button_confirms_once_and_says_so_again(app: App, cast: Cast, client: Client, link: str) -> None:
    for _ in range(2):
        done = client.post(link)
        assert done.status == 200
        assert "Your place is confirmed" in Page(done).text
        assert "form" not in Page(done).tags
    assert "Your place is confirmed" in Page(client.get(link)).text
    with app.store.read() as tx:
        assert tx.rows("SELECT state FROM reservations") == [("confirmed",)]
    assert broken(app) == []


def test_what_a_browser_posts_does_not_matter(client: Client, link: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(link, b"whatever=1", headers=form).status == 200


def test_an_expired_hold_has_its_page(client: Client, clock: FrozenClock, link: str) -> None:
    clock.advance(timedelta(minutes=5))
    assert "expired" in Page(client.get(link)).text
    assert "form" not in Page(client.get(link)).tags
    late = client.post(link)
    assert (late.status, "expired" in Page(late).text) == (409, True)


def test_a_cancelled_reservation_has_its_page(app: App, client: Client, link: str) -> None:
    booking.one(app, Cancel(CONSOLE, ById(1)))
    assert "cancelled" in Page(client.get(link)).text
    assert client.post(link).status == 409


def test_a_link_of_an_older_mail_is_void(app: App, cast: Cast, client: Client, link: str) -> None:
    booking.one(app, Resend(as_person(cast.ana), ById(1)))
    for answer in (client.get(link), client.post(link)):
        assert answer.status == 404
        assert "newest mail" in Page(answer).text
    assert client.post(f"/confirm/{mailed_link(app, cast.ana)}").status == 200


def test_a_wrong_link_has_its_page_and_changes_nothing(app: App, client: Client, link: str) -> None:
    before = rows(app)
    subject, serial, digest = link.removeprefix("/confirm/").split(".")
    wrong = [
        "x",
        "1.1",
        f"{subject}.{serial}.{digest[:-1]}",
        f"{subject}.{serial}.{'A' * 43}",
        f"2.{serial}.{digest}",
        f"{subject}.2.{digest}",
        f"{subject}.{serial}.{digest}.x",
        f"-1.{serial}.{digest}",
        f"{'f' * 40}.{serial}.{digest}",
        "%E2%82%AC.%E2%82%AC.%E2%82%AC",
        "<script>alert(1)</script>".replace("/", "%2F"),
    ]
    for token in wrong:
        for method in ("GET", "POST"):
            answer = client(method, f"/confirm/{token}")
            assert answer.status == 404, (method, token)
            assert "script" not in Page(answer).tags if answer.headers["Content-Type"].startswith("text/html") else True
    assert rows(app) == before


def test_what_people_wrote_is_text_on_the_page(app: App, cast: Cast, client: Client) -> None:
    hold(app, a_class(app, title='<img src=x onerror=alert(1)> & "Tea"'), cast.ana)
    page = Page(client.get(f"/confirm/{mailed_link(app, cast.ana)}"))
    assert '<img src=x onerror=alert(1)> & "Tea"' in page.text
    assert "img" not in page.tags


def test_nobody_keeps_or_learns_the_address(client: Client, link: str) -> None:
    for answer in (client.get(link), client.post(link), client.get("/confirm/x")):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Set-Cookie"] is None
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; ")
        assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
        assert "unsafe" not in policy


def test_a_person_who_is_gone_confirms_nothing(app: App, client: Client, link: str) -> None:
    def remove(tx: Tx) -> None:
        tx.rows("UPDATE people SET removed_at = 1 WHERE email = 'ana@example.org' RETURNING id")

    app.store.write(remove)
    assert client.post(link).status in (401, 404)
    with app.store.read() as tx:
        assert tx.rows("SELECT state FROM reservations") == [("held",)]
