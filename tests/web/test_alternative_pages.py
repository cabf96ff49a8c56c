"""Who is refused on a page is shown what could be had instead, and has it with one click."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import vouchers
from classbook.core.asks import Reserve
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
    broken,
    confirmed,
    rich,
)
from tests.web.surfer import Surfer
from tests.web.test_booking_pages import came_in, count

OFFERED = "What you could have instead"


@pytest.fixture
def surfer(app: App, cast: Cast, client: Client) -> Surfer:
    """Ana's browser."""
    return came_in(app, Surfer(client), cast.ana.email)


def test_other_seats_beside_each_other_are_one_click_away(app: App, cast: Cast, surfer: Surfer) -> None:
    rich(app, cast.ana)
    final = a_match(app, a_venue(app, "A:1x5"), prices={"A": "10"})
    form = surfer.get(f"/offerings/{final.id}").page.form("Reserve these seats")
    ask(app, Reserve(CONSOLE, final.id, rich(app, cast.ben).id, seats=("A-1-2",)))
    refused = surfer.send(form, seat=["A-1-1", "A-1-2"])
    assert (refused.status, OFFERED in refused.text) == (409, True)
    taken = surfer.click("A-1-3, A-1-4, 20.00 EUR")
    assert "Your place is held" in taken.text and "2: A-1-3, A-1-4" in taken.text
    assert broken(app) == []


def test_a_slot_that_was_faster_is_followed_by_the_next_ones(app: App, cast: Cast, surfer: Surfer) -> None:
    doctor = a_doctor(app, notice_seconds=0)
    form = surfer.get(f"/offerings/{doctor.id}?day=2026-12-02").page.form("Book this time")
    ask(app, booking_of(doctor, cast.ben, "10:00"))
    refused = surfer.send(form, start="2026-12-02T10:00:00+00:00")
    assert refused.status == 409
    seen = surfer.click("Wed 2 Dec 2026 10:15–10:30 UTC")
    assert "Your place is held" in seen.text and "10:15–10:30" in seen.text


def test_a_court_is_free_at_other_times_for_as_many_and_as_long(app: App, cast: Cast, surfer: Surfer) -> None:
    court = a_court(app, units=2, queues=False, timezone="Europe/Berlin")
    ask(app, booking_of(court, cast.ben, "09:00-10:00"))
    surfer.get(f"/offerings/{court.id}")
    refused = surfer.click("Book", start="2026-12-02T10:00", end="2026-12-02T11:00", party="2")
    assert refused.status == 409
    names = [button for form in refused.page.forms for button in form.buttons]
    assert "1 place instead of 2" in names and "Wait in line, as number 1" in names
    seen = surfer.click("Wed 2 Dec 2026 11:00–12:00 CET (UTC+1)")
    assert "It is booked" in seen.text
    with app.store.read() as tx:
        assert tx.rows("SELECT party FROM reservations ORDER BY id") == [(1,), (2,)]


def test_a_smaller_party_and_the_same_on_another_date(app: App, cast: Cast, surfer: Surfer) -> None:
    yoga = a_class(app, seats=3, confirm="none")
    next_week = a_class(app, seats=3, starts_in=timedelta(days=8), confirm="none")
    form = surfer.get(f"/offerings/{yoga.id}").page.form("Reserve")
    ask(app, Reserve(as_person(cast.ben), yoga.id, party=2))
    refused = surfer.send(form, party="3")
    assert refused.status == 409
    [link] = [link for link in refused.page.links if link.endswith(f"offerings/{next_week.id}/")]
    assert "Yoga, Wed 9 Dec 2026 09:00–10:00 UTC, 3 places left" in refused.text
    assert "Yoga" in surfer.get("/offerings/" + link.rpartition("offerings/")[2]).page.title
    surfer.seen = refused
    assert "It is booked" in surfer.click("1 place instead of 3").text
    assert count(app, "reservations") == 2


def test_waiting_in_line_is_a_click_where_the_terms_do_not_put_one_there(app: App, cast: Cast, surfer: Surfer) -> None:
    full = a_class(app, seats=1)
    form = surfer.get(f"/offerings/{full.id}").page.form("Reserve")
    confirmed(app, full, cast.ben)
    assert surfer.send(form).status == 409
    assert "You are in line" in surfer.click("Wait in line, as number 1").text


def test_an_alternative_keeps_the_voucher(app: App, cast: Cast, surfer: Surfer) -> None:
    vouchers.create(app, CONSOLE, code="SPRING", percent=50)
    rich(app, cast.ana)
    yoga = a_class(app, seats=2, price="10", confirm="self")
    form = surfer.get(f"/offerings/{yoga.id}").page.form("Reserve")
    refused = surfer.send(form, party="3", voucher="SPRING")
    assert refused.status == 409
    assert "10.00 EUR, 10.00 EUR less by voucher" in surfer.click("2 places instead of 3").text


def test_a_wrong_voucher_or_a_form_that_cannot_be_read_has_no_alternative(app: App, surfer: Surfer) -> None:
    yoga = a_class(app, price="10")
    surfer.get(f"/offerings/{yoga.id}")
    assert OFFERED not in surfer.click("Reserve", voucher="WINTER").text
    assert OFFERED not in surfer.click("Reserve", party="many").text


def test_what_is_gone_meanwhile_is_refused_with_alternatives_again(app: App, cast: Cast, surfer: Surfer) -> None:
    doctor = a_doctor(app, notice_seconds=0, per_day=None)
    form = surfer.get(f"/offerings/{doctor.id}?day=2026-12-02").page.form("Book this time")
    ask(app, booking_of(doctor, cast.ben, "10:00"))
    surfer.send(form, start="2026-12-02T10:00:00+00:00")
    ask(app, booking_of(doctor, cast.ben, "10:15"))
    again = surfer.click("Wed 2 Dec 2026 10:15–10:30 UTC")
    assert (again.status, OFFERED in again.text) == (409, True)
    assert "Your place is held" in surfer.click("Wed 2 Dec 2026 10:30–10:45 UTC").text
