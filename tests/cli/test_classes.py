"""Classes on the command line: made, listed, changed, cancelled and deleted, on both databases."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.makers import a_class, hold

BERLIN = ("--timezone", "Europe/Berlin")


def create(cli: Any, *words: object, title: str = "Yoga", seats: object = 3, **options: Any) -> Any:
    return cli("class", "create", title, "--seats", seats, *words, **options)


def test_a_class_is_made_as_it_was_said(cli: Any) -> None:
    made = cli.json(
        "class", "create", "Yoga", "--seats", 12, "--start", "2026-12-04T18:00", "--duration", "1h30m",
        "--type", "yoga", "--hold", "10m", "--notice", "1h", "--confirm", "self", "--max-per-person", 4,
        "--party-max", 2, "--cancel-until", "24h", "--description", "Bring a mat.", *BERLIN,
    )  # fmt: skip
    assert made["title"] == "Yoga" and made["type"] == "yoga" and made["description"] == "Bring a mat."
    assert made["starts_at"] == "2026-12-04T17:00:00Z" and made["ends_at"] == "2026-12-04T18:30:00Z"
    assert made["timezone"] == "Europe/Berlin"
    assert (made["capacity"], made["seats"], made["available"], made["status"]) == (12, 12, 12, "upcoming")
    policy = made["policy"]
    assert policy["hold_seconds"] == 600 and policy["notice_seconds"] == 3600 and policy["confirm"] == "self"
    assert policy["max_per_person"] == 4 and policy["party_max"] == 2 and policy["cancel_until_seconds"] == 86400
    assert cli.json("class", "show", made["id"]) == made


def test_how_a_date_was_read_is_echoed(cli: Any) -> None:
    err = create(cli, "--start", "fri 18:00", "--duration", "1h", *BERLIN, code=0).err
    assert "--start: Fri 4 Dec 2026 18:00 CET (UTC+1)\n" in err
    assert "it ends: Fri 4 Dec 2026 19:00 CET (UTC+1)\n" in err
    assert "Next: classbook reserve 1 --user EMAIL\n" in err


def test_an_ambiguous_time_says_which_it_is(cli: Any) -> None:
    err = create(cli, "--start", "2027-10-31 02:30", "--duration", "1h", *BERLIN, code=0).err
    assert "2027-10-31 02:30 happens twice in Europe/Berlin: taking the first, CEST (UTC+2)" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--start", "soon", "--duration", "1h"], "invalid", "--start: 'soon' is not a date"),
        (["--start", "2026-02-30", "--duration", "1h"], "invalid", "no day 2026-02-30"),
        (["--start", "2027-03-28 02:30", "--duration", "1h", *BERLIN], "bad_span", "does not exist in Europe/Berlin"),
        (["--start", "2026-12-04", "--end", "2026-12-03"], "bad_span", "must come after the start"),
        (["--start", "2026-12-04", "--duration", "0s"], "bad_span", "must come after the start"),
        (["--start", "2026-12-04", "--duration", "an hour"], "invalid", "is not a length of time"),
        (["--start", "2026-12-04", "--duration", "1h", "--timezone", "Mars"], "invalid", "'Mars' is not a time zone"),
        (["--start", "2026-12-04", "--duration", "1h", "--hold", "0s"], "invalid", "hold_seconds"),
        (["--start", "2026-12-04", "--duration", "1h", "--party-max", "0"], "invalid", "party_max"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(words: list[str], code: str, says: str, cli: Any) -> None:
    refused = cli.json("class", "create", "Yoga", "--seats", 3, *words, code=3)
    assert refused["code"] == code and says in refused["detail"]
    assert cli.json("class", "list")["results"] == []


@pytest.mark.parametrize("seats", [0, -1, 10**30])
def test_seats_out_of_bounds_are_refused(seats: int, cli: Any) -> None:
    refused = cli.json(
        "class", "create", "Yoga", f"--seats={seats}", "--start", "2026-12-04", "--duration", "1h", code=3
    )
    assert refused["code"] == "invalid"


@pytest.mark.parametrize("title", ["", "  ", "Yo\x1b[2Jga", "a\nb", "x" * 201, "=?utf-8?q?x?="])
def test_a_title_that_could_harm_is_refused(title: str, cli: Any) -> None:
    refused = create(cli, "--start", "2026-12-04", "--duration", "1h", title=title, code=3)
    assert "\x1b" not in refused.err and "title" in refused.err


@pytest.mark.parametrize("title", ["[/A12]", "[bold]x", "=1+1", "Ünïcødé 👩‍🏫", "a;b,c", '"quoted"'])
def test_a_title_comes_back_as_it_was_in_every_form(title: str, cli: Any) -> None:
    create(cli, "--start", "2026-12-04", "--duration", "1h", title=title, code=0)
    assert cli.json("class", "list")["results"][0]["title"] == title
    assert f"\t{title}\t" in cli("class", "list").out
    [row] = csv.DictReader(io.StringIO(cli("class", "list", "--format", "csv").out))
    assert row["title"].removeprefix("'") == title
    assert title in cli("class", "list", "--format", "table").out


def test_exactly_one_of_end_and_duration_is_needed(cli: Any) -> None:
    create(cli, "--start", "2026-12-04", code=2)
    create(cli, "--start", "2026-12-04", "--duration", "1h", "--end", "2026-12-05", code=2)


def test_a_dry_run_shows_the_class_and_keeps_nothing(cli: Any) -> None:
    ran = create(cli, "--start", "2026-12-04", "--duration", "1h", "--dry-run", code=0)
    assert "title\tYoga\n" in ran.out and ran.err.endswith("dry run: nothing was changed\n")
    assert cli.json("class", "list")["results"] == []


def test_a_class_in_the_past_is_taken_with_a_word_about_it(cli: Any) -> None:
    ran = create(cli, "--start", "2026-11-30 18:00", "--duration", "1h", code=0)
    assert "That class is completed: nobody can reserve it any more." in ran.err and "Next:" not in ran.err


def test_a_request_key_makes_a_repeat_of_what_undid_itself_safe(app: Any, cli: Any) -> None:
    """What was deleted is not there any more, and what was changed is at another version."""
    a_class(app)
    update = ("class", "update", 1, "--seats", 5, "--version", 1, "--request-key", "k1")
    assert cli.json(*update) == cli.json(*update)
    assert cli.json("class", "show", 1)["version"] == 2
    delete = ("class", "delete", 1, "--yes")
    for _ in range(2):
        assert cli.json(*delete, "--request-key", "k2") == {"id": 1, "deleted": True}
    assert cli.json(*delete, code=4)["code"] == "not_found"
    assert cli.json(*delete, "--request-key", "k1", code=3)["code"] == "key_reused"


def test_a_request_key_makes_one_class_however_often_it_is_sent(cli: Any) -> None:
    words = ("class", "create", "Yoga", "--seats", 3, "--start", "+3d", "--duration", "1h", "--request-key", "k1")
    first = cli.json(*words)
    assert cli.json(*words) == first
    other = ("class", "create", "Yoga", "--seats", 4, "--start", "+3d", "--duration", "1h", "--request-key", "k1")
    assert cli.json(*other, code=3)["code"] == "key_reused"
    assert len(cli.json("class", "list")["results"]) == 1


def test_a_list_is_filtered_by_day_type_and_status(app: Any, cli: Any) -> None:
    create(cli, "--start", "2026-12-04 10:00", "--duration", "1h", "--type", "yoga", title="one")
    create(cli, "--start", "2026-12-05 00:00", "--duration", "1h", title="two")
    create(cli, "--start", "2026-12-05 23:59", "--duration", "1h", "--type", "yoga", title="three")

    def titles(*words: object) -> list[str]:
        return [row["title"] for row in cli.json("class", "list", *words)["results"]]

    assert titles() == ["one", "two", "three"]
    assert titles("--from", "2026-12-05") == ["two", "three"]
    assert titles("--to", "2026-12-04") == ["one"]
    assert titles("--to", "2026-12-05 00:00") == ["one"]
    assert titles("--from", "2026-12-05", "--to", "2026-12-05") == ["two", "three"]
    assert titles("--type", "yoga") == ["one", "three"]
    assert titles("--status", "completed") == []
    cli("class", "cancel", 1, "--yes", code=0)
    assert titles("--status", "cancelled") == ["one"] and titles("--status", "upcoming") == ["two", "three"]


def test_a_list_goes_on_where_it_ended(app: Any, cli: Any) -> None:
    for n in range(5):
        a_class(app, title=f"Yoga {n}")
    first = cli.json("class", "list", "--limit", 2)
    rest = cli.json("class", "list", "--cursor", first["next"])
    assert [row["title"] for row in first["results"] + rest["results"]] == [f"Yoga {n}" for n in range(5)]
    assert rest["next"] is None
    assert cli("class", "list", "--limit", 2).err == f"there is more: --cursor {first['next']}\n"


@pytest.mark.parametrize("words", [["--limit", "0"], ["--limit=-1"], ["--limit", "9" * 30], ["--cursor", "x"]])
def test_a_page_has_bounds(words: list[str], cli: Any) -> None:
    assert cli.json("class", "list", *words, code=3)["code"] == "invalid"


def test_places_left_are_a_bar_for_people(app: Any, cast: Any, cli: Any) -> None:
    hold(app, a_class(app, seats=4), cast.ana, party=3)
    assert "██░░░░░░ 1 of 4" in cli("class", "list", "--format", "table").out


def test_an_empty_list_says_so_to_people(cli: Any) -> None:
    ran = cli("class", "list", "--format", "table")
    assert (ran.out, ran.err) == ("", "no classes\n")


def test_quiet_is_only_the_answer(cli: Any) -> None:
    ran = cli("--quiet", "class", "create", "Yoga", "--seats", 1, "--start", "+1d", "--duration", "1h", code=0)
    assert ran.err == "" and ran.out.startswith("id\t1\n")


def test_what_is_not_named_stays(app: Any, cli: Any) -> None:
    before = cli.json("class", "create", "Yoga", "--seats", 3, "--start", "+3d", "--duration", "1h", "--hold", "9m")
    after = cli.json("class", "update", 1, "--seats", 5, "--notice", "1h")
    assert after["seats"] == 5 and after["policy"]["hold_seconds"] == 540
    assert after["policy"]["notice_seconds"] == 3600 and after["version"] > before["version"]
    assert {k: after[k] for k in ("title", "starts_at", "ends_at")} == {
        k: before[k] for k in ("title", "starts_at", "ends_at")
    }


def test_a_new_start_keeps_the_length_and_is_read_in_the_zone_of_the_class(cli: Any) -> None:
    create(cli, "--start", "2026-12-04 18:00", "--duration", "90m", *BERLIN, code=0)
    moved = cli.json("class", "update", 1, "--start", "2026-12-05 10:00")
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-12-05T09:00:00Z", "2026-12-05T10:30:00Z")
    longer = cli.json("class", "update", 1, "--duration", "2h")
    assert (longer["starts_at"], longer["ends_at"]) == ("2026-12-05T09:00:00Z", "2026-12-05T11:00:00Z")


def test_an_update_of_nothing_is_wrong_usage(app: Any, cli: Any) -> None:
    a_class(app)
    cli("class", "update", 1, code=2)


def test_an_update_can_insist_on_a_version(app: Any, cli: Any) -> None:
    version = a_class(app).version
    cli("class", "update", 1, "--seats", 5, "--version", version, code=0)
    assert cli.json("class", "update", 1, "--seats", 6, "--version", version, code=5)["code"] == "changed_meanwhile"


def test_a_class_is_cancelled_with_its_reservations(app: Any, cast: Any, cli: Any) -> None:
    hold(app, a_class(app), cast.ana)
    cli("class", "cancel", 1, code=2)
    ran = cli("class", "cancel", 1, "--dry-run", code=0)
    assert "status\tcancelled" in ran.out and cli.json("class", "show", 1)["status"] == "upcoming"
    assert cli.json("class", "cancel", 1, "--yes", "--reason", "no heating")["status"] == "cancelled"
    assert cli.json("reservation", "list")["results"][0]["state"] == "cancelled"
    assert cli.json("class", "update", 1, "--seats", 9, code=5)["code"] == "offering_cancelled"


def test_a_class_is_deleted_only_if_nobody_ever_reserved_it(app: Any, cast: Any, cli: Any) -> None:
    a_class(app)
    hold(app, a_class(app), cast.ana)
    assert "nothing was changed" in cli("class", "delete", 1, "--dry-run", code=0).err
    assert cli.json("class", "delete", 1, "--yes") == {"id": 1, "deleted": True}
    assert cli.json("class", "show", 1, code=4)["code"] == "not_found"
    assert cli.json("class", "delete", 2, "--yes", code=5)["code"] == "not_allowed_now"


def test_who_acts_decides_what_is_allowed(app: Any, cast: Any, cli: Any) -> None:
    make = ("class", "create", "Yoga", "--seats", 3, "--start", "+3d", "--duration", "1h")
    assert cli.json("--as", cast.ana.email, *make, code=6)["code"] == "not_yours"
    made = cli.json("--as", cast.cleo.email, *make)
    assert made["creator"]["email"] == cast.cleo.email
    assert cli.json("--as", cast.dora.email, "class", "update", 1, "--seats", 9, code=6)["code"] == "not_yours"
    assert cli.json("--as", "nobody@example.org", "class", "update", 1, "--seats", 9, code=4)["code"] == "not_found"


def test_a_price_is_set_changed_and_taken_away(cli: Any) -> None:
    create(cli, "--start", "2026-12-04", "--duration", "1h", "--price", "0", code=0)
    assert cli.json("class", "show", 1)["price"] is None
    assert cli.json("class", "update", 1, "--price", "12.50")["price"] == {"amount": "12.50", "currency": "EUR"}
    assert cli.json("class", "update", 1, "--seats", 4)["price"] == {"amount": "12.50", "currency": "EUR"}
    assert cli.json("class", "update", 1, "--price", "0")["price"] is None
    assert cli.json("class", "update", 1, "--price", "-1", code=3)["code"] == "invalid"
    assert cli.json("class", "update", 1, "--confirm", "payment", code=3)["code"] == "invalid"
