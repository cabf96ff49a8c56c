"""What differs between the facts of a thing before and after a change."""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]
"""What is known of a thing, JSON-ready."""


def only_changed(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """What is no more, and what is new.

    Of a dict within only the names that differ, and of a list within only what is gone and what came: a stadium of
    60,000 seats in which one is blocked differs by one. An amount stays with its currency.
    """
    gone: Facts = {}
    came: Facts = {}
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and "amount" not in old:
            old, new = only_changed(old, new)
        elif isinstance(old, list) and isinstance(new, list):
            old, new = _left_out(old, new), _left_out(new, old)
        gone |= {name: old} if name in before else {}
        came |= {name: new} if name in after else {}
    return gone, came


def _left_out(some: list[Any], others: list[Any]) -> list[Any]:
    known = {repr(one) for one in others}
    return [one for one in some if repr(one) not in known]
