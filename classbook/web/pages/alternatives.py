"""What could be had instead of what was refused (`core.advice`), as the buttons and links of a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from classbook.app import App
from classbook.core import advice
from classbook.core.asks import Reserve
from classbook.errors import ClassbookError
from classbook.values import Alternative, OtherOffering, OtherSeats, OtherTime, PlaceInLine, SmallerParty
from classbook.web.pages import words


@dataclass(frozen=True, slots=True)
class Instead:
    """One way on: the page of another offering, or else the fields of a form that books it."""

    words: str
    offering_id: int | None = None
    fields: tuple[tuple[str, str], ...] = ()


def instead_of(app: App, ask: Reserve) -> tuple[Instead, ...]:
    """What to offer to somebody whose ask was just refused; nothing where that cannot be told."""
    try:
        # Without its voucher: whether that is good is told by the desk alone, which counts guesses.
        found = advice.why(app, replace(ask, voucher=None)).alternatives
    except ClassbookError:
        return ()
    return tuple(_shown(one, ask) for one in found)


def _shown(one: Alternative, ask: Reserve) -> Instead:
    match one:
        case OtherSeats():
            price = f", {one.price}" if one.price else ""
            return _booking(f"{', '.join(one.seats)}{price}", replace(ask, seats=one.seats))
        case OtherTime():
            times = words.from_to(one.start, one.end, one.timezone)
            return _booking(times, replace(ask, starts_at=one.start, ends_at=one.end))
        case OtherOffering():
            when = f", {words.from_to(one.starts_at, one.ends_at, one.timezone)}" if one.starts_at else ""
            return Instead(f"{one.offering.title}{when}, {words.places(one.available)} left", one.offering.id)
        case SmallerParty():
            return _booking(f"{words.places(one.party)} instead of {ask.party:,}", replace(ask, party=one.party))
        case PlaceInLine():
            return _booking(f"Wait in line, as number {one.position:,}", replace(ask, queue=True))


def _booking(text: str, ask: Reserve) -> Instead:
    """A form that asks for that: an ask as the fields it could have come from (`wishes`)."""
    known = {
        "party": str(ask.party),
        "start": ask.starts_at.isoformat() if ask.starts_at else "",
        "end": ask.ends_at.isoformat() if ask.ends_at else "",
        "queue": "yes" if ask.queue else "",
        "voucher": ask.voucher or "",
    }
    fields = [(name, value) for name, value in known.items() if value] + [("seat", seat) for seat in ask.seats]
    return Instead(text, fields=tuple(fields))
