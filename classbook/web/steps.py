"""What a hint's steps are over HTTP: the request to send, or the field that is missing. None for what is neither."""

from __future__ import annotations

from typing import Final

from classbook.errors import Steps

REQUESTS: Final[Steps] = {
    "confirm": "`POST /api/v0/reservations/{reservation}/confirm/`",
    "cancel": "`POST /api/v0/reservations/{reservation}/cancel/`",
    "list reservations": "`GET /api/v0/reservations/`",
    "list class": "`GET /api/v0/classes/`",
    "list event": "`GET /api/v0/events/`",
    "list match": "`GET /api/v0/matches/`",
    "list appointment": "`GET /api/v0/providers/`",
    "list resource": "`GET /api/v0/resources/`",
    "list venues": "`GET /api/v0/stadiums/`",
    "list people": None,
    "list mails": None,
    "list webhooks": None,
    "enable webhook": None,
    "list deliveries": None,
    "see free times": "`GET /api/v0/providers/{{id}}/slots/`",
    "add seats": "`POST /api/v0/stadiums/{venue}/seats/`",
    "withdraw": "`POST /api/v0/wallets/{wallet}/withdraw/`",
    "wait in line": '`"queue": true`',
    "name an actor": None,
    "agree": None,
    "name a person": None,
    "name a field": "`name`",
    "only look": None,
    "migrate": "the migrations on the server",
    "repair": None,
    "examine": None,
}
