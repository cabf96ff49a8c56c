"""`daemon` and `audit` as cron calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.makers import a_class, hold

_SCRIPT = "import sys; from classbook.cli import main; sys.exit(main(sys.argv[1:]))"


def classbook(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own: a daemon changes the zone of its process."""
    return subprocess.run([sys.executable, "-c", _SCRIPT, *words], capture_output=True, text=True, timeout=60)


def test_one_round_of_the_daemon_delivers_what_waits() -> None:
    classbook("mail", "test", "me@example.org")
    assert classbook("daemon", "--once").returncode == 0
    assert len(list(Path("classbook-mail/new").iterdir())) == 1
    assert "\tsent\t" in classbook("mail", "list").stdout


def test_one_round_that_cannot_mail_says_why_and_is_not_0(monkeypatch: pytest.MonkeyPatch) -> None:
    classbook("mail", "test", "me@example.org")
    monkeypatch.setenv("CLASSBOOK_MAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("CLASSBOOK_MAIL_CA_FILE", "nowhere.pem")
    ran = classbook("daemon", "--once")
    assert ran.returncode == 8 and "error: Mail cannot be sent: mail.ca_file nowhere.pem cannot be used" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_one_round_serves_no_http() -> None:
    ran = classbook("daemon", "--once", "--port", "1")
    assert ran.returncode == 2 and "--once serves no HTTP" in ran.stderr


def test_a_daemon_that_cannot_work_says_why() -> None:
    ran = classbook("daemon", "--workers", "2")
    assert ran.returncode == 3 and "workers" in ran.stderr
    ran = classbook("daemon", "--port", "99999")
    assert ran.returncode == 3 and "web.port must be a whole number from 0 to 65535" in ran.stderr


def test_an_audit_is_one_line_an_invariant(app: Any, cast: Any, cli: Any) -> None:
    hold(app, a_class(app), cast.ana)
    ran = cli("audit", code=0)
    assert ran.out and all(line.startswith("ok    ") for line in ran.out.splitlines())
    checks = cli.json("audit")
    assert checks["next"] is None and all(check["ok"] for check in checks["results"])


def test_an_audit_that_finds_something_says_what_and_is_not_0(app: Any, cast: Any, cli: Any) -> None:
    booked = hold(app, a_class(app), cast.ana)
    app.store.write(lambda tx: tx.rows("DELETE FROM moves WHERE reservation_id = ? RETURNING n", booked.id))
    ran = cli("audit", code=1)
    assert "FAIL  every step of a reservation is on record" in ran.out and "hint: " in ran.out
    assert not all(check["ok"] for check in json.loads(cli("--json", "audit", code=1).out)["results"])


def test_an_audit_is_for_administrators(cast: Any, cli: Any) -> None:
    assert cli.json("--as", cast.ana.email, "audit", code=6)["code"] == "not_yours"
