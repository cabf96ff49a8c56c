"""Webhooks: programs elsewhere that are told what happens. Nobody is told anything until one is added.

What is to be told is written beside what it tells of; `deliver` is the daemon's step that tells it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from classbook.app import App
from classbook.core.actors import require_admin
from classbook.core.keys import once_by_admin
from classbook.core.pages import at_most, before_cursor, id_cursor, page_of
from classbook.core.trail import Deed
from classbook.errors import Hint, Invalid, NotAllowedNow, NotFound
from classbook.rules import webhooks as rules
from classbook.store import webhooks as store
from classbook.store.database import Tx
from classbook.values import Actor, Delivery, Page, RequestKey, Webhook
from classbook.world.posting import PostFailed, post

T = TypeVar("T")

STATES: Final = ("waiting", "delivered", "dead")
SECONDS: Final = 10.0
"""How long a receiver may take."""
LEASE_SECONDS: Final = 90
PAUSE: Final = timedelta(seconds=30)
"""How long a receiver is left alone that did not answer at all; the others are told meanwhile."""
_GONE: Final = 410


def add(
    app: App,
    actor: Actor,
    url: str,
    *,
    events: list[str] | None = None,
    key: RequestKey | None = None,
    dry_run: bool = False,
) -> Webhook | dict[str, Any]:
    """Tell ``url`` what happens from now on: those ``events``, or all. Raises Invalid, NotYours.

    `secret` gives what its receiver needs; it is in no answer, because answers are kept for whoever repeats a request.
    """
    allowed = app.settings.webhook.allow_local
    cleaned, wanted = rules.clean_url(url, allow_local=allowed), rules.clean_events(events or [])

    def act(tx: Tx) -> Webhook:
        return _view(store.add(tx, url=cleaned, events=wanted, nonce=app.chance.token()))

    return once_by_admin(app, actor, key, act, deed=Deed("create", "webhook"), dry_run=dry_run)


def secret(app: App, actor: Actor, webhook_id: int) -> str:
    """What the receiver checks signatures with; to be told once, to whoever has just added it. Raises NotFound."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        return rules.secret(app.key, _found(tx, webhook_id).nonce)


def listing(app: App, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Webhook]:
    """Webhooks, in the order in which they were added. Raises NotYours for anybody but an administrator."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        found = store.page(tx, after_id=id_cursor(cursor), limit=at_most(limit) + 1)
    return page_of([_view(hook) for hook in found], limit, lambda hook: hook.id)


def show(app: App, actor: Actor, webhook_id: int) -> Webhook:
    """One webhook. Raises NotFound, NotYours."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        return _view(_found(tx, webhook_id))


def enable(
    app: App, actor: Actor, webhook_id: int, *, key: RequestKey | None = None, dry_run: bool = False
) -> Webhook | dict[str, Any]:
    """Tell a webhook that was disabled what happens from now on; what it missed can be replayed.

    Raises NotFound, NotYours.
    """

    def act(tx: Tx) -> Webhook:
        _found(tx, webhook_id)
        store.enable(tx, webhook_id)
        return _view(_found(tx, webhook_id))

    return once_by_admin(app, actor, key, act, deed=Deed("enable", "webhook", webhook_id), dry_run=dry_run)


def remove(
    app: App, actor: Actor, webhook_id: int, *, key: RequestKey | None = None, dry_run: bool = False
) -> Webhook | dict[str, Any]:
    """Tell it nothing more, and forget what it was told. Raises NotFound, NotYours."""

    def act(tx: Tx) -> Webhook:
        gone = _view(_found(tx, webhook_id))
        store.remove(tx, webhook_id)
        return gone

    return once_by_admin(app, actor, key, act, deed=Deed("delete", "webhook", webhook_id), dry_run=dry_run)


def deliveries(
    app: App,
    actor: Actor,
    *,
    webhook_id: int | None = None,
    state: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delivery]:
    """What was told or is to be told, newest first. Raises Invalid, NotFound, NotYours."""
    if state is not None and state not in STATES:
        raise Invalid(f"There is no state {state!r}.", hint=f"One of: {', '.join(STATES)}.")
    with app.store.read() as tx:
        require_admin(tx, actor)
        if webhook_id is not None:
            _found(tx, webhook_id)
        before_id = before_cursor(cursor)
        found = store.deliveries(tx, webhook_id=webhook_id, state=state, before_id=before_id, limit=at_most(limit) + 1)
    return page_of([_seen(one) for one in found], limit, lambda one: one.id)


