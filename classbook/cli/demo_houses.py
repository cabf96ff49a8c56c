"""The houses of `demo`: a federation, a studio and a clinic, in three time zones, and what each of them offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Course:
    """A class that is held again and again."""

    title: str
    type: str
    seats: int
    clock: time
    minutes: int
    about: str
    in_room: bool = False
    """Whether it takes the first room of its house, and the house's coach."""


@dataclass(frozen=True, slots=True)
class Room:
    """Something to be booked by the hour."""

    title: str
    units: int
    hours: str
    policy: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who gives appointments."""

    name: str
    email: str
    slot_seconds: int
    hours: str


@dataclass(frozen=True, slots=True)
class House:
    """Somebody who offers all that."""

    name: str
    organizer: str
    email: str
    timezone: str
    policy: dict[str, Any]
    courses: tuple[Course, ...]
    rooms: tuple[Room, ...]
    helpers: tuple[Helper, ...] = ()


HOUSES: Final = (
    House(
        "the volleyball federation",
        "Cleo Brandt",
        "cleo@federation.example",
        "Europe/Berlin",
        {"hold_seconds": 600, "cancel_until_seconds": 86400},
        (
            Course("Beach volleyball basics", "volleyball", 12, time(18), 90, "Three ball contacts and a lot of sand."),
            Course("Setter clinic", "volleyball", 6, time(10), 120, "Hands, feet and timing, in a small group."),
            Course("Referee course", "course", 30, time(9), 360, "The rules, the signals and the whistle."),
        ),
        (Room("Beach court", 2, "mon,tue,wed,thu,fri,sat,sun 08:00-22:00", {"grid_seconds": 1800}),),
    ),
    House(
        "the studio",
        "Ines Okafor",
        "ines@studio.example",
        "Europe/Lisbon",
        {"confirm": "none"},
        (
            Course("Morning yoga", "yoga", 14, time(7, 30), 60, "Slow and warm; mats are there.", in_room=True),
            Course("Pilates", "pilates", 10, time(12, 15), 45, "The core, at noon.", in_room=True),
            Course("Spin 45", "cycling", 20, time(19), 45, "Lights down, heart rate up."),
        ),
        (
            Room("The quiet room", 1, "mon,tue,wed,thu,fri,sat 07:00-21:00", {}),
            Room("Projector", 1, "mon,tue,wed,thu,fri 08:00-20:00", {"after_seconds": 900}),
        ),
        (Helper("Rita Vaz", "rita@studio.example", 3600, "mon,wed,fri 07:00-11:00,13:00-18:00"),),
    ),
    House(
        "the clinic",
        "Dr Jun Sato",
        "jun@clinic.example",
        "Asia/Tokyo",
        {"notice_seconds": 7200, "party_max": 2},
        (
            Course("First aid", "course", 16, time(17), 180, "Resuscitation, bleeding, and how to keep calm."),
            Course("Back school", "health", 8, time(16), 60, "Lifting, sitting, sleeping."),
            Course("Antenatal evening", "health", 9, time(19, 30), 90, "For two: bring your partner."),
        ),
        (Room("Seminar room", 1, "mon,tue,wed,thu,fri 08:00-20:00", {"max_seconds": 4 * 3600}),),
        (
            Helper("Dr Aiko Mori", "aiko@clinic.example", 900, "mon,tue,thu 08:00-11:00,12:00-15:00"),
            Helper("Dr Ren Ito", "ren@clinic.example", 1800, "tue,wed,fri 09:00-12:30,14:00-17:00"),
        ),
    ),
)

STADIUM: Final = "Spree Arena"
HOME_TEAM: Final = "Berlin Herons"
GUESTS: Final = (
    "Kiel Gulls, Hamburg Tides, Bremen Keys, Rostock Waves, Leipzig Lindens, Dresden Bridges, Cottbus Larks, "
    "Hanover Horses, Kassel Foxes, Essen Miners, Bonn Bees, Mainz Wheels, Fulda Towers, Jena Lenses, Erfurt Dragons, "
    "Potsdam Swans, Lübeck Gates, Görlitz Stags"
)
PRICES: Final = {"N": "18.00", "S": "18.00", "E": "26.00", "W": "32.50"}
"""By stand."""
EVENTS: Final = (
    ("Board games at the library", 24, time(19), 180, "Bring one, learn three."),
    ("River clean-up", 40, time(10), 150, "Gloves and bags are there."),
    ("Open rehearsal of the choir", 60, time(18, 30), 90, "Come in, sit down, join in."),
    ("Repair café", 18, time(14), 240, "Toasters, trousers, bicycles."),
)
"""What members make for each other: title, places, clock time, minutes, about."""

FIRST_NAMES: Final = (
    "Ada Bruno Chiara Deniz Elif Femi Greta Hugo Ida Jonas Kofi Lena Marta Nils Olga Paul "
    "Quinn Rosa Sven Tomas Uma Vera Wanda Xenia Yusuf Zoe"
)
LAST_NAMES: Final = (
    "Adler Berg Costa Dietz Eriksen Fontana Gruber Haddad Ivanova Jansen Kaya Lindgren Moreau Novak Olsen Petrov "
    "Quist Rossi Schmidt Thorn Ueda Varga Weber Ximenes Yilmaz Zeman"
)
