"""Venues with their seats, and the seats of a match: plans, prices, what is kept from sale."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from classbook.web.bodies.parts import Body, Short, Text, Whole, like


class SeatLabels(Body):
    seats: list[Short] = Field(min_length=1, max_length=1000, examples=[["A-3-12", "A-3-13"]])


class NewPrices(Body):
    match: Whole
    prices: dict[str, Text] = Field(examples=[{"A": "25.00", "B": "12.50"}])

    model_config = like({"match": 3, "prices": {"A": "25.00", "B": "12.50"}})


class SeatPlan(Body):
    """A seat plan as in TOML: stands with `name`, `rows` and `seats`, or with a `row` for each row."""

    stand: list[dict[str, Any]] = Field(examples=[[{"name": "A", "rows": 30, "seats": 40, "focus": [20, 0]}]])


class NewSeats(SeatPlan):
    venue: Whole

    model_config = like({"venue": 1, "stand": [{"name": "A", "rows": 30, "seats": 40}]})


class NewVenue(Body):
    name: Text
    timezone: Text | None = None
    stand: list[dict[str, Any]] = Field(
        default_factory=list, examples=[[{"name": "A", "rows": 30, "seats": 40, "focus": [20, 0]}]]
    )

    model_config = like(
        {"name": "Riverside", "timezone": "Europe/Lisbon", "stand": [{"name": "A", "rows": 30, "seats": 40}]}
    )
