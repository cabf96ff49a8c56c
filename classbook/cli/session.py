"""One run of one command: its global options, and what is made from them when it is first needed.

Nothing is read or opened before a command asks for it, so that `--help` works with a broken configuration.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Final, Protocol
from zoneinfo import ZoneInfo

import typer

from classbook.cli.output import Column, Format, Printer, clean
from classbook.config import Settings, load, near_variable
from classbook.errors import ClassbookError, Invalid, NotFound
from classbook.rules.when import Reading, format_local, parse_when
from classbook.values import Actor, OfferingRef, RequestKey, plain

if TYPE_CHECKING:
    from classbook.app import App


class Opener(Protocol):
    """Opens the house; tests pass one that has another clock."""

    def __call__(self, settings: Settings, *, check_schema: bool = True) -> App: ...


def _new_request_id() -> str:
    return os.urandom(6).hex()


@dataclass
class Session:
    opener: Opener
    config_path: Path | None = None
    database_url: str | None = None
    acting_email: str | None = None
    as_json: bool = False
    is_quiet: bool = False
    wants_colour: bool = True
    is_verbose: bool = False
    request_id: str = field(default_factory=_new_request_id)
    checks_schema: bool = True
    """False for the commands that look after the schema themselves."""
    overrides: dict[str, str] = field(default_factory=dict)
    """Settings that options of the command itself give, by name."""
    _notes: list[str] = field(default_factory=list)

    # --- what is opened when it is needed ---

    @cached_property
    def settings(self) -> Settings:
        overrides = dict(self.overrides)
        if self.database_url:
            overrides["database.url"] = self.database_url
        settings = load(config_path=self.config_path, environ=os.environ, overrides=overrides)
        self._warn_of_unknown(settings.unknown_variables)
        if self.is_verbose:
            self.note(f"configuration {settings.path or 'none'}, database {settings.database.shown}")
        return settings

    @cached_property
    def app(self) -> App:
        """The house, for whoever acts. Raises NotFound where ``--as`` names nobody, also where anybody may look."""
        if self.acting_email is not None and self.checks_schema:
            assert self.actor
        return self._opened

    @cached_property
    def _opened(self) -> App:
        settings = self.settings
        said = io.StringIO()
        try:
            # That a database is being created is a note like any other, and must not stand before a refusal in JSON.
            with redirect_stderr(said):
                return self.opener(settings, check_schema=self.checks_schema)
        finally:
            for line in said.getvalue().splitlines():
                self.note(line)

    @cached_property
    def actor(self) -> Actor:
        """The console, or the person of ``--as``. Raises NotFound."""
        if self.acting_email is None:
            return Actor(request_id=self.request_id)
        from classbook.core import people

        return Actor(person_id=people.resolve(self._opened, self.acting_email), request_id=self.request_id)

    def person(self, email_or_id: str) -> int:
        from classbook.core import people

        return people.resolve(self.app, email_or_id)

    def offering(self, text: str) -> OfferingRef:
        """An offering by its number, or a provider's by their address. Raises NotFound."""
        from classbook.core import providers

        return providers.resolve(self.app, text[:400])

    def close(self) -> None:
        if "_opened" in self.__dict__:
            self._opened.close()

    # --- what people read beside the answer ---

    @cached_property
    def program(self) -> str:
        """How to call classbook again: by its name, or as it was called where the shell would not find that."""
        called = sys.argv[0]
        return called if os.path.basename(called) == "classbook" and which("classbook") is None else "classbook"

    def note(self, text: str) -> None:
        """A line on standard error. With --json it waits for success: a refusal is then the only thing there."""
        if self.is_quiet:
            return
        if self.as_json:
            self._notes.append(text)
        else:
            self._write_note(text)

    def flush_notes(self) -> None:
        for text in self._notes:
            self._write_note(text)
        self._notes.clear()

    def _write_note(self, text: str) -> None:
        sys.stderr.write(clean(text) + "\n")
        sys.stderr.flush()

    def _warn_of_unknown(self, names: Sequence[str]) -> None:
        if not names:
            return
        from classbook.cli.root import command_variables  # imports every command: only where there is a doubt

        for name in sorted(set(names) - command_variables()):
            near = near_variable(name)
            self.note(f"warning: unknown variable {name}" + (f" (did you mean {near}?)" if near else ""))

    # --- the answer ---

    @cached_property
    def out(self) -> Printer:
        is_terminal = sys.stdout.isatty()
        try:
            zone = self.settings.zone
        except ClassbookError:  # `doctor` prints what is wrong with them
            zone = ZoneInfo("UTC")
        return Printer(sys.stdout, is_terminal, is_terminal and self.wants_colour, zone)

    def show(self, value: Any, columns: Sequence[Column]) -> dict[str, Any]:
        """Print one value, and return its plain form."""
        row: dict[str, Any] = plain(value)
        self.out.value(row, columns, as_json=self.as_json)
        return row

    def show_page(self, page: Any, columns: Sequence[Column], form: Format | None, *, nothing: str) -> None:
        """Print a page of a list; ``nothing`` is said where it is empty."""
        form = self.form(form)
        found = plain(page)
        if form is Format.table and not found["results"]:
            self.note(nothing)
        else:
            self.out.rows(found, columns, form)
        if found["next"] and form is not Format.json:
            self.note(f"there is more: --cursor {found['next']}")

    def form(self, asked: Format | None) -> Format:
        if self.as_json and asked not in (None, Format.json):
            raise usage_error("--json and --format contradict each other.")
        if self.as_json:
            return Format.json
        return asked or (Format.table if self.out.is_terminal else Format.tsv)

    # --- what commands ask for ---

    def when(self, text: str, option: str, *, zone: ZoneInfo | None = None) -> datetime:
        """A date, read in ``zone`` (default: the configured one); how it was read is echoed."""
        zone = zone or self.settings.zone
        reading = self._read(text, option, zone)
        self.echo_reading(f"{option}:", reading.instant, zone)
        return reading.instant

    def until(self, text: str, option: str, *, zone: ZoneInfo | None = None) -> datetime:
        """A date up to which something is wanted: a day without a clock time belongs to it as a whole."""
        zone = zone or self.settings.zone
        reading = self._read(text, option, zone)
        self.echo_reading(f"{option}: before", reading.until, zone)
        return reading.until

    def day(self, text: str, option: str, *, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """A whole day: its first moment, and that of the next day."""
        first, after = self._day(text, option, zone)
        self.echo_reading(f"{option}: from", first, zone)
        return first, after

    def last_date(self, text: str, option: str, *, zone: ZoneInfo) -> date:
        """The last day that counts."""
        first, after = self._day(text, option, zone)
        self.echo_reading(f"{option}: before", after, zone)
        return first.astimezone(zone).date()

    def _day(self, text: str, option: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
        reading = self._read(text, option, zone)
        if reading.next_day is None:
            raise Invalid(f"{option}: {clean(text[:40])} is a moment and not a day.", hint="Leave the clock time away.")
        return reading.instant, reading.next_day

    def _read(self, text: str, option: str, zone: ZoneInfo) -> Reading:
        try:
            reading = parse_when(text, now=self.app.clock.now(), zone=zone)
        except Invalid as refusal:
            raise refusal.met_in(option) from None
        if reading.note:
            self.note(f"{option}: {reading.note}")
        return reading

    def zone(self, name: str | None) -> ZoneInfo:
        """A zone by its name, else the configured one. Raises Invalid."""
        if name is None:
            return self.settings.zone
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise Invalid(
                f"'{clean(name[:60])}' is not a time zone.", hint="Write it like Europe/Berlin or UTC."
            ) from None

    def echo_reading(self, what: str, instant: datetime, zone: ZoneInfo) -> None:
        self.note(f"{what} {format_local(instant, zone)}")

    def agree(self, question: str, *, yes: bool) -> None:
        """Go on only with a person's consent: asked on a terminal, ``--yes`` anywhere else."""
        if yes:
            return
        if not self.is_interactive:
            raise usage_error(f"{question} Say --yes: there is no terminal to ask on.")
        if not typer.confirm(clean(question), err=True):
            self.note("nothing was changed")
            raise typer.Abort

    @property
    def is_interactive(self) -> bool:
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.as_json

    def said_dry(self, dry_run: bool) -> None:
        if dry_run:
            self.note("dry run: nothing was changed")


_CONTROLS: Final = frozenset({"dry_run", "request_key", "yes", "format"})
"""Options that say how a command is run and not what it does."""


def session(ctx: typer.Context) -> Session:
    found = ctx.find_root().obj
    assert isinstance(found, Session)
    return found


def keyed(ctx: typer.Context, key: str | None, *, sent: str | None = None) -> RequestKey | None:
    """The request key, with a digest of the command, of what it was asked to do, and of the file that came with it."""
    if key is None:
        return None
    asked: dict[str, Any] = {"command": ctx.command_path.split(" ")[1:]}
    asked["arguments"] = {name: value for name, value in ctx.params.items() if name not in _CONTROLS}
    if sent is not None:
        asked["sent"] = sent
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=str)
    return RequestKey(key=key, body_hash=hashlib.sha256(canonical.encode()).hexdigest())


def number(text: str, what: str) -> int:
    """The id of something, as typed. Raises Invalid, or NotFound for what no id can be."""
    if not (text.isascii() and text.isdigit()):
        raise Invalid(f"'{clean(text[:40])}' is not the id of a {what}: ids are whole numbers.")
    if len(text) > 18:
        raise NotFound(f"There is no {what} {text[:40]}.")
    return int(text)


def usage_error(message: str) -> typer.BadParameter:
    """A mistake in how a command was typed: exit code 2."""
    return UsageError(message)


class UsageError(typer.BadParameter):
    def format_message(self) -> str:
        return self.message


def given(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was said."""
    return {name: value for name, value in changes.items() if value is not None}
