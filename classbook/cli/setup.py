"""`init` writes the configuration and makes the database; `doctor` says whether everything is in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from classbook.cli import exits
from classbook.cli.checks import show_checks
from classbook.cli.files import write_whole
from classbook.cli.groups import group
from classbook.cli.session import Session, session
from classbook.cli.steps import COMMANDS
from classbook.config import FILE_NAME, PREFIX, load
from classbook.errors import ClassbookError, Exists, in_words
from classbook.values import Check

app = group("Set up and check.")

_URL_LINE: Final = '#url = "'
_MOST_SKEW_SECONDS: Final = 5


@app.command()
def init(
    ctx: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=f"{PREFIX}DATABASE_URL",
            help="The database to write into the file, like postgresql://USER@HOST/DATABASE.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a configuration file that is there.")] = False,
) -> None:
    """Write a commented classbook.toml, and create and migrate the database.

    \b
      classbook init
      classbook init --database postgresql://classbook@db.example.org/classbook
    """
    here = session(ctx)
    path = here.config_path or Path(FILE_NAME)
    if os.path.lexists(path) and not force:
        raise Exists(
            f"{path} is there already.", hint="--force overwrites it; --config FILE before the command names another."
        )
    text = _configuration(database or here.database_url)
    made = _make_database(here, path, text)
    write_whole(path, text, replace=force)
    here.note(f"{path} is written, and {made} is ready.")
    here.note(f"Next: {here.program} demo, or {here.program} user create EMAIL --name NAME --role organizer")
    if here.as_json:
        here.show({"config": str(path), "database": made}, ())


def default_configuration() -> str:
    """The commented classbook.toml."""
    return resources.files("classbook.cli").joinpath("default.toml").read_text(encoding="utf-8")


def _configuration(database: str | None) -> str:
    if database is None:
        return default_configuration()
    quoted = database.replace("\\", "\\\\").replace('"', '\\"')
    lines = default_configuration().splitlines(keepends=True)
    return "".join(f'url = "{quoted}"\n' if line.startswith(_URL_LINE) else line for line in lines)


def _make_database(here: Session, path: Path, text: str) -> str:
    """Create and migrate the database that ``text`` names, as it will be read from ``path``; its name.

    The text is tried before it gets its name, so that a refusal leaves nothing behind.
    """
    from classbook.store import schema

    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}.draft")
    try:
        write_whole(draft, text)
        settings = load(config_path=draft, environ=os.environ, overrides={})
    finally:
        draft.unlink(missing_ok=True)
    app = here.opener(settings, check_schema=False)
    try:
        schema.upgrade(app.store)
    finally:
        app.close()
    return settings.database.shown


@app.command()
def doctor(ctx: typer.Context) -> None:
    """Check configuration, secrets, database, migrations, mail and clock; exit code 0 only if all is well.

    \b
      classbook doctor
    """
    here = session(ctx)
    here.checks_schema = False
    if not show_checks(here, _examine(here)):
        raise typer.Exit(exits.NOT_WELL)


def _examine(here: Session) -> Iterator[Check]:
    """One check after another; what builds on something that is broken is not looked at."""
    configuration = _checked("configuration", lambda: _configured(here))
    yield configuration
    if not configuration.ok:
        return
    file = here.settings.database.file
    if file is not None and not file.exists():
        if not file.parent.exists():
            yield Check("database", False, f"there is no directory {file.parent}", "make it, or name another place")
            return
        yield Check("database", False, f"{file} is not there yet", "classbook init makes it, and so does any command")
        return
    # The secret key is read on opening, so that a failure there is told by what it says.
    opened = _checked("secrets", lambda: _secrets(here))
    yield opened
    if not opened.ok:
        return
    database = _checked(
        "database",
        lambda: f"{here.settings.database.shown}: {here.app.store.engine_version}",
        hint="it must be there, and let this user in",
    )
    yield database
    if database.ok:
        yield _schema(here)
    yield _mail(here)
    if here.settings.mail.templates:
        yield _templates(here)
    yield _wallets(here)
    yield _retention(here)
    if database.ok:
        yield _clock(here)


def _checked(name: str, look: Callable[[], str], *, hint: str | None = None) -> Check:
    """What a look says; where it is refused, with ``hint``, else with that of the refusal."""
    try:
        return Check(name, True, look())
    except ClassbookError as refusal:
        return Check(name, False, refusal.detail, hint or in_words(refusal.hint, COMMANDS))


def _configured(here: Session) -> str:
    settings = here.settings
    found = str(settings.path) if settings.path else "no file, so the defaults"
    return f"{found}; zone {settings.timezone}, {settings.currency}"


def _secrets(here: Session) -> str:
    settings = here.settings
    assert here.app.key
    if settings.secret:
        return "the key comes from CLASSBOOK_SECRET"
    return f"the key is in {settings.secret_file or 'classbook.secret'}, readable by its owner only"


def _schema(here: Session) -> Check:
    from classbook.store import schema
    from classbook.store.tables import HEAD

    found = schema.revision(here.app.store)
    if found == HEAD:
        return Check("migrations", True, f"at revision {found}, the newest")
    return Check("migrations", False, f"at {found or 'nothing'}, not at {HEAD}", "classbook db upgrade")


def _mail(here: Session) -> Check:
    from classbook.world import MailError

    mail, web = here.settings.mail, here.settings.web
    where = f"{mail.host}:{mail.port} ({mail.security})" if mail.host else "a folder beside the database"
    try:
        here.app.mailer.check()
    except MailError as failure:
        return Check("mail", False, f"{where}: {failure}", "set host, port, security and login in [mail]")
    if mail.host and not web.public_url:
        return Check("mail", False, f"{where}; links begin with {web.address}", "set public_url in [web]")
    return Check("mail", True, f"{where}; links begin with {web.address}")


def _wallets(here: Session) -> Check:
    """There is no payment gateway: that people may give themselves money should be nobody's surprise."""
    if here.settings.wallet.self_top_up:
        return Check("wallets", True, "members put money into their own as they like; self_top_up = false ends that")
    return Check("wallets", True, "only administrators put money into them (self_top_up = false)")


def _retention(here: Session) -> Check:
    kept = here.settings.retention
    days = {"mails": kept.mail_days, "request keys": kept.key_days, "logs": kept.log_days}
    return Check("retention", True, ", ".join(f"{what} {many} d" for what, many in days.items()))


def _templates(here: Session) -> Check:
    from classbook.core import previews

    folder, faults = here.settings.mail.templates, previews.faults(here.settings)
    if faults:
        hint = f"the names are those of `{here.program} mail preview`, like confirmed.txt, confirmed.html"
        return Check("templates", False, "; ".join(faults), hint)
    return Check("templates", True, f"the templates in {folder} work")


def _clock(here: Session) -> Check:
    now = here.app.clock.now()
    with here.app.store.read() as tx:
        skew_seconds = abs((tx.now - now).total_seconds())
    if skew_seconds > _MOST_SKEW_SECONDS:
        detail = f"the database's clock and this machine's are {skew_seconds:.0f} s apart"
        return Check("clock", False, detail, "let both follow a time server")
    return Check("clock", True, f"{now:%Y-%m-%d %H:%M:%S} UTC, and the database agrees")
