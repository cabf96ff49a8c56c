"""What may be booked, confirmed, cancelled and checked in, and when. One function each, for search and commit alike.

A function returns the refusal instead of raising it: in a batch a refusal is an outcome and not an accident. Those
that speak against a booking are told one by one, the weightiest first: who books stops at the first, who asks why hears
them all. Their order is: not found, invalid, not allowed, cancelled or closed or too early or too late or below notice
or outside the schedule, already reserved, limits, taken or sold out, insufficient funds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from classbook.errors import (
    AlreadyReserved,
    BelowNotice,
    ClassbookError,
    Hint,
    HoldExpired,
    LimitReached,
    NotAllowedNow,
    OfferingCancelled,
    OfferingClosed,
    TooEarly,
    TooLate,
)
from classbook.rules.codes import reservation_code
from classbook.rules.policy import Policy
from classbook.rules.spans import Span
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, EXPIRED, FAR_FUTURE, HELD, QUEUED
from classbook.rules.when import format_duration, format_local


class Bookable(Protocol):
    """What the rules need to know of an offering."""

    @property
    def title(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def cancelled_at(self) -> datetime | None: ...


class Booked(Protocol):
    """What the rules need to know of a reservation."""

    @property
    def id(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def party(self) -> int: ...
    @property
    def due_at(self) -> datetime | None: ...


def status(offering: Bookable, now: datetime) -> str:
    """upcoming, ongoing, completed or cancelled; open where there is no span."""
    if offering.cancelled_at is not None:
        return "cancelled"
    if offering.starts_at is None or offering.ends_at is None:
        return "open"
    if now < offering.starts_at:
        return "upcoming"
    return "ongoing" if now < offering.ends_at else "completed"


def against_time(
    offering: Bookable, policy: Policy, *, span: Span, now: datetime, first_free: Callable[[], datetime | None]
) -> Iterator[ClassbookError]:
    """What speaks against booking that time now, whoever asks; ``first_free`` is when one could, where one picks."""
    if now >= span.start and offering.starts_at is not None:
        yield OfferingClosed(f"{offering.title} began on {_local(offering, offering.starts_at)}.")
        return
    # What has to be confirmed until the start cannot be held at the start.
    if now > span.start or (now == span.start and policy.confirm != "none"):
        yield TooLate(f"{_local(offering, span.start)} is over.", hint="Choose a later time.")
        return
    if policy.horizon_seconds is not None and span.start > now + timedelta(seconds=policy.horizon_seconds):
        opens_at = span.start - timedelta(seconds=policy.horizon_seconds)
        yield TooEarly(f"{offering.title} can be booked for that time from {_local(offering, opens_at)} on.")
    notice = timedelta(seconds=policy.notice_seconds)
    if now + notice > span.start:
        yield BelowNotice(
            f"{offering.title} must be booked {format_duration(policy.notice_seconds)} ahead.",
            hint=f"The first time that can be booked now is {_local(offering, first_free() or now + notice)}."
            if offering.starts_at is None
            else f"It could be booked until {_local(offering, span.start - notice)}.",
        )


def is_below_notice(policy: Policy, span: Span, now: datetime) -> bool:
    """Whether it is too late for a time that is still to come."""
    return now < span.start < now + timedelta(seconds=policy.notice_seconds)


def bookable(window: Span, policy: Policy, now: datetime) -> Span | None:
    """The part of a window that notice and horizon leave.

    It begins with a whole minute: what begins this instant would be over before anybody could ask for it.
    """
    first = max(window.start, _next_minute(now + timedelta(seconds=policy.notice_seconds)))
    last = window.end
    if policy.horizon_seconds is not None:
        longest = timedelta(seconds=policy.slot_seconds)
        last = min(last, now + timedelta(seconds=policy.horizon_seconds) + longest)
    return Span(first, last) if first < last else None


def _next_minute(moment: datetime) -> datetime:
    """The first whole minute that is not before."""
    begun = moment.replace(second=0, microsecond=0)
    return begun if begun == moment else begun + timedelta(minutes=1)


def against_more(
    offering: Bookable, policy: Policy, *, party: int, live: Sequence[Booked], name: str
) -> Iterator[ClassbookError]:
    """What speaks against that many places more for one person, given their live reservations of this offering."""
    if policy.once and live:
        yield AlreadyReserved(f"{name} has a reservation for {offering.title} already.", hint=_way_out(live[0]))
    if policy.party_max is not None and party > policy.party_max:
        yield LimitReached(f"A reservation has at most {policy.party_max} places, not {party}.")
    if policy.max_per_person is not None and party + sum(one.party for one in live) > policy.max_per_person:
        yield LimitReached(f"One person may have at most {policy.max_per_person} places in {offering.title}.")


def _way_out(live: Booked) -> Hint:
    """What somebody can do about the reservation they have already."""
    meant = {"reservation": reservation_code(live.id)}
    if live.state == HELD:
        return Hint("Confirm it with {}, or cancel it first.", "confirm", meant)
    return Hint("Cancel it first: {}.", "cancel", meant)


def why_not_confirm(offering: Bookable, state: str) -> ClassbookError | None:
    """Why a reservation in that state cannot be confirmed."""
    if offering.cancelled_at is not None:
        return OfferingCancelled(f"{offering.title} was cancelled.")
    if state == EXPIRED:
        return HoldExpired(hint="Reserve again: there may still be places.")
    if state != HELD:
        return NotAllowedNow(f"The reservation is {state}; only a hold can be confirmed.")
    return None


def why_not_cancel(
    offering: Bookable, policy: Policy, state: str, *, starts_at: datetime | None, now: datetime, is_admin: bool
) -> ClassbookError | None:
    """Why a reservation in that state cannot be cancelled now; an administrator is not bound by cancel-until."""
    if state == EXPIRED:
        return HoldExpired(hint="There is nothing to cancel: its places are free again.")
    if state in (COMPLETED, CANCELLED):
        return NotAllowedNow(f"The reservation is {state} already.")
    if state == CONFIRMED and starts_at is not None and not is_admin:
        until = starts_at - timedelta(seconds=policy.cancel_until_seconds)
        if now >= until:
            return TooLate(f"{offering.title} could be cancelled until {_local(offering, until)}.")
    return None


def why_not_move(
    offering: Bookable, policy: Policy, state: str, *, starts_at: datetime | None, now: datetime, is_admin: bool
) -> ClassbookError | None:
    """Why a reservation in that state cannot be moved to another time or other places."""
    if state == QUEUED:
        return NotAllowedNow("What waits in the queue has no place to move.", hint="Leave the queue and reserve anew.")
    if state == CANCELLED:
        return NotAllowedNow("The reservation is cancelled.")
    return why_not_cancel(offering, policy, state, starts_at=starts_at, now=now, is_admin=is_admin)


def why_not_check_in(
    offering: Bookable, policy: Policy, state: str, *, starts_at: datetime | None, now: datetime
) -> ClassbookError | None:
    """Why nobody can check in on a reservation in that state now."""
    if state == COMPLETED:
        return TooLate(f"{offering.title} is over.")
    if state != CONFIRMED:
        return NotAllowedNow(f"The reservation is {state}; only a confirmed one can be checked in.")
    if starts_at is not None:
        opens_at = starts_at - timedelta(seconds=policy.check_in_from_seconds)
        if now < opens_at:
            return TooEarly(f"Check-in for {offering.title} opens on {_local(offering, opens_at)}.")
    return None


def same_day(offering: Bookable, one: datetime | None, other: datetime | None) -> bool:
    """Whether two instants fall on one day where the offering is."""
    if one is None or other is None:
        return False
    zone = ZoneInfo(offering.timezone)
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def hold_until(seconds: int, span: Span | None, now: datetime) -> datetime:
    """The deadline of a hold or an offer made now for that time: never past its start."""
    deadline = now + timedelta(seconds=seconds)
    return deadline if span is None else min(deadline, span.start)


def over_at(policy: Policy, span: Span | None, *, check_in_missing: bool) -> datetime:
    """When time changes a confirmed reservation next: its end, or the end of waiting for a check-in.

    Whether one is waited for is up to the reservation, which has the terms of the day it was made.
    """
    if span is None:
        return FAR_FUTURE
    if check_in_missing and policy.grace_seconds is not None:
        return min(span.end, span.start + timedelta(seconds=policy.grace_seconds))
    return span.end


def _local(offering: Bookable, instant: datetime) -> str:
    return format_local(instant, ZoneInfo(offering.timezone))
