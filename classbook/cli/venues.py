"""`venue`: where matches are, with their stands, rows and seats."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from classbook.cli.files import read_text
from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit, Zone
from classbook.cli.output import Column, Row
from classbook.cli.session import Session, keyed, number, session

app = group("Create, list and show venues, and give them their seats.")

VenueId = Annotated[str, typer.Argument(metavar="ID", help="The id of the venue, as the list shows it.")]

_VENUE: Final = (
    Column("id", "id", style="bold"),
    Column("name", "venue"),
    Column("timezone", "zone"),
    Column("seats", "seats"),
)


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    stand: Annotated[
        list[str] | None, typer.Option(metavar="NAME:ROWSxSEATS", help="A stand, like A:30x40; may be repeated.")
    ] = None,
    timezone: Zone = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Create a venue; its stands may be named here, or imported later.

    \b
      classbook venue create "Old Stadium" --stand A:30x40 --stand B:20x40 --timezone Europe/Berlin
    """
    from classbook.core import venues
    from classbook.rules.plan_files import from_options

    here = session(ctx)
    made = venues.create(
        here.app,
        here.actor,
        name=name,
        timezone=here.zone(timezone).key,
        plan=from_options(stand) if stand else None,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show(made, _VENUE)
    here.said_dry(dry_run)


@app.command("list")
def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List venues and how many seats they have.

    \b
      classbook venue list --format csv
    """
    from classbook.core import venues

    here = session(ctx)
    here.show_page(venues.listing(here.app, limit=limit, cursor=cursor), _VENUE, format, nothing="no venues")


@app.command()
def show(
    ctx: typer.Context,
    venue: VenueId,
    stand: Annotated[str | None, typer.Option(metavar="NAME", help="Draw only this stand.")] = None,
) -> None:
    """Show a venue and draw its seat plan.

    \b
      classbook venue show 1
      classbook venue show 1 --stand A
    """
    from classbook.core import venues

    here = session(ctx)
    found = venues.show(here.app, number(venue, "venue"))
    row = here.show(found, _VENUE)
    if not here.as_json and row["stand"]:
        _draw(here, row, stand)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A seat plan in TOML or CSV; - reads standard input.")],
    venue: Annotated[str, typer.Option(metavar="ID", help="The id of the venue.")],
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Give a venue the seats of a plan; seats that somebody has must be in it.

    \b
      classbook venue import stadium.toml --venue 1
      classbook venue import seats.csv --venue 1 --dry-run
    """
    from classbook.core import venues
    from classbook.rules.plan_files import from_csv, from_toml

    here = session(ctx)
    text = read_text(file)
    is_csv = file.lower().endswith(".csv") or (file == "-" and text.lower().startswith("stand,"))
    plan = from_csv(text) if is_csv else from_toml(text)
    done = venues.import_plan(
        here.app, here.actor, number(venue, "venue"), plan, key=keyed(ctx, request_key, sent=text), dry_run=dry_run
    )
    here.show(done, _VENUE)
    here.said_dry(dry_run)


def _draw(here: Session, venue: Row, stand: str | None) -> None:
    from classbook.cli.seatmap import draw

    draw(here.out, [seat for table in venue["stand"] for seat in _seats(table)], stand=stand)


def _seats(table: dict[str, Any]) -> list[Row]:
    """The seats of a stand as a match without prices would have them."""
    return [
        {
            "stand": table["name"],
            "row": row["name"],
            "seat": seat,
            "state": "free",
            "price": None,
            "category": category or table["name"],
            "mine": False,
        }
        for row in table["row"]
        for seat, category in zip(row["seats"], row.get("category") or [None] * len(row["seats"]), strict=True)
    ]
