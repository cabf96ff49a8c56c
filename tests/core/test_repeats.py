"""Offerings that come again, on both databases: what became of each date, all in one transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from classbook.app import App
from classbook.core import catalog, repeats, trail
from classbook.errors import ClassbookError, Invalid, NotFound, NotYours, SpanTaken
from classbook.rules.repeats import Repeat
from classbook.values import Dated, Page, RequestKey
from tests.makers import CONSOLE, Cast, a_court, a_doctor, a_match, a_venue, as_person, broken, everything

START = datetime(2026, 12, 2, 18, tzinfo=UTC)
WEEKLY = Repeat("weekly", count=3)


def fields(**more: Any) -> dict[str, Any]:
    return {"title": "Yoga", "seats": 3, "starts_at": START, "ends_at": START + timedelta(hours=1)} | more


def again(app: App, repeat: Repeat = WEEKLY, *, kind: str = "class", by: Any = CONSOLE, **more: Any) -> list[Dated]:
    dry_run, key = more.pop("dry_run", False), more.pop("key", None)
    made = repeats.create(app, by, kind, more.pop("fields", None) or fields(**more), repeat, key=key, dry_run=dry_run)
    assert isinstance(made, Page)
    return list(made.results)


def told(found: list[Dated]) -> list[tuple[str, str, str | None]]:
    return [(one.date, one.status, one.code) for one in found]


def test_an_offering_is_made_for_each_date(app: App) -> None:
    found = again(app, price="12.50", type="yoga")
    assert told(found) == [(day, "created", None) for day in ("2026-12-02", "2026-12-09", "2026-12-16")]
    assert [one.offering for one in found] == list(catalog.listing(app, "class").results)
    assert {str(one.offering.price) for one in found if one.offering} == {"12.50 EUR"}
    assert broken(app) == []


def test_each_of_them_leaves_its_trail(app: App, cast: Cast) -> None:
    found = again(app, by=as_person(cast.cleo))
    rows = trail.history(app, CONSOLE, subject="offering").results
    assert {(row.action, row.actor, row.subject_id) for row in rows} == {
        ("create", cast.cleo.email, one.offering.id) for one in found if one.offering
    }


def test_a_date_whose_room_is_taken_is_skipped_and_says_so(app: App) -> None:
    court, other = a_court(app), START + timedelta(days=7, minutes=30)
    catalog.create(app, CONSOLE, "class", fields(room=court.id, starts_at=other, ends_at=other + timedelta(hours=1)))
    found = again(app, room=court.id)
    assert told(found) == [
        ("2026-12-02", "created", None),
        ("2026-12-09", "skipped", "span_taken"),
        ("2026-12-16", "created", None),
    ]
    assert found[1].offering is None and found[1].detail == "Court is taken at that time."
    assert len(catalog.listing(app, "class").results) == 3
    assert broken(app) == []


def test_dates_of_a_repetition_take_a_room_from_each_other(app: App) -> None:
    """A day and an hour long, every day: each second date finds the room taken by the one before."""
    court = a_court(app)
    found = again(app, Repeat("daily", count=4), room=court.id, ends_at=START + timedelta(hours=25))
    assert [one.status for one in found] == ["created", "skipped", "created", "skipped"]
    assert broken(app) == []


def test_several_courts_are_shared_unit_by_unit(app: App) -> None:
    court = a_court(app, units=2)
    assert {one.status for one in again(app, room=court.id)} == {"created"}
    assert {one.status for one in again(app, room=court.id, title="Judo")} == {"created"}
    with pytest.raises(SpanTaken, match="None of the 3 dates can be had: court is taken at that time"):
        again(app, room=court.id, title="Chess")


def test_a_provider_and_a_room_are_taken_together_or_not_at_all(app: App) -> None:
    court, doctor = a_court(app), a_doctor(app)
    again(app, Repeat("weekly", count=1), provider=doctor.id)
    found = again(app, room=court.id, provider=doctor.id)
    assert [one.status for one in found] == ["skipped", "created", "created"]
    assert {one.status for one in again(app, Repeat("weekly", count=1), room=court.id)} == {"created"}


def test_matches_come_again_where_their_venue_is_free(app: App) -> None:
    venue = a_venue(app, "A:2x3")
    a_match(app, venue, starts_in=START + timedelta(days=7) - app.clock.now())
    given = fields(title="League", venue_id=venue.id, prices={"A": "10"})
    del given["seats"]
    found = again(app, kind="match", fields=given)
    assert told(found)[1] == ("2026-12-09", "skipped", "span_taken")
    assert [one.offering.capacity for one in found if one.offering] == [6, 6]
    assert broken(app) == []


def test_a_local_time_that_is_skipped_by_the_clocks_is_skipped_here(app: App) -> None:
    first = datetime(2027, 3, 27, 1, 30, tzinfo=UTC)
    found = again(
        app, Repeat("daily", count=3), timezone="Europe/Berlin", starts_at=first, ends_at=first + timedelta(hours=1)
    )
    assert told(found)[1] == ("2027-03-28", "skipped", "bad_span")
    assert [one.offering.starts_at.hour for one in found if one.offering and one.offering.starts_at] == [1, 0]


def test_the_venues_clocks_count_where_no_zone_is_named(app: App) -> None:
    from classbook.core import venues
    from classbook.rules.plan_files import from_options

    made: Any = venues.create(app, CONSOLE, name="Arena", timezone="Europe/Berlin", plan=from_options(["A:1x1"]))
    first = datetime(2027, 3, 27, 17, tzinfo=UTC)
    given = {"title": "Final", "venue_id": made.id, "starts_at": first, "ends_at": first + timedelta(hours=2)}
    found = again(app, Repeat("daily", count=2), kind="match", fields=given)
    assert [one.offering.starts_at.hour for one in found if one.offering and one.offering.starts_at] == [17, 16]


def test_a_dry_run_says_the_same_and_keeps_nothing(app: App) -> None:
    court = a_court(app)
    again(app, Repeat("daily", count=1), room=court.id)
    before = everything(app)
    dry = again(app, room=court.id, dry_run=True)
    assert everything(app) == before
    assert told(dry) == told(again(app, room=court.id)) and dry[0].code == "span_taken"


def test_a_request_key_makes_the_whole_set_once(app: App) -> None:
    key = RequestKey("k", "hash")
    first = repeats.create(app, CONSOLE, "class", fields(), WEEKLY, key=key)
    repeated = repeats.create(app, CONSOLE, "class", fields(), WEEKLY, key=key)
    assert isinstance(repeated, dict) and isinstance(first, Page)
    assert [one["offering"]["id"] for one in repeated["results"]] == [
        one.offering.id for one in first.results if one.offering
    ]
    assert len(catalog.listing(app, "class").results) == 3


def refused(app: App, error: type[ClassbookError], /, **more: Any) -> str:
    before = everything(app)
    with pytest.raises(error) as caught:
        again(app, **more)
    assert everything(app) == before
    return caught.value.detail


def test_what_holds_for_one_holds_for_many(app: App, cast: Cast) -> None:
    cast.ana  # noqa: B018  she is made before anything is compared
    assert "member may not make a class" in refused(app, NotYours, by=as_person(cast.ana))
    assert "there is no offering 99" in refused(app, NotFound, room=99)
    assert refused(app, NotFound, repeat=Repeat("daily", count=1), room=99) == "There is no offering 99."
    assert "Seats are a whole number" in refused(app, Invalid, seats=0)
    assert "no time of its own" in refused(app, Invalid, kind="resource", fields={"title": "Court", "seats": 1})
    assert "comes before the first" in refused(app, Invalid, repeat=Repeat("daily", until=date(2026, 12, 1)))
