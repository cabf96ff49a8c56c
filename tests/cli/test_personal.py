"""`user export` and `user anonymise`."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from tests.conftest import CommandLine
from tests.makers import Cast


def test_an_export_is_one_json_value(cli: CommandLine, cast: Cast) -> None:
    assert cli.json("user", "export", cast.ana.email)["person"]["email"] == cast.ana.email
    cli("user", "export", cast.ana.email, "--output", "ana.json", code=0)
    assert json.loads(Path("ana.json").read_text())["person"]["id"] == cast.ana.id
    assert stat.S_IMODE(os.stat("ana.json").st_mode) == 0o600
    assert cli("--as", cast.ben.email, "user", "export", cast.ana.email).code == 4


def test_somebody_is_anonymised_after_a_question(cli: CommandLine, cast: Cast) -> None:
    assert "--yes" in cli("user", "anonymise", cast.ana.email, code=2).err
    assert "nothing was changed" in cli("user", "anonymise", cast.ana.email, "--dry-run", code=0).err
    first = cli.json("user", "anonymise", cast.ana.email, "--yes", "--request-key", "k")
    assert (first["name"], first["phone"]) == ("Anonymous", None)
    assert cli.json("user", "anonymise", str(cast.ana.id), "--yes") == first
    assert cli("user", "show", cast.ana.email).code == 4
