"""/admin: every table for administrators, searched and in pages; secrets never; only the core's own verbs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import outbox
from classbook.store.browse import SHOWN
from classbook.store.database import Tx
from classbook.store.tables import metadata
from classbook.testing import FrozenClock, MemoryMailer
from classbook.world import MailRefused
from tests.conftest import Client
from tests.makers import (
    CONSOLE,
    PASSWORD,
    Cast,
    a_class,
    a_match,
    a_venue,
    as_person,
    broken,
    confirmed,
    everything,
    hold,
    mailed_code,
    moves,
    person,
    rich,
    show,
)
from tests.web.surfer import Form, Surfer
from tests.web.test_booking_pages import came_in


@pytest.fixture
def emma(app: App, cast: Cast, client: Client) -> Surfer:
    """The browser of an administrator."""
    return came_in(app, Surfer(client), cast.emma.email)


def test_every_table_and_every_column_is_described() -> None:
    """A new column must be shown or be named as secret; which of the two is a decision."""
    described = {one.name: {*one.names, *one.secret.split()} for one in SHOWN.values()}
    assert described == {name: {column.name for column in table.c} for name, table in metadata.tables.items()}


def test_what_is_secret_is_shown_nowhere(app: App, cast: Cast, emma: Surfer) -> None:
    person(app, "Zoe", password=PASSWORD)
    hold(app, a_class(app), cast.ana)
    code = mailed_code(app, cast.ana)
    secret_columns = {"people": "password_hash", "codes": "nonce", "attempts": "nonce", "logins": "id"}
    with app.store.read() as tx:
        hidden = {
            str(value)
            for table, column in secret_columns.items()
            for (value,) in tx.rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        }
    assert len(hidden) >= 3
    pages = "".join(emma.get(f"/admin/{name}/").answer.body.decode() for name in SHOWN)
    pages += emma.get(f"/admin/people/{cast.ana.id}/").answer.body.decode()
    assert cast.ana.email in pages
    assert [value for value in (*hidden, code) if value in pages] == []


@pytest.mark.parametrize("name", SHOWN)
def test_every_table_has_its_page(app: App, cast: Cast, emma: Surfer, name: str) -> None:
    hold(app, a_match(app, a_venue(app, "A:2x5"), prices={"A": "5"}), rich(app, cast.ana))
    hold(app, a_class(app), cast.ben)
    for path in (f"/admin/{name}/", f"/admin/{name}/?q=a", f"/admin/{name}/?q=1", f"/admin/{name}/?q=%25"):
        seen = emma.get(path)
        assert seen.status == 200
        assert SHOWN[name].title in seen.page.title


@pytest.mark.parametrize("who", ["ana", "cleo", None])
def test_only_administrators_see_anything(app: App, cast: Cast, client: Client, who: str | None) -> None:
    surfer = Surfer(client)
    if who:
        came_in(app, surfer, getattr(cast, who).email)
    hold(app, a_class(app), cast.ben)
    for path in ("/admin/", "/admin/people/", "/admin/reservations/1/"):
        seen = surfer.get(path)
        assert seen.status == (403 if who else 401)
        assert "ben@example.org" not in seen.text


def test_no_button_of_the_tables_is_anybody_elses(app: App, cast: Cast, client: Client, emma: Surfer) -> None:
    one = confirmed(app, a_class(app), cast.ben)
    surfer = came_in(app, Surfer(client), cast.ana.email)
    before = show(app, one)
    form = surfer.seen.page.form("Log out") if surfer.seen else Form("", "")
    form.action = f"../admin/reservations/{one.id}/cancel/"
    assert surfer.send(form).status == 403
    assert show(app, one) == before


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ana@", 1),
        ("BEN", 1),
        ("example.org", 3),
        ("%", 0),
        ("_", 0),
        ("3", 1),
        ("nobody", 0),
        ("'; DROP TABLE people", 0),
    ],
)
def test_people_are_found_by_words_and_numbers(app: App, cast: Cast, emma: Surfer, query: str, found: int) -> None:
    assert [cast.ana.id, cast.ben.id] == [2, 3]
    emma.get("/admin/people/")
    page = emma.click("Search", q=query).page
    assert page.tags.count("tr") == (found + 1 if found else 0)


def test_a_reservation_is_found_by_its_code_in_every_table(app: App, cast: Cast, emma: Surfer) -> None:
    one = hold(app, a_class(app), cast.ana)
    hold(app, a_class(app), cast.ben)
    for table, rows in (("reservations", 1), ("moves", 1), ("claims", 1), ("messages", 1)):
        assert emma.get(f"/admin/{table}/?q={one.code}").page.tags.count("tr") == rows + 1, table


@pytest.mark.parametrize("table", ["people", "moves", "throttles"])
def test_tables_come_in_pages_that_miss_and_repeat_nothing(app: App, emma: Surfer, table: str) -> None:
    """By id, by a key of two columns, and where the key is secret."""

    def fill(tx: Tx) -> None:
        for number in range(1000, 1120):
            tx.change(
                "INSERT INTO people (id, email, name, role, timezone, created_at) "
                "VALUES (?, ?, 'x', 'member', 'UTC', 0)",
                number, f"{number}@example.net",
            )  # fmt: skip
            tx.change(
                "INSERT INTO moves (reservation_id, n, action, to_state, at) VALUES (?, ?, 'reserve', 'held', 0)",
                number // 10, number % 10 + 1,
            )  # fmt: skip
            tx.change("INSERT INTO throttles (subject, tries, ends_at) VALUES (?, ?, 1)", f"x{number}", number)

    app.store.write(fill)
    texts, address = [], f"/admin/{table}/"
    for _ in range(10):
        page = emma.get(address).page
        texts += [row for row in page.text.splitlines() if row.strip().isdigit() and 100 <= int(row) < 1120]
        onward = [link for link in page.links if "cursor=" in link]
        if not onward:
            break
        address = f"/admin/{table}/?{onward[0].partition('?')[2]}"
    else:
        raise AssertionError("pages without an end")
    numbers = [int(text) for text in texts]
    if table == "moves":
        assert sorted(numbers) == sorted([number // 10 for number in range(1000, 1120)])
    else:
        assert sorted(number for number in numbers if number >= 1000) == list(range(1000, 1120))


def test_a_page_takes_a_fixed_number_of_queries(
    app: App, cast: Cast, emma: Surfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlalchemy as sa

    asked: list[str] = []

    def noted(conn: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", noted)
    try:
        emma.get("/admin/reservations/")
        few = len(asked)
        for guest in cast.crowd(10):
            confirmed(app, a_class(app), guest)
        asked.clear()
        assert emma.get("/admin/reservations/").page.tags.count("tr") == 11
        assert len(asked) == few
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", noted)


def test_ids_lead_to_what_they_name(app: App, cast: Cast, emma: Surfer) -> None:
    one = hold(app, a_class(app), cast.ana)
    page = emma.get(f"/admin/reservations/{one.id}/").page
    assert f"../../../admin/people/{cast.ana.id}/" in page.links
    assert one.code in page.text
    assert cast.ana.email in emma.get(f"/admin/people/{cast.ana.id}/").text


@pytest.mark.parametrize(
    "path",
    ["/admin/nothing/", "/admin/people/9/", "/admin/people/x/", "/admin/moves/1/", "/admin/throttles/1/",
     "/admin/people/99999999999999999999/", "/admin/people/?cursor=x", "/admin/sqlite_master/"],
)  # fmt: skip
def test_what_is_not_there_is_said(emma: Surfer, path: str) -> None:
    assert emma.get(path).status in (404, 422)


# --- verbs ---------------------------------------------------------------------------------------------------------


def test_a_reservation_is_confirmed_checked_in_and_cancelled(
    app: App, cast: Cast, emma: Surfer, clock: FrozenClock
) -> None:
    one = hold(app, a_class(app, check_in=True), cast.ana)
    emma.get(f"/admin/reservations/{one.id}/")
    assert "It is done" in emma.click("Confirm").text
    clock.advance(timedelta(days=1, minutes=-10))
    assert "It is done" in emma.click("Check in").text
    assert show(app, one).checked_in_at is not None
    page = emma.click("Cancel the reservation", words="Closed because of rain").page
    assert "It is done" in page.text
    assert not any("Cancel the reservation" in form.buttons for form in page.forms)
    assert [move[1] for move in moves(app, one)] == ["reserve", "confirm", "check_in", "cancel"]
    assert "Closed because of rain" in emma.get(f"/admin/moves/?q={one.code}").text
    assert broken(app) == []


def test_a_verb_that_is_refused_says_why_and_changes_nothing(app: App, cast: Cast, emma: Surfer) -> None:
    one = confirmed(app, a_class(app, check_in=True), cast.ana)
    emma.get(f"/admin/reservations/{one.id}/")
    refused = emma.click("Check in")
    assert (refused.status, "opens on" in refused.text) == (409, True)
    assert show(app, one).checked_in_at is None


def test_a_dead_mail_is_sent_again(app: App, cast: Cast, emma: Surfer, mailer: MemoryMailer) -> None:
    outbox.deliver(app)
    mailer.failing = MailRefused("nobody here")
    confirmed(app, a_class(app, confirm="none"), cast.ana)
    outbox.deliver(app)
    mailer.failing = None
    [dead] = [mail for mail in outbox.listing(app, CONSOLE, state="dead").results if mail.to == cast.ana.email][:1]
    emma.get(f"/admin/messages/{dead.id}/")
    assert "It is done" in emma.click("Send again").text
    outbox.deliver(app)
    assert outbox.show(app, CONSOLE, dead.id).state == "sent"
    assert not any("Send again" in form.buttons for form in emma.get(f"/admin/messages/{dead.id}/").page.forms)


def test_all_that_somebody_holds_is_released(app: App, cast: Cast, emma: Surfer) -> None:
    held = [hold(app, a_class(app), cast.ana) for _ in range(2)]
    kept = confirmed(app, a_class(app), cast.ana)
    emma.get(f"/admin/people/{cast.ana.id}/")
    assert "It is done" in emma.click("Release all holds", words="Too many").text
    assert [show(app, one).state for one in (*held, kept)] == ["cancelled", "cancelled", "confirmed"]


def test_seats_are_blocked_and_released(app: App, emma: Surfer) -> None:
    final = a_match(app, a_venue(app, "A:2x5"))
    emma.get(f"/admin/offerings/{final.id}/")
    assert "It is done" in emma.click("Keep seats from sale", words="A-1-1, A-1-2 A-2-*").text
    assert "3 of 10" in emma.get(f"/offerings/{final.id}").text
    emma.get(f"/admin/offerings/{final.id}/")
    assert "It is done" in emma.click("Put blocked seats on sale", words="A-2-*").text
    assert "8 of 10" in emma.get(f"/offerings/{final.id}").text
    emma.get(f"/admin/offerings/{final.id}/")
    assert emma.click("Keep seats from sale", words="B-1-1").status == 422


def test_an_offering_is_cancelled_and_everybody_is_told(app: App, cast: Cast, emma: Surfer) -> None:
    offered = a_class(app, by=as_person(cast.cleo))
    one = confirmed(app, offered, cast.ana)
    emma.get(f"/admin/offerings/{offered.id}/")
    done = emma.click("Cancel the offering and every reservation of it", words="The coach is ill")
    assert "It is done" in done.text
    assert show(app, one).state == "cancelled"


def test_looking_writes_nothing(app: App, cast: Cast, emma: Surfer) -> None:
    one = hold(app, a_class(app), cast.ana)
    before = everything(app)
    for name in SHOWN:
        emma.get(f"/admin/{name}/")
    emma.get(f"/admin/reservations/{one.id}/")
    assert everything(app) == before
