"""The whole way in a real browser: from the list to confirmed and cancelled, by mouse, keyboard, finger, no script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from classbook.core import wallet
from classbook.core.asks import Reserve
from classbook.rules import tickets
from classbook.testing import FrozenClock
from tests.browser.conftest import PHONE, House, Windows
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
    broken,
    clock_time,
    confirmed,
    opened,
    rich,
)

Picture = Callable[[Page, str], None]


def a_season(house: House) -> dict[str, int]:
    """Something of every kind, with a little going on; ids by kind."""
    app, cast = house.app, Cast(house.app)
    yoga = a_class(app, seats=12, title="Morning yoga", cancel_until_seconds=3600)
    confirmed(app, yoga, cast.ben, party=3)
    arena = a_venue(app, "North:8x20", "South:8x20", "VIP:2x6", name="Spree Arena")
    final = a_match(app, arena, title="Herons – Gulls", prices={"North": "18", "South": "18", "VIP": "49.50"})
    rich(app, cast.cleo, "200")
    return {
        "class": yoga.id,
        "match": final.id,
        "resource": opened(app, a_court(app, title="Beach court", units=2), "mon-sun 08:00-20:00").id,
        "appointment": opened(app, a_doctor(app, notice_seconds=0), "mon-fri 09:00-12:00,13:00-15:00").id,
    }


def log_in(house: House, page: Page, email: str) -> None:
    page.goto("/my/")
    page.get_by_label("Your mail address").fill(email)
    page.get_by_role("button", name="Mail me a code").click()
    page.get_by_label("Code").fill(house.code_for(email))
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="My bookings").wait_for()


def test_from_the_list_to_confirmed_and_cancelled(house: House, window: Windows, picture: Picture) -> None:
    a_season(house)
    page = window()
    page.goto("/")
    picture(page, "1-list")
    page.get_by_label("Words").fill("yoga")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Morning yoga").click()
    picture(page, "2-class")
    page.get_by_label("Places", exact=True).fill("2")
    page.get_by_label("Your mail address").fill("zoe@example.org")
    page.get_by_label("Your name").fill("Zoë Zander")
    page.get_by_role("button", name="Reserve").click()
    picture(page, "3-code")
    page.get_by_label("Code").fill(house.code_for("zoe@example.org"))
    page.get_by_role("button", name="Reserve").click()
    page.get_by_text("It is booked").wait_for()
    picture(page, "4-booked")
    assert "confirmed" in house.mail_to("zoe@example.org")
    page.get_by_role("link", name="Cancel").click()
    picture(page, "5-cancel")
    page.get_by_role("button", name="Cancel the booking").click()
    page.get_by_text("It is cancelled.").wait_for()
    page.get_by_role("link", name="All my bookings").click()
    picture(page, "6-my")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title(re.compile("^What can be booked"))
    assert broken(house.app) == []


def test_the_link_of_the_mail_confirms_on_another_device(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    page, telephone = window(), window(**PHONE)
    log_in(house, page, Cast(house.app).ana.email)
    page.goto(f"/offerings/{ids['class']}/")
    page.get_by_role("button", name="Reserve").click()
    page.get_by_text("Your place is held").wait_for()
    picture(page, "1-held")
    telephone.goto(house.link_for("ana@example.org"))
    picture(telephone, "2-confirm")
    telephone.get_by_role("button", name="Confirm my place").tap()
    telephone.get_by_role("heading", name="Your place is confirmed").wait_for()
    picture(telephone, "3-confirmed")
    page.reload()
    expect(page.get_by_text("confirmed", exact=True)).to_be_visible()


def test_seats_are_picked_and_paid_by_mouse(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    page = window()
    ana = rich(house.app, Cast(house.app).ana, "100")
    log_in(house, page, ana.email)
    page.goto(f"/offerings/{ids['match']}/")
    picture(page, "1-stands")
    page.get_by_role("link", name="VIP").click()
    page.wait_for_url("**?stand=VIP#seats")
    page.get_by_label("Row 1 seat 3, VIP, 49.50 EUR").check()
    page.get_by_label("Row 1 seat 4, VIP, 49.50 EUR").check()
    page.get_by_text("2 picked: VIP-1-3, VIP-1-4, 99.00 EUR in all").wait_for()
    picture(page, "2-picked")
    page.get_by_role("button", name="Reserve these seats").click()
    page.get_by_role("button", name="Pay 99.00 EUR and confirm").click()
    page.get_by_text("It is confirmed").wait_for()
    page.goto(f"/offerings/{ids['match']}/?stand=VIP")
    picture(page, "3-mine")
    expect(page.locator("svg .mine")).to_have_count(3)  # and the one of the legend
    page.get_by_role("link", name="My bookings", exact=True).click()
    picture(page, "4-my")
    assert wallet.show(house.app, CONSOLE, person=ana.id).balance.amount == "1.00"


def test_the_whole_way_by_keyboard_alone(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    page = window()
    page.goto("/")
    tab_to(page, "Herons – Gulls")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Herons – Gulls").wait_for()
    tab_to(page, "VIP")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/offerings/{ids['match']}/?stand=VIP#seats")
    tab_to(page, "Row 1 seat 1, VIP, 49.50 EUR")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Row 2 seat 2, VIP, 49.50 EUR"
    page.keyboard.press("Space")
    page.get_by_text("1 picked: VIP-2-2").wait_for()
    picture(page, "1-focus")
    tab_to(page, "Your mail address")
    page.keyboard.type("cleo@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("Cleo")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="We sent you a code").wait_for()
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(house.code_for("cleo@example.org"))
    page.keyboard.press("Enter")
    page.get_by_text("Your place is held").wait_for()
    tab_to(page, "Pay 49.50 EUR and confirm")
    page.keyboard.press("Enter")
    page.get_by_text("It is confirmed").wait_for()
    tab_to(page, "Cancel…")
    page.keyboard.press("Enter")
    page.get_by_text("You get 49.50 EUR back").wait_for()
    tab_to(page, "Cancel the booking")
    page.keyboard.press("Space")
    page.get_by_text("It is cancelled.").wait_for()
    picture(page, "2-cancelled")


_NAME = """() => {
  const here = document.activeElement;
  const label = here.labels && here.labels[0];
  return here.getAttribute("aria-label") || (label || here).innerText || "";
}"""


def focused(page: Page) -> str:
    """What the focus is on, as it is called."""
    return str(page.evaluate(_NAME)).strip().partition("\n")[0]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is there, which must be soon."""
    for _ in range(250):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab never came to {name!r}")


