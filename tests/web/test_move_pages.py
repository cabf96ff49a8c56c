"""A booking is changed on the page of what it is of, and stays what it was where the change is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from classbook.app import App
from classbook.core import catalog
from classbook.core.asks import Reserve
from classbook.testing import FrozenClock
from tests.conftest import Client
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    ask,
    booking_of,
    broken,
    clock_time,
    confirmed,
    hold,
    purse,
    rich,
    show,
)
from tests.web.surfer import Surfer
from tests.web.test_booking_pages import came_in


@pytest.fixture
def surfer(app: App, cast: Cast, client: Client) -> Surfer:
    """Ana's browser."""
    return came_in(app, Surfer(client), cast.ana.email)


def changing(surfer: Surfer, code: str) -> None:
    """Go from one's booking to where it is changed."""
    links = surfer.get(f"/my/{code}/").page.links
    [link] = [link for link in links if "?move=" in link]
    assert "You are changing" in surfer.get("/offerings/" + link.rpartition("offerings/")[2]).text


def test_an_appointment_moves_to_a_slot_of_another_day(app: App, cast: Cast, surfer: Surfer) -> None:
    doctor = a_doctor(app, notice_seconds=0)
    one = ask(app, booking_of(doctor, cast.ana, "10:00"))
    changing(surfer, one.code)
    assert surfer.seen
    later = next(link for link in surfer.seen.page.links if "day=" in link and "move=" in link)
    surfer.get(surfer.seen.address.partition("?")[0] + "?" + later.rpartition("?")[2])
    ask(app, booking_of(doctor, cast.ben, "11:15", days=2))
    refused = surfer.click("Change to this time", start="2026-12-03T11:15:00+00:00")
    assert (refused.status, show(app, one).starts_at) == (409, clock_time("10:00"))
    assert "Thursday 3 December 2026" in refused.text and "Wednesday 2 December" not in refused.text
    done = surfer.click("Change to this time", start="2026-12-03T11:30:00+00:00")
    assert "It is changed" in done.text and "Thu 3 Dec 2026 11:30–11:45" in done.text
    assert (show(app, one).starts_at, show(app, one).state) == (clock_time("11:30", days=2), "held")
    assert broken(app) == []


def test_a_court_moves_and_keeps_its_time_where_the_other_is_taken(app: App, cast: Cast, surfer: Surfer) -> None:
    court = a_court(app)
    one = ask(app, booking_of(court, cast.ana, "10:00-11:00"))
    ask(app, booking_of(court, cast.ben, "12:00-13:00"))
    changing(surfer, one.code)
    assert surfer.seen and ("start", "2026-12-02T10:00") in surfer.seen.page.form("Change").fields
    refused = surfer.click("Change", start="2026-12-02T12:30", end="2026-12-02T13:30")
    assert refused.status == 409
    assert ("start", "2026-12-02T12:30") in refused.page.form("Change").fields
    assert "You are changing" in refused.text
    assert show(app, one).starts_at == clock_time("10:00")
    unreadable = surfer.click("Change", start="soon")
    assert unreadable.status == 422 and show(app, one).starts_at == clock_time("10:00")
    assert "It is changed" in surfer.click("Change", start="2026-12-02T10:30", end="2026-12-02T11:30").text
    assert show(app, one).starts_at == clock_time("10:30")
    assert broken(app) == []


def test_a_party_grows_as_far_as_there_is_room(app: App, cast: Cast, surfer: Surfer) -> None:
    yoga = a_class(app, seats=4)
    one = confirmed(app, yoga, cast.ana, party=2)
    hold(app, yoga, cast.ben)
    changing(surfer, one.code)
    assert surfer.seen and ("party", "2") in surfer.seen.page.form("Change").fields
    assert surfer.click("Change", party="4").status == 409
    assert show(app, one).party == 2
    assert "It is changed" in surfer.click("Change", party="3").text
    assert (show(app, one).party, show(app, one).state) == (3, "confirmed")


