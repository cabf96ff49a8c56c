"""The seats of a match: what each costs and who has it, the best ones, and those that are kept from sale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from classbook.app import App
from classbook.core import catalog, drafts, upkeep
from classbook.core.actors import look_up
from classbook.core.asks import ById, Cancel, GiveBack
from classbook.core.pages import MOST_PER_PAGE, page_through
from classbook.errors import Hint, NotAllowedNow, NotFound, SeatTaken, SoldOut
from classbook.rules.kinds import KINDS
from classbook.rules.plans import Plan, Stand, is_pattern, parse_label, seats_like, shown
from classbook.rules.shelves import SeatPlan, SeatShelf
from classbook.rules.states import CANCELLED, EXPIRED, HELD, seen
from classbook.rules.wanted import Wanted
from classbook.store import catalog as store
from classbook.store import house, venues
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord
from classbook.values import Actor, CategoryPrice, Money, Page, RequestKey, SeatState, Ticket

KIND: Final = "match"
BLOCKED: Final = "blocked"
FREE: Final = "free"
_NAMED_AT_MOST: Final = 8


def seats(app: App, actor: Actor | None, match_id: int) -> Page[SeatState]:
    """Every seat of a match, in the order of the plan. ``actor`` None is somebody unknown. Raises NotFound."""
    with app.store.read() as tx:
        return Page(tuple(Hall.of(tx, match_id, actor).every_seat()), None)


def tickets(
    app: App, actor: Actor | None, match_id: int | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[Ticket]:
    """The same, in pages; without a match those of all, one match after the other. Raises NotFound, Invalid."""
    with app.store.read() as tx:
        return page_through(
            lambda match: [_ticket(match, seat) for seat in Hall.of(tx, match, actor).every_seat()],
            of=match_id,
            following=lambda id: store.first_from(tx, KIND, id),
            limit=limit,
            cursor=cursor,
        )


def ticket(app: App, actor: Actor | None, match_id: int, label: str) -> Ticket:
    """One seat of a match. Raises NotFound, UnknownSeat."""
    with app.store.read() as tx:
        hall = Hall.of(tx, match_id, actor)
        return _ticket(match_id, hall.seat(*hall.meant(label)))


def propose(
    app: App, actor: Actor | None, match_id: int, count: int, *, category: str | None = None, strict: bool = False
) -> Page[SeatState]:
    """The best seats next to each other that are free now; nobody has them yet. Raises SoldOut where there are none."""
    with app.store.read() as tx:
        hall = Hall.of(tx, match_id, actor)
        kind, wanted = KINDS[hall.offering.kind], Wanted(best=count, category=category, strict=strict)
        shelves = {
            pool_id: SeatShelf(plan, [unit for taken_in, unit in hall.state_of if taken_in == pool_id])
            for pool_id, plan in hall.plans.items()
        }
        units = kind.plan(shelves, wanted, hall.offering.span)
        if units is None:
            raise kind.missing(shelves, wanted) or SoldOut(f"{hall.offering.title} is sold out.")
        return Page(tuple(hall.seat(pool_id, unit) for pool_id, unit in units), None)


def prices(
    app: App, match_id: int | None = None, *, limit: int = MOST_PER_PAGE, cursor: str | None = None
) -> Page[CategoryPrice]:
    """What the seats of a match cost, by category; without a match those of all. Raises NotFound, Invalid."""
    with app.store.read() as tx:
        return page_through(
            lambda match: _prices(tx, _match(tx, match)),
            of=match_id,
            following=lambda id: store.first_from(tx, KIND, id),
            limit=limit,
            cursor=cursor,
        )


def _prices(tx: Tx, match: OfferingRecord) -> list[CategoryPrice]:
    found = store.prices_of(tx, [match.id]).get(match.id, {})
    return [CategoryPrice(match.id, category, Money(minor, match.currency or "")) for category, minor in found.items()]


def zone_of_venue(app: App, fields: dict[str, Any]) -> str | None:
    """The time zone of the venue that the fields of a match name; None where there is none."""
    with app.store.read() as tx:
        found = venues.by_id(tx, fields.get("venue_id") or 0)
        return found.timezone if found else None


def giving_back(
    app: App, actor: Actor, match_id: int, label: str, *, reason: str | None = None, key: RequestKey | None = None
) -> Cancel | GiveBack:
    """The ask that gives one seat back and keeps the others that were reserved with it.

    Raises NotFound where that seat is nobody's, or somebody else's, UnknownSeat.
    """
    with app.store.read() as tx:
        hall = Hall.of(tx, match_id, actor)
        who = look_up(tx, actor)
        pool_id, unit = hall.meant(label)
        holder = store.holder_of(tx, match_id, pool_id, unit)
        if holder is None or not who.may_see(holder[1]) or hall.state(pool_id, unit) == FREE:
            if key is not None:
                # Given back already, perhaps: then the desk knows the answer to this key.
                return Cancel(actor, ById(0, KIND), reason=reason, key=key)
            raise NotFound(f"You have no ticket for {label}.")
        seat = hall.seat(pool_id, unit).label
        return GiveBack(actor, ById(holder[0], KIND), seat, reason=reason, key=key)


def block(
    app: App,
    actor: Actor,
    match_id: int,
    labels: Sequence[str],
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Page[SeatState] | dict[str, Any]:
    """Keep seats from sale, all or none; ``A-3-*`` is a row, ``A-*`` a stand. What is blocked already stays so.

    Raises SeatTaken and names those that somebody has, UnknownSeat, NotYours.
    """

    def act(tx: Tx, offering: OfferingRecord) -> Page[SeatState]:
        catalog.check_changeable(offering, tx.now)
        again.update(upkeep.settle_within(app, tx, offering.id, most=drafts.MOST_SEATS) or ())
        pools = house.lock(tx, store.own_pools(tx, offering.id))
        hall = Hall.of(tx, match_id, actor)
        wanted = list(dict.fromkeys(one for text in labels for one in hall.all_meant(text)))
        taken = [hall.seat(*one).label for one in wanted if hall.state(*one) not in (FREE, BLOCKED)]
        if taken:
            raise SeatTaken(f"{_in_words(taken)} {'is' if len(taken) == 1 else 'are'} taken.")
        new = [one for one in wanted if hall.state(*one) == FREE]
        if offering.span and new:
            house.take(tx, pools, [(offering, *one) for one in new], actor_id=actor.person_id)
        after = Hall.of(tx, match_id, actor)
        return Page(tuple(after.seat(*one) for one in wanted), None)

    again = set[int]()
    blocked = catalog.write(app, actor, KIND, match_id, act, action="block", key=key, dry_run=dry_run)
    upkeep.look_again(app, () if dry_run else again)
    return blocked


def release(
    app: App,
    actor: Actor,
    match_id: int,
    labels: Sequence[str],
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Page[SeatState] | dict[str, Any]:
    """Put seats on sale that were kept from it; of ``A-3-*`` or ``A-*`` those that were.

    Raises NotAllowedNow for seats that were not, and where none was, UnknownSeat, NotYours.
    """

    def act(tx: Tx, offering: OfferingRecord) -> Page[SeatState]:
        catalog.check_changeable(offering, tx.now)
        hall = Hall.of(tx, match_id, actor)
        wanted = list(dict.fromkeys(one for text in labels for one in hall.blocked_of(text)))
        others = [hall.seat(*one).label for one in wanted if hall.state(*one) != BLOCKED]
        if others:
            raise NotAllowedNow(f"{_in_words(others)} {'is' if len(others) == 1 else 'are'} not blocked.")
        house.release(tx, offering.id, wanted, actor_id=actor.person_id)
        after = Hall.of(tx, match_id, actor)
        return Page(tuple(after.seat(*one) for one in wanted), None)

    released = catalog.write(app, actor, KIND, match_id, act, action="release", key=key, dry_run=dry_run)
    if not dry_run:
        # Whoever waits for a seat is next.
        upkeep.settle_offering(app, match_id)
    return released


@dataclass(frozen=True)
class Hall:
    """The stands of a match, and who has what there."""

    offering: OfferingRecord
    plans: dict[int, SeatPlan]
    """By pool, in the match's order."""
    prices: dict[str, int]
    state_of: dict[tuple[int, int], str]
    """Of the seats that are not free, by pool and unit."""
    mine: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, tx: Tx, match_id: int, actor: Actor | None) -> Hall:
        offering = _match(tx, match_id)
        person_id = look_up(tx, actor).id if actor else None
        state_of: dict[tuple[int, int], str] = {}
        mine = set()
        for pool_id, unit, owner_id, state, due_at in store.taken_in(tx, offering.id):
            now_is = seen(state, due_at, tx.now, offering_cancelled=offering.cancelled_at is not None)
            if now_is not in (CANCELLED, EXPIRED):
                state_of[pool_id, unit] = BLOCKED if owner_id is None else "held" if now_is == HELD else "sold"
                if owner_id is not None and owner_id == person_id:
                    mine.add((pool_id, unit))
        return cls(
            offering,
            {pool.id: venues.seat_plan(tx, pool.id, pool.plan_version) for pool in venues.pools_of(tx, offering.id)},
            store.prices_of(tx, [offering.id]).get(offering.id, {}),
            state_of,
            frozenset(mine),
        )

    def every_seat(self) -> Iterator[SeatState]:
        return (self.seat(pool_id, unit) for pool_id, plan in self.plans.items() for unit in plan.names)

    def seat(self, pool_id: int, unit: int) -> SeatState:
        plan = self.plans[pool_id]
        row, name = plan.places[unit]
        return SeatState(
            plan.stand.name,
            row,
            name,
            plan.names[unit],
            self.state(pool_id, unit),
            self.price(plan, unit),
            plan.categories[unit],
            (pool_id, unit) in self.mine,
        )

    def price(self, plan: SeatPlan, unit: int) -> Money | None:
        """What a seat costs; None where the match costs nothing."""
        return Money(plan.price(unit, self.prices), self.offering.currency) if self.offering.currency else None

    def state(self, pool_id: int, unit: int) -> str:
        return self.state_of.get((pool_id, unit), FREE)

    def meant(self, text: str) -> tuple[int, int]:
        """The (pool, unit) of a label. Raises UnknownSeat."""
        stand, seat = parse_label(text, self._plan)
        return self._pool_of(stand), seat.unit

    def all_meant(self, text: str) -> list[tuple[int, int]]:
        """The (pool, unit) of a label, or of all that are like it. Raises UnknownSeat where there is none."""
        if not is_pattern(text):
            return [self.meant(text)]
        return [(self._pool_of(stand), seat.unit) for stand, seat in seats_like(text, self._plan)]

    def blocked_of(self, text: str) -> list[tuple[int, int]]:
        """The seat of a label, whatever it is, or the blocked ones of those that are like it. Raises NotAllowedNow."""
        found = self.all_meant(text)
        if not is_pattern(text):
            return found
        blocked = [one for one in found if self.state(*one) == BLOCKED]
        if not blocked:
            raise NotAllowedNow(f"No seat like {shown(text)} is blocked.")
        return blocked

    @property
    def _plan(self) -> Plan:
        return Plan(tuple(plan.stand for plan in self.plans.values()))

    def _pool_of(self, stand: Stand) -> int:
        return next(id for id, plan in self.plans.items() if plan.stand.name == stand.name)


def _in_words(labels: Sequence[str]) -> str:
    """Seats by name, as many as anybody wants to read."""
    if len(labels) > _NAMED_AT_MOST:
        return f"{', '.join(labels[:_NAMED_AT_MOST])} and {len(labels) - _NAMED_AT_MOST} more"
    return " and ".join(labels)


def _match(tx: Tx, match_id: int) -> OfferingRecord:
    found = store.by_id(tx, KIND, match_id)
    if found is None:
        raise NotFound(f"There is no match {match_id}.", hint=Hint("{} shows what there is.", "list match"))
    return found


def _ticket(match_id: int, seat: SeatState) -> Ticket:
    known = {field.name: getattr(seat, field.name) for field in fields(SeatState)}
    return Ticket(**known, id=f"{match_id}:{seat.label}", match=match_id)
