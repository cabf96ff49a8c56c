"""What a refusal is in numbers, on the command line: the exit code, and the status its JSON body carries.

0 is success, 1 an internal error, 2 the command line's own usage error, 130 Ctrl-C.
"""

from __future__ import annotations

from typing import Final

from classbook.errors import ClassbookError

USAGE: Final = 2
INTERRUPTED: Final = 130
NOT_WELL: Final = 1
"""`doctor` and `audit` ran, and what they looked at is not in order."""

CATEGORIES: Final[dict[str, tuple[int, int]]] = {
    "internal": (1, 500),
    "invalid": (3, 422),
    "missing": (4, 404),
    "conflict": (5, 409),
    "changed": (5, 412),
    "forbidden": (6, 403),
    "stranger": (6, 401),
    "unpaid": (7, 402),
    "unavailable": (8, 503),
    "throttled": (8, 429),
    "method": (8, 405),
    "size": (8, 413),
}
"""Category -> (exit code, status). The status is that of the HTTP door: a refusal has one body, whoever prints it."""


def exit_code(error: ClassbookError) -> int:
    return CATEGORIES[error.category][0]


def status(error: ClassbookError) -> int:
    return CATEGORIES[error.category][1]
