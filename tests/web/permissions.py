"""Who may do what, as two tables: every operation of the API and every page, for every role and whoever it is about.

A row says how an operation is asked for about somebody (``whose``), and which rule holds for it. A rule says for each
role what becomes of it: about oneself, and about somebody else; OK is that it is done, None that there is no such case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

from classbook.app import App
from classbook.core import calendars, catalog, matches, people, personal, providers, vouchers, wallet
from classbook.core.asks import ById, Reserve
from classbook.core.asks import Confirm as ConfirmAsk
from classbook.store import logins
from classbook.values import Login, Offering, Person, Reservation, VenuePlan
from classbook.web.pages.session import Session, begun
from tests.conftest import Client
from tests.makers import (
    CONSOLE,
    FREELY,
    NOW,
    PASSWORD,
    a_class,
    a_court,
    a_match,
    a_venue,
    as_person,
    ask,
    clock_time,
    mailed_link,
    person,
    rich,
    unproved,
)

OK: Final = 200
"""It is done, with whichever 2xx, of a page also with a 303."""
NOBODY: Final = ("nobody", "gone")
ROLES: Final = (*NOBODY, "unproved", "member", "organizer", "provider", "admin")
Expected = int | None


@dataclass(frozen=True)
class Asked:
    """One request: what stands in the path, the query and the body."""

    path: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    body: Any = None
    """The fields of a form, where it is a page that is asked for."""


@dataclass(frozen=True)
class Caller:
    """Somebody, and how they reach the server: with a token, or with a browser they have logged in with."""

    who: Person
    role: str
    client: Client
    session: Session | None = None


@dataclass
class Stage:
    """A house to ask in, and whoever is needed: each a newcomer, so that no limit of theirs is used up."""

    app: App
    client: Client
    token: Callable[[int], str]
    _numbers: Any = field(default_factory=lambda: count(1))
    _regulars: dict[str, Caller] = field(default_factory=dict)

    def name(self, word: str) -> str:
        return f"{word}{next(self._numbers)}"

    def newcomer(self, role: str) -> Caller:
        """Somebody new of that role. Who is gone once was a member."""
        match role:
            case "unproved":
                who = unproved(self.app, self.name("Unproved"))
            case "provider":
                who = self.provider()[0]
            case "nobody" | "gone":
                who = person(self.app, self.name(role.title()))
            case _:
                who = person(self.app, self.name(role.title()), role=role)
        if role == "nobody":
            return Caller(who, role, self.client)
        login = Login(self.app.chance.nonce(), who.id, 1, NOW, NOW + timedelta(days=1))
        self.app.store.write(lambda tx: logins.add(tx, login, source="test"))
        if role == "gone":
            personal.anonymise(self.app, CONSOLE, str(who.id), email=who.email)
        session = begun(self.app.chance, login_id=login.id)
        return Caller(who, role, self.client.bearing(self.token(who.id)), session)

    def regular(self, role: str) -> Caller:
        """The same one each time: for what leaves no trace."""
        if role not in self._regulars:
            self._regulars[role] = self.newcomer(role)
        return self._regulars[role]

    # --- what there is to ask about ---

    def provider(self) -> tuple[Person, Offering]:
        """Somebody new who gives appointments."""
        email = f"{self.name('provider')}@example.org"
        made = providers.create(self.app, CONSOLE, email=email, name="Pia", timezone="UTC", policy=dict(FREELY))
        assert isinstance(made, Offering) and made.creator is not None
        return people.show(self.app, CONSOLE, email), made

    def practice(self, whose: Person) -> Offering:
        """The offering of somebody who gives appointments; of somebody else, another one's."""
        if whose.role == "provider":
            return catalog.show(self.app, "appointment", providers.resolve(self.app, whose.email).id)
        return self.provider()[1]

    def offering(self, kind: str, whose: Person) -> Offering:
        """A class or an event that somebody made, while they had the role for it."""
        return a_class(self.app, kind=kind, by=as_person(whose), title=self.name("Yoga"))

    def venue(self) -> VenuePlan:
        return a_venue(self.app, "A:1x4", name=self.name("Arena"))

    def match(self, whose: Person | None = None) -> Offering:
        venue, start = self.venue(), clock_time("18:00")
        if whose is None:
            return a_match(self.app, venue, confirm="none")
        fields = {"title": "Final", "venue_id": venue.id, "starts_at": start, "ends_at": start + timedelta(hours=2)}
        made = catalog.create(self.app, as_person(whose), "match", fields)
        assert isinstance(made, Offering)
        return made

    def blocked(self, match: Offering) -> Offering:
        """The same match, its first seat kept from sale."""
        matches.block(self.app, CONSOLE, match.id, ["A-1-1"])
        return match

    def court(self, whose: Person | None = None) -> Offering:
        if whose is None:
            return a_court(self.app, title=self.name("Court"), confirm="self", **FREELY)
        fields = {"title": self.name("Court"), "seats": 1, "timezone": "UTC"}
        made = catalog.create(self.app, as_person(whose), "resource", fields)
        assert isinstance(made, Offering)
        return made

    # --- what people have ---

    def held(self, whose: Person, **terms: Any) -> Reservation:
        """Places that are somebody's, held; they were given to them where they may not take any themselves."""
        one = a_class(self.app, title=self.name("Yoga"), **({"seats": 3} | FREELY | terms))
        return ask(self.app, Reserve(CONSOLE, one.id, whose.id))

    def priced(self, whose: Person) -> Reservation:
        rich(self.app, whose)
        return self.held(whose, price="5", confirm="self")

    def purse(self, whose: Person) -> int:
        rich(self.app, whose)
        return wallet.show(self.app, CONSOLE, person=whose.id).id

    def booking(self, whose: Person) -> Reservation:
        start = clock_time("10:00")
        end = start + timedelta(hours=1)
        return ask(self.app, Reserve(CONSOLE, self.court().id, whose.id, starts_at=start, ends_at=end))

    def appointment(self, whose: Person) -> Reservation:
        return ask(self.app, Reserve(CONSOLE, self.provider()[1].id, whose.id, starts_at=clock_time("10:00", days=3)))

    def ticket(self, whose: Person) -> tuple[Offering, str]:
        match = self.match()
        ask(self.app, Reserve(CONSOLE, match.id, whose.id, seats=("A-1-1",)))
        return match, f"{match.id}:A-1-1"

    def voucher(self, whose: Person) -> str:
        code, of = self.name("GIFT"), self.offering("class", whose)
        vouchers.create(self.app, as_person(whose), code, percent=10, offering_id=of.id)
        return code

    def link(self) -> str:
        """The token of the link in somebody's mail."""
        linked = person(self.app, self.name("Linked"))
        self.held(linked)
        return mailed_link(self.app, linked)

    def calendar(self) -> str:
        """The token of somebody's calendar."""
        owner = person(self.app, self.name("Owner"))
        return calendars.link(self.app, as_person(owner)).url.rpartition("/")[2].removesuffix(".ics")

    def checked(self, whose: Person) -> Reservation:
        """A place whose check-in is open."""
        one = self.held(whose, check_in=True, check_in_from_seconds=14 * 86400, confirm="self")
        return ask(self.app, ConfirmAsk(CONSOLE, ById(one.id)))


