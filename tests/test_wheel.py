"""What is shipped: the wheel works where there is no checkout, and the lock is of this very pyproject."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from classbook.store.tables import HEAD

ROOT = Path(__file__).parent.parent
PUBLIC_ADDRESSES = ("https://pypi.org/simple", "https://files.pythonhosted.org/packages/")

_PROGRAM = """
import sys
from importlib.metadata import entry_points
[program] = entry_points(group="console_scripts", name="classbook")
main = program.load()
print(sys.modules["classbook"].__file__)
sys.exit(main())
"""
"""What the script `classbook` of an installation does; its first line says which installation that is."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer lays it out; what it depends on is there already."""
    folder = tmp_path_factory.mktemp("site-packages")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def run(installation: Path, *words: str) -> str:
    """Run a command of the installation in the present folder; what it printed."""
    environ = os.environ | {"PYTHONPATH": str(installation)}
    ran = subprocess.run([sys.executable, "-P", "-c", _PROGRAM, *words], env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    origin, _, printed = ran.stdout.partition("\n")
    assert Path(origin).is_relative_to(installation)
    return printed


def test_the_wheel_holds_the_package_with_its_migrations_and_nothing_else(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"classbook"}
    migrations = {path.relative_to(ROOT / "migrations").as_posix() for path in (ROOT / "migrations").rglob("*.py")}
    assert {f"classbook/_migrations/{name}" for name in migrations} < set(names)
    assert "classbook/cli/default.toml" in names
    pages = [path for path in (ROOT / "classbook/web/pages").rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert len(pages) > 15
    assert {path.relative_to(ROOT).as_posix() for path in pages} < set(names)


def test_the_wheel_asks_for_what_pyproject_asks_for(wheel: Path, project: dict[str, Any]) -> None:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Version"] == project["version"]
    assert metadata["License-Expression"] == "MIT"
    wanted = [text for text in metadata.get_all("Requires-Dist") or () if "extra ==" not in text]
    assert {_name(text) for text in wanted} == {_name(text) for text in project["dependencies"]}


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(installation: Path, tmp_path: Path) -> None:
    printed = run(installation, "demo")
    assert re.search(r"2 places confirmed$", printed, re.MULTILINE)
    assert (tmp_path / "classbook.db").exists()


def test_the_wheel_brings_its_own_migrations_and_configuration(installation: Path, tmp_path: Path) -> None:
    run(installation, "init")
    assert (tmp_path / "classbook.toml").read_text() == (ROOT / "classbook.toml").read_text()
    assert f"revision\t{HEAD}\n" in run(installation, "db", "current")
    run(installation, "db", "downgrade", "base", "--yes")
    assert "revision\t\n" in run(installation, "db", "current")


def test_the_lock_is_of_this_pyproject(project: dict[str, Any]) -> None:
    """Where this fails, run: uv lock."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    [ours] = [package for package in lock["package"] if package["name"] == project["name"]]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(each for extra in extras for each in extra)]
    locked = ours["metadata"]["requires-dist"]
    assert {(_name(each), _bounds(each)) for each in asked} == {
        (each["name"], frozenset(each["specifier"].split(","))) for each in locked
    }


def test_the_lock_names_public_addresses_only() -> None:
    addresses = re.findall(r'"([a-z]+://[^"]+)"', (ROOT / "uv.lock").read_text())
    assert addresses
    assert [address for address in addresses if not address.startswith(PUBLIC_ADDRESSES)] == []


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def _bounds(requirement: str) -> frozenset[str]:
    """The bounds on a version, in any order: ``>=1.2`` and ``<2``."""
    specifier = requirement.partition(";")[0].partition("]")[2] or requirement.partition(";")[0]
    return frozenset(re.findall(r"[<>=!~]+[^,\s]+", specifier))
