"""The seats of a match as somebody picks them: its stands one by one, and each seat where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from classbook.app import App
from classbook.core.matches import FREE, Hall
from classbook.errors import NotFound
from classbook.rules.shelves import SeatPlan
from classbook.values import Actor, Money, SeatState


@dataclass(frozen=True, slots=True)
class StandView:
    """A stand at a glance. ``cheapest`` is of its free seats, None where nothing has a price or nothing is free."""

    name: str
    capacity: int
    free: int
    mine: int
    cheapest: Money | None


@dataclass(frozen=True, slots=True)
class PlacedSeat:
    """A seat and where it is, in the units of the seat plan."""

    seat: SeatState
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class SeatMap:
    """All stands of a match at a glance, what its categories cost (the dearest first), and the seats of one stand."""

    stands: tuple[StandView, ...]
    prices: tuple[tuple[str, Money | None], ...]
    shown: str | None
    rows: tuple[tuple[str, tuple[PlacedSeat, ...]], ...]


def show(app: App, actor: Actor | None, match_id: int, *, stand: str | None = None) -> SeatMap:
    """The seat map of a match, with the seats of ``stand``; a single stand needs no name.

    ``actor`` None is somebody unknown. The number of queries does not depend on the number of seats. Raises NotFound.
    """
    with app.store.read() as tx:
        hall = Hall.of(tx, match_id, actor)
    if stand is None and len(hall.plans) == 1:
        [only] = hall.plans.values()
        stand = only.stand.name
    stands = tuple(_at_a_glance(hall, pool_id, plan) for pool_id, plan in hall.plans.items())
    return SeatMap(stands, _prices(hall), stand, () if stand is None else _rows(hall, stand))


def _at_a_glance(hall: Hall, pool_id: int, plan: SeatPlan) -> StandView:
    free = [unit for unit in plan.names if hall.state(pool_id, unit) == FREE]
    priced = [hall.price(plan, unit) for unit in free]
    known = [price for price in priced if price is not None]
    return StandView(
        plan.stand.name,
        capacity=len(plan.names),
        free=len(free),
        mine=sum(1 for pool, _ in hall.mine if pool == pool_id),
        cheapest=min(known, key=lambda price: price.minor, default=None),
    )


def _prices(hall: Hall) -> tuple[tuple[str, Money | None], ...]:
    """The categories there are seats of, and their prices."""
    found = {
        plan.categories[unit]: hall.price(plan, unit) for plan in hall.plans.values() for unit in reversed(plan.names)
    }
    return tuple(sorted(found.items(), key=lambda one: (-one[1].minor if one[1] else 0, one[0])))


def _rows(hall: Hall, stand: str) -> tuple[tuple[str, tuple[PlacedSeat, ...]], ...]:
    for pool_id, plan in hall.plans.items():
        if plan.stand.name == stand:
            return tuple(
                (row.name, tuple(PlacedSeat(hall.seat(pool_id, seat.unit), seat.x, seat.y) for seat in row.seats))
                for row in plan.stand.rows
            )
    raise NotFound(f"There is no stand {stand}.", hint="Choose one of those on the map.")
