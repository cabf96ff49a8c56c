"""Venues: made, listed, shown, and given their seats. Only administrators change them."""

from __future__ import annotations

from typing import Any

from classbook.app import App
from classbook.core import house, upkeep
from classbook.core.keys import once_by_admin
from classbook.core.pages import at_most, id_cursor, page_of, page_through
from classbook.core.seat_prices import unpriced_in
from classbook.core.trail import Deed
from classbook.errors import Hint, NotAllowedNow, NotFound
from classbook.rules.names import clean_name
from classbook.rules.plan_files import as_tree
from classbook.rules.plans import Plan, label
from classbook.rules.zones import known_zone
from classbook.store import catalog
from classbook.store import venues as store
from classbook.store.database import Tx
from classbook.values import Actor, Page, RequestKey, Venue, VenuePlan, VenueSeat

_NAMED_AT_MOST = 5


def create(
    app: App,
    actor: Actor,
    *,
    name: str,
    timezone: str | None = None,
    plan: Plan | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> VenuePlan | dict[str, Any]:
    """Make a venue, with its stands where there is a plan. Raises NotYours, Invalid."""
    title, zone = clean_name(name, what="name", most=200), known_zone(timezone or app.settings.timezone)

    def act(tx: Tx) -> VenuePlan:
        venue_id = store.add(tx, name=title, timezone=zone)
        if plan is not None:
            store.put_plan(tx, venue_id, plan)
        return _shown(tx, venue_id)

    return once_by_admin(app, actor, key, act, deed=Deed("create", "venue"), dry_run=dry_run)


def listing(app: App, *, limit: int = 50, cursor: str | None = None) -> Page[Venue]:
    """The venues, in the order they were made, and how many seats each has."""
    with app.store.read() as tx:
        found = store.page(tx, after_id=id_cursor(cursor), limit=at_most(limit) + 1)
        venues = [Venue(venue.id, venue.name, venue.timezone, seats) for venue, seats in found]
        return page_of(venues, limit, lambda venue: venue.id)


def show(app: App, venue_id: int) -> VenuePlan:
    """A venue and its seat plan. Raises NotFound."""
    with app.store.read() as tx:
        return _shown(tx, venue_id)


def seats(app: App, venue_id: int | None = None, *, limit: int = 50, cursor: str | None = None) -> Page[VenueSeat]:
    """The seats of a venue in the order of its plan; without one those of all, venue after venue.

    Raises NotFound, Invalid.
    """
    with app.store.read() as tx:
        return page_through(
            lambda venue: _seats(tx, _shown_venue(tx, venue).id),
            of=venue_id,
            following=lambda id: store.first_from(tx, id),
            limit=limit,
            cursor=cursor,
        )


def _seats(tx: Tx, venue_id: int) -> list[VenueSeat]:
    return [
        VenueSeat(
            venue_id,
            stand.name,
            row.name,
            seat.name,
            label(stand.name, row.name, seat.name),
            seat.x,
            seat.y,
            seat.category or stand.name,
        )
        for stand in (one.stand for one in store.stands(tx, venue_id))
        for row in stand.rows
        for seat in row.seats
    ]


def import_plan(
    app: App,
    actor: Actor,
    venue_id: int,
    plan: Plan,
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> VenuePlan | dict[str, Any]:
    """Make this the seat plan of a venue; whatever is still to come there sells these seats from now on.

    Seats keep who has them, by their labels. Raises NotFound, NotYours, and NotAllowedNow where the plan would lose a
    seat that is taken or leave one without a price.
    """

    def act(tx: Tx) -> VenuePlan:
        venue = house.venue(tx, venue_id)
        priced = store.lock_stands(tx, venue.id)
        tx.read_clock()
        prices = catalog.prices_of(tx, [offering_id for offering_id, _ in priced])
        for offering_id, title in priced:
            if unpriced := unpriced_in(plan.stands, prices.get(offering_id, {})):
                raise NotAllowedNow(
                    f"{title} has no price for the seats {unpriced}.", hint="Give it a price for them first."
                )
        lost = store.put_plan(tx, venue.id, plan)
        if lost:
            more = f" and {len(lost) - _NAMED_AT_MOST} more" if len(lost) > _NAMED_AT_MOST else ""
            raise NotAllowedNow(
                f"The plan has no seat {', '.join(lost[:_NAMED_AT_MOST])}{more}, and somebody has it.",
                hint="Keep these seats in the plan, or cancel who has them first.",
            )
        return _shown(tx, venue.id)

    changed = once_by_admin(app, actor, key, act, deed=Deed("plan", "venue", venue_id), dry_run=dry_run)
    if not dry_run:
        with app.store.read() as tx:
            awaited = store.awaited_in(tx, venue_id)
        upkeep.look_again(app, awaited)  # there may be more seats now
    return changed


def _shown_venue(tx: Tx, venue_id: int) -> store.VenueRecord:
    found = store.by_id(tx, venue_id)
    if found is None:
        raise NotFound(f"There is no venue {venue_id}.", hint=Hint("{} shows what there is.", "list venues"))
    return found


def _shown(tx: Tx, venue_id: int) -> VenuePlan:
    venue = _shown_venue(tx, venue_id)
    plan = Plan(tuple(one.stand for one in store.stands(tx, venue_id)))
    return VenuePlan(venue.id, venue.name, venue.timezone, plan.capacity, tuple(as_tree(plan)["stand"]))
