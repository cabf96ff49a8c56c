"""Settings out of the environment, and the zone of this machine."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any, Final

from classbook.config.keys import KEYS, PREFIX, checked, variable
from classbook.rules import allowed

_VARIABLES: Final = {variable(name): name for name in KEYS}
_OTHER_VARIABLES: Final = frozenset(
    PREFIX + name for name in ("CONFIG", "AS", "JSON", "QUIET", "NO_COLOR", "VERBOSE", "TEST_PG", "TEST_POSTGRES")
)
"""Variables that are read elsewhere: the global options of the command line and the tests."""


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that the environment has, by their names. Raises Invalid."""
    return {
        name: checked(name, text, where=known)
        for known, name in _VARIABLES.items()
        if (text := environ.get(known, "")) != ""
    }


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that begin like ours and are none of them."""
    known = _VARIABLES.keys() | _OTHER_VARIABLES
    return tuple(sorted(name for name in environ if name.startswith(PREFIX) and name not in known))


def near_variable(name: str) -> str | None:
    """The known variable that somebody may have meant."""
    known = [each.removeprefix(PREFIX) for each in (*_VARIABLES, *_OTHER_VARIABLES)]
    # Without what all of them begin with: that alone would make any two alike.
    found = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    return f"{PREFIX}{found[0]}" if found else None


def system_timezone(environ: Mapping[str, str]) -> str:
    """The IANA name of the zone this machine runs in; UTC where it does not say."""
    linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    for name in (environ.get("TZ", "").removeprefix(":"), linked):
        if name and name != "localtime" and allowed.is_zone(name):
            return "UTC" if name == "Etc/UTC" else name
    return "UTC"
