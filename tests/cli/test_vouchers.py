"""Vouchers on the command line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.makers import a_class, as_person, rich


def test_a_voucher_is_made_used_shown_and_cancelled(app: Any, cast: Any, cli: Any) -> None:
    offering = a_class(app, price="12.50", confirm="payment", by=as_person(cast.cleo))
    cleo, ana = ("--as", cast.cleo.email), ("--as", rich(app, cast.ana).email)
    words = ("voucher", "create", "spring-26", "--percent", 20, "--uses", 5, "--per-person", 1)
    assert cli.json(*cleo, *words, code=6)["code"] == "not_yours"
    made = cli.json(*cleo, *words, "--offering", offering.id, "--until", "2026-12-01")
    assert (made["code"], made["percent"], made["used"], made["from"]) == ("SPRING-26", 20, 0, None)
    assert made["until"] == "2026-12-02T00:00:00Z"
    assert cli.json(*words, code=5)["code"] == "exists"

    reserved = cli(*ana, "reserve", offering.id, "--voucher", "Spring-26", code=0).out
    assert "price.amount\t10.00\n" in reserved and "discount.amount\t2.50\n" in reserved
    assert "voucher\tSPRING-26\n" in reserved
    assert cli.json(*ana, "reserve", offering.id, "--voucher", "AUTUMN", code=4)["code"] == "not_found"
    assert cli.json("voucher", "show", "spring-26")["used"] == 1
    told = cli.json(*ana, "why", offering.id, "--voucher", "SPRING-26")["reasons"]
    assert [one["code"] for one in told] == ["already_reserved", "limit_reached"]
    told = cli.json("why", offering.id, "--user", cast.ben.email, "--voucher", "AUTUMN")["reasons"]
    assert [one["code"] for one in told] == ["not_found", "insufficient_funds"]
    [listed] = list(csv.DictReader(io.StringIO(cli("voucher", "list", "--format", "csv").out)))
    assert (listed["code"], listed["used"], listed["uses"], listed["offering.title"]) == ("SPRING-26", "1", "5", "Yoga")
    table = cli("voucher", "list", "--format", "table").out
    assert "20 %" in table and "1 of 5, 1 for each person" in table

    dry = cli("voucher", "cancel", "SPRING-26", "--dry-run", code=0)
    assert "nothing was changed" in dry.err and cli.json("voucher", "show", "SPRING-26")["cancelled_at"] is None
    assert cli.json(*cleo, "voucher", "cancel", "SPRING-26")["cancelled_at"] == "2026-12-01T09:00:00Z"
    refused = cli.json("reserve", offering.id, "--user", cast.ben.email, "--voucher", "SPRING-26", code=5)
    assert refused["code"] == "not_allowed_now"


@pytest.mark.parametrize("amount", ["-5", "0", "NaN", "1e30", "1,5", "1.005", "5 USD", "1" + "0" * 30])
def test_what_is_no_amount_makes_no_voucher(cli: Any, amount: str) -> None:
    assert cli.json("voucher", "create", "SPRING", f"--amount={amount}", code=3)["code"] == "invalid"
    assert cli.json("voucher", "list")["results"] == []


def test_it_takes_off_one_of_two(cli: Any) -> None:
    for words in ([], ["--amount", 5, "--percent", 5]):
        assert "one of --amount and --percent" in cli("voucher", "create", "SPRING", *words, code=2).err