# --- rules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """What becomes of it for each role: about oneself, and about somebody else."""

    own: dict[str, Expected]
    foreign: dict[str, Expected]


def rule(*, own: dict[str, Expected] | None = None, foreign: dict[str, Expected], nobody: int = 401) -> Rule:
    missing: dict[str, Expected] = dict.fromkeys(ROLES)
    return Rule(missing | (own or {}), missing | dict.fromkeys(NOBODY, nobody) | foreign)


def each(
    *, unproved: Expected, member: Expected, organizer: Expected, provider: Expected, admin: Expected
) -> dict[str, Expected]:
    return {"unproved": unproved, "member": member, "organizer": organizer, "provider": provider, "admin": admin}


def everybody(answer: Expected) -> dict[str, Expected]:
    return dict.fromkeys(ROLES[2:], answer)


ANYONE = rule(foreign=everybody(OK), nobody=OK)
"""In the open: no login is asked for, and none is looked at."""
ANYONE_WITH_A_GOOD_TOKEN = Rule(dict.fromkeys(ROLES), everybody(OK) | {"nobody": OK, "gone": OK} | {"gone": 401})
LOGGED_IN = rule(foreign=everybody(OK))
"""About oneself only: nobody else can be meant."""
LOGGED_IN_ONCE = Rule(dict.fromkeys(ROLES), everybody(OK) | {"nobody": OK, "gone": OK} | {"nobody": 401})
"""Whose account is gone may still end a login that ended with it."""
ADMIN = rule(foreign=everybody(403) | {"admin": OK})
ORGANIZER = rule(foreign=everybody(403) | {"organizer": OK, "admin": OK})
PROVED = rule(foreign=everybody(OK) | {"unproved": 409})
PRIVATE = rule(own=everybody(OK), foreign=everybody(404) | {"admin": OK})
"""What others have does not exist."""
FOR_ONESELF = rule(own=everybody(OK), foreign=everybody(403) | {"admin": OK})
BOOKING = rule(own=everybody(OK) | {"unproved": 409}, foreign=everybody(403) | {"admin": OK})
"""Who has proved an address takes places for themselves, an administrator for anybody."""
CLASS_OWNER = rule(own={"organizer": OK, "admin": OK}, foreign=everybody(403) | {"admin": OK})
EVENT_OWNER = rule(own=everybody(OK) | {"unproved": None}, foreign=everybody(403) | {"admin": OK})
ADMIN_OWNER = rule(own={"admin": OK}, foreign=everybody(403) | {"admin": OK})
PRACTICE_OWNER = rule(own={"provider": OK}, foreign=everybody(403) | {"admin": OK})
VOUCHER = rule(own={"organizer": OK, "admin": OK}, foreign=everybody(403) | {"organizer": 404, "admin": OK})
"""For who may have any; those of others do not exist."""
FILTERED = rule(own=everybody(OK), foreign=everybody(403) | {"admin": OK})
"""A list of one's own; asking for somebody else's is refused."""


