"""Opening rules: what people write, what it means, and what is refused with a clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import Invalid
from classbook.rules.opening import (
    Block,
    Closed,
    OnDate,
    Rule,
    Weekly,
    as_json,
    from_json,
    parse_closed,
    parse_date,
    parse_days,
    parse_hours,
    parse_weekly,
)

MORNING, AFTERNOON = Block(480, 660), Block(720, 900)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("mon,wed 08:00-11:00,12:00-15:00", Weekly((0, 2), (MORNING, AFTERNOON))),
        ("wed,mon 12:00-15:00,08:00-11:00", Weekly((0, 2), (MORNING, AFTERNOON))),
        ("  Mon , WED   08:00 - 11:00 , 12:00-15:00 ", Weekly((0, 2), (MORNING, AFTERNOON))),
        ("monday,wednesday 08:00-11:00", Weekly((0, 2), (MORNING,))),
        ("mon 8:00-11:00", Weekly((0,), (MORNING,))),
        ("mon-fri 08:00-11:00", Weekly((0, 1, 2, 3, 4), (MORNING,))),
        ("fri-mon 08:00-11:00", Weekly((0, 4, 5, 6), (MORNING,))),
        ("sun-sun 08:00-11:00", Weekly((6,), (MORNING,))),
        ("mon-wed,tue,sat 08:00-11:00", Weekly((0, 1, 2, 5), (MORNING,))),
        ("daily 00:00-24:00", Weekly((0, 1, 2, 3, 4, 5, 6), (Block(0, 1440),))),
        ("sun 08:00-11:00,11:00-11:01", Weekly((6,), (MORNING, Block(660, 661)))),
    ],
)
def test_weekly_hours_are_read(text: str, rule: Weekly) -> None:
    assert parse_weekly(text) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not say weekly opening hours"),
        ("mon", "does not say weekly opening hours"),
        ("08:00-11:00", "does not say weekly opening hours"),
        ("mon08:00-11:00", "does not say weekly opening hours"),
        ("funday 08:00-11:00", "does not say days of the week"),
        ("mon,,wed 08:00-11:00", "does not say days of the week"),
        ("mon-wed-fri 08:00-11:00", "does not say days of the week"),
        ("mon- 08:00-11:00", "does not say days of the week"),
        ("mon 800-1100", "'800-1100' does not say opening hours"),
        ("mon 08:00-11:00,", "does not say opening hours"),
        ("mon 08:00", "does not say opening hours"),
        ("mon 08:00-25:00", "There is no clock time 25:00"),
        ("mon 08:00-24:01", "There is no clock time 24:01"),
        ("mon 08:60-11:00", "There is no clock time 08:60"),
        ("mon 11:00-08:00", "The hours 11:00-08:00 end before they begin"),
        ("mon 08:00-08:00", "The hours 08:00-08:00 end before they begin"),
        ("mon 22:00-02:00", "The hours 22:00-02:00 end before they begin"),
        ("mon 08:00-11:00,10:00-12:00", "The hours 08:00-11:00 and 10:00-12:00 overlap"),
        ("mon 10:00-12:00,08:00-18:00", "The hours 08:00-18:00 and 10:00-12:00 overlap"),
        ("mon 08:00-11:00,08:00-11:00", "The hours 08:00-11:00 and 08:00-11:00 overlap"),
        ("mon ٠٨:٠٠-١١:٠٠", "does not say weekly opening hours"),
        ("mon " + ",".join(f"{n // 60:02}:{n % 60:02}-{n // 60:02}:{n % 60 + 1:02}" for n in range(49)), "at most 48"),
        ("mon 08:00-11:00" + "," * 1000, "at most 1000 characters"),
    ],
)
def test_other_hours_are_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse_weekly(text)


def test_hours_past_midnight_are_refused_with_what_to_write() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_hours("22:00-02:00")
    assert refusal.value.hint == "A day ends at 24:00; hours past midnight belong to the next day, from 00:00 on."


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2026-12-24", Closed(date(2026, 12, 24), date(2026, 12, 24))),
        ("2026-12-24..2026-12-26", Closed(date(2026, 12, 24), date(2026, 12, 26))),
        (" 2026-12-24 .. 2026-12-26 ", Closed(date(2026, 12, 24), date(2026, 12, 26))),
    ],
)
def test_closed_dates_are_read(text: str, rule: Closed) -> None:
    assert parse_closed(text) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not say a date"),
        ("2026-12-24..", "does not say a date"),
        ("..2026-12-24", "does not say a date"),
        ("2026-12-24-2026-12-26", "does not say a date"),
        ("20261224", "does not say a date"),
        ("2026-W52-4", "does not say a date"),
        ("tomorrow", "does not say a date"),
        ("2026-02-30", "There is no day 2026-02-30"),
        ("2026-12-26..2026-12-24", "end before they begin: 2026-12-24 is before 2026-12-26"),
    ],
)
def test_other_closed_dates_are_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse_closed(text)


@pytest.mark.parametrize(
    ("rule", "shape"),
    [
        (Weekly((0, 2), (MORNING, AFTERNOON)), {"days": ["mon", "wed"], "hours": ["08:00-11:00", "12:00-15:00"]}),
        (OnDate(date(2026, 12, 4), (Block(0, 1440),)), {"date": "2026-12-04", "hours": ["00:00-24:00"]}),
        (Closed(date(2026, 12, 24), date(2026, 12, 26)), "2026-12-24..2026-12-26"),
        (Closed(date(2026, 12, 24), date(2026, 12, 24)), "2026-12-24"),
    ],
)
def test_a_rule_has_the_shape_of_the_http_body(rule: Rule, shape: object) -> None:
    assert as_json(rule) == shape
    assert from_json(shape) == rule


def test_a_body_may_say_days_as_people_do() -> None:
    rule = from_json({"days": ["mon-wed", "Sunday"], "hours": ["12:00-15:00", "08:00-11:00"]})
    assert rule == Weekly((0, 1, 2, 6), (MORNING, AFTERNOON))


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        {},
        "",
        {"days": ["mon"]},
        {"hours": ["08:00-11:00"]},
        {"days": ["mon"], "hours": []},
        {"days": [], "hours": ["08:00-11:00"]},
        {"days": "mon", "hours": ["08:00-11:00"]},
        {"days": ["mon"], "hours": "08:00-11:00"},
        {"days": ["mon"], "hours": [8]},
        {"days": ["mon"], "hours": ["08:00-11:00"], "zone": "UTC"},
        {"days": ["mon"], "date": "2026-12-04", "hours": ["08:00-11:00"]},
        {"date": 20261204, "hours": ["08:00-11:00"]},
        {"date": "2026-12-04", "hours": ["08:00-11:00", "10:00-12:00"]},
    ],
)
def test_anything_else_is_no_rule(value: object) -> None:
    with pytest.raises(Invalid):
        from_json(value)


@pytest.mark.parametrize("days", [(), (1, 0), (0, 0), (7,)])
def test_days_that_are_none_make_no_rule(days: tuple[int, ...]) -> None:
    with pytest.raises(Invalid):
        Weekly(days, (MORNING,))


@st.composite
def some_blocks(draw: st.DrawFn) -> tuple[Block, ...]:
    marks = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=8)))
    return tuple(Block(one, other) for one, other in zip(marks[::2], marks[1::2], strict=False))


RULES = st.one_of(
    st.builds(
        lambda days, blocks: Weekly(tuple(sorted(days)), blocks), st.sets(st.integers(0, 6), min_size=1), some_blocks()
    ),
    st.builds(OnDate, st.dates(), some_blocks()),
    st.builds(lambda days: Closed(min(days), max(days)), st.tuples(st.dates(), st.dates())),
)


@given(rule=RULES)
def test_a_rule_reads_back(rule: Rule) -> None:
    assert from_json(as_json(rule)) == rule


@given(text=st.text(alphabet="mondailywefri,- .0123456789:é\n", max_size=40) | st.text(max_size=40))
@pytest.mark.parametrize("parse", [parse_weekly, parse_days, parse_hours, parse_closed, parse_date])
def test_no_text_breaks_a_parser(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except Invalid as refusal:
        assert refusal.detail.isprintable()
