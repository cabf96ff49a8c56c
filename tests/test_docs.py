"""The pages for people say what the code says: every table is compared with what it is about."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.openapi.utils import get_openapi

from classbook import __version__, errors, values
from classbook.cli import exits
from classbook.cli.root import command, command_variables
from classbook.config import KEYS, TERMS_OF, Settings, load, variable
from classbook.errors import ClassbookError
from classbook.rules.kinds import KINDS
from classbook.rules.states import ARROWS
from classbook.web import problems
from classbook.web.api import ROUTERS
from classbook.web.routes import access
from classbook.web.visit import anyone

ROOT = Path(__file__).parent.parent
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
README, CONFIGURATION, SHAPES = PAGES["README.md"], PAGES["docs/configuration.md"], PAGES["docs/shapes.md"]


# --- reading a page ------------------------------------------------------------------------------------------------


def tables(page: str, *header: str) -> list[list[str]]:
    """The rows of all tables on a page that begin with these columns."""
    found: list[list[str]] = []
    inside = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[: len(header)] == list(header):
            inside = True
        elif not cells:
            inside = False
        elif inside and set(cells[0]) != {"-"}:
            found.append(cells)
    assert found, f"no table with the columns {header}"
    return found


def words(cell: str) -> list[str]:
    """What stands in a cell as code, one word after the other."""
    return [word.strip() for code in re.findall(r"`([^`]*)`", cell) for word in code.split(",")]


def section(page: str, title: str) -> str:
    """The text below a heading, to the next one of its rank."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found[1]


# --- the pages for people ------------------------------------------------------------------------------------------


def test_the_state_chart_is_the_state_table() -> None:
    [_, *actions] = next(iter(re.findall(r"^\| (from .*) \|$", README, re.MULTILINE))).split(" | ")
    drawn = {
        state: {action: after for action, after in zip(actions, after_each, strict=True) if after != "·"}
        for state, *after_each in tables(README, "from \\ action")
    }
    finals = words(section(README, "How a booking lives").partition("are final")[0].rpartition("\n\n")[2])
    assert drawn | {state: {} for state in finals} == ARROWS


def test_every_refusal_is_in_the_table_with_its_numbers() -> None:
    leaves = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ClassbookError)]
    numbers = {category: (code, problems.STATUS[category]) for category, (code, _) in exits.CATEGORIES.items()}
    expected: dict[tuple[str, str], set[str]] = {}
    for leaf in leaves:
        if not leaf.__name__.startswith("_"):
            exit_code, status = numbers[leaf.category]
            expected.setdefault((str(exit_code), str(status)), set()).add(leaf.code)
    rows = tables(SHAPES, "exit", "HTTP", "code")
    assert {(exit_code, status): set(words(codes)) for exit_code, status, codes, _ in rows if codes} == expected
    assert {row[0] for row in rows if not row[2]} == {"0", str(exits.USAGE), str(exits.INTERRUPTED)}
    assert (str(exits.NOT_WELL), "doctor") in [(row[0], word) for row in rows for word in words(row[3])]


def test_both_faces_give_a_refusal_the_same_status() -> None:
    assert {category: status for category, (_, status) in exits.CATEGORIES.items()} == problems.STATUS


def test_every_setting_is_in_the_table_with_its_variable() -> None:
    shown = {words(key)[0]: words(twin) for key, _, twin, _ in tables(CONFIGURATION, "key", "default")}
    assert shown == {name: [variable(name)] for name in KEYS if not name.startswith("policy.")}


def test_every_term_is_in_the_table_with_the_default_of_every_kind() -> None:
    [_, *kinds] = next(iter(re.findall(r"^\| (term \|.*?) \| \|$", CONFIGURATION, re.MULTILINE))).split(" | ")
    shown = {
        f"policy.{kind}.{words(row[0])[0]}": words(cell)
        for row in tables(CONFIGURATION, "term")
        for kind, cell in zip(kinds, row[1:], strict=False)
        if cell != "·"
    }
    assert shown.keys() == {name for name in KEYS if name.startswith("policy.")}
    for name, said in shown.items():
        _, kind, term = name.split(".")
        if kind in KINDS:
            default = asdict(KINDS[kind].policy)[TERMS_OF[kind][term][0]]
            assert (KEYS[name](said[0]) if said else None) == default, name


