"""The house keeps its rules: what import-linter cannot see, each rule shown once to catch a breach.

A rule is a function from a file to its breaches. The arrows between the floors are import-linter's contracts in
pyproject.toml; here they are run, so that `pytest` alone tells.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from classbook import errors

ROOT = Path(__file__).parent.parent

HOMES: dict[str, tuple[str, ...]] = {
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "psycopg": ("store/",),
    "pysqlite3": ("store/",),
    "sqlite3": ("store/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "fastapi": ("web/",),
    "fastapi_offline": ("web/",),
    "starlette": ("web/",),
    "pydantic": ("web/",),
    "uvicorn": ("web/",),
    "jinja2": ("cli/report_page.py", "web/pages/", "world/stationery.py"),
    "icalendar": ("rules/calendars.py",),
    "segno": ("rules/tickets.py",),
    "jwt": ("web/tokens.py",),
    "schedule": ("daemon.py", "daemon/"),
    "yagmail": ("world.py", "world/"),
    "smtplib": ("world.py", "world/"),
    "argon2": ("world.py", "world/"),
    "secrets": ("world.py", "world/"),
    "xlsxwriter": ("cli/workbook.py",),
    "prometheus_client": ("metrics.py",),
    "sentry_sdk": ("world/sentry.py",),
    "zxcvbn": ("rules/passwords.py",),
}
"""Each foreign name, and where in classbook/ it may be imported."""

REFUSALS = {name for name, found in vars(errors).items() if isinstance(found, type)} | {"usage_error"}

OFFERING_KINDS = {"class", "event", "match", "appointment", "resource"}

TOP_LEVEL = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "benchmarks",
    "classbook",
    "classbook.toml",
    "docs",
    "migrations",
    "pyproject.toml",
    "tests",
    "uv.lock",
}


@dataclass(frozen=True)
class Source:
    """A module: its path below classbook/ and its text."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    def lives_in(self, *homes: str) -> bool:
        return any(self.path == home or (home.endswith("/") and self.path.startswith(home)) for home in homes)

    def imported(self) -> Iterator[tuple[int, str]]:
        """The line and the full name of everything imported from elsewhere."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.lineno, node.module or ""

    def documentation(self) -> set[int]:
        """The ids of the strings that stand alone as a statement: docstrings, and those below an assignment."""
        return {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}


Rule = Callable[[Source], Iterator[str]]


def kinds_are_compared_only_in_their_home(source: Source) -> Iterator[str]:
    """`if offering.kind == "class"` spreads; a kind is a row of rules/kinds.py.

    A letter and a mailer have a kind, too, and a query may filter by one: what counts is a comparison with the name
    of a kind of offering, or with a constant.
    """
    if source.lives_in("rules/kinds.py"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            if any(_is_a_kind(operand) for operand in operands) and any(_names_one(operand) for operand in operands):
                yield f"{source.path}:{node.lineno} compares a kind"
        elif isinstance(node, ast.Match) and _is_a_kind(node.subject) and any(map(_names_one, node.cases)):
            yield f"{source.path}:{node.lineno} matches a kind"


def _is_a_kind(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "kind") or (
        isinstance(node, ast.Name) and node.id == "kind"
    )


def _names_one(node: ast.AST) -> bool:
    """Whether the name of a kind, or of a constant, stands in this expression."""
    for part in ast.walk(node):
        name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
        if (isinstance(part, ast.Constant) and part.value in OFFERING_KINDS) or name.isupper():
            return True
    return False


def there_is_one_clock(source: Source) -> Iterator[str]:
    """Wall time is read in world only; a duration may be measured anywhere with `time.monotonic`."""
    if source.lives_in("world.py", "world/"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in {
                ("datetime", "now"),
                ("datetime", "utcnow"),
                ("datetime", "today"),
                ("date", "today"),
                ("time", "time"),
                ("time", "time_ns"),
                ("time", "localtime"),
                ("time", "gmtime"),
            }:
                yield f"{source.path}:{node.lineno} reads {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                if alias.name not in {"monotonic", "perf_counter", "sleep"}:
                    yield f"{source.path}:{node.lineno} imports time.{alias.name}"


def foreign_names_stay_at_home(source: Source) -> Iterator[str]:
    for line, name in source.imported():
        homes = HOMES.get(name.partition(".")[0])
        if homes and not source.lives_in(*homes):
            yield f"{source.path}:{line} imports {name}, whose home is {' or '.join(homes)}"


def one_place_names_a_dialect(source: Source) -> Iterator[str]:
    """Only store/database/ decides by the database at hand; config/ reads the URL that names one."""
    if source.lives_in("store/database/", "config/"):
        return
    documentation = source.documentation()
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            if re.match(r"(sqlite|postgres|psycopg)\w*([:+/]|$)", node.value):
                yield f"{source.path}:{node.lineno} says {node.value!r}"
        elif isinstance(node, ast.Attribute) and re.match(r"sqlite|postgres|psycopg", node.attr):
            yield f"{source.path}:{node.lineno} asks for .{node.attr}"
        elif isinstance(node, ast.keyword) and re.match(r"sqlite|postgres", node.arg or ""):
            yield f"{source.path}:{node.lineno} sets {node.arg}"


def refusals_are_sentences(source: Source) -> Iterator[str]:
    """What happened, and what to do next: from a capital letter, or from the name of something, to a full stop."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
            hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            for text in map(_pieces, [*node.args[:1], *hints]):
                if text[0][:1].islower() or not text[-1].endswith((".", "?")):
                    yield f"{source.path}:{node.lineno} says {''.join(text)!r}"


