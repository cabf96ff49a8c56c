"""The trail: every change of something has a row that says who, when, what, and how it was before.

`recorded` is the one way to write it. Nobody calls it by hand around a write of one subject: a write that can be
repeated goes through `keys.once`, which takes a `Deed` and calls it. What a reservation goes through is its own
history (`moves`), and what happens to money is the ledger; both have actor and request id, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from classbook.app import App
from classbook.core.actors import require_admin
from classbook.core.pages import at_most, before_cursor, page_of
from classbook.errors import Invalid
from classbook.store import changes as store
from classbook.store import webhooks
from classbook.store.database import Tx
from classbook.values import Actor, Change, Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to what. ``subject_id`` None: it is being made, and what is made says its id."""

    action: str
    subject: str
    subject_id: int | None = None


def recorded(tx: Tx, actor: Actor, deed: Deed, act: Callable[[], T]) -> T:
    """Act, and write down what it changed, in the same transaction; a fixed number of queries, however much it was."""
    known = [] if deed.subject_id is None else [deed.subject_id]
    for subject_id in known:
        store.lock(tx, deed.subject, subject_id)
    before = store.facts(tx, deed.subject, known)
    result = act()
    ids = known or list(_ids(result))
    after = store.facts(tx, deed.subject, ids)
    store.add(tx, actor, deed.action, deed.subject, ((id, before.get(id), after.get(id)) for id in ids))
    if deed.subject == "offering":
        changed = [id for id in ids if before.get(id) != after.get(id)]
        webhooks.tell_of_offerings(tx, deed.action, changed, request_id=actor.request_id or None)
    return result


def _ids(made: Any) -> Iterator[int]:
    """The ids of what was made: one, or many of them."""
    if hasattr(made, "id"):
        yield made.id
    else:
        for one in made.results if hasattr(made, "results") else made:
            yield from _ids(one)


def history(
    app: App,
    actor: Actor,
    *,
    subject: str | None = None,
    subject_id: int | None = None,
    by: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Change]:
    """The trail, newest first: of everything, of a kind of subject, of one, or what somebody did.

    Raises NotYours for anybody but an administrator, Invalid for a subject there is not.
    """
    if subject is not None and subject not in store.SUBJECTS:
        raise Invalid(f"There is no history of {subject!r}.", hint=f"One of: {', '.join(store.SUBJECTS)}.")
    if subject_id is not None and subject is None:
        raise Invalid("The number of what is meant?", hint=f"Name the subject, too: {', '.join(store.SUBJECTS)}.")
    with app.store.read() as tx:
        require_admin(tx, actor)
        before_id = before_cursor(cursor)
        found = store.page(tx, store.Wanted(subject, subject_id, by), before_id=before_id, limit=at_most(limit) + 1)
    return page_of(found, limit, lambda change: change.id)
