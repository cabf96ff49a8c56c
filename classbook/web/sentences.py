"""What refusals look like, for the documentation: each with the words it has in the house of `examples`.

A refusal has the words of its code, unless something else is said under the same tag or by that operation itself.
"""

from __future__ import annotations

from typing import Any, Final

from classbook.errors import ClassbookError, Hint, problem
from classbook.web.problems import STATUS
from classbook.web.steps import REQUESTS

_REQUEST_ID: Final = "0d1bf63f937d4c61a2b9e8f05c7d1a34"

Words = tuple[str, str | Hint | None]
"""What happened, and what to do next."""

_OFFERING: Final = "There is no offering 99."
_NO_RESERVATION: Final[Words] = (
    "There is no such reservation.", Hint("{} shows which there are.", "list reservations"),
)  # fmt: skip
_IN_LINE: Final = Hint("With {} you are told when a place is free.", "wait in line")
_ASK: Final = "Ask an organizer or an administrator."
_FREED: Final = "Reserve again: there may still be places."


def _list(kind: str) -> Hint:
    return Hint("{} shows what there is.", f"list {kind}")


_WORDS: Final[dict[str, Words]] = {
    "already_reserved": (
        "Ana Lopes has a reservation for {title} already.",
        Hint("Confirm it with {}, or cancel it first.", "confirm", {"reservation": "R-1SZJ-W2FB"}),
    ),
    "bad_credentials": ("The address or the password is not right.", None),
    "bad_span": ("The end (Sun 1 Dec 2030 17:00 UTC) must come after the start.", None),
    "below_notice": (
        "Dr. Pia Sommer must be booked 1d ahead.",
        "The first time that can be booked now is Tue 26 Nov 2030 08:00 UTC.",
    ),
    "busy": ("The database is busy.", "Try again in a moment."),
    "changed_meanwhile": ("{title} is at version 2 by now, not 1.", None),
    "exists": ("There is a person with the address ana@example.org already.", None),
    "hold_expired": ("The hold has expired.", _FREED),
    "insufficient_funds": (
        "It costs 25.00 EUR, and 0.00 EUR is available in the wallet.", "Top up the wallet by 25.00 EUR or more.",
    ),
    "internal": ("Something went wrong on our side.", None),
    "invalid": ("colour is not known here.", None),
    "key_reused": ("The request key '7f3d2a' was used for another request.", "Take a new key."),
    "limit_reached": ("A reservation has at most 10 places, not 11.", None),
    "not_allowed_now": ("The reservation is cancelled; only a hold can be confirmed.", None),
    "not_found": _NO_RESERVATION,
    "not_logged_in": ("This needs a login.", "Send the header `Authorization: Bearer ACCESS_TOKEN`."),
    "not_yours": ("{title} belongs to somebody else.", None),
    "offering_cancelled": ("{title} was cancelled.", None),
    "offering_closed": ("{title} began on Sun 1 Dec 2030 18:00 UTC.", None),
    "outside_schedule": (
        "Tue 3 Dec 2030 12:15 UTC to Tue 3 Dec 2030 12:30 UTC is outside the opening hours. "
        "On Tue 2030-12-03 it is open 08:00-11:00. The next open time for 15m is Tue 10 Dec 2030 08:00 UTC.", None,
    ),
    "seat_taken": ("A-3-12 and A-3-13 are taken.", None),
    "sold_out": ("{title} is sold out.", _IN_LINE),
    "span_taken": ("Conference Room A is taken at that time.", "Choose another time or another place."),
    "too_early": ("{title} can be booked for that time from Sun 1 Dec 2030 17:00 UTC on.", None),
    "too_large": ("A request may have at most 64 KiB.", None),
    "too_late": ("{title} could be cancelled until Sat 30 Nov 2030 18:00 UTC.", None),
    "too_many_guesses": ("Too many wrong codes.", "Cancel the hold and reserve again."),
    "too_many_requests": ("You have named too many vouchers that there are not.", "Try again in 15 minutes."),
    "unavailable": ("The database cannot be used now.", "Try again in a moment."),
    "unknown_seat": ("There is no row '99' in stand A.", "Its rows: 1, 2, 3, ..., 30."),
    "wrong_code": ("That code is not right; 4 more tries.", "The code is in the newest mail for this reservation."),
}  # fmt: skip
"""By code. ``{title}`` is what the operation is about."""

_TITLES: Final = {
    "events": "Open day",
    "matches": "Lions - Bears",
    "bookings": "Conference Room A",
    "resources": "Conference Room A",
    "appointments": "Dr. Pia Sommer",
    "providers": "Dr. Pia Sommer",
}
_MOST_OFTEN: Final = "Evening yoga"

