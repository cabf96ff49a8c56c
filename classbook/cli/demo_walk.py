"""The walk of `demo`: one booking of each kind from `reserve` to `confirm`, through the core, as its commands do it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from classbook.cli.demo_story import Story
from classbook.cli.demo_world import offer, on_day, open_hours, person
from classbook.cli.session import Session
from classbook.errors import ClassbookError, Internal
from classbook.rules.kinds import KINDS
from classbook.rules.when import format_local, parse_when
from classbook.values import Actor, Offering, Person, Reservation


class Walk:
    """Ana and Ben book one of everything."""

    def __init__(self, here: Session, story: Story):
        self.here = here
        self.story = story

    def all_kinds(self) -> dict[str, Reservation]:
        """What was booked, by kind."""
        self.story.chapter("One booking, step by step: a class, confirmed by the code from the mail")
        booked = {"class": self._a_class()}
        self.story.chapter("An event: any member makes one, and who reserves is in")
        self.ben = self._member("Ben Sand", "ben@example.org")
        booked["event"] = self._an_event()
        self.story.chapter("A match: the best seats, paid from the wallet")
        booked["match"] = self._a_match()
        self.story.chapter("An appointment: a free slot, confirmed by one's word")
        booked["appointment"] = self._an_appointment()
        self.story.chapter("A room: any free time, and whoever comes later waits in line")
        booked["resource"] = self._a_room()
        return booked

    # --- kinds ---

    def _a_class(self) -> Reservation:
        zone = self.here.settings.zone
        starts_at = parse_when("tomorrow 18:00", now=self.here.app.clock.now(), zone=zone).instant
        ends_at = starts_at + timedelta(minutes=90)
        made = offer(
            self.here, self.here.actor, "class", title="Evening volleyball", type="volleyball", seats=12,
            starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip
        typed = ["class", "create", made.title, "--type", "volleyball", "--seats", "12", "--start", "tomorrow 18:00"]
        self._made(made, [*typed, "--duration", "90m"])
        self.ana = self._member("Ana Lopes", "ana@example.org")
        held = self._reserve(self.ana, made, ["--party", "2"], party=2)
        code = self._code_from_the_mail(self.ana)
        booked = self._confirm(self.ana, held, code=code)
        self._refused(self.ana, made)
        self._look_at(made)
        return booked

    def _an_event(self) -> Reservation:
        starts_at = on_day(self.here, 5, time(19), self.ana.timezone)
        made = offer(
            self.here, self._actor(self.ana), "event", title="Film night in the yard", seats=8,
            starts_at=starts_at, ends_at=starts_at + timedelta(hours=3), timezone=self.ana.timezone,
        )  # fmt: skip
        typed = ["--as", self.ana.email, "event", "create", made.title, "--capacity", "8"]
        start = _typed(starts_at, made)
        self._made(made, [*typed, "--start", start, "--duration", "3h", "--timezone", made.timezone])
        booked = self._reserve(self.ben, made)
        self._look_at(made)
        return booked

    def _a_match(self) -> Reservation:
        from classbook.core import catalog, wallet

        match = catalog.listing(self.here.app, "match", status="upcoming", limit=1).results[0]
        self._look_at(match)
        purse = wallet.top_up(self.here.app, self.here.actor, "100", person=self.ana.id)
        assert not isinstance(purse, dict)
        self.story.step(["wallet", "top-up", "100", "--user", self.ana.email], f"{purse.balance} in Ana's wallet")
        held = self._reserve(self.ana, match, ["--best", "3", "--category", "W"], best=3, category="W")
        self._look_at_wallet()
        booked = self._confirm(self.ana, held)
        self._look_at_wallet()
        seat = booked.places[0].seat or ""
        typed = ["--as", self.ben.email, "reserve", str(match.id), "--seat", seat]
        self._refused(self.ben, match, typed, seats=(seat,))
        return booked

    def _an_appointment(self) -> Reservation:
        from classbook.core import catalog, schedules

        doctor = next(
            one for one in catalog.listing(self.here.app, "appointment").results if one.timezone == "Asia/Tokyo"
        )
        assert doctor.creator
        first = on_day(self.here, 3, time(), doctor.timezone)
        free = schedules.free(self.here.app, doctor.id, start=first, end=first + timedelta(days=7)).results
        zone = ZoneInfo(doctor.timezone)
        day = first.astimezone(zone).date()
        shown = [format_local(slot.start, zone) for slot in free[:3]]
        self.story.step(
            ["slots", doctor.creator.email, "--from", f"{day}", "--to", f"{day + timedelta(days=7)}", "--limit", "3"],
            "\n".join(shown),
        )
        start = free[0].start
        held = self._reserve(self.ana, doctor, ["--from", _typed(start, doctor)], starts_at=start)
        return self._confirm(self.ana, held)

    def _a_room(self) -> Reservation:
        made = offer(self.here, self.here.actor, "resource", title="Rehearsal room", seats=1, timezone="Europe/Berlin")
        self._made(made, ["resource", "create", made.title, "--slots", "1", "--timezone", made.timezone])
        hours = "mon,tue,wed,thu,fri,sat,sun 09:00-21:00"
        open_hours(self.here, made, hours)
        self.story.step(["schedule", "add", str(made.id), "--weekly", hours], "open every day from 09:00 to 21:00")
        starts_at = on_day(self.here, 4, time(14), made.timezone)
        span = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)}
        typed = ["--from", _typed(starts_at, made), "--duration", "2h"]
        first = self._reserve(self.ana, made, typed, **span)
        second = self._reserve(self.ben, made, typed, **span)
        self._cancel(self.ana, first)
        return self._see(second)

    # --- steps ---

    def _member(self, name: str, email: str) -> Person:
        made = person(self.here, name, email)
        self.story.step(["user", "create", email, "--name", name], f"person {made.id}: {name}")
        return made

    def _made(self, offering: Offering, typed: Sequence[str]) -> None:
        when = "" if offering.starts_at is None else f", {_local(offering.starts_at, offering)}"
        left = f"{offering.available} {'place' if offering.available == 1 else 'places'} left"
        self.story.step(typed, f"{offering.kind} {offering.id}: {offering.title}{when}, {left}")

    def _reserve(self, who: Person, offering: Offering, typed: Sequence[str] = (), **wanted: object) -> Reservation:
        made = self._asked(who, offering, **wanted)
        self.story.step(["--as", who.email, "reserve", str(offering.id), *typed], self._told(made, offering))
        return made

    def _asked(self, who: Person, offering: Offering, **wanted: object) -> Reservation:
        from classbook.core import booking
        from classbook.core.asks import Reserve

        made = booking.one(self.here.app, Reserve(self._actor(who), offering.id, **wanted))  # type: ignore[arg-type]
        assert isinstance(made, Reservation)
        return made

    def _refused(self, who: Person, offering: Offering, typed: Sequence[str] = (), **wanted: object) -> None:
        """Nothing is sold twice: the second try is refused, and says why."""
        try:
            self._asked(who, offering, **wanted)
        except ClassbookError as refusal:
            said = f"error: {refusal.detail} ({refusal.code})"
            self.story.step(typed or ["--as", who.email, "reserve", str(offering.id)], said)

    def _code_from_the_mail(self, who: Person) -> str:
        """The code, from the mail itself: it is nowhere else."""
        from classbook.core import outbox

        newest = next(one for one in outbox.listing(self.here.app, self.here.actor).results if one.to == who.email)
        text = outbox.show(self.here.app, self.here.actor, newest.id).text or ""
        self.story.step(["mail", "show", str(newest.id)], "\n".join(f"| {line}" for line in text.splitlines()))
        found = re.search(r"^\d{6}$", text, re.MULTILINE)
        if found is None:
            raise Internal("The mail of the reservation has no code in it.")
        return found[0]

    def _confirm(self, who: Person, held: Reservation, *, code: str | None = None) -> Reservation:
        from classbook.core import booking
        from classbook.core.asks import ById, Confirm

        booked = booking.one(self.here.app, Confirm(self._actor(who), ById(held.id), code=code))
        assert isinstance(booked, Reservation)
        typed = ["--as", who.email, "confirm", held.code, *(["--otp", code] if code else [])]
        self.story.step(typed, f"{booked.code}: {_places(booked)} {booked.state}")
        return booked

    def _cancel(self, who: Person, booked: Reservation) -> None:
        from classbook.core import booking
        from classbook.core.asks import ById, Cancel

        gone = booking.one(self.here.app, Cancel(self._actor(who), ById(booked.id)))
        assert isinstance(gone, Reservation)
        self.story.step(["--as", who.email, "cancel", booked.code], f"{gone.code}: {gone.state}")

    def _see(self, booked: Reservation) -> Reservation:
        from classbook.core import reservations

        now = reservations.show(self.here.app, self.here.actor, booked.id)
        self.story.step(["reservation", "show", booked.code], f"{now.code}: {now.state}, for {now.user.email}")
        return now

    def _look_at(self, offering: Offering) -> None:
        from classbook.core import catalog

        now = catalog.show(self.here.app, offering.kind, offering.id)
        self.story.step([now.kind, "show", str(now.id)], f"{now.title}: {now.available} of {now.capacity} places left")

    def _look_at_wallet(self) -> None:
        from classbook.core import wallet

        purse = wallet.show(self.here.app, self.here.actor, person=self.ana.id)
        self.story.step(
            ["wallet", "show", "--user", self.ana.email],
            f"balance {purse.balance}, held {purse.held}, available {purse.available}",
        )

    def _told(self, made: Reservation, offering: Offering) -> str:
        price = f", {made.price}" if made.price else ""
        if made.state == "queued":
            return f"{made.code}: {made.state}, number {made.position} in line"
        if made.state != "held" or made.expires_at is None:
            return f"{made.code}: {_places(made)} {made.state}{price}"
        told = f"{made.code}: {_places(made)} {made.state} until {_local(made.expires_at, offering)}{price}"
        by_code = offering.policy["confirm"] == "code"
        return f"{told}\na code is on its way to {made.user.email}" if by_code else told

    def _actor(self, who: Person) -> Actor:
        return Actor(who.id, self.here.request_id)


def _places(made: Reservation) -> str:
    """What a reservation is of, in words."""
    if seats := [place.seat for place in made.places if place.seat]:
        return ", ".join(seats)
    if KINDS[made.offering.kind].picks_time and made.starts_at:
        return format_local(made.starts_at, ZoneInfo(made.timezone))
    return "1 place" if made.party == 1 else f"{made.party} places"


def _local(instant: datetime, offering: Offering) -> str:
    return format_local(instant, ZoneInfo(offering.timezone))


def _typed(instant: datetime, offering: Offering) -> str:
    """As one would type it: without an offset it is read in the offering's zone."""
    return f"{instant.astimezone(ZoneInfo(offering.timezone)):%Y-%m-%dT%H:%M}"
