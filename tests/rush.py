"""A process that books on all its threads until it is killed, and says what it was answered, line by line.

What is printed was answered: ``<reservation> <state>``, written in one piece after the desk has returned.
"""

from __future__ import annotations

import os
import random
import sys
from contextlib import closing
from datetime import timedelta

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import booking
from classbook.core.asks import Ask, ById, Cancel, Confirm, Move, Reserve
from classbook.values import Offering, Reservation
from tests.makers import CONSOLE, FREELY, Cast, a_class, a_court, a_match, a_venue, on_all_threads, rich

FOLK = 12


def prepare(app: App) -> tuple[list[Offering], list[int]]:
    """A house with few places and few cents, and who wants them."""
    terms = {"hold_seconds": 1, "offer_seconds": 1, "starts_in": timedelta(days=30), "queues": True} | FREELY
    offerings = [
        a_class(app, seats=6, max_per_person=9, **terms),  # type: ignore[arg-type]
        a_class(app, kind="event", seats=4, price="1", max_per_person=9, **terms),  # type: ignore[arg-type]
        a_match(app, a_venue(app, "A:3x6"), prices={"A": "2"}, max_per_person=9, **terms),  # type: ignore[arg-type]
        a_court(app, units=2, confirm="self", hold_seconds=1, offer_seconds=1, **FREELY),
    ]
    return offerings, [rich(app, who, "9").id for who in Cast(app).crowd(FOLK)]


def rush(app: App, offerings: list[Offering], people: list[int], *, seed: int) -> None:
    dice, mine = random.Random(seed), [0]

    def ask() -> Ask:
        offering, which = dice.choice(offerings), ById(dice.choice(mine))
        start = None
        if offering.starts_at is None:
            hour = app.clock.now().replace(minute=0, second=0, microsecond=0)
            start = hour + timedelta(days=dice.randint(1, 2), hours=dice.randint(0, 5))
        match dice.randint(1, 6):
            case 1 | 2 | 3:
                ends_at = start + timedelta(hours=2) if start else None
                return Reserve(
                    CONSOLE,
                    offering.id,
                    dice.choice(people),
                    party=dice.randint(1, 2),
                    starts_at=start,
                    ends_at=ends_at,
                )
            case 4 | 5:
                return dice.choice((Confirm, Confirm, Cancel))(CONSOLE, which)
            case _:
                return Move(CONSOLE, which, party=dice.randint(1, 2), starts_at=start)

    while True:
        told = booking.book(app, [ask() for _ in range(dice.randint(1, 5))])
        answers = [f"{one.id} {one.state}\n" for one in told if isinstance(one, Reservation)]
        mine += [int(line.split()[0]) for line in answers]
        del mine[:-20]
        os.write(1, "".join(answers).encode())


if __name__ == "__main__":
    ids, people = ([int(id) for id in words.split(",")] for words in sys.argv[1:3])
    with closing(open_app(load(config_path=None, environ=os.environ, overrides={}))) as app:
        from classbook.core import catalog

        kinds = ("class", "event", "match", "resource")
        found = [catalog.show(app, kind, id) for kind, id in zip(kinds, ids, strict=True)]
        on_all_threads(lambda number: rush(app, found, people, seed=int(sys.argv[3]) * 100 + number))
