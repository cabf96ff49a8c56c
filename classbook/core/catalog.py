"""Offerings: made, shown, changed, cancelled. Who may do what is decided here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.core import house, seat_prices, upkeep
from classbook.core.actors import Who, look_up
from classbook.core.keys import once
from classbook.core.pages import at_most, numbers_in, page_of
from classbook.errors import (
    BadSpan,
    ChangedMeanwhile,
    Invalid,
    NotAllowedNow,
    NotFound,
    NotYours,
    OfferingCancelled,
    OfferingClosed,
    SpanTaken,
)
from classbook.rules.kinds import KINDS, Kind, kind_named
from classbook.rules.money import parse_amount
from classbook.rules.names import clean_name, clean_text
from classbook.rules.permits import over_at, status
from classbook.rules.policy import as_dict, check_overrides
from classbook.rules.spans import Span
from classbook.rules.when import format_duration, format_local
from classbook.rules.zones import known_zone
from classbook.store import catalog as store
from classbook.store import outbox, people, venues
from classbook.store.database import ConstraintRefused, Tx, from_micros, to_micros
from classbook.store.records import OfferingRecord
from classbook.values import (
    Actor,
    Appointments,
    Class,
    Event,
    Match,
    Money,
    Numbered,
    Offering,
    Page,
    PersonRef,
    RequestKey,
    Resource,
    plain,
)

T = TypeVar("T")

MOST_SEATS: Final = 1_000_000
LONGEST_TEXT: Final = 10_000
STATUSES: Final = ("upcoming", "ongoing", "completed", "cancelled", "open")


_SHAPES: Final[dict[str, type[Offering]]] = {
    "class": Class,
    "event": Event,
    "match": Match,
    "appointment": Appointments,
    "resource": Resource,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of an offering as people give them; None leaves a field as it is, or at its default."""

    title: str | None = None
    seats: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    type: str | None = None
    description: str | None = None
    timezone: str | None = None
    policy: dict[str, Any] | None = None
    venue_id: int | None = None
    """Where it is, for what sells the seats of a venue."""
    prices: dict[str, str] | None = None
    """Of a seat, by category or by stand: ``12.50`` or ``12.50 EUR``."""
    price: str | None = None
    """Of one place: ``12.50`` or ``12.50 EUR``; ``0`` is free."""
    room: int | None = None
    provider: int | None = None
    """Offerings whose units it takes for its time: a court, a coach."""

    @property
    def sellers(self) -> list[int]:
        return [id for id in (self.room, self.provider) if id is not None]


