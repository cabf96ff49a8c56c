"""From opening rules to moments: when it is open, which slots are free, and why a booking may not be then.

Search and commit ask the same questions here: `slots` lists exactly those times that nothing in `against_span` speaks
against and that nothing busy meets.

A local time means the first moment at which the clocks of the zone show that time or a later one. So a time that the
clocks skip is the moment after the jump, one that they show twice is the first of the two, hours that are skipped
whole are no hours, and blocks that follow one another do so on every day of the year.

Every local day has its blocks; one without any rule is a single block from 00:00 to 24:00. A grid begins at the start
of each block and goes on in steps of elapsed time until its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from classbook.errors import BadSpan, ClassbookError, OutsideSchedule
from classbook.rules.opening import DAYS, MINUTES_PER_DAY, Block, Closed, OnDate, Rule, Weekly, check_blocks
from classbook.rules.spans import Span, crowded, merge, subtract
from classbook.rules.when import end_of_skip, format_duration, format_local, is_skipped

MOST_DAYS: Final = 400
"""A window to search, or a booking, spans no more."""
SEARCH_DAYS: Final = 60
"""How far ahead the next open time is looked for."""

_SHORTEST_STEP_SECONDS: Final = 60
_WHOLE_DAY: Final = (Block(0, MINUTES_PER_DAY),)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""As in `classbook.rules.when`, with days to spare on both sides for every zone."""


@dataclass(frozen=True)
class Timetable:
    """When something is open: weekly hours, the hours of single dates in their place, and closed dates above both.

    Without weekly hours and dates it is always open but for the closed dates. Several rules of one day add up. Raises
    Invalid where hours of one day overlap.
    """

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    dates: tuple[OnDate, ...] = ()
    closed: tuple[Closed, ...] = ()

    def __post_init__(self) -> None:
        for weekday, blocks in self._by_weekday.items():
            check_blocks(blocks, where=f" on {DAYS[weekday]}")
        for day, blocks in self._by_date.items():
            check_blocks(blocks, where=f" on {_day_name(day)}")

    @classmethod
    def of(cls, zone: str, rules: Iterable[Rule]) -> Timetable:
        """The timetable that rules of all sorts make together. Raises Invalid where they contradict each other."""
        found = list(rules)
        return cls(
            ZoneInfo(zone),
            weekly=tuple(rule for rule in found if isinstance(rule, Weekly)),
            dates=tuple(rule for rule in found if isinstance(rule, OnDate)),
            closed=tuple(rule for rule in found if isinstance(rule, Closed)),
        )

    def blocks_on(self, day: date) -> Sequence[Block]:
        """The hours of one local date, in order."""
        if any(rule.first <= day <= rule.last for rule in self.closed):
            return ()
        if not self.weekly and not self.dates:
            return _WHOLE_DAY
        own = self._by_date.get(day)
        return self._by_weekday.get(day.weekday(), ()) if own is None else own

    @cached_property
    def _by_weekday(self) -> Mapping[int, list[Block]]:
        found: defaultdict[int, list[Block]] = defaultdict(list)
        for rule in self.weekly:
            for day in rule.days:
                found[day] += rule.blocks
        return {day: sorted(blocks) for day, blocks in found.items()}

    @cached_property
    def _by_date(self) -> Mapping[date, list[Block]]:
        found: defaultdict[date, list[Block]] = defaultdict(list)
        for rule in self.dates:
            found[rule.date] += rule.blocks
        return {day: sorted(blocks) for day, blocks in found.items()}


def free_spans(
    timetable: Timetable,
    *,
    start: datetime,
    end: datetime,
    busy: Iterable[Span],
    before_seconds: int,
    after_seconds: int,
    units: int = 1,
) -> list[Span]:
    """Where in the window a booking may lie: it is open, and nowhere in the booking and its buffers all units are busy.

    ``busy`` are the claims, their own buffers included, that meet the window widened by the buffers. The spans are as
    long as they can be, and may be shorter than the shortest booking. Raises BadSpan.
    """
    window = _window(start, end)
    kept = _kept_from(busy, before_seconds=before_seconds, after_seconds=after_seconds, units=units)
    return merge(piece.clipped(window) for piece in subtract(_blocks(timetable, window), kept))


