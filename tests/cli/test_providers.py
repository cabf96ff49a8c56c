"""Providers on the command line: their schedule, the free slots, and appointments as a client makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

DORA = "drdora@example.org"
MAKE = ("provider", "create", DORA, "--name", "Dr. Dora", "--timezone", "Europe/Berlin")


@pytest.fixture
def dora(cli: Any) -> Any:
    """A provider in Berlin who works on Wednesdays and Fridays, with a break at noon."""
    made = cli.json(*MAKE)
    cli("schedule", "add", DORA, "--weekly", "wed,fri 08:00-09:00,12:00-12:30", code=0)
    return made


def starts(cli: Any, *words: Any) -> list[str]:
    return [slot["start"] for slot in cli.json(*words)["results"]]


def reserve(cli: Any, who: Any, start: str, *words: Any, **options: Any) -> Any:
    return cli.json("--as", who.email, "reserve", DORA, "--from", start, *words, **options)


def test_a_provider_is_an_offering_of_appointments(cli: Any) -> None:
    made = cli.json(
        *MAKE, "--slot", "20m", "--notice", "2h", "--hold", "10m", "--per-day", 2, "--on-second", "replace",
        "--buffer", "5m",
    )  # fmt: skip
    assert (made["kind"], made["title"], made["slot"], made["status"]) == ("appointment", "Dr. Dora", "20m", "open")
    assert made["provider"]["email"] == DORA and made["timezone"] == "Europe/Berlin"
    policy = made["policy"]
    assert (policy["notice_seconds"], policy["hold_seconds"], policy["after_seconds"]) == (7200, 600, 300)
    assert (policy["per_day"], policy["on_second"], policy["confirm"]) == (2, "replace", "self")
    assert cli.json("provider", "show", DORA) == cli.json("provider", "show", made["id"]) == made
    assert cli.json("provider", "list")["results"] == [made]
    assert cli.json("user", "show", DORA)["role"] == "provider"


def test_the_defaults_are_those_of_a_practice(dora: Any) -> None:
    policy = dora["policy"]
    assert (dora["slot"], policy["notice_seconds"], policy["hold_seconds"]) == ("15m", 86400, 1800)
    assert (policy["per_day"], policy["on_second"]) == (1, "reject")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["no-address"], "invalid"),
        (["new@example.org"], "invalid"),
        (["new@example.org", "--name", "N", "--slot", "soon"], "invalid"),
        (["new@example.org", "--name", "N", "--per-day", "0"], "invalid"),
        (["new@example.org", "--name", "N", "--timezone", "Mars"], "invalid"),
    ],
)
def test_nobody_is_a_provider_of_nonsense(words: list[str], code: str, cli: Any) -> None:
    assert cli.json("provider", "create", *words, code=3)["code"] == code
    assert cli.json("provider", "list")["results"] == []


def test_nobody_is_a_provider_twice_and_members_make_none(cast: Any, dora: Any, cli: Any) -> None:
    assert cli.json(*MAKE, code=5)["code"] == "exists"
    assert cli.json("provider", "create", cast.ben.email)["provider"]["name"] == "Ben"
    refused = cli.json("--as", cast.ana.email, "provider", "create", "x@example.org", "--name", "X", code=6)
    assert refused["code"] == "not_yours"
    assert cli.json("provider", "show", cast.ana.email, code=4)["code"] == "not_found"
    assert cli.json("reserve", cast.ana.email, "--user", cast.ana.email, code=4)["code"] == "not_found"


def test_a_provider_keeps_the_schedule(cast: Any, dora: Any, cli: Any) -> None:
    add = ("schedule", "add", DORA, "--weekly", "mon 10:00-12:00")
    assert cli.json("--as", cast.ana.email, *add, code=6)["code"] == "not_yours"
    kept = cli.json("--as", DORA, *add, "--weekly", "fri 08:00-12:00")
    assert kept["weekly"] == [
        {"days": ["wed"], "hours": ["08:00-09:00", "12:00-12:30"]},
        {"days": ["mon"], "hours": ["10:00-12:00"]},
        {"days": ["fri"], "hours": ["08:00-12:00"]},
    ]
    assert cli.json("schedule", "show", DORA) == cli.json("schedule", "show", dora["id"]) == kept


def test_dates_have_their_own_hours_and_may_be_closed(dora: Any, cli: Any) -> None:
    shown = cli.json(
        "schedule", "add", DORA, "--date", "2026-12-05", "--date", "2026-12-07", "--hours", "08:00-08:30,12:00-12:15",
        "--closed", "2026-12-09", "--closed", "2026-12-24..2026-12-26",
    )  # fmt: skip
    assert [rule["date"] for rule in shown["dates"]] == ["2026-12-05", "2026-12-07"]
    assert shown["closed"] == ["2026-12-09", "2026-12-24..2026-12-26"]
    assert len(starts(cli, "slots", DORA, "--day", "2026-12-07")) == 3
    assert starts(cli, "slots", DORA, "--day", "2026-12-09") == []
    cli("schedule", "add", DORA, "--date", "2026-12-05", "--hours", "10:00-10:15", "--date", "2026-12-09", "--hours",
        "11:00-11:15", code=0)  # fmt: skip
    assert starts(cli, "slots", DORA, "--day", "2026-12-05") == ["2026-12-05T09:00:00Z"]


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        ([], 2),
        (["--date", "2026-12-05"], 2),
        (["--hours", "08:00-09:00"], 2),
        (["--date", "2026-12-05", "--hours", "08:00-09:00", "--hours", "10:00-11:00"], 2),
        (["--weekly", "someday 08:00-09:00"], 3),
        (["--weekly", "mon 08:00-12:00,11:00-13:00"], 3),
        (["--weekly", "mon 12:00-08:00"], 3),
        (["--date", "2026-02-30", "--hours", "08:00-09:00"], 3),
        (["--closed", "2026-12-26..2026-12-24"], 3),
    ],
)
def test_hours_that_cannot_be_are_refused(words: list[str], exit_code: int, dora: Any, cli: Any) -> None:
    before = cli.json("schedule", "show", DORA)
    assert cli.json("schedule", "add", DORA, *words, code=exit_code)["code"] == "invalid"
    assert cli.json("schedule", "show", DORA) == before


def test_a_schedule_can_be_tried_and_repeated(dora: Any, cli: Any) -> None:
    before = cli.json("schedule", "show", DORA)
    words = ("schedule", "add", DORA, "--weekly", "mon 10:00-12:00")
    assert len(cli.json(*words, "--dry-run")["weekly"]) == 2
    assert cli.json("schedule", "show", DORA) == before
    assert cli.json(*words, "--request-key", "k") == cli.json(*words, "--request-key", "k")


def test_free_slots_by_day_and_by_page(cast: Any, dora: Any, cli: Any) -> None:
    free = cli.json("slots", DORA, "--day", "2026-12-04", "--limit", 4)
    assert [slot["start"] for slot in free["results"]] == [f"2026-12-04T07:{m}:00Z" for m in ("00", "15", "30", "45")]
    assert free["results"][0] == {
        "start": "2026-12-04T07:00:00Z",
        "end": "2026-12-04T07:15:00Z",
        "timezone": "Europe/Berlin",
    }
    rest = starts(cli, "slots", DORA, "--day", "2026-12-04", "--cursor", free["next"])
    assert rest == ["2026-12-04T11:00:00Z", "2026-12-04T11:15:00Z"]
    reserve(cli, cast.ana, "2026-12-04 08:15")
    assert "2026-12-04T07:15:00Z" not in starts(cli, "slots", DORA, "--day", "2026-12-04")
    assert "Fri 4 Dec 2026 08:00-08:15 CET (UTC+1)" in cli("slots", DORA, "--format", "table").out
    assert cli("slots", DORA, "--day", "sat", "--format", "table").err.endswith("nothing is free in Dr. Dora then\n")


def test_slots_within_the_notice_are_not_free(dora: Any, cli: Any) -> None:
    """It is Tuesday, 09:00: of Wednesday, what begins before 09:00 UTC cannot be booked any more."""
    assert starts(cli, "slots", DORA, "--day", "2026-12-02") == ["2026-12-02T11:00:00Z", "2026-12-02T11:15:00Z"]


def test_slots_are_shown_where_the_viewer_is(dora: Any, cli: Any) -> None:
    cli("user", "create", "ny@example.org", "--name", "N", "--timezone", "America/New_York", code=0)
    table = cli("--as", "ny@example.org", "slots", DORA, "--day", "2026-12-04", "--format", "table")
    assert "Fri 4 Dec 2026 02:00-02:15 EST (UTC-5)" in table.out
    assert table.err == "--day: from Fri 4 Dec 2026 00:00 EST (UTC-5)\n"
    tokyo = cli.json("slots", DORA, "--day", "2026-12-04", "--timezone", "Asia/Tokyo")["results"]
    assert tokyo[0]["timezone"] == "Asia/Tokyo" and tokyo[0]["start"] == "2026-12-04T07:00:00Z"


def test_a_window_of_slots(dora: Any, cli: Any) -> None:
    assert starts(cli, "slots", DORA, "--from", "2026-12-04 08:30", "--to", "2026-12-04 09:00") == [
        "2026-12-04T07:30:00Z",
        "2026-12-04T07:45:00Z",
    ]
    assert len(starts(cli, "slots", DORA)) == 8, "without any, the next seven days"
    assert len(starts(cli, "slots", DORA, "--from", "2026-12-04", "--to", "2026-12-11")) == 18
    for words in (["--from", "2026-12-04", "--to", "2026-12-03"], ["--to", "2027-12-04"]):
        assert cli.json("slots", DORA, *words, code=3)["code"] == "bad_span"
    assert cli.json("slots", DORA, "--day", "fri 10:00", code=3)["code"] == "invalid"
    assert cli.json("slots", DORA, "--day", "fri", "--to", "sat", code=2)["code"] == "invalid"
    assert cli.json("slots", 99, code=4)["code"] == "not_found"


def test_an_appointment_is_held_half_an_hour_and_confirmed_by_ones_word(
    cast: Any, dora: Any, cli: Any, clock: Any
) -> None:
    ran = cli("--as", cast.ana.email, "reserve", DORA, "--from", "2026-12-04 08:15", code=0)
    assert "state\theld\n" in ran.out and "expires_at\t2026-12-01T09:30:00Z\n" in ran.out
    assert "starts_at\t2026-12-04T07:15:00Z\nends_at\t2026-12-04T07:30:00Z\n" in ran.out
    assert "classbook confirm" in ran.err and "--otp" not in ran.err
    assert cli.json("--as", cast.ana.email, "confirm", 1)["state"] == "confirmed"
    reserve(cli, cast.ben, "2026-12-04 08:30")
    clock.advance(timedelta(minutes=30))
    assert cli.json("--as", cast.ben.email, "confirm", 2, code=5)["code"] == "hold_expired"
    assert reserve(cli, cast.cleo, "2026-12-04 08:30")["state"] == "held"


def test_too_short_a_notice_says_when_it_can_be(cast: Any, dora: Any, cli: Any) -> None:
    refused = reserve(cli, cast.ana, "2026-12-02 08:00", code=3)
    assert refused["code"] == "below_notice" and "must be booked 1d ahead" in refused["detail"]
    assert "first time that can be booked now is Wed 2 Dec 2026" in refused["hint"]


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (["--from", "2026-12-04 09:00"], 3, "outside_schedule"),
        (["--from", "2026-12-05 08:00"], 3, "outside_schedule"),
        (["--from", "2026-12-04 08:05"], 3, "bad_span"),
        (["--from", "2026-12-04 08:00", "--duration", "30m"], 3, "bad_span"),
        (["--from", "2027-03-28 02:30"], 3, "bad_span"),
        (["--from", "2026-11-27 08:00"], 5, "too_late"),
        (["--from", "2026-12-04 08:00", "--party", "2"], 5, "limit_reached"),
        ([], 3, "invalid"),
    ],
)
def test_an_appointment_that_cannot_be_says_why(
    words: list[str], exit_code: int, code: str, cast: Any, dora: Any, cli: Any
) -> None:
    assert cli.json("--as", cast.ana.email, "reserve", DORA, *words, code=exit_code)["code"] == code
    assert cli.json("reservation", "list")["results"] == []


def test_a_slot_is_taken_once(cast: Any, dora: Any, cli: Any) -> None:
    reserve(cli, cast.ana, "2026-12-04 08:15")
    assert reserve(cli, cast.ben, "2026-12-04 08:15", code=5)["code"] == "span_taken"
    assert reserve(cli, cast.ben, "2026-12-04 08:15", "--queue")["position"] == 1


def test_a_second_one_on_a_day_is_refused(cast: Any, dora: Any, cli: Any) -> None:
    first = reserve(cli, cast.ana, "2026-12-04 08:15")
    assert reserve(cli, cast.ana, "2026-12-04 12:00", code=5)["code"] == "limit_reached"
    assert reserve(cli, cast.ana, "2026-12-09 08:00")["state"] == "held"
    moved = cli.json("--as", cast.ana.email, "move", first["code"], "--from", "2026-12-04 12:00")
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-12-04T11:00:00Z", "2026-12-04T11:15:00Z")
    moved = cli.json("move", first["code"], "--from", "2026-12-09 08:15", code=5)
    assert moved["code"] == "limit_reached"


def test_a_second_one_on_a_day_replaces_the_first_where_that_is_the_rule(cast: Any, dora: Any, cli: Any) -> None:
    assert cli.json("provider", "update", DORA, "--on-second", "replace")["policy"]["on_second"] == "replace"
    first = reserve(cli, cast.ana, "2026-12-04 08:15")
    reserve(cli, cast.ben, "2026-12-04 08:30")
    assert reserve(cli, cast.ana, "2026-12-04 08:30", code=5)["code"] == "span_taken"
    assert cli.json("reservation", "show", first["code"])["state"] == "held", "kept, as there was no other"
    assert reserve(cli, cast.ana, "2026-12-04 12:00")["state"] == "held"
    assert cli.json("reservation", "show", first["code"])["state"] == "cancelled"


def test_who_leaves_is_cancelled_with_all_appointments(cast: Any, dora: Any, cli: Any) -> None:
    booked = reserve(cli, cast.ana, "2026-12-04 08:15")
    assert cli.json("provider", "delete", DORA, "--yes", code=5)["code"] == "not_allowed_now"
    assert cli.json("provider", "cancel", DORA, "--yes")["status"] == "cancelled"
    assert cli.json("reservation", "show", booked["code"])["state"] == "cancelled"
    assert starts(cli, "slots", dora["id"]) == []
    assert cli.json(*MAKE)["status"] == "open", "and may come back"


def test_a_provider_sees_the_appointments(cast: Any, dora: Any, cli: Any) -> None:
    booked = reserve(cli, cast.ana, "2026-12-04 08:15")
    for offering in (dora["id"], DORA):
        mine = cli.json("--as", DORA, "reservation", "list", "--offering", offering)["results"]
        assert [row["code"] for row in mine] == [booked["code"]]
