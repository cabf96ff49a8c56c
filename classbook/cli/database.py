"""`db upgrade | downgrade | current`: the schema of the database."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classbook.cli.groups import group
from classbook.cli.options import Yes
from classbook.cli.output import Column
from classbook.cli.session import Session, session

app = group("Upgrade, downgrade and show the schema.")

SCHEMA: Final = (
    Column("database", "database"),
    Column("engine", "engine"),
    Column("revision", "revision"),
    Column("newest", "newest"),
    Column("is_current"),
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
