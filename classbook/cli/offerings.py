"""What the groups of offerings have in common: how an offering looks, and the verbs that are the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit, Yes
from classbook.cli.output import Column, Row, local, money
from classbook.cli.session import Session, keyed, number, session, usage_error
from classbook.cli.terms import terms


@dataclass(frozen=True, slots=True)
class Noun:
    """A sort of offering, as the command line calls it."""

    word: str
    plural: str
    kind: str
    in_list: tuple[Column, ...]
    on_card: tuple[Column, ...]
    example: str = "1"
    """How one could be named."""
    has_address: bool = False
    """Whether one is also named by somebody's address."""

    @property
    def with_article(self) -> str:
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word}"

    def id_of(self, here: Session, text: str) -> int:
        """The number of the one that was named. Raises Invalid, NotFound."""
        return here.offering(text).id if self.has_address and "@" in text else number(text, self.word)


def noun_of(ctx: typer.Context) -> Noun:
    """The sort of offering whose group a command was called in."""
    assert isinstance(ctx.obj, Noun)
    return ctx.obj


def group_of(noun: Noun, help: str, *verbs: Callable[..., None]) -> typer.Typer:
    """The commands of one sort of offering. What help says of {word}, {a_word}, {plural}, {example} is filled in."""
    app = group(help, obj=noun)
    for verb in verbs:
        text = cleandoc(verb.__doc__ or "").format(
            word=noun.word, a_word=noun.with_article, plural=noun.plural, example=noun.example
        )
        app.command(verb.__name__.rstrip("_"), help=text)(verb)
    return app


# --- how one looks -------------------------------------------------------------------------------------------------

_BAR: Final = 8


def _bar(row: Row, _zone: ZoneInfo) -> str:
    """How much is left, as a picture and in figures."""
    left, all_of_it = max(row["available"], 0), max(row["capacity"], 1)
    full = -(-left * _BAR // all_of_it)
    return f"{'█' * full}{'░' * (_BAR - full)} {left} of {row['capacity']}"


PLACES_LEFT: Final = Column("available", "places left", shown=_bar)
PRICE: Final = (Column("price.amount", "price", shown=money("price")), Column("price.currency"))
FREE_NOW: Final = Column("available", "free now", shown=lambda row, _: f"{row['available']} of {row['capacity']}")
STARTS: Final = Column("starts_at", "starts", shown=local("starts_at"))
ENDS: Final = Column("ends_at", "ends", shown=local("ends_at"))


def card(word: str, *own: Column) -> tuple[Column, ...]:
    """One offering, with what its sort has of its own."""
    return (
        Column("id", "id"),
        Column("kind"),
        Column("title", word),
        Column("description", "about"),
        Column("type", "type"),
        Column("status", "status"),
        *own,
        Column("timezone", "zone"),
        Column("capacity"),
        Column("reserved"),
        Column("creator.email", "made by"),
        Column("policy", "terms", shown=terms),
        Column("version"),
    )


# --- the verbs -----------------------------------------------------------------------------------------------------

Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, as the list shows it.")]
Version = Annotated[int | None, typer.Option(metavar="N", help="Refuse if it is no longer at this version.")]


def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List {plural}.

    \b
      classbook {word} list --format csv
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    page = catalog.listing(here.app, noun.kind, limit=limit, cursor=cursor)
    here.show_page(page, noun.in_list, format, nothing=f"no {noun.plural}")


def show(ctx: typer.Context, id: Id) -> None:
    """Show one {word}.

    \b
      classbook {word} show {example}
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    offering_id = noun.id_of(here, id)
    row = here.show(catalog.show(here.app, noun.kind, offering_id), noun.on_card)
    _say_who_waits(here, row)


def cancel(
    ctx: typer.Context,
    id: Id,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; people read it in their mail.")] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Cancel {a_word}: its reservations are cancelled and people are told by mail.

    \b
      classbook {word} cancel {example} --reason "closed for repairs" --yes
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    offering_id = noun.id_of(here, id)
    here.agree(f"Cancel {noun.word} {id} and all its reservations?", yes=yes or dry_run)
    done = catalog.cancel(
        here.app, here.actor, noun.kind, offering_id, reason=reason, key=keyed(ctx, request_key), dry_run=dry_run
    )
    here.show(done, noun.on_card)
    here.said_dry(dry_run)


def delete(ctx: typer.Context, id: Id, dry_run: DryRun = False, request_key: Key = None, yes: Yes = False) -> None:
    """Delete {a_word} that nobody ever reserved; else cancel it.

    \b
      classbook {word} delete {example} --yes
    """
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    offering_id = noun.id_of(here, id)
    here.agree(f"Delete {noun.word} {id}?", yes=yes or dry_run)
    catalog.delete(here.app, here.actor, noun.kind, offering_id, key=keyed(ctx, request_key), dry_run=dry_run)
    if here.as_json:
        here.show({"id": offering_id, "deleted": not dry_run}, ())
    else:
        here.note(f"{noun.word} {id} {'would be' if dry_run else 'is'} deleted")
    here.said_dry(dry_run)


def change(
    ctx: typer.Context,
    offering_id: int,
    changes: dict[str, Any],
    *,
    version: int | None,
    request_key: str | None,
    dry_run: bool,
) -> None:
    """Write what `update` was told to change, and show it."""
    from classbook.core import catalog

    here, noun = session(ctx), noun_of(ctx)
    if not changes:
        raise usage_error("Nothing to change: name at least one option.")
    changed = catalog.update(
        here.app,
        here.actor,
        noun.kind,
        offering_id,
        changes,
        version=version,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show(changed, noun.on_card)
    here.said_dry(dry_run)


def _say_who_waits(here: Session, row: Row) -> None:
    """How many wait in the queue, to those who may know."""
    from classbook.core import reservations

    creator = (row["creator"] or {}).get("email")
    if here.acting_email is not None and here.acting_email != creator:
        return
    page = reservations.listing(here.app, here.actor, offering_id=row["id"], state="queued", limit=200)
    if count := len(page.results):
        wait = "1 waits" if count == 1 else f"{'more than ' if page.next else ''}{count} wait"
        here.note(f"{wait} in line: {here.program} reservation list --offering {row['id']} --state queued")
