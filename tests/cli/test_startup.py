"""What a start costs is what it imports. Modules are counted and not seconds, so that no machine makes this flicker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import json, sys
from classbook.cli import main
code = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def imported_by(*words: str, folder: Path) -> set[str]:
    """The top-level modules that were loaded when this command ended well, in a process of its own."""
    ran = subprocess.run([sys.executable, "-c", _SCRIPT, *words], cwd=folder, capture_output=True, text=True)
    code, modules = json.loads(ran.stderr.splitlines()[-1])
    assert code == 0, ran.stderr
    return set(modules)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["class", "--help"], ["provider", "create", "--help"], ["slots", "--help"]]
    + [["reserve", "--help"], ["daemon", "--help"]],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    heavy = {"sqlalchemy", "fastapi", "alembic", "pydantic", "starlette", "psycopg", "yagmail", "rich", "schedule"}
    heavy |= {"jinja2", "markupsafe"}
    assert imported_by(*words, folder=tmp_path) & heavy == set()


def test_init_does_not_load_the_web(tmp_path: Path) -> None:
    assert imported_by("init", folder=tmp_path) & {"fastapi", "starlette", "pydantic"} == set()


def test_booking_loads_neither_the_web_nor_the_migrations_nor_mail(tmp_path: Path) -> None:
    imported_by("user", "create", "ana@example.org", "--name", "Ana", folder=tmp_path)
    imported_by(
        "class", "create", "Yoga", "--seats", "3", "--start", "tomorrow 18:00", "--duration", "1h", folder=tmp_path
    )
    unwanted = {"fastapi", "starlette", "pydantic", "alembic", "schedule", "yagmail", "uvicorn", "jwt", "jinja2"}
    unwanted |= {"icalendar", "segno"}
    for words in (["reserve", "1", "--user", "ana@example.org"], ["confirm", "1"], ["cancel", "1"], ["class", "list"]):
        assert imported_by(*words, folder=tmp_path) & unwanted == set(), words
