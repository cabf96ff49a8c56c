"""`demo`: fills a fresh database with a believable world, then walks one booking and prints every step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import typer

from classbook.cli.demo_world import HOUSES, KIND, Size, fill, person
from classbook.cli.groups import group
from classbook.cli.session import Session, session
from classbook.errors import ClassbookError, Exists, Internal, NotAllowedNow
from classbook.rules.when import format_local, parse_when
from classbook.values import Actor, Offering, Person, Reservation, plain

app = group("Fill a fresh database and walk one booking, step by step.")


@app.command()
def demo(
    ctx: typer.Context,
    size: Annotated[Size, typer.Option(help="How much of a world to make.")] = Size.small,
) -> None:
    """Fill a fresh database with a federation, a studio and a clinic, then walk one booking.

    Every step is printed as one would type it, with what it does. Needs no configuration.

    \b
      classbook demo
      classbook --database sqlite:///try.db demo --size large
    """
    here = session(ctx)
    _refuse_real(here)
    story = Story(here)
    world = fill(here, size)
    _introduce(here, story, world)
    booked = _walk(here, story)
    _say_what_is_next(story, booked)
    _say_where(story, here.settings.web.address)
    if here.as_json:
        here.show({**world, "steps": story.steps, "reservation": plain(booked)}, ())


@dataclass
class Story:
    """What the demo tells, line by line; with --json it is part of the answer instead."""

    here: Session
    steps: list[dict[str, str]] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        self._print("")
        self._print(title)

    def step(self, typed: Sequence[str], happened: str) -> None:
        """A command as one would type it, and what it did."""
        command = shlex.join([self.here.program, *self._database(), *typed])
        self.steps.append({"command": command, "result": happened})
        self._print(f"  $ {command}")
        for line in happened.splitlines():
            self._print(f"    {line}")

    def line(self, text: str) -> None:
        self._print(f"  {text}")

    def suggestions(self, *what: tuple[str, str]) -> None:
        """Commands to type next, and what each is for."""
        commands = [
            (shlex.join([self.here.program, *self._database(), *shlex.split(typed)]), why) for typed, why in what
        ]
        width = max(len(command) for command, _ in commands)
        for command, why in commands:
            self.line(f"{command:<{width}}  {why}")

    def _database(self) -> list[str]:
        """What to name on the command line so that the next command finds this database too."""
        return ["--database", self.here.settings.database.shown] if self.here.database_url else []

    def _print(self, text: str) -> None:
        if not self.here.as_json:
            self.here.out.text(text)


def _introduce(here: Session, story: Story, world: dict[str, int]) -> None:
    story.chapter(f"A world in {here.settings.database.shown}")
    for house in HOUSES:
        story.line(f"{house.name}: {', '.join(course.title for course in house.courses)} ({house.email})")
    story.line(f"{world['people']} people, {world['classes']} classes, {world['reservations']} reservations")


def _refuse_real(here: Session) -> None:
    """The people of the demo are invented: they get no mail, and do not mix with others."""
    from classbook.core import catalog, people

    if here.settings.mail.host is not None:
        raise NotAllowedNow(
            f"Mail goes to {here.settings.mail.host}, and the people of the demo are invented",
            hint="run it in an empty directory, without a mail server in the configuration",
        )
    if people.listing(here.app, here.actor, limit=1).results or catalog.listing(here.app, KIND, limit=1).results:
        raise Exists(
            f"{here.settings.database.shown} holds people or classes already, and the demo wants a fresh database",
            hint="name another one: classbook --database sqlite:///demo.db demo",
        )


# --- the walk ------------------------------------------------------------------------------------------------------


def _walk(here: Session, story: Story) -> Reservation:
    """One booking from `reserve` to `confirm`, through the core, as its commands would do it."""
    story.chapter("One booking, step by step")
    offering = _open_a_class(here, story)
    ana = person(here, "Ana Lopes", "ana@example.org")
    story.step(["user", "create", ana.email, "--name", ana.name], f"person {ana.id}: {ana.name}")
    actor = Actor(ana.id, here.request_id)
    held = _reserve(here, story, actor, ana, offering)
    code = _read_the_mail(here, story, ana)
    booked = _confirm(here, story, actor, ana, held, code)
    _try_again(here, story, actor, ana, offering)
    _look_at_the_class(here, story, offering)
    return booked


def _open_a_class(here: Session, story: Story) -> Offering:
    from classbook.core import catalog

    zone = here.settings.zone
    starts_at = parse_when("tomorrow 18:00", now=here.app.clock.now(), zone=zone).instant
    made = catalog.create(
        here.app,
        here.actor,
        KIND,
        {
            "title": "Evening volleyball",
            "type": "volleyball",
            "seats": 12,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=90),
        },
    )
    assert isinstance(made, Offering)
    typed = ["class", "create", made.title, "--type", "volleyball", "--seats", "12", "--start", "tomorrow 18:00"]
    story.step(
        [*typed, "--duration", "90m"],
        f"class {made.id}: {made.title}, {format_local(starts_at, zone)}, {made.available} places left",
    )
    return made


def _reserve(here: Session, story: Story, actor: Actor, ana: Person, offering: Offering) -> Reservation:
    from classbook.core import booking
    from classbook.core.asks import Reserve

    held = booking.one(here.app, Reserve(actor, offering.id, party=2))
    assert isinstance(held, Reservation) and held.expires_at
    story.step(
        ["--as", ana.email, "reserve", str(offering.id), "--party", "2"],
        f"{held.code}: 2 places {held.state} until {format_local(held.expires_at, here.settings.zone)}\n"
        f"a code is on its way to {ana.email}",
    )
    return held


def _read_the_mail(here: Session, story: Story, ana: Person) -> str:
    """The code, from the mail itself: it is nowhere else."""
    from classbook.core import outbox

    newest = next(one for one in outbox.listing(here.app, here.actor, limit=50).results if one.to == ana.email)
    text = outbox.show(here.app, here.actor, newest.id).text or ""
    story.step(["mail", "show", str(newest.id)], "\n".join(f"| {line}" for line in text.splitlines()))
    found = re.search(r"^\d{6}$", text, re.MULTILINE)
    if found is None:
        raise Internal("The mail of the reservation has no code in it.")
    return found[0]


def _confirm(here: Session, story: Story, actor: Actor, ana: Person, held: Reservation, code: str) -> Reservation:
    from classbook.core import booking
    from classbook.core.asks import ById, Confirm

    booked = booking.one(here.app, Confirm(actor, ById(held.id), code=code))
    assert isinstance(booked, Reservation)
    typed = ["--as", ana.email, "confirm", held.code, "--otp", code]
    story.step(typed, f"{booked.code}: 2 places {booked.state}")
    return booked


def _try_again(here: Session, story: Story, actor: Actor, ana: Person, offering: Offering) -> None:
    """Nothing is sold twice: the second try is refused, and says why."""
    from classbook.core import booking
    from classbook.core.asks import Reserve

    try:
        booking.one(here.app, Reserve(actor, offering.id))
    except ClassbookError as refusal:
        story.step(["--as", ana.email, "reserve", str(offering.id)], f"error: {refusal.detail} ({refusal.code})")


def _look_at_the_class(here: Session, story: Story, offering: Offering) -> None:
    from classbook.core import catalog

    now = catalog.show(here.app, KIND, offering.id)
    story.step(["class", "show", str(now.id)], f"{now.title}: {now.available} of {now.capacity} places left")


def _say_what_is_next(story: Story, booked: Reservation) -> None:
    story.chapter("What to type next")
    story.suggestions(
        ("class list", "what there is, with the places left"),
        (f"reservation history {booked.code}", "what happened to Ana's booking"),
        ("report", "the figures"),
        ("daemon", "mail, expiry, and the HTTP API"),
        ("--help", "everything else"),
    )


def _say_where(story: Story, address: str) -> None:
    story.chapter("While the daemon runs")
    story.line(f"{address}/api/docs/  every path of the API, to read and to try")
    story.line(f"{address}/api/v0/    the API itself, like {address}/api/v0/classes/")
