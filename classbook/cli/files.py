"""Files: read up to a size, and written as a whole or not at all (beside their place, then moved into it)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, TextIOWrapper
from pathlib import Path
from typing import TextIO

from classbook.errors import Exists, Invalid
from classbook.rules.sheets import MOST_BYTES, decoded

_PRIVATE = 0o600


def read_text(file: str) -> str:
    """The text of a file; ``-`` is standard input. Raises Invalid where it cannot be read, and names the file."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(file, "rb") as stream:
                data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from None
    try:
        return decoded(data)
    except Invalid as refusal:
        raise refusal.met_in("Standard input" if file == "-" else file) from None


def write_whole(path: Path, text: str, *, replace: bool = True) -> None:
    """Write ``text`` to ``path``. Raises as `whole_bytes`."""
    with whole_file(path, replace=replace) as file:
        file.write(text)


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[TextIO]:
    """`whole_bytes` for text."""
    with whole_bytes(path, replace=replace) as file:
        text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        yield text
        text.flush()
        text.detach()


@contextmanager
def whole_bytes(path: Path, *, replace: bool = True) -> Iterator[BufferedWriter]:
    """A file that becomes ``path`` when the block ends well, readable by its owner only; else nothing is left of it.

    A file that is replaced keeps its permissions. A symbolic link is not followed, and what is no file is not replaced.
    Raises Invalid where that is no place for a file, and Exists for a file that is there when not ``replace``.
    """
    with _draft(path, replace=replace) as (_, descriptor), open(descriptor, "wb", closefd=False) as file:
        yield file


@contextmanager
def whole_draft(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """`whole_bytes` for who writes by a name: an empty file that becomes ``path`` when the block ends well."""
    with _draft(path, replace=replace) as (draft, _):
        yield draft


@contextmanager
def _draft(path: Path, *, replace: bool) -> Iterator[tuple[Path, int]]:
    mode = _mode_of(path, replace=replace)
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        try:
            yield draft, descriptor
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            if replace:
                os.replace(draft, path)
            else:
                os.link(draft, path)
        finally:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError:
        raise Exists(f"{path} is there already.") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from None


def _mode_of(path: Path, *, replace: bool) -> int:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return _PRIVATE
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from None
    if not replace:
        raise Exists(f"{path} is there already.")
    if stat.S_ISLNK(found):
        raise Invalid(f"{path} is a symbolic link.", hint="Name the file itself.")
    if not stat.S_ISREG(found):
        raise Invalid(f"{path} is not a file.", hint="Name a file; - is standard output.")
    return stat.S_IMODE(found)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