def replay(
    app: App, actor: Actor, delivery_id: int, *, key: RequestKey | None = None, dry_run: bool = False
) -> Delivery | dict[str, Any]:
    """Deliver something again, under the same id, so that who has it knows it. Raises NotFound, NotAllowedNow."""

    def act(tx: Tx) -> Delivery:
        one = store.delivery(tx, delivery_id)
        if one is None:
            raise NotFound(f"There is no delivery {delivery_id}.", hint=Hint("{} shows them.", "list deliveries"))
        if _found(tx, one.webhook_id).disabled_at:
            raise NotAllowedNow(
                f"Webhook {one.webhook_id} is disabled.",
                hint=Hint("{} comes first.", "enable webhook", {"webhook": one.webhook_id}),
            )
        store.replay(tx, delivery_id)
        return _seen(store.delivery(tx, delivery_id))  # type: ignore[arg-type]

    return once_by_admin(app, actor, key, act, deed=Deed("replay", "delivery", delivery_id), dry_run=dry_run)


def deliver(app: App) -> bool:
    """A daemon's step: tell one thing to one receiver. Whether there was something to tell.

    It is claimed, sent and marked by itself, so that a crash repeats one at most, under its old id.
    """
    with app.store.read() as tx:
        if not store.is_due(tx):
            return False
    return _deliver_one(app)


def forget(app: App) -> bool:
    """A daemon's step: delete deliveries that were over as long ago as mails are kept."""
    kept = timedelta(days=app.settings.retention.mail_days)
    return app.store.write(lambda tx: store.forget(tx, tx.now - kept, most=500) > 0)


def _deliver_one(app: App) -> bool:
    token = app.chance.nonce()
    leased = app.store.write(lambda tx: store.lease(tx, token=token, until=tx.now + timedelta(seconds=LEASE_SECONDS)))
    if leased is None:
        return False
    one, hook = leased
    signed = rules.headers(
        rules.secret(app.key, hook.nonce), message_id=one.message_id, sent_at=app.clock.now(), body=one.body
    )
    try:
        status = post(hook.url, one.body, signed, allow_local=app.settings.webhook.allow_local, seconds=SECONDS)
    except PostFailed as failure:
        app.store.write(partial(_failed, one=one, status=None, error=str(failure), chance=_chance(token)))
        return True
    if 200 <= status < 300:
        app.store.write(lambda tx: store.mark_delivered(tx, one, status))
    elif status == _GONE:
        app.store.write(lambda tx: store.disable(tx, hook.id, "It answered 410: it wants nothing more."))
    else:
        error = f"It answered {status}."
        app.store.write(partial(_failed, one=one, status=status, error=error, chance=_chance(token)))
    return True


def _failed(tx: Tx, *, one: store.Delivery, status: int | None, error: str, chance: float) -> None:
    wait_seconds = rules.pause_seconds(one.attempts, chance=chance)
    if wait_seconds is None:
        store.mark_dead(tx, one, error, status)
    else:
        store.postpone(tx, one, error, status, until=tx.now + timedelta(seconds=wait_seconds))
    if status is None:
        store.pause(tx, one.webhook_id, tx.now + PAUSE)


def _chance(token: str) -> float:
    """From 0 to 1, out of a random text in hexadecimal digits."""
    return int(token[:8], 16) / 0xFFFFFFFF


def _found(tx: Tx, webhook_id: int) -> store.Hook:
    hook = store.found(tx, webhook_id)
    if hook is None:
        raise NotFound(f"There is no webhook {webhook_id}.", hint=Hint("{} shows what there is.", "list webhooks"))
    return hook


def _view(hook: store.Hook) -> Webhook:
    return Webhook(
        hook.id, hook.url, hook.events or rules.EVENTS, hook.created_at, hook.disabled_at, hook.disabled_reason
    )


def _seen(one: store.Delivery) -> Delivery:
    return Delivery(
        one.id, one.webhook_id, one.type, one.message_id, one.state, one.attempts, one.due_at, one.created_at,
        one.delivered_at, one.status, one.last_error, one.request_id,
    )  # fmt: skip
