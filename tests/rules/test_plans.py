"""Seat plans: units, labels and what happens to both when a plan changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import UnknownSeat
from classbook.rules import plan_files, plans
from classbook.rules.plans import Plan, Seat, Stand, from_seats, keep_units, label, parse_label, seats_like, split_label


def a_plan(*short: str) -> Plan:
    return plan_files.from_options(short)


def units(stand: Stand) -> dict[str, int]:
    return {label(stand.name, row, seat): found.unit for (row, seat), found in stand.named.items()}


def test_a_label_names_stand_row_and_seat() -> None:
    assert label("A", "3", "12") == "A-3-12"
    stand, seat = parse_label("A-3-12", a_plan("A:30x40"))
    assert stand.name == "A" and seat == Seat(92, "12", 11, 2, None)


def test_every_label_of_a_plan_leads_back_to_its_seat() -> None:
    plan = a_plan("A:3x4", "North-West:2x2", "A-1:2x2", "Überblick 2:1x1")
    found = [
        parse_label(label(stand.name, row.name, seat.name), plan) == (stand, seat)
        for stand in plan.stands
        for row in stand.rows
        for seat in row.seats
    ]
    assert len(found) == plan.capacity == 21 and all(found)


def test_a_stand_whose_name_contains_a_minus_is_no_riddle() -> None:
    plan = a_plan("A:2x2", "A-1:2x2")
    assert [parse_label(text, plan)[0].name for text in ("A-1-2", "A-1-1-2")] == ["A", "A-1"]


@given(
    st.text(st.characters(exclude_characters=" "), min_size=1),
    *[st.text(st.characters(exclude_characters=" -"), min_size=1)] * 2,
)
def test_a_label_is_divided_as_it_was_made(stand: str, row: str, seat: str) -> None:
    assert split_label(label(stand, row, seat)) == (stand, row, seat)


@pytest.mark.parametrize("text", ["", "A", "A-3", "A--3", "-3-12", "A-3-", "--", "A 3 12"])
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(UnknownSeat, match="is not a seat"):
        split_label(text)


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("Z-1-1", "There is no stand 'Z' in the venue", "Its stands: A, B"),
        ("A-31-1", "There is no row '31' in stand A", "Its rows: 1, 2, 3, ..., 30"),
        ("A-3-41", "There is no seat '41' in row 3 of stand A", "Its seats: 1, 2, 3, ..., 40"),
        ("B-1-x", "There is no seat 'x' in row 1 of stand B", "Its seats: 1, 2"),
        ("a-1-1", "There is no stand 'a' in the venue", "Its stands: A, B"),
        ("A-01-1", "There is no row '01' in stand A", "Its rows: 1, 2, 3, ..., 30"),
        ("A\x1b[2J-1-1", "There is no stand 'A?[2J' in the venue", "Its stands: A, B"),
        ("Z" * 99 + "-1-1", f"There is no stand '{'Z' * 40}…' in the venue", "Its stands: A, B"),
    ],
)
def test_an_unknown_seat_is_told_which_part_is_wrong(text: str, told: str, hint: str) -> None:
    with pytest.raises(UnknownSeat) as caught:
        parse_label(text, a_plan("A:30x40", "B:1x2"))
    assert (caught.value.detail, caught.value.hint) == (f"{told}.", f"{hint}.")


def test_blanks_around_a_label_do_not_matter() -> None:
    assert parse_label(" A-1-2 ", a_plan("A:2x2"))[1].unit == 2


def test_a_stored_stand_is_the_one_that_was_planned() -> None:
    [stand] = plan_files.from_toml("""
        [[stand]]
        name = "A"
        focus = [2.5, -1]
        [[stand.row]]
        name = "front"
        seats = ["1", "2", "W1"]
        category = "gold"
        [[stand.row]]
        seats = 2
        x = 7
    """).stands
    rows = [(s.unit, row.name, s.name, s.x, s.y, s.category) for row in stand.rows for s in row.seats]
    assert from_seats("A", stand.focus, rows) == stand


# --- a plan that changes --------------------------------------------------------------------------------------------


def test_a_seat_keeps_its_unit_when_the_plan_changes() -> None:
    [before], [wanted] = a_plan("A:2x3").stands, a_plan("A:3x4").stands
    after = units(keep_units(wanted, before, highest=6))
    assert {name: after[name] for name in units(before)} == units(before)
    assert sorted(after.values()) == list(range(1, 13))


def test_the_unit_of_a_seat_that_is_gone_is_never_another_seat() -> None:
    [before], [wanted] = a_plan("A:1x3").stands, plan_files.from_csv("stand,row,seat\nA,1,3\nA,1,new\n").stands
    assert units(keep_units(wanted, before, highest=8)) == {"A-1-3": 3, "A-1-new": 9}


def test_only_the_units_are_taken_from_the_plan_before() -> None:
    [before] = plan_files.from_csv("stand,row,seat,x,y,category\nA,1,1,5,5,old\n").stands
    [wanted] = plan_files.from_csv("stand,row,seat,x,y,category\nA,1,1,7,8,new\n").stands
    after = keep_units(wanted, before, highest=1)
    assert after == wanted and after.rows[0].seats == (Seat(1, "1", 7, 8, "new"),) and after.focus == (7, 8)


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(lambda size: f"A:{size[0]}x{size[1]}")


@given(st.lists(sizes, min_size=2, max_size=6))
def test_however_often_a_plan_changes_no_unit_means_two_seats(changes: list[str]) -> None:
    [stand] = a_plan(changes[0]).stands
    highest, meaning = stand.capacity, {unit: name for name, unit in units(stand).items()}
    for change in changes[1:]:
        [wanted] = a_plan(change).stands
        stand = keep_units(wanted, stand, highest=highest)
        assert len(set(units(stand).values())) == stand.capacity
        for name, unit in units(stand).items():
            assert meaning.setdefault(unit, name) == name
        highest = max(highest, *units(stand).values())


@pytest.mark.parametrize(
    ("pattern", "labels"),
    [
        ("A-2-*", ["A-2-1", "A-2-2"]),
        ("A-*", ["A-1-1", "A-1-2", "A-2-1", "A-2-2"]),
        (" A-*-* ", ["A-1-1", "A-1-2", "A-2-1", "A-2-2"]),
        ("A-*-2", ["A-1-2", "A-2-2"]),
        ("A-B-*", ["A-B-1-1"]),
        ("A-B-1-*", ["A-B-1-1"]),
    ],
)
def test_a_star_stands_for_every_row_or_seat(pattern: str, labels: list[str]) -> None:
    plan = a_plan("A:2x2", "A-B:1x1")
    found = seats_like(pattern, plan)
    names = {
        id(seat): label(stand.name, row, name) for stand in plan.stands for (row, name), seat in stand.named.items()
    }
    assert [names[id(seat)] for _, seat in found] == labels


def test_where_a_row_and_a_stand_could_be_meant_it_is_the_row() -> None:
    plan = plan_files.from_csv("stand,row,seat\nA,B,1\nA-B,1,1\n")
    assert [stand.name for stand, _ in seats_like("A-B-*", plan)] == ["A"]
    assert [stand.name for stand, _ in seats_like("A-B-*-*", plan)] == ["A-B"]


@pytest.mark.parametrize("pattern", ["*", "Z-*", "A-9-*", "A-1*", "A-*-9", "A*", "-*", "A--*"])
def test_a_pattern_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UnknownSeat, match="No seat is like") as refusal:
        seats_like(pattern, a_plan("A:2x2"))
    assert "A-3-* is row 3" in str(refusal.value.hint)


def test_what_is_shown_of_a_text_is_short_and_harmless() -> None:
    assert plans.shown("A\x1b[2J\n") == "'A?[2J?'"
    assert plans.shown("x" * 41) == f"'{'x' * 40}…'"
