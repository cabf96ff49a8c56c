"""`demo`: fills a fresh database with a believable world, then walks a booking of each kind, printing every step."""

from __future__ import annotations

from typing import Annotated

import typer

from classbook.cli.demo_houses import EVENTS, HOME_TEAM, HOUSES, STADIUM
from classbook.cli.demo_story import Story
from classbook.cli.demo_walk import Walk
from classbook.cli.demo_world import Size, fill
from classbook.cli.groups import group
from classbook.cli.session import Session, session
from classbook.errors import Exists, NotAllowedNow
from classbook.rules.kinds import KINDS
from classbook.values import Reservation, plain

app = group("Fill a fresh database and walk a booking of each kind, step by step.")


@app.command()
def demo(
    ctx: typer.Context,
    size: Annotated[Size, typer.Option(help="How much of a world to make.")] = Size.small,
) -> None:
    """Fill a fresh database with a federation, a studio and a clinic, then walk one booking of each kind.

    Every step is printed as one would type it, with what it does. Needs no configuration. A large world has a stadium
    of 10,000 seats and a season of matches.

    \b
      classbook demo
      classbook --database sqlite:///try.db demo --size large
    """
    here = session(ctx)
    _refuse_real(here)
    story = Story(here)
    world = fill(here, size)
    _introduce(here, story, world)
    booked = Walk(here, story).all_kinds()
    _say_what_is_next(story, booked["class"], booked["match"])
    _say_where(story, here.settings.web.address)
    if here.as_json:
        walked = {kind: plain(one) for kind, one in booked.items()}
        here.show({**world, "steps": story.steps, "reservation": walked["class"], "walked": walked}, ())


def _introduce(here: Session, story: Story, world: dict[str, int]) -> None:
    story.chapter(f"A world in {here.settings.database.shown}")
    for house in HOUSES:
        story.line(f"{house.name} in {house.timezone}: {', '.join(course.title for course in house.courses)}")
        helpers = [f"appointments with {helper.name}" for helper in house.helpers]
        story.line(f"  {', '.join([*(room.title for room in house.rooms), *helpers])} ({house.email})")
    story.line(f"{STADIUM}, {world['seats']:,} seats: {world['matches']} matches of the {HOME_TEAM}")
    story.line(f"what members make: {', '.join(title for title, *_ in EVENTS[: world['events']])}")
    counted = ("people", "classes", "events", "matches", "providers", "resources", "reservations")
    story.line(", ".join(f"{world[name]:,} {name}" for name in counted) + f", {world['waiting']:,} of them in line")


def _refuse_real(here: Session) -> None:
    """The people of the demo are invented: they get no mail, and do not mix with others."""
    from classbook.core import catalog, people

    if here.settings.mail.host is not None:
        raise NotAllowedNow(
            f"Mail goes to {here.settings.mail.host}, and the people of the demo are invented.",
            hint="Run it in an empty directory, without a mail server in the configuration.",
        )
    offered = any(catalog.listing(here.app, kind, limit=1).results for kind in KINDS)
    if offered or people.listing(here.app, here.actor, limit=1).results:
        raise Exists(
            f"{here.settings.database.shown} holds people or offerings already, and the demo wants a fresh database.",
            hint="Name another one: `classbook --database sqlite:///demo.db demo`.",
        )


def _say_what_is_next(story: Story, booked: Reservation, paid: Reservation) -> None:
    story.chapter("What to type next")
    story.suggestions(
        ("class list", "what there is, with the places left"),
        (f"match show {paid.offering.id}", "the seats, free and taken"),
        (f"reservation history {booked.code}", "what happened to Ana's booking"),
        ("wallet statement --user ana@example.org", "where Ana's money went"),
        ("report", "the figures"),
        ("audit", "whether everything adds up"),
        ("daemon", "mail, expiry, and the HTTP API"),
        ("--help", "everything else"),
    )


def _say_where(story: Story, address: str) -> None:
    story.chapter("While the daemon runs")
    story.line(f"{address}/           the pages: book, confirm and cancel in a browser")
    story.line(f"{address}/api/docs/  every path of the API, to read and to try")
    story.line(f"{address}/api/v0/    the API itself, like {address}/api/v0/classes/")
