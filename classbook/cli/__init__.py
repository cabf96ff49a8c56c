"""Face 1: the command line. `main` runs one command and turns whatever becomes of it into an exit code."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer

from classbook.cli import exits
from classbook.cli.output import clean
from classbook.cli.session import Opener, Session
from classbook.cli.steps import COMMANDS
from classbook.errors import ClassbookError, Internal, Invalid, in_words, problem

if TYPE_CHECKING:
    from classbook.app import App
    from classbook.config import Settings

_PROGRAM: Final = "classbook"
_NOT_WRITTEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""What a full or broken disk answers to a write."""


def _open(settings: Settings, *, check_schema: bool = True) -> App:
    from classbook.app import open_app

    return open_app(settings, check_schema=check_schema)


def main(argv: Sequence[str] | None = None, *, opener: Opener = _open) -> int:
    """Run one command line and return its exit code. ``opener`` opens the house (tests bring one with a set clock)."""
    args = list(sys.argv[1:] if argv is None else argv)
    with _whole_streams():
        if f"_{_PROGRAM.upper()}_COMPLETE" in os.environ:
            return _complete(args)
        session = Session(opener)
        try:
            return _run(args, session)
        finally:
            session.close()


def _run(args: list[str], session: Session) -> int:
    from classbook.cli.root import command

    try:
        code = _invoke(command(), args, session)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return exits.INTERRUPTED
    except typer.Abort:
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read this has enough of it. Nothing more can be said, not even at exit.
        _let_go(sys.stdout, sys.stderr)
        return 0
    except ClassbookError as refusal:
        return _refuse(refusal, session, args, code=exits.exit_code(refusal))
    except typer.TyperException as mistake:
        return _refuse(_as_invalid(mistake), session, args, code=exits.USAGE)
    except Exception as accident:
        return _refuse(_as_internal(accident, session), session, args, code=exits.exit_code(Internal()))


def _invoke(root: Any, args: list[str], session: Session) -> int:
    """Run the command; a wish to end with an exit code is an end like any other."""
    _refuse_other_encodings(args)
    try:
        with root.make_context(_PROGRAM, list(args), obj=session) as ctx:
            ctx.command.invoke(ctx)
    except typer.Exit as wish:
        return wish.exit_code
    session.flush_notes()
    return 0


def _let_go(*streams: TextIO) -> None:
    """Send the rest of these streams nowhere: else Python tries once more at its end, and fails with its own words."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _refuse(refusal: ClassbookError, session: Session, args: Sequence[str], *, code: int) -> int:
    """Say it on standard error: a red line and a hint, or the JSON body with --json."""
    if session.as_json or _asked_for_json(args):
        body = problem(refusal, status=exits.status(refusal), request_id=session.request_id, steps=COMMANDS)
        sys.stderr.write(json.dumps(body, ensure_ascii=False) + "\n")
        return code
    red, plain = ("\x1b[31m", "\x1b[0m") if session.wants_colour and sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{red}error: {clean(refusal.detail)}{plain}\n")
    for fault in refusal.faults:
        sys.stderr.write(f"  {clean(fault.in_words(COMMANDS))}\n")
    if hint := in_words(refusal.hint, COMMANDS):
        sys.stderr.write(f"hint: {clean(hint)}\n")
    return code


def _asked_for_json(args: Sequence[str]) -> bool:
    """For mistakes in the options before the command, which are found before --json is read."""
    return "--json" in args or os.environ.get("CLASSBOOK_JSON", "").lower() in ("1", "true", "yes", "on", "t", "y")


def _as_invalid(mistake: typer.TyperException) -> Invalid:
    from classbook.cli.root import root_options

    context = getattr(mistake, "ctx", None)
    option = getattr(mistake, "option_name", None)
    is_unknown = hasattr(mistake, "possibilities")  # what click says of an option that the command does not have
    if is_unknown and option in root_options():
        return Invalid(
            f"{option} is an option of {_PROGRAM} itself.",
            hint=f"Write it before the command: `{_PROGRAM} {option} ...`.",
        )
    where = context.command_path if context else _PROGRAM
    said = " ".join(mistake.format_message().split())
    return Invalid(said if said.endswith((".", "?")) else f"{said}.", hint=f"See `{where} --help`.")


def _as_internal(accident: Exception, session: Session) -> Internal:
    if isinstance(accident, OSError) and accident.filename is None and accident.errno in _NOT_WRITTEN:
        _let_go(sys.stdout)
        return Internal(f"The answer could not be written: {accident.strerror}.")
    if session.is_verbose:
        traceback.print_exception(accident)
    return Internal(
        f"Something went wrong on our side (reference {session.request_id}).",
        hint=f"Run it again as `{_PROGRAM} --verbose ...` to see where.",
    )


def _refuse_other_encodings(args: Sequence[str]) -> None:
    for place, text in enumerate(args, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Invalid(f"Argument {place} is not UTF-8 text: {clean(text[:40])}.")


def _complete(args: list[str]) -> int:
    from classbook.cli.root import command

    try:
        command().main(args, prog_name=_PROGRAM)
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@contextlib.contextmanager
def _whole_streams() -> Iterator[None]:
    """Closed streams become empty ones, and no letter is too strange for a terminal."""
    with contextlib.ExitStack() as opened:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = getattr(sys, name)
            if stream is None:
                setattr(sys, name, opened.enter_context(open(os.devnull, mode)))
            elif mode == "w" and hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        yield