def test_everything_works_without_script(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    page = window(java_script_enabled=False)
    page.goto(f"/offerings/{ids['match']}/")
    page.get_by_label("How many").fill("3")
    page.get_by_label("Where").select_option("North")
    page.get_by_role("button", name="Propose").click()
    expect(page.locator("input.seat:checked")).to_have_count(3)
    picture(page, "1-proposed")
    page.get_by_label("Your mail address").fill("cleo@example.org")
    page.get_by_label("Your name").fill("Cleo")
    page.get_by_role("button", name="Reserve these seats").click()
    page.get_by_label("Code").fill(house.code_for("cleo@example.org"))
    page.get_by_role("button", name="Reserve").click()
    page.get_by_role("button", name="Pay 54.00 EUR and confirm").click()
    expect(page.get_by_text("It is confirmed")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_text("It is cancelled.")).to_be_visible()


@pytest.mark.parametrize("kind", ["class", "match", "appointment", "resource"])
def test_a_phone_shows_each_kind_without_scrolling_aside(
    house: House, window: Windows, picture: Picture, kind: str
) -> None:
    ids = a_season(house)
    page = window(**PHONE, device_scale_factor=2)
    for name, path in (("1-list", "/"), ("2-one", f"/offerings/{ids[kind]}/")):
        page.goto(path)
        picture(page, name)
        assert fits(page)
    if kind == "match":
        page.goto(f"/offerings/{ids[kind]}/?stand=North")
        picture(page, "3-stand")
        assert fits(page)
        box = page.get_by_label("Row 1 seat 1, North, 18.00 EUR").bounding_box()
        assert box and box["width"] >= 24 and box["height"] >= 24


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_phone_books_a_slot_and_a_court(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    page = window(**PHONE)
    log_in(house, page, Cast(house.app).ana.email)
    page.goto(f"/offerings/{ids['appointment']}/")
    page.get_by_text("10:15").first.tap()
    page.get_by_role("button", name="Book this time").tap()
    page.get_by_role("button", name="Confirm").tap()
    page.get_by_text("It is confirmed").wait_for()
    page.goto(f"/offerings/{ids['resource']}/")
    page.get_by_label("From", exact=True).fill("2026-12-02T18:00")
    page.get_by_label("To", exact=True).fill("2026-12-02T19:30")
    page.get_by_role("button", name="Book").tap()
    page.get_by_text("It is booked").wait_for()
    page.get_by_role("link", name="My bookings", exact=True).tap()
    picture(page, "my")
    assert fits(page)


def test_who_was_too_slow_takes_what_is_left(house: House, window: Windows, picture: Picture) -> None:
    ids = a_season(house)
    app, cast = house.app, Cast(house.app)
    faster = rich(app, cast.emma, "100")
    page, telephone = window(), window(**PHONE)
    log_in(house, page, rich(app, cast.ana, "100").email)
    page.goto(f"/offerings/{ids['match']}/?stand=VIP")
    page.get_by_label("Row 1 seat 3, VIP, 49.50 EUR").check()
    page.get_by_label("Row 1 seat 4, VIP, 49.50 EUR").check()
    ask(app, Reserve(CONSOLE, ids["match"], faster.id, seats=("VIP-1-4",)))
    page.get_by_role("button", name="Reserve these seats").click()
    page.get_by_role("heading", name="What you could have instead").wait_for()
    picture(page, "1-seats")
    page.get_by_role("button", name="VIP-").first.click()
    page.get_by_text("Your place is held").wait_for()
    log_in(house, telephone, cast.dora.email)
    telephone.goto(f"/offerings/{ids['appointment']}/?day=2026-12-02")
    ask(app, Reserve(CONSOLE, ids["appointment"], faster.id, starts_at=clock_time("10:15")))
    telephone.get_by_text("10:15").first.tap()
    telephone.get_by_role("button", name="Book this time").tap()
    telephone.get_by_role("heading", name="What you could have instead").wait_for()
    picture(telephone, "2-times")
    assert fits(telephone)
    assert serious(telephone) == []
    telephone.get_by_role("button", name="10:30").tap()
    telephone.get_by_text("Your place is held").wait_for()


def test_an_appointment_is_changed_and_stays_where_the_other_is_taken(
    house: House, window: Windows, picture: Picture
) -> None:
    ids = a_season(house)
    app, cast = house.app, Cast(house.app)
    page = window(**PHONE)
    log_in(house, page, cast.ana.email)
    mine = ask(app, Reserve(CONSOLE, ids["appointment"], cast.ana.id, starts_at=clock_time("10:00")))
    page.goto(f"/my/{mine.code}/")
    page.get_by_role("link", name="Change…").tap()
    page.get_by_text("It stays yours until the change is done").wait_for()
    picture(page, "1-changing")
    assert fits(page)
    assert serious(page) == []
    page.get_by_label("From day").fill("2026-12-03")
    page.get_by_role("button", name="Show").tap()
    page.wait_for_url("**day=2026-12-03**")
    ask(app, Reserve(CONSOLE, ids["appointment"], cast.emma.id, starts_at=clock_time("09:00", days=2)))
    page.get_by_text("09:00", exact=True).first.tap()
    page.get_by_role("button", name="Change to this time").tap()
    page.get_by_text("is taken").wait_for()
    picture(page, "2-refused")
    page.get_by_text("09:15", exact=True).first.tap()
    page.get_by_role("button", name="Change to this time").tap()
    page.get_by_text("It is changed.").wait_for()
    expect(page.get_by_text("Thu 3 Dec 2026 09:15–09:30 UTC")).to_be_visible()
    picture(page, "3-changed")
    assert broken(app) == []


def test_at_the_door_a_scanner_types_and_the_field_keeps_the_focus(
    house: House, window: Windows, picture: Picture
) -> None:
    app, cast = house.app, Cast(house.app)
    yoga = a_class(app, title="Morning yoga", by=as_person(cast.cleo), starts_in=timedelta(minutes=20))
    one = confirmed(app, yoga, cast.ana, party=2)
    page, telephone = window(), window(**PHONE)
    log_in(house, page, cast.cleo.email)
    page.get_by_role("link", name="Check-in").click()

    def scan(text: str, said: str, name: str) -> None:
        expect(page.get_by_label("Ticket or code")).to_be_focused()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        page.get_by_text(said, exact=True).wait_for()
        picture(page, name)

    scan(one.code, "Too early", "1-early")
    assert isinstance(app.clock, FrozenClock)
    app.clock.advance(timedelta(minutes=10))
    scan(tickets.ticket(app.key, one.id), "Checked in", "2-in")
    app.clock.advance(timedelta(minutes=2))
    scan(one.code, "Already checked in at 10:10", "3-already")
    scan("R-0000-0000", "Wrong code", "4-wrong")
    confirmed(app, a_class(app, title="Pilates", starts_in=timedelta(minutes=5)), cast.cleo)
    log_in(house, telephone, cast.cleo.email)
    picture(telephone, "5-button")
    telephone.get_by_role("button", name="Check in").tap()
    telephone.get_by_text("You are checked in").wait_for()
    picture(telephone, "6-mine")
    assert fits(telephone)
    telephone.goto("/check-in/")
    assert fits(telephone)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(house: House, window: Windows, picture: Picture, scheme: Any) -> None:
    ids = a_season(house)
    stranger, emma = window(color_scheme=scheme), window(color_scheme=scheme)
    cast = Cast(house.app)
    mine = confirmed(house.app, a_class(house.app, title="Pilates"), cast.emma)
    log_in(house, emma, cast.emma.email)
    looked_at = [
        *((stranger, f"/offerings/{id}/") for id in ids.values()),
        (stranger, "/"),
        (stranger, "/?text=nothing+like+it&from=never"),
        (stranger, f"/offerings/{ids['match']}/?best=2"),
        (stranger, "/my/"),
        (stranger, "/nothing"),
        (stranger, "/confirm/x"),
        (emma, "/my/"),
        (emma, f"/my/{mine.code}/"),
        (emma, f"/my/{mine.code}/cancel/"),
        (emma, "/check-in/"),
        (emma, "/admin/"),
        (emma, "/admin/reservations/"),
        (emma, f"/admin/reservations/{mine.id}/"),
    ]
    found = []
    for page, path in looked_at:
        page.goto(path)
        found += [(path, *one) for one in serious(page)]
    assert found == []
    picture(emma, scheme)


def serious(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds that is serious: which rule, where, and why."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