@dataclass(frozen=True)
class Row:
    rule: Rule
    asked: Callable[[Stage, Person], Asked]


NOTHING: Final[Callable[[Stage, Person], Asked]] = lambda stage, whose: Asked()  # noqa: E731


def on(**path: Any) -> Asked:
    return Asked(path)


def sends(**body: Any) -> Asked:
    return Asked(body=body)


def _times() -> dict[str, str]:
    return {"starts_at": "2026-12-05T18:00:00Z", "ends_at": "2026-12-05T19:00:00Z"}


def _kind_rows(
    one: str, many: str, owner: Rule, make: Callable[[Stage, Person], Offering], change: dict[str, Any]
) -> dict[str, Row]:
    """What every kind of offering has."""
    return {
        f"list_{many}": Row(ANYONE, NOTHING),
        f"read_{one}": Row(ANYONE, lambda s, whose: on(id=s.court().id if one == "resource" else _any(s, one).id)),
        f"replace_{one}": Row(owner, lambda s, whose: Asked({"id": make(s, whose).id}, body=change)),
        f"change_{one}": Row(owner, lambda s, whose: Asked({"id": make(s, whose).id}, body=change)),
        f"delete_{one}": Row(owner, lambda s, whose: on(id=make(s, whose).id)),
        f"cancel_{one}": Row(owner, lambda s, whose: on(id=make(s, whose).id)),
        f"list_{one}_reservations": Row(owner, lambda s, whose: on(id=make(s, whose).id)),
    }


def _any(stage: Stage, one: str) -> Offering:
    match one:
        case "match":
            return stage.match()
        case "provider":
            return stage.provider()[1]
        case _:
            return a_class(stage.app, kind=one)


def _class_of(stage: Stage, whose: Person) -> Offering:
    return stage.offering("class", whose if whose.role in ("organizer", "admin") else stage.newcomer("organizer").who)


def _event_of(stage: Stage, whose: Person) -> Offering:
    return stage.offering("event", whose)


def _match_of(stage: Stage, whose: Person) -> Offering:
    return stage.match(whose if whose.role == "admin" else None)


def _court_of(stage: Stage, whose: Person) -> Offering:
    return stage.court(whose if whose.role == "admin" else None)


