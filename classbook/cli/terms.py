"""The terms of an offering: as options of the commands that make and change one, and as people read them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.options import Confirm, OnSecond
from classbook.cli.output import Row
from classbook.cli.session import given
from classbook.rules.when import format_duration, parse_duration

Hold = Annotated[str | None, typer.Option(metavar="D", help="How long places are held for confirmation, like 5m.")]
Notice = Annotated[str | None, typer.Option(metavar="D", help="How long before the start booking ends, like 1h.")]
ConfirmBy = Annotated[
    Confirm | None,
    typer.Option(help="What confirms: a mailed code, the person's own word, a payment, or nothing at all."),
]
Price = Annotated[
    str | None, typer.Option(metavar="M", help="What one place costs, like 12.50 or '12.50 EUR'; 0 is free.")
]
MaxPerPerson = Annotated[
    int | None, typer.Option(metavar="N", help="Places one person may have, over all reservations.")
]
PartyMax = Annotated[int | None, typer.Option(metavar="N", help="Places in one reservation at most.")]
CancelUntil = Annotated[
    str | None, typer.Option(metavar="D", help="How long before the start one may still cancel, like 24h.")
]
RefundFull = Annotated[
    str | None,
    typer.Option(
        metavar="D", help="How long before the start cancelling gives all the money back; else as --cancel-until."
    ),
]
RefundShare = Annotated[
    int | None, typer.Option(metavar="PERCENT", help="What comes back to who cancels after that, like 50.")
]
ShareUntil = Annotated[
    str | None,
    typer.Option(metavar="D", help="How long before the start that share comes back; after that, nothing does."),
]
PerDay = Annotated[int | None, typer.Option(metavar="N", help="Reservations of one person on one day at most.")]
Second = Annotated[
    OnSecond | None, typer.Option(help="One more on such a day: refuse it, or let it replace the earlier one.")
]
Buffer = Annotated[str | None, typer.Option(metavar="D", help="What is kept free after each booking, like 10m.")]
SlotLength = Annotated[str | None, typer.Option(metavar="D", help="How long a slot is, like 15m.")]
Grid = Annotated[
    str | None, typer.Option(metavar="D", help="Bookings begin and end on this grid, counted from the opening.")
]
Shortest = Annotated[str | None, typer.Option(metavar="D", help="How long a booking is at least.")]
Longest = Annotated[str | None, typer.Option(metavar="D", help="How long a booking is at most.")]
CheckIn = Annotated[
    bool | None,
    typer.Option("--check-in/--no-check-in", help="Whether a booking lapses where nobody checks in."),
]
Grace = Annotated[
    str | None, typer.Option(metavar="D", help="How long after the start a check-in is waited for; else to the end.")
]

_LENGTHS: Final = {
    "hold": "hold_seconds",
    "notice": "notice_seconds",
    "cancel_until": "cancel_until_seconds",
    "refund_full": "refund_full_seconds",
    "share_until": "refund_share_seconds",
    "slot": "slot_seconds",
    "grid": "grid_seconds",
    "min": "min_seconds",
    "max": "max_seconds",
    "buffer": "after_seconds",
    "grace": "grace_seconds",
}
"""The options that are lengths of time, and what they are called in a policy, in seconds."""


_NAMES: Final = _LENGTHS | {"refund_share": "refund_share_percent"}


def policy(**options: Any) -> dict[str, Any] | None:
    """The terms that were named; None for none. Raises Invalid for what is no length of time."""
    return {_NAMES.get(name, name): _read(name, value) for name, value in given(options).items()} or None


def _read(name: str, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return parse_duration(value) if name in _LENGTHS else value


def terms(row: Row, _zone: ZoneInfo) -> str:
    """The terms of an offering in words; what is not limited goes without saying."""
    found = row["policy"]
    return ", ".join(phrase(found) for field, phrase in _PHRASES if found.get(field) not in (None, False, 0))


def _length(field: str, words: str) -> tuple[str, Callable[[Row], str]]:
    return field, lambda found: words.format(format_duration(found[field]))


def _number(field: str, words: str) -> tuple[str, Callable[[Row], str]]:
    return field, lambda found: words.format(found[field])


def _per_day(found: Row) -> str:
    second = "replaces the earlier one" if found["on_second"] == "replace" else "is refused"
    return f"{found['per_day']} a day for each person (one more {second})"


def _check_in(found: Row) -> str:
    grace = found["grace_seconds"]
    opens = f"check-in from {format_duration(found['check_in_from_seconds'])} before the start"
    return f"{opens}, lapses without one " + (f"after {format_duration(grace)}" if grace else "at the end")


def _share(found: Row) -> str:
    until = found["refund_share_seconds"]
    before = f"{format_duration(until)} before" if until else "the start"
    return f"{found['refund_share_percent']} % refunded until {before}"


def _confirmed(found: Row) -> str:
    if found["confirm"] == "none":
        return "confirmed at once"
    return f"confirmed by {found['confirm']}, held for {format_duration(found['hold_seconds'])}"


_PHRASES: Final[tuple[tuple[str, Callable[[Row], str]], ...]] = (
    ("confirm", _confirmed),
    _length("slot_seconds", "slots of {}"),
    _length("grid_seconds", "on a grid of {}"),
    _length("min_seconds", "{} at least"),
    _length("max_seconds", "{} at most"),
    _length("before_seconds", "{} free before"),
    _length("after_seconds", "{} free after"),
    _length("notice_seconds", "booked {} ahead"),
    _length("horizon_seconds", "at most {} ahead"),
    _number("party_max", "party of {} at most"),
    _number("max_per_person", "{} places a person at most"),
    ("per_day", _per_day),
    _length("cancel_until_seconds", "cancelled {} ahead"),
    _length("refund_full_seconds", "refunded in full until {} before"),
    ("refund_share_percent", _share),
    ("check_in", _check_in),
    ("queues", lambda _: "who finds nothing free waits in line"),
)
