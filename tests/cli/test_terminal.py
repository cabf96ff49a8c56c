"""On a terminal: tables and colours, questions before what cannot be undone, passwords unseen."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_SCRIPT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from classbook.cli import main
sys.exit(main(sys.argv[1:]))
"""

Screen = tuple[int, str]
Type = Callable[..., Screen]


@pytest.fixture
def typed(tmp_path: Path) -> Type:
    """Runs a command in a process of its own that has a terminal; answers each question with the next line."""

    def run(*words: str, answers: tuple[str, ...] = ()) -> Screen:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"},
            start_new_session=True,
        )
        os.close(theirs)
        screen, waiting = "", list(answers)
        while chunk := _read(ours):
            screen += chunk
            if waiting and screen.endswith((": ", "]: ")):
                os.write(ours, f"{waiting.pop(0)}\n".encode())
        os.close(ours)
        return process.wait(timeout=30), screen.replace("\r\n", "\n")

    return run


def _read(terminal: int) -> str:
    """What the program wrote next; nothing once it has ended."""
    ready, _, _ = select.select([terminal], [], [], 60)
    assert ready, "the program neither writes nor ends"
    try:
        return os.read(terminal, 65536).decode()
    except OSError:
        return ""


@pytest.fixture
def a_class(typed: Type) -> None:
    code, screen = typed("class", "create", "[/A12] Yoga", "--seats", "4", "--start", "+3d", "--duration", "1h")
    assert code == 0, screen


@pytest.mark.usefixtures("a_class")
def test_a_list_is_a_table_with_a_bar(typed: Type) -> None:
    code, screen = typed("class", "list")
    assert code == 0
    assert "[/A12] Yoga" in screen and "████████ 4 of 4" in screen and "\x1b[1m" in screen


@pytest.mark.usefixtures("a_class")
@pytest.mark.parametrize("how", ["flag", "NO_COLOR", "CLASSBOOK_NO_COLOR"])
def test_no_colour_means_none(how: str, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    if how != "flag":
        monkeypatch.setenv(how, "1")
    _, screen = typed(*(["--no-color"] if how == "flag" else []), "class", "list")
    assert "[/A12] Yoga" in screen and "\x1b" not in screen
    _, screen = typed(*(["--no-color"] if how == "flag" else []), "class", "show", "99")
    assert screen.startswith("error: ")


def test_an_error_is_red(typed: Type) -> None:
    code, screen = typed("class", "show", "x")
    assert code == 3 and screen.startswith("\x1b[31merror: ") and "\x1b[0m\n" in screen


@pytest.mark.usefixtures("a_class")
def test_what_cannot_be_undone_is_asked_first(typed: Type) -> None:
    code, screen = typed("class", "cancel", "1", answers=("n",))
    assert code == 130 and "Cancel class 1 and all its reservations? [y/N]" in screen
    assert "nothing was changed" in screen
    assert "upcoming" in typed("class", "show", "1")[1]
    code, screen = typed("class", "cancel", "1", answers=("y",))
    assert code == 0 and "cancelled" in screen
    assert typed("class", "delete", "1", "--yes")[0] == 0


@pytest.mark.usefixtures("a_class")
def test_a_member_is_asked_for_the_code(typed: Type) -> None:
    typed("user", "create", "ana@example.org", "--name", "Ana")
    _, screen = typed("--as", "ana@example.org", "reserve", "1")
    assert "held until" in screen and "classbook confirm" in screen
    mail = typed("mail", "show", "1")[1]
    code = next(line for line in mail.splitlines() if line.isdigit() and len(line) == 6)
    status, screen = typed("--as", "ana@example.org", "confirm", "1", answers=(code,))
    assert status == 0 and "Code from the mail: " in screen and "confirmed" in screen
    status, screen = typed("--as", "ana@example.org", "cancel", "1", answers=("n",))
    assert status == 130 and "give its places back?" in screen


@pytest.mark.usefixtures("a_class")
def test_the_amount_that_comes_back_is_named_before_one_agrees(typed: Type) -> None:
    typed("class", "update", "1", "--price", "10", "--refund-full", "60d", "--refund-share", "50")
    typed("user", "create", "ana@example.org", "--name", "Ana")
    typed("wallet", "top-up", "10", "--user", "ana@example.org")
    typed("reserve", "1", "--user", "ana@example.org")
    typed("confirm", "1")
    status, screen = typed("--as", "ana@example.org", "cancel", "1", answers=("n",))
    assert status == 130 and "give its places back? 5.00 EUR of 10.00 EUR comes back. [y/N]" in screen
    status, screen = typed("--as", "ana@example.org", "cancel", "1", answers=("y",))
    assert status == 0 and "5.00 EUR" in screen


@pytest.mark.usefixtures("a_class")
def test_the_money_of_a_move_is_named_before_one_agrees(typed: Type) -> None:
    typed("class", "update", "1", "--price", "10", "--refund-full", "60d", "--refund-share", "50")
    typed("user", "create", "ana@example.org", "--name", "Ana")
    typed("wallet", "top-up", "30", "--user", "ana@example.org")
    typed("reserve", "1", "--user", "ana@example.org")
    status, screen = typed("--as", "ana@example.org", "move", "1", "--party", "2")
    assert status == 0 and "Change 1?" not in screen  # nothing is paid yet
    typed("confirm", "1")
    status, screen = typed("--as", "ana@example.org", "move", "1", "--party", "1", answers=("n",))
    assert status == 130 and "Change 1? 5.00 EUR comes back for what is given back. [y/N]" in screen
    status, screen = typed("--as", "ana@example.org", "move", "1", "--party", "1", "--yes")
    assert status == 0 and "Change 1?" not in screen
    status, screen = typed("--as", "ana@example.org", "move", "1", "--party", "2", answers=("y",))
    assert status == 0 and "Change 1? 10.00 EUR is paid for what is new. [y/N]" in screen


def test_a_password_is_asked_for_twice_and_never_seen(typed: Type) -> None:
    secret = "correct horse battery"
    code, screen = typed(
        "user", "create", "ana@example.org", "--name", "Ana", "--password-stdin", answers=(secret, secret)
    )
    assert code == 0, screen
    assert secret not in screen and "ana@example.org" in screen


def test_nobody_is_asked_where_the_answer_is_json(typed: Type) -> None:
    assert typed("--json", "class", "delete", "1")[0] == 2
