"""Webhooks from the move to the receiver: signed, retried for days, told again, given up; and nothing about anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from classbook.app import App
from classbook.config import WebhookSettings
from classbook.core import booking, catalog, matches, webhooks
from classbook.core.asks import ById, Cancel, CheckIn, Confirm, Move, Reserve
from classbook.core.upkeep import settle_due
from classbook.errors import ClassbookError, Invalid, NotAllowedNow, NotFound, NotYours
from classbook.rules.webhooks import EVENTS, PAUSES_SECONDS, SHARE_OF_CHANCE
from classbook.testing import FrozenClock
from classbook.values import Delivery, Webhook
from tests.makers import (
    CONSOLE,
    Cast,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    booking_of,
    everything,
    hold,
)  # fmt: skip
from tests.receiver import Receiver, receiving, status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def house(app: App) -> App:
    """The house, where webhooks may be on this machine."""
    return replace(app, settings=replace(app.settings, webhook=WebhookSettings(allow_local=True)))


def added(house: App, url: str, *events: str) -> Webhook:
    made = webhooks.add(house, CONSOLE, url, events=list(events))
    assert isinstance(made, Webhook)
    return made


def secret(house: App, hook: Webhook) -> str:
    return webhooks.secret(house, CONSOLE, hook.id)


def deliver_all(house: App) -> None:
    while webhooks.deliver(house):
        pass


def listed(house: App) -> list[Delivery]:
    return list(webhooks.deliveries(house, CONSOLE, limit=200).results)


# --- what is told ---------------------------------------------------------------------------------------------------


def test_every_step_is_told_once_and_in_the_words_of_the_history(
    house: App, cast: Cast, clock: FrozenClock, receiver: Receiver
) -> None:
    hook = added(house, receiver.url)
    yoga = a_class(house, seats=1, starts_in=timedelta(minutes=10), queues=True, check_in=True, max_per_person=9)
    held = hold(house, yoga, cast.ana)
    hold(house, yoga, cast.ben)
    ask(house, Confirm(CONSOLE, ById(held.id)))
    ask(house, Cancel(as_person(cast.ana), ById(held.id)))
    offered = held.id + 1
    ask(house, Confirm(CONSOLE, ById(offered)))
    ask(house, CheckIn(CONSOLE, ById(offered)))
    clock.advance(timedelta(days=1))
    settle_due(house)
    deliver_all(house)
    told = receiver.verified(secret(house, hook))
    assert {one["type"] for one in told} == {
        "offering.created", "reservation.held", "reservation.queued", "reservation.confirmed",
        "reservation.cancelled", "reservation.offered", "reservation.checked_in", "reservation.completed",
    }  # fmt: skip
    assert len(receiver.ids) == len(set(receiver.ids)) == len(told) == 9
    steps = sorted((one["data"]["id"], one["data"]["step"], one["type"]) for one in told if "step" in one["data"])
    assert [kind for id, _, kind in steps if id == offered] == [
        "reservation.queued", "reservation.offered", "reservation.confirmed", "reservation.checked_in",
        "reservation.completed",
    ]  # fmt: skip


def test_a_payload_has_ids_and_no_word_about_anybody(house: App, cast: Cast, receiver: Receiver) -> None:
    added(house, receiver.url)
    held = hold(house, a_class(house, title="Secret title"), cast.ana)
    ask(house, Cancel(as_person(cast.ana), ById(held.id), reason="secret reason"))
    deliver_all(house)
    bodies = [body for _, _, body in receiver.taken]
    [first] = [json.loads(body) for body in bodies if b"reservation.held" in body]
    assert first == {
        "type": "reservation.held",
        "timestamp": "2026-12-01T09:00:00Z",
        "data": {
            "id": held.id,
            "code": held.code,
            "state": "held",
            "step": 1,
            "offering": {"id": held.offering.id, "kind": "class"},
            "user": {"id": cast.ana.id},
            "party": 1,
            "starts_at": "2026-12-02T09:00:00Z",
            "ends_at": "2026-12-02T10:00:00Z",
        },
    }
    said = b"".join(bodies).lower()
    assert not [word for word in (b"ana", b"example", b"secret") if word in said]


def test_offerings_tell_what_is_done_to_them(house: App, receiver: Receiver) -> None:
    added(house, receiver.url)
    yoga = a_class(house)
    catalog.update(house, CONSOLE, "class", yoga.id, {"title": "Other"})
    catalog.update(house, CONSOLE, "class", yoga.id, {"title": "Other"})  # nothing changes
    catalog.cancel(house, CONSOLE, "class", yoga.id)
    catalog.delete(house, CONSOLE, "class", a_class(house).id)
    match = a_match(house, a_venue(house, "A:1x2"))
    matches.block(house, CONSOLE, match.id, ["A-1-1"])
    deliver_all(house)
    told = [json.loads(body) for _, _, body in receiver.taken]
    kinds = [one["type"].partition(".")[2] for one in told]
    assert kinds == ["created", "changed", "cancelled", "created", "deleted", "created", "changed"]
    assert told[0]["data"] == {
        "id": yoga.id, "kind": "class", "starts_at": "2026-12-02T09:00:00Z", "ends_at": "2026-12-02T10:00:00Z",
        "version": 1,
    }  # fmt: skip


def test_a_webhook_is_told_what_it_is_for(house: App, cast: Cast, receiver: Receiver) -> None:
    only = added(house, receiver.url, "reservation.cancelled")
    assert only.events == ("reservation.cancelled",)
    ask(house, Cancel(CONSOLE, ById(hold(house, a_class(house), cast.ana).id)))
    deliver_all(house)
    assert [one["type"] for one in receiver.verified(secret(house, only))] == ["reservation.cancelled"]


def test_what_did_not_happen_is_not_told(house: App, cast: Cast, receiver: Receiver) -> None:
    yoga = a_class(house, seats=1)
    hold(house, yoga, cast.ana)
    added(house, receiver.url)
    [refused] = booking.book(house, [Reserve(as_person(cast.ben), yoga.id)])
    assert isinstance(refused, ClassbookError)
    booking.one(house, Move(as_person(cast.ana), ById(1), party=1), dry_run=True)
    assert listed(house) == []


def test_where_nobody_listens_nothing_is_written(house: App, cast: Cast) -> None:
    hold(house, a_class(house), cast.ana)
    assert everything(house)["deliveries"] == []


def test_every_event_there_is_can_be_asked_for(house: App, receiver: Receiver) -> None:
    assert added(house, receiver.url, *EVENTS).events == EVENTS == added(house, receiver.url).events
    with pytest.raises(Invalid, match="no event 'reservation.sold'"):
        added(house, receiver.url, "reservation.sold")


def test_a_request_id_goes_with_it_into_the_list(house: App, cast: Cast, receiver: Receiver) -> None:
    added(house, receiver.url)
    hold(house, a_class(house), cast.ana)
    assert {one.request_id for one in listed(house)} == {"test"}


# --- how it is told -------------------------------------------------------------------------------------------------


def test_a_signature_is_of_one_secret_and_of_this_body(house: App, receiver: Receiver) -> None:
    first, second = added(house, receiver.url), added(house, receiver.url)
    a_class(house)
    deliver_all(house)
    assert secret(house, first) != secret(house, second)
    with pytest.raises(WebhookVerificationError):
        receiver.verified(secret(house, first))  # one of the two is for the other
    path, headers, _ = receiver.taken[0]
    assert path == "/hooks?for=us" and headers["content-type"] == "application/json"
    assert len(set(receiver.ids)) == 1 and len(receiver.ids) == 2  # the same event, so the same id


def test_a_secret_is_in_no_table(house: App, receiver: Receiver) -> None:
    word = secret(house, added(house, receiver.url))
    assert word.startswith("whsec_") and len(word) > 40
    assert word.removeprefix("whsec_") not in str(everything(house))


def test_what_fails_is_tried_again_for_days_and_then_given_up(
    house: App, clock: FrozenClock, receiver: Receiver
) -> None:
    receiver.answer = status(500)
    added(house, receiver.url)
    a_class(house)
    begun = clock.now()
    waited: list[float] = []
    while True:
        deliver_all(house)
        [one] = listed(house)
        if one.due_at is None:
            break
        waited.append((one.due_at - clock.now()).total_seconds())
        assert webhooks.deliver(house) is False  # not before its time
        clock.set(one.due_at)
    assert (one.state, one.attempts, one.status, one.last_error) == ("dead", 10, 500, "It answered 500.")
    for pause, least in zip(waited, PAUSES_SECONDS, strict=True):
        assert least <= pause <= least * (1 + SHARE_OF_CHANCE)
    assert timedelta(days=3) < clock.now() - begun < timedelta(days=5)
    assert len(set(receiver.ids)) == 1 and len(receiver.ids) == 10


def test_who_comes_back_is_told(house: App, clock: FrozenClock, receiver: Receiver) -> None:
    receiver.answer = status(503)
    hook = added(house, receiver.url)
    a_class(house)
    deliver_all(house)
    receiver.answer = status(200)
    clock.advance(timedelta(seconds=10))
    deliver_all(house)
    [one] = listed(house)
    assert (one.state, one.attempts, one.status, one.last_error) == ("delivered", 2, 200, None)
    assert webhooks.show(house, CONSOLE, hook.id).disabled_at is None


def test_gone_means_gone(house: App, cast: Cast, receiver: Receiver) -> None:
    hook = added(house, receiver.url)
    a_class(house)
    a_class(house)
    receiver.answer = status(410)
    deliver_all(house)
    shown = webhooks.show(house, CONSOLE, hook.id)
    assert shown.disabled_at and shown.disabled_reason == "It answered 410: it wants nothing more."
    assert [one.state for one in listed(house)] == ["dead", "dead"]
    assert len(receiver.taken) == 1
    a_class(house)
    assert len(listed(house)) == 2
    with pytest.raises(NotAllowedNow):
        webhooks.replay(house, CONSOLE, listed(house)[0].id)


def test_who_was_gone_and_came_back_is_told_again_once_it_is_enabled(
    house: App, cast: Cast, receiver: Receiver
) -> None:
    hook = added(house, receiver.url)
    a_class(house)
    receiver.answer = status(410)
    deliver_all(house)
    receiver.answer = status(200)
    assert webhooks.enable(house, CONSOLE, hook.id) == hook == webhooks.enable(house, CONSOLE, hook.id)
    a_class(house)
    webhooks.replay(house, CONSOLE, listed(house)[-1].id)
    deliver_all(house)
    assert [one.state for one in listed(house)] == ["delivered", "delivered"]
    assert len(receiver.taken) == 3
    with pytest.raises(NotYours):
        webhooks.enable(house, as_person(cast.ana), hook.id)


def test_a_redirect_is_not_followed(house: App, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answer = status(307, Location=elsewhere.url)
        added(house, receiver.url)
        a_class(house)
        deliver_all(house)
        assert elsewhere.taken == []
    [one] = listed(house)
    assert (one.state, one.status) == ("waiting", 307)


def test_who_does_not_answer_does_not_keep_others_waiting(house: App, receiver: Receiver) -> None:
    with receiving() as gone:
        dead_end = gone.url
    added(house, dead_end)
    hook = added(house, receiver.url)
    for _ in range(3):
        a_class(house)
    deliver_all(house)
    assert len(receiver.verified(secret(house, hook))) == 3
    states = [one.state for one in listed(house) if one.webhook != hook.id]
    assert states == ["waiting"] * 3
    assert sum(one.attempts for one in listed(house) if one.webhook != hook.id) == 1


def test_receivers_take_turns(house: App, receiver: Receiver) -> None:
    first, second = added(house, receiver.url + "1"), added(house, receiver.url + "2")
    for _ in range(2):
        a_class(house)
    deliver_all(house)
    assert [path[-1] for path, _, _ in receiver.taken] == ["1", "2", "1", "2"]
    assert first.id < second.id


def test_a_lease_that_ran_out_is_anybodys_and_the_late_one_changes_nothing(
    house: App, clock: FrozenClock, receiver: Receiver
) -> None:
    added(house, receiver.url)
    a_class(house)

    def meanwhile(request: object) -> None:
        clock.advance(timedelta(minutes=2))
        receiver.answer = status(204)
        deliver_all(house)
        status(500)(request)  # type: ignore[arg-type]

    receiver.answer = meanwhile
    deliver_all(house)
    [one] = listed(house)
    assert (one.state, one.attempts) == ("delivered", 2)


def test_something_is_told_again_under_its_old_id(house: App, receiver: Receiver) -> None:
    hook = added(house, receiver.url)
    a_class(house)
    deliver_all(house)
    [one] = listed(house)
    again = webhooks.replay(house, CONSOLE, one.id)
    assert isinstance(again, Delivery) and (again.state, again.attempts) == ("waiting", 0)
    deliver_all(house)
    first, second = receiver.verified(secret(house, hook))
    assert first == second and len(set(receiver.ids)) == 1
    with pytest.raises(NotFound):
        webhooks.replay(house, CONSOLE, 99)


def test_what_was_told_long_ago_is_forgotten(house: App, clock: FrozenClock, receiver: Receiver) -> None:
    added(house, receiver.url)
    a_class(house)
    deliver_all(house)
    clock.advance(timedelta(days=89))
    assert webhooks.forget(house) is False
    clock.advance(timedelta(days=2))
    assert webhooks.forget(house) is True
    assert listed(house) == []


# --- who may --------------------------------------------------------------------------------------------------------


def test_removing_forgets_everything(house: App, cast: Cast, receiver: Receiver) -> None:
    hook = added(house, receiver.url)
    a_class(house)
    webhooks.remove(house, CONSOLE, hook.id)
    assert everything(house)["webhooks"] == everything(house)["deliveries"] == []
    deliver_all(house)
    assert receiver.taken == []


def test_webhooks_are_for_administrators(house: App, cast: Cast, receiver: Receiver) -> None:
    hook, coach = added(house, receiver.url), as_person(cast.cleo)
    for act in (
        lambda: webhooks.add(house, coach, receiver.url),
        lambda: webhooks.listing(house, coach),
        lambda: webhooks.show(house, coach, hook.id),
        lambda: webhooks.secret(house, coach, hook.id),
        lambda: webhooks.deliveries(house, coach),
        lambda: webhooks.remove(house, coach, hook.id),
        lambda: webhooks.replay(house, coach, 1),
    ):
        with pytest.raises(NotYours):
            act()


# --- where to -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hooks",
        "ftp://example.org/",
        "https://",
        "https:///hooks",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "https://example.org/a b",
        "https://example.org/\r\nX-Evil: 1",
        "https://exämple.org/",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://[::1/",
        "https://example.org/" + "a" * 2000,
        "example.org",
    ],
)
def test_what_is_no_public_address_is_refused(app: App, url: str) -> None:
    with pytest.raises(Invalid):
        webhooks.add(app, CONSOLE, url)
    assert everything(app)["webhooks"] == []


def test_nobody_is_reached_in_our_own_network(app: App, receiver: Receiver) -> None:
    added(app, receiver.url.replace("http:", "https:"))
    a_class(app)
    deliver_all(app)
    [one] = listed(app)
    assert one.last_error == "127.0.0.1 is at 127.0.0.1, which is not a public address."
    assert receiver.taken == []


def test_a_slow_receiver_keeps_no_booking_waiting(house: App, cast: Cast, receiver: Receiver) -> None:
    court = a_court(house)

    def book_meanwhile(request: object) -> None:
        ask(house, booking_of(court, cast.ben, "12:00-13:00"))
        status(204)(request)  # type: ignore[arg-type]

    added(house, receiver.url, "reservation.confirmed")
    ask(house, booking_of(court, cast.ana, "10:00-11:00"))
    receiver.answer = book_meanwhile
    assert webhooks.deliver(house)
    assert len(listed(house)) == 2
