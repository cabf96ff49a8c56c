"""Money on the command line: wallets, statements, priced classes, on both databases."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from classbook.core import catalog
from tests.makers import a_class, as_person, broken, hold, purse, rich


def test_a_priced_class_can_be_walked_by_what_is_printed(app: Any, cast: Any, cli: Any) -> None:
    made = cli.json(
        "--as", cast.cleo.email, "class", "create", "Yoga", "--seats", 5, "--start", "tomorrow 18:00",
        "--duration", "1h", "--price", "12.50", "--confirm", "payment",
    )  # fmt: skip
    assert made["price"] == {"amount": "12.50", "currency": "EUR"}
    ana = ("--as", cast.ana.email)
    refused = cli(*ana, "reserve", made["id"], code=7)
    assert refused.err == (
        "error: It costs 12.50 EUR, and 0.00 EUR is available in the wallet.\n"
        "hint: Top up the wallet by 12.50 EUR or more.\n"
    )
    assert cli.json(*ana, "wallet", "top-up", "30")["available"]["amount"] == "30.00"
    held = cli(*ana, "reserve", made["id"], "--party", 2, code=0)
    assert "state\theld\n" in held.out and "price.amount\t25.00\n" in held.out
    assert "--otp" not in held.err
    words = next(line for line in held.err.splitlines() if "classbook confirm" in line).split()[1:]
    assert cli.json(*ana, "wallet", "show")["held"]["amount"] == "25.00"
    assert cli.json(*ana, *words)["state"] == "confirmed"
    shown = cli.json("wallet", "show", "--user", cast.ana.email)
    assert (shown["balance"]["amount"], shown["held"]["amount"], shown["available"]["amount"]) == (
        "5.00",
        "0.00",
        "5.00",
    )
    cli(*ana, "cancel", words[1], code=0)
    assert purse(app, cast.ana) == ("30.00", "0.00")
    assert broken(app) == []


def test_the_price_is_changed_and_taken_away(app: Any, cli: Any) -> None:
    offering = a_class(app, price="5")
    changed = cli.json("class", "update", offering.id, "--price", "7.50 EUR")
    assert changed["price"]["amount"] == "7.50"
    assert cli.json("class", "update", offering.id, "--seats", 9)["price"]["amount"] == "7.50"
    assert cli.json("class", "update", offering.id, "--price", "0")["price"] is None
    [listed] = list(csv.DictReader(io.StringIO(cli("class", "list", "--format", "csv").out)))
    assert (listed["price.amount"], listed["price.currency"]) == ("", "")


@pytest.mark.parametrize("price", ["-5", "12,50", "12.505", "1e9", "99999999999", "5 USD", "free", ""])
def test_what_is_no_price_is_refused(app: Any, cli: Any, price: str) -> None:
    words = ("class", "create", "Yoga", "--seats", 5, "--start", "tomorrow 18:00", "--duration", "1h")
    assert cli.json(*words, f"--price={price}", code=3)["code"] == "invalid"
    assert cli.json("class", "list")["results"] == []


def test_a_payment_without_a_price_is_refused(app: Any, cli: Any) -> None:
    words = ("class", "create", "Yoga", "--seats", 5, "--start", "tomorrow 18:00", "--duration", "1h")
    refused = cli.json(*words, "--confirm", "payment", code=3)
    assert (refused["code"], refused["hint"]) == ("invalid", "Use code, self or none.")


@pytest.mark.parametrize("verb", ["top-up", "withdraw"])
@pytest.mark.parametrize("amount", ["-5", "-0.01", "0", "NaN", "-inf", "1" + "0" * 30, "12.505", "5 USD"])
def test_what_is_no_amount_moves_nothing(app: Any, cast: Any, cli: Any, verb: str, amount: str) -> None:
    rich(app, cast.ana)
    assert cli.json("wallet", verb, amount, "--user", cast.ana.email, code=3)["code"] == "invalid"
    assert purse(app, cast.ana) == ("100.00", "0.00")


def test_an_unknown_option_is_still_wrong_usage(cast: Any, cli: Any) -> None:
    assert "--usr" in cli("wallet", "top-up", "5", "--usr", cast.ana.email, code=2).err


def test_money_is_taken_out_as_far_as_it_is_there(app: Any, cast: Any, cli: Any) -> None:
    rich(app, cast.ana, "10")
    user = ("--user", cast.ana.email)
    assert cli.json("wallet", "withdraw", "10.01", *user, code=7)["code"] == "insufficient_funds"
    assert cli.json("wallet", "withdraw", "4", *user)["balance"] == {"amount": "6.00", "currency": "EUR"}
    dry = cli("wallet", "withdraw", "6", *user, "--dry-run", code=0)
    assert "balance.amount\t0.00\n" in dry.out and "nothing was changed" in dry.err
    assert purse(app, cast.ana) == ("6.00", "0.00")


def test_a_request_key_makes_a_retry_safe(app: Any, cast: Any, cli: Any) -> None:
    words = ("wallet", "top-up", "10", "--user", cast.ana.email, "--request-key", "k")
    assert cli.json(*words) == cli.json(*words)
    assert purse(app, cast.ana) == ("10.00", "0.00")
    other = ("wallet", "top-up", "11", "--user", cast.ana.email, "--request-key", "k")
    assert cli.json(*other, code=3)["code"] == "key_reused"


@pytest.mark.parametrize("words", [["show"], ["statement"], ["top-up", "5"], ["withdraw", "5"]], ids=" ".join)
def test_the_console_says_whose(cli: Any, words: list[str]) -> None:
    assert "Whose? Say --user EMAIL" in cli("wallet", *words, code=2).err
    contradicting = cli("wallet", *words, "--user", "a@b.c", "--wallet", 1, code=2)
    assert "contradict" in contradicting.err


def test_wallets_of_others_are_not_there(app: Any, cast: Any, cli: Any) -> None:
    rich(app, cast.ana)
    ben = ("--as", cast.ben.email)
    for words in (["show"], ["statement"], ["top-up", "5"], ["withdraw", "5"]):
        assert cli.json(*ben, "wallet", *words, "--user", cast.ana.email, code=4)["code"] == "not_found"
        assert cli.json(*ben, "wallet", *words, "--wallet", 1, code=4)["code"] == "not_found"
    assert [one["user"]["name"] for one in cli.json(*ben, "wallet", "list")["results"]] == ["Ben"]


def test_a_statement_is_printed_in_every_form(app: Any, cast: Any, cli: Any) -> None:
    ana = ("--as", cast.ana.email)
    rich(app, cast.ana, "30")
    a_class(app, price="12.50", confirm="none", title="=1+1")
    cli(*ana, "reserve", 1, code=0)
    found = cli.json(*ana, "wallet", "statement")["results"]
    assert [(row["kind"], row["state"], row["change"]["amount"], row["balance"]["amount"]) for row in found] == [
        ("payment", "posted", "-12.50", "17.50"),
        ("payment", "pending", "0.00", "30.00"),
        ("top_up", "posted", "30.00", "30.00"),
    ]
    [paid, *_] = list(csv.DictReader(io.StringIO(cli(*ana, "wallet", "statement", "--format", "csv").out)))
    assert (paid["change.amount"], paid["balance.amount"], paid["offering.title"]) == ("-12.50", "17.50", "'=1+1")
    lines = cli(*ana, "wallet", "statement", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == found
    table = cli(*ana, "wallet", "statement", "--format", "table").out
    assert "-12.50 EUR" in table and "=1+1 (R-" in table
    assert cli(*ana, "wallet", "statement", code=0).out.startswith("id\tcreated_at\tkind\tstate\tchange.amount\t")
    first = cli.json(*ana, "wallet", "statement", "--limit", 2)
    rest = cli.json(*ana, "wallet", "statement", "--limit", 2, "--cursor", first["next"])
    assert first["results"] + rest["results"] == found


def test_what_is_earned_is_found_in_the_list_and_taken_out(app: Any, cast: Any, cli: Any) -> None:
    rich(app, cast.ana)
    a_class(app, price="12.50", confirm="none", by=as_person(cast.cleo))
    cli("reserve", 1, "--user", cast.ana.email, code=0)
    cleo = ("--as", cast.cleo.email)
    [account] = [one for one in cli.json(*cleo, "wallet", "list")["results"] if one["account"] == "organizer"]
    assert account["balance"]["amount"] == "12.50"
    assert cli.json(*cleo, "wallet", "withdraw", "12.50", "--wallet", account["id"])["balance"]["amount"] == "0.00"
    table = cli("wallet", "list", "--format", "table").out
    assert "cleo@example.org (organizer)" in table and "outside" in table and "-87.50 EUR" in table


def test_what_comes_back_is_printed_and_shown_before_in_a_dry_run(app: Any, cast: Any, clock: Any, cli: Any) -> None:
    words = (
        "class",
        "create",
        "Yoga",
        "--seats",
        5,
        "--start",
        "2026-12-04T09:00",
        "--duration",
        "1h",
        "--price",
        "10",
    )
    terms = ("--refund-full", "48h", "--refund-share", 25, "--share-until", "24h")
    made = cli.json(*words, "--confirm", "payment", *terms)
    assert [made["policy"][f"refund_{name}"] for name in ("full_seconds", "share_percent", "share_seconds")] == [
        48 * 3600, 25, 24 * 3600,
    ]  # fmt: skip
    changed = cli.json("class", "update", made["id"], "--refund-share", 50)
    assert changed["policy"]["refund_share_percent"] == 50
    one = hold(app, catalog.show(app, "class", made["id"]), rich(app, cast.ana))
    cli("confirm", one.code, code=0)
    clock.advance(timedelta(hours=30))
    dry = cli.json("cancel", one.code, "--dry-run")
    assert (dry["state"], dry["refund"]) == ("cancelled", {"amount": "5.00", "currency": "EUR"})
    assert cli.json("reservation", "show", one.code)["refund"] is None
    assert "refund.amount\t5.00\n" in cli("cancel", one.code, code=0).out
    assert cli.json("reservation", "show", one.code) == cli.json("cancel", one.code) == dry
    assert purse(app, cast.ana) == ("95.00", "0.00")


def test_what_a_move_pays_and_brings_back_is_printed_and_shown_before_in_a_dry_run(
    app: Any, cast: Any, clock: Any, cli: Any
) -> None:
    terms: dict[str, Any] = {"refund_full_seconds": 48 * 3600, "refund_share_percent": 50}
    yoga = a_class(app, seats=9, price="10", confirm="payment", starts_in=timedelta(hours=72), **terms)
    one = hold(app, yoga, rich(app, cast.ana), party=2)
    cli("confirm", one.code, code=0)
    cli("class", "update", yoga.id, "--price", "15", code=0)
    clock.advance(timedelta(hours=30))
    for party, charged, refund, forfeited, left in (
        (3, "15.00", None, None, "65.00"),
        (1, None, "12.50", "12.50", "77.50"),
    ):
        dry = cli.json("move", one.code, "--party", party, "--dry-run")
        shown = [dry[name] and dry[name]["amount"] for name in ("charged", "refund", "forfeited")]
        assert shown == [charged, refund, forfeited]
        assert cli.json("move", one.code, "--party", party) == dry
        assert purse(app, cast.ana) == (left, "0.00")
    assert "forfeited.amount\t12.50\n" in cli("reservation", "show", one.code, code=0).out


@pytest.mark.parametrize("terms", [["--refund-share", 101], ["--refund-share", -1], ["--refund-full", "soon"]])
def test_what_is_no_term_of_a_refund_is_refused(app: Any, cli: Any, terms: list[Any]) -> None:
    words = ("class", "create", "Yoga", "--seats", 5, "--start", "tomorrow 18:00", "--duration", "1h")
    assert cli.json(*words, *terms, code=3)["code"] == "invalid"
