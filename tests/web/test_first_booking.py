"""A stranger with nothing but the guide of the API document, and the mail: from the sign-up to the door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import outbox
from classbook.testing import FrozenClock
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import SECRET, Client
from tests.databases import SqliteCopies
from tests.makers import NOW, a_class, a_court, a_doctor, a_match, a_venue, broken
from tests.smtp import SmtpServer


@dataclass
class Stranger:
    """Somebody who has read the guide, and what they have: an address, and maybe tokens."""

    app: App
    client: Client
    smtp: SmtpServer
    email: str

    def has(self, path: str, body: Any = None) -> Any:
        """What is answered to a POST with a body, else to a GET."""
        answer = self.client.get(f"/api/v0{path}") if body is None else self.client.post(f"/api/v0{path}", body)
        assert answer.status < 300, answer.body
        return answer.json()

    def refused(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/api/v0{path}", body)
        assert answer.status >= 400, answer.body
        problem: dict[str, Any] = answer.json()
        return problem

    def mailed_code(self) -> str:
        """The six digits of the newest mail that came to them."""
        while outbox.deliver(self.app):
            pass
        texts = [
            message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            for message, (_, recipients) in zip(self.smtp.messages, self.smtp.envelopes, strict=True)
            if self.email in recipients
        ]
        codes = [code for text in texts for code in re.findall(r"^(\d{6})\s*$", text, re.MULTILINE)]
        return str(codes[-1])

    def join(self) -> Stranger:
        """The first three steps."""
        self.has("/auth/signup/", {"email": self.email, "password": "four words of mine", "name": "Zoe"})
        self.has("/auth/verify/", {"email": self.email, "code": self.mailed_code()})
        login = self.has("/auth/login/", {"email": self.email, "password": "four words of mine"})
        fresh = self.has("/auth/refresh/", {"refresh": login["refresh"]})
        return Stranger(self.app, self.client.bearing(fresh["access"]), self.smtp, self.email)


@pytest.fixture
def zoe(sqlite_copies: SqliteCopies, tmp_path: Path, smtp: SmtpServer) -> Iterator[Stranger]:
    """A stranger before a house with one of each kind."""
    environ = {
        "CLASSBOOK_DATABASE_URL": sqlite_copies.copy_to(tmp_path),
        "CLASSBOOK_SECRET": SECRET,
        "CLASSBOOK_TIMEZONE": "UTC",
        "CLASSBOOK_MAIL_HOST": smtp.host,
        "CLASSBOOK_MAIL_PORT": str(smtp.port),
        "CLASSBOOK_MAIL_SECURITY": "none",
    }
    settings = load(config_path=None, environ=environ, overrides={})
    with closing(open_app(settings, clock=FrozenClock(NOW))) as app, closing(Desk(app)) as desk:
        a_class(app, seats=1), a_class(app, kind="event")
        a_match(app, a_venue(app, "A:2x3"), prices={"A": "12.50"})
        a_doctor(app, notice_seconds=0), a_court(app)
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        yield Stranger(app, Client(server.address), smtp, "zoe@example.org")
        server.stop()


def first_of(who: Stranger, path: str) -> dict[str, Any]:
    found: dict[str, Any] = who.has(path)["results"][0]
    return found


def test_a_class_is_booked_by_the_mailed_code_and_waited_for_in_line(zoe: Stranger) -> None:
    yoga = first_of(zoe, "/classes/")
    max_ = Stranger(zoe.app, zoe.client, zoe.smtp, "max@example.org").join()
    zoe = zoe.join()
    held = zoe.has("/classes/reserve-seat/", {"class_id": yoga["id"]})
    assert (held["state"], yoga["policy"]["confirm"]) == ("held", "code")
    sold_out = max_.refused("/classes/reserve-seat/", {"class_id": yoga["id"]})
    assert sold_out["code"] == "sold_out"
    assert '`"queue": true`' in sold_out["hint"]
    waits = max_.has("/classes/reserve-seat/", {"class_id": yoga["id"], "queue": True})
    assert (waits["state"], waits["position"]) == ("queued", 1)
    of_hers = f"/reservations/{held['code']}"
    assert zoe.refused(f"{of_hers}/confirm/", {})["code"] == "invalid"
    assert zoe.has(f"{of_hers}/confirm/", {"otp": zoe.mailed_code()})["state"] == "confirmed"
    assert zoe.has(f"{of_hers}/cancel/", {})["state"] == "cancelled"
    of_his = f"/reservations/{waits['code']}"
    assert max_.has(f"{of_his}/")["state"] == "held"
    assert max_.has(f"{of_his}/confirm/", {"otp": max_.mailed_code()})["state"] == "confirmed"
    assert [step["action"] for step in max_.has(f"{of_his}/history/")["results"]] == ["queue", "offer", "confirm"]
    assert broken(zoe.app) == []


def test_seats_are_paid_and_a_time_is_moved_and_given_back(zoe: Stranger) -> None:
    zoe = zoe.join()
    match = first_of(zoe, "/matches/")
    seats = [seat["label"] for seat in zoe.has(f"/matches/{match['id']}/seats/?best=2")["results"]]
    poor = zoe.refused(f"/matches/{match['id']}/reserve/", {"seats": seats})
    assert (poor["code"], match["policy"]["confirm"]) == ("insufficient_funds", "payment")
    purse = zoe.has("/wallets/me/")["id"]
    zoe.has(f"/wallets/{purse}/charge/", {"amount": "100.00"})
    held = zoe.has(f"/matches/{match['id']}/reserve/", {"seats": seats})
    assert zoe.has(f"/wallets/{purse}/purchase/", {"reservation": held["code"]})["state"] == "confirmed"
    assert zoe.has("/wallets/me/")["available"] == {"amount": "75.00", "currency": "EUR"}
    assert [row["kind"] for row in zoe.has("/transactions/")["results"]] == ["payment", "payment", "top_up"]
    doctor = first_of(zoe, "/providers/")
    [first, second, *_] = zoe.has(f"/providers/{doctor['id']}/slots/?day=2026-12-03")["results"]
    visit = zoe.has("/appointments/", {"provider_id": doctor["id"], "start": first["start"]})
    assert (visit["state"], doctor["policy"]["confirm"]) == ("held", "self")
    of_visit = f"/reservations/{visit['code']}"
    assert zoe.has(f"{of_visit}/confirm/", {})["state"] == "confirmed"
    assert zoe.has(f"{of_visit}/move/", {"starts_at": second["start"]})["starts_at"] == second["start"]
    assert zoe.has(f"{of_visit}/cancel/", {})["state"] == "cancelled"


def test_at_the_door_the_ticket_does_and_the_calendar_knows(zoe: Stranger) -> None:
    zoe = zoe.join()
    court = first_of(zoe, "/resources/")
    free = first_of(zoe, f"/resources/{court['id']}/slots/?day=2026-12-02")
    times = {"start_time": free["start"], "end_time": "2026-12-02T02:00:00Z"}
    assert zoe.has("/bookings/create/", {"resource": court["id"]} | times)["status"] == "active"
    assert zoe.has("/bookings/create/", {"resource": court["id"]} | times)["status"] == "queue"
    event = first_of(zoe, "/events/")
    place = zoe.has(f"/events/{event['id']}/reserve/", {})
    assert (place["state"], event["policy"]["confirm"]) == ("confirmed", "none")
    ticket = zoe.has(f"/reservations/{place['code']}/ticket/")["ticket"]
    assert zoe.refused(f"/reservations/{ticket}/check-in/", {})["code"] == "too_early"
    clock = zoe.app.clock
    assert isinstance(clock, FrozenClock)
    clock.set(NOW + timedelta(days=1, minutes=-event["policy"]["check_in_from_seconds"] // 60))
    login = zoe.has("/auth/login/", {"email": zoe.email, "password": "four words of mine"})
    zoe = Stranger(zoe.app, zoe.client.bearing(login["access"]), zoe.smtp, zoe.email)
    assert zoe.has(f"/reservations/{ticket}/check-in/", {})["checked_in_at"] is not None
    address = zoe.has("/calendars/me/")["url"]
    feed = Client(zoe.client.address).get(address.removeprefix(zoe.app.settings.web.address))
    assert place["code"].encode() in feed.body
