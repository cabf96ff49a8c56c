"""All there is, as of one moment: into a file, back from it, or into another database.

One snapshot is read while everybody goes on writing, and written in one transaction, so that it is there as a whole or
not at all. What was written is read again and compared before it counts. Triggers stay away meanwhile: the figures that
they keep are rows like others, and come along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from classbook import __version__
from classbook.app import App
from classbook.core import keys
from classbook.core.actors import require_admin
from classbook.errors import Exists, Hint, Invalid, NotAllowedNow, NotYours, Unavailable
from classbook.store import archives, changes, copies, schema
from classbook.store.archives import Manifest
from classbook.store.copies import Content
from classbook.store.database import Archive, Database, Tx
from classbook.store.tables import HEAD
from classbook.values import Actor, Copied, iso

Told = Callable[[str, int], None]
"""Hears of each table that has passed, and of how many rows it was."""


def _nobody(_table: str, _rows: int) -> None:
    """Nobody wants to know."""


def backup(app: App, actor: Actor, path: Path, *, told: Told = _nobody) -> Copied:
    """Write everything into the empty file at ``path``, which counts only once this returns.

    The secret key is not in it. Raises NotYours for anybody but an administrator, Unavailable for a database whose
    schema is not that of this classbook.
    """
    began = time.monotonic()
    origin = app.store.engine_version

    def step(tx: Tx) -> Manifest:
        with app.store.look() as source:
            as_of = _check(source, actor)
            poured = copies.pour(source, tx, _telling(told))
        manifest = Manifest(as_of, HEAD, __version__, origin, _key(app), poured)
        archives.write(tx, manifest)
        return manifest

    with closing(Archive(path, clock=app.clock, fresh=True)) as archive:
        schema.upgrade(archive)
        written = archive.write(step)
    look_into(app, path)
    return _copied(app.store.name, str(path), written, began, same_key=True)


def look_into(app: App, path: Path) -> Copied:
    """What is in the file of a backup, which is read as a whole. Raises Invalid for one that cannot be restored."""
    began = time.monotonic()
    with closing(Archive(path, clock=app.clock)) as archive, archive.look() as tx:
        manifest = archives.read(tx, str(path))
        _compare_with_manifest(path, manifest, copies.contents(tx))
    return _copied(str(path), app.store.name, manifest, began, same_key=manifest.key == _key(app))


def rows_held(app: App) -> int:
    """How many rows a restore would replace. Raises NotAllowedNow where they are none of ours."""
    with app.store.read() as tx:
        return _held(tx, app.store)


def restore(app: App, actor: Actor, path: Path, *, replace: bool = False, told: Told = _nobody) -> Copied:
    """Make the database what it was when it was backed up; ``replace`` what it holds now, else it must be empty.

    All or nothing. Raises NotYours for anybody but the console, Invalid for a file that cannot be restored, Exists for
    a database that is not empty, NotAllowedNow for one that is in use or not ours.
    """
    if actor.person_id is not None:
        raise NotYours(
            "Only the console may restore: it may be that nobody else is left.",
            hint=Hint("Leave {} away.", "name an actor"),
        )
    began = time.monotonic()
    app.store.check_alone()

    def step(tx: Tx) -> Manifest:
        if _held(tx, app.store) and not replace:
            raise Exists(
                f"The database {app.store.name} is not empty.", hint=Hint("{} replaces what it holds.", "agree")
            )
        _make_empty(tx)
        with closing(Archive(path, clock=app.clock)) as archive, archive.look() as source:
            manifest = archives.read(source, str(path))
            poured = copies.pour(source, tx, _telling(told))
        _compare_with_manifest(path, manifest, poured)
        _compare_with_target(app.store, poured, tx)
        copies.go_on(tx, manifest.contents)
        _record(tx, actor, "restore", manifest)
        return manifest

    written = app.store.write(step)
    app.store.forget()
    return _copied(str(path), app.store.name, written, began, same_key=written.key == _key(app))


def copy(app: App, actor: Actor, url: str, *, told: Told = _nobody, dry_run: bool = False) -> Copied:
    """Write everything into another, empty database, of whatever kind; ``dry_run`` keeps nothing there.

    All or nothing. Raises NotYours for anybody but an administrator, Exists for a database that is not empty, and as
    `Database` does.
    """
    began = time.monotonic()
    origin = app.store.engine_version
    with app.store.look() as asked:
        _check(asked, actor)

    def step(tx: Tx) -> Manifest:
        if _held(tx, target):
            raise Exists(f"The database {target.name} is not empty.", hint="Name one that is.")
        _make_empty(tx)
        with app.store.look() as source:
            as_of = _check(source, actor)
            poured = copies.pour(source, tx, _telling(told))
        _compare_with_target(target, poured, tx)
        copies.go_on(tx, poured)
        manifest = Manifest(as_of, HEAD, __version__, origin, _key(app), poured)
        _record(tx, actor, "copy", manifest)
        if dry_run:
            tx.abandon()
        return manifest

    with closing(Database(url, clock=app.clock)) as target:
        written = target.write(step)
        return _copied(app.store.name, target.name, written, began, same_key=True)


def _check(source: Tx, actor: Actor) -> datetime:
    """Whether this may be copied by that actor; the moment that is copied. Raises NotYours, Unavailable."""
    schema.require_current(source)
    require_admin(source, actor)
    return source.now


def _held(tx: Tx, store: Database) -> int:
    held = copies.rows_held(tx)
    if held and not schema.is_ours(tx):
        raise NotAllowedNow(
            f"The database {store.name} holds something else than classbook's: {', '.join(held)[:200]}.",
            hint="Name an empty database.",
        )
    return sum(held.values())


def _make_empty(tx: Tx) -> None:
    """The schema as it must be, and nothing in it. What is so already keeps the rights that were given on it."""
    if copies.rows_held(tx) or not schema.is_current(tx):
        schema.build_anew(tx)


def _compare_with_manifest(path: Path, manifest: Manifest, found: Sequence[Content]) -> None:
    if wrong := copies.differing(manifest.contents, found):
        raise Invalid(
            f"{path} is not what was written: {', '.join(wrong)} differ.",
            hint="It is damaged, or somebody has worked on it. Take another backup.",
        )


def _compare_with_target(target: Database, poured: Sequence[Content], tx: Tx) -> None:
    if wrong := copies.differing(poured, copies.contents(tx)):
        raise Unavailable(
            f"The database {target.name} does not keep what is written: {', '.join(wrong)} differ.",
            hint="Nothing was changed.",
        )


def _record(tx: Tx, actor: Actor, action: str, manifest: Manifest) -> None:
    """The one row that came after: who brought all the others here."""
    rows = sum(content.rows for content in manifest.contents)
    told = {"as_of": iso(manifest.as_of), "from": manifest.made_from, "rows": rows}
    changes.add(tx, actor, action, "database", [(0, None, told)])


def _copied(source: str, target: str, manifest: Manifest, began: float, *, same_key: bool) -> Copied:
    tables = {content.name: content.rows for content in manifest.contents}
    seconds = round(time.monotonic() - began, 1)
    return Copied(
        source, target, manifest.as_of, manifest.revision, sum(tables.values()), seconds, tables, same_key=same_key
    )


def _telling(told: Told) -> copies.Told:
    return lambda content: told(content.name, content.rows)


def _key(app: App) -> str:
    """The secret key, so that another one can be told from it, and nothing else."""
    return keys.digest(app, "the key of a backup")