def _pieces(node: ast.expr) -> list[str]:
    """What is written in a text, piece by piece: "" where something is filled in, "?" for a text from elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [part.value if isinstance(part, ast.Constant) else "" for part in values]  # type: ignore[misc]
        case ast.BinOp(left=left, right=right):
            return _pieces(left) + _pieces(right)
        case ast.Call(func=ast.Name(id="Hint"), args=[sentence, *_]):
            return _pieces(sentence)
    return ["?"]


def a_module_is_named_for_its_job(source: Source) -> Iterator[str]:
    if Path(source.path).stem in {"util", "utils", "helper", "helpers", "misc", "common"}:
        yield f"{source.path} is named for no job"


RULES: tuple[Rule, ...] = (
    kinds_are_compared_only_in_their_home,
    there_is_one_clock,
    foreign_names_stay_at_home,
    one_place_names_a_dialect,
    refusals_are_sentences,
    a_module_is_named_for_its_job,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    package = ROOT / "classbook"
    sources = [Source(path.relative_to(package).as_posix(), path.read_text()) for path in package.rglob("*.py")]
    assert [breach for source in sources for breach in rule(source)] == []


@pytest.mark.parametrize(
    ("rule", "path", "planted"),
    [
        (kinds_are_compared_only_in_their_home, "core/x.py", "if offering.kind == 'class': pass"),
        (kinds_are_compared_only_in_their_home, "core/x.py", "if 'class' != kind: pass"),
        (kinds_are_compared_only_in_their_home, "cli/x.py", "match row.kind:\n    case 'class': pass"),
        (kinds_are_compared_only_in_their_home, "cli/x.py", "timed = it.kind in {'match', 'resource'}"),
        (kinds_are_compared_only_in_their_home, "cli/x.py", "timed = it.kind == CLASS"),
        (there_is_one_clock, "core/x.py", "import datetime\nnow = datetime.datetime.now()"),
        (there_is_one_clock, "core/x.py", "from datetime import datetime\nnow = datetime.utcnow()"),
        (there_is_one_clock, "web/x.py", "import time\nissued = int(time.time())"),
        (there_is_one_clock, "web/x.py", "from time import time"),
        (foreign_names_stay_at_home, "core/x.py", "import sqlalchemy as sa"),
        (foreign_names_stay_at_home, "app.py", "def run():\n    from sqlalchemy.engine import make_url"),
        (foreign_names_stay_at_home, "web/x.py", "import jwt"),
        (foreign_names_stay_at_home, "web/x.py", "import typer"),
        (foreign_names_stay_at_home, "cli/x.py", "from schedule import every"),
        (foreign_names_stay_at_home, "core/x.py", "import secrets"),
        (one_place_names_a_dialect, "store/x.py", "if engine.dialect.name == 'sqlite': pass"),
        (one_place_names_a_dialect, "store/x.py", "from sqlalchemy import dialects\ndialects.postgresql.insert(t)"),
        (one_place_names_a_dialect, "store/x.py", "sa.Index('by_key', 'key', sqlite_where=condition)"),
        (one_place_names_a_dialect, "cli/x.py", "if url.startswith('postgresql://'): pass"),
        (refusals_are_sentences, "core/x.py", "raise NotFound('there is no class 9.')"),
        (refusals_are_sentences, "core/x.py", "raise NotFound(f'There is no class {id}')"),
        (refusals_are_sentences, "core/x.py", "return Invalid('No.', hint='write it' + ' like this.')"),
        (refusals_are_sentences, "core/x.py", "raise NotFound('No.', hint=Hint('{} shows it', 'list'))"),
        (refusals_are_sentences, "cli/x.py", "raise usage_error('--json and --format contradict each other')"),
        (a_module_is_named_for_its_job, "core/utils.py", ""),
    ],
)
def test_the_rule_catches_a_breach(rule: Rule, path: str, planted: str) -> None:
    assert list(rule(Source(path, planted)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (kinds_are_compared_only_in_their_home, "rules/kinds.py", "if offering.kind == 'class': pass"),
        (kinds_are_compared_only_in_their_home, "core/x.py", "row = KINDS[offering.kind]"),
        (kinds_are_compared_only_in_their_home, "core/x.py", "if letter.kind == 'held': pass"),
        (kinds_are_compared_only_in_their_home, "store/x.py", "query.where(offerings.c.kind == wanted.kind)"),
        (there_is_one_clock, "world.py", "from datetime import datetime\nnow = datetime.now()"),
        (there_is_one_clock, "store/x.py", "import time\nstarted = time.monotonic()"),
        (foreign_names_stay_at_home, "store/x.py", "import sqlalchemy as sa"),
        (one_place_names_a_dialect, "cli/x.py", '"""postgresql://... is an address."""'),
        (one_place_names_a_dialect, "store/database/x.py", "if engine.dialect.name == 'sqlite': pass"),
        (refusals_are_sentences, "core/x.py", "raise NotFound(f'{title} is gone.', hint='Is it?')"),
        (refusals_are_sentences, "core/x.py", "raise NotFound(f'{title} is gone.', hint=Hint('{} shows it.', 'list'))"),
        (refusals_are_sentences, "core/x.py", "raise NotFound(refusal.detail)"),
        (one_place_names_a_dialect, "cli/x.py", "print('PostgreSQL is migrated by db upgrade, SQLite by itself')"),
    ],
)
def test_the_rule_lets_good_code_pass(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(Source(path, text)))


