"""A text that must not reach a log, a terminal or a traceback."""

from __future__ import annotations

from typing import Final, final

_MASK: Final = "***"


@final
class Secret:
    """A wrapped text that shows itself as ``***`` until somebody asks for it by name with `reveal`.

    It is no ``str`` on purpose: joining, formatting or serialising it by accident must not give it away.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)
