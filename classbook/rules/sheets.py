"""CSV as people have it: which columns there are, what stands on which line, and everything that is wrong with it.

Lines are counted as an editor shows them, also behind cells with line breaks. Empty lines are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from classbook.errors import ClassbookError, Fault, Hint, Invalid
from classbook.rules.plans import shown

MOST_BYTES: Final = 16 * 2**20
MOST_LINES: Final = 10_000
"""Of things to make, in one file."""

_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Line(NamedTuple):
    """One record: the number of the line it begins on, and its cells by column, empty ones left out."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a sort of file."""

    what: str
    """What such a file is, like "A list of people"."""
    known: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    """Of each group one must be there."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    passed_over: frozenset[str] = frozenset()
    """What lists print and nobody can choose."""

    @property
    def hint(self) -> str:
        return f"The first line names the columns, with commas between. Known are: {','.join(self.known)}."


@dataclass(slots=True)
class Faults:
    """Everything that is wrong with a file."""

    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, refusal: ClassbookError, *, column: str | None = None, cell: str | None = None) -> None:
        self.found.append(Fault(line, column, None if cell is None else shown(cell), refusal))

    @property
    def lines(self) -> set[int]:
        return {fault.line for fault in self.found}

    def refuse(self) -> None:
        """Raise all of them as one refusal, by the line; none, no refusal. What they have in common is its code."""
        if not self.found:
            return
        faults = tuple(sorted(self.found, key=lambda fault: fault.line))
        kinds = {type(fault.refusal) for fault in faults}
        kind = kinds.pop() if len(kinds) == 1 else Invalid
        lines = len(self.lines)
        raise kind(
            f"{lines:,} {'line' if lines == 1 else 'lines'} cannot be imported, so nothing was.",
            hint=Hint("Mend what is listed and import the whole file again; {} only looks.", "only look"),
            faults=faults,
        )


def decoded(data: bytes) -> str:
    """The text of a file. Raises Invalid for one that is too large or not UTF-8 (with or without its mark)."""
    if len(data) > MOST_BYTES:
        raise Invalid(f"The file is larger than {MOST_BYTES // 2**20} MiB.", hint="Import it in several parts.")
    if data.startswith(_UTF_16):
        raise Invalid("The file is UTF-16 text.", hint="Save it as CSV in UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"Line {line} is not UTF-8 text (byte 0x{data[error.start]:02X}).", hint="Save it as CSV in UTF-8."
        ) from None


def records(text: str) -> Iterator[tuple[int, list[str] | Invalid]]:
    """The number of each line that is not empty, and its cells; or why they cannot be told apart."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Invalid(f"{str(error).capitalize()}.", hint='A cell with quotes is written as "a ""b"" c".')
        else:
            if any(cell.strip() for cell in cells):
                yield line, cells


def columns_of(header: Sequence[str], layout: Layout) -> tuple[tuple[str, ...], list[tuple[str, Invalid]]]:
    """The columns by the names we know them by, and (as written, what is wrong) of those that cannot be."""
    written = [name.strip().lower().replace("-", "_").replace(" ", "_") for name in header]
    columns = tuple(layout.synonyms.get(name, name) for name in written)
    wrong = []
    for n, (name, column) in enumerate(zip(written, columns, strict=True)):
        if column not in layout.known and column not in layout.passed_over:
            wrong.append((header[n], Invalid(f"{layout.what} has no column {shown(header[n])}.", hint=layout.hint)))
        elif column in columns[:n]:
            twice, first = f"The column {name} is there twice.", written[columns.index(column)]
            said = twice if name == first else f"The columns {first} and {name} mean the same."
            wrong.append((header[n], Invalid(said, hint=layout.hint)))
    for group in layout.needed:
        if not set(group) & set(columns):
            wrong.append(("", Invalid(f"The column {' or '.join(group)} is missing.", hint=layout.hint)))
    return columns, wrong


def read(text: str, layout: Layout, faults: Faults) -> tuple[list[Line], tuple[str, ...]]:
    """The lines that can be told apart, and the columns that are passed over. What is wrong goes to ``faults``.

    Raises Invalid for a header that is no header, and for a file with too many lines.
    """
    found = records(text)
    line, header = next(found, (1, []))
    if isinstance(header, Invalid):
        raise header.met_in(f"Line {line}")
    columns, wrong = columns_of(header, layout)
    for name, refusal in wrong:
        faults.add(line, refusal, cell=name or None)
    if wrong:
        faults.refuse()
    lines = []
    for n, (number, cells) in enumerate(found, 1):
        if n > MOST_LINES:
            raise Invalid(f"The file has more than {MOST_LINES:,} lines.", hint="Import it in several parts.")
        if isinstance(cells, Invalid):
            faults.add(number, cells)
        elif len(cells) != len(columns):
            faults.add(number, not_as_many(cells, columns))
        else:
            named = zip(columns, map(_as_typed, cells), strict=True)
            lines.append(Line(number, {column: cell for column, cell in named if cell.strip()}))
    return lines, tuple(column for column in columns if column in layout.passed_over)


def not_as_many(cells: Sequence[str], columns: Sequence[str]) -> Invalid:
    """What is said of a line that is not divided like the first one."""
    return Invalid(
        f"There {'is 1 cell' if len(cells) == 1 else f'are {len(cells)} cells'} for {len(columns)} columns "
        f"({','.join(columns)}).",
        hint='A cell with a comma in it stands in quotes: "a, b".',
    )


def _as_typed(cell: str) -> str:
    """A cell as it was before a list printed it: text that looks like a formula gets a ``'`` before it there."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell
