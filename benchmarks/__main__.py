"""``python -m benchmarks``: measure and print a table. README.md beside this file says how to read it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import archive, crowds, exports, lists, neighbours, overdue, rush, seats
from benchmarks.measure import FULL, QUICK, Budget, Effort
from benchmarks.stage import DATABASES, Stage, stage
from benchmarks.table import Findings, table
from tests.postgres import NoPostgres

Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    began = time.monotonic()
    progress = Console(stderr=True, log_path=False)
    try:
        found = _measure(asked.command, asked.only or DATABASES, QUICK if asked.quick else FULL, progress.log)
    except NoPostgres as error:
        progress.print(f"{error}, or leave it out here with --only sqlite", markup=False)
        return 1
    Console().print(table(found), f"Measured in {time.monotonic() - began:.0f} s.", sep="\n")
    if asked.command == "rush" and asked.json:
        shown = {name: each.rush.as_json() for name, each in found.items() if each.rush}
        asked.json.write_text(json.dumps(shown, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("rush", "people rush one class; without --quick also everything below"),
        ("neighbours", "four processes write one SQLite file"),
        ("overdue", "the next reserve after 10,000 overdue holds of its class"),
        ("seats", "people buy the best seats of a stadium until it is sold out"),
        ("lists", "pages of lists out of 1,000,000 reservations, and out of 10,000"),
        ("export", "1,000,000 reservations as CSV, beside the database's own export"),
        ("crowds", "a booking beside many others, a long queue, a full calendar, a price"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--quick", action="store_true", help="rough figures, in less than a minute")
        command.add_argument("--only", choices=DATABASES, action="append", help="one database instead of both")
        if name == "rush":
            command.add_argument("--json", type=Path, metavar="FILE", help="write the ratios to a file, too")
    return parser


def _measure(command: str, names: Sequence[str], effort: Effort, say: Say) -> dict[str, Findings]:
    found = {}
    budget = Budget(effort.limit_seconds)
    with tempfile.TemporaryDirectory(prefix="classbook-bench-") as folder:
        for done, name in enumerate(names):
            part = budget.part(1 / (len(names) - done))
            with stage(name, Path(folder)) as on:
                found[name] = _measure_on(on, Path(folder), command, effort, part, say)
    return found


def _measure_on(on: Stage, folder: Path, command: str, effort: Effort, budget: Budget, say: Say) -> Findings:
    found = Findings(on.name)
    everything = command == "rush" and effort is FULL
    if command == "rush":
        found.rush = rush.measure(on, folder, effort=effort, budget=budget, say=lambda text: say(f"{on.name}: {text}"))
    if on.name == "sqlite" and (command == "neighbours" or everything):
        say(f"sqlite: {neighbours.WRITERS} processes write one file for {effort.neighbour_seconds:g} s")
        found.neighbours = neighbours.measure(on, seconds=effort.neighbour_seconds)
    if command == "overdue" or everything:
        say(f"{on.name}: the next reserve after {overdue.HOLDS:,} overdue holds")
        found.overdue = overdue.measure(on, rounds=effort.overdue_rounds)
    if command == "seats" or everything:
        say(f"{on.name}: a stadium of {seats.SEATS:,} seats sells out")
        found.seats = seats.measure(on, sold_before=effort.sold_before)
    if command == "crowds" or everything:
        say(f"{on.name}: bookings beside {crowds.CLAIMS:,} others, behind {crowds.QUEUED:,} in line")
        found.crowds = crowds.measure(on, turns=effort.turns)
    if command in ("lists", "export") or everything:
        _measure_archive(on, folder, command, effort, say, found)
    return found


def _measure_archive(on: Stage, folder: Path, command: str, effort: Effort, say: Say, found: Findings) -> None:
    """What is read out of very many reservations, which are made once."""
    say(f"{on.name}: {effort.archive:,} reservations are made")
    many = on.make("many")
    archive.fill(many, reservations=effort.archive)
    if command != "export":
        few = on.make("few")
        archive.fill(few, reservations=archive.FEW)
        say(f"{on.name}: pages of {lists.PAGE} out of them, and out of {archive.FEW:,}")
        found.lists = lists.measure(many, few, sizes=(effort.archive, archive.FEW), turns=3 * effort.turns)
    if command != "lists":
        say(f"{on.name}: all of them as CSV, {effort.overdue_rounds} times")
        found.exports = exports.measure(many, folder, reservations=effort.archive, rounds=effort.overdue_rounds)


if __name__ == "__main__":
    sys.exit(main())
