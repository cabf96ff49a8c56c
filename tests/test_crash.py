"""Killed in the middle of a rush, desk and daemon: nothing that was answered is lost, and nothing is left half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

from classbook.app import App, open_app
from classbook.config import Settings
from classbook.core import outbox, upkeep
from classbook.testing import FrozenClock
from classbook.world import MaildirMailer
from tests.conftest import SECRET
from tests.makers import broken
from tests.rush import prepare

KILLS = 2
ANSWERS, MAILS = 150, 3
"""So many there are at least before each kill."""
_DAEMON = "import sys; from classbook.cli import main; sys.exit(main(['daemon', '--no-http']))"


@contextmanager
def running(settings: Settings, folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of our own that is killed, with no warning, when the block ends."""
    environ = os.environ | {
        "CLASSBOOK_DATABASE_URL": settings.database.url,
        "CLASSBOOK_SECRET": SECRET,
        "CLASSBOOK_TIMEZONE": "UTC",
        "CLASSBOOK_MAIL_MAILDIR": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with subprocess.Popen(
        [sys.executable, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def rushed(settings: Settings, folder: Path, ids: list[int], people: list[int], seed: int) -> list[tuple[int, str]]:
    """What a rush was answered until it and the daemon beside it were killed, at one moment."""
    words = [",".join(map(str, numbers)) for numbers in (ids, people)]
    with (
        running(settings, folder, "-c", _DAEMON) as daemon,
        running(settings, folder, "-m", "tests.rush", *words, str(seed)) as desk,
    ):
        assert daemon.stderr and desk.stdout and desk.stderr
        assert b"the scheduler and the mail sender run" in daemon.stderr.readline()
        before, lines = len(files(folder)), list[bytes]()
        for line in desk.stdout:
            lines.append(line)
            if len(lines) >= ANSWERS and len(files(folder)) > before + MAILS:
                break  # both are in the middle of it
        assert daemon.poll() is None
        assert desk.poll() is None, desk.stderr.read()
        os.kill(desk.pid, signal.SIGKILL)
        os.kill(daemon.pid, signal.SIGKILL)
        lines += desk.stdout.readlines()  # what it could still say
    answers = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(int(id), state) for id, state in answers]


def files(folder: Path) -> list[Path]:
    return list((folder / "new").glob("*"))


def mailed(folder: Path) -> Counter[str]:
    """The Message-IDs of what arrived; whatever is there is whole."""
    arrived = [message_from_bytes(path.read_bytes()) for path in files(folder)]
    for message in arrived:
        text, html, *_ = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        assert isinstance(text, bytes) and text.endswith(b"\n")
        assert isinstance(html, bytes) and html.rstrip().endswith(b"</html>")
    return Counter(str(message["Message-ID"]) for message in arrived)


def test_whoever_is_killed_loses_nothing_that_was_answered(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    with closing(open_app(settings)) as app:
        offerings, people = prepare(app)
        for seed in range(KILLS):
            answers = rushed(settings, folder, [one.id for one in offerings], people, seed)
            assert len(answers) >= ANSWERS
            while upkeep.serve_waiting(app):  # whoever was to look who waits has died
                pass
            assert broken(app) == []
            assert unknown(app, answers) == []
            sent = {id for (id,) in read(app, "SELECT message_id FROM messages WHERE state = 'sent'")}
            assert sent <= mailed(folder).keys()
        now = app.clock.now()
    # When time has gone on, everything ends as it would have, and every mail has left.
    later = FrozenClock(now + timedelta(days=60))
    with closing(open_app(settings, clock=later, mailer=MaildirMailer(folder))) as app:
        for step in (upkeep.settle_due, upkeep.serve_waiting, outbox.deliver):
            while step(app):
                pass
        assert broken(app) == []
        assert read(app, "SELECT id FROM reservations WHERE due_at IS NOT NULL") == []
        assert read(app, "SELECT id FROM messages WHERE state NOT IN ('sent', 'dead')") == []
        sent = {id for (id,) in read(app, "SELECT message_id FROM messages WHERE state = 'sent'")}
        arrived = mailed(folder)
        assert sent <= arrived.keys()
        assert sum(count - 1 for count in arrived.values()) <= KILLS  # the one in each daemon's hands


def read(app: App, query: str) -> list[tuple[object, ...]]:
    with app.store.read() as tx:
        return tx.rows(query)


def unknown(app: App, answers: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Answers that the history does not know."""
    known = set(read(app, "SELECT reservation_id, to_state FROM moves"))
    return [answer for answer in answers if answer not in known]
