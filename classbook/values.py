"""What crosses the floors: frozen values, and `plain`, which makes any of them JSON-ready.

The shapes are the contract of both faces (docs/shapes.md); a face prints ``plain(value)`` and adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any, Final, Generic, TypeVar, dataclass_transform

from classbook.errors import ClassbookError, Hint

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frozen(made: type[T]) -> type[T]:
    """A dataclass whose instances nobody changes, for what every booking makes a few of.

    The type checker sees to it. A ``dataclass(frozen=True)`` sees to it at run time, and is made in four times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)


@frozen
class Actor:
    """Who acts. ``person_id`` None is the console: somebody with access to the database, an administrator."""

    person_id: int | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Makes a write safe to repeat: the caller's ``key`` and a digest of what was asked."""

    key: str
    body_hash: str


_WITHOUT_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
"""Currencies whose minor unit is not a hundredth (ISO 4217; the two with four decimals are units of account)."""


def decimals(currency: str) -> int:
    """How many decimals an amount of that currency has."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE_DECIMALS else 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency."""

    minor: int
    currency: str

    @property
    def amount(self) -> str:
        """The amount in digits, with as many decimals as the currency has: 12.50, or 1250 for yen."""
        places = decimals(self.currency)
        whole, part = divmod(abs(self.minor), 10**places)
        return f"{'-' if self.minor < 0 else ''}{whole}" + (f".{part:0{places}}" if places else "")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    email: str
    name: str
    role: str
    phone: str | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered to whoever types an address that is not proved to be theirs: the same for all of them."""

    email: str
    message: str


@dataclass(frozen=True, slots=True)
class Login:
    """A login and how often it was refreshed: what tokens are signed from. They are of ``issued_at``."""

    id: str
    person_id: int
    serial: int
    issued_at: datetime
    ends_at: datetime


@frozen
class PersonRef:
    id: int
    email: str
    name: str


@frozen
class OfferingRef:
    id: int
    kind: str
    title: str


@frozen
class Place:
    """One claimed unit. ``seat`` is the full label of a named unit (``A-3-12``), None where units have no names."""

    stand: str | None
    seat: str | None
    unit: int


@dataclass(frozen=True, slots=True)
class Offering:
    id: int
    kind: str
    title: str
    description: str
    type: str | None
    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str
    capacity: int
    reserved: int
    available: int
    price: Money | None
    creator: PersonRef | None
    venue: str | None
    policy: dict[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Class(Offering):
    seats: int


@dataclass(frozen=True, slots=True)
class Event(Offering):
    start_time: datetime
    end_time: datetime
    reserved_slots: int
    available_slots: int


@dataclass(frozen=True, slots=True)
class Match(Offering):
    """``venue`` is the name of where it is, ``price`` that of its cheapest seats."""

    venue_id: int


@dataclass(frozen=True, slots=True)
class Appointments(Offering):
    """A provider. ``slot`` is the length of an appointment, like ``15m``."""

    provider: PersonRef
    slot: str


@dataclass(frozen=True, slots=True)
class Resource(Offering):
    name: str
    max_slots: int


@dataclass(frozen=True, slots=True)
class Dated:
    """What became of one date of a repetition.

    ``status`` is created or skipped, ``code`` and ``detail`` say why it was skipped. ``date`` is local, as ISO 8601.
    """

    date: str
    status: str
    offering: Offering | None
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Venue:
    """Where matches are: a stadium. ``seats`` is how many it has."""

    id: int
    name: str
    timezone: str
    seats: int


@dataclass(frozen=True, slots=True)
class VenuePlan(Venue):
    """A venue with its stands, in the shape a seat plan is written in (`rules.plan_files.as_tree`)."""

    stand: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class VenueSeat:
    """A seat of a venue, whatever is played there. ``label`` is its full name, like ``A-3-12``."""

    venue: int
    stand: str
    row: str
    seat: str
    label: str
    x: float
    y: float
    category: str


@dataclass(frozen=True, slots=True)
class SeatState:
    """A seat of a match. ``state`` is free, held, sold or blocked, ``mine`` whether the one who asks has it."""

    stand: str
    row: str
    seat: str
    label: str
    state: str
    price: Money | None
    category: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Ticket(SeatState):
    """The same as something to be had: ``id`` is ``MATCH:LABEL``."""

    id: str
    match: int


@dataclass(frozen=True, slots=True)
class CategoryPrice:
    """What the seats of a price category cost in a match."""

    match: int
    category: str
    price: Money


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time: one slot, or the longest span that is free in one piece."""

    start: datetime
    end: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Opening hours in the shape they are given in (`rules.opening.as_json`)."""

    offering_id: int
    timezone: str
    weekly: tuple[Any, ...]
    dates: tuple[Any, ...]
    closed: tuple[Any, ...]


@frozen
class Reservation:
    id: int
    code: str
    state: str
    offering: OfferingRef
    user: PersonRef
    party: int
    places: tuple[Place, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str
    expires_at: datetime | None
    position: int | None
    price: Money | None
    created_at: datetime
    confirmed_at: datetime | None
    checked_in_at: datetime | None
    refund: Money | None
    """What came back of a price that was paid, once it is cancelled; in the answer to a move what that gives back."""
    voucher: str | None
    discount: Money | None
    """What the voucher takes off; ``price`` is what is left."""
    charged: Money | None
    """In the answer to a move: what is paid for what is new."""
    forfeited: Money | None
    """What was paid for places that were given back since, and did not come back."""


@frozen
class Appointment(Reservation):
    is_confirmed: bool
    is_expired: bool


@frozen
class Booking(Reservation):
    """A reservation of a resource. ``status`` is queue, active, completed, expired or cancelled."""

    resource: int
    resource_name: str
    start_time: datetime
    end_time: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the things that speak against a reservation, in the words of a refusal."""

    code: str
    title: str
    detail: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class OtherSeats:
    """Seats that are free and next to each other. ``kind`` is seats."""

    kind: str
    seats: tuple[str, ...]
    price: Money | None


