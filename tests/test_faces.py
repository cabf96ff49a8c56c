"""One script told to both faces, each with a house of its own: the same answers, and the same refusals."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from classbook.app import App, open_app
from classbook.cli.exits import CATEGORIES
from classbook.config import load
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import DATABASES, SECRET, Client, CommandLine, fresh_database
from tests.makers import NOW, person, rich
from tests.test_hints import COMMAND, REQUEST
from tests.web.conftest import tokens_of

EMMA, ANA, BEN = "emma@example.org", "ana@example.org", "ben@example.org"
V0 = "/api/v0"


class Say(NamedTuple):
    """One thing said by ``who`` in the words of each face.

    ``refused`` is the code of the refusal, if it is one; ``named`` is what the answer's reservation is called later.
    """

    who: str
    command: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    refused: str | None = None
    named: str | None = None


WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]
SCRIPT = [
    # a class, with a code
    Say(EMMA, "class create Yoga --seats 2 --type yoga --start 2026-12-02T18:00 --duration 1h", "POST", "/classes/",
        {"title": "Yoga", "seats": 2, "type": "yoga", "starts_at": "2026-12-02T18:00", "ends_at": "2026-12-02T19:00"}),
    Say(ANA, "class show 1", "GET", "/classes/1/"),
    Say(ANA, "class list", "GET", "/classes/"),
    Say(ANA, "class show 99", "GET", "/classes/99/", refused="not_found"),
    Say(ANA, "class create Mine --seats 2 --start 2026-12-02T18:00 --duration 1h", "POST", "/classes/",
        {"title": "Mine", "seats": 2, "starts_at": "2026-12-02T18:00", "ends_at": "2026-12-02T19:00"}, "not_yours"),
    Say(EMMA, "class create Back --seats 2 --start 2026-12-02T18:00 --end 2026-12-02T17:00", "POST", "/classes/",
        {"title": "Back", "seats": 2, "starts_at": "2026-12-02T18:00", "ends_at": "2026-12-02T17:00"}, "bad_span"),
    Say(ANA, "reserve 1", "POST", "/classes/reserve-seat/", {"class_id": 1}, named="first"),
    Say(ANA, "reserve 1", "POST", "/classes/reserve-seat/", {"class_id": 1}, "already_reserved"),
    Say(ANA, "confirm {first} --otp 000000", "POST", "/reservations/{first}/confirm/", {"otp": "000000"}, "wrong_code"),
    Say(EMMA, "confirm {first}", "POST", "/reservations/{first}/confirm/", {}),
    Say(BEN, "reserve 1 --party 2", "POST", "/classes/reserve-seat/", {"class_id": 1, "party": 2}, "sold_out"),
    Say(BEN, "reserve 1 --party 2 --queue", "POST", "/classes/reserve-seat/",
        {"class_id": 1, "party": 2, "queue": True}, named="waiting"),
    Say(BEN, "reservation show {first}", "GET", "/reservations/{first}/", refused="not_found"),
    Say(ANA, "reservation list", "GET", "/reservations/"),
    Say(EMMA, "class delete 1 --yes", "DELETE", "/classes/1/", refused="not_allowed_now"),
    Say(EMMA, "class update 1 --title Night", "PATCH", "/classes/1/", {"title": "Night"}),
    Say(ANA, "class update 1 --title Mine", "PATCH", "/classes/1/", {"title": "Mine"}, "not_yours"),
    Say(ANA, "cancel {first} --yes", "POST", "/reservations/{first}/cancel/", {}),
    Say(BEN, "reservation show {waiting}", "GET", "/reservations/{waiting}/"),
    # an event, by anybody
    Say(ANA, "event create Picnic --capacity 5 --start 2026-12-05T12:00 --duration 2h", "POST", "/events/",
        {"title": "Picnic", "capacity": 5, "start_time": "2026-12-05T12:00", "end_time": "2026-12-05T14:00"}),
    Say(BEN, "reserve 2", "POST", "/events/2/reserve/", {}),
    # a match, paid for
    Say(EMMA, "venue create Arena --stand A:2x4", "POST", "/stadiums/",
        {"name": "Arena", "stand": [{"name": "A", "rows": 2, "seats": 4}]}),
    Say(EMMA, "match create Final --venue 1 --start 2026-12-06T15:00 --duration 2h --price A=30", "POST", "/matches/",
        {"title": "Final", "venue_id": 1, "starts_at": "2026-12-06T15:00", "ends_at": "2026-12-06T17:00",
         "prices": {"A": "30"}}),
    Say(ANA, "reserve 3 --seat A-1-1 --seat A-1-2", "POST", "/matches/3/reserve/", {"seats": ["A-1-1", "A-1-2"]},
        named="seats"),
    Say(BEN, "reserve 3 --seat A-1-2", "POST", "/matches/3/reserve/", {"seats": ["A-1-2"]}, "seat_taken"),
    Say(BEN, "reserve 3 --seat A-9-9", "POST", "/matches/3/reserve/", {"seats": ["A-9-9"]}, "unknown_seat"),
    Say(BEN, "reserve 3 --best 2", "POST", "/matches/3/reserve/", {"best": 2}, "insufficient_funds"),
    Say(ANA, "confirm {seats}", "POST", "/reservations/{seats}/confirm/", {}),
    Say(ANA, "wallet show", "GET", "/wallets/me/"),
    Say(ANA, "wallet withdraw 500", "POST", "/wallets/1/withdraw/", {"amount": "500"}, "insufficient_funds"),
    Say(ANA, "wallet top-up -- -5", "POST", "/wallets/1/charge/", {"amount": "-5"}, "invalid"),
    Say(EMMA, "match block 3 --seat A-2-1", "POST", "/matches/3/block/", {"seats": ["A-2-1"]}),
    Say(ANA, "move {seats} --seat A-1-3 --seat A-1-4", "POST", "/reservations/{seats}/move/",
        {"seats": ["A-1-3", "A-1-4"]}),
    # a room
    Say(EMMA, "resource create Court --slots 1", "POST", "/resources/", {"name": "Court", "max_slots": 1}),
    # an appointment
    Say(EMMA, "provider create doc@example.org --name Doc", "POST", "/providers/",
        {"email": "doc@example.org", "name": "Doc"}),
    Say(EMMA, "provider create doc@example.org", "POST", "/providers/",
        {"email": "doc@example.org", "name": "Doc"}, "exists"),
    Say(EMMA, "schedule add 5 --weekly 'mon-fri 08:00-11:00'", "POST", "/providers/5/schedule/",
        {"weekly": [{"days": WEEKDAYS, "hours": ["08:00-11:00"]}]}),
    Say(ANA, "slots 5 --day 2026-12-04", "GET", "/providers/5/slots/?day=2026-12-04"),
    Say(ANA, "reserve 5 --from 2026-12-02T08:30", "POST", "/appointments/",
        {"provider_id": 5, "start": "2026-12-02T08:30"}, "below_notice"),
    Say(ANA, "reserve 5 --from 2026-12-04T12:00", "POST", "/appointments/",
        {"provider_id": 5, "start": "2026-12-04T12:00"}, "outside_schedule"),
    Say(ANA, "reserve 5 --from 2026-12-04T08:30", "POST", "/appointments/",
        {"provider_id": 5, "start": "2026-12-04T08:30"}),
    Say(ANA, "reservation history {seats}", "GET", "/reservations/{seats}/history/"),
    Say(EMMA, "report", "GET", "/report/"),
]  # fmt: skip


class Faces(NamedTuple):
    """The command line of one house, and clients of another that is its twin."""

    cli: CommandLine
    clients: dict[str, Client]


@contextmanager
def house(url: str) -> Iterator[App]:
    environ = {"CLASSBOOK_DATABASE_URL": url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_TIMEZONE": "UTC"}
    settings = load(config_path=None, environ=environ, overrides={})
    opened = open_app(settings, clock=FrozenClock(NOW), chance=FixedChance(), mailer=MemoryMailer())
    with closing(opened) as app:
        person(app, "Emma", role="admin")
        rich(app, person(app, "Ana"))
        person(app, "Ben")
        yield app


@pytest.fixture(params=DATABASES)
def faces(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faces]:
    folders = [tmp_path / "cli", tmp_path / "web"]
    for folder in folders:
        folder.mkdir()
    with (
        fresh_database(request, request.param, folders[0]) as typed,
        fresh_database(request, request.param, folders[1]) as sent,
        house(typed) as told,
        house(sent) as asked,
        closing(Desk(asked)) as desk,
    ):
        for name, value in {"DATABASE_URL": typed, "SECRET": SECRET, "TIMEZONE": "UTC"}.items():
            monkeypatch.setenv(f"CLASSBOOK_{name}", value)
        server = serve(asked, desk, listener=listen("127.0.0.1", 0))
        try:
            client = Client(server.address)
            ids = {EMMA: 1, ANA: 2, BEN: 3}
            clients = {who: client.bearing(tokens_of(asked).access(id)) for who, id in ids.items()}
            yield Faces(CommandLine(told, monkeypatch), clients)
        finally:
            server.stop()


def test_both_faces_answer_one_script_alike(faces: Faces) -> None:
    exit_of = {status: exit for exit, status in CATEGORIES.values()}
    known: dict[str, int] = {}
    for said in SCRIPT:
        ran = faces.cli("--as", said.who, "--json", *shlex.split(said.command.format(**known)))
        answer = faces.clients[said.who](said.method, V0 + said.path.format(**known), said.body)
        typed, sent = ran.json(), answer.json()
        if said.refused:
            assert (typed["code"], sent["code"]) == (said.refused, said.refused), said.command
            assert (typed["status"], ran.code) == (answer.status, exit_of[answer.status]), said.command
            assert (typed["type"], typed["title"], typed["detail"]) == (sent["type"], sent["title"], sent["detail"])
            assert bool(typed["hint"]) == bool(sent["hint"]), (typed["hint"], sent["hint"])
            assert not COMMAND.search(sent["hint"] or "") and not REQUEST.search(typed["hint"] or "")
        else:
            assert (ran.code, answer.status // 100) == (0, 2), (said.command, typed, sent)
            assert shape(typed) == shape(sent), said.command
            known |= {said.named: typed["id"]} if said.named else {}


def shape(answer: Any) -> Any:
    """A list is its results: HTTP counts them, and turns pages another way. Each request has its id."""
    if not isinstance(answer, dict) or "results" not in answer:
        return answer
    return [{name: value for name, value in row.items() if name != "request_id"} for row in answer["results"]]
