"""Booking, confirming and cancelling in a browser without script, with nothing but an address and the mail."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import pytest

from classbook.app import App
from classbook.core import calendars, outbox, people, vouchers
from classbook.core.asks import Reserve
from classbook.errors import NotFound
from classbook.rules import codes, tickets
from classbook.testing import FrozenClock, MemoryMailer
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
    mailed,
    mailed_code,
    mailed_link,
    moves,
    purse,
    rich,
)
from tests.web.surfer import Surfer


@pytest.fixture
def surfer(client: Client) -> Surfer:
    return Surfer(client)


def newest_code(app: App, email: str) -> str:
    """The code of the newest mail to an address."""
    found = [
        line
        for to, _, text in mailed(app)
        if to == email
        for line in text.splitlines()
        if len(line) == 6 and line.isdigit()
    ]
    assert found, f"no code was mailed to {email}"
    return found[-1]


def came_in(app: App, surfer: Surfer, email: str) -> Surfer:
    """The same browser, in which somebody has logged in."""
    surfer.get("/my")
    surfer.click("Mail me a code", email=email)
    seen = surfer.click("Log in", code=newest_code(app, email))
    assert email in seen.text
    return surfer


def count(app: App, table: str) -> int:
    with app.store.read() as tx:
        [(found,)] = tx.rows(f"SELECT count(*) FROM {table}")
        return int(found)


# --- with only an address ------------------------------------------------------------------------------------------


def test_a_stranger_books_with_an_address_and_one_code(app: App, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    asked = surfer.click("Reserve", email="Zoe@Example.org ", name="Zoe", party="2")
    assert "We sent you a code" in asked.text
    assert count(app, "reservations") == count(app, "people") == 0
    done = surfer.click("Reserve", code=newest_code(app, "zoe@example.org"))
    assert done.status == 200
    assert "It is booked" in done.text and "confirmed" in done.text
    with app.store.read() as tx:
        assert tx.rows("SELECT state, party FROM reservations") == [("confirmed", 2)]
    assert people.show(app, CONSOLE, "zoe@example.org").name == "Zoe"
    assert broken(app) == []


def test_the_code_that_was_just_typed_confirms_and_its_own_mail_is_spared(
    app: App, surfer: Surfer, mailer: MemoryMailer
) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    outbox.deliver(app)
    surfer.click("Reserve", code=newest_code(app, "zoe@example.org"))
    outbox.deliver(app)
    subjects = [str(message["Subject"]) for message in mailer.sent]
    assert len(subjects) == 2
    assert "is your code for classbook" in subjects[0]
    assert "confirmed" in subjects[1].lower()


def test_nothing_is_held_for_an_address_that_is_not_proved(app: App, surfer: Surfer) -> None:
    offered = a_class(app, seats=1)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    wrong = surfer.click("Reserve", code="000000")
    assert (wrong.status, "That code is not right" in wrong.text) == (403, True)
    assert "Evening" not in wrong.text and count(app, "reservations") == count(app, "claims") == 0
    assert "classbook" in surfer.cookies and surfer.get("/my").page.title.startswith("Log in")


def test_after_a_wrong_code_the_right_one_still_books(app: App, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe", party="2")
    surfer.click("Reserve", code="000000")
    assert "It is booked" in surfer.click("Reserve", code=newest_code(app, "zoe@example.org")).text
    with app.store.read() as tx:
        assert tx.rows("SELECT party FROM reservations") == [(2,)]


def test_five_wrong_codes_and_the_right_one_is_too_late(app: App, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    for _ in range(5):
        surfer.click("Reserve", code="000000")
    assert surfer.click("Reserve", code=newest_code(app, "zoe@example.org")).status == 403
    assert count(app, "reservations") == 0


def test_a_code_runs_out(app: App, surfer: Surfer, clock: FrozenClock) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    clock.advance(timedelta(minutes=30))
    assert surfer.click("Reserve", code=newest_code(app, "zoe@example.org")).status == 403


def test_another_code_can_be_had_five_times_a_day(app: App, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    for _ in range(4):
        surfer.click("have another code sent")
    refused = surfer.click("have another code sent")
    assert refused.status == 429
    assert int(refused.answer.headers["Retry-After"]) > 0
    assert "mails were sent to this address" in refused.text


def test_the_letter_tells_no_words_of_whoever_typed_the_address(app: App, surfer: Surfer) -> None:
    offered = a_class(app, title="Buy my watches")
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Cheap watches at example dot com")
    [(_, subject, text)] = mailed(app)
    assert "watches" not in subject + text


def test_for_a_person_who_is_known_another_name_changes_nothing(app: App, cast: Cast, surfer: Surfer) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email=cast.ana.email, name="Somebody else")
    surfer.click("Reserve", code=newest_code(app, cast.ana.email))
    assert people.show(app, CONSOLE, cast.ana.email).name == "Ana"
    assert count(app, "people") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "nobody", "name": "Zoe"}, "is not a mail address"),
        ({"email": "zoe@example.org", "name": " "}, "may not be empty"),
        ({"email": "zoe@example.org", "name": "Zoe", "party": "many"}, "must be a whole number"),
        ({"email": "zoe@example.org", "name": "a\nb"}, "control character"),
    ],
)
def test_what_cannot_be_is_said_above_the_form_and_mails_nothing(
    app: App, surfer: Surfer, fields: dict[str, str], said: str
) -> None:
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    seen = surfer.click("Reserve", **fields)
    assert seen.status == 422
    assert said in seen.text
    assert ("email", fields["email"]) in seen.page.form("Reserve").fields
    assert mailed(app) == []


# --- for who has logged in -----------------------------------------------------------------------------------------


def test_who_has_logged_in_books_and_confirms_with_the_code_of_the_hold(app: App, cast: Cast, surfer: Surfer) -> None:
    offered = a_class(app)
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{offered.id}")
    held = surfer.click("Reserve")
    assert "Your place is held" in held.text
    wrong = surfer.click("Confirm", code="000000")
    assert (wrong.status, "4 more tries" in wrong.text) == (403, True)
    assert "Ticket" not in held.text
    booked = surfer.click("Confirm", code=mailed_code(app, cast.ana))
    assert "It is confirmed" in booked.text
    code = booked.address.partition("/my/")[2].partition("/")[0]
    assert tickets.ticket(app.key, codes.reservation_id(code) or 0) in booked.text
    pictures = [unquote(source) for source in booked.page.asked_for]
    assert any(picture.startswith("data:image/svg+xml,<svg ") and code in picture for picture in pictures)


def test_another_code_for_a_hold_voids_the_first(app: App, cast: Cast, surfer: Surfer) -> None:
    offered = a_class(app)
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve")
    first = mailed_code(app, cast.ana)
    assert "Another code is on its way" in surfer.click("Mail me another code").text
    assert first != mailed_code(app, cast.ana)
    assert surfer.click("Confirm", code=first).status == 403


def test_the_link_of_the_mail_confirms_on_another_device(app: App, cast: Cast, client: Client, surfer: Surfer) -> None:
    offered = a_class(app)
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve")
    telephone = Surfer(client)
    telephone.get(f"/confirm/{mailed_link(app, cast.ana)}")
    assert "Your place is confirmed" in telephone.click("Confirm my place").text
    assert telephone.cookies == {}


def test_a_form_that_is_sent_twice_books_once(app: App, cast: Cast, surfer: Surfer) -> None:
    court = a_court(app, units=3)
    came_in(app, surfer, cast.ana.email)
    form = surfer.get(f"/offerings/{court.id}").page.form("Book")
    here = surfer.seen
    times = {"start": "2026-12-02T10:00", "end": "2026-12-02T11:00"}
    first = surfer.send(form, **times)
    surfer.seen = here
    again = surfer.send(form, **times)
    assert first.address == again.address
    surfer.seen = here
    assert surfer.send(form, start="2026-12-02T11:00", end="2026-12-02T12:00").address != first.address
    assert count(app, "reservations") == 2


def test_a_time_that_is_taken_puts_one_in_line(app: App, cast: Cast, surfer: Surfer) -> None:
    court = a_court(app)
    ask(app, booking_of(court, cast.ben, "10:00-11:00"))
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{court.id}")
    seen = surfer.click("Book", start="2026-12-02T10:00", end="2026-12-02T11:00")
    assert "You are in line" in seen.text
    assert "waiting in line, place 1" in surfer.get("/my").text
    surfer.get(seen.address)
    link = next(link for link in surfer.get(seen.address).page.links if "/cancel/" in link)
    assert link.endswith("/cancel/")


def test_a_full_class_puts_in_line_who_wants_it_and_refuses_others(app: App, cast: Cast, surfer: Surfer) -> None:
    full = a_class(app, seats=1)
    came_in(app, surfer, cast.ana.email)
    form = surfer.get(f"/offerings/{full.id}").page.form("Reserve")
    here = surfer.seen
    confirmed(app, full, cast.ben)
    refused = surfer.send(form)
    assert (refused.status, "sold out" in refused.text) == (409, True)
    surfer.seen = here
    assert "You are in line" in surfer.send(form, queue="yes").text


def test_a_slot_is_booked_and_confirmed_by_ones_word(app: App, cast: Cast, surfer: Surfer) -> None:
    doctor = a_doctor(app, notice_seconds=0)
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{doctor.id}?day=2026-12-02")
    held = surfer.click("Book this time", start="2026-12-02T10:15:00+00:00")
    assert "Wed 2 Dec 2026 10:15–10:30 UTC" in held.text
    assert "It is confirmed" in surfer.click("Confirm").text


def test_times_are_read_where_the_offering_is(app: App, cast: Cast, surfer: Surfer) -> None:
    court = a_court(app, timezone="Europe/Berlin")
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{court.id}")
    seen = surfer.click("Book", start="2026-12-02T10:00", end="2026-12-02T11:00")
    assert "10:00–11:00 CET (UTC+1)" in seen.text
    surfer.get(f"/offerings/{court.id}")
    skipped = surfer.click("Book", start="2027-03-28T02:30", end="2027-03-28T03:30")
    assert skipped.status == 422


def test_seats_are_picked_paid_and_cancelled_with_the_refund_shown_first(app: App, cast: Cast, surfer: Surfer) -> None:
    final = a_match(
        app, a_venue(app, "A:2x5"), prices={"A": "10"}, starts_in=timedelta(days=3),
        refund_full_seconds=5 * 86400, refund_share_percent=50,
    )  # fmt: skip
    came_in(app, surfer, rich(app, cast.ana, "50").email)
    surfer.get(f"/offerings/{final.id}")
    held = surfer.click("Reserve these seats", seat=["A-1-2", "A-2-4"])
    assert "2: A-1-2, A-2-4" in held.text
    paid = surfer.click("Pay 20.00 EUR and confirm")
    assert "It is confirmed" in paid.text
    question = surfer.get(paid.address.partition("?")[0] + "cancel/")
    assert "You get 10.00 EUR back" in question.text
    assert purse(app, cast.ana) == ("30.00", "0.00")
    assert "It is cancelled" in surfer.click("Cancel the booking").text
    assert purse(app, cast.ana) == ("40.00", "0.00")
    assert broken(app) == []


def test_a_voucher_takes_something_off_and_wrong_ones_are_counted(app: App, cast: Cast, surfer: Surfer) -> None:
    vouchers.create(app, CONSOLE, code="SPRING", percent=50)
    offered = a_class(app, price="10", confirm="self")
    came_in(app, surfer, rich(app, cast.ana, "10").email)
    surfer.get(f"/offerings/{offered.id}")
    wrong = surfer.click("Reserve", voucher="WINTER")
    assert wrong.status == 404
    assert ("voucher", "WINTER") in wrong.page.form("Reserve").fields
    assert "5.00 EUR, 5.00 EUR less by voucher" in surfer.click("Reserve", voucher="spring").text
    other = a_class(app, price="10")
    surfer.get(f"/offerings/{other.id}")
    statuses = [surfer.click("Reserve", voucher=f"WINTER{number}").status for number in range(11)]
    assert (statuses[0], statuses[-1]) == (404, 429)


def test_who_cannot_pay_is_told_where_the_wallet_is_and_keeps_the_picked_seats(
    app: App, cast: Cast, surfer: Surfer
) -> None:
    final = a_match(app, a_venue(app, "A:2x5"), prices={"A": "10"})
    came_in(app, surfer, cast.ana.email)
    surfer.get(f"/offerings/{final.id}")
    refused = surfer.click("Reserve these seats", seat=["A-1-2"])
    assert refused.status == 402
    assert any(link.endswith("my/#wallet") for link in refused.page.links)
    assert ("seat", "A-1-2") in refused.page.form("Reserve these seats").fields
    surfer.get("/my/")
    assert "10.00 EUR" in surfer.click("Put in", amount="10,00").text
    surfer.get(f"/offerings/{final.id}")
    assert "Your place is held" in surfer.click("Reserve these seats", seat=["A-1-2"]).text


def test_a_seat_that_was_faster_is_named(app: App, cast: Cast, surfer: Surfer) -> None:
    final = a_match(app, a_venue(app, "A:2x5"), confirm="none")
    came_in(app, surfer, cast.ana.email)
    form = surfer.get(f"/offerings/{final.id}").page.form("Reserve these seats")
    ask(app, Reserve(as_person(cast.ben), final.id, seats=("A-1-2",)))
    refused = surfer.send(form, seat=["A-1-2", "A-1-3"])
    assert refused.status == 409
    assert "A-1-2 is taken" in refused.text
    assert "sold" in refused.text


# --- /my -----------------------------------------------------------------------------------------------------------


def test_an_unknown_address_is_told_the_same_and_gets_no_mail(
    app: App, cast: Cast, client: Client, mailer: MemoryMailer
) -> None:
    said = []
    for email in (cast.ana.email, "nobody@example.org"):
        surfer = Surfer(client)
        surfer.get("/my")
        said.append(surfer.click("Mail me a code", email=email).text.replace(email, "X"))
    assert said[0] == said[1]
    outbox.deliver(app)
    assert [message["To"] for message in mailer.sent] == [cast.ana.email]


def test_ones_bookings_come_newest_first_in_pages_and_only_ones_own(app: App, cast: Cast, surfer: Surfer) -> None:
    for number in range(21):
        confirmed(app, a_class(app, title=f"Yoga {number}"), cast.ana)
    confirmed(app, a_class(app, title="Of Ben"), cast.ben)
    came_in(app, surfer, cast.ana.email)
    first = surfer.get("/my").page
    assert "Yoga 20" in first.text and "Yoga 0" not in first.text and "Of Ben" not in first.text
    [older] = [link for link in first.links if "cursor=" in link]
    assert "Yoga 0" in surfer.get("/my/" + older.rpartition("/")[2]).text


def test_an_administrators_bookings_are_their_own(app: App, cast: Cast, surfer: Surfer) -> None:
    confirmed(app, a_class(app, title="Of Ben"), cast.ben)
    assert "You have no bookings yet" in came_in(app, surfer, cast.emma.email).get("/my").text


def test_other_peoples_bookings_are_not_there(app: App, cast: Cast, surfer: Surfer) -> None:
    of_ben = confirmed(app, a_class(app), cast.ben)
    came_in(app, surfer, cast.ana.email)
    for path in (f"/my/{of_ben.code}/", f"/my/{of_ben.code}/cancel/", f"/my/{of_ben.id}/", "/my/R-0000-0000/"):
        assert surfer.get(path).status == 404
    surfer.get("/my")
    form = surfer.seen.page.form("Log out") if surfer.seen else None
    assert form is not None
    for verb in ("cancel", "confirm", "resend"):
        form.action = f"../my/{of_ben.code}/{verb}/"
        surfer.get("/my/")
        assert surfer.send(form).status == 404
    assert moves(app, of_ben)[-1][2] == "confirmed"


def test_what_can_no_longer_be_cancelled_says_so(app: App, cast: Cast, surfer: Surfer) -> None:
    one = confirmed(app, a_class(app, cancel_until_seconds=2 * 86400), cast.ana)
    came_in(app, surfer, cast.ana.email)
    seen = surfer.get(f"/my/{one.code}/cancel/")
    assert seen.status == 409
    assert "could be cancelled until" in seen.text


def test_nobody_logs_in_who_is_gone(app: App, cast: Cast, surfer: Surfer) -> None:
    came_in(app, surfer, cast.ana.email)
    app.store.write(lambda tx: tx.change("UPDATE people SET removed_at = 1 WHERE id = ?", cast.ana.id))
    assert "Log in with a code" in surfer.get("/my").text
    surfer.click("Mail me a code", email=cast.ana.email)
    assert surfer.click("Log in", code=newest_code(app, cast.ana.email)).status == 403


def test_logging_out_ends_the_login_for_whoever_has_the_cookie(app: App, cast: Cast, surfer: Surfer) -> None:
    came_in(app, surfer, cast.ana.email)
    stolen = dict(surfer.cookies)
    surfer.click("Log out")
    assert "Log in with a code" in surfer.get("/my").text
    surfer.cookies = stolen
    assert "Log in with a code" in surfer.get("/my").text


def test_a_login_ends_by_itself(app: App, cast: Cast, surfer: Surfer, clock: FrozenClock) -> None:
    came_in(app, surfer, cast.ana.email)
    clock.advance(timedelta(days=29))
    assert cast.ana.email in surfer.get("/my").text
    clock.advance(timedelta(days=1))
    assert "Log in with a code" in surfer.get("/my").text


def test_a_password_that_was_set_before_the_address_was_proved_is_not_kept(
    app: App, client: Client, surfer: Surfer
) -> None:
    body = {"email": "zoe@example.org", "password": "correct horse battery", "name": "Mallory"}
    client.post("/api/v0/auth/signup/", body)
    offered = a_class(app)
    surfer.get(f"/offerings/{offered.id}")
    surfer.click("Reserve", email="zoe@example.org", name="Zoe")
    assert "It is booked" in surfer.click("Reserve", code=newest_code(app, "zoe@example.org")).text
    credentials = {"email": "zoe@example.org", "password": "correct horse battery"}
    assert client.post("/api/v0/auth/login/", credentials).status == 401


def test_the_calendars_address_is_there_and_can_be_renewed(app: App, cast: Cast, surfer: Surfer) -> None:
    confirmed(app, a_class(app), cast.ana)
    came_in(app, surfer, cast.ana.email)

    def token() -> str:
        values = [value or "" for name, value in surfer.get("/my/").page.attributes if name == "value"]
        [address] = [value for value in values if "/calendars/" in value]
        return address.rpartition("/")[2].removesuffix(".ics")

    first = token()
    assert b"Yoga" in calendars.read(app, first)
    surfer.click("Make another address")
    with pytest.raises(NotFound):
        calendars.read(app, first)
    assert b"Yoga" in calendars.read(app, token())


def test_looking_at_the_wallet_opens_none(app: App, cast: Cast, surfer: Surfer) -> None:
    came_in(app, surfer, cast.ana.email)
    assert "0.00 EUR" in surfer.get("/my").text
    assert count(app, "wallets") == 0
