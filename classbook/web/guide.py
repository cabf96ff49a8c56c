"""What the API document says in words: how to begin, what there is, and what parameters and fields mean."""

from __future__ import annotations

from typing import Final

GUIDE: Final = """\
Books places by one law: nothing is sold twice.

**The first booking**

1. `POST /api/v0/auth/signup/` with an address, a password and a name. A mail brings six digits.
2. `POST /api/v0/auth/verify/` with the address and these digits: now there is an account.
3. `POST /api/v0/auth/login/` answers with two tokens. Send `Authorization: Bearer ACCESS` from now on (on this page:
   *Authorize*). The access token is good for some minutes; before it ends, or after, `POST /api/v0/auth/refresh/`
   exchanges the refresh token for two new ones. Each refresh token is good once. Logging out, or a new password, ends
   a login; an access token in use still lasts its minutes.
4. `GET /api/v0/classes/`, and `events`, `matches`, `providers` and `resources` in the same way, say what can be booked.
   Nobody has to be logged in to look. Of providers and resources ask for the free times: `slots/`; of matches for the
   seats: `seats/`.
5. Reserve: `POST /api/v0/classes/reserve-seat/`, `/events/{id}/reserve/`, `/matches/{id}/reserve/`, `/appointments/` or
   `/bookings/create/`. All of them answer with a reservation.
6. Look at its `state`. `held`: confirm it before `expires_at`, with `POST /api/v0/reservations/{reservation}/confirm/`,
   as `policy.confirm` of the offering asks for it: `code` (send `otp`, the six digits of the mail), `self` (your word
   is enough), `payment` (the wallet pays; `POST /api/v0/wallets/{wallet}/charge/` fills it). `confirmed`: it is yours.
   `queued`: you are in line, and a mail tells when something was offered to you, which then is `held`.
7. `POST /api/v0/reservations/{reservation}/move/` changes the time, the seats or the number, `cancel/` gives it back,
   `ticket/` is what is shown at the door, where `check-in/` says that somebody came. `GET /api/v0/calendars/me/` is the
   address of one's bookings as a calendar.

**What holds everywhere**

- Times in answers are ISO 8601 in UTC, with the time zone of the place beside them as `timezone`. A time that is sent
  without an offset is local time there.
- Money is `{"amount": "12.50", "currency": "EUR"}`. Where an amount is sent, `"12.50"` will do.
- Ids are whole numbers; a reservation is found by its `code`, too. Ids of offerings are of one row: no class has the id
  of a match.
- Refusals are `application/problem+json`: `code` is stable, `detail` says what happened, `hint` what to do next. Every
  operation lists its codes, with an example of each. What `GET /api/v0/offerings/{id}/why/` says, it says without
  reserving anything.
- Lists of what is offered have numbered pages (`page`, `page_size`, `next` is an address). Lists that grow have
  `next`, a cursor: send it back as `cursor`, until it is null.
- `Idempotency-Key` makes any POST safe to repeat for a day. `If-Match` with the `ETag` of an offering refuses a change
  if somebody else was faster.
- After 429 and 503, and some 409, `Retry-After` says in how many seconds it is worth another try.
"""

TAGS: Final = {
    "auth": "Who one is: signing up, logging in, passwords.",
    "classes": "With places, at a time that the house picks. Organizers make them.",
    "events": "The same for everybody: any member may make one, and who reserves has a place at once.",
    "matches": "With numbered seats and price categories. A ticket is one seat of a match. Administrators make them.",
    "stadiums": "Where matches are, and their seat plans. Administrators make them.",
    "providers": "People who give appointments, their opening hours and free slots; and clients, who are members. "
    "Organizers and administrators make them.",
    "appointments": "A slot with a provider.",
    "resources": "Rooms and equipment, their opening hours and free times. Administrators make them.",
    "bookings": "Spans of resources, with a queue where all is taken.",
    "reservations": "Whatever was reserved, of any kind: confirm, move, cancel, check in.",
    "offerings": "Why something cannot be had, and what can be had instead, of any kind.",
    "wallets": "What people can spend, and the ledger.",
    "vouchers": "Codes that take something off a price.",
    "calendars": "Feeds to subscribe to, behind secret addresses.",
    "users": "What is kept about a person.",
    "report": "Figures, for organizers and administrators.",
    "holds": "What somebody holds and keeps from others, for administrators.",
    "history": "Who changed what, for administrators.",
    "health": "Whether the server works.",
}
"""By tag, in the order in which they are met."""

