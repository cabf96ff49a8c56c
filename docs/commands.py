"""Prints docs/commands.md, from the command line itself: python docs/commands.py > docs/commands.md"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from classbook.cli.root import REGISTRY, command, every_command


def page() -> str:
    """Every command with its arguments, options and examples, in the order of `classbook --help`."""
    parts = [
        "# Commands",
        "Made from the command line itself by docs/commands.py. On a terminal: `classbook COMMAND --help`.",
        "## Options before the command",
        options_of(command()),
    ]
    known = every_command()
    for name in REGISTRY:
        for path in (path for path in known if path[0] == name):
            parts.append(f"{'#' * (len(path) + 1)} {' '.join(path)}")
            parts += command_described(path, known[path])
    return "\n\n".join(parts) + "\n"


def command_described(path: tuple[str, ...], found: Any) -> Iterator[str]:
    text, _, examples = found.help.partition("\b")
    yield one_line(text)
    if hasattr(found, "commands"):
        return
    lines = [usage(path, found), *(line.strip() for line in examples.splitlines() if line.strip())]
    yield f"```text\n{lines[0]}\n```"
    if found.params:
        yield options_of(found)
    yield "```sh\n" + "\n".join(lines[1:]) + "\n```"


def usage(path: tuple[str, ...], found: Any) -> str:
    """What must be said, then what may be."""
    needed = [name_of(param) for param in found.params if param.required]
    possible = [
        f"[{name_of(param)}]" for param in found.params if not param.required and param.param_type_name == "argument"
    ]
    options = ["[OPTIONS]"] if len(needed) + len(possible) < len(found.params) else []
    return " ".join(["classbook", *path, *needed, *possible, *options])


def options_of(found: Any) -> str:
    return "\n".join(f"- `{name_of(param)}`: {one_line(param.help)}" for param in found.params if param.help)


def name_of(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    value = "" if param.is_flag else f" {param.metavar or '|'.join(param.type.choices)}"
    return f"{param.opts[0]}{value}"


def one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    print(page(), end="")
