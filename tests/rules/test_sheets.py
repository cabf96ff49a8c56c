"""CSV as people have it: lines are counted as an editor counts them, and everything that is wrong is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classbook.errors import NO_STEPS, ClassbookError, Exists, Invalid
from classbook.rules import sheets
from classbook.rules.sheets import Faults, Layout, Line, decoded, read

LAYOUT = Layout(
    "A list",
    ("title", "start", "end", "duration", "max_per_person"),
    (("title",), ("end", "duration")),
    {"starts_at": "start"},
    frozenset({"id"}),
)


def lines(text: str) -> list[Line]:
    faults = Faults()
    found, _ = read(text, LAYOUT, faults)
    faults.refuse()
    return found


def told(text: str) -> list[str]:
    with pytest.raises(ClassbookError) as caught:
        lines(text)
    return [fault.in_words(NO_STEPS) for fault in caught.value.faults] or [caught.value.detail]


def test_lines_keep_their_numbers_behind_empty_ones_and_line_breaks_in_cells() -> None:
    found = lines('title,end\n\n"a\nb",1\n , \nc,2\r\nd,3\r"e\r\n\r\nf",4\n')
    assert [(line.number, line.cells["title"]) for line in found] == [
        (3, "a\nb"),
        (6, "c"),
        (7, "d"),
        (8, "e\r\n\r\nf"),
    ]


def test_columns_are_found_by_any_of_their_names() -> None:
    found = lines("ID, Title ,STARTS_AT,Max-per person,duration\n7,a,b,4,1h\n")
    assert found == [Line(2, {"id": "7", "title": "a", "start": "b", "max_per_person": "4", "duration": "1h"})]
    assert read("id,title,end\n", LAYOUT, Faults())[1] == ("id",)


def test_an_empty_cell_is_no_cell() -> None:
    assert lines("title,end,start\na,1, \n") == [Line(2, {"title": "a", "end": "1"})]


def test_what_a_list_wrote_against_formulas_is_taken_away_again() -> None:
    assert lines("title,end\n'=1+1,'+49 30\n'quoted,'\n") == [
        Line(2, {"title": "=1+1", "end": "+49 30"}),
        Line(3, {"title": "'quoted", "end": "'"}),
    ]


KNOWN = "The first line names the columns, with commas between. Known are: title,start,end,duration,max_per_person."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["line 1: The column title is missing.", f"line 1: The column end or duration is missing. {KNOWN}"]),
        ("title,end,colour\n", [f"line 1: A list has no column 'colour'. {KNOWN}"]),
        ("\ntitle,end,title\n", [f"line 2 'title': The column title is there twice. {KNOWN}"]),
        ("title,end,start,starts_at\n", ["line 1 'starts_at': The columns start and starts_at mean the same."]),
        ("title;end\n", ["line 1: A list has no column 'title;end'."]),
        ("title,,end\n", [f"line 1: A list has no column ''. {KNOWN}"]),
    ],
)  # fmt: skip
def test_a_header_that_is_wrong_names_what_and_what_is_known(text: str, says: list[str]) -> None:
    assert all(one.startswith(said) for one, said in zip(told(text), says, strict=False))


def test_every_line_that_cannot_be_told_apart_is_told() -> None:
    assert told('title,end\na,1,2\n"b"c,1\nd\n"e') == [
        'line 2: There are 3 cells for 2 columns (title,end). A cell with a comma in it stands in quotes: "a, b".',
        'line 3: \',\' expected after \'"\'. A cell with quotes is written as "a ""b"" c".',
        'line 4: There is 1 cell for 2 columns (title,end). A cell with a comma in it stands in quotes: "a, b".',
        'line 5: Unexpected end of data. A cell with quotes is written as "a ""b"" c".',
    ]


def test_too_many_lines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_LINES", 2)
    assert told("title,end\na,1\nb,1\nc,1\n") == ["The file has more than 2 lines."]
    assert len(lines("title,end\na,1\n\nb,1\n")) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("title\nZürich\n".encode("latin-1"), "Line 2 is not UTF-8 text (byte 0xFC)."),
        ("title\n".encode("utf-16"), "The file is UTF-16 text."),
        (b"a" * (sheets.MOST_BYTES + 1), "The file is larger than 16 MiB."),
    ],
    ids=["latin-1", "utf-16", "large"],
)
def test_another_encoding_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        decoded(data)
    assert caught.value.detail == says


def test_the_mark_of_utf_8_is_no_part_of_the_text() -> None:
    assert decoded("\ufefftitle\nZürich".encode()) == "title\nZürich"


def test_the_code_of_many_faults_is_the_one_that_they_share() -> None:
    faults = Faults()
    faults.refuse()
    faults.add(3, Exists("It is there."), column="title", cell="a\x1b[2J")
    with pytest.raises(Exists, match="1 line cannot be imported, so nothing was"):
        faults.refuse()
    faults.add(2, Invalid("No."))
    with pytest.raises(Invalid, match="2 lines cannot") as caught:
        faults.refuse()
    assert [fault.in_words(NO_STEPS) for fault in caught.value.faults] == [
        "line 2: No.",
        "line 3, title 'a?[2J': It is there.",
    ]


@given(st.text(st.sampled_from("a1,\"\n\r\x00\x1b;\t'"), max_size=60))
def test_any_text_is_lines_or_refused(text: str) -> None:
    try:
        found = lines("title,end\n" + text)
    except ClassbookError as refused:
        assert refused.faults or isinstance(refused, Invalid)
    else:
        assert [line.number for line in found] == sorted({line.number for line in found})
