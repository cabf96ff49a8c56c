"""`init` writes what it says and nothing on a refusal; `doctor` sees what is broken and says how to mend it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from classbook.cli import main
from classbook.cli.setup import default_configuration
from classbook.config import KEYS, load

ROOT = Path(__file__).parent.parent.parent


def test_the_repository_holds_the_default_configuration() -> None:
    assert (ROOT / "classbook.toml").read_text(encoding="utf-8") == default_configuration()


def test_the_default_configuration_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "classbook.toml").write_text(default_configuration())
    environ = {"TZ": "Europe/Berlin"}
    written = load(config_path=tmp_path / "classbook.toml", environ=environ, overrides={})
    absent = load(config_path=None, environ=environ | {"XDG_CONFIG_HOME": "/nowhere", "HOME": "/nowhere"}, overrides={})
    assert written.mail == absent.mail and written.web == absent.web and written.log == absent.log
    assert written.database == absent.database and written.policy == absent.policy


def test_the_default_configuration_names_every_setting_and_uncommented_is_valid(tmp_path: Path) -> None:
    lines = [line.removeprefix("#") for line in default_configuration().splitlines() if not line.startswith("# ")]
    path = tmp_path / "classbook.toml"
    path.write_text("\n".join(lines))
    (tmp_path / "classbook.toml").chmod(0o600)
    settings = load(config_path=path, environ={}, overrides={})
    assert settings.policy["class"]["hold_seconds"] == 300
    text = path.read_text()
    for name in KEYS:
        if name != "secret" and name != "mail.password" and not (name.startswith("policy.") and "class" not in name):
            assert f"\n{name.rpartition('.')[2]} = " in text, name


def test_init_writes_the_file_and_makes_the_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    assert Path("classbook.toml").read_text() == default_configuration()
    assert Path("classbook.db").exists()
    assert capsys.readouterr().err.startswith("classbook.toml is written, and sqlite:///classbook.db is ready.\n")
    assert main(["--json", "db", "current"]) == 0
    assert json.loads(capsys.readouterr().out)["is_current"] is True


def test_init_never_overwrites_without_being_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("classbook.toml").write_text("# mine\n")
    assert main(["init"]) == 5
    assert "classbook.toml is there already" in capsys.readouterr().err
    assert Path("classbook.toml").read_text() == "# mine\n" and not Path("classbook.db").exists()
    assert main(["init", "--force"]) == 0
    assert Path("classbook.toml").read_text() == default_configuration()


def test_init_with_a_database_writes_it_down() -> None:
    Path("data").mkdir()
    assert main(["init", "--database", "sqlite:///data/desk.db"]) == 0
    assert Path("data/desk.db").exists() and not Path("classbook.db").exists()
    settings = load(config_path=Path("classbook.toml"), environ={}, overrides={})
    assert settings.database.file == Path("data/desk.db")


def test_init_elsewhere_makes_the_database_there(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    assert main(["--config", "etc/classbook.toml", "init"]) == 0
    assert Path("etc/classbook.toml").exists()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://x", 3),
        ("classbook.db", 3),
        ("sqlite:////proc/such.db", 8),
        ("sqlite:///typo/classbook.db", 3),
        ("postgresql://nobody@127.0.0.1:1/none", 8),
        ('sqlite:///x"\n[web]\nport = 1 #', 3),
    ],
)
def test_init_that_fails_writes_neither_configuration_nor_database(url: str, code: int, tmp_path: Path) -> None:
    assert main(["init", "--database", url]) == code
    assert set(os.listdir(tmp_path)) <= {"classbook.secret"}


def test_a_configuration_with_a_password_is_its_owners_only() -> None:
    main(["init"])
    assert stat.S_IMODE(Path("classbook.toml").stat().st_mode) == 0o600


def test_doctor_is_content_with_a_fresh_start(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    capsys.readouterr()
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", name]
        for name in ("configuration", "secrets", "database", "migrations", "mail", "wallets", "retention", "clock")
    ]


def test_doctor_says_who_puts_money_into_wallets(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    assert main(["doctor"]) == 0
    assert "self_top_up = false ends that" in capsys.readouterr().out
    Path("classbook.toml").write_text("[wallet]\nself_top_up = false\n")
    assert main(["doctor"]) == 0
    assert "only administrators put money into them" in capsys.readouterr().out


def test_doctor_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 1
    assert "FAIL  database       classbook.db is not there yet" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("configuration", "line", "hint"),
    [
        ("[mail\n", "FAIL  configuration  classbook.toml: this is not TOML", "Mend"),
        ("hots = 1\n", "FAIL  configuration  classbook.toml, line 1: unknown key hots", "Known here"),
        ("secret_file = 'open'\n", "FAIL  secrets", "chmod 600"),
        ("secret_file = 'short'\n", "FAIL  secrets", "Make a longer one"),
        (
            "[mail]\nhost = '127.0.0.1'\nport = 1\nsecurity = 'none'\n",
            "FAIL  mail           127.0.0.1:1 (none)",
            "[mail]",
        ),
    ],
)
def test_doctor_names_what_is_broken_and_how_to_mend_it(
    configuration: str, line: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["db", "upgrade"])
    Path("open").write_text("x" * 40)
    Path("short").write_text("x")
    Path("short").chmod(0o600)
    Path("classbook.toml").write_text(configuration)
    capsys.readouterr()
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert line in out
    assert hint in next(text for text in out.splitlines() if "hint:" in text)
    assert main(["--json", "doctor"]) == 1
    checks = json.loads(capsys.readouterr().out)["results"]
    assert next(check for check in checks if not check["ok"])["hint"]


def test_doctor_sees_a_schema_that_is_not_current(capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "upgrade"])
    main(["db", "downgrade", "base", "--yes"])
    capsys.readouterr()
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  migrations" in out and "hint: classbook db upgrade" in out


def test_an_unknown_variable_is_a_warning_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLASSBOOK_WEB_PROT", "1")
    monkeypatch.setenv("CLASSBOOK_CLASS_LIST_LIMIT", "5")
    assert main(["class", "list"]) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning:")]
    assert warnings == ["warning: unknown variable CLASSBOOK_WEB_PROT (did you mean CLASSBOOK_WEB_PORT?)"]


def test_the_schema_goes_down_and_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    def revision(*words: str) -> str | None:
        assert main(["--json", "db", *words]) == 0
        found: str | None = json.loads(capsys.readouterr().out)["revision"]
        return found

    newest = revision("upgrade")
    assert revision("current") == newest
    assert revision("downgrade", "base", "--yes") is None
    assert revision("upgrade") == newest
    assert revision("downgrade", "--yes") != newest


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["--database", f"sqlite:///{tmp_path}/typo/deep/classbook.db"]
    assert main([*typed, "class", "list"]) == 3
    assert f"There is no directory {tmp_path}/typo/deep for the database" in capsys.readouterr().err
    assert main([*typed, "doctor"]) == 1
    assert f"there is no directory {tmp_path}/typo/deep" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []


def test_doctor_is_content_on_both_databases(cli: Any) -> None:
    assert "ok    migrations" in cli("doctor", code=0).out
