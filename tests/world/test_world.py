from __future__ import annotations

import subprocess
import sys


def test_the_doors_open_without_what_is_slow_behind_them() -> None:
    slow = ["argon2", "email", "mailbox", "smtplib", "ssl", "yagmail"]
    code = f"import sys, classbook.world; print([name for name in {slow} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
