"""What programs elsewhere are told, and how they know that it is true: Standard Webhooks.

Source of names, headers, signature and the schedule of retries: https://github.com/standard-webhooks/standard-webhooks
(spec/standard-webhooks.md).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from classbook.errors import Invalid
from classbook.values import iso

OF_MOVES: Final = {
    "reserve": "reservation.held",
    "queue": "reservation.queued",
    "offer": "reservation.offered",
    "confirm": "reservation.confirmed",
    "move": "reservation.moved",
    "check_in": "reservation.checked_in",
    "cancel": "reservation.cancelled",
    "lapse": "reservation.expired",
    "complete": "reservation.completed",
}
"""What is told of each step of a reservation. That a code was mailed again is nobody else's business."""

OF_OFFERINGS: Final = {
    "create": "offering.created",
    "cancel": "offering.cancelled",
    "delete": "offering.deleted",
}
CHANGED: Final = "offering.changed"
"""What is told of everything else that is done to an offering."""

EVENTS: Final = (*OF_MOVES.values(), *OF_OFFERINGS.values(), CHANGED)

PAUSES_SECONDS: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long to wait after each failure; after the last one it is given up. Three days and a half in all."""
SHARE_OF_CHANCE: Final = 0.2
"""By so much of itself a pause may be longer, so that a receiver that comes back is not asked everything at once."""

_SECRET_PREFIX: Final = "whsec_"
_MOST_LETTERS: Final = 2000


def payload(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The body of an event, ready to be kept and sent as it is. No field of it says who somebody is, but by number."""
    return json.dumps({"type": kind, "timestamp": iso(at), "data": data}, separators=(",", ":"))


def secret(key: bytes, nonce: str) -> str:
    """The secret of a webhook: 256 bits from its nonce in the database and the key outside of it."""
    return _SECRET_PREFIX + b64encode(hmac.new(key, f"webhook\0{nonce}".encode(), hashlib.sha256).digest()).decode()


def headers(secret: str, *, message_id: str, sent_at: datetime, body: str) -> dict[str, str]:
    """The headers that name an attempt to deliver ``body`` and prove where it comes from."""
    seconds = int(sent_at.timestamp())
    signed = f"{message_id}.{seconds}.{body}".encode()
    digest = hmac.new(b64decode(secret.removeprefix(_SECRET_PREFIX)), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }


def pause_seconds(failures: int, *, chance: float) -> float | None:
    """How long to wait after so many failures, with a ``chance`` from 0 to 1; None where it is given up."""
    if failures > len(PAUSES_SECONDS):
        return None
    return PAUSES_SECONDS[failures - 1] * (1 + SHARE_OF_CHANCE * chance)


def clean_url(text: str, *, allow_local: bool) -> str:
    """Where to deliver to. Raises Invalid for what is no address of that sort."""
    url = text.strip()
    if len(url) > _MOST_LETTERS or not url.isascii() or not url.isprintable() or any(c in url for c in ' "<>\\^`{|}'):
        raise Invalid("The address of a webhook has at most 2000 characters, and those of addresses only.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Invalid(f"{url!r} is not an address.", hint="Write it like https://example.org/hooks.") from None
    schemes = ("https", "http") if allow_local else ("https",)
    if parts.scheme not in schemes or not host or port == 0:
        raise Invalid(f"{url!r} does not begin with https://.", hint="Write it like https://example.org/hooks.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("The address of a webhook names no user, password or fragment.", hint="Leave them away.")
    return url


def clean_events(names: list[str]) -> list[str]:
    """Which events, in our order; none named are all of them. Raises Invalid for one there is not."""
    for name in names:
        if name not in EVENTS:
            raise Invalid(f"There is no event {name!r}.", hint=f"One of: {', '.join(EVENTS)}.")
    return [event for event in EVENTS if event in names]
