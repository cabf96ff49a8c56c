"""What becomes of a command line: its exit code, its streams, and the one form of every refusal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classbook import __version__
from classbook.app import App
from classbook.cli import exits, main
from classbook.cli.root import REGISTRY, command_variables, every_command
from classbook.config import Settings
from classbook.errors import ClassbookError

COMMANDS = every_command()


@pytest.fixture(autouse=True)
def wide_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is as wide as the terminal says, and a test has none."""
    monkeypatch.setenv("COLUMNS", "120")


def refusing(error: BaseException) -> Any:
    def opener(settings: Settings, *, check_schema: bool = True) -> App:
        raise error

    return opener


def leaves(kind: type[ClassbookError]) -> Iterator[type[ClassbookError]]:
    for child in kind.__subclasses__():
        if "code" in vars(child):
            yield child
        yield from leaves(child)


@pytest.mark.parametrize("kind", list(leaves(ClassbookError)), ids=lambda kind: kind.code)
def test_every_refusal_has_its_exit_code_and_one_body(
    kind: type[ClassbookError], capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = kind("what happened", hint="what to do")
    assert main(["class", "list"], opener=refusing(refusal)) == exits.exit_code(refusal)
    assert capsys.readouterr().err == "error: what happened\nhint: what to do\n"
    assert main(["--json", "class", "list"], opener=refusing(refusal)) == exits.exit_code(refusal)
    streams = capsys.readouterr()
    assert streams.out == ""
    body = json.loads(streams.err)
    assert list(body) == ["type", "title", "status", "detail", "code", "hint", "request_id"]
    assert (body["code"], body["detail"], body["hint"]) == (kind.code, "what happened", "what to do")
    assert body["status"] == exits.status(refusal) and body["request_id"]


def test_an_accident_is_one_line_with_a_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "list"], opener=refusing(RuntimeError("the secret inner life"))) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: Something went wrong on our side (reference ")
    assert "Traceback" not in err and "inner life" not in err
    assert main(["--verbose", "class", "list"], opener=refusing(RuntimeError("the secret inner life"))) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "list"], opener=refusing(KeyboardInterrupt())) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_who_has_enough_is_no_error() -> None:
    script = "import sys; from classbook.cli import main; sys.exit(main(['--help']))"
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_accident(closed: str) -> None:
    script = "import sys; from classbook.cli import main; sys.exit(main(['--version']))"
    ran = subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, script], capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_an_answer_that_cannot_be_written_is_an_error() -> None:
    script = "import sys; from classbook.cli import main; sys.exit(main(['class', '--help']))"
    with open("/dev/full", "w") as full:
        ran = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 1
    assert ran.stderr == "error: The answer could not be written: No space left on device.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["clas"], "No such command 'clas'. Did you mean 'class'?"),
        (["class", "crate"], "No such command 'crate'. Did you mean 'create'?"),
        (["class", "list", "--limt", "3"], "No such option: --limt"),
        (["class", "create"], "Missing argument 'TITLE'"),
        (["class", "create", "x", "--seats", "many"], "Invalid value for '--seats'"),
        (["class", "list", "--status", "open"], "Invalid value for '--status'"),
        (["--databse", "x", "class", "list"], "No such option: --databse"),
        (["reserve", "1"], "For whom?"),
        (["class", "delete", "1"], "--yes"),
        (["class", "cancel", "1"], "--yes"),
        (["db", "downgrade", "base"], "--yes"),
    ],
)
def test_wrong_usage_is_2_and_says_how(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert says in err and err.startswith("error: ") and "hint: See `classbook" in err
    assert main(["--json", *words]) == 2
    assert json.loads(capsys.readouterr().err)["code"] == "invalid"


def test_a_global_option_in_the_wrong_place_says_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "list", "--as", "ana@example.org"]) == 2
    assert capsys.readouterr().err == (
        "error: --as is an option of classbook itself.\nhint: Write it before the command: `classbook --as ...`.\n"
    )


def test_a_global_option_without_its_value_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--as"]) == 2
    assert capsys.readouterr().err.startswith("error: Option '--as' requires an argument.\nhint:")


def test_choices_are_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 2
    assert "Choose from: reservations, transfers, people, offerings.\n" in capsys.readouterr().err


def test_json_and_another_format_contradict_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "class", "list", "--format", "csv"]) == 2
    assert "contradict" in json.loads(capsys.readouterr().err)["detail"]


def test_an_argument_that_is_not_utf_8_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "create", os.fsdecode(b"Yog\xff")]) == 3
    assert capsys.readouterr().err == "error: Argument 3 is not UTF-8 text: Yog\\udcff.\n"


def test_an_error_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "show", "\x1b[2J"]) == 3
    assert main(["\x1b[2J"]) == 2
    assert main(["class", "list", "--\x1b[2J"]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "", "٣", "1e3"])
def test_an_id_is_a_whole_number(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "show", "--", number]) == 3
    assert "is not the id of a class" in capsys.readouterr().err


def test_an_id_too_large_for_any_class_is_not_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "show", "9" * 40]) == 4


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"classbook {__version__}\n"


