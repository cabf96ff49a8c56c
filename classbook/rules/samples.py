"""Made-up letters, one of each kind: to look at, and to try templates with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from classbook.rules.letters import KINDS, Facts, Letter, render, words
from classbook.rules.states import CONFIRMED

_START: Final = datetime(2027, 3, 5, 17, tzinfo=UTC)
_FACTS: Final = Facts(
    name="Ana Example",
    title="Yoga for beginners",
    where="The old mill",
    starts_at=_START,
    ends_at=_START + timedelta(minutes=90),
    party=2,
    expires_at=datetime(2027, 3, 4, 8, 5, tzinfo=UTC),
    reservation_code="R-7KX9-2MQP",
    ticket="R-7KX9-2MQP-4F7KQ2",
)
_MORE: Final = {
    "cancelled": {"reason": "The coach is ill.", "whole_offering": True, "paid": "25.00 EUR", "refund": "25.00 EUR"},
    "moved": {"paid": "12.50 EUR", "refund": "6.25 EUR", "charged": "15.00 EUR"},
    "changed": {"old_title": "Yoga", "old_starts_at": _START - timedelta(days=1)},
    "expired": {"lapsed_from": CONFIRMED},
}
_CODES: Final = dict.fromkeys(("held", "offered", "verify", "reset", "login", "welcome"), "271828")
_LINKS: Final = dict.fromkeys(("held", "offered"), "confirm/1.1.c2FtcGxlLCBub3QgYSByZWFsIG9uZQ/")


def sample(kind: str, *, address: str, timezone: str) -> tuple[Letter, dict[str, object]]:
    """A letter of this kind about something that never was, and the words that a template for it is given.

    ``address`` is what its links begin with.
    """
    page = f"{address}/my/{_FACTS.reservation_code}/"
    facts = replace(_FACTS, timezone=timezone, page=page, **_MORE.get(kind, {}))  # type: ignore[arg-type]
    code, way = _CODES.get(kind), _LINKS.get(kind)
    link = f"{address}/{way}" if way else None
    letter = render(kind, facts, code=code, link=link)
    return letter, words(facts, letter, code=code, link=link)


def all_words(*, address: str, timezone: str) -> dict[str, dict[str, object]]:
    """The words of a sample of every kind."""
    return {kind: sample(kind, address=address, timezone=timezone)[1] for kind in KINDS}
