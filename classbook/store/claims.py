"""Claims as they are read, freed, and given another unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from classbook.rules.plans import label
from classbook.store import tables
from classbook.store.database import Row, Tx
from classbook.store.records import Claim, instant

_CLAIM_COLUMNS = (
    "c.n, c.pool_id, c.unit, c.starts_at, c.ends_at, c.timed, c.live, p.name, s.row_name, s.seat_name, c.price_minor"
)
CLAIMS = (
    f"SELECT c.reservation_id, {_CLAIM_COLUMNS} FROM claims c "
    "LEFT JOIN seats s ON s.pool_id = c.pool_id AND s.unit = c.unit LEFT JOIN pools p ON p.id = s.pool_id "
    "WHERE c.reservation_id AMONG ? ORDER BY c.reservation_id, c.n"
)


def claims_of(tx: Tx, reservation_ids: Sequence[int]) -> list[tuple[int, Claim]]:
    """(reservation, claim) of those reservations, in order."""
    return [(row[0], claim_of(row)) for row in tx.rows(CLAIMS, reservation_ids)]


def claim_of(row: Row) -> Claim:
    _, n, pool_id, unit, starts_at, ends_at, timed, live, stand, row_name, seat_name, price_minor = row
    seat = None if stand is None else label(stand, row_name, seat_name)
    return Claim(
        n, pool_id, unit, instant(starts_at), instant(ends_at), bool(timed), bool(live), bool(live), stand, seat,
        price_minor,
    )  # fmt: skip


def freeing(tx: Tx, keys: Iterable[tuple[int, int]]) -> tuple[str, list[Row]]:
    """The write that frees claims, by (reservation, n).

    It changes fewer rows where one was freed meanwhile: a hold may lapse for the sake of its money, and then nobody
    has locked its pool. Whoever gives such a claim another unit would bring it back.
    """
    return tx.updating(tables.claims, "live", "reservation_id n live:was", [(False, *key, True) for key in keys])


def shifting(tx: Tx, units: Mapping[tuple[int, int], int]) -> tuple[str, list[Row]]:
    """The write that takes claims again in another unit, all of them freed before: no unit may be taken twice."""
    rows = [(True, unit, *key) for key, unit in units.items()]
    return tx.updating(tables.claims, "live unit", "reservation_id n", rows)
