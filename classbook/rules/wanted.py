"""What places are asked for, in the words of every kind."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from classbook.values import frozen


@frozen
class Wanted:
    """Places to be found: how many or which ones, and when, where the client picks the time.

    ``best`` seats are chosen by `rules.seating`; ``strict`` refuses a choice that strands a single seat. ``ends_at``
    may be left out where the house cuts the time into slots.
    """

    party: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    seats: tuple[str, ...] = ()
    best: int | None = None
    category: str | None = None
    strict: bool = False

    @property
    def places(self) -> int:
        """How many places that is."""
        return len(self.seats) or (self.party if self.best is None else self.best)

    def as_json(self) -> dict[str, Any]:
        """What a queued reservation keeps; its times are its own columns."""
        kept = asdict(self) | {"starts_at": None, "ends_at": None, "seats": list(self.seats)}
        return {name: value for name, value in kept.items() if value}

    @classmethod
    def from_json(cls, kept: dict[str, Any], *, starts_at: datetime | None, ends_at: datetime | None) -> Wanted:
        seats = tuple(kept.get("seats", ()))
        return cls(**(kept | {"seats": seats}), starts_at=starts_at, ends_at=ends_at)