def arrows(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter's contracts on the package in ``folder``."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_imports_only_go_down() -> None:
    run = arrows(ROOT)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("rules/planted.py", "import classbook.store.database"),
        ("core/planted.py", "def late():\n    from sqlalchemy import select"),
        ("store/planted.py", "from classbook.core import booking"),
    ],
)
def test_an_import_that_goes_up_is_caught(tmp_path: Path, module: str, planted: str) -> None:
    shutil.copytree(ROOT / "classbook", tmp_path / "classbook")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "classbook" / module).write_text(planted)
    run = arrows(tmp_path)
    assert run.returncode == 1
    assert "planted" in run.stdout


def test_every_dependency_is_used() -> None:
    """Three serve whoever has them: uvicorn its event loop and parser, Python's zoneinfo its time zones."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", each)[0] for each in project["dependencies"]}  # type: ignore[index]
    texts = "\n".join(path.read_text() for path in (ROOT / "classbook").rglob("*.py"))
    known_as = {"argon2-cffi": "argon2", "pyjwt": "jwt"}
    unused = {name for name in names if not re.search(rf"\b{known_as.get(name, name.replace('-', '_'))}\b", texts)}
    assert unused <= {"uvloop", "httptools", "tzdata"}


def test_the_top_level_holds_only_what_belongs_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode or not listed.stdout:
        pytest.skip("not a git clone: what belongs to the project cannot be told from what lies about")
    assert {name.partition("/")[0] for name in listed.stdout.splitlines()} <= TOP_LEVEL
