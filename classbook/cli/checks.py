"""How checks look: one line each, with what to do about those that are not well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from classbook.cli.session import Session
from classbook.cli.steps import COMMANDS
from classbook.errors import in_words
from classbook.values import Check, plain


def show_checks(here: Session, found: Iterable[Check]) -> bool:
    """Print the checks; whether all is well."""
    checks = [replace(check, hint=in_words(check.hint, COMMANDS)) for check in found]
    if here.as_json:
        here.out.value({"results": plain(checks), "next": None}, (), as_json=True)
    else:
        width = max((len(check.name) for check in checks), default=0)
        for check in checks:
            here.out.mark("ok" if check.ok else "FAIL", f"{check.name.ljust(width)}  {check.detail}", well=check.ok)
            if check.hint and not check.ok:
                here.out.text(f"      {'':{width}}  hint: {check.hint}")
    return all(check.ok for check in checks)
