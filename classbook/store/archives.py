"""The file of a backup: an embedded database with all rows, and one row beside them that says what it is.

What it says of its tables is compared when it is read again, so that a file that was cut short, or worked on, is known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from classbook.errors import Invalid
from classbook.store.copies import Content
from classbook.store.database import Tx, from_micros, to_micros
from classbook.store.tables import HEAD

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file of a backup says of itself."""

    as_of: datetime
    revision: str
    made_by: str
    """The version of classbook."""
    made_from: str
    """The engine of the database."""
    key: str
    """A digest of the secret key that goes with it."""
    contents: Sequence[Content]


def write(tx: Tx, manifest: Manifest) -> None:
    """Say what the file is."""
    said = asdict(manifest) | {"format": _FORMAT, "as_of": to_micros(manifest.as_of)}
    tx.rows("CREATE TABLE backup (manifest TEXT NOT NULL) STRICT")
    tx.rows("INSERT INTO backup VALUES (?)", json.dumps(said))


def read(tx: Tx, name: str) -> Manifest:
    """What the file says of itself. Raises Invalid for one that this classbook cannot read."""
    found = tx.rows("SELECT manifest FROM backup")
    try:
        [(text,)] = found
        said = json.loads(text)
        if said.pop("format") != _FORMAT:
            raise Invalid(f"{name} is a backup of another form.", hint=f"It was made by classbook {said['made_by']}.")
        contents = [Content(**content) for content in said.pop("contents")]
        manifest = Manifest(**said | {"as_of": from_micros(said["as_of"]), "contents": contents})
    except (ValueError, KeyError, TypeError):
        raise Invalid(f"{name} is no backup of classbook.") from None
    if manifest.revision != HEAD:
        which = "newer" if manifest.revision > HEAD else "older"
        raise Invalid(
            f"{name} has schema {manifest.revision}, {which} than that of this classbook ({HEAD}).",
            hint=f"Restore it with classbook {manifest.made_by}, which made it"
            + (", and upgrade then." if which == "older" else "."),
        )
    return manifest