@pytest.mark.parametrize("row", tables(CONFIGURATION, "key", "default"), ids=lambda row: words(row[0])[0])
def test_a_default_in_the_table_is_the_default(row: list[str]) -> None:
    name, said = words(row[0])[0], words(row[1])[:1]
    if not said:
        assert setting(Settings(), name) in (None, ())
    elif name in ("secret_file", "mail.maildir"):
        # Found beside the database or the file when it is needed; the name is given there.
        assert setting(Settings(), name) is None
        assert said[0] in (ROOT / "classbook.toml").read_text()
    else:
        assert setting(load(config_path=None, environ={}, overrides={name: said[0]}), name) == setting(Settings(), name)


def setting(settings: Settings, name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else getattr(found, part)
    return found


def test_every_variable_on_the_pages_is_one() -> None:
    pages = "\n".join(PAGES.values())
    named = dict.fromkeys(re.findall(r"CLASSBOOK_(?!TEST_|BENCH_)[A-Z_]*[A-Z]", pages), "")
    unknown = set(load(config_path=None, environ=named, overrides={}).unknown_variables) - command_variables()
    assert unknown == set()
    options: list[Any] = [param for param in command().params if not (param.is_eager or param.expose_value is False)]
    assert named.keys() >= {param.envvar or f"CLASSBOOK_{param.name.upper()}" for param in options}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = {words(package)[0]: why for package, why in tables(README, "package", "why")}
    assert list(reasons) == [distribution(each) for each in project["dependencies"]]
    assert all(reasons.values())
    extra = section(README, "Dependencies").rpartition("The extra `test`")[2]
    assert words(extra) == [distribution(each) for each in project["optional-dependencies"]["test"]]


def distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def test_every_shape_is_in_the_table() -> None:
    shown = {name: words(names) for name, names in tables(SHAPES, "shape", "fields")}
    inner = {"Actor", "RequestKey", "Login", "Money", "Page", "Numbered"}
    ours = {name: kind for name, kind in vars(values).items() if getattr(kind, "__module__", "") == values.__name__}
    shapes = {name: kind for name, kind in ours.items() if isinstance(kind, type) and is_dataclass(kind)}
    assert shown == {
        name: [values.shown_name(field.name) for field in fields(kind)]
        for name, kind in shapes.items()
        if name not in inner
    }


def test_every_room_of_the_house_is_in_the_tree() -> None:
    [tree] = re.findall(r"```\n(.*?)```", section(PAGES["docs/decisions.md"], "The tree"), re.DOTALL)
    lines = [line for line in tree.splitlines() if line.strip()]
    rooms = [line.split()[0] for line in lines if line.startswith("  ")]
    there = [f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "classbook").iterdir()]
    assert sorted(rooms) == sorted(name for name in there if not name.startswith("__"))
    assert all((ROOT / line.split()[0]).exists() for line in lines if not line.startswith("  "))
    assert all(len(line.split()) > 1 for line in lines[1:])


# --- the HTTP page -------------------------------------------------------------------------------------------------


