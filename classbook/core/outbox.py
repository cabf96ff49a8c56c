"""Mail: what waits, what was sent, what could not be. Only `deliver` sends, and only the daemon calls it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from classbook.app import App
from classbook.core import calendars
from classbook.core.actors import require_admin
from classbook.core.compose import About, about, packed, paper_of, written
from classbook.core.keys import once_by_admin
from classbook.core.pages import at_most, before_cursor, page_of
from classbook.core.trail import Deed
from classbook.errors import Hint, Invalid, NotAllowedNow, NotFound
from classbook.rules import letters
from classbook.rules.names import clean_email
from classbook.rules.states import CANCELLED, COMPLETED, CONFIRMED, HELD
from classbook.store import outbox as store
from classbook.store.database import MOST_ID, Tx
from classbook.store.records import Letter
from classbook.values import Actor, Message, Page, RequestKey
from classbook.world import Courier, MailMisconfigured, MailRefused, MailUnavailable, Stationery

STATES: Final = ("waiting", "sent", "dead")
LEASE_TIMEOUTS: Final = 9
"""How long one sending may take, in time-outs: opening a connection and handing over a mail are three each."""
FIRST_PAUSE_SECONDS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 3600
GIVE_UP_SECONDS: Final = 24 * 3600


def listing(
    app: App, actor: Actor, *, state: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Message]:
    """Mails, newest first, without their texts. Raises Invalid, NotYours for anybody but an administrator."""
    if state is not None and state not in STATES:
        raise Invalid(f"There is no state {state!r}.", hint=f"One of: {', '.join(STATES)}.")
    with app.store.read() as tx:
        require_admin(tx, actor)
        before_id = before_cursor(cursor)
        found = store.page(tx, state=state, before_id=before_id, limit=at_most(limit) + 1)
    paper = paper_of(app)
    views = [replace(_view(app, About(posted), paper), text=None, html=None) for posted in found]
    return page_of(views, limit, lambda one: one.id)


def show(app: App, actor: Actor, message_id: int) -> Message:
    """One mail with its text. Codes show only while mail goes to the maildir. Raises NotFound, NotYours."""
    with app.store.read() as tx:
        require_admin(tx, actor)
        return _shown(app, tx, _found(store.by_id(tx, message_id), message_id))


def retry(
    app: App, actor: Actor, message_id: int, *, key: RequestKey | None = None, dry_run: bool = False
) -> Message | dict[str, Any]:
    """Send a mail again that is dead or waits for a later attempt.

    Raises NotAllowedNow for one that was sent, and for one that nobody needs any more.
    """

    def act(tx: Tx) -> Message:
        posted = _found(store.by_id(tx, message_id), message_id)
        if posted.state != "sent" and (pointless := _pointless(about(tx, posted), tx.now)):
            raise NotAllowedNow(pointless)
        if not posted.address:
            raise NotAllowedNow(f"What mail {message_id} said is no longer kept.")
        if not store.revive(tx, message_id):
            raise NotAllowedNow(f"Mail {message_id} was sent already.")
        return _shown(app, tx, _found(store.by_id(tx, message_id), message_id))

    return once_by_admin(app, actor, key, act, deed=Deed("retry", "message", message_id), dry_run=dry_run)


def post_test(
    app: App, actor: Actor, address: str, *, key: RequestKey | None = None, dry_run: bool = False
) -> Message | dict[str, Any]:
    """Post a mail that only says that mail works. Raises Invalid for what is no address."""
    to = clean_email(address)

    def act(tx: Tx) -> Message:
        store.post(tx, Letter("test", to, app.new_message_id(), request_id=actor.request_id or None))
        [posted] = store.page(tx, state=None, before_id=MOST_ID, limit=1)
        return _shown(app, tx, posted)

    return once_by_admin(app, actor, key, act, deed=Deed("create", "message"), dry_run=dry_run)


def deliver(app: App, *, most: int = 50) -> bool:
    """A daemon's step: send up to ``most`` mails over one connection. Whether there were any.

    One mail at a time is claimed, sent and marked, so that a crash repeats one mail at most, under its old
    Message-ID. Raises MailMisconfigured where no mail at all can be sent as things are set.
    """
    delivered, paper = 0, paper_of(app)
    with app.mailer.session() as courier:
        while delivered < most and _deliver_one(app, courier, paper):
            delivered += 1
    return delivered > 0


def _deliver_one(app: App, courier: Courier, paper: Stationery) -> bool:
    """Whether it makes sense to go on: there was a mail, and the server is there."""
    token, seconds = app.chance.nonce(), LEASE_TIMEOUTS * app.settings.mail.timeout_seconds

    def lease(tx: Tx) -> About | None:
        posted = store.lease(tx, token=token, until=_later(tx.now, seconds))
        return about(tx, posted) if posted else None

    mail = app.store.write(lease)
    if mail is None:
        return False
    posted, now = mail.posted, app.clock.now()
    if pointless := _pointless(mail, now):
        app.store.write(lambda tx: store.mark_dead(tx, posted, pointless))
        return True
    try:
        courier.send(packed(app, mail, paper, now))
    except MailRefused as error:
        why = str(error)
        app.store.write(lambda tx: store.mark_dead(tx, posted, why))
    except (MailUnavailable, MailMisconfigured) as error:
        _put_off(app, posted, str(error))
        if isinstance(error, MailMisconfigured):
            raise
        return False
    else:
        app.store.write(lambda tx: store.mark_sent(tx, posted))
    return True


def _pointless(mail: About, now: datetime) -> str | None:
    """Why a mail is not sent any more: a late or a replaced code is noise, and so is a reminder of what has changed."""
    posted = mail.posted
    if begins := posted.facts.get("begins"):
        return _no_reminder(mail, datetime.fromisoformat(begins), now)
    if "serial" not in posted.facts:
        return None
    if posted.kind in ("reset", "login") and posted.name is None:
        return "Not needed: nobody has an account with this address."
    code = posted.code
    if code is None or now >= code.expires_at or (posted.reservation_id and posted.reservation_state != HELD):
        return f"Not needed any more: {_over(posted)}."
    return "Not needed any more: a newer code took its place." if code.serial != posted.facts["serial"] else None


def _no_reminder(mail: About, begins: datetime, now: datetime) -> str | None:
    if mail.listed is None or not calendars.is_on(mail.listed, now):
        return "Not needed any more: there is nothing to come to."
    if mail.listed.record.starts_at != begins:
        return "Not needed any more: it was moved to another time."
    return "Not needed any more: it has begun." if now >= begins else None


def _over(posted: store.Posted) -> str:
    """What became of the thing a code was for."""
    if posted.reservation_state is None:
        return "the code was used, or had run out"
    if posted.reservation_state in (CONFIRMED, COMPLETED):
        return "the hold was confirmed"
    return "the hold was cancelled" if posted.reservation_state == CANCELLED else "the hold had lapsed"


def _put_off(app: App, posted: store.Posted, error: str) -> None:
    pause = min(FIRST_PAUSE_SECONDS * 2 ** (posted.attempts - 1), LONGEST_PAUSE_SECONDS)

    def step(tx: Tx) -> bool:
        if tx.now >= _later(posted.created_at, GIVE_UP_SECONDS):
            return store.mark_dead(tx, posted, error)
        return store.postpone(tx, posted, error, until=_later(tx.now, pause))

    app.store.write(step)


def _later(instant: datetime, seconds: int) -> datetime:
    return instant + timedelta(seconds=seconds)


def without_code(app: App, posted: store.Posted) -> Message:
    """A mail with its text, but never with a code that is good for something."""
    return _message(posted, written(app, About(posted), paper_of(app), reveal=False))


def _shown(app: App, tx: Tx, posted: store.Posted) -> Message:
    return _view(app, about(tx, posted), paper_of(app))


def _view(app: App, mail: About, paper: Stationery) -> Message:
    return _message(mail.posted, written(app, mail, paper, reveal=app.mailer.kind != "smtp"))


def _message(posted: store.Posted, letter: letters.Letter) -> Message:
    text, html = (letter.text, letter.html) if posted.address else (None, None)
    return Message(
        posted.id, posted.address, letter.subject, posted.state, posted.attempts, posted.created_at, posted.sent_at,
        posted.last_error, text, html, posted.request_id,
    )  # fmt: skip


def _found(posted: store.Posted | None, message_id: int) -> store.Posted:
    if posted is None:
        raise NotFound(f"There is no mail {message_id}.", hint=Hint("{} shows what there is.", "list mails"))
    return posted