PARAMETERS: Final = {
    "id": "Its id.",
    "reservation": "Its id, or its code.",
    "wallet": "The id of the wallet.",
    "match": "The id of the match.",
    "seat": "The label of the seat: `STAND-ROW-SEAT`.",
    "venue": "The id of the stadium.",
    "token": "The secret part of the address.",
    "code": "The code of the voucher; large and small letters are the same.",
    "type": "Only those of this type, as whoever made them wrote it.",
    "status": "Only those with this status.",
    "state": "Only those in this state.",
    "offering": "Only those of this offering.",
    "resource": "Only those of this resource.",
    "page": "Which page, from 1 on.",
    "page_size": "How many on a page.",
    "limit": "How many at most.",
    "cursor": "`next` of the page before.",
    "party": "How many places.",
    "best": "The best seats beside each other: how many.",
    "category": "With `best`: of this price category, or of this stand.",
    "strict": "With `best`: rather none than leave a single seat behind.",
    "queue": "Whether one would wait in line; left out, the policy decides.",
}
"""What a parameter means where its operation says nothing else."""

FIELDS: Final = {
    "id": "Its number; it never changes.",
    "code": "What people call it by, like `R-7KX9-2MQP`.",
    "kind": "`class`, `event`, `match`, `appointment` or `resource`.",
    "type": "As whoever made it wrote it, to filter by.",
    "description": "In words, maybe empty.",
    "starts_at": "In UTC; null where the client picks the time.",
    "ends_at": "In UTC.",
    "timezone": "Where the times are local times, like `Europe/Berlin`.",
    "capacity": "How many places there are.",
    "reserved": "How many are held, confirmed or used; overdue holds are not.",
    "available": "What a newcomer could take now.",
    "price": "Of one place, or of the whole reservation; null is free.",
    "creator": "Who made it; null is the house.",
    "venue": "Where it is.",
    "policy": "The terms of booking. `confirm` says what makes a hold definite; durations are seconds.",
    "version": "Counts changes; it is the `ETag`.",
    "party": "How many places.",
    "places": "Which places; `seat` is the label of a numbered one. Empty in the queue and once it is over.",
    "expires_at": "Until when a hold has to be confirmed; null in any other state.",
    "position": "In the queue, from 1 on; null in any other state.",
    "created_at": "When it was made.",
    "confirmed_at": "When it became definite.",
    "checked_in_at": "When somebody came.",
    "refund": "What came back of what was paid; in the answer to a move what that gives back.",
    "charged": "In the answer to a move: what is paid for what is new.",
    "forfeited": "What was paid for places that were given back since, and did not come back.",
    "voucher": "The code that was named.",
    "discount": "What the voucher took off.",
    "balance": "What is there.",
    "held": "What of it is reserved for what is not confirmed yet.",
    "next": "The cursor of the following page; null on the last one.",
    "count": "How many there are on all pages.",
    "access": "For `Authorization: Bearer`; good for some minutes.",
    "refresh": "For one refresh.",
}
"""What a field of an answer means, in whatever shape."""

FIELDS_OF: Final = {
    ("Reservation", "state"): "`queued`, `held`, `confirmed`, `completed`, `cancelled` or `expired`.",
    ("Why", "state"): "What the reservation would be; null where there can be none.",
    ("SeatState", "state"): "`free`, `held`, `sold` or `blocked`.",
    ("SeatState", "mine"): "Whether whoever asks has it.",
    ("Transfer", "state"): "`pending`, `posted` or `voided`; rows never change, a later one points back by `first`.",
    (
        "Offering",
        "status",
    ): "`upcoming`, `ongoing`, `completed`, `cancelled`, or `open` where the client picks the time.",
    ("Booking", "status"): "`queue`, `active` (held and confirmed), `completed`, `expired` or `cancelled`.",
    ("Numbered", "next"): "The address of the following page; null on the last one.",
    ("Ticket", "id"): "`MATCH:LABEL`, as in the path.",
    ("Transfer", "kind"): "`top_up`, `withdrawal`, `payment` or `refund`.",
    ("Wallet", "available"): "What can be spent: the balance without what is held.",
    ("Voucher", "code"): "What is typed in.",
    ("Reason", "code"): "The code of a refusal.",
    ("Dated", "code"): "Why it was skipped: the code of a refusal.",
    ("Dated", "status"): "`created` or `skipped`.",
    ("OtherSeats", "kind"): "`seats`.",
    ("OtherTime", "kind"): "`slot`.",
    ("OtherOffering", "kind"): "`offering`.",
    ("SmallerParty", "kind"): "`party`.",
    ("PlaceInLine", "kind"): "`queue`.",
}
"""What a field means in one shape and in those that are built on it."""

