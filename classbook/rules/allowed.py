"""What a setting may be: a parser for each sort of value.

A parser takes what TOML or a variable holds and raises ValueError with what would be allowed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from classbook.errors import ClassbookError
from classbook.rules.when import DURATION_FORMS, parse_duration
from classbook.secret import Secret

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

Parser = Callable[[Any], Any]


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("a text in quotes, without control characters")
    return value.strip()


def secret(value: Any) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError("a text in quotes")
    return Secret(value)


def signing_secret(value: Any) -> Secret:
    if not isinstance(value, str) or len(value) < 32:
        raise ValueError("at least 32 characters, for example from: openssl rand -base64 48")
    return Secret(value)


def path(value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("a path in quotes")
    return Path(value).expanduser()


def whole(low: int, high: int) -> Parser:
    def parse(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return parse


def flag(value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    found = words.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError("true or false")
    return found


def one_of(*names: str) -> Parser:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value.strip().lower() not in names:
            raise ValueError("one of " + ", ".join(names) + near(value, names))
        return value.strip().lower()

    return parse


def duration(value: Any) -> int:
    try:
        return parse_duration(value)
    except (ClassbookError, AttributeError):
        raise ValueError(f"a length of time in quotes, like {DURATION_FORMS}") from None


def positive_duration(value: Any) -> int:
    seconds = duration(value)
    if not seconds:
        raise ValueError("longer than nothing, like 5m")
    return seconds


def step(value: Any) -> int:
    seconds = duration(value)
    if 0 < seconds < 60:
        raise ValueError("at least a minute, like 15m, or 0s for none")
    return seconds


def switch(value: Any) -> bool:
    word = value.strip().lower() if isinstance(value, str) else value
    if word is True or word in ("true", "yes", "on", "1"):
        return True
    if word is False or word in ("false", "no", "off", "0"):
        return False
    raise ValueError("true or false")


def zone(value: Any) -> str:
    if not isinstance(value, str) or not is_zone(value.strip()):
        meant = near(value, sorted(available_timezones()))
        raise ValueError("the name of a time zone, like Europe/Berlin or UTC" + meant)
    return value.strip()


def currency(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value.strip(), re.ASCII):
        raise ValueError("the three letters of a currency, like EUR")
    return value.strip().upper()


def url(value: Any) -> str:
    address = text(value)
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", address):
        raise ValueError("an address that begins with http:// or https://, without ? and #")
    return address.rstrip("/")


def dsn(value: Any) -> Secret:
    """The address of a project of Sentry: whoever has it may report to it, so it is shown to nobody."""
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/@:]+(:[^\s/@]+)?@[^\s/@]+/(\S+/)?\d+", value):
        raise ValueError("a DSN like https://KEY@sentry.example.org/1")
    return Secret(value)


def networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    """Network addresses or whole networks: a list, or one text with commas between them."""
    from ipaddress import ip_network  # few settings name any, and every command starts here

    words = value.split(",") if isinstance(value, str) else value
    try:
        return tuple(ip_network(word.strip(), strict=False) for word in words)
    except (TypeError, ValueError, AttributeError):
        raise ValueError('addresses or networks, like ["127.0.0.1", "10.0.0.0/8"]') from None


def address(value: Any) -> str:
    found = text(value)
    if not re.fullmatch(r"[^@<>]+@[^@<>\s]+|[^@<>]*<[^@<>\s]+@[^@<>\s]+>", found):
        raise ValueError("a mail address, like desk@example.org or 'The desk <desk@example.org>'")
    return found


def is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def near(word: Any, known: Sequence[str]) -> str:
    """A question that names the known word somebody may have meant."""
    found = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""
