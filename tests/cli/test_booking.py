"""From `reserve` to `confirm` on the command line, as a person walks it, on both databases."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.makers import a_class, as_person, hold, mailed_code


def test_a_booking_can_be_walked_by_what_is_printed(app: Any, cast: Any, cli: Any) -> None:
    a_class(app, seats=3)
    reserved = cli("--as", cast.ana.email, "reserve", 1, "--party", 2, code=0)
    fields = dict(line.split("\t") for line in reserved.out.splitlines())
    assert fields["state"] == "held" and fields["party"] == "2" and fields["expires_at"] == "2026-12-01T09:05:00Z"
    assert "A code is on its way to ana@example.org" in reserved.err
    next_line = next(line for line in reserved.err.splitlines() if "classbook confirm" in line)
    message = cli.json("mail", "list")["results"][0]
    code = re.search(r"^\d{6}$", cli("mail", "show", message["id"]).out, re.MULTILINE)
    assert code is not None
    words = next_line.split()[1:]
    words[words.index("CODE")] = code[0]
    confirmed = cli("--as", cast.ana.email, *words, code=0)
    assert "state\tconfirmed\n" in confirmed.out
    assert cli.json("class", "show", 1)["available"] == 1


def test_the_code_is_in_the_mail_and_nowhere_else(app: Any, cast: Any, cli: Any) -> None:
    a_class(app)
    ran = cli("--verbose", "--json", "reserve", 1, "--user", cast.ana.email, code=0)
    code = mailed_code(app, cast.ana)
    assert code not in ran.out and code not in ran.err


def test_a_class_that_needs_no_confirmation_is_confirmed_at_once(app: Any, cast: Any, cli: Any) -> None:
    a_class(app, confirm="none")
    ran = cli("reserve", 1, "--user", cast.ana.email, code=0)
    assert "state\tconfirmed\n" in ran.out and ran.err == ""


def test_a_class_that_takes_ones_word_asks_for_no_code(app: Any, cast: Any, cli: Any) -> None:
    a_class(app, confirm="self")
    ran = cli("--as", cast.ana.email, "reserve", 1, code=0)
    assert "--otp" not in ran.err and "classbook confirm" in ran.err
    [booked] = cli.json("reservation", "list")["results"]
    assert cli.json("--as", cast.ana.email, "confirm", booked["code"])["state"] == "confirmed"


@pytest.mark.parametrize("guess", ["000000", "abc", "", "12345678", "١٢٣٤٥٦"])
def test_a_wrong_code_is_refused_also_from_an_administrator(guess: str, app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    if guess == mailed_code(app, cast.ana):
        guess = "000001"
    assert cli.json("confirm", booked.code, "--otp", guess, code=6)["code"] == "wrong_code"
    assert cli.json("reservation", "show", booked.code)["state"] == "held"


def test_an_administrator_may_leave_the_code_out_and_a_member_may_not(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    said = cli("--as", cast.ana.email, "confirm", booked.code, code=2)
    assert "--otp" in said.err and "no terminal" in said.err
    assert cli.json("confirm", booked.id)["state"] == "confirmed"
    other = hold(app, a_class(app), cast.ben)
    assert cli.json("--as", cast.emma.email, "confirm", other.code)["state"] == "confirmed"


def test_a_code_can_come_from_standard_input(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    code = mailed_code(app, cast.ana)
    assert cli.json("--as", cast.ana.email, "confirm", booked.code, "--otp", "-", stdin=f"{code}\n")["state"] == (
        "confirmed"
    )


def test_a_new_code_voids_the_old_one(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    old = mailed_code(app, cast.ana)
    ran = cli("--as", cast.ana.email, "confirm", booked.code, "--resend", code=0)
    assert "A code is on its way" in ran.err
    new = mailed_code(app, cast.ana)
    assert new != old
    assert cli.json("--as", cast.ana.email, "confirm", booked.code, "--otp", old, code=6)["code"] == "wrong_code"
    assert cli.json("--as", cast.ana.email, "confirm", booked.code, "--otp", new)["state"] == "confirmed"
    cli("confirm", booked.code, "--resend", "--otp", new, code=2)


def test_what_was_asked_for_too_often_exits_with_8(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    for _ in range(4):
        cli("--as", cast.ana.email, "confirm", booked.code, "--resend", code=0)
    refused = cli.json("--as", cast.ana.email, "confirm", booked.code, "--resend", code=8)
    assert (refused["code"], refused["status"]) == ("too_many_requests", 429)


def test_a_hold_ends_by_itself(app: Any, cast: Any, cli: Any, clock: Any) -> None:
    booked = hold(app, a_class(app, seats=1), cast.ana)
    code = mailed_code(app, cast.ana)
    clock.advance(timedelta(minutes=5))
    assert cli.json("reservation", "show", booked.code)["state"] == "expired"
    assert cli.json("--as", cast.ana.email, "confirm", booked.code, "--otp", code, code=5)["code"] == "hold_expired"
    assert cli.json("reserve", 1, "--user", cast.ben.email)["state"] == "held"


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (["reserve", "99", "--user", "ana@example.org"], 4, "not_found"),
        (["reserve", "9" * 18, "--user", "ana@example.org"], 4, "not_found"),
        (["reserve", "1", "--user", "nobody@example.org"], 4, "not_found"),
        (["reserve", "1", "--user", "9" * 30], 4, "not_found"),
        (["reserve", "1", "--user", "ana@example.org", "--party", "0"], 3, "invalid"),
        (["reserve", "1", "--user", "ana@example.org", "--party", "-1"], 3, "invalid"),
        (["reserve", "1", "--user", "ana@example.org", "--party", "9" * 30], 5, "limit_reached"),
        (["reserve", "1", "--user", "ana@example.org", "--party", "11"], 5, "limit_reached"),
        (["reserve", "1", "--user", "ana@example.org", "--party", "3"], 5, "sold_out"),
        (["reserve", "2", "--user", "ana@example.org"], 5, "offering_closed"),
        (["reserve", "3", "--user", "ana@example.org"], 5, "offering_cancelled"),
        (["confirm", "R-0000-0000"], 4, "not_found"),
        (["confirm", "nonsense"], 4, "not_found"),
        (["cancel", "99"], 4, "not_found"),
        (["reservation", "show", "99"], 4, "not_found"),
        (["reservation", "history", "99"], 4, "not_found"),
        (["mail", "show", "99"], 4, "not_found"),
        (["mail", "retry", "99"], 4, "not_found"),
        (["user", "show", "nobody@example.org"], 4, "not_found"),
    ],
)
def test_what_cannot_be_booked_says_why_and_changes_nothing(
    words: list[str], exit_code: int, code: str, app: Any, cast: Any, cli: Any, clock: Any
) -> None:
    assert cast.ana
    a_class(app, seats=2)
    a_class(app, starts_in=timedelta(minutes=1), lasts=timedelta(days=2))
    a_class(app)
    cli("class", "cancel", 3, "--yes", code=0)
    clock.advance(timedelta(minutes=2))
    assert cli.json(*words, code=exit_code)["code"] == code
    assert cli.json("reservation", "list")["results"] == []


def test_nothing_is_booked_twice(app: Any, cast: Any, cli: Any) -> None:
    hold(app, a_class(app), cast.ana)
    assert cli.json("reserve", 1, "--user", cast.ana.email, code=5)["code"] == "already_reserved"


def test_a_dry_run_books_nothing_and_mails_nobody(app: Any, cast: Any, cli: Any) -> None:
    a_class(app)
    ran = cli("reserve", 1, "--user", cast.ana.email, "--dry-run", code=0)
    assert "state\theld\n" in ran.out and ran.err == "dry run: nothing was changed\n"
    assert cli.json("reservation", "list")["results"] == [] and cli.json("mail", "list")["results"] == []


def test_a_request_key_writes_one_test_mail(cli: Any) -> None:
    words = ("mail", "test", "me@example.org", "--request-key", "once")
    assert cli.json(*words)["id"] == cli.json(*words)["id"]
    assert len(cli.json("mail", "list")["results"]) == 1


def test_a_request_key_books_once_and_answers_the_same(app: Any, cast: Any, cli: Any) -> None:
    a_class(app, seats=5)
    words = ("--as", cast.ana.email, "reserve", 1, "--request-key", "again")
    assert cli.json(*words) == cli.json(*words)
    assert len(cli.json("reservation", "list")["results"]) == 1
    assert cli.json(*words, "--party", 2, code=3)["code"] == "key_reused"
    assert cli.json("--as", cast.ben.email, "reserve", 1, "--request-key", "again")["user"]["email"] == cast.ben.email


def test_a_cancelled_place_is_free_and_history_tells(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app, seats=1), cast.ana)
    assert cli("cancel", booked.code, "--dry-run", code=0).err == "dry run: nothing was changed\n"
    cancelled = cli.json("--as", cast.ana.email, "cancel", booked.code, "--reason", "ill")
    assert cancelled["state"] == "cancelled"
    assert cli.json("class", "show", 1)["available"] == 1
    moves = cli.json("reservation", "history", booked.code)
    assert [move["to_state"] for move in moves["results"]] == ["held", "cancelled"] and moves["next"] is None
    assert moves["results"][1]["reason"] == "ill"
    table = cli("reservation", "history", booked.code, "--format", "table").out
    assert "ill" in table and "Tue 1 Dec 2026 09:00" in table


def test_a_history_is_read_in_pages(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    cli("confirm", booked.code)
    cli("cancel", booked.code)
    words = ("reservation", "history", booked.code, "--limit", 2)
    first = cli.json(*words)
    second = cli.json(*words, "--cursor", first["next"])
    assert [move["n"] for move in first["results"] + second["results"]] == [1, 2, 3]
    assert second["next"] is None
    assert cli.json(*words, "--cursor", "x", code=3)["code"] == "invalid"


def test_people_see_their_own_reservations_only(app: Any, cast: Any, cli: Any) -> None:
    offering = a_class(app, seats=5)
    anas, bens = hold(app, offering, cast.ana), hold(app, offering, cast.ben)
    mine = cli.json("--as", cast.ana.email, "reservation", "list")["results"]
    assert [row["code"] for row in mine] == [anas.code]
    assert cli.json("--as", cast.ana.email, "reservation", "show", bens.code, code=4)["code"] == "not_found"
    everybody = cli.json("reservation", "list", "--offering", 1, "--state", "held")["results"]
    assert {row["code"] for row in everybody} == {anas.code, bens.code}
    assert [row["code"] for row in cli.json("reservation", "list", "--user", cast.ben.email)["results"]] == [bens.code]


def test_a_second_reservation_is_refused_with_what_to_type(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    again = ("--as", cast.ana.email, "reserve", 1)
    held_hint = f"Confirm it with `classbook confirm {booked.code}`, or cancel it first."
    assert cli.json(*again, code=5)["hint"] == held_hint
    cli("confirm", booked.code, code=0)
    assert cli.json(*again, code=5)["hint"] == f"Cancel it first: `classbook cancel {booked.code}`."


def test_who_made_a_class_lists_who_comes(app: Any, cast: Any, cli: Any) -> None:
    offering, other = a_class(app, seats=5, by=as_person(cast.cleo)), a_class(app)
    anas, bens = hold(app, offering, cast.ana), hold(app, offering, cast.ben)
    hold(app, other, cast.ana)

    def listed(who: Any, *words: Any) -> set[str]:
        return {row["code"] for row in cli.json("--as", who.email, "reservation", "list", *words)["results"]}

    assert listed(cast.cleo, "--offering", offering.id) == {anas.code, bens.code}
    assert listed(cast.cleo, "--offering", offering.id, "--user", cast.ben.email) == {bens.code}
    assert listed(cast.cleo, "--offering", other.id) == listed(cast.cleo) == set()
    assert listed(cast.ana, "--offering", offering.id) == {anas.code}
    theirs = ("reservation", "list", "--offering", offering.id, "--user", cast.ben.email)
    assert cli.json("--as", cast.dora.email, *theirs, code=6)["code"] == "not_yours"


def test_people_are_made_and_found(cli: Any) -> None:
    made = cli.json(
        "user", "create", "Ana@Example.org", "--name", "Ana Lopes", "--role", "organizer", "--phone", "+49 30 1",
        "--timezone", "Europe/Berlin",
    )  # fmt: skip
    assert made == {
        "id": 1,
        "email": "ana@example.org",
        "name": "Ana Lopes",
        "role": "organizer",
        "phone": "+49 30 1",
        "timezone": "Europe/Berlin",
    }
    assert cli.json("user", "show", "ana@example.org") == cli.json("user", "show", 1) == made
    assert cli.json("user", "list") == {"results": [made], "next": None}
    assert cli.json("user", "create", "ana@example.org", "--name", "Other", code=5)["code"] == "exists"


@pytest.mark.parametrize(
    "words",
    [["no-address", "--name", "A"], ["a@example.org", "--name", ""], ["a@example.org", "--name", "A\x07"]]
    + [["a@example.org", "--name", "A", "--timezone", "Mars"]],
)
def test_nobody_is_made_of_nonsense(words: list[str], cli: Any) -> None:
    assert cli.json("user", "create", *words, code=3)["code"] == "invalid"
    assert cli.json("user", "list")["results"] == []


def test_a_password_comes_from_standard_input_and_is_shown_nowhere(cli: Any) -> None:
    secret = "correct horse battery"
    ran = cli(
        "--verbose",
        "user",
        "create",
        "ana@example.org",
        "--name",
        "Ana",
        "--password-stdin",
        stdin=f"{secret}\n",
        code=0,
    )
    assert secret not in ran.out + ran.err
    cli("user", "create", "ben@example.org", "--name", "Ben", "--password-stdin", stdin="", code=2)
    cli("user", "create", "ben@example.org", "--name", "Ben", "--password-stdin", stdin="short\n", code=3)


def test_mail_is_listed_newest_first_and_shown_as_it_is(app: Any, cast: Any, cli: Any) -> None:
    hold(app, a_class(app, title="[/A12] Yoga"), cast.ana)
    cli("mail", "test", "me@example.org", code=0)
    listed = cli.json("mail", "list")["results"]
    assert [row["to"] for row in listed] == ["me@example.org", "ana@example.org"]
    assert cli.json("mail", "list", "--state", "dead")["results"] == []
    shown = cli("mail", "show", listed[1]["id"], code=0).out
    assert shown.startswith("To: ana@example.org\nSubject: ") and "[/A12] Yoga" in shown
    assert cli.json("mail", "show", listed[1]["id"])["text"] in shown
    assert "classbook daemon --once" in cli("mail", "retry", listed[1]["id"], code=0).err


def test_a_mail_test_can_be_tried_dry(cli: Any) -> None:
    cli("mail", "test", "me@example.org", "--dry-run", code=0)
    assert cli.json("mail", "list")["results"] == []
    assert cli.json("mail", "test", "nobody", code=3)["code"] == "invalid"
