"""Requests in sequence: what one answers is what the next is about, along the links of the API document, many steps
deep.

Schemathesis takes turns as it likes, the same ones each time. What is sent is what the document shows as an example,
with what the links put into it; so most of it succeeds, and each answer must be one that the document has. A way that
nobody went any more is a failure: these tests cannot become shallow unnoticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.stateful.control import TransitionController
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)

from classbook.app import App, open_app
from classbook.config import load
from classbook.core.asks import Reserve
from classbook.rules.kinds import KINDS
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.desk import Desk
from classbook.web.examples import NOW
from classbook.web.server import listen, serve
from tests.conftest import SECRET
from tests.databases import SqliteCopies
from tests.makers import Cast, a_class, as_person, ask, broken, mailed_codes, rich
from tests.web.conftest import tokens_of
from tests.web.narrowed import narrowed

WAYS = {
    "what is offered": (
        "create_class read_class change_class read_class",
        "create_class cancel_class read_class",
        "create_class delete_class",
    ),
    "a class": (
        "create_class reserve_class resend_code confirm_reservation",
        "create_class reserve_class confirm_reservation check_in",
        "create_class reserve_class confirm_class_seat read_reservation_ticket",
        "create_class reserve_class move_reservation cancel_reservation",
        "create_class reserve_class cancel_reservation read_reservation_history",
    ),
    "an event": (
        "create_event reserve_event read_reservation_ticket",
        "create_event reserve_event check_in read_reservation_history",
        "create_event reserve_event move_reservation cancel_reservation",
    ),
    "a match": (
        "create_stadium create_match list_match_seats reserve_match confirm_reservation read_reservation_ticket",
        "create_stadium create_match list_tickets reserve_ticket cancel_ticket read_reservation_history",
    ),
    "an appointment": (
        "create_provider read_provider_schedule add_provider_schedule list_provider_slots",
        "create_provider list_provider_slots create_appointment change_appointment cancel_reservation",
        "create_provider list_provider_slots create_appointment move_reservation read_reservation_history",
    ),
    "a resource": (
        "create_resource list_resource_slots create_booking cancel_booking read_reservation_history",
        "create_resource list_resource_slots create_booking check_in",
        "create_resource read_resource_schedule add_resource_schedule list_resource_slots",
    ),
    "money": (
        "read_my_wallet charge_wallet withdraw_from_wallet",
        "read_my_wallet charge_wallet read_wallet_statement",
        "read_my_wallet purchase read_reservation_ticket",
    ),
    "vouchers": ("create_voucher read_voucher cancel_voucher read_voucher",),
    "logins": ("sign_up verify_address log_in refresh_login log_out",),
}
"""Ways that are to be gone from beginning to end, each step granted. What they begin with begins every sequence."""
SEQUENCES, SEQUENCES_OF_LOGINS, STEPS = 12, 4, 12
"""How many sequences for each way, and how long; passwords take their time."""
LINKS_AT_LEAST = 15
"""How many links are followed for each way from what was granted to what is."""


@dataclass
class House:
    app: App
    cast: Cast
    address: str
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def token(self) -> str:
        return tokens_of(self.app, access=timedelta(days=400)).access(self.cast.emma.id)


@pytest.fixture
def house(sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where one person may do everything, as often as they like; check-in is always open."""
    environ = {"CLASSBOOK_DATABASE_URL": sqlite_copies.copy_to(tmp_path_factory.mktemp("house"))}
    environ |= {"CLASSBOOK_SECRET": SECRET, "CLASSBOOK_TIMEZONE": "UTC"}
    for kind in KINDS:
        environ |= {f"CLASSBOOK_POLICY_{kind.upper()}_OPEN_HOLDS": "0"}
        environ |= {f"CLASSBOOK_POLICY_{kind.upper()}_CHECK_IN_FROM": "365d"}
    settings = load(config_path=None, environ=environ, overrides={})
    opened = open_app(settings, clock=FrozenClock(NOW), chance=FixedChance(), mailer=MemoryMailer())
    with closing(opened) as app, closing(Desk(app)) as desk:
        cast = Cast(app)
        rich(app, cast.emma, "1000000")
        server = serve(app, desk, listener=listen("127.0.0.1", 0))
        yield House(app, cast, server.address)
        server.stop()


