"""The report as one page of HTML: nothing is fetched, nothing runs, and it prints well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template

from classbook.core.overview import Chart, Overview
from classbook.rules.when import format_local
from classbook.store.overview import Filled
from classbook.values import Money, decimals

_TICKS: Final = 4


def page(overview: Overview) -> str:
    """The whole page."""
    return _template().render(overview=overview)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"local": format_local, "day": _day, "minor": _amount, "short": _short}
    environment.globals |= {"scale": scale, "labelled": _labelled, "zone": _zone}
    text = (resources.files("classbook.cli") / "templates" / "report.html").read_text(encoding="utf-8")
    return environment.from_string(text)


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis of a chart: from ``low`` (nothing, or what hangs below the line) to ``high``, by round numbers."""

    low: int
    high: int
    ticks: tuple[int, ...]


def scale(chart: Chart, *, below: bool) -> Scale:
    """An axis on which both figures of each bar fit: one on top of the other, or the second ``below`` the line."""
    up = max((bar.well + (0 if below else bar.ill) for bar in chart.bars), default=0)
    down = max((bar.ill for bar in chart.bars), default=0) if below else 0
    step = _round_step(max(up, down))
    low, high = -step * -(-down // step), step * max(1, -(-up // step))
    return Scale(low, high, tuple(range(low, high + 1, step)))


def _round_step(highest: int) -> int:
    """1, 2 or 5 and zeros behind it, so that few of them reach ``highest``."""
    step = 1
    while step * _TICKS < highest:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _labelled(chart: Chart) -> list[int]:
    """Which bars have their day written below: about seven, evenly."""
    every = max(1, -(-len(chart.bars) // 7))
    return list(range(0, len(chart.bars), every))


def _zone(filled: Filled) -> ZoneInfo:
    return ZoneInfo(filled.timezone)


def _day(day: date, step: str) -> str:
    return f"{day:%b %Y}" if step == "month" else f"{day.day} {day:%b}"


def _amount(minor: int, currency: str) -> str:
    """Minor units as digits; without the cents where there are none to tell."""
    text = Money(minor, currency).amount
    return text[: -decimals(currency) - 1] if decimals(currency) and text.endswith("0" * decimals(currency)) else text


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29].rstrip()}…"
