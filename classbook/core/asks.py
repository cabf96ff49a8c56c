"""What people ask of the booking desk. A batch of asks is answered in order, in one transaction (`core.booking`)."""

from __future__ import annotations

from dataclasses import dataclass

from classbook.values import Actor, RequestKey


@dataclass(frozen=True, slots=True)
class ById:
    """A reservation by its number."""

    reservation_id: int


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Somebody's reservation of an offering: the live one, else the latest. ``person_id`` None is the actor."""

    offering_id: int
    person_id: int | None = None


Which = ById | ByPerson


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take places. ``person_id`` None is the actor; only an administrator may name another."""

    actor: Actor
    offering_id: int
    person_id: int | None = None
    party: int = 1
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


Ask = Reserve | Confirm | Cancel | Resend
