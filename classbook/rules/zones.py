"""Time zones by their IANA names."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from classbook.errors import Invalid


def known_zone(name: str) -> str:
    """The name of a time zone there is. Raises Invalid."""
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):
        raise Invalid(f"There is no time zone {name!r}.", hint="Use a name like Europe/Berlin.") from None