TABLE: Final[dict[str, Row]] = {
    # --- who one is ---
    "sign_up": Row(
        ANYONE,
        lambda s, whose: sends(email=f"{s.name('new')}@example.org", password=PASSWORD, name="New"),
    ),
    "verify_address": Row(
        rule(foreign=everybody(403), nobody=403), lambda s, whose: sends(email=whose.email, code="1")
    ),
    "log_in": Row(rule(foreign=everybody(401), nobody=401), lambda s, whose: sends(email=whose.email, password="no")),
    "refresh_login": Row(rule(foreign=everybody(401), nobody=401), lambda s, whose: sends(refresh="no.to.ken")),
    "log_out": Row(LOGGED_IN_ONCE, NOTHING),
    "set_password": Row(ANYONE, lambda s, whose: sends(email=whose.email)),
    "read_me": Row(LOGGED_IN, NOTHING),
    "read_user": Row(PRIVATE, lambda s, whose: on(id=whose.id)),
    "export_user": Row(PRIVATE, lambda s, whose: on(id=whose.id)),
    "anonymise_user": Row(
        rule(own=everybody(OK) | {"provider": 409}, foreign=everybody(404) | {"admin": OK}),
        lambda s, whose: Asked({"id": whose.id}, body={"email": whose.email}),
    ),
    "list_clients": Row(ORGANIZER, NOTHING),
    "create_client": Row(ORGANIZER, lambda s, whose: sends(email=f"{s.name('client')}@example.org", name="Client")),
    # --- what is on offer ---
    **_kind_rows("class", "classes", CLASS_OWNER, _class_of, {"title": "Another"}),
    **_kind_rows("event", "events", EVENT_OWNER, _event_of, {"title": "Another"}),
    **_kind_rows("match", "matches", ADMIN_OWNER, _match_of, {"title": "Another"}),
    **_kind_rows("provider", "providers", PRACTICE_OWNER, Stage.practice, {"description": "Another"}),
    **_kind_rows("resource", "resources", ADMIN_OWNER, _court_of, {"name": "Another"}),
    "create_class": Row(ORGANIZER, lambda s, whose: sends(title="X", seats=2, **_times())),
    "create_event": Row(
        PROVED,
        lambda s, whose: sends(
            title="X", capacity=2, start_time="2026-12-05T18:00:00Z", end_time="2026-12-05T19:00:00Z"
        ),
    ),
    "create_match": Row(ADMIN, lambda s, whose: sends(title="X", venue_id=s.venue().id, **_times())),
    "create_provider": Row(ORGANIZER, lambda s, whose: sends(email=f"{s.name('doc')}@example.org", name="Doc")),
    "create_resource": Row(ADMIN, lambda s, whose: sends(name="X", max_slots=1)),
    "read_provider_schedule": Row(ANYONE, lambda s, whose: on(id=s.provider()[1].id)),
    "read_resource_schedule": Row(ANYONE, lambda s, whose: on(id=s.court().id)),
    "list_provider_slots": Row(ANYONE, lambda s, whose: on(id=s.provider()[1].id)),
    "list_resource_slots": Row(ANYONE, lambda s, whose: on(id=s.court().id)),
    "add_provider_schedule": Row(
        PRACTICE_OWNER, lambda s, whose: Asked({"id": s.practice(whose).id}, body={"closed": ["2026-12-24"]})
    ),
    "add_resource_schedule": Row(
        ADMIN_OWNER, lambda s, whose: Asked({"id": _court_of(s, whose).id}, body={"closed": ["2026-12-24"]})
    ),
    # --- venues, seats and tickets ---
    "list_stadiums": Row(ANYONE, NOTHING),
    "create_stadium": Row(ADMIN, lambda s, whose: sends(name=s.name("Arena"))),
    "read_stadium": Row(ANYONE, lambda s, whose: on(id=s.venue().id)),
    "read_stadium_seats": Row(ANYONE, lambda s, whose: on(id=s.venue().id)),
    "set_stadium_seats": Row(
        ADMIN,
        lambda s, whose: Asked({"id": s.venue().id}, body={"stand": [{"name": "B", "rows": 1, "seats": 2}]}),
    ),
    "list_seats": Row(ANYONE, lambda s, whose: Asked(query=f"venue={s.venue().id}")),
    "set_seats": Row(ADMIN, lambda s, whose: sends(venue=s.venue().id, stand=[{"name": "B", "rows": 1, "seats": 2}])),
    "list_match_seats": Row(ANYONE_WITH_A_GOOD_TOKEN, lambda s, whose: on(id=s.match().id)),
    "block_match_seats": Row(
        ADMIN_OWNER, lambda s, whose: Asked({"id": _match_of(s, whose).id}, body={"seats": ["A-1-1"]})
    ),
    "release_match_seats": Row(
        ADMIN_OWNER,
        lambda s, whose: Asked({"id": s.blocked(_match_of(s, whose)).id}, body={"seats": ["A-1-1"]}),
    ),
    "list_tickets": Row(ANYONE_WITH_A_GOOD_TOKEN, lambda s, whose: Asked(query=f"match={s.match().id}")),
    "read_ticket": Row(ANYONE_WITH_A_GOOD_TOKEN, lambda s, whose: on(match=s.match().id, seat="A-1-1")),
    "reserve_ticket": Row(PROVED, lambda s, whose: on(match=s.match().id, seat="A-1-1")),
    "cancel_ticket": Row(PRIVATE, lambda s, whose: on(match=s.ticket(whose)[0].id, seat="A-1-1")),
    "list_prices": Row(ANYONE, lambda s, whose: Asked(query=f"match={s.match().id}")),
    "set_prices": Row(ADMIN_OWNER, lambda s, whose: sends(match=_match_of(s, whose).id, prices={"A": "5"})),
    # --- taking places ---
    "reserve_class": Row(BOOKING, lambda s, whose: sends(class_id=a_class(s.app).id, user_id=whose.id)),
    "confirm_class_seat": Row(
        FOR_ONESELF,
        lambda s, whose: sends(class_id=s.held(whose, confirm="self").offering.id, user_id=whose.id),
    ),
    "cancel_class_seat": Row(FOR_ONESELF, lambda s, whose: sends(class_id=s.held(whose).offering.id, user_id=whose.id)),
    "reserve_event": Row(
        BOOKING, lambda s, whose: Asked({"id": a_class(s.app, kind="event").id}, body={"user_id": whose.id})
    ),
    "reserve_match": Row(BOOKING, lambda s, whose: Asked({"id": s.match().id}, body={"best": 1, "user_id": whose.id})),
    "create_booking": Row(
        BOOKING,
        lambda s, whose: sends(
            resource=s.court().id,
            user=whose.id,
            start_time="2026-12-05T10:00:00Z",
            end_time="2026-12-05T11:00:00Z",
        ),
    ),
    "create_appointment": Row(
        BOOKING,
        lambda s, whose: sends(provider_id=s.provider()[1].id, user_id=whose.id, start="2026-12-05T10:00:00Z"),
    ),
    "why_not": Row(FOR_ONESELF, lambda s, whose: Asked({"id": a_class(s.app).id}, query=f"user_id={whose.id}")),
    # --- what people have ---
    "list_reservations": Row(FILTERED, lambda s, whose: Asked(query=f"user={whose.id}")),
    "list_bookings": Row(FILTERED, lambda s, whose: Asked(query=f"user={whose.id}")),
    "list_appointments": Row(LOGGED_IN, NOTHING),
    "read_reservation": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).id)),
    "read_reservation_history": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).code)),
    "confirm_reservation": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose, confirm="self").id)),
    "cancel_reservation": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).id)),
    "delete_reservation": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).code)),
    "give_reservation_back": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).id)),
    "move_reservation": Row(PRIVATE, lambda s, whose: Asked({"reservation": s.held(whose).id}, body={"party": 2})),
    "check_in": Row(PRIVATE, lambda s, whose: on(reservation=s.checked(whose).id)),
    "resend_code": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).id)),
    "read_reservation_ticket": Row(PRIVATE, lambda s, whose: on(reservation=s.checked(whose).id)),
    "read_calendar": Row(ANYONE, lambda s, whose: on(token=s.calendar())),
    "read_calendar_link": Row(LOGGED_IN, NOTHING),
    "renew_calendar_link": Row(LOGGED_IN, NOTHING),
    "read_offering_calendar_link": Row(CLASS_OWNER, lambda s, whose: on(id=_class_of(s, whose).id)),
    "renew_offering_calendar_link": Row(CLASS_OWNER, lambda s, whose: on(id=_class_of(s, whose).id)),
    "read_appointment": Row(PRIVATE, lambda s, whose: on(id=s.appointment(whose).id)),
    "change_appointment": Row(
        PRIVATE, lambda s, whose: Asked({"id": s.appointment(whose).id}, body={"is_confirmed": True})
    ),
    "cancel_booking": Row(PRIVATE, lambda s, whose: on(id=s.booking(whose).id)),
    "release_holds": Row(ADMIN, lambda s, whose: sends(user_id=s.held(whose).user.id)),
    # --- money ---
    "list_wallets": Row(LOGGED_IN, NOTHING),
    "read_my_wallet": Row(LOGGED_IN, NOTHING),
    "read_wallet": Row(PRIVATE, lambda s, whose: on(wallet=s.purse(whose))),
    "read_wallet_statement": Row(PRIVATE, lambda s, whose: on(wallet=s.purse(whose))),
    "charge_wallet": Row(PRIVATE, lambda s, whose: Asked({"wallet": s.purse(whose)}, body={"amount": "1"})),
    "withdraw_from_wallet": Row(PRIVATE, lambda s, whose: Asked({"wallet": s.purse(whose)}, body={"amount": "1"})),
    "purchase": Row(
        PRIVATE, lambda s, whose: Asked({"wallet": s.purse(whose)}, body={"reservation": s.priced(whose).id})
    ),
    "list_transactions": Row(PRIVATE, lambda s, whose: Asked(query=f"wallet={s.purse(whose)}")),
    "list_vouchers": Row(ORGANIZER, NOTHING),
    "create_voucher": Row(
        CLASS_OWNER,
        lambda s, whose: sends(code=s.name("GIFT"), percent=10, offering=_class_of(s, whose).id),
    ),
    "read_voucher": Row(VOUCHER, lambda s, whose: on(code=s.voucher(whose))),
    "cancel_voucher": Row(VOUCHER, lambda s, whose: on(code=s.voucher(whose))),
    # --- the house ---
    "read_report": Row(ORGANIZER, NOTHING),
    "post_report": Row(ORGANIZER, NOTHING),
    "list_history": Row(ADMIN, NOTHING),
    "read_health": Row(ANYONE, NOTHING),
    "read_readiness": Row(ANYONE, NOTHING),
}

