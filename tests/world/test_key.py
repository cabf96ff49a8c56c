"""The secret key: one for everybody who starts together, and never one that others can read or guess."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from classbook.errors import Invalid, Unavailable
from classbook.secret import Secret
from classbook.world import KEY_FILE, secret_key

LONG_ENOUGH = "0123456789abcdef0123456789abcdef"


def made(directory: Path) -> bytes:
    return secret_key(secret=None, secret_file=None, beside=directory)


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = made(tmp_path)
    finally:
        os.umask(before)
    assert len(key) >= 32 and made(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [KEY_FILE]


def test_two_keys_are_different(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert made(tmp_path / "a") != made(tmp_path / "b")


def test_processes_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    """Two processes walk through fifty empty directories side by side, each step begun by one line for both."""
    code = (
        "import sys; from pathlib import Path; from classbook.world import secret_key\n"
        "for line in sys.stdin: print(secret_key(secret=None, secret_file=None, beside=Path(line.strip())), flush=True)"
    )
    walkers = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for _ in range(2)
    ]
    keys = []
    for number in range(50):
        directory = tmp_path / str(number)
        directory.mkdir()
        for walker in walkers:
            assert walker.stdin is not None
            walker.stdin.write(f"{directory}\n")
            walker.stdin.flush()
        keys.append([walker.stdout.readline() for walker in walkers if walker.stdout])
        assert os.listdir(directory) == [KEY_FILE]
    for walker in walkers:
        walker.communicate()
    assert all(first == second != "" for first, second in keys) and len({first for first, _ in keys}) == 50


def test_threads_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    keys: list[bytes] = []

    def start() -> None:
        barrier.wait()
        keys.append(made(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8 and len(set(keys)) == 1


def test_a_secret_of_the_environment_comes_first(tmp_path: Path) -> None:
    key = secret_key(secret=Secret(LONG_ENOUGH), secret_file=tmp_path / "nowhere", beside=tmp_path)
    assert key == LONG_ENOUGH.encode() and os.listdir(tmp_path) == []


def test_a_secret_file_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(LONG_ENOUGH + "\n")
    path.chmod(0o600)
    assert secret_key(secret=None, secret_file=path, beside=tmp_path) == LONG_ENOUGH.encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    made(tmp_path)
    path = tmp_path / KEY_FILE
    path.chmod(mode)
    with pytest.raises(Invalid, match=f"open to others .mode {mode:04o}") as caught:
        made(tmp_path)
    assert caught.value.hint == f"Type `chmod 600 {path}`."


def test_a_secret_that_is_too_short_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="CLASSBOOK_SECRET has 31 bytes, and 32") as caught:
        secret_key(secret=Secret(LONG_ENOUGH[:31]), secret_file=None, beside=tmp_path)
    assert LONG_ENOUGH[:31] not in str(caught.value) and "python3 -c" in str(caught.value.hint)


@pytest.mark.parametrize("content", ["", "\n", "short\n", " " * 40])
def test_a_file_that_is_too_short_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / KEY_FILE
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Invalid, match="32 are the least"):
        made(tmp_path)
    assert path.read_text() == content


def test_a_secret_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="key cannot be read: No such file"):
        secret_key(secret=None, secret_file=tmp_path / "key", beside=tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"{KEY_FILE} cannot be made: No such file") as caught:
        made(tmp_path / "nowhere")
    assert "CLASSBOOK_SECRET" in str(caught.value.hint)


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        made(tmp_path)
    assert os.listdir(tmp_path) == [KEY_FILE]


def test_the_hint_makes_a_key_that_is_good_enough(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        secret_key(secret=None, secret_file=tmp_path / "key", beside=tmp_path)
    command = str(caught.value.hint).partition("make one: ")[2]
    subprocess.run(command, shell=True, check=True)
    assert len(secret_key(secret=None, secret_file=tmp_path / "key", beside=tmp_path)) >= 32