def a_hold(house: House) -> int:
    """Something that can be paid."""
    yoga = a_class(house.app, price="5", confirm="self")
    return ask(house.app, Reserve(as_person(house.cast.emma), yoga.id)).id


Sent = Callable[[House, dict[str, Any]], dict[str, Any]]
SENT: dict[str, Sent] = {
    "create_provider": lambda house, body: {"email": f"provider{next(house.numbers)}@example.org", "name": "Pia"},
    "create_voucher": lambda house, body: body | {"code": f"GIFT-{next(house.numbers)}"},
    "create_stadium": lambda house, body: body | {"stand": [{"name": "A", "rows": 1, "seats": 6}]},
    "sign_up": lambda house, body: body | {"email": f"new{next(house.numbers)}@example.org"},
    "verify_address": lambda house, body: body | {"code": (mailed_codes(house.app, body["email"]) or ["000000"])[-1]},
    "purchase": lambda house, body: {"reservation": a_hold(house)},
    "log_out": lambda house, body: {"refresh": body.get("refresh", "no.to.ken")},
    "confirm_reservation": lambda house, body: {},
}
"""What must be another one each time, comes by mail, or is not an administrator's to send; the rest is as it came."""
MOVED_TO = {
    "a class": {"party": 2},
    "an event": {"party": 2},
    "an appointment": {"starts_at": "2030-12-09T09:00Z"},
}


@dataclass
class Gone:
    """What was gone, and what was answered."""

    ways: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Operations one after the other, each granted, and each asked with what the one before it had answered."""
    answers: Counter[int] = field(default_factory=Counter)

    def links(self) -> int:
        """How many links were followed from a granted request to another one."""
        return sum(times for way, times in self.ways.items() if len(way) > 1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("about", WAYS)
def test_sequences_of_requests_get_what_the_document_says(house: House, about: str) -> None:
    for way in WAYS[about]:
        operations = tuple(way.split())
        gone = go(house, about, operations)
        assert operations in gone.ways, f"{way}: {gone.links()} links, {gone.answers}"
        assert gone.links() >= LINKS_AT_LEAST, f"{way}: {gone.links()} links, {gone.answers}"
    assert broken(house.app) == []


def go(house: House, about: str, operations: tuple[str, ...]) -> Gone:
    """Let Schemathesis go where it likes among these operations, from the first of them on. Raises what it finds."""
    described = narrowed(set(operations))
    config = {
        "base-url": house.address,
        "headers": {"Authorization": f"Bearer {house.token}"},
        "generation": {"mode": "positive"},
        "phases": {"stateful": {"inference": {"algorithms": []}}},
    }
    schema = schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_dict(config))
    names = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    gone = Gone()

    class Beginning(TransitionController):
        def allow_root_transition(self, source: str, bundles: Any) -> bool:
            return names[source] == operations[0] and super().allow_root_transition(source, bundles)

    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.control = Beginning(self._transitions, self._root_labels)

        def before_call(self, case: Any) -> None:
            name = names[case.operation.label]
            if name in SENT:
                case.body = SENT[name](house, case.body)
            elif name == "move_reservation":
                case.body = MOVED_TO[about]

        def validate_response(self, response: Any, case: Any, *args: Any, **more: Any) -> None:
            case.validate_response(response, checks=list(CHECKS), recorder=self.recorder)

        def teardown(self) -> None:
            """Write down where this sequence went."""
            way_to: dict[str, tuple[str, ...]] = {}
            for id, node in self.recorder.cases.items():
                interaction = self.recorder.interactions.get(id)
                if interaction is None or interaction.response is None:
                    continue
                gone.answers[interaction.response.status_code] += 1
                if interaction.response.status_code < 300:
                    before = way_to.get(node.parent_id, ()) if node.is_transition_applied else ()
                    way_to[id] = (*before, names[node.value.operation.label])
                    gone.ways[way_to[id]] += 1

    Walk.run(
        settings=hypothesis.settings(
            max_examples=SEQUENCES_OF_LOGINS if about == "logins" else SEQUENCES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
    return gone


CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, use_after_free,
)  # fmt: skip