_RESERVATION_PAGE: Final[Callable[[Stage, Person], Asked]] = lambda s, whose: on(  # noqa: E731
    reservation=s.held(whose, confirm="self").code
)
PAGES: Final[dict[str, Row]] = {
    "GET /": Row(ANYONE, NOTHING),
    "GET /offerings/{id}/": Row(ANYONE, lambda s, whose: on(id=a_class(s.app).id)),
    "POST /offerings/{id}/reserve/": Row(
        rule(foreign=everybody(OK) | {"unproved": 409}, nobody=OK),
        lambda s, whose: Asked({"id": a_class(s.app).id}, body={"email": whose.email, "name": "New", "party": "1"}),
    ),
    "GET /confirm/{token}/": Row(ANYONE, lambda s, whose: on(token=s.link())),
    "POST /confirm/{token}/": Row(ANYONE, lambda s, whose: on(token=s.link())),
    "GET /my/": Row(ANYONE, NOTHING),
    "POST /my/login/": Row(ANYONE, lambda s, whose: sends(email=whose.email)),
    "POST /my/logout/": Row(LOGGED_IN, NOTHING),
    "POST /my/wallet/": Row(LOGGED_IN, lambda s, whose: sends(amount="1")),
    "POST /my/calendar/": Row(LOGGED_IN, NOTHING),
    "GET /my/{reservation}/": Row(PRIVATE, _RESERVATION_PAGE),
    "POST /my/{reservation}/confirm/": Row(PRIVATE, _RESERVATION_PAGE),
    "POST /my/{reservation}/resend/": Row(PRIVATE, lambda s, whose: on(reservation=s.held(whose).code)),
    "GET /my/{reservation}/cancel/": Row(PRIVATE, _RESERVATION_PAGE),
    "POST /my/{reservation}/cancel/": Row(PRIVATE, _RESERVATION_PAGE),
    "POST /my/{reservation}/move/": Row(
        PRIVATE, lambda s, whose: Asked({"reservation": s.held(whose).code}, body={"party": "2"})
    ),
    "POST /my/{reservation}/check-in/": Row(PRIVATE, lambda s, whose: on(reservation=s.checked(whose).code)),
    "GET /check-in/": Row(LOGGED_IN, NOTHING),
    "POST /check-in/": Row(PRIVATE, lambda s, whose: sends(ticket=s.checked(whose).code)),
    "GET /admin/": Row(ADMIN, NOTHING),
    "GET /admin/{table}/": Row(ADMIN, lambda s, whose: on(table="people")),
    "GET /admin/{table}/{key}/": Row(ADMIN, lambda s, whose: on(table="people", key=whose.id)),
    "POST /admin/{table}/{key}/{verb}/": Row(
        ADMIN, lambda s, whose: on(table="reservations", key=s.held(whose).id, verb="cancel")
    ),
    "GET /metrics/": Row(rule(foreign=everybody(404), nobody=404), NOTHING),
    "GET /static/{name}/": Row(ANYONE, lambda s, whose: on(name="style.css")),
    "GET /api/docs/": Row(ANYONE, NOTHING),
    "GET /api/docs/redoc/": Row(ANYONE, NOTHING),
    "GET /api/docs/assets/{name}/": Row(ANYONE, lambda s, whose: on(name="start.js")),
    "GET /api/schema/": Row(ANYONE, NOTHING),
}
"""Pages know a browser by its cookie. Somebody who is gone is nobody there."""
