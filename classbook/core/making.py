"""Offerings come into being: one, all of a file, or one for each date; with the units that they take for their time.

However many there are, it is the same few statements: what they need is read and locked once, then each is decided in
order, seeing the ones before it, and all that can be are written at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from classbook.app import App
from classbook.core import house, seat_prices
from classbook.core.actors import Who, look_up
from classbook.core.drafts import Draft, check_paid_for, check_whole, columns, draft
from classbook.errors import ClassbookError, Invalid, NotAllowedNow, NotFound, NotYours, OfferingCancelled
from classbook.rules.kinds import KINDS, Kind
from classbook.rules.plans import Stand
from classbook.rules.spans import Span
from classbook.store import catalog as store
from classbook.store import house as house_store
from classbook.store import venues
from classbook.store.database import Tx
from classbook.store.records import OfferingRecord
from classbook.store.venues import VenueRecord
from classbook.values import Actor

_TAKERS: Final = frozenset(("organizer", "admin"))
"""Who takes any room and any provider along: no price, limit or hours hold for that, so that others book them, but for
their own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An offering that somebody wants to make, as far as it can be checked without looking."""

    draft: Draft
    values: dict[str, Any]

    def at(self, span: Span) -> Wish:
        """The same at another time."""
        return replace(self, values=self.values | {"starts_at": span.start, "ends_at": span.end})


def wish(app: App, row: Kind, fields: dict[str, Any]) -> Wish:
    """The fields of a `Draft`, checked. Raises Invalid, BadSpan."""
    given = draft(fields)
    check_whole(given, row)
    values = columns(given, row, currency=app.settings.currency)
    return Wish(given, {"description": "", "policy": "{}"} | values)


def maker(tx: Tx, actor: Actor, row: Kind) -> Who:
    """The actor, who must be somebody who may make that kind. Raises NotLoggedIn, NotYours, NotAllowedNow."""
    who = look_up(tx, actor)
    if who.role not in row.creators:
        raise NotYours(f"A {who.role} may not make a {row.name}.", hint="Ask an organizer or an administrator.")
    if not who.verified:
        raise NotAllowedNow("Your address is not verified yet.", hint="Enter the code that was mailed to you first.")
    return who


def make(app: App, tx: Tx, who: Who, row: Kind, wishes: Sequence[Wish]) -> list[OfferingRecord | ClassbookError]:
    """Make what can be made, in order; what became of each: the offering, or why there is none.

    Refusals are NotFound for a venue, a room or a provider that is not there, NotYours for one that they may not take
    along, Invalid for prices, SpanTaken where something is taken at that time.
    """
    scene = _Scene.of(app, tx, who, wishes)
    ready: dict[int, _Ready] = {}
    outcomes: dict[int, OfferingRecord | ClassbookError] = {}
    for n, one in enumerate(wishes):
        try:
            ready[n] = scene.prepare(one)
        except ClassbookError as refusal:
            outcomes[n] = refusal
    wanted = {n: one for n, one in ready.items() if one.names}
    pools = house_store.lock(tx, {pool_id for one in wanted.values() for pool_id in one.names}) if wanted else {}
    choices = house.choose(tx, pools, [(one.names, one.span) for one in wanted.values()])
    chosen = dict(zip(wanted, choices, strict=True))
    outcomes |= {n: choice for n, choice in chosen.items() if isinstance(choice, ClassbookError)}
    free = [n for n in range(len(wishes)) if n not in outcomes]
    made = dict(zip(free, _write(tx, who, row, [ready[n] for n in free]), strict=True))
    units = [
        (made[n], pool_id, unit)
        for n, choice in chosen.items()
        if not isinstance(choice, ClassbookError)
        for pool_id, unit in choice
    ]
    house_store.take(tx, pools, units, actor_id=who.id)
    outcomes |= made
    return [outcomes[n] for n in range(len(wishes))]


def made_in(outcomes: Iterable[OfferingRecord | ClassbookError | None]) -> list[OfferingRecord]:
    """Those that were made."""
    return [one for one in outcomes if isinstance(one, OfferingRecord)]


@dataclass(frozen=True, slots=True)
class _Ready:
    """An offering that nothing speaks against but what may have taken its room."""

    values: dict[str, Any]
    units: int
    prices: dict[str, int]
    names: dict[int, str]
    """What the pools are called that it takes for its time."""

    @property
    def span(self) -> Span:
        return Span(self.values["starts_at"], self.values["ends_at"])


@dataclass(slots=True)
class _Scene:
    """The venues, rooms and providers that are wanted; nobody changes the plan of these venues until the end."""

    app: App
    tx: Tx
    who: Who
    venues: dict[int, VenueRecord]
    sellers: dict[int, OfferingRecord]
    pools: dict[int, list[int]]
    stands: dict[int, list[Stand]] = field(default_factory=dict)

    @classmethod
    def of(cls, app: App, tx: Tx, who: Who, wishes: Iterable[Wish]) -> _Scene:
        places = {one.draft.venue_id for one in wishes if one.draft.venue_id is not None}
        sellers = store.all_by_id(tx, {id for one in wishes for id in one.draft.sellers})
        return cls(app, tx, who, venues.lock(tx, places), sellers, store.pools_of_all(tx, sellers))

    def prepare(self, one: Wish) -> _Ready:
        """What an offering is and takes. Raises why it cannot be."""
        given, values, prices, names = one.draft, one.values, dict[str, int](), dict[int, str]()
        if given.venue_id is not None:
            venue = self.venues.get(given.venue_id)
            if venue is None:
                raise house.no_venue(given.venue_id)
            currency = self.app.settings.currency
            prices = seat_prices.of_stands(self._stands(venue.id), venue.id, given.prices or {}, currency)
            values = {"timezone": venue.timezone} | values | {"venue_id": venue.id}
            values |= seat_prices.columns(prices, currency)
            names[venue.pitch_pool_id] = venue.name
        check_paid_for(values, None)
        for seller_id in given.sellers:
            names |= self._taken_with(seller_id)
        values = {"timezone": self.app.settings.timezone} | values
        return _Ready(values, given.seats or 0, prices, names)

    def _taken_with(self, seller_id: int) -> dict[int, str]:
        seller = self.sellers.get(seller_id)
        if seller is None:
            raise NotFound(f"There is no offering {seller_id}.", hint="Name a resource or a provider.")
        if seller.cancelled_at is not None:
            raise OfferingCancelled(f"{seller.title} was cancelled.")
        if not KINDS[seller.kind].picks_time:
            raise Invalid(f"{seller.title} is nothing that can be taken for a time.", hint="Name a resource.")
        if self.who.role not in _TAKERS and not self.who.may_see(seller.creator_id):
            raise NotYours(f"You may not take {seller.title} for what you offer.", hint="Book it, or ask an organizer.")
        return dict.fromkeys(self.pools[seller_id], seller.title)

    def _stands(self, venue_id: int) -> list[Stand]:
        if venue_id not in self.stands:
            self.stands[venue_id] = [found.stand for found in venues.stands(self.tx, venue_id)]
        return self.stands[venue_id]


def _write(tx: Tx, who: Who, row: Kind, ready: Sequence[_Ready]) -> list[OfferingRecord]:
    made = store.fresh(tx, [one.values | {"kind": row.name, "creator_id": who.id} for one in ready])
    if row.in_venue:
        store.add_in_venues(tx, made, prices=[one.prices for one in ready])
    else:
        store.add(tx, made, units=[one.units for one in ready], timed=row.timed)
    return made
