"""The trail: whoever changes something leaves a row that says who, under which request, and what was different."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classbook import core
from classbook.app import App
from classbook.core import (
    accounts,
    audit,
    backups,
    booking,
    catalog,
    holds,
    imports,
    logins,
    mailed_logins,
    matches,
    outbox,
    people,
    personal,
    providers,
    repeats,
    reservations,
    schedules,
    trail,
    venues,
    vouchers,
    wallet,
    webhooks,
)
from classbook.core.asks import ById, Cancel, Move, Resend, Reserve
from classbook.core.callers import Caller
from classbook.errors import Invalid, NotAllowedNow, NotYours
from classbook.rules.opening import parse_weekly
from classbook.rules.plan_files import from_options
from classbook.rules.repeats import Repeat
from classbook.values import Actor, Change, Person, RequestKey, Reservation, Voucher
from tests.makers import (
    CALLER,
    CONSOLE,
    PASSWORD,
    Cast,
    a_class,
    a_court,
    a_doctor,
    a_match,
    a_venue,
    as_person,
    ask,
    clock_time,
    hold,
    mailed_code,
    mailed_link,
    person,
)

WHO = Actor(request_id="req-1")


def rows(app: App, **wanted: Any) -> list[Change]:
    return list(trail.history(app, CONSOLE, limit=200, **wanted).results)


def newest(app: App) -> Change:
    return rows(app)[0]


def by(actor: Actor, request_id: str) -> Actor:
    return Actor(actor.person_id, request_id)


# --- what a row says -----------------------------------------------------------------------------------------------


def test_a_change_says_who_when_under_which_request_and_only_what_differs(app: App, cast: Cast) -> None:
    yoga = a_class(app, by=as_person(cast.cleo))
    catalog.update(app, by(as_person(cast.cleo), "req-7"), "class", yoga.id, {"title": "Late yoga", "seats": 5})
    change = newest(app)
    assert (change.actor, change.request_id, change.at) == ("cleo@example.org", "req-7", app.clock.now())
    assert (change.action, change.subject, change.subject_id) == ("update", "offering", yoga.id)
    assert change.before == {"title": "Yoga", "places": 2}
    assert change.after == {"title": "Late yoga", "places": 5}


def test_nothing_gets_the_number_of_what_was_deleted_and_so_its_trail(app: App) -> None:
    gone = a_class(app, title="Gone")
    catalog.delete(app, CONSOLE, "class", gone.id)
    made = a_class(app, title="New")
    assert made.id > gone.id
    assert [change.action for change in rows(app, subject="offering", subject_id=made.id)] == ["create"]


def test_what_is_made_has_no_before_and_what_is_deleted_no_after(app: App) -> None:
    yoga = a_class(app, price="12.50")
    made = newest(app)
    assert made.before is None
    assert made.after is not None
    assert (made.after["title"], made.after["price"]) == ("Yoga", {"amount": "12.50", "currency": "EUR"})
    catalog.delete(app, CONSOLE, "class", yoga.id)
    gone = newest(app)
    assert (gone.action, gone.after) == ("delete", None)
    assert gone.before == made.after


def test_terms_and_prices_differ_by_what_is_new_of_them(app: App) -> None:
    match = a_match(app, a_venue(app, "A:1x2", "B:1x2"), prices={"A": "10", "B": "20"})
    catalog.update(app, CONSOLE, "match", match.id, {"prices": {"A": "11", "B": "20"}, "policy": {"queues": True}})
    change = newest(app)
    assert change.before is not None
    assert change.before["prices"] == {"A": {"amount": "10.00", "currency": "EUR"}}
    assert change.after is not None
    assert change.after["policy"] == {"queues": True}


def test_of_a_blocked_seat_the_trail_says_which(app: App) -> None:
    match = a_match(app, a_venue(app, "A:2x5"))
    matches.block(app, CONSOLE, match.id, ["A-1-2"])
    matches.block(app, CONSOLE, match.id, ["A-1-3"])
    assert (newest(app).before, newest(app).after) == ({"kept": []}, {"kept": ["A-1-3"]})
    matches.release(app, CONSOLE, match.id, ["A-1-2"])
    assert (newest(app).before, newest(app).after) == ({"kept": ["A-1-2"]}, {"kept": []})


def test_a_seat_plan_differs_by_stand(app: App) -> None:
    venue = a_venue(app, "A:1x2", "B:1x2")
    venues.import_plan(app, CONSOLE, venue.id, from_options(["A:1x2", "B:1x3"]))
    change = newest(app)
    assert change.before == {"stands": {"B": {"seats": 2, "plan": 1}}}
    assert change.after == {"stands": {"B": {"seats": 3, "plan": 2}}}


def test_the_trail_holds_no_secret(app: App) -> None:
    people.create(app, CONSOLE, email="ana@example.org", name="Ana", password=PASSWORD)
    change = newest(app)
    assert change.after is not None
    assert change.after["password_hash"] == "***"


def test_somebody_who_becomes_a_provider_has_a_row_and_so_has_what_they_offer(app: App, cast: Cast) -> None:
    ana = cast.ana
    offering = providers.create(app, WHO, email="ana@example.org")
    made, changed = rows(app)[:2]
    assert (made.subject, made.action, made.subject_id) == ("offering", "create", offering.id)  # type: ignore[union-attr]
    assert (changed.subject, changed.subject_id, changed.after) == ("person", ana.id, {"role": "provider"})
    assert made.request_id == changed.request_id == "req-1"


def test_what_is_refused_or_tried_dry_leaves_no_row(app: App) -> None:
    yoga = a_class(app)
    before = rows(app)
    catalog.update(app, CONSOLE, "class", yoga.id, {"title": "Other"}, dry_run=True)
    with pytest.raises(Invalid):
        catalog.update(app, CONSOLE, "class", yoga.id, {"title": " "})
    with pytest.raises(NotAllowedNow):
        outbox.retry(app, CONSOLE, sent_mail(app))
    assert rows(app) == before


def sent_mail(app: App) -> int:
    message = outbox.post_test(app, CONSOLE, "a@example.org", dry_run=False)
    outbox.deliver(app)
    with app.store.read() as tx:
        assert tx.rows("SELECT state FROM messages") == [("sent",)]
    app.store.write(lambda tx: tx.change("DELETE FROM changes WHERE subject = 'message'"))
    return message.id  # type: ignore[union-attr]


def test_what_changes_nothing_leaves_no_row(app: App) -> None:
    yoga = a_class(app)
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    before = rows(app)
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert rows(app) == before


def test_a_repeated_request_has_one_row(app: App) -> None:
    key = RequestKey("k", "h")
    for _ in range(2):
        people.create(app, CONSOLE, email="ana@example.org", name="Ana", key=key)
    assert len(rows(app)) == 1


# --- who may read it -----------------------------------------------------------------------------------------------


def test_the_trail_is_read_by_administrators_newest_first_in_pages(app: App, cast: Cast) -> None:
    one, two = a_class(app), a_class(app)
    catalog.update(app, as_person(cast.emma), "class", one.id, {"title": "Other"})
    assert [change.action for change in rows(app, subject="offering", subject_id=one.id)] == ["update", "create"]
    assert {change.subject_id for change in rows(app, subject="offering")} == {one.id, two.id}
    assert [change.action for change in rows(app, by=cast.emma.id)] == ["update"]
    page = trail.history(app, as_person(cast.emma), limit=1)
    assert page.next
    assert trail.history(app, CONSOLE, limit=1, cursor=page.next).results[0].id < page.results[0].id
    with pytest.raises(NotYours):
        trail.history(app, as_person(cast.cleo))
    with pytest.raises(Invalid, match="no history of 'wallet'"):
        trail.history(app, CONSOLE, subject="wallet")


# --- reservations have their own -----------------------------------------------------------------------------------


def test_a_move_says_from_where_to_where(app: App, cast: Cast) -> None:
    court = a_court(app, units=2)
    one = ask(app, Reserve(as_person(cast.ana), court.id, starts_at=clock_time("10:00"), ends_at=clock_time("11:00")))
    ask(app, Move(by(as_person(cast.ana), "req-9"), ById(one.id), starts_at=clock_time("12:00")))
    step = reservations.history(app, CONSOLE, one.id).results[-1]
    assert (step.action, step.actor, step.request_id) == ("move", "ana@example.org", "req-9")
    assert step.before == {"starts_at": "2026-12-02T10:00:00Z", "ends_at": "2026-12-02T11:00:00Z"}
    assert step.after == {"starts_at": "2026-12-02T12:00:00Z", "ends_at": "2026-12-02T13:00:00Z"}


def test_a_move_to_other_seats_names_them_and_what_they_cost(app: App, cast: Cast) -> None:
    match = a_match(app, a_venue(app, "A:1x4", "B:1x2"), prices={"A": "10", "B": "20"})
    wallet.top_up(app, CONSOLE, "100", person=cast.ana.id)
    one = ask(app, Reserve(as_person(cast.ana), match.id, seats=("A-1-1", "A-1-2")))
    ask(app, Move(as_person(cast.ana), ById(one.id), party=2, seats=("A-1-2", "B-1-1")))
    step = reservations.history(app, CONSOLE, one.id).results[-1]
    assert step.before == {"places": ["A-1-1"], "price": {"amount": "20.00", "currency": "EUR"}}
    assert step.after == {"places": ["B-1-1"], "price": {"amount": "30.00", "currency": "EUR"}}


def test_a_new_code_is_a_step_under_its_request_and_so_is_its_mail(app: App, cast: Cast) -> None:
    one = ask(app, Reserve(by(as_person(cast.ana), "req-2"), a_class(app).id))
    ask(app, Resend(by(as_person(cast.ana), "req-3"), ById(one.id)))
    steps = reservations.history(app, CONSOLE, one.id).results
    assert [(step.action, step.request_id) for step in steps] == [("reserve", "req-2"), ("resend", "req-3")]
    assert [message.request_id for message in outbox.listing(app, CONSOLE).results] == ["req-3", "req-2"]


def test_what_time_does_is_done_by_time(app: App, cast: Cast, clock: Any) -> None:
    one = ask(app, Reserve(as_person(cast.ana), a_class(app).id))
    clock.advance(timedelta(hours=1))
    ask(app, Reserve(as_person(cast.ben), one.offering.id))
    step = reservations.history(app, CONSOLE, one.id).results[-1]
    assert (step.action, step.actor, step.request_id) == ("lapse", "time", None)


# --- every write of the core ---------------------------------------------------------------------------------------


def writers() -> set[str]:
    """The public functions of the core from which a writing transaction is reached, by ``module.function``."""
    called: dict[str, set[str]] = {}
    for path in sorted(Path(str(inspect.getfile(core))).parent.glob("*.py")):
        for function in ast.parse(path.read_text()).body:
            if isinstance(function, ast.FunctionDef):
                called[f"{path.stem}.{function.name}"] = set(_calls(path.stem, function))
    reached = {"store.write"}
    while more := {name for name, calls in called.items() if calls & reached} - reached:
        reached |= more
    return {name for name in reached - {"store.write"} if not name.partition(".")[2].startswith("_")}


def _calls(module: str, function: ast.FunctionDef) -> list[str]:
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr == "write" and ast.unparse(node.value).endswith("app.store"):
            found.append("store.write")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name):
            found.append(f"{module}.{node.id}")
            found.append(_imported(module).get(node.id, ""))
    return found


def _imported(module: str) -> dict[str, str]:
    """What a module of the core calls functions of its neighbours."""
    names = vars(import_module(f"classbook.core.{module}"))
    return {
        name: f"{value.__module__.rpartition('.')[2]}.{value.__name__}"
        for name, value in names.items()
        if inspect.isfunction(value) and value.__module__.startswith("classbook.core.")
    }


def _webhook(app: App) -> int:
    made = webhooks.add(app, CONSOLE, "https://example.org/")
    return made.id  # type: ignore[union-attr]


def _disabled(app: App) -> int:
    """A webhook that wants nothing more."""
    hook = _webhook(app)
    app.store.write(
        lambda tx: tx.change("UPDATE webhooks SET disabled_at = 1, disabled_reason = '' WHERE id = ?", hook)
    )
    return hook


def _given_up(app: App) -> int:
    """A delivery that nobody took."""
    _webhook(app)
    a_class(app)
    app.store.write(lambda tx: tx.change("UPDATE deliveries SET state = 'dead', due_at = NULL"))
    return webhooks.deliveries(app, CONSOLE).results[0].id


def _voucher(app: App) -> str:
    made = vouchers.create(app, CONSOLE, "SPRING", percent=5)
    assert isinstance(made, Voucher)
    return made.code


def _released(app: App, held: Reservation) -> object:
    return holds.release(app, WHO, held.user.id)


def _class_of_tomorrow(app: App) -> dict[str, Any]:
    return {"title": "Yoga", "seats": 2, "starts_at": clock_time("10:00"), "ends_at": clock_time("11:00")}


def _dead_mail(app: App) -> int:
    message = outbox.post_test(app, CONSOLE, "a@example.org")
    app.store.write(lambda tx: tx.change("UPDATE messages SET state = 'dead', due_at = NULL"))
    return message.id  # type: ignore[union-attr]


def _sheet_of_tomorrow(app: App) -> imports.Sheet:
    text = "title,seats,start,duration\nYoga,2,tomorrow 18:00,1h\n"
    return imports.offerings_in(app, "class", text, zone=ZoneInfo("UTC"))


def _blocked(app: App) -> int:
    match = a_match(app, a_venue(app, "A:1x2"))
    matches.block(app, CONSOLE, match.id, ["A-1-1"])
    return match.id


def _link(app: App, cast: Cast) -> str:
    ask(app, Reserve(as_person(cast.ana), a_class(app).id))
    return mailed_link(app, cast.ana)


def _signed_up(app: App) -> str:
    accounts.signup(app, CALLER, email="x@example.org", password=PASSWORD, name="X")
    return mailed_code(app, "x@example.org")


def _damaged(app: App, cast: Cast) -> App:
    """Places that are taken by nobody any more."""
    ask(app, Cancel(CONSOLE, ById(hold(app, a_class(app), cast.ana).id)))
    app.store.write(lambda tx: tx.change("UPDATE claims SET live = true"))
    return app


def _backup(app: App) -> Path:
    path = Path("one.backup")
    backups.backup(app, CONSOLE, path)
    return path


def _coming(app: App) -> str:
    mailed_logins.ask(app, CALLER, email="x@example.org", name="X")
    return mailed_code(app, "x@example.org")


def _lost(app: App, who: Person) -> str:
    accounts.ask_reset(app, CALLER, email=who.email)
    return mailed_code(app, who.email)


def _with_password(app: App) -> Person:
    return person(app, "Pat", password=PASSWORD)


ASKING = Caller("192.0.2.1", WHO.request_id)
Act = Callable[[App, Cast], object]
ACTS: dict[str, Act] = {
    "accounts.verify": lambda app, cast: accounts.verify(app, ASKING, email="x@example.org", code=_signed_up(app)),
    "accounts.reset": lambda app, cast: accounts.reset(
        app, ASKING, email=cast.ana.email, code=_lost(app, cast.ana), new_password="something quite new"
    ),
    "logins.change_password": lambda app, cast: logins.change_password(
        app, by(as_person(_with_password(app)), "req-1"), ASKING, current=PASSWORD, new="something quite new"
    ),
    "people.give_password": lambda app, cast: people.give_password(app, WHO, cast.ana.email, "something quite new"),
    "people.update": lambda app, cast: people.update(app, WHO, cast.ana.email, {"phone": "1"}),
    "audit.repair": lambda app, cast: audit.repair(_damaged(app, cast), WHO),
    "backups.restore": lambda app, cast: backups.restore(app, WHO, _backup(app), replace=True),
    "booking.book": lambda app, cast: booking.book(app, [Reserve(WHO, a_class(app).id, cast.ana.id)]),
    "booking.one": lambda app, cast: booking.one(app, Cancel(WHO, ById(hold(app, a_class(app), cast.ana).id))),
    "webhooks.add": lambda app, cast: webhooks.add(app, WHO, "https://example.org/"),
    "webhooks.enable": lambda app, cast: webhooks.enable(app, WHO, _disabled(app)),
    "webhooks.remove": lambda app, cast: webhooks.remove(app, WHO, _webhook(app)),
    "webhooks.replay": lambda app, cast: webhooks.replay(app, WHO, _given_up(app)),
    "vouchers.create": lambda app, cast: vouchers.create(app, WHO, "SPRING", percent=5),
    "vouchers.cancel": lambda app, cast: vouchers.cancel(app, WHO, _voucher(app)),
    "holds.release": lambda app, cast: _released(app, hold(app, a_class(app), cast.ana)),
    "catalog.create": lambda app, cast: catalog.create(app, WHO, "class", _class_of_tomorrow(app)),
    "catalog.update": lambda app, cast: catalog.update(app, WHO, "class", a_class(app).id, {"title": "Other"}),
    "catalog.cancel": lambda app, cast: catalog.cancel(app, WHO, "class", a_class(app).id),
    "catalog.delete": lambda app, cast: catalog.delete(app, WHO, "class", a_class(app).id),
    "imports.everybody": lambda app, cast: imports.everybody(
        app, WHO, imports.people_in(app, "email,name\nx@example.org,X\n")
    ),
    "imports.offerings": lambda app, cast: imports.offerings(app, WHO, "class", _sheet_of_tomorrow(app)),
    "mailed_logins.log_in": lambda app, cast: mailed_logins.log_in(
        app, ASKING, email="x@example.org", code=_coming(app)
    ),
    "matches.block": lambda app, cast: matches.block(app, WHO, a_match(app, a_venue(app, "A:1x2")).id, ["A-1-1"]),
    "matches.release": lambda app, cast: matches.release(app, WHO, _blocked(app), ["A-1-1"]),
    "outbox.post_test": lambda app, cast: outbox.post_test(app, WHO, "a@example.org"),
    "outbox.retry": lambda app, cast: outbox.retry(app, WHO, _dead_mail(app)),
    "people.create": lambda app, cast: people.create(app, WHO, email="x@example.org", name="X"),
    "personal.anonymise": lambda app, cast: personal.anonymise(app, WHO, cast.ana.email),
    "providers.create": lambda app, cast: providers.create(app, WHO, email="x@example.org", name="X"),
    "repeats.create": lambda app, cast: repeats.create(
        app, WHO, "class", _class_of_tomorrow(app), Repeat("daily", count=2)
    ),
    "reservations.confirm_link": lambda app, cast: reservations.confirm_link(
        app, _link(app, cast), request_id=WHO.request_id
    ),
    "schedules.add": lambda app, cast: schedules.add(app, WHO, a_doctor(app).id, [parse_weekly("mon 08:00-11:00")]),
    "venues.create": lambda app, cast: venues.create(app, WHO, name="Arena"),
    "venues.import_plan": lambda app, cast: venues.import_plan(
        app, WHO, a_venue(app, "A:1x2").id, from_options(["A:1x3"])
    ),
    "wallet.top_up": lambda app, cast: wallet.top_up(app, WHO, "5", person=cast.ana.id),
    "wallet.withdraw": lambda app, cast: wallet.withdraw(app, WHO, "5", person=_rich(app, cast)),
}
"""Every write of the core, done once under the request of `WHO`."""

UNASKED = {
    "keys.once_by_admin": "runs what the verbs of administrators hand it; each names its deed",
    "catalog.write": "what the verbs of offerings are made of; each names its action",
    "catalog.settle": "time does it",
    "catalog.guarded": "runs what the verbs hand it",
    "calendars.link": "makes a secret address when it is first asked for, or another",
    "health.check_writable": "keeps nothing of what it writes",
    "mailed_logins.ask": "mails a code to log in with",
    "outbox.deliver": "the daemon sends; a mail says itself when",
    "accounts.signup": "nothing is anybody's before the code comes back",
    "accounts.ask_reset": "nothing changes before the code comes back",
    "accounts.guess": "counts a guess",
    "vouchers.count_guess": "counts a guess",
    "webhooks.deliver": "the daemon tells; a delivery says itself when",
    "webhooks.forget": "time does it",
    "logins.login": "a login is a row that says itself since when it is",
    "logins.logout": "ends one's own login",
    "logins.refresh": "a login counts its refreshes",
    "reminders.remind": "time does it; a mail says itself when",
    "upkeep.settle_due": "time does it, and each reservation has its row",
    "upkeep.settle_offering": "time does it, and each reservation has its row",
    "upkeep.forget_keys": "time does it",
    "upkeep.forget_codes": "time does it",
    "upkeep.forget_attempts": "time does it",
    "upkeep.forget_mail": "time does it",
    "upkeep.forget_logins": "time does it",
    "upkeep.forget_throttles": "time does it",
    "upkeep.look_again": "time does it",
    "upkeep.serve_waiting": "time does it",
    "upkeep.settle_of": "time does it",
    "wallet.listing": "opens an empty wallet for whoever looks",
    "wallet.show": "opens an empty wallet for whoever looks",
}
"""What writes without anybody asking for a change."""


def _rich(app: App, cast: Cast) -> int:
    wallet.top_up(app, CONSOLE, "5", person=cast.ana.id)
    return cast.ana.id


def test_every_write_of_the_core_is_known_here() -> None:
    assert writers() == ACTS.keys() | UNASKED.keys()


@pytest.mark.parametrize("name", ACTS)
def test_every_write_leaves_a_row_under_its_request(app: App, cast: Cast, name: str) -> None:
    ACTS[name](app, cast)
    with app.store.read() as tx:
        told = [
            row
            for table in ("changes", "moves", "transfers")
            for row in tx.rows(f"SELECT * FROM {table} WHERE request_id = ?", WHO.request_id)
        ]
    assert told