ANYWHERE: Final = {
    "user_id": "For whom: only administrators name somebody else. Left out, oneself.",
    "user": "Whose it is; in a request for whom, which only administrators say.",
    "class_id": "The id of the class.",
    "party": "How many places.",
    "reason": "Why; who is concerned reads it.",
    "password": "8 to 128 characters; common ones and one's own name or address are refused.",
    "new_password": "8 to 128 characters; common ones and one's own name or address are refused.",
    "role": "`member`, `organizer`, `provider` or `admin`.",
    "account": "`person` (to spend), `organizer` or `house` (earned), or `outside` (where money comes from and goes).",
    "results": "What is on this page.",
    "message": "For people to read.",
    "label": "`STAND-ROW-SEAT`, like `A-3-12`.",
    "category": "The price category: the stand, where it has none.",
    "slot": "How long an appointment is, like `15m`.",
    "max_slots": "How many bookings it takes at one time.",
    "is_confirmed": "Whether it is confirmed or was completed.",
    "first": "The row that this one resolves or gives back from.",
    "change": "What it did to the balance of this wallet.",
    "amount": "In digits, with a point.",
    "currency": "Three letters (ISO 4217).",
    "possible": "Whether it could be reserved now.",
    "reasons": "Everything that speaks against it, the weightiest first.",
    "alternatives": "What could be had instead.",
    "ticket": "What is shown at the door: the code with six more letters.",
    "svg": "Its QR code.",
    "url": "Secret: whoever knows it can read the calendar.",
    "weekly": "Rules for days of the week.",
    "dates": "Rules for single dates; they take the place of the weekly ones.",
    "closed": "Dates, or `FROM..TO`, that are closed.",
}
"""What a field means, in bodies and in answers, where nothing else is said of it."""

TERMS: Final = {
    "confirm": "What makes a hold definite: `code` (mailed), `self` (the person's word), `payment` (the wallet pays), "
    "`none` (it is definite at once).",
    "hold_seconds": "How long places are held for confirmation, never past the start.",
    "offer_seconds": "How long a place is held for the next in line.",
    "notice_seconds": "How long before the start booking ends.",
    "horizon_seconds": "How far ahead can be booked; null for any time.",
    "party_max": "Places in one reservation at most.",
    "once": "Whether one person has one reservation of it at a time.",
    "max_per_person": "Places of one person in it at most.",
    "per_day": "Reservations of one person on one day.",
    "on_second": "What becomes of one more on such a day: `reject`, or `replace` the earlier one.",
    "open_holds": "Holds one person may have open anywhere, when this is to be one more; 0 for any number.",
    "pause_after_lapses": "How many lapsed holds of one person within a day bring a pause; 0 for never.",
    "cancel_until_seconds": "How long before the start one may still cancel.",
    "refund_full_seconds": "How long before the start all comes back; null as long as one may cancel.",
    "refund_share_percent": "What comes back after that, of each hundred.",
    "refund_share_seconds": "How long before the start that share comes back; after that, nothing.",
    "queues": "Whether who finds nothing free waits in line without asking for it.",
    "slot_seconds": "The length of a slot; 0 where any span may be asked for.",
    "grid_seconds": "Spans begin on this grid, counted from the opening; 0 for none.",
    "min_seconds": "The shortest span.",
    "max_seconds": "The longest span; null for any.",
    "before_seconds": "Kept free before each booking.",
    "after_seconds": "Kept free after each booking.",
    "check_in": "Whether a booking lapses where nobody checks in.",
    "check_in_from_seconds": "How long before the start one may check in.",
    "grace_seconds": "How long after the start a missing check-in is waited for; null until the end.",
}
"""What the terms of an offering mean."""


def field_said(shape: type, name: str) -> str | None:
    """What a field of a shape means: what is said of the shape itself, or of what it is built on, goes first."""
    of_shape = (FIELDS_OF.get((built_on.__name__, name)) for built_on in shape.__mro__)
    return next(filter(None, of_shape), FIELDS.get(name))
