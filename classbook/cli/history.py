"""`history`: who changed what, and how it was before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, Form, Limit
from classbook.cli.output import Column, Row, local
from classbook.cli.session import Session, number, session, usage_error

app = group("Who changed what, and how it was before.")

_NOUNS: Final = {"offering": "offering", "venue": "venue", "user": "person", "mail": "message", "voucher": "voucher"}
"""What the trail tells of, as the command line calls it."""


def _what(row: Row, _zone: ZoneInfo) -> str:
    return f"{row['subject']} {row['subject_id']}"


def _difference(row: Row, _zone: ZoneInfo) -> str:
    return "; ".join(_told(row["before"] or {}, row["after"] or {}))


def _told(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old in (None, [], {}):
            if new not in (None, [], {}, ""):
                yield f"{name} {_short(new)}"
        else:
            yield f"{name} {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


CHANGE: Final = (
    Column("id", "#"),
    Column("at", "at", shown=local("at")),
    Column("actor", "by"),
    Column("action", "did", style="bold"),
    Column("", "to", shown=_what),
    Column("subject"),
    Column("subject_id"),
    Column("before"),
    Column("after"),
    Column("", "what changed", shown=_difference),
    Column("request_id"),
)


@app.command()
def history(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OFFERING | venue ID | user EMAIL | mail ID]",
            help="Of what; else of everything.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only what this person did.")] = None,
    format: Form = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """List changes, the newest first: who made them, under which request, and what was different before.

    What became of a reservation is told by `reservation history`, and of money by `wallet statement`.

    \b
      classbook history
      classbook history 1
      classbook history user ana@example.org
      classbook history venue 1 --format jsonl
    """
    from classbook.core import trail

    here = session(ctx)
    subject, subject_id = _subject(here, what or [])
    page = trail.history(
        here.app,
        here.actor,
        subject=subject,
        subject_id=subject_id,
        by=None if by is None else here.person(by),
        limit=limit,
        cursor=cursor,
    )
    here.show_page(page, CHANGE, format, nothing="nothing was changed")


def _subject(here: Session, words: Sequence[str]) -> tuple[str | None, int | None]:
    """What the words name: nothing, an offering, or a noun and which one."""
    if not words:
        return None, None
    if len(words) == 1 and words[0] not in _NOUNS:
        word = words[0]
        # A number may be that of an offering that was deleted; its history stays.
        return "offering", number(word, "offering") if word.isascii() and word.isdigit() else here.offering(word).id
    noun, *which = words
    if noun not in _NOUNS or len(which) > 1:
        raise usage_error(f"Of what? Name an offering, or one of {', '.join(_NOUNS)} and which one.")
    if not which:
        return _NOUNS[noun], None
    if noun == "user" and not which[0].isdigit():
        return "person", here.person(which[0])
    return _NOUNS[noun], here.offering(which[0]).id if "@" in which[0] else number(which[0], noun)
