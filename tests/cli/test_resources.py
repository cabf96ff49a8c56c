"""Resources on the command line: any span of time, opening hours, the line, moving and checking in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

BERLIN = ("--timezone", "Europe/Berlin")


@pytest.fixture
def court(cli: Any) -> Any:
    """A court of one slot, open day and night."""
    return cli.json("resource", "create", "Court", "--slots", 1)


def book(cli: Any, who: Any, start: str, duration: str = "2h", *words: Any, **options: Any) -> Any:
    return cli.json("reserve", 1, "--user", who.email, "--from", start, "--duration", duration, *words, **options)


def test_a_resource_is_made_as_it_was_said(cli: Any) -> None:
    made = cli.json(
        "resource", "create", "Projector", "--slots", 3, "--buffer", "15m", "--check-in", "--grace", "10m",
        "--min", "30m", "--max", "4h", "--grid", "15m", "--description", "The bright one.", *BERLIN,
    )  # fmt: skip
    assert (made["kind"], made["name"], made["max_slots"], made["status"]) == ("resource", "Projector", 3, "open")
    assert made["timezone"] == "Europe/Berlin" and made["description"] == "The bright one."
    policy = made["policy"]
    assert (policy["after_seconds"], policy["before_seconds"]) == (900, 0)
    assert (policy["check_in"], policy["grace_seconds"], policy["queues"]) == (True, 600, True)
    assert (policy["min_seconds"], policy["max_seconds"], policy["grid_seconds"]) == (1800, 14400, 900)
    assert cli.json("resource", "show", made["id"]) == made
    assert cli.json("resource", "list")["results"] == [made]
    assert "Projector" in cli("resource", "list", "--format", "table").out


def test_only_an_administrator_makes_a_resource(cast: Any, cli: Any) -> None:
    for who in (cast.ana, cast.cleo):
        assert cli.json("--as", who.email, "resource", "create", "Court", "--slots", 1, code=6)["code"] == "not_yours"
    assert cli.json("--as", cast.emma.email, "resource", "create", "Court", "--slots", 1)["max_slots"] == 1


def test_what_is_not_named_stays_and_what_was_booked_can_no_longer_be_deleted(cast: Any, court: Any, cli: Any) -> None:
    changed = cli.json("resource", "update", 1, "--slots", 2, "--max", "3h", "--no-check-in")
    assert (changed["max_slots"], changed["policy"]["max_seconds"], changed["name"]) == (2, 10800, "Court")
    assert cli.json("resource", "update", 1, "--name", "Hall")["policy"]["max_seconds"] == 10800
    cli("resource", "update", 1, code=2)
    book(cli, cast.ana, "fri 10:00")
    assert cli.json("resource", "delete", 1, "--yes", code=5)["code"] == "not_allowed_now"
    assert cli.json("resource", "cancel", 1, "--yes", "--reason", "rain")["status"] == "cancelled"
    assert cli.json("reservation", "show", 1)["state"] == "cancelled"
    assert book(cli, cast.ben, "fri 14:00", code=5)["code"] == "offering_cancelled"


def test_a_span_is_read_where_the_resource_is(cast: Any, cli: Any) -> None:
    cli("resource", "create", "Court", "--slots", 1, *BERLIN, code=0)
    ran = cli("reserve", 1, "--user", cast.ana.email, "--from", "2026-12-04 10:00", "--duration", "90m", code=0)
    assert "starts_at\t2026-12-04T09:00:00Z\nends_at\t2026-12-04T10:30:00Z\n" in ran.out
    assert ran.err == "--from: Fri 4 Dec 2026 10:00 CET (UTC+1)\nit ends: Fri 4 Dec 2026 11:30 CET (UTC+1)\n"
    table = cli("reservation", "list", "--format", "table").out
    assert "Fri 4 Dec 2026 10:00-11:30 CET (UTC+1)" in table
    other = cli.json(
        "reserve", 1, "--user", cast.ben.email, "--from", "2026-12-04 10:00", "--to", "2026-12-04 11:00",
        "--timezone", "America/New_York",
    )  # fmt: skip
    assert (other["starts_at"], other["ends_at"]) == ("2026-12-04T15:00:00Z", "2026-12-04T16:00:00Z")
    assert other["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        ([], 3, "invalid"),
        (["--from", "fri 10:00"], 3, "invalid"),
        (["--to", "fri 10:00"], 2, "invalid"),
        (["--duration", "1h"], 2, "invalid"),
        (["--from", "fri 10:00", "--to", "fri 12:00", "--duration", "2h"], 2, "invalid"),
        (["--from", "fri 10:00", "--to", "fri 10:00"], 3, "bad_span"),
        (["--from", "fri 10:00", "--to", "fri 09:00"], 3, "bad_span"),
        (["--from", "fri 10:00", "--duration", "15m"], 3, "bad_span"),
        (["--from", "fri 10:00", "--duration", "4h"], 3, "bad_span"),
        (["--from", "fri 10:10", "--duration", "1h"], 3, "bad_span"),
        (["--from", "fri 10:00", "--duration", "soon"], 3, "invalid"),
        (["--from", "2027-03-28 02:30", "--duration", "1h"], 3, "bad_span"),
        (["--from", "sun 10:00", "--duration", "1h"], 3, "outside_schedule"),
        (["--from", "fri 17:00", "--duration", "2h"], 3, "outside_schedule"),
        (["--from", "2026-12-25 10:00", "--duration", "1h"], 3, "outside_schedule"),
        (["--from", "2026-11-30 10:00", "--duration", "1h"], 5, "too_late"),
        (["--from", "fri 10:00", "--duration", "1h", "--party", "3"], 5, "span_taken"),
    ],
)
def test_a_span_that_cannot_be_says_why(words: list[str], exit_code: int, code: str, cast: Any, cli: Any) -> None:
    cli("resource", "create", "Court", "--slots", 2, "--min", "30m", "--max", "3h", "--grid", "30m", *BERLIN, code=0)
    cli("schedule", "add", 1, "--weekly", "mon-fri 08:00-18:00", "--closed", "2026-12-24..2026-12-26", code=0)
    assert cli.json("reserve", 1, "--user", cast.ana.email, *words, code=exit_code)["code"] == code
    assert cli.json("reservation", "list")["results"] == []


def test_a_time_the_clocks_skip_is_refused_with_its_neighbours(cast: Any, cli: Any) -> None:
    cli("resource", "create", "Court", "--slots", 2, *BERLIN, code=0)
    refused = book(cli, cast.ana, "2027-03-28 02:30", "1h", code=3)
    assert refused["code"] == "bad_span" and "does not exist in Europe/Berlin" in refused["detail"]
    assert "01:59 CET" in refused["hint"] and "03:00 CEST" in refused["hint"]


def test_who_finds_it_taken_waits_unless_they_do_not_want_to(cast: Any, court: Any, cli: Any) -> None:
    first = book(cli, cast.ana, "fri 10:00")
    assert first["state"] == "confirmed"
    waits = book(cli, cast.ben, "fri 11:00")
    assert (waits["state"], waits["position"], waits["expires_at"]) == ("queued", 1, None)
    third = book(cli, cast.cleo, "fri 12:00", "1h")
    assert third["state"] == "confirmed"
    assert book(cli, cast.dora, "fri 11:30", "30m", "--no-queue", code=5)["code"] == "span_taken"
    short = book(cli, cast.dora, "fri 11:30", "30m")
    assert short["position"] == 2

    def state(one: Any) -> str:
        return str(cli.json("reservation", "show", one["code"])["state"])

    cli("cancel", first["code"], code=0)
    assert (state(waits), state(short)) == ("queued", "confirmed"), "who does not fit waits, and blocks nobody"
    cli("cancel", short["code"], code=0)
    assert state(waits) == "queued"
    cli("cancel", third["code"], code=0)
    served = cli.json("reservation", "show", waits["code"])
    assert (served["state"], served["position"]) == ("confirmed", None)


def test_what_waited_lapses_when_its_time_begins(cast: Any, court: Any, cli: Any, clock: Any) -> None:
    book(cli, cast.ana, "fri 10:00")
    waits = book(cli, cast.ben, "fri 11:00")
    clock.advance(timedelta(days=3, hours=2))
    assert cli.json("reservation", "show", waits["code"])["state"] == "expired"


def test_a_buffer_is_kept_between_two_bookings(cast: Any, cli: Any) -> None:
    cli("resource", "create", "Court", "--slots", 1, "--buffer", "10m", code=0)
    book(cli, cast.ana, "fri 10:00", "1h")
    assert book(cli, cast.ben, "fri 11:05", "1h", "--no-queue", code=5)["code"] == "span_taken"
    assert book(cli, cast.ben, "fri 11:10", "1h", "--no-queue")["state"] == "confirmed"


def test_a_booking_moves_and_keeps_its_place_where_the_new_one_is_taken(cast: Any, court: Any, cli: Any) -> None:
    mine = book(cli, cast.ana, "fri 10:00")
    book(cli, cast.ben, "fri 14:00")
    moved = cli.json("--as", cast.ana.email, "move", mine["code"], "--from", "fri 11:00")
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-12-04T11:00:00Z", "2026-12-04T13:00:00Z")
    longer = cli.json("move", mine["code"], "--duration", "3h")
    assert (longer["starts_at"], longer["ends_at"]) == ("2026-12-04T11:00:00Z", "2026-12-04T14:00:00Z")
    assert cli.json("move", mine["code"], "--to", "fri 12:30")["ends_at"] == "2026-12-04T12:30:00Z"
    assert cli.json("move", mine["code"], "--to", "fri 15:00", code=5)["code"] == "span_taken"
    kept = cli.json("reservation", "show", mine["code"])
    assert (kept["starts_at"], kept["ends_at"]) == ("2026-12-04T11:00:00Z", "2026-12-04T12:30:00Z")
    assert cli.json("move", mine["code"], "--to", "fri 10:00", code=3)["code"] == "bad_span"
    assert cli.json("move", mine["code"], "--to", "fri 13:00", "--duration", "1h", code=2)["code"] == "invalid"
    assert cli.json("--as", cast.ben.email, "move", mine["code"], "--from", "fri 8:00", code=4)["code"] == "not_found"
    ran = cli("move", mine["code"], "--from", "fri 16:00", "--dry-run", code=0)
    assert ran.err.endswith("dry run: nothing was changed\n")
    assert cli.json("reservation", "show", mine["code"]) == kept


def test_a_move_can_be_repeated_under_its_key(cast: Any, court: Any, cli: Any) -> None:
    mine = book(cli, cast.ana, "fri 10:00")
    words = ("move", mine["code"], "--from", "fri 12:00", "--request-key", "m")
    assert cli.json(*words) == cli.json(*words)
    assert len(cli.json("reservation", "history", mine["code"])["results"]) == 3


def test_who_comes_checks_in_and_who_does_not_loses_the_place(cast: Any, cli: Any, clock: Any) -> None:
    cli("resource", "create", "Court", "--slots", 2, "--check-in", "--grace", "15m", code=0)
    came, forgot = (book(cli, who, "2026-12-01 10:00")["code"] for who in (cast.ana, cast.ben))
    early = cli.json("check-in", came, code=5)
    assert early["code"] == "too_early" and "opens on Tue 1 Dec 2026 09:45 UTC" in early["detail"]
    clock.advance(timedelta(minutes=45))
    assert cli.json("--as", cast.ben.email, "check-in", came, code=4)["code"] == "not_found"
    assert cli.json("check-in", came, "--dry-run")["checked_in_at"] == "2026-12-01T09:45:00Z"
    checked = cli.json("--as", cast.ana.email, "check-in", came)
    assert (checked["state"], checked["checked_in_at"]) == ("confirmed", "2026-12-01T09:45:00Z")
    assert cli.json("check-in", came, code=5)["code"] == "not_allowed_now"
    assert "confirmed, checked in" in cli("reservation", "list", "--format", "table").out
    clock.advance(timedelta(minutes=30))
    assert cli.json("reservation", "show", forgot)["state"] == "expired"
    assert cli.json("check-in", forgot, code=5)["code"] == "not_allowed_now"
    assert cli.json("reservation", "show", came)["state"] == "confirmed"
    rest = book(cli, cast.cleo, "2026-12-01 10:30", "1h30m", "--no-queue")
    assert rest["state"] == "confirmed", "the rest of the span is free again"
    clock.advance(timedelta(hours=2))
    assert cli.json("reservation", "show", came)["state"] == "completed"


def test_the_free_spans_of_a_resource(cast: Any, cli: Any) -> None:
    cli("resource", "create", "Court", "--slots", 1, *BERLIN, code=0)
    cli("schedule", "add", 1, "--weekly", "fri 08:00-12:00,13:00-18:00", code=0)
    book(cli, cast.ana, "fri 09:00", "1h")
    free = cli.json("slots", 1, "--day", "fri")
    assert [(slot["start"], slot["end"]) for slot in free["results"]] == [
        ("2026-12-04T07:00:00Z", "2026-12-04T08:00:00Z"),
        ("2026-12-04T09:00:00Z", "2026-12-04T11:00:00Z"),
        ("2026-12-04T12:00:00Z", "2026-12-04T17:00:00Z"),
    ]
    assert free["next"] is None and free["results"][0]["timezone"] == "Europe/Berlin"
    assert "Fri 4 Dec 2026 08:00-09:00 CET (UTC+1)" in cli("slots", 1, "--format", "table").out
