"""The world of `demo`: a federation, a studio and a clinic, their classes, and people who want to go there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from classbook.cli.session import Session
from classbook.rules.when import parse_when
from classbook.values import Actor, Offering, Person, Reservation

if TYPE_CHECKING:
    from classbook.core.asks import Ask

KIND: Final = "class"


class Size(StrEnum):
    small = "small"
    large = "large"


@dataclass(frozen=True, slots=True)
class Course:
    """A class that is held again and again."""

    title: str
    type: str
    seats: int
    clock: time
    minutes: int
    about: str


@dataclass(frozen=True, slots=True)
class House:
    """Somebody who offers classes."""

    name: str
    organizer: str
    email: str
    policy: dict[str, Any]
    courses: tuple[Course, ...]


HOUSES: Final = (
    House(
        "the volleyball federation",
        "Cleo Brandt",
        "cleo@federation.example",
        {"hold_seconds": 600, "cancel_until_seconds": 86400},
        (
            Course("Beach volleyball basics", "volleyball", 12, time(18), 90, "Three ball contacts and a lot of sand."),
            Course("Setter clinic", "volleyball", 6, time(10), 120, "Hands, feet and timing, in a small group."),
            Course("Referee course", "course", 30, time(9), 360, "The rules, the signals and the whistle."),
        ),
    ),
    House(
        "the studio",
        "Ines Okafor",
        "ines@studio.example",
        {"confirm": "none"},
        (
            Course("Morning yoga", "yoga", 14, time(7, 30), 60, "Slow and warm; mats are there."),
            Course("Pilates", "pilates", 10, time(12, 15), 45, "The core, at noon."),
            Course("Spin 45", "cycling", 20, time(19), 45, "Lights down, heart rate up."),
        ),
    ),
    House(
        "the clinic",
        "Dr Jun Sato",
        "jun@clinic.example",
        {"notice_seconds": 7200, "party_max": 2},
        (
            Course("First aid", "course", 16, time(17), 180, "Resuscitation, bleeding, and how to keep calm."),
            Course("Back school", "health", 8, time(16), 60, "Lifting, sitting, sleeping."),
            Course("Antenatal evening", "health", 9, time(19, 30), 90, "For two: bring your partner."),
        ),
    ),
)

FIRST_NAMES: Final = (
    "Ada Bruno Chiara Deniz Elif Femi Greta Hugo Ida Jonas Kofi Lena Marta Nils Olga Paul "
    "Quinn Rosa Sven Tomas Uma Vera Wanda Xenia Yusuf Zoe"
)
LAST_NAMES: Final = (
    "Adler Berg Costa Dietz Eriksen Fontana Gruber Haddad Ivanova Jansen Kaya Lindgren Moreau Novak Olsen Petrov "
    "Quist Rossi Schmidt Thorn Ueda Varga Weber Ximenes Yilmaz Zeman"
)
PEOPLE: Final = {Size.small: 18, Size.large: 500}
WEEKS: Final = {Size.small: 1, Size.large: 8}
_BATCH: Final = 200


def fill(here: Session, size: Size) -> dict[str, int]:
    """Make the world; how many people, classes and reservations it has."""
    chance = random.Random(7)  # the same world each time
    members = [
        person(here, f"{first} {last}", f"{first}.{last}@example.org".lower())
        for first, last in _names(PEOPLE[size], chance)
    ]
    offerings = [one for house in HOUSES for one in _offerings(here, house, WEEKS[size])]
    booked = _book(here, list(_wishes(here, offerings, members, chance)))
    return {"people": len(members) + len(HOUSES), "classes": len(offerings), "reservations": booked}


def person(here: Session, name: str, email: str, role: str = "member") -> Person:
    from classbook.core import people

    made = people.create(here.app, here.actor, email=email, name=name, role=role)
    assert isinstance(made, Person)
    return made


def _names(count: int, chance: random.Random) -> list[tuple[str, str]]:
    return chance.sample(list(product(FIRST_NAMES.split(), LAST_NAMES.split())), count)


def _offerings(here: Session, house: House, weeks: int) -> Iterator[Offering]:
    from classbook.core import catalog

    organizer = person(here, house.organizer, house.email, "organizer")
    zone = here.settings.zone
    today = here.app.clock.now().astimezone(zone).date()
    for week, (n, course) in product(range(weeks), enumerate(house.courses)):
        starts_at = _at(datetime.combine(today + timedelta(days=2 + n + 7 * week), course.clock), zone, here)
        fields = {
            "title": course.title,
            "type": course.type,
            "description": course.about,
            "seats": course.seats,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=course.minutes),
            "policy": dict(house.policy),
        }
        made = catalog.create(here.app, Actor(organizer.id, here.request_id), KIND, fields)
        assert isinstance(made, Offering)
        yield made


def _at(wall: datetime, zone: ZoneInfo, here: Session) -> datetime:
    return parse_when(wall.isoformat(), now=here.app.clock.now(), zone=zone).instant


def _wishes(
    here: Session, offerings: Sequence[Offering], members: Sequence[Person], chance: random.Random
) -> Iterator[Ask]:
    """Who wants what: some classes fill up, some hardly begin to."""
    from classbook.core.asks import Reserve

    for offering in offerings:
        wanted = round(offering.capacity * chance.choice((0.2, 0.5, 0.7, 1.0)))
        for member in chance.sample(members, len(members)):
            if wanted <= 0:
                break
            party = min(wanted, chance.choice((1, 1, 1, 2)))
            wanted -= party
            yield Reserve(here.actor, offering.id, member.id, party=party)


def _book(here: Session, wishes: Sequence[Ask]) -> int:
    """Reserve all, and confirm most of what then waits for it; how many reservations that made."""
    from classbook.core import booking
    from classbook.core.asks import ById, Confirm

    booked: list[Reservation] = []
    for first in range(0, len(wishes), _BATCH):
        outcomes = booking.book(here.app, wishes[first : first + _BATCH])
        held = [outcome for outcome in outcomes if isinstance(outcome, Reservation)]
        waiting = [one for n, one in enumerate(held) if one.state == "held" and n % 6]
        booking.book(here.app, [Confirm(here.actor, ById(one.id)) for one in waiting])
        booked += held
    return len(booked)
