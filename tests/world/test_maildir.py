"""Mail into a directory."""

from __future__ import annotations

import os
import stat
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path

import pytest

from classbook.world import MaildirMailer, MailMisconfigured


def a_message(number: int) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"Number {number}"
    message["To"] = "ana@example.org"
    message.set_content("Grüße\n\n123456\n")
    return message


def send(mailer: MaildirMailer, *numbers: int) -> None:
    with mailer.session() as courier:
        for number in numbers:
            courier.send(a_message(number))


def test_any_mail_program_can_read_it(tmp_path: Path) -> None:
    send(MaildirMailer(tmp_path / "mail"), 1, 2)
    send(MaildirMailer(tmp_path / "mail"), 3)
    assert sorted(message["Subject"] for message in Maildir(tmp_path / "mail")) == ["Number 1", "Number 2", "Number 3"]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        send(MaildirMailer(tmp_path / "mail"), 1)
    finally:
        os.umask(before)
    for path in [tmp_path / "mail", *(tmp_path / "mail").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_an_empty_directory_will_do(tmp_path: Path) -> None:
    send(MaildirMailer(tmp_path), 1)
    assert len(Maildir(tmp_path)) == 1


def test_check_makes_the_directory_and_no_mail(tmp_path: Path) -> None:
    MaildirMailer(tmp_path / "mail").check()
    assert sorted(os.listdir(tmp_path / "mail")) == ["cur", "new", "tmp"] and len(Maildir(tmp_path / "mail")) == 0


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "mail", tmp_path / "nowhere" / "mail"):
        with pytest.raises(MailMisconfigured, match=f"mail cannot go to the directory {path}: "):
            send(MaildirMailer(path), 1)
