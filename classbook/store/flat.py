"""Reservations as lines of a table, many at a time: what a spreadsheet of all of them needs, and nothing else.

A million of them go through here. Each is read by itself; what many of them share (offerings, people, the minutes of
their times) is read and written down once and kept, up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from classbook.rules.codes import reservation_code
from classbook.rules.plans import label
from classbook.rules.states import CANCELLED, EXPIRED, HELD, QUEUED, seen
from classbook.store.database import Row, Tx, from_micros, to_micros
from classbook.store.listings import POSITION
from classbook.values import Money, iso

MOST_KEPT: Final = 100_000
"""Offerings, and people, of which the words are kept: some ten megabytes."""
_PAGE: Final = (
    "SELECT r.id, r.offering_id, r.person_id, r.state, r.party, r.starts_at, r.ends_at, r.due_at, r.check_in, "
    "r.price_minor, r.currency, r.created_at, r.confirmed_at, r.checked_in_at FROM reservations r "
    "WHERE r.id < ? AND {whose} ORDER BY r.id DESC LIMIT ?"
)
_OFFERINGS: Final = "SELECT id, kind, title, timezone, cancelled_at FROM offerings WHERE id AMONG ?"
_PEOPLE: Final = "SELECT id, email, name FROM people WHERE id AMONG ?"
_POSITIONS: Final = f"SELECT r.id, {POSITION} FROM reservations r WHERE r.id AMONG ?"
_SEATS: Final = (
    "SELECT c.reservation_id, p.name, s.row_name, s.seat_name FROM claims c "
    "JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit JOIN pools p ON p.id = c.pool_id "
    "WHERE c.reservation_id BETWEEN ? AND ? AND c.live ORDER BY c.reservation_id, c.n"
)
_MINUTE: Final = 60_000_000


class Lines:
    """Reservations as lines of CSV, with the columns of any other list of them; of places only the labels of seats.

    ``quoted`` makes a cell of what people wrote.
    """

    def __init__(self, quoted: Callable[[str], str]):
        self._quoted = quoted
        self._offerings: dict[int, tuple[str, str, bool]] = {}
        """The words of each, its time zone, and whether it was cancelled."""
        self._people: dict[int, str] = {}
        self._times: dict[int, str] = {}

    def page(self, tx: Tx, *, person_id: int | None, before_id: int, limit: int) -> tuple[list[str], int | None]:
        """Lines, newest first, older than ``before_id``: a person's, or all. And before which id the next page is."""
        whose, values = ("r.person_id IS NOT NULL", []) if person_id is None else ("r.person_id = ?", [person_id])
        rows = tx.rows(_PAGE.replace("{whose}", whose), before_id, *values, limit)
        if not rows:
            return [], None
        self._learn(tx, rows)
        return self._lines(tx, rows), rows[-1][0] if len(rows) == limit else None

    def _learn(self, tx: Tx, rows: list[Row]) -> None:
        """Read what is not known yet of the offerings and the people of these rows."""
        if missing := _missing(self._offerings, (row[1] for row in rows)):
            for id, kind, title, timezone, cancelled_at in tx.rows(_OFFERINGS, missing):
                words = f"{id},{kind},{self._quoted(title)}"
                self._offerings[id] = (words, timezone, cancelled_at is not None)
        if missing := _missing(self._people, (row[2] for row in rows)):
            for id, email, name in tx.rows(_PEOPLE, missing):
                self._people[id] = f"{id},{self._quoted(email)},{self._quoted(name)}"

    def _lines(self, tx: Tx, rows: list[Row]) -> list[str]:
        """One loop without a call where one can do without: each costs a million times."""
        now, offerings, people, shared = to_micros(tx.now), self._offerings, self._people, self._times
        positions, seats = _positions(tx, rows), _seats(tx, rows)
        lines: list[str] = []
        for (id, offering_id, person_id, state, party, starts_at, ends_at, due_at, check_in, minor, currency,
             created_at, confirmed_at, checked_in_at) in rows:  # fmt: skip
            words, timezone, is_cancelled = offerings[offering_id]
            if due_at is not None and (is_cancelled or due_at <= now):
                missing = bool(check_in) and checked_in_at is None
                state = seen(
                    state, from_micros(due_at), tx.now, check_in_missing=missing, offering_cancelled=is_cancelled
                )
            labels = self._quoted(seats[id]) if id in seats and state not in (CANCELLED, EXPIRED) else ""
            price = "," if minor is None else f"{_amount(minor, currency)},{currency}"
            starts = shared.get(starts_at) or self._shared(starts_at)
            ends = shared.get(ends_at) or self._shared(ends_at)
            confirmed = "" if confirmed_at is None else _written(confirmed_at)
            lines.append(
                f"{id},{reservation_code(id)},{state},{words},{people[person_id]},{party},{labels},{starts},{ends},"
                f"{timezone},{_written(due_at) if state == HELD else ''},"
                f"{positions[id] if state == QUEUED else ''},{price},{_written(created_at)},{confirmed},"
                f"{'' if checked_in_at is None else _written(checked_in_at)}\n"
            )
        return lines

    def _shared(self, micros: int | None) -> str:
        """When things begin and end: of many reservations the same."""
        if micros is None:
            return ""
        if len(self._times) > MOST_KEPT:
            self._times.clear()
        self._times[micros] = _written(micros)
        return self._times[micros]


def _missing(known: dict[int, Any], ids: Iterable[int]) -> list[int]:
    """Those that are not known; where too many are, all are forgotten first."""
    wanted = set(ids)
    if len(known) > MOST_KEPT:
        known.clear()
    return sorted(wanted - known.keys())


def _positions(tx: Tx, rows: list[Row]) -> dict[int, int]:
    queued = [row[0] for row in rows if row[3] == QUEUED]
    return dict(tx.rows(_POSITIONS, to_micros(tx.now), queued)) if queued else {}


def _seats(tx: Tx, rows: list[Row]) -> dict[int, str]:
    """The labels of seats by reservation; nothing is looked for in a house without seats."""
    found: dict[int, str] = {}
    if tx.rows("SELECT 1 FROM seats LIMIT 1"):
        for id, stand, row, seat in tx.rows(_SEATS, rows[-1][0], rows[0][0]):
            found[id] = f"{found[id]} {label(stand, row, seat)}" if id in found else label(stand, row, seat)
    return found


def _written(micros: int) -> str:
    """`iso` of an instant as the database keeps it, for many that lie close together."""
    minute, rest = divmod(micros, _MINUTE)
    if rest % 1_000_000:
        return f"{_minutes(minute)}{rest // 1_000_000:02}.{rest % 1_000_000:06}Z"
    return f"{_minutes(minute)}{rest // 1_000_000:02}Z"


@lru_cache(maxsize=20_000)
def _minutes(minute: int) -> str:
    return iso(from_micros(minute * _MINUTE))[:-3]


@lru_cache(maxsize=1000)
def _amount(minor: int, currency: str) -> str:
    return Money(minor, currency).amount
