"""What is reported to Sentry: that something happened and where in the code, and nothing about anybody."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from classbook.errors import Invalid
from classbook.secret import Secret
from classbook.world import sentry

ACCIDENT = """
import logging, sys
from contextlib import closing
from http.client import HTTPConnection

import classbook.core.catalog
from classbook.app import open_app
from classbook.config import DatabaseSettings, Settings
from classbook.daemon import Job, Runner, _report_abroad
from classbook.config import LogSettings
from classbook.secret import Secret
from classbook.web.desk import Desk
from classbook.web.server import listen, serve

def accident(app, kind, id):
    email = "ana@example.org"
    raise ValueError("the code of " + email + " is 123456")

classbook.core.catalog.show = accident
settings = Settings(
    database=DatabaseSettings("sqlite:///sentry.db"), log=LogSettings(sentry_dsn=Secret(sys.argv[1])),
    secret=Secret("a secret for tests that is long enough"),
)
_report_abroad(settings)
with closing(open_app(settings)) as app:
    desk = Desk(app)
    server = serve(app, desk, listener=listen("127.0.0.1", 0))
    connection = HTTPConnection(server.address.removeprefix("http://"))
    connection.request("GET", "/api/v0/classes/1/?q=query-canary", "body-canary", {
        "Authorization": "Bearer token-canary", "Cookie": "session=cookie-canary", "X-Request-Id": "r-17",
        "User-Agent": "agent-canary"})
    assert connection.getresponse().status == 500
    server.stop()
    desk.close()

def step(app):
    raise RuntimeError("mail to ben@example.org failed")
Runner(Job("deliver mail", step, every_seconds=1), lambda step: step(None))()
logging.getLogger("elsewhere").error("somebody said %s to carl@example.org" % "hello-canary")

import sentry_sdk
sentry_sdk.flush()
"""


class Receiver(ThreadingHTTPServer):
    """A Sentry on loopback that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.bodies: list[bytes] = []
        self.headers: list[str] = []

    def events(self) -> list[dict[str, Any]]:
        found = []
        for body in self.bodies:
            _envelope, *items = [json.loads(line) for line in body.splitlines()]
            found += [item for kind, item in zip(items[::2], items[1::2], strict=True) if kind["type"] == "event"]
        return found


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.server.headers.append(str(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_accident_is_reported_with_its_place_and_its_request_and_without_a_word_about_anybody(
    receiver: Receiver, tmp_path: Path
) -> None:
    dsn = f"http://key@127.0.0.1:{receiver.server_port}/1"
    command = [sys.executable, "-c", ACCIDENT, dsn]
    root = Path(__file__).parent.parent.parent
    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    web, job, foreign = receiver.events()
    [error] = web["exception"]["values"]
    assert error["type"] == "ValueError" and "value" not in error
    assert (error["stacktrace"]["frames"][-1]["function"], web["tags"]) == ("accident", {"request_id": "r-17"})
    assert web["logentry"] == {"message": "request %s failed: %s %s"}
    assert web["release"].startswith("classbook@")
    assert job["exception"]["values"][0]["type"] == "RuntimeError"
    assert "logentry" not in foreign
    sent = b"\n".join(receiver.bodies).decode() + "\n".join(receiver.headers)
    for word in ("canary", "@example.org", "123456", "sentry.db", "hostname", "127.0.0.1:5"):
        assert word not in sent.replace(dsn, "")
    assert not {"request", "user", "breadcrumbs", "server_name", "extra", "modules"} & set().union(*receiver.events())


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(Invalid) as refused:
        sentry.start(Secret("https://key@sentry.example.org/1"))
    assert refused.value.hint == "Type `pip install 'classbook[sentry]'`, or take log.sentry_dsn away."


def test_it_is_imported_only_where_the_settings_name_one() -> None:
    asked = "import sys, classbook.daemon, classbook.web.server; print('sentry_sdk' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", asked], cwd=Path(__file__).parent.parent.parent, capture_output=True)
    assert run.stdout == b"False\n"
