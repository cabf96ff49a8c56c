"""`report` as a page and as a spreadsheet: what lies behind the figures, of every kind."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from classbook.app import App
from classbook.cli.report_page import scale
from classbook.core import overview
from classbook.core.asks import ById, Cancel, CheckIn
from classbook.core.overview import Bar, Chart
from classbook.core.upkeep import settle_due
from classbook.errors import NotYours
from classbook.testing import FrozenClock
from tests.conftest import CommandLine
from tests.makers import CONSOLE, Cast, a_class, as_person, ask, confirmed, hold, rich
from tests.sheets import sheets
from tests.test_lists import counted


class Seen(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attrs if name in ("href", "src", "action") or name.startswith("on")]


@pytest.fixture
def season(app: App, cast: Cast, clock: FrozenClock) -> None:
    """One class that Ana came to and Ben did not; one that was paid for, and given back the next day."""
    soon = timedelta(minutes=10)
    yoga = a_class(app, title="Yoga <b>& more</b>", seats=4, starts_in=soon, check_in=True, grace_seconds=60)
    came, _missed = confirmed(app, yoga, cast.ana), confirmed(app, yoga, cast.ben)
    ask(app, CheckIn(CONSOLE, ById(came.id)))
    paid = confirmed(app, a_class(app, title="Judo", price="12.50", starts_in=timedelta(days=3)), rich(app, cast.ana))
    clock.advance(timedelta(days=1))
    settle_due(app)
    ask(app, Cancel(as_person(cast.ana), ById(paid.id)))


def drawn(app: App, **span: Any) -> overview.Overview:
    return overview.overview(app, CONSOLE, **span)


@pytest.mark.usefixtures("season")
def test_what_lies_behind_the_figures_is_counted_by_day(app: App) -> None:
    found = drawn(app)
    assert [(one.title, one.taken, one.capacity) for one in found.fullness] == [
        ("Yoga <b>& more</b>", 1, 4),
        ("Judo", 0, 2),
    ]
    assert [(str(bar.day), bar.well, bar.ill) for bar in found.bookings.bars] == [("2026-12-01", 1, 2)]
    assert [(str(bar.day), bar.well, bar.ill) for bar in found.visits.bars] == [("2026-12-01", 1, 1)]
    [takings] = found.takings
    assert [(str(bar.day), bar.well, bar.ill) for bar in takings.chart.bars] == [
        ("2026-12-01", 1250, 0),
        ("2026-12-02", 0, 1250),
    ]
    assert str(takings.total) == "0.00 EUR"


@pytest.mark.usefixtures("season")
def test_a_span_counts_only_what_takes_place_in_it(app: App, clock: FrozenClock) -> None:
    found = drawn(app, starts_from=clock.now())
    assert [one.title for one in found.fullness] == ["Judo"]
    assert (found.bookings.well, found.bookings.ill, found.visits.bars) == (0, 1, ())
    assert drawn(app, starts_to=clock.now()).takings == ()


def test_organizers_see_their_own_and_members_nothing(app: App, cast: Cast) -> None:
    a_class(app, by=as_person(cast.cleo), title="Cleo's")
    a_class(app, by=as_person(cast.dora), title="Dora's")
    found = overview.overview(app, as_person(cast.cleo))
    assert [one.title for one in found.fullness] == ["Cleo's"]
    with pytest.raises(NotYours):
        overview.overview(app, as_person(cast.ana))


@pytest.mark.parametrize(("days", "step", "bars"), [(91, "day", 92), (92, "week", 14), (700, "month", 23)])
def test_many_days_are_drawn_as_weeks_and_very_many_as_months(
    app: App, cast: Cast, clock: FrozenClock, days: int, step: str, bars: int
) -> None:
    hold(app, a_class(app, starts_in=timedelta(days=900)), cast.ana)
    clock.advance(timedelta(days=days))
    hold(app, a_class(app), cast.ben)
    found = drawn(app).bookings
    assert (found.step, len(found.bars), found.well + found.ill) == (step, bars, 2)


def test_it_takes_as_many_queries_for_many_rows_as_for_few(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with counted(monkeypatch) as asked:
            drawn(app)
        return len(asked)

    a_class(app)
    few = queries()
    for who in cast.crowd(9):
        hold(app, a_class(app), who)
    assert queries() == few


@pytest.mark.parametrize(
    ("bars", "below", "ticks"),
    [
        ([], False, (0, 1)),
        ([(1, 0)], False, (0, 1)),
        ([(3, 4)], False, (0, 2, 4, 6, 8)),
        ([(100, 0)], False, (0, 50, 100)),
        ([(1250, 300)], True, (-500, 0, 500, 1000, 1500)),
    ],
)
def test_axes_have_few_and_round_numbers(bars: list[tuple[int, int]], below: bool, ticks: tuple[int, ...]) -> None:
    chart = Chart("day", tuple(Bar(datetime(2026, 12, 1 + n).date(), *bar) for n, bar in enumerate(bars)))
    assert scale(chart, below=below).ticks == ticks


@pytest.mark.usefixtures("season")
def test_the_page_holds_everything_and_asks_for_nothing(cli: CommandLine) -> None:
    ran = cli("report", "--output", "report.html", code=0)
    assert (ran.out, ran.err) == ("", "report.html is written\n")
    text = Path("report.html").read_text()
    seen = Seen(text)
    assert not {"script", "link", "img", "iframe", "b>"} & set(seen.tags)
    assert seen.links == []
    assert not re.search(r"https?:|url\(|@import", text)
    assert seen.tags.count("svg") == 4
    assert "Yoga &lt;b&gt;&amp; more&lt;/b&gt;" in text and "<b>& more" not in text
    assert "1 of 4 · 25 %" in text and "50 % did not come" in text
    assert text == cli("report", "--format", "html", code=0).out


def test_the_page_of_an_empty_house_is_a_page(cli: CommandLine) -> None:
    text = cli("report", "--format", "html", code=0).out
    assert "<svg" not in text
    for said in ("Nothing takes place", "Nothing was booked", "Nobody had to check in", "Nothing was paid"):
        assert said in text


@pytest.mark.usefixtures("season")
def test_a_spreadsheet_has_numbers_dates_and_shares(cli: CommandLine) -> None:
    cli("report", "--output", "report.xlsx", code=0)
    found = sheets(Path("report.xlsx"))
    assert list(found) == ["Figures", "Confirmed seats", "How full", "Bookings", "No-shows", "Revenue"]
    assert found["Figures"][1] == ["total_classes", 2]
    assert found["How full"][1] == [
        1, "class", "Yoga <b>& more</b>", datetime(2026, 12, 1, 9, 10), "UTC", 4, 1, 0.25,
    ]  # fmt: skip
    assert found["Revenue"][1:] == [[datetime(2026, 12, 1), "EUR", 12.5, 0], [datetime(2026, 12, 2), "EUR", 0, 12.5]]


@pytest.mark.parametrize("form", ["html", "xlsx"])
def test_json_and_another_form_contradict_each_other(form: str, cli: CommandLine) -> None:
    assert "contradict" in cli("--json", "report", "--format", form, code=2).err


def test_somebody_who_may_not_see_it_gets_no_file(cast: Cast, cli: CommandLine) -> None:
    for name in ("report.html", "report.xlsx"):
        cli("--as", cast.ana.email, "report", "--output", name, code=6)
    assert list(Path().glob("*report*")) == []
