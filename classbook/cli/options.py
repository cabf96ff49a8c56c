"""Options that several commands share, so that they are called and explained alike everywhere."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated

import typer

from classbook.cli.output import Format

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Do everything but keep nothing: show what would happen and change nothing.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--request-key",
        metavar="KEY",
        help="Makes a retry safe: the same key and the same command give the first answer again.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")]
Form = Annotated[
    Format | None,
    typer.Option("--format", help="How to print it: a table on a terminal and tsv off it, unless you say."),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="How many to list at most, up to 200.")]
Cursor = Annotated[
    str | None, typer.Option("--cursor", metavar="CURSOR", help="Go on where the list before this one ended.")
]
Zone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="Time zone like Europe/Berlin; dates are read in it."),
]

CsvFile = Annotated[str, typer.Argument(metavar="FILE", help="A CSV file in UTF-8; - reads standard input.")]
Offering = Annotated[
    str, typer.Argument(metavar="OFFERING", help="The id of a class, an event or a resource, or a provider's address.")
]


class Confirm(StrEnum):
    """What confirms a hold."""

    code = "code"
    self = "self"
    payment = "payment"
    none = "none"


class OnSecond(Enum):
    """What becomes of one more reservation on a day that has its share."""

    reject = "reject"
    replace = "replace"


class Every(StrEnum):
    """How often something is offered again."""

    daily = "daily"
    weekly = "weekly"


RepeatEvery = Annotated[
    Every | None, typer.Option("--repeat", help="Offer it again at the same local time: every day, or every week.")
]
Count = Annotated[int | None, typer.Option("--count", metavar="N", help="With --repeat: how many in all, up to 366.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="With --repeat: the last date that counts.")]


class Role(StrEnum):
    member = "member"
    organizer = "organizer"
    admin = "admin"


class Status(StrEnum):
    upcoming = "upcoming"
    ongoing = "ongoing"
    completed = "completed"
    cancelled = "cancelled"


class State(StrEnum):
    """The states of a reservation."""

    queued = "queued"
    held = "held"
    confirmed = "confirmed"
    completed = "completed"
    cancelled = "cancelled"
    expired = "expired"


class Delivery(StrEnum):
    """The states of a message."""

    waiting = "waiting"
    sent = "sent"
    dead = "dead"