def create(
    app: App,
    actor: Actor,
    kind: str,
    draft: dict[str, Any],
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Offering | dict[str, Any]:
    """Make an offering out of the fields of a `Draft`. ``starts_at`` and ``ends_at`` are aware instants.

    Raises Invalid or BadSpan for what cannot be, NotYours for people who may not make this kind, NotFound for a venue,
    a room or a provider that is not there, SpanTaken where one of them is taken at that time.
    """
    given, row = _draft(draft), kind_named(kind)
    _check_whole(given, row)
    values = _columns(given, currency=app.settings.currency) | {"kind": row.name}
    values.setdefault("description", "")
    values.setdefault("policy", "{}")

    def act(tx: Tx, who: Who) -> Offering:
        own = values | {"creator_id": who.id}
        if given.venue_id is not None:
            venue = house.venue(tx, given.venue_id)
            own.setdefault("timezone", venue.timezone)
            prices = seat_prices.of_venue(tx, venue.id, given.prices or {}, app.settings.currency)
            own |= seat_prices.columns(prices, app.settings.currency)
            _check_paid_for(own, None)
            offering_id = store.add_in_venue(tx, own | {"venue_id": venue.id}, prices=prices)
        else:
            own.setdefault("timezone", app.settings.timezone)
            _check_paid_for(own, None)
            offering_id = store.add(tx, own, units=given.seats or 0, timed=row.timed)
        offering = _found(tx, kind, offering_id)
        house.take(tx, offering, sellers=given.sellers, actor_id=who.id)
        return _view(app, tx, offering)

    def step(tx: Tx) -> Offering | dict[str, Any]:
        who = look_up(tx, actor)
        if who.role not in row.creators:
            raise NotYours(f"A {who.role} may not make a {kind}.", hint="Ask an organizer or an administrator.")
        if not who.verified:
            raise NotAllowedNow(
                "Your address is not verified yet.", hint="Enter the code that was mailed to you first."
            )
        result = once(tx, actor, key, lambda: act(tx, who))
        if dry_run:
            tx.abandon()
        return result

    _settle(app, given.sellers)
    return _guarded(app, step)


def show(app: App, kind: str, offering_id: int) -> Offering:
    """One offering. Raises NotFound."""
    with app.store.read() as tx:
        return _view(app, tx, _found(tx, kind, offering_id))


def listing(
    app: App,
    kind: str,
    *,
    starts_from: datetime | None = None,
    starts_to: datetime | None = None,
    start_date: date | None = None,
    type: str | None = None,
    status: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Offering]:
    """Offerings by start, a keyset page. ``start_date`` is a date in each offering's own zone."""
    after = None
    if cursor is not None:
        start, last_id = numbers_in(cursor, 2)
        after = (from_micros(start) if start else None, last_id)
    with app.store.read() as tx:
        wanted = _filter(tx, kind, starts_from, starts_to, start_date, type, status)
        found = _views(app, tx, store.page(tx, wanted, limit=at_most(limit) + 1, after=after))
    return page_of(found, limit, lambda one: f"{to_micros(one.starts_at) if one.starts_at else 0},{one.id}")


def numbered(
    app: App,
    kind: str,
    *,
    start_date: date | None = None,
    type: str | None = None,
    status: str | None = None,
    page: int = 1,
    page_size: int = 20,
) -> Numbered[Offering]:
    """Offerings by start, a numbered page, and how many there are in all."""
    if not 1 <= page <= 1_000_000:
        raise Invalid(f"Pages are numbered from 1, not {page}.")
    with app.store.read() as tx:
        wanted = _filter(tx, kind, None, None, start_date, type, status)
        found = store.page(tx, wanted, limit=at_most(page_size), offset=(page - 1) * page_size)
        return Numbered(tuple(_views(app, tx, found)), store.count(tx, wanted), page, page_size)


def update(
    app: App,
    actor: Actor,
    kind: str,
    offering_id: int,
    changes: dict[str, Any],
    *,
    version: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Offering | dict[str, Any]:
    """Change fields of a `Draft`; everybody who has a place is told of a new time or title.

    ``version`` refuses the change where somebody else was faster (ChangedMeanwhile). Raises NotYours, NotAllowedNow
    for a capacity below what is taken, OfferingClosed, OfferingCancelled.
    """
    given = _draft(changes)

    row = kind_named(kind)

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        check_changeable(offering, tx.now)
        if row.picks_time and (given.starts_at or given.ends_at):
            raise Invalid(f"A {kind} has no time of its own.", hint="Its schedule says when it is open.")
        if given.sellers or given.venue_id not in (None, offering.venue_id):
            raise Invalid("Where and with whom it is stays as it is.", hint="Make a new one and cancel this.")
        if row.in_venue and given.seats is not None:
            raise Invalid("Its seats are those of the venue.", hint="Change the venue's seat plan.")
        values = _columns(given, offering, currency=offering.currency or app.settings.currency)
        if row.in_venue and given.price is not None:
            raise Invalid("Its seats have prices by stand or category.", hint="Name a price for each of them.")
        if given.prices is not None:
            values |= seat_prices.change(tx, offering, given.prices, offering.currency or app.settings.currency)
        _check_paid_for(values, offering)
        upkeep.settle_within(app, tx, offering.id, most=MOST_SEATS)
        if given.seats is not None:
            _resize(tx, offering, given.seats)
            upkeep.settle_within(app, tx, offering.id)  # whoever waits gets what there is more
        moved = "starts_at" in values and _span(values) != (offering.starts_at, offering.ends_at)
        if moved:
            _move(app, tx, offering, values)
        store.change(tx, offering.id, values)
        if moved or values.get("title", offering.title) != offering.title:
            outbox.post_to_live(tx, offering.id, "changed", _before(offering), new_message_id=app.new_message_id)
        return _view(app, tx, _found(tx, kind, offering.id))

    taken = _sellers_of_taken(app, offering_id) if given.starts_at or given.ends_at else []
    _settle(app, taken)
    changed = write(app, actor, kind, offering_id, act, version=version, key=key, dry_run=dry_run)
    _settle(app, taken)
    return changed


def cancel(
    app: App,
    actor: Actor,
    kind: str,
    offering_id: int,
    *,
    reason: str | None = None,
    version: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Offering | dict[str, Any]:
    """Cancel an offering and, in bounded steps, every reservation of it; everybody is told.

    A cancelled one answers again unchanged. Raises NotYours, and OfferingClosed once it has begun.
    """
    why = None if reason is None else clean_text(reason, what="reason", most=500)

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        if offering.cancelled_at is None:
            check_changeable(offering, tx.now)
            # What was overdue has expired and stays so; only what is alive is cancelled.
            upkeep.settle_within(app, tx, offering.id, most=MOST_SEATS)
            store.change(tx, offering.id, {"cancelled_at": tx.now, "cancel_reason": why})
        return _view(app, tx, _found(tx, kind, offering.id))

    answer = write(app, actor, kind, offering_id, act, version=version, key=key, dry_run=dry_run)
    if dry_run:
        return answer
    # Then what it had taken is free, and whoever waits for it is next.
    _settle(app, [offering_id, *_sellers_of_taken(app, offering_id)])
    return show(app, kind, offering_id) if isinstance(answer, Offering) else answer


def delete(
    app: App,
    actor: Actor,
    kind: str,
    offering_id: int,
    *,
    version: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> None:
    """Delete an offering that nobody ever reserved. Raises NotYours, NotAllowedNow once anything was reserved."""

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        if store.was_reserved(tx, offering.id):
            raise NotAllowedNow(f"{offering.title} has been reserved and stays on record.", hint="Cancel it instead.")
        view = _view(app, tx, offering)
        store.remove(tx, offering.id)
        return view

    taken = _sellers_of_taken(app, offering_id)
    write(app, actor, kind, offering_id, act, version=version, key=key, dry_run=dry_run)
    _settle(app, taken)


def write(
    app: App,
    actor: Actor,
    kind: str,
    offering_id: int,
    act: Callable[[Tx, OfferingRecord], T],
    *,
    version: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> T | dict[str, Any]:
    """One change of one offering by somebody who may: its creator or an administrator."""

    def change(tx: Tx, who: Who) -> T:
        offering = _found(tx, kind, offering_id, lock=True)
        tx.read_clock()
        if not who.may_see(offering.creator_id):
            raise NotYours(f"{offering.title} belongs to somebody else.")
        if version is not None and version != offering.version:
            raise ChangedMeanwhile(f"{offering.title} is at version {offering.version} by now, not {version}.")
        return act(tx, offering)

    def step(tx: Tx) -> T | dict[str, Any]:
        who = look_up(tx, actor)
        # A repeat is answered even where the change itself has made it impossible: it is gone, or at another version.
        result = once(tx, actor, key, lambda: change(tx, who))
        if dry_run:
            tx.abandon()
        return result

    return _guarded(app, step)


def _guarded(app: App, step: Callable[[Tx], T]) -> T:
    """Run a step; what the law on pools forbids is a refusal as everywhere."""
    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "claims_overlap":
            raise
        raise SpanTaken() from refused


def _settle(app: App, offering_ids: Iterable[int]) -> None:
    """Let time do its part with offerings, so that nothing that is over keeps anybody away."""
    for offering_id in offering_ids:
        while upkeep.settle_offering(app, offering_id):
            pass


def _sellers_of_taken(app: App, offering_id: int) -> list[int]:
    """The offerings whose units an offering has taken with it."""
    if not 0 < offering_id < 2**63:
        return []
    with app.store.read() as tx:
        return store.sellers_of_taken(tx, offering_id)


def _span(values: dict[str, Any]) -> tuple[datetime, datetime]:
    return values["starts_at"], values["ends_at"]


def _move(app: App, tx: Tx, offering: OfferingRecord, values: dict[str, Any]) -> None:
    span = Span(*_span(values))
    if span.start <= tx.now:
        raise BadSpan(f"{offering.title} cannot be moved into the past.")
    house.follow(tx, offering, span)
    terms = app.policy(offering.kind, values.get("policy", offering.policy))
    store.move_span(tx, offering.id, span, missed_at=over_at(terms, span, check_in_missing=True))


def _check_whole(given: Draft, row: Kind) -> None:
    """Raise Invalid for a draft that lacks something its kind needs, or has something its kind does not know."""
    kind = row.name
    if row.in_venue:
        if given.title is None or given.venue_id is None:
            raise Invalid(f"A {kind} needs a title and a venue.")
        if given.seats is not None:
            raise Invalid(f"The seats of a {kind} are those of its venue.")
        if given.price is not None:
            raise Invalid("Its seats have prices by stand or category.", hint="Name a price for each of them.")
    else:
        if given.title is None or given.seats is None:
            raise Invalid(f"A {kind} needs a title and a number of seats.")
        if given.venue_id is not None or given.prices is not None:
            raise Invalid(f"A {kind} has no numbered seats, and so no venue and no price categories.")
    if not row.picks_time and (given.starts_at is None or given.ends_at is None):
        raise Invalid(f"A {kind} needs a start and an end.")
    if row.picks_time and (given.starts_at or given.ends_at):
        raise Invalid(f"A {kind} has no time of its own.", hint="Its schedule says when it is open.")
    if row.picks_time and given.sellers:
        raise Invalid(f"A {kind} has no time of its own for which it could take a room or a provider.")


def _before(offering: OfferingRecord) -> dict[str, Any]:
    """What a letter about a change says of the time before it."""
    return dict(plain({"title": offering.title, "starts_at": offering.starts_at, "ends_at": offering.ends_at}))


def columns(app: App, given: dict[str, Any]) -> dict[str, Any]:
    """The checked columns of an offering's fields, for offerings that are made in another way. Raises Invalid."""
    values = _columns(_draft(given), currency=app.settings.currency)
    _check_paid_for(values, None)
    return values


def view(app: App, tx: Tx, kind: str, offering_id: int) -> Offering:
    """One offering, within a transaction. Raises NotFound."""
    return _view(app, tx, _found(tx, kind, offering_id))


def _draft(given: dict[str, Any]) -> Draft:
    known = {field.name for field in fields(Draft)}
    if unknown := given.keys() - known:
        raise Invalid(f"An offering has no {sorted(unknown)[0]!r}.", hint=f"Known are: {', '.join(sorted(known))}.")
    return Draft(**given)


def _columns(given: Draft, before: OfferingRecord | None = None, *, currency: str) -> dict[str, Any]:
    """The checked columns of what was given. Raises Invalid, BadSpan."""
    values: dict[str, Any] = {}
    if given.title is not None:
        values["title"] = clean_name(given.title, what="title", most=200)
    if given.type is not None:
        values["type"] = clean_name(given.type, what="type", most=100)
    if given.description is not None:
        values["description"] = clean_text(given.description, what="description", most=LONGEST_TEXT)
    if given.timezone is not None:
        values["timezone"] = known_zone(given.timezone)
    if given.policy is not None:
        own = {} if before is None else json.loads(before.policy)
        values["policy"] = json.dumps(check_overrides(own | given.policy), sort_keys=True)
    if given.price is not None:
        minor = parse_amount(given.price, currency, least_minor=0) or None
        values |= {"price_minor": minor, "currency": minor and currency}
    if given.seats is not None and not 1 <= given.seats <= MOST_SEATS:
        raise Invalid(f"Seats are a whole number from 1 to {MOST_SEATS:,}, not {given.seats}.")
    starts_at = given.starts_at or (before.starts_at if before else None)
    ends_at = given.ends_at or (before.ends_at if before else None)
    if given.starts_at is not None and given.ends_at is None and before and before.starts_at and before.ends_at:
        # Only the start was named: the length stays.
        ends_at = given.starts_at + (before.ends_at - before.starts_at)
    if starts_at is not None and ends_at is not None:
        if ends_at <= starts_at:
            zone = ZoneInfo(values.get("timezone") or (before.timezone if before else "UTC"))
            raise BadSpan(f"The end ({format_local(ends_at, zone)}) must come after the start.")
        values |= {"starts_at": starts_at, "ends_at": ends_at}
    return values


def _check_paid_for(values: dict[str, Any], before: OfferingRecord | None) -> None:
    """Where a payment is to confirm a hold there must be something to pay. Raises Invalid."""
    price = values.get("price_minor", before.price_minor if before else None)
    terms = json.loads(values.get("policy") or (before.policy if before else "{}"))
    if price is None and terms.get("confirm") == "payment":
        raise Invalid("A hold without a price cannot be confirmed by a payment.", hint="Use code, self or none.")


def check_changeable(offering: OfferingRecord, now: datetime) -> None:
    """Raise OfferingCancelled or OfferingClosed for what is over or under way."""
    now_is = status(offering, now)
    if now_is == "cancelled":
        raise OfferingCancelled(f"{offering.title} was cancelled.")
    if now_is in ("ongoing", "completed"):
        raise OfferingClosed(f"{offering.title} is {now_is} and cannot be changed.")


def _resize(tx: Tx, offering: OfferingRecord, seats: int) -> None:
    needed = store.resize(tx, offering.id, units=seats)
    if needed is not None:
        raise NotAllowedNow(
            f"{needed} places of {offering.title} are taken; it cannot have only {seats}.",
            hint="Cancel reservations first.",
        )


def _filter(
    tx: Tx,
    kind: str,
    starts_from: datetime | None,
    starts_to: datetime | None,
    start_date: date | None,
    type: str | None,
    status: str | None,
) -> store.Filter:
    if status is not None and status not in STATUSES:
        raise Invalid(f"There is no status {status!r}.", hint=f"One of: {', '.join(STATUSES)}.")
    starts: dict[str, datetime] | None = None
    if start_date is not None:
        starts = {zone: datetime.combine(start_date, time(), ZoneInfo(zone)) for zone in store.zones(tx, kind)}
    elif starts_from is not None:
        starts = dict.fromkeys(store.zones(tx, kind), starts_from)
    return store.Filter(kind_named(kind).name, starts, starts_to, type, status)


def _found(tx: Tx, kind: str, offering_id: int, *, lock: bool = False) -> OfferingRecord:
    record = store.by_id(tx, kind, offering_id, lock=lock)
    if record is None:
        raise NotFound(f"There is no {kind} {offering_id}.", hint=f"`classbook {kind} list` shows what there is.")
    return record


def _view(app: App, tx: Tx, record: OfferingRecord) -> Offering:
    return _views(app, tx, [record])[0]


def _views(app: App, tx: Tx, records: list[OfferingRecord]) -> list[Offering]:
    figures = store.figures(tx, [record.id for record in records])
    places = venues.names(tx, {record.venue_id for record in records if record.venue_id})
    creators = people.refs(tx, {record.creator_id for record in records if record.creator_id})
    return [
        _shown(
            app,
            record,
            figures.get(record.id, store.Figures()),
            creators.get(record.creator_id or 0),
            places.get(record.venue_id or 0),
            tx.now,
        )
        for record in records
    ]


def _shown(
    app: App,
    record: OfferingRecord,
    figures: store.Figures,
    creator: PersonRef | None,
    venue: str | None,
    now: datetime,
) -> Offering:
    now_is = status(record, now)
    bookable = now_is in ("upcoming", "open")
    terms = app.policy(record.kind, record.policy)
    base: dict[str, Any] = {
        "id": record.id,
        "kind": record.kind,
        "title": record.title,
        "description": record.description,
        "type": record.type,
        "status": now_is,
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
        "timezone": record.timezone,
        "capacity": figures.capacity,
        "reserved": figures.reserved,
        "available": max(0, figures.free) if bookable else 0,
        "price": None if record.price_minor is None else Money(record.price_minor, record.currency or ""),
        "creator": creator,
        "venue": venue,
        "policy": as_dict(terms),
        "version": record.version,
    }
    known = base | {"slot": format_duration(terms.slot_seconds), "venue_id": record.venue_id}
    own = {name: known[of] for name, of in KINDS[record.kind].words.items()}
    return _SHAPES[record.kind](**base, **own)
