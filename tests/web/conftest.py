"""The web as people use it: a client for each of the cast, and what the server wrote into its log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.logs import REQUESTS
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.values import Person
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from classbook.web.tokens import Tokens
from tests.conftest import Client
from tests.databases import SqliteCopies
from tests.makers import NOW, a_class, person

As = Callable[[Person], Client]


def tokens_of(app: App, *, access: timedelta = timedelta(minutes=15)) -> Tokens:
    """The tokens as the server of ``app`` makes and checks them."""
    return Tokens(app.key, clock=app.clock, chance=app.chance, access=access)


@pytest.fixture
def logged_in(app: App, client: Client) -> As:
    """A client that somebody has logged in with for long, wherever a test sets the clock."""
    return lambda who: client.bearing(tokens_of(app, access=timedelta(days=400)).access(who.id))


@pytest.fixture(scope="session")
def front(sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of one server for all tests that only look at the face: somebody is logged in, class 1 is there."""
    url = sqlite_copies.copy_to(tmp_path_factory.mktemp("front"))
    settings = load(config_path=None, environ={"CLASSBOOK_DATABASE_URL": url}, overrides={})
    clock, chance, mailer = FrozenClock(NOW), FixedChance(), MemoryMailer()
    with closing(open_app(settings, clock=clock, chance=chance, mailer=mailer)) as app, closing(Desk(app)) as desk:
        a_class(app)
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        yield Client(server.address).bearing(tokens_of(app).access(person(app, "Ana").id))
        server.stop()


class RequestLog(logging.Handler):
    """What the server wrote about requests."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"

    def lines(self, client: Client) -> list[dict[str, Any]]:
        """All lines so far. One more request makes sure that the line of the last one is there."""
        client.get("/healthz", headers={"X-Request-Id": "the-last-one"})
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["request_id"] != "the-last-one"]


@pytest.fixture
def request_log() -> Any:
    handler, logger = RequestLog(), logging.getLogger(REQUESTS)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)
