"""Opening hours and free times, under each noun whose clients pick the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from classbook.core import catalog, schedules
from classbook.errors import BadSpan, NotYours
from classbook.rules.opening import Rule, from_json
from classbook.rules.zones import known_zone
from classbook.values import Page, Schedule, Slot
from classbook.web import answers
from classbook.web.bodies import OpeningHours
from classbook.web.documented import refuses
from classbook.web.moments import Day, From, To, Zone, window
from classbook.web.offerings import Noun
from classbook.web.read_back import refuse_other_values
from classbook.web.requests import Cursor, Limit, request_key
from classbook.web.shapes import page, shape
from classbook.web.visit import Anyone, Person

DAYS_SHOWN: Final = 7
"""How far free times go where nobody says."""


def serve(noun: Noun, *, acting: APIRouter, looking: APIRouter) -> None:
    """Add the routes that everything with opening hours has."""
    one, path = noun.one, f"{noun.path}{{id:id}}/"

    @looking.get(
        f"{path}schedule/",
        response_model=shape(Schedule),
        operation_id=f"read_{one}_schedule",
        description="Local times in `timezone`. Without any rule it is always open.",
    )
    def schedule(id: int, visit: Anyone) -> Response:
        catalog.show(visit.web.app, noun.kind, id)
        return answers.answer(schedules.show(visit.web.app, id))

    @acting.post(
        f"{path}schedule/",
        response_model=shape(Schedule),
        operation_id=f"add_{one}_schedule",
        responses=refuses(NotYours, BadSpan),
        description="Several rules in one request; the answer is the whole schedule. What is booked stays booked.",
    )
    async def add(id: int, visit: Person, body: OpeningHours) -> Response:
        key = request_key(visit, f"{noun.path}{id}/schedule/", body)
        rules = list(_rules(body))

        def step() -> object:
            there = catalog.show(visit.web.app, noun.kind, id)
            present = {"offering_id": id, "timezone": there.timezone}
            refuse_other_values(body.model_dump(exclude_unset=True), present, read_only=present, twins={})
            return schedules.add(visit.web.app, visit.actor, id, rules, key=key)

        return answers.answer(await visit.web.desk.run(step))

    @looking.get(
        f"{path}slots/",
        response_model=page(Slot),
        operation_id=f"list_{one}_slots",
        responses=refuses(BadSpan),
        description=f"What can be booked now, by time; without a day for the next {DAYS_SHOWN} days. "
        "Slots, or where any span may be booked the longest free ones.",
    )
    def slots(
        id: int,
        visit: Anyone,
        day: Day = None,
        starts_from: From = None,
        starts_to: To = None,
        timezone: Zone = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        app = visit.web.app
        there = catalog.show(app, noun.kind, id).timezone
        zone = known_zone(timezone or there)
        start, end = window(visit, day=day, starts_from=starts_from, starts_to=starts_to, zone=ZoneInfo(zone))
        start = start or app.clock.now().replace(second=0, microsecond=0)
        end = end or start + timedelta(days=DAYS_SHOWN)
        found = schedules.free(app, id, start=start, end=end, limit=limit, cursor=cursor)
        return answers.answer(Page(tuple(replace(slot, timezone=zone) for slot in found.results), found.next))


def _rules(body: OpeningHours) -> Iterator[Rule]:
    """The rules of a body. Raises Invalid."""
    for rule in (*body.weekly, *body.dates):
        yield from_json(rule.model_dump())
    for closed in body.closed:
        yield from_json(closed)
