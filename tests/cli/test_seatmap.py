"""The seat map: what is seen is what there is, with colours and without, at any width."""

from __future__ import annotations

import io
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.cli.output import Printer
from classbook.cli.seatmap import draw, lines
from classbook.errors import NotFound

GOLD, SILVER = ("gold", "45.00"), ("silver", "25.00")
STATES = {"~": "held", ".": "sold", "#": "blocked", "*": "held"}


def a_row(picture: str, *, stand: str = "A", row: str = "1", price: Any = None) -> list[dict[str, Any]]:
    """Seats as the answer of the API has them: ``f`` is a free one, and a mark is what the map means by it."""
    category, amount = price or (None, None)
    return [
        {
            "stand": stand,
            "row": row,
            "seat": str(n),
            "label": f"{stand}-{row}-{n}",
            "state": STATES.get(sign, "free"),
            "price": {"amount": amount, "currency": "EUR"} if amount else None,
            "category": category,
            "mine": sign == "*",
        }
        for n, sign in enumerate(picture, 1)
    ]


def text(seats: list[dict[str, Any]], *, stand: str | None = None, width: int | None = None) -> list[str]:
    return [line.plain.rstrip() for line in lines(seats, stand=stand, width=width)]


def drawn(seats: list[dict[str, Any]], *, is_terminal: bool = True, has_colour: bool = False) -> str:
    stream = io.StringIO()
    draw(Printer(stream, is_terminal=is_terminal, has_colour=has_colour, zone=ZoneInfo("UTC")), seats)
    return stream.getvalue()


MATCH = [
    *a_row("ff~f..f#ff*f", price=GOLD),
    *a_row("f...ffffffff", row="2", price=SILVER),
    *a_row("ffff", row="10", price=SILVER),
]


def test_a_stand_with_room_to_spare() -> None:
    assert text(MATCH, width=60) == [
        "Stand A   20 of 28 free, 2 held, 5 sold, 1 not for sale, 1 yours",
        "             front",
        "    1       5         10",
        " 1  A A ~ A . . A # A A * A",
        " 2  B . . . B B B B B B B B",
        "10  B B B B",
        "",
        "A = gold 45.00 EUR   7 of 12 free",
        "B = silver 25.00 EUR   13 of 16 free",
        "~ = held   . = sold   # = not for sale   * = yours",
    ]


def test_a_narrow_terminal_and_what_is_no_terminal_have_no_gaps() -> None:
    close = [
        "Stand A   20 of 28 free, 2 held, 5 sold, 1 not for sale, 1 yours",
        "       front",
        "    1   5    10",
        " 1  AA~A..A#AA*A",
        " 2  B...BBBBBBBB",
        "10  BBBB",
    ]
    assert text(MATCH, width=20)[:6] == text(MATCH)[:6] == close


def test_a_row_wider_than_the_terminal_is_drawn_at_a_smaller_scale() -> None:
    seats = [
        *a_row("fff" + "ff." + "..." + "~~." + "f*." + "f~~" + "#", price=GOLD),
        *a_row("f" * 21, row="2", price=SILVER),
    ]
    assert text(seats, width=10) == [
        "Stand A   28 of 40 free, 5 held, 6 sold, 1 not for sale, 1 yours",
        "one sign for 3 seats: a capital where all of them are free",
        "    front",
        "   1    16",
        "1  Aa.~*a#",
        "2  BBBBBBB",
        "",
        "A = gold 45.00 EUR   7 of 19 free",
        "B = silver 25.00 EUR   21 of 21 free",
        "~ = held   . = sold   # = not for sale   * = yours",
    ]


@pytest.mark.parametrize("width", [1, 14, 40, 80, 200, 400])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    seats = [*a_row("f" * 333, price=GOLD), *a_row("f" * 90, row="2", price=GOLD)]
    drawing = text(seats, width=width)
    rows = [line for line in drawing if re.match(r"\d  [Aa]", line)]
    ruler = drawing[drawing.index(rows[0]) - 1]
    assert len(rows) == 2 and all(len(line) <= max(width, 13) for line in [*rows, ruler])
    assert len(rows[0]) > min(width, 333) * 0.45


def test_rows_whose_seats_have_other_names_show_the_first_and_the_last() -> None:
    seats = [*a_row("fff", price=GOLD), *a_row("ffff", row="Loge", price=GOLD)]
    seats[0]["seat"] = "W1"
    assert text(seats, width=80) == [
        "Stand A   7 of 7 free",
        "           front",
        "   1  W1  A A A  3",
        "Loge   1  A A A A  4",
        "",
        "A = gold 45.00 EUR   7 of 7 free",
    ]


def test_a_plan_without_prices_is_drawn_too() -> None:
    assert text(a_row("fff"), width=80) == [
        "Stand A   3 of 3 free",
        "   front",
        "   1",
        "1  A A A",
        "",
        "A = without a price   3 of 3 free",
    ]
    assert text(a_row("f", price=("gold", None)))[-1] == "A = gold   1 of 1 free"
    assert text(a_row("f", price=(None, "12.50")))[-1] == "A = 12.50 EUR   1 of 1 free"


def test_the_dearest_category_is_a_and_letters_are_the_same_in_every_stand() -> None:
    seats = [*a_row("f", stand="N", price=("x", "9.00")), *a_row("f", stand="S", price=("y", "10.00"))]
    assert [line for line in text(seats, stand="N") if " = " in line] == ["B = x 9.00 EUR   1 of 1 free"]
    assert [line for line in text(seats, stand="S") if " = " in line] == ["A = y 10.00 EUR   1 of 1 free"]


