"""What was found, as a table: one line for each promise, one column for each database, red where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from benchmarks.crowds import APPOINTMENTS, CLAIMS, QUEUED, Crowds
from benchmarks.exports import Exports
from benchmarks.lists import PAGE, Lists
from benchmarks.measure import FULL, Ratio
from benchmarks.neighbours import WRITERS, Neighbours
from benchmarks.overdue import HOLDS, Overdue
from benchmarks.rush import BATCH, Rush
from benchmarks.seats import MATCHES, Seats
from benchmarks.sides import Cost

OVER_USUAL: Final = 8.0
OF_NOOP: Final = 0.4
OF_HANDWRITTEN: Final = {"sqlite": 0.25, "postgresql": 0.4}
LONGEST_SECONDS: Final = 1.0
LEAST_SHARE: Final = 0.5
IN_SEASON: Final = 1.5
OVER_PLACES: Final = 5.0
IN_A_CROWD: Final = 2.0
OUT_OF_MANY: Final = 1.3
OF_OWN_EXPORT: Final = 0.5
MOST_MIB: Final = 150.0
_TITLES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(slots=True)
class Findings:
    """What was measured on one database; None is what was not."""

    database: str
    rush: Rush | None = None
    neighbours: Neighbours | None = None
    overdue: Overdue | None = None
    seats: Seats | None = None
    crowds: Crowds | None = None
    lists: Lists | None = None
    exports: Exports | None = None


Cell = Callable[[Findings], str | None]


def table(found: Mapping[str, Findings]) -> Table:
    made = Table("", title="Ratios: median (lowest to highest), then both sides", title_justify="left")
    made.add_column("aim", justify="right")
    for name in found:
        made.add_column(_TITLES[name], justify="right")
    for label, aim, cell in _lines():
        cells = [cell(each) for each in found.values()]
        if any(cells):
            made.add_row(label, aim, *(text or "-" for text in cells))
    return made


def _lines() -> list[tuple[str, str, Cell]]:
    """A label, the aim, and what is shown of a database's findings, None where it was not measured."""
    lines: list[tuple[str, str, Cell]] = []
    for connections in FULL.connections:
        lines.append((f"(a) over usual, {connections} conns", f">= {OVER_USUAL:g}", _over_usual(connections)))
        lines.append((f"(b) of no-op, {connections} conns", f">= {OF_NOOP:g}", _of_noop(connections)))
    aims = " / ".join(f"{aim:g}" for aim in OF_HANDWRITTEN.values())
    return [
        *lines,
        (f"(c) of bare SQL, {BATCH} a batch", f">= {aims}", _of_handwritten),
        ("places sold twice", "0", lambda found: _none(found.rush.oversold) if found.rush else None),
        ("acknowledged and lost", "0", lambda found: _none(found.rush.lost) if found.rush else None),
        (f"(d) {WRITERS} writers: longest wait", f"<= {LONGEST_SECONDS:g} s", _longest_wait),
        ("    least of a fair share", f">= {LEAST_SHARE:g}", _least_share),
        (f"(e) after {HOLDS:,} overdue holds", f"<= {LONGEST_SECONDS:g} s", _after_overdue),
        *_seat_lines(),
        *_crowd_lines(),
        *_archive_lines(),
    ]


def _seat_lines() -> list[tuple[str, str, Cell]]:
    def promise(name: str) -> Cell:
        return lambda found: _none(getattr(found.seats.promises, name)) if found.seats else None

    return [
        ("seats sold twice", "0", promise("sold_twice")),
        ("picks not side by side", "0", promise("scattered")),
        ("single seats left needlessly", "0", promise("needless")),
        (
            f"(f) a pick, {MATCHES} matches over 1",
            f"<= {IN_SEASON:g}",
            lambda found: _cost(found.seats.in_season, IN_SEASON) if found.seats else None,
        ),
        (
            f"(g) picks over places, {BATCH} a batch",
            f"< {OVER_PLACES:g}",
            lambda found: _cost(found.seats.over_places, OVER_PLACES) if found.seats else None,
        ),
    ]


