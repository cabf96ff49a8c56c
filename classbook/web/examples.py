"""What answers look like, for the documentation: one small house, and what Ana Lopes does in it.

Everything is a value of `classbook.values`, shown as answers show it, so that an example has the fields that the answer
has. What an operation answers follows from the shape of its answer; where the shape leaves it open, as the state of a
reservation, `ANSWERS` says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from classbook.rules.codes import reservation_code
from classbook.rules.kinds import KINDS
from classbook.rules.policy import as_dict
from classbook.values import (
    Appointment,
    Appointments,
    Booking,
    CalendarLink,
    CategoryPrice,
    Change,
    Class,
    ClassSeats,
    Dated,
    Entry,
    Event,
    KindFigures,
    Match,
    Money,
    Move,
    Offering,
    OfferingRef,
    OtherOffering,
    Page,
    Person,
    PersonRef,
    Place,
    PlaceInLine,
    Reason,
    Report,
    Reservation,
    Resource,
    Schedule,
    SeatState,
    Slot,
    SmallerParty,
    Ticket,
    TicketCode,
    Told,
    Transfer,
    Venue,
    VenuePlan,
    VenueSeat,
    Voucher,
    Wallet,
    WalletRef,
    Why,
    plain,
)


def _at(day: int, clock: str, *, month: int = 12) -> datetime:
    """A moment of the year in which all this happens."""
    return datetime.strptime(f"2030-{month:02}-{day:02} {clock}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _euros(amount: str) -> Money:
    return Money(round(float(amount) * 100), "EUR")


NOW: Final = _at(20, "09:00", month=11)

# --- who is there --------------------------------------------------------------------------------------------------

ANA: Final = Person(3, "ana@example.org", "Ana Lopes", "member", None, "UTC")
_ANA: Final = PersonRef(ANA.id, ANA.email, ANA.name)
_CLEO: Final = PersonRef(2, "cleo@example.org", "Cleo Brandt")
_PIA: Final = PersonRef(4, "pia@example.org", "Dr. Pia Sommer")

# --- what is on offer ----------------------------------------------------------------------------------------------


def _offering(id: int, kind: str, title: str, **more: Any) -> dict[str, Any]:
    """The fields that all kinds have."""
    found: dict[str, Any] = {
        "id": id,
        "kind": kind,
        "title": title,
        "description": "",
        "type": None,
        "status": "upcoming",
        "starts_at": None,
        "ends_at": None,
        "timezone": "UTC",
        "capacity": 1,
        "reserved": 0,
        "price": None,
        "creator": _CLEO,
        "venue": None,
        "policy": as_dict(KINDS[kind].policy),
        "version": 1,
    }
    found |= more
    return found | {"available": found["capacity"] - found["reserved"]}


_NO_FIGURES: Final = KindFigures(0, 0, (), 0, 0, 0)

_EVENING: Final = {"starts_at": _at(1, "18:00"), "ends_at": _at(1, "19:00")}
YOGA: Final = Class(
    **_offering(1, "class", "Evening yoga", type="yoga", capacity=12, reserved=2, **_EVENING),
    seats=12,
)
_OPEN_DAY: Final = Event(
    **_offering(2, "event", "Open day", capacity=50, reserved=1, **_EVENING),
    start_time=_EVENING["starts_at"],
    end_time=_EVENING["ends_at"],
    reserved_slots=1,
    available_slots=49,
)
_GAME: Final = Match(
    **_offering(
        3, "match", "Lions - Bears", capacity=1200, reserved=2, price=_euros("25.00"), creator=None, venue="Riverside",
        starts_at=_at(1, "18:00"), ends_at=_at(1, "20:00"),
    ),
    venue_id=1,
)  # fmt: skip
_DOCTOR: Final = Appointments(
    **_offering(4, "appointment", _PIA.name, status="open", creator=_PIA), provider=_PIA, slot="15m"
)
_ROOM: Final = Resource(
    **_offering(5, "resource", "Conference Room A", status="open", capacity=4, creator=None),
    name="Conference Room A",
    max_slots=4,
)


def _ref(offering: Offering) -> OfferingRef:
    return OfferingRef(offering.id, offering.kind, offering.title)


def _called_off(offering: Any) -> Any:
    """The same, once it was cancelled."""
    gone = {"available_slots": 0, "reserved_slots": 0} if isinstance(offering, Event) else {}
    return replace(offering, status="cancelled", reserved=0, available=0, version=2, **gone)


def _dates(offering: Any) -> Page[Dated]:
    """What a repetition answers: a week later its room is taken."""
    skipped = Dated("2030-12-08", "skipped", None, "span_taken", "Conference Room A is taken at that time.")
    made = replace(offering, reserved=0, available=offering.capacity)
    return Page((Dated("2030-12-01", "created", made, None, None), skipped), None)


_RIVERSIDE: Final = Venue(1, "Riverside", "UTC", 1200)
_PLAN: Final = VenuePlan(
    1,
    "Riverside",
    "UTC",
    4,
    (
        {
            "name": "A",
            "focus": [0.5, 0.0],
            "row": [
                {"name": "1", "seats": ["1", "2"], "x": [0.0, 1.0], "y": [0.0, 0.0]},
                {"name": "2", "seats": ["1", "2"], "x": [0.0, 1.0], "y": [1.0, 1.0]},
            ],
        },
    ),
)
_OPENING: Final = Schedule(
    _DOCTOR.id,
    "UTC",
    ({"days": ["mon", "wed"], "hours": ["08:00-11:00", "12:00-15:00"]},),
    ({"date": "2030-12-04", "hours": ["08:00-11:00"]},),
    ("2030-12-24..2030-12-26",),
)
_SEATS: Final = ("A-3-12", "A-3-13")


def _seat(label: str, state: str, *, mine: bool = False) -> SeatState:
    stand, row, seat = label.split("-")
    return SeatState(stand, row, seat, label, state, _euros("25.00"), stand, mine)


def _ticket(label: str, state: str, *, mine: bool = False) -> Ticket:
    shown = plain(_seat(label, state, mine=mine)) | {"price": _euros("25.00")}
    return Ticket(**shown, id=f"{_GAME.id}:{label}", match=_GAME.id)


# --- what Ana has --------------------------------------------------------------------------------------------------


def _reserved(id: int, offering: Offering, *places: Place, **more: Any) -> dict[str, Any]:
    """The fields of a hold; what is not named here is null."""
    fields = dict.fromkeys(Reservation.__dataclass_fields__) | {
        "id": id,
        "code": reservation_code(id),
        "state": "held",
        "offering": _ref(offering),
        "user": _ANA,
        "party": len(places),
        "places": places,
        "starts_at": offering.starts_at,
        "ends_at": offering.ends_at,
        "timezone": "UTC",
        "expires_at": NOW + timedelta(seconds=offering.policy["hold_seconds"]),
        "created_at": NOW,
    }
    return fields | more


_CONFIRMED: Final[dict[str, Any]] = {
    "state": "confirmed", "expires_at": None, "confirmed_at": NOW + timedelta(minutes=1),
}  # fmt: skip
_OVER: Final[dict[str, Any]] = {"state": "cancelled", "places": (), "expires_at": None}
_QUEUED: Final[dict[str, Any]] = {"state": "queued", "places": (), "party": 1, "expires_at": None, "position": 1}

HELD: Final = Reservation(**_reserved(7, YOGA, Place(None, None, 1)))
_SURE: Final = replace(HELD, **_CONFIRMED)
_HERE: Final = replace(_SURE, checked_in_at=_at(1, "17:50"))
_MOVED: Final = replace(HELD, party=2, places=(Place(None, None, 1), Place(None, None, 2)))
_GIVEN_BACK: Final = replace(HELD, **_OVER)
_GUEST: Final = Reservation(**_reserved(8, _OPEN_DAY, Place(None, None, 1)) | _CONFIRMED)
_IN_LINE: Final = Reservation(**_reserved(8, _OPEN_DAY) | _QUEUED)
_GAME_SEATS: Final = Reservation(
    **_reserved(
        9, _GAME, Place("A", _SEATS[0], 92), Place("A", _SEATS[1], 93), price=_euros("40.00"), voucher="SPRING-26",
        discount=_euros("10.00"),
    )
)  # fmt: skip
_PAID: Final = replace(_GAME_SEATS, **_CONFIRMED)
_ONE_SEAT: Final = Reservation(**_reserved(9, _GAME, Place("A", _SEATS[0], 92), price=_euros("25.00")))
_REFUNDED: Final = replace(_ONE_SEAT, **_OVER | {"confirmed_at": _PAID.confirmed_at, "refund": _euros("25.00")})
_VISIT: Final = Appointment(
    **_reserved(10, _DOCTOR, Place(None, None, 1), starts_at=_at(3, "08:15"), ends_at=_at(3, "08:30")),
    is_confirmed=False,
    is_expired=False,
)
_VISIT_SURE: Final = replace(_VISIT, **_CONFIRMED, is_confirmed=True)
_MEETING: Final = Booking(
    **_reserved(11, _ROOM, Place(None, None, 1), starts_at=_at(2, "10:00"), ends_at=_at(2, "12:00"))
    | _CONFIRMED
    | {"confirmed_at": NOW},
    resource=_ROOM.id,
    resource_name=_ROOM.title,
    start_time=_at(2, "10:00"),
    end_time=_at(2, "12:00"),
    status="active",
)
_MEETING_IN_LINE: Final = replace(_MEETING, **_QUEUED, confirmed_at=None, status="queue")
_MEETING_OVER: Final = replace(_MEETING, **_OVER, status="cancelled")

# --- and what is known of it ---------------------------------------------------------------------------------------

_PURSE: Final = Wallet(2, _ANA, _euros("100.00"), _euros("40.00"), _euros("60.00"), "person")
_PAYMENT: Final = Transfer(
    5,
    "payment",
    "pending",
    _euros("40.00"),
    WalletRef(_PURSE.id, "person", _ANA),
    WalletRef(3, "house", None),
    _GAME_SEATS.id,
    NOW,
    None,
    _ref(_GAME),
)
_TOP_UP: Final = Transfer(
    4, "top_up", "posted", _euros("100.00"), WalletRef(1, "outside", None), _PAYMENT.from_, None, NOW, None, None
)


def _entry(transfer: Transfer, change: str, balance: str, held: str) -> Entry:
    fields = {name: getattr(transfer, name) for name in Transfer.__dataclass_fields__}
    return Entry(**fields, change=_euros(change), balance=_euros(balance), held=_euros(held))


_VOUCHER: Final = Voucher(1, "SPRING-26", None, 20, None, 100, 1, 1, None, _at(31, "00:00"), NOW, None)
_HISTORY: Final = (
    Move(1, "reserve", None, "held", NOW, ANA.email, None, "0d1bf63f937d", None, None),
    Move(2, "confirm", "held", "confirmed", NOW + timedelta(minutes=1), ANA.email, None, "5c2f0a7be114", None, None),
)
_RENAMED: Final = Change(
    12, NOW, _CLEO.email, "update", "offering", YOGA.id, {"title": "Yoga"}, {"title": YOGA.title}, "9e01c4d2aa70"
)
_FULL: Final = Why(
    False,
    None,
    (Reason("sold_out", "There are not enough places left", f"{YOGA.title} is sold out.", None),),
    (
        OtherOffering("offering", replace(_ref(YOGA), id=6), _at(8, "18:00"), _at(8, "19:00"), "UTC", 12, None),
        SmallerParty("party", 1),
        PlaceInLine("queue", 1),
    ),
)
_TICKET: Final = f"{HELD.code}-4F7KQ2"
_LINK: Final = "https://book.example.org/api/v0/calendars/p3.1.hqZ3FfxNTsj--tf5SWyY_Sb28yMwJmE1K9WzgZrreGo.ics"
_ICALENDAR: Final = (
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//classbook//classbook//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
    "NAME:My bookings", "X-WR-CALNAME:My bookings", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H",
    "END:VCALENDAR", "",
)  # fmt: skip
_UNDONE: Final = "Nothing has settled what is due for 6 minutes: is a daemon running?"
_KEPT: Final = {
    "person": plain(ANA) | {"created_at": plain(NOW), "verified_at": plain(NOW)},
    "reservations": [plain(_SURE) | {"history": plain(_HISTORY)}],
    "wallets": [],
    "transfers": [],
    "offerings": [],
    "messages": [],
    "changes_by_them": [],
    "changes_of_them": [],
}


# --- by name -------------------------------------------------------------------------------------------------------


def _listed(*values: Any) -> dict[str, Any]:
    """A page of a list that grows, the last one."""
    return {"results": plain(values), "next": None}


def _plainly(one: Reservation) -> Reservation:
    """A reservation of any kind as lists of all kinds show it."""
    return Reservation(**{name: getattr(one, name) for name in Reservation.__dataclass_fields__})


def _numbered(*values: Any) -> dict[str, Any]:
    """A numbered page, the only one."""
    return {"count": len(values), "next": None, "previous": None, "results": plain(values)}


EXAMPLES: Final[dict[str, Any]] = {
    "Told": Told(ANA.email, "A mail with a code is on its way to this address."),
    "Mailed": Told(ANA.email, "If there is an account with this address, a mail with a code is on its way."),
    "TokenPair": {"access": "eyJhbGciOiJIUzI1NiIs...", "refresh": "eyJhbGciOiJIUzI1NiIs..."},
    "Person": ANA,
    "PersonPage": _listed(ANA),
    "Anonymous": replace(ANA, email="anonymous-3@anonymous.invalid", name="Anonymous"),
    "PersonalData": _KEPT,
    "Class": YOGA,
    "ClassList": _numbered(YOGA),
    "ClassDates": _dates(YOGA),
    "CancelledClass": _called_off(YOGA),
    "Event": _OPEN_DAY,
    "EventList": _numbered(_OPEN_DAY),
    "EventDates": _dates(_OPEN_DAY),
    "CancelledEvent": _called_off(_OPEN_DAY),
    "Match": _GAME,
    "MatchList": _numbered(_GAME),
    "MatchDates": _dates(_GAME),
    "CancelledMatch": _called_off(_GAME),
    "Appointments": _DOCTOR,
    "AppointmentsList": _numbered(_DOCTOR),
    "CancelledAppointments": _called_off(_DOCTOR),
    "Resource": _ROOM,
    "ResourceList": _numbered(_ROOM),
    "CancelledResource": _called_off(_ROOM),
    "Schedule": _OPENING,
    "SlotPage": _listed(
        Slot(_at(3, "08:15"), _at(3, "08:30"), "UTC"),
        Slot(_at(3, "08:30"), _at(3, "08:45"), "UTC"),
    ),
    "LongSlotPage": _listed(Slot(_at(2, "08:00"), _at(2, "18:00"), "UTC")),
    "VenuePage": _listed(_RIVERSIDE),
    "VenuePlan": _PLAN,
    "SeatPlan": {"stand": _PLAN.stand},
    "VenueSeatPage": _listed(VenueSeat(1, "A", "3", "12", _SEATS[0], 11.0, 2.0, "A")),
    "SeatStatePage": _listed(_seat(_SEATS[0], "held", mine=True), _seat("A-3-14", "free")),
    "BlockedSeats": _listed(*(_seat(label, "blocked") for label in _SEATS)),
    "ReleasedSeats": _listed(*(_seat(label, "free") for label in _SEATS)),
    "Ticket": _ticket("A-3-14", "free"),
    "TicketPage": _listed(_ticket(_SEATS[0], "held", mine=True), _ticket("A-3-14", "free")),
    "CategoryPricePage": _listed(CategoryPrice(3, "A", _euros("25.00")), CategoryPrice(3, "B", _euros("12.50"))),
    "Held": HELD,
    "Confirmed": _SURE,
    "CheckedIn": _HERE,
    "Moved": _MOVED,
    "Cancelled": _GIVEN_BACK,
    "EventPlace": _GUEST,
    "Queued": _IN_LINE,
    "HeldSeats": _GAME_SEATS,
    "HeldSeat": _ONE_SEAT,
    "PaidSeats": _PAID,
    "RefundedSeat": _REFUNDED,
    "ReservationPage": _listed(_SURE),
    "EventReservationPage": _listed(_GUEST),
    "MatchReservationPage": _listed(_PAID),
    "AppointmentReservationPage": _listed(_plainly(_VISIT_SURE)),
    "BookingReservationPage": _listed(_plainly(_MEETING)),
    "ReleasedHolds": _listed(_GIVEN_BACK),
    "Appointment": _VISIT,
    "ConfirmedAppointment": _VISIT_SURE,
    "AppointmentPage": _listed(_VISIT),
    "Booking": _MEETING,
    "QueuedBooking": _MEETING_IN_LINE,
    "BookingPage": _listed(_MEETING),
    "ToldBooking": plain(_MEETING_OVER)
    | {"message": "Booking cancelled; whoever is next in the queue is notified."},
    "MovePage": _listed(*_HISTORY),
    "TicketCode": TicketCode(HELD.code, _TICKET, f'<svg xmlns="http://www.w3.org/2000/svg"><title>{_TICKET}</title>...'),
    "CalendarLink": CalendarLink(_LINK),
    "OfferingCalendarLink": CalendarLink(_LINK.replace("/p3.", "/o1.")),
    "Calendar": "\r\n".join(_ICALENDAR),
    "Wallet": _PURSE,
    "WalletPage": _listed(_PURSE),
    "TransferPage": _listed(_PAYMENT, _TOP_UP),
    "EntryPage": _listed(_entry(_PAYMENT, "0.00", "100.00", "40.00"), _entry(_TOP_UP, "100.00", "100.00", "0.00")),
    "Why": _FULL,
    "Voucher": _VOUCHER,
    "VoucherPage": _listed(_VOUCHER),
    "CancelledVoucher": replace(_VOUCHER, cancelled_at=NOW + timedelta(days=1)),
    "Report": Report(
        1, 1, (ClassSeats(YOGA.id, 2),), 1, 1, 0,
        events=_NO_FIGURES, matches=_NO_FIGURES, appointments=_NO_FIGURES, resources=_NO_FIGURES,
    ),
    "ChangePage": _listed(_RENAMED),
    "Ready": {"status": "ready"},
    "Degraded": {"status": "degraded", "problems": [_UNDONE]},
    "Health": {"status": "ok"},
}  # fmt: skip
"""Each by a name: that of the shape it has, where it is the usual one."""

ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "reserve_class": ("Held",),
    "confirm_class_seat": ("Confirmed",),
    "cancel_class_seat": ("Cancelled",),
    "reserve_event": ("EventPlace", "Queued"),
    "reserve_match": ("HeldSeats",),
    "reserve_ticket": ("HeldSeat",),
    "cancel_ticket": ("RefundedSeat",),
    "create_booking": ("Booking", "QueuedBooking"),
    "change_appointment": ("ConfirmedAppointment",),
    "read_reservation": ("Confirmed",),
    "confirm_reservation": ("Confirmed",),
    "cancel_reservation": ("Cancelled",),
    "move_reservation": ("Moved",),
    "check_in": ("CheckedIn",),
    "resend_code": ("Held",),
    "purchase": ("PaidSeats",),
    "release_holds": ("ReleasedHolds",),
    "cancel_class": ("CancelledClass",),
    "cancel_event": ("CancelledEvent",),
    "cancel_match": ("CancelledMatch",),
    "cancel_provider": ("CancelledAppointments",),
    "cancel_resource": ("CancelledResource",),
    "create_class": ("Class", "ClassDates"),
    "create_event": ("Event", "EventDates"),
    "create_match": ("Match", "MatchDates"),
    "list_event_reservations": ("EventReservationPage",),
    "list_match_reservations": ("MatchReservationPage",),
    "list_provider_reservations": ("AppointmentReservationPage",),
    "list_resource_reservations": ("BookingReservationPage",),
    "list_resource_slots": ("LongSlotPage",),
    "block_match_seats": ("BlockedSeats",),
    "release_match_seats": ("ReleasedSeats",),
    "cancel_voucher": ("CancelledVoucher",),
    "set_password": ("Mailed",),
    "anonymise_user": ("Anonymous",),
    "read_offering_calendar_link": ("OfferingCalendarLink",),
    "renew_offering_calendar_link": ("OfferingCalendarLink",),
    "read_calendar": ("Calendar",),
    "read_health": ("Health",),
    "read_readiness": ("Ready", "Degraded"),
}
"""What an operation answers, where the shape of it does not say so."""


def of_answer(operation_id: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the examples of an answer, given its schema."""
    return ANSWERS.get(operation_id) or (schema["$ref"].rpartition("/")[2],)


IN_PATHS: Final[dict[str, dict[str, Any]]] = {
    "classes": {"id": YOGA.id},
    "events": {"id": _OPEN_DAY.id},
    "matches": {"id": _GAME.id, "match": _GAME.id, "seat": _SEATS[0]},
    "stadiums": {"id": _RIVERSIDE.id},
    "providers": {"id": _DOCTOR.id},
    "appointments": {"id": _VISIT.id},
    "resources": {"id": _ROOM.id},
    "bookings": {"id": _MEETING.id},
    "reservations": {"reservation": HELD.code},
    "offerings": {"id": YOGA.id},
    "wallets": {"wallet": _PURSE.id},
    "vouchers": {"code": _VOUCHER.code},
    "calendars": {"id": YOGA.id, "token": _LINK.rpartition("/")[2].removesuffix(".ics")},
    "users": {"id": ANA.id},
}
"""What stands in the paths under a tag."""
