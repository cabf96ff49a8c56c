"""`webhook` on the command line."""

from __future__ import annotations

import pytest

from tests.conftest import CommandLine
from tests.receiver import receiving


def test_from_adding_to_telling_again(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSBOOK_WEBHOOK_ALLOW_LOCAL", "true")
    with receiving() as receiver:
        made = cli.json("webhook", "add", receiver.url, "--event", "offering.created")
        assert made["secret"].startswith("whsec_") and made["events"] == ["offering.created"]
        cli("class", "create", "Yoga", "--seats", 2, "--start", "2026-12-09 18:00", "--duration", "1h", code=0)
        cli("daemon", "--once", code=0)
        [told] = cli.json("webhook", "deliveries")["results"]
        assert (told["type"], told["state"], told["status"]) == ("offering.created", "delivered", 204)
        cli("webhook", "replay", told["id"], code=0)
        cli("daemon", "--once", code=0)
        assert len(receiver.verified(made["secret"])) == 2
    assert "secret" not in cli.json("webhook", "show", 1)
    assert "whsec" not in cli("webhook", "list", code=0).out
    cli("webhook", "remove", 1, code=0)
    assert cli.json("webhook", "list")["results"] == cli.json("webhook", "deliveries")["results"] == []


def test_the_secret_is_shown_once(cli: CommandLine) -> None:
    ran = cli("webhook", "add", "https://example.org/", code=0)
    assert "secret\twhsec_" in ran.out and "not shown again" in ran.err
    assert "whsec" not in cli("webhook", "add", "https://example.org/", "--dry-run", code=0).out


def test_without_leave_nobody_adds_what_is_here(cli: CommandLine) -> None:
    assert cli.json("webhook", "add", "http://127.0.0.1:1/", code=3)["code"] == "invalid"
