"""The world of `demo`: the houses and all they offer, a season of matches, and people who want to go there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from classbook.cli.demo_houses import (
    EVENTS,
    FIRST_NAMES,
    GUESTS,
    HOME_TEAM,
    HOUSES,
    LAST_NAMES,
    PRICES,
    STADIUM,
    Helper,
    House,
    Room,
)
from classbook.cli.session import Session
from classbook.rules.opening import parse_weekly
from classbook.rules.plan_files import from_options
from classbook.rules.when import parse_when
from classbook.values import Actor, Offering, Person, Reservation, VenuePlan

if TYPE_CHECKING:
    from classbook.core.asks import Ask


class Size(StrEnum):
    small = "small"
    large = "large"


@dataclass(frozen=True, slots=True)
class _Measure:
    """How much of everything."""

    people: int
    fans: int
    """Of these people, who have money in their wallets and go to matches."""
    weeks: int
    """Of classes, of which one is held a week."""
    matches: int
    events: int
    stand: str
    """Rows and seats of each stand of the stadium."""
    bookings: int
    """Of each room and each helper, about."""


_MEASURES: Final = {
    Size.small: _Measure(people=18, fans=18, weeks=1, matches=2, events=2, stand="6x12", bookings=6),
    Size.large: _Measure(people=500, fans=160, weeks=8, matches=18, events=16, stand="50x50", bookings=60),
}
_BATCH: Final = 200
_FIRST_DAY: Final = 2
"""Nothing of the world happens before so many days from now."""


def fill(here: Session, size: Size) -> dict[str, int]:
    """Make the world, the same each time; how much of everything it has."""
    chance, much = random.Random(7), _MEASURES[size]
    members = [_member(here, *name, chance) for name in _names(much.people, chance)]
    fans = members[: much.fans]
    for fan in fans:
        _top_up(here, fan, chance.choice(("40", "80", "160", "320")))
    rooms = {house.name: [_room(here, house, room) for room in house.rooms] for house in HOUSES}
    helpers = {house.name: [_helper(here, house, helper) for helper in house.helpers] for house in HOUSES}
    classes = [
        one for house in HOUSES for one in _classes(here, house, much.weeks, rooms[house.name], helpers[house.name])
    ]
    events = [_event(here, chance.choice(members), number) for number in range(much.events)]
    stadium = _stadium(here, much.stand)
    matches = [_match(here, stadium, week) for week in range(much.matches)]
    asks = [
        *_for_places(here, [*classes, *events], members, chance),
        *_for_seats(here, matches, fans, chance),
        *_for_slots(here, [one for several in helpers.values() for one in several], much.bookings, members, chance),
        *_for_rooms(here, [one for several in rooms.values() for one in several], much.bookings, members, chance),
    ]
    booked = _book(here, asks)
    return {
        "people": len(members) + len(HOUSES) + sum(len(house.helpers) for house in HOUSES),
        "classes": len(classes),
        "events": len(events),
        "seats": stadium.seats,
        "matches": len(matches),
        "providers": sum(map(len, helpers.values())),
        "resources": sum(map(len, rooms.values())),
        "reservations": len(booked),
        "waiting": sum(1 for one in booked if one.state == "queued"),
    }


def person(here: Session, name: str, email: str, role: str = "member", *, timezone: str | None = None) -> Person:
    from classbook.core import people

    made = people.create(here.app, here.actor, email=email, name=name, role=role, timezone=timezone)
    assert isinstance(made, Person)
    return made


def offer(here: Session, actor: Actor, kind: str, **fields: Any) -> Offering:
    from classbook.core import catalog

    made = catalog.create(here.app, actor, kind, fields)
    assert isinstance(made, Offering)
    return made


def open_hours(here: Session, offering: Offering, hours: str) -> None:
    from classbook.core import schedules

    schedules.add(here.app, here.actor, offering.id, [parse_weekly(hours)])


def on_day(here: Session, days: int, clock: time, zone: str) -> datetime:
    """A clock time so many days from today, there."""
    today = here.app.clock.now().astimezone(ZoneInfo(zone)).date()
    wall = datetime.combine(today + timedelta(days=days), clock)
    return parse_when(wall.isoformat(), now=here.app.clock.now(), zone=ZoneInfo(zone)).instant


# --- who and what there is ------------------------------------------------------------------------------------------


def _names(count: int, chance: random.Random) -> list[tuple[str, str]]:
    return chance.sample(list(product(FIRST_NAMES.split(), LAST_NAMES.split())), count)


def _member(here: Session, first: str, last: str, chance: random.Random) -> Person:
    zone = chance.choice(HOUSES).timezone
    return person(here, f"{first} {last}", f"{first}.{last}@example.org".lower(), timezone=zone)


def _top_up(here: Session, member: Person, amount: str) -> None:
    from classbook.core import wallet

    wallet.top_up(here.app, here.actor, amount, person=member.id)


def _room(here: Session, house: House, room: Room) -> Offering:
    made = offer(
        here, here.actor, "resource", title=room.title, seats=room.units, timezone=house.timezone, policy=room.policy
    )
    open_hours(here, made, room.hours)
    return made


def _helper(here: Session, house: House, helper: Helper) -> Offering:
    from classbook.core import providers

    policy = {"slot_seconds": helper.slot_seconds}
    made = providers.create(
        here.app, here.actor, email=helper.email, name=helper.name, timezone=house.timezone, policy=policy
    )
    assert isinstance(made, Offering)
    open_hours(here, made, helper.hours)
    return made


def _classes(
    here: Session, house: House, weeks: int, rooms: Sequence[Offering], helpers: Sequence[Offering]
) -> Iterator[Offering]:
    actor = Actor(person(here, house.organizer, house.email, "organizer", timezone=house.timezone).id, here.request_id)
    for week, (n, course) in product(range(weeks), enumerate(house.courses)):
        starts_at = on_day(here, _FIRST_DAY + n + 7 * week, course.clock, house.timezone)
        place = {"room": rooms[0].id, "provider": helpers[0].id} if course.in_room else {}
        yield offer(
            here, actor, "class", title=course.title, type=course.type, description=course.about, seats=course.seats,
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=course.minutes), timezone=house.timezone,
            policy=dict(house.policy), **place,
        )  # fmt: skip


def _event(here: Session, by: Person, number: int) -> Offering:
    title, seats, clock, minutes, about = EVENTS[number % len(EVENTS)]
    starts_at = on_day(here, _FIRST_DAY + 3 * number, clock, by.timezone)
    return offer(
        here, Actor(by.id, here.request_id), "event", title=title, description=about, seats=seats,
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), timezone=by.timezone,
    )  # fmt: skip


def _stadium(here: Session, stand: str) -> VenuePlan:
    from classbook.core import venues

    plan = from_options([f"{name}:{stand}" for name in PRICES])
    made = venues.create(here.app, here.actor, name=STADIUM, timezone=HOUSES[0].timezone, plan=plan)
    assert isinstance(made, VenuePlan)
    return made


def _match(here: Session, stadium: VenuePlan, week: int) -> Offering:
    guests = GUESTS.split(", ")
    starts_at = on_day(here, _FIRST_DAY + 1 + 7 * week, time(18), stadium.timezone)
    return offer(
        here, here.actor, "match", title=f"{HOME_TEAM} - {guests[week % len(guests)]}", type="volleyball",
        venue_id=stadium.id, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2), prices=dict(PRICES),
    )  # fmt: skip


# --- who wants what -------------------------------------------------------------------------------------------------


def _for_places(
    here: Session, offerings: Sequence[Offering], members: Sequence[Person], chance: random.Random
) -> Iterator[Ask]:
    """Some fill up, some hardly begin to."""
    from classbook.core.asks import Reserve

    for offering in offerings:
        wanted = round(offering.capacity * chance.choice((0.2, 0.5, 0.7, 1.0)))
        for member in chance.sample(members, len(members)):
            if wanted <= 0:
                break
            party = min(wanted, chance.choice((1, 1, 1, 2)))
            wanted -= party
            yield Reserve(here.actor, offering.id, member.id, party=party)


def _for_seats(
    here: Session, matches: Sequence[Offering], fans: Sequence[Person], chance: random.Random
) -> Iterator[Ask]:
    """The next match sells best; who has spent all goes away again."""
    from classbook.core.asks import Reserve

    for week, offering in enumerate(matches):
        for fan in chance.sample(fans, len(fans) // (2 + week // 3)):
            stand = chance.choice((None, None, *PRICES))
            yield Reserve(here.actor, offering.id, fan.id, best=chance.choice((1, 2, 2, 3, 4)), category=stand)


def _for_slots(
    here: Session, helpers: Sequence[Offering], many: int, members: Sequence[Person], chance: random.Random
) -> Iterator[Ask]:
    """Everybody wants a slot of their own."""
    from classbook.core import schedules
    from classbook.core.asks import Reserve

    for helper in helpers:
        first = on_day(here, _FIRST_DAY, time(), helper.timezone)
        free = schedules.free(here.app, helper.id, start=first, end=first + timedelta(days=28)).results
        for slot, member in zip(chance.sample(free, min(many, len(free), len(members))), members, strict=False):
            yield Reserve(here.actor, helper.id, member.id, starts_at=slot.start)


def _for_rooms(
    here: Session, rooms: Sequence[Offering], many: int, members: Sequence[Person], chance: random.Random
) -> Iterator[Ask]:
    """Afternoons of the next weeks: where two want the same, the second one waits in line."""
    from classbook.core.asks import Reserve

    for room in rooms:
        for _ in range(many):
            clock, hours = time(chance.randrange(12, 17)), chance.choice((1, 1, 2, 3))
            starts_at = on_day(here, _FIRST_DAY + chance.randrange(max(3, many // 3)), clock, room.timezone)
            ends_at = starts_at + timedelta(hours=hours)
            yield Reserve(here.actor, room.id, chance.choice(members).id, starts_at=starts_at, ends_at=ends_at)


def _book(here: Session, asks: Sequence[Ask]) -> list[Reservation]:
    """Reserve all, and confirm most of what then waits for it. What cannot be had or paid is not."""
    from classbook.core import booking
    from classbook.core.asks import ById, Confirm

    booked: list[Reservation] = []
    for first in range(0, len(asks), _BATCH):
        outcomes = booking.book(here.app, asks[first : first + _BATCH])
        made = [outcome for outcome in outcomes if isinstance(outcome, Reservation)]
        held = [one for n, one in enumerate(made) if one.state == "held" and n % 6]
        booking.book(here.app, [Confirm(here.actor, ById(one.id)) for one in held])
        booked += made
    return booked
