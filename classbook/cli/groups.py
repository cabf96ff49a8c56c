"""How groups of commands behave: alone they show their help, and the root loads only the command that is run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


def markup() -> Any:
    """Rich help only where somebody looks at it: it doubles the time to start."""
    return "rich" if sys.stdout is not None and sys.stdout.isatty() else None


def group(help: str, *, obj: object = None) -> typer.Typer:
    """The commands of one noun; ``obj`` is what each of them finds in its context."""
    settings = {} if obj is None else {"obj": obj}
    return typer.Typer(help=help, cls=Group, add_completion=False, rich_markup_mode=markup(), context_settings=settings)


class Group(TyperGroup):
    """A group named without a command shows its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives: the module that holds it (a typer ``app``), and the line that help shows."""

    module: str
    help: str
    panel: str


class LazyGroup(Group):
    """Knows its commands by name and one line of help, and imports the one that is entered."""

    registry: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for name, entry in self.registry.items():
            stub = TyperCommand(
                name, help=entry.help, rich_markup_mode=self.rich_markup_mode, rich_help_panel=entry.panel
            )
            self.add_command(stub, name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.load(name) if name and name in self.registry else command, rest

    def load(self, name: str) -> TyperCommand | TyperGroup:
        """The command itself: a whole group, or one command of a module that holds several."""
        found = typer.main.get_group(import_module(self.registry[name].module).app)
        command = found.commands.get(name, found)
        assert isinstance(command, TyperCommand | TyperGroup)
        self._name_variables(command, name)
        return command

    def _name_variables(self, command: Any, *words: str) -> None:
        """The environment twin of an option is named like the option, also where Python has that word for itself."""
        prefix = self.context_settings["auto_envvar_prefix"]
        for param in command.params:
            if param.name.endswith("_"):
                param.envvar = "_".join((prefix, *words, param.name.rstrip("_"))).upper().replace("-", "_")
        for inner, child in getattr(command, "commands", {}).items():
            self._name_variables(child, *words, inner)