def _crowd_lines() -> list[tuple[str, str, Cell]]:
    def cost(name: str, aim: float | None) -> Cell:
        return lambda found: _cost(getattr(found.crowds, name), aim) if found.crowds else None

    return [
        (f"(h) beside claims, {CLAIMS:,} over 100", f"< {IN_A_CROWD:g}", cost("beside_claims", IN_A_CROWD)),
        (f"(i) joining a queue, of {QUEUED:,} over none", f"< {IN_A_CROWD:g}", cost("joining_queue", IN_A_CROWD)),
        (f"(j) refused at a queue, of {QUEUED:,} over none", f"< {IN_A_CROWD:g}", cost("refused_queue", IN_A_CROWD)),
        (
            "packed in vain",
            "0",
            lambda found: f"{_none(found.crowds.packs_in_vain)} of {found.crowds.packs}" if found.crowds else None,
        ),
        (f"(k) free slots, {APPOINTMENTS:,} booked over none", "", cost("slots", None)),
        ("queries for free slots", "the same", _slot_queries),
        ("(l) with a price, over without", "", cost("priced", None)),
    ]


def _archive_lines() -> list[tuple[str, str, Cell]]:
    def page(name: str) -> Cell:
        return lambda found: _cost(getattr(found.lists, name), OUT_OF_MANY) if found.lists else None

    aim = f"<= {OUT_OF_MANY:g}"
    return [
        (f"(m) pages: the newest {PAGE}, of many over of few", aim, page("newest")),
        ("    from the middle", aim, page("deep")),
        ("    of a person", aim, page("of_person")),
        ("    of a class", aim, page("of_class")),
        ("    in a state that is rare", aim, page("in_state")),
        ("    of a day", aim, page("of_day")),
        ("    classes", aim, page("classes")),
        (
            "(n) export, of the database's own",
            f">= {OF_OWN_EXPORT:g}",
            lambda found: _ratio(found.exports.of_own, OF_OWN_EXPORT) if found.exports else None,
        ),
        (
            "memory of an export",
            f"< {MOST_MIB:g} MiB",
            lambda found: (
                _marked(f"{found.exports.peak_mib:.0f} MiB", good=found.exports.peak_mib < MOST_MIB)
                if found.exports
                else None
            ),
        ),
    ]


def _slot_queries(found: Findings) -> str | None:
    if found.crowds is None:
        return None
    full, empty = found.crowds.slot_queries
    return _marked(f"{full} : {empty}", good=full == empty)


def _over_usual(connections: int) -> Cell:
    return lambda found: _ratio(found.rush.over_usual.get(connections), OVER_USUAL) if found.rush else None


def _of_noop(connections: int) -> Cell:
    return lambda found: _ratio(found.rush.of_noop.get(connections), OF_NOOP) if found.rush else None


def _of_handwritten(found: Findings) -> str | None:
    return _ratio(found.rush.of_handwritten, OF_HANDWRITTEN[found.database]) if found.rush else None


def _longest_wait(found: Findings) -> str | None:
    return _seconds(found.neighbours.longest_wait_seconds) if found.neighbours else None


def _least_share(found: Findings) -> str | None:
    if found.neighbours is None:
        return None
    return _marked(f"{found.neighbours.least_share:.2f}", good=found.neighbours.least_share >= LEAST_SHARE)


def _after_overdue(found: Findings) -> str | None:
    return _seconds(found.overdue.longest_seconds) if found.overdue else None


def _ratio(ratio: Ratio | None, aim: float) -> str | None:
    if ratio is None:
        return None
    figures = _marked(f"{ratio.median:.2f} ({ratio.lowest:.2f} to {ratio.highest:.2f})", good=ratio.median >= aim)
    return f"{figures}\n{ratio.ours:,.0f} : {ratio.theirs:,.0f}"


def _cost(cost: Cost, aim: float | None) -> str:
    wall = cost.wall
    figures = f"{wall.median:.2f} ({wall.lowest:.2f} to {wall.highest:.2f})"
    marked = _marked(figures, good=aim is None or wall.median < aim)
    return f"{marked}\n{wall.ours:.0f} : {wall.theirs:.0f} ms, processor {cost.processor.median:.2f}"


def _seconds(seconds: float) -> str:
    return _marked(f"{seconds:.2f} s", good=seconds <= LONGEST_SECONDS)


def _none(count: int) -> str:
    return _marked(f"{count}", good=count == 0)


def _marked(text: str, *, good: bool) -> str:
    return text if good else f"[bold red]! {text}[/]"