@dataclass(frozen=True, slots=True)
class OtherTime:
    """A time that can be had. ``kind`` is slot."""

    kind: str
    start: datetime
    end: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class OtherOffering:
    """The same on another date, with room for as many. ``kind`` is offering."""

    kind: str
    offering: OfferingRef
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str
    available: int
    price: Money | None


@dataclass(frozen=True, slots=True)
class SmallerParty:
    """How many places can be had. ``kind`` is party."""

    kind: str
    party: int


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """The position one would have in the queue. ``kind`` is queue."""

    kind: str
    position: int


Alternative = OtherSeats | OtherTime | OtherOffering | SmallerParty | PlaceInLine


@dataclass(frozen=True, slots=True)
class Why:
    """Whether a reservation is possible now, which state it would have, and else every reason why not.

    The weightiest reason comes first: it is the one that refuses. Alternatives are there where nothing is free, too.
    """

    possible: bool
    state: str | None
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a reservation's history. ``before`` and ``after`` say what a change of place or time changed."""

    n: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    actor: str
    reason: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the trail. ``before`` and ``after`` have only what changed; None: it was not there, or is gone."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class TicketCode:
    """What is shown at the door for a reservation, and its picture."""

    code: str
    ticket: str
    svg: str


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """The secret address of a feed: whoever knows it can read that."""

    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One mail. ``text`` and ``html`` are rendered when shown; in lists they are None."""

    id: int
    to: str
    subject: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None
    text: str | None
    html: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class WalletRef:
    """A wallet as transfers name it. ``account`` says what it is: see `Wallet`."""

    id: int
    account: str
    user: PersonRef | None


@dataclass(frozen=True, slots=True)
class Wallet:
    """Money in one currency.

    ``account`` is ``person`` (what somebody can spend), ``organizer`` (what somebody earned with their offerings),
    ``house`` (what offerings of nobody in particular earned) or ``outside`` (where money comes from and goes to).
    ``balance`` counts posted rows, ``held`` the pending ones, ``available`` is the difference.
    """

    id: int
    user: PersonRef | None
    balance: Money
    held: Money
    available: Money
    account: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One row of the ledger; rows never change.

    A payment is a pending row when places are held, and then one more row, posted or voided, that points back at it
    by ``first``; so does a refund.
    """

    id: int
    kind: str
    state: str
    amount: Money
    from_: WalletRef
    to: WalletRef
    reservation: int | None
    created_at: datetime
    first: int | None
    offering: OfferingRef | None


