"""Servers and load as processes of their own, so that neither shares an interpreter with what measures."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from classbook.web.server import Server, listen

if TYPE_CHECKING:
    from starlette.types import ASGIApp


_ROOT: Final = Path(__file__).parent.parent
"""Where ``python -m benchmarks`` finds itself."""


def serve(web: ASGIApp) -> None:
    """Serve on a free port, say which on stdout, and stop when stdin ends: no server outlives what started it.

    It is the real server of classbook, for the baseline too: same event loop, same parser, same settings.
    """
    server = Server(web, listen("127.0.0.1", 0))
    print(server.address.rpartition(":")[2], flush=True)
    sys.stdin.buffer.read()
    server.stop()


def log_requests(line: str = "%(message)s") -> None:
    """Log to stderr, as a server does by default."""
    logging.basicConfig(level=logging.INFO, format=line)


@contextmanager
def served(module: str, *arguments: str, log: Path) -> Iterator[int]:
    """The port of a server that runs ``python -m module arguments`` until the block ends."""
    with log.open("wb") as errors:
        process = start(module, *arguments, stderr=errors)
    try:
        assert process.stdout is not None
        port = process.stdout.readline()
        if not port:
            raise RuntimeError(f"{module} did not start: {log.read_text()[-2000:]}")
        yield int(port)
    finally:
        finish(process, within_seconds=20)


def start(module: str, *arguments: str, stderr: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """``python -m module arguments`` as a process that hears of our end: its stdin ends then."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def finish(process: subprocess.Popen[bytes], *, within_seconds: float) -> bytes:
    """End a process's stdin and wait for its own end; the rest of what it said."""
    try:
        return process.communicate(timeout=within_seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load generator."""

    rate: float
    """Answers per second."""
    answers: int
    statuses: dict[str, int]
    latency_ms: dict[str, float]
    acknowledged: set[int]
    """The ids of what was created."""


@dataclass(slots=True)
class People:
    """Everybody's token, in a file; `rush` takes them in turn, so that a token comes again as late as it can."""

    file: Path
    count: int
    next: int = 0

    @classmethod
    def of(cls, tokens: list[str], file: Path) -> People:
        file.write_text("\n".join(tokens), encoding="ascii")
        return cls(file, len(tokens))


def rush(
    people: People,
    *,
    port: int,
    path: str,
    class_id: int,
    connections: int,
    seconds: float,
    lead_seconds: float = 0.0,
    requests: int | None = None,
    expected: tuple[str, ...] = ("201",),
) -> Run:
    """Let people ask for a place in one class. Raises RuntimeError when one gets no answer or an unexpected one."""
    generator = start(
        "benchmarks.load", "--port", str(port), "--path", path,
        "--body", json.dumps({"class_id": class_id}), "--tokens", str(people.file), "--skip", str(people.next),
        "--requests", str(requests or people.count), "--connections", str(connections),
        "--seconds", str(seconds), "--lead", str(lead_seconds),
    )  # fmt: skip
    said = finish(generator, within_seconds=seconds + lead_seconds + 60)
    if generator.returncode:
        raise RuntimeError(f"the load generator failed against {path}")
    result = json.loads(said)
    people.next = (people.next + result["answers"]) % people.count
    if result["unanswered"] or not set(result["statuses"]) <= set(expected):
        raise RuntimeError(f"{path}: {result['unanswered']} requests without an answer, statuses {result['statuses']}")
    return Run(
        rate=result["rate"],
        answers=result["answers"],
        statuses=result["statuses"],
        latency_ms=result["latency_ms"],
        acknowledged=set(result["acknowledged"]),
    )
