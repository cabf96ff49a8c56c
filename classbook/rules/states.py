"""The life of a reservation, as data. README.md draws the same table and a test compares the two.

Deadlines are half-open: a reservation is what it is while ``now < due_at`` and has moved on from ``due_at`` on,
whether or not anyone has written that down yet (`seen`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

QUEUED: Final = "queued"
HELD: Final = "held"
CONFIRMED: Final = "confirmed"
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"

STATES: Final = (QUEUED, HELD, CONFIRMED, COMPLETED, CANCELLED, EXPIRED)
LIVE: Final = (QUEUED, HELD, CONFIRMED)
"""States that still have something to come: the rows with a ``due_at``."""
TAKEN: Final = (HELD, CONFIRMED, COMPLETED)
"""States whose claims take their units."""

ARROWS: Final[dict[str, dict[str, str]]] = {
    QUEUED: {"offer": HELD, "cancel": CANCELLED, "lapse": EXPIRED},
    HELD: {"confirm": CONFIRMED, "cancel": CANCELLED, "lapse": EXPIRED},
    CONFIRMED: {"cancel": CANCELLED, "lapse": EXPIRED, "complete": COMPLETED},
    COMPLETED: {},
    CANCELLED: {},
    EXPIRED: {},
}

FAR_FUTURE: Final = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""When a confirmed reservation without an end is due: never, written as a date."""


def follow(state: str, action: str) -> str | None:
    """The state that ``action`` leads to from ``state``, or None where there is no such arrow."""
    return ARROWS[state].get(action)


def due_action(state: str, *, check_in_missing: bool = False) -> str:
    """What time itself does to a live reservation at its ``due_at``."""
    return "complete" if state == CONFIRMED and not check_in_missing else "lapse"


def seen(
    state: str, due_at: datetime | None, now: datetime, *, offering_cancelled: bool, check_in_missing: bool = False
) -> str:
    """The state people see: a row that is due has moved on, even before anyone wrote it down."""
    if due_at is None:
        return state
    if offering_cancelled:
        return CANCELLED
    return state if now < due_at else ARROWS[state][due_action(state, check_in_missing=check_in_missing)]