def slots(
    timetable: Timetable,
    *,
    length_seconds: int,
    start: datetime,
    end: datetime,
    busy: Iterable[Span],
    before_seconds: int,
    after_seconds: int,
    units: int = 1,
) -> list[Span]:
    """The free slots that lie in the window, on the grid of their length, each within one block.

    A slot is free where the whole of it is in `free_spans`, of which ``busy`` says more. Raises BadSpan.
    """
    window, step = _window(start, end), _step(length_seconds)
    kept = _kept_from(busy, before_seconds=before_seconds, after_seconds=after_seconds, units=units)
    blocks = list(_blocks(timetable, window))
    found: list[Span] = []
    for piece in subtract(blocks, kept):
        block = blocks[bisect_right(blocks, piece.start, key=lambda one: one.start) - 1]
        free = piece.clipped(window)
        begins = _next_on_grid(free.start, block, step)
        found += (Span(begins + n * step, begins + (n + 1) * step) for n in range((free.end - begins) // step))
    return found


def begins_near(
    timetable: Timetable, free: Span, *, length: timedelta, near: datetime, grid_seconds: int | None
) -> set[datetime]:
    """When a booking of a length may begin that lies in a free span: at its first moment, and nearest to another."""
    latest = free.end - length
    wished = min(max(near, free.start), latest)
    if grid_seconds is None:
        return {free.start, wished} if free.start <= latest else set()
    step = _step(grid_seconds)
    tried = (_on_grid(timetable, moment, step) for moment in (free.start, wished, wished - step))
    return {moment for moment in tried if free.start <= moment <= latest}


def against_span(
    timetable: Timetable,
    span: Span,
    *,
    grid_seconds: int | None,
    min_seconds: int | None,
    max_seconds: int | None,
) -> Iterator[ClassbookError]:
    """What speaks against that span, whatever is free: BadSpan or OutsideSchedule, said in the timetable's zone.

    A booking may go on from one block into the next where they touch. With a grid it begins on the grid of the block
    in which it begins and ends on that of the block in which it ends; one that stays in its block may end with it.
    """
    if why := why_impossible(span):
        yield why
        return
    if why := _why_not_that_long(span, min_seconds=min_seconds, max_seconds=max_seconds):
        yield why
    step = None if grid_seconds is None else _step(grid_seconds)
    blocks = list(_blocks(timetable, span))
    if merge(block.clipped(span) for block in blocks) != [span]:
        yield _outside(timetable, span, step)
    elif step is not None and (why := _why_off_grid(span, blocks[0], blocks[-1], step=step, zone=timetable.zone)):
        yield why


# --- moments -------------------------------------------------------------------------------------------------------


def _blocks(timetable: Timetable, window: Span) -> Iterator[Span]:
    """The blocks that meet the window, whole and in order.

    A moment belongs to the local day that its clocks show, or to the next where they showed that before and were put
    back past midnight: so the days end one later than the clocks say.
    """
    first, last = (moment.astimezone(timetable.zone).date() for moment in window)
    for n in range((last - first).days + 2):
        day = first + timedelta(days=n)
        for hours in timetable.blocks_on(day):
            block = Span(*(_moment(day, minute, timetable.zone) for minute in hours))
            if block.overlaps(window):
                yield block


@lru_cache(maxsize=8192)
def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment at which the clocks show that time of the day, or a later one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return end_of_skip(wall, zone=zone) if is_skipped(wall, zone=zone) else wall.replace(tzinfo=zone).astimezone(UTC)


def _kept_from(busy: Iterable[Span], *, before_seconds: int, after_seconds: int, units: int) -> list[Span]:
    """The moments that no booking may have: where all units are busy, and a buffer of the booking on either side."""
    if units < 1:
        return [Span(_EARLIEST, _LATEST)]
    return [full.widened(before_seconds=after_seconds, after_seconds=before_seconds) for full in crowded(busy, units)]


def _step(seconds: int) -> timedelta:
    if seconds < _SHORTEST_STEP_SECONDS:
        raise BadSpan(f"A slot lasts at least {format_duration(_SHORTEST_STEP_SECONDS)}.")
    return timedelta(seconds=seconds)


def _on_grid(timetable: Timetable, moment: datetime, step: timedelta) -> datetime:
    """The first step of the grid, in whichever block, that is not before the moment; itself where there is none."""
    for block in _blocks(timetable, Span(moment, moment + timedelta(days=1))):
        begins = _next_on_grid(max(moment, block.start), block, step)
        if begins < block.end:
            return begins
    return moment


def _next_on_grid(moment: datetime, block: Span, step: timedelta) -> datetime:
    """The first step of the block's grid that is not before the moment."""
    return moment + (block.start - moment) % step


def _ends_well(span: Span, last: Span, step: timedelta | None) -> bool:
    """Whether a booking may end where it does, which is in the block ``last``."""
    if step is None or (span.end == last.end and span.start >= last.start):
        return True
    return not (span.end - last.start) % step


def _next_open(timetable: Timetable, span: Span, step: timedelta | None) -> datetime | None:
    """The first moment, not before the span, from which on it is open for as long as the span, on the grid if any.

    One moment of each block is tried, the first. It waits until so many blocks went by that the span would end in one.
    """
    latest = span.start + timedelta(days=SEARCH_DAYS)
    tried: deque[datetime] = deque()
    until = span.start
    for block in _blocks(timetable, Span(span.start, span.end + timedelta(days=SEARCH_DAYS))):
        if block.start != until:
            tried.clear()
        until = block.end
        begins = max(block.start, span.start)
        begins = begins if step is None else _next_on_grid(begins, block, step)
        if begins < min(block.end, latest):
            tried.append(begins)
        while tried and tried[0] + span.length <= until:
            begins = tried.popleft()
            if _ends_well(Span(begins, begins + span.length), block, step):
                return begins
        if not tried and latest <= until:
            break
    return None


# --- refusals ------------------------------------------------------------------------------------------------------


def _window(start: datetime, end: datetime) -> Span:
    window = Span(start, end)
    if why := why_impossible(window):
        raise why
    return window


def why_impossible(span: Span) -> BadSpan | None:
    """Why there is no such span, whatever it is for."""
    if min(span) < _EARLIEST or max(span) > _LATEST:
        return BadSpan(f"That is not in the years {_EARLIEST.year} to {_LATEST.year - 1}.")
    if span.end <= span.start:
        return BadSpan("That does not end after it begins.")
    if span.length > timedelta(days=MOST_DAYS):
        return BadSpan(f"That is longer than {MOST_DAYS} days.")
    return None


def _why_not_that_long(span: Span, *, min_seconds: int | None, max_seconds: int | None) -> BadSpan | None:
    length = format_duration(int(span.length.total_seconds()))
    if min_seconds is not None and span.length < timedelta(seconds=min_seconds):
        how = "exactly" if min_seconds == max_seconds else "at least"
        return BadSpan(f"A booking here lasts {how} {format_duration(min_seconds)}, not {length}.")
    if max_seconds is not None and span.length > timedelta(seconds=max_seconds):
        how = "exactly" if min_seconds == max_seconds else "at most"
        return BadSpan(f"A booking here lasts {how} {format_duration(max_seconds)}, not {length}.")
    return None


def _why_off_grid(span: Span, first: Span, last: Span, *, step: timedelta, zone: ZoneInfo) -> BadSpan | None:
    """``first`` and ``last`` are the blocks in which the span begins and ends."""
    begins = _next_on_grid(span.start, first, step)
    if begins != span.start:
        nearest = [moment for moment in (begins - step, begins) if moment < first.end]
        return _off_grid("begin", nearest, first, step, zone)
    if not _ends_well(span, last, step):
        ends = _next_on_grid(span.end, last, step)
        tried = (Span(span.start, moment) for moment in (ends - step, min(ends, last.end)))
        nearest = [one.end for one in tried if one.start < one.end and _ends_well(one, last, step)]
        return _off_grid("end", nearest, last, step, zone)
    return None


def _off_grid(verb: str, nearest: Sequence[datetime], block: Span, step: timedelta, zone: ZoneInfo) -> BadSpan:
    every = format_duration(int(step.total_seconds()))
    are = "the nearest time is" if len(nearest) == 1 else "the nearest times are"
    return BadSpan(
        f"Bookings here {verb} every {every} from {block.start.astimezone(zone):%H:%M} on: "
        f"{are} {' and '.join(format_local(moment, zone) for moment in nearest)}."
    )


def _outside(timetable: Timetable, span: Span, step: timedelta | None) -> OutsideSchedule:
    zone = timetable.zone
    day = span.start.astimezone(zone).date()
    hours = ", ".join(map(str, timetable.blocks_on(day)))
    begins = _next_open(timetable, span, step)
    length = format_duration(int(span.length.total_seconds()))
    return OutsideSchedule(
        f"{format_local(span.start, zone)} to {format_local(span.end, zone)} is outside the opening hours. "
        + (f"On {_day_name(day)} it is open {hours}. " if hours else f"On {_day_name(day)} it is closed. ")
        + (
            f"The next open time for {length} is {format_local(begins, zone)}."
            if begins
            else f"There is no open time for {length} in the {SEARCH_DAYS} days after."
        )
    )


def _day_name(day: date) -> str:
    return f"{DAYS[day.weekday()].capitalize()} {day}"