def test_there_may_be_more_categories_than_letters() -> None:
    seats = [seat for n in range(30) for seat in a_row("f", row=str(n), price=(f"c{n}", f"{99 - n}.00"))]
    legend = [line for line in text(seats) if " = " in line]
    assert [line[0] for line in legend] == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"++++"]


def stadium(stands: str = "NESW", rows: int = 20) -> list[dict[str, Any]]:
    return [
        seat
        for stand in stands
        for row in range(1, rows + 1)
        for seat in a_row(
            "ff*." if stand == "N" else "ffff", stand=stand, row=str(row), price=GOLD if row < 3 else SILVER
        )
    ]


def test_a_large_match_is_an_overview_until_a_stand_is_named() -> None:
    assert text(stadium(), width=80) == [
        "Stand N  ██████████░░░░░░░░░░  AB  40 of 80 free, 20 held, 20 sold, 20 yours",
        "Stand E  ████████████████████  AB  80 of 80 free",
        "Stand S  ████████████████████  AB  80 of 80 free",
        "Stand W  ████████████████████  AB  80 of 80 free",
        "",
        "A = gold 45.00 EUR   28 of 32 free",
        "B = silver 25.00 EUR   252 of 288 free",
        "--stand NAME draws one of them",
    ]
    assert text(stadium(), stand="N", width=80)[:4] == [
        "Stand N   40 of 80 free, 20 held, 20 sold, 20 yours",
        "     front",
        "    1",
        " 1  A A * .",
    ]


def test_several_small_stands_are_drawn_below_each_other() -> None:
    assert [line for line in text(stadium("NS", rows=3)) if line.startswith("Stand")] == [
        "Stand N   6 of 12 free, 3 held, 3 sold, 3 yours",
        "Stand S   12 of 12 free",
    ]


def test_one_large_stand_needs_no_name() -> None:
    assert "70  BBBB" in text(stadium("S", rows=70))


def test_a_stand_that_is_not_there_is_told_those_that_are() -> None:
    with pytest.raises(NotFound, match="there is no stand 'X'") as caught:
        lines(MATCH, stand="X")
    assert caught.value.hint == "the stands: A"


def test_a_stand_without_a_free_seat_has_an_empty_bar() -> None:
    seats = [seat for n in range(61) for seat in a_row("..", stand="A" if n else "B", row=str(n), price=GOLD)]
    assert text(seats)[0] == "Stand B  ░░░░░░░░░░░░░░░░░░░░  A  0 of 2 free, 2 sold"


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/A12]", ":smile:", "[link=http://x]y[/link]", "\\[x]"])
def test_a_name_is_never_markup(name: str) -> None:
    out = drawn(a_row("ff", stand=name, row=name, price=(name, "1.00")))
    assert f"Stand {name}" in out and f"A = {name} 1.00 EUR" in out and f"\n{name}  A A" in out


@given(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9))
def test_no_name_reaches_a_terminal_raw(name: str, seat: str) -> None:
    seats = a_row("f~.#*f", stand=name, row=name, price=(name, "1.00"))
    seats[0]["seat"] = seat
    out = drawn(seats) + drawn(
        [{**one, "stand": f"{one['stand']}{n}", "row": str(n)} for n in range(70) for one in seats]
    )
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in out)


def test_names_that_are_wider_than_their_letters_keep_the_rows_in_line() -> None:
    rows = [line for line in text([*a_row("ff", row="北"), *a_row("ff", row="1")]) if line.endswith("AA")]
    assert rows == ["北  AA", " 1  AA"]


def test_colours_only_add_to_the_signs() -> None:
    plain, coloured = drawn(MATCH), drawn(MATCH, has_colour=True)
    assert "\x1b[" not in plain and re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[1;36mA A \x1b[0m" in coloured or "\x1b[1;36mA A\x1b[0m" in coloured
    assert "\x1b[1;7m*\x1b[0m" in coloured


def test_nothing_is_cut_or_scaled_off_a_terminal() -> None:
    out = drawn([*a_row("f" * 500, price=GOLD)], is_terminal=False)
    assert f"1  {'A' * 500}\n" in out and "\x1b" not in out and not re.search(r" +$", out, re.MULTILINE)


@given(st.lists(st.text("f~.#*", min_size=1, max_size=60), min_size=1, max_size=6), st.integers(8, 70) | st.none())
def test_every_seat_is_under_its_sign(pictures: list[str], width: int | None) -> None:
    seats = [seat for n, picture in enumerate(pictures) for seat in a_row(picture, row=f"r{n}", price=GOLD)]
    room = max(map(len, pictures)) if width is None else max(10, width - 4)
    per_sign = -(-max(map(len, pictures)) // room)
    rows = [line[4:].replace(" ", "") for line in text(seats, width=width) if re.match(r"r\d ", line)]
    for picture, row in zip(pictures, rows, strict=True):
        groups = [picture[n : n + per_sign] for n in range(0, len(picture), per_sign)]
        assert len(row) == len(groups)
        for group, sign in zip(groups, row, strict=True):
            if "*" in group:
                assert sign == "*"
            elif "f" in group:
                assert sign == ("A" if set(group) == {"f"} else "a")
            else:
                assert group.count(sign) == max(map(group.count, group))
