"""Where one can go from an answer, for the API document: which operation takes what is known from it.

What a link leads to may refuse, as it says itself: a reservation that is read may have any state.
"""

from __future__ import annotations

from typing import Any, Final

Links = dict[str, dict[str, Any]]
"""Links by their names, as OpenAPI has them."""

_ID: Final = "$response.body#/id"
_FIRST: Final = "$response.body#/results/0/id"


def _to(operation_id: str, parameters: dict[str, str] | None = None, body: Any = None) -> Links:
    """A link with the name of what it leads to."""
    link: dict[str, Any] = {"operationId": operation_id}
    if parameters:
        link["parameters"] = parameters
    if body is not None:
        link["requestBody"] = body
    return {operation_id: link}


# --- offerings -----------------------------------------------------------------------------------------------------


def _taking(one: str, id: str) -> Links:
    """How something is reserved: at once, or once a time or a seat is found."""
    match one:
        case "class":
            return _to("reserve_class", body={"class_id": id})
        case "event":
            return _to("reserve_event", {"id": id})
        case "match":
            return (
                _to("list_match_seats", {"id": id})
                | _to("list_tickets", {"match": id})
                | _to("list_prices", {"match": id})
                | _to("reserve_match", {"id": id}, {"best": 1})
            )
        case _:
            return _to(f"list_{one}_slots", {"id": id}) | _to(f"read_{one}_schedule", {"id": id})


def _opening(one: str) -> dict[str, Links]:
    """From the opening hours of what is booked for a time."""
    id = {"id": "$request.path.id"}
    return {
        f"read_{one}_schedule": _to(f"add_{one}_schedule", id) | _to(f"list_{one}_slots", id),
        f"add_{one}_schedule": _to(f"read_{one}_schedule", id) | _to(f"list_{one}_slots", id),
    }


def _of_offering(one: str) -> Links:
    """From one offering as it is now."""
    version = {"id": _ID, "If-Match": "$response.header.ETag"}
    return (
        _to(f"read_{one}", {"id": _ID})
        | _taking(one, _ID)
        | _to("why_not", {"id": _ID})
        | _to(f"change_{one}", version)
        | _to(f"cancel_{one}", version)
        | _to(f"delete_{one}", version)
        | _to(f"list_{one}_reservations", {"id": _ID})
        | _to("read_offering_calendar_link", {"id": _ID})
    )


def _offerings(one: str, many: str) -> dict[str, Links]:
    """From what every kind answers."""
    whole = _of_offering(one)
    return {
        f"list_{many}": _to(f"read_{one}", {"id": _FIRST}) | _taking(one, _FIRST) | _to("why_not", {"id": _FIRST}),
        f"create_{one}": whole,
        f"read_{one}": whole,
        f"change_{one}": whole,
        f"replace_{one}": whole,
        f"cancel_{one}": _to(f"read_{one}", {"id": _ID}) | _to(f"list_{one}_reservations", {"id": _ID}),
        f"list_{one}_reservations": _READ_FIRST,
    }


# --- reservations --------------------------------------------------------------------------------------------------

_RESERVATION: Final = {"reservation": _ID}
_READ_FIRST: Final = _to("read_reservation", {"reservation": _FIRST}) | _to(
    "read_reservation_history", {"reservation": _FIRST}
)
_ANY: Final = _to("read_reservation", _RESERVATION) | _to("read_reservation_history", _RESERVATION)
_LIVE: Final = (
    _ANY
    | _to("move_reservation", _RESERVATION)
    | _to("cancel_reservation", _RESERVATION)
    | _to("give_reservation_back", _RESERVATION)
    | _to("delete_reservation", _RESERVATION)
)
_HELD: Final = _LIVE | _to("confirm_reservation", _RESERVATION)
_CODED: Final = _HELD | _to("resend_code", _RESERVATION)
_TICKETED: Final = _LIVE | _to("read_reservation_ticket", _RESERVATION)
_CONFIRMED: Final = _TICKETED | _to("check_in", _RESERVATION)
_CLASS: Final = {"class_id": "$response.body#/offering/id"}
_VISIT: Final = _to("read_appointment", {"id": _ID}) | _to("change_appointment", {"id": _ID}, {"is_confirmed": True})

# --- everything else -----------------------------------------------------------------------------------------------


def _of_wallet(id: str) -> Links:
    wallet = {"wallet": id}
    return (
        _to("read_wallet", wallet)
        | _to("read_wallet_statement", wallet)
        | _to("charge_wallet", wallet)
        | _to("withdraw_from_wallet", wallet)
        | _to("purchase", wallet)
        | _to("list_transactions", wallet)
    )


def _of_stadium(id: str) -> Links:
    return (
        _to("read_stadium", {"id": id})
        | _to("read_stadium_seats", {"id": id})
        | _to("list_seats", {"venue": id})
        | _to("create_match", body={"venue_id": id})
    )


def _of_voucher(code: str) -> Links:
    return _to("read_voucher", {"code": code}) | _to("cancel_voucher", {"code": code})


