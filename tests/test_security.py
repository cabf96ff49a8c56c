"""docs/security.md is kept: every threat names a test that there is, or says why it does not apply."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.test_docs import PAGES, ROOT, tables, words

THREATS = tables(PAGES["docs/security.md"], "threat", "what keeps it off", "shown by")
LEAST = {
    "argon2-cffi": "21.2",
    "jinja2": "3.1.6",
    "pyjwt": "2.15.1",
    "pysqlite3": "0.6.1",
}
"""The first versions without what has gone wrong in them: forged tokens (PyJWT), a way out of the sandbox (Jinja),
acknowledged commits that were lost (the SQLite that pysqlite3 brings)."""


@cache
def names_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[0][:60])
def test_a_threat_has_tests_or_a_reason(row: list[str]) -> None:
    _, kept_off, shown_by = row
    named = words(shown_by)
    assert bool(named) != kept_off.startswith("does not apply: ")
    for one in named:
        path, _, name = one.partition("::")
        assert name in names_in(ROOT / path), one


def test_libraries_are_new_enough() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    for name, least in LEAST.items():
        assert number(version(name)) >= number(least), name
        [bound] = re.findall(rf'"{name}(?:\[\w+\])?>=([\d.]+)', project)
        assert number(bound) >= number(least), name


def number(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))