@dataclass(frozen=True, slots=True)
class Entry(Transfer):
    """A row of the ledger as one wallet sees it: what it changed, and the wallet's figures after it."""

    change: Money
    balance: Money
    held: Money


@dataclass(frozen=True, slots=True)
class Voucher:
    """A code that takes an ``amount`` or a ``percent`` off a price.

    ``uses`` and ``per_person`` are how many reservations may be made with it, None for any number; ``used`` is how many
    there are, without those that were cancelled or lapsed. ``offering`` None is any.
    """

    id: int
    code: str
    amount: Money | None
    percent: int | None
    offering: OfferingRef | None
    uses: int | None
    per_person: int | None
    used: int
    from_: datetime | None
    until: datetime | None
    created_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A program elsewhere that is told of ``events``, until it is disabled."""

    id: int
    url: str
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that a webhook was or is to be told. ``status`` is what it answered last."""

    id: int
    webhook: int
    type: str
    message_id: str
    state: str
    attempts: int
    due_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    status: int | None
    last_error: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class ClassSeats:
    class_id: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class OfferingSeats:
    offering_id: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class KindFigures:
    """What a report says of classes, of another kind."""

    total: int
    total_users_enrolled: int
    confirmed_seats: tuple[OfferingSeats, ...]
    active: int
    upcoming: int
    completed: int


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of document 0, and the same of the other kinds."""

    total_classes: int
    total_users_enrolled: int
    confirmed_seats: tuple[ClassSeats, ...]
    active_classes: int
    upcoming_classes: int
    completed_classes: int
    events: KindFigures
    matches: KindFigures
    appointments: KindFigures
    resources: KindFigures


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A keyset page of something that grows; ``next`` is the cursor of the following page."""

    results: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Numbered(Generic[T]):
    """A numbered page of something that stays small: how many there are in all, and this page."""

    results: tuple[T, ...]
    count: int
    page: int
    page_size: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor` or of `audit`: what was looked at, whether it is well, and what to do if not."""

    name: str
    ok: bool
    detail: str
    hint: str | Hint | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """All that a database held at a moment, in a file or in another database, or back from there."""

    from_: str
    to: str
    as_of: datetime
    revision: str
    rows: int
    seconds: float
    tables: dict[str, int]
    """Rows by table."""
    same_key: bool
    """Whether codes, links and logins in it were made with the secret key that is at hand."""


Outcome = Reservation | dict[str, Any] | ClassbookError
"""What became of one ask: the reservation, the stored answer of an earlier request with the same key, or a refusal."""


def shown_name(field: str) -> str:
    """The name of a dataclass's field in answers: ``from`` is no name in Python, so there it is ``from_``."""
    return field.rstrip("_")


@cache
def _names(kind: type) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass, as they are shown and as they are called."""
    return tuple((shown_name(field.name), field.name) for field in fields(kind))


_AS_IT_IS: Final = frozenset({str, int, bool, float, NoneType})


def plain(value: Any) -> Any:
    """The JSON-ready form of a value: dicts, lists, strings, numbers, booleans and None.

    Instants become ISO 8601 in UTC, money ``{"amount": "12.50", "currency": "EUR"}``.
    """
    made_of = type(value)
    if made_of in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    if is_dataclass(made_of):
        # Most fields are as they are: to ask here saves a call for each.
        return {
            shown: item if type(item := getattr(value, name)) in _AS_IT_IS else plain(item)
            for shown, name in _names(made_of)
        }
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"no plain form for {made_of.__name__}")


def iso(instant: datetime) -> str:
    """An instant as ISO 8601 in UTC, ending in Z."""
    return _iso(instant.astimezone(UTC))


@lru_cache(maxsize=1024)
def _iso(instant: datetime) -> str:
    """The same of one in UTC, where equal is the same. In a rush all answers tell the same few."""
    return instant.replace(tzinfo=None).isoformat() + "Z"
