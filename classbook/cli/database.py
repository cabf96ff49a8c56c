"""`db`: the schema of the database, its backups, and its way into another database."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from classbook.cli import exits
from classbook.cli.files import whole_draft
from classbook.cli.groups import group
from classbook.cli.options import DryRun, Yes
from classbook.cli.output import Column, local
from classbook.cli.session import Session, session
from classbook.errors import Exists, Invalid

if TYPE_CHECKING:
    from classbook.values import Check, Copied

app = group("The schema; backups, and the way into another database.")

SCHEMA: Final = (
    Column("database", "database"),
    Column("engine", "engine"),
    Column("revision", "revision"),
    Column("newest", "newest"),
    Column("is_current"),
)
COPIED: Final = (
    Column("from", "from"),
    Column("to", "to"),
    Column("as_of", "as of", local("as_of")),
    Column("revision", "revision"),
    Column("seconds", "seconds"),
    Column("same_key"),
    Column("rows", "rows"),
)


@app.command()
def upgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="How far up.")] = "head",
) -> None:
    """Bring the schema up to date, or up to a revision. Safe to repeat.

    \b
      classbook --database postgresql://classbook@db/classbook db upgrade
    """
    from classbook.store import schema

    here = _schema_session(ctx)
    schema.upgrade(here.app.store, revision)
    _show(here)


@app.command()
def downgrade(
    ctx: typer.Context,
    revision: Annotated[
        str, typer.Argument(metavar="REVISION", help="How far down: a revision, or base for nothing; else one step.")
    ] = "-1",
    yes: Yes = False,
) -> None:
    """Take the schema back to a revision. What only newer schemas can keep is lost.

    \b
      classbook db downgrade base --yes
    """
    from classbook.store import schema

    here = _schema_session(ctx)
    target = "one revision" if revision == "-1" else f"to {revision}"
    here.agree(f"Take {here.settings.database.shown} back {target}, and lose what does not fit there?", yes=yes)
    schema.downgrade(here.app.store, revision)
    _show(here)


@app.command()
def current(ctx: typer.Context) -> None:
    """Show the revision of the schema, and the newest one this classbook knows.

    \b
      classbook db current
    """
    _show(_schema_session(ctx))


@app.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; it is for its owner's eyes only.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write everything as of one moment into a file, while daemon and commands go on.

    The file is there as a whole or not at all, and can be restored into SQLite as into PostgreSQL. The secret key is
    not in it: keep that, too, somewhere else.

    \b
      classbook db backup classbook-monday.backup
      classbook --quiet db backup --force nightly.backup
    """
    from classbook.core import backups

    here = _schema_session(ctx)
    _not_itself(here, file)
    if os.path.lexists(file) and not force:
        raise Exists(f"{file} is there already.", hint="--force overwrites it.")
    with whole_draft(file, replace=force) as draft:
        made = backups.backup(here.app, here.actor, draft, told=_progress(here))
    _show_copied(here, replace(made, to=str(file)))
    here.note(f"{file} is written. The secret key is not in it: keep a copy of that somewhere else.")


@app.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `db backup` has written.")],
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Make the database what it was when FILE was written, all of it or nothing, and audit it.

    What the database holds now is replaced. Stop the daemon first. On PostgreSQL run it as the owner of the schema.

    \b
      classbook db restore classbook-monday.backup --dry-run
      classbook db restore classbook-monday.backup --yes
    """
    from classbook.core import backups

    here = _schema_session(ctx)
    _not_itself(here, file)
    found = backups.look_into(here.app, file)
    held = backups.rows_held(here.app)
    if not dry_run:
        if held:
            when = local("as_of")({"as_of": found.as_of.isoformat()}, here.settings.zone)
            here.agree(f"Replace the {held} rows of {found.to} with those of {when}?", yes=yes)
        found = backups.restore(here.app, here.actor, file, replace=held > 0, told=_progress(here))
    _show_copied(here, found)
    if not found.same_key:
        here.note(
            "The secret key here is not the one of then: codes, links, logins, tickets and addresses of calendars "
            "made before are void. Put that key in its place, if there is a copy."
        )
    here.said_dry(dry_run)
    if not dry_run:
        _audit(here)


@app.command()
def copy(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option("--to", metavar="URL", help="An empty database, like postgresql://USER@HOST/DATABASE."),
    ],
    dry_run: DryRun = False,
) -> None:
    """Copy everything as of one moment into another database, SQLite or PostgreSQL, and compare both.

    What is written here meanwhile is not there: stop the daemon before you move. On PostgreSQL run it as the owner.

    \b
      classbook db copy --to postgresql://classbook_owner@db.example.org/classbook
    """
    from classbook.core import backups

    here = _schema_session(ctx)
    _show_copied(here, backups.copy(here.app, here.actor, to, told=_progress(here), dry_run=dry_run))
    here.said_dry(dry_run)
    if not dry_run:
        here.note("Both hold the same. Before it is used there: set its address, and take the secret key along.")


def _not_itself(here: Session, file: Path) -> None:
    database = here.settings.database.file
    if database and database.exists() and file.exists() and os.path.samefile(database, file):
        raise Invalid(f"{file} is the database itself.", hint="Name another file.")


def _progress(here: Session) -> Callable[[str, int], None]:
    def told(table: str, rows: int) -> None:
        if here.is_verbose:
            here.note(f"{table}: {rows}")

    return told


def _show_copied(here: Session, copied: Copied) -> None:
    here.show(copied, (*COPIED, *(Column(f"tables.{name}", f"  {name}") for name in copied.tables)))


def _audit(here: Session) -> None:
    """Say whether all is well with what is there now; exit code 1 where it is not."""
    from classbook.core import audit

    broken: list[Check] = [check for check in audit.run(here.app, here.actor) if not check.ok]
    for check in broken:
        here.note(f"audit: {check.name}: {check.detail}")
    if broken:
        raise typer.Exit(exits.NOT_WELL)
    here.note("The audit found every invariant whole.")


def _schema_session(ctx: typer.Context) -> Session:
    here = session(ctx)
    here.checks_schema = False
    return here


def _show(here: Session) -> None:
    from classbook.store import schema
    from classbook.store.tables import HEAD

    store = here.app.store
    found = schema.revision(store)
    here.show(
        {
            "database": here.settings.database.shown,
            "engine": store.engine_version,
            "revision": found,
            "newest": HEAD,
            "is_current": found == HEAD,
        },
        SCHEMA,
    )
