"""All reservations as a file: how fast, of the database's own export of the same columns, and in how much memory."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import stage
from benchmarks.measure import Ratio
from classbook.store.database import Database
from classbook.world import SystemClock

_ROOT: Final = Path(__file__).parent.parent
_OURS: Final = """
import sys
from pathlib import Path
from classbook.cli import main
code = main(sys.argv[1:])
[peak] = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(peak)
sys.exit(code)
"""
"""The command in a process of its own, which tells its peak of memory in KiB at the end."""

_COLUMNS: Final = (
    "r.id, r.state, o.id, o.kind, o.title, p.id, p.email, p.name, r.party, {starts_at}, {ends_at}, o.timezone, "
    "{due_at}, r.price_minor, r.currency, {created_at}, {confirmed_at}, {checked_in_at}"
)
_QUERY: Final = (
    "SELECT {columns} FROM reservations r JOIN offerings o ON o.id = r.offering_id "
    "JOIN people p ON p.id = r.person_id ORDER BY r.id DESC"
)
_INSTANTS: Final = ("starts_at", "ends_at", "due_at", "created_at", "confirmed_at", "checked_in_at")


@dataclass(frozen=True, slots=True)
class Exports:
    """Rows a second of both, and how much memory classbook took at most."""

    of_own: Ratio
    peak_mib: float


def measure(url: str, folder: Path, *, reservations: int, rounds: int) -> Exports:
    """``classbook export`` from its start to its end, and the database's own export, in turns."""
    own = _own(url, folder / "own.csv")
    rates, peaks = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        peaks.append(_classbook(url, folder / "ours.csv"))
        ours = reservations / (time.perf_counter() - began)
        began = time.perf_counter()
        own()
        rates.append((ours, reservations / (time.perf_counter() - began)))
    for name in ("ours.csv", "own.csv"):
        (folder / name).unlink()
    return Exports(Ratio.of(rates), peak_mib=max(peaks) / 1024)


def _classbook(url: str, path: Path) -> int:
    arguments = ["--database", url, "--quiet", "export", "reservations", "--output", str(path)]
    environ = os.environ | {"CLASSBOOK_SECRET": stage.SECRET}
    run = subprocess.run(
        [sys.executable, "-c", _OURS, *arguments], cwd=_ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return int(run.stdout)


def _own(url: str, path: Path) -> Callable[[], None]:
    with closing(Database(url, clock=SystemClock())) as database:
        file, dsn = database.file, database.url
    if file is None:
        return lambda: _copy(dsn.set(drivername="postgresql").render_as_string(hide_password=False), path)
    shell = shutil.which("sqlite3")
    return (lambda: _shell(shell, file, path)) if shell else (lambda: _cursor(file, path))


def _copy(dsn: str, path: Path) -> None:
    """PostgreSQL's COPY, which may use several processors."""
    import psycopg

    words = "to_char(timestamp 'epoch' + r.{} * interval '1 microsecond', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    columns = _COLUMNS.format(**{name: words.format(name) for name in _INSTANTS})
    query = f"COPY ({_QUERY.format(columns=columns)}) TO STDOUT WITH (FORMAT csv, HEADER)"
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor, path.open("wb") as out:
        with cursor.copy(query.encode()) as rows:
            for piece in rows:
                out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _shell(shell: str, file: Path, path: Path) -> None:
    """SQLite's own shell."""
    with path.open("wb") as out:
        subprocess.run([shell, "-header", "-csv", str(file), _sqlite_query()], stdout=out, check=True)
        os.fsync(out.fileno())


def _cursor(file: Path, path: Path) -> None:
    """Where there is no shell: the driver and the csv module, with nothing between them."""
    from pysqlite3 import dbapi2

    with closing(dbapi2.connect(str(file))) as connection, path.open("w", newline="") as out:
        csv.writer(out).writerows(connection.execute(_sqlite_query()))
        out.flush()
        os.fsync(out.fileno())


def _sqlite_query() -> str:
    words = "strftime('%Y-%m-%dT%H:%M:%fZ', r.{} / 1e6, 'unixepoch')"
    return _QUERY.format(columns=_COLUMNS.format(**{name: words.format(name) for name in _INSTANTS}))