def test_seats_are_changed_for_the_difference_in_price(app: App, cast: Cast, surfer: Surfer) -> None:
    final = a_match(app, a_venue(app, "A:1x4", "B:1x4"), prices={"A": "10", "B": "15"})
    one = ask(app, Reserve(CONSOLE, final.id, rich(app, cast.ana, "40").id, seats=("A-1-1", "A-1-2")))
    changing(surfer, one.code)
    assert surfer.seen
    stand = next(link for link in surfer.seen.page.links if "stand=B" in link)
    assert f"move={one.code}" in stand
    surfer.get(f"/offerings/{final.id}/?stand=B&move={one.code}")
    assert "B-1-2, B-1-3" in surfer.click("Change to these seats", seat=["B-1-2", "B-1-3"]).text
    assert purse(app, cast.ana) == ("40.00", "30.00")
    surfer.get(f"/offerings/{final.id}/?best=2&category=A&move={one.code}")
    assert "It is changed" in surfer.click("Change to these seats", seat=["A-1-2", "A-1-3"]).text
    assert purse(app, cast.ana) == ("40.00", "20.00")
    assert broken(app) == []


def test_what_is_not_ones_own_or_of_another_offering_is_not_changed(
    app: App, cast: Cast, client: Client, surfer: Surfer
) -> None:
    yoga, other = a_class(app), a_class(app, title="Pilates")
    of_ben, mine = confirmed(app, yoga, cast.ben), confirmed(app, other, cast.ana)
    assert surfer.get(f"/offerings/{yoga.id}/?move={of_ben.code}").status == 404
    assert surfer.get(f"/offerings/{yoga.id}/?move={mine.code}").status == 404
    assert surfer.get(f"/offerings/{yoga.id}/?move=nonsense").status == 404
    assert Surfer(client).get(f"/offerings/{other.id}/?move={mine.code}").status == 401
    changing(surfer, mine.code)
    assert surfer.seen
    form = surfer.seen.page.form("Change")
    form.action = f"../../my/{of_ben.code}/move/"
    assert surfer.send(form, party="2").status == 404
    assert show(app, of_ben).party == 1


def test_a_change_that_is_sent_twice_is_made_once(app: App, cast: Cast, surfer: Surfer) -> None:
    one = confirmed(app, a_class(app, seats=4), cast.ana)
    changing(surfer, one.code)
    assert surfer.seen
    here, form = surfer.seen, surfer.seen.page.form("Change")
    for _ in range(2):
        surfer.seen = here
        assert surfer.send(form, party="2").status == 200
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM moves WHERE action = 'move'") == [(1,)]


def test_what_is_paid_and_what_comes_back_is_shown_before(
    app: App, cast: Cast, clock: FrozenClock, surfer: Surfer
) -> None:
    final = a_match(
        app, a_venue(app, "A:1x4", "B:1x4"), starts_in=timedelta(hours=36), prices={"A": "10", "B": "15"},
        confirm="none", refund_full_seconds=24 * 3600, refund_share_percent=50,
    )  # fmt: skip
    one = ask(app, Reserve(CONSOLE, final.id, rich(app, cast.ana, "40").id, seats=("A-1-1", "A-1-2")))
    catalog.update(app, CONSOLE, "match", final.id, {"prices": {"A": "99", "B": "15"}})
    surfer.get(f"/offerings/{final.id}/?stand=A&move={one.code}")
    shown = surfer.click("Change to these seats", seat=["A-1-1"])
    assert "You get 10.00 EUR back" in shown.text and "is paid from" not in shown.text
    assert (show(app, one).party, purse(app, cast.ana)) == (2, ("20.00", "0.00"))
    clock.advance(timedelta(hours=18))
    again = surfer.click("Change the booking")
    assert "You get 5.00 EUR back" in again.text
    assert (show(app, one).party, purse(app, cast.ana)) == (2, ("20.00", "0.00"))
    assert "It is changed" in surfer.click("Change the booking").text
    assert (show(app, one).party, purse(app, cast.ana)) == (1, ("25.00", "0.00"))
    surfer.get(f"/offerings/{final.id}/?stand=B&move={one.code}")
    shown = surfer.click("Change to these seats", seat=["A-1-1", "B-1-2"])
    assert "15.00 EUR is paid" in shown.text and "back into" not in shown.text
    assert "It is changed" in surfer.click("Change the booking").text
    assert purse(app, cast.ana) == ("10.00", "0.00")
    assert broken(app) == []
