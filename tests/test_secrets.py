"""No secret is written where it does not belong, and nothing that is written can be read by others."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from classbook import logs
from classbook.app import App
from classbook.cli.root import every_command
from classbook.config import LogSettings
from classbook.core import outbox, personal, trail
from classbook.values import plain
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import SECRET, Client
from tests.makers import CONSOLE, PASSWORD, Cast, a_class, everything, mailed_code, mailed_link, person

NEW_PASSWORD = "something quite new and long"
RUN = "from classbook.cli import main; raise SystemExit(main())"
WRONG_PASSWORD = "a wrong guess of somebody"


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """The log of a daemon at its most talkative."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    path = tmp_path / "classbook.log"
    logs.configure(LogSettings(file=path, level="debug"))
    yield path
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def told(app: App, cast: Cast, log_file: Path) -> dict[str, str]:
    """All that is told and kept while somebody logs in, books, errs and changes their password; and each secret."""
    pat = person(app, "Pat", password=PASSWORD)
    yoga = a_class(app)
    answers: list[str] = []

    def post(client: Client, path: str, body: Any) -> Any:
        answer = client.post(f"/api/v0/{path}", body)
        answers.append(answer.body.decode())
        return answer.json() if answer.body else None

    with closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        try:
            stranger = Client(server.address)
            post(stranger, "auth/login/", {"email": pat.email, "password": WRONG_PASSWORD})
            pair = stranger.post("/api/v0/auth/login/", {"email": pat.email, "password": PASSWORD}).json()
            me = stranger.bearing(pair["access"])
            held = post(me, "classes/reserve-seat/", {"class_id": yoga.id})
            code, link = mailed_code(app, pat), mailed_link(app, pat)
            post(me, f"reservations/{held['id']}/confirm/", {"otp": "000000" if code != "000000" else "111111"})
            answers.append(me.get(f"/confirm/{link}").body.decode())
            post(me, f"reservations/{held['id']}/confirm/", {"otp": code})
            post(me, "auth/password/", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
            post(stranger, "auth/password/", {"email": pat.email})
            reset = mailed_code(app, pat)
            post(stranger.bearing(pair["refresh"]), "reservations/", {})
            for path in (f"users/{pat.id}/", f"users/{pat.id}/export/", "reservations/", "wallets/"):
                answers.append(me.get(f"/api/v0/{path}").body.decode())
            outbox.deliver(app)
        finally:
            server.stop()
    return {
        "kept": json.dumps(everything(app), default=str, ensure_ascii=False),
        "logged": log_file.read_text(),
        "answered": "".join(answers),
        "exported": "".join(personal.export(app, CONSOLE, pat.email)),
        "trailed": json.dumps(plain(trail.history(app, CONSOLE, limit=200))),
        "passwords": "\n".join((PASSWORD, NEW_PASSWORD, WRONG_PASSWORD)),
        "tokens": "\n".join((pair["access"], pair["refresh"], SECRET)),
        "link": link,
        "codes": f"{code}\n{reset}",
    }


@pytest.mark.parametrize("place", ["kept", "logged", "answered", "exported", "trailed"])
def test_no_secret_is_told_or_kept(told: dict[str, str], place: str) -> None:
    text = told[place]
    assert len(text) > 100
    found = [word for sort in ("passwords", "tokens") for word in told[sort].split("\n") if word in text]
    found += [code for code in told["codes"].split("\n") if re.search(rf"(?<!\d){code}(?!\d)", text)]
    assert found == []
    if place != "answered":  # the page that a link opens sends the link back
        assert told["link"] not in text
    if place not in ("kept",):
        assert "argon2" not in text


def test_no_secret_is_only_an_argument() -> None:
    """What stands in a command line can be read by everybody on the machine."""
    for param in (param for found in every_command().values() for param in found.params):
        if any(word in (param.name or "") for word in ("password", "secret", "token")):
            assert param.is_flag, param.name
        elif param.name == "otp":
            assert "-" in (param.help or ""), param.help


def test_nothing_that_is_written_can_be_read_by_others(tmp_path: Path) -> None:
    def run(*words: str, stdin: str = "") -> None:
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
        environ |= {"CLASSBOOK_LOG_FILE": "logs/classbook.log"}
        subprocess.run(
            ["/bin/sh", "-c", 'umask 000; exec "$@"', "sh", sys.executable, "-c", RUN, *words],
            cwd=tmp_path, env=environ, input=stdin, text=True, check=True, capture_output=True,
        )  # fmt: skip

    run("init")
    run("user", "create", "ana@example.org", "--name", "Ana", "--password-stdin", stdin=f"{PASSWORD}\n")
    run("mail", "test", "ana@example.org")
    run("daemon", "--once")
    run("export", "people", "--output", "people.csv")
    run("user", "export", "ana@example.org", "--output", "ana.json")
    run("report", "--output", "report.csv")
    run("db", "backup", "one.backup")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names >= {"classbook.db", "classbook.secret", "people.csv", "ana.json", "report.csv"}
    assert names >= {"one.backup", "logs/classbook.log"}
    assert any(name.startswith("classbook-mail/new/") for name in names)
    open_to_others = {
        path.relative_to(tmp_path).as_posix(): oct(path.stat().st_mode)
        for path in written
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    }
    assert open_to_others == {}
    assert PASSWORD not in "".join(path.read_bytes().decode("latin-1") for path in written)
