"""What `demo` tells, line by line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from classbook.cli.session import Session


@dataclass
class Story:
    """What the demo tells, line by line; with --json it is part of the answer instead."""

    here: Session
    steps: list[dict[str, str]] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        self._print("")
        self._print(title)

    def step(self, typed: Sequence[str], happened: str) -> None:
        """A command as one would type it, and what it did."""
        command = shlex.join([self.here.program, *self._database(), *typed])
        self.steps.append({"command": command, "result": happened})
        self._print(f"  $ {command}")
        for line in happened.splitlines():
            self._print(f"    {line}")

    def line(self, text: str) -> None:
        self._print(f"  {text}")

    def suggestions(self, *what: tuple[str, str]) -> None:
        """Commands to type next, and what each is for."""
        commands = [
            (shlex.join([self.here.program, *self._database(), *shlex.split(typed)]), why) for typed, why in what
        ]
        width = max(len(command) for command, _ in commands)
        for command, why in commands:
            self.line(f"{command:<{width}}  {why}")

    def _database(self) -> list[str]:
        """What to name on the command line so that the next command finds this database too."""
        return ["--database", self.here.settings.database.shown] if self.here.database_url else []

    def _print(self, text: str) -> None:
        if not self.here.as_json:
            self.here.out.text(text)
