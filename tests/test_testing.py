"""The doubles that are shipped keep the promises of what they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest

from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.world import Chance, Clock, Mailer, MailUnavailable, SystemChance, SystemClock

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_a_frozen_clock_moves_when_told() -> None:
    clock: Clock = (frozen := FrozenClock(NOON))
    assert clock.now() == clock.now() == NOON
    frozen.advance(timedelta(minutes=5))
    frozen.advance(seconds=0.5)
    assert clock.now() == NOON + timedelta(minutes=5, seconds=0.5)
    frozen.set(datetime(2026, 12, 1, 13, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == NOON and clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        frozen.set(datetime(2026, 12, 1))


def test_the_system_clock_tells_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize("chance", [SystemChance(), FixedChance()])
def test_chance_has_the_right_shape_and_repeats_nothing(chance: Chance) -> None:
    nonces, tokens = [chance.nonce() for _ in range(100)], [chance.token() for _ in range(100)]
    assert len({*nonces, *tokens}) == 200
    assert all(len(nonce) == 32 and int(nonce, 16) >= 0 for nonce in nonces)
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_fixed_chance_is_the_same_for_the_same_seed() -> None:
    first, second, other = FixedChance(7), FixedChance(7), FixedChance(8)
    assert [first.nonce(), first.token()] == [second.nonce(), second.token()] != [other.nonce(), other.token()]


def test_a_memory_mailer_keeps_mail_or_fails_as_told() -> None:
    mailer: Mailer = (memory := MemoryMailer())
    message = EmailMessage()
    memory.failing = MailUnavailable("away")
    with mailer.session() as courier, pytest.raises(MailUnavailable):
        courier.send(message)
    with pytest.raises(MailUnavailable):
        mailer.check()
    memory.failing = None
    with mailer.session() as courier:
        courier.send(message)
    assert memory.sent == [message] and mailer.kind == "memory"
