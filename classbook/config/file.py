"""Settings out of a file; what is wrong in it is told by file, line and key."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from classbook.config.keys import KEYS, checked, variable
from classbook.config.settings import DatabaseSettings, read_text
from classbook.errors import Invalid
from classbook.rules import allowed

FILE_NAME: Final = "classbook.toml"


def find_file(environ: Mapping[str, str]) -> Path | None:
    """``./classbook.toml``, else ``$XDG_CONFIG_HOME/classbook/classbook.toml``, else none."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or os.sep, ".config")
    for path in (Path(FILE_NAME), Path(home, "classbook", FILE_NAME)):
        if os.path.exists(path):
            return path
    return None


_SECTIONS: Final = frozenset(
    part for name in KEYS for depth in range(1, name.count(".") + 1) for part in [".".join(name.split(".")[:depth])]
)


def from_file(path: Path) -> dict[str, Any]:
    """The settings that a file has, by their names. Raises Invalid."""
    text = read_text(path, of="The configuration")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path}: this is not TOML: {error}.", hint=f"Mend {path}, or move it away.") from None
    values: dict[str, Any] = {}
    for name, value in _leaves(tree):
        line = _line_of(name, text)
        where = f"{path}{f', line {line}' if line else ''}"
        if name == "secret":
            raise Invalid(
                f"{where}: a secret does not belong into the configuration file.",
                hint=f"Put it into a file of its own (0600) and name that as secret_file, or set {variable('secret')}.",
            )
        if name not in KEYS:
            _refuse_unknown(name, value, where=where)
        values[name] = _beside(path, checked(name, value, where=where))
        if _tells_a_password(name, values[name]):
            _refuse_readable_by_others(path, where=f"{where}: {name}")
    return values


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name in _SECTIONS:
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _refuse_unknown(name: str, value: Any, *, where: str) -> NoReturn:
    if name in _SECTIONS:
        raise Invalid(f"{where}: {name} must be a section.", hint=f"Write [{name}] on a line of its own.")
    section, _, key = name.rpartition(".")
    siblings = sorted(
        {known.removeprefix(section + ".").partition(".")[0] for known in KEYS if known.startswith(section + ".")}
        if section
        else {known.partition(".")[0] for known in KEYS} - {"secret"}
    )
    what = f"unknown section [{name}]" if isinstance(value, dict) else f"unknown key {key}"
    place = f" in [{section}]" if section and not isinstance(value, dict) else ""
    raise Invalid(f"{where}: {what}{place}{allowed.near(key, siblings)}.", hint=f"Known here: {', '.join(siblings)}.")


def _beside(path: Path, value: Any) -> Any:
    """Relative paths in a file count from that file, so that it means the same from every directory."""
    if isinstance(value, Path):
        return path.parent / value
    if isinstance(value, str) and value.startswith("sqlite:///"):
        name, _, query = value.removeprefix("sqlite:///").partition("?")
        if name and name != ":memory:" and not name.startswith("file:"):
            return f"sqlite:///{path.parent / name}" + (f"?{query}" if query else "")
    return value


def _tells_a_password(name: str, value: Any) -> bool:
    return name == "mail.password" or name == "database.url" and DatabaseSettings(value).shown != value


def _refuse_readable_by_others(path: Path, *, where: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Invalid(
            f"{where} holds a password, and others on this machine may read the file (mode {mode:04o}).",
            hint=f"Type `chmod 600 {path}`.",
        )


def _line_of(name: str, text: str) -> int | None:
    """The line on which a key or a section is written, as far as a look at the lines can tell."""
    section, _, key = name.rpartition(".")
    here = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[{1,2}\s*([^\]#]+?)\s*\]", line):
            here = re.sub(r"[\s\"']", "", found[1])
            if here == name:
                return number
        elif here == section and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return number
    return None