_MAKES: Final = "create_class create_event create_resource"
_TAKES: Final = "reserve_class reserve_event reserve_match reserve_ticket create_booking create_appointment"
_GIVES_BACK: Final = (
    "cancel_class_seat cancel_reservation give_reservation_back delete_reservation cancel_ticket cancel_booking"
)
_KINDS: Final = ("class", "event", "match", "provider", "resource")
_CHANGES: Final = " ".join(f"replace_{one} change_{one} cancel_{one}" for one in _KINDS)
_ADMIN: Final[Words] = ("Only an administrator may do that.", None)
_ADDRESS: Final[Words] = ("Your address is not verified yet.", "Enter the code that was mailed to you first.")

_ELSEWHERE: Final[dict[str, dict[str, Words]]] = {
    "bad_credentials": {"set_password": ("The current password is not right.", None)},
    "bad_span": {
        "create_booking create_appointment move_reservation": ("The end must come after the start.", None),
        "list_appointments list_provider_slots list_resource_slots": (
            "Free times are shown for at most 92 days, and the end comes after the start.", None,
        ),
        "create_voucher": ("A voucher must end after it begins.", None),
    },
    "exists": {
        "create_provider": ("Dr. Pia Sommer is a provider already.", None),
        "create_voucher": ("There is a voucher SPRING-26 already.", None),
    },
    "hold_expired": {
        _GIVES_BACK: ("The hold has expired.", "There is nothing to cancel: its places are free again."),
    },
    "insufficient_funds": {
        "withdraw_from_wallet": ("0.00 EUR is available in the wallet, not 5.00 EUR.", None),
    },
    "invalid": {
        "with_version": ('If-Match must be the ETag of an earlier answer, like "3".', None),
        "with_page": ("page must be at least 1.", None),
        "with_limit": ("limit must be at most 200.", None),
        "list_match_seats": ("best must be at least 1.", None),
        "list_prices": ("match must be at least 1.", None),
        "why_not": ("party must be a whole number.", None),
        "read_report": (
            "'soon' is not a date classbook can read.",
            "Write it as 2026-12-01T18:00 (an offset like +01:00 or Z may follow), '2026-12-01 18:00', 2026-12-01, "
            "'today 18:00', 'tomorrow 9am', 'fri 18:00', +3d, +2h.",
        ),
    },
    "limit_reached": {
        "create_appointment": (
            "Ana Lopes has an appointment with Dr. Pia Sommer on that day already.",
            "Cancel or move it, or choose another day.",
        ),
        "charge_wallet": ("A wallet holds at most 100000000000.00 EUR.", None),
    },
    "not_allowed_now": {
        "list_vouchers create_voucher read_voucher cancel_voucher": _ADDRESS,
        f"{_TAKES} {_MAKES} create_match create_provider": _ADDRESS,
        _CHANGES: ("2 places of {title} are taken; it cannot have only 1.", "Cancel reservations first."),
        " ".join(f"delete_{one}" for one in _KINDS): (
            "{title} has been reserved and stays on record.", "Cancel it instead.",
        ),
        "confirm_class_seat": ("The reservation is cancelled; only a hold can be confirmed.", None),
        _GIVES_BACK: ("The reservation is completed already.", None),
        "release_match_seats": ("A-3-14 is not blocked.", None),
        "move_reservation": ("The reservation is cancelled.", None),
        "check_in": ("The reservation is held; only a confirmed one can be checked in.", None),
        "read_reservation_ticket": ("The reservation is held; only a confirmed one has a ticket.", None),
        "resend_code": ("This hold needs no code.", "Confirm it without one."),
        "purchase": ("This reservation costs nothing.", "Confirm it instead."),
        "stadiums": (
            "The plan has no seat A-3-12, A-3-13, and somebody has it.",
            "Keep these seats in the plan, or cancel who has them first.",
        ),
        "anonymise_user": (
            "Ana Lopes has reservations that are not over: R-FKNV-25AC.",
            "Cancel them first, or wait until they are over.",
        ),
    },
    "not_found": {
        "classes": ("There is no class 99.", _list("class")),
        "events": ("There is no event 99.", _list("event")),
        "matches": ("There is no match 99.", _list("match")),
        "providers": ("There is no appointment 99.", _list("appointment")),
        "resources": ("There is no resource 99.", _list("resource")),
        "stadiums create_match": ("There is no venue 99.", Hint("{} shows what there is.", "list venues")),
        "offerings": (_OFFERING, None),
        "reserve_class": (_OFFERING, _list("class")),
        "reserve_event": (_OFFERING, _list("event")),
        "reserve_match reserve_ticket": (_OFFERING, _list("match")),
        "create_appointment": (_OFFERING, _list("appointment")),
        "create_booking": (_OFFERING, _list("resource")),
        _MAKES: (_OFFERING, "Name a resource or a provider."),
        "create_voucher read_offering_calendar_link renew_offering_calendar_link": (_OFFERING, None),
        "confirm_class_seat cancel_class_seat": ("There is no reservation for Evening yoga.", "Reserve first."),
        "cancel_ticket": ("You have no ticket for A-3-12.", None),
        "read_appointment change_appointment": ("There is no appointment 99.", None),
        "wallets": ("There is no such wallet.", None),
        "purchase": _NO_RESERVATION,
        "vouchers": ("There is no voucher 'NONE-26'.", "Look at how it is written, or leave it out."),
        "users": ("There is no person 99.", None),
        "holds": ("There is no person 99.", None),
        "calendars": ("This calendar is not there.", None),
    },
    "not_logged_in": {"refresh_login": ("This login is not known here.", "Log in again.")},
    "not_yours": {
        f"{_TAKES} confirm_class_seat cancel_class_seat": ("Only an administrator may act for somebody else.", None),
        "move_reservation": ("Only whose reservation it is may do that.", None),
        "create_class": ("A member may not make a class.", _ASK),
        "create_match": ("A member may not make a match.", _ASK),
        "create_resource": ("A member may not make a resource.", _ASK),
        "create_event": ("You may not take Conference Room A for what you offer.", "Book it, or ask an organizer."),
        "create_provider": ("Only organizers and administrators make providers.", None),
        "add_provider_schedule add_resource_schedule": ("The schedule of {title} is kept by somebody else.", None),
        "stadiums list_clients create_client history holds": _ADMIN,
        "list_reservations list_bookings": ("Only an administrator may see other people's reservations.", None),
        "why_not": ("Only an administrator may ask that for somebody else.", None),
        "vouchers": ("Vouchers are for organizers and administrators.", None),
        "report": ("Reports are for organizers and administrators.", None),
        "wallets": ("Only an administrator may top up a wallet here.", None),
    },
    "offering_cancelled": {"create_class create_event": ("Conference Room A was cancelled.", None)},
    "offering_closed": {
        _CHANGES: ("{title} is completed and cannot be changed.", None),
    },
    "seat_taken": {"block_match_seats release_match_seats": ("A-3-12 is taken.", None)},
    "span_taken": {
        "create_match replace_match change_match": (
            "Riverside is taken at that time.", "Choose another time or another place.",
        ),
        "create_appointment": ("Dr. Pia Sommer is taken at Tue 3 Dec 2030 08:15 UTC.", _IN_LINE),
        "move_reservation": ("Dr. Pia Sommer is taken at Tue 3 Dec 2030 08:15 UTC.", None),
        "create_booking": ("Conference Room A is taken at Mon 2 Dec 2030 10:00 UTC.", _IN_LINE),
    },
    "too_early": {"check_in": ("Check-in for Evening yoga opens on Sun 1 Dec 2030 17:45 UTC.", None)},
    "too_late": {f"{_TAKES} move_reservation": ("Tue 19 Nov 2030 10:15 UTC is over.", "Choose a later time.")},
    "too_many_requests": {
        "resend_code": ("5 codes were mailed for this hold.", "Cancel the hold and reserve again."),
        "sign_up set_password": ("5 mails were sent to this address.", "Try again in 24 hours."),
        "log_in": ("There were too many wrong passwords for this account.", "Try again in 15 minutes."),
        "verify_address refresh_login": (
            "There were too many wrong passwords and codes from where you are.", "Try again in 15 minutes.",
        ),
    },
    "wrong_code": {
        "auth": ("That code is not right.", "The code is in the newest mail; ask once more for another one."),
    },
}  # fmt: skip
"""By code and by where it is said: under which tags, by which operations. What an operation says goes first."""


def sentence(leaf: type[ClassbookError], *places: str) -> tuple[str, dict[str, Any]]:
    """A refusal as an example, and a name for it: in the words of the first of these places that has its own.

    The last place is the tag. What has a title in it is named after the tag, too.
    """
    elsewhere = {place: words for where, words in _ELSEWHERE.get(leaf.code, {}).items() for place in where.split()}
    place = next((place for place in places if place in elsewhere), None)
    detail, hint = elsewhere[place] if place else _WORDS[leaf.code]
    title = _TITLES.get(places[-1])
    if title and "{title}" in detail:
        place = f"{place}.{title}" if place else places[-1]
    error = leaf(detail.format(title=title or _MOST_OFTEN), hint=hint)
    name = f"{leaf.code}.{place}" if place else leaf.code
    return name, problem(error, status=STATUS[leaf.category], request_id=_REQUEST_ID, steps=REQUESTS)
