"""Is the database's schema the one this classbook was written for? One SELECT; Alembic only where it is not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from classbook.errors import Hint, Invalid, Unavailable
from classbook.store.database import ConstraintRefused, Database, Tx
from classbook.store.tables import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

_TARGET: Final = re.compile("head|base|[0-9]{1,4}|[+-][0-9]{1,2}")


def revision(database: Database) -> str | None:
    """The revision of the schema, None for a database without one. Raises Unavailable."""
    with database.read() as tx:
        return _revision(tx)


def check_or_create(database: Database) -> None:
    """Make sure the schema is current: an embedded database is migrated, any other one must have been.

    Raises Unavailable, saying which command mends it.
    """
    found = revision(database)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise Unavailable(
            f"The database is at revision {found}, newer than this classbook ({HEAD}).", hint="Upgrade classbook."
        )
    if not database.is_embedded:
        what = f"at revision {found}, not {HEAD}" if found else "empty"
        raise Unavailable(f"The database is {what}.", hint=Hint("Run {} first.", "migrate"))
    print(f"{'Migrating' if found else 'Creating'} {database.file}", file=sys.stderr)
    upgrade(database)


def require_current(tx: Tx) -> None:
    """Raise Unavailable where the schema is another one than that of this classbook."""
    found = _revision(tx)
    if found != HEAD:
        what = f"at revision {found}, not {HEAD}" if found else "empty"
        raise Unavailable(f"The database is {what}.", hint=Hint("Run {} first.", "migrate"))


def is_current(tx: Tx) -> bool:
    """Whether the schema is that of this classbook."""
    return _revision(tx) == HEAD


def is_ours(tx: Tx) -> bool:
    """Whether the database has a schema of classbook, of whatever age."""
    return _revision(tx) is not None


def build_anew(tx: Tx) -> None:
    """The newest schema with nothing in it, whatever was there before, within the transaction at hand.

    Raises Unavailable where that cannot be done, as with a schema newer than this classbook.
    """
    tx.lock_migrations()
    with _saying_why():
        if _revision(tx) is not None:
            _run(tx, "downgrade", "base")
        _run(tx, "upgrade", "head")


def upgrade(database: Database, target: str = "head") -> str | None:
    """Migrate up to ``target``; the revision afterwards. Processes that do this together do it once."""
    return _migrate(database, "upgrade", target)


def downgrade(database: Database, target: str) -> str | None:
    """Migrate down to ``target`` (``base`` is nothing at all); the revision afterwards."""
    return _migrate(database, "downgrade", target)


def _migrate(database: Database, direction: str, target: str) -> str | None:
    """Raises Invalid for what is no revision, Unavailable where the migration cannot be done."""
    if not _TARGET.fullmatch(target):
        raise Invalid(
            f"{target[:40]!r} is not a revision.", hint="It is head, base, a number like 0001, or steps like +1 or -1."
        )

    def step(tx: Tx) -> str | None:
        tx.lock_migrations()
        _run(tx, direction, target)
        return _revision(tx)

    with _saying_why():
        return database.write(step)


def _run(tx: Tx, direction: str, target: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = tx.connection
    getattr(command, direction)(config, target)


@contextmanager
def _saying_why() -> Iterator[None]:
    from alembic.util import CommandError

    try:
        yield
    except (CommandError, ConstraintRefused, sa.exc.DBAPIError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0].rstrip(".")
        raise Unavailable(
            f"The database cannot be migrated: {reason}.", hint="It is as it was before: nothing is migrated by halves."
        ) from error


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    return config


def _scripts() -> Path:
    """Where the migrations are: inside the package when installed from a wheel, beside it in a checkout."""
    packaged = Path(str(resources.files("classbook"))) / "_migrations"
    return packaged if packaged.is_dir() else packaged.parent.parent / "migrations"


def _revision(tx: Tx) -> str | None:
    if not sa.inspect(tx.connection).has_table("alembic_version"):
        return None
    return tx.connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
