"""What is kept about a person: all of it for themselves, and nothing of it once they are gone.

Somebody is anonymised and not deleted: their rows of money and their reservations stay, as those of nobody in
particular, so that every sum and every figure is what it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from classbook.app import App
from classbook.core import outbox, reservations, upkeep
from classbook.core.actors import Who, look_up
from classbook.core.exports import paged
from classbook.core.keys import once
from classbook.core.pages import MOST_PER_PAGE, id_cursor, page_of
from classbook.errors import Hint, Invalid, NotAllowedNow, NotFound
from classbook.rules.codes import reservation_code
from classbook.store import changes, people, wallets
from classbook.store import outbox as outbox_store
from classbook.store import personal as store
from classbook.store.database import Tx
from classbook.store.records import PersonRecord
from classbook.values import Actor, Change, Message, OfferingRef, Page, Person, RequestKey, Transfer, iso, plain

_NAMED_AT_MOST: Final = 5
_LAST: Final = 2**63 - 1


def export(app: App, actor: Actor, who: str) -> Iterator[str]:
    """Everything that is kept about a person, as the pieces of one JSON object: never more than a page in memory.

    For themselves and for administrators; for everybody else there is nobody. Raises NotFound before the first piece.
    """
    with app.store.read() as tx:
        record = _seen(tx, look_up(tx, actor), who)
        person = plain(people.view(record)) | plain(store.dates(tx, record.id))
        mine = [plain(wallet) for wallet in wallets.page(tx, person_id=record.id, after_id=0, limit=MOST_PER_PAGE)]
    return _pieces(
        {
            "person": person,
            "reservations": _reservations(app, actor, record.id),
            "wallets": mine,
            "transfers": paged(lambda cursor: _transfers(app, record.id, cursor)),
            "offerings": paged(lambda cursor: _offerings(app, record.id, cursor)),
            "messages": paged(lambda cursor: _messages(app, record, cursor)),
            "changes_by_them": paged(lambda cursor: _changes(app, changes.Wanted(actor_id=record.id), cursor)),
            "changes_of_them": paged(lambda cursor: _changes(app, changes.Wanted("person", record.id), cursor)),
        }
    )


def anonymise(
    app: App, actor: Actor, who: str, *, email: str | None = None, key: RequestKey | None = None, dry_run: bool = False
) -> Person | dict[str, Any]:
    """Take away who a person was: address, name, telephone number, password, mails, and what they wrote.

    Reservations, money and figures stay. Their logins end, and their address can sign up anew. Who is gone already is
    answered unchanged. For themselves and for administrators. Raises NotFound, Invalid where ``email`` is somebody
    else's, and NotAllowedNow while they have reservations, money, or something to offer.
    """
    with app.store.read() as tx:
        found = _seen(tx, look_up(tx, actor), who)
        overdue = store.unsettled(tx, found.id)

    def act(tx: Tx) -> Person:
        changes.lock(tx, "person", found.id)
        record = people.by_id(tx, found.id) or found
        if not record.removed:
            if email is not None and email.strip().lower() != record.email:
                raise Invalid("That is not the address of this person.", hint="Nothing was changed.")
            _refuse_while_busy(tx, record)
            store.anonymise(tx, record)
            told = (record.id, {"removed_at": None}, {"removed_at": iso(tx.now)})
            changes.add(tx, actor, "anonymise", "person", [told])
        return people.view(people.by_id(tx, found.id) or record)

    def step(tx: Tx) -> Person | dict[str, Any]:
        look_up(tx, actor)
        return once(tx, actor, key, lambda: act(tx), dry_run=dry_run)

    with app.store.rehearsal(dry_run):
        for offering_id in overdue:  # what is over keeps nobody
            while upkeep.settle_offering(app, offering_id):
                pass
        return app.store.write(step)


def _refuse_while_busy(tx: Tx, record: PersonRecord) -> None:
    """Raise NotAllowedNow while anybody would miss them."""
    if live := store.live_reservations(tx, record.id):
        raise NotAllowedNow(
            f"{record.name} has reservations that are not over: {_named([reservation_code(id) for id in live])}.",
            hint="Cancel them first, or wait until they are over.",
        )
    for wallet in wallets.page(tx, person_id=record.id, after_id=0, limit=MOST_PER_PAGE):
        if wallet.balance.minor or wallet.held.minor:
            raise NotAllowedNow(
                f"There is {wallet.balance} in wallet {wallet.id} of {record.name}.",
                hint=Hint("Take it out first: {}.", "withdraw", {"amount": wallet.balance.amount, "wallet": wallet.id}),
            )
    if ahead := store.offerings_ahead(tx, record.id):
        raise NotAllowedNow(
            f"{record.name} offers what is not over: {_named(ahead)}.",
            hint="Cancel it first, or wait until it is over.",
        )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
    return f"{', '.join(names[:_NAMED_AT_MOST])}{more}"


def _seen(tx: Tx, viewer: Who, who: str) -> PersonRecord:
    """The person that is meant, gone or not, if the viewer may know of them. Raises NotFound."""
    text = who.strip()
    record = people.by_id(tx, int(text)) if text.isascii() and text.isdigit() else people.by_email(tx, text.lower())
    if record is None or not viewer.may_see(record.id):
        raise NotFound(f"There is no person {who}.", hint=Hint("{} shows who there is.", "list people"))
    return record


# --- the parts of an export ----------------------------------------------------------------------------------------


def _reservations(app: App, actor: Actor, person_id: int) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = reservations.listing(app, actor, person=person_id, limit=MOST_PER_PAGE, cursor=cursor)
        with app.store.read() as tx:
            steps = store.histories(tx, [one.id for one in page.results])
        for one in page.results:
            yield plain(one) | {"history": plain(steps[one.id])}
        cursor = page.next
        if cursor is None:
            return


def _transfers(app: App, person_id: int, cursor: str | None) -> Page[Transfer]:
    with app.store.read() as tx:
        mine = wallets.ids_of(tx, person_id)
        found = wallets.transfers(tx, mine, before_id=_before(cursor), limit=MOST_PER_PAGE + 1)
    return page_of(found, MOST_PER_PAGE, lambda one: one.id)


def _offerings(app: App, person_id: int, cursor: str | None) -> Page[OfferingRef]:
    with app.store.read() as tx:
        found = store.offerings_by(tx, person_id, after_id=id_cursor(cursor), limit=MOST_PER_PAGE + 1)
    return page_of(found, MOST_PER_PAGE, lambda one: one.id)


def _messages(app: App, record: PersonRecord, cursor: str | None) -> Page[Message]:
    with app.store.read() as tx:
        found = outbox_store.to_person(tx, record.id, record.email, before_id=_before(cursor), limit=MOST_PER_PAGE + 1)
    return page_of([outbox.without_code(app, posted) for posted in found], MOST_PER_PAGE, lambda one: one.id)


def _changes(app: App, wanted: changes.Wanted, cursor: str | None) -> Page[Change]:
    with app.store.read() as tx:
        found = changes.page(tx, wanted, before_id=_before(cursor), limit=MOST_PER_PAGE + 1)
    return page_of(found, MOST_PER_PAGE, lambda one: one.id)


def _before(cursor: str | None) -> int:
    return id_cursor(cursor) if cursor else _LAST


def _pieces(parts: dict[str, Any]) -> Iterator[str]:
    """One JSON object of these parts; those that are many are written one by one."""
    begin = "{"
    for name, part in parts.items():
        yield f"{begin}\n{json.dumps(name)}: "
        begin = ","
        if isinstance(part, Iterator):
            comma = ""
            yield "["
            for one in part:
                yield f"{comma}\n{json.dumps(plain(one), ensure_ascii=False)}"
                comma = ","
            yield "]"
        else:
            yield json.dumps(part, ensure_ascii=False)
    yield "\n}\n"