def test_every_route_is_on_its_page_with_who_may_use_it() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    served = {
        (method, re.sub(r":\w+}", "}", route.path)): access(route) is anyone  # type: ignore[attr-defined, arg-type]
        for route in routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    rows = tables(PAGES["docs/http.md"], "path", "verb", "who", "takes")
    assert all(row[2].startswith(("anyone", "logged in")) for row in rows)
    shown = {(verb, words(row[0])[0]): row[2].startswith("anyone") for row in rows for verb in row[1].split(", ")}
    assert shown == served


def test_every_field_that_a_route_takes_is_on_the_page() -> None:
    described = get_openapi(title="", version="", routes=[route for router in ROUTERS for route in router.routes])
    taken = {
        (verb.upper(), path): sorted(taken_by(operation, described))
        for path, operations in described["paths"].items()
        for verb, operation in operations.items()
    }
    shown = {
        (verb, words(row[0])[0]): sorted(words(row[3]))
        for row in tables(PAGES["docs/http.md"], "path", "verb", "who", "takes")
        for verb in row[1].split(", ")
    }
    assert {route: shown[route] for route in taken} == taken
    assert not any(names for route, names in shown.items() if route not in taken)


def taken_by(operation: dict[str, Any], described: dict[str, Any]) -> Iterator[str]:
    """The fields of a query or a body; those of any type are read-only ones that may come back."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            yield parameter["name"] + ("" if parameter["required"] else "?")
    if body := operation.get("requestBody"):
        reference = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = described["components"]["schemas"][reference]
        for name, field in schema.get("properties", {}).items():
            if field.keys() & {"type", "anyOf", "$ref"}:
                yield name + ("" if name in schema.get("required", ()) else "?")


# --- commands ------------------------------------------------------------------------------------------------------


def commands_typed(page: str) -> Iterator[list[str]]:
    """The words after ``classbook`` wherever a block of shell on the page runs it."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            if language not in ("console", "sh", "ini", "") or not re.search(r"\bclassbook\b", line):
                continue
            yield from runs_of_classbook(line.removeprefix("$ "))


def runs_of_classbook(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    run: list[str] | None = None
    for token in lexer:
        if set(token) <= set("();<>|&"):
            if run is not None:
                yield run
            run = None
        elif run is not None:
            run.append(token)
        elif token == "classbook" or token.endswith("/bin/classbook"):
            run = []
    if run is not None:
        yield run


def parse(found: Any, args: list[str], parent: Any = None) -> None:
    """Go through a command line as the program would, up to the point where it would run. Raises what it would."""
    context = found.make_context(found.name, list(args), parent=parent)
    if hasattr(found, "commands"):
        _, inner, rest = found.resolve_command(context, [*context._protected_args, *context.args])
        parse(inner, rest, context)


TYPED = sorted({tuple(run) for page in PAGES.values() for run in commands_typed(page)})


def test_the_pages_show_commands() -> None:
    assert len(TYPED) > 30


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_a_command_on_a_page_can_be_typed(typed: tuple[str, ...]) -> None:
    try:
        parse(command(), list(typed))
    except typer.Exit:
        assert "--help" in typed


@pytest.mark.parametrize(
    "typed",
    ["class make Yoga", "class create Yoga", "reserve 1 --seats A-1", "class list --status full", "reserve --json 1"],
)
def test_a_command_that_does_not_exist_is_caught(typed: str) -> None:
    with pytest.raises(typer.TyperException):
        parse(command(), typed.split())


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("python3 -m venv .venv && .venv/bin/classbook demo", [["demo"]]),
        ("echo secret | classbook user create a@b --name 'A B' > out", [["user", "create", "a@b", "--name", "A B"]]),
        ("* * * * *  cd /srv && classbook daemon --once", [["daemon", "--once"]]),
        ("ExecStart=/srv/.venv/bin/classbook daemon", [["daemon"]]),
        ("createdb classbook_owner", []),
    ],
)
def test_commands_are_found_in_a_line_of_shell(line: str, runs: list[list[str]]) -> None:
    assert list(runs_of_classbook(line)) == runs


def test_the_page_of_commands_is_current() -> None:
    """Where this fails, run: python docs/commands.py > docs/commands.md"""
    made = subprocess.run([sys.executable, ROOT / "docs/commands.py"], capture_output=True, text=True, check=True)
    assert PAGES["docs/commands.md"] == made.stdout


# --- all pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = PAGES[name]
    for target in re.findall(r"\]\(([^)]+)\)", page):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            there = (ROOT / name).parent.joinpath(path).resolve() if path else ROOT / name
            assert there.exists(), target
            assert not anchor or anchor in anchors_of(there.read_text()), target


def anchors_of(page: str) -> set[str]:
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in headings_of(page)}


def headings_of(page: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", page, re.MULTILINE)


def test_what_the_code_refers_to_is_there() -> None:
    sources = [ROOT / "pyproject.toml", *(ROOT / "classbook").rglob("*.py"), *(ROOT / "docs").glob("*.md")]
    referred = [text for path in sources for text in re.findall(r'README,\s+"([^"]+)"', path.read_text())]
    assert referred and set(referred) <= set(headings_of(README))
    pages = {text for path in sources for text in re.findall(r"docs/\w+\.md", path.read_text())}
    assert pages and pages <= PAGES.keys()


def test_the_newest_change_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert headings_of(PAGES["CHANGELOG.md"])[1] == __version__ == project["version"]
