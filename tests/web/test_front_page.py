"""/ and /offerings/{id}/ as somebody unknown sees them: what there is, narrowed, in pages, and each kind in its way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog, matches
from classbook.core.asks import Reserve
from classbook.store.database import Tx
from tests.conftest import Client
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    confirmed,
    hold,
    opened,
    rich,
)
from tests.web.surfer import Page, Surfer


@pytest.fixture
def surfer(client: Client) -> Surfer:
    return Surfer(client)


def titles(page: Page) -> list[str]:
    return [link for link in page.links if "offerings/" in link]


def test_the_list_shows_what_is_to_come_by_start_and_then_what_is_open(app: App, surfer: Surfer) -> None:
    a_court(app, title="Court 1")
    a_class(app, title="Later", starts_in=timedelta(days=2))
    a_class(app, title="Sooner", starts_in=timedelta(hours=2))
    gone = a_class(app, title="Cancelled")
    catalog.cancel(app, CONSOLE, "class", gone.id)
    page = surfer.get("/").page
    assert titles(page) == ["./offerings/3/", "./offerings/2/", "./offerings/1/"]
    assert "Cancelled" not in page.text
    assert "3 found" in page.text


def test_what_has_begun_is_listed_no_more(app: App, surfer: Surfer) -> None:
    a_class(app, starts_in=timedelta(seconds=1))
    assert titles(surfer.get("/").page) != []
    app.clock.advance(seconds=1)  # type: ignore[attr-defined]
    assert titles(surfer.get("/").page) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=class", ["Morning yoga", "Tea & 100% fun"]),
        ("kind=resource", ["Court"]),
        ("text=YOGA", ["Morning yoga"]),
        ("text=100%25", ["Tea & 100% fun"]),
        ("text=_", []),
        ("type=health", ["Tea & 100% fun"]),
        ("from=2026-12-03", ["Tea & 100% fun", "Court"]),
        ("kind=&type=&text=&from=", ["Morning yoga", "Tea & 100% fun", "Court"]),
        ("text=nothing+like+it", []),
    ],
)
def test_filters_narrow_the_list(app: App, surfer: Surfer, query: str, found: list[str]) -> None:
    a_class(app, title="Morning yoga")
    tea = a_class(app, title="Tea & 100% fun", starts_in=timedelta(days=2))
    catalog.update(app, CONSOLE, "class", tea.id, {"type": "health"})
    a_court(app)
    page = surfer.get(f"/?{query}").page
    known = ["Morning yoga", "Tea & 100% fun", "Court"]
    assert [known[int(link.split("/")[2]) - 1] for link in titles(page)] == found


def test_a_day_that_is_none_is_said_and_everything_is_shown(app: App, surfer: Surfer) -> None:
    a_class(app)
    seen = surfer.get("/?from=someday")
    assert seen.status == 422
    assert "must be a date" in seen.text
    assert len(titles(seen.page)) == 1


def test_the_list_comes_in_pages_that_keep_what_was_asked(app: App, surfer: Surfer) -> None:
    for number in range(21):
        a_class(app, title=f"Yoga {number}", starts_in=timedelta(days=1, minutes=number))
    first = surfer.get("/?text=yoga").page
    assert len(titles(first)) == 20
    [onward] = [link for link in first.links if "page=2" in link]
    second = surfer.get(f"/{onward.removeprefix('./')}").page
    assert "page 2 of 2" in second.text
    assert len(titles(second)) == 1
    assert any("page=1" in link and "text=yoga" in link for link in second.links)


@pytest.mark.parametrize(
    "path", ["/?page=0", "/?page=x", "/?page=10001", "/?kind=party", "/offerings/9", "/offerings/x"]
)
def test_what_is_not_there_is_said_on_a_page(surfer: Surfer, path: str) -> None:
    seen = surfer.get(path)
    assert seen.status in (404, 422)
    assert seen.answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "See what can be booked" in seen.text


def test_an_offering_tells_places_price_time_and_terms_in_words(app: App, cast: Cast, surfer: Surfer) -> None:
    offered = a_class(
        app, seats=5, price="12.50", cancel_until_seconds=86400, by=as_person(cast.cleo), starts_in=timedelta(days=3)
    )
    hold(app, offered, rich(app, cast.ana, "30"), party=2)
    text = surfer.get(f"/offerings/{offered.id}").text
    for words in (
        "3 of 5",
        "12.50 EUR",
        "Fri 4 Dec 2026 09:00–10:00 UTC",
        "Cleo",
        "held for 5 minutes, until you confirm it with the code that we mail you",
        "At most 10 places in one booking",
        "What you cancel 1 day or more before the start is paid back",
    ):
        assert words in text


def test_times_are_those_of_the_offering_with_its_zone(app: App, surfer: Surfer) -> None:
    there = a_class(app)
    catalog.update(app, CONSOLE, "class", there.id, {"timezone": "Asia/Kolkata"})
    assert "14:30–15:30 IST (UTC+5:30)" in surfer.get(f"/offerings/{there.id}").text
    assert "14:30–15:30 IST (UTC+5:30)" in surfer.get("/").text


def test_what_is_over_cannot_be_booked_on_its_page(app: App, surfer: Surfer) -> None:
    gone = a_class(app)
    catalog.cancel(app, CONSOLE, "class", gone.id)
    page = surfer.get(f"/offerings/{gone.id}").page
    assert "can no longer be booked" in page.text
    assert not any("Reserve" in form.buttons for form in page.forms)


def test_what_is_full_offers_the_line(app: App, cast: Cast, surfer: Surfer) -> None:
    full = a_class(app, seats=1)
    confirmed(app, full, cast.ana)
    page = surfer.get(f"/offerings/{full.id}").page
    assert ("queue", "yes") in page.form("Put me in line").fields


def test_free_slots_come_by_day_in_the_providers_zone(app: App, cast: Cast, surfer: Surfer) -> None:
    doctor = opened(app, a_doctor(app, timezone="Europe/Berlin", notice_seconds=0), "wed,fri 10:00-11:00")
    page = surfer.get(f"/offerings/{doctor.id}/").page
    assert re.findall(r"\w+day \d+ \w+ 2026", page.text)[:2] == ["Wednesday 2 December 2026", "Friday 4 December 2026"]
    assert page.text.count("10:15") == 4
    assert "All times are in Europe/Berlin" in page.text
    assert ("value", "2026-12-02T09:00:00+00:00") in page.attributes
    later = surfer.get(f"/offerings/{doctor.id}/?day=2026-12-10").page
    assert "2 December" not in later.text
    assert "Friday 11 December 2026" in later.text


def test_a_day_with_very_many_slots_is_shown_whole(app: App, surfer: Surfer) -> None:
    busy = a_doctor(app, notice_seconds=0)  # 96 slots a day
    page = surfer.get(f"/offerings/{busy.id}/?day=2026-12-02").page
    shown = re.findall(r"\w+day \d+ December 2026", page.text)
    assert shown == ["Wednesday 2 December 2026"]
    assert page.text.count("23:45") == page.text.count("00:00") == 1
    assert any("day=2026-12-03" in link for link in page.links)


def test_a_room_shows_what_is_free_of_each_day(app: App, cast: Cast, surfer: Surfer) -> None:
    room = opened(app, a_court(app, title="Room"), "mon-sun 08:00-20:00")
    ask(app, booking_of(room, cast.ana, "10:00-12:00"))
    page = surfer.get(f"/offerings/{room.id}/").page
    assert "08:00–10:00, 12:00–20:00" in page.text
    assert ("start", "2026-12-01T09:00") in page.form("Book").fields
    assert "all day" in surfer.get(f"/offerings/{a_court(app).id}/?day=2026-12-05").text


@pytest.mark.parametrize("day", ["soon", "2026-13-01", "9999-12-31", "0001-01-01"])
def test_no_day_breaks_the_page(app: App, surfer: Surfer, day: str) -> None:
    for one in (a_court(app), a_doctor(app)):
        assert surfer.get(f"/offerings/{one.id}/?day={day}").status in (200, 422)


def test_a_stadium_shows_its_stands_first_and_then_one(app: App, cast: Cast, surfer: Surfer) -> None:
    arena = a_venue(app, "A:2x3", "VIP:1x2")
    final = a_match(app, arena, prices={"A": "10", "VIP": "40"})
    ask(app, Reserve(as_person(rich(app, cast.ana)), final.id, seats=("A-1-1",)))
    matches.block(app, CONSOLE, final.id, ["A-1-2"])
    overview = surfer.get(f"/offerings/{final.id}").page
    assert "4 of 6 free, from 10.00 EUR" in overview.text
    assert "2 of 2 free, from 40.00 EUR" in overview.text
    assert "foreignobject" not in overview.tags
    [onward] = [link for link in overview.links if link.endswith("?stand=A#seats")]
    stand = surfer.get(f"/offerings/{final.id}/{onward.rpartition('/')[2].partition('#')[0]}").page
    boxes = [value for name, value in stand.attributes if name == "aria-label" and (value or "").startswith("Row")]
    assert "Row 1 seat 3, A, 10.00 EUR" in boxes
    assert "Row 2 seat 1, A, 10.00 EUR" in boxes
    assert "Row 1 seat 1, A, 10.00 EUR" not in boxes
    assert "A-1-1: held by somebody" in stand.text
    assert "A-1-2: not for sale" in stand.text
    # Colour and letter: read without one of them, each category is still told.
    assert {value for name, value in stand.attributes if name == "data-letter"} == {"B"}


def test_the_best_seats_are_proposed_and_picked_already(app: App, surfer: Surfer) -> None:
    final = a_match(app, a_venue(app, "A:2x5"))
    page = surfer.get(f"/offerings/{final.id}?best=3").page
    assert [value for name, value in page.form("Reserve these seats").fields if name == "seat"] == [
        "A-1-1", "A-1-2", "A-1-3",
    ]  # fmt: skip
    too_many = surfer.get(f"/offerings/{final.id}?best=6")
    assert too_many.status == 409
    assert "not left" in too_many.text
    assert "pick your seats" in too_many.text


@pytest.mark.parametrize("query", ["stand=Z", "best=x", "best=0", "best=2&category=Z", "best=99999999"])
def test_a_seat_map_that_is_asked_for_wrongly_says_so_and_is_shown(app: App, surfer: Surfer, query: str) -> None:
    final = a_match(app, a_venue(app, "A:2x5"))
    seen = surfer.get(f"/offerings/{final.id}?{query}")
    assert seen.status in (404, 409, 422)
    assert "Final" in seen.page.title


def test_ten_thousand_seats_stay_a_small_page(app: App, surfer: Surfer) -> None:
    arena = a_venue(app, *(f"S{number}:25x40" for number in range(10)))
    final = a_match(app, arena)
    assert len(surfer.get(f"/offerings/{final.id}").answer.body) < 20_000
    one = surfer.get(f"/offerings/{final.id}?stand=S3")
    assert one.page.tags.count("foreignobject") == 1000
    assert len(one.answer.body) < 400_000


# --- what a page costs ---------------------------------------------------------------------------------------------


@pytest.fixture
def queries(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many statements were run since the last time somebody asked."""
    asked: list[int] = []
    pipeline = Tx.pipeline

    def counting(tx: Tx, *given: object) -> object:
        asked.append(len(given))
        return pipeline(tx, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Tx, "pipeline", counting)

    def count() -> int:
        found = sum(asked)
        asked.clear()
        return found

    return count


