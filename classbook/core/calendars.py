"""Calendars: what a reservation or an offering is in one, the secret links to feeds, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from classbook.app import App
from classbook.core.actors import look_up
from classbook.core.keys import once
from classbook.errors import Hint, NotFound, NotYours
from classbook.rules import codes
from classbook.rules.calendars import Entry, Status, feed
from classbook.rules.kinds import KINDS
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, EXPIRED, FAR_FUTURE, HELD, QUEUED, TAKEN, seen
from classbook.store import catalog, listings, people, venues
from classbook.store import codes as code_store
from classbook.store.database import Tx, to_micros
from classbook.store.records import CodeRecord, OfferingRecord
from classbook.values import Actor, CalendarLink, RequestKey

KEPT_DAYS: Final = 90
"""How long what is over stays in a feed."""
MOST_ENTRIES: Final = 1000
MOST_NAMES: Final = 200
OF_PERSON: Final = "calendar"
OF_OFFERING: Final = "offering calendar"
_LETTERS: Final = {"p": OF_PERSON, "o": OF_OFFERING}
"""What a token begins with: whose feed it is for."""
_STATUS: Final[dict[str, Status]] = {HELD: "TENTATIVE", CONFIRMED: "CONFIRMED", COMPLETED: "CONFIRMED"}


# --- the links -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Feed:
    """Whose feed: a person's, or an offering's for whoever made it."""

    purpose: str
    subject_id: int


def link(
    app: App,
    actor: Actor,
    *,
    person: int | None = None,
    offering_id: int | None = None,
    renew: bool = False,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> CalendarLink:
    """The secret address of a feed: of one's own calendar, or of an offering one has made.

    ``renew`` makes the address before it void. Nothing is stored for it, but for the number of times it was renewed.
    Raises NotFound, and NotYours for what is somebody else's.
    """

    def renewed(tx: Tx, wanted: _Feed) -> dict[str, bool]:
        code_store.renew(tx, wanted.purpose, wanted.subject_id, nonce=app.chance.nonce(), until=FAR_FUTURE)
        # With the key is kept that it was done, and not the address: that is a secret.
        return {"renewed": True}

    def act(tx: Tx) -> CalendarLink:
        wanted = _wanted(tx, actor, person, offering_id)
        if renew:
            once(tx, actor, key, lambda: renewed(tx, wanted))
        if dry_run:
            tx.abandon()
        token = _token(app, _code(tx, wanted))
        return CalendarLink(f"{app.settings.web.address}/api/v0/calendars/{token}.ics")

    if renew:
        return app.store.write(act)
    with app.store.read() as tx:
        return act(tx)


def _wanted(tx: Tx, actor: Actor, person: int | None, offering_id: int | None) -> _Feed:
    who = look_up(tx, actor)
    if offering_id is not None:
        offering = catalog.any_by_id(tx, offering_id)
        if offering is None:
            raise NotFound(f"There is no offering {offering_id}.")
        if not who.may_see(offering.creator_id):
            raise NotYours(f"{offering.title} belongs to somebody else.")
        return _Feed(OF_OFFERING, offering_id)
    person_id = person or who.id
    if person_id is None:
        raise NotFound("The console has no calendar.", hint=Hint("Say whose: {}.", "name a person"))
    if not who.speaks_for(person_id):
        raise NotYours("Only an administrator may see other people's calendars.")
    found = people.by_id(tx, person_id)
    if found is None or found.removed:
        raise NotFound(f"There is no person {person_id}.")
    return _Feed(OF_PERSON, person_id)


def _code(tx: Tx, wanted: _Feed) -> CodeRecord:
    """What the token is derived from: until it is renewed for the first time, there is no row for it."""
    found = code_store.find(tx, wanted.purpose, wanted.subject_id)
    return found or CodeRecord(wanted.purpose, wanted.subject_id, "", 1, 0, FAR_FUTURE)


def _token(app: App, code: CodeRecord) -> str:
    [letter] = [letter for letter, purpose in _LETTERS.items() if purpose == code.purpose]
    return letter + codes.link_token(app.key, code)


# --- the feeds -----------------------------------------------------------------------------------------------------


def read(app: App, token: str) -> bytes:
    """The feed behind a link, as iCalendar. Raises NotFound for a link that is not, or no longer, good."""
    with app.store.read() as tx:
        purpose, claimed = _LETTERS.get(token[:1]), codes.link_subject(token[1:])
        if purpose is None or claimed is None:
            raise NotFound("This calendar is not there.")
        wanted = _Feed(purpose, claimed[0])
        if not codes.same_code(_token(app, _code(tx, wanted)), token):
            raise NotFound("This calendar is not there.", hint="Its address may have been renewed.")
        return _of_person(app, tx, wanted) if purpose == OF_PERSON else _of_offering(app, tx, wanted)


def _of_person(app: App, tx: Tx, wanted: _Feed) -> bytes:
    person = people.by_id(tx, wanted.subject_id)
    if person is None or person.removed:
        raise NotFound("This calendar is not there.")
    found = listings.since(tx, _since(tx), person_id=person.id, limit=MOST_ENTRIES)
    places = venues.names(tx, {one.offering.venue_id for one in found if one.offering.venue_id})
    entries = [reservation_entry(app, one, tx.now, where=places.get(one.offering.venue_id or 0)) for one in found]
    return feed("My bookings", [entry for entry in entries if entry])


def _of_offering(app: App, tx: Tx, wanted: _Feed) -> bytes:
    offering = catalog.any_by_id(tx, wanted.subject_id)
    if offering is None:
        raise NotFound("This calendar is not there.")
    found = listings.since(tx, _since(tx), offering_id=offering.id, limit=MOST_ENTRIES)
    if KINDS[offering.kind].picks_time:
        entries = [reservation_entry(app, one, tx.now, title=f"{one.user.name}: {offering.title}") for one in found]
        return feed(offering.title, [entry for entry in entries if entry])
    entry = _offering_entry(app, tx, offering, [one for one in found if _state(one, tx.now) in TAKEN])
    return feed(offering.title, [entry] if entry else [])


def _since(tx: Tx) -> datetime:
    return tx.now - timedelta(days=KEPT_DAYS)


# --- the entries ---------------------------------------------------------------------------------------------------


def reservation_entry(
    app: App,
    one: listings.Listed,
    now: datetime,
    *,
    where: str | None = None,
    title: str | None = None,
    changed_at: datetime | None = None,
) -> Entry | None:
    """A reservation in a calendar; None for one without a time, and for one that never was more than a wish.

    Each step of it and each change of its offering makes SEQUENCE grow.
    """
    record, offering, state = one.record, one.offering, _state(one, now)
    if record.starts_at is None or record.ends_at is None or state == QUEUED:
        return None
    if state not in TAKEN and record.confirmed_at is None:
        return None
    code = codes.reservation_code(record.id)
    return Entry(
        uid=f"{code}-{to_micros(record.created_at):x}@classbook",
        sequence=record.steps + offering.version,
        status=_STATUS.get(state, "CANCELLED"),
        title=title or offering.title,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        timezone=offering.timezone,
        changed_at=changed_at or record.confirmed_at or record.created_at,
        description=f"{_places(one)}\nReservation {code}",
        where=where,
        url=f"{app.settings.web.address}/my/{code}/",
    )


def _offering_entry(app: App, tx: Tx, offering: OfferingRecord, taken: list[listings.Listed]) -> Entry | None:
    """An offering as whoever made it sees it: who comes."""
    if offering.starts_at is None or offering.ends_at is None or offering.ends_at < _since(tx):
        return None
    names = [f"{one.user.name}: {_places(one)}" for one in taken[:MOST_NAMES]]
    if len(taken) > MOST_NAMES:
        names.append(f"and {len(taken) - MOST_NAMES} more")
    return Entry(
        uid=f"{offering.id}-{to_micros(offering.created_at):x}@classbook",
        sequence=offering.version,
        status="CONFIRMED" if offering.cancelled_at is None else "CANCELLED",
        title=offering.title,
        starts_at=offering.starts_at,
        ends_at=offering.ends_at,
        timezone=offering.timezone,
        changed_at=offering.cancelled_at or offering.created_at,
        description="\n".join([f"{sum(one.record.party for one in taken)} places taken", *names]),
        where=venues.names(tx, {offering.venue_id}).get(offering.venue_id) if offering.venue_id else None,
        url=f"{app.settings.web.address}/offerings/{offering.id}/",
    )


def seats_of(one: listings.Listed) -> str | None:
    """The labels of its seats; None where places have none."""
    return ", ".join(place.seat for place in one.record.places if place.seat) or None


def _places(one: listings.Listed) -> str:
    seats, party = seats_of(one), one.record.party
    return f"Seats {seats}" if seats else f"{party} place{'s' if party > 1 else ''}"


def _state(one: listings.Listed, now: datetime) -> str:
    """The state people see."""
    record, cancelled = one.record, one.offering.cancelled_at is not None
    return seen(
        record.state, record.due_at, now, offering_cancelled=cancelled, check_in_missing=record.check_in_missing
    )


def is_over(one: listings.Listed, now: datetime) -> bool:
    """Whether it was confirmed once, and is not any more."""
    return _state(one, now) in (CANCELLED, EXPIRED) and one.record.confirmed_at is not None


def is_on(one: listings.Listed, now: datetime) -> bool:
    """Whether it is confirmed, and still to come or under way."""
    return _state(one, now) == CONFIRMED
