"""The kinds of offering, a frozen row each: its default policy and how an ask becomes claims.

This is the only place where a kind is told from another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from classbook.errors import NotFound
from classbook.rules.policy import Policy
from classbook.rules.units import FreeUnits

Planner = Callable[[int, Mapping[int, FreeUnits]], "list[tuple[int, int]] | None"]
"""(party, free units by pool id in the offering's order) -> claims as (pool id, unit), or None if they do not fit."""


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    policy: Policy
    plan: Planner
    creators: frozenset[str]
    """Roles that may create one."""


def any_places(party: int, pools: Mapping[int, FreeUnits]) -> list[tuple[int, int]] | None:
    """One unit per place, of the offering's own pool; which one does not matter."""
    [(pool_id, free)] = pools.items()
    units = free.take(party)
    return None if units is None else [(pool_id, unit) for unit in units]


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="class",
            policy=Policy(confirm="code", hold_seconds=300, party_max=10, once=True),
            plan=any_places,
            creators=frozenset({"organizer", "admin"}),
        ),
    )
}


def kind_named(name: str) -> Kind:
    """The kind with that name. Raises NotFound."""
    try:
        return KINDS[name]
    except KeyError:
        raise NotFound(f"There is no kind of offering called {name!r}.") from None
