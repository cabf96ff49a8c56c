"""Offerings: made, shown, changed, cancelled. Who may do what is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from classbook.app import App
from classbook.core import house, making, seat_prices, upkeep
from classbook.core.actors import Who, look_up
from classbook.core.drafts import MOST_SEATS, check_paid_for, columns, draft
from classbook.core.keys import once
from classbook.core.pages import at_most, numbers_in, page_of
from classbook.core.trail import Deed
from classbook.errors import (
    BadSpan,
    ChangedMeanwhile,
    ClassbookError,
    Hint,
    Invalid,
    NotAllowedNow,
    NotFound,
    NotYours,
    OfferingCancelled,
    OfferingClosed,
    SpanTaken,
)
from classbook.rules.kinds import KINDS, kind_named
from classbook.rules.names import clean_text
from classbook.rules.permits import over_at, status
from classbook.rules.policy import as_dict
from classbook.rules.spans import Span
from classbook.rules.when import format_duration
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

SPAN: Final = ("starts_at", "ends_at")
STATUSES: Final = ("upcoming", "ongoing", "completed", "cancelled", "open")


_SHAPES: Final[dict[str, type[Offering]]] = {
    "class": Class,
    "event": Event,
    "match": Match,
    "appointment": Appointments,
    "resource": Resource,
}


def create(
    app: App,
    actor: Actor,
    kind: str,
    fields: dict[str, Any],
    *,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Offering | dict[str, Any]:
    """Make an offering out of the fields of a `Draft`. ``starts_at`` and ``ends_at`` are aware instants.

    Raises Invalid or BadSpan for what cannot be, NotYours for people who may not make this kind, NotFound for a venue,
    a room or a provider that is not there, SpanTaken where one of them is taken at that time.
    """
    row = kind_named(kind)
    wish = making.wish(app, row, fields)

    def act(tx: Tx, who: Who) -> Offering:
        [made] = making.make(app, tx, who, row, [wish])
        if isinstance(made, ClassbookError):
            raise made
        return view(app, tx, made)

    def step(tx: Tx) -> Offering | dict[str, Any]:
        who = making.maker(tx, actor, row)
        return once(tx, actor, key, lambda: act(tx, who), deed=Deed("create", "offering"), dry_run=dry_run)

    with app.store.rehearsal(dry_run):
        settle(app, wish.draft.sellers)
        return guarded(app, step)


def show(app: App, kind: str, offering_id: int) -> Offering:
    """One offering. Raises NotFound."""
    with app.store.read() as tx:
        return view(app, tx, _found(tx, kind, offering_id))


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
    """Offerings by start, a keyset page. ``start_date`` is a date in each offering's own zone. Raises Invalid."""
    after = None
    if cursor:
        start, last_id = numbers_in(cursor, 2)
        after = (from_micros(start) if start else None, last_id)
    with app.store.read() as tx:
        wanted = _filter(tx, kind, starts_from, starts_to, start_date, type, status)
        found = views(app, tx, store.page(tx, wanted, limit=at_most(limit) + 1, after=after))
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
    """Offerings by start, a numbered page, and how many there are in all. Raises Invalid."""
    if not 1 <= page <= 1_000_000:
        raise Invalid(f"Pages are numbered from 1, not {page}.")
    with app.store.read() as tx:
        wanted = _filter(tx, kind, None, None, start_date, type, status)
        found = store.page(tx, wanted, limit=at_most(page_size), offset=(page - 1) * page_size)
        return Numbered(tuple(views(app, tx, found)), store.count(tx, wanted), page, page_size)


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

    ``version`` refuses the change where somebody else was faster (ChangedMeanwhile). Raises Invalid or BadSpan for what
    cannot be, NotFound, NotYours, NotAllowedNow for a capacity below what is taken, OfferingClosed, OfferingCancelled,
    SpanTaken.
    """
    given = draft(changes)

    row = kind_named(kind)

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        check_changeable(offering, tx.now)
        if row.picks_time and (given.starts_at or given.ends_at):
            raise Invalid(f"A {kind} has no time of its own.", hint="Its schedule says when it is open.")
        if given.sellers or given.venue_id not in (None, offering.venue_id):
            raise Invalid("Where and with whom it is stays as it is.", hint="Make a new one and cancel this.")
        if row.in_venue and given.seats is not None:
            raise Invalid("Its seats are those of the venue.", hint="Change the venue's seat plan.")
        values = columns(given, row, offering, currency=offering.currency or app.settings.currency)
        if row.in_venue and given.price is not None:
            raise Invalid("Its seats have prices by stand or category.", hint="Name a price for each of them.")
        if given.prices is not None:
            values |= seat_prices.change(tx, offering, given.prices, offering.currency or app.settings.currency)
        check_paid_for(values, offering)
        moved = "starts_at" in values and _span(values) != (offering.starts_at, offering.ends_at)
        if moved:
            store.hold_still(tx, offering.id)
        # Settled once, because that locks wallets: after what whoever waits gains by, before what they may not have.
        grows = given.seats is not None and given.seats > store.units(tx, offering.id)
        if given.seats is not None and grows:
            _resize(tx, offering, given.seats)
        store.change(tx, offering.id, {name: value for name, value in values.items() if name not in SPAN})
        again.update(upkeep.settle_within(app, tx, offering.id, most=MOST_SEATS) or ())
        if given.seats is not None and not grows:
            _resize(tx, offering, given.seats)
        if moved:
            _move(app, tx, offering, values)
        if moved or values.get("title", offering.title) != offering.title:
            outbox.post_to_live(
                tx, offering.id, "changed", _before(offering), new_message_id=app.new_message_id,
                request_id=actor.request_id,
            )  # fmt: skip
        return view(app, tx, _found(tx, kind, offering.id))

    again = set[int]()
    with app.store.rehearsal(dry_run):
        taken = _sellers_of_taken(app, offering_id) if given.starts_at or given.ends_at else []
        settle(app, taken)
        changed = write(app, actor, kind, offering_id, act, action="update", version=version, key=key, dry_run=dry_run)
        settle(app, taken)
        upkeep.look_again(app, again)
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

    A cancelled one answers again unchanged. Raises NotFound, NotYours, ChangedMeanwhile where it is not at ``version``
    any more, and OfferingClosed once it has begun.
    """
    why = None if reason is None else clean_text(reason, what="reason", most=500)

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        if offering.cancelled_at is None:
            check_changeable(offering, tx.now)
            # What was overdue has expired and stays so; only what is alive is cancelled.
            again.update(upkeep.settle_within(app, tx, offering.id, most=MOST_SEATS) or ())
            store.change(tx, offering.id, {"cancelled_at": tx.now, "cancel_reason": why})
        return view(app, tx, _found(tx, kind, offering.id))

    again = set[int]()
    answer = write(app, actor, kind, offering_id, act, action="cancel", version=version, key=key, dry_run=dry_run)
    if dry_run:
        return answer
    upkeep.look_again(app, again)
    # Then what it had taken is free, and whoever waits for it is next.
    settle(app, [offering_id, *_sellers_of_taken(app, offering_id)])
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
    """Delete an offering that nobody ever reserved.

    Raises NotFound, NotYours, ChangedMeanwhile, NotAllowedNow once anything was reserved.
    """

    def act(tx: Tx, offering: OfferingRecord) -> Offering:
        if store.was_reserved(tx, offering.id):
            raise NotAllowedNow(f"{offering.title} has been reserved and stays on record.", hint="Cancel it instead.")
        last = view(app, tx, offering)
        store.remove(tx, offering.id)
        return last

    with app.store.rehearsal(dry_run):
        taken = _sellers_of_taken(app, offering_id)
        write(app, actor, kind, offering_id, act, action="delete", version=version, key=key, dry_run=dry_run)
        settle(app, taken)


def write(
    app: App,
    actor: Actor,
    kind: str,
    offering_id: int,
    act: Callable[[Tx, OfferingRecord], T],
    *,
    action: str,
    version: int | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> T | dict[str, Any]:
    """One change of one offering by somebody who may: its creator or an administrator.

    Raises NotFound, NotYours, ChangedMeanwhile, SpanTaken, and what ``act`` raises.
    """

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
        return once(
            tx, actor, key, lambda: change(tx, who), deed=Deed(action, "offering", offering_id), dry_run=dry_run
        )

    return guarded(app, step)


def guarded(app: App, step: Callable[[Tx], T]) -> T:
    """Run a step; what the law on pools forbids is a refusal as everywhere: SpanTaken."""
    try:
        return app.store.write(step)
    except ConstraintRefused as refused:
        if refused.constraint != "claims_overlap":
            raise
        raise SpanTaken() from refused


def settle(app: App, offering_ids: Iterable[int]) -> None:
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


def _before(offering: OfferingRecord) -> dict[str, Any]:
    """What a letter about a change says of the time before it."""
    return dict(plain({"title": offering.title, "starts_at": offering.starts_at, "ends_at": offering.ends_at}))


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
        raise NotFound(f"There is no {kind} {offering_id}.", hint=Hint("{} shows what there is.", f"list {kind}"))
    return record


def view(app: App, tx: Tx, record: OfferingRecord) -> Offering:
    """An offering as everybody may see it."""
    return views(app, tx, [record])[0]


def views(app: App, tx: Tx, records: list[OfferingRecord]) -> list[Offering]:
    """The same of many, in a fixed number of queries."""
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
