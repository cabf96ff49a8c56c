"""Spreadsheets: numbers are numbers, instants are dates, and what people wrote is text and never a formula.

Rows are written as they come and kept in a file beside until the end, so that a million of them need no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_048_576
"""On one sheet, the header included; what is more goes on another one."""
MOST_LETTERS: Final = 32_767
"""In one cell."""
_EXACT: Final = 2**53
"""Whole numbers up to here are told apart in a spreadsheet; larger ones are written as text."""
_MOST_WIDE: Final = 40


@contextmanager
def book(file: IO[bytes]) -> Iterator[Book]:
    """A workbook that is in ``file`` when the block ends well."""
    made = Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )
    yield Book(made)
    made.close()


class Book:
    def __init__(self, made: Workbook):
        self._made = made
        self._bold = made.add_format({"bold": True, "bottom": 1})
        self._instant = made.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._amount = made.add_format({"num_format": "#,##0.00"})
        self._share = made.add_format({"num_format": "0 %"})

    def sheet(self, title: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A sheet with a header that stays in sight; further ones of the same sort where one cannot hold all rows."""
        number, sheet, line = 1, self._begun(title, names), 1
        for row in rows:
            if line == MOST_ROWS:
                number, line = number + 1, 1
                sheet = self._begun(f"{title} {number}", names)
            for column, value in enumerate(row):
                self._write(sheet, line, column, value)
            line += 1
        # Not over what is empty: some programs call that a damaged file.
        if line > 1 and names:
            sheet.autofilter(0, 0, line - 1, len(names) - 1)

    def _begun(self, title: str, names: Sequence[str]) -> Worksheet:
        sheet = self._made.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            sheet.set_column(column, column, min(_MOST_WIDE, max(12, len(name) + 4)))
            sheet.write_string(0, column, name, self._bold)
        return sheet

    def _write(self, sheet: Worksheet, line: int, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(line, column, value)
        elif isinstance(value, Share):
            sheet.write_number(line, column, value.of_one, self._share)
        elif isinstance(value, int) and abs(value) <= _EXACT:
            sheet.write_number(line, column, value)
        elif isinstance(value, Decimal):
            sheet.write_number(line, column, float(value), self._format_of(value))
        elif isinstance(value, datetime):
            sheet.write_datetime(line, column, value.replace(tzinfo=None), self._instant)
        else:
            sheet.write_string(line, column, str(value)[:MOST_LETTERS])

    def _format_of(self, amount: Decimal) -> Format | None:
        return self._amount if amount.as_tuple().exponent == -2 else None


class Share:
    """A part of one, shown in percent."""

    def __init__(self, of_one: float):
        self.of_one = of_one
