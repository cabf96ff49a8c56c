"""Events on the command line: the verbs of classes, made by any member, confirmed at once, with a line behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

PICNIC = ("event", "create", "Picnic", "--start", "2026-12-04 12:00", "--duration", "2h")


@pytest.fixture
def picnic(cast: Any, cli: Any) -> Any:
    """An event for two, made by Ana."""
    return cli.json("--as", cast.ana.email, *PICNIC, "--capacity", 2)


def test_any_member_makes_an_event_and_it_has_its_own_words(cast: Any, picnic: Any, cli: Any) -> None:
    assert picnic["kind"] == "event" and picnic["creator"]["email"] == cast.ana.email
    assert (picnic["start_time"], picnic["end_time"]) == ("2026-12-04T12:00:00Z", "2026-12-04T14:00:00Z")
    assert (picnic["capacity"], picnic["reserved_slots"], picnic["available_slots"]) == (2, 0, 2)
    assert cli.json("event", "show", picnic["id"]) == picnic
    assert cli.json("event", "list")["results"] == [picnic] and cli.json("class", "list")["results"] == []


def test_seats_and_capacity_are_one_option(picnic: Any, cli: Any) -> None:
    assert cli.json(*PICNIC, "--seats", 3)["capacity"] == 3
    assert cli.json("event", "update", picnic["id"], "--capacity", 5)["available_slots"] == 5
    assert cli.json("event", "update", picnic["id"], "--seats", 4)["available_slots"] == 4


def test_only_who_made_an_event_changes_it(cast: Any, picnic: Any, cli: Any) -> None:
    change = ("event", "update", picnic["id"], "--title", "Party")
    assert cli.json("--as", cast.ben.email, *change, code=6)["code"] == "not_yours"
    assert cli.json("--as", cast.ana.email, *change)["title"] == "Party"
    assert cli.json("--as", cast.ben.email, "event", "delete", picnic["id"], "--yes", code=6)["code"] == "not_yours"
    assert cli.json("--as", cast.ana.email, "event", "delete", picnic["id"], "--yes")["deleted"]


def test_an_event_is_no_class(picnic: Any, cli: Any) -> None:
    assert cli.json("class", "show", picnic["id"], code=4)["code"] == "not_found"


def test_a_place_is_confirmed_at_once_and_taken_once(cast: Any, picnic: Any, cli: Any) -> None:
    ran = cli("--as", cast.ben.email, "reserve", picnic["id"], code=0)
    assert "state\tconfirmed\n" in ran.out and ran.err == ""
    again = cli.json("--as", cast.ben.email, "reserve", picnic["id"], "--queue", code=5)
    assert again["code"] == "already_reserved"
    shown = cli.json("event", "show", picnic["id"])
    assert (shown["reserved_slots"], shown["available_slots"]) == (1, 1)


def test_who_made_an_event_sees_who_comes_and_others_do_not(cast: Any, picnic: Any, cli: Any) -> None:
    cli("--as", cast.ben.email, "reserve", picnic["id"], code=0)
    mine = cli.json("--as", cast.ana.email, "reservation", "list", "--offering", picnic["id"])["results"]
    assert [row["user"]["email"] for row in mine] == [cast.ben.email]
    theirs = ("reservation", "list", "--offering", picnic["id"], "--user", cast.ben.email)
    assert cli.json("--as", cast.cleo.email, *theirs, code=6)["code"] == "not_yours"


def test_nobody_waits_who_did_not_ask_for_it(cast: Any, picnic: Any, cli: Any) -> None:
    cli("--as", cast.ben.email, "reserve", picnic["id"], "--party", 2, code=0)
    refused = cli.json("--as", cast.cleo.email, "reserve", picnic["id"], code=5)
    assert refused["code"] == "sold_out" and "--queue" in refused["hint"]
    assert cli.json("--as", cast.cleo.email, "reserve", picnic["id"], "--no-queue", code=5)["code"] == "sold_out"


def test_the_line_moves_when_a_place_is_given_back(cast: Any, picnic: Any, cli: Any) -> None:
    booked = cli.json("--as", cast.ben.email, "reserve", picnic["id"], "--party", 2)
    waits = cli("--as", cast.cleo.email, "reserve", picnic["id"], "--queue", code=0)
    assert "state\tqueued\n" in waits.out and "position\t1\n" in waits.out
    assert f"Number 1 in line: a mail to {cast.cleo.email}" in waits.err
    second = cli.json("--as", cast.dora.email, "reserve", picnic["id"], "--queue")
    assert (second["state"], second["position"], second["places"]) == ("queued", 2, [])
    shown = cli("event", "show", picnic["id"], code=0)
    assert "2 wait in line: classbook reservation list --offering 1 --state queued\n" in shown.err
    assert "in line" not in cli("--as", cast.ben.email, "event", "show", picnic["id"], code=0).err
    table = cli("reservation", "list", "--state", "queued", "--format", "table").out
    assert "queued, number 1 in line" in table and "queued, number 2 in line" in table
    cli("cancel", booked["code"], code=0)
    [dora, cleo, ben] = cli.json("reservation", "list")["results"]
    assert (ben["state"], cleo["state"], dora["state"]) == ("cancelled", "confirmed", "confirmed")
    assert cleo["position"] is None and cleo["party"] == 1


def test_the_line_can_be_left(cast: Any, picnic: Any, cli: Any) -> None:
    cli("--as", cast.ben.email, "reserve", picnic["id"], "--party", 2, code=0)
    first = cli.json("--as", cast.cleo.email, "reserve", picnic["id"], "--queue")
    second = cli.json("--as", cast.dora.email, "reserve", picnic["id"], "--queue")
    assert cli.json("--as", cast.cleo.email, "cancel", first["code"])["state"] == "cancelled"
    assert cli.json("reservation", "show", second["code"])["position"] == 1
    assert cli.json("move", second["code"], "--party", 2, code=5)["code"] == "not_allowed_now"


def test_a_class_offers_the_place_and_the_offer_lapses_to_the_next(cast: Any, cli: Any, clock: Any) -> None:
    cli("class", "create", "Yoga", "--seats", 1, "--start", "+1d", "--duration", "1h", code=0)
    booked = cli.json("reserve", 1, "--user", cast.ana.email)
    ben = cli.json("reserve", 1, "--user", cast.ben.email, "--queue")
    cleo = cli.json("reserve", 1, "--user", cast.cleo.email, "--queue")
    assert (ben["position"], cleo["position"]) == (1, 2)
    cli("cancel", booked["code"], code=0)
    offered = cli.json("reservation", "show", ben["code"])
    assert (offered["state"], offered["expires_at"]) == ("held", "2026-12-01T09:30:00Z")
    assert cli.json("reserve", 1, "--user", cast.dora.email, code=5)["code"] == "sold_out"
    clock.advance(timedelta(minutes=30))
    assert cli.json("reserve", 1, "--user", cast.dora.email, "--queue")["position"] == 1
    assert cli.json("reservation", "show", ben["code"])["state"] == "expired"
    assert cli.json("reservation", "show", cleo["code"])["state"] == "held"


def test_a_party_can_be_moved_to_another_size_and_keeps_its_places_where_that_is_refused(
    cast: Any, picnic: Any, cli: Any
) -> None:
    booked = cli.json("reserve", picnic["id"], "--user", cast.ben.email)
    assert cli.json("move", booked["code"], "--party", 2)["party"] == 2
    assert cli.json("move", booked["code"], "--party", 3, code=5)["code"] == "sold_out"
    assert cli.json("reservation", "show", booked["code"])["party"] == 2
    assert cli.json("move", booked["code"], "--from", "+1d", code=3)["code"] == "invalid"
    assert cli.json("move", booked["code"], code=2)["code"] == "invalid"


def test_a_time_of_its_own_cannot_be_picked(cast: Any, picnic: Any, cli: Any) -> None:
    refused = cli.json("reserve", picnic["id"], "--user", cast.ben.email, "--from", "+1d", code=3)
    assert refused["code"] == "invalid" and "has its own time" in refused["detail"]
    assert cli.json("slots", picnic["id"], code=3)["code"] == "invalid"
    assert cli.json("schedule", "add", picnic["id"], "--weekly", "mon 08:00-10:00", code=3)["code"] == "invalid"