def test_pages_take_a_fixed_number_of_queries(app: App, cast: Cast, surfer: Surfer, queries: Callable[[], int]) -> None:
    final = a_match(app, a_venue(app, "A:5x5", "B:5x5"))
    doctor, court = a_doctor(app), a_court(app, units=5)
    paths = ["/", *(f"/offerings/{one.id}" for one in (doctor, court)), f"/offerings/{final.id}?stand=A"]

    def costs() -> list[int]:
        for path in paths:
            surfer.get(path)  # seat plans are remembered
        queries()
        return [(surfer.get(path).status, queries())[1] for path in paths]

    before = costs()
    for number in range(12):
        one = a_class(app, title=f"Yoga {number}", seats=5)
        confirmed(app, one, cast.ana)
        ask(app, booking_of(court, cast.ana, f"{10 + number % 4}:00-{11 + number % 4}:00"))
    ask(app, Reserve(as_person(cast.ana), final.id, best=4))
    assert costs() == before
    assert max(before) <= 12


def test_the_list_is_one_page_and_one_stylesheet(app: App, client: Client) -> None:
    a_class(app)
    page = Page(client.get("/"))
    fetched = [address for address in page.asked_for if not address.startswith("data:")]
    assert len(fetched) == 1
    style = client.get(f"/{fetched[0].removeprefix('./')}")
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in style.headers["Cache-Control"]
    assert "script" not in page.tags
