"""Everything classbook can refuse, as one tree.

ClassbookError
├── invalid       Invalid · BadSpan · UnknownSeat · OutsideSchedule · BelowNotice · KeyReused
├── missing       NotFound
├── conflict      SoldOut · AlreadyReserved · SeatTaken · SpanTaken · HoldExpired · OfferingClosed
│                 OfferingCancelled · TooEarly · TooLate · LimitReached · NotAllowedNow · Exists
├── changed       ChangedMeanwhile
├── forbidden     NotYours · WrongCode · TooManyGuesses
├── stranger      NotLoggedIn · BadCredentials
├── unpaid        InsufficientFunds
├── unavailable   Busy · Unavailable (and of it, where that is known: DiskFull · ReadOnly)
├── throttled     TooManyRequests
├── method        MethodNotAllowed
├── size          TooLarge
└── internal      Internal

A leaf has a stable ``code`` and belongs to one category (its parent's name). The core knows categories only;
each face turns a category into its own number (`cli/exits.py`, `web/problems.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

Steps = Mapping[str, str | None]
"""What a face calls the steps that hints name; None for what cannot be done there."""
NO_STEPS: Final[Steps] = {}
"""For who shows no hints."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What to do next, with a step in it that each face has its own words for: ``{}`` stands for it.

    The words are in `cli/steps.py` and `web/steps.py`; ``facts`` are what they need, like the ``reservation`` meant.
    """

    sentence: str
    step: str
    facts: Mapping[str, object] = field(default_factory=dict)


def in_words(hint: str | Hint | None, steps: Steps) -> str | None:
    """A hint as a face says it; None where its step cannot be taken there."""
    if not isinstance(hint, Hint):
        return hint
    words = steps.get(hint.step)
    return None if words is None else hint.sentence.replace("{}", words.format_map(hint.facts))


class ClassbookError(Exception):
    """Something a person can act on: ``detail`` says what happened, ``hint`` what to do next, both as sentences."""

    category: ClassVar[str] = "internal"
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str | None = None,
        *,
        hint: str | Hint | None = None,
        retry_after_seconds: int | None = None,
        faults: tuple[Fault, ...] = (),
    ):
        self.detail = detail or f"{self.title}."
        self.hint = hint
        self.faults = faults
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.detail)

    def met_in(self, where: str) -> Self:
        """The same refusal with where it was met: ``Line 3: the title may not be empty.``"""
        return type(self)(f"{where}: {self.detail[:1].lower()}{self.detail[1:]}", hint=self.hint)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file: the line, the column and what stands there, and the refusal of it."""

    line: int
    column: str | None
    found: str | None
    refusal: ClassbookError

    def in_words(self, steps: Steps) -> str:
        """``line 3, seats 'twelve': ...`` in one line."""
        where = ", ".join(filter(None, [f"line {self.line}", self.column]))
        said = self.found and self.found not in self.refusal.detail and f" {self.found}"
        hint = in_words(self.refusal.hint, steps)
        return " ".join(filter(None, [f"{where}{said or ''}: {self.refusal.detail}", hint]))


class _Invalid(ClassbookError):
    category = "invalid"


class _Missing(ClassbookError):
    category = "missing"


class _Conflict(ClassbookError):
    category = "conflict"


class _Changed(ClassbookError):
    category = "changed"


class _Forbidden(ClassbookError):
    category = "forbidden"


class _Stranger(ClassbookError):
    category = "stranger"


class _Unpaid(ClassbookError):
    category = "unpaid"


class _Unavailable(ClassbookError):
    category = "unavailable"


class _Throttled(ClassbookError):
    category = "throttled"


class _Method(ClassbookError):
    category = "method"


class _Size(ClassbookError):
    category = "size"


class Invalid(_Invalid):
    code, title = "invalid", "The request is not valid"


class BadSpan(_Invalid):
    code, title = "bad_span", "That span of time is not possible"


class UnknownSeat(_Invalid):
    code, title = "unknown_seat", "There is no such seat"


class OutsideSchedule(_Invalid):
    code, title = "outside_schedule", "That time is outside the opening hours"


class BelowNotice(_Invalid):
    code, title = "below_notice", "That is too short a notice"


class KeyReused(_Invalid):
    code, title = "key_reused", "This request key was used for another request"


class NotFound(_Missing):
    code, title = "not_found", "There is no such thing"


class SoldOut(_Conflict):
    code, title = "sold_out", "There are not enough places left"


class AlreadyReserved(_Conflict):
    code, title = "already_reserved", "There is a reservation already"


class SeatTaken(_Conflict):
    code, title = "seat_taken", "That seat is taken"


class SpanTaken(_Conflict):
    code, title = "span_taken", "That time is taken"


class HoldExpired(_Conflict):
    code, title = "hold_expired", "The hold has expired"


class OfferingClosed(_Conflict):
    code, title = "offering_closed", "This can no longer be booked or changed"


class OfferingCancelled(_Conflict):
    code, title = "offering_cancelled", "This was cancelled"


class TooEarly(_Conflict):
    code, title = "too_early", "It is too early for that"


class TooLate(_Conflict):
    code, title = "too_late", "It is too late for that"


class LimitReached(_Conflict):
    code, title = "limit_reached", "That is more than one person may book"


class NotAllowedNow(_Conflict):
    code, title = "not_allowed_now", "That is not possible in the present state"


class Exists(_Conflict):
    code, title = "exists", "That exists already"


class ChangedMeanwhile(_Changed):
    code, title = "changed_meanwhile", "Somebody changed it in the meantime"


class NotYours(_Forbidden):
    code, title = "not_yours", "You may not do that"


class WrongCode(_Forbidden):
    code, title = "wrong_code", "That code is not right"


class TooManyGuesses(_Forbidden):
    code, title = "too_many_guesses", "Too many wrong codes"


class NotLoggedIn(_Stranger):
    code, title = "not_logged_in", "Please log in"


class BadCredentials(_Stranger):
    code, title = "bad_credentials", "The address or the password is not right"


class InsufficientFunds(_Unpaid):
    code, title = "insufficient_funds", "There is not enough money in the wallet"


class Busy(_Unavailable):
    code, title = "busy", "The database is busy"


class Unavailable(_Unavailable):
    code, title = "unavailable", "The database cannot be used now"


class DiskFull(Unavailable):
    title = "The disk of the database is full"


class ReadOnly(Unavailable):
    title = "The database cannot be written now"


class TooManyRequests(_Throttled):
    code, title = "too_many_requests", "Too many requests"


class MethodNotAllowed(_Method):
    code, title = "method_not_allowed", "This address does not know that method"


class TooLarge(_Size):
    code, title = "too_large", "The request is too large"


class Internal(ClassbookError):
    code, title = "internal", "Something went wrong on our side"


def problem(error: ClassbookError, *, status: int, request_id: str, steps: Steps) -> dict[str, object]:
    """The one error body, from every door (RFC 9457 members first), its hints in the words of that door."""
    return {
        "type": f"urn:classbook:error:{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "hint": in_words(error.hint, steps),
        "request_id": request_id,
    } | ({"errors": [_as_told(fault, steps) for fault in error.faults]} if error.faults else {})


def _as_told(fault: Fault, steps: Steps) -> dict[str, object]:
    refusal = fault.refusal
    return {
        "line": fault.line,
        "column": fault.column,
        "found": fault.found,
        "code": refusal.code,
        "detail": refusal.detail,
        "hint": in_words(refusal.hint, steps),
    }