@pytest.mark.parametrize("words", [[], ["class"], ["reservation"], ["db"]], ids=" ".join)
def test_a_group_alone_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert "Commands:" in capsys.readouterr().out


def test_help_works_with_a_broken_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    Path("classbook.toml").write_text("this is not toml")
    for words in (["--help"], ["class", "--help"], ["class", "create", "--help"], ["--version"]):
        assert main(words) == 0
    capsys.readouterr()
    assert main(["class", "list"]) == 3
    assert "this is not TOML" in capsys.readouterr().err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_its_options(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = COMMANDS[words]
    assert command.help
    for param in command.params:
        assert param.help, f"{' '.join(words)}: {param.name} has no help"
        assert "[" not in param.help, "a terminal would take it for markup"
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    for param in command.params:
        if param.param_type_name == "option":
            assert all(option in text for option in param.opts)
    if not hasattr(command, "commands"):
        assert re.search(rf"^ +classbook( --\w+ \S+)* {' '.join(words)}", text, re.MULTILINE), "it has no example"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_has_an_environment_twin_that_help_names(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--help"])
    text = "".join(capsys.readouterr().out.split())  # a long name may be broken over two lines
    for param in COMMANDS[words].params:
        if param.param_type_name == "option":
            name = param.opts[0].removeprefix("--")
            twin = param.envvar or "_".join(["CLASSBOOK", *words, name]).upper().replace("-", "_")
            assert f"envvar:{twin}" in text


def test_the_root_lists_every_command_with_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    text = capsys.readouterr().out
    for name, entry in REGISTRY.items():
        assert f"  {name:<11}  {entry.help}" in text


def test_every_entry_of_the_registry_is_there() -> None:
    assert {words[0] for words in COMMANDS} == set(REGISTRY)


def test_no_two_options_share_a_variable_by_accident() -> None:
    count = sum(param.param_type_name == "option" for command in COMMANDS.values() for param in command.params)
    assert len(command_variables()) == count


LISTS = {"list", "history", "statement"}
SHOWN = {"show", "slots", "seats", "deliveries", "ticket", "preview", "report", "audit", "current", "export", "why"}
LOOKS = LISTS | SHOWN | {"openapi"}
LOOKED_AFTER = {"init", "demo", "doctor", "daemon", "db"}
"""What sets the house up is safe to repeat by itself."""


def options_of(found: Any) -> set[str]:
    return {name for param in found.params for name in param.opts}


def test_every_write_can_be_tried_and_repeated() -> None:
    verbs = {
        words: found
        for words, found in every_command().items()
        if not hasattr(found, "commands") and words[0] not in LOOKED_AFTER and words[-1] not in LOOKS
    }
    assert len(verbs) >= 10
    assert [words for words, found in verbs.items() if not {"--dry-run", "--request-key"} <= options_of(found)] == []


def test_every_list_can_be_printed_and_paged_as_one_likes() -> None:
    lists = {words: found for words, found in every_command().items() if words[-1] in LISTS}
    assert len(lists) >= 5
    assert [
        words for words, found in lists.items() if not {"--format", "--limit", "--cursor"} <= options_of(found)
    ] == []


def test_an_option_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSBOOK_CLASS_LIST_LIMIT", "many")
    assert main(["class", "list"]) == 2


def test_help_on_a_terminal_is_drawn_and_still_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["--help"]) == 0
    assert all(name in out.getvalue() for name in REGISTRY)


def test_completion_knows_the_commands() -> None:
    script = "import sys; from classbook.cli import main; sys.exit(main())"
    surroundings = os.environ | {
        "_CLASSBOOK_COMPLETE": "complete_bash",
        "COMP_WORDS": "classbook cla",
        "COMP_CWORD": "1",
    }
    ran = subprocess.run([sys.executable, "-c", script], env=surroundings, capture_output=True, text=True)
    assert ran.stdout.split() == ["class"]


def test_a_port_that_is_no_number_is_told_without_the_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", "postgresql://nobody:hush@127.0.0.1:abc/none", "class", "list"]) == 3
    said = capsys.readouterr().err
    assert "The port in the address of the database is not a number." in said and "hush" not in said


@pytest.mark.parametrize("words", [["class", "list"], ["venue", "list"], ["class", "show", "1"], ["slots", "1"]])
def test_nobody_can_act_as_somebody_who_is_not_there(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--as", "nobody@example.org", *words]) == 4
    assert "nobody@example.org" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "postgresql://nobody:hush@127.0.0.1:1/none",
            "The database postgresql://nobody:***@127.0.0.1:1/none cannot be used",
        ),
        ("sqlite:///rubbish.db", "cannot be used"),
        ("sqlite:///folder", "cannot be"),
        ("sqlite:///rubbish.db/x.db", "cannot be opened"),
    ],
)
def test_a_database_out_of_reach_is_unavailable(url: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rubbish.db").write_bytes(b"no database " * 1000)
    Path("folder").mkdir()
    assert main(["--json", "--database", url, "class", "list"]) == 8
    refused = json.loads(capsys.readouterr().err)
    assert refused["code"] == "unavailable" and says in refused["detail"] and "hush" not in refused["detail"]
