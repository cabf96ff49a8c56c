"""The best adjacent seats: what is promised, tried against a model that looks at everything."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.rules import plan_files
from classbook.rules.plans import Row, Seat, Stand
from classbook.rules.seating import Layout, Seating, best_of


def a_stand(*rows: str, focus: tuple[float, float] = (0, 0), step: float = 1) -> Stand:
    """A stand as it looks from above, the front row first: a letter is a seat and its category, a blank an aisle."""
    unit = 0
    built: list[Row] = []
    for y, row in enumerate(rows):
        seats: list[Seat] = []
        for x, letter in enumerate(row):
            if letter != " ":
                unit += 1
                seats.append(Seat(unit, str(len(seats) + 1), x * step, y * step, letter))
        built.append(Row(str(y + 1), tuple(seats)))
    return Stand("A", focus, tuple(built))


def a_seating(picture: str, *, focus: tuple[float, float] = (0, 0)) -> Seating:
    """Rows divided by /; a capital letter is a free seat, ``x`` a taken one, a blank an aisle."""
    stand = a_stand(*picture.split("/"), focus=focus)
    taken = (seat.unit for row in stand.rows for seat in row.seats if seat.category == "x")
    return Seating(Layout(stand), taken)


# --- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "focus", "n", "units"),
    [
        pytest.param("AAAAA", (2, 0), 1, (3,), id="one seat is the one at the focal point"),
        pytest.param("AAAAAAA", (3, 0), 3, (3, 4, 5), id="a party sits around the focal point"),
        pytest.param("AAAAAA/AAAAAA", (2.5, 1), 2, (9, 10), id="the focal point may be in any row"),
        pytest.param("AAAAAA", (2.5, -1), 5, (1, 2, 3, 4, 5), id="of equal ones the first in the row"),
        pytest.param("AA/AA/AA", (0.5, 1), 2, (3, 4), id="the row of the focal point"),
        pytest.param("AA/xx/AA", (0.5, 1), 2, (1, 2), id="of equal rows the front one"),
        pytest.param("AAxAA", (2, 0), 2, (1, 2), id="of equal sides the first"),
        pytest.param("AAAxAAA", (3, 0), 4, None, id="a taken seat divides a row"),
        pytest.param("AAA AAA", (3, 0), 4, None, id="an aisle divides a row"),
        pytest.param("AAA AAA", (3, 0), 3, (1, 2, 3), id="up to the aisle"),
        pytest.param("AAAA", (0, 0), 5, None, id="no row is long enough"),
        pytest.param("AAA/AAA", (0, 0), 4, None, id="a party never sits in two rows"),
        pytest.param("xx", (0, 0), 1, None, id="nothing is left"),
        pytest.param("AAA", (0, 0), 0, None, id="nobody needs no seat"),
    ],
)
def test_the_closest_seats_next_to_each_other_are_chosen(
    picture: str, focus: tuple[float, float], n: int, units: tuple[int, ...] | None
) -> None:
    assert a_seating(picture, focus=focus).best(n) == units


@pytest.mark.parametrize(
    ("picture", "n", "units", "strict"),
    [
        pytest.param("AAA/AAAA", 2, (4, 5), (4, 5), id="another row is taken rather than leave one of three"),
        pytest.param("AAAA", 2, (1, 2), (1, 2), id="two of four leave two"),
        pytest.param("AAA", 2, (1, 2), None, id="one of three is left where there is no other choice"),
        pytest.param("AA/A", 1, (3,), (3,), id="a single seat goes to somebody alone rather than half of a pair"),
        pytest.param("AAA", 1, (1,), (1,), id="one at the end leaves two"),
        pytest.param("AA", 1, (1,), None, id="half of a pair strands the other half"),
        pytest.param("AA A", 1, (3,), (3,), id="a seat alone behind an aisle was single before"),
        pytest.param("AAAxA", 3, (1, 2, 3), (1, 2, 3), id="the single seat beyond was there before"),
        pytest.param("AAA AAA", 3, (1, 2, 3), (1, 2, 3), id="nobody is stranded across an aisle"),
        pytest.param("AA AA", 1, (1,), None, id="an aisle is an edge"),
    ],
)
def test_no_single_seat_is_left_behind_while_there_is_another_choice(
    picture: str, n: int, units: tuple[int, ...], strict: tuple[int, ...] | None
) -> None:
    seating = a_seating(picture)
    assert seating.best(n) == units
    assert seating.best(n, strict=True) == strict


def test_only_seats_of_the_category_are_chosen() -> None:
    seating = a_seating("AABB/BBBB")
    assert seating.best(2) == (1, 2)
    assert seating.best(2, category="B") == (5, 6)
    assert seating.best(3, category="B", strict=True) is None
    assert seating.best(3, category="B") == (5, 6, 7)
    assert seating.best(1, category="C") is None


def test_a_seat_of_another_category_is_left_behind_as_any_other() -> None:
    seating = a_seating("ABB/BBB")
    assert seating.best(2, category="B") == (4, 5)  # either row leaves one: then the closer
    assert seating.strands((2, 3)) == (1,) and seating.strands((4, 5)) == (6,)
    assert seating.best(2, category="B", strict=True) is None


@pytest.mark.parametrize(
    ("picture", "units", "left"),
    [
        ("AAAAA", (2, 4), (1, 3, 5)),
        ("AAAAA", (3,), ()),
        ("AxAAA", (3, 4), (5,)),
        ("AA/AA", (1, 3), (2, 4)),
        ("AAA", (1, 2, 3), ()),
    ],
)
def test_the_seats_that_any_choice_would_leave_behind_are_known(
    picture: str, units: tuple[int, ...], left: tuple[int, ...]
) -> None:
    assert a_seating(picture).strands(units) == left


@pytest.mark.parametrize(
    ("xs", "together"),
    [
        ((0, 1, 2, 3), 4),
        ((0, 0.5, 1, 1.5, 3, 3.5), 4),
        ((0, 2, 4, 6), 4),
        ((0, 1, 2.5, 3.5), 4),
        ((0, 1, 2.51, 3.51), 2),
        ((3, 2, 1, 0), 4),
        ((0, 0, 0), 3),
        ((0, 7), 2),
    ],
)
def test_an_aisle_is_wider_than_one_and_a_half_steps(xs: tuple[float, ...], together: int) -> None:
    seats = tuple(Seat(n, str(n), x, 0, None) for n, x in enumerate(xs, 1))
    seating = Seating(Layout(Stand("A", (0, 0), (Row("1", seats),))))
    assert max(n for n in range(1, 9) if seating.best(n)) == together


def test_an_aisle_is_found_in_a_row_that_runs_in_any_direction() -> None:
    seats = tuple(Seat(n, str(n), 0.6 * n, -0.8 * (n + (n > 3)), None) for n in range(1, 7))
    seating = Seating(Layout(Stand("A", (0, 0), (Row("1", seats),))))
    assert seating.best(3) == (1, 2, 3) and seating.best(4) is None


def test_places_that_are_no_round_numbers_are_equal_all_the_same() -> None:
    seating = Seating(Layout(a_stand("AAAAAAAA", focus=(0.35, 0), step=0.1)))
    assert seating.best(1) == (4,) and seating.best(7) == (1, 2, 3, 4, 5, 6, 7)


def test_what_is_given_back_can_be_chosen_again() -> None:
    seating = a_seating("AAAA", focus=(1.5, 0))
    first = seating.best(4)
    assert first == (1, 2, 3, 4)
    seating.take(first)
    assert seating.best(1) is None and not seating.is_free(2)
    seating.give_back((1, 2))
    assert seating.best(2) == (1, 2) and seating.is_free(2) and not seating.is_free(3)


def test_a_seat_that_is_not_there_is_not_free() -> None:
    seating = a_seating("AA")
    assert not seating.is_free(0) and not seating.is_free(3)
    with pytest.raises(KeyError):
        seating.take((3,))


def test_units_may_have_any_order() -> None:
    seats = tuple(Seat(unit, str(n), n, 0, None) for n, unit in enumerate((7, 3, 9)))
    seating = Seating(Layout(Stand("A", (2, 0), (Row("1", seats),))), taken=(7,))
    assert seating.best(2) == (3, 9)


# --- several stands -------------------------------------------------------------------------------------------------


def test_of_several_stands_the_closest_choice_wins_and_of_equal_ones_the_first() -> None:
    far, near = a_seating("xxAA/xxAA"), a_seating("xAAA/xAAA")
    assert best_of({5: far, 8: near}, 2) == (5, (3, 4))  # the near one would leave a seat behind
    assert best_of({5: far, 8: near}, 3) == (8, (2, 3, 4))
    assert best_of({8: near, 9: a_seating("xAAA/xAAA")}, 1) == (8, (2,))
    assert best_of({9: a_seating("xAAA"), 8: near}, 1) == (9, (2,))
    assert best_of({5: far, 8: near}, 4) is None
    assert best_of({}, 1) is None


def test_of_several_stands_one_where_nobody_is_left_behind_is_taken() -> None:
    seatings = {1: a_seating("AAA"), 2: a_seating("xxxxxxAA")}
    assert best_of(seatings, 2) == (2, (7, 8))
    seatings[2].take((7, 8))
    assert best_of(seatings, 2, strict=True) is None
    assert best_of(seatings, 2) == (1, (1, 2))


def test_the_category_counts_in_all_stands() -> None:
    assert best_of({1: a_seating("AAA"), 2: a_seating("ABBB")}, 3, category="B") == (2, (2, 3, 4))


# --- against a model ------------------------------------------------------------------------------------------------


def blocks(row: Row) -> Iterator[list[Seat]]:
    """The seats of a row between its aisles; the stands here have a step of 1 and aisles of at least 2."""
    block: list[Seat] = []
    for seat in row.seats:
        if block and seat.x - block[-1].x > 1.5:
            yield block
            block = []
        block.append(seat)
    if block:
        yield block


def singles(stand: Stand, free: set[int]) -> set[int]:
    """The free seats without a free neighbour."""
    found = set()
    for row in stand.rows:
        for block in blocks(row):
            for n, seat in enumerate(block):
                beside = block[max(0, n - 1) : n] + block[n + 1 : n + 2]
                if seat.unit in free and not any(other.unit in free for other in beside):
                    found.add(seat.unit)
    return found


def everything(stand: Stand, free: set[int], n: int, category: str | None) -> list[tuple[bool, float, tuple[int, ...]]]:
    """Every choice there is: whether it leaves somebody behind, its distance and its seats, the best one first."""
    before, choices = singles(stand, free), []
    for row in stand.rows:
        for block in blocks(row):
            for start in range(len(block) - n + 1):
                seats = block[start : start + n]
                units = tuple(seat.unit for seat in seats)
                if free.issuperset(units) and all(category in (None, seat.category) for seat in seats):
                    distance = sum((s.x - stand.focus[0]) ** 2 + (s.y - stand.focus[1]) ** 2 for s in seats)
                    choices.append((bool(singles(stand, free - set(units)) - before), distance, units))
    return sorted(choices)


halves = st.integers(-4, 20).map(lambda n: n / 2)
pictures = st.lists(st.text("AAB ", min_size=1, max_size=9), min_size=1, max_size=4).filter(
    # two or more seats side by side, so that a row's usual step is 1
    lambda rows: all(sum(map(len, row.split())) - len(row.split()) > len(row.split()) for row in rows)
)
stands = st.builds(lambda rows, focus: a_stand(*rows, focus=focus), pictures, st.tuples(halves, halves))


@given(st.data(), stands)
def test_every_choice_is_the_best_one_of_all(data: st.DataObject, stand: Stand) -> None:
    seating, layout = Seating(Layout(stand)), Layout(stand)
    everybody = {seat.unit for row in stand.rows for seat in row.seats}
    free = set(everybody)
    for _ in range(data.draw(st.integers(1, 12))):
        n, category = data.draw(st.integers(1, 5)), data.draw(st.sampled_from((None, None, "A", "B")))
        choices = everything(stand, free, n, category)
        clean = [choice for choice in choices if not choice[0]]
        best = seating.best(n, category=category)
        assert best == (choices[0][2] if choices else None)
        assert seating.best(n, category=category, strict=True) == (clean[0][2] if clean else None)
        assert Seating(layout, everybody - free).best(n, category=category) == best  # whatever happened before
        assert all(seating.is_free(unit) == (unit in free) for unit in everybody)
        if best is not None and data.draw(st.booleans()):
            seating.take(best)
            free.difference_update(best)
        elif data.draw(st.booleans()) and everybody - free:
            back = data.draw(st.sampled_from(sorted(everybody - free)))
            seating.give_back((back,))
            free.add(back)


@given(st.data(), stands)
def test_who_is_left_behind_is_what_the_model_says(data: st.DataObject, stand: Stand) -> None:
    units = [seat.unit for row in stand.rows for seat in row.seats]
    taken = data.draw(st.sets(st.sampled_from(units)))
    free = set(units) - taken
    picked = data.draw(st.sets(st.sampled_from(units))) & free
    left = Seating(Layout(stand), taken).strands(picked)
    assert set(left) == singles(stand, free - picked) - singles(stand, free)


@given(st.integers(0, 2**32))
def test_a_stand_sells_out_without_a_seat_twice_and_strands_nobody_it_need_not(seed: int) -> None:
    chance = random.Random(seed)
    stand = a_stand(*["A" * 12] * 5, focus=(5.5, 0))
    seating, free = Seating(Layout(stand)), set(range(1, 61))
    while free:
        n = chance.randint(1, 6)
        alone = singles(stand, free)
        clean = seating.best(n, strict=True)
        picked = seating.best(n) or seating.best(1)
        assert picked is not None and free.issuperset(picked)
        free.difference_update(picked)
        seating.take(picked)
        if clean:
            assert picked == clean and singles(stand, free) <= alone
    assert seating.best(1) is None


# --- work -----------------------------------------------------------------------------------------------------------


def test_only_rows_that_changed_are_searched_again() -> None:
    seating = Seating(Layout(a_stand(*["A" * 100] * 100, focus=(49.5, 0))))
    picked = seating.best(2)
    assert picked is not None and seating.rows_searched == 100
    assert seating.best(2) == picked and seating.rows_searched == 100
    seating.take(picked)
    assert seating.best(2) != picked and seating.rows_searched == 101
    seating.give_back(picked)
    assert seating.best(2) == picked and seating.rows_searched == 102


def test_two_hundred_picks_search_little_more_than_each_row_once_for_each_size() -> None:
    chance = random.Random(1)
    seating = Seating(Layout(a_stand(*["A" * 100] * 100, focus=(49.5, 0))))
    for _ in range(200):
        picked = seating.best(chance.randint(1, 6))
        assert picked
        seating.take(picked)
    # 6 sizes in 100 rows, then for each pick at most the row that each pick since the last of that size changed
    assert seating.rows_searched <= 6 * 100 + 200 * 6


def test_a_layout_serves_many_matches() -> None:
    layout = Layout(a_stand("AAAA", focus=(1.5, 0)))
    first, second = Seating(layout), Seating(layout)
    first.take((1, 2, 3, 4))
    assert first.best(1) is None and second.best(4) == (1, 2, 3, 4)


def test_a_layout_remembers_only_so_many_sizes_of_party() -> None:
    layout = Layout(a_stand("A" * 60))
    seating = Seating(layout)
    assert all(seating.best(n) == tuple(range(1, n + 1)) for n in (*range(1, 59), 60))
    assert seating.best(59) == tuple(range(1, 60))  # leaves one behind, whichever way


def test_how_many_are_left_is_counted_without_aisles() -> None:
    [stand] = plan_files.from_tree({"stand": [{"name": "A", "rows": 2, "seats": 4, "x": [0, 1, 3, 4]}]}).stands
    seating = Seating(Layout(stand), taken=[1])
    seating.take([2, 8])
    assert seating.left == 5
    seating.give_back([1])
    assert seating.left == 6
