"""`calendar show | renew`."""

from __future__ import annotations

from classbook.app import App
from classbook.core import calendars
from tests.conftest import CommandLine
from tests.makers import Cast, a_class, as_person, confirmed


def test_the_address_of_a_calendar_is_shown_and_renewed(cli: CommandLine, app: App, cast: Cast) -> None:
    confirmed(app, a_class(app), cast.ana)
    shown = cli("calendar", "show", "--user", cast.ana.email, code=0).out
    assert cli("--as", cast.ana.email, "calendar", "show", code=0).out == shown
    assert cli.json("calendar", "show", "--user", cast.ana.email) == {"url": shown.strip()}
    token = shown.strip().rpartition("/")[2].removesuffix(".ics")
    assert calendars.read(app, token).count(b"BEGIN:VEVENT") == 1
    renewed = cli("--as", cast.ana.email, "calendar", "renew", "--yes", code=0).out
    assert renewed != shown and cli("--as", cast.ana.email, "calendar", "show").out == renewed


def test_renewing_asks_first(cli: CommandLine, cast: Cast) -> None:
    shown = cli("calendar", "show", "--user", cast.ana.email).out
    assert "--yes" in cli("calendar", "renew", "--user", cast.ana.email, code=2).err
    assert cli("calendar", "show", "--user", cast.ana.email).out == shown


def test_a_dry_run_renews_nothing_and_a_key_renews_once(cli: CommandLine, cast: Cast) -> None:
    renew = ("calendar", "renew", "--user", cast.ana.email)
    shown = cli("calendar", "show", "--user", cast.ana.email).out
    assert "nothing was changed" in cli(*renew, "--dry-run", code=0).err
    assert cli("calendar", "show", "--user", cast.ana.email).out == shown
    renewed = {cli(*renew, "--yes", "--request-key", "k", code=0).out for _ in range(2)}
    assert len(renewed) == 1 and renewed != {shown}


def test_a_calendar_is_of_somebody_or_of_something(cli: CommandLine, app: App, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    assert "Whose?" in cli("calendar", "show", code=2).err
    cli("calendar", "show", "--user", cast.ana.email, "--offering", yoga.id, code=2)
    assert cli("--as", cast.cleo.email, "calendar", "show", "--offering", yoga.id, code=0).out.startswith("http")
    cli("--as", cast.ana.email, "calendar", "show", "--offering", yoga.id, code=6)
    cli("--as", cast.ana.email, "calendar", "show", "--user", cast.ben.email, code=6)
    cli("calendar", "show", "--offering", 99, code=4)
