"""The root of the command line: which commands there are, and the options before the command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from classbook import __version__
from classbook.cli.groups import Entry, LazyGroup, markup
from classbook.cli.session import session
from classbook.config import PREFIX

_BOOK: Final = "Book"
_OFFER: Final = "Offer"
_LOOK: Final = "Look after"

REGISTRY: Final = {
    "slots": Entry("classbook.cli.slots", "List the free times of a provider or a resource.", _BOOK),
    "reserve": Entry("classbook.cli.booking", "Take places, an appointment or a resource.", _BOOK),
    "why": Entry("classbook.cli.why", "Say why something cannot be reserved, and what can.", _BOOK),
    "confirm": Entry("classbook.cli.booking", "Confirm a hold with the code from the mail.", _BOOK),
    "cancel": Entry("classbook.cli.booking", "Give a reservation's places back.", _BOOK),
    "move": Entry("classbook.cli.booking", "Change the time or the places of a reservation.", _BOOK),
    "ticket": Entry("classbook.cli.tickets", "Draw the ticket of a reservation.", _BOOK),
    "check-in": Entry("classbook.cli.tickets", "Note that somebody came.", _BOOK),
    "calendar": Entry("classbook.cli.calendars", "Calendars to subscribe to: their secret addresses.", _BOOK),
    "reservation": Entry("classbook.cli.reservations", "List reservations, show one, read its history.", _BOOK),
    "wallet": Entry("classbook.cli.wallets", "Show wallets and statements, top up, withdraw.", _BOOK),
    "class": Entry("classbook.cli.classes", "Create, import, list, show, update, cancel, delete classes.", _OFFER),
    "event": Entry("classbook.cli.events", "Create, import, list, show, update, cancel, delete events.", _OFFER),
    "venue": Entry("classbook.cli.venues", "Create, list, show venues, and give them their seats.", _OFFER),
    "match": Entry("classbook.cli.matches", "Create, import, list, show, change matches; block seats.", _OFFER),
    "resource": Entry("classbook.cli.resources", "Create, list, show, update, cancel, delete resources.", _OFFER),
    "provider": Entry("classbook.cli.providers", "Create, list, show, update, cancel, delete providers.", _OFFER),
    "schedule": Entry("classbook.cli.schedules", "Opening hours of providers and resources.", _OFFER),
    "voucher": Entry("classbook.cli.vouchers", "Codes that take something off a price.", _OFFER),
    "user": Entry("classbook.cli.users", "Create, import, list, show, change, export people.", _OFFER),
    "history": Entry("classbook.cli.history", "Who changed what, and how it was before.", _LOOK),
    "report": Entry("classbook.cli.report", "The figures: classes, people, confirmed places.", _OFFER),
    "export": Entry("classbook.cli.export", "Everything of one sort, as a file.", _OFFER),
    "init": Entry("classbook.cli.setup", "Write a commented classbook.toml and make the database.", _LOOK),
    "demo": Entry("classbook.cli.demo", "Fill a fresh database and walk one booking, step by step.", _LOOK),
    "doctor": Entry("classbook.cli.setup", "Check configuration, secrets, database, mail and clock.", _LOOK),
    "daemon": Entry("classbook.cli.daemon", "Run the scheduler, the mail sender and the HTTP API.", _LOOK),
    "openapi": Entry("classbook.cli.openapi", "Print the OpenAPI document of the HTTP API.", _LOOK),
    "holds": Entry("classbook.cli.holds", "Release what somebody holds.", _LOOK),
    "webhook": Entry("classbook.cli.webhooks", "Tell programs elsewhere what happens.", _LOOK),
    "mail": Entry("classbook.cli.mail", "List, show, retry, test and preview mail.", _LOOK),
    "audit": Entry("classbook.cli.audit", "Check every invariant of the database.", _LOOK),
    "db": Entry("classbook.cli.database", "The schema; backups, and the way into another database.", _LOOK),
}
"""Every command. Importing one of them is what a start costs, so only the one that is run is imported."""


class Root(LazyGroup):
    registry = REGISTRY


app = typer.Typer(
    cls=Root,
    rich_markup_mode=markup(),
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": PREFIX.rstrip("_")},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"classbook {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Configuration file; else ./classbook.toml, else $XDG_CONFIG_HOME/classbook/classbook.toml.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=f"{PREFIX}DATABASE_URL",
            help="Database, like sqlite:///classbook.db or postgresql://USER@HOST/DATABASE.",
        ),
    ] = None,
    acting: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="EMAIL", envvar=f"{PREFIX}AS", help="Act as this person; else as the administrator."
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", envvar=f"{PREFIX}JSON", help="Print exactly one JSON value, and errors as JSON too."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer and nothing beside it.")] = False,
    no_color: Annotated[
        bool,
        typer.Option("--no-color", help="No colours, even on a terminal; so does any NO_COLOR in the environment."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more, and show the traceback of an internal error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, show_envvar=False, help="Print the version."),
    ] = False,
) -> None:
    """Book classes by one law: nothing is sold twice.

    \b
      classbook demo
      classbook class create "Morning yoga" --seats 12 --start "tomorrow 18:00" --duration 1h
      classbook reserve 1 --user ana@example.org
      classbook confirm R-7KX9-2MQP --otp 123456

    Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 invalid, 4 not found, 5 conflict, 6 not allowed,
    7 too little money, 8 try again later, 130 interrupted.
    """
    here = session(ctx)
    here.config_path = config
    here.database_url = database
    here.acting_email = acting
    here.as_json = as_json
    here.is_quiet = quiet
    here.wants_colour = not (no_color or os.environ.get("NO_COLOR"))
    here.is_verbose = verbose


def command() -> Root:
    """The whole command line, ready to run."""
    found = typer.main.get_command(app)
    assert isinstance(found, Root)
    return found


def every_command() -> dict[tuple[str, ...], Any]:
    """All commands by their words, every module imported: for the tests and for `command_variables`."""
    whole = command()
    found: dict[tuple[str, ...], Any] = {}
    for name in REGISTRY:
        loaded = whole.load(name)
        found[(name,)] = loaded
        for inner, child in getattr(loaded, "commands", {}).items():
            found[(name, inner)] = child
    return found


def command_variables() -> frozenset[str]:
    """The environment twins of the options of all commands."""
    return frozenset(
        param.envvar or f"{PREFIX}{'_'.join((*words, param.name)).upper().replace('-', '_')}"
        for words, found in every_command().items()
        for param in found.params
        if param.param_type_name == "option" and param.name
    )


def root_options() -> frozenset[str]:
    """The options that stand before the command."""
    return frozenset(name for param in command().params for name in param.opts)