_TOKENS: Final = _to("refresh_login", body={"refresh": "$response.body#/refresh"}) | _to(
    "log_out", body={"refresh": "$response.body#/refresh"}
)
_ADDRESS: Final = {"email": "$response.body#/email"}
_ASKED_TICKET: Final = {"match": "$request.path.match", "seat": "$request.path.seat"}
_FIRST_TICKET: Final = {"match": "$response.body#/results/0/match", "seat": "$response.body#/results/0/label"}
_TICKET: Final = {"match": "$response.body#/match", "seat": "$response.body#/label"}
_WALLET: Final = _of_wallet(_ID)
_STADIUM: Final = _of_stadium(_ID)
_VOUCHER: Final = _of_voucher("$response.body#/code")

LINKS: Final[dict[str, Links]] = {
    "sign_up": _to("verify_address", body=_ADDRESS),
    "verify_address": _to("log_in", body=_ADDRESS),
    "log_in": _TOKENS,
    "refresh_login": _TOKENS,
    "read_me": _to("read_user", {"id": _ID}) | _to("export_user", {"id": _ID}),
    "read_calendar_link": _to("renew_calendar_link"),
    "read_offering_calendar_link": _to("renew_offering_calendar_link", {"id": "$request.path.id"}),
    "list_clients": _to("read_user", {"id": _FIRST}),
    "create_client": _to("read_user", {"id": _ID}),
    **_offerings("class", "classes"),
    **_offerings("event", "events"),
    **_offerings("match", "matches"),
    **_offerings("provider", "providers"),
    **_offerings("resource", "resources"),
    **_opening("provider"),
    **_opening("resource"),
    "list_provider_slots": _to(
        "create_appointment", body={"provider_id": "$request.path.id", "start": "$response.body#/results/0/start"}
    ),
    "list_resource_slots": _to(
        "create_booking",
        body={
            "resource": "$request.path.id",
            "start_time": "$response.body#/results/0/start",
            "end_time": "$response.body#/results/0/end",
        },
    ),
    "list_match_seats": _to(
        "reserve_match", {"id": "$request.path.id"}, {"seats": ["$response.body#/results/0/label"]}
    ),
    "block_match_seats": _to("release_match_seats", {"id": "$request.path.id"}, "$request.body"),
    "release_match_seats": _to("block_match_seats", {"id": "$request.path.id"}, "$request.body"),
    "list_prices": _to("set_prices", body={"match": "$response.body#/results/0/match"}),
    "set_prices": _to("list_prices", {"match": "$response.body#/results/0/match"}),
    "list_tickets": _to("read_ticket", _FIRST_TICKET) | _to("reserve_ticket", _FIRST_TICKET),
    "read_ticket": _to("reserve_ticket", _TICKET),
    "reserve_class": _CODED | _to("confirm_class_seat", body=_CLASS) | _to("cancel_class_seat", body=_CLASS),
    "resend_code": _CODED,
    "reserve_match": _HELD,
    "reserve_ticket": _HELD | _to("cancel_ticket", _ASKED_TICKET),
    "reserve_event": _CONFIRMED,
    "confirm_class_seat": _CONFIRMED | _to("cancel_class_seat", body=_CLASS),
    "confirm_reservation": _CONFIRMED,
    "purchase": _CONFIRMED,
    "check_in": _TICKETED,
    "move_reservation": _LIVE,
    "read_reservation": _CODED | _CONFIRMED,
    "list_reservations": _READ_FIRST,
    "cancel_class_seat": _ANY,
    "cancel_reservation": _ANY,
    "cancel_ticket": _ANY,
    "create_booking": _CONFIRMED | _to("cancel_booking", {"id": _ID}),
    "cancel_booking": _ANY,
    "list_bookings": _READ_FIRST,
    "create_appointment": _HELD | _VISIT,
    "read_appointment": _HELD | _VISIT,
    "change_appointment": _CONFIRMED | _to("read_appointment", {"id": _ID}),
    "list_appointments": _to("read_appointment", {"id": _FIRST}),
    "list_wallets": _of_wallet(_FIRST),
    "read_my_wallet": _WALLET,
    "read_wallet": _WALLET,
    "charge_wallet": _WALLET,
    "withdraw_from_wallet": _WALLET,
    "list_stadiums": _of_stadium(_FIRST),
    "create_stadium": _STADIUM,
    "read_stadium": _STADIUM,
    "set_stadium_seats": _STADIUM,
    "set_seats": _STADIUM,
    "read_stadium_seats": _to("set_stadium_seats", {"id": "$request.path.id"}, "$response.body"),
    "list_vouchers": _of_voucher("$response.body#/results/0/code"),
    "create_voucher": _VOUCHER,
    "read_voucher": _VOUCHER,
    "cancel_voucher": _to("read_voucher", {"code": "$response.body#/code"}),
}
"""By the operation that answers. Where a list goes on is not among them: that follows from its `cursor`."""


def next_page(operation: dict[str, Any]) -> Links:
    """How a list that grows goes on: the same request with its cursor. Nothing for what is no such list."""
    asked = {
        one["name"]: f"$request.{one['in']}.{one['name']}" for one in operation.get("parameters", ()) if one["required"]
    }
    if "cursor" not in {one["name"] for one in operation.get("parameters", ())}:
        return {}
    return {"next": {"operationId": operation["operationId"], "parameters": asked | {"cursor": "$response.body#/next"}}}
