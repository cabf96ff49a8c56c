"""The secret key: given, or made once and kept in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from classbook.errors import Invalid, Unavailable
from classbook.secret import Secret

KEY_FILE: Final = "classbook.secret"
_SHORTEST_KEY_BYTES: Final = 32
_HOW_TO_MAKE_ONE: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def secret_key(*, secret: Secret | None, secret_file: Path | None, beside: Path) -> bytes:
    """The key that signs tokens and derives codes: ``secret``, else what ``secret_file`` holds.

    Where neither is set it is ``classbook.secret`` in the directory ``beside``, made at first use; processes that
    start together get the same one. Raises `Invalid` for a key that is too short or open to others, `Unavailable`
    where the file cannot be read or made.
    """
    if secret:
        return _long_enough(secret.reveal().encode(), where="CLASSBOOK_SECRET")
    path = secret_file or beside / KEY_FILE
    if secret_file is None and not path.exists():
        _make_key(path)
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            key = file.read().strip()
    except OSError as error:
        raise Unavailable(
            f"The secret key {path} cannot be read: {error.strerror}.",
            hint=f"Let this user read it, or make one: `(umask 077; {_HOW_TO_MAKE_ONE} > {path})`.",
        ) from None
    if mode & 0o077:
        raise Invalid(f"The secret key {path} is open to others (mode {mode:04o}).", hint=f"Type `chmod 600 {path}`.")
    return _long_enough(key, where=str(path))


def _make_key(path: Path) -> None:
    """Write the key under another name, then link it: it is there as a whole or not at all, and the first one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
        _sync_directory(path.parent)
    except OSError as error:
        raise Unavailable(
            f"The secret key {path} cannot be made: {error.strerror}.",
            hint=f"Set CLASSBOOK_SECRET or secret_file; to make a key: `{_HOW_TO_MAKE_ONE}`.",
        ) from None


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _long_enough(key: bytes, *, where: str) -> bytes:
    if len(key) < _SHORTEST_KEY_BYTES:
        raise Invalid(
            f"The secret key in {where} has {len(key)} bytes, and {_SHORTEST_KEY_BYTES} are the least that is safe.",
            hint=f"Make a longer one: `{_HOW_TO_MAKE_ONE}`.",
        )
    return key
