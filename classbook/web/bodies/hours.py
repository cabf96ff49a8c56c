"""Opening hours, and the time that a report is of."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from classbook.web.bodies.parts import Body, Text, like


class WeeklyHours(Body):
    days: list[Text] = Field(examples=[["mon", "wed"]])
    hours: list[Text] = Field(examples=[["08:00-11:00", "12:00-15:00"]])


class HoursOnDate(Body):
    date: Text = Field(examples=["2030-12-04"])
    hours: list[Text] = Field(examples=[["08:00-11:00", "12:00-15:00"]])


class OpeningHours(Body):
    """Several rules at once. Weekly hours replace those of the same days, hours of a date those of that date."""

    weekly: list[WeeklyHours] = Field(default_factory=list)
    dates: list[HoursOnDate] = Field(default_factory=list)
    closed: list[Text] = Field(default_factory=list, examples=[["2030-12-24..2030-12-26"]])

    offering_id: Any = None
    timezone: Any = None

    model_config = like(
        {
            "weekly": [{"days": ["mon", "wed"], "hours": ["08:00-11:00", "12:00-15:00"]}],
            "closed": ["2030-12-24..2030-12-26"],
        }
    )


class Period(Body):
    """Which classes count: those that start within."""

    starts_from: Text | None = Field(None, alias="from", description="They start then or later.")
    starts_to: Text | None = Field(None, alias="to", description="And before; a whole day is included.")

    model_config = like({"from": "2030-12-01", "to": "2030-12-31"}, {})
