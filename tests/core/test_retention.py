"""What nobody needs any more is taken away by the daemon, after as many days as the settings say."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from classbook import logs
from classbook.app import App
from classbook.config import LogSettings
from classbook.core import outbox, people, upkeep
from classbook.core.asks import ByPerson, Cancel
from classbook.errors import NotAllowedNow
from classbook.testing import FrozenClock
from classbook.values import RequestKey
from classbook.world import MaildirMailer
from tests.makers import CONSOLE, NOW, Cast, a_class, as_person, ask, broken, hold


def test_an_old_mail_says_nothing_any_more_and_stays_as_a_row(app: App, cast: Cast, clock: FrozenClock) -> None:
    yoga = a_class(app)
    hold(app, yoga, cast.ana)
    ask(app, Cancel(as_person(cast.ana), ByPerson(yoga.id), reason="my knee hurts"))
    outbox.deliver(app)
    clock.advance(timedelta(days=89))
    assert hold(app, a_class(app), cast.ben)
    upkeep.forget_mail(app)
    assert "my knee hurts" in (outbox.show(app, CONSOLE, 2).text or "")
    clock.advance(timedelta(days=2))
    assert upkeep.forget_mail(app)
    old = outbox.show(app, CONSOLE, 2)
    assert (old.state, old.to, old.text, old.html) == ("sent", "", None, None)
    assert [mail.to for mail in outbox.listing(app, CONSOLE).results] == ["ben@example.org", "", ""]
    assert not upkeep.forget_mail(app)
    assert broken(app) == []


def test_what_is_forgotten_is_not_sent_again(app: App, clock: FrozenClock) -> None:
    outbox.post_test(app, CONSOLE, "a@example.org")
    app.store.write(lambda tx: tx.change("UPDATE messages SET state = 'dead', due_at = NULL"))
    clock.advance(timedelta(days=91))
    upkeep.forget_mail(app)
    with pytest.raises(NotAllowedNow, match="no longer kept"):
        outbox.retry(app, CONSOLE, 1)


def test_a_mail_that_waits_is_kept(app: App, clock: FrozenClock) -> None:
    outbox.post_test(app, CONSOLE, "a@example.org")
    clock.advance(timedelta(days=91))
    assert not upkeep.forget_mail(app)
    assert outbox.show(app, CONSOLE, 1).to == "a@example.org"


def test_it_goes_in_bounded_steps(app: App, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        outbox.post_test(app, CONSOLE, "a@example.org")
    outbox.deliver(app)
    clock.advance(timedelta(days=91))
    monkeypatch.setattr(upkeep, "CHUNK", 2)
    assert [upkeep.forget_mail(app) for _ in range(4)] == [True, True, True, False]


def test_old_files_of_the_maildir_go_and_newer_ones_stay(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path / "mail")
    mailer.check()
    for name, age_days in (("new/old", 91), ("cur/old", 91), ("new/young", 1)):
        (tmp_path / "mail" / name).write_text("text")
        at = (NOW - timedelta(days=age_days)).timestamp()
        os.utime(tmp_path / "mail" / name, (at, at))
    mailer.forget(NOW - timedelta(days=90))
    assert [file.name for file in (tmp_path / "mail").rglob("*") if file.is_file()] == ["young"]


def test_request_keys_live_as_long_as_the_settings_say(app: App, clock: FrozenClock) -> None:
    people.create(app, CONSOLE, email="a@example.org", name="A", key=RequestKey("k", "h"))
    clock.advance(timedelta(hours=23))
    assert not upkeep.forget_keys(app)
    clock.advance(timedelta(hours=2))
    assert upkeep.forget_keys(app)


@pytest.fixture
def root_log() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers[:], level = before
    root.setLevel(level)


def test_old_logs_are_rotated_and_then_deleted(tmp_path: Path, root_log: None) -> None:
    settings = LogSettings(file=tmp_path / "classbook.log")
    (tmp_path / "classbook.log").write_text(json.dumps({"time": "2026-10-01T00:00:00Z"}) + "\n")
    for name in ("classbook.log.1", "classbook-2.log.1", "notes.log.1"):
        (tmp_path / name).write_text("old")
        at = (NOW - timedelta(days=31)).timestamp()
        os.utime(tmp_path / name, (at, at))
    logs.configure(settings)
    logs.forget(settings, now=NOW, days=30)
    assert sorted(os.listdir(tmp_path)) == ["classbook.log", "classbook.log.1", "notes.log.1"]
    assert "2026-10-01" in (tmp_path / "classbook.log.1").read_text()
    assert (tmp_path / "classbook.log").read_text() == ""
    logs.forget(settings, now=NOW, days=30)
    assert (tmp_path / "classbook.log.1").exists()
