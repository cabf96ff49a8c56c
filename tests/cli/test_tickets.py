"""`ticket`, and `check-in` at a door with a scanner."""

from __future__ import annotations

import json
import re
from pathlib import Path

from classbook.app import App
from classbook.rules import tickets
from classbook.testing import FrozenClock
from classbook.values import Reservation
from tests.conftest import CommandLine
from tests.makers import NOW, Cast, a_class, as_person, confirmed, hold, show


def ticket_of(app: App, one: Reservation) -> str:
    return tickets.ticket(app.key, one.id)


def at_the_door(clock: FrozenClock) -> None:
    """A class of tomorrow begins in ten minutes."""
    clock.set(NOW.replace(day=2, hour=8, minute=50))


def answers(out: str) -> list[tuple[str, str, str]]:
    return [tuple(line.split("\t")) for line in out.splitlines()]  # type: ignore[misc]


def test_a_ticket_is_drawn_and_can_be_read(cli: CommandLine, app: App, cast: Cast, tmp_path: Path) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    drawn = cli("ticket", one.code, code=0).out
    assert drawn.splitlines()[-1] == ticket_of(app, one)
    assert len(drawn.splitlines()) > 10 and not re.search(r"[^█▀▄ \nA-Z0-9-]", drawn)
    shown = cli.json("ticket", one.code)
    assert shown == {"code": one.code, "ticket": ticket_of(app, one), "svg": shown["svg"]}
    assert cli("ticket", one.code, "--svg", "-", code=0).out.strip() == shown["svg"].strip()
    cli("ticket", one.code, "--svg", tmp_path / "t.svg", code=0)
    assert (tmp_path / "t.svg").read_text() == shown["svg"]


def test_only_what_is_confirmed_has_a_ticket(cli: CommandLine, app: App, cast: Cast) -> None:
    held = hold(app, a_class(app), cast.ana)
    assert cli.json("ticket", held.code, code=5)["code"] == "not_allowed_now"
    other = confirmed(app, a_class(app), cast.ben)
    cli("--as", cast.ana.email, "ticket", other.code, code=4)


def test_a_ticket_does_wherever_a_code_does_and_a_made_up_one_is_noticed(
    cli: CommandLine, app: App, cast: Cast
) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    text = ticket_of(app, one)
    assert cli.json("reservation", "show", text.lower())["code"] == one.code
    made_up = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert "This is no ticket of ours" in cli("check-in", made_up, code=4).err


def test_a_scanner_is_answered_line_by_line_and_goes_on_after_a_refusal(
    cli: CommandLine, app: App, clock: FrozenClock, cast: Cast
) -> None:
    yoga, boxing = a_class(app, seats=9), a_class(app, title="Boxing")
    ana, ben = confirmed(app, yoga, cast.ana, party=2), confirmed(app, yoga, cast.ben)
    elsewhere = confirmed(app, boxing, cast.ana)
    at_the_door(clock)
    held = hold(app, yoga, cast.dora)
    scanned = [
        ticket_of(app, ana), "", ticket_of(app, ana), "R-AAAA", elsewhere.code, held.code, ben.code, "\tx\x1b[31m" * 99,
    ]  # fmt: skip
    ran = cli("check-in", "-", "--offering", yoga.id, stdin="\n".join(scanned) + "\n", code=1)
    found = answers(ran.out)
    assert [word for word, *_ in found] == [
        "ok", "not_allowed_now", "not_found", "not_allowed_now", "not_allowed_now", "ok", "not_found",
    ]  # fmt: skip
    assert found[0][1:] == (ticket_of(app, ana), "Ana, 2 places, Yoga")
    assert found[1][2] == "Checked in already, on Wed 2 Dec 2026 08:50 UTC."
    assert found[3][2] == "That is for Boxing on Wed 2 Dec 2026 09:00 UTC."
    assert "\x1b" not in ran.out
    assert show(app, ben).checked_in_at == clock.now() and show(app, elsewhere).checked_in_at is None


def test_all_were_well_is_exit_0_also_without_a_last_line_end(
    cli: CommandLine, app: App, clock: FrozenClock, cast: Cast
) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    at_the_door(clock)
    assert cli("check-in", "-", stdin=f"\r\n{ticket_of(app, one)}", code=0).out.startswith("ok\t")
    assert cli("check-in", "-", stdin="", code=0).out == ""


def test_with_json_there_is_one_answer_at_the_end(cli: CommandLine, app: App, clock: FrozenClock, cast: Cast) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    at_the_door(clock)
    ran = cli("--json", "check-in", "-", stdin=f"{one.code}\n{one.code}\n", code=1)
    results = json.loads(ran.out)["results"]
    assert [(each["code"], each["read"]) for each in results] == [("ok", one.code), ("not_allowed_now", one.code)]
    assert results[0]["reservation"]["user"]["email"] == cast.ana.email


def test_a_door_that_takes_tickets_only(cli: CommandLine, app: App, clock: FrozenClock, cast: Cast) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    at_the_door(clock)
    ran = cli("check-in", "-", "--signed", stdin=f"{one.code}\n{ticket_of(app, one)}\n", code=1)
    assert [word for word, *_ in answers(ran.out)] == ["invalid", "ok"]


def test_too_early_and_too_late_are_told(cli: CommandLine, app: App, clock: FrozenClock, cast: Cast) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    text = ticket_of(app, one)
    clock.set(NOW.replace(day=2, hour=8, minute=44))
    assert "opens on Wed 2 Dec 2026 08:45" in answers(cli("check-in", "-", stdin=text, code=1).out)[0][2]
    clock.set(NOW.replace(day=2, hour=10))
    assert answers(cli("check-in", "-", stdin=text, code=1).out)[0][::2] == ("too_late", "Yoga is over.")


def test_who_organizes_a_class_stands_at_its_door(cli: CommandLine, app: App, clock: FrozenClock, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    one = confirmed(app, yoga, cast.ana)
    at_the_door(clock)
    text = ticket_of(app, one)
    assert answers(cli("--as", cast.dora.email, "check-in", "-", stdin=text, code=1).out)[0][0] == "not_found"
    assert answers(cli("--as", cast.cleo.email, "check-in", "-", stdin=text, code=0).out)[0][0] == "ok"


def test_a_dry_run_lets_nobody_in(cli: CommandLine, app: App, clock: FrozenClock, cast: Cast) -> None:
    one = confirmed(app, a_class(app), cast.ana)
    at_the_door(clock)
    assert cli("check-in", "-", "--dry-run", stdin=one.code, code=0).out.startswith("ok\t")
    assert show(app, one).checked_in_at is None
    assert "told apart" in cli("check-in", "-", "--request-key", "k", stdin=one.code, code=2).err
