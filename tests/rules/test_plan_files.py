"""Seat plans as they are written: what is understood, and what is refused where."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import NO_STEPS, Invalid, in_words
from classbook.rules.plan_files import MOST_SEATS, from_csv, from_options, from_toml, from_tree
from classbook.rules.plans import Plan, Stand


def rows(stand: Stand) -> dict[str, list[str]]:
    return {row.name: [seat.name for seat in row.seats] for row in stand.rows}


def places(stand: Stand) -> list[list[tuple[float, float]]]:
    return [[(seat.x, seat.y) for seat in row.seats] for row in stand.rows]


def categories(plan: Plan) -> list[str | None]:
    return [seat.category for stand in plan.stands for row in stand.rows for seat in row.seats]


def refusal(text: str) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as caught:
        from_toml(text)
    assert caught.value.detail.isprintable()
    return caught.value.detail, in_words(caught.value.hint, NO_STEPS)


# --- TOML -----------------------------------------------------------------------------------------------------------


def test_a_plan_of_the_readme() -> None:
    plan = from_toml('[[stand]]\nname = "A"\nrows = 30\nseats = 40\nfocus = [20, 0]\n')
    [stand] = plan.stands
    assert plan.capacity == 1200 and stand.focus == (20.0, 0.0)
    assert [row.name for row in stand.rows] == [str(n) for n in range(1, 31)]
    assert [seat.unit for row in stand.rows for seat in row.seats] == list(range(1, 1201))
    last = stand.rows[-1].seats[-1]
    assert (last.unit, last.name, last.x, last.y, last.category) == (1200, "40", 39, 29, None)


def test_the_best_seats_look_at_the_middle_of_the_front_row_unless_told_otherwise() -> None:
    [stand] = from_toml('[[stand]]\nname = "A"\nrows = 2\nseats = 4\nx = 10\ny = 5').stands
    assert stand.focus == (11.5, 5.0)
    assert places(stand) == [[(10, 5), (11, 5), (12, 5), (13, 5)], [(10, 6), (11, 6), (12, 6), (13, 6)]]


def test_rows_and_seats_may_have_names() -> None:
    [stand] = from_toml('[[stand]]\nname = "A"\nrows = ["front", "back"]\nseats = ["1", 2, "W1"]').stands
    assert rows(stand) == {"front": ["1", "2", "W1"], "back": ["1", "2", "W1"]}


def test_a_row_may_be_described_by_itself() -> None:
    [stand] = from_toml("""
        [[stand]]
        name = "A"
        [[stand.row]]
        name = "front"
        seats = 12
        x = 3
        y = -1.5
        category = "gold"
        [[stand.row]]
        seats = ["1", "2", "W1"]
    """).stands
    assert rows(stand) == {"front": [str(n) for n in range(1, 13)], "2": ["1", "2", "W1"]}
    assert places(stand)[0][:2] == [(3, -1.5), (4, -1.5)] and places(stand)[1] == [(0, 1), (1, 1), (2, 1)]
    assert stand.focus == (8.5, -1.5)
    assert {seat.category for seat in stand.rows[0].seats} == {"gold"} and stand.rows[1].seats[0].category is None


def test_a_counted_row_may_be_described_and_others_added_behind() -> None:
    [stand] = from_toml("""
        [[stand]]
        name = "A"
        rows = 2
        seats = 2
        category = "silver"
        [[stand.row]]
        name = "balcony"
        seats = 1
        [[stand.row]]
        name = "1"
        category = ["gold", ""]
    """).stands
    assert rows(stand) == {"1": ["1", "2"], "2": ["1", "2"], "balcony": ["1"]}
    assert categories(Plan((stand,))) == ["gold", None, "silver", "silver", "silver"]
    assert places(stand)[2] == [(0, 2)]


def test_a_list_of_places_makes_aisles_and_curves() -> None:
    [stand] = from_toml("""
        [[stand]]
        name = "A"
        rows = 2
        seats = 4
        x = [0, 1, 3, 4]
        category = ["a", "b", "b", "a"]
        [[stand.row]]
        name = "2"
        y = [1.5, 1, 1, 1.5]
    """).stands
    assert places(stand) == [[(0, 0), (1, 0), (3, 0), (4, 0)], [(0, 1.5), (1, 1), (3, 1), (4, 1.5)]]
    assert categories(Plan((stand,))) == ["a", "b", "b", "a"] * 2 and stand.focus == (2, 0)


def test_each_stand_is_a_pool_of_its_own() -> None:
    plan = from_options(["A:1x2", "B:1x3"])
    assert [[seat.unit for seat in stand.rows[0].seats] for stand in plan.stands] == [[1, 2], [1, 2, 3]]
    assert plan.capacity == 5


A = '[[stand]]\nname = "A"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The seat plan has no stand"),
        ("stand = []", "The seat plan has no stand"),
        ("stand = 3", "stand must be a list of tables"),
        ("stand = [3]", "stand must be a list of tables"),
        ("[[stand]\n", "The seat plan is not TOML: Expected ']]' at the end of an array declaration (at line 1"),
        (f"x = {'[' * 5000}", "The seat plan holds a number too long or tables nested too deeply"),
        (f"x = {'9' * 5000}", "The seat plan holds a number too long or tables nested too deeply"),
        ("venue = 1\n" + A, "Nobody knows the key 'venue' here"),
        (A + "rows = 2\nseats = 2\nseat = 1", "Stand 1 ('A'): nobody knows the key 'seat' here"),
        ("[[stand]]\nrows = 2\nseats = 2", "Stand 1: it has no name"),
        ('[[stand]]\nname = " "\nrows = 1\nseats = 1', "Stand 1 (' '): the stand's name may not be empty"),
        ("[[stand]]\nname = 1.5\nrows = 1\nseats = 1", "Stand 1: the stand's name must be a text, not 1.5"),
        ('[[stand]]\nname = "A\\u0007"\nrows = 1\nseats = 1', "Stand 1 ('A?'): the stand's name contains a control"),
        (f'[[stand]]\nname = "{"A" * 41}"\nrows = 1\nseats = 1', f"Stand 1 ('{'A' * 40}…'): the stand's name has 41"),
        (A + "rows = 1\nseats = 1\n" + A + "rows = 1\nseats = 1", "Stand 2 ('A'): there is a stand of that name"),
        (A + "seats = 2", "Stand 1 ('A'): it has no rows"),
        (A + "rows = 2", "Stand 1 ('A'): row 1 has no seats"),
        (A + "rows = 0\nseats = 2", "Stand 1 ('A'): rows must be from 1 to 200,000, not 0"),
        (A + "rows = true\nseats = 2", "Stand 1 ('A'): rows must be how many there are, or a list of their names"),
        (A + "rows = []\nseats = 2", "Stand 1 ('A'): rows must be how many there are, or a list of their names"),
        (A + "rows = 2\nseats = -1", "Stand 1 ('A'): seats must be from 1 to 200,000, not -1"),
        (A + f"rows = 2\nseats = 0x{'f' * 9999}", "Stand 1 ('A'): seats must be from 1 to 200,000, not a huge number"),
        (A + 'rows = ["1", 1]\nseats = 2', "Stand 1 ('A'): row 1 is listed twice"),
        (A + 'rows = 2\nseats = ["1", "2", "1"]', "Stand 1 ('A'): seat 1 is listed twice"),
        (A + "rows = 2\nseats = [[]]", "Stand 1 ('A'): the seat's name must be a text, not a list"),
        (A + 'rows = 1\nseats = ["1-2"]', "Stand 1 ('A'): the seat's name '1-2' contains a -"),
        (A + 'rows = ["1-2"]\nseats = 1', "Stand 1 ('A'): the row's name '1-2' contains a -"),
        (A + "rows = [-1]\nseats = 1", "Stand 1 ('A'): the row's name must be a text, not -1"),
        (A + "rows = 1\nseats = 1\nx = nan", "Stand 1 ('A'): x must be from -1,000,000 to 1,000,000, not nan"),
        (A + "rows = 1\nseats = 1\ny = inf", "Stand 1 ('A'): y must be from -1,000,000 to 1,000,000, not inf"),
        (A + "rows = 1\nseats = 1\nx = 1e7", "Stand 1 ('A'): x must be from -1,000,000 to 1,000,000, not 10000000.0"),
        (A + 'rows = 1\nseats = 1\nx = "1"', "Stand 1 ('A'): x must be a number, not '1'"),
        (A + "rows = 1\nseats = 1\nx = false", "Stand 1 ('A'): x must be a number, not false"),
        (A + "rows = 1\nseats = 2\nx = [1]", "Stand 1 ('A'): x lists 1 values, and there are 2 seats in the row"),
        (A + "rows = 1\nseats = 1\nfocus = 3", "Stand 1 ('A'): focus must be a point [x, y], not 3"),
        (A + "rows = 1\nseats = 1\nfocus = [1, 2, 3]", "Stand 1 ('A'): focus must be a point [x, y], not a list"),
        (A + "rows = 1\nseats = 1\nfocus = [1, -inf]", "Stand 1 ('A'): focus must be from -1,000,000 to 1,000,000"),
        (A + "rows = 1\nseats = 1\ncategory = 2020-01-01", "Stand 1 ('A'): the category's name must be a text, not a "),
        (A + 'row = [{name = "R", seats = 0}]', "Stand 1 ('A'): [[stand.row]] 1 ('R'): seats must be from 1 to"),
        (A + 'row = [{name = "R"}]', "Stand 1 ('A'): [[stand.row]] 1 ('R'): row R has no seats"),
        (A + "row = [{seats = 1, rows = 2}]", "Stand 1 ('A'): [[stand.row]] 1: nobody knows the key 'rows' here"),
        (
            A + 'row = [{name = "R", seats = 1}, {name = "R", seats = 1}]',
            "Stand 1 ('A'): [[stand.row]] 2 ('R'): row R is described twice",
        ),
        (A + "rows = 300\nseats = 1000", "Stand 1 ('A'): a seat plan has at most 200,000 seats, and this one has more"),
        (A + "rows = 1\nseats = 2001", "Stand 1 ('A'): a row has at most 2,000 seats, and this one has more"),
    ],
)
def test_what_is_wrong_in_a_plan_is_named_with_its_table(text: str, told: str) -> None:
    assert refusal(text)[0].startswith(told)


def test_a_key_that_nobody_knows_is_told_the_known_ones() -> None:
    detail, hint = refusal(A + "rows = 2\nseats = 2\nfocsu = [1, 2]")
    assert "'focsu'" in detail and hint == "Known are: name, rows, seats, x, y, category, focus, row."


def test_the_largest_plan_is_taken_and_no_larger_one() -> None:
    stands = [{"name": str(n), "rows": 100, "seats": 1000} for n in range(2)]
    assert from_tree({"stand": stands}).capacity == MOST_SEATS
    with pytest.raises(Invalid, match=r"Stand 3 \('one more'\): a seat plan has at most 200,000 seats"):
        from_tree({"stand": [*stands, {"name": "one more", "rows": 1, "seats": 1}]})


tame = st.integers() | st.floats() | st.booleans() | st.text(max_size=5) | st.none()
wild = st.recursive(
    tame,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "rows", "seats", "x", "y", "category", "focus", "row", "?"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"stand": st.lists(st.dictionaries(st.sampled_from(["name", "rows", "seats"]), wild))}))
def test_any_tree_is_a_plan_or_refused(tree: dict[str, object]) -> None:
    try:
        plan = from_tree(tree)
    except Invalid as refused:
        assert refused.detail.isprintable()
    else:
        assert plan.capacity > 0


# --- short ----------------------------------------------------------------------------------------------------------


def test_a_stand_in_short_is_its_name_its_rows_and_its_seats() -> None:
    plan = from_options(["A:30x40", "North: upper:2X3", "C:1×1"])
    assert [stand.name for stand in plan.stands] == ["A", "North: upper", "C"]
    assert (
        plan.capacity == 1207
        and plan.stands[0] == from_tree({"stand": [{"name": "A", "rows": 30, "seats": 40}]}).stands[0]
    )


@pytest.mark.parametrize("text", ["", "A", "A:30", "A:30x", ":3x4", "A:3x4x", "A:-3x4", "A:3 x 4", "A:٣x4"])
def test_what_is_no_stand_in_short_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is not a stand") as caught:
        from_options([text])
    assert caught.value.hint == "Write it as NAME:ROWSxSEATS, like A:30x40 for 30 rows of 40."


def test_a_stand_in_short_is_checked_as_any_other() -> None:
    with pytest.raises(Invalid, match=r"Stand 2 \('A'\): there is a stand of that name already"):
        from_options(["A:1x1", "A:2x2"])
    with pytest.raises(Invalid, match="has no stand"):
        from_options([])


# --- CSV ------------------------------------------------------------------------------------------------------------


def test_a_csv_has_a_line_for_each_seat() -> None:
    plan = from_csv("stand,row,seat,x,y,category\nA,1,1,0,0,gold\nA,1,2,1.5,0,\nB,x,W1,-3,7,silver\n")
    assert [stand.name for stand in plan.stands] == ["A", "B"] and categories(plan) == ["gold", None, "silver"]
    assert places(plan.stands[0]) == [[(0, 0), (1.5, 0)]] and plan.stands[0].focus == (0.75, 0)


def test_places_that_are_left_out_follow_from_the_order() -> None:
    plan = from_csv("row,stand,seat\n1,A,1\n1,A,2\n2,A,1\n1,B,1\n")
    assert places(plan.stands[0]) == [[(0, 0), (1, 0)], [(0, 1)]] and places(plan.stands[1]) == [[(0, 0)]]
    [stand] = from_csv("stand,row,seat,x,y\nA,1,1,5,3\nA,1,2,,\n").stands
    assert places(stand) == [[(5, 3), (1, 3)]]


def test_the_lines_of_a_row_need_not_stand_together() -> None:
    [stand] = from_csv("stand,row,seat\nA,1,1\nA,2,1\nA,1,2\n").stands
    assert rows(stand) == {"1": ["1", "2"], "2": ["1"]}
    assert [seat.unit for row in stand.rows for seat in row.seats] == [1, 2, 3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_may_come_from_any_program(end: str) -> None:
    text = end.join(["\ufeffStand, Row ,SEAT", '"A ""x""",1,1', "", '"B, upper",1,1', ""])
    assert [stand.name for stand in from_csv(text).stands] == ['A "x"', "B, upper"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Line 1: the column stand is missing"),
        ("stand,row\n", "Line 1: the column seat is missing"),
        ("stand;row;seat\n", "Line 1: a seat plan has no column 'stand;row;seat'"),
        ("stand,row,seat,row\n", "Line 1: the column row is there twice"),
        ("stand,row,seat\n", "The seat plan has no stand"),
        ("stand,row,seat\nA,1\n", "Line 2: there are 2 cells for 3 columns (stand,row,seat)"),
        ("stand,row,seat\nA,1,1\n\nA,1,1\n", "Line 4: seat A-1-1 is on line 2 already"),
        ("stand,row,seat\r\nA,1,1\r\n A ,1, 1\r\n", "Line 3: seat A-1-1 is on line 2 already"),
        ("stand,row,seat\nA,,1\n", "Line 2: the row's name may not be empty"),
        ("stand,row,seat\nA,1,1\nA,1,a-b\n", "Line 3: the seat's name 'a-b' contains a -"),
        ('stand,row,seat\n"A\nB",1,1\n', "Line 2: the stand's name contains a control character"),
        ('stand,row,seat\n"A\nB"\nA,1,1\n', "Line 2: there is 1 cell for 3 columns"),
        ("stand,row,seat\nA\u2028,1,1\n", "Line 2: the stand's name contains a line separator"),
        ('stand,row,seat\nA,1,1\nA,1,"2\n', "Line 3: unexpected end of data"),
        (f"stand,row,seat\nA,1,{'1' * 140_000}\n", "Line 2: field larger than field limit"),
        ("stand,row,seat,x\nA,1,1,nan\n", "Line 2: x must be from -1,000,000 to 1,000,000, not nan"),
        ("stand,row,seat,y\nA,1,1,-1e400\n", "Line 2: y must be from -1,000,000 to 1,000,000, not -inf"),
        ("stand,row,seat,x\nA,1,1,far\n", "Line 2: x must be a number, not 'far'"),
        ("stand,row,seat,category\nA,1,1,\x07\n", "Line 2: the category's name contains a control character"),
        (
            "stand,row,seat\n" + "".join(f"A,1,{n}\n" for n in range(2001)),
            "Line 2002: a row has at most 2,000 seats, and this one has more",
        ),
        (
            "stand,row,seat\n" + "".join(f"A,{n // 1000},{n}\n" for n in range(200_001)),
            "Line 200002: a seat plan has at most 200,000 seats, and this one has more",
        ),
    ],
)
def test_what_is_wrong_in_a_csv_is_named_with_its_line(text: str, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_csv(text)
    assert caught.value.detail.startswith(told) and caught.value.detail.isprintable()


def test_a_header_that_is_wrong_is_told_the_right_one() -> None:
    with pytest.raises(Invalid) as caught:
        from_csv("stand;row;seat\n")
    assert "stand,row,seat,x,y,category" in str(caught.value.hint)


def test_the_same_plan_is_the_same_in_every_form() -> None:
    lines = [f"A,{row},{seat}\n" for row in range(1, 4) for seat in range(1, 6)]
    by_csv = from_csv("stand,row,seat\n" + "".join(lines))
    assert by_csv == from_options(["A:3x5"]) == from_toml(A + "rows = 3\nseats = 5")


@given(st.text(st.sampled_from('A1,"\n\r-x.;\t'), max_size=60))
def test_any_text_below_a_header_is_a_plan_or_refused(text: str) -> None:
    try:
        plan = from_csv("stand,row,seat,x,y,category\n" + text)
    except Invalid as refused:
        assert refused.detail.isprintable()
    else:
        assert plan.capacity > 0


def test_ten_thousand_seats_are_read_well_within_a_second() -> None:
    text = "stand,row,seat,x,y,category\n" + "".join(
        f"A,{n // 100},{n % 100},{n % 100},{n // 100},gold\n" for n in range(10_000)
    )
    started = time.process_time()
    assert from_csv(text).capacity == from_options(["A:100x100"]).capacity == 10_000
    assert time.process_time() - started < 1
