"""What people ask of the booking desk. A batch of asks is answered in order, in one transaction (`core.booking`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from classbook.rules.wanted import Wanted
from classbook.values import Actor, RequestKey, frozen


@dataclass(frozen=True, slots=True)
class ById:
    """A reservation by its number. Where ``kind`` is named, one of another kind of offering is not found."""

    reservation_id: int
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Somebody's reservation of an offering: the live one, else the latest. ``person_id`` None is the actor.

    Where ``kind`` is named, an offering of another kind is not found.
    """

    offering_id: int
    person_id: int | None = None
    kind: str | None = None


Which = ById | ByPerson


@frozen
class Reserve:
    """Take places. ``person_id`` None is the actor; only an administrator may name another.

    ``queue`` puts who finds nothing free in line; None leaves that to the policy. Where ``kind`` is named, an offering
    of another kind is not found.
    """

    actor: Actor
    offering_id: int
    person_id: int | None = None
    party: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    seats: tuple[str, ...] = ()
    best: int | None = None
    category: str | None = None
    strict: bool = False
    queue: bool | None = None
    key: RequestKey | None = None
    kind: str | None = None
    voucher: str | None = None

    @property
    def places(self) -> int:
        """How many places that is."""
        return len(self.seats) or (self.party if self.best is None else self.best)

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.party, self.starts_at, self.ends_at, self.seats, self.best, self.category, self.strict)


@dataclass(frozen=True, slots=True)
class Move:
    """Change time, places or party in one step; the old place is kept where the new one is refused.

    What is None stays as it is.
    """

    actor: Actor
    which: Which
    party: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    seats: tuple[str, ...] | None = None
    best: int | None = None
    category: str | None = None
    strict: bool = False
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give one seat back, named by its full label, and keep the others; the last one is a `Cancel`."""

    actor: Actor
    which: Which
    seat: str
    reason: str | None = None
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Somebody came; where ``offering_id`` is named, to that: what is for another one is refused."""

    actor: Actor
    which: Which
    offering_id: int | None = None
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Make a hold definite, by the mailed ``code``, by the token of the mailed ``link``, or by one's word."""

    actor: Actor
    which: Which
    code: str | None = None
    link: str | None = None
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give the places back."""

    actor: Actor
    which: Which
    reason: str | None = None
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class Resend:
    """Mail a new code for a hold; the ones before it are void."""

    actor: Actor
    which: Which
    key: RequestKey | None = None


Ask = Reserve | Confirm | Cancel | Move | GiveBack | CheckIn | Resend
