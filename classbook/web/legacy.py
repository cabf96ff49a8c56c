"""The addresses that the requirement documents write, rewritten to ours before anything is routed.

They are no second API: the same handlers answer, without a redirect, and the schema does not name them.
"""

from __future__ import annotations

import re
from typing import Final

from classbook.web.routes import PREFIX

REWRITTEN: Final = {
    "/auth/": f"{PREFIX}/auth/",
    "/api/auth/": f"{PREFIX}/auth/",
    "/api/stadium/": f"{PREFIX}/stadiums/",
    "/api/seat/": f"{PREFIX}/seats/",
    "/api/match/": f"{PREFIX}/matches/",
    "/api/ticket/": f"{PREFIX}/tickets/",
    "/api/price/": f"{PREFIX}/prices/",
    "/api/wallet/": f"{PREFIX}/wallets/",
    "/api/transaction/": f"{PREFIX}/transactions/",
    "/api/events/": f"{PREFIX}/events/",
    "/api/reservations/": f"{PREFIX}/reservations/",
    "/swagger/": "/api/docs/",
    "/api/v1/appointments/": f"{PREFIX}/appointments/",
    "/api/v1/providers/": f"{PREFIX}/providers/",
    "/api/v1/clients/": f"{PREFIX}/clients/",
    "/resources/": f"{PREFIX}/resources/",
    "/bookings/": f"{PREFIX}/bookings/",
}
"""How a path begins, and how it begins with us. `/api/docs/`, `/api/schema/` and document 0 need no rewriting."""

_BEGINS: Final = re.compile("|".join(map(re.escape, REWRITTEN)))


def rewritten(path: str) -> str:
    """The path as the routes know it; ``path`` ends with a slash."""
    found = _BEGINS.match(path)
    return REWRITTEN[found[0]] + path[found.end() :] if found else path
