"""Offerings that come again over HTTP: `repeat` in the body of a new one."""

from __future__ import annotations

from typing import Any

import pytest

from classbook.app import App
from tests.makers import Cast, a_court, a_venue, broken
from tests.web.conftest import As
from tests.web.test_classes import CLASSES, NEW, refused


def test_a_class_comes_again_and_each_date_says_what_became_of_it(app: App, cast: Cast, logged_in: As) -> None:
    cleo, court = logged_in(cast.cleo), a_court(app)
    taken = NEW | {"room": court.id, "starts_at": "2026-12-09T18:30", "ends_at": "2026-12-09T20:00"}
    assert cleo.post(CLASSES, taken).status == 201
    answer = cleo.post(CLASSES, NEW | {"room": court.id, "repeat": {"every": "weekly", "count": 3}})
    assert answer.status == 201 and list(answer.json()) == ["results", "next"]
    results = answer.json()["results"]
    assert [(one["date"], one["status"], one["code"]) for one in results] == [
        ("2026-12-02", "created", None),
        ("2026-12-09", "skipped", "span_taken"),
        ("2026-12-16", "created", None),
    ]
    assert results[2]["offering"] == cleo.get(f"{CLASSES}{results[2]['offering']['id']}/").json()
    assert results[1]["offering"] is None and results[1]["detail"] == "Court is taken at that time."
    assert broken(app) == []


def test_the_last_date_counts(cast: Cast, logged_in: As) -> None:
    answer = logged_in(cast.cleo).post(CLASSES, NEW | {"repeat": {"every": "daily", "until": "2026-12-04"}})
    assert [one["date"] for one in answer.json()["results"]] == ["2026-12-02", "2026-12-03", "2026-12-04"]


def test_a_key_makes_the_whole_set_once(cast: Cast, logged_in: As) -> None:
    cleo, body = logged_in(cast.cleo), NEW | {"repeat": {"every": "daily", "count": 2}}
    first, second = (cleo.post(CLASSES, body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == second.json() and second.status == 201
    assert cleo.get(CLASSES).json()["count"] == 2
    other = NEW | {"repeat": {"every": "daily", "count": 3}}
    refused(cleo.post(CLASSES, other, headers={"Idempotency-Key": "k"}), 422, "key_reused")


def test_events_and_matches_come_again_too(app: App, cast: Cast, logged_in: As) -> None:
    repeat = {"every": "weekly", "count": 2}
    event = {"title": "Picnic", "start_time": "2026-12-05T12:00", "end_time": "2026-12-05T15:00", "capacity": 5}
    made = logged_in(cast.ana).post("/api/v0/events/", event | {"repeat": repeat}).json()["results"]
    assert [one["offering"]["start_time"] for one in made] == ["2026-12-05T12:00:00Z", "2026-12-12T12:00:00Z"]
    venue = a_venue(app, "A:1x2")
    match = {"title": "Cup", "venue_id": venue.id, "starts_at": "2026-12-05T18:00", "ends_at": "2026-12-05T20:00"}
    made = logged_in(cast.emma).post("/api/v0/matches/", match | {"repeat": repeat}).json()["results"]
    assert [one["offering"]["capacity"] for one in made] == [2, 2]


@pytest.mark.parametrize(
    "repeat",
    [
        {"every": "monthly", "count": 2},
        {"every": "daily"},
        {"every": "daily", "count": 2, "until": "2026-12-04"},
        {"every": "daily", "count": 367},
        {"every": "daily", "count": "2"},
        {"every": "daily", "until": "2026-12-04T18:00"},
        {"every": "daily", "until": "soon"},
        {"every": "daily", "count": 2, "by": 1},
        {"count": 2},
        [],
    ],
)
def test_a_repetition_that_cannot_be_is_refused(repeat: Any, cast: Cast, logged_in: As) -> None:
    cleo = logged_in(cast.cleo)
    refused(cleo.post(CLASSES, NEW | {"repeat": repeat}), 422, "invalid")
    assert cleo.get(CLASSES).json()["count"] == 0


def test_one_that_does_not_repeat_is_made_as_ever(cast: Cast, logged_in: As) -> None:
    answer = logged_in(cast.cleo).post(CLASSES, NEW | {"repeat": None})
    assert (answer.status, answer.json()["title"]) == (201, "Yoga")
