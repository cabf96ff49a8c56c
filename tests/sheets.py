"""What stands in a spreadsheet, read from its own files: numbers, dates and texts as a program for them sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml
from zipfile import ZipFile

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    """The rows of each sheet by its title. Formulas, which there should not be, are shown as ``FORMULA``."""
    with ZipFile(path) as archive:
        titles = [one.attrib["name"] for one in Xml.fromstring(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")]
        dated = _dated_styles(Xml.fromstring(archive.read("xl/styles.xml")))
        return {
            title: list(_rows(Xml.fromstring(archive.read(f"xl/worksheets/sheet{n}.xml")), dated))
            for n, title in enumerate(titles, start=1)
        }


def _dated_styles(styles: Xml.Element) -> set[int]:
    formats = {one.attrib["numFmtId"]: one.attrib["formatCode"] for one in styles.iter(f"{_MAIN}numFmt")}
    [used] = styles.iter(f"{_MAIN}cellXfs")
    return {n for n, one in enumerate(used) if "yyyy" in formats.get(one.attrib["numFmtId"], "")}


def _rows(sheet: Xml.Element, dated: set[int]) -> Iterator[list[Any]]:
    for row in sheet.iter(f"{_MAIN}row"):
        found = {_column(cell.attrib["r"]): _value(cell, dated) for cell in row}
        yield [found.get(column) for column in range(max(found, default=-1) + 1)]


def _column(reference: str) -> int:
    """0 for A7, 26 for AA7."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: Xml.Element, dated: set[int]) -> Any:
    if cell.find(f"{_MAIN}f") is not None:
        return "FORMULA"
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        return "".join(cell.itertext())
    text = cell.findtext(f"{_MAIN}v") or ""
    if kind == "b":
        return text == "1"
    assert kind == "n", kind
    if int(cell.attrib.get("s", "0")) in dated:
        return datetime(1899, 12, 30) + timedelta(milliseconds=round(float(text) * 86_400_000))
    return float(text)
